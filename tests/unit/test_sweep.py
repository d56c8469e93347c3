"""Float64 sweeps against the certified answers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import mipriv
from mipriv.arrays import RELATIVE_ERROR
from mipriv.errors import ParameterError
from mipriv.rigor.enclosure import Enclosure

RNG = np.random.default_rng(7)
SIZE = 400
EPSILON = np.concatenate(
    [10.0 ** RNG.uniform(-12, 3, SIZE - 6), [0.0, 5e-324, 1e-300, 700.0, 800.0, 1e6]]
)
DELTA = np.where(RNG.random(SIZE) < 0.3, 0.0, 10.0 ** RNG.uniform(-15, 0, SIZE))
N = np.where(RNG.random(SIZE) < 0.5, RNG.integers(0, 20, SIZE), RNG.integers(0, 10**12, SIZE))


def close(value: float, certified: Enclosure) -> bool:
    """Within the stated relative error, or one subnormal step."""
    slack = Fraction(RELATIVE_ERROR) * certified.upper + Fraction(5e-324)
    return bool(certified.lower - slack <= Fraction(float(value)) <= certified.upper + slack)


@pytest.mark.parametrize("adjacency", ["replace", "add-remove"])
@pytest.mark.parametrize("dtype", [int, float])
def test_sweep_is_within_its_stated_error(adjacency: str, dtype: type) -> None:
    found = mipriv.sweep(epsilon=EPSILON, delta=DELTA, n=N.astype(dtype), adjacency=adjacency)
    for i in range(SIZE):
        true = mipriv.bound(
            epsilon=float(EPSILON[i]), delta=float(DELTA[i]), n=int(N[i]), adjacency=adjacency
        )
        assert close(found.theorem[i], true.theorem.value), i
        assert close(found.worst_case[i], true.worst_case.value), i


def test_the_population_column_is_an_upper_bound_and_exact_below_saturation() -> None:
    found = mipriv.sweep(epsilon=0.3, delta=[0.0, 1e-3, 0.2], n=5, tau=0.3)
    assert found.population is not None
    for value, delta in zip(found.population, [0.0, 1e-3, 0.2], strict=True):
        true = mipriv.bound(epsilon=0.3, delta=delta, n=5, tau=0.3)
        assert true.population is not None
        assert float(value) >= float(true.population.lower) * (1 - 1e-13)
        if mipriv.bound(epsilon=0.3, delta=delta, n=5).worst_case.upper < 1:
            assert close(value, true.population.value)


def test_a_changed_formula_would_be_seen() -> None:
    found = mipriv.sweep(epsilon=0.1, delta=0.01, n=10)
    off = float(found.worst_case) * (1 + 4 * RELATIVE_ERROR)
    assert not close(off, mipriv.bound(epsilon=0.1, delta=0.01, n=10).worst_case.value)


def test_shapes_broadcast() -> None:
    found = mipriv.sweep(epsilon=np.ones((3, 1)), delta=0.0, n=np.arange(4))
    assert found.worst_case.shape == found.theorem.shape == (3, 4)
    assert mipriv.sweep(epsilon=1.0, n=2).worst_case.shape == ()
    assert mipriv.sweep(epsilon=[], n=[]).worst_case.shape == (0,)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"epsilon": [-1.0], "n": 1}, "epsilon=.*must be finite and >= 0"),
        ({"epsilon": [np.nan], "n": 1}, "epsilon=.*must be finite"),
        ({"epsilon": [np.inf], "n": 1}, "epsilon=.*must be finite"),
        ({"epsilon": 1, "delta": 1.5, "n": 1}, r"delta=1.5: must lie in \[0, 1\]"),
        ({"epsilon": 1, "n": [1.5]}, "n=.*must be whole numbers"),
        ({"epsilon": 1, "n": -1}, "n=-1: must be whole numbers"),
        ({"epsilon": 1, "n": 1, "tau": [2.0]}, "tau=.*must lie"),
        ({"epsilon": [1, 2], "n": [1, 2, 3]}, "must broadcast together"),
        ({"epsilon": "x", "n": 1}, "epsilon=x: must be finite"),
    ],
)
def test_bad_arrays_are_refused(inputs: dict[str, object], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        mipriv.sweep(**inputs)  # type: ignore[arg-type]
