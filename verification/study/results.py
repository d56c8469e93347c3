"""What the six campaigns of the study found, read from their folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mipriv.errors import require
from verification.campaign import SMALL, Size
from verification.measures import Point
from verification.parts import Role
from verification.report.curves import Panel, Setting, panels
from verification.report.record import Record, read
from verification.tradeoff import verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One attack of the poster.

    Attributes:
        letter: of its panel in the figure, in the poster's order.
        campaign: that plays it.
        title: above the panel.
        reads: whether the information in an answer is about what is attacked; an update's label is
            not in the record that is asked about.
        world: what its panel in the figure is about, in the panel's name; the largest if empty.
    """

    letter: str
    campaign: str
    title: str
    reads: bool = True
    world: str = ""


PARTS = (
    Part(letter="a", campaign="tradeoff-map-linear", title="MAP on linear regression"),
    Part(letter="b", campaign="tradeoff-map-tree", title="MAP on decision trees"),
    Part(letter="c", campaign="tradeoff-knowledge-alignment", title="Knowledge Alignment"),
    Part(letter="d", campaign="tradeoff-update-leaks", title="Update-Leaks", reads=False),
    Part(letter="e", campaign="tradeoff-gmi", title="GMI"),
    Part(
        letter="f",
        campaign="tradeoff-whitebox-map",
        title="White-box MAP",
        world="waves",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Played:
    """What one campaign found.

    Attributes:
        part: which attack.
        record: its run.
    """

    part: Part
    record: Record

    @cached_property
    def panels(self) -> list[Panel]:
        """All of its panels, in the campaign's order."""
        return panels(self.record)

    @property
    def shown(self) -> Panel:
        """The panel in the figure: that of most settings, the first of several."""
        there = [panel for panel in self.panels if self.part.world in panel.name]
        return max(there or self.panels, key=lambda panel: len(panel.settings))

    @property
    def settings(self) -> list[Setting]:
        """Of all panels."""
        return [one for panel in self.panels for one in panel.settings]

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was left out for want of data, a line for each missing file."""
        return tuple(map(str, self.record.run.get("left_out", ())))

    @property
    def seconds(self) -> float:
        """Of its cells and controls together, each on one processor."""
        return sum(
            float(row.line["seconds"]) for row in (*self.record.cells, *self.record.controls)
        )

    @property
    def minutes_each(self) -> float:
        """Processor minutes of a setting: one point of a curve, in all replicates."""
        spent = sum(float(row.line["seconds"]) for row in self.record.cells)
        return spent / 60 / len(self.settings)

    @property
    def passed(self) -> bool:
        """Whether it was played to the end, nothing is violated and every control is as it must be."""
        whole = self.record.complete and not self.record.failed
        behaved = all(row.behaved for row in self.record.controls)
        return whole and behaved and not self.record.violations


@dataclass(frozen=True, kw_only=True)
class Study:
    """All six.

    Attributes:
        played: in the order of the parts; those that were not played are missing.
        size: of all of them.
    """

    played: tuple[Played, ...]
    size: Size

    @classmethod
    def of(cls, folder: Path) -> Study:
        """Read a study's folder, in which every campaign has a folder of its name.

        A run of which no setting is finished counts as not played.

        Raises:
            ParameterError: it holds none of them, or runs of both sizes.
        """
        there = [part for part in PARTS if (folder / part.campaign).is_dir()]
        every = [Played(part=part, record=read(folder / part.campaign)) for part in there]
        played = tuple(one for one in every if one.record.points)
        require(bool(played), must="hold settings of a campaign of the study", folder=folder)
        small = {one.record.name.endswith(SMALL) for one in played}
        require(len(small) == 1, must="hold runs of one size", folder=folder)
        return cls(played=played, size=Size.SMALL if small.pop() else Size.FULL)

    @property
    def passed(self) -> bool:
        """Whether all six were played and passed."""
        return len(self.played) == len(PARTS) and all(one.passed for one in self.played)

    @cached_property
    def verdicts(self) -> list[dict[str, Any]]:
        """Comparisons of defences, judged together over all panels of all campaigns; none if small."""
        if self.size is Size.SMALL:
            return []
        return verdicts([row.line for one in self.played for row in one.record.cells])

    @cached_property
    def seeds(self) -> dict[str, int | None]:
        """Of its runs, by campaign; None where a run does not say."""
        return {one.part.campaign: one.record.run.get("seed") for one in self.played}

    @property
    def points(self) -> list[Point]:
        """Of all campaigns."""
        return [point for one in self.played for point in one.record.points]

    def verdicts_of(self, played: Played) -> list[dict[str, Any]]:
        """The comparisons in the panels of one campaign."""
        names = {panel.name for panel in played.panels}
        return [row for row in self.verdicts if row["panel"] in names]


def of_role(panel: Panel, *roles: Role) -> Iterator[Setting]:
    """The settings of defences with these roles."""
    return (one for one in panel.settings if one.role in roles)
