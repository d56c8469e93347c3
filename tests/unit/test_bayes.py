"""The best attacker against learners whose best attack is known, or worked out another way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import comb
from typing import Any

import mpmath
import pytest
from flint import arb, ctx, fmpq, fmpz

from mipriv.attack.bayes import _cells, _thresholds, advantage, finite, gaussian, line
from mipriv.attack.bayes._game import DataSets, checked_prior
from mipriv.attack.bayes._mixture import Mixture
from mipriv.errors import ParameterError, PrecisionError
from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw, LaplaceLaw, Tulap
from mipriv.learn.noisy_sum import NoisySum
from mipriv.populations.finite import FiniteFamily, bernoulli, extremal, identities, swap
from mipriv.roles import Histogram

MP = mpmath.MPContext()
MP.dps = 20
POINTS = bernoulli(p0=0, p1=1)
THREE = FiniteFamily(
    ((fmpq(1, 2), fmpq(1, 2)), (fmpq(1, 3), fmpq(2, 3)), (fmpq(1, 10), fmpq(9, 10)))
)


@dataclass
class Outcomes:
    """A learner with a law on outcomes for each histogram."""

    law: Callable[[Histogram], Sequence[Any]]

    def guarantee(self) -> None: ...

    def probabilities(self, counts: Histogram) -> Sequence[Any]:
        return self.law(counts)


@dataclass
class Bare:
    """A sum of scores plus noise, known only by its centres."""

    numbers: tuple[Any, ...]
    noise: Any

    def guarantee(self) -> None: ...

    def centre(self, counts: Histogram) -> fmpq:
        return sum((fmpq(x) * c for x, c in zip(self.numbers, counts, strict=True)), fmpq(0))


def noisy(scores: tuple[Any, ...], noise: Any) -> NoisySum:
    return NoisySum(scores=scores, noise=noise)


def brute(
    law: Callable[[Histogram], Sequence[fmpq]], family: FiniteFamily, n: int, prior: Any
) -> Any:
    """Best success by going through every data set, record by record."""
    best: dict[tuple[int, int], fmpq] = {}
    for secret, masses in enumerate(family.masses):
        for records in product(range(family.symbols), repeat=n):
            chance = prior[secret]
            for record in records:
                chance *= masses[record]
            counts = tuple(records.count(value) for value in range(family.symbols))
            for outcome, mass in enumerate(law(counts)):
                key = outcome, secret
                best[key] = best.get(key, fmpq(0)) + chance * mass
    outcomes = {outcome for outcome, _ in best}
    return sum((max(best[o, s] for s in range(family.secrets)) for o in outcomes), fmpq(0))


@pytest.mark.parametrize(
    ("family", "prior"),
    [
        (bernoulli(p0="0.3", p1="0.6"), (fmpq(1, 2), fmpq(1, 2))),
        (bernoulli(p0="0.3", p1="0.6"), (fmpq(1, 5), fmpq(4, 5))),
        (swap(a="0.5", b="0.2"), (fmpq(1, 2), fmpq(1, 2))),
        (THREE, (fmpq(1, 2), fmpq(1, 3), fmpq(1, 6))),
        (identities(secrets=3, tau="0.4"), (fmpq(1, 4), fmpq(1, 4), fmpq(1, 2))),
    ],
)
def test_finite_outcomes_equal_all_data_sets_gone_through(family: Any, prior: Any) -> None:
    def law(counts: Histogram) -> list[fmpq]:
        weights = [1 + 3 * counts[0], 1 + counts[-1] ** 2, 2]
        return [fmpq(weight, sum(weights)) for weight in weights]

    for n in (0, 1, 2, 4):
        found = finite.success(Outcomes(law), family, n=n, prior=prior)
        assert found == brute(law, family, n, prior)
        balls = Outcomes(lambda counts: [arb(mass) for mass in law(counts)])
        assert finite.success(balls, family, n=n, prior=prior).contains(found)


def worst(n: int, odds: fmpq, delta: fmpq) -> fmpq:
    """TV*_n = min(1, t_1 S_n) at e^epsilon = odds^2: the chain's gap, h iterated from its middle."""
    square = odds * odds
    low = fmpq(1, 2) if n % 2 == 0 else (1 - delta) / (1 + square)
    for _ in range(n // 2):
        low = max(fmpq(0), (low - delta) / square)
    return 1 - 2 * low


@pytest.mark.parametrize("delta", [fmpq(0), fmpq(1, 20)])
def test_the_extremal_count_attains_the_population_bound(delta: fmpq) -> None:
    """Theorem 6: E TV*_K, K ~ Bin(n, tau), as equal rational numbers."""
    odds = fmpq(3, 2)

    def law(counts: Histogram) -> tuple[fmpq, fmpq]:
        d = counts[2] - counts[1]
        gap = worst(abs(d), odds, delta) * (1 if d > 0 else -1)
        return (1 - gap) / 2, (1 + gap) / 2

    for tau in (fmpq(1), fmpq(1, 3)):
        for n in (1, 2, 5, 8):
            expected = sum(
                (
                    comb(n, k) * tau**k * (1 - tau) ** (n - k) * worst(k, odds, delta)
                    for k in range(n + 1)
                ),
                fmpq(0),
            )
            assert finite.advantage(Outcomes(law), extremal(tau=tau), n=n) == expected


@pytest.mark.parametrize("n", [1, 2, 5, 10, 1000, 10_000])
def test_noisy_counts_of_point_masses(n: int) -> None:
    """1 - e^(-n epsilon/2) and erf(n mu/sqrt 8), to nearly all 53 bits."""
    laplace = line.advantage(noisy((0, 1), LaplaceLaw(scale=100)), POINTS, n=n)
    assert laplace.overlaps(-(arb(-n) / 200).expm1())
    normal = line.advantage(noisy((0, 1), GaussianLaw(standard_deviation=100)), POINTS, n=n)
    assert normal.overlaps((arb(n) / 100 / arb(8).sqrt()).erf())
    assert max(laplace.rad(), normal.rad()) < arb(10) ** -15


@pytest.mark.parametrize("delta", ["0", "0.01"])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 9])
def test_tulap_counts_of_point_masses_lose_the_most(n: int, delta: str) -> None:
    """The canonical noise attains TV*_n, here at e^epsilon = 9/4."""
    noise = Tulap(epsilon="0.810930216216328764", delta=delta)
    found = advantage(noisy((0, 1), noise), POINTS, n=n)
    expected = worst(n, fmpq(3, 2), fmpq(*map(int, (f"{float(delta) * 100:.0f}", "100"))))
    # epsilon is log(9/4) to 18 decimals; TV*_n moves by at most n/2 times that
    assert found.overlaps(arb(expected, n * 1e-18))
    assert found.rad() < 1e-15


