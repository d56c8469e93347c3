"""Linear and quadratic discriminants of the averaged answers: normal laws, fitted to each secret."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
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
from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Least share of the whole variance in a direction that counts as spread within a secret: such a
# share does not change under an affine map, and lies far above rounding.
_FLOOR = 1e-10


class Kind(StrEnum):
    """LINEAR: one covariance for all secrets, pooled.  QUADRATIC: one for each."""

    LINEAR = "linear"
    QUADRATIC = "quadratic"


@dataclass(frozen=True, kw_only=True)
class Discriminant:
    """The likeliest secret if (average answer, side) were normal given each secret.

    No shrinkage: the guesses are those from any invertible affine map of the answers too.  Where
    answers do not spread within a secret (deterministic ones), the covariance is raised to 1e-10
    of the variance over all records, a share that no such map changes.  A secret seen in no more
    records than there are directions takes the pooled covariance in both kinds.

    Attributes:
        kind: `linear` or `quadratic`.
        average: of the q answers; only `mean` is invariant.
        state: what `fit` learned.
    """

    kind: Kind | str = Kind.LINEAR
    average: Average | str = Average.MEAN
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [member.value for member in Kind]
        require(self.kind in names, must=f"be one of {', '.join(names)}", kind=self.kind)

    @property
    def name(self) -> str:
        """For tables."""
        tail = "" if self.average == Average.MEAN else f", {self.average}"
        return f"{self.kind} discriminant{tail}"

    @property
    def knows(self) -> frozenset[str]:
        """Auxiliary records alone."""
        return AUXILIARY

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Discriminant:  # noqa: ARG002  # the protocol names it
        """Learn from auxiliary records.

        Args:
            seen: of N >= 1 records.
            secrets: of any values that sort, shape (N,).
            model: not used.
        """
        import numpy as np

        table = averaged(seen, self.average)
        values, own = coded(secrets, len(table))
        whitening = Whitening.of(table)
        points = whitening(table)
        counts = np.bincount(own)
        means = np.array([points[own == kind].mean(axis=0) for kind in range(len(values))])
        apart = points - means[own]
        pooled = _Spread.of(apart, len(table) - len(values))
        spreads = [pooled] * len(values)
        if self.kind == Kind.QUADRATIC:
            spreads = [
                _Spread.of(apart[own == kind], count - 1) if count > whitening.rank + 1 else pooled
                for kind, count in enumerate(counts.tolist())
            ]
        state = _State(whitening, values, means, spreads, np.log(counts / len(table)))
        return replace(self, state=state)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record, one of the secrets seen; shape (N,)."""
        state = fitted(self.state, self.name)
        found: NDArray[Any] = state.values[leading(self.scores(seen))]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`: the secrets seen, in rising order; shape (K,)."""
        return fitted(self.state, self.name).values

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log posterior under the normal laws, up to a term of the record; shape (N, K)."""
        import numpy as np

        state = fitted(self.state, self.name)
        points = state.whitening(averaged(seen, self.average))
        columns = [
            prior - spread.log_determinant / 2 - spread.lengths(points - mean) / 2
            for mean, spread, prior in zip(state.means, state.spreads, state.priors, strict=True)
        ]
        return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class _Spread:
    """A covariance in whitened coordinates: its root's inverse, and its log determinant."""

    root: NDArray[np.float64]
    log_determinant: float

    @classmethod
    def of(cls, apart: NDArray[np.float64], freedom: int) -> _Spread:
        import numpy as np

        values, vectors = np.linalg.eigh(apart.T @ apart / max(freedom, 1))
        raised = np.maximum(values, _FLOOR)
        return cls(vectors / np.sqrt(raised), float(np.log(raised).sum()))

    def lengths(self, apart: NDArray[np.float64]) -> NDArray[np.float64]:
        """Squared Mahalanobis lengths of rows."""
        found: NDArray[np.float64] = ((apart @ self.root) ** 2).sum(axis=1)
        return found


@dataclass(frozen=True, eq=False)
class _State:
    whitening: Whitening
    values: NDArray[Any]
    means: NDArray[np.float64]
    spreads: list[_Spread]
    priors: NDArray[np.float64]
