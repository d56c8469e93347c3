"""DP-SGD accounts: closed forms, direct integrals of two steps, edges, traps and refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx, fmpq
from scipy.special import ndtr
from scipy.stats import binom

import mipriv
from mipriv.accounting.sgd import calibrate, closed, fourier, line, wrap
from mipriv.accounting.sgd.account import Account
from mipriv.accounting.sgd.pairs import pair
from mipriv.accounting.sgd.population import mean_shared
from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps
from mipriv.accounting.sgd.tradeoff import missed
from mipriv.accounting.sgd.training import Training, bounds, least
from mipriv.contexts.arb import ARB
from mipriv.errors import ParameterError
from mipriv.formulas.curves import gaussian_missed


def run(sigma: Any, q: Any, steps: int) -> PoissonSteps:
    return PoissonSteps(noise_multiplier=sigma, sampling_probability=q, steps=steps)


def ends(ball: arb) -> tuple[float, float]:
    """Ends as doubles, which are nearest: good to 1e-16 for numbers up to 1."""
    return float(ball.lower()), float(ball.upper())


def two_steps(k: int, deleted: int, q: float, sigma: float) -> float:
    """TV of two steps from the definition: an integral over x1 of a closed form in x2.

    Given x1 the better guess is a threshold in x2, where L(x1) + L(x2) = 0.  The integrand is
    smooth, though not analytic where the threshold runs off to infinity; from step 1/256 to 1/4096
    the trapezoidal rule changes by less than 1e-12 in the hardest case below.
    """
    atoms = np.arange(k + 1) / sigma
    other = -np.arange(deleted + 1) / sigma
    w, v = binom.pmf(np.arange(k + 1), k, q), binom.pmf(np.arange(deleted + 1), deleted, q)

    def density(x: Any, places: Any, weights: Any) -> Any:
        return np.exp(-((x[:, None] - places) ** 2) / 2) @ weights / math.sqrt(2 * math.pi)

    def ratio(x: Any) -> Any:  # the common factor e^(-x^2/2) would underflow
        up = np.exp(x[:, None] * atoms - atoms**2 / 2) @ w
        down = np.exp(x[:, None] * other - other**2 / 2) @ v
        return np.log(up) - np.log(down)

    edge = 12.0 + max(k, deleted) / sigma
    x = np.arange(-edge, edge, 1 / 512)
    low, high = np.full_like(x, -2 * edge - 20), np.full_like(x, 2 * edge + 20)
    goal = -ratio(x)
    for _ in range(70):
        middle = (low + high) / 2
        above = ratio(middle) > goal
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    below = ndtr(low[:, None] - atoms) @ w
    beyond = ndtr(other - low[:, None]) @ v
    shared = density(x, atoms, w) * below + density(x, other, v) * beyond
    return float(1 - shared.sum() / 512)


@pytest.mark.parametrize(
    ("k", "deleted", "q", "sigma"),
    [(1, 1, 0.5, 1.0), (1, 0, 0.1, 1.0), (3, 3, 0.3, 2.0), (2, 1, 0.7, 1.5), (20, 20, 0.05, 8.0)],
)
def test_two_steps_from_the_definition(k: int, deleted: int, q: float, sigma: float) -> None:
    account = Account((run(sigma, str(q), 2),), k, deleted)
    low, high = ends(1 - account.value.value)
    assert "Fourier" in account.value.method
    value = two_steps(k, deleted, q, sigma)
    assert low - 1e-12 <= value <= high + 1e-12


@pytest.mark.parametrize("steps", [2, 50])
def test_the_series_on_a_pair_with_a_closed_form(steps: int) -> None:
    """Without sampling the pair is two normals; the series, made to run, must find erfc."""
    bits, sigma, k = 120, fmpq(20), 3
    with ctx.workprec(bits + 64):
        one = line.Line(pair(fmpq(1), sigma, k, k, bits), bits)
        made = fourier.Transform(
            [fourier.Run(one, steps)], log_tolerance=-30.0, reach=2.0, budget=1e7
        )
        mu = 2 * k * arb(steps).sqrt() / sigma
        for epsilon in (fmpq(0), fmpq(1), fmpq(-3, 2)):
            found, exact = made.shared(arb(epsilon)), closed.gaussian_shared(mu, arb(epsilon))
            assert found.overlaps(exact)
            assert found.rad() < 1e-11


def test_several_runs_are_one_when_equal() -> None:
    parts = Account((run(1, "0.1", 30), run("1.0", "0.1", 20)), 2, 2).value.value
    whole = Account((run(1, "0.1", 50),), 2, 2).value.value
    assert parts.overlaps(whole)


def test_several_runs_as_a_product() -> None:
    """A run that tells nothing of its own changes nothing; a full one composes as Gaussians do."""
    alone = 1 - Account((run(1, "0.1", 30),), 1, 1).value.value
    with_noise = 1 - Account((run(1, "0.1", 30), run("1e9", "0.5", 3)), 1, 1).value.value
    assert alone.lower() <= with_noise.upper()
    assert with_noise.upper() - alone.lower() < 1e-8
    both = 1 - Account((run(1, "0.1", 30), run(3, 1, 4)), 1, 1).value.value
    second = 1 - Account((run(3, 1, 4),), 1, 1).value.value
    assert max(alone, second) < both < alone + second


def test_one_step_is_the_threshold_test() -> None:
    """q = 1/2, sigma = 1, one record replaced: P(x > 0) - Q(x > 0) = (2 Phi(1) - 1)/2."""
    low, high = ends(1 - Account((run(1, "0.5", 1),), 1, 1).value.value)
    exact = math.erf(1 / math.sqrt(2)) / 2
    assert low - 1e-15 <= exact <= high + 1e-15


def test_trade_off_without_sampling_and_by_tangents() -> None:
    mu = 2 * 2 / 10
    exact = float(mpmath.ncdf(mpmath.erfinv(1 - 2 * 0.1) * mpmath.sqrt(2) - mu))
    low, high = ends(missed(Account((run(10, 1, 4),), 1, 1), fmpq(1, 10)))
    assert low - 1e-15 <= exact <= high + 1e-15
    # a run of large noise forces the series; it adds mu'^2 = 4 steps/sigma^2 q^2 at most 1e-12
    low, high = ends(missed(Account((run(10, 1, 4), run("1e6", "0.5", 1)), 1, 1), fmpq(1, 10)))
    assert low - 1e-6 <= exact <= high + 1e-6
    assert high - low < 1e-7


@pytest.mark.parametrize(
    ("one", "k"), [(run(1, 0, 100), 5), (run(1, "0.3", 0), 5), (run(1, "0.3", 10), 0)]
)
def test_nothing_released(one: PoissonSteps, k: int) -> None:
    assert least(Training(runs=(one,), n=5, group=k)).loss == 0


def test_rare_sampling_is_between_the_hellinger_bounds() -> None:
    """q = 1e-9, T = 10^4: a grid of 1e-4 gives 70 times too much.  1 - H^T <= TV <= sqrt(1-H^2T)."""
    mp = mpmath.MPContext()
    mp.dps = 50
    q = mp.mpf(10) ** -9

    def lack(x: Any) -> Any:
        """(p + q)/2 - sqrt(p q) over the unit normal density."""
        up, down = (1 - q + q * mp.exp(sign * x - mp.mpf(1) / 2) for sign in (1, -1))
        return (mp.sqrt(up) - mp.sqrt(down)) ** 2 / 2 * mp.npdf(x)

    affinity = 1 - mp.quad(lack, [-14, -5, 0, 5, 14])
    bound = least(Training(runs=(run(1, "1e-9", 10_000),), n=1))
    low, high = ends(bound.loss)
    assert not bound.wide
    assert float(1 - affinity**10_000) <= high
    assert low <= float(mp.sqrt(1 - affinity**20_000))
    assert 8e-8 < low <= high < 9e-8


@pytest.mark.parametrize(
    ("sigma", "q", "steps", "k"),
    [("1", "0.05", 200, 1000), ("0.1", "0.3", 2, 10**6), ("10", "0.1", 10, 10**6)],
)
def test_certain_groups(sigma: str, q: str, steps: int, k: int) -> None:
    bound = least(Training(runs=(run(sigma, q, steps),), n=k))
    assert bound.shared.upper() < 1e-60
    assert bound.loss.upper() >= 1
    assert bound.loss.lower() > 1 - 1e-15


def test_small_noise_is_bounded_by_the_sampling_itself() -> None:
    """sigma = .1: a sampled record is seen, so the loss is almost 1 - (1-q)^T."""
    found = mipriv.sgd(noise_multiplier="0.1", sampling_probability="0.001", steps=2, n=1)
    assert found.loss.upper <= Fraction("0.001999") + Fraction(1, 10**18)


def test_fixed_batches_when_all_change_are_gaussian() -> None:
    steps = BatchSteps(noise_multiplier=400, batch_size=20, steps=25)  # type: ignore[arg-type]
    bound = least(Training(runs=(steps,), n=100))
    assert bound.kind.value == "exact"
    exact = math.erf(2 * 20 * 5 / 400 / math.sqrt(8))
    low, high = ends(bound.loss)
    assert low - 1e-15 <= exact <= high + 1e-15


def test_distance_scales_the_revealed_bound_and_wins_when_small() -> None:
    training = Training(runs=(run(100, "0.1", 50),), n=100, distance=fmpq(1, 10))
    assert least(training).method == "revealed schedule"
    assert least(Training(runs=training.runs, n=100)).method.startswith("dominating pair")


def test_population_mean_of_a_known_function() -> None:
    """E[(1-c)^K] = (1 - tau c)^n for shared(k) = (1-c)^k."""
    for n, tau, c in ((50, fmpq(1, 5), fmpq(1, 4)), (10**6, fmpq(1, 1000), fmpq(1, 10**4))):
        mean = mean_shared(n, tau, lambda k, c=c: (arb(1) - c) ** k, width=1e-5, most=2000)
        low, high = ends(mean.value)
        exact = float((1 - tau * c) ** n) if n < 100 else math.exp(n * math.log1p(-float(tau * c)))
        assert low - 1e-12 <= exact <= high + 1e-12
        assert mean.complete


def test_population_is_never_above_the_group() -> None:
    runs = (run(20, "0.2", 10),)
    near = least(Training(runs=runs, n=12, tau=fmpq(1, 4))).loss
    assert near.upper() < least(Training(runs=runs, n=12)).loss.lower()
    assert least(Training(runs=runs, n=12, tau=fmpq(1))).loss.overlaps(
        least(Training(runs=runs, n=12)).loss
    )
    assert least(Training(runs=runs, n=12, tau=fmpq(0))).loss == 0


def test_population_by_direct_summation() -> None:
    runs, n, tau = (run(10, "0.2", 10),), 12, fmpq(1, 4)
    near = least(Training(runs=runs, n=n, tau=tau)).loss
    total = arb(0)
    for k in range(n + 1):
        weight = math.comb(n, k) * tau**k * (1 - tau) ** (n - k)
        total += weight * (1 - Account(runs, k, k).value.value)
    assert near.overlaps(total)


def test_moments_beyond_a_cut() -> None:
    """The cut bound against the plain one where both exist."""
    with ctx.workprec(200):
        one = line.Line(pair(fmpq(1, 10), fmpq(2), 1, 1, 120), 120)
        runs = [(one, 100)]
        plain = wrap.affinity_beyond(runs, fmpq(12), wrap.Chernoff(fmpq(2)), mirrored=False)
        cut = wrap.affinity_beyond(
            runs, fmpq(12), wrap.Bennett(fmpq(1), (fmpq(9),)), mirrored=False
        )
        # both are above the truth: the mass of the sum beyond 12, from a normal approximation
        assert 0 < plain < 1e-2
        assert 0 < cut < 1


def test_a_small_budget_takes_the_lattice() -> None:
    """Wider, and said to be so; it meets the series."""
    series, other = (
        Account((run(1, "0.1", 10),), 1, 0, 1e-5, budget).value for budget in (3e7, 10.0)
    )
    assert "lattice" in other.method
    assert "float64" in other.arithmetic
    assert series.value.overlaps(other.value)
    least_bound = least(Training(runs=(run(1, "0.1", 10),), n=1, budget=10.0))
    assert least_bound.kind.value == "exact"
    assert least_bound.wide


def test_gradients_that_never_change_tell_nothing() -> None:
    (only,) = bounds(Training(runs=(run(1, "0.1", 10),), n=5, distance=fmpq(0)))
    assert (only.kind.value, only.loss, only.shared) == ("exact", 0, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"noise_multiplier": 0}, "noise_multiplier=0"),
        ({"noise_multiplier": "nan"}, "noise_multiplier=nan"),
        ({"sampling_probability": "1.1"}, "sampling_probability=1.1"),
        ({"steps": -1}, "steps=-1"),
        ({"n": 0}, "n=0"),
        ({"group": 101}, "group=101"),
        ({"tau": "0.1", "group": 3}, "tau=0.1"),
        ({"tau": 2}, "tau=2"),
        ({"distance": 3}, "distance=3"),
        ({"adjacency": "add-remove"}, "group=none"),
        ({"adjacency": "add-remove", "tau": "0.1"}, "adjacency=add-remove"),
        ({"adjacency": "swap"}, "adjacency=swap"),
        ({"sampling": "fixed"}, "sampling=fixed"),
        ({"batch_size": 5}, "batch_size=5"),
        ({"sampling_probability": None, "batch_size": 101}, "batch_size=101"),
        ({"sampling_probability": None, "batch_size": "2.5"}, "batch_size=2.5"),
        ({"sampling_probability": None}, "sampling_probability: must be given, or batch_size"),
        ({"width": 0}, "width=0"),
        ({"fpr": -1}, "fpr=-1"),
    ],
)
def test_bad_input(changes: dict[str, Any], said: str) -> None:
    given = {"noise_multiplier": 1, "sampling_probability": "0.1", "steps": 10, "n": 100}
    with pytest.raises(ParameterError, match=said.replace(".", r"\.")):
        mipriv.sgd(**(given | changes))  # type: ignore[arg-type]


def test_noise_meets_its_target() -> None:
    for given in ({}, {"group": 7}, {"tau": "0.2"}, {"distance": "0.5"}):
        found = mipriv.noise(
            loss="0.3", sampling_probability="0.1", steps=20, n=30, tolerance="1e-4", **given
        )
        at = {"sampling_probability": "0.1", "steps": 20, "n": 30, **given}
        upper = mipriv.sgd(noise_multiplier=Fraction(found.upper), **at)
        lower = mipriv.sgd(noise_multiplier=Fraction(found.lower), **at)
        assert upper.loss.upper <= Fraction(3, 10)
        assert lower.loss.upper > Fraction(3, 10)
        assert found.upper <= found.lower * Fraction(10002, 10000)


def test_noise_at_its_edges() -> None:
    free = {"sampling_probability": "0.01", "steps": 3, "n": 1}
    assert mipriv.noise(loss="0.5", **free).upper == 0
    assert mipriv.noise(loss=1, **(free | {"n": 100})).upper == 0
    assert mipriv.noise(loss=0, **(free | {"steps": 0})).upper == 0
    with pytest.raises(mipriv.Infeasible, match="loss=0"):
        mipriv.noise(loss=0, **free)


def test_most_records_steps_and_sampling_for_a_target() -> None:
    """At the answer the target is met, one further it is missed."""
    target = fmpq(3, 10)
    training = Training(runs=(run(50, "0.1", 40),), n=500)
    k = calibrate.group(training, target)
    assert 1 < k < 500
    assert least(replace(training, group=k)).loss.upper() <= target
    assert least(replace(training, group=k + 1)).loss.lower() > target
    few = replace(training, group=10)
    t = calibrate.steps(few, target)
    assert least(replace(few, runs=(run(50, "0.1", t),))).loss.upper() <= target
    assert least(replace(few, runs=(run(50, "0.1", t + 1),))).loss.lower() > target
    q = calibrate.sampling_probability(few, target, digits=3)
    assert q.lower < q.upper <= q.lower * fmpq(101, 100)
    assert least(replace(few, runs=(run(50, q.lower, 40),))).loss.upper() <= target
    assert least(replace(few, runs=(run(50, q.upper, 40),))).loss.lower() > target
    assert calibrate.sampling_probability(few, fmpq(1), digits=3).lower == 1
    assert calibrate.group(training, fmpq(1)) == 500


def test_a_run_without_steps_adds_nothing() -> None:
    """q = 1 and no steps: 0 times log 0 must not spoil the bound of the other run."""
    runs = (run(1, 1, 0), run(1, "0.1", 2))
    assert least(Training(runs=runs, n=3)).loss.overlaps(least(Training(runs=runs[1:], n=3)).loss)


def test_no_noise_to_speak_of() -> None:
    """A sampled record is seen for certain: the loss is 1 - .9^3, never 0."""
    found = mipriv.sgd(noise_multiplier="1e-150", sampling_probability="0.1", steps=3, n=1)
    assert found.loss.lower <= Fraction("0.271") <= found.loss.upper + Fraction(1, 10**15)
    assert found.loss.upper > Fraction("0.2")


def test_a_false_positive_rate_below_the_overlap() -> None:
    """Normals at distance 2000/57, but for a run that adds less than 1e-13 to it.

    Below the overlap, 6.6e-69, the log of the rate falls by at most 20 per unit of the distance.
    """
    account = Account((run(57, 1, 1), run("1e9", "0.5", 1)), 1000, 1000)
    for exponent in (60, 69, 80):
        rate = fmpq(1, 10**exponent)
        with ctx.workprec(1000):
            found = missed(account, rate)
            exact = gaussian_missed(ARB, arb(2000) / 57, 1, rate)
            assert found.lower() <= exact * (1 + arb(10) ** -11)
            assert found.upper() >= exact * (1 - arb(10) ** -11)
            assert found.upper() < 1e-50


def test_one_step_far_from_even_odds() -> None:
    """At a large epsilon what is left out of a pair weighs e^(eps/2), on both sides."""
    with ctx.workprec(4096):
        small, full = (
            closed.one_step_shared(pair(fmpq(1, 2), fmpq(28, 1000), 1, 0, bits), arb(600))
            for bits in (216, 4000)
        )
        assert small.overlaps(full)
        assert full.lower() > 0.57


def test_the_moments_of_unequal_sides() -> None:
    """int p^alpha q^(1-alpha) = sum over the binomial expansion for alpha = 2, one side a normal.

    (1-q)^2 + 2 q (1-q) + q^2 e^(s^2) for P = (1-q) N(0) + q N(s), Q = N(0).
    """
    for sigma in (fmpq(1, 4), fmpq(1, 3), fmpq(2)):
        with ctx.workprec(200):
            one = pair(fmpq(1, 2), sigma, 1, 0, 150)
            found = wrap.moment(one, fmpq(3, 2), 2)
            exact = fmpq(3, 4) + (arb(1 / sigma) ** 2).exp() / 4
            assert found >= exact
            between = wrap.moment(one, fmpq(3, 5), 2)
            assert between >= _moment_by_fine_sum(sigma, fmpq(11, 10))


def _moment_by_fine_sum(sigma: fmpq, alpha: fmpq) -> arb:
    """The trapezoidal sum with step 1/64, far inside the strip: exact to 1e-30 here."""
    total, s = arb(0), arb(1 / sigma)
    for m in range(-64 * 16, 64 * 24):
        x = arb(m) / 64
        ratio = (fmpq(1, 2) + (s * x - s * s / 2).exp() / 2).log()
        total += (alpha * ratio - x * x / 2).exp()
    return (total / (64 * (2 * arb.pi()).sqrt())).lower() * (1 - arb(10) ** -25)
