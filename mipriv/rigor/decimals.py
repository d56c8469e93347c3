"""Exact inputs, and decimal endpoints that enclose a ball.

Everything a user types is a rational number: a decimal string, an int and a Fraction are what
they say, a float is the double it is.  Everything printed is a pair of decimals rounded outward.
"""

from __future__ import annotations

import math
import operator
import re
from fractions import Fraction
from numbers import Rational
from typing import Any

from flint import arb, fmpq, fmpz

from mipriv.errors import ParameterError, PrecisionError, require, shorten

MAX_DIGITS = 1_000  # digits of an input
MAX_EXPONENT = 10_000  # decimal exponent of an input
MAX_PLACES = 10_000  # significant digits of an answer
_FRACTION_EXPONENT = 50_000  # beyond it a Fraction would not fit; the text stays exact
_DECIMAL = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+))?", re.ASCII)


def exact(value: object, name: str) -> fmpq:
    """Return the rational number a user's value stands for, without rounding.

    Args:
        value: decimal string, int, float (taken as the double it is), Fraction or Decimal.
        name: the parameter, for the error message.

    Raises:
        ParameterError: not a number, not finite, more than 1,000 digits, or a decimal exponent
            beyond 10,000 in size.

    >>> exact("1e-5", "delta")
    1/100000
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, str):
        return _from_text(value, name)
    if isinstance(value, bool) or value is None:
        raise ParameterError(f"{name}={value}: must be a number")
    if isinstance(value, Rational):
        ratio = fmpq(int(value.numerator), int(value.denominator))
    elif isinstance(value, float) or hasattr(value, "as_integer_ratio"):
        ratio = _from_binary(value, name)
    else:
        try:
            ratio = fmpq(operator.index(value))  # type: ignore[arg-type]  # TypeError is caught
        except TypeError:
            raise ParameterError(
                f"{name}={shorten(value)}: must be a decimal string, int, float or Fraction"
            ) from None
    require(
        ratio.height_bits() <= 4 * MAX_EXPONENT,
        must=f"lie within 10^{MAX_EXPONENT} and 10^-{MAX_EXPONENT} in size",
        **{name: value},
    )
    return ratio


def _from_binary(value: Any, name: str) -> fmpq:
    try:
        numerator, denominator = value.as_integer_ratio()
    except (ValueError, OverflowError):  # nan, inf
        raise ParameterError(f"{name}={value}: must be finite") from None
    return fmpq(numerator, denominator)


def _from_text(text: str, name: str) -> fmpq:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ParameterError(f"{name}={shorten(text)}: must be a decimal number")
    sign, digits, power = match.groups()
    whole, _, fraction = digits.partition(".")
    require(
        len(whole) + len(fraction) <= MAX_DIGITS,
        must=f"have at most {MAX_DIGITS} digits",
        **{name: text},
    )
    exponent = int(power) if power and len(power) <= 8 else 0
    require(
        (not power or len(power) <= 8) and abs(exponent) <= MAX_EXPONENT,
        must=f"have an exponent within +-{MAX_EXPONENT}",
        **{name: text},
    )
    scale = exponent - len(fraction)
    magnitude = fmpq(int(whole + fraction)) * fmpq(10) ** scale
    return -magnitude if sign == "-" else magnitude


def whole(value: object, name: str, *, at_least: int) -> int:
    """Return a whole number that is >= at_least, from anything `exact` reads."""
    rule = f"be a whole number >= {at_least}"
    try:
        ratio = exact(value, name)
    except ParameterError:
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            raise  # a number, but too long: that rule says more
        raise ParameterError(f"{name}={shorten(value)}: must {rule}") from None
    require(ratio.q == 1 and ratio >= at_least, must=rule, **{name: value})
    return int(ratio.p)


def nonnegative(value: object, name: str) -> fmpq:
    """Return an exact rational that is finite and >= 0."""
    ratio = exact(value, name)
    require(ratio >= 0, must="be finite and >= 0", **{name: value})
    return ratio


def unit(value: object, name: str) -> fmpq:
    """Return an exact rational in [0, 1]."""
    ratio = exact(value, name)
    require(0 <= ratio <= 1, must="lie in [0, 1]", **{name: value})
    return ratio


def decimal_text(value: fmpq | int) -> str:
    """Write a rational exactly: as a decimal where it is one, else as p/q."""
    ratio = fmpq(value)
    places = _decimal_places(ratio.q)
    if places is None:
        return f"{ratio.p.str()}/{ratio.q.str()}"
    mantissa = (ratio * fmpq(10) ** places).p
    return _layout(abs(mantissa).str(), -places, negative=mantissa < 0)


def _decimal_places(denominator: fmpz) -> int | None:
    """Least p with denominator | 10^p, or None."""
    powers = {}
    rest = denominator
    for prime in (2, 5):
        powers[prime] = 0
        while rest % prime == 0:
            rest //= prime
            powers[prime] += 1
    return max(powers.values()) if rest == 1 else None


def _layout(digits: str, exponent: int, *, negative: bool = False) -> str:
    """Text of digits * 10^exponent: plain when short, scientific otherwise."""
    stripped = digits.rstrip("0")
    if not stripped:
        return "0"
    exponent += len(digits) - len(stripped)
    digits = stripped
    point = len(digits) + exponent  # the number is 0.digits * 10^point
    sign = "-" if negative else ""
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if 0 < point <= max(21, len(digits)):
        if point >= len(digits):
            return sign + digits + "0" * (point - len(digits))
        return f"{sign}{digits[:point]}.{digits[point:]}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{fmpz(point - 1).str()}"


class Endpoint(Fraction):
    """One decimal endpoint of an enclosure: an exact Fraction that remembers its digits.

    `str()` gives the decimal, `float()` rounds away from the enclosed number.  Where the exponent
    is too large for a Fraction (10^-50000 and beyond) the text is exact and the numeric value is
    the nearest representable one on the outer side.
    """

    __slots__ = ("_text", "_upward")
    _text: str
    _upward: bool

    def __new__(cls, mantissa: Any, exponent: int, *, upward: bool) -> Endpoint:
        number = int(mantissa)
        digits = fmpz(number).str() if number >= 0 else fmpz(-number).str()
        size = exponent + len(digits)
        if abs(size) > _FRACTION_EXPONENT:
            ratio = _outer(number > 0, size > 0, upward)
            self = super().__new__(cls, int(ratio.p), int(ratio.q))
        elif exponent < 0:
            self = super().__new__(cls, number, 10**-exponent)
        else:
            self = super().__new__(cls, number * 10**exponent)
        self._text = _layout(digits, exponent, negative=number < 0)
        self._upward = upward
        return self

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return self._text

    def __float__(self) -> float:
        """Return the nearest double on the outer side."""
        try:
            nearest = self.numerator / self.denominator
        except OverflowError:
            nearest = math.inf if self > 0 else -math.inf
        if math.isinf(nearest):
            inner = (nearest > 0) != self._upward
            return (
                math.copysign(float.fromhex("0x1.fffffffffffffp1023"), nearest)
                if inner
                else nearest
            )
        value = Fraction(nearest)
        if self._upward and value < self:
            return math.nextafter(nearest, math.inf)
        if not self._upward and value > self:
            return math.nextafter(nearest, -math.inf)
        return nearest

    def _mpmath_(self, prec: int, rounding: str) -> Any:
        """Let mpmath convert and compare."""
        from mpmath import mp
        from mpmath.libmp import from_rational

        return mp.make_mpf(from_rational(self.numerator, self.denominator, prec, rounding))

    # Fraction builds its results through `cls` or `self.__class__` in these; an endpoint is never
    # the result of arithmetic, so they give a plain Fraction, or the immutable object itself.

    @classmethod
    def from_float(cls, f: float) -> Fraction:  # type: ignore[override]  # a wider result
        return Fraction.from_float(f)

    @classmethod
    def from_decimal(cls, dec: Any) -> Fraction:  # type: ignore[override]  # a wider result
        return Fraction.from_decimal(dec)

    def __copy__(self) -> Endpoint:
        return self

    def __deepcopy__(self, memo: Any) -> Endpoint:
        return self

    def __reduce__(self) -> Any:
        return (_endpoint, (self._text, self._upward))


def _endpoint(text: str, upward: bool) -> Endpoint:
    digits, _, power = text.partition("e")
    before, _, after = digits.partition(".")
    return Endpoint(fmpz(before + after), int(power or 0) - len(after), upward=upward)


def _outer(positive: bool, huge: bool, upward: bool) -> fmpq:
    """Representable value beyond a number too large or too small to write as a Fraction."""
    edge = fmpq(10) ** (_FRACTION_EXPONENT if huge else -_FRACTION_EXPONENT)
    toward_zero = positive != upward
    inner, outer = (edge, edge * edge) if huge else (fmpq(0), edge)
    magnitude = inner if toward_zero else outer
    return magnitude if positive else -magnitude


def round_rational(value: fmpq, digits: int, *, upward: bool) -> Endpoint:
    """Round a rational to `digits` significant decimals, up or down, exactly."""
    if value == 0:
        return Endpoint(0, 0, upward=upward)
    # digits of p minus digits of q is within one of the decimal exponent; one spare digit is cut
    guess = len(abs(value.p).str()) - len(value.q.str())
    exponent = guess - digits
    scaled = value * fmpq(10) ** -exponent
    mantissa = scaled.ceil() if upward else scaled.floor()
    return _trim(mantissa, exponent, digits, upward=upward)


def round_ball(ball: arb, digits: int, *, upward: bool) -> Endpoint:
    """Decimal of `digits` digits on the outer side of every number in the ball.

    `mid_rad_10exp` returns integers (m, r, e) with ball inside (m +- r) * 10^e, which is Arb's own
    rigorous decimal conversion; what follows is integer arithmetic.
    """
    if not ball.is_finite():  # its conversion would read 0
        raise PrecisionError("a value was not enclosed by finite numbers")
    middle, radius, exponent = ball.mid_rad_10exp(digits + 10)
    edge = middle + radius if upward else middle - radius
    return _trim(edge, int(exponent), digits, upward=upward)


def _trim(mantissa: fmpz, exponent: int, digits: int, *, upward: bool) -> Endpoint:
    excess = len(abs(mantissa).str()) - digits
    if excess > 0:
        unit_ = fmpz(10) ** excess
        mantissa = -((-mantissa) // unit_) if upward else mantissa // unit_
        exponent += excess
    return Endpoint(mantissa, exponent, upward=upward)
