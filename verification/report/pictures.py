"""Pictures of all cells: observed against theory, and tightness by learner."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from verification.report.canvas import ALARM, GRID, INK, MARKERS, PALETTE, Picture
from verification.report.markup import printable
from verification.report.record import Record, Row
from verification.report.words import by_learner, counted

_FEW = 0.05  # least width of the axis of tightness: below it nothing but roundoff is seen
_LEAST = 3  # cells that have a median worth a mark
_MANY = 25  # points that small marks keep apart
Style = tuple[str, str]


def pictures(record: Record) -> list[Picture]:
    """What there is to draw of all cells together."""
    styles = style_of(record)
    advantage = [row for row in record.cells if not row.success]
    success = [row for row in record.cells if row.success]
    found = []
    if any(map(_positive, advantage)):
        found.append(_against_theory(advantage, styles, apart=len(success)))
    if success:
        found.append(_success(success, styles))
    groups = by_learner(record.cells)
    if groups:
        untold = len(record.cells) - sum(map(len, groups.values()))
        found.append(_by_learner(groups, styles, untold))
    return found


def style_of(record: Record) -> dict[str, Style]:
    """Colour and marker of every learner, the same in all pictures."""
    names = dict.fromkeys(row.learner for row in record.cells)
    size = len(PALETTE)
    return {
        name: (PALETTE[place % size], MARKERS[(place + place // size) % size])
        for place, name in enumerate(names)
    }


def label(text: str) -> str:
    """A name for a legend, which leaves out those that begin with an underscore."""
    shown = printable(text)
    return f" {shown}" if shown.startswith("_") else shown


def points(axes: Any, rows: Sequence[Row], across: Sequence[float], style: Style) -> None:
    """Draw what was observed: computed cells filled, trials hollow with their interval."""
    colour, marker = style
    for exact in (True, False):
        chosen = [(x, row) for x, row in zip(across, rows, strict=True) if _exact(row) is exact]
        if not chosen:
            continue
        xs, ys = [x for x, _ in chosen], [row.middle for _, row in chosen]
        if not exact:
            low = [row.middle - row.line["observed"]["lower"] for _, row in chosen]
            high = [row.line["observed"]["upper"] - row.middle for _, row in chosen]
            axes.errorbar(xs, ys, yerr=[low, high], fmt="none", ecolor=colour, elinewidth=1)
        face = colour if exact else "none"
        size = 26 if len(rows) <= _MANY else 10
        axes.scatter(xs, ys, s=size, marker=marker, facecolors=face, edgecolors=colour, lw=1)
    above = [(x, row.middle) for x, row in zip(across, rows, strict=True) if row.violated]
    if above:
        axes.scatter(*zip(*above, strict=True), s=120, facecolors="none", edgecolors=ALARM, lw=2)


def legend(axes: Any, handles: Sequence[Any], *, columns: int = 2) -> None:
    """Put a legend below the axes."""
    names = [one.get_label() for one in handles]
    wide = max(map(len, names), default=0) > 30
    axes.figure.legend(
        handles=list(handles),
        loc="outside lower left",
        ncols=1 if wide else columns,
        frameon=False,
        fontsize=9,
        handlelength=2.4,
    )


def handle(text: str, **look: Any) -> Any:
    """An entry of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label(text), **look)


def marks(styles: Mapping[str, Style], rows: Sequence[Row]) -> list[Any]:
    """Legend of the learners, and of what trials and violations look like."""
    there = {row.learner for row in rows}
    found = [
        handle(name, color=colour, marker=marker, ls="")
        for name, (colour, marker) in styles.items()
        if name in there
    ]
    if not all(map(_exact, rows)):
        found.append(handle("by trials", color=INK, marker="o", ls="", fillstyle="none"))
    if any(row.violated for row in rows):
        look = {"marker": "o", "ls": "", "fillstyle": "none", "markersize": 11}
        found.append(handle("above the theory", color=ALARM, **look))
    return found


