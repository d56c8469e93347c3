"""Prediction purification: confidences passed through an autoencoder."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.utils import check_random_state

from mipriv.errors import require
from mipriv.learn.baselines import _readings
from mipriv.learn.baselines._simplex import onto_simplex
from mipriv.learn.baselines._wrapper import Wrapper
from mipriv.rigor.decimals import unit, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Answers = NDArray[np.float64]


class Purification(Wrapper):
    """Confidences replaced by what a narrow autoencoder makes of them: less dispersed.

    A share of the training records is held out from the estimator; the autoencoder learns to
    reconstruct the estimator's confidences on them, by squared error, through `bottleneck` tanh
    units.  What it makes is moved to the nearest probabilities and released.

    A reconstruction: the authors published no code; they train a deeper network with a term for the
    label in its loss, for which `keep_label` stands: where the largest entry has moved to another
    class, the two entries are exchanged.

    Nothing proves that it protects: the answer has no noise, and with as many units as classes less
    one the autoencoder may be invertible (of two classes it always may).

    Args:
        estimator: a classifier with `answer`, `predict_proba` or `predict`.
        bottleneck: units, >= 1; None: half the classes, rounded down.
        holdout: share of the training records for the autoencoder, in (0, 1).
        keep_label: whether the predicted class stays as it was.
        max_iter: iterations of the autoencoder's training, >= 1; it may stop there.
        random_state: seed of split and autoencoder.

    Attributes:
        estimator_: fitted on the records that were not held out.
        purifier_: the autoencoder, an `MLPRegressor`.
        n_iter_: iterations of its training.
        classes_: labels.
        information_: of I(X; answer), in nats: infinite, as of every answer on a continuum, unless
            the estimator inside tells less.

    Source: Yang, Shao, Xuan, Chang, Zhang 2020, arXiv 2005.03915.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        bottleneck: int | None = None,
        holdout: float = 0.5,
        keep_label: bool = True,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.bottleneck = bottleneck
        self.holdout = holdout
        self.keep_label = keep_label
        self.max_iter = max_iter
        self.random_state = random_state

    def _check(self) -> None:
        self._require_classifier()
        if self.bottleneck is not None:
            whole(self.bottleneck, "bottleneck", at_least=1)
        whole(self.max_iter, "max_iter", at_least=1)
        require(0 < unit(self.holdout, "holdout") < 1, must="lie in (0, 1)", holdout=self.holdout)

    def _fit_inside(self, X: Any, y: NDArray[Any]) -> None:
        state = check_random_state(self.random_state)
        self._seed = int(state.randint(2**31 - 1))
        rows = np.arange(len(y))
        _, counts = np.unique(y, return_counts=True)
        # a class is split in proportion where it has a record for both sides
        even = bool(
            counts.min() >= 2 and len(counts) <= min(self.holdout, 1 - self.holdout) * len(y)
        )
        train, rest = train_test_split(
            rows, test_size=float(self.holdout), random_state=state, stratify=y if even else None
        )
        self._held = rest
        super()._fit_inside(_taken(X, train), y[train])

    def _learn(self, X: Any, answers: Answers) -> None:  # noqa: ARG002  # of every defence
        held = answers[self._held]
        del self._held
        units = max(1, answers.shape[1] // 2) if self.bottleneck is None else int(self.bottleneck)
        self.purifier_ = MLPRegressor(
            hidden_layer_sizes=(units,),
            activation="tanh",
            solver="lbfgs",
            alpha=1e-6,
            max_iter=int(self.max_iter),
            random_state=self._seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter is a choice
            self.purifier_.fit(held, held if held.shape[1] > 1 else held[:, 0])
        self.n_iter_ = int(self.purifier_.n_iter_)
        self.information_ = _readings.processed(_readings.infinite(), self.estimator_)

    def _release(self, X: Any, answers: Answers) -> Answers:  # noqa: ARG002  # of every defence
        found = onto_simplex(self.purifier_.predict(answers).reshape(answers.shape))
        return with_label_of(found, answers) if self.keep_label else found


def with_label_of(found: Answers, answers: Answers) -> Answers:
    """Rows whose first largest entry is where the first largest of `answers` is.

    Args:
        found: shape (N, K); where it differs, the entry there is exchanged with its largest.
        answers: shape (N, K).

    Returns:
        Shape (N, K); a tie that would hide the label is broken by one unit of roundoff.
    """
    kept = np.array(found)
    rows = np.arange(len(kept))
    wanted, present = answers.argmax(axis=1), kept.argmax(axis=1)
    kept[rows, wanted], kept[rows, present] = found[rows, present], found[rows, wanted]
    tied = kept.argmax(axis=1) != wanted
    kept[tied, wanted[tied]] = np.nextafter(kept[tied, wanted[tied]], np.inf)
    return kept


def _taken(X: Any, rows: NDArray[np.intp]) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else np.asarray(X)[rows]
