"""From what attackers saw of updates to a played cell: who is strongest, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import exact, whole
from mipriv.rigor.intervals import outward
from verification.cell import Cell, Control
from verification.inversion.updates.levels import (
    INSIDER,
    SHADOW,
    Attacker,
    Reached,
    Seen,
    Views,
    figures,
)
from verification.measures import Point
from verification.outcome import Observed, Outcome, Theory
from verification.parts import Attack, Bayes, Better, Information, Role, Selection, Train, Utility

_MISS = fmpq(1, 20)  # of the intervals on updates that no test is about
LABEL, SHARE = "chance of the label", "share of the divergence closed"
_UTILITY = "accuracy after an update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How many of what a cell plays with.

    Attributes:
        trials: updates that the attack is counted on.
        auxiliary: records that the attacker has, besides his probes.
        selection: updates that the strongest level is chosen on; 0: on those of the trials.
        batch: records of an update.
        queries: questions about each probe, before an update and after it.
        probes: records that are asked about.
    """

    trials: int
    auxiliary: int
    selection: int
    batch: int
    queries: int
    probes: int

    @classmethod
    def of(cls, cell: Cell, *, known: Sequence[str] = ()) -> Numbers:
        """From a cell's parameters.

        Args:
            cell: Monte Carlo.
            known: further names that its parameters may have.

        Raises:
            ParameterError: a number outside its range, or another name.
        """
        usual = {"trials": 1, "auxiliary": 4, "selection": 0, "batch": 1, "queries": 1, "probes": 1}
        defaults = {"selection": 0, "batch": 1, "queries": 1, "probes": 20}
        names = {*usual, *known, "replicate", "factor"}
        unknown = set(cell.parameters) - names
        rule = f"be one of {', '.join(sorted(names))}"
        require(not unknown, must=rule, parameters=", ".join(sorted(unknown)))
        given = {**defaults, **cell.parameters}
        numbers = cls(
            **{name: whole(given.get(name), name, at_least=low) for name, low in usual.items()}
        )
        fits = numbers.auxiliary >= 2 * numbers.batch
        rule = f"be >= {2 * numbers.batch}: each half has a batch"
        require(fits, must=rule, auxiliary=numbers.auxiliary)
        return numbers


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A defence and what attackers saw of its updates.

    Attributes:
        name: of the panel, after the attack.
        defence, setting, role: as of a `Point`.
        numbers: how many of what.
        attackers: before they learn.
        shadows: their own updates.
        evaluation: what the attack is counted on.
        selection, train: other updates, those of train on records that the model has learned.
        useful: accuracy after an update, on the records of evaluation, selection and train.
        law: frequencies of the labels.
        line: what no attacker exceeds, as far as is known.
    """

    name: str
    defence: str
    setting: str
    role: Role
    numbers: Numbers
    attackers: Sequence[Attacker]
    shadows: Views
    evaluation: Views
    selection: Views | None
    train: Views | None
    useful: Mapping[str, float]
    law: Sequence[fmpq]
    line: Bayes
    information: Information | None = None
    epsilon: float | None = None

    @property
    def measure(self) -> str:
        """What the attack's success is."""
        return LABEL if self.numbers.batch == 1 else SHARE

    @property
    def base(self) -> float:
        """Success of the best guess without a model, rounded up."""
        return outward(max(self.law)).upper if self.measure == LABEL else 0.0

    @property
    def panel(self) -> str:
        """What is compared."""
        counted = self.numbers
        records = "one record" if counted.batch == 1 else f"{counted.batch} records"
        answers = "1 answer" if counted.queries == 1 else f"{counted.queries} answers"
        return f"Update-Leaks: {self.name}, {records}, {answers}"


def judged(cell: Cell, stage: Stage, *, seed: int, level: float) -> Outcome:
    """Let the attackers learn, and count what they reach.

    Args:
        cell: a shuffled control's secrets are dealt out again among updates.
        stage: what they saw.
        seed: of the dealing.
        level: chance that any level's interval misses.
    """
    rng = np.random.default_rng([seed, 9])
    deal = rng if cell.control == Control.SHUFFLED else None
    shadows = _dealt(stage.shadows, deal)
    learned = [one.learned(shadows) for one in stage.attackers]
    law = np.array([int(p.p) / int(p.q) for p in stage.law])

    def reached(views: Views) -> tuple[Views, Reached]:
        there = _dealt(views, deal)
        return there, Reached.of(learned, there, law=law)

    views, found = reached(stage.evaluation)
    chosen = None if stage.selection is None else reached(stage.selection)[1]
    best = (chosen or found).strongest()
    ends = found.ends(exact(level, "level"))
    attack = Attack(
        name=stage.measure,
        level=best,
        value=ends[best].value,
        lower=ends[best].lower,
        upper=ends[best].upper,
    )
    theory = Theory(lower=stage.line.lower, upper=stage.line.upper, method=stage.line.method)
    if cell.control == Control.SHUFFLED:
        theory = Theory(lower=stage.base, upper=stage.base, method="updates without the secret")
    by_level = {one.level: one for one in learned}
    point = Point(
        panel=stage.panel,
        defence=stage.defence,
        setting=stage.setting,
        replicate=whole(cell.parameters.get("replicate"), "replicate", at_least=0),
        utility=Utility(name=_UTILITY, value=stage.useful["evaluation"], better=Better.HIGH),
        attack=attack,
        attacks=ends,
        base=stage.base,
        role=stage.role,
        train=_train(stage, by_level[best], reached),
        bayes=stage.line,
        information=stage.information,
        epsilon=stage.epsilon,
        selection=None
        if chosen is None
        else Selection(utility=stage.useful["selection"], attack=chosen.value(best)),
        metrics=figures(by_level[best], views, found, base=stage.base),
    )
    observed = Observed(
        lower=max(one.lower for one in ends.values()),
        upper=max(one.upper for one in ends.values()),
        exact=False,
        trials=found.trials,
    )
    p = found.p_value(theory.upper)
    return Outcome(theory=theory, observed=observed, p_value=p, measures=point.to_json())


def _train(stage: Stage, best: Attacker, reached: Any) -> Train | None:
    if stage.train is None:
        return None
    views, found = reached(stage.train)
    own = found.ends(_MISS)[best.level]
    attack = Attack(
        name=stage.measure, level=best.level, value=own.value, lower=own.lower, upper=own.upper
    )
    more = figures(best, views, found, base=stage.base)
    return Train(attack=attack, utility=stage.useful["train"], metrics=more)


def _dealt(views: Views, rng: np.random.Generator | None) -> Views:
    """The same, or with what is to be guessed dealt out again among the updates."""
    if rng is None:
        return views
    return {
        name: Seen(answers=one.answers, secrets=rng.permutation(one.secrets))
        for name, one in views.items()
    }


def both(
    outside: Observation, inside: Observation, secrets: NDArray[Any], *, outsider: str = SHADOW
) -> dict[str, Seen]:
    """What outsiders, by default those with shadow models, and insiders see of the same updates."""
    return {
        outsider: Seen(answers=outside, secrets=secrets),
        INSIDER: Seen(answers=inside, secrets=secrets),
    }