def plain(axes: Any, *, x: bool, y: bool) -> None:
    """Logarithmic scales with plain numbers; more of them where less than three decades show."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for wanted, axis, ends in ((x, axes.xaxis, axes.get_xlim()), (y, axes.yaxis, axes.get_ylim())):
        if wanted:
            few = ends[1] / ends[0] < 1e3
            axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=7))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())


def _exact(row: Row) -> bool:
    return bool(row.line["observed"]["exact"])


def _positive(row: Row) -> bool:
    """Whether it has a place on logarithmic scales."""
    return bool(row.line["theory"]["upper"] > 0 and row.middle > 0)


def _bound(row: Row) -> float:
    return float(row.line["theory"]["upper"])


def _drawn(
    rows: Sequence[Row], styles: Mapping[str, Style], ends: tuple[float, float], what: str
) -> Callable[[Any], None]:
    """Observed against theory, with the diagonal."""

    def draw(axes: Any) -> None:
        low, high = ends
        axes.fill_between([low, high], [low, high], [high, high], color=ALARM, alpha=0.09, lw=0)
        axes.plot([low, high], [low, high], color=INK, lw=1.2, zorder=1)
        for name, style in styles.items():
            mine = [row for row in rows if row.learner == name]
            points(axes, mine, [_bound(row) for row in mine], style)
        axes.set(
            xlim=ends, ylim=ends, xlabel=f"theory: {what}, at most", ylabel=f"attacker: {what}"
        )
        line = handle("all that the theory allows", color=INK, lw=1.2)
        legend(axes, [*marks(styles, rows), line])
        over = "not allowed by the theory"
        axes.text(0.03, 0.96, over, transform=axes.transAxes, va="top", fontsize=9, color=ALARM)

    return draw


def _against_theory(rows: Sequence[Row], styles: Mapping[str, Style], *, apart: int) -> Picture:
    shown = [row for row in rows if _positive(row)]
    values = [value for row in shown for value in (_bound(row), row.middle)]
    ends = min(values) / 1.5, max(values) * 1.5
    draw = _drawn(shown, styles, ends, "loss")

    def logarithmic(axes: Any) -> None:
        axes.set(xscale="log", yscale="log")
        draw(axes)
        plain(axes, x=True, y=True)

    caption = (
        "Every game is a point: to the right, what the theory allows the attacker; upwards, what "
        "the attacker reached. On the line it reached all of it; a game above the line would "
        "contradict the theory. Both scales are logarithmic, so that small losses show too."
    )
    left = len(rows) - len(shown)
    if left:
        caption += f" Left out: {counted(left, 'game')} with a bound of 0 or no loss that shows."
    if apart:
        caption += f" The {counted(apart, 'game')} with uneven odds or more secrets: next picture."
    title = "What the attacker reached, against what the theory allows"
    return Picture(name="observed-theory", title=title, caption=caption, draw=logarithmic)


def _success(rows: Sequence[Row], styles: Mapping[str, Style]) -> Picture:
    values = [value for row in rows for value in (_bound(row), row.middle)]
    room = max(0.04 * (max(values) - min(values)), 0.01)
    ends = min(values) - room, max(values) + room
    caption = (
        "The same for games whose secrets are not equally likely, or more than two, and for guesses "
        "of what a record hides: here both axes are the chance that the guess is right. An attacker "
        "who sees nothing is right as often as the likeliest secret is true."
    )
    draw = _drawn(rows, styles, ends, "chance of a right guess")
    title = "Uneven odds and more secrets: chance of a right guess"
    return Picture(name="observed-theory-success", title=title, caption=caption, draw=draw)


def _by_learner(
    groups: Mapping[str, Sequence[Row]], styles: Mapping[str, Style], untold: int
) -> Picture:
    every = [row for rows in groups.values() for row in rows]
    ends = [end for row in every for end in (row.line["tightness"], *(row.expected or ()))]
    finite = [end for end in ends if math.isfinite(end)]
    low, high = min(finite), max(1.0, max(r.line["tightness"] for r in every))
    room = max(0.04 * (high - low), _FEW / 2)

    def draw(axes: Any) -> None:
        axes.axvline(1, color=INK, lw=1.2, zorder=1)
        for place, (name, rows) in enumerate(groups.items()):
            _strip(axes, rows, -place, styles[name])
        axes.set(xlim=(low - room, high + room), ylim=(0.7 - len(groups), 0.7))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("tightness: attacker's success / theory's bound")
        for place, name in enumerate(groups):
            text = f"{label(name)} ({counted(len(groups[name]), 'game')})"
            axes.text(0.0, 0.36 - place, text, transform=axes.get_yaxis_transform(), va="bottom")
        found = [handle("1: bound reached", color=INK, lw=1.2)]
        found.append(handle("expected", color=GRID, lw=8))
        found.append(handle("median", color=INK, marker="|", ls="", markersize=14, mew=2))
        legend(axes, [*found, *marks({}, every)], columns=3)

    caption = (
        "Each point is a game, in the strip of its learner: at 1 the attacker reached all that the "
        "theory allows, and no proof can promise less; the further to the left, the more the "
        "theory exceeds what can be done against this learner. The shaded band is where the "
        "campaign expected the points, over all of its games; up and down means nothing."
    )
    if untold:
        caption += f" Left out: {counted(untold, 'game')} with a bound of 0."
    height = 1.6 + 0.95 * len(groups)
    title = "Tightness by learner"
    return Picture(name="tightness", title=title, caption=caption, draw=draw, height=height)


def _strip(axes: Any, rows: Sequence[Row], place: float, style: Style) -> None:
    """One learner's tightness; points are spread by their order, so that the picture repeats."""
    from statistics import median

    colour, marker = style
    expected = [row.expected for row in rows if row.expected is not None]
    if expected:
        low, high = min(one[0] for one in expected), max(one[1] for one in expected)
        # a band too narrow to see is drawn with the width of a line
        axes.fill_betweenx([place - 0.3, place + 0.3], low, high, color=GRID, alpha=0.7, lw=1.5)
    golden = (math.sqrt(5) - 1) / 2
    heights = [place + 0.5 * ((turn * golden) % 1 - 0.5) for turn in range(len(rows))]
    for exact in (True, False):
        chosen = [(row, y) for row, y in zip(rows, heights, strict=True) if _exact(row) is exact]
        face = colour if exact else "none"
        look = {"facecolors": face, "edgecolors": colour, "lw": 0.8, "alpha": 0.75}
        spots = [(row.line["tightness"], y) for row, y in chosen]
        axes.scatter(*_columns(spots), s=18, marker=marker, **look)
        if not exact:
            ends = [(*_ends(row), y) for row, y in chosen]
            left, right, level = _columns(ends, 3)
            axes.hlines(level, left, right, color=colour, lw=0.8, alpha=0.7)
    above = [
        (row.line["tightness"], y) for row, y in zip(rows, heights, strict=True) if row.violated
    ]
    axes.scatter(*_columns(above), s=110, facecolors="none", edgecolors=ALARM, lw=2)
    if len(rows) < _LEAST:  # the points say it
        return
    middle = median(row.line["tightness"] for row in rows)
    axes.plot([middle] * 2, [place - 0.33, place + 0.33], color=INK, lw=2.2)


def _ends(row: Row) -> tuple[float, float]:
    """Interval of the tightness."""
    seen, bound = row.line["observed"], _bound(row)
    return seen["lower"] / bound, seen["upper"] / bound


def _columns(rows: Sequence[tuple[float, ...]], width: int = 2) -> list[list[float]]:
    return [[row[place] for row in rows] for place in range(width)]
