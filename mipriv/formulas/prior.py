"""Bayes error under a prior: the vertices of the region of two error rates."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context
from mipriv.formulas.worst_case import fixed_point


def shrink(k: Context, epsilon: Any, delta: Any, x: Any, steps: Any) -> Any:
    """h iterated: the error rate left of x after `steps` more records; h(x) = max(0, (x-delta)/e^eps).

    x e^(-j eps) - delta e^(-eps) (1 - e^(-j eps))/(1 - e^(-eps)), or x - j delta at eps = 0.
    """

    def positive() -> Any:
        lost = k.exp(-epsilon) * k.expm1(-steps * epsilon) / k.expm1(-epsilon)
        return x * k.exp(-steps * epsilon) - delta * lost

    return k.maximum(0, k.select(k.is_zero(epsilon), lambda: x - steps * delta, positive))


def bayes_error(k: Context, epsilon: Any, delta: Any, n: Any, prior: Any, i: Any) -> Any:
    """Error (1-pi) h^i(a*) + pi h^(n-1-i)(a*) of the i-th vertex, 0 <= i < n, pi = Pr[secret 1].

    The minimum over i, and over the trivial tests, is the least Bayes error of any attacker on
    any (eps, delta)-DP learner.
    """
    middle = fixed_point(k, epsilon, delta)
    false_positives = shrink(k, epsilon, delta, middle, i)
    misses = shrink(k, epsilon, delta, middle, n - 1 - i)
    return (1 - prior) * false_positives + prior * misses
