"""What defences around another estimator share: one class for regressions and classifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_array, check_consistent_length, column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.errors import require
from mipriv.learn.baselines.answers import answers_of

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    Answers = NDArray[np.float64]


def _classifies(self: Any) -> bool:
    return bool(get_tags(self.estimator).estimator_type == "classifier")


def _dense(X: Any) -> Any:
    """Records as an array of any type, or as the frame they are; the estimator inside looks closer.

    Raises:
        TypeError: a sparse matrix.
        ValueError: not a table, or without rows or columns.
    """
    table = check_array(X, dtype=None, ensure_all_finite=False)
    return X if hasattr(X, "iloc") else table


class Wrapper(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """An estimator whose answers are changed before they are released.

    It is a classifier or a regressor as the estimator inside is.  The estimator takes the records
    as they come (a frame stays one); sparse records and several outputs are refused.

    A subclass has `_learn`, called with the training records and the inner answers to them, which
    sets `information_`, and `_release`, which turns inner answers into released ones.
    """

    estimator: Any

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit a clone of the estimator, and then what the defence needs.

        Args:
            X: records, shape (N, p).
            y: targets, shape (N,).

        Raises:
            ParameterError: a parameter outside its range.
            ValueError: records that the estimator refuses.
        """
        validate_data(self, X, y, skip_check_array=True)
        X = _dense(X)
        y = np.asarray(column_or_1d(y, warn=True))
        check_consistent_length(X, y)
        self._check()
        self._fit_inside(X, y)
        if hasattr(self.estimator_, "classes_"):
            self.classes_ = self.estimator_.classes_
        self._learn(X, answers_of(self.estimator_, self._seen(X)))
        return self

    def answer(self, X: ArrayLike) -> Answers:
        """The protected release for each record; shape (N,) or (N, classes)."""
        check_is_fitted(self)
        table = _dense(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._release(table, answers_of(self.estimator_, self._seen(table)))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """As `answer` of a regression; the class of the largest answer of a classifier."""
        found = self.answer(X)
        if not _classifies(self):
            return found
        return np.asarray(np.asarray(self.classes_)[found.argmax(axis=1)])

    @available_if(_classifies)  # type: ignore[untyped-decorator]  # sklearn is untyped
    def predict_proba(self, X: ArrayLike) -> Answers:
        """As `answer`; rows need not sum to 1 unless the defence says so."""
        return self.answer(X)

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """Accuracy of a classifier, R^2 of a regression."""
        measure = accuracy_score if _classifies(self) else r2_score
        return float(measure(y, self.predict(X)))

    def _check(self) -> None:
        """Refuse parameters outside their range."""

    def _fit_inside(self, X: Any, y: NDArray[Any]) -> None:
        """Fit the estimator inside."""
        self.estimator_ = clone(self.estimator).fit(self._seen(X), y)

    def _seen(self, X: Any) -> Any:
        """What of the records the estimator inside sees."""
        return X

    def _learn(self, X: Any, answers: Answers) -> None:
        raise NotImplementedError

    def _release(self, X: Any, answers: Answers) -> Answers:
        raise NotImplementedError

    def _require_classifier(self) -> None:
        inside = type(self.estimator).__name__
        require(_classifies(self), must="be a classifier", estimator=inside)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        tags.target_tags.required = True
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = False
        tags.non_deterministic = inner.non_deterministic
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.string = inner.input_tags.string
        tags.input_tags.categorical = inner.input_tags.categorical
        tags.input_tags.positive_only = inner.input_tags.positive_only
        return tags
