"""What the majority of k coins tells: the exact loss of randomised response.

With bias b = tanh(eps/2) and t_j = C(2j, j) (4 cosh^2(eps/2))^-j, k coins tell apart the two
directions with advantage b (t_0 + ... + t_(m-1)), m = ceil(k/2); all t_j add up to 1/b.
"""

from __future__ import annotations

from flint import arb, ctx, fmpq

MOST_TERMS = 500_000  # about half a second's worth; what is left is bounded
_GUARD_BITS = 32  # above the bits of MOST_TERMS, for the roundings of as many products


def advantage(epsilon: fmpq, k: int) -> arb:
    """Exact advantage of k >= 0 coins, epsilon > 0, as a ball."""
    bias, shrink = _walk(epsilon)
    return _sum(bias, shrink, arb(1), 0, (k + 1) // 2)


def headroom(epsilon: fmpq, k: int) -> arb:
    """1 - advantage to its own relative accuracy, epsilon > 0, k >= 0."""
    bias, shrink = _walk(epsilon)
    start = (k + 1) // 2
    return _sum(bias, shrink, _term(shrink, start), start, None)


def mixed_advantage(epsilon: fmpq, symbols: int, k: int) -> arb:
    """E of the advantage of M coins, M ~ Bin(k, s): K symbols, two of which tell.

    Args:
        epsilon: nats, > 0.
        symbols: K > 2.
        k: >= 1; the cost is proportional to it.
    """
    with ctx.extraprec(_GUARD_BITS):
        share, rest = _shares(epsilon, symbols)
        bias, shrink = _walk(epsilon)
        mass, term, told, total = rest**k, arb(1), arb(0), arb(0)
        for coins in range(1, k + 1):
            mass *= share * (k - coins + 1) / (rest * coins)
            if coins % 2:
                told += bias * term
                term *= shrink * coins / (coins + 1)
            total += mass * told
    return +total


def mixed_headroom(epsilon: fmpq, symbols: int, k: int) -> arb:
    """1 - mixed_advantage to its own relative accuracy: the same sum from M = k down."""
    with ctx.extraprec(_GUARD_BITS):
        share, rest = _shares(epsilon, symbols)
        bias, shrink = _walk(epsilon)
        mass, hidden, total = share**k, headroom(epsilon, k), arb(0)
        term = _term(shrink, (k + 1) // 2)
        for coins in range(k, -1, -1):
            total += mass * hidden
            if coins % 2:
                term *= (coins + 1) / (shrink * coins)
                hidden += bias * term
            if coins:
                mass *= rest * coins / (share * (k - coins + 1))
    return +total


def _walk(epsilon: fmpq) -> tuple[arb, arb]:
    """Bias 2p - 1 and 4 p (1 - p) of one coin."""
    half = arb(epsilon) / 2
    return half.tanh(), 1 / half.cosh() ** 2


def _shares(epsilon: fmpq, symbols: int) -> tuple[arb, arb]:
    """Chance that a released symbol is one of the two that tell, and that it is not."""
    odds = arb(epsilon).exp()
    whole = odds + (symbols - 1)
    return (odds + 1) / whole, (symbols - 2) / whole


def _term(shrink: arb, j: int) -> arb:
    """t_j = Gamma(j + 1/2)/(sqrt(pi) Gamma(j + 1)) shrink^j."""
    with ctx.extraprec(2 * j.bit_length() + _GUARD_BITS):
        logs = (arb(j) + arb(fmpq(1, 2))).lgamma() - arb(j + 1).lgamma() - arb.pi().log() / 2
        return (logs + j * shrink.log()).exp()


def _sum(bias: arb, shrink: arb, term: arb, start: int, stop: int | None) -> arb:
    """bias (t_start + ... + t_(stop-1)), to infinity without stop.

    The terms fall at least by the factor `shrink`, and 1 - shrink = bias^2: what follows t_j, itself
    included, is at most t_j/bias^2, and t_j for each term.
    """
    with ctx.extraprec(_GUARD_BITS):
        total, j = arb(0), start
        last = start + MOST_TERMS if stop is None else min(stop, start + MOST_TERMS)
        while j < last:
            total += term
            term = term * shrink * (2 * j + 1) / (2 * j + 2)
            j += 1
            if j % 64 == 0 and term < total * bias * bias * arb(2) ** -ctx.prec:
                break
        if j != stop:
            rest = term / (bias * bias)
            rest = rest if stop is None else rest.min(term * (stop - j))
            total += arb(0).union(rest.upper())
        total *= bias
    return +total
