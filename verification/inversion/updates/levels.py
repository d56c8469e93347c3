"""Who infers the labels of an update, what each level sees, and how far it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.features import first
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.attack.update_leaks import Encoded, LabelNetwork, divergences
from mipriv.errors import require
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import p_value, proportion
from verification.inversion.metrics import Metric, measured
from verification.parts import Ends

SHADOW, INSIDER = "shadow models", "insider"
PUBLISHED = "label network as published"
_NETWORK: Mapping[str, Any] = {"epochs": 15, "batch": 256, "patience": 5, "learning_rate": 8e-3}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Updates and what is to be guessed of them.

    Attributes:
        answers: what an attacker sees of each.
        secrets: labels (N,), or label distributions (N, K).
    """

    answers: Observation
    secrets: NDArray[Any]


Views = Mapping[str, Seen]  # by who sees them: SHADOW, INSIDER or another name of a view


@dataclass(frozen=True, kw_only=True)
class Attacker:
    """A level.

    Attributes:
        attack: of single records on labels, of many on label distributions.
        view: SHADOW: who knows the defence and has models of his own; INSIDER: who knows the model
            before the update, with the key of its noise; or what else an outsider learns from.
        queries: questions about each probe that he counts.
        title: of the attack; its own name if empty.
    """

    attack: Attack
    view: str
    queries: int
    title: str = ""

    @property
    def level(self) -> str:
        """In words."""
        return f"{self.view}: {self.title or self.attack.name}, q = {self.queries}"

    def learned(self, shadows: Views) -> Attacker:
        """The attacker after his shadow updates."""
        own = shadows[self.view]
        return replace(
            self,
            title=self.title or self.attack.name,
            attack=self.attack.fit(first(own.answers, self.queries), own.secrets),
        )

    def guesses(self, views: Views) -> NDArray[Any]:
        """Of each update, one row."""
        return self.attack.infer(first(views[self.view].answers, self.queries))


def attackers(*, batch: int, queries: int, seed: int, outsider: str = SHADOW) -> list[Attacker]:
    """Attackers by rising knowledge: the published one, adaptive ones, averaging ones, insiders.

    The published one asks once, and learns from models of his own.

    Args:
        batch: records of an update.
        queries: the most questions about each probe.
        seed: of the networks.
        outsider: view of those who do not know the model before.

    Source: Salem, Bhattacharya, Backes, Fritz, Zhang, USENIX Security 2020.
    """
    network = LabelNetwork(**_NETWORK, seed=seed)
    counts = [1, queries] if queries > 1 else [1]
    found = [
        Attacker(
            attack=network,
            view=outsider,
            queries=count,
            title=PUBLISHED if (outsider, count) == (SHADOW, 1) else "",
        )
        for count in counts
    ]
    for view in (outsider, INSIDER):
        found += [
            Attacker(attack=one, view=view, queries=queries)
            for one in _adaptive(network, batch, view)
        ]
    found.append(Attacker(attack=network, view=INSIDER, queries=queries))
    return found


def _adaptive(network: LabelNetwork, batch: int, view: str) -> list[Attack]:
    """On leading components: what differs from model to model would mislead a shadow attacker."""
    if batch > 1:
        kept = 64 if view == INSIDER else 32
        return [Encoded(attack=network, components=kept, direction=True)]
    return [
        Encoded(attack=network, components=16, direction=True),
        Encoded(attack=Discriminant(), components=16, direction=True),
        Encoded(attack=Discriminant(), components=64),
    ]