def mixture(learner: Any, family: FiniteFamily, n: int, prior: Any = None) -> Mixture:
    odds = checked_prior(prior, family.secrets)
    sets = DataSets.of(learner, family, n=n)
    units = [share / top for share, top in zip(odds, sets.scales, strict=True)]
    terms = (
        (lambda counts=counts: learner.centre(counts), row)  # type: ignore[misc]
        for counts, row in sets.terms
    )
    return Mixture.of(learner.noise, units, terms)


def quadrature(mix: Mixture) -> tuple[Any, Any]:
    """Integral of max_s g_s by mpmath, split at kinks and at every crossing found, and its error."""
    law: Any = mix.law
    deviation = law.standard_deviation if isinstance(law, GaussianLaw) else law.scale
    size = MP.mpf(int(deviation.p)) / int(deviation.q)
    centres = [MP.mpf(int(c.p)) / int(c.q) for c in mix.centres]
    weights = [
        [MP.mpf(str(arb(w).mid().str(22, radius=False))) for w in row] for row in mix.weights
    ]

    def shape(x: Any) -> Any:
        if isinstance(law, GaussianLaw):
            return MP.exp(-((x / size) ** 2) / 2) / (size * MP.sqrt(2 * MP.pi))
        return MP.exp(-abs(x) / size) / (2 * size)

    def g(s: int, x: Any) -> Any:
        return MP.fsum(row[s] * shape(x - c) for c, row in zip(centres, weights, strict=True))

    far = [50 * size, 16 * size, 5 * size]
    ends = [*(centres[0] - x for x in far), *centres, *(centres[-1] + x for x in reversed(far))]
    cuts = set(ends)
    for left, right in pairwise(ends):
        grid = [left + (right - left) * i / 16 for i in range(17)]
        for s, u in product(range(mix.secrets), repeat=2):

            def gap(x: Any, s: int = s, u: int = u) -> Any:
                return g(s, x) - g(u, x)

            for low, high in pairwise(grid):
                if s < u and gap(low) * gap(high) < 0:
                    cuts.add(MP.findroot(gap, (low, high), solver="anderson"))
    places = sorted(cuts)
    return MP.quad(
        lambda x: max(g(s, x) for s in range(mix.secrets)), places, error=True, maxdegree=5
    )


