"""Several attackers on the same records: the strongest, with intervals that hold together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import first
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.errors import ParameterError, require
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


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Adversaries that have learned, to be counted on as many sets of records as are wanted.

    Attributes:
        adversaries: with fitted attacks, the queries that each looks at, and the level in words.
    """

    adversaries: tuple[Adversary, ...]

    @classmethod
    def of(cls, adversaries: Sequence[Adversary], seen: Observation, secrets: Any) -> Prepared:
        """Let every adversary learn.

        Args:
            adversaries: at least one.
            seen: what was seen of each auxiliary record.
            secrets: its secret.
        """
        import numpy as np

        require(len(adversaries) >= 1, must="be at least one", adversaries=len(adversaries))
        known = np.asarray(secrets)
        found = []
        for one in adversaries:
            queries = one.queries if one.queries is not None else seen.queries
            attack = one.attack.fit(first(seen, queries), known, model=one.model)
            level = one.level or f"{one.attack.name}, q = {queries}"
            found.append(replace(one, attack=attack, queries=queries, level=level))
        return cls(adversaries=tuple(found))

    def of_level(self, level: str) -> Adversary:
        """The adversary of a level, in the words in which it is counted.

        Raises:
            ParameterError: there is none.
        """
        for one in self.adversaries:
            if one.level == level:
                return one
        raise ParameterError(f"level={level}: must be one of those that were prepared")

    def count(
        self,
        seen: Observation,
        secrets: Any,
        *,
        confidence: Any = "0.95",
        hit: Hits | None = None,
    ) -> Levels:
        """Count the hits of every adversary.

        Args:
            seen: what was seen of records drawn independently of the auxiliary ones from one law,
                disjoint from them; the intervals are exact for such draws.
            secrets: of each record.
            confidence: that all intervals hold at once, in (0, 1): each is a Clopper-Pearson
                interval at 1 - (1 - confidence)/levels (union bound).
            hit: (guesses, secrets) -> whether each is right; None: equality.
        """
        import numpy as np

        level = unit(confidence, "confidence")
        require(0 < level < 1, must="lie strictly between 0 and 1", confidence=confidence)
        each = 1 - (1 - level) / len(self.adversaries)
        hidden = np.asarray(secrets)
        found = []
        for one in self.adversaries:
            queries = one.queries or seen.queries
            guesses = np.asarray(one.attack.infer(first(seen, queries)))
            right = np.asarray(hit(guesses, hidden) if hit is not None else guesses == hidden)
            fits = right.shape == (len(seen.side),)
            require(fits, must=f"give {len(seen.side)} guesses", attack=right.shape)
            hits = int(right.astype(bool).sum())
            found.append(
                Level(
                    level=one.level,
                    queries=queries,
                    hits=hits,
                    trials=len(right),
                    success=proportion(hits=hits, trials=len(right), confidence=each),
                )
            )
        return Levels(levels=tuple(found), confidence=float(level))


def compare(
    adversaries: Sequence[Adversary],
    *,
    auxiliary: tuple[Observation, Any],
    evaluation: tuple[Observation, Any],
    confidence: Any = "0.95",
    hit: Hits | None = None,
) -> Levels:
    """Let every adversary learn on auxiliary records and count its hits on others.

    Args:
        adversaries: at least one.
        auxiliary: what was seen of each auxiliary record, and its secret.
        evaluation: the same of others; as for `Prepared.count`, with confidence and hit.
    """
    prepared = Prepared.of(adversaries, *auxiliary)
    return prepared.count(*evaluation, confidence=confidence, hit=hit)
