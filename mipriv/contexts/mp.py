"""mpmath at a stated number of digits: a second, independent reading of every formula."""

from __future__ import annotations

from typing import Any

import mpmath

from mipriv.contexts._scalar import ScalarContext


class MpmathContext(ScalarContext):
    """A private mpmath context, so that no global precision is read or changed."""

    def __init__(self, digits: int) -> None:
        self.numbers = mpmath.MPContext()
        self.numbers.dps = digits

    def number(self, value: Any) -> Any:
        """Convert a rational or a decimal string to this context's number."""
        if hasattr(value, "p"):  # fmpq
            return self.numbers.mpf(int(value.p)) / int(value.q)
        if hasattr(value, "numerator"):
            return self.numbers.mpf(int(value.numerator)) / int(value.denominator)
        return self.numbers.mpf(value)

    def exp(self, x: Any) -> Any:
        return self.numbers.exp(x)

    def expm1(self, x: Any) -> Any:
        return self.numbers.expm1(x)

    def log(self, x: Any) -> Any:
        return self.numbers.log(x)

    def log1p(self, x: Any) -> Any:
        return self.numbers.log1p(x)

    def atanh(self, x: Any) -> Any:
        return self.numbers.atanh(x)

    def sqrt(self, x: Any) -> Any:
        return self.numbers.sqrt(x)

    def erf(self, x: Any) -> Any:
        return self.numbers.erf(x)

    def erfc(self, x: Any) -> Any:
        return self.numbers.erfc(x)

    def erfcinv(self, x: Any) -> Any:
        return self.numbers.erfinv(1 - x)

    def minimum(self, x: Any, y: Any) -> Any:
        return min(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return max(x, y)

    def one_minus_power(self, z: Any, n: int) -> Any:
        if z < 0.5:
            return -self.numbers.expm1(n * self.numbers.log1p(-z))
        return 1 - (1 - z) ** n

    def complement_power(self, z: Any, n: int) -> Any:
        if z < 0.5:
            return self.numbers.exp(n * self.numbers.log1p(-z))
        return (1 - z) ** n


def mp(digits: int) -> MpmathContext:
    """Return mpmath at `digits` significant digits."""
    return MpmathContext(digits)
