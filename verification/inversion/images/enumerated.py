"""Exact cells of white-box MAP: the likeliest record given the answer, all records enumerated.

The records are those of the world `rule`, whose first attribute is secret; the attacker knows their
law, the model with the key of its noise, and the answer to one record.  The levels:

label: the likeliest record of the class predicted, by p(class|x) p(x), as published (of an image
    there is no more to go by);
answer: the likeliest record of those that give this answer;
summed: the likeliest secret of those records: nothing is better.

A flipped label with fresh noise is the one answer that chance enters here; all is summed over it, in
rationals.  The table of a cell's parameters: `attack` (map), `replicate`, `family` (of models, in the
name of the panel) and `factor` of a control.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.attack.bayes.inversion.answers import Channel, Deterministic
from mipriv.attack.whitebox import EnumeratedMAP
from mipriv.errors import require
from mipriv.learn.baselines.answers import answers_of
from mipriv.learn.baselines.flip import FlippedLabel
from mipriv.learn.baselines.wrap import HardLabel
from mipriv.learn.release import FreshNoise
from mipriv.populations.joint import DiscreteJoint
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import outward
from verification.cell import Cell, Control
from verification.inversion.defences import Defence, defence
from verification.inversion.lines import noises, utility
from verification.inversion.metrics import Metric
from verification.inversion.records import Records
from verification.inversion.worlds import RuleWorld
from verification.measures import Point, gain
from verification.outcome import Observed, Outcome, Theory
from verification.parts import Attack, Bayes, Ends, Kind, Train, Utility

_PARAMETERS = {"attack", "replicate", "family", "factor"}
LABEL, ANSWER, SUMMED = "label, as published", "answer", "answer, summed"
_LEAST = np.finfo(
    np.float64
).tiny  # of a confidence in place of 0: such a record loses to any other
Laws = list[dict[int, fmpq]]  # of each record: chance of each answer, by number


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumeration:
    """Every record, what the attacker sees of it, and what he makes of that.

    Attributes:
        cells: every record, shape (M, d).
        masses: exact probability of each.
        side: number of what is seen of each beside the answer, shape (M,).
        laws: of the answer to each.
    """

    cells: NDArray[np.int64]
    masses: tuple[fmpq, ...]
    side: NDArray[np.int64]
    laws: Laws

    @classmethod
    def of(cls, place: RuleWorld, laws: Laws) -> Enumeration:
        """The records of a world, with the laws of their answers."""
        joint: DiscreteJoint = place.game.joint
        cells = joint.cells()
        known = cells[:, list(place.game.known)]
        side = np.unique(known, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
        masses = joint.marginal(range(joint.attributes))
        return cls(cells=cells, masses=masses, side=side, laws=laws)

    def seen(self) -> Iterator[tuple[int, tuple[int, int], fmpq]]:
        """Each record, each thing that may be seen of it, and its chance given the record."""
        for place, law in enumerate(self.laws):
            for answer, chance in law.items():
                if chance > 0:
                    yield place, (int(self.side[place]), answer), chance

    def likeliest(self, confidence: NDArray[np.float64] | None = None) -> dict[Any, int]:
        """Number of the likeliest record for all that may be seen.

        Args:
            confidence: taken for p(answer|x), shape (M, answers); None: the law itself.
        """
        numbers: dict[tuple[int, int], int] = {}
        for _, what, _ in self.seen():
            numbers.setdefault(what, len(numbers))
        table = np.full((len(self.cells), len(numbers)), -np.inf)
        if confidence is None:
            for place, what, chance in self.seen():
                table[place, numbers[what]] = np.log(float(chance))
        else:
            logs = np.log(np.maximum(confidence, _LEAST))
            for (side, answer), column in numbers.items():
                rows = self.side == side
                table[rows, column] = logs[rows, answer]
        rows = np.arange(len(self.cells))[:, None]
        shares = np.array([int(mass.p) / int(mass.q) for mass in self.masses])
        with np.errstate(divide="ignore"):
            attack = EnumeratedMAP(records=rows, log_prior=np.log(shares))
        found = attack.fit(model=lambda records: table).maxima(range(len(numbers)))  # noqa: ARG005  # all of them
        return {what: int(found.records[number, 0]) for what, number in numbers.items()}

    def summed(self) -> dict[Any, int]:
        """The likeliest secret for all that may be seen, the first of equally likely ones."""
        weights: dict[Any, dict[int, fmpq]] = {}
        for place, what, chance in self.seen():
            row = weights.setdefault(what, {})
            secret = int(self.cells[place, 0])
            row[secret] = row.get(secret, fmpq(0)) + self.masses[place] * chance
        return {
            what: max(sorted(row), key=lambda secret: row[secret]) for what, row in weights.items()
        }

    def success(self, guesses: dict[Any, int], weights: tuple[fmpq, ...] | None = None) -> fmpq:
        """Chance that the secret is the one guessed, exact.

        Args:
            guesses: of all that may be seen.
            weights: of the records; None: their law.
        """
        own = self.masses if weights is None else weights
        terms = (
            own[place] * chance
            for place, what, chance in self.seen()
            if guesses[what] == self.cells[place, 0]
        )
        return sum(terms, fmpq(0))

    def whole(self) -> fmpq:
        """Chance that the likeliest record for what is seen is the record itself."""
        records = self.likeliest()
        terms = (
            self.masses[place] * chance
            for place, what, chance in self.seen()
            if records[what] == place
        )
        return sum(terms, fmpq(0))


def play(cell: Cell, place: RuleWorld, seed: int) -> Outcome:
    """Play an exact cell.

    Args:
        cell: what is played.
        place: its world.
        seed: of its replicate: of the training records and the models' own randomness.

    Raises:
        ParameterError: a table that names what does not exist, or answers with fresh noise that are
            no flipped labels.
    """
    unknown = set(cell.parameters) - _PARAMETERS
    rule = f"be one of {', '.join(sorted(_PARAMETERS))}"
    require(not unknown, must=rule, parameters=", ".join(sorted(unknown)))
    require(
        cell.parameters.get("attack") == "map", must="be map", attack=cell.parameters.get("attack")
    )
    require(not place.game.label, must="be unseen", label=True)
    train = place.records(cell.n, np.random.default_rng([seed, 0]))
    number = int(np.random.default_rng([seed, 2]).integers(2**31))

    def fitted(factor: fmpq) -> tuple[Defence, Any]:
        found = defence(cell.learner, place, seed=number, factor=factor)
        return found, found.estimator.fit(train.X, train.y)

    what, honest = fitted(fmpq(1))
    model = honest
    if cell.control == Control.NOISE_TOO_SMALL:
        model = fitted(exact(cell.parameters["factor"], "factor"))[1]
    allowed = _line(place, honest)
    laws = _laws(release(model, place))
    shuffled = cell.control == Control.SHUFFLED
    if shuffled:
        allowed = Theory(
            lower=place.base.lower, upper=place.base.upper, method="answers dealt anew"
        )
        laws = _dealt(Enumeration.of(place, laws))
    levels = _levels(model, place, Enumeration.of(place, laws), shuffled=shuffled)
    return _outcome(cell, place, (what, model), levels, allowed, train)


def release(model: Any, place: RuleWorld) -> Deterministic | Channel:
    """The answers to all records; noise that is fixed for each is a table to who has its key.

    Raises:
        ParameterError: fresh noise that is not a flip of the label.
    """
    cells = place.game.joint.cells()
    if not any(isinstance(one, FreshNoise) for one in noises(model)):
        return Deterministic.of(answers_of(model, cells))
    flips = isinstance(model, FlippedLabel) and not noises(model.estimator_)
    require(flips, must="have no fresh noise but a flip", learner=type(model).__name__)
    table = model.inner(cells)
    keep = exact(model.keep_, "keep")
    return Channel.of(table.argmax(axis=1).tolist(), keep=keep, answers=table.shape[1])


def _laws(found: Deterministic | Channel) -> Laws:
    if isinstance(found, Deterministic):
        return [{number: fmpq(1)} for number in found.ids]
    return [dict(enumerate(row)) for row in found.rows]


def _dealt(given: Enumeration) -> Laws:
    """Every record has the law of an answer to another one."""
    law: dict[int, fmpq] = {}
    for place, (_, answer), chance in given.seen():
        law[answer] = law.get(answer, fmpq(0)) + given.masses[place] * chance
    return [law] * len(given.cells)


def _line(place: RuleWorld, model: Any) -> Theory:
    """The best guess of the secret, by another enumeration than that of the attack."""
    ends = outward(place.game.success(release(model, place)))
    return Theory(lower=ends.lower, upper=ends.upper, method="enumeration of all records")


def _labels(
    model: Any, place: RuleWorld, given: Enumeration, *, shuffled: bool
) -> tuple[Enumeration, Any]:
    """What is seen of a record if it is the predicted class alone, and the classes' confidences."""
    cells = place.game.joint.cells()
    if isinstance(model, FlippedLabel):
        return given, model.inner(cells)
    chosen = answers_of(model, cells).argmax(axis=1)
    confidence = answers_of(model.estimator_ if isinstance(model, HardLabel) else model, cells)
    found = Enumeration.of(place, [{int(one): fmpq(1)} for one in chosen])
    return (Enumeration.of(place, _dealt(found)) if shuffled else found), confidence


