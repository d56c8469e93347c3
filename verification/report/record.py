"""What a run's folder holds, read without touching it: a run may be under way.

The verdict of every line is worked out again from its numbers; `summary.json` adds what the lines
have no key for.  A folder without it, or with fewer lines than it counts, is a run that is not
finished.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mipriv.errors import ParameterError, require
from verification.campaign import PLAY, Campaign, Entry, Must, named
from verification.cell import Cell, Control
from verification.measures import Point
from verification.store import FAILURES, RESULTS, SUMMARY
from verification.tradeoff import verdicts
from verification.verdict import Line, check, judge

PACKED = ".gz"  # ends the name of results that are kept packed
_RUN = ("seed", "sources", "versions", "wall_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A played cell and what was expected of it.

    Attributes:
        line: as `results.jsonl` holds it.
        expected: where its tightness was expected to lie; None if not known, and for a control.
        must: what had to happen to a control; None otherwise.
        note: what a control has to say for itself.
    """

    line: Line
    expected: tuple[float, float] | None = None
    must: Must | None = None
    note: str = ""

    @property
    def violated(self) -> bool:
        """Whether the attacker did better than the theory allows."""
        return bool(self.line["violated"])

    @property
    def behaved(self) -> bool:
        """Whether a control did what it had to."""
        return self.violated == (self.must is Must.CAUGHT)

    @property
    def learner(self) -> str:
        """The learner's name, with a remark where it is held against a bound that is not the least."""
        name = str(self.line["learner"]["name"])
        theorem = self.line["parameters"].get("theorem")
        return f"{name}, {theorem} bound" if theorem else name

    @property
    def least(self) -> bool:
        """Whether it is held against the least bound known."""
        return not self.line["parameters"].get("theorem")

    @property
    def success(self) -> bool:
        """Whether the chance of a right guess is measured: uneven odds, or more than two secrets.

        Of a setting in a trade-off it always is.
        """
        if self.point is not None:
            return True
        secrets = self.line["population"].get("secrets", 2)
        return secrets != 2 or self.line["parameters"].get("prior") is not None

    @property
    def point(self) -> Point | None:
        """What the cell measures of a trade-off; None if it is none."""
        found = self.line["measures"]
        return Point.from_json(found) if "panel" in found else None

    @property
    def middle(self) -> float:
        """Middle of what was observed; for trials an estimate."""
        found = self.line["observed"]
        return float(found["lower"] + found["upper"]) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run as its folder tells it.

    Attributes:
        name, title, description: of the campaign.
        cells, controls: what was played so far, in the campaign's order where that is known.
        total: cells and controls of the campaign; None if not known.
        complete: whether all of them were played.
        failed: whether some could not be.
        unexpected: names of cells whose tightness lies outside the expected range.
        significance: chance, at most, of a false alarm among the Monte Carlo cells; None if not
            known.
        holm: adjusted p-values of Monte Carlo cells, by name.
        run: what it was run with.
        known: whether the cells were played by this package, whose learners have known names.
    """

    name: str
    title: str
    description: str = ""
    cells: tuple[Row, ...]
    controls: tuple[Row, ...]
    total: int | None = None
    complete: bool = False
    failed: bool = False
    unexpected: frozenset[str] = frozenset()
    significance: float | None = None
    holm: Mapping[str, float] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True

    @property
    def played(self) -> int:
        """Cells and controls."""
        return len(self.cells) + len(self.controls)

    @property
    def violations(self) -> list[Row]:
        """Cells, controls apart, whose attacker did better than the theory allows."""
        return [row for row in self.cells if row.violated]

    @property
    def findings(self) -> list[Row]:
        """Cells outside their expected range; violations are more than findings, and are none here."""
        found = [row for row in self.cells if row.line["cell"] in self.unexpected]
        return [row for row in found if not row.violated]

    @property
    def points(self) -> list[Point]:
        """What the cells measure of trade-offs."""
        found = [row.point for row in self.cells]
        return [one for one in found if one is not None]

    @property
    def tradeoffs(self) -> list[dict[str, Any]]:
        """The comparisons of defences, as the summary has them of a whole run."""
        return verdicts([row.line for row in self.cells])


def read(folder: Path, campaign: Path | None = None) -> Record:
    """Read a run's folder.

    Args:
        folder: where `run` left it.
        campaign: the campaign's file; None: the one of its name that comes with the package.

    Raises:
        ParameterError: it holds no results, or what it holds is not what a run writes.
    """
    lines = _lines(folder / RESULTS)
    names = {line["campaign"] for line in lines}
    require(len(names) == 1, must="hold the results of one campaign", folder=folder)
    name = str(names.pop())
    plan = _campaign(name, campaign)
    rows = _rows(lines, plan)
    known = plan is None or plan.play == PLAY
    whole = _summary(folder / SUMMARY)
    if whole is None:
        return _unfinished(name, rows, plan, failed=(folder / FAILURES).exists())
    try:
        return _finished(name, rows, whole, known=known)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ParameterError(f"{SUMMARY}: must be the summary of a run") from None


def _lines(path: Path) -> list[Line]:
    """Whole lines of the results; a last one that is still being written is left out."""
    packed = path.with_name(f"{path.name}{PACKED}")
    try:
        if packed.is_file() and not path.is_file():
            content = gzip.decompress(packed.read_bytes())
        else:
            content = path.read_bytes()
        whole = content.split(b"\n")[:-1]
    except OSError as error:
        raise ParameterError(f"folder={path.parent}: {path.name}: {error.strerror}") from None
    found = []
    for position, text in enumerate(whole, start=1):
        try:
            line = check(json.loads(text))
            _cell(line)
        except ParameterError as error:
            raise ParameterError(f"{path.name} line {position}: {error}") from None
        except (ValueError, TypeError, AttributeError):
            raise ParameterError(f"{path.name} line {position}: must be a result") from None
        found.append(line)
    require(bool(found), must="hold at least one result", **{path.name: "empty"})
    return found


def _cell(line: Line) -> Cell:
    kept = ("campaign", "learner", "population", "n", "parameters", "control")
    return Cell(**{key: line[key] for key in kept})


def _campaign(name: str, path: Path | None) -> Campaign | None:
    """The campaign as it stands now; a run's own file need not be there any more."""
    if path is not None:
        return Campaign.read(path)
    try:
        return named(name)
    except ParameterError:
        return None


