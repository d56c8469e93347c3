"""Closed forms for normal outputs, against integrals of the densities themselves."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx, fmpq

from mipriv.attack.bayes import gaussian
from mipriv.errors import ParameterError
from mipriv.rigor.intervals import proportion

MP = mpmath.MPContext()
MP.dps = 20


def density(x: Any, mean: float, variance: float) -> Any:
    return MP.exp(-((x - mean) ** 2) / (2 * variance)) / MP.sqrt(2 * MP.pi * variance)


def success(means: Any, variances: Any, prior: Any) -> arb:
    """Integral of the largest of prior times density, between all crossings found on a grid."""

    def g(s: int, x: Any) -> Any:
        return MP.mpf(prior[s]) * density(x, MP.mpf(means[s]), MP.mpf(variances[s]))

    size = max(MP.sqrt(MP.mpf(v)) for v in variances)
    grid = [MP.mpf(i) * size / 4 for i in range(-40, 41)]
    cuts = [-14 * size, -5 * size, *(MP.mpf(mean) for mean in means), 7 * size, 14 * size]
    for low, high in pairwise(grid):
        for s in range(len(means)):
            for u in range(s):

                def gap(x: Any, s: int = s, u: int = u) -> Any:
                    return g(s, x) - g(u, x)

                if gap(low) * gap(high) < 0:
                    cuts.append(MP.findroot(gap, (low, high), solver="anderson"))
    places = sorted(cuts)
    value, error = MP.quad(
        lambda x: max(g(s, x) for s in range(len(means))), places, error=True, maxdegree=5
    )
    return arb(MP.nstr(value, 20), float(error) + 1e-16)  # the roundings of 20 digits


@pytest.mark.parametrize(
    ("means", "variance", "prior"),
    [
        (("0", "1"), "1", ("0.5", "0.5")),
        (("0", "1"), "0.3", ("0.9", "0.1")),
        (("0", "1", "3"), "1.5", ("0.2", "0.5", "0.3")),
        (("0", "0.1", "1", "2"), "0.5", ("0.3", "0.01", "0.39", "0.3")),  # the second never leads
    ],
)
def test_means(means: Any, variance: Any, prior: Any) -> None:
    with ctx.workprec(80):
        found = gaussian.means_success(means=means, variance=variance, prior=prior)
        assert found.overlaps(success(means, [variance] * len(means), prior))
    assert found.rad() < 1e-20


def test_equal_means_are_one_secret() -> None:
    found = gaussian.means_success(means=(1, 1, 2), variance=1, prior=("0.25", "0.25", "0.5"))
    one = gaussian.normal_success(means=(1, 2), variances=(1, 1), prior=(fmpq(1, 3), fmpq(2, 3)))
    assert found.overlaps(one * 3 / 4)


@pytest.mark.parametrize(
    ("means", "variances", "prior"),
    [
        (("0", "1"), ("1", "2"), ("0.5", "0.5")),
        (("0", "1"), ("2", "1"), ("0.5", "0.5")),
        (("0", "0"), ("1", "3"), ("0.5", "0.5")),
        (("-1", "0.5"), ("0.25", "4"), ("0.3", "0.7")),
        (("0", "0.1"), ("1", "1.5"), ("0.05", "0.95")),  # no crossing: always the second
    ],
)
def test_two_normal_laws(means: Any, variances: Any, prior: Any) -> None:
    with ctx.workprec(80):
        found = gaussian.normal_success(means=means, variances=variances, prior=prior)
        assert found.overlaps(success(means, variances, prior))
        if prior[0] == "0.5":
            gap = gaussian.normal_advantage(means=means, variances=variances)
            assert gap.overlaps(2 * found - 1)
    assert found.rad() < 1e-20


def test_where_nothing_crosses_the_prior_decides() -> None:
    found = gaussian.normal_success(means=(0, "0.1"), variances=(1, "1.5"), prior=("0.05", "0.95"))
    assert found.contains(fmpq(95, 100))
    assert gaussian.normal_success(means=(0, 1), variances=(1, 2), prior=(0, 1)) == 1


def test_scale_in_one_dimension_is_a_pair_of_normal_laws() -> None:
    found = gaussian.scale_advantage(variances=(2, "0.5"))
    assert found.overlaps(gaussian.normal_advantage(means=(0, 0), variances=("0.5", 2)))
    assert gaussian.scale_advantage(variances=(2, 2), dimension=3) == 0


@pytest.mark.parametrize("dimension", [2, 5])
def test_scale_in_more_dimensions(dimension: int) -> None:
    """Half the integral over the length of |f - g| times the sphere's area."""
    d, a, b = dimension, MP.mpf(1), MP.mpf(3) / 2

    def length(r: Any, v: Any) -> Any:
        bulk = MP.gamma(d / MP.mpf(2)) * (2 * v) ** (d / MP.mpf(2))
        return 2 * r ** (d - 1) * MP.exp(-r * r / (2 * v)) / bulk

    def gap(r: Any) -> Any:
        return length(r, a) - length(r, b)

    turn = MP.findroot(gap, (MP.mpf("0.5"), MP.mpf(6)), solver="anderson")
    value, error = MP.quad(lambda r: abs(gap(r)), [0, turn, 5, 10, 30], error=True)
    expected = arb(MP.nstr(value / 2, 20), float(error) + 1e-16)
    with ctx.workprec(80):
        found = gaussian.scale_advantage(variances=("1.5", 1), dimension=d)
        assert found.overlaps(expected)


