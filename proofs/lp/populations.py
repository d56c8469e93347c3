"""Theorem 6: two populations at total variation tau, by programs over histograms.

One event of a learner's answers suffices, as the loss is the largest difference of an event's
probabilities; and the order of independent records carries nothing, so the learner may be averaged
over it.  `lp.population` solves some cases over all ordered data sets as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import comb, prod
from random import Random

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.population import population, population_complement
from mipriv.formulas.worst_case import unclamped, worst_case
from mipriv.loss.optimal import histograms
from proofs.check import Check, demand
from proofs.exact.definitions import Claim, binomial_mean
from proofs.lp.cases import claims, masses, squares
from proofs.lp.mechanisms import Data, event_rows, histogram_pairs, word_pairs, words
from proofs.lp.program import Draft
from proofs.lp.solve import optimum

Pair = tuple[Sequence[fmpq], Sequence[fmpq]]
Mass = Callable[[Data, Sequence[fmpq]], fmpq]


def multinomial(counts: Data, population: Sequence[fmpq]) -> fmpq:
    """Probability of a histogram of independent records."""
    total, left = fmpq(1), sum(counts)
    for count, mass in zip(counts, population, strict=True):
        total *= comb(left, count) * mass**count
        left -= count
    return total


def word_mass(word: Data, population: Sequence[fmpq]) -> fmpq:
    """Probability of independent records in this order."""
    return prod((population[symbol] for symbol in word), start=fmpq(1))


def gains(data: Iterable[Data], mass: Mass, pair: Pair) -> dict[Data, fmpq]:
    """What an event's probability at each data set adds to the loss."""
    return {d: mass(d, pair[1]) - mass(d, pair[0]) for d in data}


def pair_loss(claim: Claim, n: int, pair: Pair) -> fmpq:
    """Optimum over all learners for this pair."""
    symbols = len(pair[0])
    draft = Draft()
    event_rows(draft, claim, histogram_pairs(n, symbols))
    return optimum(draft.maximise(gains(histograms(n, symbols), multinomial, pair)))


def ordered_loss(claim: Claim, n: int, pair: Pair) -> fmpq:
    """The same over all data sets in order."""
    symbols = len(pair[0])
    draft = Draft()
    event_rows(draft, claim, word_pairs(n, symbols))
    return optimum(draft.maximise(gains(words(n, symbols), word_mass, pair)))


def chain_loss(claim: Claim, n: int) -> fmpq:
    """The code's TV*_n."""
    value: fmpq = worst_case(RATIONAL, log_of(claim[0]), claim[1], n)
    return value


def extremal(tau: fmpq) -> Pair:
    """A point each with probability tau, else a third symbol."""
    return (tau, fmpq(0), 1 - tau), (fmpq(0), tau, 1 - tau)


def demand_population(claim: Claim, n: int, tau: fmpq, best: fmpq) -> None:
    """E[TV*_K] is the optimum, and the closed form is it unless some TV*_k is clamped."""
    epsilon, delta = log_of(claim[0]), claim[1]
    where = f"E = {claim[0]}, delta = {delta}, n = {n}, tau = {tau}"
    mean = binomial_mean(n, tau, partial(chain_loss, claim))
    demand(mean == best, f"E[TV*_K] is {mean}, the optimum {best}, at {where}")
    closed = population(RATIONAL, epsilon, delta, n, tau)
    room = population_complement(RATIONAL, epsilon, delta, n, tau)
    free = all(unclamped(RATIONAL, epsilon, delta, k) <= 1 for k in range(1, n + 1))
    if free:
        demand(closed == best, f"population is {closed}, the optimum {best}, at {where}")
        demand(room == 1 - best, f"population_complement is {room}, not {1 - best}, at {where}")
    else:
        demand(closed >= best, f"population is {closed}, below {best}, at {where}")
        demand(room <= 1 - best, f"population_complement is {room}, above {1 - best}, at {where}")


def extremal_pairs_reach_the_mean() -> str:
    """Every claim at several n and tau; small ones over ordered data sets too."""
    draw = Random(6)
    cases = 0
    for claim in squares(6, 14):
        for n in range(1, 7):
            tau = draw.choice((fmpq(1), fmpq(draw.randint(1, 99), 100)))
            best = pair_loss(claim, n, extremal(tau))
            demand_population(claim, n, tau, best)
            cases += 1
            if n <= 2:
                ordered = ordered_loss(claim, n, extremal(tau))
                demand(ordered == best, f"{ordered} in order, {best} by counts, at {claim}")
                cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


def other_pairs_stay_below() -> str:
    """Random pairs of 2 to 4 symbols: at most E[TV*_K] at their own tau."""
    draw = Random(66)
    cases = strictly = 0
    for claim in claims(66, 20):
        for n in range(1, 5):
            symbols = draw.randint(2, 4)
            pair = masses(draw, symbols), masses(draw, symbols)
            tau = sum((max(p - q, fmpq(0)) for p, q in zip(*pair, strict=True)), fmpq(0))
            best = pair_loss(claim, n, pair)
            mean = binomial_mean(n, tau, partial(chain_loss, claim))
            demand(best <= mean, f"the pair {pair} loses {best}, above {mean}, at {claim}, n = {n}")
            strictly += best < mean
            cases += 1
    return f"{cases} programs, {cases} certificates re-checked, {strictly} strictly below"


def swap_loss(claim: Claim, n: int, pair: Pair) -> fmpq:
    """E over P_1^n of sgn(D) TV*_|D|, D how many more records carry x_1 than x_0."""
    total = fmpq(0)
    for counts in histograms(n, 3):
        lead = counts[1] - counts[0]
        sign = (lead > 0) - (lead < 0)
        total += sign * multinomial(counts, pair[1]) * chain_loss(claim, abs(lead))
    return total


def swap_pairs_are_the_signed_mean() -> str:
    """P_0 = (a, b, rest), P_1 = (b, a, rest), a >= b."""
    draw = Random(7)
    cases = 0
    for claim in claims(7, 20):
        for n in range(1, 6):
            low, high, rest = [*sorted(masses(draw, 2)), fmpq(draw.randint(0, 3), 2)]
            low, high, rest = (mass / (1 + rest) for mass in (low, high, rest))
            pair = (high, low, rest), (low, high, rest)
            best = pair_loss(claim, n, pair)
            found = swap_loss(claim, n, pair)
            demand(found == best, f"signed mean {found}, optimum {best}, at {claim}, {pair}, n={n}")
            cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


CHECKS = (
    Check(
        "lp.population",
        "for the extremal pair at tau the optimum over all learners is E[TV*_K], n <= 6",
        extremal_pairs_reach_the_mean,
    ),
    Check(
        "lp.population-pairs",
        "no other pair at the same tau loses more",
        other_pairs_stay_below,
    ),
    Check(
        "lp.swap-pairs",
        "for a pair that exchanges two masses the optimum is the mean of sgn(D) TV*_|D|",
        swap_pairs_are_the_signed_mean,
    ),
)