def _rows(lines: Sequence[Line], plan: Campaign | None) -> list[Row]:
    """The lines in the campaign's order, with what it expects; the rest at the end."""
    entries = {} if plan is None else {one.cell.canonical(): one for one in plan.entries}
    place = {text: position for position, text in enumerate(entries)}
    found = [(_cell(line).canonical(), line) for line in lines]
    found.sort(key=lambda pair: place.get(pair[0], len(place)))
    return [_row(line, entries.get(text)) for text, line in found]


def _row(line: Line, entry: Entry | None) -> Row:
    if line["control"] is None:
        return Row(line=line, expected=None if entry is None else entry.tightness)
    if entry is None:
        usual = Must.NOT_FLAGGED if line["control"] == Control.SHUFFLED else Must.CAUGHT
        return Row(line=line, must=usual)
    return Row(line=line, must=entry.must, note=entry.note)


def _summary(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise ParameterError(f"{path.name}: must be the summary of a run") from None
    require(isinstance(found, dict), must="be the summary of a run", **{path.name: found})
    return dict(found)


def _finished(name: str, rows: Sequence[Row], whole: dict[str, Any], *, known: bool) -> Record:
    controls = {one["cell"]: one for one in whole["controls"]}
    total = sum(int(whole["cells"][key]) for key in ("exact", "monte_carlo", "controls"))
    tests = {str(key): float(one["holm"]) for key, one in whole["p_values"].items()}
    return Record(
        name=name,
        title=str(whole["title"]),
        description=str(whole["description"]),
        cells=tuple(row for row in rows if row.must is None),
        controls=tuple(
            _told(row, controls.get(row.line["cell"])) for row in rows if row.must is not None
        ),
        total=total,
        complete=total == len(rows),
        unexpected=frozenset(one["cell"] for one in whole["unexpected"]),
        significance=float(whole["significance"]["cells"]),
        holm=tests,
        run={key: whole[key] for key in _RUN} | {"left_out": whole.get("left_out", [])},
        known=known,
    )


def _told(row: Row, said: Mapping[str, Any] | None) -> Row:
    """A control as the summary has it: the campaign's file may have changed since."""
    return row if said is None else replace(row, must=Must(said["must"]), note=str(said["note"]))


def _unfinished(name: str, rows: list[Row], plan: Campaign | None, *, failed: bool) -> Record:
    record = Record(
        name=name,
        title=name if plan is None else plan.title,
        cells=tuple(row for row in rows if row.must is None),
        controls=tuple(row for row in rows if row.must is not None),
        failed=failed,
    )
    if plan is None:
        return record
    return replace(
        record,
        description=plan.description.strip(),
        total=max(len(plan.entries), len(rows)),
        unexpected=_unexpected(plan, rows),
        significance=int(plan.significance.p) / int(plan.significance.q),
        known=plan.play == PLAY,
    )


def _unexpected(plan: Campaign, rows: Sequence[Row]) -> frozenset[str]:
    """As the campaign would be judged, were what is played all of it."""
    lines = {_cell(row.line).canonical(): row.line for row in rows}
    there = tuple(one for one in plan.entries if one.cell.canonical() in lines)
    found = [lines[one.cell.canonical()] for one in there]
    # p-values take no part in what is unexpected, and an unfinished run has none to show
    unused = {line["cell"]: 1.0 for line in found}
    judged = judge(replace(plan, entries=there), found, unused)
    return frozenset(one["cell"] for one in judged.unexpected)
