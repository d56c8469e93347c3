"""Two settings of one replicate beside each other: differences over replicates, with their spread."""

from __future__ import annotations

from collections.abc import Callable

from verification.measures import Point
from verification.report.curves import Setting, Spread

PUBLISHED = "as published"  # in the name of the level of an attack as its authors published it


def gap(first: Setting, second: Setting, figure: Callable[[Point], float | None]) -> Spread | None:
    """First less second, over the replicates in which both have the figure; None if there is none."""
    others = {point.replicate: point for point in second.points}
    found = []
    for point in first.points:
        other = others.get(point.replicate)
        pair = (figure(point), None if other is None else figure(other))
        if pair[0] is not None and pair[1] is not None:
            found.append(pair[0] - pair[1])
    return Spread.of(found) if found else None


def within(setting: Setting, figure: Callable[[Point], float | None]) -> Spread | None:
    """A figure over all replicates that have it; None if none has."""
    found = [value for value in map(figure, setting.points) if value is not None]
    return Spread.of(found) if found else None


def success(point: Point) -> float:
    """Of the strongest level."""
    return point.attack.value


def published(point: Point) -> float | None:
    """Success of the best of the attacks as published; None if none was played."""
    found = [ends.value for level, ends in point.attacks.items() if PUBLISHED in level]
    return max(found) if found else None


def cost(point: Point) -> float:
    """The utility, turned so that less is better."""
    return point.cost


def apart(spread: Spread) -> int:
    """Where a difference lies for certain but for its interval's risk: -1 below 0, 1 above, 0 neither."""
    return (spread.lower > 0) - (spread.upper < 0)
