"""Answers of a model to a record, as the optimal attacker knows them: tables, channels, noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from mipriv.errors import require
from mipriv.rigor.decimals import unit, whole

FRESH = "fresh"
PER_INPUT = "per-input"
NOISES = (FRESH, PER_INPUT)


def independent(queries: object, noise: object) -> int:
    """Answers of independent noise among q answers to one record: q if it is fresh, else 1.

    Noise that is fixed for each input repeats itself.  The attacker here sees answers to the record
    alone: whoever may also ask about guessed records sees those records' own noise.

    Args:
        queries: q, whole, >= 1.
        noise: `fresh` or `per-input`.
    """
    count = whole(queries, "queries", at_least=1)
    require(noise in NOISES, must=f"be one of {', '.join(NOISES)}", noise=noise)
    return count if noise == FRESH else 1


@dataclass(frozen=True)
class Deterministic:
    """One answer, by number, for each cell of x in C order.

    Attributes:
        ids: whole numbers; equal numbers are equal answers.
    """

    ids: tuple[int, ...]

    def __post_init__(self) -> None:
        ids = tuple(whole(value, "ids", at_least=0) for value in self.ids)
        require(len(ids) >= 1, must="hold an answer for each cell", ids=len(ids))
        object.__setattr__(self, "ids", ids)

    @classmethod
    def of(cls, outputs: Any) -> Deterministic:
        """Number the distinct answers among a model's outputs, compared exactly.

        Args:
            outputs: `model.answer(joint.cells())`, shape (cells,) or (cells, k).

        >>> Deterministic.of([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5]]).ids
        (1, 0, 1)
        """
        import numpy as np

        table = np.asarray(outputs)
        require(table.ndim in (1, 2), must="have shape (cells,) or (cells, k)", outputs=table.shape)
        rows = table.reshape(len(table), -1)
        return cls(tuple(np.unique(rows, axis=0, return_inverse=True)[1].ravel().tolist()))


@dataclass(frozen=True)
class Channel:
    """Law of one answer for each cell of x in C order.

    Attributes:
        rows: for each cell exact probabilities of the answers 0, 1, .., that sum to exactly 1.
    """

    rows: tuple[tuple[fmpq, ...], ...]

    def __post_init__(self) -> None:
        rows = tuple(tuple(unit(mass, "rows") for mass in row) for row in self.rows)
        require(len(rows) >= 1, must="hold a law for each cell", rows=len(rows))
        for row in rows:
            require(len(row) == len(rows[0]), must="be of one length", rows=len(row))
            require(sum(row, fmpq(0)) == 1, must="sum to exactly 1 each", rows=row)
        object.__setattr__(self, "rows", rows)

    @property
    def answers(self) -> int:
        """Number of answers."""
        return len(self.rows[0])

    @classmethod
    def of(cls, ids: Sequence[int], *, keep: object, answers: int) -> Channel:
        """A table through noise: the answer is kept, or drawn uniformly from all answers.

        Args:
            ids: answer of each cell, 0 to answers - 1.
            keep: probability to keep it, in [0, 1].
            answers: number of answers, >= 1.

        >>> Channel.of([0, 1], keep="0.5", answers=2).rows
        ((3/4, 1/4), (1/4, 3/4))
        """
        kept, count = unit(keep, "keep"), whole(answers, "answers", at_least=1)
        valid = all(0 <= answer < count for answer in ids)
        require(valid, must=f"lie from 0 to {count - 1}", ids=ids)
        other = (1 - kept) / count
        return cls(
            tuple(
                tuple(other + kept if place == answer else other for place in range(count))
                for answer in ids
            )
        )
