"""Does less information go with less success of the attack?  Ranked within each panel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite, sqrt

from verification.measures import Point
from verification.parts import Role
from verification.report.curves import Spread
from verification.study.paired import apart
from verification.study.results import Played, Study

LEAST = 5  # settings that are ranked: of fewer a rank correlation says little
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Rank correlation of information and attack over the settings of one panel.

    Attributes:
        attack: title of its part of the study.
        panel: its name.
        method: how the information was read: readings of different kinds are not compared.
        families: of defences among the settings.  Within one family information and attack fall
            together by the very noise that is added; only across families the question is open.
        settings: how many of them were ranked.
        replicates: in how many replicates.
        tau: Kendall's tau-b in each replicate, and its mean, about these settings and no others: 1,
            less information always goes with less success; -1, always with more.  Of several
            families over pairs of different ones: within one it is no question.
    """

    attack: str
    panel: str
    method: str
    families: tuple[str, ...]
    settings: int
    replicates: int
    tau: Spread

    @property
    def shown(self) -> int:
        """1 or -1 where the rank correlation is shown to be above or below 0, judged alone; else 0."""
        return apart(self.tau)

    @property
    def across(self) -> bool:
        """Whether defences of different families are ranked together."""
        return len(self.families) > 1


def family(defence: str) -> str:
    """What a defence is called in short: its name up to its variants."""
    return defence.partition(",")[0].partition(" (")[0]


def agreements(study: Study) -> list[Agreement]:
    """Of every panel and kind of reading with at least LEAST settings whose information is finite.

    A bound that the information implies ranks as the information does, and stands in its place where
    all defences have one of the same kind.

    Source: Kendall 1945 (tau-b, ties counted).
    """
    return [one for played in study.played if played.part.reads for one in _of(played)]


def _of(played: Played) -> Iterator[Agreement]:
    groups: dict[Key, dict[int, list[tuple[float, Point]]]] = defaultdict(lambda: defaultdict(list))
    for panel in played.panels:
        for point in (point for one in panel.settings for point in one.points):
            for kind, value in _readings(point):
                groups[panel.name, kind][point.replicate].append((value, point))
    for (panel_name, method), replicates in groups.items():
        names = tuple(
            dict.fromkeys(family(one.defence) for pairs in replicates.values() for _, one in pairs)
        )
        found = [_tau(pairs, across=len(names) > 1) for pairs in replicates.values()]
        known = [tau for tau in found if tau is not None]
        if known:
            yield Agreement(
                attack=played.part.title,
                panel=panel_name,
                method=method,
                families=names,
                settings=max(map(len, replicates.values())),
                replicates=len(known),
                tau=Spread.of(known),
            )


def _readings(point: Point) -> Iterator[tuple[str, float]]:
    """How the information was read, and it; of a bound that it implies, the bound below certainty."""
    if point.role in (Role.UNDEFENDED, Role.CONSTANT):
        return  # they would agree with the rest in any case
    read = point.information
    if read is not None and isfinite(read.value):
        yield f"{read.method}, {'a bound' if read.bound else 'an estimate'}", read.value
    if point.bound is not None and point.bound.value < 1:
        yield f"the bound by {point.bound.method}", point.bound.value


def _tau(pairs: Sequence[tuple[float, Point]], *, across: bool) -> float | None:
    """None where there are too few settings, or all are alike."""
    if len(pairs) < LEAST:
        return None
    agree = read = told = 0
    for (x, first), (y, second) in combinations(pairs, 2):
        if across and family(first.defence) == family(second.defence):
            continue
        a, b = x - y, first.attack.value - second.attack.value
        signs = (a > 0) - (a < 0), (b > 0) - (b < 0)
        agree += signs[0] * signs[1]
        read, told = read + abs(signs[0]), told + abs(signs[1])
    return agree / sqrt(read * told) if read and told else None
