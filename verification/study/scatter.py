"""Does less information go with less success of the attack?  Ranked within each panel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

from verification.measures import Point
from verification.parts import Role
from verification.study.results import Played, Study
from verification.tradeoff import LEVEL

LEAST = 5  # settings that are ranked: of fewer no order is so rare that it shows anything
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
        tau: Kendall's tau-b of the means over replicates: 1, less information always goes with less
            success; -1, always with more.
        p_value: of so large a tau, or so small a one, were settings ranked at random: what another
            choice of settings would show, which more replicates of the same do not tell.
    """

    attack: str
    panel: str
    method: str
    families: tuple[str, ...]
    settings: int
    replicates: int
    tau: float
    p_value: float

    @property
    def shown(self) -> int:
        """1 or -1 where the settings show a rank correlation above or below 0, judged alone; else 0."""
        return 0 if self.p_value > float(LEVEL) else 1 if self.tau > 0 else -1

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
    groups: dict[Key, dict[Key, list[tuple[float, Point]]]] = defaultdict(lambda: defaultdict(list))
    for panel in played.panels:
        for point in (point for one in panel.settings for point in one.points):
            for kind, value in _readings(point):
                groups[panel.name, kind][point.defence, point.setting].append((value, point))
    for (panel_name, method), settings in groups.items():
        found = _tau(
            [
                (fmean(value for value, _ in pairs), fmean(one.attack.value for _, one in pairs))
                for pairs in settings.values()
            ]
        )
        if found is not None:
            yield Agreement(
                attack=played.part.title,
                panel=panel_name,
                method=method,
                families=tuple(dict.fromkeys(family(defence) for defence, _ in settings)),
                settings=len(settings),
                replicates=max(map(len, settings.values())),
                tau=found[0],
                p_value=found[1],
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


def _tau(pairs: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """With its p-value; None where there are too few settings, or all are alike."""
    if len(pairs) < LEAST:
        return None
    from scipy.stats import kendalltau

    found = kendalltau(*zip(*pairs, strict=True))
    tau, p_value = float(found.statistic), float(found.pvalue)
    return (tau, p_value) if isfinite(tau) else None
