"""Certified sums over a binomial law, at a cost that does not grow with n where it can be helped."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx, fmpq

from mipriv.contexts.arb import power
from mipriv.rigor.binomial import pmf
from mipriv.rigor.enclosure import Number, ball, floor

MAX_TAIL = 200_000  # of a sum whose terms are ratios
SHORT_TAIL = 20_000  # up to here the sum is as fast as the incomplete beta function
_WIDE_BITS = 128  # mass outside a window whose ends alone are used
_BETA_RECORDS = 10**12  # beyond, Arb's incomplete beta has no digits left near the mode


def partial_sum(n: int, count: int, u: Number, v: Number) -> arb:
    """Sum over K < count of C(n, K) u^K v^(n-K), for v > 0 and u of either sign.

    The terms fall off geometrically on the side of `count` away from their mode, so that side is
    added up, and if it is the upper one it is taken from the whole (u+v)^n.  Near the mode of many
    records a positive sum is read off Arb's incomplete beta function, and an alternating one of too
    many terms is bounded: partial sums of an alternating unimodal sequence stay within twice its
    largest term, itself at most (|u|+v)^n.

    Returns:
        A ball; not finite where no digits are to be had (n beyond about 10^12).
    """
    if count <= 0:
        return arb(0)
    top, bottom = arb(u), arb(v)
    if count > n:
        return power(top + bottom, n)
    size = abs(top)
    share = size / (size + bottom)
    below = arb(count) <= n * share.mid()
    length = _tail_length(n, count, share.mid())
    if top > 0 and length > SHORT_TAIL and _beta_is_fast(n, count, share.mid()):
        return power(top + bottom, n) * (1 - share).beta_lower(arb(n - count + 1), arb(count), 1)
    if length <= MAX_TAIL:
        side = _tail(n, count - 1 if below else count, top, bottom, downward=below)
        return side if below else power(top + bottom, n) - side
    if top > 0:
        return arb.nan()
    reach = 2 * power(size + bottom, n)
    return (-reach).union(reach)


def _beta_is_fast(n: int, count: int, share: arb) -> bool:
    """Whether Arb's incomplete beta answers within a second: a measured region around the mode.

    Outside it (a standard deviation below 300, or count farther than 300 of them) its series may
    run for minutes; there the tail is short.
    """
    variance = n * share * (1 - share)
    distance = arb(count) - n * share
    return bool(
        n <= _BETA_RECORDS and variance > 90_000 and distance * distance < 90_000 * variance
    )


def _tail_length(n: int, count: int, share: arb) -> float:
    """Estimate of the terms from `count` on, away from the mode, until they are below rounding."""
    variance = n * share * (1 - share)
    distance = abs(arb(count) - n * share)
    needed = distance * distance + 2 * variance * (ctx.prec + 8)
    return float((needed.sqrt() - distance + 40).upper())


def _tail(n: int, start: int, u: arb, v: arb, *, downward: bool) -> arb:
    """Sum of C(n, K) u^K v^(n-K) over K from start to 0 (downward) or to n.

    Ratios of neighbours fall along the way, so that once one is r < 1 the rest is at most
    term * r/(1-r); the sum stops where that is below rounding, and adds it to the radius.
    """
    sign = -1 if u < 0 and start % 2 else 1
    with ctx.extraprec(n.bit_length() + 16):  # the logarithms are as large as n log n
        logs = arb(n + 1).lgamma() - arb(start + 1).lgamma() - arb(n - start + 1).lgamma()
        term = sign * (logs + start * abs(u).log() + (n - start) * v.log()).exp()
    if term.rel_accuracy_bits() < 8:  # u and v came with too few digits for powers this high
        return arb.nan()
    odds = v / u if downward else u / v
    total, k = term, start
    last = 0 if downward else n
    step = -1 if downward else 1
    while k != last:
        grown = odds * k / (n - k + 1) if downward else odds * (n - k) / (k + 1)
        term *= grown
        total += term
        k += step
        if (k - start) % 16 == 0:
            ratio = abs(grown)
            rest = abs(term) * ratio / (1 - ratio)
            if ratio < 1 and rest.upper() < abs(total).lower() * arb(2) ** -ctx.prec:
                return total + (-rest).union(rest)
            if abs(k - start) > 2 * MAX_TAIL:
                return arb.nan()
    return total


def expectation(n: int, tau: fmpq, term: Callable[[int], Number], *, max_terms: int) -> arb:
    """Enclose E[term(K)], K ~ Bin(n, tau), 0 < tau < 1, for a monotone term in [0, 1].

    Sums every K within a window outside which Bernstein's inequality leaves less than
    2^-precision.  A window of more than `max_terms` is cut into bins, on each of which the term
    lies between its values at the ends (one bin alone beyond 200,000 records): proved, but wider.
    """
    low, high, outside = _window(n, tau, ctx.prec)
    stride = 1
    if high - low > max_terms:
        # more precision would widen this window again: its digits end here
        low, high, outside = _window(n, tau, min(ctx.prec, _WIDE_BITS))
        stride = -(-8 * (high - low) // max_terms)
    rest = arb(0).union(outside)
    if high - low > MAX_TAIL:
        return _between(term, low, high) * (1 - rest) + rest
    odds = arb(tau) / arb(1 - tau)
    mass, total = pmf(n, low, tau), arb(0)
    for start in range(low, high + 1, stride):
        stop = min(start + stride, high + 1)
        inside = arb(0)
        for k in range(start, stop):
            inside += mass
            mass = mass * (n - k) * odds / (k + 1)
        total += inside * _between(term, start, stop - 1)
    return total + rest


def _between(term: Callable[[int], Number], low: int, high: int) -> arb:
    """Ball around all values of a monotone term from low to high."""
    first = ball(term(low))
    return first if low == high else first.union(ball(term(high)))


def _window(n: int, tau: fmpq, precision: int) -> tuple[int, int, arb]:
    """[low, high] and an upper bound on the mass outside: 2 exp(-t^2/(2 (var + t/3)))."""
    variance = n * tau * (1 - tau)
    bits = arb(precision + 8) * arb(2).log()
    reach = bits / 3 + (bits * bits / 9 + 2 * bits * arb(variance)).sqrt()
    width = floor(reach.upper()) + 1
    mean = n * tau
    low, high = int(mean.floor()) - width, int(mean.ceil()) + width
    outside = arb(0)
    if low > 0 or high < n:
        outside = 2 * (-(arb(width) ** 2) / (2 * (arb(variance) + arb(width) / 3))).exp()
    return max(low, 0), min(high, n), outside
