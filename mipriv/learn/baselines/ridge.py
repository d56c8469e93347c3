"""Ridge regression: the shrinkage that an attacker undoes."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.errors import require
from mipriv.learn.baselines import _readings

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray


class RidgeRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Linear regression with least mean squared error + lam |coefficients|^2, intercept free.

    That is scikit-learn's `Ridge` with alpha = N lam, so that lam means the same for any number of
    records; it weighs the coefficients in the features' own units (scale them in a pipeline).

    The answer has no noise: however large lam is, an attacker who rescales reads the same off it.

    Args:
        lam: in squared units of y over squared units of a coefficient, finite, >= 0.

    Attributes:
        coef_: shape (p,).
        intercept_: of the answer.
        information_: of I(X; answer), in nats: infinite, as of every answer on a continuum; 0 if all
            coefficients are.

    Source: Hoerl, Kennard 1970.
    """

    def __init__(self, *, lam: float = 0.1) -> None:
        self.lam = lam

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Solve for the coefficients.

        Args:
            X: records, shape (N, p), finite.
            y: targets, shape (N,), finite.

        Raises:
            ParameterError: lam outside its range.
        """
        rows, targets = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        good = isinstance(self.lam, Real) and 0 <= float(self.lam) < math.inf
        require(good, must="be finite and >= 0", lam=self.lam)
        # by singular values: lam = 0 of dependent columns takes the solution of least norm
        inside = Ridge(alpha=float(self.lam) * len(rows), solver="svd").fit(rows, targets)
        self.coef_ = np.asarray(inside.coef_, dtype=np.float64)
        self.intercept_ = float(inside.intercept_)
        silent = not self.coef_.any()
        self.information_ = _readings.nothing() if silent else _readings.infinite()
        return self

    def answer(self, X: ArrayLike) -> NDArray[np.float64]:
        """The regression for each record, shape (N,)."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        return np.asarray(rows @ self.coef_ + self.intercept_, dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """As `answer`."""
        return self.answer(X)
