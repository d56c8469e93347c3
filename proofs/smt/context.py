"""z3 reals as one more number context: the code's own formulas become terms of the solver.

The privacy parameter is a symbol, eps > 0, and so are the numbers of records.  Of the exponential
two facts are used and no more: e^(x+y) = e^x e^y, and e^(eps) = q is a real above 1.  So every
exponential that a formula forms is a product of whole powers of q and of *named* reals
q^m, q^n, ..., one for each symbolic number of records; what is known of a named real (it is at
least 1, it obeys q^(m+1) = q q^m, ...) has to be given to the solver as a lemma with its own proof.
eps = 0 is passed as the number 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any, NoReturn

from proofs.check import Unavailable

UNIT = ""  # the key of the constant part of a size; whole numbers have names


def solver() -> Any:
    """The z3 module; it is an extra, so that everything else runs without it."""
    try:
        return import_module("z3")
    except ImportError:
        raise Unavailable("z3: pip install z3-solver") from None


@dataclass(frozen=True, slots=True)
class Size:
    """A whole number, linear in named whole numbers: 2 m + 1 is {"m": 2, "": 1}."""

    parts: Mapping[str, Fraction]

    @property
    def real(self) -> Any:
        """Its value as a term of the solver."""
        z3 = solver()
        total = z3.RealVal(0)
        for name, factor in self.parts.items():
            total = total + z3.Q(factor.numerator, factor.denominator) * (
                z3.Real(name) if name else 1
            )
        return total

    def __add__(self, other: Size | int) -> Size:
        total = dict(self.parts)
        for name, factor in as_size(other).parts.items():
            total[name] = total.get(name, Fraction(0)) + factor
        return Size({name: factor for name, factor in total.items() if factor})

    __radd__ = __add__

    def __neg__(self) -> Size:
        return Size({name: -factor for name, factor in self.parts.items()})

    def __sub__(self, other: Size | int) -> Size:
        return self + -as_size(other)

    def __rsub__(self, other: int) -> Size:
        return -self + other

    def __mul__(self, factor: Any) -> Any:
        if isinstance(factor, int | Fraction):
            if factor == 0:
                return 0
            return Size({name: part * factor for name, part in self.parts.items()})
        if isinstance(factor, Log):
            return NotImplemented
        return self.real * factor

    __rmul__ = __mul__


def as_size(value: Any) -> Size:
    """A plain number as a size."""
    return value if isinstance(value, Size) else Size({UNIT: Fraction(value)} if value else {})


def size(name: str) -> Size:
    """A whole number about which nothing is known."""
    return Size({name: Fraction(1)})


@dataclass(frozen=True, slots=True)
class Log:
    """A multiple of eps; it can be scaled and exponentiated, and nothing else."""

    power: Size

    def __mul__(self, factor: Size | int) -> Log:
        if not isinstance(factor, Size):
            return Log(as_size(self.power * factor))
        symbolic, multiple = (
            (factor, self.power) if set(self.power.parts) <= {UNIT} else (self.power, factor)
        )
        if not set(multiple.parts) <= {UNIT}:
            _undecided("a product of two symbolic numbers of records")
        return Log(as_size(symbolic * multiple.parts.get(UNIT, Fraction(0))))

    __rmul__ = __mul__

    def __truediv__(self, divisor: int) -> Log:
        return Log(as_size(self.power * Fraction(1, divisor)))

    def __neg__(self) -> Log:
        return Log(-self.power)


class Reals:
    """The context: `epsilon` is the logarithm of the real called `base`.

    With `roots`, the named reals are powers of e^(eps/2), so that formulas may halve eps.
    """

    def __init__(self, base: str = "q", *, roots: bool = False) -> None:
        self.base = base
        self.unit = Fraction(1, 2) if roots else Fraction(1)
        self.epsilon = Log(as_size(1))
        self.drawn: list[tuple[Any, Any, Any]] = []

    @property
    def q(self) -> Any:
        """e^eps as a term."""
        return self.exp(self.epsilon)

    @property
    def root(self) -> Any:
        """The real of which all powers are taken: e^eps, or e^(eps/2) with `roots`."""
        return solver().Real(self.base)

    def power(self, name: str) -> Any:
        """The real that stands for the power of `root` to the named whole number."""
        return solver().Real(f"{self.base}^{name}" if name else self.base)

    def exp(self, x: Log | int) -> Any:
        z3 = solver()
        value = z3.RealVal(1)
        if not isinstance(x, Log):
            return value if x == 0 else _undecided(f"exp({x})")
        below = z3.RealVal(1)
        for name, part in x.power.parts.items():
            count = part / self.unit
            if count.denominator != 1:
                _undecided(f"exp of {part} eps")
            for _ in range(abs(int(count))):
                if count > 0:
                    value = value * self.power(name)
                else:
                    below = below * self.power(name)
        return value / below

    def expm1(self, x: Log | int) -> Any:
        return self.exp(x) - 1

    def log(self, x: Any) -> NoReturn:
        _undecided(f"log({x})")

    log1p = atanh = sqrt = erf = erfc = erfcinv = log

    def minimum(self, x: Any, y: Any) -> Any:
        return solver().If(x <= y, x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return solver().If(x >= y, x, y)

    def one_minus_power(self, z: Any, n: Any) -> Any:
        return 1 - self.complement_power(z, n)

    def complement_power(self, z: Any, n: Any) -> Any:
        """A real for (1-z)^n, the same one for the same z and n; `drawn` tells what was asked."""
        base = 1 - z
        for known, exponent, value in self.drawn:
            if known.eq(base) and exponent == n:
                return value
        value = solver().Real(f"{self.base}:power{len(self.drawn)}")
        self.drawn.append((base, n, value))
        return value

    def is_zero(self, x: Log | int) -> bool:
        if isinstance(x, Log):
            return not x.power.parts
        return x == 0 if isinstance(x, int) else _undecided(f"{x} == 0")

    def is_odd(self, n: Size | int) -> bool:
        parts = as_size(n).parts
        if any(part % 2 for name, part in parts.items() if name):
            _undecided(f"the parity of {n}")
        return parts.get(UNIT, Fraction(0)) % 2 == 1

    def half(self, n: Size | int) -> Size:
        whole = as_size(n)
        return as_size((whole - 1 if self.is_odd(n) else whole) * Fraction(1, 2))

    def select(self, condition: bool, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        return then() if condition else otherwise()


def _undecided(what: str) -> NoReturn:
    """A formula asked for what these numbers do not say: a fault of the proof, not a refutation."""
    raise ValueError(f"{what}: has no value among symbolic reals")
