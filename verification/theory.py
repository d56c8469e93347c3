"""What the theory allows: the least of all proved bounds that apply to a claim and populations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.training import Training, bounds
from mipriv.errors import UnsupportedGuarantee, require
from mipriv.game import PopulationGame
from mipriv.guarantee import ApproxDP, Loss
from mipriv.loss.population import population, swap
from mipriv.loss.prior import bayes_success
from mipriv.loss.secrets import secrets_success
from mipriv.loss.theorem import theorem
from mipriv.loss.worst_case import worst_case
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import exact
from mipriv.rigor.enclosure import Enclosure
from mipriv.rigor.intervals import outward
from verification.outcome import Theory

_DATA = 400  # histograms up to which the records' own loss is summed
_DIGITS = 17
_BITS = 96
Bound = tuple[Enclosure, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the attacker is to guess.

    Attributes:
        family: the populations, one a secret.
        n: records.
        prior: of every secret; None: equiprobable.
    """

    family: FiniteFamily
    n: int
    prior: tuple[fmpq, ...] | None = None

    @property
    def even(self) -> bool:
        """Two secrets at even odds: the advantage is asked for, otherwise the chance of success."""
        return self.family.secrets == 2 and self.prior is None

    @property
    def odds(self) -> tuple[fmpq, ...]:
        """Probability of every secret."""
        k = self.family.secrets
        return self.prior or (fmpq(1, k),) * k


def prior_of(given: object, secrets: int) -> tuple[fmpq, ...] | None:
    """The prior of a cell: None, the chance of secret 1 of two, or one number a secret."""
    if given is None:
        return None
    if isinstance(given, list | tuple):
        return tuple(exact(one, "prior") for one in given)
    chance = exact(given, "prior")
    require(secrets == 2, must="be a list, one number a secret, for more than two", prior=given)
    return 1 - chance, chance


def theory(claim: Any, question: Question) -> Theory:
    """The least proved bound on the best attacker's advantage, or success where odds are not even.

    Args:
        claim: of one record, or a DP-SGD training.
        question: populations, n and prior.

    Raises:
        UnsupportedGuarantee: no theorem covers this claim and question.
    """
    found = [*_of_claim(claim, question), *_of_data(question)]
    if not found:
        raise UnsupportedGuarantee(f"no theorem covers {type(claim).__name__} and this prior")
    value, method = min(found, key=lambda bound: bound[0].upper)
    ends = outward(_rational(value.lower)), outward(_rational(value.upper))
    return Theory(lower=ends[0].lower, upper=ends[1].upper, method=method)


def _rational(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _of_claim(claim: Any, question: Question) -> Iterator[Bound]:
    if question.even:
        yield from _apart(claim, question)
        return
    if isinstance(claim, ApproxDP):
        yield from _success(claim, question)
    yield _of_pairs(claim, question)


def _apart(claim: Any, question: Question) -> Iterator[Bound]:
    """Bounds on the total variation of what is released under two secrets."""
    if isinstance(claim, Training):
        with ctx.workprec(_BITS):
            for bound in bounds(replace(claim, tau=question.family.tau())):
                yield Enclosure.of(bound.loss, _DIGITS).within(0, 1), bound.method
    else:
        yield from _advantage(claim, question)


def _of_pairs(claim: Any, question: Question) -> Bound:
    """Success from advantages, for any odds: pi_0 + sum over other s of pi_s TV(p_s, p_0).

    With 0 the likeliest secret, max_s pi_s p_s <= pi_0 p_0 + sum (pi_s p_s - pi_0 p_0)+, and each
    positive part is at most pi_s (p_s - p_0)+.
    """
    odds, family = question.odds, question.family
    first = max(range(family.secrets), key=lambda s: odds[s])
    low = high = odds[first]
    method = ""
    for s in range(family.secrets):
        if s == first or odds[s] == 0:
            continue
        pair = FiniteFamily((family.masses[first], family.masses[s]))
        two = Question(family=pair, n=question.n)
        best, method = min(_apart(claim, two), key=lambda bound: bound[0].upper)
        low += odds[s] * _rational(best.lower)
        high += odds[s] * _rational(best.upper)
    ends = Enclosure.of(low, _DIGITS).lower, Enclosure.of(high, _DIGITS).upper
    return Enclosure(*ends).within(0, 1), f"success from pairs of secrets; {method}"


def _advantage(claim: Any, question: Question) -> Iterator[Bound]:
    tau = question.family.tau()
    game = PopulationGame(n=question.n, tau=tau, pair=question.family.pair())
    yield _of(population(claim, game))
    if tau < 1:
        yield _of(worst_case(claim, PopulationGame(n=question.n)))
    if isinstance(claim, ApproxDP) and _swapped(question.family):
        yield _of(swap(claim, game))


def _success(claim: ApproxDP, question: Question) -> Iterator[Bound]:
    k = question.family.secrets
    if k == 2:
        tau = question.family.tau()
        yield _of(
            bayes_success(claim, PopulationGame(n=question.n, prior=question.odds[1], tau=tau))
        )
    elif question.prior is None:
        yield _of(secrets_success(claim, PopulationGame(n=question.n, secrets=k)))


def _of_data(question: Question) -> Iterator[Bound]:
    """What the records themselves would tell: no learner tells more."""
    family, n = question.family, question.n
    if question.even:
        with ctx.workprec(_BITS):
            differ = 1 - arb(1 - family.tau()) ** n
        yield Enclosure.of(differ, _DIGITS).within(0, 1), "the chance that some record differs"
    total = fmpq(0)
    if math.comb(n + family.symbols - 1, n) > _DATA:
        return
    for _, chances in family.histograms(n):
        total += max(p * chance for p, chance in zip(question.odds, chances, strict=True))
    value = 2 * total - 1 if question.even else total
    yield Enclosure.of(value, _DIGITS).within(0, 1), "the records themselves"


def _of(loss: Loss) -> Bound:
    return loss.value, loss.method


def _swapped(family: FiniteFamily) -> bool:
    """Whether the second law is the first with two values exchanged."""
    first, second = family.masses[0], family.masses[1]
    moved = [i for i, (p, q) in enumerate(zip(first, second, strict=True)) if p != q]
    return len(moved) == 2 and first[moved[0]] == second[moved[1]]


def published(claim: Any, n: int) -> Theory:
    """The published bound of Wang, Zhang and Jia (2021) on an advantage: valid, not the least."""
    if not isinstance(claim, ApproxDP):
        raise UnsupportedGuarantee("the published bound is about (epsilon, delta)-DP")
    value, method = _of(theorem(claim, PopulationGame(n=n)))
    lower, upper = outward(_rational(value.lower)).lower, outward(_rational(value.upper)).upper
    return Theory(lower=min(lower, 1.0), upper=min(upper, 1.0), method=method)
