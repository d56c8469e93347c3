"""What a loader returns: arrays, with names and codes, and where they are from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a data set is from.

    Attributes:
        name: of the data set.
        origin: where its owner got it, or may get it.
        licence: with who is to be named.
    """

    name: str
    origin: str
    licence: str

    def __str__(self) -> str:
        return f"{self.name}, {self.licence}, from {self.origin}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        name: as in the file, or shorter where the file has a question.
        values: what the codes 0, 1, .. stand for, in a meaningful order where there is one; empty for
            a column of numbers.
        unit: of numbers.
    """

    name: str
    values: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """Records of a survey or a cohort.

    Attributes:
        X: shape (N, d): numbers, and codes of categories.
        y: shape (N,): codes of the label, or numbers.
        columns: of X.
        label: of y.
        source: of the data.
    """

    X: NDArray[np.float64]
    y: NDArray[Any]
    columns: tuple[Column, ...]
    label: Column
    source: Source

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        return tuple(column.name for column in self.columns)

    @property
    def arities(self) -> tuple[int, ...]:
        """Number of values of each column of X; 0 for numbers."""
        return tuple(len(column.values) for column in self.columns)

    def index(self, name: str) -> int:
        """Place of a column in X."""
        require(name in self.names, must=f"be one of {', '.join(self.names)}", name=name)
        return self.names.index(name)


@dataclass(frozen=True, eq=False, kw_only=True)
class Images:
    """Labelled pictures.

    Attributes:
        images: shape (N, rows, columns), unsigned bytes, 0 black.
        labels: shape (N,).
        source: of the data.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    source: Source


DROP, KEEP = "drop", "keep"


def checked_missing(missing: str) -> str:
    """`drop` or `keep`."""
    require(missing in (DROP, KEEP), must="be drop or keep", missing=missing)
    return missing


def coded(rows: list[list[str]], columns: tuple[Column, ...], *, first: int) -> NDArray[np.float64]:
    """Texts as numbers and codes.

    Args:
        rows: one text a column.
        columns: of the table.
        first: number of the first row in the file, for the message.

    Raises:
        ParameterError: what is no number, or no value of its column.
    """
    import numpy as np

    table = np.empty((len(rows), len(columns)))
    places = [{value: code for code, value in enumerate(column.values)} for column in columns]
    for number, row in enumerate(rows):
        for place, (column, text) in enumerate(zip(columns, row, strict=True)):
            shown = {column.name: f"{text} (row {first + number})"}
            if column.values:
                must = f"be one of {', '.join(column.values)}"
                require(text in places[place], must=must, **shown)
                table[number, place] = places[place][text]
            else:
                require(_is_number(text), must="be a finite number", **shown)
                table[number, place] = float(text)
    return table


def _is_number(text: str) -> bool:
    from math import isfinite

    try:
        return isfinite(float(text))
    except ValueError:
        return False
