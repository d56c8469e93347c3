"""Answers that do not depend on the record: the end of every frontier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.learn.baselines import _readings

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray


class ConstantRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Answers the mean of the training targets, whatever the record.

    I(X; answer) is 0.  The mean itself is told, and with it what it says of the population: the
    information of an answer does not cover what the model is.

    Attributes:
        mean_: of the targets.
        information_: 0, exactly.

    >>> float(ConstantRegressor().fit([[0.0], [1.0]], [1.0, 3.0]).answer([[7.0]])[0])
    2.0
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Take the mean.

        Args:
            X: records, shape (N, p); looked at only for their number of features.
            y: shape (N,).
        """
        _, targets = validate_data(self, X, y, y_numeric=True)
        self.mean_ = float(np.mean(targets, dtype=np.float64))
        self.information_ = _readings.nothing()
        return self

    def answer(self, X: ArrayLike) -> NDArray[np.float64]:
        """The mean for each record, shape (N,)."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False)
        return np.full(len(rows), self.mean_)

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """As `answer`."""
        return self.answer(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags


class ConstantClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Answers the class frequencies of the training records, whatever the record.

    I(X; answer) is 0; the frequencies are told.

    Attributes:
        classes_: labels.
        frequencies_: of the labels, shape (classes,).
        information_: 0, exactly.

    >>> ConstantClassifier().fit([[0.0], [1.0]], ["a", "b"]).answer([[7.0]])
    array([[0.5, 0.5]])
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Count the labels.

        Args:
            X: records, shape (N, p); looked at only for their number of features.
            y: labels, shape (N,).
        """
        _, labels = validate_data(self, X, y)
        check_classification_targets(labels)
        self.classes_, counts = np.unique(labels, return_counts=True)
        self.frequencies_ = counts / counts.sum()
        self.information_ = _readings.nothing()
        return self

    def answer(self, X: ArrayLike) -> NDArray[np.float64]:
        """The frequencies for each record, shape (N, classes)."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False)
        return np.tile(self.frequencies_, (len(rows), 1))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """As `answer`."""
        return self.answer(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most frequent class for each record, the first of equally frequent ones."""
        found = self.answer(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags
