"""Playing a cell of the inversion game: a defence is fitted, asked, attacked, and held to its line.

The table of a cell's parameters: `replicate` (the number of its split), `trials` (records that the
attack is counted on), `auxiliary` (records that the attacker learns from), `selection` (records for
the choice of settings; none by default), `queries` (1), `asking` (repeat, near or white-box), and
`factor` of a control.  Without `trials` the cell is an exact one, see `verification.inversion.channels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from math import isinf
from typing import Any

import numpy as np
from flint import arb, fmpq

from mipriv.attack.inversion.candidates import Candidates
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.levels import Adversary, Levels, Prepared
from mipriv.attack.inversion.neighbour import Neighbours
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.attack.inversion.regression import Regression
from mipriv.attack.inversion.table import Table
from mipriv.errors import require
from mipriv.learn.baselines.answers import answers_of
from mipriv.rigor.decimals import exact, whole
from mipriv.rigor.intervals import p_value
from verification.cell import Cell, Control, canonical
from verification.inversion import channels
from verification.inversion.asking import asked, observe
from verification.inversion.defences import Defence, defence
from verification.inversion.linear import linear
from verification.inversion.lines import Asked, Line, line, noises, utility
from verification.inversion.records import Records, Split
from verification.inversion.worlds import GaussianWorld, RuleWorld, World, world
from verification.measures import Point
from verification.outcome import Observed, Outcome, Theory

_PARAMETERS = {
    "replicate",
    "trials",
    "auxiliary",
    "selection",
    "queries",
    "asking",
    "factor",
}
_CONFIDENCE = "0.95"  # of the intervals on the records that the model was trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """A fitted defence, and what every level reached on which records.

    Attributes:
        strongest: the level that the attack's success is reported of.  It is chosen on the selection
            records where there are some: the largest of several counts is above its own chance, and
            by more the nearer the levels are to each other, which would favour one defence.
    """

    model: Any
    levels: Levels
    train: Levels
    selection: tuple[float, float] | None
    strongest: str
    way: str


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
    own = int.from_bytes(sha256(canonical([seed, cell.content()]).encode()).digest()[:4], "big")
    honest = _fitted(cell, place, split, own, fmpq(1))
    model = honest[1]
    if cell.control == Control.NOISE_TOO_SMALL:
        model = _fitted(cell, place, split, own, exact(cell.parameters["factor"], "factor"))[1]
    way, queries = cell.parameters.get("asking", "repeat"), _queries(cell)
    how = asked(honest[1], way, queries, split.evaluation)
    found = line(place, honest[1], how, split.evaluation, own)
    miss = exact(level, "level") / found.limits
    adversaries = [*_adversaries(place, queries), *_informed(place, honest[1], how)]
    played = _attacked(
        cell, place, split, model, adversaries, miss=miss, way=way, queries=queries, seed=own
    )
    allowed = found.allowed
    if cell.control == Control.SHUFFLED:
        allowed = Theory(
            lower=place.base.lower, upper=place.base.upper, method="answers without the secret"
        )
    return _outcome(cell, place, split, honest, played, found, allowed, queries)


def _queries(cell: Cell) -> int:
    return whole(cell.parameters.get("queries", 1), "queries", at_least=1)


def _sizes(cell: Cell) -> tuple[int, int, int, int]:
    auxiliary = whole(cell.parameters.get("auxiliary", 0), "auxiliary", at_least=1)
    selection = whole(cell.parameters.get("selection", 0), "selection", at_least=0)
    return cell.n, auxiliary, selection, int(cell.parameters["trials"])


def _fitted(cell: Cell, place: World, split: Split, seed: int, factor: fmpq) -> tuple[Defence, Any]:
    found = defence(cell.learner, place, seed=seed, factor=factor)
    return found, found.estimator.fit(split.train.X, split.train.y)


def _attacked(
    cell: Cell,
    place: World,
    split: Split,
    model: Any,
    adversaries: list[Adversary],
    *,
    miss: fmpq,
    way: str,
    queries: int,
    seed: int,
) -> _Played:
    shuffled = cell.control == Control.SHUFFLED
    rng = np.random.default_rng([seed, 3])

    def seen(records: Records) -> tuple[Observation, Any]:
        found = observe(model, way, queries, records)
        if shuffled:
            dealt = rng.permutation(len(records))
            found = Observation(answers=found.answers[dealt], side=found.side)
        return found, records.secret

    prepared = Prepared.of(adversaries, *seen(split.auxiliary))

    def reached(records: Records, confidence: Any) -> Levels:
        return prepared.count(*seen(records), confidence=confidence)

    selection = chosen = None
    if len(split.selection):
        chosen = reached(split.selection, _CONFIDENCE).strongest
        useful = utility(place, model, split.selection)["value"]
        selection = useful, chosen.hits / chosen.trials
    levels = reached(split.evaluation, 1 - miss)
    return _Played(
        model=model,
        levels=levels,
        train=reached(split.train, _CONFIDENCE),
        selection=selection,
        strongest=(chosen or levels.strongest).level,
        way=way,
    )


def _adversaries(place: World, queries: int) -> list[Adversary]:
    """Adaptive attackers, who learn from auxiliary records; each also with one answer alone."""
    attacks: list[Attack]
    if isinstance(place, GaussianWorld):
        attacks = [Regression(), Discriminant()]
    elif isinstance(place, RuleWorld):
        attacks = [Table(), Discriminant()]
    else:
        attacks = [Discriminant(), Discriminant(average="log-mean"), Neighbours()]
        if place.secrets == 2:  # two normal laws of one covariance: nothing is better
            attacks = [Discriminant()]
    often = [Adversary(attack=one, queries=queries) for one in attacks]
    once = [Adversary(attack=attacks[0], queries=1)] if queries > 1 else []
    return [*once, *often]


def _informed(place: World, model: Any, how: Asked) -> list[Adversary]:
    """Who knows the model's formula and all but the secret of a Gaussian record."""
    if not isinstance(place, GaussianWorld) or len(place.known) < place.joint.attributes - 1:
        return []
    found = linear(model, place)
    silent = not noises(model)
    if not silent and not found.exact:
        return []
    row = np.array([int(c.p) / int(c.q) for c in found.coefficients])
    offset = int(found.offset.p) / int(found.offset.q)
    variance = fmpq(0) if silent or how.white else found.variance / how.independent
    attack = Candidates(
        law=place.secret_law,
        ask=partial(answers_of, model) if silent else lambda X: X @ row + offset,
        scale=float(arb(variance)) ** 0.5,
        attributes=place.joint.attributes,
    )
    return [Adversary(attack=attack)]


