"""Enclosures: a pair of decimals between which the true value certainly lies.

A formula is evaluated on Arb balls, whose arithmetic encloses the exact result; the working
precision rises until the ball has the digits asked for.  The ball becomes two decimals, rounded
outward, so that no later step can move an upper bound below the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq

from mipriv.errors import PrecisionError, require
from mipriv.rigor.decimals import MAX_PLACES, Endpoint, round_ball, round_rational

Number = arb | fmpq
DEFAULT_DIGITS = 17
GUARD_BITS = 24
MAX_BITS = 1 << 18
_BITS_PER_DIGIT = 3.3219280948873626


def bits_for(digits: int) -> int:
    """Working precision at which a formula without cancellation has `digits` decimals."""
    return int(digits * _BITS_PER_DIGIT) + GUARD_BITS


def checked_digits(digits: int) -> int:
    """Number of significant digits of an answer: a whole number from 1 to 10,000."""
    valid = isinstance(digits, int) and not isinstance(digits, bool) and 1 <= digits <= MAX_PLACES
    require(valid, must=f"be a whole number from 1 to {MAX_PLACES}", digits=digits)
    return digits


def ball(value: Number) -> arb:
    """Return the value as a ball at the current precision."""
    return value if isinstance(value, arb) else arb(value)


def floor(value: arb) -> int:
    """Floor of the midpoint of a finite ball: a whole number to start a search from."""
    return int(value.mid().fmpq().floor())


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The true value lies in [lower, upper]; both are decimals rounded outward."""

    lower: Endpoint
    upper: Endpoint

    @classmethod
    def of(cls, value: Number, digits: int) -> Enclosure:
        """Enclose an exact rational or a ball by decimals of `digits` significant digits."""
        if isinstance(value, fmpq):
            return cls(
                round_rational(value, digits, upward=False),
                round_rational(value, digits, upward=True),
            )
        return cls(round_ball(value, digits, upward=False), round_ball(value, digits, upward=True))

    def within(self, low: int, high: int | None) -> Enclosure:
        """Intersect with a range in which the value is known to lie."""
        lower = self.lower if self.lower >= low else Endpoint(low, 0, upward=False)
        fits = high is None or self.upper <= high
        upper = self.upper if fits else Endpoint(high, 0, upward=True)
        return Enclosure(lower, upper)

    @property
    def exact(self) -> bool:
        """Whether the decimals are the value itself."""
        return self.lower == self.upper

    def __contains__(self, value: object) -> bool:
        """Whether a rational number lies in the closed interval."""
        if isinstance(value, fmpq):
            value = Fraction(int(value.p), int(value.q))
        return bool(self.lower <= value <= self.upper)  # type: ignore[operator]

    def __str__(self) -> str:
        return str(self.lower) if self.exact else f"[{self.lower}, {self.upper}]"


def enclose(evaluate: Callable[[], Number], *, digits: int, what: str = "the value") -> Enclosure:
    """Raise the precision until `evaluate()` is known to `digits` digits.

    Args:
        evaluate: returns a ball at the current Arb precision, or an exact rational.
        digits: significant decimal digits, 1 to 10,000.
        what: names the quantity in the error.

    Raises:
        PrecisionError: 2^18 bits were not enough.
    """
    return Enclosure.of(refine(evaluate, digits=digits, what=what), digits)


def refine(evaluate: Callable[[], Number], *, digits: int, what: str = "the value") -> Number:
    """Value as a ball of relative accuracy 10^-digits, or an exact rational."""
    needed = int(digits * _BITS_PER_DIGIT) + 4
    bits = bits_for(digits)
    while bits <= MAX_BITS:
        with ctx.workprec(bits):
            value = evaluate()
            if isinstance(value, fmpq):
                return value
            if value.is_finite() and value.rel_accuracy_bits() >= needed:
                return value
        bits *= 2
    raise PrecisionError(f"{what}: {digits} digits need more than {MAX_BITS} bits")


def refine_or_widen(
    evaluate: Callable[[], Number], *, digits: int, extra_bits: int = 0
) -> tuple[Number, bool]:
    """Value to `digits` digits, or the narrowest ball that more precision keeps giving.

    For evaluations whose width is limited by a proved inequality and not by rounding: twice the
    bits shrink a rounding error beyond recognition, so two without progress end it.  `extra_bits`
    is what the evaluation is known to lose (the bits of an exponent, say).

    Returns:
        The value, and whether it is wider than asked.
    """
    needed = int(digits * _BITS_PER_DIGIT) + 4
    bits, barren, stalls = bits_for(digits) + extra_bits, 0, 0
    best: arb | None = None
    while bits <= MAX_BITS and barren < 3 and stalls < 2:
        with ctx.workprec(bits):
            value = evaluate()
            if isinstance(value, fmpq):
                return value, False
            if not value.is_finite():
                barren += 1
            elif value.rel_accuracy_bits() >= needed:
                return value, False
            elif best is None or value.rad() * 2 < best.rad():
                best, stalls = value, 0
            else:
                stalls += 1
        bits *= 2
    if best is None:
        raise PrecisionError(f"{digits} digits: no finite enclosure at {bits // 2} bits")
    return best, True


def sign(evaluate: Callable[[], Number], *, what: str = "a comparison") -> int:
    """Certified sign of a value: -1, 0 or 1; 0 only if the value is exact or a ball {0}.

    Raises:
        PrecisionError: the ball still holds zero at 2^16 bits (a tie that no proof excludes), or
            more precision does not make it smaller.
    """
    bits = 64
    radius, stalls = None, 0
    while bits <= MAX_BITS // 4 and stalls < 3:
        with ctx.workprec(bits):
            value = evaluate()
            if value > 0:
                return 1
            if value < 0:
                return -1
            if isinstance(value, fmpq) or value.is_zero():
                return 0
            stalled = radius is not None and value.is_finite() and value.rad() * 2 >= radius
            stalls = stalls + 1 if stalled else 0
            radius = value.rad() if value.is_finite() else None
        bits *= 2
    raise PrecisionError(f"{what}: undecided at {bits // 2} bits")
