"""Playing a cell of inversion by reconstruction: an image of each private class, from a model's inside.

A class is drawn, the attacker makes an image of it, and succeeds if an evaluator who saw neither
takes it for that class.  Reconstructions start from draws of their own and never meet, so that given
the model they are independent trials, of chances that differ from class to class; intervals are of
the mean chance of this model's classes.  The binomial interval holds for it (Hoeffding 1956: of
independent trials with one mean chance, equal ones have the heaviest tails) where at least one
success and one failure are expected.

The table of a cell's parameters: `attack` (gmi or map), `replicate`, `trials` (reconstructions that
are counted, a multiple of the classes), `selection` (others, from other starts, by which the level
is chosen; none by default), `auxiliary` (public records), `held` (records of private classes for the
utility, and as many for the choice of settings), `levels` (those to be played; all by default) and
`factor` of a control.  A cell of the world `rule` is an exact one, see
`verification.inversion.images.enumerated`.

No noise of a release is in the way of who looks inside, nor is a defence that changes the answers: a
network with a noisy code is attacked at the code's mean.  A flipped label is what it is in a black
box: of the class that is sought the attacker is told a flipped name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.attack.gmi import Judgement, Reconstructions, judged
from mipriv.errors import require
from mipriv.rigor.decimals import exact, unit, whole
from mipriv.rigor.intervals import outward, p_value, proportion
from verification.cell import Cell, Control
from verification.inversion.defences import Defence
from verification.inversion.images import enumerated
from verification.inversion.images.opened import Opened, Task, built, levels, opened
from verification.inversion.images.worlds import Gallery, PictureWorld, Sizes, gallery, world
from verification.inversion.lines import utility
from verification.inversion.metrics import Metric
from verification.inversion.worlds import RuleWorld
from verification.inversion.worlds import world as other_world
from verification.measures import Point, gain
from verification.outcome import Observed, Outcome, Theory
from verification.parts import Attack, Bayes, Ends, Information, Kind, Role, Selection, Utility

_PARAMETERS = {
    "attack",
    "replicate",
    "trials",
    "selection",
    "auxiliary",
    "held",
    "levels",
    "factor",
}
_TITLES = {"gmi": "GMI", "map": "white-box MAP"}
_RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """Chance that the class which is sought is named to the attacker, who else is told any.

    Attributes:
        claimed: by the learner.
        real: as it is, in a control.
    """

    claimed: fmpq
    real: fmpq

    @classmethod
    def of(cls, cell: Cell) -> _Told:
        """One, unless a label is flipped; of the shuffled control, none is named.

        Raises:
            ParameterError: noise too small, of a learner that flips no label.
        """
        flips = cell.learner["name"] == "flipped-label"
        keep = unit(cell.learner.get("keep"), "keep") if flips else fmpq(1)
        if cell.control == Control.SHUFFLED:
            return cls(claimed=keep, real=fmpq(0))
        if cell.control != Control.NOISE_TOO_SMALL:
            return cls(claimed=keep, real=keep)
        rule = "flip labels: there is no other noise here"
        require(flips, must=rule, learner=cell.learner["name"])
        factor = exact(cell.parameters["factor"], "factor")
        return cls(claimed=keep, real=1 - (1 - keep) * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """How often every level found the class.

    Attributes:
        hits: by level, among `trials` reconstructions.
        ends: the chances, with intervals that hold together.
        strongest: the level that the attack's success is reported of.
        selection: success of the strongest level among what was made for the choice; None: none was.
    """

    hits: dict[str, int]
    trials: int
    ends: dict[str, Ends]
    strongest: str
    selection: float | None


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """Play a cell.

    Args:
        cell: what is played.
        seed: of its replicate: of records, priors, starts and the models' own randomness.
        level: chance that a level's interval misses.

    Raises:
        ParameterError: a table that names what does not exist.
    """
    if cell.population["name"] == _RULE:
        place = other_world(cell.population)
        if isinstance(place, RuleWorld):
            return enumerated.play(cell, place, seed)
    told, task = _Told.of(cell), _task(cell)
    what = built(cell.learner, world(task.spec), seed)
    room, found = gallery(task.spec, task.sizes, seed), opened(task, seed)
    outside = task.inner != cell.learner
    model = what.estimator.fit(room.train.X, room.train.y) if outside else found.model
    allowed, kind = _allowed(cell, world(task.spec), what, told)
    counted = _counted(room, found, told.real, miss=exact(level, "level"), seed=seed)
    chances = [
        p_value(hits=hits, trials=counted.trials, probability=exact(allowed.upper, "theory"))
        for hits in counted.hits.values()
    ]
    best = counted.ends[max(counted.hits, key=lambda name: counted.hits[name])]
    bayes = Bayes(lower=allowed.lower, upper=allowed.upper, kind=kind, method=allowed.method)
    point = _point(cell, task, (what, model), counted, bayes, room, found)
    return Outcome(
        theory=allowed,
        observed=Observed(lower=best.lower, upper=best.upper, exact=False, trials=counted.trials),
        p_value=min(1.0, min(chances) * len(chances)),
        measures=point.to_json(),
    )


def _task(cell: Cell) -> Task:
    given = cell.parameters
    unknown = set(given) - _PARAMETERS
    rule = f"be one of {', '.join(sorted(_PARAMETERS))}"
    require(not unknown, must=rule, parameters=", ".join(sorted(unknown)))
    place, attack = world(cell.population), given.get("attack")
    known = levels(attack, place)
    sizes = Sizes(
        train=cell.n,
        held=whole(given.get("held", 500), "held", at_least=1),
        public=whole(given.get("auxiliary", 0), "auxiliary", at_least=2),
    )
    return Task(
        spec=cell.population,
        sizes=sizes,
        learner=cell.learner,
        attack=str(attack),
        levels=tuple(given.get("levels", known)),
        draws=(_draws(place, given, "trials", 1), _draws(place, given, "selection", 0)),
    )


def _draws(place: PictureWorld, given: Any, name: str, least: int) -> int:
    total = whole(given.get(name, 0), name, at_least=least)
    rule = f"be a multiple of the {place.private} classes"
    require(total % place.private == 0, must=rule, **{name: total})
    return total // place.private


def _allowed(cell: Cell, place: PictureWorld, what: Defence, told: _Told) -> tuple[Theory, Kind]:
    """What no attack exceeds.

    A constant model makes nothing that differs between classes, and of what is the same for all of
    K classes the evaluator takes one in K for its own.  Of a class that is named with chance `keep`,
    and else any, at most keep + (1 - keep)/K are found.
    """
    base = place.base
    if cell.control == Control.SHUFFLED:
        method = "classes dealt anew"
        return Theory(lower=base.lower, upper=base.upper, method=method), Kind.EXACT
    if what.role is Role.CONSTANT:
        method = "what is made does not depend on the class"
        return Theory(lower=base.lower, upper=base.upper, method=method), Kind.EXACT
    if told.claimed < 1:
        ends = outward(told.claimed + (1 - told.claimed) / place.private)
        method = "ceiling: the chance that the class is named"
        return Theory(lower=ends.lower, upper=ends.upper, method=method), Kind.CEILING
    method = "ceiling: nothing is known below certainty"
    return Theory(lower=1.0, upper=1.0, method=method), Kind.CEILING


def _counted(room: Gallery, found: Opened, named: fmpq, *, miss: fmpq, seed: int) -> _Counted:
    """Every level's hits.

    Who is told a class makes an image of that; the class that was sought, given the one told, has
    the law of the one told, given the one sought.

    Args:
        room: its evaluator judges.
        found: what was made.
        named: chance that the class sought is the one told; else it is any.
        miss: chance that an interval misses, for all levels together.
        seed: of the classes sought.
    """

    def hits(made: Reconstructions, stream: int) -> int:
        rng = np.random.default_rng([seed, stream])
        classes, draws, pixels = made.records.shape
        told = np.repeat(np.array(made.classes), draws)
        anew = rng.integers(classes, size=len(told))
        # a double of [0, 1) is below 1 for certain, and never below 0
        sought = np.where(rng.random(len(told)) < float(named), told, anew)
        return int((room.evaluator(made.records.reshape(-1, pixels)) == sought).sum())

    own = {name: hits(made, 5) for name, made in found.made.items()}
    trials = next(iter(found.made.values())).losses.size
    confidence = 1 - miss / len(own)
    ends = {}
    for name, count in own.items():
        ball = proportion(hits=count, trials=trials, confidence=confidence)
        ends[name] = Ends(value=count / trials, lower=ball.lower, upper=ball.upper)
    chosen = {name: hits(made, 6) / made.losses.size for name, made in found.chosen.items()}
    ranks: dict[str, Any] = chosen or dict(own)
    strongest = max(ranks, key=lambda name: ranks[name])
    return _Counted(
        hits=own, trials=trials, ends=ends, strongest=strongest, selection=chosen.get(strongest)
    )


def _near(room: Gallery, made: Reconstructions) -> tuple[Judgement, Judgement]:
    """Judged by training records and by new ones, of every class as many of either kind."""
    held = (room.selection, room.evaluation)
    kinds = [
        (room.train.X, room.train.y),
        (np.concatenate([one.X for one in held]), np.concatenate([one.y for one in held])),
    ]
    chosen: list[list[NDArray[Any]]] = [[], []]
    for label in made.classes:
        places = [np.flatnonzero(y == label) for _, y in kinds]
        size = min(map(len, places))
        for rows, own in zip(chosen, places, strict=True):
            rows.append(own[:size])
    old, new = (
        judged(
            made,
            evaluator=room.evaluator,
            records=X[np.concatenate(rows)],
            labels=y[np.concatenate(rows)],
            features=room.features,
        )
        for (X, y), rows in zip(kinds, chosen, strict=True)
    )
    return old, new


def _metrics(room: Gallery, made: Reconstructions, success: float, base: float) -> dict[str, float]:
    """Of the strongest level, and of the evaluator."""
    old, new = _near(room, made)
    miss = made.records - room.centres[list(made.classes)][:, None]
    right = room.evaluator(room.evaluation.X) == room.evaluation.y
    return {
        Metric.EVALUATOR: new.accuracy,
        Metric.ERROR: float((miss**2).mean()),
        Metric.DISTANCE: new.centre_distance,
        Metric.ADVANTAGE: gain(success, base),
        Metric.NEAREST_TRAIN: old.nearest_distance,
        Metric.NEAREST_NEW: new.nearest_distance,
        Metric.TRUE_RECORDS: float(right.mean()),
    }


def _point(
    cell: Cell,
    task: Task,
    fitted: tuple[Defence, Any],
    counted: _Counted,
    bayes: Bayes,
    room: Gallery,
    found: Opened,
) -> Point:
    what, model = fitted
    place, best = world(task.spec), counted.strongest
    mine, base = counted.ends[best], place.base.upper
    selection = None
    if counted.selection is not None:
        value = utility(place, model, room.selection)["value"]
        selection = Selection(utility=value, attack=counted.selection)
    return Point(
        panel=f"{_TITLES[task.attack]}: {place.title}, {place.private} classes",
        defence=what.title,
        setting=what.setting,
        replicate=int(cell.parameters["replicate"]),
        utility=Utility(**utility(place, model, room.evaluation)),
        attack=Attack(
            name="chance of the class",
            level=best,
            value=mine.value,
            lower=mine.lower,
            upper=mine.upper,
        ),
        attacks=counted.ends,
        base=base,
        role=what.role,
        bayes=bayes,
        information=read(model),
        epsilon=getattr(model, "epsilon_", None),
        selection=selection,
        metrics=_metrics(room, found.made[best], mine.value, base),
    )


def read(model: Any) -> Information | None:
    """The model's own reading of I(X; answer): it does not bound what is seen inside."""
    found = getattr(model, "information_", None)
    if found is None:
        return None
    ends = {name: getattr(found, name) for name in ("value", "lower", "upper")}
    return Information(**ends, method=found.method, bound=found.bound)
