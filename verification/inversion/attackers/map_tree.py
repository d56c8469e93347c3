"""Maximum a posteriori against a decision tree, the label of a record being known or not.

The levels: as published in 2015, by label, by confidence, and by the counts of the leaves; the same
with a prior that was learned; those who have seen the answer to the record, with marginals taken
for independent, with a learned prior and with the exact one; those who only learn; and those who have
no model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.attack.inversion.features import leading
from mipriv.attack.inversion.leaves import LeafCounts, leaf_counts
from mipriv.attack.inversion.levels import Adversary
from mipriv.attack.inversion.priors import Hidden, JointPrior
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.inversion.tree_map import Evidence, TreeMaximumAPosteriori
from mipriv.errors import ParameterError
from mipriv.learn.baselines.answers import answers_of
from mipriv.learn.baselines.flip import FlippedLabel
from mipriv.learn.release import FreshNoise
from verification.inversion.attackers import Scene
from verification.inversion.attackers.adaptive import learners
from verification.inversion.attackers.blind import NO_MODEL, blind
from verification.inversion.lines import noises
from verification.inversion.surveys import SurveyWorld
from verification.inversion.worlds import RuleWorld

PUBLISHED = "MAP as published"
LEARNED = "MAP, learned prior"
RELEASED = "MAP from the answer"
EXACT = "MAP from the answer, exact prior"
PRIOR = f"{NO_MODEL}, exact prior"
_AUXILIARY = "auxiliary"


def adversaries(scene: Scene) -> list[Adversary]:
    """Of one answer and of all, each level in words.

    The best informed stand first: of levels that are right equally often the first is reported, and
    where few have the secret, most guess like who knows nothing.

    Who tries records asks the model about them.  Fresh flips are there averaged out but for the
    published attacks, which take one answer for what the model says.  An answer that is the same
    whenever it is asked for is looked at once.

    Raises:
        ParameterError: a world of other records, or fresh noise that is not a flip of the label.
    """
    place = scene.place
    if not isinstance(place, RuleWorld | SurveyWorld):
        raise ParameterError(f"population={type(place).__name__}: must be rule or a survey")
    found = [*_heard(scene, place), *_learned(scene, place), *_published(scene, place)]
    return [*found, *learners(scene, scene.how.independent), *_without(scene, place)]


def _heard(scene: Scene, place: RuleWorld | SurveyWorld) -> list[Adversary]:
    """Those who have seen the answers to the record."""
    released = replace(_attack(place), released=True)
    plan = [(RELEASED, released)]
    if _knows_more(place):
        plan.insert(0, (f"{RELEASED}, learned prior", replace(released, prior=_AUXILIARY)))
    if isinstance(place, RuleWorld):
        plan.insert(0, (EXACT, replace(released, prior=_exact(place))))
    model = _averaged(scene.model, place)
    several = sorted({1, scene.how.independent})
    return [
        Adversary(
            attack=Remembering(attack=replace(attack, scale=_scale(scene, queries))),
            queries=queries,
            model=model,
            level=f"{level}, q = {queries}",
        )
        for level, attack in plan
        for queries in several
    ]


def _learned(scene: Scene, place: RuleWorld | SurveyWorld) -> list[Adversary]:
    """Those who know the label, not the answer, and have learned the secret's law given the rest."""
    if _label(place) is None or not _knows_more(place):
        return []
    attack = replace(_attack(place), prior=_AUXILIARY)
    by = replace(attack, evidence=Evidence.CONFIDENCE)
    found = [_once(f"{LEARNED}, by confidence", by, _averaged(scene.model, place))]
    box = _box(scene.model, place)
    if box is not None:
        white = replace(attack, evidence=Evidence.CLASS_COUNTS)
        found.append(_once(f"{LEARNED}, white box", white, box))
    return found


def _published(scene: Scene, place: RuleWorld | SurveyWorld) -> list[Adversary]:
    """Those of 2015: by the label where it is known, and by the leaves of a tree."""
    attack, found = _attack(place), []
    if _label(place) is not None:
        model = _Asked.of(scene.model, place)
        for evidence in (Evidence.LABEL, Evidence.CONFIDENCE):
            level = f"{PUBLISHED}, by {evidence}"
            found.append(_once(level, replace(attack, evidence=evidence), model))
    box = _box(scene.model, place)
    if box is not None:
        white = replace(attack, evidence=Evidence.COUNTS)
        found.append(_once(f"{PUBLISHED}, white box", white, box))
    return found


