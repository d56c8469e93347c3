"""Nearest probabilities to any numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def onto_simplex(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nearest point to each row with entries >= 0 of sum 1, in Euclidean distance.

    Args:
        rows: shape (N, K), finite, K >= 1.

    Returns:
        Shape (N, K): every entry less a number common to the row, and cut at 0.

    Source: Held, Wolfe, Crowder 1974.
    """
    falling = -np.sort(-rows, axis=1)
    counts = np.arange(1, rows.shape[1] + 1)
    excess = (falling.cumsum(axis=1) - 1) / counts
    kept = (falling > excess).sum(axis=1)  # >= 1: the largest exceeds itself less 1
    common = np.take_along_axis(excess, kept[:, None] - 1, axis=1)
    return np.asarray(np.maximum(rows - common, 0.0), dtype=np.float64)
