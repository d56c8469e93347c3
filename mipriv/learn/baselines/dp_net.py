"""Neural network trained by DP-SGD: the private baseline of the information bottleneck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.errors import require
from mipriv.learn.baselines import _readings
from mipriv.learn.baselines._classes import coded
from mipriv.learn.baselines._draws import generator
from mipriv.learn.baselines._epsilon import checked_delta, training_epsilon
from mipriv.learn.sgd.models import LogisticRegression, Model, Perceptron
from mipriv.learn.sgd.train import DPSGD, Randomness, Seeded, System
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class DPNetClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """One hidden layer of tanh units, or logistic regression, trained by DP-SGD.

    Privacy: every step's noisy sum of clipped gradients may be told; the account is of one replaced
    record, N public.  Noise and batches are doubles, and the guarantee is that of ideal real
    arithmetic (Mironov 2012): for study, not for release.

    Args:
        hidden: units, >= 0; 0 is logistic regression, of two classes.
        noise_multiplier: standard deviation of the noise on the sum of clipped gradients, in clip
            norms, > 0.
        sampling_probability: of each record for each step (Poisson sampling), in (0, 1].
        steps: >= 1.
        learning_rate: of the mean gradient, > 0.
        clip: largest norm of a record's gradient, > 0.
        delta: in (0, 1), at which `epsilon_` is given.
        centre, scale: public; features are taken as (x - centre)/scale, numbers or one a feature,
            finite, scale > 0.  No record is clipped or refused: gradients are clipped.
        classes: public labels; others are refused.  None: those of y, whose set is then taken to be
            public.
        random_state: seed of start, batches and noise; without it they come from the operating
            system.

    Attributes:
        classes_: labels.
        theta_: parameters of the model of `mipriv.learn.sgd.models`, flat.
        guarantee_: the accounted `Training`, whose loss is that of all N records; with `group` or
            `tau` replaced it answers for fewer, or for near populations.
        epsilon_: at `delta`, certified from above; computed when first read (some seconds).
        information_: of I(X; answer), in nats: infinite, as of every answer on a continuum.

    Source: Abadi et al. 2016.
    """

    def __init__(
        self,
        *,
        hidden: int = 8,
        noise_multiplier: Any = 1.0,
        sampling_probability: Any = 0.1,
        steps: int = 100,
        learning_rate: float = 0.5,
        clip: float = 1.0,
        delta: Any = 1e-5,
        centre: Any = 0.0,
        scale: Any = 1.0,
        classes: Any = None,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.noise_multiplier = noise_multiplier
        self.sampling_probability = sampling_probability
        self.steps = steps
        self.learning_rate = learning_rate
        self.clip = clip
        self.delta = delta
        self.centre = centre
        self.scale = scale
        self.classes = classes
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train.

        Args:
            X: records, shape (N, p), finite.
            y: labels, shape (N,).

        Raises:
            ParameterError: a parameter outside its range, or a label that is no class.
        """
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        checked_delta(self.delta)
        whole(self.steps, "steps", at_least=1)
        self.classes_, targets = coded(labels, self.classes)
        learner = DPSGD(
            model=self._model(rows.shape[1]),
            n=len(rows),
            noise_multiplier=self.noise_multiplier,
            steps=self.steps,
            learning_rate=self.learning_rate,
            sampling_probability=self.sampling_probability,
            clip=self.clip,
        )
        rng = generator(self.random_state)
        start = learner.model.start(torch.Generator().manual_seed(int(rng.integers(2**62))))
        known = self.random_state is not None
        source: Randomness = Seeded(int(rng.integers(2**62))) if known else System()
        if self.hidden == 0:
            targets = 2 * targets - 1
        run = learner.fit_many(
            torch.from_numpy(self._scaled(rows))[None],
            torch.from_numpy(targets)[None],
            randomness=source,
            start=start,
        )
        self.theta_ = run.iterates[0, -1].numpy().copy()
        finite = bool(np.isfinite(self.theta_).all())
        require(finite, must="be smaller: the training diverged", learning_rate=self.learning_rate)
        self.guarantee_ = learner.guarantee()
        self._epsilon: float | None = None
        self.information_ = _readings.infinite()
        return self

    @property
    def epsilon_(self) -> float:
        """An epsilon at `delta` for one replaced record; the least but for 0.1 %, where that is known.

        inf if without sampling it would be above 16,384.
        """
        check_is_fitted(self)
        if self._epsilon is None:
            self._epsilon = training_epsilon(self.guarantee_, delta=checked_delta(self.delta))
        return self._epsilon

    def answer(self, X: ArrayLike) -> Array:
        """The model's probabilities for each record; shape (N, classes)."""
        check_is_fitted(self)
        rows = self._scaled(validate_data(self, X, reset=False, dtype=np.float64))
        features, theta = rows.shape[1], self.theta_
        if self.hidden == 0:
            second = expit(rows @ theta[:-1] + theta[-1])
            return np.column_stack([1 - second, second])
        edge = self.hidden * features
        middle = edge + self.hidden
        last = middle + len(self.classes_) * self.hidden
        inner = np.tanh(rows @ theta[:edge].reshape(self.hidden, -1).T + theta[edge:middle])
        scores = inner @ theta[middle:last].reshape(-1, self.hidden).T + theta[last:]
        return np.asarray(softmax(scores, axis=1), dtype=np.float64)

    def predict_proba(self, X: ArrayLike) -> Array:
        """As `answer`."""
        return self.answer(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of the largest probability, the first of equal ones."""
        found = self.answer(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def _model(self, features: int) -> Model:
        whole(self.hidden, "hidden", at_least=0)
        count = len(self.classes_)
        require(count >= 2, must="be two or more (one class is no question)", classes=count)
        if self.hidden == 0:
            require(count == 2, must="be >= 1 for more than two classes", hidden=self.hidden)
            return LogisticRegression(features=features)
        return Perceptron(features=features, hidden=self.hidden, classes=count)

    def _scaled(self, rows: Array) -> Array:
        features = rows.shape[1]
        found = []
        for name in ("centre", "scale"):
            value = np.asarray(getattr(self, name), dtype=np.float64)
            fits = value.shape in ((), (features,)) and bool(np.isfinite(value).all())
            must = f"be a finite number or one of each of {features} features"
            require(fits, must=must, **{name: getattr(self, name)})
            found.append(value)
        require(bool((found[1] > 0).all()), must="be > 0", scale=self.scale)
        return np.asarray((rows - found[0]) / found[1], dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # the noise is for many records
        return tags
