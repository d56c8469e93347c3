"""Number contexts: what a formula may ask of the numbers it is evaluated on.

A formula takes a context `k` as its first argument and uses only `k` and arithmetic.  Five
contexts read the same formula:

======================  ==================================  ====================================
context                 numbers                             for
======================  ==================================  ====================================
`contexts.arb.ARB`      balls (python-flint)                certified answers
`contexts.mp.mp(d)`     mpmath at d digits                  an independent second reading
`contexts.sym.SYMPY`    sympy expressions                   derivations and proofs
`contexts.array.NUMPY`  float64 arrays                      sweeps and plots
`contexts.rational`     exact rationals, eps = log of one   exact linear programs, proof checkers
======================  ==================================  ====================================

Each lives in its own module, so that reading one imports nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Context(Protocol):
    """The operations a formula may use besides + - * / and integer powers."""

    def exp(self, x: Any) -> Any: ...
    def expm1(self, x: Any) -> Any: ...
    def log(self, x: Any) -> Any: ...
    def log1p(self, x: Any) -> Any: ...
    def atanh(self, x: Any) -> Any: ...
    def sqrt(self, x: Any) -> Any: ...
    def erf(self, x: Any) -> Any: ...
    def erfc(self, x: Any) -> Any: ...
    def erfcinv(self, x: Any) -> Any: ...
    def minimum(self, x: Any, y: Any) -> Any: ...
    def maximum(self, x: Any, y: Any) -> Any: ...

    def one_minus_power(self, z: Any, n: Any) -> Any:
        """1 - (1 - z)^n for a whole n >= 0 and any real z, without cancellation at small z."""

    def complement_power(self, z: Any, n: Any) -> Any:
        """(1 - z)^n, accurate where it is tiny."""

    def is_zero(self, x: Any) -> Any:
        """Whether x is exactly 0 (a symbol is taken as nonzero)."""

    def is_odd(self, n: Any) -> Any:
        """Whether the whole number n is odd."""

    def half(self, n: Any) -> Any:
        """floor(n / 2)."""

    def select(self, condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """The value of one branch; arrays and symbols may evaluate both."""
