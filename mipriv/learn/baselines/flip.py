"""A label through randomised response: kept with a chance, else drawn from all labels."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq
from scipy.special import ndtr
from sklearn.utils import check_array, check_random_state

from mipriv.errors import require
from mipriv.estimate.reading import Reading
from mipriv.learn.baselines import _readings
from mipriv.learn.baselines._wrapper import Wrapper
from mipriv.learn.baselines.answers import answers_of
from mipriv.learn.release import KINDS, release_noise
from mipriv.rigor.decimals import exact
from mipriv.rigor.enclosure import Enclosure, enclose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Answers = NDArray[np.float64]

_DIGITS = 18  # more than a double holds


class FlippedLabel(Wrapper):
    """The predicted label with chance `keep`, else one drawn uniformly from all labels.

    Randomised response on the answer: one answer is log(1 + keep K/(1 - keep))-locally private in
    the label predicted (K labels), whatever the record.

    Args:
        estimator: a classifier with `answer`, `predict_proba` or `predict`.
        keep: in [0, 1].
        noise: "per-input" or "fresh" at each call; per-input needs numeric records.
        grid: cells of the per-input noise, in units of each feature's standard deviation, > 0.
        random_state: seed of the noise; without it the noise is the operating system's.

    Attributes:
        estimator_: fitted.
        classes_: labels.
        keep_: as it was given.
        noise_: the noise, with its secret `key` (`mipriv.learn.release.ReleaseNoise`).
        information_: of I(X; answer), in nats, for X uniform on the training records; as `upper` the
            largest for any law of X.

    Source: Warner 1965.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        keep: float,
        noise: str = "per-input",
        grid: float = 1e-3,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.keep = keep
        self.noise = noise
        self.grid = grid
        self.random_state = random_state

    def inner(self, X: ArrayLike) -> Answers:
        """Answers of the estimator inside, before the label is chosen: the white box."""
        return answers_of(self.estimator_, self._seen(X))

    def _check(self) -> None:
        self._require_classifier()
        chance = isinstance(self.keep, Real) and 0 <= float(self.keep) <= 1
        require(chance, must="lie in [0, 1]", keep=self.keep)
        require(self.noise in KINDS, must=f"be one of {', '.join(KINDS)}", noise=self.noise)
        real = isinstance(self.grid, Real) and 0 < float(self.grid) < math.inf
        require(real, must="be positive and finite", grid=self.grid)

    def _learn(self, X: Any, answers: Answers) -> None:
        known = None if self.random_state is None else check_random_state(self.random_state)
        rows = self._rows(X)
        self.noise_ = release_noise(self.noise, X=rows, grid=self.grid, random_state=known)
        self.keep_ = float(self.keep)
        count = answers.shape[1]
        counts = np.bincount(answers.argmax(axis=1), minlength=count).tolist()
        own, most = self._kept(counts), self._kept([1] * count)  # a symmetric channel's capacity
        upper = float(most.upper)
        reading = Reading(
            value=min(float(own.upper), upper),
            lower=0.0,
            upper=upper,
            confidence=1.0,
            method="randomised response on the label; at most its capacity",
            bound=True,
        )
        self.information_ = _readings.processed(reading, self.estimator_)

    def _kept(self, counts: Sequence[int]) -> Enclosure:
        """Information of the answer about the label, for labels so frequent.

        Where little is kept, two entropies cancel, to nothing in doubles: an enclosure.
        """
        keep, count = exact(self.keep_, "keep"), len(counts)
        other = (1 - keep) / count
        heard = [keep * fmpq(one, sum(counts)) + other for one in counts]

        def evaluate() -> arb | fmpq:
            if keep == 0 or max(counts) == sum(counts):
                return fmpq(0)
            row = _negative(keep + other) + (count - 1) * _negative(other)
            return row - sum(map(_negative, heard), arb(0))

        return enclose(evaluate, digits=_DIGITS, what="the information")

    def _release(self, X: Any, answers: Answers) -> Answers:
        draws = ndtr(self.noise_.normals(self._rows(X), 2))
        count = answers.shape[1]
        drawn = np.minimum((draws[:, 1] * count).astype(np.int64), count - 1)
        labels = np.where(draws[:, 0] < self.keep, answers.argmax(axis=1), drawn)
        found = np.zeros_like(answers)
        found[np.arange(len(found)), labels] = 1.0
        return found

    def _rows(self, X: Any) -> Any:
        """What the noise depends on."""
        return X if self.noise == "fresh" else check_array(X, dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = tags.non_deterministic or self.noise == "fresh"
        if self.noise != "fresh":
            tags.input_tags.allow_nan = False
            tags.input_tags.string = False
        return tags


def _negative(mass: fmpq) -> arb:
    """mass log mass."""
    return mass * arb(mass).log() if mass > 0 else arb(0)
