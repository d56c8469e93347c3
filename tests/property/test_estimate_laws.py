"""Laws of information that hold for every table, covariance and sample."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import psi

from mipriv.estimate import discrete, gaussian, neighbours, variational
from mipriv.estimate.reading import Reading

UNIT = 2.0**-53
seeds = st.integers(0, 2**32)


@st.composite
def tables(draw: st.DrawFn, dimensions: int = 2) -> Any:
    """Table of small whole numbers, not all 0."""
    shape = tuple(draw(st.integers(1, 4)) for _ in range(dimensions))
    size = math.prod(shape)
    masses = draw(st.lists(st.integers(0, 6), min_size=size, max_size=size).filter(any))
    return np.array(masses, dtype=object).reshape(shape)


def rows_of(table: Any) -> Any:
    """The sample whose counts are the table: one array of values for each dimension."""
    counts = table.astype(int).ravel()
    return np.repeat(np.indices(table.shape).reshape(table.ndim, -1), counts, axis=1)


def consistent(*readings: Reading) -> bool:
    """Whether a sum of the later ones can be the first: exact ends, compared as rationals."""
    first, *rest = readings
    lower = sum((fmpq(*r.lower.as_integer_ratio()) for r in rest), fmpq(0))
    upper = sum((fmpq(*r.upper.as_integer_ratio()) for r in rest), fmpq(0))
    ends = [fmpq(*end.as_integer_ratio()) for end in (first.lower, first.upper)]
    return bool(lower <= ends[1] and ends[0] <= upper)


@given(table=tables(), data=st.data())
def test_exact_information_is_symmetric_and_blind_to_names(table: Any, data: Any) -> None:
    reading = discrete.exact_information(joint=table)
    assert discrete.exact_information(joint=table.T) == reading
    order = data.draw(st.permutations(range(len(table))))
    assert discrete.exact_information(joint=table[order] * fmpq(1, 7)) == reading
    # not above the entropy of either; log rounds by one ulp
    assert 0 <= reading.lower <= math.log(min(table.shape)) * (1 + 2 * UNIT)


@given(table=tables(), data=st.data())
def test_a_function_of_y_tells_no_more(table: Any, data: Any) -> None:
    size = table.shape[1]
    image = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    merged = np.zeros((len(table), 3), dtype=object)
    for column, value in enumerate(image):
        merged[:, value] += table[:, column]
    less = discrete.exact_information(joint=merged)
    assert less.lower <= discrete.exact_information(joint=table).upper


@given(table=tables(dimensions=3))
def test_the_chain_rule(table: Any) -> None:
    """I(X; YZ) = I(X;Z) + I(X;Y|Z)."""
    whole = discrete.exact_information(joint=table.reshape(len(table), -1))
    plain = discrete.exact_information(joint=table.sum(axis=1))
    given_z = discrete.exact_conditional_information(joint=table)
    assert consistent(whole, plain, given_z)


@settings(max_examples=40)
@given(table=tables(dimensions=3).filter(lambda t: t.sum() >= 2), names=seeds)
def test_the_plug_in_is_the_information_of_the_counts(table: Any, names: int) -> None:
    x, y, z = rows_of(table)
    flags: dict[str, Any] = {"miller_madow": False, "confidence": 0.5, "resamples": 3}
    reading = discrete.conditional_information(x=x, y=y, z=z, **flags)
    exact = discrete.exact_conditional_information(joint=table)
    # four sums of at most 64 terms c log c, in all at most N log N, N <= 384: 64 roundings of log N
    slack = 4 * 64 * 6 * UNIT
    assert abs(reading.value - exact.value) <= slack
    assert reading.value >= 0
    # as labels of any other kind, in any order of rows, and with X and Y exchanged
    order = np.random.default_rng(names).permutation(len(x))
    renamed = [(names, int(value)) for value in x[order]]
    other = discrete.conditional_information(
        x=[f"label {value}" for value in y[order]], y=renamed, z=-1.5 * z[order], **flags
    )
    assert abs(other.value - reading.value) <= slack
    both = np.stack([y, z], axis=1)
    plain = discrete.information(x=x, y=z, **flags)
    whole = discrete.information(x=x, y=both, **flags)
    assert abs(whole.value - plain.value - reading.value) <= 3 * slack


@given(size=st.integers(2, 5), seed=seeds)
def test_gaussian_information_obeys_the_chain_rule(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    factor = rng.integers(-3, 4, (size, size)) + 7 * np.eye(size, dtype=int)
    covariance = factor @ factor.T

    def nats(x: list[int], y: list[int], z: list[int]) -> Reading:
        return gaussian.covariance_information(covariance=covariance, x=x, y=y, given=z)

    x, y, z = [0], [1], list(range(2, size))
    assert nats(x, y, z) == nats(y, x, z)
    assert nats(x, y, []).lower <= nats(x, y + z, []).upper
    if z:
        assert consistent(nats(x, y + z, []), nats(x, z, []), nats(x, y, z))
    units = np.diag([fmpq(2), fmpq(-1, 3)] + [fmpq(5)] * (size - 2))
    scaled = units.dot(covariance.astype(object)).dot(units)
    again = gaussian.covariance_information(covariance=scaled, x=x, y=y, given=z)
    assert again == nats(x, y, z)


@settings(max_examples=30)
@given(seed=seeds, k=st.integers(1, 3), shift=st.integers(-3, 3))
def test_neighbours_are_symmetric_invariant_and_below_their_limit(
    seed: int, k: int, shift: int
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((40, 2)), rng.standard_normal(40)
    y = y * 2.0**shift + x[:, 0]
    flags: dict[str, Any] = {"neighbours": k, "subsamples": 10}
    reading = neighbours.information(x=x, y=y, **flags)
    # sums of 40 digammas below 4, in another order
    slack = 100 * 4 * UNIT
    assert abs(neighbours.information(x=y, y=x, **flags).value - reading.value) <= slack
    # powers of two and a sign are exact, so that every distance keeps its order
    assert neighbours.information(x=-8.0 * x, y=y / 4, **flags).value == reading.value
    assert reading.value <= psi(40) - psi(k) + slack


@given(
    means=st.lists(st.floats(-3, 3), min_size=2, max_size=6),
    deviation=st.floats(0.01, 20),
    confidence=st.floats(0.01, 0.98),
)
def test_the_cap_holds_and_more_confidence_costs(
    means: list[float], deviation: float, confidence: float
) -> None:
    kl = variational.normal_divergences(mean=means, deviation=np.full(len(means), deviation))
    cap = variational.normal_cap(mean=3.0, deviations=(0.01, 20.0), dimensions=1)
    assert 0 <= kl.min() <= kl.max() <= cap
    reading = variational.upper_bound(divergences=kl, cap=cap, confidence=confidence)
    surer = variational.upper_bound(divergences=kl, cap=cap, confidence=confidence + 0.01)
    assert reading.value <= reading.upper <= surer.upper <= cap
