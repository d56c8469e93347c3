"""From information to advantage: the tight inequalities between I(S;Y) and a guess of S."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def xlogx(k: Context, x: Any) -> Any:
    """x log x, 0 at x = 0."""
    return k.select(k.is_zero(x), lambda: x * 0, lambda: x * k.log(x))


def binary_information(k: Context, advantage: Any) -> Any:
    """Least information, in bits, with which two equiprobable secrets are told apart at TV = t.

    I(t) = 1 - h2((1-t)/2) = (t atanh t + log(1-t^2)/2) / log 2, which keeps its accuracy at small
    t; 1 at t = 1.  The binary symmetric channel attains it.
    """
    t = advantage

    def partial() -> Any:
        return (t * k.atanh(t) + k.log1p(-t * t) / 2) / k.log(2)

    return k.select(k.is_zero(1 - t), lambda: t, partial)


def fano_information(k: Context, success: Any, count: Any) -> Any:
    """Least information, in bits, with which one of K equiprobable secrets is guessed at rate p >= 1/K.

    log2 K - h2(p) - (1-p) log2(K-1) (Fano); tight.
    """
    return divergence(k, success, 1 / (success * 0 + count))


def divergence(k: Context, p: Any, r: Any) -> Any:
    """Binary relative entropy d2(p || r) in bits, 0 < r < 1, 0 <= p <= 1.

    For K equiprobable secrets d2(p || 1/K) is Fano's expression; for any prior, with r its largest
    mass, it bounds the information below (data processing of the event "the guess is right").
    """
    miss = 1 - p
    nats = xlogx(k, p) - p * k.log(r) + xlogx(k, miss) - miss * k.log1p(-r)
    return nats / k.log(2)


def entropy(k: Context, p: Any) -> Any:
    """h2(p) in bits."""
    return -(xlogx(k, p) + xlogx(k, 1 - p)) / k.log(2)