def test_a_noisy_mean_in_any_dimension() -> None:
    found = gaussian.noisy_mean_advantage(n=4, shift="0.5", noise_variance="0.75")
    line = gaussian.normal_advantage(means=(0, "0.5"), variances=(1, 1))
    plane = gaussian.covariance_advantage(difference=("0.3", "0.4"), covariance=((1, 0), (0, 1)))
    assert found.overlaps(line)
    assert found.overlaps(plane)


def test_a_covariance_is_taken_off() -> None:
    """C = L L^T with L = ((2, 0), (1, 3)): d = L (0.6, 0.8) has length 1 after whitening."""
    found = gaussian.covariance_advantage(difference=("1.2", "3"), covariance=((4, 2), (2, 10)))
    assert found.overlaps((1 / arb(8).sqrt()).erf())
    for wrong in (((1, 2), (2, 1)), ((1, 0), (1, 1)), ((1,),), ((0, 0), (0, 1))):
        with pytest.raises(ParameterError, match="covariance"):
            gaussian.covariance_advantage(difference=(1, 1), covariance=wrong)


@pytest.mark.parametrize(("n", "dimension"), [(1, 1), (4, 2), (6, 5)])
def test_least_squares_by_playing(n: int, dimension: int) -> None:
    """The best test compares the coefficient along the shift with its middle; fit and see."""
    rng, trials, shift = np.random.default_rng(5), 40_000, 1.5
    x = rng.normal(size=(trials, n, dimension))
    noise = rng.normal(size=(trials, n, 1))
    fitted = np.linalg.solve(x.transpose(0, 2, 1) @ x, x.transpose(0, 2, 1) @ noise)
    inside = int((np.abs(fitted[:, 0, 0]) < shift / 2).sum())
    advantage = gaussian.least_squares_advantage(n=n, dimension=dimension, shift="1.5")
    measured = proportion(hits=inside, trials=trials, confidence="0.9999")
    assert measured.lower <= advantage <= measured.upper
    # and it would tell: a record more gives another value
    other = gaussian.least_squares_advantage(n=n + 1, dimension=dimension, shift="1.5")
    assert not measured.lower <= other <= measured.upper


def test_bad_normal_laws_are_refused() -> None:
    with pytest.raises(ParameterError, match="variance"):
        gaussian.means_success(means=(0, 1), variance=0)
    with pytest.raises(ParameterError, match="means"):
        gaussian.normal_success(means=(0, 1, 2), variances=(1, 1, 1))
    with pytest.raises(ParameterError, match="noise_variance"):
        gaussian.noisy_mean_advantage(n=1, shift=1, noise_variance=0, record_variance=0)
    with pytest.raises(ParameterError, match="n="):
        gaussian.least_squares_advantage(n=1, dimension=2, shift=1)
