"""Maximum a posteriori against a linear model, all but the secret of a record being known.

The levels: as published, which takes the model's error on y for the spread of its answers; refitted,
which learns that spread; with the secret's law given the side information; all answers averaged;
those who only learn, with the answers and without a model.  Where the noise is fixed for each input:
who asks the release itself about every value, which needs no key.  Where y is known too: as published
from y alone, and from both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from mipriv.attack.inversion.candidates import Candidates
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.levels import Adversary
from mipriv.attack.inversion.naive import MaximumAPosteriori
from mipriv.attack.inversion.priors import Frequencies
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import ParameterError, require
from mipriv.learn.baselines.answers import answers_of
from verification.inversion.attackers import Scene
from verification.inversion.attackers.adaptive import informed, learners
from verification.inversion.attackers.blind import blind
from verification.inversion.linear import Linear, linear
from verification.inversion.lines import noises
from verification.inversion.patients import Filling, PatientRecords, WarfarinWorld, tabled
from verification.inversion.worlds import GaussianWorld

PUBLISHED = "MAP as published"
REFITTED = "MAP, refitted"
SIDED = "MAP, refitted, prior given the rest"
ASKING = "MAP, asking the release about every value"
LABEL = "MAP as published, from the label"
OWN = "MAP from the label, model of one's own"
BOTH = "MAP from label and answers"


def adversaries(scene: Scene) -> list[Adversary]:
    """Of one answer and of all, each level in words.

    Raises:
        ParameterError: records in which more is unknown than the secret; of numbers, noise that is
            fixed for each input, since no line knows what is told by asking beside the record.
    """
    place = scene.place
    if isinstance(place, GaussianWorld):
        whole = len(place.known) == place.joint.attributes - 1 and not place.label
        require(whole, must="be rest, without the label, for map-linear", side=place.known)
        table, name = tabled(scene.model, _read(scene)), type(scene.model).__name__
        require(not table, must="draw its noise afresh for records of numbers", learner=name)
        told = [*informed(scene), *learners(scene)]
        return [_published_sign(scene, place), *told, *blind(scene)]
    if not isinstance(place, PatientRecords | WarfarinWorld):
        raise ParameterError(f"population={type(place).__name__}: must hold all but the secret")
    found = [*_on_answers(scene, place.filling), *_learning(scene)]
    if place.filling.label:
        found += _on_label(scene, place.filling)
    return [*found, *blind(scene)]


def _published_sign(scene: Scene, place: GaussianWorld) -> Adversary:
    """Values of the number are tried, by its own law and the model's error on y."""
    deviation = float(arb(place.joint.covariance[0][0])) ** 0.5
    attack = Candidates(
        law=lambda side: (np.zeros(len(side)), np.full(len(side), deviation)),
        ask=partial(answers_of, formula(scene)),
        scale=_error(scene),
        attributes=place.joint.attributes,
    )
    return Adversary(attack=attack, queries=1, level=f"{PUBLISHED}, q = 1")


def _on_answers(scene: Scene, filling: Filling) -> list[Adversary]:
    model, q = formula(scene), scene.queries
    naive = MaximumAPosteriori(scale=_error(scene), records=filling.records)
    refitted = MaximumAPosteriori(scale=0.0, refit=True, records=filling.records)
    sided = replace(refitted, prior=_prior(scene, filling))
    plan = [(PUBLISHED, naive, 1), (REFITTED, refitted, 1), (SIDED, sided, 1)]
    if q > 1:
        plan += [(REFITTED, refitted, q), (SIDED, sided, q)]
    found = [
        Adversary(attack=attack, queries=seen, model=model, level=f"{level}, q = {seen}")
        for level, attack, seen in plan
    ]
    if tabled(scene.model, _read(scene)) and not scene.how.white:
        found.append(Adversary(attack=refitted, queries=1, model=scene.model, level=ASKING))
    return found


def _learning(scene: Scene) -> list[Adversary]:
    """Discriminants: among the columns of a record the nearest neighbours say little, and slowly."""
    return [one for one in learners(scene) if isinstance(one.attack, Discriminant)]


