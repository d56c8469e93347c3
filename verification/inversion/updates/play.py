"""Playing a cell of Update-Leaks: a model is updated on new records, and who asks it infers their labels.

A defence is trained on n records and then updated by a few gradient steps, on one record or on a
batch.  The attacker sees answers to his probes before and after.  He has shadow models of the same
defence, each trained on one half of his records and updated on those of the other; an insider makes
his updates on the attacked model itself, and knows its answers before, without their noise.

The table of a cell's parameters: `replicate`, `trials` (updates that are counted), `auxiliary` (the
attacker's records, besides his probes), `selection` (updates that the strongest level is chosen on),
`batch` (1), `queries` (1), `probes` (20), `rate` and `steps` (1) of the update, and `factor` of a
control.  Learners: those of `verification.inversion.defences`; `dp-update`, a network `of` whose
update clips each record's gradient to norm `clip` (1) and adds noise of `noise_multiplier` clip
norms, with epsilon at `delta`; and `clipped-update`, the same without noise.  Worlds: those of
`verification.inversion.worlds` whose labels are classes; `ten-digits`, scikit-learn's digits with
the digit as the label; and `gaussian-labels`, where the best guess is known
(`verification.inversion.updates.linear`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.attack.update_leaks import label_shares
from mipriv.attack.updates import Probed, joined
from mipriv.errors import ParameterError, require
from mipriv.learn.baselines.constant import ConstantClassifier
from mipriv.rigor.decimals import exact, whole
from mipriv.rigor.intervals import outward
from verification.cell import Cell, Control
from verification.inversion.defences import Defence, defence
from verification.inversion.records import Records, Split
from verification.inversion.updates import linear
from verification.inversion.updates.levels import INSIDER, SHADOW, Seen, attackers
from verification.inversion.updates.models import Batches, Step, Updated, fitted, quiet
from verification.inversion.updates.private import Privacy
from verification.inversion.updates.stage import Numbers, Stage, both, judged
from verification.inversion.worlds import DataWorld, FactorWorld, World, world
from verification.outcome import Outcome
from verification.parts import Bayes, Information, Kind, Role

_USEFUL = 32  # updates after which the accuracy is measured
_SEEDS = 12
_ROUNDS = 2  # of batches that an attacker makes, each of as many as he has records
_PRIVATE, _CLIPPED = "dp-update", "clipped-update"


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """Play a cell.

    Args:
        cell: what is played.
        seed: of its replicate: of the split and of all that is drawn, the same for all defences.
        level: chance that any level's interval misses.

    Raises:
        ParameterError: a table that names what does not exist.
    """
    require(not cell.exact, must="be >= 1", trials=cell.parameters.get("trials", 0))
    if cell.population["name"] == linear.WORLD:
        return linear.play(cell, seed, level)
    known = cell.control != Control.NOISE_TOO_SMALL
    require(known, must=f"be played on {linear.WORLD}", control=cell.control)
    return judged(cell, _stage(cell, seed), seed=seed, level=level)


def labelled(spec: Mapping[str, Any]) -> World:
    """The world of a table, of `ten-digits` too."""
    if spec["name"] != "ten-digits":
        return world(spec)
    place = world({**spec, "name": "digits"})
    if not isinstance(place, DataWorld):
        raise ParameterError("population=ten-digits: must be images")
    return replace(place, y=place.secret)


def label_law(place: World) -> tuple[fmpq, ...]:
    """Frequency of each label.

    Raises:
        ParameterError: a world whose labels are no classes with known frequencies.
    """
    if isinstance(place, FactorWorld):
        counts = np.bincount(np.arange(place.secrets) % place.groups)
    elif isinstance(place, DataWorld) and not place.regression:
        counts = np.bincount(place.y)
    else:
        raise ParameterError(f"population={type(place).__name__}: must have classes for labels")
    return tuple(fmpq(int(one), int(counts.sum())) for one in counts)


@dataclass(frozen=True, kw_only=True)
class _Game:
    """A cell's models, records and seeds."""

    numbers: Numbers
    target: Updated
    shadows: tuple[Updated, Updated]
    halves: tuple[Records, Records]  # of the attacker's records; each shadow has learned one
    probes: NDArray[Any]
    split: Split
    seeds: list[int]

    def batches(self, records: Records) -> Batches:
        """Updates on records of which each takes part in one alone; a rest is left out."""
        b = self.numbers.batch
        count = len(records) // b
        X, y = records.X[: count * b], records.y[: count * b]
        return X.reshape(count, b, -1), y.reshape(count, b)

    def dealt(self, records: Records, seed: int) -> Batches:
        """The attacker's updates: every record once alone, or batches of a deal made again and again.

        A deal is without repetition, as that of the updates which are counted: no record is twice in
        a batch.
        """
        rng = np.random.default_rng(seed)
        b = self.numbers.batch
        full = len(records) // b * b
        deals = 1 if b == 1 else _ROUNDS * b
        order = np.concatenate(
            [rng.permutation(len(records))[:full].reshape(-1, b) for _ in range(deals)]
        )
        return records.X[order], records.y[order]

    def secrets(self, batches: Batches) -> NDArray[Any]:
        """Labels of single records, or label distributions."""
        labels: NDArray[Any] = batches[1]
        if self.numbers.batch == 1:
            return labels[:, 0]
        return label_shares(labels, range(self.target.labels))

    def probed(self, model: Updated, batches: Batches, seed: int) -> Probed:
        """Updates of a model."""
        return model.probed(batches, probes=self.probes, queries=self.numbers.queries, seed=seed)


