"""Campaigns: the cells to play, the controls among them, and what is expected of each.

A campaign is a TOML file, and its name is the file's:

    title = "..."
    description = "..."
    significance = 0.01       # chance of any false alarm among the Monte Carlo cells
    control_level = 0.01      # the same for the Monte Carlo controls

    [tightness]               # per learner: where observed/theory is expected to lie
    randomized-response = [0.97, 1]

    [[cells]]                 # lists are crossed; a value that is a list is written [[0, 1]]
    learner = {name = "randomized-response", epsilon = [0.1, 1]}
    population = {name = "swap", a = 0.25, b = 0.75}
    n = [1, 10]
    attacker = "bayes"        # whatever is not listed here is a parameter of the game
    trials = 100000           # leave out where the attacker's success is computed

    [[controls]]              # as a cell, and:
    kind = "noise-too-small"  # or "theory-scaled", "shuffled": see `verification.cell.Control`
    factor = 0.9              # of the noise, or (by default 0.95) of the theory
    must = "caught"           # or "not flagged"
    note = "..."              # why, where the factor is another

Decimals are read as they are written, without rounding.  A table of cells may state its own
`tightness`.  There is at least one control of every kind.

    [small]                   # the campaign's small size: keys that replace those of every table
    replicate = [0, 1]

A table's own `small = {...}` comes after it, with a `learner` that is merged into the table's;
`small = false` leaves the table out.  `needs = ["adult.test"]` leaves a table out where the data
folder (`verification.data`) has no such file.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

from flint import fmpq

from mipriv.errors import ParameterError, require
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import outward
from verification import data
from verification.cell import Cell, Control

CAMPAIGNS = Path(__file__).with_name("campaigns")
PLAY = "verification.play:play"
SMALL = "-small"  # ends the name of a campaign of small size
_KEYS = {
    "title",
    "description",
    "significance",
    "control_level",
    "tightness",
    "play",
    "cells",
    "controls",
    "small",
}
_FACTORS = {Control.NOISE_TOO_SMALL: "0.9", Control.THEORY_SCALED: "0.95"}


class Size(StrEnum):
    """SMALL: fewer replicates and settings, to see that all works; no verdict rests on it."""

    SMALL = "small"
    FULL = "full"


class Must(StrEnum):
    """What has to happen to a control."""

    CAUGHT = "caught"
    NOT_FLAGGED = "not flagged"


_USUAL = {
    Control.NOISE_TOO_SMALL: Must.CAUGHT,
    Control.THEORY_SCALED: Must.CAUGHT,
    Control.SHUFFLED: Must.NOT_FLAGGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cell and what is expected of it.

    Attributes:
        cell: the cell.
        tightness: where observed/theory is expected to lie; None for a control.
        must: what has to happen to a control; None otherwise.
        note: what a control has to say for itself.
    """

    cell: Cell
    tightness: tuple[float, float] | None = None
    must: Must | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Cells that are judged together.

    Attributes:
        name: as `run` takes it.
        title, description: for its readers.
        significance: chance, at most, of any false alarm among the Monte Carlo cells.
        control_level: the same for the Monte Carlo controls, which are not counted above.
        entries: cells, then controls; no two alike.
        play: "module:function" of what plays a cell, found by every worker.
        size: which of its sizes.
        left_out: what was left out for want of data, a line for each missing file.
    """

    name: str
    title: str
    description: str
    significance: fmpq
    control_level: fmpq
    entries: tuple[Entry, ...]
    play: str = PLAY
    size: Size = Size.FULL
    left_out: tuple[str, ...] = ()

    @property
    def monte_carlo(self) -> int:
        """M: the Monte Carlo cells that are no controls, among which the significance is shared."""
        return sum(not one.cell.exact and one.must is None for one in self.entries)

    @property
    def monte_carlo_controls(self) -> int:
        """Monte Carlo controls, among which their level is shared."""
        return sum(not one.cell.exact and one.must is not None for one in self.entries)

    def level(self, entry: Entry) -> float:
        """Chance that the cell's interval misses: its share of the significance, rounded down.

        It is known beforehand, so that a line does not depend on what the others say.
        An exact cell's enclosure never misses, whatever its level.
        """
        control = entry.must is not None
        total = self.control_level if control else self.significance
        sharing = self.monte_carlo_controls if control else self.monte_carlo
        share = fmpq(1) if entry.cell.exact else fmpq(1, sharing)
        return outward(total * share).lower

    @classmethod
    def read(cls, path: Path, size: Size = Size.FULL) -> Campaign:
        """Read a campaign's file, in one of its sizes.

        Raises:
            ParameterError: it is no campaign; the message says why.
        """
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
        except OSError as error:
            raise ParameterError(f"campaign={path}: {error.strerror}") from None
        except ValueError as error:
            raise ParameterError(f"campaign={path.name}: must be TOML: {error}") from None
        for key in found:
            require(key in _KEYS, must=f"be one of {', '.join(sorted(_KEYS))}", key=key)
        small = size is Size.SMALL
        common = found.get("small", {})
        require(isinstance(common, Mapping), must="be given as [small]", small=common)
        require(not small or "small" in found, must="be full: it has no [small]", size=size)
        name = path.stem + SMALL * small
        tables = {key: _tables(found, key) for key in ("cells", "controls")}
        missing = dict.fromkeys(
            line
            for each in tables.values()
            for one in each
            for line in data.missing(one.get("needs"))
        )
        sized = {key: list(_sized(each, common, small)) for key, each in tables.items()}
        entries = (
            *_cells(sized["cells"], found.get("tightness", {}), name),
            *_controls(sized["controls"], name),
        )
        campaign = cls(
            name=name,
            title=_text(found, "title"),
            description=_text(found, "description"),
            significance=_chance(found, "significance"),
            control_level=_chance(found, "control_level"),
            entries=entries,
            play=found.get("play", PLAY),
            size=size,
            left_out=tuple(missing),
        )
        _check(campaign)
        return campaign


def find(name: str) -> Path:
    """The file of a campaign, from its name or the path of a TOML file.

    Raises:
        ParameterError: there is no such campaign.
    """
    path = Path(name) if name.endswith(".toml") else CAMPAIGNS / f"{name}.toml"
    known = ", ".join(one.stem for one in campaigns()) or "none is here"
    require(path.is_file(), must=f"be a TOML file or one of: {known}", campaign=name)
    return path


def named(name: str, size: Size | None = None) -> Campaign:
    """The campaign of this name, which may end in `-small`, or file; its size unless it says so, full.

    Raises:
        ParameterError: there is no such campaign, or no such size of it.
    """
    short = name.removesuffix(SMALL)
    if size is None and short != name and not (CAMPAIGNS / f"{name}.toml").is_file():
        return Campaign.read(find(short), Size.SMALL)
    return Campaign.read(find(name), size or Size.FULL)


def campaigns() -> list[Path]:
    """Files of the campaigns that come with the package, by name."""
    return sorted(CAMPAIGNS.glob("*.toml"))


def _sized(
    tables: Sequence[dict[str, Any]], every: Mapping[str, Any], small: bool
) -> Iterator[dict[str, Any]]:
    """The tables whose data are there, in the size that is asked for."""
    for given in tables:
        table = dict(given)
        own, needs = table.pop("small", {}), table.pop("needs", None)
        rule = "be a table, or false to leave it out"
        require(isinstance(own, Mapping) or own is False, must=rule, small=own)
        if data.missing(needs) or (small and own is False):
            continue
        if small:
            replaced = {**every, **own}
            if "learner" in replaced:
                replaced["learner"] = _merged(table.get("learner"), replaced["learner"])
            table |= {key: value for key, value in replaced.items() if key in table or key in own}
        yield table


def _merged(whole: Any, small: Any) -> dict[str, Any]:
    tables = isinstance(whole, Mapping) and isinstance(small, Mapping)
    require(tables, must="be a table, as that of the cells", small_learner=small)
    return {**whole, **small}


def _cells(
    tables: Sequence[dict[str, Any]], ranges: Mapping[str, Any], name: str
) -> Iterator[Entry]:
    for table in tables:
        own = table.pop("tightness", None)
        for cell in _crossed(table, name, None):
            learner = cell.learner["name"]
            rule = "be stated, here or in [tightness]"
            require(own is not None or learner in ranges, must=rule, tightness_of=learner)
            yield Entry(cell=cell, tightness=_range(ranges[learner] if own is None else own))


def _controls(tables: Sequence[dict[str, Any]], name: str) -> Iterator[Entry]:
    for table in tables:
        kinds = table.pop("kind", None)
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            yield from _control(dict(table), name, kind)


def _control(table: dict[str, Any], name: str, kind: Any) -> Iterator[Entry]:
    require(kind in list(Control), must=f"be one of {', '.join(Control)}", kind=kind)
    must, note = table.pop("must", None), table.pop("note", "")
    if must not in list(Must):
        raise ParameterError(f"must={must}: must be one of {', '.join(Must)}")
    control = Control(kind)
    usual = _FACTORS.get(control)
    if usual is None:
        require("factor" not in table, must=f"be left out of {kind}", factor=table.get("factor"))
    else:
        factor = table.setdefault("factor", usual)
        ratio = exact(factor, "factor")
        require(0 < ratio < 1, must="lie strictly between 0 and 1", factor=factor)
        explained = ratio == exact(usual, "factor") or bool(note)
        require(explained, must=f"come with a note unless it is {usual}", factor=factor)
    for cell in _crossed(table, name, control):
        yield Entry(cell=cell, must=Must(must), note=note)


def _tables(found: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    tables = found.get(key)
    valid = isinstance(tables, list) and all(isinstance(one, dict) for one in tables)
    require(valid, must=f"be given as [[{key}]]", **{key: tables})
    return [dict(one) for one in tables or []]


def _crossed(table: dict[str, Any], name: str, control: Control | None) -> Iterator[Cell]:
    for one in _alternatives(table):
        given = {key: one.pop(key, None) for key in ("learner", "population", "n")}
        yield Cell(campaign=name, **given, parameters=one, control=control)


def _alternatives(value: Any) -> Iterator[Any]:
    """What a value stands for: each entry of a list, and tables with every choice made."""
    if isinstance(value, list):
        require(bool(value), must="hold at least one value", list=value)
        for one in value:
            yield from [one] if isinstance(one, list) else _alternatives(one)
    elif isinstance(value, dict):
        for choice in product(*(list(_alternatives(one)) for one in value.values())):
            yield dict(zip(value, choice, strict=True))
    else:
        yield value


def _check(campaign: Campaign) -> None:
    """Raise ParameterError unless no two cells are alike and every kind of control is there."""
    cells = Counter(one.cell.canonical() for one in campaign.entries)
    text, times = max(cells.items(), key=lambda item: item[1], default=("", 1))
    require(times == 1, must="be different from all others", cell=text)
    there = {(one.cell.control, one.must) for one in campaign.entries}
    for kind, must in _USUAL.items():
        rule = f"hold a control {kind} that must be {must}"
        require((kind, must) in there, must=rule, campaign=campaign.name)
    module, _, function = campaign.play.partition(":")
    named = module.replace(".", "").isidentifier() and function.isidentifier()
    require(named, must="be module:function", play=campaign.play)


def _text(found: Mapping[str, Any], key: str) -> str:
    text = found.get(key)
    require(isinstance(text, str) and bool(text), must="be a text", **{key: text})
    return str(text)


def _chance(found: Mapping[str, Any], key: str) -> fmpq:
    chance = exact(found.get(key), key)
    require(0 < chance < 1, must="lie strictly between 0 and 1", **{key: found.get(key)})
    return chance


def _range(given: Sequence[Any]) -> tuple[float, float]:
    pair = isinstance(given, list) and len(given) == 2
    require(pair, must="be [lower, upper]", tightness=given)
    lower, upper = (exact(end, "tightness") for end in given)
    require(0 <= lower <= upper, must="be 0 <= lower <= upper", tightness=given)
    return outward(lower).lower, outward(upper).upper
