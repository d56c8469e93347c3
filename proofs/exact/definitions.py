"""The definitions, in exact rational arithmetic; nothing here knows a closed form.

E = e^eps is a rational >= 1.  One changed record turns an event of probability a into one of
probability at most g(a) = min(1, E a + delta, 1 - (1 - delta - a)/E).
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

from flint import fmpq

Claim = tuple[fmpq, fmpq]  # (E, delta)

GROWTHS = (fmpq(1), fmpq(101, 100), fmpq(6, 5), fmpq(2), fmpq(7, 2), fmpq(40))
DELTAS = (fmpq(0), fmpq(1, 1000), fmpq(1, 30), fmpq(1, 4), fmpq(2, 3), fmpq(1))
CLAIMS: tuple[Claim, ...] = tuple((growth, delta) for growth in GROWTHS for delta in DELTAS)
# e^(eps/2) enters the mean over records, so E is the square of a rational there
SQUARES: tuple[Claim, ...] = tuple((root * root, delta) for root in GROWTHS for delta in DELTAS)


def grow(claim: Claim, a: fmpq) -> fmpq:
    """g: the largest probability after one more changed record."""
    growth, delta = claim
    return min(fmpq(1), growth * a + delta, 1 - (1 - delta - a) / growth)


def grown(claim: Claim, a: fmpq, steps: int) -> fmpq:
    """g iterated."""
    for _ in range(steps):
        a = grow(claim, a)
    return a


def breakpoints(claim: Claim, steps: int) -> set[fmpq]:
    """All points of [0, 1] where g^steps may change its slope, with both ends.

    g changes its slope at the fixed point of 1 - g and where it reaches 1; going back one step takes
    y to the least a with g(a) >= y, which is max(0, (y - delta)/E, 1 - delta - E (1 - y)).
    """
    growth, delta = claim
    kinks = {(1 - delta) / (1 + growth), 1 - delta}
    found = {fmpq(0), fmpq(1)}
    for _ in range(steps):
        found |= kinks
        back = ((max((y - delta) / growth, 1 - delta - growth * (1 - y)), y) for y in kinks)
        kinks = {a for a, _ in back if a >= 0}
    return found


def largest_gap(claim: Claim, steps: int) -> fmpq:
    """Largest p_n - p_0 of an event along a path: g^n(p) - p is piecewise linear in p."""
    return max(grown(claim, p, steps) - p for p in breakpoints(claim, steps))


def least_error(claim: Claim, steps: int, prior: fmpq) -> fmpq:
    """Least (1-pi) p_0 + pi (1 - p_n) along a path, pi = Pr[secret 1]; p_0 > 1 - p_n is folly."""
    points = breakpoints(claim, steps)
    return min((1 - prior) * p + prior * (1 - grown(claim, p, steps)) for p in points)


def group(claim: Claim, n: int) -> Claim:
    """(E, delta) of a group of n records: an inequality put into itself n - 1 times.

    Pr <= E (E_k Pr' + delta_k) + delta, from (1, 0) for no record.
    """
    growth, delta = fmpq(1), fmpq(0)
    for _ in range(n):
        growth, delta = claim[0] * growth, claim[0] * delta + claim[1]
    return growth, delta


def distance_bound(claim: Claim) -> fmpq:
    """Total variation of one pair: the largest min(E p + delta, 1 - (1-delta-p)/E) - p.

    Clamped at nothing, as the published bound is: the two lines meet at p = (1 - delta)/(1 + E).
    """
    growth, delta = claim
    meet = (1 - delta) / (1 + growth)
    return growth * meet + delta - meet


def binomial_mean(n: int, tau: fmpq, term: Callable[[int], fmpq]) -> fmpq:
    """Sum over k of C(n,k) tau^k (1-tau)^(n-k) term(k)."""
    return sum(
        (comb(n, k) * tau**k * (1 - tau) ** (n - k) * term(k) for k in range(n + 1)), fmpq(0)
    )
