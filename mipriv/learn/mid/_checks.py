"""Arguments that several of these learners read, and the errors that name them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.errors import require
from mipriv.rigor.decimals import whole

LARGEST = 1e100  # of data, whose squares can be added


def nonnegative_number(value: Any, name: str) -> float:
    """A finite double >= 0.

    Raises:
        ParameterError: it is none.
    """
    valid = _real(value) and 0 <= float(value) < math.inf
    require(valid, must="be a finite number >= 0", **{name: value})
    return float(value)


def positive_number(value: Any, name: str) -> float:
    """A finite double > 0.

    Raises:
        ParameterError: it is none.
    """
    valid = _real(value) and 0 < float(value) < math.inf
    require(valid, must="be positive and finite", **{name: value})
    return float(value)


def moderate(array: NDArray[np.float64], name: str) -> None:
    """Refuse numbers whose squares may overflow.

    Args:
        array: finite, of any shape with an entry.
        name: what it is called in the error.

    Raises:
        ParameterError: the largest is above 1e100 in size.
    """
    size = float(np.abs(array).max())
    require(size <= LARGEST, must=f"be at most {LARGEST} in size", **{name: size})


def columns_named(
    chosen: Any, name: str, *, width: int, names: Sequence[str] = ()
) -> tuple[int, ...]:
    """Column indices, ascending.

    Args:
        chosen: a column or several, each as an index 0..width-1 or, of a frame, as its name; "all"
            for every column, None for none.
        name: of the argument.
        width: number of columns.
        names: of the frame's columns; empty if the records are no frame.

    Raises:
        ParameterError: no such column, or one named twice.
    """
    if chosen is None:
        return ()
    if isinstance(chosen, str) and chosen == "all":
        return tuple(range(width))
    several = isinstance(chosen, Sequence | np.ndarray) and not isinstance(chosen, str)
    columns = list(chosen) if several else [chosen]
    found = [_column(column, name, width, list(names)) for column in columns]
    require(len(set(found)) == len(found), must="name each column once", **{name: chosen})
    return tuple(sorted(found))


def _column(column: Any, name: str, width: int, names: list[str]) -> int:
    if isinstance(column, str):
        rule = "be a column of the frame" if names else "be a column's index: X has no names"
        require(column in names, must=rule, **{name: column})
        return names.index(column)
    index = whole(column, name, at_least=0)
    require(index < width, must=f"lie below {width}, the number of columns", **{name: column})
    return index


def _real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)
