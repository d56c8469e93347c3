"""What the pictures share: colours, number labels, and the file they are written to.

Colours are Okabe and Ito's, told apart by the colour-blind; every line also has its own dash.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction

from flint import fmpq

from mipriv.errors import MissingExtra, ParameterError, require, shorten

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
FORMATS = ("png", "svg", "pdf")
_BESIDE = (1.01, 1.0)  # upper left corner of a legend, in units of the axes
_BELOW = (0.0, -0.12)


def short(value: fmpq) -> str:
    """An exact number to four digits, for a label."""
    return f"{float(Fraction(int(value.p), int(value.q))):.4g}"


def save(draw: Callable[..., None], out: str, *, panels: int = 1) -> str:
    """Draw on one axes or more and write the file; checks the path before any work is done.

    Args:
        draw: takes as many axes as there are panels.
        out: file to write, .png, .svg or .pdf.
        panels: axes side by side, >= 1.

    Returns:
        The path written.

    Raises:
        ParameterError: an `out` that cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    suffix = os.path.splitext(out)[1].lstrip(".").lower()
    require(suffix in FORMATS, must=f"end in .{', .'.join(FORMATS)}", out=out)
    _writable(out)
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "plot") from None
    size = (9.4, 5.0) if panels == 1 else (5.4 * panels, 5.8)
    figure = Figure(figsize=size, dpi=140, layout="constrained")
    FigureCanvasAgg(figure)
    each = [figure.add_subplot(1, panels, place + 1) for place in range(panels)]
    draw(*each)
    for axes in each:
        axes.grid(True, color="0.9", lw=0.6)
        axes.set_axisbelow(True)
        corner = _BESIDE if panels == 1 else _BELOW
        axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=corner)
    # a fixed date and hash salt make the same input the same file
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix)
    try:
        figure.savefig(out, format=suffix, metadata=metadata)
    except OSError as error:
        raise _unwritable(out, error) from None
    return out


def _writable(out: str) -> None:
    existed = os.path.exists(out)
    try:
        with open(out, "ab"):
            pass
    except (OSError, ValueError) as error:
        raise _unwritable(out, error) from None
    if not existed:
        os.remove(out)


def _unwritable(out: str, error: Exception) -> ParameterError:
    reason = getattr(error, "strerror", None) or str(error)
    return ParameterError(f"out={shorten(out)}: must be a file that can be written ({reason})")
