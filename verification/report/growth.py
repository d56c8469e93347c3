"""Pictures of the loss against the number of records, at a fixed epsilon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from mipriv.errors import MissingExtra, ParameterError, PrecisionError, UnsupportedGuarantee
from mipriv.game import PopulationGame
from mipriv.loss.worst_case import worst_case
from verification import registry
from verification.cell import canonical
from verification.registry import Setting
from verification.report.canvas import INK, MARKERS, PALETTE, Picture
from verification.report.pictures import handle, legend, plain, points
from verification.report.record import Record, Row
from verification.report.words import counted, settings
from verification.theory import published

_LEAST = 3  # numbers of records below which there is no course to see
_SERIES = 5  # more cannot be told apart in one picture
_PICTURES = 4
_STEPS = 60  # of a curve: no corner is seen
Curve = list[tuple[int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The same learner and populations at several n.

    Attributes:
        rows: by n.
        bound: what the theory allows, by n: the least bound that a cell was held against.
        published, worst: the published bound, and the exact worst case over all populations;
            empty where the learner's claim has none.
        differ: chance that a record tells the secret; empty where it is 1.
    """

    rows: Sequence[Row]
    bound: Curve
    published: Curve
    worst: Curve
    differ: Curve

    @property
    def table(self) -> Mapping[str, Any]:
        """The learner's table, and what else is chosen for the game."""
        found: Mapping[str, Any] = self.rows[0].line["learner"]
        return {**found, **_rest(self.rows[0])}

    @property
    def population(self) -> Mapping[str, Any]:
        """The populations' table."""
        found: Mapping[str, Any] = self.rows[0].line["population"]
        return found


def pictures(record: Record) -> list[Picture]:
    """One for each learner and pair of populations with enough n; those with most n come first."""
    groups = [group for group in _groups(record) if _course(group)]
    groups.sort(key=lambda group: -max(len({row.line["n"] for row in one}) for one in group))
    kept = groups[:_PICTURES]
    left = len(groups) - len(kept)
    found = []
    for place, group in enumerate(kept):
        series = [_series(rows, known=record.known) for rows in group]
        found.append(_picture(series, place + 1, left if place == len(kept) - 1 else 0))
    return found


def _groups(record: Record) -> list[list[list[Row]]]:
    """Series of two secrets at even odds, together if they fit one picture."""
    series: dict[str, list[Row]] = {}
    for row in record.cells:
        if not row.success:
            series.setdefault(canonical(_same(row)), []).append(row)
    long = [rows for rows in series.values() if len({row.line["n"] for row in rows}) >= _LEAST]
    found = []
    for group in _split(long, lambda line: [line["learner"]["name"], line["population"]]):
        parts = [group]
        if len(group) > _SERIES and any(len(part) > 1 for part in _split(group, _but_epsilon)):
            parts = list(_split(group, _but_epsilon))
        for part in parts:
            found += [part[i : i + _SERIES] for i in range(0, len(part), _SERIES)]
    return found


def _same(row: Row) -> list[Any]:
    """What the rows of a series have in common."""
    return [row.line["learner"], row.line["population"], _rest(row)]


def _rest(row: Row) -> dict[str, Any]:
    """Parameters that the truth depends on: not the bound compared with, nor how often is played."""
    given = row.line["parameters"]
    return {key: one for key, one in given.items() if key not in ("theorem", "trials")}


def _but_epsilon(line: Mapping[str, Any]) -> list[Any]:
    learner = {key: value for key, value in line["learner"].items() if key != "epsilon"}
    return [learner, line["population"]]


def _split(
    groups: Iterable[list[Row]], key: Callable[[Mapping[str, Any]], Any]
) -> Iterable[list[list[Row]]]:
    found: dict[str, list[list[Row]]] = {}
    for rows in groups:
        found.setdefault(canonical(key(rows[0].line)), []).append(rows)
    return found.values()


def _course(group: Sequence[Sequence[Row]]) -> bool:
    """Whether there is anything above 0 to draw."""
    return any(row.line["theory"]["upper"] > 0 for rows in group for row in rows)


def _series(rows: Sequence[Row], *, known: bool) -> Series:
    ordered = sorted(rows, key=lambda one: one.line["n"])
    bound: dict[int, float] = {}
    for row in ordered:
        n, upper = row.line["n"], row.line["theory"]["upper"]
        bound[n] = min(upper, bound.get(n, upper))
    first = rows[0].line
    sizes = _between(list(bound))
    curves = _curves(first["learner"], first["population"], sizes) if known else {}
    return Series(
        rows=ordered,
        bound=list(bound.items()),
        published=curves.get("published", []),
        worst=curves.get("worst", []),
        differ=curves.get("differ", []),
    )


def _between(sizes: Sequence[int]) -> list[int]:
    """The numbers of records and more in between, evenly on a logarithmic scale."""
    low, high = min(sizes), max(sizes)
    ratio = (high / low) ** (1 / _STEPS)
    return sorted({*sizes, *(round(low * ratio**step) for step in range(_STEPS + 1))})


