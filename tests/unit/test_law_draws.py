"""Draws of noise: seeded ones against their law, exact ones against every choice they can make."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from scipy.stats import binom

from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw, LaplaceLaw, Tulap, _exact

FALSE_ALARM = 1e-9  # of one comparison of a count with its binomial law
TRIALS = 20_000
BITS = 128
LAWS: list[Any] = [
    GaussianLaw(standard_deviation=fmpq(7, 10)),
    LaplaceLaw(scale=fmpq(5, 3)),
    DiscreteLaplace(epsilon=fmpq(1, 3)),
    DiscreteLaplace(epsilon=fmpq(4)),
    DiscreteGaussian(sigma_squared=fmpq(1, 5)),
    DiscreteGaussian(sigma_squared=fmpq(19, 2)),
    Tulap(epsilon=fmpq(2, 5)),
    Tulap(epsilon=fmpq(2, 5), delta=fmpq(3, 100)),
    Tulap(epsilon=fmpq(2), delta=fmpq(1, 5)),
    Tulap(epsilon=fmpq(0), delta=fmpq(7, 100)),
    Tulap(epsilon=fmpq(1, 10**15), delta=fmpq(7, 100)),
    Tulap(epsilon=fmpq(1, 2), delta=fmpq(1)),
]


def plausible(count: int, trials: int, probability: float) -> bool:
    """Whether a count is no rarer than FALSE_ALARM under Bin(trials, probability)."""
    tails = binom.cdf(count, trials, probability), binom.sf(count - 1, trials, probability)
    return bool(2 * min(tails) >= FALSE_ALARM)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_seeded_draws_follow_their_law(law: Any) -> None:
    draws = law.sample((TRIALS // 2, 2), np.random.default_rng(11))
    assert draws.shape == (TRIALS // 2, 2)
    assert draws.dtype == np.float64
    assert (draws == law.sample((TRIALS // 2, 2), np.random.default_rng(11))).all()
    assert not law.lattice or (draws == np.floor(draws)).all()
    for x in map(fmpq, (-6, -2, -1, 0, 1, 3)):
        for threshold in (x, x - fmpq(3, 10)):
            chance = min(max(float(law.cdf(threshold).mid()), 0.0), 1.0)
            count = int((draws <= float(arb(threshold))).sum())
            assert plausible(count, TRIALS, chance)
    wrong = float(law.cdf(fmpq(-1, 5)).mid()) + 0.03
    assert not plausible(int((draws <= -0.2).sum()), TRIALS, wrong)


def test_wide_and_narrow_discrete_gaussian_draws() -> None:
    rng = np.random.default_rng(12)
    assert (DiscreteGaussian(sigma_squared=fmpq(1, 10**6)).sample((50,), rng) == 0).all()
    law = DiscreteGaussian(sigma_squared=fmpq(10**6))
    draws = law.sample((TRIALS,), rng)
    for x in (-1500, -10, 700):
        assert plausible(int((draws <= x).sum()), TRIALS, float(law.cdf(fmpq(x)).mid()))
    assert law.sample((0,), rng).shape == (0,)


class Undecided(Exception):
    """A sampler asks for a choice, of these chances, that has not been made yet."""

    def __init__(self, chances: list[arb]) -> None:
        super().__init__()
        self.chances = chances


Choose = Callable[[list[arb]], int]


def outcomes(
    sampler: Callable[[Choose], int], *, least: float = 1e-7
) -> tuple[dict[int, arb], arb]:
    """Probability of each outcome over the likeliest choices, and of all others: about `least`."""
    mass: dict[int, arb] = defaultdict(lambda: arb(0))
    queue: list[tuple[float, tuple[int, ...], arb]] = [(-1.0, (), arb(1))]
    while -math.fsum(entry[0] for entry in queue) > least:
        _, made, weight = heapq.heappop(queue)
        unread = list(reversed(made))

        def choose(chances: list[arb], unread: list[int] = unread) -> int:
            if not unread:
                raise Undecided(chances)
            return unread.pop()

        try:
            mass[sampler(choose)] += weight
        except Undecided as question:
            for choice, chance in enumerate(question.chances):
                if not chance.is_zero():
                    part = weight * chance
                    heapq.heappush(queue, (-float(part.mid()), (*made, choice), part))
    return dict(mass), sum((weight for *_, weight in queue), arb(0))


def coin(choose: Choose, chance: arb) -> bool:
    return choose([1 - chance, chance]) == 1


def test_the_rational_coin_counts_the_numbers_below_its_chance() -> None:
    hits = [_exact.bernoulli(fmpq(3, 7), lambda values, k=k: k % values) for k in range(7)]
    assert hits == [True] * 3 + [False] * 4


@pytest.mark.parametrize("rate", [fmpq(0), fmpq(1, 3), fmpq(1), fmpq(5, 2), fmpq(3)])
def test_the_coin_of_an_exponential_is_made_of_rational_ones(
    rate: fmpq, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its `below` is passed on to every rational coin, whose choices are enumerated here."""
    monkeypatch.setattr(_exact, "bernoulli", lambda chance, choose: coin(choose, arb(chance)))
    with ctx.workprec(BITS):
        mass, rest = outcomes(lambda choose: int(_exact.bernoulli_exp(rate, choose)))
        gap = arb(-rate).exp() - mass.get(1, arb(0))
        assert not gap < 0
        assert not gap > rest
        assert rest < arb(10) ** -6


