"""What adaptive attackers make of the answers: averages over queries, whitened coordinates, ties."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import ParameterError, require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AUXILIARY = frozenset({"auxiliary"})
_LEAST = 1e-12  # below it an answer's logarithm is cut off
_TIE = 1e-9  # scores this near, relative to the best, are equal: far above rounding
_MARGIN = 16.0  # by which the rounding of a table is overestimated

State = TypeVar("State")


class Average(StrEnum):
    """How q answers become one vector.

    MEAN: the mean of the answers, sufficient for fresh normal noise.
    LOG_MEAN: the mean of their logarithms, for probabilities; answers below 1e-12 count as that.
    BOTH: the two side by side.
    """

    MEAN = "mean"
    LOG_MEAN = "log-mean"
    BOTH = "both"


def averaged(seen: Observation, average: Average | str = Average.MEAN) -> NDArray[np.float64]:
    """Averages of the q answers and the side information, one row a record.

    Args:
        seen: finite answers.
        average: `mean`, `log-mean` or `both`.

    Returns:
        Shape (N, k + p), or (N, 2k + p) for `both`.
    """
    import numpy as np

    names = [member.value for member in Average]
    require(average in names, must=f"be one of {', '.join(names)}", average=average)
    answers, side = (np.asarray(part, dtype=np.float64) for part in (seen.answers, seen.side))
    finite = np.isfinite(answers).all() and np.isfinite(side).all()
    require(bool(finite), must="be finite", answers="not all finite")
    parts = []
    if average != Average.LOG_MEAN:
        parts.append(answers.mean(axis=1))
    if average != Average.MEAN:
        parts.append(np.log(np.maximum(answers, _LEAST)).mean(axis=1))
    return np.concatenate([*parts, side], axis=1)


def first(seen: Observation, queries: int) -> Observation:
    """The same records with only the first of the answers: what who asks less often sees."""
    require(
        1 <= queries <= seen.queries, must=f"lie from 1 to {seen.queries} answers", queries=queries
    )
    return Observation(answers=seen.answers[:, :queries], side=seen.side)


@dataclass(frozen=True, eq=False)
class Whitening:
    """Coordinates in which the rows of a table have mean 0 and covariance I.

    They are determined by the rows up to a rotation, whatever invertible affine map the columns went
    through; so is everything made of distances and inner products in them.  Directions in which
    the rows spread less than rounding makes them (probabilities that sum to one) are left out.

    Attributes:
        centre: mean row.
        basis: shape (columns, rank).
    """

    centre: NDArray[np.float64]
    basis: NDArray[np.float64]

    @classmethod
    def of(cls, table: NDArray[np.float64]) -> Whitening:
        """Learn from N >= 1 rows."""
        import numpy as np

        count, columns = table.shape
        centre = table.mean(axis=0)
        apart = table - centre
        spread = np.sqrt((apart**2).mean(axis=0))
        unit = np.finfo(np.float64).eps * np.abs(table).max(axis=0, initial=0.0)
        kept = spread > _MARGIN * unit
        basis = np.zeros((columns, 0))
        if kept.any():
            scaled = apart[:, kept] / spread[kept]
            _, sizes, rotation = np.linalg.svd(scaled, full_matrices=False)
            # norm of a matrix of entries as large as the rounding of the coarsest column
            rounding = float((unit[kept] / spread[kept]).max()) * (scaled.size**0.5)
            real = sizes > _MARGIN * rounding
            basis = np.zeros((columns, int(real.sum())))
            basis[kept] = (rotation[real] / sizes[real, None]).T / spread[kept, None]
        return cls(centre, basis * count**0.5)

    @property
    def rank(self) -> int:
        """Number of coordinates."""
        return int(self.basis.shape[1])

    def __call__(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coordinates of rows; shape (N, rank)."""
        found: NDArray[np.float64] = (table - self.centre) @ self.basis
        return found


def leading(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Column of the largest score of each row; of those within 1e-9 of it, the first.

    So that rounding, which differs from one affine map of the answers to another, decides no tie.
    """
    import numpy as np

    best = scores.max(axis=1, keepdims=True)
    found: NDArray[np.intp] = (scores >= best - _TIE * (1 + np.abs(best))).argmax(axis=1)
    return found


def coded(secrets: Any, count: int) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Distinct secrets in rising order, and the number of each record's; shape (N,) is required."""
    import numpy as np

    values = np.asarray(secrets)
    fits = values.shape == (count,) and count >= 1
    require(fits, must=f"be {count} >= 1, one a record", secrets=values.shape)
    kinds, own = np.unique(values, return_inverse=True)
    return kinds, own.ravel()


def fitted(state: State | None, name: str) -> State:
    """The state that `fit` left, which `infer` needs."""
    if state is None:
        raise ParameterError(f"attack={name}: must be fitted before it infers")
    return state
