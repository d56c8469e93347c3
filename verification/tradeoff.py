"""Rule R3: which defence leaves the attacker less at the same utility, for whole campaigns.

Over replicates, the difference of two frontiers (`verification.frontier`) is one number a
replicate; an exact paired sign-flip test judges these numbers, and Holm's method all comparisons of
a campaign together, so that any wrong "dominates" or "dominated" at all has a chance of at most
LEVEL.  A tie means that no difference was shown.  Where everything is exact and there is but one
replicate, certified numbers are compared (`verification.certified`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import holm
from verification import signflip
from verification.certified import Certified, compare_exact, compare_frontiers
from verification.frontier import Comparison, Points, paired
from verification.measures import Point
from verification.parts import Role

LEVEL = "0.05"  # chance of any wrong verdict, over all comparisons of a campaign
LEAST = 6  # replicates: with five the least p-value, 2/2^5, is above the level
MIXING = "no defence or a constant, at random"
Row = dict[str, Any]


class Verdict(StrEnum):
    """What a comparison over replicates says of the first defence."""

    DOMINATES = "dominates"
    TIE = "tie"
    DOMINATED = "dominated"
    TOO_FEW = "too few replicates"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Panel:
    """What can be compared with one another.

    Attributes:
        name: the panel's.
        points: of all defences.
        certified: whether every attack's ends enclose its success for certain.
    """

    name: str
    points: tuple[Point, ...]
    certified: bool

    def of(self, defence: str) -> Points:
        """A defence's points by replicate."""
        return _by_replicate([one for one in self.points if one.defence == defence])

    @property
    def free(self) -> Points:
        """The end points by replicate."""
        ends = (Role.UNDEFENDED, Role.CONSTANT)
        return _by_replicate([one for one in self.points if one.role in ends])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each MID with each rival, and with mixing the end points if there are both.

        Certified numbers are compared at settings, and mixing alone has none.
        """
        mids = self._names(Role.MID)
        rivals = self._names(Role.BASELINE, Role.DP)
        ends = self._names(Role.UNDEFENDED) and self._names(Role.CONSTANT)
        if ends and not self.single:
            rivals.append(MIXING)
        return [(mid, rival) for mid in mids for rival in rivals]

    @property
    def single(self) -> bool:
        """Whether there is one replicate of certified numbers."""
        return self.certified and len({one.replicate for one in self.points}) == 1

    @property
    def flaw(self) -> str:
        """Why nothing in it can be compared; empty if it can."""
        measures = {(one.utility.name, one.utility.better, one.attack.name) for one in self.points}
        if len(measures) > 1:
            return "its points measure different things"
        names = [(one.defence, one.setting, one.replicate) for one in self.points]
        return "" if len(set(names)) == len(names) else "a setting was played twice in a replicate"

    def _names(self, *roles: Role) -> list[str]:
        return list(dict.fromkeys(one.defence for one in self.points if one.role in roles))


def panels(lines: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """The panels among result lines, in order; controls and cells without a point are left out."""
    found: dict[str, list[tuple[Point, bool]]] = {}
    for line in lines:
        if line["control"] is None and "panel" in line["measures"]:
            point = Point.from_json(line["measures"])
            found.setdefault(point.panel, []).append((point, bool(line["observed"]["exact"])))
    return [
        Panel(name, tuple(point for point, _ in each), all(certain for _, certain in each))
        for name, each in found.items()
    ]


def verdicts(lines: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The verdict table of a campaign: a JSON object for each panel and pair of defences.

    Args:
        lines: result lines; none need have measures.
    """
    rows: list[Row] = []
    compared: list[tuple[Row, Comparison]] = []
    for panel in panels(lines):
        for defence, rival in panel.pairs:
            row: Row = {"panel": panel.name, "defence": defence, "rival": rival}
            rows.append(row)
            if panel.flaw:
                row |= _incomparable(panel.flaw)
            elif panel.single:
                row |= _exact_row(panel, defence, rival)
            else:
                found = paired(panel.of(defence), panel.of(rival), panel.free)
                row |= _row(found, panel.points[0])
                if found is not None and row["verdict"] is None:
                    compared.append((row, found))
    _judge(compared)
    return rows


