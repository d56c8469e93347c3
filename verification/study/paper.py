"""What the paper's figure shows, read off it by eye: other data, for the shape alone.

Source: Wang, Zhang, Jia, AAAI 2021, Figure 2 (GMI and white-box MAP are shown there as images only).
"""

from __future__ import annotations

from dataclasses import dataclass

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """One panel of the paper's figure.

    Attributes:
        letter: as in `verification.study.results.PARTS`.
        utility: measure across, and whether more of it is better.
        rising: whether it is.
        attack: measure upwards.
        none: the point without a defence.
        curves: points of the defences by name.
    """

    letter: str
    utility: str
    rising: bool
    attack: str
    none: tuple[float, float]
    curves: dict[str, Curve]


ANCHORS = (
    Anchor(
        letter="a",
        utility="model MSE",
        rising=False,
        attack="attack accuracy, %",
        none=(0.015, 58.0),
        curves={
            "MID": ((0.018, 46.0), (0.022, 35.0), (0.13, 33.5)),
            "DP": ((0.022, 51.0), (0.032, 38.0), (0.135, 34.5)),
        },
    ),
    Anchor(
        letter="b",
        utility="model F1",
        rising=True,
        attack="attack F1",
        none=(0.58, 0.38),
        curves={
            "MID": ((0.58, 0.345), (0.54, 0.275), (0.48, 0.27)),
            "DP": ((0.54, 0.33), (0.48, 0.28)),
            "Priority": ((0.58, 0.355), (0.53, 0.32)),
        },
    ),
    Anchor(
        letter="c",
        utility="model accuracy, %",
        rising=True,
        attack="attack accuracy, %",
        none=(82.5, 22.0),
        curves={
            "MID": ((83.0, 6.5), (70.0, 3.3), (38.0, 1.0)),
            "DP": ((76.0, 21.0), (51.0, 7.5), (35.0, 2.0)),
        },
    ),
    Anchor(
        letter="d",
        utility="model accuracy, %",
        rising=True,
        attack="attack accuracy, %",
        none=(57.3, 100.0),
        curves={
            "MID": ((56.0, 83.5), (53.4, 73.0)),
            "DP": ((55.2, 98.0), (52.2, 95.0)),
        },
    ),
)