def _curves(
    learner: Mapping[str, Any], population: Mapping[str, Any], sizes: Sequence[int]
) -> dict[str, Curve]:
    """The bounds that the cells were not held against; none where no theorem covers the learner."""
    found: dict[str, Curve] = {}
    try:
        family = registry.populations(population)
        claims = {n: registry.learner(learner, Setting(n=n, family=family)) for n in sizes}
        claims = {n: one.guarantee() for n, one in claims.items()}
    except (ParameterError, MissingExtra):
        return found
    if family.tau() < 1:
        with ctx.workprec(96):  # far more than the eye sees
            close = 1 - arb(family.tau())
            found["differ"] = [(n, float(1 - close**n)) for n in sizes]
    for name, bound in (("published", _published), ("worst", _worst)):
        try:
            found[name] = [(n, bound(claim, n)) for n, claim in claims.items()]
        except (UnsupportedGuarantee, PrecisionError):
            continue
    return found


def _published(claim: Any, n: int) -> float:
    return published(claim, n).upper


def _worst(claim: Any, n: int) -> float:
    return float(worst_case(claim, PopulationGame(n=n)).upper)


def _picture(series: Sequence[Series], place: int, left: int) -> Picture:
    def draw(axes: Any) -> None:
        axes.set_xscale("log")
        for one, colour, marker in zip(series, PALETTE, MARKERS, strict=False):
            _draw(axes, one, colour, marker)
        if series[0].differ:  # the same for all: a matter of the populations
            axes.plot(*zip(*series[0].differ, strict=True), color=INK, lw=1.2, ls=":")
        axes.set(ylim=(-0.02, 1.04), xlabel="records that change with the secret, n", ylabel="loss")
        plain(axes, x=True, y=False)
        legend(axes, [*_learners(series), *_lines(series)])

    first = series[0]
    learner = _name(first.table, _shared([one.table for one in series]))
    title = f"{learner} on {_name(first.population, first.population)}"
    return Picture(
        name=f"records-{place}",
        title=f"Loss against the number of records: {title}",
        caption=_caption(series, left),
        draw=draw,
        height=4.0 + 0.17 * (len(series) + 4),
    )


def _draw(axes: Any, one: Series, colour: str, marker: str) -> None:
    for curve, look in (
        (one.published, {"ls": "--", "lw": 1.2}),
        (one.worst, {"ls": "-", "lw": 1.4}),
        ([] if one.worst and not one.differ else one.bound, {"ls": "-.", "lw": 1.4}),
    ):
        if curve:
            axes.plot(*zip(*curve, strict=True), color=colour, zorder=1, **look)
    points(axes, one.rows, [row.line["n"] for row in one.rows], (colour, marker))


def _name(table: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    """A name with some of its settings; that there are two secrets goes without saying."""
    rest = settings({key: one for key, one in shown.items() if (key, one) != ("secrets", 2)})
    return f"{table['name']}{f' ({rest})' if rest else ''}"


def _shared(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Settings that are the same in all tables; none where there is but one."""
    first = tables[0]
    return {
        key: value
        for key, value in first.items()
        if key != "name" and len(tables) > 1 and all(one.get(key) == value for one in tables)
    }


def _learners(series: Sequence[Series]) -> list[Any]:
    """What tells the series apart; all settings where there is but one."""
    tables = [one.table for one in series]
    same = ["name", *_shared(tables)]
    return [
        handle(settings(table, without=same) or table["name"], color=colour, marker=marker, ls="")
        for table, colour, marker in zip(tables, PALETTE, MARKERS, strict=False)
    ]


def _lines(series: Sequence[Series]) -> list[Any]:
    looks = []
    if any(one.published for one in series):
        looks.append(("published bound (2021)", {"ls": "--", "lw": 1.2}))
    if any(one.worst for one in series):
        looks.append(("exact worst case", {"ls": "-", "lw": 1.4}))
    if any(one.differ or not one.worst for one in series):
        looks.append(("for these populations", {"ls": "-.", "lw": 1.4}))
    if any(one.differ for one in series):
        looks.append(("some record differs", {"ls": ":", "lw": 1.2}))
    return [handle(text, color=INK, **look) for text, look in looks]


def _caption(series: Sequence[Series], left: int) -> str:
    text = (
        "Points: what the attacker reached, which rises with the number of records that change "
        "with the secret while the learner stays the same."
    )
    if any(one.worst for one in series):
        text += " Solid: the least bound that holds for every learner with this promise."
    if any(one.published for one in series):
        text += " Dashed: the bound of the literature (Wang, Zhang and Jia 2021), cut at 1."
    if any(one.differ for one in series):
        text += (
            " Dash-dotted: the bound that counts in how close the two populations are. Dotted: the "
            "chance that any record differs at all, which no attacker exceeds."
        )
    if left:
        text += f" Left out: {counted(left, 'more such picture')}, whose games are in the table."
    return text
