"""Defences that change the answers of any estimator: noise, rounding, truncation, labels alone."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_ndtr
from sklearn.utils import check_array, check_random_state, get_tags

from mipriv.errors import require
from mipriv.learn.baselines import _readings
from mipriv.learn.baselines._simplex import onto_simplex
from mipriv.learn.baselines._wrapper import Wrapper
from mipriv.learn.release import KINDS, release_noise
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Answers = NDArray[np.float64]

LAWS = ("gaussian", "laplace")


def shrunk(*, variance: Any, noise_variance: Any) -> tuple[Any, Any]:
    """Gain c and noise variance of m + noise, shrunk to the least squared error about m.

    c = v/(v + w); the released noise has variance c^2 w = c (1 - c) v, which makes it the channel
    of `MIDLinearRegression` at distortion (1 - c) v.  Any numbers that divide; exact for rationals.

    Args:
        variance: v of the answers, >= 0.
        noise_variance: w of the noise before it is shrunk, > 0.

    Source: Wiener filter of a single number; the
        optimum at its rate if the answers are Gaussian (Shannon 1959).

    >>> from flint import fmpq
    >>> shrunk(variance=fmpq(3), noise_variance=fmpq(1))
    (3/4, 9/16)
    """
    gain = variance / (variance + noise_variance)
    return gain, gain * gain * noise_variance


def noise_for(*, variance: Any, distortion: Any) -> Any:
    """Variance of the noise that, shrunk, leaves this mean squared error: w = v d/(v - d).

    Args:
        variance: v of the answers, > 0.
        distortion: d, 0 < d < v.

    >>> from flint import fmpq
    >>> noise_for(variance=fmpq(3), distortion=fmpq(3, 4))
    1
    """
    require(0 < distortion < variance, must="lie between 0 and the variance", distortion=distortion)
    return variance * distortion / (variance - distortion)


class OutputNoise(Wrapper):
    """Independent noise of mean 0 on every answer; on every probability of a classifier.

    Without more, probabilities with noise are released as they are: they may be negative and need
    not sum to 1.  `project` releases the nearest point of the simplex, computed from the noisy
    answer, so that it tells no more.

    `shrink` releases what, linear in the noisy answer, has the least squared error about the answer
    over the training records: mean + C (answer + noise - mean), with C = S (S + w I)^-1 of the
    covariance S of the training answers and the noise variance w.  For a regression that is
    c = v/(v + w) (`shrunk`).  Since C can be undone, it tells no more and no less (but where S has
    no spread): it is what makes the noise useful, not what makes it safe.

    Noise drawn per input is a fixed table to an attacker who asks about inputs of his choice; fresh
    noise can be averaged out (`mipriv.learn.release`).

    Args:
        estimator: with `answer`, `predict_proba` or `predict`.
        scale: in units of the answer, > 0: standard deviation of Gaussian noise, or b of Laplace
            noise of density e^(-|x|/b)/(2b), of variance 2 b^2.
        law: "gaussian" or "laplace".
        shrink: whether to release the best linear function of the noisy answer.
        project: whether a classifier releases the nearest probabilities.
        noise: "per-input" or "fresh" at each call; per-input needs numeric records.
        grid: cells of the per-input noise, in units of each feature's standard deviation, > 0.
        random_state: seed of the noise; without it the noise is the operating system's.

    Attributes:
        estimator_: fitted.
        noise_: the noise, with its secret `key` (`mipriv.learn.release.ReleaseNoise`).
        mean_: of the answers to the training records, shape () or (classes,).
        gain_: C, shape (columns, columns); the identity without `shrink`.
        noise_variance_: of the noise in the answer, before `project`; shape () for a regression,
            (classes,) for a classifier, whose noise may be correlated.
        information_: of I(X; answer), in nats: an upper bound for X uniform on the training records
            (`log(1 + v/w)/2` of Gaussian noise on a regression), for who does not know the key and
            asks once; an estimate, and no bound, if the answers inside are random at each call.  It
            is that of ideal real noise (Mironov 2012).

    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = OutputNoise(LinearRegression(), scale=1.0, shrink=True).fit(X, 2 * X[:, 0])
    >>> model.gain_.round(4), round(float(model.noise_variance_), 4)  # v = 5
    (array([[0.8333]]), 0.6944)
    """

    def __init__(
        self,
        estimator: Any,
        *,
        scale: float,
        law: str = "gaussian",
        shrink: bool = False,
        project: bool = False,
        noise: str = "per-input",
        grid: float = 1e-3,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.scale = scale
        self.law = law
        self.shrink = shrink
        self.project = project
        self.noise = noise
        self.grid = grid
        self.random_state = random_state

    def _check(self) -> None:
        _require_positive("scale", self.scale)
        _require_positive("grid", self.grid)
        require(self.law in LAWS, must=f"be one of {', '.join(LAWS)}", law=self.law)
        require(self.noise in KINDS, must=f"be one of {', '.join(KINDS)}", noise=self.noise)
        for name in ("shrink", "project"):
            value = getattr(self, name)
            require(isinstance(value, bool | np.bool_), must="be True or False", **{name: value})

    def _learn(self, X: Any, answers: Answers) -> None:
        known = None if self.random_state is None else check_random_state(self.random_state)
        rows = self._rows(X)
        self.noise_ = release_noise(self.noise, X=rows, grid=self.grid, random_state=known)
        variance = self.scale**2 * (1 if self.law == "gaussian" else 2)
        self.mean_ = answers.mean(axis=0)
        columns = answers.reshape(len(answers), -1) - self.mean_
        self.gain_ = np.eye(columns.shape[1])
        self.noise_variance_ = np.full(answers.shape[1:], variance)
        if self.shrink:
            roots, turns = np.linalg.eigh(columns.T @ columns / len(columns))
            roots = np.maximum(roots, 0.0)  # roundoff may leave one below 0
            gains, noises = shrunk(variance=roots, noise_variance=variance)
            self.gain_ = (turns * gains) @ turns.T
            self.noise_variance_ = (turns**2 @ noises).reshape(answers.shape[1:])
        own = _readings.additive(answers, scale=float(self.scale), law=self.law)
        if get_tags(self.estimator).non_deterministic:
            own = replace(own, bound=False)
        self.information_ = _readings.processed(own, self.estimator_)

    def _release(self, X: Any, answers: Answers) -> Answers:
        columns = answers.reshape(len(answers), -1)
        draws = self.noise_.normals(self._rows(X), columns.shape[1])
        if self.law == "laplace":
            draws = to_laplace(draws)
        noisy = columns - self.mean_ + self.scale * draws
        found = (self.mean_ + noisy @ self.gain_.T).reshape(answers.shape)
        return onto_simplex(found) if self.project and found.ndim == 2 else found

    def _rows(self, X: Any) -> Any:
        """What the noise depends on."""
        return X if self.noise == "fresh" else check_array(X, dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if self.noise == "fresh":
            tags.non_deterministic = True
        else:
            tags.input_tags.allow_nan = False
            tags.input_tags.string = False
        return tags


def to_laplace(normals: ArrayLike) -> Answers:
    """Laplace draws of scale 1 at the places that normal draws have in their law.

    Args:
        normals: any shape.
    """
    draws = np.asarray(normals, dtype=np.float64)
    # each tail by its own logarithm: -log(2 Pr[N <= -|z|]) >= 0
    return np.asarray(-np.sign(draws) * (math.log(2) + log_ndtr(-np.abs(draws))), dtype=np.float64)


class Rounding(Wrapper):
    """Answers rounded to whole multiples of a step, halves to even ones.

    Rounded probabilities are not renormalised: they need not sum to 1, and what fills them up would
    tell more.

    Args:
        estimator: with `answer`, `predict_proba` or `predict`.
        step: in units of the answer, > 0.

    Attributes:
        estimator_: fitted.
        information_: of I(X; answer), in nats: the entropy of the answers to the training records,
            and as `upper` the log of how many rows of rounded probabilities there are (infinite of
            a regression).
    """

    def __init__(self, estimator: Any, *, step: float) -> None:
        self.estimator = estimator
        self.step = step

    def _check(self) -> None:
        _require_positive("step", self.step)

    def _learn(self, X: Any, answers: Answers) -> None:
        possible = math.inf
        if answers.ndim == 2 and _probabilities(self.estimator_):
            # 0, ..., round(1/step), and one more where roundoff might lift a half
            levels = math.floor(1 / self.step + 0.5 + 1e-6) + 1
            every = answers.shape[1] * _readings.log_above(levels)
            possible = math.nextafter(every, math.inf)
        own = _readings.discrete(self._release(X, answers), possible=possible)
        self.information_ = _readings.processed(own, self.estimator_)

    def _release(self, X: Any, answers: Answers) -> Answers:  # noqa: ARG002  # of every defence
        # adding zero makes -0.0 and 0.0 one answer
        return np.asarray(np.rint(answers / self.step) * self.step + 0.0, dtype=np.float64)


class TopK(Wrapper):
    """The k largest probabilities of a classifier; the others are released as 0.

    What is kept is released as it is, without renormalising.  Of equal ones the first classes are
    kept.

    Args:
        estimator: a classifier with `answer`, `predict_proba` or `predict`.
        k: probabilities kept, >= 1; all of them if there are no more.

    Attributes:
        estimator_: fitted.
        classes_: labels.
        information_: of I(X; answer), in nats: infinite, as of every answer on a continuum, unless
            the estimator inside tells less.
    """

    def __init__(self, estimator: Any, *, k: int = 1) -> None:
        self.estimator = estimator
        self.k = k

    def _check(self) -> None:
        self._require_classifier()
        whole(self.k, "k", at_least=1)

    def _learn(self, X: Any, answers: Answers) -> None:  # noqa: ARG002  # of every defence
        self.information_ = _readings.processed(_readings.infinite(), self.estimator_)

    def _release(self, X: Any, answers: Answers) -> Answers:  # noqa: ARG002  # of every defence
        kept = np.argsort(-answers, axis=1, kind="stable")[:, : int(self.k)]
        found = np.zeros_like(answers)
        np.put_along_axis(found, kept, np.take_along_axis(answers, kept, axis=1), axis=1)
        return found


class HardLabel(Wrapper):
    """The label alone: 1 at the largest probability of a classifier, the first of equal ones.

    Args:
        estimator: a classifier with `answer`, `predict_proba` or `predict`.

    Attributes:
        estimator_: fitted.
        classes_: labels.
        information_: of I(X; answer), in nats: the entropy of the labels of the training records,
            and as `upper` the log of the number of classes.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def _check(self) -> None:
        self._require_classifier()

    def _learn(self, X: Any, answers: Answers) -> None:
        possible = _readings.log_above(answers.shape[1])
        own = _readings.discrete(self._release(X, answers), possible=possible)
        self.information_ = _readings.processed(own, self.estimator_)

    def _release(self, X: Any, answers: Answers) -> Answers:  # noqa: ARG002  # of every defence
        found = np.zeros_like(answers)
        found[np.arange(len(found)), answers.argmax(axis=1)] = 1.0
        return found


def _probabilities(model: Any) -> bool:
    """Whether the answers surely lie in [0, 1]: not if another defence was put on them."""
    return not hasattr(model, "answer")


def _require_positive(name: str, value: Any) -> None:
    good = isinstance(value, Real) and 0 < float(value) < math.inf
    require(good, must="be positive and finite", **{name: value})
