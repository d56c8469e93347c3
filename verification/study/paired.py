"""Two settings of one replicate beside each other: differences over replicates, with their spread."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from verification.measures import Point
from verification.parts import Role
from verification.report.curves import Panel, Setting, Spread
from verification.study.results import of_role
from verification.tradeoff import MIXING

_COIN = "a coin between no defence and a constant"
_ROUNDED = 1e-12
_COMMA = re.compile(r", (?=\w+=)")  # between parameters, not inside of a list
_TRAINING = {
    "centre",
    "classes",
    "epochs",
    "hidden",
    "learning_rate",
    "sampling_probability",
    "sensitive",
    "steps",
    "warm_up",
}
PUBLISHED = "as published"  # in the name of the level of an attack as its authors published it


@dataclass(frozen=True, slots=True)
class Gap:
    """Two settings over the replicates that they share.

    Attributes:
        first, second: means over these replicates.
        spread: of first less second.
        replicates: how many they are.
    """

    first: float
    second: float
    spread: Spread
    replicates: int


def gap(first: Setting, second: Setting, figure: Callable[[Point], float | None]) -> Gap | None:
    """First less second, over the replicates in which both have the figure; None if there is none."""
    others = {point.replicate: point for point in second.points}
    pairs = []
    for point in first.points:
        other = others.get(point.replicate)
        own, its = figure(point), None if other is None else figure(other)
        if own is not None and its is not None:
            pairs.append((own, its))
    if not pairs:
        return None
    differences = Spread.of([own - its for own, its in pairs])
    own_side, its_side = zip(*pairs, strict=True)
    return Gap(fmean(own_side), fmean(its_side), differences, len(pairs))


def ends_of(panel: Panel) -> tuple[Setting, Setting] | None:
    """The undefended model and the constant one; None if the panel lacks one of them."""
    free = [next(of_role(panel, role), None) for role in (Role.UNDEFENDED, Role.CONSTANT)]
    return None if free[0] is None or free[1] is None else (free[0], free[1])


def coin(setting: Setting, ends: tuple[Setting, Setting]) -> Spread | None:
    """A setting's success less that of the coin, between the end points, that has its utility.

    Where it lies is decided once, by its mean cost on the selection records: what costs less than no
    defence is held against no defence in every replicate; else the line through the end points is
    followed wherever a replicate's cost is.  None for what costs more than a constant answer, or if
    a constant costs nothing.

    Args:
        setting: of a defence.
        ends: the undefended model and the constant one.
    """
    none, last, own = (fmean(map(chosen_cost, one.points)) for one in (*ends, setting))
    if not none < last or own > last:
        return None
    free, constant = ({point.replicate: point for point in end.points} for end in ends)
    gaps = []
    for point in setting.points:
        start, end = free.get(point.replicate), constant.get(point.replicate)
        if start is None or end is None or start.cost == end.cost:
            continue
        share = 0.0 if own < none else (point.cost - start.cost) / (end.cost - start.cost)
        tossed = (1 - share) * start.attack.value + share * end.attack.value
        gaps.append(point.attack.value - tossed)
    return Spread.of(gaps) if gaps else None


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


def chosen_cost(point: Point) -> float:
    """The cost on the selection records, where there are some."""
    found = point.selected
    return point.cost if found is None else found[0]


def chosen_success(point: Point) -> float:
    """The attack on the selection records, where there are some."""
    found = point.selected
    return point.attack.value if found is None else found[1]


def apart(spread: Spread) -> int:
    """Where a difference is shown to lie: -1 below 0, 1 above, 0 neither, or too few replicates.

    What roundings alone part, of two exact numbers say, is no difference.
    """
    if not spread.interval:
        return 0
    return (spread.lower > _ROUNDED) - (spread.upper < -_ROUNDED)


def called(defence: str) -> str:
    """A defence's name in a sentence: its variants in brackets, for names stand in lists."""
    if defence == MIXING:
        return _COIN
    head, _, variants = defence.partition(", ")
    return f"{head} ({variants})" if variants else head


def at_setting(setting: Setting) -> str:
    """A setting in a sentence: without what the name says already, and how a network is trained."""
    told = setting.defence.split(", ")
    pairs = [part.partition("=") for part in _COMMA.split(setting.name)]
    parts = [
        f"{key}={value}"
        for key, sign, value in pairs
        if sign and value not in told and key not in _TRAINING
    ]
    return ", ".join(parts)


def described(setting: Setting) -> str:
    """A defence with its setting, where it has several."""
    own = at_setting(setting)
    return f"{called(setting.defence)} at {own}" if own else called(setting.defence)