@pytest.mark.parametrize("noise", [GaussianLaw(standard_deviation="1.5"), LaplaceLaw(scale=2)])
@pytest.mark.parametrize(
    ("scores", "family", "n", "prior"),
    [
        ((0, 1), bernoulli(p0="0.3", p1="0.6"), 3, None),
        ((0, 1), THREE, 2, ("0.5", "0.25", "0.25")),
        # ratios that do not rise: several cells for one secret
        ((0, 2, 4), FiniteFamily(((fmpq(1, 2), 0, fmpq(1, 2)), (0, fmpq(1), 0))), 1, None),
        ((0, 1, 3), swap(a="0.6", b="0.1"), 2, ("0.3", "0.7")),
    ],
)
def test_the_line_meets_quadrature(
    noise: Any, scores: Any, family: FiniteFamily, n: int, prior: Any
) -> None:
    learner = noisy(scores, noise)
    with ctx.workprec(100):
        mix = mixture(learner, family, n, prior)
        expected, error = quadrature(mix)
        # 20 digits with some 10^3 terms, and e^-50 left out on either side
        near = arb(MP.nstr(expected, 20), float(error) + 1e-16)
        exact = line.success(learner, family, n=n, prior=prior)
        cells = _cells.line_success(mix, fmpq(1, 10**8))
    assert exact.overlaps(near)
    assert cells.overlaps(near)
    assert max(exact.rad(), cells.rad()) < 1e-8


@pytest.mark.parametrize(
    "noise",
    [
        LaplaceLaw(scale=2),
        GaussianLaw(standard_deviation=2),
        Tulap(epsilon="0.5", delta="0.01"),
        DiscreteLaplace(epsilon="0.5"),
        DiscreteGaussian(sigma_squared=4),
    ],
)
@pytest.mark.parametrize("prior", [None, ("0.1", "0.1", "0.8"), ("0.5", "0.5", "0")])
def test_thresholds_agree_with_cells(noise: Any, prior: Any) -> None:
    """Two methods, one value: three secrets, one of which may never be guessed."""
    learner = noisy((0, 1), noise)
    with ctx.workprec(120):
        mix = mixture(learner, THREE, 12, prior)
        order = _thresholds.ordered(mixture(learner, THREE, 12))
        assert order == [0, 1, 2]
        by_thresholds = _thresholds.success(mix, order)
        if noise.lattice:
            by_cells = _cells.lattice_success(mix)
        else:
            by_cells = _cells.line_success(mix, fmpq(1, 10**9))
    assert by_thresholds.overlaps(by_cells)
    assert by_thresholds.rad() < 1e-20
    assert by_cells.rad() < 1e-9
    assert line.success(learner, THREE, n=12, prior=prior).overlaps(by_cells)


def test_ratios_that_do_not_rise_are_not_taken_to() -> None:
    """Steps of half a unit under staircase noise, and weights whose ratio falls and rises."""
    family = bernoulli(p0="0.3", p1="0.6")
    halves = Bare((0, fmpq(1, 2)), Tulap(epsilon=1))
    assert _thresholds.ordered(mixture(halves, family, 3)) is None
    assert _thresholds.ordered(mixture(Bare((0, 2), Tulap(epsilon=1)), family, 3)) == [0, 1]
    crossed = FiniteFamily(((fmpq(1, 2), 0, fmpq(1, 2)), (0, fmpq(1), 0)))
    assert _thresholds.ordered(mixture(noisy((0, 1, 2), LaplaceLaw(scale=1)), crossed, 1)) is None
    falling = mixture(noisy((1, 0), LaplaceLaw(scale=1)), family, 3)
    assert _thresholds.ordered(falling) == [1, 0]


def test_weights_left_out_are_counted() -> None:
    terms = [(lambda: fmpq(0), [fmpz(2) ** 100 - 1]), (lambda: fmpq(1), [fmpz(1)])]
    mix = Mixture.of(LaplaceLaw(scale=1), [fmpq(1, 2**100)], terms)
    assert mix.centres == (0,)
    assert mix.dropped.contains(fmpq(1, 2**100))
    with ctx.workprec(100):
        assert Mixture.of(LaplaceLaw(scale=1), [fmpq(1, 2**100)], terms).dropped == 0


def test_a_wrong_threshold_proves_no_more_than_it_may() -> None:
    """Whatever the cut, the value lies inside; a bad cut is seen by the width."""
    mix = mixture(noisy((0, 1), GaussianLaw(standard_deviation=2)), POINTS, 4)
    truth = (1 + (arb(4) / 2 / arb(8).sqrt()).erf()) / 2
    left, right = mix.reach()
    for at, narrow in ((fmpq(2), True), (fmpq(3), False), (fmpq(-1), False)):
        first = _thresholds._Cell(left, at, left, at, 0)
        second = _thresholds._Cell(at, right, at, right, 1)
        bounds = [_thresholds._bounds(mix, [0, 1], cell) for cell in (first, second)]
        lower, upper = (sum((b[i] for b in bounds), arb(0)) for i in (0, 1))
        slack = arb(10) ** -9  # the tails that success() adds
        assert lower - slack <= truth <= upper + slack
        assert bool(upper - lower < slack) == narrow