def _outcome(
    cell: Cell,
    place: RuleWorld,
    fitted: tuple[Defence, Any],
    levels: dict[str, tuple[Enumeration, dict[Any, int]]],
    allowed: Theory,
    train: Records,
) -> Outcome:
    what, model = fitted
    ends = {}
    for name, (seen, guesses) in levels.items():
        ball = outward(seen.success(guesses))
        ends[name] = Ends(value=ball.lower, lower=ball.lower, upper=ball.upper)
    best = max(ends, key=lambda name: ends[name].upper)
    seen, guesses = levels[best]
    share = float(seen.success(guesses, _shares(place, train)))
    on_train = _attack(best, Ends(value=share, lower=share, upper=share))
    base, mine = place.base.upper, ends[best]
    known = "all else known" if place.game.known else "nothing known"
    point = Point(
        panel=f"white-box MAP: {cell.parameters.get('family', 'models')}, rule, {known}",
        defence=what.title,
        setting=what.setting,
        replicate=int(cell.parameters["replicate"]),
        utility=Utility(**utility(place, model, train)),
        attack=_attack(best, mine),
        attacks=ends,
        base=base,
        role=what.role,
        train=Train(attack=on_train, utility=_accuracy(model, train)),
        bayes=Bayes(
            lower=allowed.lower, upper=allowed.upper, kind=Kind.EXACT, method=allowed.method
        ),
        epsilon=getattr(model, "epsilon_", None),
        metrics={
            Metric.ADVANTAGE: gain(mine.value, base),
            Metric.WHOLE_RECORD: float(levels[ANSWER][0].whole()),
        },
    )
    observed = Observed(lower=mine.lower, upper=mine.upper, exact=True, trials=0)
    return Outcome(theory=allowed, observed=observed, measures=point.to_json())