class StartedAgain(Exception):
    """A sampler rejected its draw and is back where it began."""


@pytest.mark.parametrize(
    ("law", "width"),
    [
        (DiscreteLaplace(epsilon=fmpq(1)), 1),
        (DiscreteLaplace(epsilon=fmpq(5, 3)), 3),
        (DiscreteLaplace(epsilon=fmpq(3, 4)), 4),
        (DiscreteGaussian(sigma_squared=fmpq(1, 2)), 1),
        (DiscreteGaussian(sigma_squared=fmpq(5)), 3),
    ],
    ids=str,
)
def test_exact_draws_have_the_masses_of_their_law(
    law: Any, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pass gives k with some mass, or starts again: the law is the mass over that of no restart.

    A pass begins with a number below `width`, the only time that is asked for.  The coins of an
    exponential are taken as tested above.
    """
    again = 10**9

    def one_pass(choose: Choose) -> int:
        asked: list[int] = []

        def below(values: int) -> int:
            if values == width and asked:
                raise StartedAgain
            asked.append(values)
            return choose([arb(1) / values] * values)

        def exponential(rate: fmpq, _: object) -> bool:
            return coin(choose, arb(-rate).exp())

        monkeypatch.setattr(_exact, "_part", exponential)
        monkeypatch.setattr(_exact, "bernoulli_exp", exponential)
        try:
            return int(law.sample_exactly(below=below))
        except StartedAgain:
            return again

    with ctx.workprec(BITS):
        mass, rest = outcomes(one_pass)
        assert rest < arb(10) ** -6
        decided = 1 - mass.pop(again, arb(0))
        for k in range(-4, 5):
            goal, found = law.density(fmpq(k)), mass.get(k, arb(0))
            assert not goal * decided < found
            assert not goal * (decided - rest) > found + rest


@pytest.mark.parametrize(
    "law",
    [
        DiscreteLaplace(epsilon=fmpq(3, 7)),
        DiscreteLaplace(epsilon=fmpq(1, 50)),
        DiscreteGaussian(sigma_squared=fmpq(3, 10)),
        DiscreteGaussian(sigma_squared=fmpq(40)),
    ],
    ids=str,
)
def test_exact_draws_are_as_frequent_as_their_law(law: Any) -> None:
    below = random.Random(13).randrange
    trials = 3_000
    draws = Counter(law.sample_exactly(below=below) for _ in range(trials))
    for k in range(-12, 13):
        assert plausible(draws[k], trials, float(law.density(fmpq(k)).mid()))
        low = sum(count for value, count in draws.items() if value <= k)
        assert plausible(low, trials, float(law.cdf(fmpq(k)).mid()))


def test_exact_draws_come_from_the_system_by_default() -> None:
    draws = [DiscreteGaussian(sigma_squared=fmpq(400)).sample_exactly() for _ in range(40)]
    assert all(isinstance(draw, int) for draw in draws)
    assert len(set(draws)) > 1  # all 40 alike: probability below (1/50)^39
