"""Pictures of the attack against the information in an answer, a panel for each attack."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from verification.report.canvas import INK, Picture
from verification.report.curves import Panel
from verification.report.pictures import handle
from verification.report.tradeoffs import BASE, Style
from verification.study.figure import over_parts, style_of, styles_of_study
from verification.study.results import PARTS, Study

NAME = "information-attack"
_LEAST = 1e-2  # nats from which the axis is logarithmic


def picture(study: Study) -> Picture:
    """The settings of the six panels by their information and their success."""
    shown = {one.part.letter: one.shown for one in study.played}
    styles = styles_of_study(study)

    unread = [part.letter for part in PARTS if not part.reads]
    without = dict.fromkeys(
        unread,
        "not applicable: the secret is the label\nof the updated record, no part of a question",
    )

    def draw(*axes: Any) -> None:
        over_parts(axes, shown, lambda place, panel: _panel(place, panel, styles), without)

    return Picture(
        name=NAME,
        title="Success of the attack against the information in an answer",
        caption=(
            "The settings of the six panels above, in the same colours: across, the information that "
            "one answer carries of the input, in nats; upwards, the success of the strongest attack. "
            "Filled: an estimate, or exact; hollow: an upper bound, which lies to the right of the "
            "truth. Filled and hollow marks are not to be compared, nor hollow ones of different "
            "defences whose bounds are of different kinds, as the single reports say. If less "
            "information meant less success, marks that can be compared would rise to the right, "
            "whatever their colour. Answers "
            "without noise that are not discrete carry infinite information and are left out."
        ),
        draw=draw,
        width=12.6,
        height=8.0,
        panels=(2, 3),
    )


def _panel(axes: Any, panel: Panel, styles: Mapping[str, Style]) -> list[Any]:
    entries = []
    axes.set_xscale("symlog", linthresh=_LEAST)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for name, curve in panel.curves.items():
        short = style_of(name, curve[0].role)
        colour, marker, _ = styles[short]
        for one in curve:
            read = one.information
            if read is None or not isfinite(read.mean):
                continue
            face = "none" if one.bounded else colour
            look = {"color": colour, "marker": marker, "ls": "", "markersize": 7}
            axes.plot([read.mean], [one.attack.mean], mfc=face, **look)
            entries.append(handle(short, **look))
    axes.axhline(panel.base, color=INK, zorder=1, **BASE)
    entries.append(handle("best guess without a model", color=INK, **BASE))
    axes.set(xlabel="information in an answer, nats", ylabel=panel.attack)
    return entries
