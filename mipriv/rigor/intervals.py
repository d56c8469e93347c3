"""Certified statements about a probability from counts: intervals, p-values, many at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.errors import require
from mipriv.rigor.binomial import pmf
from mipriv.rigor.decimals import exact, unit, whole
from mipriv.rigor.enclosure import Enclosure, Number

MOST_TRIALS = 10**12
_MANY = 100_000  # variance from which the beta function is faster, and its reach there, squared
_BITS = 96
_DIGITS = 20  # more than a double holds, so that the rounding to one is the coarser
_STEPS = 100
_NEAR = fmpq(1, 2**30)  # a Newton step this short leaves an error of its square
_SLACK = fmpq(1, 2**70)  # by which an end is moved outward to be certain


@dataclass(frozen=True, slots=True)
class Interval:
    """An unknown number lies in [lower, upper], at the confidence that it was asked for."""

    lower: float
    upper: float

    def __contains__(self, value: object) -> bool:
        """Whether a rational number lies in the closed interval, exactly."""
        number = exact(value, "value")
        return bool(exact(self.lower, "lower") <= number <= exact(self.upper, "upper"))


def outward(value: Number) -> Interval:
    """Enclose a ball or a rational number by two doubles."""
    ends = Enclosure.of(value, _DIGITS)
    return Interval(float(ends.lower), float(ends.upper))


def upper_tail(*, hits: int, trials: int, probability: Number) -> arb:
    """Pr[Bin(trials, probability) >= hits], a ball at the current precision.

    Near the mode of many trials it is read off Arb's incomplete beta function, which is fast there.
    Elsewhere the terms are added up from `hits` away from the mode.  Neighbours' ratios fall on the
    way, so that once one is r < 1 all that is left is at most term * r/(1-r): it goes into the radius.

    Args:
        hits: whole number.
        trials: whole number, from 0 to 10^12.
        probability: rational number or ball, in [0, 1].
    """
    if hits <= 0:
        return arb(1)
    if hits > trials or probability == 0:
        return arb(0)
    if probability == 1:
        return arb(1)
    p = arb(probability)
    if hits > (trials * p).mid():
        return _tail(trials, hits, p, 1 - p)
    return 1 - _tail(trials, trials - hits + 1, 1 - p, p)


def _tail(n: int, k: int, p: arb, q: arb) -> arb:
    """Pr[Bin(n, p) >= k], k above or near the mode, q = 1 - p."""
    variance, distance = (n * p * q).mid(), (k - n * p).mid()
    if variance > _MANY and distance * distance < _MANY * variance:
        with ctx.extraprec(n.bit_length() + 16):
            value = p.beta_lower(arb(k), arb(n - k + 1), 1)
        if value.is_finite():
            return value * 1
    with ctx.extraprec(n.bit_length() + 16):  # the logarithms are as large as n log n
        logs = arb(n + 1).lgamma() - arb(k + 1).lgamma() - arb(n - k + 1).lgamma()
        term = (logs + k * p.log() + (n - k) * q.log()).exp()
    odds, small = p / q, arb(2) ** -ctx.prec
    total = term
    for j in range(k, n):
        ratio = odds * (n - j) / (j + 1)
        term *= ratio
        total += term
        if j % 16 == 0 and ratio < 1:
            rest = (term * ratio / (1 - ratio)).upper()
            if rest < small * total:
                return total + arb(0).union(rest)
    return total


def proportion(*, hits: int, trials: int, confidence: Any) -> Interval:
    """Exact two-sided interval of an unknown probability, from independent trials.

    It misses the probability with chance at most 1 - confidence, at most half of it on each side,
    whatever the probability is.  Both ends are certified: at a returned `lower` > 0 the chance of
    so many hits is proved at most (1 - confidence)/2, and likewise at `upper` of so few.

    Args:
        hits: whole number from 0 to trials.
        trials: whole number >= 0, at most 10^12; [0, 1] for 0.
        confidence: in (0, 1).

    Source: Clopper, Pearson 1934.

    >>> proportion(hits=0, trials=10, confidence="0.95").upper < 0.3084972
    True
    """
    trials = whole(trials, "trials", at_least=0)
    hits = whole(hits, "hits", at_least=0)
    require(trials <= MOST_TRIALS, must=f"be at most {MOST_TRIALS}", trials=trials)
    require(hits <= trials, must="be at most trials", hits=hits, trials=trials)
    level = unit(confidence, "confidence")
    require(0 < level < 1, must="lie strictly between 0 and 1", confidence=confidence)
    side = (1 - level) / 2
    with ctx.workprec(_BITS):
        below = _lower_end(hits, trials, side)
        above = _lower_end(trials - hits, trials, side)
    return Interval(outward(below).lower, outward(1 - above).upper)


def _lower_end(hits: int, trials: int, side: fmpq) -> fmpq:
    """A number at which Pr[Bin >= hits] is proved <= side; the largest up to some 2^-70 of itself.

    Newton's method for the logarithm of the tail as a function of log p.  That function is concave
    (its slope is 1/int_0^1 s^(k-1) ((1 - p s)/(1 - p))^(n-k) ds, which falls), so no step
    passes the root from below.
    """
    if hits == 0:
        return fmpq(0)
    target = arb(side).log()
    p = arb(_guess(hits, trials, side))
    for _ in range(_STEPS):
        tail = upper_tail(hits=hits, trials=trials, probability=p)
        slope = hits * _mass(trials, hits, p) / tail
        step = ((tail.log() - target) / slope).mid()
        p = (p * (-step).exp()).mid()
        if abs(step) < _NEAR * (1 - p):  # near 1 it is 1 - p that must be known
            break
    return _certified(p.fmpq(), hits, trials, side)


def _mass(trials: int, hits: int, p: arb) -> arb:
    return pmf(trials, hits, p.fmpq()) if hits < trials else p**trials


def _guess(hits: int, trials: int, side: fmpq) -> float:
    """Lower end by the normal law (Wilson 1927): a start, which proves nothing."""
    z = NormalDist().inv_cdf(max(float(side), 1e-300))
    share = hits / trials
    spread = z * math.sqrt(share * (1 - share) / trials + (z / trials) ** 2 / 4)
    low = (share + z * z / trials / 2 + spread) / (1 + z * z / trials)
    return min(max(low, share * 1e-3), 1 - 1e-3 / trials)


def _certified(start: fmpq, hits: int, trials: int, side: fmpq) -> fmpq:
    """A number just below `start`, as near as it takes, at which the tail is proved <= side."""
    slack = _SLACK
    while slack < 1:
        p = start * (1 - slack * (1 - start))
        if 0 < p < 1 and upper_tail(hits=hits, trials=trials, probability=p) <= side:
            return p
        slack *= 4
    return fmpq(0)


def difference(first: Interval, second: Interval) -> Interval:
    """Interval of a difference of two numbers from an interval of each, rounded outward.

    For a confidence 1 - s of the difference each interval needs 1 - s/2 (union bound).
    """
    lower = exact(first.lower, "lower") - exact(second.upper, "upper")
    upper = exact(first.upper, "upper") - exact(second.lower, "lower")
    return Interval(outward(lower).lower, outward(upper).upper)


def p_value(*, hits: int, trials: int, probability: Any) -> float:
    """Chance of at least `hits` of `trials` if each hits with at most `probability`, rounded up.

    Args:
        hits: whole number from 0 to trials.
        trials: whole number >= 0, at most 10^12.
        probability: largest one that the hypothesis allows, in [0, 1].

    >>> 0.125 <= p_value(hits=3, trials=3, probability="0.5") < 0.1250001
    True
    """
    trials = whole(trials, "trials", at_least=0)
    hits = whole(hits, "hits", at_least=0)
    require(trials <= MOST_TRIALS, must=f"be at most {MOST_TRIALS}", trials=trials)
    require(hits <= trials, must="be at most trials", hits=hits, trials=trials)
    chance = unit(probability, "probability")
    with ctx.workprec(_BITS + trials.bit_length()):
        tail = upper_tail(hits=hits, trials=trials, probability=chance)
    return min(1.0, outward(tail).upper)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values, in the order given: rejecting those <= s errs at all with chance <= s.

    The i-th smallest of m is multiplied by m - i + 1, and none falls below one before it; rounded
    up.  No independence is assumed.

    Source: Holm 1979.

    >>> holm([0.0078125, 0.5, 0.125])
    (0.0234375, 0.5, 0.25)
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(order), fmpq(0)
    for rank, i in enumerate(order):
        largest = max(largest, unit(p_values[i], "p_value") * (len(order) - rank))
        adjusted[i] = outward(min(largest, fmpq(1))).upper
    return tuple(adjusted)
