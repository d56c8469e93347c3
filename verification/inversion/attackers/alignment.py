"""Knowledge Alignment, as published and by who knows the defence, beside the adaptive learners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import arb
from numpy.typing import NDArray

from mipriv.attack.bayes.inversion.factor import FactorInversion
from mipriv.attack.inversion.alignment import (
    KnowledgeAlignment,
    feature_distances,
    recognised,
    squared_errors,
)
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.levels import Adversary
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.inversion.recognition import Recognition
from mipriv.errors import ParameterError
from mipriv.learn.baselines.wrap import OutputNoise
from verification.inversion.attackers import Scene
from verification.inversion.attackers.adaptive import learners
from verification.inversion.metrics import Metric
from verification.inversion.mnist import JudgedWorld
from verification.inversion.raw import NoisyRecords
from verification.inversion.records import Records
from verification.inversion.worlds import FactorWorld, World

Rows: TypeAlias = NDArray[np.float64]
_HALF = 2  # as published the decoder reads the larger half of an answer's numbers
_STEPS = 12  # of the decoder, a pass: large batches where there are many records
_LEAST = 40  # records of a batch


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Who judges reconstructions: neither model nor attacker knows anything of it.

    Attributes:
        evaluator: from records to secrets.
        encoder: from records to features, shape (N, f).
        mean: the mean auxiliary record, shape (d,): the best guess of who sees no answer.
    """

    evaluator: Callable[[Rows], NDArray[np.int64]]
    encoder: Callable[[Rows], Rows]
    mean: Rows

    @classmethod
    def of(cls, place: World, auxiliary: Records) -> Judge:
        """On factors the best guess of the identity under the exact law, and its latent point.

        On images the evaluator trained on images set aside, and its scores.

        Raises:
            ParameterError: a world without an evaluator.
        """
        mean = auxiliary.X.mean(axis=0)
        if isinstance(place, FactorWorld):
            game = FactorInversion(model=place.model)
            loadings = np.array([[float(arb(v)) for v in row] for row in place.model.loadings])
            back = np.linalg.pinv(loadings).T
            return cls(
                evaluator=lambda X: game.posterior(X).argmax(axis=1),
                encoder=lambda X: X @ back,
                mean=mean,
            )
        if isinstance(place, JudgedWorld):
            return cls(evaluator=place.evaluate, encoder=place.features, mean=mean)
        raise ParameterError(f"population={type(place).__name__}: must have an evaluator")


@dataclass(frozen=True, kw_only=True)
class Decoder(Recognition):
    """A recognition whose reconstructions are judged.

    Attributes:
        judge: by whom.
    """

    judge: Judge

    def figures(self, seen: Observation, records: Records) -> dict[str, float]:
        """What the reconstructions are worth.

        Returns:
            Mean squared error per coordinate, also of the mean record; mean distance of the features;
            share of the reconstructions in which the evaluator sees the secret.
        """
        guesses, judge = self.reconstruct(seen), self.judge
        distances = feature_distances(records.X, guesses, encoder=judge.encoder)
        told = recognised(guesses, records.secret, evaluator=judge.evaluator)
        return {
            Metric.ERROR.value: float(squared_errors(records.X, guesses).mean()),
            Metric.MEAN_RECORD: float(squared_errors(records.X, judge.mean).mean()),
            Metric.DISTANCE.value: float(distances.mean()),
            Metric.EVALUATOR.value: float(told.mean()),
        }


def adversaries(scene: Scene) -> list[Adversary]:
    """As published from one answer, calibrated from one and from all, and who learns directly.

    As published: the larger half of one answer's numbers, as logarithms where they are
    probabilities, from random weights; the identity is that of the nearest mean record.
    Calibrated: all numbers, from ridge regression on; the identity is read off the reconstruction
    by a discriminant.  Where answers are probabilities there is one that reads logarithms, which
    are best where they are exact, and one that reads them as they are, for rounded ones.
    """
    auxiliary = scene.split.auxiliary
    judge = Judge.of(scene.place, auxiliary)
    given: dict[str, Any] = {
        "epochs": 30,
        "patience": 6,
        "batch": max(_LEAST, len(auxiliary) // _STEPS),
        "learning_rate": 1e-2,
        "seed": scene.seed,
    }
    shares = _probabilities(scene)
    logs = 1.0 if shares else None

    def decoder(attack: KnowledgeAlignment, **reader: Any) -> Decoder:
        return Decoder(attack=attack, records=auxiliary.X, judge=judge, **reader)

    plain = KnowledgeAlignment(
        keep=-(-_numbers(scene) // _HALF), temperature=logs, straight=False, **given
    )
    best = [KnowledgeAlignment(temperature=logs, **given)]
    if shares:
        best.append(KnowledgeAlignment(**given))
    found = [Adversary(attack=decoder(plain), queries=1, level="as published, q = 1")]
    for queries in dict.fromkeys((1, scene.queries)):
        for one in best if queries == scene.queries else best[:1]:
            attack = decoder(one, reader=Discriminant())
            level = f"calibrated{', logarithms' if one.temperature else ''}, q = {queries}"
            found.append(Adversary(attack=attack, queries=queries, level=level))
    return [*found, *learners(scene)]


def _probabilities(scene: Scene) -> bool:
    """Whether answers are probabilities: noise that is added makes some negative."""
    model = scene.model
    while not isinstance(model, OutputNoise | NoisyRecords) and hasattr(model, "estimator_"):
        model = model.estimator_
    return not isinstance(model, OutputNoise | NoisyRecords)


def _numbers(scene: Scene) -> int:
    """Numbers of an answer."""
    if isinstance(scene.model, NoisyRecords):
        return int(scene.split.auxiliary.X.shape[1])
    return len(scene.model.classes_)
