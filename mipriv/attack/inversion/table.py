"""Frequencies of the secrets for each distinct answer and side information: discrete answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import AUXILIARY, coded, fitted, leading
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import nonnegative

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Key = tuple[tuple[bytes, ...], bytes]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The secret most frequent among auxiliary records that look the same.

    Records look the same if the multiset of their q answers and their side information do, number
    for number.  The frequencies lean on those given the side information alone as if `smoothing`
    records of that law had been seen too, and these in turn on the overall ones: a combination
    never seen is guessed from its side information, and unknown side information as the most
    frequent secret.

    Attributes:
        smoothing: finite, > 0.
        state: what `fit` learned.
    """

    smoothing: float = 1.0
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        strength = float(nonnegative(self.smoothing, "smoothing"))
        require(strength > 0, must="be > 0", smoothing=self.smoothing)
        object.__setattr__(self, "smoothing", strength)

    @property
    def name(self) -> str:
        """For tables."""
        return "table"

    @property
    def knows(self) -> frozenset[str]:
        """Auxiliary records alone."""
        return AUXILIARY

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Table:  # noqa: ARG002  # the protocol names it
        """Learn from auxiliary records.

        Args:
            seen: of N >= 1 records.
            secrets: of any values that sort, shape (N,).
            model: not used.
        """
        import numpy as np

        values, own = coded(secrets, len(seen.side))
        whole_ = np.bincount(own).astype(np.float64)
        looks: dict[Key, NDArray[np.float64]] = {}
        sides: dict[bytes, NDArray[np.float64]] = {}
        for (answers, side), kind in zip(_keys(seen), own.tolist(), strict=True):
            looks.setdefault((answers, side), np.zeros(len(values)))[kind] += 1
            sides.setdefault(side, np.zeros(len(values)))[kind] += 1
        prior = whole_ / whole_.sum()
        given = {side: self._lean(counts, prior) for side, counts in sides.items()}
        found = {key: self._lean(counts, given[key[1]]) for key, counts in looks.items()}
        return replace(self, state=_State(values, prior, given, found))

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record, one of the secrets seen; shape (N,)."""
        import numpy as np

        # the rule of ties is one of frequencies, which their logarithms give back
        found: NDArray[Any] = self.kinds[leading(np.exp(self.scores(seen)))]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`: the secrets seen, in rising order; shape (K,)."""
        return fitted(self.state, self.name).values

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log of the frequency among the records that look the same; shape (N, K)."""
        import numpy as np

        state = fitted(self.state, self.name)
        rows = [state.looks.get(key, state.sides.get(key[1], state.prior)) for key in _keys(seen)]
        shares = np.array(rows, dtype=np.float64).reshape(len(rows), len(state.values))
        with np.errstate(divide="ignore"):  # of a smoothing that is lost in rounding
            found: NDArray[np.float64] = np.log(shares)
        return found

    def _lean(self, counts: NDArray[np.float64], law: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = (counts + self.smoothing * law) / (
            counts.sum() + self.smoothing
        )
        return found


@dataclass(frozen=True, eq=False)
class _State:
    values: NDArray[Any]
    prior: NDArray[np.float64]
    sides: dict[bytes, NDArray[np.float64]]
    looks: dict[Key, NDArray[np.float64]]


def _keys(seen: Observation) -> Iterator[Key]:
    """What each record looks like; + 0.0 makes the two zeros one."""
    answers, side = seen.answers + 0.0, seen.side + 0.0
    for record, known in zip(answers, side, strict=True):
        yield tuple(sorted(row.tobytes() for row in record)), known.tobytes()
