"""Noisy sums and the posterior of a coin: claims, distribution functions and draws."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from mipriv.errors import ParameterError, UnsupportedGuarantee
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP, ConcentratedDP, GaussianDP, LaplaceDP
from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw, LaplaceLaw, Tulap
from mipriv.learn import BetaBernoulli, NoisySum, noisy_count
from mipriv.learn.noise import Sensitivity, claim, root_above
from mipriv.loss.worst_case import worst_case
from tests.unit.learner_checks import (
    FALSE_ALARM,
    excess,
    farthest,
    mean_ratio,
    pure_width,
    repeated,
    replacements,
    uniform_width,
)

TRIALS = 20_000
LAWS = [
    GaussianLaw(standard_deviation=2),
    LaplaceLaw(scale="1.5"),
    DiscreteLaplace(epsilon="0.4"),
    DiscreteGaussian(sigma_squared="2.5"),
]
TULAP = Tulap(epsilon="0.6", delta="0.1")


def names(law: Any) -> str:
    return type(law).__name__


def test_claims_by_law_and_adjacency() -> None:
    scores = (-1, 0, 2)
    for law, replaced, added in (
        (LAWS[0], GaussianDP(mu="1.5"), GaussianDP(mu=1, adjacency="add-remove")),
        (LAWS[1], LaplaceDP(epsilon=2), LaplaceDP(epsilon=fmpq(4, 3), adjacency="add-remove")),
        (LAWS[2], ApproxDP(epsilon="1.2"), ApproxDP(epsilon="0.8", adjacency="add-remove")),
    ):
        assert NoisySum(scores=scores, noise=law).guarantee() == replaced
        other = NoisySum(scores=scores, noise=law, adjacency="add-remove")
        assert other.guarantee() == added
    count = noisy_count(value=1, symbols=3, noise=TULAP)
    assert count.scores == (0, 1, 0)
    assert count.guarantee() == ApproxDP(epsilon="0.6", delta="0.1")


@pytest.mark.parametrize("shift", [1, 2, 3])
@pytest.mark.parametrize("variance", ["0.3", "2.5", "400"])
def test_the_discrete_gaussian_curve_is_its_privacy_profile(variance: str, shift: int) -> None:
    """Against the definition: positive parts over the lattice; what lies beyond 20 s.d. + 60 has
    less than 1e-80."""
    law = DiscreteGaussian(sigma_squared=variance)
    rows = NoisySum(scores=(0, shift), noise=law).guarantee().rows
    assert len(rows) >= 3
    assert rows[-1][1] < fmpq(1, 10**16)
    with ctx.workprec(128):
        reach = int(20 * float(variance) ** 0.5) + 60
        points = range(-reach, reach + 1)
        masses = [law.density(fmpq(x)) for x in points]
        moved = [[law.density(fmpq(x - s)) for x in points] for s in range(1, shift + 1)]
        for epsilon, delta in rows[:: max(1, len(rows) // 8)]:
            truths = [excess(other, masses, epsilon) for other in moved]
            assert all(truth.lower() <= delta for truth in truths)
            # rounded up, and by no more than the balls' width
            assert (truths[-1] - delta).abs_upper() < fmpq(1, 10**30)


def test_the_discrete_gaussian_curve_stays_near_the_normal_one() -> None:
    """Loss of 50 records at s.d. 100: the normal loss is erf(50/(100 sqrt 8)).

    The discrete law at this width is the normal one to e^-(2 pi^2 10^4); the curve has its rows a
    tenth of a s.d. apart, and a polygon of tangents that far apart lies under the curve by at most
    an eighth of the square of the gap in units of s.d. times the density, once a record: 50 steps of
    (0.1^2/8) 0.4/100 are 2.5e-4.
    """
    law = DiscreteGaussian(sigma_squared=10**4)
    curve = NoisySum(scores=(0, 1), noise=law).guarantee()
    loss = worst_case(curve, PopulationGame(n=50), digits=12)
    normal = (arb(50) / (100 * arb(8).sqrt())).erf()
    assert loss.upper >= float(normal.lower())
    assert float(loss.upper) - float(normal) < 2.5e-4


def test_noise_on_vectors() -> None:
    moved = Sensitivity(
        l1=fmpq(4), l2_squared=fmpq(8), coordinates=3, adjacency=Adjacency.REPLACE_ONE
    )
    assert claim(DiscreteGaussian(sigma_squared=2), moved) == ConcentratedDP(rho=2)
    assert claim(LaplaceLaw(scale=2), moved) == LaplaceDP(epsilon=2)
    assert claim(DiscreteLaplace(epsilon="0.1"), moved) == ApproxDP(epsilon="0.4")
    mu = claim(GaussianLaw(standard_deviation=1), moved).mu
    assert 8 <= mu * mu < 8 + fmpq(1, 10**15)
    assert root_above(fmpq(9, 4)) == fmpq(3, 2)
    with pytest.raises(UnsupportedGuarantee):
        claim(TULAP, moved)
    with pytest.raises(UnsupportedGuarantee):
        NoisySum(scores=(0, 2), noise=TULAP)


@pytest.mark.parametrize("law", [*LAWS, TULAP], ids=names)
def test_noisy_sums_are_their_centre_plus_noise(law: Any) -> None:
    """Distribution functions by Dvoretzky, Kiefer, Wolfowitz: false alarm 1e-6 a law."""
    learner = NoisySum(scores=(0, 1), noise=law)
    assert learner.centre((3, 2)) == 2
    trials = 5_000
    outputs = learner.simulate(repeated((3, 2), trials), np.random.default_rng(1))
    far = farthest(outputs, lambda x: law.cdf(x - 2), lattice=law.lattice)
    assert far <= uniform_width(trials)
    # the check can fail: another centre is noticed
    shifted = farthest(outputs, lambda x: law.cdf(x - 3), lattice=law.lattice)
    assert shifted > uniform_width(trials)
    again = learner.simulate(repeated((3, 2), trials), np.random.default_rng(1))
    assert (outputs == again).all()


@pytest.mark.parametrize("law", LAWS, ids=names)
def test_log_likelihoods_are_the_densities_up_to_a_constant(law: Any) -> None:
    """Each double errs by a few units in the last place of logs below 50: 1e-13 at most."""
    learner = NoisySum(scores=(0, 1, 3), noise=law)
    outputs = np.arange(-6.0, 9.0)[:, None]
    logs = learner.log_likelihood(outputs, (1, 1, 1))
    truth = [float(law.density(fmpq(int(x) - 4)).log()) for x in outputs[:, 0]]
    gaps = logs - np.array(truth)
    assert np.abs(gaps - gaps[0]).max() < 1e-13


def test_log_likelihoods_of_canonical_noise_know_its_ends() -> None:
    learner = NoisySum(scores=(0, 1), noise=TULAP)
    outputs = np.array([[2.25], [3.1], [40.0]])
    logs = learner.log_likelihood(outputs, (1, 2))
    # one step of the staircase apart; nothing is left 38 from the centre
    assert logs[0] - logs[1] == pytest.approx(0.6, abs=1e-14)  # two roundings of logs below 2
    assert logs[2] == -np.inf


@pytest.mark.parametrize("law", [LAWS[1], LAWS[2]], ids=names)
def test_ratios_of_pure_noise_average_to_one(law: Any) -> None:
    learner = NoisySum(scores=(0, 1), noise=law)
    width = pure_width(1, TRIALS)  # both laws have epsilon below 1 for one record
    assert abs(mean_ratio(learner, (2, 2), (1, 3), TRIALS, 5) - 1) <= width
    # the check can fail: outputs with a third of the noise
    narrow = NoisySum(
        scores=(0, 1),
        noise=LaplaceLaw(scale="0.5") if law is LAWS[1] else DiscreteLaplace(epsilon="1.2"),
    )
    outputs = narrow.simulate(repeated((2, 2), TRIALS), np.random.default_rng(5))
    logs = learner.log_likelihood(outputs, (1, 3)) - learner.log_likelihood(outputs, (2, 2))
    assert abs(np.exp(logs).mean() - 1) > width


@pytest.mark.parametrize("law", [LAWS[0], LAWS[3]], ids=names)
def test_ratios_of_normal_noise_average_to_one(law: Any) -> None:
    """Chebyshev: the ratio's variance is e^(mu^2) - 1 (at most, for the discrete law, as
    e^(s^2/v) bounds its second moment: Canonne, Kamath, Steinke 2020, order 2)."""
    learner = NoisySum(scores=(0, "0.1" if law is LAWS[0] else 1), noise=law)
    squared = 0.0025 if law is LAWS[0] else 0.4
    spread = np.sqrt(np.expm1(squared) / (TRIALS * FALSE_ALARM))
    assert abs(mean_ratio(learner, (2, 2), (1, 3), TRIALS, 6) - 1) <= spread


def test_sums_off_the_lattice_and_continuous_releases_are_refused() -> None:
    with pytest.raises(ParameterError, match="whole"):
        NoisySum(scores=(0, "0.5"), noise=LAWS[2])
    with pytest.raises(ParameterError, match="for a release"):
        NoisySum(scores=(0, 1), noise=LAWS[0]).release([0, 1])
    with pytest.raises(ParameterError, match="be a law"):
        NoisySum(scores=(0, 1), noise=3)
    with pytest.raises(ParameterError, match="be one of"):
        noisy_count(value=3, symbols=3, noise=LAWS[0])
    with pytest.raises(ParameterError, match="be one of"):
        NoisySum(scores=(0, 1), noise=LAWS[2]).release([0, 1, 2])


COINS = [
    BetaBernoulli(a="0.2", n=3),
    BetaBernoulli(a="0.05", n=6, alpha="0.5", beta=3),
    BetaBernoulli(a="0.4", n=1),
]


@pytest.mark.parametrize("learner", COINS, ids=lambda coin: f"n={coin.n}")
def test_the_posterior_is_private_and_no_more(learner: BetaBernoulli) -> None:
    """Log ratios of densities on a grid, its ends among them, for every pair of neighbours."""
    epsilon, span = learner.guarantee().rows[-1][0], 1 - 2 * learner.a
    grid = [learner.a + span * i / 16 for i in range(17)]
    worst = arb(0)
    for here, there in replacements(learner.n, 2):
        for x in grid:
            ratio = (learner.density(x, here) / learner.density(x, there)).log()
            assert not ratio > epsilon
            worst = worst.max(ratio)
    # attained at an end of the interval; the claim is rounded up at 2^-60
    assert worst.overlaps(learner.epsilon())
    assert worst > epsilon - fmpq(1, 10**12)


@pytest.mark.parametrize("learner", COINS, ids=lambda coin: f"n={coin.n}")
def test_the_posterior_keeps_its_curve_and_attains_it(learner: BetaBernoulli) -> None:
    """The best event of each row is a threshold: those on a grid break no row.

    A threshold off by at most h in theta costs at most h times (e^e + 1) times the largest density.
    """
    rows, step = learner.guarantee().rows[::8], (1 - 2 * learner.a) / 64
    grid = [learner.a + step * i for i in range(65)]
    largest = arb(0)
    best = [arb(-1)] * len(rows)
    for here, there in replacements(learner.n, 2):
        laws = [[learner.cdf(x, counts) for x in grid] for counts in (here, there)]
        for x in grid:
            largest = largest.max(learner.density(x, here))
        for (i, (epsilon, delta)), (p, q) in product(enumerate(rows), zip(*laws, strict=True)):
            odds = arb(epsilon).exp()
            for gap in (p - odds * q, (1 - p) - odds * (1 - q)):
                assert not gap > delta
                best[i] = best[i].max(gap)
    for (epsilon, delta), found in zip(rows, best, strict=True):
        # densities on the grid miss their maximum by little: they are log-concave or convex, and
        # twice the largest seen is far above it
        slack = step * (arb(epsilon).exp() + 1) * 2 * largest
        assert found > delta - slack


def test_the_curve_of_many_flips_is_the_bounded_range_one() -> None:
    """It is the weaker: at the same epsilon the exact curve has the smaller delta."""
    few, many = (BetaBernoulli(a="0.2", n=n).guarantee() for n in (20, 65))
    assert few.rows[0][0] == many.rows[0][0] == 0
    assert few.rows[0][1] < many.rows[0][1] / 2
    assert few.rows[-1][0] < many.rows[-1][0]


def test_the_posterior_of_few_flips_by_hand() -> None:
    """One flip, uniform prior: densities theta and 1 - theta over their integrals, on [1/4, 3/4]."""
    learner = BetaBernoulli(a="0.25", n=1)
    assert learner.cdf(fmpq(1, 2), (0, 1)).overlaps(arb(fmpq(3, 8)))  # (1/4 - 1/16)/(9/16 - 1/16)
    assert learner.density(fmpq(1, 2), (0, 1)).overlaps(arb(2))
    assert learner.cdf(fmpq(1, 8), (0, 1)) == 0
    assert learner.cdf(fmpq(7, 8), (0, 1)).overlaps(arb(1))
    assert learner.density(fmpq(1, 8), (0, 1)) == 0
    assert learner.epsilon().overlaps(arb(3).log())


@pytest.mark.parametrize("counts", [(0, 40), (40, 0), (21, 19)])
def test_draws_of_the_posterior_follow_it(counts: tuple[int, int]) -> None:
    """False alarm 1e-6 for the distribution function and 1e-6 for the ratio."""
    learner = BetaBernoulli(a="0.2", n=40)
    outputs = learner.simulate(repeated(counts, TRIALS), np.random.default_rng(2))
    assert (outputs >= 0.2).all()
    assert (outputs <= 0.8).all()
    far = farthest(outputs, lambda x: learner.cdf(x, counts))
    assert far <= uniform_width(TRIALS)
    other = (20, 20) if counts[0] == 21 else (counts[0] or 1, counts[1] or 1)
    other = (other[0] - (other[0] == 40), other[1] - (other[1] == 40))
    width = pure_width(float(learner.epsilon()), TRIALS)
    assert abs(mean_ratio(learner, counts, other, TRIALS, 4) - 1) <= width
    assert farthest(outputs, lambda x: learner.cdf(x, other)) > uniform_width(TRIALS) / 8


def test_released_draws_follow_the_posterior() -> None:
    """Fresh randomness: fails once in 5 10^5 runs though all is right."""
    learner = BetaBernoulli(a="0.2", n=3)
    drawn = [learner.release([1, 0, 1]) for _ in range(80)]
    assert all(learner.a <= x <= 1 - learner.a for x in drawn)
    values = [int(x.p) / int(x.q) for x in drawn]
    assert farthest(values, lambda x: learner.cdf(x, (1, 2))) <= uniform_width(80) * 1.01
    assert len(set(values)) == len(values)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: BetaBernoulli(a=0, n=1),
        lambda: BetaBernoulli(a="0.5", n=1),
        lambda: BetaBernoulli(a="0.1", n=1, alpha=0),
        lambda: BetaBernoulli(a="0.1", n=2).cdf(fmpq(1, 2), (1, 2)),
        lambda: BetaBernoulli(a="0.1", n=2).release([0, 2]),
        lambda: BetaBernoulli(a="0.1", n=2).release([0]),
    ],
)
def test_what_is_no_coin_is_refused(wrong: Any) -> None:
    with pytest.raises(ParameterError):
        wrong()
