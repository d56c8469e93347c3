"""Adaptive attackers, who learn from auxiliary records; and who knows a linear model's formula."""

from __future__ import annotations

from functools import partial

import numpy as np
from flint import arb, fmpq

from mipriv.attack.inversion.candidates import Candidates
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.levels import Adversary
from mipriv.attack.inversion.neighbour import Neighbours
from mipriv.attack.inversion.protocol import Attack
from mipriv.attack.inversion.regression import Regression
from mipriv.attack.inversion.table import Table
from mipriv.learn.baselines.answers import answers_of
from verification.inversion.attackers import Scene
from verification.inversion.attackers.blind import blind
from verification.inversion.linear import linear
from verification.inversion.lines import noises
from verification.inversion.worlds import FactorWorld, GaussianWorld


def adversaries(scene: Scene) -> list[Adversary]:
    """Those that suit the records, and without a model where the best such guess is not known."""
    without = blind(scene) if scene.place.base is None else []
    return [*learners(scene), *informed(scene), *without]


def learners(scene: Scene, queries: int | None = None) -> list[Adversary]:
    """Who learns from auxiliary records and the answers; of several answers also from one alone.

    Args:
        scene: what there is to build on.
        queries: answers that are looked at; None: all.
    """
    place, several = scene.place, queries or scene.queries
    attacks: list[Attack]
    if isinstance(place, GaussianWorld):
        attacks = [Regression(), Discriminant()]
    elif place.arities is not None:
        attacks = [Table(), Discriminant()]
    elif place.regression:
        attacks = [Discriminant(), Discriminant(kind="quadratic"), Neighbours()]
    elif isinstance(place, FactorWorld) and place.secrets == 2:
        attacks = [Discriminant()]  # two normal laws of one covariance: nothing is better
    else:
        attacks = [Discriminant(), Discriminant(average="log-mean"), Neighbours()]
    often = [Adversary(attack=one, queries=several) for one in attacks]
    once = [Adversary(attack=attacks[0], queries=1)] if several > 1 else []
    return [*once, *often]


def informed(scene: Scene) -> list[Adversary]:
    """Who knows the model's formula and all but the secret of a Gaussian record."""
    place, model, how = scene.place, scene.model, scene.how
    if not isinstance(place, GaussianWorld) or len(place.known) < place.joint.attributes - 1:
        return []
    found = linear(model, place.joint.attributes)
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