def _levels(
    model: Any, place: RuleWorld, given: Enumeration, *, shuffled: bool
) -> dict[str, tuple[Enumeration, dict[Any, int]]]:
    """Of each level what it sees, and the secret that it guesses from that."""
    labels, confidence = _labels(model, place, given, shuffled=shuffled)

    def secrets(records: dict[Any, int]) -> dict[Any, int]:
        return {what: int(given.cells[at, 0]) for what, at in records.items()}

    return {
        LABEL: (labels, secrets(labels.likeliest(confidence))),
        ANSWER: (given, secrets(given.likeliest())),
        SUMMED: (given, given.summed()),
    }


def _shares(place: RuleWorld, train: Records) -> tuple[fmpq, ...]:
    """Of the training records, the share that is each record."""
    codes = np.ravel_multi_index(tuple(train.X.T), place.game.joint.arities)
    counts = np.bincount(codes, minlength=len(place.game.joint.cells()))
    return tuple(fmpq(int(count), len(train)) for count in counts)


def _accuracy(model: Any, train: Records) -> float:
    chosen = np.asarray(model.classes_)[answers_of(model, train.X).argmax(axis=1)]
    return float((chosen == train.y).mean())


def _attack(level: str, ends: Ends) -> Attack:
    return Attack(
        name="chance of the secret",
        level=level,
        value=ends.value,
        lower=ends.lower,
        upper=ends.upper,
    )