def test_ties_and_nothing_to_tell() -> None:
    """Equal populations: an advantage of 0, whatever the learner."""
    same = bernoulli(p0="0.3", p1="0.3")
    for noise in (LaplaceLaw(scale=1), Tulap(epsilon=1), DiscreteLaplace(epsilon=1)):
        found = line.advantage(noisy((0, 1), noise), same, n=50)
        assert found.contains(0)
        assert found.rad() < arb(10) ** -15
    law = Outcomes(lambda counts: (fmpq(1 + counts[1], 60), fmpq(59 - counts[1], 60)))
    assert finite.advantage(law, same, n=50) == 0


@pytest.mark.parametrize("scores", [(0, 1, 1), (0, 1, 3), (fmpq(1, 2), fmpq(-1, 3), 2), (5, 5, 5)])
def test_sums_stand_for_histograms(scores: Any) -> None:
    """Grouping data sets by their sum changes nothing."""
    family = swap(a="0.5", b="0.2")
    noise = LaplaceLaw(scale=2)
    grouped = line.success(noisy(scores, noise), family, n=6)
    assert grouped.overlaps(line.success(Bare(scores, noise), family, n=6))
    sets = list(DataSets.of(noisy(scores, noise), family, n=6).terms)
    sums = [Bare(scores, noise).centre(counts) for counts, _ in sets]
    assert len(set(sums)) == len(sums)
    assert all(sum(counts) == 6 for counts, _ in sets)


def test_a_thousand_records() -> None:
    """Both kinds at n = 1000; the normal law says nearly what the count does (Berry-Esseen)."""
    family = bernoulli(p0="0.49", p1="0.51")
    learner = noisy((0, 1), GaussianLaw(standard_deviation=10))
    found = line.advantage(learner, family, n=1000)
    normal = gaussian.noisy_mean_advantage(
        n=1000, shift="0.02", noise_variance="0.0001", record_variance="0.2499"
    )
    # each law is within 0.56 (0.51^2 + 0.49^2)/sqrt(1000 * 0.2499) < 0.018 of the normal one
    assert abs(found - normal) < 0.036

    def law(counts: Histogram) -> tuple[arb, arb]:
        above = 1 - learner.noise.cdf(500 - learner.centre(counts))
        return 1 - above, above

    # comparing with the middle is the best test by symmetry
    assert finite.advantage(Outcomes(law), family, n=1000).overlaps(found)


def test_what_cannot_be_is_refused() -> None:
    family = bernoulli(p0="0.3", p1="0.6")
    count = noisy((0, 1), LaplaceLaw(scale=1))
    for prior in (("0.5", "0.4"), ("0.5", "0.5", "0"), ("-0.5", "1.5")):
        with pytest.raises(ParameterError, match="prior"):
            line.success(count, family, n=1, prior=prior)
    with pytest.raises(ParameterError, match="secrets"):
        line.advantage(count, THREE, n=1)
    with pytest.raises(ParameterError, match="centre"):
        line.success(Bare((0, fmpq(1, 2)), DiscreteLaplace(epsilon=1)), family, n=3)
    with pytest.raises(ParameterError, match="scores"):
        line.success(noisy((0, 1, 2), LaplaceLaw(scale=1)), family, n=3)
    with pytest.raises(ParameterError, match="tolerance"):
        line.success(count, family, n=1, tolerance=fmpq(0))
    for law in ((fmpq(1, 2), fmpq(1, 3)), (fmpq(3, 2), fmpq(-1, 2)), (arb(0.5), arb(0.25))):
        with pytest.raises(ParameterError, match="law"):
            finite.success(Outcomes(lambda counts, law=law: law), family, n=1)  # type: ignore[misc]
    uneven = Outcomes(lambda counts: [fmpq(1, 1 + counts[1])] * (1 + counts[1]))
    with pytest.raises(ParameterError, match="law"):
        finite.success(uneven, family, n=1)
    wide = noisy((0, 1, 2), DiscreteLaplace(epsilon=fmpq(1, 10**6)))
    crossed = FiniteFamily(((fmpq(1, 2), 0, fmpq(1, 2)), (0, fmpq(1), 0)))
    with pytest.raises(PrecisionError):
        line.success(wide, crossed, n=1)


def test_a_certain_secret_is_always_guessed() -> None:
    count = noisy((0, 1), LaplaceLaw(scale=1))
    assert line.success(count, THREE, n=3, prior=(0, 1, 0)) == 1
    law = Outcomes(lambda counts: (fmpq(1, 3), fmpq(2, 3)))
    assert finite.success(law, THREE, n=3, prior=(0, 1, 0)) == 1
    assert finite.success(law, THREE, n=3, prior=("0.2", "0.5", "0.3")) == fmpq(1, 2)
