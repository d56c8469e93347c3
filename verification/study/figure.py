"""The six-panel figure in the poster's layout, and the paper's own points beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from verification.parts import Better, Kind, Role
from verification.report.canvas import INK, PALETTE, Picture
from verification.report.curves import Panel
from verification.report.pictures import handle
from verification.report.tradeoffs import BASE, MID, REFERENCES, Style, cross, styles_of
from verification.study import labels
from verification.study.paper import ANCHORS, Anchor
from verification.study.results import PARTS, Played, Study
from verification.study.scatter import family

NAME = "six-panels"
_COLUMNS = 3
_ENDS = (Role.UNDEFENDED, Role.CONSTANT)
_PAPER = {"DP": (PALETTE[1], "s"), "Priority": (PALETTE[2], "^")}  # where the study has none
_VARIANTS = (
    ("secret only", "left", "on the secret alone"),
    ("deterministic", "none", "without noise"),
    ("per-input", "right", "noise fixed for each input"),
)
_FAR = 1.5  # times the cost of a constant answer
_LONG = 44  # letters
_ROOM = 0.12  # of the attacks' range, above and below


def pictures(study: Study) -> list[Picture]:
    """The six panels, and the paper's points."""
    styles = styles_of_study(study)
    return [_six(study, styles), _paper(styles)]


def styles_of_study(study: Study) -> dict[str, Style]:
    """Colour and marker of every family of defences, the same in all pictures of the study."""
    return styles_of([_by_family(one.shown) for one in study.played])


def over_parts(
    axes: Sequence[Any],
    shown: Mapping[str, Panel],
    draw: Callable[[Any, Panel], list[Any]],
    without: Mapping[str, str] | None = None,
) -> None:
    """Draw a panel for each attack, and one legend for all.

    Args:
        axes: one a part.
        shown: panel by letter; what is missing was not played.
        draw: (axes, panel) -> entries of the legend.
        without: by letter, what stands in the place of a panel.
    """
    entries: dict[str, Any] = {}
    for part, place in zip(PARTS, axes, strict=True):
        place.set_title(f"{part.letter}  {part.title}", loc="left", fontsize=11)
        why = (without or {}).get(part.letter, "" if part.letter in shown else "not played")
        if why:
            place.text(0.5, 0.5, why, ha="center", va="center", transform=place.transAxes)
            place.set_axis_off()
            continue
        for entry in draw(place, shown[part.letter]):
            entries.setdefault(entry.get_label(), entry)
    axes[0].figure.legend(
        handles=list(entries.values()),
        loc="outside lower center",
        ncols=5,
        frameon=False,
        fontsize=9,
    )


def _six(study: Study, styles: Mapping[str, Style]) -> Picture:
    shown = {one.part.letter: one.shown for one in study.played}

    def draw(*axes: Any) -> None:
        over_parts(axes, shown, lambda place, panel: _panel(place, panel, styles))

    return Picture(
        name=NAME,
        title="Six attacks: success against usefulness",
        caption=_caption(study.played),
        draw=draw,
        width=12.6,
        height=8.6,
        panels=(2, _COLUMNS),
    )


def _caption(played: Sequence[Played]) -> str:
    names = "; ".join(f"{one.part.letter}: {one.shown.name}" for one in played)
    return (
        "Each mark is a setting of a defence, its mean over replicates, with bars that hold the mean "
        "but for one chance in twenty (of fewer than six replicates: from the least to the greatest). "
        "Across, how useful the model is, the better the further to the right; upwards, how often the "
        "strongest attack is right, on people or records that the model was not trained on (d: the "
        "record of the update; e, f: how often an evaluator recognises the class that is attacked in "
        "the image made from the model). The lower "
        "and the further right, the better the defence; every panel has its own scales. MID is always "
        "blue and a circle with a solid line, full, or as the legend has it. Star: no defence. Cross: "
        "a constant answer. Dashed and level: the best guess without any model. Dotted: the best "
        "possible attack on the undefended model and on MID, where it is known, often hidden under the "
        "marks; where it is not, a ceiling stands in its place, dash-dotted, and is left out where it "
        f"lies above the frame. Settings that cost more than {_FAR:g} times a constant answer are left "
        "out too. DP "
        "protects the records of the training, with the epsilon shown: these are not who is attacked "
        f"here, except in d. Panels: {names}."
    )


def _by_family(panel: Panel) -> Panel:
    """The panel with one curve for each family of defences."""
    curves: dict[str, Any] = {}
    for name, curve in panel.curves.items():
        own = style_of(name, curve[0].role)
        curves[own] = (*curves.get(own, ()), *curve)
    return Panel(panel.name, curves)


def style_of(defence: str, role: Role) -> str:
    """By what a defence has its colour and marker: all that is private by noise has DP's."""
    return {Role.MID: "MID", Role.DP: "DP"}.get(role, family(defence))


def variant(defence: str, role: Role) -> tuple[str, str]:
    """Of MID: its name in the legend, and how its circle is filled."""
    for word, fill, said in _VARIANTS if role is Role.MID else ():
        if word in defence:
            return f"MID, {said}", fill
    return style_of(defence, role), "full"


