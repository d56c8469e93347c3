"""Records and histograms as learners take them: checked, never silently changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from flint import arb, fmpq
from numpy.typing import ArrayLike, NDArray

from mipriv.errors import require
from mipriv.rigor.decimals import whole
from mipriv.roles import Histogram

# Above it a squared norm in doubles is decided in rationals: a sum of d <= 10^6 products errs by
# less than (d + 2) 2^-53 < 2^-32 of itself.
_DOUBTFUL = 1 - 2.0**-32


def checked_counts(counts: Sequence[int], *, values: int, n: int | None = None) -> Histogram:
    """A histogram as a tuple of Python integers.

    Args:
        counts: how often each value occurs, >= 0.
        values: number of values there are.
        n: their sum, where it is public.

    Raises:
        ParameterError: another length, a negative count, or another sum.
    """
    found = tuple(whole(count, "counts", at_least=0) for count in counts)
    require(len(found) == values, must=f"have {values} entries, one a value", counts=len(found))
    require(n is None or sum(found) == n, must=f"sum to n = {n}", counts=sum(found))
    return found


def histogram(records: Iterable[int], *, values: int, n: int | None = None) -> Histogram:
    """How often each value 0..values-1 occurs.

    Raises:
        ParameterError: a record that is no such value (none is dropped), or not n of them.
    """
    counts = [0] * values
    for record in records:
        value = whole(record, "record", at_least=0)
        require(value < values, must=f"be one of 0..{values - 1}", record=record)
        counts[value] += 1
    return checked_counts(counts, values=values, n=n)


def distinct(
    counts: NDArray[np.int64], *, values: int, n: int | None = None
) -> tuple[list[Histogram], NDArray[np.intp]]:
    """The different histograms among many, and which of them each trial has.

    Args:
        counts: shape (trials, values).

    Returns:
        Histograms, and an index into them of shape (trials,).
    """
    rows = checked_rows(counts, values=values)
    base = int(rows.max(initial=0)) + 1
    if base**values < 2**62:  # one whole number a row sorts far faster than rows do
        keys = rows @ base ** np.arange(values, dtype=np.int64)
        _, first, place = np.unique(keys, return_index=True, return_inverse=True)
        found = rows[first]
    else:
        found, place = np.unique(rows, axis=0, return_inverse=True)
    return [checked_counts(row, values=values, n=n) for row in found.tolist()], place.reshape(-1)


def checked_rows(counts: NDArray[np.int64], *, values: int) -> NDArray[np.int64]:
    """The array, if it is one of histograms: shape (trials, values), none negative."""
    rows = np.asarray(counts)
    right = rows.ndim == 2 and rows.shape[1] == values
    require(right, must=f"have shape (trials, {values})", counts=rows.shape)
    require(np.issubdtype(rows.dtype, np.integer), must="be whole numbers", counts=rows.dtype)
    require(bool((rows >= 0).all()), must="be >= 0", counts=rows.min() if rows.size else 0)
    return rows


def to_float(value: fmpq | int) -> float:
    """The double nearest to a rational, or next to nearest."""
    return float(arb(value))


def clip_rows(rows: ArrayLike, *, norm_bound: fmpq) -> NDArray[np.float64]:
    """Rows scaled down to the Euclidean norm where they exceed it: a change of the data, by name.

    Args:
        rows: shape (n, d), finite.
        norm_bound: finite, > 0.

    Returns:
        Shape (n, d); rows beyond the bound end up below it by some 2^-30 of it, so that no
        rounding leaves them outside.
    """
    array = np.asarray(rows, dtype=np.float64)
    require(bool(np.isfinite(array).all()), must="be finite", rows="nan or inf")
    limit = to_float(norm_bound) * (1 - 2.0**-30)
    norms = np.linalg.norm(array, axis=1, keepdims=True)
    return np.where(norms > limit, array * (limit / np.maximum(norms, limit)), array)


def require_rows_within(rows: NDArray[np.float64], *, norm_bound: fmpq) -> None:
    """Raise ParameterError unless every row is finite and of Euclidean norm at most the bound.

    Rows too near the bound for doubles are decided exactly.
    """
    require(bool(np.isfinite(rows).all()), must="be finite", rows="nan or inf")
    bound = Fraction(int(norm_bound.p), int(norm_bound.q)) ** 2
    squares = (rows * rows).sum(axis=1)
    for row in rows[~(squares <= float(bound) * _DOUBTFUL)]:
        size = sum((Fraction(value) ** 2 for value in row.tolist()), Fraction(0))
        must = f"have Euclidean norm <= {norm_bound} (clip_rows makes it so)"
        require(size <= bound, must=must, record=row.tolist())
