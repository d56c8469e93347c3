"""Several attackers on the same records: the strongest, with intervals that hold together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import first
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.errors import require
from mipriv.rigor.decimals import unit
from mipriv.rigor.intervals import Interval, proportion

if TYPE_CHECKING:
    from numpy.typing import NDArray

Hits = Callable[["NDArray[Any]", "NDArray[Any]"], "NDArray[Any]"]


@dataclass(frozen=True, kw_only=True)
class Adversary:
    """One level: an attack and what it may see.

    Attributes:
        attack: not yet fitted.
        queries: answers it looks at, the first ones; None: all.
        model: what it may ask, for attacks that know a model; None: nothing.
        level: in words; the attack's name and the queries if empty.
    """

    attack: Attack
    queries: int | None = None
    model: Any = None
    level: str = ""


@dataclass(frozen=True, kw_only=True)
class Level:
    """What one adversary reached.

    Attributes:
        level: in words.
        queries: answers it saw.
        hits: right guesses.
        trials: guesses.
        success: interval of its success; with those of all other levels at the confidence asked for.
    """

    level: str
    queries: int
    hits: int
    trials: int
    success: Interval


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What every adversary reached, on the same records.

    Attributes:
        levels: in the order asked for.
        confidence: that all intervals hold at once, and so for the strongest though it was chosen
            after the event.
    """

    levels: tuple[Level, ...]
    confidence: float

    @property
    def strongest(self) -> Level:
        """The level of most hits; the first of several."""
        return max(self.levels, key=lambda level: level.hits)

    @property
    def success(self) -> Interval:
        """Interval of the largest of the levels' successes.

        Its lower end bounds the optimum from below; the upper end bounds these attackers alone.
        """
        return Interval(
            max(level.success.lower for level in self.levels),
            max(level.success.upper for level in self.levels),
        )


def compare(
    adversaries: Sequence[Adversary],
    *,
    auxiliary: tuple[Observation, Any],
    evaluation: tuple[Observation, Any],
    confidence: Any = "0.95",
    hit: Hits | None = None,
) -> Levels:
    """Fit every adversary on auxiliary records and count its hits on others.

    Args:
        adversaries: at least one.
        auxiliary: what was seen of each auxiliary record, and its secret.
        evaluation: the same of records drawn independently of those from one law, disjoint from
            them; the intervals are exact for such draws.
        confidence: that all intervals hold at once, in (0, 1): each is a Clopper-Pearson interval
            at 1 - (1 - confidence)/levels (union bound).
        hit: (guesses, secrets) -> whether each is right; None: equality.

    Returns:
        Levels.
    """
    import numpy as np

    require(len(adversaries) >= 1, must="be at least one", adversaries=len(adversaries))
    level = unit(confidence, "confidence")
    require(0 < level < 1, must="lie strictly between 0 and 1", confidence=confidence)
    each = 1 - (1 - level) / len(adversaries)
    known, hidden = np.asarray(auxiliary[1]), np.asarray(evaluation[1])
    found = []
    for one in adversaries:
        queries = one.queries if one.queries is not None else auxiliary[0].queries
        seen, asked = (first(part, queries) for part in (auxiliary[0], evaluation[0]))
        guesses = np.asarray(one.attack.fit(seen, known, model=one.model).infer(asked))
        right = np.asarray(hit(guesses, hidden) if hit is not None else guesses == hidden)
        fits = right.shape == (len(asked.side),)
        require(fits, must=f"give {len(asked.side)} guesses", attack=right.shape)
        hits = int(right.astype(bool).sum())
        found.append(
            Level(
                level=one.level or f"{one.attack.name}, q = {queries}",
                queries=queries,
                hits=hits,
                trials=len(right),
                success=proportion(hits=hits, trials=len(right), confidence=each),
            )
        )
    return Levels(levels=tuple(found), confidence=float(level))
