"""Columns of a table as whole numbers: categories, or ranks of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.errors import ParameterError, require

Codes = NDArray[np.int32]
Numbers = NDArray[np.float64]
_MISSING = {"NAType", "NaTType"}  # markers of pandas, which need not be installed


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of the training sample held.

    Attributes:
        values: its distinct values in ascending order; categories that cannot be compared are
            ordered by type and text.
        categorical: whether they are categories; numbers otherwise.
    """

    values: tuple[Any, ...] | Numbers
    categorical: bool

    @property
    def size(self) -> int:
        """Number of distinct values."""
        return len(self.values)

    def encode(self, column: NDArray[Any], name: str) -> Numbers:
        """Numbers as they are; of a category its code, -1 for one not seen in training."""
        if not self.categorical:
            return _numbers(column, name)
        found, inverse = _distinct(column, name)
        code = {value: place for place, value in enumerate(self.values)}
        return np.array([code.get(value, -1) for value in found], dtype=np.float64)[inverse]


def learn_columns(
    X: NDArray[Any], categorical: tuple[int, ...]
) -> tuple[tuple[Column, ...], Codes]:
    """What each column of a training sample holds, and the rows in whole numbers.

    Returns:
        The columns, and shape (p, N): the rank of a row's number, or the code of its category,
        among the distinct values of the column.

    Raises:
        ParameterError: a missing value, or what is no number in a column of numbers.
    """
    columns = []
    codes = np.empty((X.shape[1], X.shape[0]), dtype=np.int32)
    for place in range(X.shape[1]):
        name = f"column {place} of X"
        if place not in categorical:
            values, inverse = np.unique(_numbers(X[:, place], name), return_inverse=True)
            columns.append(Column(values=values, categorical=False))
        else:
            seen, inverse = _distinct(X[:, place], name)
            order = _ascending(seen)
            back = np.empty(len(order), dtype=np.int64)
            back[order] = np.arange(len(order))
            columns.append(Column(values=tuple(seen[i] for i in order), categorical=True))
            inverse = back[inverse]
        codes[place] = inverse
    return tuple(columns), codes


def encode_rows(X: NDArray[Any], columns: tuple[Column, ...]) -> Numbers:
    """Rows to be sent down a tree, shape (N, p): numbers, and codes of categories."""
    if X.dtype == np.float64 and not any(column.categorical for column in columns):
        return X
    rows = np.empty(X.shape, dtype=np.float64, order="F")
    for place, column in enumerate(columns):
        rows[:, place] = column.encode(X[:, place], f"column {place} of X")
    return rows


def training_rows(columns: tuple[Column, ...], codes: Codes) -> Numbers:
    """The rows that `learn_columns` put into whole numbers, as `encode_rows` gives them."""
    rows = np.empty(codes.shape[::-1], dtype=np.float64, order="F")
    for place, column in enumerate(columns):
        code = codes[place]
        rows[:, place] = code if column.categorical else np.asarray(column.values)[code]
    return rows


def _numbers(column: NDArray[Any], name: str) -> Numbers:
    try:
        numbers = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise ParameterError(f"{name}: must hold numbers, or be listed in categorical") from None
    require(bool(np.isfinite(numbers).all()), must="hold finite numbers", **{name: "not finite"})
    return numbers


def _distinct(column: NDArray[Any], name: str) -> tuple[list[Any], NDArray[np.intp]]:
    """Distinct values, in any order, and the place of each row's value among them."""
    if column.dtype != object:
        values, inverse = np.unique(column, return_inverse=True)
        return values.tolist(), inverse
    seen: dict[Any, int] = {}
    try:
        places = [seen.setdefault(value, len(seen)) for value in column.tolist()]
    except TypeError:
        # the wording that scikit-learn's conventions ask for
        raise TypeError(f"{name}: a category's argument must be a string or a number") from None
    for value in seen:
        gone = value is None or type(value).__name__ in _MISSING or bool(value != value)
        require(not gone, must="hold no missing value", **{name: value})
    return list(seen), np.array(places, dtype=np.intp)


def _ascending(values: list[Any]) -> list[int]:
    """Places of the values in ascending order."""
    places = range(len(values))
    try:
        return sorted(places, key=values.__getitem__)
    except TypeError:
        return sorted(places, key=lambda i: (type(values[i]).__name__, str(values[i])))
