"""Least squares, split into what the kept columns explain and what the penalised ones add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The least-squares fit of y as mean + kept part + penalised part, pairwise orthogonal.

    Attributes:
        kept: coefficients of the kept part, shape (p,).
        basis: orthonormal directions of prediction of the penalised columns, once the kept ones are
            regressed out: shape (N, r), mean 0 and mean square 1 each.
        directions: their coefficients, shape (p, r): basis = (X - mean) @ directions.
        fitted: coordinates of the penalised part of the least-squares fit, shape (r,); the sum of
            their squares is its variance.
        residual: mean squared error of the fit.
        kept_variance: of the kept part.
    """

    kept: NDArray[np.float64]
    basis: NDArray[np.float64]
    directions: NDArray[np.float64]
    fitted: NDArray[np.float64]
    residual: float
    kept_variance: float

    @property
    def variance(self) -> float:
        """Variance of the penalised part of the fit."""
        return float(self.fitted @ self.fitted)

    def coefficients(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the kept part and the penalised part with these coordinates, shape (p,)."""
        return np.asarray(self.kept + self.directions @ coordinates, dtype=np.float64)


def parts(
    X: NDArray[np.float64], y: NDArray[np.float64], *, penalised: Sequence[int] | None
) -> Parts:
    """Fit by singular values; of several fits, one with the least norm in standardised columns.

    Args:
        X: shape (N, p); its numbers and those of y must not overflow when squared and added.
        y: shape (N,).
        penalised: columns whose information is penalised; None: all.
    """
    count, columns = X.shape
    chosen = np.zeros(columns, dtype=bool)
    chosen[list(range(columns) if penalised is None else penalised)] = True
    centred = X - X.mean(axis=0)
    constant = X.min(axis=0) == X.max(axis=0)
    centred[:, constant] = 0  # roundoff of the mean, no more
    largest = np.where(constant, 1.0, np.abs(centred).max(axis=0))
    # divided first, so that the squares of tiny numbers do not vanish
    spread = np.where(constant, 1.0, largest * np.sqrt(np.mean((centred / largest) ** 2, axis=0)))
    standard = centred / spread
    target = y - y.mean() if y.min() < y.max() else np.zeros(count)

    left, values, right = _singular(standard[:, ~chosen], against=np.sqrt(count * columns))
    along = left.T @ target
    rest = standard[:, chosen]
    shared = left.T @ rest
    rest = rest - left @ shared
    again = left.T @ rest  # what roundoff left of it, when the columns are nearly dependent
    rest -= left @ again
    basis, lengths, turns = _singular(rest, against=np.sqrt(count * columns))

    kept = np.zeros(columns)
    kept[~chosen] = right @ (along / values)
    directions = np.zeros((columns, len(lengths)))
    directions[chosen] = turns / lengths
    directions[~chosen] = -(right / values) @ ((shared + again) @ directions[chosen])
    fitted = basis.T @ target
    error = target - left @ along - basis @ fitted
    root = np.sqrt(count)
    return Parts(
        kept=kept / spread,
        basis=basis * root,
        directions=directions * root / spread[:, None],
        fitted=fitted / root,
        residual=float(error @ error) / count,
        kept_variance=float(along @ along) / count,
    )


def _singular(
    matrix: NDArray[np.float64], *, against: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Left vectors, singular values and right vectors, without those that are roundoff.

    Args:
        matrix: shape (N, p).
        against: size of the numbers that the matrix was computed from.
    """
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    real = values > max(matrix.shape) * np.finfo(np.float64).eps * against
    return left[:, real], values[real], right[real].T