def _stage(cell: Cell, seed: int) -> Stage:
    numbers = Numbers.of(cell, known=("rate", "steps"))
    place = labelled(cell.population)
    law = label_law(place)
    step = _step(cell)
    game = _game(cell, place, numbers, step, len(law), seed)
    described = _described(cell.learner, place, seed=0)
    counts = game.split
    selecting = bool(len(counts.selection))
    most = (numbers.selection or numbers.trials) * numbers.batch
    trained = counts.train.part(0, min(cell.n, most))
    shadows, centre = _shadows(game)
    seeds = game.seeds
    parts = {"evaluation": counts.evaluation, "selection": counts.selection, "train": trained}
    views = {
        name: _seen(game, records, centre, seeds[6 + number])
        for number, (name, records) in enumerate(parts.items())
        if len(records) >= numbers.batch
    }
    few = tuple(part[:_USEFUL] for part in game.dealt(game.halves[0], seeds[9]))
    useful = {
        name: game.target.accuracy((few[0], few[1]), parts[name], seed=seeds[10]) for name in views
    }
    private = step.privacy
    return Stage(
        name=str(cell.population["name"]),
        defence=described.title,
        setting=described.setting,
        role=described.role,
        numbers=numbers,
        attackers=attackers(batch=numbers.batch, queries=numbers.queries, seed=seeds[11]),
        shadows=shadows,
        evaluation=views["evaluation"],
        selection=views["selection"] if selecting else None,
        train=views.get("train"),
        useful=useful,
        law=law,
        line=_line(game.target, numbers, max(law)),
        information=_information(game.target.model),
        epsilon=None
        if private is None
        else private.epsilon(records=numbers.batch, steps=step.steps),
    )


def _step(cell: Cell) -> Step:
    rate = exact(cell.parameters.get("rate"), "rate")
    require(rate > 0, must="be > 0", rate=cell.parameters.get("rate"))
    steps = whole(cell.parameters.get("steps", 1), "steps", at_least=1)
    reading = {_PRIVATE: Privacy.of, _CLIPPED: Privacy.clipped}.get(cell.learner["name"])
    private = None if reading is None else reading(cell.learner)
    return Step(rate=int(rate.p) / int(rate.q), steps=steps, privacy=private)