def _without(scene: Scene, place: RuleWorld | SurveyWorld) -> list[Adversary]:
    """Those who have no model: by the exact law where it is known."""
    if isinstance(place, SurveyWorld):
        return blind(scene)
    attack = replace(_attack(place), prior=_exact(place))
    return [_once(PRIOR, attack, _averaged(scene.model, place))]


def _exact(place: RuleWorld) -> JointPrior:
    return JointPrior(place.game.joint, label=place.game.label)


def _once(level: str, attack: TreeMaximumAPosteriori, model: Any) -> Adversary:
    return Adversary(attack=Remembering(attack=attack), queries=1, model=model, level=level)


def _knows_more(place: RuleWorld | SurveyWorld) -> bool:
    """Whether attributes are known, from which the secret's law may be learned."""
    return isinstance(place, SurveyWorld) or bool(place.game.known)


def _attack(place: RuleWorld | SurveyWorld) -> TreeMaximumAPosteriori:
    """What all have in common: the marginals, and what of a record is known."""
    hidden: tuple[Hidden, ...] = ()
    if isinstance(place, RuleWorld):
        joint, known = place.game.joint, place.game.known
        hidden = tuple(
            _hidden(axis, joint.marginal([axis]))
            for axis in range(1, joint.attributes)
            if axis not in known
        )
    return TreeMaximumAPosteriori(
        evidence=Evidence.NONE,
        label=_label(place),
        hidden=hidden,
        encode=None if isinstance(place, RuleWorld) else _codes,
    )


def _label(place: RuleWorld | SurveyWorld) -> int | None:
    """Column of the label in the side information: the last."""
    return -1 if isinstance(place, SurveyWorld) or place.game.label else None


def _hidden(axis: int, masses: Any) -> Hidden:
    shares = tuple(int(mass.p) / int(mass.q) for mass in masses)
    return Hidden(column=axis, values=tuple(map(float, range(len(shares)))), masses=shares)


