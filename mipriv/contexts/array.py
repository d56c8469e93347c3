"""NumPy float64 arrays: fast and approximate, for sweeps and plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special


class NumpyContext:
    """Element-wise float64; both branches of a choice are evaluated where elements differ."""

    def exp(self, x: Any) -> Any:
        return np.exp(x)

    def expm1(self, x: Any) -> Any:
        return np.expm1(x)

    def log(self, x: Any) -> Any:
        return np.log(x)

    def log1p(self, x: Any) -> Any:
        return np.log1p(x)

    def atanh(self, x: Any) -> Any:
        return np.arctanh(x)

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x)

    def erf(self, x: Any) -> Any:
        return special.erf(x)

    def erfc(self, x: Any) -> Any:
        return special.erfc(x)

    def erfcinv(self, x: Any) -> Any:
        return special.erfcinv(x)

    def minimum(self, x: Any, y: Any) -> Any:
        return np.minimum(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return np.maximum(x, y)

    def one_minus_power(self, z: Any, n: Any) -> Any:
        """1 - (1 - z)^n; the log form keeps small z, the power form allows z > 1."""
        small = np.less(z, 0.5)
        stable = -np.expm1(n * np.log1p(-np.where(small, z, 0.0)))
        return np.where(small, stable, 1.0 - np.power(1.0 - np.asarray(z, dtype=float), n))

    def complement_power(self, z: Any, n: Any) -> Any:
        """(1 - z)^n; the log form keeps small z, the power form allows z > 1."""
        small = np.less(z, 0.5)
        stable = np.exp(n * np.log1p(-np.where(small, z, 0.0)))
        return np.where(small, stable, np.power(1.0 - np.asarray(z, dtype=float), n))

    def is_zero(self, x: Any) -> Any:
        return np.equal(x, 0)

    def is_odd(self, n: Any) -> Any:
        return np.not_equal(2 * self.half(n), n)

    def half(self, n: Any) -> Any:
        if np.issubdtype(np.asarray(n).dtype, np.integer):
            return np.right_shift(n, 1)
        return np.floor(np.multiply(n, 0.5))

    def select(self, condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Evaluate only what some element needs."""
        if not np.any(condition):
            return otherwise()
        if np.all(condition):
            return then()
        return np.where(condition, then(), otherwise())


NUMPY = NumpyContext()
