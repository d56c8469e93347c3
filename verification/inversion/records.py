"""Records of the inversion game, split into parts that share none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.errors import require
from mipriv.rigor.intervals import Interval, proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """N records.

    Attributes:
        X: what the model reads, shape (N, p).
        y: what it is to answer, shape (N,).
        secret: what the attacker is to guess, whole numbers, shape (N,).
        side: what the attacker sees besides the answers, shape (N, s).
    """

    X: NDArray[Any]
    y: NDArray[Any]
    secret: NDArray[np.int64]
    side: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.y)

    def part(self, start: int, stop: int) -> Records:
        """The records from `start` to before `stop`."""
        cut = slice(start, stop)
        return Records(X=self.X[cut], y=self.y[cut], secret=self.secret[cut], side=self.side[cut])


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Disjoint parts, the same for all defences of one replicate.

    Attributes:
        train: the model is trained on them.
        auxiliary: the attacker learns from them, and from the model's answers to them.
        selection: settings may be chosen on them.
        evaluation: the attack is counted on them; mode population.
    """

    train: Records
    auxiliary: Records
    selection: Records
    evaluation: Records

    @classmethod
    def of(cls, records: Records, sizes: tuple[int, int, int, int]) -> Split:
        """Cut records into parts of these sizes, in the order of the attributes."""
        total = sum(sizes)
        require(total <= len(records), must=f"be at most the {len(records)} records", total=total)
        ends = np.cumsum((0, *sizes)).tolist()
        parts = [records.part(a, b) for a, b in pairwise(ends)]
        return cls(train=parts[0], auxiliary=parts[1], selection=parts[2], evaluation=parts[3])


def rate(guesses: NDArray[Any], secrets: NDArray[Any], *, confidence: Any) -> Interval:
    """Interval of the chance of a right guess, from independent records."""
    hits = int(np.count_nonzero(guesses == secrets))
    return proportion(hits=hits, trials=len(secrets), confidence=confidence)
