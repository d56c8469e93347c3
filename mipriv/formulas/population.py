"""The population refinement: E[TV*_K] when the two populations are at total variation tau."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def population(k: Context, epsilon: Any, delta: Any, n: Any, tau: Any) -> Any:
    """E over K ~ Bin(n, tau) of t1 S_K: the supremum while TV*_n < 1, an upper bound always.

    With s = e^(-eps/2), sigma = 1/cosh(eps/2) = 2s/(1+s^2) and c = 1 + 2 delta/(e^eps - 1) it is
    c [(1+sigma)/2 (1 - (1 - tau(1-s))^n) + (1-sigma)/2 (1 - (1 - tau(1+s))^n)];
    at eps = 0, n tau delta.
    """

    def positive() -> Any:
        s = k.exp(-epsilon / 2)
        gap = -k.expm1(-epsilon / 2)  # 1 - s
        even, odd = mixture_weights(s, gap)
        moved = even * k.one_minus_power(tau * gap, n) + odd * k.one_minus_power(tau * (1 + s), n)
        return moved + 2 * delta * (moved / k.expm1(epsilon))

    return k.select(k.is_zero(epsilon), lambda: n * tau * delta, positive)


def population_complement(k: Context, epsilon: Any, delta: Any, n: Any, tau: Any) -> Any:
    """1 - E[t1 S_K] without cancellation at delta = 0."""

    def positive() -> Any:
        s = k.exp(-epsilon / 2)
        gap = -k.expm1(-epsilon / 2)
        even, odd = mixture_weights(s, gap)
        kept = even * k.complement_power(tau * gap, n)
        kept = kept + odd * k.complement_power(tau * (1 + s), n)
        moved = even * k.one_minus_power(tau * gap, n) + odd * k.one_minus_power(tau * (1 + s), n)
        return kept - 2 * delta * (moved / k.expm1(epsilon))

    return k.select(k.is_zero(epsilon), lambda: 1 - n * tau * delta, positive)


def mixture_weights(s: Any, gap: Any) -> tuple[Any, Any]:
    """(1 + sigma)/2 and (1 - sigma)/2 as (1+s)^2 and (1-s)^2 over 2 (1+s^2).

    T_K = 1 - s^K ((1+sigma)/2 + (-1)^K (1-sigma)/2) carries both parities of K in one expression.
    """
    whole = 2 * (1 + s * s)
    return (1 + s) * (1 + s) / whole, gap * gap / whole


def population_add_remove(k: Context, epsilon: Any, delta: Any, n: Any, tau: Any) -> Any:
    """E of t1 S_{2K} under add/remove: c (1 - (1 - tau (1 - e^(-eps)))^n); at eps = 0, 2 n tau delta."""

    def positive() -> Any:
        moved = k.one_minus_power(-tau * k.expm1(-epsilon), n)
        return moved + 2 * delta * (moved / k.expm1(epsilon))

    return k.select(k.is_zero(epsilon), lambda: 2 * n * tau * delta, positive)


def population_add_remove_complement(k: Context, epsilon: Any, delta: Any, n: Any, tau: Any) -> Any:
    """1 - E[t1 S_{2K}] without cancellation at delta = 0."""

    def positive() -> Any:
        share = -tau * k.expm1(-epsilon)
        moved = k.one_minus_power(share, n)
        return k.complement_power(share, n) - 2 * delta * (moved / k.expm1(epsilon))

    return k.select(k.is_zero(epsilon), lambda: 1 - 2 * n * tau * delta, positive)
