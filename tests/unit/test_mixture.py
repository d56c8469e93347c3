"""Entropy of a Gaussian mixture: Taylor estimates, their gradient, quadrature."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from mipriv.errors import ParameterError
from mipriv.estimate.mixture import Taylor, exact_information, quadrature

EPS = float(np.finfo(np.float64).eps)
CASES = [(order, loo) for order in (0, 2) for loo in (False, True)]
lines = st.lists(st.floats(-5, 5), min_size=2, max_size=12)


def drawn(count: int, seed: int = 0) -> NDArray[np.float64]:
    """Centres of a law that is not normal."""
    return np.random.default_rng(seed).gamma(2.0, size=count)


def by_the_definition(m: NDArray[Any], s: float, order: int, loo: bool) -> Any:
    """H0 or H2 as printed, p''/p - (p'/p)^2 and all; analytic, so that it takes complex centres."""
    d = (m[:, None] - m) / s
    kernel = np.exp(-d * d / 2) / (math.sqrt(2 * math.pi) * s)
    if loo:
        kernel = kernel * (1 - np.eye(len(m)))
    count = len(m) - loo
    p = kernel.sum(axis=1) / count
    first = (kernel * -d / s).sum(axis=1) / count
    second = (kernel * (d * d - 1) / s**2).sum(axis=1) / count
    h0 = -np.log(p).mean()
    return h0 if order == 0 else h0 - s * s / 2 * (second / p - (first / p) ** 2).mean()


@pytest.mark.parametrize(("order", "loo"), CASES)
def test_value_and_gradient_are_those_of_the_formula(order: int, loo: bool) -> None:
    """The gradient against the complex step, which has no truncation error at 1e-200."""
    means, width = drawn(40), 0.3
    taylor = Taylor(width=width, order=order, leave_one_out=loo)
    value, slope = taylor.gradient(means)
    # sums of 40 terms of size < (8/width)^2 = 711, rounded some 100 times: 100 * 711 * eps
    allowed = 1e5 * EPS
    assert abs(value - by_the_definition(means, width, order, loo)) < allowed
    assert value == taylor.entropy(means)
    for j in range(len(means)):
        moved = means.astype(np.complex128)
        moved[j] += 1e-200j
        exact = by_the_definition(moved, width, order, loo).imag / 1e-200
        assert abs(slope[j] - exact) < allowed


@pytest.mark.parametrize(("order", "loo"), CASES)
def test_moving_all_centres_changes_nothing(order: int, loo: bool) -> None:
    """Translation, and scale: H(c m, c s) = H(m, s) + log c."""
    means = np.round(8 * drawn(100))  # whole, so that the shift does not round
    value, slope = Taylor(width=4.0, order=order, leave_one_out=loo).gradient(means)
    moved, other = Taylor(width=8.0, order=order, leave_one_out=loo).gradient(2 * means + 1024)
    assert abs(moved - value - math.log(2)) < 8 * EPS * (1 + abs(value))
    assert np.allclose(other, slope / 2, rtol=4 * EPS, atol=0)
    # the derivatives of a function of differences sum to 0: 100^2 terms of size < 1/100, rounded
    assert abs(slope.sum()) < 100 * 100 * EPS


@pytest.mark.parametrize(("order", "loo"), CASES)
def test_blocks_are_the_dense_sum(order: int, loo: bool) -> None:
    means = drawn(300)
    dense, slope = Taylor(width=0.2, order=order, leave_one_out=loo, entries=90000).gradient(means)
    for entries in (1, 7000, 45000):
        blocked = Taylor(width=0.2, order=order, leave_one_out=loo, entries=entries)
        value, other = blocked.gradient(means)
        # each record's term has 300 numbers to add, and all have 300: 600 roundings at most
        assert abs(value - dense) < 600 * EPS * (1 + abs(dense))
        # of terms that have at most the size of the largest d, 50, to the third, over N width
        assert np.max(np.abs(other - slope)) < 600 * EPS * 50**3 / (300 * 0.2)


@pytest.mark.parametrize(("order", "loo"), CASES)
def test_a_batch_is_unbiased(order: int, loo: bool) -> None:
    """Batches that share the records out average to the sum over all, value and gradient."""
    means = drawn(240)
    taylor = Taylor(width=0.3, order=order, leave_one_out=loo)
    value, slope = taylor.gradient(means)
    batches = np.random.default_rng(1).permutation(240).reshape(12, 20)
    values, slopes = zip(*(taylor.gradient(means, points=batch) for batch in batches), strict=True)
    assert abs(np.mean(values) - value) < 600 * EPS * (1 + abs(value))
    allowed = 600 * EPS * 30**3 / (240 * 0.3)  # as for blocks; d is at most 30 here
    assert np.max(np.abs(np.mean(slopes, axis=0) - slope)) < allowed


def test_drawn_batches_are_unbiased() -> None:
    """Their mean is within Hoeffding's bound of the sum; it holds without replacement too (1963).

    A right program fails with a chance of at most 1e-6 over the seed.
    """
    means, rng = drawn(300), np.random.default_rng(2)
    taylor = Taylor(width=0.3)
    terms = [taylor.entropy(means, points=[i]) for i in range(300)]
    trials, size = 400, 25
    found = [
        taylor.entropy(means, points=rng.choice(300, size, replace=False)) for _ in range(trials)
    ]
    allowed = np.ptp(terms) * math.sqrt(math.log(2e6) / (2 * trials * size))
    assert abs(np.mean(found) - taylor.entropy(means)) < allowed
    assert np.ptp(found) > 0


@given(lines, st.floats(0.05, 3))
def test_order_0_is_below_the_entropy(means: list[float], width: float) -> None:
    """Of the mixture of half the variance already, which is below that of the mixture."""
    h0 = Taylor(width=width, order=0).entropy(means)
    half, half_error = quadrature(means, width=width / math.sqrt(2))
    whole, error = quadrature(means, width=width)
    rounded = 100 * EPS * (1 + 5 / width)  # sums of positive terms over a range of 10/width
    assert h0 <= half + half_error + rounded
    assert half <= whole + half_error + error + rounded


def test_order_2_is_no_bound() -> None:
    """Above the entropy and below it, by far more than the error of the quadrature."""
    gaps = []
    for means in ([-0.3, 0.3], [0.0] * 98 + [-4.0, 4.0]):
        exact, error = quadrature(means, width=1.0)
        gaps.append(exact - Taylor(width=1.0).entropy(means))
        assert abs(gaps[-1]) > 1000 * (error + EPS)
    assert gaps[0] > 0 > gaps[1]


@pytest.mark.parametrize("rho", [0.5, 0.25, 0.125, 0.0625])
def test_order_of_the_error_for_centres_close_together(rho: float) -> None:
    """Two centres at distance 2 rho s: H - H2 = -rho^4 f''''(rho^2)/8 + at most rho^6/3.

    With f = log cosh, log p(s x) = const - x^2/2 + f(rho x), so that the error is the rest of the
    expansion of E f(rho^2 + rho Z) after its second term; |f^(6)| <= 16, at 0, and E Z^6 = 15 give
    the last term.  f'''' = (6 t^2 - 2)(1 - t^2), t = tanh, is -2 at 0: the error is of order rho^4.
    """
    width = 3.0
    means = np.array([1.0, 1.0 + 2 * rho * width])
    exact, error = quadrature(means, width=width)
    t = math.tanh(rho**2)
    predicted = -(rho**4) * (6 * t * t - 2) * (1 - t * t) / 8
    rest = rho**6 / 3
    allowed = error + 64 * EPS  # of a few sums of 200 nodes of weight 1/8
    assert rest < abs(predicted)  # so that the order is seen, and not the rest
    assert abs(exact - Taylor(width=width).entropy(means) - predicted) < rest + allowed
    # H - H0 = 1/2 - Var/2 + (H - H2), and Var = rho^2 (1 - t^2)
    order0 = exact - Taylor(width=width, order=0).entropy(means)
    assert abs(order0 - 0.5 + rho**2 * (1 - t * t) / 2 - predicted) < rest + allowed


@pytest.mark.parametrize("rho", [2.0, 3.0, 5.0])
def test_the_error_for_centres_far_apart(rho: float) -> None:
    """Two centres at distance 2 rho s: |H - H2| is at most the larger of two exponentials.

    With log cosh y = |y| - log 2 + log1p(exp(-2|y|)): the terms of H2, at rho^2, and the mean of the
    same at rho^2 + rho Z, where E|rho^2 + rho Z| - rho^2 = 2 rho (phi(rho) - rho Phi(-rho)).
    """
    means = [0.0, 2 * rho]
    exact, error = quadrature(means, width=1.0)
    h2 = math.log1p(math.exp(-2 * rho**2)) + rho**2 / 2 / math.cosh(rho**2) ** 2
    h = 2 * rho * (norm.pdf(rho) - rho * norm.cdf(-rho)) + norm.cdf(-rho)
    h += math.exp(4 * rho**2) * norm.cdf(-3 * rho)
    gap = abs(exact - Taylor(width=1.0).entropy(means))
    assert gap <= max(h, h2) + error + 64 * EPS
    assert abs(exact - (norm.entropy() + math.log(2))) <= h + error + 64 * EPS


@pytest.mark.parametrize("width", [0.07, 0.4, 2.0])
def test_quadrature_against_scipy(width: float) -> None:
    """Adaptive Gauss and Kronrod, piece by piece; each with its own error estimate."""
    means = np.sort(drawn(15))

    def integrand(u: float) -> float:
        p = norm.pdf(u, means, width).mean()
        return float(-p * math.log(p)) if p > 0 else 0.0

    cuts = np.linspace(means[0] - 10 * width, means[-1] + 10 * width, 40)
    pieces = [quad(integrand, a, b) for a, b in pairwise(cuts)]
    value, estimated = (math.fsum(column) for column in zip(*pieces, strict=True))
    found, error = quadrature(means, width=width)
    # beyond the last cut lies a mass below 2e-23; roundoff of some 1000 nodes of weight 1/8
    assert abs(found - value) < error + estimated + 1000 * EPS
    assert error < 1e-6


def test_quadrature_where_the_entropy_is_known() -> None:
    single, error = quadrature([7.0], width=0.01)
    assert abs(single - norm.entropy(scale=0.01)) < error + 100 * EPS * abs(single)
    # 1000 centres a hundred widths apart: log 1000 more, but for overlaps below exp(-1000)
    many, error = quadrature(np.arange(1000) * 1e4, width=100.0)
    assert abs(many - norm.entropy(scale=100.0) - math.log(1000)) < error + 1e4 * EPS
    # equal centres count as often as they occur
    twice, error = quadrature([0.0, 0.0, 1e3], width=1.0)
    split = math.log(3) - 2 / 3 * math.log(2)
    assert abs(twice - norm.entropy() - split) < error + 100 * EPS


@given(lines, st.floats(0.05, 3))
def test_information_is_between_0_and_the_gaussian_bound(means: list[float], width: float) -> None:
    reading = exact_information(means, width=width)
    assert not reading.bound
    rounded = 100 * EPS * (1 + 5 / width)
    assert 0 <= reading.lower <= reading.value <= reading.upper
    assert reading.lower <= min(math.log1p(np.var(means) / width**2) / 2, math.log(len(means))) + (
        rounded
    )


def test_readings_say_what_they_are() -> None:
    means, width = drawn(50), 0.4
    taylor = Taylor(width=width)
    reading = taylor.information(means)
    assert not reading.bound
    assert reading.method == "Taylor expansion of order 2 of a mixture of 50 Gaussians"
    expected = taylor.entropy(means) - norm.entropy(scale=width)
    assert abs(reading.value - expected) < 8 * EPS
    left = Taylor(width=width, order=0, leave_one_out=True).information(means, points=[1, 2])
    assert left.method.endswith(
        "of order 0 of a mixture of 50 Gaussians, at 2 of them, leaving one out"
    )
    equal = exact_information([2.0, 2.0, 2.0], width=0.3)
    assert equal.value <= 100 * EPS
    assert equal.lower == 0


def test_a_record_alone_counts_for_log_n() -> None:
    """The term that leaving one out removes: narrow, H0 and H2 are those of N separate records."""
    means = np.arange(100) * 1.0
    for order, half in ((0, 0.5), (2, 0.0)):
        narrow = Taylor(width=0.01, order=order).information(means).value
        assert abs(narrow - math.log(100) + half) < 100 * EPS
    left = Taylor(width=0.01, order=0, leave_one_out=True).information(means).value
    assert left > 1000  # half the square of a distance of 100 widths


def test_bad_input() -> None:
    for width in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ParameterError, match="width="):
            Taylor(width=width)
        with pytest.raises(ParameterError, match="width="):
            quadrature([0.0], width=width)
    with pytest.raises(ParameterError, match="order=1: must be 0 or 2"):
        Taylor(width=1.0, order=1)
    with pytest.raises(ParameterError, match="entries=0"):
        Taylor(width=1.0, entries=0)
    taylor = Taylor(width=1.0)
    for means in ([], [[0.0]], [math.nan], [math.inf]):
        with pytest.raises(ParameterError, match="means="):
            taylor.entropy(means)
    with pytest.raises(ParameterError, match="to leave one out"):
        Taylor(width=1.0, leave_one_out=True).entropy([0.0])
    for points in ([], [0, 0]):
        with pytest.raises(ParameterError, match="points="):
            taylor.entropy([0.0, 1.0], points=points)
