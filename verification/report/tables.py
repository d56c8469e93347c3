"""Tables of the page: each heading sorts by its column."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from verification.report.markup import Markup, element


def table(name: str, heads: Sequence[str], rows: Sequence[Markup], caption: str) -> Markup:
    """A table that scrolls in a region of its own.

    Args:
        name: its id.
        heads: of the columns.
        rows: elements `tr`.
        caption: what it is, for who cannot see it.
    """
    cells = [
        element("th", element("button", head, type="button"), scope="col", aria_sort="none")
        for head in heads
    ]
    found = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *cells)),
        element("tbody", *rows),
        id=name,
        class_="sortable",
    )
    # what scrolls has to be reached by the keyboard, and named
    return element("div", found, class_="scroll", role="region", tabindex="0", aria_label=caption)


def number(value: float, text: str, title: str | None = None) -> Markup:
    """A cell of a number: sorted by `value`, shown as `text`, and `title` where one points at it."""
    sorted_by = "Infinity" if value == inf else repr(value)  # as the page's script reads it
    return element("td", text, class_="number", data_value=sorted_by, title=title)


def verdict(text: str, rank: int) -> Markup:
    """The first cell of a row, sorted by `rank`."""
    return element("th", text, scope="row", data_value=str(rank))
