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

_TIE = 1e-9  # of the secrets' spread, within which a fitted number counts as 0


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
        slope = whitening(table).T @ (targets - centre) / len(table)
        values = np.unique(np.asarray(secrets)) if targets.ndim == 1 else np.zeros(0)
        state = _State(whitening, centre, slope, values, float(targets.std()))
        return replace(self, state=state)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record; shape (N,), or (N, m) where m numbers are reconstructed."""
        import numpy as np

        state = fitted(self.state, self.name)
        numbers = state.centre + state.whitening(averaged(seen, self.average)) @ state.slope
        found: NDArray[Any] = np.asarray(numbers)
        if self.output == Output.SIGN:
            return np.where(found >= -_TIE * state.spread, 1, -1)
        if self.output == Output.NEAREST:
            apart = np.abs(found[:, None] - np.asarray(state.values, dtype=np.float64))
            scale = state.spread if state.spread > 0 else 1.0
            chosen: NDArray[Any] = state.values[leading(-apart / scale)]
            return chosen
        return found


@dataclass(frozen=True, eq=False)
class _State:
    whitening: Whitening
    centre: NDArray[np.float64]
    slope: NDArray[np.float64]
    values: NDArray[Any]
    spread: float
