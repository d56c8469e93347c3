"""Values on balls, from the ends of the ball, and parameters as doubles."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.roles import Number

_REACH = fmpq(10) ** 300


def ends(x: Number) -> tuple[fmpq, fmpq]:
    """Rational ends of a finite ball; twice the number itself if it is exact."""
    if isinstance(x, fmpq):
        return x, x
    if x.is_exact():
        point = x.fmpq()
        return point, point
    return x.lower().fmpq(), x.upper().fmpq()


def over(function: Callable[[fmpq], arb], x: Number) -> arb:
    """Enclosure of a distribution function on a ball: the union of its values at both ends."""
    if isinstance(x, arb) and not x.is_finite():
        return arb(0).union(arb(1))
    low, high = ends(x)
    value = function(low)
    return value if low == high else value.union(function(high))


def mass_over(mass: Callable[[int], arb], x: Number) -> arb:
    """Enclosure of a mass on the whole numbers that falls with the distance from 0.

    Args:
        mass: at a whole number.
        x: exact, or a ball that may hold many whole numbers or none.
    """
    if isinstance(x, arb) and not x.is_finite():
        return arb(0).union(mass(0))
    low, high = ends(x)
    first, last = int(low.ceil()), int(high.floor())
    if first > last:
        return arb(0)
    largest = mass(max(first, -last, 0))
    return largest if low == high else arb(0).union(largest)


def distance_ends(x: Number) -> tuple[fmpq, fmpq]:
    """Least and largest distance from 0 in a finite ball."""
    low, high = ends(x)
    nearest = max(low, -high, fmpq(0))
    return nearest, max(-low, high)


def double(value: fmpq, name: str) -> float:
    """A positive parameter as a double, far enough from the ends of their range to compute with."""
    require(
        1 / _REACH <= value <= _REACH,
        must="lie within 1e-300 and 1e300 to be sampled in doubles",
        **{name: value},
    )
    return float(arb(value))
