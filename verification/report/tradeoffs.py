"""Pictures of a trade-off: attack success against utility, a panel each, and against information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from verification.parts import Kind, Role
from verification.report.canvas import INK, MARKERS, PALETTE, Picture
from verification.report.curves import Panel, Setting, Spread, finite, panels
from verification.report.pictures import handle, legend
from verification.report.record import Record
from verification.report.words import counted

MID = (PALETTE[0], "o")  # in every panel
_ENDS = {Role.UNDEFENDED: (INK, "*"), Role.CONSTANT: (INK, "X")}
_COLOURS = [one for one in PALETTE if one not in (MID[0], INK)]
_MARKERS = [one for one in MARKERS if one not in (MID[1], "X")]
_DASHES = ("-", "--", ":", "-.")
_ROOM = 0.25  # of the attacks' range: as much is left above them for what no attack exceeds
_MARGIN = 0.06  # of the same range, between what is shown and the frame
_WIDE = 50.0  # ratio of informations from which their axis is logarithmic
BASE: dict[str, Any] = {"ls": "--", "lw": 1.2}
REFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    Kind.EXACT: ("best possible attack", {"ls": ":", "lw": 1.8}),
    Kind.CEILING: ("ceiling: no attack exceeds it", {"ls": "-.", "lw": 1.1}),
    "bound": ("bound from the information", {"ls": (0, (7, 3)), "lw": 1.1}),
}
Style = tuple[str, str, str]
Line = list[tuple[float, float]]


def pictures(record: Record) -> list[Picture]:
    """For each panel: the population, the training records, the information, as far as known."""
    every = panels(record)
    styles = styles_of(every)
    found = []
    for place, panel in enumerate(every, start=1):
        found.append(_population(panel, styles, place))
        if any(one.train is not None for one in panel.settings):
            found.append(_training(panel, styles, place))
        if any(map(finite, panel.settings)):
            found.append(_information(panel, styles, place))
    return found


def styles_of(every: Sequence[Panel]) -> dict[str, Style]:
    """Colour, marker and dash of every defence, the same in all panels.

    All MIDs share their colour and marker, and differ by the dash.
    """
    roles: dict[str, Role] = {}
    for panel in every:
        for name, curve in panel.curves.items():
            roles.setdefault(name, curve[0].role)
    mids = [name for name, role in roles.items() if role is Role.MID]
    rivals = [name for name, role in roles.items() if role in (Role.DP, Role.BASELINE)]
    rivals.sort(key=lambda name: roles[name] is not Role.DP)  # stable: DP first
    found = {name: (*MID, _DASHES[turn % len(_DASHES)]) for turn, name in enumerate(mids)}
    for turn, name in enumerate(rivals):
        colour = _COLOURS[turn % len(_COLOURS)]
        found[name] = (colour, _MARKERS[(turn + turn // len(_COLOURS)) % len(_MARKERS)], "-")
    return found | {name: (*_ENDS[role], "") for name, role in roles.items() if role in _ENDS}


def _population(panel: Panel, styles: Mapping[str, Style], place: int) -> Picture:
    drawn = {(name, key): line for name, key, line in _references(panel)}
    low, high = _range(panel)
    top = high + _ROOM * (high - low)
    heights = [y for line in drawn.values() for _, y in line]
    over = sum(y > top for y in heights)
    margin = _MARGIN * (high - low)
    ends = low - margin, max([high, *(y for y in heights if y <= top)]) + margin

    def draw(axes: Any) -> None:
        entries = _curves(axes, panel, styles, train=False)
        kinds = {}
        for (name, key), line in drawn.items():
            inside = [one for one in line if one[1] <= top]
            if inside:
                text, look = REFERENCES[key]
                kinds[key] = handle(text, color=INK, **look)
                _line(axes, inside, {"color": styles[name][0], **look})
        if high > low:
            axes.set_ylim(ends)
        legend(axes, [*entries, *kinds.values()])

    caption = (
        "Each mark is a setting of a defence: across, how useful the model is; upwards, how often "
        "the strongest attack on people outside the training records is right. The lower, the "
        f"better the defence. {_bars(panel)} Star and cross: the model without a defence and a "
        "constant answer; on the thin line between them lies what tossing a coin between the two "
        "gives. Dashed and level: the best guess without any model."
    )
    if drawn:
        caption += (
            " Lines in a defence's colour are about any attack on it: dotted, the success of the "
            "best possible one, where that is known; dash-dotted, a ceiling on it, which need not "
            "be reached; long dashes, what the information in an answer allows at most."
        )
    if over:
        caption += f" Left out: {counted(over, 'ceiling or bound', 'ceilings or bounds')} above."
    return Picture(
        name=f"tradeoff-{place}",
        title=f"{panel.name}: attack against utility",
        caption=caption,
        draw=draw,
        height=_height(panel, len(drawn)),
    )


def _training(panel: Panel, styles: Mapping[str, Style], place: int) -> Picture:
    def draw(axes: Any) -> None:
        legend(axes, _curves(axes, panel, styles, train=True))

    caption = (
        "The same attack on the records that the model was trained on, hollow marks, against the "
        "same utility. Where they lie higher than in the picture before, the model has memorised. "
        f"{_bars(panel)}"
    )
    return Picture(
        name=f"tradeoff-{place}-train",
        title=f"{panel.name}: attack on training records",
        caption=caption,
        draw=draw,
        height=_height(panel, 0),
    )


def _curves(axes: Any, panel: Panel, styles: Mapping[str, Style], *, train: bool) -> list[Any]:
    """Draw every defence's settings and the level lines; the legend's entries."""
    entries, ends = [], []
    for name, curve in panel.curves.items():
        colour, marker, dash = styles[name]
        face = "none" if train else colour
        spots = [(one, one.train if train else one.attack) for one in curve]
        known = sorted(
            ((one.utility, seen, one) for one, seen in spots if seen is not None),
            key=lambda spot: spot[0].mean,
        )
        if not known:
            continue
        free = curve[0].role in _ENDS
        size = 9 if free else 6
        for across, up, _ in known:
            cross(axes, across, up, colour)
        line = [(across.mean, up.mean) for across, up, _ in known]
        look = {"color": colour, "marker": marker, "markersize": size, "mfc": face}
        axes.plot(*zip(*line, strict=True), ls=dash or "none", lw=1.3, zorder=3, **look)
        entries.append(handle(name, ls=dash or "", lw=1.3, **look))
        ends += line if free else []
        for across, up, one in known:
            if one.epsilon is not None:
                spot = {"xy": (across.mean, up.mean), "xytext": (5, 4), "fontsize": 8}
                axes.annotate(f"ε={one.epsilon:.3g}", textcoords="offset points", **spot)
    if len(ends) > 1:
        axes.plot(*zip(*sorted(ends), strict=True), color=INK, lw=0.6, zorder=1)
    axes.axhline(panel.base, color=INK, zorder=1, **BASE)
    entries.append(handle("best guess without a model", color=INK, **BASE))
    axes.set(xlabel=panel.utility, ylabel=panel.attack)
    return entries


def cross(axes: Any, across: Spread, up: Spread, colour: str) -> None:
    """Bars of both spreads."""
    axes.errorbar(
        [across.mean],
        [up.mean],
        xerr=[[across.mean - across.lower], [across.upper - across.mean]],
        yerr=[[up.mean - up.lower], [up.upper - up.mean]],
        fmt="none",
        ecolor=colour,
        elinewidth=0.9,
        zorder=2,
    )


def _line(axes: Any, line: Line, look: Mapping[str, Any]) -> None:
    """A line, or a short level one where there is but one place."""
    if len(line) > 1:
        axes.plot(*zip(*line, strict=True), zorder=2, **look)
        return
    [(x, y)] = line
    axes.annotate(
        "",
        xy=(x, y),
        xytext=(18, 0),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, **look},
    )


def _references(panel: Panel) -> list[tuple[str, str, Line]]:
    """Of every defence: what is known of any attack on it, by the key of the line."""
    found = []
    for name, curve in panel.curves.items():
        ways = {
            Kind.EXACT: [one.best(Kind.EXACT) for one in curve],
            Kind.CEILING: [one.best(Kind.CEILING) for one in curve],
            "bound": [one.bound for one in curve],
        }
        for key, values in ways.items():
            pairs = zip(curve, values, strict=True)
            line = sorted((one.utility.mean, value) for one, value in pairs if value is not None)
            if line:
                found.append((name, str(key), line))
    return found


def _range(panel: Panel) -> tuple[float, float]:
    """From the least to the greatest success shown, ceilings and bounds apart."""
    best = [one.best(Kind.EXACT) for one in panel.settings]
    values = [end for one in panel.settings for end in (one.attack.lower, one.attack.upper)]
    values += [panel.base, *(one for one in best if one is not None)]
    return min(values), max(values)


def _bars(panel: Panel) -> str:
    """What the bars are, in a sentence."""
    if panel.replicates == 1:
        return "Bars: the measure's own interval."
    many = counted(panel.replicates, "replicate")
    if all(len(one.points) >= 6 for one in panel.settings):
        return f"Marks are means over {many}; bars: 95% of the mean, by sign flips."
    return f"Marks are means over at most {many}; bars of fewer than six: least to greatest."


def _height(panel: Panel, lines: int) -> float:
    return 4.0 + 0.17 * (len(panel.curves) + 1 + min(lines, len(REFERENCES)))


def _information(panel: Panel, styles: Mapping[str, Style], place: int) -> Picture:
    shown = [one for one in panel.settings if one.information is not None]
    ends = [one for one in shown if not finite(one)]
    values = [value for value in map(_nats, shown) if value > 0]
    wide = bool(values) and max(values) > _WIDE * min(values)

    def draw(axes: Any) -> None:
        if wide:
            axes.set_xscale("symlog", linthresh=min(values))
        for one in shown:
            colour, marker, _ = styles[one.defence]
            if finite(one) and one.information is not None:
                cross(axes, one.information, one.attack, colour)
                look = _mark(one, colour, marker)
                axes.plot([one.information.mean], [one.attack.mean], **look)
        right = axes.get_xlim()[1]
        for one in ends:
            colour, marker, _ = styles[one.defence]
            axes.plot([right], [one.attack.mean], clip_on=False, **_mark(one, colour, marker))
            spot = {"xy": (right, one.attack.mean), "xytext": (-12, 4), "fontsize": 9}
            axes.annotate("∞", textcoords="offset points", **spot)
        axes.set_xlim(right=right)
        axes.axhline(panel.base, color=INK, zorder=1, **BASE)
        axes.set(xlabel="information in an answer, nats", ylabel=panel.attack)
        names = dict.fromkeys(one.defence for one in shown)
        entries = [
            handle(name, color=styles[name][0], marker=styles[name][1], ls="") for name in names
        ]
        if any(one.bounded for one in shown):
            hollow = {"color": INK, "marker": "o", "ls": "", "mfc": "none"}
            entries.append(handle("an upper bound", **hollow))
        legend(axes, [*entries, handle("best guess without a model", color=INK, **BASE)])

    caption = (
        "The same settings by the information that an answer carries of the input. If less "
        "information meant less success, the marks would rise to the right. Filled: estimates; "
        "hollow: upper bounds, which lie to the right of the truth and are not to be compared with "
        "estimates. A secret that the model itself holds does not show in this information."
    )
    if ends:
        caption += " At the right edge, ∞: the answer has no noise and tells the input's all."
    left = len(panel.settings) - len(shown)
    if left:
        caption += f" Left out: {counted(left, 'setting')} of which no information was read."
    return Picture(
        name=f"information-{place}",
        title=f"{panel.name}: attack against information",
        caption=caption,
        draw=draw,
        height=_height(panel, 1),
    )


def _nats(setting: Setting) -> float:
    return setting.information.mean if setting.information and finite(setting) else 0.0


def _mark(setting: Setting, colour: str, marker: str) -> dict[str, Any]:
    face = "none" if setting.bounded else colour
    return {"color": colour, "marker": marker, "mfc": face, "markersize": 6, "ls": "none"}
