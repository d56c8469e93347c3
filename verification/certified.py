"""Two defences compared by certified numbers: enclosures of the attacks' success, no chance in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from flint import fmpq

from mipriv.errors import require
from mipriv.rigor.intervals import Interval, difference, outward
from verification.frontier import envelope
from verification.measures import Point

Corners = list[tuple[Fraction, Fraction]]


class Certain(StrEnum):
    """What a comparison of certified numbers says of the attack on the first defence."""

    BELOW = "below at every utility"
    NOT_ABOVE = "below or equal"
    EQUAL = "equal"
    CROSSES = "crosses"
    NOT_BELOW = "above or equal"
    ABOVE = "above at every utility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What was compared, and what came of it.

    Attributes:
        verdict: in a word.
        utilities: where the two were compared.
        below, above: at how many of them the first one's attack is certainly below, above; at the
            others the enclosures overlap, and "equal" says no more.
        difference: encloses every difference there, first less second.
    """

    verdict: Certain
    utilities: tuple[float, ...]
    below: int
    above: int
    difference: Interval


def compare_exact(points_a: Sequence[Point], points_b: Sequence[Point]) -> Certified:
    """Compare two defences at the same utilities, setting by setting.

    Args:
        points_a, points_b: one point for each utility, the attack's ends enclosing its success.

    Raises:
        ParameterError: the utilities are not the same, or one comes twice.
    """
    first, second = ({one.utility.value: one for one in side} for side in (points_a, points_b))
    once = len(first) == len(points_a) and len(second) == len(points_b)
    require(once, must="hold each utility once", points=len(points_a) + len(points_b))
    same = bool(first) and first.keys() == second.keys()
    require(same, must="be the same, and at least one", utilities=list(first))
    gaps = [difference(_ends(first[one]), _ends(second[one])) for one in first]
    return _certified(list(first), gaps)


def compare_frontiers(
    points_a: Sequence[Point], points_b: Sequence[Point], free: Sequence[Point] = ()
) -> Certified | None:
    """Compare two defences whose settings may be mixed at random, at every utility that both reach.

    The envelope of the attacks' upper ends is above the frontier, that of the lower ends below it.
    All are straight between settings, so what holds at each setting's utility holds in between.

    Args:
        points_a, points_b: settings, the attack's ends enclosing its success; not empty.
        free: the end points, which both may use.

    Returns:
        None if no setting has a utility that both reach.
    """
    sides = ([*points_a, *free], [*points_b, *free])
    low = max(min(one.cost for one in side) for side in sides)
    high = min(max(one.cost for one in side) for side in sides)
    own = {one.cost: one.utility.value for one in (*points_a, *points_b)}
    # between settings the envelopes may have a corner at an end point; at the outer ones both have it
    own |= {one.cost: one.utility.value for one in free if min(own) < one.cost < max(own)}
    costs = [cost for cost in sorted(own) if low <= cost <= high]
    if not costs:
        return None
    (a_low, a_high), (b_low, b_high) = map(_corners, sides)
    gaps = [
        Interval(
            outward(_exact(_at(a_low, cost) - _at(b_high, cost))).lower,
            outward(_exact(_at(a_high, cost) - _at(b_low, cost))).upper,
        )
        for cost in map(Fraction, costs)
    ]
    return _certified([own[cost] for cost in costs], gaps)


def _certified(utilities: Sequence[float], gaps: Sequence[Interval]) -> Certified:
    below, above = sum(gap.upper < 0 for gap in gaps), sum(gap.lower > 0 for gap in gaps)
    return Certified(
        verdict=_verdict(below, above, len(gaps)),
        utilities=tuple(utilities),
        below=below,
        above=above,
        difference=Interval(min(gap.lower for gap in gaps), max(gap.upper for gap in gaps)),
    )


def _verdict(below: int, above: int, count: int) -> Certain:
    if below and above:
        return Certain.CROSSES
    if below:
        return Certain.BELOW if below == count else Certain.NOT_ABOVE
    if above:
        return Certain.ABOVE if above == count else Certain.NOT_BELOW
    return Certain.EQUAL


def _ends(point: Point) -> Interval:
    return Interval(point.attack.lower, point.attack.upper)


def _corners(points: Sequence[Point]) -> tuple[Corners, Corners]:
    """Envelopes of the attacks' lower and upper ends, exactly."""
    lower = [(Fraction(one.cost), Fraction(one.attack.lower)) for one in points]
    upper = [(Fraction(one.cost), Fraction(one.attack.upper)) for one in points]
    return [lower[i] for i in envelope(lower)], [upper[i] for i in envelope(upper)]


def _at(corners: Corners, cost: Fraction) -> Fraction:
    right = bisect_right(corners, cost, key=lambda corner: corner[0])
    low, attack = corners[right - 1]
    if right == len(corners):
        return attack
    high, other = corners[right]
    return attack + (other - attack) * (cost - low) / (high - low)


def _exact(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)
