"""Asymmetric curves: the convex hull of min(f, f^-1), built here by another route."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import mipriv
from mipriv.errors import ParameterError
from tests.strategies import MP, number

Q, SIGMA = 0.1, 0.7  # one Poisson-sampled Gaussian step


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def profile(epsilon: float) -> float:
    """sup over events of P(E) - e^eps Q(E), P = (1-q) N(0) + q N(1), Q = N(0): a threshold test."""
    ratio = math.exp(epsilon)
    if ratio <= 1 - Q:
        return 1 - ratio
    cut = SIGMA**2 * math.log((ratio - 1 + Q) / Q) + 0.5
    p = (1 - Q) * normal(-cut / SIGMA) + Q * normal((1 - cut) / SIGMA)
    return p - ratio * normal(-cut / SIGMA)


def rows(points: int = 120) -> list[tuple[Fraction, Fraction]]:
    """A grid of the profile; rounding delta up keeps every row valid."""
    grid = [Fraction(k, 40) for k in range(-4, points)]
    return [(e, Fraction(min(1.0, profile(float(e)) + 1e-13))) for e in grid]


def test_the_hull_bounds_the_truth_and_is_where_theory_puts_it() -> None:
    """q = .1, sigma = .7, n = 2: f alone would say .0847, the truth is .1020, the hull .1050."""
    one = mipriv.curve(rows=rows(), n=2)
    both = mipriv.curve(rows=rows(), n=2, direction="both")
    assert one.claim.direction == "one"
    assert 0.1020 < one.loss.lower <= one.loss.upper < 0.1060
    assert both.loss.upper < one.loss.lower
    assert one.loss.kind == "upper bound"
    assert both.loss.kind == "exact"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_the_hull_is_iterated_from_its_support_lines(n: int) -> None:
    """Describe the hull by its tangents instead of its vertices, and iterate that."""
    table = rows(30)
    lines = [(math.exp(float(e)), 1 - float(d)) for e, d in table]
    grid = np.arange(20001) / 20000
    below = np.max([0 * grid, *(c - a * grid for a, c in lines)], axis=0)
    x, y = np.concatenate([grid, below]), np.concatenate([below, grid])  # the curve and its mirror
    slopes = [math.exp(k / 60) for k in range(-240, 241)]
    # least c with the line y = c - slope x touching the set from below
    tangents = [(s, float(np.min(y + s * x))) for s in slopes]

    def hull(x: float) -> float:
        return max(0.0, *(c - s * x for s, c in tangents))

    point = 0.5
    if n % 2:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if hull(middle) > middle else (low, middle)
        point = low
    for _ in range(n // 2):
        point = hull(1 - point)
    found = mipriv.curve(rows=table, n=n, direction="one").loss
    # the tangents are dense to 1/60 in log slope, the grid to 1/20000: both err below 3e-4
    assert abs(float(found.upper) - (1 - 2 * point)) < 3e-4


def test_one_row_in_one_direction_is_a_segment() -> None:
    """min(f, f^-1) of one row (eps, 0) has the hull 1 - y = x e^eps...: loss 1 - e^-eps at n = 1."""
    found = mipriv.curve(rows=[(1, 0)], n=1, direction="one").loss
    assert number(found.lower) <= 1 - MP.exp(-1) <= number(found.upper)


def test_one_row_in_both_directions_is_the_worst_case() -> None:
    for n in (0, 1, 2, 5, 10**18):
        found = mipriv.curve(rows=[("0.1", "1e-3")], n=n)
        assert found.loss.value == mipriv.bound(epsilon="0.1", delta="1e-3", n=n).worst_case.value


def test_redundant_rows_are_harmless() -> None:
    table = [("0.1", "1e-3"), ("1", "1e-6"), ("2", "1e-9")]
    more = [*table, ("1", "1e-6"), ("1.5", "0.5"), ("0.1", "1"), ("3", "1e-6")]
    for n in (1, 2, 9, 1000):
        assert mipriv.curve(rows=table, n=n).loss.value == mipriv.curve(rows=more, n=n).loss.value


def test_many_steps_cost_pieces_not_records() -> None:
    table = [(Fraction(k, 10**15), Fraction(1, 10 ** (18 + k))) for k in range(1, 8)]
    found = mipriv.curve(rows=table, n=10**15 + 1).loss
    assert 0 < found.lower <= found.upper < 1


def test_a_row_no_learner_satisfies_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"epsilon=-1, delta=0\.5: must satisfy delta >= 1"):
        mipriv.curve(rows=[("-1", "0.5")], n=2)
