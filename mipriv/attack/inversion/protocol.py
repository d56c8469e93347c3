"""What an attacker of the inversion game sees, and what an attack must offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the attacker sees of N records.

    Attributes:
        answers: shape (N, q, k): q answers of k numbers each.
        side: shape (N, p): side information, p >= 0 numbers of each record.
    """

    answers: NDArray[np.float64]
    side: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = self.answers.shape
        require(len(shape) == 3, must="have shape (N, q, k)", answers=shape)
        valid = self.side.ndim == 2 and self.side.shape[0] == shape[0]
        require(valid, must="have shape (N, p)", side=self.side.shape)

    @property
    def queries(self) -> int:
        """Answers to each record, q."""
        return int(self.answers.shape[1])


class Attack(Protocol):
    """An attack of the inversion game.

    Attributes:
        name: short, for tables.
        knows: what it needs beside answers and side information: "model" (white box),
            "auxiliary" (records of the same law with their secrets and answers).
    """

    @property
    def name(self) -> str: ...
    @property
    def knows(self) -> frozenset[str]: ...

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Attack:
        """Prepare from auxiliary records: what was seen of each, and its secret.

        Returns:
            A fitted attack; self is left as it was.
        """
        ...

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record's secret; shape (N,), or (N, m) for a reconstruction."""
        ...


@runtime_checkable
class Graded(Attack, Protocol):
    """An attack that also tells how much it believes in each secret.

    `infer` is what the scores say: the value of the largest one, by the attack's own rule where
    several lie within rounding of it.  Only a fitted attack can be asked whether it is graded.
    """

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`, shape (K,); none of an attack that reconstructs."""
        ...

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log posterior of each value, up to a term of the record; shape (N, K).

        Below infinity; -inf of what the attack holds to be impossible.
        """
        ...