@dataclass(frozen=True, slots=True)
class Hits:
    """Right guesses among independent updates of one model."""

    hits: int
    trials: int

    def ends(self, miss: fmpq) -> Ends:
        """Clopper-Pearson interval, which misses with a chance of at most `miss`."""
        found = proportion(hits=self.hits, trials=self.trials, confidence=1 - miss)
        value = self.hits / self.trials
        return Ends(value=value, lower=min(found.lower, value), upper=max(found.upper, value))

    def p_value(self, line: float) -> float:
        """Exact, binomial."""
        return p_value(hits=self.hits, trials=self.trials, probability=exact(line, "line"))


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """Share of the divergence closed: 1 - mean guessed/mean without a model, over updates.

    Interval and test are Fieller's: the mean of (without - found) - share x without over updates
    is taken to be normal with a Student's t.  No exact test is known of it.

    Attributes:
        without: divergence of each update's labels from the best guess without a model, nats.
        found: the same from the attacker's guess.

    Source: Fieller 1954.
    """

    without: NDArray[np.float64]
    found: NDArray[np.float64]

    def ends(self, miss: fmpq) -> Ends:
        """The interval; no share is above 1.

        Raises:
            ParameterError: so few updates that it is not bounded.
        """
        from scipy.special import stdtrit

        count = len(self.found)
        require(count >= 2, must="be two or more", updates=count)
        gained = self.without - self.found
        means = gained.mean(), self.without.mean()
        spread = np.cov(gained, self.without) / count
        squared = float(stdtrit(count - 1, float(miss) / 2)) ** 2
        a = means[1] ** 2 - squared * spread[1, 1]
        b = means[0] * means[1] - squared * spread[0, 1]
        c = means[0] ** 2 - squared * spread[0, 0]
        require(a > 0, must="be more: the interval is not bounded", updates=count)
        value = float(means[0] / means[1])
        # the value lies between the roots; rounding may leave them no room where nothing spreads
        half = max(b * b - a * c, 0.0) ** 0.5
        lower, upper = min((b - half) / a, value), max((b + half) / a, value)
        return Ends(value=value, lower=float(lower), upper=min(float(upper), 1.0))

    def p_value(self, line: float) -> float:
        """One-sided, of a share of at most the line."""
        from scipy.special import stdtr

        above = (1 - line) * self.without - self.found
        deviation = float(above.std(ddof=1))
        if deviation == 0:
            return 0.0 if above.mean() > 0 else 1.0
        t = float(above.mean()) / (deviation / len(above) ** 0.5)
        return float(stdtr(len(above) - 1, -t))


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What all levels reached on the same updates.

    Attributes:
        levels: by name, in the order of rising knowledge.
        trials: updates.
    """

    levels: Mapping[str, Hits | Closed]
    trials: int

    @classmethod
    def of(cls, learned: Sequence[Attacker], views: Views, *, law: NDArray[np.float64]) -> Reached:
        """Count.

        Args:
            learned: attackers after their shadow updates.
            views: of updates that are independent of theirs.
            law: frequencies of the labels: the best guess of a distribution without a model.
        """
        found: dict[str, Hits | Closed] = {}
        count = 0
        for one in learned:
            secrets, guesses = views[one.view].secrets, one.guesses(views)
            count = len(secrets)
            if secrets.ndim == 1:
                found[one.level] = Hits(int(np.count_nonzero(guesses == secrets)), count)
            else:
                without = divergences(secrets, law)
                found[one.level] = Closed(without, divergences(secrets, guesses))
        return cls(levels=found, trials=count)

    def ends(self, miss: fmpq) -> dict[str, Ends]:
        """Intervals, all of which hold at once but for a chance of `miss`."""
        each = miss / len(self.levels)
        return {name: one.ends(each) for name, one in self.levels.items()}

    def strongest(self) -> str:
        """The level of the largest success, the first of several."""
        values = {
            name: one.hits if isinstance(one, Hits) else -float(one.found.mean())
            for name, one in self.levels.items()
        }
        return max(values, key=lambda name: values[name])

    def value(self, level: str) -> float:
        """Success of a level."""
        one = self.levels[level]
        if isinstance(one, Hits):
            return one.hits / one.trials
        return float(1 - one.found.mean() / one.without.mean())

    def p_value(self, line: float) -> float:
        """Of the strongest level, were all at most the line: the least of all times their number."""
        return min(1.0, min(one.p_value(line) for one in self.levels.values()) * len(self.levels))


def figures(one: Attacker, views: Views, reached: Reached, *, base: float) -> dict[str, float]:
    """Further figures of a level, by the name of their metric."""
    own = reached.levels[one.level]
    if isinstance(own, Closed):
        return {str(Metric.DIVERGENCE): float(own.found.mean())}
    seen = views[one.view]
    answers = first(seen.answers, one.queries)
    return measured(one.attack, answers, seen.secrets, base=base)
