"""Linear regression from Gaussian-noised moments: the private baseline of linear MID."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.accounting.mechanisms import GaussianMechanism
from mipriv.errors import require
from mipriv.learn.baselines import _readings
from mipriv.learn.baselines._draws import generator
from mipriv.learn.baselines._epsilon import checked_delta, gaussian_mu, upward
from mipriv.learn.noise import root_above
from mipriv.learn.records import clip_rows, to_float
from mipriv.rigor.decimals import exact

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

SQUARED_SENSITIVITY = fmpq(10)


class DPLinearRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Least squares on the moments of clipped records, with Gaussian noise: (epsilon, delta)-DP.

    A record becomes u = (x - centre)/radius, scaled down to Euclidean norm 1 where it is beyond,
    and t = (y - label_centre)/label_radius, cut to [-1, 1].  Released are the sums of
    (u, t, u t, u u^T), u u^T as a vector of its diagonal and sqrt 2 times the entries above it, all
    with N(0, sigma^2).  The regression is computed from them: covariances whose eigenvalues below
    the size sigma sqrt(2 d)/N of the noise are raised to it.

    Privacy: replacing a record moves the sums by at most sqrt 10, whatever the number of features.
    With a = <u, u'> the squared distance is
    |u - u'|^2 + (t - t')^2 + |u t - u' t'|^2 + |u|^4 + |u'|^4 - 2 a^2.
    It is convex in t and in t', so largest where both are 1 or -1.
    t' = -t: it is 2|u|^2 + 2|u'|^2 + 4 + |u|^4 + |u'|^4 - 2 a^2 <= 10.
    t' = t: it is 2|u - u'|^2 + |u|^4 + |u'|^4 - 2 a^2 <= 6 - 4 a - 2 a^2 <= 8.
    N is public.  Neighbours differ in one replaced record.

    The noise is of a floating-point generator: the guarantee is that of ideal real arithmetic
    (Mironov 2012), for study and not for release.

    Args:
        epsilon: nats, > 0.
        delta: in (0, 1).
        centre: public centre of the features, a number or one a feature, finite.
        radius: public size of the features, a number or one a feature, finite, > 0: records are
            clipped where |(x - centre)/radius| > 1.
        label_centre: public centre of the targets, finite.
        label_radius: public half range of the targets, finite, > 0; answers are cut to it as well.
        lam: of a ridge on the coefficients of u, in units of t^2, finite, >= 0.
        random_state: seed of the noise; without it a generator is seeded by the operating system.

    Attributes:
        coef_, intercept_: of the answer in the original units, before it is cut.
        guarantee_: `GaussianDP`, of everything released.
        epsilon_: at `delta`, rounded up.
        noise_scale_: sigma, of the sums of scaled records.
        information_: of I(X; answer), in nats: infinite, as of every answer on a continuum.

    Source: Vu, Slavkovic 2009; Wang 2018 (sums of records in a ball); mu-GDP: Dong, Roth, Su 2022.
    """

    def __init__(
        self,
        *,
        epsilon: Any = 1.0,
        delta: Any = 1e-5,
        centre: Any = 0.0,
        radius: Any = 1.0,
        label_centre: float = 0.0,
        label_radius: float = 1.0,
        lam: float = 0.0,
        random_state: Any = None,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.centre = centre
        self.radius = radius
        self.label_centre = label_centre
        self.label_radius = label_radius
        self.lam = lam
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Release noisy moments, and solve them.

        Args:
            X: records, shape (N, d), finite; clipped, none refused.
            y: targets, shape (N,), finite; cut, none refused.

        Raises:
            ParameterError: a parameter outside its range.
        """
        rows, targets = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        self._check(rows.shape[1])
        budget = exact(self.epsilon, "epsilon")
        mu = gaussian_mu(epsilon=budget, delta=checked_delta(self.delta))
        moved = root_above(SQUARED_SENSITIVITY)
        mechanism = GaussianMechanism(sensitivity=moved, standard_deviation=moved / mu)
        self.guarantee_ = mechanism.guarantee()
        self.epsilon_ = upward(budget)
        self.noise_scale_ = to_float(mechanism.standard_deviation)

        centre, radius = self._scales(rows.shape[1])
        inside = clip_rows((rows - centre) / radius, norm_bound=fmpq(1))
        labels = np.asarray(targets, dtype=np.float64)
        labels = np.clip((labels - self.label_centre) / self.label_radius, -1, 1)
        noise = generator(self.random_state).normal(
            scale=self.noise_scale_, size=_size(rows.shape[1])
        )
        weights, constant = self._solved(moments(inside, labels) + noise, *rows.shape)
        self.coef_ = self.label_radius * weights / radius
        self.intercept_ = float(
            self.label_centre + self.label_radius * constant - self.coef_ @ centre
        )
        self.information_ = _readings.infinite()
        return self

    def answer(self, X: ArrayLike) -> Array:
        """The regression for each record, cut to the range of the targets; shape (N,)."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        low, high = self.label_centre - self.label_radius, self.label_centre + self.label_radius
        return np.asarray(np.clip(rows @ self.coef_ + self.intercept_, low, high))

    def predict(self, X: ArrayLike) -> Array:
        """As `answer`."""
        return self.answer(X)

    def _solved(self, sums: Array, count: int, features: int) -> tuple[Array, float]:
        """Coefficients of u and the constant, from noisy sums."""
        mean, target, shared, square = _parts(sums / count, features)
        values, turns = np.linalg.eigh(square - np.outer(mean, mean))
        least = self.noise_scale_ * math.sqrt(2 * features) / count
        values = np.maximum(values, least) + self.lam
        weights = turns @ ((turns.T @ (shared - mean * target)) / values)
        return weights, float(target - weights @ mean)

    def _check(self, features: int) -> None:
        require(exact(self.epsilon, "epsilon") > 0, must="be > 0", epsilon=self.epsilon)
        for name in ("lam", "label_radius", "label_centre"):
            value = getattr(self, name)
            real = isinstance(value, Real) and math.isfinite(float(value))
            require(real, must="be a finite number", **{name: value})
        require(self.lam >= 0, must="be >= 0", lam=self.lam)
        require(self.label_radius > 0, must="be > 0", label_radius=self.label_radius)
        centre, radius = self._scales(features)
        require(bool(np.isfinite(centre).all()), must="be finite", centre=self.centre)
        good = bool(np.isfinite(radius).all() and (radius > 0).all())
        require(good, must="be finite and > 0", radius=self.radius)

    def _scales(self, features: int) -> tuple[Array, Array]:
        found = []
        for name in ("centre", "radius"):
            value = np.asarray(getattr(self, name), dtype=np.float64)
            fits = value.shape in ((), (features,))
            must = f"be a number or one of each of {features} features"
            require(fits, must=must, **{name: value.shape})
            found.append(np.broadcast_to(value, (features,)))
        return found[0], found[1]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # the noise is for many records
        return tags


def moments(u: Array, t: Array) -> Array:
    """Sums of (u, t, u t, u u^T) over records, the matrix so that distances are kept.

    Args:
        u: shape (N, d).
        t: shape (N,).

    Returns:
        Shape (2 d + 1 + d (d + 1)/2,).
    """
    features = u.shape[1]
    above = np.triu_indices(features)
    square = (u.T @ u)[above] * np.where(above[0] == above[1], 1.0, math.sqrt(2))
    return np.concatenate([u.sum(axis=0), [t.sum()], u.T @ t, square])


def _size(features: int) -> int:
    return 2 * features + 1 + features * (features + 1) // 2


def _parts(sums: Array, features: int) -> tuple[Array, float, Array, Array]:
    """The moments as they were before they were one vector."""
    above = np.triu_indices(features)
    square = np.zeros((features, features))
    square[above] = sums[2 * features + 1 :] / np.where(above[0] == above[1], 1.0, math.sqrt(2))
    square += np.triu(square, 1).T
    return sums[:features], float(sums[features]), sums[features + 1 : 2 * features + 1], square
