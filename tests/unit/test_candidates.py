"""Trying every value of the secret: the best attack where all the rest is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from mipriv.attack.bayes.inversion.linear import LinearInversion
from mipriv.attack.inversion.candidates import Candidates
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.errors import ParameterError
from mipriv.populations.joint import equicorrelated

JOINT = equicorrelated(dimension=3, correlation="0.25")
ROW = np.array([1.0, 2.0, -1.0])


def law(side: Any) -> tuple[Any, Any]:
    """Of the first attribute given the others: 1/4 in front of, and 5/4 behind, the matrix's inverse."""
    mean = side[:, :2].sum(axis=1) / 5
    return mean, np.full(len(side), 0.9**0.5)


def attack(scale: float, **given: Any) -> Candidates:
    usual: dict[str, Any] = {"law": law, "ask": lambda X: X @ ROW, "attributes": 3}
    return Candidates(scale=scale, **{**usual, **given})


def played(guesser: Attack, noise: float, count: int = 20_000) -> tuple[float, Any]:
    rng = np.random.default_rng(0)
    X, _ = JOINT.sample(count, rng)
    answers = X @ ROW + noise * rng.normal(size=count)
    seen = Observation(answers=answers[:, None, None], side=X[:, 1:])
    guesses = guesser.fit(seen, X[:, 0]).infer(seen)
    return float((guesses == (X[:, 0] > 0)).mean()), guesses


def test_the_law_is_that_of_the_joint() -> None:
    game = LinearInversion(joint=JOINT, sensitive=0, coefficients=(0, 0, 0), known=(1, 2))
    found = game.posterior()
    assert found.coefficients == (0, fmpq(1, 5), fmpq(1, 5))
    assert found.variance == fmpq(9, 10)


@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
def test_it_reaches_the_exact_line_for_normal_noise(noise: float) -> None:
    row = tuple(fmpq(int(value)) for value in ROW)
    variance = fmpq(*(noise**2).as_integer_ratio())
    game = LinearInversion(
        joint=JOINT, sensitive=0, coefficients=row, variance=variance, known=(1, 2)
    )
    best = float(arb(game.success()))
    # 20,000 guesses: five standard deviations, and 200 values for a continuum, which cost less than
    # one in a thousand
    slack = 5 * (best * (1 - best) / 20_000) ** 0.5
    assert best - slack - 1e-3 <= played(attack(noise), noise)[0] <= best + slack


def test_it_identifies_from_an_exact_answer() -> None:
    """All but where the sign changes between two of 200 values: one in 200 of the law at most."""
    assert played(attack(0.0), 0.0)[0] > 1 - 1 / 200
    assert played(attack(0.0, values=20), 0.0)[0] < played(attack(0.0), 0.0)[0]


def test_it_sees_through_a_rounded_answer_what_a_line_cannot() -> None:
    """The guess is that of the interval which the rounded answer leaves for x_s, from its definition."""
    from scipy.special import ndtr

    rng = np.random.default_rng(1)
    X, _ = JOINT.sample(2000, rng)
    cut = np.rint(X @ ROW / 4) * 4
    seen = Observation(answers=cut[:, None, None], side=X[:, 1:])
    guesser = attack(0.0, ask=lambda Z: np.rint(Z @ ROW / 4) * 4, values=2000)
    mean, deviation = law(X[:, 1:])
    centre = cut - X[:, 1:] @ ROW[1:]
    low, zero, high = (
        ndtr((np.clip(edge, centre - 2, centre + 2) - mean) / deviation)
        for edge in (-np.inf, 0.0, np.inf)
    )
    expected = (high - zero > zero - low).astype(int)
    clear = np.abs(high - 2 * zero + low) > 2 / 2000  # more than two of the 2,000 values
    assert np.array_equal(guesser.infer(seen)[clear], expected[clear])


def test_bad_input_is_refused() -> None:
    for given in ({"scale": -1.0}, {"scale": 0.0, "values": 1}, {"scale": 0.0, "attributes": 0}):
        with pytest.raises(ParameterError):
            attack(**given)  # type: ignore[arg-type]
    wide = Observation(answers=np.zeros((2, 1, 2)), side=np.zeros((2, 2)))
    thin = Observation(answers=np.zeros((2, 1, 1)), side=np.zeros((2, 1)))
    for seen in (wide, thin):
        with pytest.raises(ParameterError):
            attack(0.0).infer(seen)
    none = Observation(answers=np.zeros((0, 1, 1)), side=np.zeros((0, 2)))
    assert attack(1.0).name == "candidates"
    assert attack(1.0).knows == {"model"}
    assert attack(1.0).infer(none).shape == (0,)
