"""A defence opened: what attackers make of each private class from a model's inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from flint import fmpq

from mipriv.attack._logits import Logits, logits_of
from mipriv.attack.gmi import GenerativeInversion, Reconstructions
from mipriv.attack.whitebox import AscentMAP
from mipriv.errors import ParameterError, require
from mipriv.learn.baselines.constant import ConstantClassifier
from mipriv.learn.baselines.dp_net import DPNetClassifier
from verification.cell import canonical
from verification.inversion.defences import Defence, defence
from verification.inversion.images.worlds import PictureWorld, Sizes, gallery, prior, world
from verification.parts import Role

_POSTERIOR = "posterior"
# by attack: the levels, each with its prior and the way it is climbed: a loss of generative
# inversion, or the posterior.  With a normal prior and the cross-entropy weighed 100 times generative
# inversion is the likeliest record where the likelihood is taken to the power of 100: a model that
# is sure of nothing leaves the prior alone to decide, and that undoes it
LEVELS: dict[str, dict[str, tuple[str, str]]] = {
    "gmi": {
        "GAN, cross-entropy, as published": ("GAN", "cross-entropy"),
        "GAN, logit loss": ("GAN", "logit"),
        "PCA, cross-entropy": ("PCA", "cross-entropy"),
        "PCA, logit loss": ("PCA", "logit"),
        "perfect prior, cross-entropy": ("perfect", "cross-entropy"),
    },
    "map": {
        "normal prior, as published": ("normal", _POSTERIOR),
        "PCA prior": ("PCA", _POSTERIOR),
        "GAN prior": ("GAN", _POSTERIOR),
        "perfect prior": ("perfect", _POSTERIOR),
        "PCA prior, likelihood to the 100": ("PCA", "cross-entropy"),
    },
}
# no L-BFGS, whose steps would tie the reconstructions to one another
_GMI: dict[str, Any] = {"restarts": 2, "steps": 80, "learning_rate": 0.05, "polish": 0}
_MAP: dict[str, Any] = {"restarts": 2, "steps": 80, "learning_rate": 0.1, "polish": 0}
_OUTSIDE = ("output-noise", "hard-label", "rounding", "top-k", "purification", "flipped-label")
_EARLY = "early-stop"
_KEPT = 8  # attacked models that a process keeps, for the defences around the same one


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be made.

    Attributes:
        spec: table of the world.
        sizes: of its records.
        learner: table of the learner.
        attack: gmi or map.
        levels: those to be played.
        draws: reconstructions of a class that are counted, and those by which the level is chosen.
    """

    spec: Mapping[str, Any]
    sizes: Sizes
    learner: Mapping[str, Any]
    attack: str
    levels: tuple[str, ...]
    draws: tuple[int, int]

    def __post_init__(self) -> None:
        possible = levels(self.attack, world(self.spec))
        valid = bool(self.levels) and all(one in possible for one in self.levels)
        require(valid, must=f"be some of: {'; '.join(possible)}", levels=self.levels)

    @property
    def inner(self) -> Mapping[str, Any]:
        """Table of the learner that a white box shows, whatever is put around it."""
        found = self.learner
        while found["name"] in (*_OUTSIDE, _EARLY) and isinstance(found.get("of"), Mapping):
            found = found["of"]
        return found

    def key(self) -> str:
        """All that what is made depends on, but for the seed, as JSON."""
        sizes = {name: getattr(self.sizes, name) for name in ("train", "held", "public")}
        parts = {"spec": dict(self.spec), "sizes": sizes, "learner": dict(self.inner)}
        rest = {"attack": self.attack, "levels": list(self.levels), "draws": list(self.draws)}
        return canonical({**parts, **rest})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An attacked model.

    Attributes:
        model: fitted.
        made: of each level, what was made to be counted.
        chosen: of each level, what was made for the choice of the level, if any.
    """

    model: Any
    made: Mapping[str, Reconstructions]
    chosen: Mapping[str, Reconstructions]


def levels(attack: object, place: PictureWorld) -> tuple[str, ...]:
    """The levels of an attack in a world: a perfect prior is where the law is known.

    Raises:
        ParameterError: an unknown attack.
    """
    if not isinstance(attack, str) or attack not in LEVELS:
        raise ParameterError(f"attack={attack}: must be one of {', '.join(LEVELS)}")
    known = place.law is not None
    return tuple(name for name, (kind, _) in LEVELS[attack].items() if known or kind != "perfect")


def opened(task: Task, seed: int) -> Opened:
    """The model inside, fitted, and what the attackers make of it; the same for the same arguments.

    Raises:
        ParameterError: records that do not show every class, or a model that cannot be opened.
    """
    return _opened(task.key(), seed)


@lru_cache(maxsize=_KEPT)
def _opened(key: str, seed: int) -> Opened:
    given = json.loads(key)
    spec, sizes = given["spec"], Sizes(**given["sizes"])
    place, train = world(spec), gallery(spec, sizes, seed).train
    model = built(given["learner"], place, seed).estimator.fit(train.X, train.y)
    seen = len(model.classes_)
    require(seen == place.private, must=f"show the model {place.private} classes", n=sizes.train)
    inside = logits(model)
    parts: tuple[dict[str, Reconstructions], dict[str, Reconstructions]] = ({}, {})
    first, second = given["draws"]
    for level in given["levels"]:
        kind, way = LEVELS[given["attack"]][level]
        start = prior(kind, spec, sizes, seed)
        every = _made(way, start, inside, place.private, first + second, number(seed, 3))
        parts[0][level] = _part(every, slice(first))
        if second:
            parts[1][level] = _part(every, slice(first, None))
    return Opened(model=model, made=parts[0], chosen=parts[1])


def _made(
    way: str, start: Any, inside: Logits, classes: int, draws: int, seed: int
) -> Reconstructions:
    """Independent reconstructions of every class."""
    if way != _POSTERIOR:
        plan = GenerativeInversion(prior=start, identity=way, draws=draws, seed=seed, **_GMI)
        return plan.fit(None, None, model=inside).reconstruct(range(classes))
    ascent = AscentMAP(prior=start, seed=seed, **_MAP).fit(None, None, model=inside)
    found = ascent.maxima(np.repeat(np.arange(classes), draws).tolist())
    shape = (classes, draws)
    records, values = found.records.reshape(*shape, -1), found.values.reshape(shape)
    return Reconstructions(tuple(range(classes)), records, np.empty((*shape, 0)), -values)


def _part(every: Reconstructions, draws: slice) -> Reconstructions:
    found = (every.records[:, draws], every.codes[:, draws], every.losses[:, draws])
    return Reconstructions(every.classes, *found)


def built(spec: Mapping[str, Any], place: PictureWorld, seed: int) -> Defence:
    """The defence of a table, not yet fitted; of one seed, whatever is put around it.

    early-stop is the network of its table `of`, trained for fewer epochs: a baseline.

    Raises:
        ParameterError: an unknown name, or parameters it does not take.
    """
    if spec["name"] != _EARLY:
        return defence(spec, place, seed=number(seed, 2), factor=fmpq(1))
    inside = spec.get("of")
    if not isinstance(inside, Mapping):
        raise ParameterError(f"of={inside}: must be the table of a learner")
    found = defence(inside, place, seed=number(seed, 2), factor=fmpq(1))
    return replace(found, title="early stop", role=Role.BASELINE)


def number(seed: int, stream: int) -> int:
    """A seed below 2^31 of one stream of a replicate's draws."""
    return int(np.random.default_rng([seed, stream]).integers(2**31))