def _by_replicate(points: Sequence[Point]) -> Points:
    found: dict[int, list[Point]] = {}
    for one in points:
        found.setdefault(one.replicate, []).append(one)
    return found


def _incomparable(reason: str) -> Row:
    return {"verdict": Verdict.NOT_COMPARABLE, "reason": reason}


def _row(found: Comparison | None, like: Point) -> Row:
    """What a comparison measured; its verdict is None where the test is to say it."""
    if found is None:
        return _incomparable("no replicate has every setting of both")
    if not found.grid:
        return _incomparable("in some replicate no utility is reached by both")
    if found.replicates > signflip.MOST:
        return _incomparable(f"more than {signflip.MOST} replicates, too many for the exact test")
    few = found.replicates < LEAST
    ends = found.interval
    costs = found.grid[0], found.grid[-1]
    utilities = [like.utility.cost(cost) for cost in costs]  # turned back as it was turned
    return {
        "verdict": Verdict.TOO_FEW if few else None,
        "reason": f"at least {LEAST} are needed" if few else "",
        "replicates": found.replicates,
        "chosen_by": found.by,
        "utilities": {
            "name": like.utility.name,
            "from": utilities[0],
            "to": utilities[1],
            "number": len(found.grid),
        },
        "difference": {
            "mean": found.mean,
            "lower": ends.lower if ends else None,
            "upper": ends.upper if ends else None,
        },
        "below": found.below,
        "p_value": found.p_value,
        "holm": None,
    }


def _judge(compared: Sequence[tuple[Row, Comparison]]) -> None:
    """Give the rows their verdicts, which are about all of them together."""
    level = exact(LEVEL, "level")
    if not compared:
        return
    most = max(found.replicates for _, found in compared)
    hopeless = len(compared) * exact(2, "two") / 2**most > level
    adjusted = holm([row["p_value"] for row, _ in compared])
    for (row, found), p in zip(compared, adjusted, strict=True):
        row["holm"] = p
        if hopeless:
            row["verdict"] = Verdict.TOO_FEW
            row["reason"] = f"{len(compared)} comparisons need at least {_needed(len(compared))}"
        elif exact(p, "p_value") > level:
            row["verdict"] = Verdict.TIE
        else:
            lower = (found.mean or 0.0) < 0
            row["verdict"] = Verdict.DOMINATES if lower else Verdict.DOMINATED


def _needed(comparisons: int) -> int:
    """Replicates with which the least p-value, times the comparisons, is not above the level."""
    replicates = LEAST
    while comparisons * exact(2, "two") / 2**replicates > exact(LEVEL, "level"):
        replicates += 1
    return replicates


def _exact_row(panel: Panel, defence: str, rival: str) -> Row:
    """Compare certified numbers: setting by setting if the utilities are the same."""
    sides = []
    for name in (defence, rival):
        [points] = panel.of(name).values()
        sides.append(points)
    values = [[one.utility.value for one in side] for side in sides]
    if sorted(values[0]) == sorted(values[1]) and len(set(values[0])) == len(values[0]):
        found: Certified | None = compare_exact(sides[0], sides[1])
    else:
        ends = [one for each in panel.free.values() for one in each]
        found = compare_frontiers(sides[0], sides[1], ends)
    if found is None:
        return _incomparable("no setting has a utility that both reach")
    return {
        "verdict": found.verdict,
        "reason": "",
        "utilities": {
            "name": panel.points[0].utility.name,
            "from": min(found.utilities),
            "to": max(found.utilities),
            "number": len(found.utilities),
        },
        "difference": {"lower": found.difference.lower, "upper": found.difference.upper},
        "below": found.below / len(found.utilities),
        "above": found.above / len(found.utilities),
    }
