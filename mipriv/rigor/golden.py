"""Golden section: a place near the least value of a function with one valley; a choice, no bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

_SHARE = (math.sqrt(5) - 1) / 2
T = TypeVar("T", bound=Any)


def valley(value: Callable[[float], T], low: float, high: float, *, steps: int) -> tuple[float, T]:
    """A place near the least value, and the value there.

    Args:
        value: ordered by <=; one evaluation a step.
        low, high: finite, low < high.
        steps: each shrinks the bracket by .618.

    >>> place, least = valley(lambda x: (x - 1) ** 2, 0.0, 3.0, steps=30)
    >>> abs(place - 1) < 1e-5
    True
    """
    a, b = high - _SHARE * (high - low), low + _SHARE * (high - low)
    at_a, at_b = value(a), value(b)
    for _ in range(steps):
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - _SHARE * (high - low)
            at_a = value(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _SHARE * (high - low)
            at_b = value(b)
    return (a, at_a) if at_a <= at_b else (b, at_b)
