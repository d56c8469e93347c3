"""A picture: one drawing as PNG and SVG files, and as SVG that takes the colours of its page."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from mipriv.errors import MissingExtra, ParameterError
from mipriv.plot.canvas import COLOURS
from verification.report.markup import Markup

# ink and grid are no pure black or grey, so that nothing else in a drawing has their colour
INK, GRID, ALARM = "#1b1b1f", "#d8d8de", "#b3261e"
_PAPER = "#ffffff"
PALETTE = (*COLOURS[:-1], INK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_WIDTH = 4.8  # inches: at 10 points a letter is still read on a telephone
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # names are shown as they are, dollars too
    "svg.fonttype": "none",  # letters, which a page can select, search and read aloud
    "svg.hashsalt": "mipriv",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What to draw, and what to say of it.

    Attributes:
        name: of its files, without suffix.
        title: above it.
        caption: what there is to see.
        draw: draws on axes, as many as there are panels.
        height: inches.
        width: inches.
        panels: rows and columns of axes.
    """

    name: str
    title: str
    caption: str
    draw: Callable[..., None]
    height: float = 4.3
    width: float = _WIDTH
    panels: tuple[int, int] = (1, 1)


def rendered(picture: Picture, folder: Path) -> Markup:
    """Write NAME.png and NAME.svg, and return the SVG for the page.

    Raises:
        MissingExtra: matplotlib is not installed.
        ParameterError: a file that cannot be written.
    """
    with _prepared() as figure_class:
        figure = figure_class(figsize=(picture.width, picture.height), layout="constrained")
        every = figure.subplots(*picture.panels, squeeze=False).ravel()
        picture.draw(*every)
        for axes in every:
            axes.grid(True, color=GRID, lw=0.6)
            axes.set_axisbelow(True)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, for both files
        vector = StringIO()
        figure.savefig(vector, format="svg", facecolor=_PAPER, metadata={"Date": None})
        try:
            figure.savefig(folder / f"{picture.name}.png", dpi=200, facecolor=_PAPER)
            (folder / f"{picture.name}.svg").write_text(vector.getvalue(), encoding="utf-8")
        except OSError as error:
            raise ParameterError(f"folder={folder}: {error.strerror}") from None
    return themed(vector.getvalue(), picture.name)


@contextmanager
def _prepared() -> Iterator[Any]:
    """The class of figures, while matplotlib has the style of the report."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: F401  # of the figure
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "plot") from None
    with rc_context(_STYLE), warnings.catch_warnings():
        # a name may hold signs that the font lacks; they are drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield Figure


def themed(text: str, name: str) -> Markup:
    """An SVG file's text as an element of a page.

    Ink becomes the colour of the page's text and the palette its variables; ids get the picture's
    name, for those of two pictures are alike; the style sheet, which would rule the page, goes.
    """
    body = text[text.index("<svg") :]
    for part in ("metadata", "style"):
        body = re.sub(rf"<{part}\b.*?</{part}>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid=")', rf"\g<1>{name}-", body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)
    for place, colour in enumerate(COLOURS[:-1]):
        body = re.sub(colour, f"var(--c{place})", body, flags=re.IGNORECASE)
    meanings = {INK: "currentColor", GRID: "var(--grid)", ALARM: "var(--alarm)", _PAPER: "none"}
    for colour, meaning in meanings.items():
        body = re.sub(colour, meaning, body, flags=re.IGNORECASE)
    start = f'<svg role="img" aria-labelledby="{name}-title" xmlns:xlink='
    body = re.sub(r'\b(width|height)="[0-9.]+pt" ?', "", body, count=2)  # the page sets them
    return Markup(body.replace("<svg xmlns:xlink=", start, 1))