def logits(model: Any) -> Logits:
    """Differentiable logits of a fitted defence, without the noise of its release.

    A defence that is put around a model changes its answers, not what is inside.

    Raises:
        ParameterError: a model of which no logits are known.
    """
    while hasattr(model, "estimator_"):
        model = model.estimator_
    if isinstance(model, ConstantClassifier):
        return _constant(model)
    return _perceptron(model) if isinstance(model, DPNetClassifier) else logits_of(model)


def _constant(model: ConstantClassifier) -> Logits:
    import torch

    row = torch.tensor(np.log(model.frequencies_))
    return lambda records: row.expand(len(records), -1)


def _perceptron(model: DPNetClassifier) -> Logits:
    import torch

    require(model.hidden >= 1, must="be >= 1, to be looked into", hidden=model.hidden)
    theta, hidden = torch.tensor(model.theta_), model.hidden
    sizes = (hidden * model.n_features_in_, hidden, hidden * len(model.classes_))
    parts = torch.split(theta, [*sizes, len(model.classes_)])
    first, last = parts[0].view(hidden, -1).T, parts[2].view(-1, hidden).T
    centre, scale = (torch.tensor(np.asarray(v, float)) for v in (model.centre, model.scale))
    return lambda rows: torch.tanh((rows - centre) / scale @ first + parts[1]) @ last + parts[3]
