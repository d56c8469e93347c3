"""The most frequent secret among the nearest auxiliary records, in whitened coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import (
    AUXILIARY,
    Average,
    Whitening,
    averaged,
    coded,
    fitted,
    leading,
)
from mipriv.attack.inversion.protocol import Observation
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAME = 1e-9  # distances in standard deviations, and relative, that count as equal


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """A vote of the k nearest auxiliary records by (average answer, side).

    Distances are in coordinates of unit covariance, so that no invertible affine map of the answers
    changes them.  Every record as near as the k-th votes too, and ties of the vote go to the first
    value.

    Attributes:
        neighbours: k >= 1; fewer records all vote.
        average: of the q answers; only `mean` is invariant.
        state: what `fit` learned.
    """

    neighbours: int = 25
    average: Average | str = Average.MEAN
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "neighbours", whole(self.neighbours, "neighbours", at_least=1))

    @property
    def name(self) -> str:
        """For tables."""
        tail = "" if self.average == Average.MEAN else f", {self.average}"
        return f"{self.neighbours} neighbours{tail}"

    @property
    def knows(self) -> frozenset[str]:
        """Auxiliary records alone."""
        return AUXILIARY

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Neighbours:  # noqa: ARG002  # the protocol names it
        """Learn from auxiliary records.

        Args:
            seen: of N >= 1 records.
            secrets: of any values that sort, shape (N,).
            model: not used.
        """
        from scipy.spatial import cKDTree

        table = averaged(seen, self.average)
        values, own = coded(secrets, len(table))
        whitening = Whitening.of(table)
        points = _padded(whitening(table))
        # midpoint splits: a tree split at medians degenerates where many points coincide
        trees = [cKDTree(points[own == kind], balanced_tree=False) for kind in range(len(values))]
        state = _State(whitening, values, cKDTree(points, balanced_tree=False), trees)
        return replace(self, state=state)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record, one of the secrets seen; shape (N,)."""
        found: NDArray[Any] = self.kinds[leading(self.scores(seen))]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`: the secrets seen, in rising order; shape (K,)."""
        return fitted(self.state, self.name).values

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log of the votes, -inf where there is none; shape (N, K)."""
        import numpy as np

        state = fitted(self.state, self.name)
        points = _padded(state.whitening(averaged(seen, self.average)))
        k = min(self.neighbours, state.everyone.n)
        reach = state.everyone.query(points, k=[k])[0][:, 0] * (1 + _SAME) + _SAME
        votes = np.stack(
            [tree.query_ball_point(points, reach, return_length=True) for tree in state.trees],
            axis=1,
        )
        with np.errstate(divide="ignore"):
            found: NDArray[np.float64] = np.log(votes.astype(np.float64))
        return found


def _padded(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """At least one column: a tree needs it where all that is seen is constant."""
    import numpy as np

    return points if points.shape[1] else np.zeros((len(points), 1))


@dataclass(frozen=True, eq=False)
class _State:
    whitening: Whitening
    values: NDArray[Any]
    everyone: Any
    trees: list[Any]
