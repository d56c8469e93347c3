"""Linear regression of a sensitive number on the averaged answers and the side information."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import (
    AUXILIARY,
    Average,
    Whitening,
    averaged,
    fitted,
    leading,
)
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TIE = 1e-9  # of the secrets' spread: what counts as 0 in a fitted number and in what a fit leaves


class Output(StrEnum):
    """What is made of the fitted number.

    NUMBER: itself, a reconstruction.  SIGN: -1 or 1, for secrets that are numbers or signs.
    NEAREST: the nearest of the secrets among the auxiliary records.
    """

    NUMBER = "number"
    SIGN = "sign"
    NEAREST = "nearest"


@dataclass(frozen=True, kw_only=True)
class Regression:
    """Least squares on (average answer, side): the best attack there is on a Gaussian record.

    It refits every scale and shift of the answers; of collinear answers it takes the least-squares
    guess on the flat they span.

    Attributes:
        output: `number`, `sign` or `nearest`.
        average: of the q answers.
        state: what `fit` learned.
    """

    output: Output | str = Output.NEAREST
    average: Average | str = Average.MEAN
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [member.value for member in Output]
        require(self.output in names, must=f"be one of {', '.join(names)}", output=self.output)

    @property
    def name(self) -> str:
        """For tables."""
        return "regression" if self.average == Average.MEAN else f"regression, {self.average}"

    @property
    def knows(self) -> frozenset[str]:
        """Auxiliary records alone."""
        return AUXILIARY

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Regression:  # noqa: ARG002  # the protocol names it
        """Learn from auxiliary records.

        Args:
            seen: of N >= 1 records.
            secrets: numbers, shape (N,), or (N, m) for a reconstruction of several.
            model: not used.
        """
        import numpy as np

        table = averaged(seen, self.average)
        targets = np.asarray(secrets, dtype=np.float64)
        rows = targets.shape[:1] == table.shape[:1] and len(table) >= 1
        flat = targets.ndim == 1 or (targets.ndim == 2 and self.output == Output.NUMBER)
        require(rows and flat, must=f"be {len(table)} >= 1, one a record", secrets=targets.shape)
        whitening = Whitening.of(table)
        centre = targets.mean(axis=0)
        points, apart = whitening(table), targets - centre
        slope = points.T @ apart / len(table)
        left = float(np.sqrt(((apart - points @ slope) ** 2).mean()))
        values = np.unique(np.asarray(secrets)) if targets.ndim == 1 else np.zeros(0)
        spread = float(targets.std())
        state = _State(whitening, centre, slope, values, spread, max(left, _TIE * spread) or 1.0)
        return replace(self, state=state)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record; shape (N,), or (N, m) where m numbers are reconstructed."""
        import numpy as np

        state = fitted(self.state, self.name)
        if self.output == Output.NUMBER:
            return self._numbers(state, seen)
        scores = self.scores(seen)
        if self.output == Output.SIGN:
            least = np.diff(_signs(np.array([-_TIE * state.spread / state.left])))
            return np.where(np.diff(scores)[:, 0] >= least[0], 1, -1)
        # the rule of ties is one of distances in the secrets' unit, which the scores give back
        apart = np.sqrt(-2 * scores) * (state.left / (state.spread or 1.0))
        found: NDArray[Any] = state.values[leading(-apart)]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`, shape (K,); none where numbers are reconstructed."""
        import numpy as np

        state = fitted(self.state, self.name)
        if self.output == Output.SIGN:
            return np.array([-1, 1])
        return state.values if self.output == Output.NEAREST else state.values[:0]

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log belief in each value, up to a term of the record; shape (N, K).

        The number is held to be normal around the fitted one with the variance that the fit left
        on the auxiliary records: -distance^2/(2 variance) of each secret, and of each sign the log
        of its chance.  How frequent a secret is does not count, as it does not for the nearest.
        """
        import numpy as np

        state = fitted(self.state, self.name)
        if self.output == Output.NUMBER:
            return np.empty((len(seen.side), 0))
        numbers = self._numbers(state, seen)
        if self.output == Output.SIGN:
            return _signs(numbers / state.left)
        apart = numbers[:, None] - np.asarray(state.values, dtype=np.float64)
        found: NDArray[np.float64] = -((apart / state.left) ** 2) / 2
        return found

    def _numbers(self, state: _State, seen: Observation) -> NDArray[np.float64]:
        points = state.whitening(averaged(seen, self.average))
        found: NDArray[np.float64] = state.centre + points @ state.slope
        return found


def _signs(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log chance of each sign of normal numbers of variance 1 around these."""
    import numpy as np
    from scipy.special import log_ndtr

    return np.stack([log_ndtr(-scaled), log_ndtr(scaled)], axis=1)


@dataclass(frozen=True, eq=False)
class _State:
    whitening: Whitening
    centre: NDArray[np.float64]
    slope: NDArray[np.float64]
    values: NDArray[Any]
    spread: float
    left: float  # standard deviation around the fit, of the auxiliary records