def _described(spec: Mapping[str, Any], place: World, *, seed: int) -> Defence:
    """A defence; of a private or clipped update, the network inside, under the update's name.

    Raises:
        ParameterError: as `defence`.
    """
    names = {_PRIVATE: ("noise_multiplier", "clip", "delta"), _CLIPPED: ("clip",)}
    known = names.get(spec["name"])
    if known is None:
        return defence(spec, place, seed=seed, factor=fmpq(1))
    rest = {key: value for key, value in spec.items() if key not in ("name", "of")}
    unknown = set(rest) - set(known)
    require(not unknown, must=f"be one of {', '.join(known)}", learner=sorted(unknown))
    if not isinstance(spec.get("of"), Mapping):
        raise ParameterError(f"of={spec.get('of')}: must be the table of a learner")
    inside = defence(spec["of"], place, seed=seed, factor=fmpq(1))
    setting = ", ".join(f"{key}={value}" for key, value in rest.items())
    if spec["name"] == _CLIPPED:
        return replace(inside, title="clipped update", role=Role.BASELINE, setting=setting)
    return replace(inside, title="DP update", role=Role.DP, setting=setting)


def _game(cell: Cell, place: World, numbers: Numbers, step: Step, labels: int, seed: int) -> _Game:
    sizes = (
        cell.n,
        numbers.probes + numbers.auxiliary,
        numbers.selection * numbers.batch,
        numbers.trials * numbers.batch,
    )
    split = place.split(sizes, np.random.default_rng([seed, 0]))
    seeds = np.random.default_rng([seed, 1]).integers(2**32, size=_SEEDS).tolist()
    own = split.auxiliary.part(numbers.probes, sizes[1])
    middle = len(own) // 2
    halves = own.part(0, middle), own.part(middle, len(own))
    models = [
        fitted(
            _described(cell.learner, place, seed=seeds[number]).estimator,
            records,
            step=step,
            labels=labels,
        )
        for number, records in enumerate((split.train, *halves))
    ]
    return _Game(
        numbers=numbers,
        target=models[0],
        shadows=(models[1], models[2]),
        halves=halves,
        probes=split.auxiliary.X[: numbers.probes],
        split=split,
        seeds=seeds,
    )


def _shadows(game: _Game) -> tuple[dict[str, Seen], NDArray[np.float64]]:
    """The attackers' own updates, and the attacked model's answers before any."""
    outside, labels = [], []
    for number, (model, other) in enumerate(zip(game.shadows, game.halves[::-1], strict=True)):
        batches = game.dealt(other, game.seeds[3 + number])
        outside.append(game.probed(model, batches, game.seeds[3 + number]).differences())
        labels.append(game.secrets(batches))
    own = [game.dealt(half, game.seeds[5]) for half in game.halves]
    batches = np.concatenate([one[0] for one in own]), np.concatenate([one[1] for one in own])
    probed = game.probed(game.target, batches, game.seeds[5])
    centre = probed.before.mean(axis=(0, 1))
    inside = quiet(probed, centre).differences()
    return {
        SHADOW: Seen(answers=joined(*outside), secrets=np.concatenate(labels)),
        INSIDER: Seen(answers=inside, secrets=game.secrets(batches)),
    }, centre


def _seen(game: _Game, records: Records, centre: NDArray[np.float64], seed: int) -> dict[str, Seen]:
    """Updates of the attacked model on records that the attackers do not have."""
    batches = game.batches(records)
    probed = game.probed(game.target, batches, seed)
    return both(probed.differences(), quiet(probed, centre).differences(), game.secrets(batches))


def _line(target: Updated, numbers: Numbers, base: fmpq) -> Bayes:
    """What is known to limit every attacker."""
    ends = outward(base)
    if numbers.batch > 1:
        ends = outward(fmpq(0))
    if isinstance(target.inner, ConstantClassifier):
        method = "the answers do not change"
        return Bayes(lower=ends.lower, upper=ends.upper, kind=Kind.EXACT, method=method)
    private = target.step.privacy
    if private is not None and private.noisy and numbers.batch == 1:
        upper = private.success(base=base, steps=target.step.steps)
        method = "ceiling: Gaussian differential privacy of the update"
        return Bayes(lower=ends.lower, upper=upper, kind=Kind.CEILING, method=method)
    method = "ceiling: certainty, as a label may settle the update"
    return Bayes(lower=ends.lower, upper=1.0, kind=Kind.CEILING, method=method)


def _information(model: Any) -> Information | None:
    """The model's own reading of what one answer tells of the record that is asked about."""
    reading = getattr(model, "information_", None)
    if reading is None:
        return None
    names = ("value", "lower", "upper", "method", "bound")
    return Information(**{name: getattr(reading, name) for name in names})
