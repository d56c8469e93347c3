"""Labels beside marks, where they hide least."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from typing import Any

from verification.report.canvas import INK

Spot = tuple[float, float]
Box = tuple[Spot, Spot]  # middle, and half of the width and the height; in points

_SIZE = 8  # points
_WIDE, _HIGH = 0.65, 1.3  # of the size: a letter, with what parts it from the next
_AWAY = (5, 16, 27)  # points between a mark and its label: where there is no room the next
_ENOUGH = 3.0  # points between a label and what is near
_PRICE = 0.15  # points of room that a point further away from the mark is worth
_LEADER = {"arrowstyle": "-", "lw": 0.6, "color": INK, "shrinkA": 1, "shrinkB": 3}
_STEPS = 12  # between two marks of a line
_MARK = (4.0, 4.0)  # points: half of a mark
_WAYS = [(x, y) for y in (1, -1, 0) for x in (1, -1, 0) if (x, y) != (0, 0)]


def put(axes: Any, labels: Sequence[tuple[Spot, str]], lines: Sequence[Sequence[Spot]]) -> None:
    """Write a label beside each spot, on the side that is furthest from other marks, lines and labels.

    The axes must have their limits: what lies outside of them comes last.

    Args:
        axes: of the panel.
        labels: spots and texts.
        lines: all marks of the panel, those that are joined together, in the data's coordinates.
    """
    points = 72 / axes.figure.dpi
    frame = axes.get_window_extent()
    middle = (frame.x0 + frame.x1) / 2 * points, (frame.y0 + frame.y1) / 2 * points
    inner: Box = (middle, (frame.width / 2 * points, frame.height / 2 * points))
    placed = [[_placed(axes, mark, points) for mark in line] for line in lines]
    drawn = [
        ((a[0] + (b[0] - a[0]) * step / _STEPS, a[1] + (b[1] - a[1]) * step / _STEPS), (0.0, 0.0))
        for line in placed
        for a, b in pairwise(line)
        for step in range(1, _STEPS)
    ]
    written: list[Box] = []
    for spot, text in labels:
        own = _placed(axes, spot, points)
        half = (_WIDE * _SIZE * len(text) / 2, _HIGH * _SIZE / 2)
        taken = [(mark, _MARK) for line in placed for mark in line if mark != own]
        taken += drawn + written
        boxes = {_beside(own, way, away, half): away for away in _AWAY for way in _WAYS}
        best = max(boxes, key=lambda box: _room(box, taken, inner, boxes[box]))
        axes.annotate(
            text,
            spot,
            xytext=(best[0][0] - own[0], best[0][1] - own[1]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_SIZE,
            zorder=9,
            # what is not beside its mark has a line to it
            arrowprops=_LEADER if boxes[best] > _AWAY[0] else None,
        )
        written.append(best)


def _placed(axes: Any, spot: Spot, points: float) -> Spot:
    across, up = axes.transData.transform(spot)
    return float(across) * points, float(up) * points


def _beside(spot: Spot, way: tuple[int, int], away: float, half: Spot) -> Box:
    across, up = (spot[i] + way[i] * (away + half[i]) for i in (0, 1))
    return (across, up), half


def _room(box: Box, taken: Sequence[Box], inner: Box, away: float) -> tuple[bool, float]:
    """Whether a box is inside of the frame; how far it is from what is taken, less what that costs."""
    inside = all(abs(box[0][i] - inner[0][i]) + box[1][i] <= inner[1][i] for i in (0, 1))
    return inside, min([_ENOUGH, *(_gap(box, other) for other in taken)]) - _PRICE * away


def _gap(first: Box, second: Box) -> float:
    """Between two boxes; below 0 where they overlap, the more the deeper."""
    across, up = (abs(first[0][i] - second[0][i]) - first[1][i] - second[1][i] for i in (0, 1))
    return max(across, up) if max(across, up) < 0 else hypot(max(across, 0.0), max(up, 0.0))
