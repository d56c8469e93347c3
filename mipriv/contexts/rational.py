"""Exact rationals, with eps the logarithm of a rational: no rounding at all.

Linear programs and proof checkers want the formulas' values as fractions.  `log_of(E)` stands
for eps = log E; every exponential a formula forms of it is then a rational power of E.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from flint import fmpq

from mipriv.contexts._scalar import ScalarContext
from mipriv.errors import ParameterError, require


@dataclass(frozen=True, slots=True)
class LogOf:
    """power * log(base): multiplies and divides by numbers, and nothing else."""

    base: fmpq  # > 0
    power: fmpq

    def __mul__(self, factor: fmpq | int) -> LogOf:
        return LogOf(self.base, self.power * factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: fmpq | int) -> LogOf:
        return LogOf(self.base, self.power / divisor)

    def __neg__(self) -> LogOf:
        return LogOf(self.base, -self.power)

    def is_zero(self) -> bool:
        return bool(self.base == 1 or self.power == 0)


def log_of(base: fmpq | int) -> LogOf:
    """Return eps = log(base) for a rational base >= 1, exactly."""
    require(base >= 1, must="be >= 1", base=base)
    return LogOf(fmpq(base), fmpq(1))


class RationalContext(ScalarContext):
    """python-flint fractions; a value that is not rational is an error, never an approximation."""

    def exp(self, x: LogOf | int) -> fmpq:
        if not isinstance(x, LogOf):
            return fmpq(1) if x == 0 else self._irrational("exp of a nonzero rational")
        if x.power.q == 1:
            return x.base ** int(x.power.p)
        root = x.base ** abs(int(x.power.p)) if x.power > 0 else x.base ** -abs(int(x.power.p))
        if x.power.q == 2:
            square = root.sqrt() if _is_square(root) else None
            if square is not None:
                return square
        return self._irrational(f"exp({x.power} log {x.base})")

    def expm1(self, x: LogOf | int) -> fmpq:
        return self.exp(x) - 1

    def log(self, x: fmpq) -> LogOf:
        return LogOf(fmpq(x), fmpq(1))

    def log1p(self, x: fmpq) -> LogOf:
        return self.log(1 + x)

    def atanh(self, x: fmpq) -> NoReturn:
        self._irrational("atanh")

    def sqrt(self, x: fmpq) -> fmpq:
        return fmpq(x).sqrt() if _is_square(fmpq(x)) else self._irrational(f"sqrt({x})")

    def erf(self, x: fmpq) -> NoReturn:
        self._irrational("erf")

    def erfc(self, x: fmpq) -> NoReturn:
        self._irrational("erfc")

    def erfcinv(self, x: fmpq) -> NoReturn:
        self._irrational("erfcinv")

    def minimum(self, x: fmpq | int, y: fmpq | int) -> fmpq:
        return fmpq(x) if x <= y else fmpq(y)

    def maximum(self, x: fmpq | int, y: fmpq | int) -> fmpq:
        return fmpq(x) if x >= y else fmpq(y)

    def one_minus_power(self, z: fmpq, n: int) -> fmpq:
        return 1 - fmpq(1 - z) ** n

    def complement_power(self, z: fmpq, n: int) -> fmpq:
        return fmpq(1 - z) ** n

    def is_zero(self, x: object) -> bool:
        return x.is_zero() if isinstance(x, LogOf) else bool(x == 0)

    @staticmethod
    def _irrational(what: str) -> NoReturn:
        raise ParameterError(f"{what}: must be rational in the exact context")


def _is_square(value: fmpq) -> bool:
    return bool(value >= 0 and value.p.is_square() and value.q.is_square())


RATIONAL = RationalContext()
