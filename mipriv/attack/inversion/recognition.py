"""A secret of the record, read off what an attack reconstructs of it: an identity, a label."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.alignment import nearest_identity
from mipriv.attack.inversion.features import AUXILIARY, coded, fitted
from mipriv.attack.inversion.protocol import Attack, Graded, Observation
from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Centres:
    """The secret whose mean auxiliary record is nearest to a reconstruction.

    As published attacks are read.  A posterior mean lies nearer to the mean of all records than the
    records do, so that this favours secrets in the middle.

    Attributes:
        kinds: distinct secrets in rising order, shape (K,).
        means: mean record of each, shape (K, d).
        variance: > 0, mean squared error of a coordinate of the reconstructions of auxiliary
            records about the mean of their own secret: unit of the scores.
    """

    kinds: NDArray[Any]
    means: NDArray[np.float64]
    variance: float

    @classmethod
    def of(cls, guesses: NDArray[np.float64], records: Any, secrets: Any) -> Centres:
        """From N reconstructions, the records, and their secrets."""
        import numpy as np

        kinds, own = coded(secrets, len(guesses))
        means = np.array([records[own == kind].mean(axis=0) for kind in range(len(kinds))])
        # where all reconstructions are their centres any unit ranks alike
        variance = float(((guesses - means[own]) ** 2).mean()) or 1.0
        return cls(kinds, means, variance)

    def infer(self, guesses: NDArray[np.float64]) -> NDArray[Any]:
        """Secret of each reconstruction, shape (N,)."""
        found: NDArray[Any] = self.kinds[nearest_identity(guesses, self.means)]
        return found

    def scores(self, guesses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log posterior of each secret, all equally likely and normal, up to a term of the row."""
        halves = (self.means**2).sum(axis=1) / 2
        found: NDArray[np.float64] = (guesses @ self.means.T - halves) / self.variance
        return found


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """The secret of a record that another attack reconstructs.

    `fit` gets the secrets of auxiliary records; the records themselves are held here, and what the
    attack reconstructs of them is what the reader learns from.

    Attributes:
        attack: reconstructs records; not yet fitted.
        records: those whose answers `fit` is to see, finite, shape (N, d).
        reader: learns secrets from reconstructions, which it takes for answers; None: `Centres`.
        state: what `fit` learned.
    """

    attack: Attack
    records: NDArray[np.float64]
    reader: Attack | None = None
    state: _State | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """For tables."""
        how = "nearest mean record" if self.reader is None else self.reader.name
        return f"{self.attack.name}, {how}"

    @property
    def knows(self) -> frozenset[str]:
        """Auxiliary records, and what the attack inside and the reader need."""
        reader = frozenset() if self.reader is None else self.reader.knows
        return AUXILIARY | self.attack.knows | reader

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Recognition:
        """Let the attack learn to reconstruct the records, and the reader to read them.

        Args:
            seen: of the N auxiliary records that are held.
            secrets: of any values that sort, shape (N,).
            model: for the attack inside.
        """
        import numpy as np

        records = np.asarray(self.records, dtype=np.float64)
        held = records.ndim == 2 and len(records) == len(seen.side)
        require(held, must=f"have a row for each of {len(seen.side)}", records=records.shape)
        attack = self.attack.fit(seen, records, model=model)
        guesses = np.asarray(attack.infer(seen))
        read: Centres | Attack
        if self.reader is None:
            read = Centres.of(guesses, records, secrets)
        else:
            read = self.reader.fit(_told(guesses), secrets)
        return replace(self, state=_State(attack, read))

    def reconstruct(self, seen: Observation) -> NDArray[np.float64]:
        """Reconstructed records, shape (N, d)."""
        import numpy as np

        return np.asarray(fitted(self.state, self.name).attack.infer(seen), dtype=np.float64)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record's secret, one of those seen; shape (N,)."""
        read, guesses = fitted(self.state, self.name).read, self.reconstruct(seen)
        return read.infer(guesses) if isinstance(read, Centres) else read.infer(_told(guesses))

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`; none if the reader does not weigh secrets."""
        import numpy as np

        read = fitted(self.state, self.name).read
        return read.kinds if isinstance(read, Centres | Graded) else np.zeros(0)

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log posterior of each secret up to a term of the record; shape (N, K)."""
        import numpy as np

        read, guesses = fitted(self.state, self.name).read, self.reconstruct(seen)
        if isinstance(read, Centres):
            return read.scores(guesses)
        return (
            read.scores(_told(guesses)) if isinstance(read, Graded) else np.zeros((len(guesses), 0))
        )


@dataclass(frozen=True, eq=False)
class _State:
    attack: Attack
    read: Centres | Attack


def _told(guesses: NDArray[np.float64]) -> Observation:
    """Reconstructions as one answer to each record, without side information."""
    import numpy as np

    return Observation(answers=guesses[:, None], side=np.zeros((len(guesses), 0)))
