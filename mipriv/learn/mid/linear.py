"""Linear regression that pays for the mutual information of its answers and inputs."""

from __future__ import annotations

import math
import warnings
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.errors import require
from mipriv.estimate.mixture import Taylor, exact_information
from mipriv.estimate.reading import Reading
from mipriv.learn.mid._checks import (
    columns_named,
    moderate,
    nonnegative_number,
    positive_number,
)
from mipriv.learn.mid._parts import Parts, parts
from mipriv.learn.mid._shrinkage import deterministic_gain, noisy_gain
from mipriv.learn.mid._taylor import Penalised
from mipriv.learn.release import KINDS, release_noise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_ORDERS = {"gaussian": None, "taylor0": 0, "taylor2": 2}
_WIDTHS = (1e-6, 1e6)  # whose squares and reciprocals do no harm
_NARROWEST = 0.1  # width below which a record's own term rules the Taylor estimate


class MIDLinearRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Linear regression with least mean squared error + lam I(X; answer), in nats.

    The least-squares prediction m is split as mean + kept part + penalised part; without
    `sensitive` all of it is penalised.  v is the variance of the penalised part on the training
    records.

    `estimator="gaussian"` takes X to be Gaussian, and then the penalised part is only scaled:

    - noisy: gain c = 1 - lam/(2v) (0 if lam >= 2v) and noise of variance c (1 - c) v, the best
      release of all at its rate.  It is additive noise with optimal shrinkage, and better only than
      noise that nobody rescales; to an attacker who rescales the two are one channel.
    - deterministic: the gain minimises the squared error + (lam/2) log(1 + gain^2 v/width^2), the
      information if noise of that width were added.  None is: an attacker who rescales undoes it,
      and the information of the release itself is infinite.

    `"taylor0"` and `"taylor2"` minimise over all coefficients, with a Taylor estimate of
    I(X; m + N(0, width^2)) for X uniform on the training records; the noisy release adds just that
    noise, the deterministic one adds none and has the same failing.

    `sensitive` penalises only I(X_s; answer | X_K) of those columns given the others: the columns X_s
    enter through their residual on X_K, which is scaled, and answers are noised, for its variance
    v; from lam = 2v on (gaussian, noisy) it is zero: X_s is dropped.  What the answer tells of X_s
    through X_K is not penalised.  The Taylor estimate is then of I(r; r + N(0, width^2)) for the
    residual part r, which is never below I(X_s; answer | X_K) of the same law.

    Noise drawn per input is a fixed table to an attacker who asks about inputs of his choice; see
    `mipriv.learn.release.PerInputNoise` for what that means.

    Args:
        lam: weight of a nat of information in squared units of y, finite, >= 0.
        release: "noisy" or "deterministic".
        estimator: of the penalty: "gaussian", "taylor0" or "taylor2".
        sensitive: columns whose information is penalised: one or a list, as indices 0..p-1 or as
            names of a frame's columns; None: all.
        noise: "per-input" or "fresh" at each call.
        grid: cells of the per-input noise, in units of each feature's standard deviation, > 0.
        width: of the penalty's channel, in units of sqrt(v), in [1e-6, 1e6]; not used by the gaussian
            noisy release.  At least 0.1 for a Taylor estimate unless it leaves one out.
        batch_size: records at which a Taylor estimate is evaluated, >= 1; None: at all.  Drawn once
            in each fit.
        leave_one_out: whether a Taylor estimate leaves out each record's own term.
        max_iter: iterations of each search with a Taylor estimate, >= 1.
        random_state: seed of noise and batch; without it the noise is the operating system's.

    Attributes:
        coef_, intercept_: of the mean of the answer.
        gain_: of the penalised part: slope of its mean on its least-squares prediction.
        noise_variance_: of the answer, in squared units of y.
        width_: of the penalty's channel, in units of y; sqrt(noise_variance_) if that is optimised.
        information_: of I(X; answer), in nats.  An upper bound for X uniform on the training
            records where it is (1/2) log(1 + variance of the mean/noise), since a Gaussian has the
            largest entropy; computed by quadrature for a noisy Taylor release of all columns.  For
            the population of the records either is an estimate: its law is known from them only.
            Infinite without noise, as for every continuous X.
        penalised_information_: of what lam weighs: as `information_` where that is penalised; of
            I(X_s; answer | X_K) with `sensitive`; of the imagined channel where the release is
            deterministic; by Taylor where the penalty is.
        mean_squared_error_: of the answers on the training records, the noise averaged.
        noise_: the noise, with its secret `key` (`mipriv.learn.release.ReleaseNoise`).
        points_: of a Taylor estimate: the records at which it is evaluated; None if at all.
        n_iter_: iterations of the Taylor searches; 1 for a closed form.

    Source: Wang, Zhang, Jia 2021, arXiv 2009.05241 (the objective and its Taylor estimate;
        reconstructed, there is no code); the noisy closed form is the Gaussian rate-distortion
        function (Shannon 1959).

    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = MIDLinearRegression(lam=0.5, random_state=0).fit(X, 2 * X[:, 0])
    >>> model.gain_, model.noise_variance_  # v = 5
    (0.95, 0.2375)
    >>> round(model.information_.value, 4)  # log(2v/lam)/2
    1.4979
    """

    def __init__(
        self,
        *,
        lam: float = 0.01,
        release: str = "noisy",
        estimator: str = "gaussian",
        sensitive: Any = None,
        noise: str = "per-input",
        grid: float = 1e-3,
        width: float = 0.5,
        batch_size: int | None = 256,
        leave_one_out: bool = False,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.lam = lam
        self.release = release
        self.estimator = estimator
        self.sensitive = sensitive
        self.noise = noise
        self.grid = grid
        self.width = width
        self.batch_size = batch_size
        self.leave_one_out = leave_one_out
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> MIDLinearRegression:
        """Fit to records; two at least.

        Args:
            X: shape (N, p), at most 1e100 in size.
            y: shape (N,), at most 1e100 in size.

        Raises:
            ParameterError: a parameter outside its range.
            ValueError: X or y is not such an array.
        """
        rows: Any
        target: Any
        rows, target = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2
        )
        target = np.asarray(target, dtype=np.float64)
        for name, data in (("X", rows), ("y", target)):
            moderate(data, name)
        self._check()
        state = check_random_state(self.random_state)
        split = parts(rows, target, penalised=self._columns())
        self.width_ = self.width * math.sqrt(split.variance)
        self.n_iter_ = 1
        scaled = self.estimator == "gaussian"
        coordinates = self._scaled(split) if scaled else self._searched(split, state)
        self.coef_ = split.coefficients(coordinates)
        self.intercept_ = float(target.mean() - rows.mean(axis=0) @ self.coef_)
        miss = coordinates - split.fitted
        self.mean_squared_error_ = split.residual + float(miss @ miss) + self.noise_variance_
        self._read(split, coordinates)
        secret = None if self.random_state is None else state
        self.noise_ = release_noise(self.noise, X=rows, grid=self.grid, random_state=secret)
        return self

    def mean(self, X: ArrayLike) -> NDArray[np.float64]:
        """Answers without their noise, shape (N,): what an attacker with the key computes."""
        check_is_fitted(self)
        return self._mean(validate_data(self, X, reset=False, dtype=np.float64))

    def answer(self, X: ArrayLike) -> NDArray[np.float64]:
        """The release for each record, noise included where the release is noisy; shape (N,)."""
        check_is_fitted(self)
        rows: Any = validate_data(self, X, reset=False, dtype=np.float64)
        mean = self._mean(rows)
        if self.noise_variance_ == 0:
            return mean
        return mean + math.sqrt(self.noise_variance_) * self.noise_.normals(rows, 1)[:, 0]

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """As `answer`."""
        return self.answer(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.release == "noisy" and self.noise == "fresh"
        return tags

    def _mean(self, rows: Any) -> NDArray[np.float64]:
        return np.asarray(rows @ self.coef_ + self.intercept_, dtype=np.float64)

    def _check(self) -> None:
        """Refuse parameters outside their ranges."""
        nonnegative_number(self.lam, "lam")
        positive_number(self.grid, "grid")
        low, high = _WIDTHS
        within = low <= positive_number(self.width, "width") <= high
        require(within, must=f"lie in [{low}, {high}]", width=self.width)
        for name, known in (
            ("release", ("noisy", "deterministic")),
            ("estimator", tuple(_ORDERS)),
            ("noise", KINDS),
        ):
            value = getattr(self, name)
            require(value in known, must=f"be one of {', '.join(known)}", **{name: value})
        for name in ("batch_size", "max_iter"):
            value = getattr(self, name)
            counts = isinstance(value, Integral) and int(value) >= 1
            unlimited = name == "batch_size" and value is None
            require(counts or unlimited, must="be a whole number >= 1", **{name: value})
        fair = self.estimator == "gaussian" or self.leave_one_out or self.width >= _NARROWEST
        require(fair, must=f"be >= {_NARROWEST} unless leave_one_out", width=self.width)

    def _columns(self) -> list[int] | None:
        """The sensitive columns, checked; None: all are."""
        if self.sensitive is None:
            return None
        names = getattr(self, "feature_names_in_", ())
        found = columns_named(self.sensitive, "sensitive", width=self.n_features_in_, names=names)
        require(len(found) > 0, must="name a column, or be None", sensitive=self.sensitive)
        return list(found)

    def _scaled(self, split: Parts) -> NDArray[np.float64]:
        """Coordinates of the penalised part for Gaussian inputs; sets gain and noise."""
        v = split.variance
        self.noise_variance_ = 0.0
        if self.release == "noisy":
            self.gain_ = noisy_gain(lam=self.lam, variance=v)
            # c (1 - c) v, without the cancellation in 1 - c = lam/(2v)
            self.noise_variance_ = self.gain_ * self.lam / 2
            self.width_ = math.sqrt(self.noise_variance_)
        elif v == 0:
            self.gain_ = 0.0
        else:
            self.gain_ = deterministic_gain(lam=self.lam / v, ratio=1 / self.width**2)
        return self.gain_ * split.fitted

    def _searched(self, split: Parts, state: np.random.RandomState) -> NDArray[np.float64]:
        """Coordinates of the penalised part by the Taylor estimate; sets gain and noise."""
        count, scale = len(split.basis), math.sqrt(split.variance)
        self.noise_variance_ = self.width_**2 if self.release == "noisy" else 0.0
        self.points_ = None
        if self.batch_size is not None and self.batch_size < count:
            self.points_ = np.sort(state.choice(count, self.batch_size, replace=False))
        if scale == 0:
            self.gain_ = 0.0
            return split.fitted
        problem = Penalised(
            basis=split.basis,
            fitted=split.fitted / scale,
            taylor=self._taylor(self.width),
            points=self.points_,
        )
        lam = self.lam / split.variance
        found, iterations, converged = problem.minimise(lam=lam, max_iter=self.max_iter)
        if not converged:
            text = f"a search stopped after max_iter={self.max_iter} iterations"
            warnings.warn(text, ConvergenceWarning, stacklevel=3)
        self.n_iter_ = max(1, iterations)
        self.gain_ = float(found @ problem.fitted)
        return found * scale

    def _taylor(self, width: float) -> Taylor:
        order = _ORDERS[self.estimator]
        require(order is not None, must="be a Taylor estimate", estimator=self.estimator)
        return Taylor(width=width, order=order or 0, leave_one_out=self.leave_one_out)

    def _read(self, split: Parts, coordinates: NDArray[np.float64]) -> None:
        """Set the readings of the information."""
        penalised = float(coordinates @ coordinates)
        noise = self.noise_variance_
        searched = self.estimator != "gaussian"
        outputs = split.basis @ coordinates
        if searched and noise > 0 and self.sensitive is None:
            self.information_ = exact_information(outputs, width=math.sqrt(noise))
        else:
            self.information_ = _gaussian(split.kept_variance + penalised, noise)
        if searched and self.width_ > 0:
            taylor = self._taylor(self.width_)
            self.penalised_information_ = taylor.information(outputs, points=self.points_)
        else:
            imagined = self.release == "deterministic"
            reading = _gaussian(penalised, self.width_**2)
            self.penalised_information_ = _of_imagined_noise(reading) if imagined else reading


def _gaussian(signal: float, noise: float) -> Reading:
    """Upper bound (1/2) log(1 + signal/noise) for a signal of this variance in Gaussian noise."""
    if signal > 0 and noise == 0:
        return Reading.computed(math.inf, method="answer without noise, on a continuum", bound=True)
    value = math.log1p(signal / noise) / 2 if signal > 0 else 0.0
    method = (
        "largest for this variance of the mean, a Gaussian's; a bound for inputs drawn from the "
        "training records, an estimate for their population"
    )
    return Reading.computed(value, method=method, bound=True)


def _of_imagined_noise(reading: Reading) -> Reading:
    """The same where the release has no noise, which it therefore does not bound."""
    method = f"of an imagined channel, not of the release: {reading.method}"
    return Reading.computed(reading.value, method=method, bound=False)
