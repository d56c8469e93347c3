"""The group-privacy bound B(eps, delta, n) of Wang, Zhang and Jia (AAAI 2021)."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def theorem(k: Context, epsilon: Any, delta: Any, n: Any) -> Any:
    """Upper bound B = tanh(n eps/2) (1 + 2 delta/(e^eps - 1)) on the loss; raw, may exceed 1.

    With q = e^(-eps) - 1 and r = e^(-n eps) - 1 it is (2 delta (1+q) r/q - r) / (2 + r), which
    neither overflows nor cancels; at eps = 0 it is n delta.

    Source: group privacy gives (n eps, delta (e^(n eps)-1)/(e^eps-1)) (Vadhan 2017), and an
    (eps', delta') pair has total variation at most (e^eps' - 1 + 2 delta')/(e^eps' + 1).
    """

    def positive() -> Any:
        negative = -epsilon
        q, r = k.expm1(negative), k.expm1(n * negative)
        return (2 * delta * (1 + q) * (r / q) - r) / (2 + r)

    return k.select(k.is_zero(epsilon), lambda: n * delta, positive)


def group_delta(k: Context, epsilon: Any, delta: Any, n: Any) -> Any:
    """delta (e^(n eps) - 1)/(e^eps - 1), the delta of a group of n; B >= 1 exactly where it is."""

    def positive() -> Any:
        return delta * (k.expm1(n * epsilon) / k.expm1(epsilon))

    return k.select(k.is_zero(epsilon), lambda: n * delta, positive)