def _on_label(scene: Scene, filling: Filling) -> list[Adversary]:
    from sklearn.linear_model import LinearRegression

    own = LinearRegression().fit(scene.split.auxiliary.X, scene.split.auxiliary.y)
    naive = MaximumAPosteriori(scale=_error(scene), records=filling.records)
    refitted = MaximumAPosteriori(scale=0.0, refit=True, records=filling.records)
    sided = replace(refitted, prior=_prior(scene, filling))
    label = FromLabel(label=sided, model=own)
    even = replace(refitted, prior=_even)
    q = scene.queries
    return [
        Adversary(attack=FromLabel(label=naive, model=formula(scene)), queries=1, level=LABEL),
        Adversary(attack=label, queries=1, level=OWN),
        Adversary(
            attack=replace(label, answers=even),
            queries=q,
            model=formula(scene),
            level=f"{BOTH}, q = {q}",
        ),
    ]


def _even(values: NDArray[Any], side: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ones((len(side), len(values)))


def formula(scene: Scene) -> Any:
    """The mean of the answers as the attacker computes it: of a model without noise, the answers.

    In the white box the noise is known, and what is left of an answer is its mean.
    """
    if not noises(scene.model):
        return scene.model
    found = _read(scene)
    row = np.array([float(arb(value)) for value in found.coefficients])
    return _Means(row=row, offset=float(arb(found.offset)))


def _read(scene: Scene) -> Linear:
    return linear(scene.model, scene.split.train.X.shape[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class _Means:
    row: NDArray[np.float64]
    offset: float

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = X @ self.row + self.offset
        return found


def _error(scene: Scene) -> float:
    """Root mean squared error of the released answers, on the auxiliary records."""
    seen = scene.split.auxiliary
    return float(np.sqrt(np.mean((answers_of(scene.model, seen.X) - seen.y) ** 2)))


def _prior(scene: Scene, filling: Filling) -> Any:
    """p(secret | side information), learned from auxiliary records; the label is left out."""
    seen = scene.split.auxiliary
    if filling.race is not None:
        return Frequencies.learn(seen.side, seen.secret, columns=filling.race)
    return _BySide(Discriminant().fit(_alone(seen.side), seen.secret))


def _alone(side: NDArray[np.float64]) -> Observation:
    return Observation(answers=np.zeros((len(side), 1, 1)), side=side)


@dataclass(frozen=True, eq=False)
class _BySide:
    """The law that a discriminant of the side information alone gives the secret."""

    attack: Discriminant

    def __call__(self, values: NDArray[Any], side: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (N, values); 0 for a value never seen."""
        scores = self.attack.scores(_alone(side))
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        places = {value: at for at, value in enumerate(self.attack.kinds.tolist())}
        found = np.zeros((len(side), len(values)))
        for place, value in enumerate(values.tolist()):
            if value in places:
                found[:, place] = shares[:, places[value]]
        return found


@dataclass(frozen=True, kw_only=True)
class FromLabel:
    """MAP on y, which is the last column of the side information, and on the answers if asked for.

    Given the record y and the answers are independent, so that their scores add.

    Attributes:
        label: on y in the place of the answers.
        model: what tells y there.
        answers: on the answers, with an even prior, or not at all.
    """

    label: MaximumAPosteriori
    model: Any
    answers: MaximumAPosteriori | None = None

    @property
    def name(self) -> str:
        """For tables."""
        return "MAP from the label" if self.answers is None else "MAP from label and answers"

    @property
    def knows(self) -> frozenset[str]:
        """As MAP does."""
        return self.label.knows

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> FromLabel:
        """Learn from auxiliary records.

        Args:
            seen: whose side information ends with y.
            secrets: of each.
            model: what tells the answers.
        """
        label = self.label.fit(_labelled(seen), secrets, model=self.model)
        if self.answers is None:
            return replace(self, label=label)
        return replace(self, label=label, answers=self.answers.fit(seen, secrets, model=model))

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record; shape (N,)."""
        found: NDArray[Any] = self.kinds[self.scores(seen).argmax(axis=1)]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`."""
        return self.label.kinds

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log posterior up to a term of the record; shape (N, K)."""
        found = self.label.scores(_labelled(seen))
        return found if self.answers is None else found + self.answers.scores(seen)


def _labelled(seen: Observation) -> Observation:
    return Observation(answers=seen.side[:, -1][:, None, None], side=seen.side)