def _outcome(
    cell: Cell,
    place: World,
    split: Split,
    honest: tuple[Defence, Any],
    played: _Played,
    found: Line,
    allowed: Theory,
    queries: int,
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
    point = _point(cell, place, split, honest, played, found, queries)
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
    place: World,
    split: Split,
    honest: tuple[Defence, Any],
    played: _Played,
    found: Line,
    queries: int,
) -> Point:
    what, model = honest
    name = (
        "chance of the right sign" if isinstance(place, GaussianWorld) else "chance of the secret"
    )
    useful = utility(place, played.model, split.evaluation)
    content: dict[str, Any] = {
        "panel": _panel(cell, queries, played.way),
        "defence": what.title,
        "setting": what.setting,
        "replicate": int(cell.parameters["replicate"]),
        "utility": useful,
        "attack": _attack(played.levels, played.strongest, name),
        "attacks": _ends(played.levels),
        "base": place.base.upper,
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
        },
    }
    if played.selection is not None:
        content["selection"] = {"utility": played.selection[0], "attack": played.selection[1]}
    return Point.from_json(content)


def _panel(cell: Cell, queries: int, way: str) -> str:
    table = dict(cell.population)
    what = str(table.pop("name"))
    side = [f"{key} {table[key]}" for key in ("identities", "side", "label") if table.get(key)]
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
