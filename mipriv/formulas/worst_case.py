"""The exact worst case TV*_n over all (eps, delta)-DP learners and all pairs of populations."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def unclamped(k: Context, epsilon: Any, delta: Any, n: Any) -> Any:
    """t1 * S_n, which is TV*_n as long as it does not exceed 1.

    t1 = (e^eps - 1 + 2 delta)/(e^eps + 1), S_n = sum over k = 1..n of e^(-floor(k/2) eps).  With
    q = e^(-eps) - 1, u = 1 + q, m = floor(n/2) and R = (e^(-m eps) - 1)/q it is
    (2 delta u - q) * (R for even n, (1 + 2 u R)/(1 + u) for odd n); at eps = 0, n delta.
    """

    def positive() -> Any:
        negative = -epsilon
        q = k.expm1(negative)
        u = 1 + q
        ratio = k.expm1(k.half(n) * negative) / q
        return (2 * delta * u - q) * k.select(
            k.is_odd(n), lambda: (1 + 2 * u * ratio) / (1 + u), lambda: ratio
        )

    return k.select(k.is_zero(epsilon), lambda: n * delta, positive)


def worst_case(k: Context, epsilon: Any, delta: Any, n: Any) -> Any:
    """TV*_n = min(1, t1 S_n): the supremum of the loss; attained."""
    return k.minimum(1, unclamped(k, epsilon, delta, n))


def headroom(k: Context, epsilon: Any, delta: Any, n: Any) -> Any:
    """1 - t1 S_n in the form that keeps small complements; negative once saturated.

    e^(-m eps) - 2 delta e^(-eps) e/d for even n, twice (a* e^(-m eps) - delta e^(-eps) e/d) for odd
    n, where a* = (1-delta) e^(-eps)/(1+e^(-eps)) is the fixed point of the trade-off curve.
    """

    def positive() -> Any:
        shrunk = k.exp(-k.half(n) * epsilon)
        lost = k.exp(-epsilon) * k.expm1(-k.half(n) * epsilon) / k.expm1(-epsilon)
        return k.select(
            k.is_odd(n),
            lambda: 2 * (fixed_point(k, epsilon, delta) * shrunk - delta * lost),
            lambda: shrunk - 2 * delta * lost,
        )

    return k.select(k.is_zero(epsilon), lambda: 1 - n * delta, positive)


def complement(k: Context, epsilon: Any, delta: Any, n: Any) -> Any:
    """1 - TV*_n = max(0, headroom): the chance scale of what stays hidden."""
    return k.maximum(0, headroom(k, epsilon, delta, n))


def fixed_point(k: Context, epsilon: Any, delta: Any) -> Any:
    """a* = (1 - delta)/(1 + e^eps), where the trade-off curve meets the diagonal."""
    shrink = k.exp(-epsilon)
    return (1 - delta) * shrink / (1 + shrink)
