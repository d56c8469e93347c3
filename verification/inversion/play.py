"""Playing a cell of the inversion game: a defence is fitted, asked, attacked, and held to its line.

The table of a cell's parameters: `replicate` (the number of its split), `trials` (records that the
attack is counted on), `auxiliary` (records that the attacker learns from), `selection` (records for
the choice of settings; none by default), `queries` (1), `asking` (repeat, near or white-box),
`attack` (adaptive, or another kind of `verification.inversion.attackers`), and `factor` of a control.
Without `trials` the cell is an exact one, see `verification.inversion.channels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from math import isinf
from typing import Any, Protocol, runtime_checkable

import numpy as np
from flint import fmpq

from mipriv.attack.inversion.features import first
from mipriv.attack.inversion.levels import Levels, Prepared
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import exact, whole
from mipriv.rigor.intervals import Interval, p_value
from verification.cell import Cell, Control, canonical
from verification.inversion import channels
from verification.inversion.asking import asked, observe
from verification.inversion.attackers import ADAPTIVE, TITLES, Scene, adversaries
from verification.inversion.attackers.blind import blind
from verification.inversion.defences import Defence, defence
from verification.inversion.figures import figures
from verification.inversion.lines import Line, line, utility
from verification.inversion.metrics import measured
from verification.inversion.records import Records, Split
from verification.inversion.worlds import GaussianWorld, World, world
from verification.measures import Point
from verification.outcome import Observed, Outcome, Theory

_PARAMETERS = {
    "replicate",
    "trials",
    "auxiliary",
    "selection",
    "queries",
    "asking",
    "attack",
    "factor",
}
_ASKING = ("queries", "asking")
_NOISES = ("fresh", "per-input")
_CONFIDENCE = "0.95"  # of the intervals on the records that the model was trained on


@runtime_checkable
class Rebuilding(Protocol):
    """An attack that reconstructs records, and says what the reconstructions are worth."""

    def figures(self, seen: Observation, records: Records) -> dict[str, float]:
        """Figures by name, from what was seen of records and the records themselves."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """A fitted defence, and what every level reached on which records.

    Attributes:
        strongest: the level that the attack's success is reported of.  It is chosen on the selection
            records where there are some: the largest of several counts is above its own chance, and
            by more the nearer the levels are to each other, which would favour one defence.
        base: the best success without a model.
        metrics: further figures of that level, and of the strongest that reconstructs records, on
            unseen records and on those of the training.
    """

    model: Any
    levels: Levels
    train: Levels
    selection: tuple[float, float] | None
    strongest: str
    way: str
    base: Interval
    metrics: tuple[dict[str, float], dict[str, float]]


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """Play a cell.

    Args:
        cell: what is played.
        seed: of its replicate: of the split, which is the same for all defences.
        level: chance that a level's interval misses.

    Raises:
        ParameterError: a table that names what does not exist.
    """
    place = world(cell.population)
    unknown = set(cell.parameters) - _PARAMETERS
    rule = f"be one of {', '.join(sorted(_PARAMETERS))}"
    require(not unknown, must=rule, parameters=", ".join(sorted(unknown)))
    if cell.exact:
        return channels.play(cell, place)
    split = place.split(_sizes(cell), np.random.default_rng([seed, 0]))
    own = _seed(seed, cell)
    honest = _fitted(cell, place, split, own, fmpq(1))
    model = honest[1]
    if cell.control == Control.NOISE_TOO_SMALL:
        model = _fitted(cell, place, split, own, exact(cell.parameters["factor"], "factor"))[1]
    way, queries = cell.parameters.get("asking", "repeat"), _queries(cell)
    how = asked(honest[1], way, queries, split.evaluation)
    found = line(place, honest[1], how, split.evaluation, own)
    miss = exact(level, "level") / found.limits
    scene = Scene(place=place, model=honest[1], how=how, split=split, seed=own)
    played = _attacked(cell, scene, model, miss=miss, way=way)
    allowed = found.allowed
    if cell.control == Control.SHUFFLED:
        allowed = Theory(
            lower=played.base.lower, upper=played.base.upper, method="answers without the secret"
        )
    return _outcome(cell, scene, honest, played, found, allowed)


def _seed(seed: int, cell: Cell) -> int:
    """Of all that is drawn but the split: the same model however it is asked, and whatever its noise."""
    content = cell.content()
    learner = {k: v for k, v in content["learner"].items() if not (k == "noise" and v in _NOISES)}
    parameters = {k: v for k, v in content["parameters"].items() if k not in _ASKING}
    told = content | {"learner": learner, "parameters": parameters}
    return int.from_bytes(sha256(canonical([seed, told]).encode()).digest()[:4], "big")


def _queries(cell: Cell) -> int:
    return whole(cell.parameters.get("queries", 1), "queries", at_least=1)


def _sizes(cell: Cell) -> tuple[int, int, int, int]:
    auxiliary = whole(cell.parameters.get("auxiliary", 0), "auxiliary", at_least=1)
    selection = whole(cell.parameters.get("selection", 0), "selection", at_least=0)
    return cell.n, auxiliary, selection, int(cell.parameters["trials"])


def _fitted(cell: Cell, place: World, split: Split, seed: int, factor: fmpq) -> tuple[Defence, Any]:
    found = defence(cell.learner, place, seed=seed, factor=factor)
    return found, found.estimator.fit(split.train.X, split.train.y)


def _attacked(cell: Cell, scene: Scene, model: Any, *, miss: fmpq, way: str) -> _Played:
    shuffled = cell.control == Control.SHUFFLED
    rng = np.random.default_rng([scene.seed, 3])
    split = scene.split

    def seen(records: Records) -> tuple[Observation, Any]:
        found = observe(model, way, scene.queries, records)
        if shuffled:
            dealt = rng.permutation(len(records))
            found = Observation(answers=found.answers[dealt], side=found.side)
        return found, records.secret

    several = adversaries(cell.parameters.get("attack", ADAPTIVE), scene)
    prepared = Prepared.of(several, *seen(split.auxiliary))
    counted = selection = None
    if len(split.selection):
        counted = prepared.count(*seen(split.selection), confidence=_CONFIDENCE)
        chosen = counted.strongest
        useful = utility(scene.place, model, split.selection)["value"]
        selection = useful, chosen.hits / chosen.trials
    unseen, trained = seen(split.evaluation), seen(split.train)
    levels = prepared.count(*unseen, confidence=1 - miss)
    counted = counted or levels
    strongest = counted.strongest.level
    base = _base(scene)
    reported = prepared.of_level(strongest)
    rebuilder = _rebuilder(prepared, counted)

    def ranked(found: Observation, records: Records) -> dict[str, float]:
        heard = first(found, reported.queries or found.queries)
        ranks = measured(reported.attack, heard, records.secret, base=base.upper)
        if rebuilder is None:
            return ranks
        attack, queries = rebuilder
        return ranks | attack.figures(first(found, queries or found.queries), records)

    return _Played(
        model=model,
        levels=levels,
        train=prepared.count(*trained, confidence=_CONFIDENCE),
        selection=selection,
        strongest=strongest,
        way=way,
        base=base,
        metrics=(ranked(unseen[0], split.evaluation), ranked(trained[0], split.train)),
    )


def _rebuilder(prepared: Prepared, counted: Levels) -> tuple[Rebuilding, int | None] | None:
    """The strongest of the attacks that reconstruct records, and the answers it looks at."""
    able = [
        (level.hits, one.attack, one.queries)
        for level, one in zip(counted.levels, prepared.adversaries, strict=True)
        if isinstance(one.attack, Rebuilding)
    ]
    return max(able, key=lambda one: one[0])[1:] if able else None


def _base(scene: Scene) -> Interval:
    """The best success without a model: known, or that of who learns from side information alone.

    Of several who learn the one that was right most often on the selection records.
    """
    known = scene.place.base
    if known is not None:
        return known

    def alone(records: Records) -> tuple[Observation, Any]:
        answers = np.zeros((len(records), 1, 1))
        return Observation(answers=answers, side=records.side), records.secret

    prepared = Prepared.of(blind(scene), *alone(scene.split.auxiliary))
    part = scene.split.selection if len(scene.split.selection) else scene.split.evaluation
    chosen = prepared.count(*alone(part)).strongest.level
    found = prepared.count(*alone(scene.split.evaluation))
    reached = next(one for one in found.levels if one.level == chosen)
    share = reached.hits / reached.trials
    return Interval(share, share)


def _outcome(
    cell: Cell,
    scene: Scene,
    honest: tuple[Defence, Any],
    played: _Played,
    found: Line,
    allowed: Theory,
) -> Outcome:
    """Every level against the line: the least p-value of their hits, times how many there are.

    And times the limits of which the line is the least.
    """
    best = played.levels.strongest
    success = played.levels.success
    observed = Observed(lower=success.lower, upper=success.upper, exact=False, trials=best.trials)
    chances = [
        p_value(hits=one.hits, trials=one.trials, probability=exact(allowed.upper, "theory"))
        for one in played.levels.levels
    ]
    point = _point(cell, scene, honest, played, found)
    smallest = min(1.0, min(chances) * len(chances) * found.limits)
    return Outcome(theory=allowed, observed=observed, p_value=smallest, measures=point.to_json())


def _ends(levels: Levels) -> dict[str, dict[str, Any]]:
    return {
        one.level: {
            "value": one.hits / one.trials,
            "lower": one.success.lower,
            "upper": one.success.upper,
        }
        for one in levels.levels
    }


def _attack(levels: Levels, best: str, name: str) -> dict[str, Any]:
    return {"name": name, "level": best, **_ends(levels)[best]}


def _point(
    cell: Cell,
    scene: Scene,
    honest: tuple[Defence, Any],
    played: _Played,
    found: Line,
) -> Point:
    what, model = honest
    place, split = scene.place, scene.split
    name = (
        "chance of the right sign" if isinstance(place, GaussianWorld) else "chance of the secret"
    )
    useful = utility(place, played.model, split.evaluation)
    content: dict[str, Any] = {
        "panel": _panel(cell, scene.queries, played.way),
        "defence": what.title,
        "setting": what.setting,
        "replicate": int(cell.parameters["replicate"]),
        "utility": useful,
        "attack": _attack(played.levels, played.strongest, name),
        "attacks": _ends(played.levels),
        "base": played.base.upper,
        "bayes": {
            "lower": found.allowed.lower,
            "upper": found.allowed.upper,
            "kind": found.kind,
            "method": found.allowed.method,
        },
        "bound": None
        if found.information is None
        else {"value": found.information[0], "method": found.information[1]},
        "information": _information(model),
        "epsilon": getattr(model, "epsilon_", None),
        "role": what.role,
        "train": {
            "attack": _attack(played.train, played.strongest, name),
            "utility": utility(place, played.model, split.train)["value"],
            "metrics": played.metrics[1] | figures(place, played.model, split.train),
        },
        "metrics": played.metrics[0] | figures(place, played.model, split.evaluation),
    }
    if played.selection is not None:
        content["selection"] = {"utility": played.selection[0], "attack": played.selection[1]}
    return Point.from_json(content)


def _panel(cell: Cell, queries: int, way: str) -> str:
    table = dict(cell.population)
    kind = cell.parameters.get("attack", ADAPTIVE)
    what = TITLES.get(kind, "") + str(table.pop("name"))
    named = ("identities", "secret", "side", "label")
    side = [f"{key} {table[key]}" for key in named if table.get(key)]
    answers = "1 answer" if queries == 1 else f"{queries} answers"
    how = {"repeat": answers, "near": f"{answers} to near questions", "white-box": "white box"}
    return ", ".join([what, *side, how[way]])


def _information(model: Any) -> dict[str, Any] | None:
    """The model's own reading of I(X; answer)."""
    reading = getattr(model, "information_", None)
    if reading is None:
        return None
    ends = {name: getattr(reading, name) for name in ("value", "lower", "upper")}
    endless = [name for name, end in ends.items() if isinf(end)]
    found = {**ends, **dict.fromkeys(endless), "method": reading.method, "bound": reading.bound}
    return found | ({"infinite": True} if endless else {})
