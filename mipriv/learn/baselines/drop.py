"""A model that never sees the sensitive columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.errors import require
from mipriv.estimate.reading import Reading
from mipriv.learn.baselines import _readings
from mipriv.learn.baselines._wrapper import Wrapper
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Answers = NDArray[np.float64]


class DropSensitive(Wrapper):
    """An estimator fitted and asked without the sensitive columns.

    Its answer tells of them only what the other columns do: I(X_s; answer | X_K) = 0 exactly.
    Without a condition it may tell a lot, where the others go along with them.

    Args:
        estimator: with `answer`, `predict_proba` or `predict`.
        sensitive: the columns, one or a sequence, as indices 0..p-1 or as names of a frame's
            columns; at least one column must be left.

    Attributes:
        estimator_: fitted on the other columns.
        kept_: indices of the other columns.
        information_: of I(X; answer), in nats: infinite unless the estimator inside tells less.
        conditional_information_: of I(X_s; answer | X_K): 0, exactly.

    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.array([[0.0, 0.0], [1.0, 5.0], [2.0, 1.0]])
    >>> DropSensitive(LinearRegression(), sensitive=1).fit(X, X[:, 0]).kept_
    array([0])
    """

    def __init__(self, estimator: Any, *, sensitive: Any) -> None:
        self.estimator = estimator
        self.sensitive = sensitive

    def _fit_inside(self, X: Any, y: NDArray[Any]) -> None:
        dropped = {self._index(column) for column in _listed(self.sensitive)}
        require(len(dropped) > 0, must="name a column", sensitive=self.sensitive)
        features = self.n_features_in_
        left = len(dropped) < features
        require(left, must="be more than the sensitive columns", n_features=features)
        kept = [column for column in range(features) if column not in dropped]
        self.kept_ = np.array(kept, dtype=np.intp)
        super()._fit_inside(X, y)

    def _index(self, column: Any) -> int:
        if isinstance(column, str):
            names = list(getattr(self, "feature_names_in_", ()))
            require(column in names, must="be a column of the frame", sensitive=column)
            return names.index(column)
        index = whole(column, "sensitive", at_least=0)
        must = f"lie in 0..p-1, n_features = {self.n_features_in_}"
        require(index < self.n_features_in_, must=must, sensitive=column)
        return index

    def _seen(self, X: Any) -> Any:
        if hasattr(X, "iloc"):
            return X.iloc[:, self.kept_]
        return np.asarray(X)[:, self.kept_]

    def _learn(self, X: Any, answers: Answers) -> None:  # noqa: ARG002  # of every defence
        self.information_ = _readings.processed(_readings.infinite(), self.estimator_)
        self.conditional_information_ = Reading.computed(
            0.0, method="the answer does not see the sensitive columns", bound=True
        )

    def _release(self, X: Any, answers: Answers) -> Answers:  # noqa: ARG002  # of every defence
        return answers

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        for kind in (tags.classifier_tags, tags.regressor_tags):
            if kind is not None:
                kind.poor_score = True  # the target may be what the dropped columns say
        return tags


def _listed(sensitive: Any) -> list[Any]:
    several = isinstance(sensitive, Sequence | np.ndarray) and not isinstance(sensitive, str)
    return list(sensitive) if several else [sensitive]