def _codes(records: NDArray[np.float64]) -> NDArray[np.int64]:
    """Records as the models of surveys were trained on them."""
    return records.astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Remembering:
    """MAP on a tree that works each thing it may see out once.

    Records that look the same to it are believed in alike, and of discrete ones there are few.

    Attributes:
        attack: fitted or not.
        memory: what was seen, as bytes -> beliefs; of the fitted attack.
    """

    attack: TreeMaximumAPosteriori
    memory: dict[bytes, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """For tables."""
        return self.attack.name

    @property
    def knows(self) -> frozenset[str]:
        """As MAP does."""
        return self.attack.knows

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Remembering:
        """Learn as MAP does; nothing is remembered yet."""
        return Remembering(attack=self.attack.fit(seen, secrets, model=model))

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record, one of the secrets seen; of those alike up to 1e-9 the first."""
        found: NDArray[Any] = self.kinds[leading(self.scores(seen))]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`; shape (K,)."""
        return self.attack.kinds

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Of MAP, for each record; shape (N, K)."""
        if len(seen.side) == 0:
            return self.attack.scores(seen)
        heard = seen.answers.mean(axis=1) if self.attack.released else seen.side[:, :0]
        rows = np.ascontiguousarray(np.hstack([heard, seen.side]) + 0.0)  # the two zeros are one
        if rows.shape[1] == 0:  # nothing is seen: all are alike
            rows = np.zeros((len(rows), 1))
        keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
        distinct, at, place = np.unique(keys, return_index=True, return_inverse=True)
        names = [one.tobytes() for one in distinct]
        new = [(name, row) for name, row in zip(names, at.tolist(), strict=True)]
        new = [(name, row) for name, row in new if name not in self.memory]
        if new:
            chosen = np.array([row for _, row in new])
            fresh = Observation(answers=seen.answers[chosen], side=seen.side[chosen])
            beliefs = self.attack.scores(fresh)
            self.memory.update(zip([name for name, _ in new], beliefs, strict=True))
        found: NDArray[np.float64] = np.array([self.memory[name] for name in names])[place]
        return found


@dataclass(frozen=True, eq=False)
class _Asked:
    """A model as who tries records asks it; about every record of a law it has been asked once.

    Attributes:
        ask: records -> answers.
        classes_: labels, in the order of the answers.
    """

    ask: Callable[[Any], NDArray[np.float64]]
    classes_: NDArray[Any]

    @classmethod
    def of(cls, model: Any, place: RuleWorld | SurveyWorld) -> _Asked:
        """The released answers; random ones are drawn anew, but once for each record of a law."""
        return cls(_tabulated(lambda X: answers_of(model, X), place), np.asarray(model.classes_))

    def __call__(self, X: Any) -> NDArray[np.float64]:
        return self.ask(X)


@dataclass(frozen=True, eq=False)
class _Leaves(LeafCounts):
    """Leaves with the labels that the columns of their counts stand for."""

    classes_: NDArray[Any]


def _averaged(model: Any, place: RuleWorld | SurveyWorld) -> _Asked:
    """The mean of the answers to a record, were it asked about again and again."""
    if not _fresh(model):
        return _Asked.of(model, place)
    keep = model.keep_

    def mean(X: Any) -> NDArray[np.float64]:
        inner = model.inner(X)
        chosen = np.eye(inner.shape[1])[inner.argmax(axis=1)]
        found: NDArray[np.float64] = keep * chosen + (1 - keep) / inner.shape[1]
        return found

    return _Asked(_tabulated(mean, place), np.asarray(model.classes_))


def _scale(scene: Scene, queries: int) -> float:
    """Spread of a normal law that weighs the mean of q flipped labels as their own law does.

    Of q labels, n_i of them label i, the log-likelihood of label i being the true one is n_i L up to
    a constant, L = log(a/b), a the chance to hear the true label and b that of each other.  About
    the mean answers (a at i, b elsewhere) the mean n/q of the ones heard is as likely under
    N(0, s^2) in each number as exp(n_i (a - b)/(q s^2)) says, up to a constant: the squared lengths
    of all these means are the same.  With s^2 = (a - b)/(q L) the two agree.
    """
    if not _fresh(scene.model):
        return 0.0
    keep, labels = float(scene.model.keep_), len(scene.model.classes_)
    if keep in (0.0, 1.0):
        return 0.0  # nothing is heard, or nothing is flipped
    wrong = (1 - keep) / labels
    return sqrt(keep / (queries * log((keep + wrong) / wrong)))


def _fresh(model: Any) -> bool:
    """Whether the labels are flipped anew at each question.

    Raises:
        ParameterError: another fresh noise.
    """
    found = [isinstance(one, FreshNoise) for one in noises(model)]
    if not any(found):
        return False
    if found == [True] and isinstance(model, FlippedLabel):
        return True
    raise ParameterError(f"learner={type(model).__name__}: must have no fresh noise but a flip")


def _box(model: Any, place: RuleWorld | SurveyWorld) -> _Leaves | None:
    """The tree within a model, with the counts of its leaves; None where it has none."""
    found = _tree(model)
    if found is None:
        return None
    return _Leaves(_tabulated(found.apply, place), found.counts, np.asarray(model.classes_))


def _tree(model: Any) -> LeafCounts | None:
    if hasattr(model, "estimator_"):
        inside, kept = _tree(model.estimator_), getattr(model, "kept_", None)
        if inside is None or kept is None:
            return inside
        return LeafCounts(lambda X: inside.apply(np.asarray(X)[:, kept]), inside.counts)
    return leaf_counts(model) if hasattr(model, "apply") else None


def _tabulated(ask: Callable[[Any], Any], place: RuleWorld | SurveyWorld) -> Callable[[Any], Any]:
    """What is said of every record of the law, looked up; those of a survey are asked about."""
    if isinstance(place, SurveyWorld):
        return ask
    table = np.asarray(ask(place.game.joint.cells()))

    def found(X: Any) -> Any:
        return table[np.ravel_multi_index(tuple(np.asarray(X).astype(np.int64).T), place.arities)]

    return found
