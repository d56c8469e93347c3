"""What the contexts of single numbers share: conditions are plain booleans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ScalarContext:
    """Parity and branching for contexts whose n is a Python int."""

    def is_zero(self, x: Any) -> bool:
        return bool(x == 0)

    def is_odd(self, n: int) -> bool:
        return n % 2 == 1

    def half(self, n: int) -> int:
        return n // 2

    def select(self, condition: bool, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        return then() if condition else otherwise()
