"""The exact paired sign-flip test: are differences of pairs centred at zero?

The null hypothesis: every difference is as likely as its negative, whatever the others are.  That
holds if the two members of a pair could have been exchanged.  All 2^R patterns of signs are then
equally likely, and the p-value is a count.  Half of the signs at a time, and sorted, they take
about 2^(R/2) steps.

The differences are read on a grid of 2^-40 of the largest.  Sums that roundings could have parted
(of the reading, and of the arithmetic before it, which is far finer) count as equal, which can only
raise a p-value and widen an interval.

Source: Fisher 1935 (the test); Hartigan 1969 (its interval: means of subsets are typical values).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf, isfinite, nextafter
from typing import Any

from mipriv.errors import require
from mipriv.rigor.decimals import unit
from mipriv.rigor.intervals import Interval

MOST = 32  # differences; 2^16 sums are held, of each half
_GRID = 2**40
# a difference is read to within 0.5 + 2^-12 of a step, so a sum of R to within R; two are compared
_SLACK = 2


def p_value(differences: Sequence[float]) -> float:
    """Two-sided p-value: the share of sign patterns whose sum is at least as far from zero.

    Args:
        differences: of the pairs, finite; 1 to 32 of them.
    """
    steps, _ = _read(differences)
    seen = abs(sum(steps)) - _SLACK * len(steps)
    if seen <= 0:
        return 1.0
    half = len(steps) // 2
    left, right = _signed(steps[:half]), sorted(_signed(steps[half:]))
    above = sum(len(right) - bisect_left(right, seen - one) for one in left)
    return float(2 * above / 2 ** len(steps))  # a power of two and a count below it: no rounding


def interval(differences: Sequence[float], *, confidence: Any) -> Interval | None:
    """Where the centre of the differences lies: all centres that the test does not refuse.

    It misses the centre with chance at most 1 - confidence, at most half of it on each side, if
    each difference is symmetric about it.

    Args:
        differences: of the pairs, finite; 1 to 32 of them.
        confidence: in (0, 1).

    Returns:
        The interval, rounded outward; None if so few differences refuse no centre at all.
    """
    steps, scale = _read(differences)
    side = (1 - unit(confidence, "confidence")) / 2
    require(0 < 2 * side < 1, must="lie strictly between 0 and 1", confidence=confidence)
    most = int((side * 2 ** len(steps)).floor())
    if most < 1:
        return None
    lower = _lower_end(steps, most) * scale
    upper = -_lower_end([-one for one in steps], most) * scale
    return Interval(nextafter(lower, -inf), nextafter(upper, inf))


def _read(differences: Sequence[float]) -> tuple[list[int], float]:
    """The differences in whole steps, and the size of a step."""
    rule = f"be 1 to {MOST} finite numbers"
    good = 1 <= len(differences) <= MOST and all(map(isfinite, differences))
    require(good, must=rule, differences=differences)
    scale = max(map(abs, differences)) / _GRID
    if scale == 0:  # all alike, or so small that a step is no number
        return [0] * len(differences), 0.0
    return [round(one / scale) for one in differences], scale


def _signed(steps: Sequence[int]) -> list[int]:
    """The sums under all patterns of signs."""
    sums = [0]
    for one in steps:
        sums = [base + part for base in sums for part in (one, -one)]
    return sums


def _lower_end(steps: Sequence[int], most: int) -> int:
    """The largest whole centre at which at most `most` sign patterns are as high as what is seen.

    Flipping a subset changes the sum by twice the subset's own, so a pattern is as high if its
    subset's mean is at most the centre: the count rises with the centre.
    """
    half = len(steps) // 2
    left, right = _subsets(steps[:half]), _subsets(steps[half:])
    slack = _SLACK * len(steps)

    def count(centre: int) -> int:
        ends = sorted(total - centre * size for total, size in right)
        room = [slack - (total - centre * size) for total, size in left]
        return sum(bisect_right(ends, one) for one in room)

    low, high = min(steps) - slack - 1, max(steps) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= most else (low, middle)
    return low


def _subsets(steps: Sequence[int]) -> list[tuple[int, int]]:
    """Sum and size of every subset."""
    found = [(0, 0)]
    for one in steps:
        found += [(total + one, size + 1) for total, size in found]
    return found