def _panel(axes: Any, panel: Panel, styles: Mapping[str, Style]) -> list[Any]:
    """Draw one panel; the legend's entries."""
    entries: list[Any] = []
    lines: list[list[labels.Spot]] = []
    private: list[tuple[labels.Spot, str]] = []
    for name, curve in panel.curves.items():
        mid, free = curve[0].role is Role.MID, curve[0].role in _ENDS
        colour, marker, dash = styles[style_of(name, curve[0].role)]
        label, fill = variant(name, curve[0].role)
        known = sorted(((one.utility, one.attack, one) for one in curve), key=lambda s: s[0].mean)
        for across, up, _ in known:
            cross(axes, across, up, colour)
        spots = [(across.mean, up.mean) for across, up, _ in known]
        order = 5 if mid else 3
        look = {"color": colour, "marker": marker, "markersize": 11 if free else 6 + mid}
        look |= {"fillstyle": fill}
        axes.plot(*zip(*spots, strict=True), ls=dash or "none", lw=1 + mid, zorder=order, **look)
        entries.append(handle(label, ls=dash or "", lw=1 + mid, **look))
        lines += [spots] if dash else [[spot] for spot in spots]
        private += [
            (spot, f"ε={float(f'{one.epsilon:.2g}'):g}")
            for spot, (_, _, one) in zip(spots, known, strict=True)
            if one.epsilon is not None
        ]
    seen = [end for one in panel.settings for end in (one.attack.lower, one.attack.upper)]
    low, high = min(*seen, panel.base), max(*seen, panel.base)
    room = _ROOM * (high - low or 1.0)
    entries += _references(axes, panel, high + room)
    axes.axhline(panel.base, color=INK, zorder=1, **BASE)
    entries.append(handle("best guess without a model", color=INK, **BASE))
    axes.set_ylim(low - room, high + room)
    _useful(axes, panel)
    if panel.settings[0].points[0].utility.better is Better.LOW:
        axes.invert_xaxis()  # so that better is on the right in every panel
    axes.set(xlabel=_wrapped(panel.utility), ylabel=panel.attack)
    labels.put(axes, private, lines)
    return entries


def _useful(axes: Any, panel: Panel) -> None:
    """Cut off what is further from the undefended model than one and a half times a constant answer."""
    costs = {
        one.role: one.points[0].utility.cost(one.utility.mean)
        for one in panel.settings
        if one.role in _ENDS
    }
    if len(costs) < len(_ENDS):
        return
    whole = costs[Role.CONSTANT] - costs[Role.UNDEFENDED]
    turned = panel.settings[0].points[0].utility.cost
    limit = turned(costs[Role.UNDEFENDED] + _FAR * whole)
    ends = axes.get_xlim()
    if whole > 0:
        better = turned(1.0) > 0  # less is better: what is too dear lies on the right
        axes.set_xlim((ends[0], min(ends[1], limit)) if better else (max(ends[0], limit), ends[1]))


def _wrapped(text: str) -> str:
    """An axis's words on two lines if they are many."""
    head, _, tail = text.rpartition(" (")
    return f"{head}\n({tail}" if len(text) > _LONG else text


def _references(axes: Any, panel: Panel, top: float) -> list[Any]:
    """What is known of any attack on the undefended model and on MID."""
    entries = []
    for curve in panel.curves.values():
        if curve[0].role not in (Role.MID, Role.UNDEFENDED):
            continue
        for kind in (Kind.EXACT, Kind.CEILING):
            pairs = [(one.utility.mean, one.best(kind)) for one in curve]
            line = sorted((x, y) for x, y in pairs if y is not None and y <= top)
            if line:
                text, look = REFERENCES[kind]
                colour = INK
                if kind is Kind.CEILING and curve[0].role is Role.MID:
                    text, colour = text.replace(":", " on MID:"), MID[0]
                single = {"marker": "_", "markersize": 16} if len(line) == 1 else {}
                axes.plot(*zip(*line, strict=True), color=colour, zorder=6, **look, **single)
                entries.append(handle(text, color=colour, **look))
    return entries


def _paper(styles: Mapping[str, Style]) -> Picture:
    looks = {name: styles.get(name, look)[:2] for name, look in _PAPER.items()}

    def draw(*axes: Any) -> None:
        for place, anchor in zip(axes, ANCHORS, strict=True):
            _anchor(place, anchor, looks)
        entries = {
            "none": handle("none", color=INK, marker="*", ls="", markersize=11),
            "MID": handle("MID", color=MID[0], marker=MID[1], ls="-"),
            **{
                name: handle(name, color=colour, marker=marker, ls="-")
                for name, (colour, marker) in looks.items()
            },
        }
        axes[0].figure.legend(
            handles=list(entries.values()), loc="outside lower center", ncols=4, frameon=False
        )

    return Picture(
        name="paper",
        title="What the paper shows: other data, shape only",
        caption=(
            "Points read off Figure 2 of the paper (Wang, Zhang, Jia 2021) by eye. Its data and "
            "attackers are others: only the shapes can be compared. GMI and white-box MAP are "
            "shown there as images without numbers."
        ),
        draw=draw,
        width=12.6,
        height=3.2,
        panels=(1, len(ANCHORS)),
    )


def _anchor(axes: Any, anchor: Anchor, looks: Mapping[str, tuple[str, ...]]) -> None:
    axes.plot(*anchor.none, color=INK, marker="*", markersize=11)
    for name, curve in anchor.curves.items():
        colour, marker = looks.get(name, MID)
        axes.plot(*zip(*curve, strict=True), color=colour, marker=marker)
    title = next(part.title for part in PARTS if part.letter == anchor.letter)
    axes.set_title(f"{anchor.letter}  {title}", loc="left", fontsize=10)
    if not anchor.rising:
        axes.invert_xaxis()
    axes.set(xlabel=anchor.utility, ylabel=anchor.attack)
