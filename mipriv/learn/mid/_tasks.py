"""What network classifiers and regressors do: their targets, losses and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data
from torch import Tensor
from torch.nn import functional

from mipriv.learn.mid._checks import moderate
from mipriv.learn.mid._keep import kept_labels, labels_of
from mipriv.learn.mid._network import NetworkEstimator, centred
from mipriv.learn.mid._training import Loss

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A network whose answers are the probabilities of the classes."""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """As `answer`: shape (N, classes)."""
        return self.answer(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of largest probability in the answer, shape (N,)."""
        best = self.answer(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _validated(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        return X, y

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        self.classes_, codes = np.unique(y, return_inverse=True)
        return np.asarray(codes, dtype=np.int64)

    def _strata(self, targets: NDArray[Any]) -> NDArray[np.int64]:
        return targets

    def _outputs_count(self) -> int:
        return len(self.classes_)

    def _loss(self) -> Loss:
        return functional.cross_entropy

    def _finished(self, outputs: Tensor) -> NDArray[np.float64]:
        return np.asarray(torch.softmax(outputs, dim=1).numpy())

    def _describe(self) -> dict[str, Any]:
        return kept_labels(self.classes_)

    def _remember(self, values: Any) -> None:
        self.classes_ = labels_of(values)


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A network whose answer is a number."""

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """As `answer`: shape (N,)."""
        return self.answer(X)

    def _validated(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        targets = np.asarray(y, dtype=np.float64)
        moderate(targets, "y")
        return X, targets

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return y

    def _strata(self, targets: NDArray[Any]) -> NDArray[np.int64]:
        return np.zeros(len(targets), dtype=np.int64)

    def _scale(self, X: NDArray[np.float64], targets: NDArray[Any]) -> None:
        super()._scale(X, targets)
        self.target_centre_, self.target_scale_ = 0.0, 1.0
        if self.standardise:
            centre, scale = centred(targets)
            self.target_centre_, self.target_scale_ = float(centre), float(scale)

    def _records(self, X: NDArray[np.float64], targets: NDArray[Any]) -> Any:
        return super()._records(X, (targets - self.target_centre_) / self.target_scale_)

    def _unit(self) -> float:
        return float(self.target_scale_**2)

    def _outputs_count(self) -> int:
        return 1

    def _loss(self) -> Loss:
        return _squared_error

    def _finished(self, outputs: Tensor) -> NDArray[np.float64]:
        found = outputs[:, 0] * self.target_scale_ + self.target_centre_
        return np.asarray(found.numpy())

    def _describe(self) -> dict[str, Any]:
        return {"centre": self.target_centre_, "scale": self.target_scale_}

    def _remember(self, values: Any) -> None:
        self.target_centre_, self.target_scale_ = values["centre"], values["scale"]


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.mse_loss(outputs[:, 0], targets)
