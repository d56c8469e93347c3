"""sympy: the code's own formula as an expression, for derivations in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy


class SympyContext:
    """Symbols are taken as generic: eps is nonzero, and n's parity follows its assumptions.

    Declare `sympy.Symbol("m", integer=True)` and pass n = 2*m or 2*m + 1 to get one branch; a
    plain n gives a Piecewise in its parity.
    """

    def exp(self, x: Any) -> Any:
        return sympy.exp(x)

    def expm1(self, x: Any) -> Any:
        return sympy.exp(x) - 1

    def log(self, x: Any) -> Any:
        return sympy.log(x)

    def log1p(self, x: Any) -> Any:
        return sympy.log(1 + x)

    def atanh(self, x: Any) -> Any:
        return sympy.atanh(x)

    def sqrt(self, x: Any) -> Any:
        return sympy.sqrt(x)

    def erf(self, x: Any) -> Any:
        return sympy.erf(x)

    def erfc(self, x: Any) -> Any:
        return sympy.erfc(x)

    def erfcinv(self, x: Any) -> Any:
        return sympy.erfcinv(x)

    def minimum(self, x: Any, y: Any) -> Any:
        return sympy.Min(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return sympy.Max(x, y)

    def one_minus_power(self, z: Any, n: Any) -> Any:
        return 1 - (1 - z) ** n

    def complement_power(self, z: Any, n: Any) -> Any:
        return (1 - z) ** n

    def is_zero(self, x: Any) -> bool:
        return sympy.sympify(x).is_zero is True

    def is_odd(self, n: Any) -> Any:
        number = sympy.sympify(n)
        return number.is_odd if number.is_odd is not None else sympy.Eq(sympy.Mod(number, 2), 1)

    def half(self, n: Any) -> Any:
        number = sympy.sympify(n)
        if number.is_odd:
            return (number - 1) / 2
        return number / 2 if number.is_even else sympy.floor(number / 2)

    def select(self, condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        if condition is True or condition is sympy.true:
            return then()
        if condition is False or condition is sympy.false:
            return otherwise()
        return sympy.Piecewise((then(), condition), (otherwise(), True))


SYMPY = SympyContext()
