"""Regularised logistic regression: the problem, and a solver whose stop is certified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from mipriv.errors import PrecisionError, require
from mipriv.learn.records import require_rows_within, to_float
from mipriv.rigor.decimals import exact, whole
from mipriv.roles import Histogram

Array = NDArray[np.float64]

CURVATURE = fmpq(1, 4)  # largest second derivative of log(1 + e^-z)
_STEPS = 200  # Newton steps; damped, then quadratic
_HALVINGS = 40


@dataclass(frozen=True, kw_only=True)
class LogisticProblem:
    """Minimise J(w) = (1/n) sum log(1 + e^(-y w.x)) + (regularisation/2) |w|^2 over w in R^d.

    Attributes:
        records: what each value of the finite set of records is, ((x_1, ..., x_d), y), y = +-1.
        n: records, public, >= 1; one replaced record is the neighbour step.
        regularisation: lambda, finite, > 0.
        norm_bound: R, finite, > 0; every |x| <= R.
        tolerance: of the solver, > 0: it stops at a w whose gradient is certified to be shorter.

    Numerics: the gradient is computed in doubles and its length is raised by a bound on its error,
    `_budget`, which takes the machine's exp to be within 4 ulp.
    """

    records: tuple[tuple[tuple[fmpq, ...], int], ...]
    n: int
    regularisation: fmpq
    norm_bound: fmpq = fmpq(1)
    tolerance: fmpq = fmpq(1, 10**9)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "n", whole(self.n, "n", at_least=1))
        for name in ("regularisation", "norm_bound", "tolerance"):
            value = exact(getattr(self, name), name)
            require(value > 0, must="be finite and > 0", **{name: value})
            put(self, name, value)
        records = tuple(_record(record) for record in self.records)
        sizes = {len(x) for x, _ in records}
        even = len(sizes) == 1 and min(sizes) >= 1
        require(even, must="be pairs of one number of features (>= 1) and y", records=sizes)
        for x, y in records:
            square = sum((entry * entry for entry in x), fmpq(0))
            inside = square <= self.norm_bound * self.norm_bound
            require(inside, must=f"have Euclidean norm <= {self.norm_bound}", record=(*x, y))
        put(self, "records", records)

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return len(self.records)

    @property
    def dimension(self) -> int:
        """Number of features."""
        return len(self.records[0][0])

    @property
    def miss(self) -> fmpq:
        """Largest distance of the solver's w from the minimiser: tolerance/lambda.

        J is lambda-strongly convex, so lambda |w - w*| <= |grad J(w)|.
        """
        return self.tolerance / self.regularisation

    @property
    def sensitivity(self) -> fmpq:
        """Largest Euclidean move of the solver's w when one record is replaced.

        The minimiser moves by at most 2 R/(n lambda): the gradients of the two objectives differ by
        the two records' shares, each shorter than R/n, and each objective is lambda-strongly
        convex.  The solver adds its miss on both sides.

        Source: Chaudhuri, Monteleoni, Sarwate 2011.
        """
        return 2 * self.norm_bound / (self.n * self.regularisation) + 2 * self.miss

    @cached_property
    def features(self) -> Array:
        """Rows x of the values of a record, shape (values, d)."""
        return np.array([[to_float(entry) for entry in x] for x, _ in self.records])

    @cached_property
    def labels(self) -> Array:
        """y of the values of a record, shape (values,)."""
        return np.array([float(y) for _, y in self.records])

    def solve(self, counts: Sequence[Histogram] | Array, linear: Array | None = None) -> Array:
        """Certified approximate minimisers of J(w) + linear.w/n for many data sets.

        Args:
            counts: histograms of n records, shape (trials, values).
            linear: shape (trials, d); None: 0.

        Returns:
            Shape (trials, d), each within `miss` of its minimiser.

        Raises:
            PrecisionError: the tolerance is not reached in doubles.
        """
        weights = np.asarray(counts, dtype=np.float64)
        return self._newton(self.features, self.labels, weights, linear)

    def solve_records(
        self, features: ArrayLike, labels: ArrayLike, linear: Array | None = None
    ) -> Array:
        """Certified approximate minimiser for n real records.

        Args:
            features: shape (n, d), every row of Euclidean norm at most `norm_bound`.
            labels: shape (n,), +-1.
            linear: shape (d,); None: 0.

        Raises:
            ParameterError: a record beyond the bound, another label, or not n records.
            PrecisionError: the tolerance is not reached in doubles.
        """
        rows = np.asarray(features, dtype=np.float64)
        signs = np.asarray(labels, dtype=np.float64)
        shape = rows.shape == (self.n, self.dimension) and signs.shape == (self.n,)
        require(shape, must=f"be {self.n} x {self.dimension} and {self.n}", features=rows.shape)
        require(bool((np.abs(signs) == 1).all()), must="be -1 or 1", labels="another")
        require_rows_within(rows, norm_bound=self.norm_bound)
        tilt = None if linear is None else linear[None, :]
        found: Array = self._newton(rows, signs, np.ones((1, self.n)), tilt)[0]
        return found

    def gradient_sum(self, w: Array, weights: Array) -> Array:
        """Sum over records of the loss's gradient at w, plus n lambda w.

        Args:
            w: shape (trials, d).
            weights: histogram, shape (values,), or one a trial.
        """
        return self.n * self._gradient(self.features, self.labels, weights, w)

    def hessian_sum(self, w: Array, weights: Array) -> Array:
        """Sum over records of the loss's Hessian at w, plus n lambda; shape (trials, d, d)."""
        return self.n * self._hessian(self.features, self.labels, weights, w)

    def _gradient(self, x: Array, y: Array, weights: Array, w: Array) -> Array:
        signed = x * y[:, None]
        push = weights * expit(-(w @ signed.T)) / self.n
        gradient: Array = to_float(self.regularisation) * w - push @ signed
        return gradient

    def _hessian(self, x: Array, y: Array, weights: Array, w: Array) -> Array:
        d = x.shape[1]
        margin = (w @ x.T) * y
        bend = weights * expit(margin) * expit(-margin) / self.n
        flat = bend @ (x[:, :, None] * x[:, None, :]).reshape(len(x), d * d)
        bends: Array = flat.reshape(len(w), d, d) + to_float(self.regularisation) * np.eye(d)
        return bends

    def _newton(self, x: Array, y: Array, weights: Array, linear: Array | None) -> Array:
        """Newton's method on all rows, halving a step until it shortens the gradient enough."""
        trials = len(weights)
        tilt = np.zeros((trials, x.shape[1])) if linear is None else linear / self.n
        w = np.zeros((trials, x.shape[1]))
        left = np.arange(trials)
        for _ in range(_STEPS):
            gradient = self._gradient(x, y, weights[left], w[left]) + tilt[left]
            lengths = np.linalg.norm(gradient, axis=1)
            budget = self._budget(len(x), x.shape[1], w[left], tilt[left])
            far = ~(lengths + budget <= to_float(self.tolerance) * (1 - 2.0**-50))
            if not far.any():
                return w
            left, gradient, lengths = left[far], gradient[far], lengths[far]
            hessian = self._hessian(x, y, weights[left], w[left])
            step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
            w[left] = self._shortened(x, y, weights[left], tilt[left], w[left], step, lengths)
        raise PrecisionError(f"tolerance={self.tolerance}: not reached in doubles")

    def _shortened(
        self,
        x: Array,
        y: Array,
        weights: Array,
        tilt: Array,
        w: Array,
        step: Array,
        lengths: Array,
    ) -> Array:
        """w - t step with t = 1, 1/2, 1/4, ... the first that shortens the gradient by t/4 of it."""
        share = np.ones((len(w), 1))
        for _ in range(_HALVINGS):
            trial = w - share * step
            gradient = self._gradient(x, y, weights, trial) + tilt
            short = np.linalg.norm(gradient, axis=1) <= (1 - share[:, 0] / 4) * lengths
            if short.all():
                break
            share[~short] /= 2
        return w - share * step

    def _budget(self, terms: int, d: int, w: Array, tilt: Array) -> Array:
        """Upper bound on the error of a computed gradient's length.

        With u = 2^-53: a margin errs by (d + 3) u R |w|, its expit by a quarter of that and 12 u of
        itself, a share of x by 3 u more, a sum of shares of total weight 1 by (terms + 1) u R; the
        last operations by u of each summand and 4 u (d + 1) of the length.  Twice the sum covers
        products of errors.
        """
        size = np.linalg.norm(w, axis=1)
        bound, decay = to_float(self.norm_bound), to_float(self.regularisation)
        shares = bound * ((d + 3) * bound * size / 4 + terms + 16)
        rest = (4 * d + 8) * (bound + decay * size + np.linalg.norm(tilt, axis=1))
        error: Array = 2.0**-52 * (shares + rest)
        return error


def _record(record: Sequence[Any]) -> tuple[tuple[fmpq, ...], int]:
    require(len(record) == 2, must="be a pair (features, y)", record=record)
    label = exact(record[1], "y")
    require(label in (1, -1), must="be -1 or 1", y=record[1])
    return tuple(exact(entry, "features") for entry in record[0]), int(label.p)
