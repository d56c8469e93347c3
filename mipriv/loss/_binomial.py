"""Certified sums over a binomial law, at a cost that does not grow with n where it can be helped."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx, fmpq

from mipriv.contexts.arb import power
from mipriv.rigor.enclosure import Number, ball

MAX_TERMS = 60_000


def pmf(n: int, k: int, tau: fmpq) -> arb:
    """Pr[Bin(n, tau) = k] for 0 < tau < 1 and 0 <= k <= n, by Arb's log-gamma."""
    logs = arb(n + 1).lgamma() - arb(k + 1).lgamma() - arb(n - k + 1).lgamma()
    return (logs + k * arb(tau).log() + (n - k) * arb(1 - tau).log()).exp()


def partial_sum(n: int, count: int, u: Number, v: Number) -> arb:
    """Sum over K < count of C(n, K) u^K v^(n-K), for v >= 0 and u of either sign, u + v != 0.

    Equal to (u+v)^n I_{v/(u+v)}(n - count + 1, count), the regularised incomplete beta function,
    which for whole parameters is a polynomial identity: it holds for negative u too, where the sum
    alternates.  Of the two forms, the one whose argument is at most 1 is used, since Arb's 2F1 has
    its branch cut beyond.

    Returns:
        A ball; not finite where Arb's incomplete beta has no digits left (n beyond about 10^12).
    """
    if count <= 0:
        return arb(0)
    if count > n:
        return power(arb(u) + arb(v), n)
    top, bottom = arb(u), arb(v)
    whole = top + bottom
    scale = power(whole, n)
    if top >= 0 or whole < 0:
        share = (bottom / whole).beta_lower(arb(n - count + 1), arb(count), 1)
    else:
        share = 1 - (top / whole).beta_lower(arb(count), arb(n - count + 1), 1)
    return scale * share


def expectation(
    n: int,
    tau: fmpq,
    term: Callable[[int], Number],
    *,
    increasing: bool,
    max_terms: int = MAX_TERMS,
) -> arb:
    """Enclose E[term(K)], K ~ Bin(n, tau), 0 < tau < 1, for a monotone term in [0, 1].

    Sums every K within a window outside which Bernstein's inequality leaves less than
    2^-precision; a window of more than `max_terms` is replaced by the values at its two ends, a
    proved but wider enclosure.
    """
    low, high, outside = _window(n, tau)
    if high - low > max_terms:
        at_low, at_high = ball(term(low)), ball(term(high))
        if not increasing:
            at_low, at_high = at_high, at_low
        return (at_low * (1 - outside)).union((at_high + outside).min(arb(1)))
    mass = pmf(n, low, tau)
    odds = arb(tau) / arb(1 - tau)
    total = arb(0)
    for k in range(low, high + 1):
        total += mass * ball(term(k))
        mass = mass * (n - k) * odds / (k + 1)
    return total + arb(0).union(outside)


def _window(n: int, tau: fmpq) -> tuple[int, int, arb]:
    """[low, high] and an upper bound on the mass outside: 2 exp(-t^2/(2 (var + t/3)))."""
    variance = n * tau * (1 - tau)
    bits = arb(ctx.prec + 8) * arb(2).log()
    reach = bits / 3 + (bits * bits / 9 + 2 * bits * arb(variance)).sqrt()
    width = int(reach.upper().ceil().unique_fmpz())
    mean = n * tau
    low, high = int(mean.floor()) - width, int(mean.ceil()) + width
    outside = arb(0)
    if low > 0 or high < n:
        outside = 2 * (-arb(width) ** 2 / (2 * (arb(variance) + arb(width) / 3))).exp()
    return max(low, 0), min(high, n), outside
