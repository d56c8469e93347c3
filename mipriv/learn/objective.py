"""Logistic regression with noise in what is minimised."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import ArrayLike, NDArray

from mipriv.errors import require
from mipriv.guarantee import ApproxDP
from mipriv.learn.logistic import CURVATURE, LogisticProblem
from mipriv.learn.records import checked_counts, checked_rows
from mipriv.learn.spherical import SphericalLaplace
from mipriv.rigor.decimals import exact, nonnegative
from mipriv.roles import Histogram

_BITS = 128


@dataclass(frozen=True, kw_only=True)
class ObjectivePerturbedLogistic:
    """Minimiser of J(w) + b.w/n, J the regularised logistic loss, b spherical Laplace noise.

    Privacy (replace-one, n public): w is the minimiser for exactly one b, namely
    b(w) = -(sum of the losses' gradients at w + n lambda w), whose Jacobian is -H(w), H the sum of
    the losses' Hessians + n lambda.  The density of w is thus that of the noise at b(w), times
    det H(w).  A replaced record moves b(w) by less than 2 R, which costs 2 R/scale.  With A what
    the two Hessians share, a record of curvature t and features x has det H = det A (1 + t x.A^-1 x),
    with t <= 1/4 and A >= n lambda, so the determinants' ratio is at most 1 + R^2/(4 n lambda):

        epsilon = 2 R/scale + log(1 + R^2/(4 n lambda)).

    Solver: `release` runs the solver to its tolerance and adds spherical Laplace noise of scale
    `2 miss/solver_epsilon` to w.  Given the true minimiser the solver's w lies within `miss` of it
    under either data set, so this costs `solver_epsilon` by composition; `guarantee` is the sum and
    so holds both for the release and for the minimiser itself, which is what `simulate` and
    `log_likelihood` are of (to the solver's rounding).  Both noises assume ideal real arithmetic; a
    release that needs none has output perturbation with discrete noise.

    Attributes:
        problem: what is minimised, and the public bounds.
        noise: of b.
        solver_epsilon: nats spent on the solver's tolerance, finite, > 0.

    Source: Chaudhuri, Monteleoni, Sarwate 2011 (Algorithm 2), whose determinant bound is the square
    of this one; approximate minima: Iyengar, Near, Song, Thakkar, Thakurta, Wang 2019.

    >>> problem = LogisticProblem(records=(((1,), 1), ((1,), -1)), n=100, regularisation="0.1")
    >>> learner = ObjectivePerturbedLogistic(problem=problem, noise=SphericalLaplace(scale=4))
    >>> f"{float(learner.guarantee().epsilon):.6f}"
    '0.525693'
    """

    problem: LogisticProblem
    noise: SphericalLaplace
    solver_epsilon: fmpq = fmpq(1, 1000)

    def __post_init__(self) -> None:
        known = isinstance(self.noise, SphericalLaplace)
        require(known, must="be SphericalLaplace", noise=type(self.noise).__name__)
        budget = nonnegative(self.solver_epsilon, "solver_epsilon")
        require(budget > 0, must="be > 0: no solver is exact", solver_epsilon=budget)
        object.__setattr__(self, "solver_epsilon", budget)

    @classmethod
    def for_epsilon(
        cls, *, epsilon: object, problem: LogisticProblem, solver_epsilon: object = fmpq(1, 1000)
    ) -> ObjectivePerturbedLogistic:
        """The learner whose claim is epsilon, rounded up by less than 2^-50 of it.

        Args:
            epsilon: nats, more than the determinant and the solver cost.
            problem: what is minimised.
            solver_epsilon: nats spent on the solver's tolerance.

        Raises:
            ParameterError: epsilon leaves nothing for the noise: n lambda is too small.
        """
        budget = exact(epsilon, "epsilon")
        rest = budget - exact(solver_epsilon, "solver_epsilon") - _determinant_cost(problem)
        rule = "exceed solver_epsilon + log(1 + R^2/(4 n lambda)): raise the regularisation"
        require(rest > 0, must=rule, epsilon=epsilon)
        return cls(
            problem=problem,
            noise=SphericalLaplace(scale=2 * problem.norm_bound / rest),
            solver_epsilon=exact(solver_epsilon, "solver_epsilon"),
        )

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return self.problem.values

    def guarantee(self) -> ApproxDP:
        """(epsilon, 0)-DP, rounded up: noise, determinant and solver together."""
        moved = 2 * self.problem.norm_bound / self.noise.scale
        return ApproxDP(epsilon=moved + _determinant_cost(self.problem) + self.solver_epsilon)

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Minimisers for many data sets; for experiments, not for release.

        Args:
            counts: histograms of n records, shape (trials, values).
            rng: seeded generator.

        Returns:
            Shape (trials, d).
        """
        rows = checked_rows(counts, values=self.values)
        right = bool((rows.sum(axis=1) == self.problem.n).all())
        require(right, must=f"sum to n = {self.problem.n}", counts="another sum")
        tilt = self.noise.sample(len(rows), self.problem.dimension, rng)
        return self.problem.solve(rows.astype(np.float64), tilt)

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log density of each minimiser for data with one histogram, up to a constant.

        Args:
            outputs: shape (trials, d).
            counts: histogram of n records.

        Returns:
            Shape (trials,).
        """
        checked = checked_counts(counts, values=self.values, n=self.problem.n)
        weights, w = np.array(checked, dtype=np.float64), np.asarray(outputs)
        tilt = -self.problem.gradient_sum(w, weights)
        bend: NDArray[np.float64] = np.linalg.slogdet(self.problem.hessian_sum(w, weights))[1]
        return self.noise.log_density(tilt) + bend

    def release(self, features: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Coefficients for real records, with noise seeded by the operating system, in doubles.

        Args:
            features: shape (n, d), rows of Euclidean norm at most the problem's bound.
            labels: shape (n,), +-1.

        Returns:
            Shape (d,).

        Raises:
            ParameterError: a record beyond the bound.
            PrecisionError: the solver's tolerance is not reached in doubles.
        """
        d, rng = self.problem.dimension, np.random.default_rng(secrets.randbits(256))
        tilt = self.noise.sample(1, d, rng)[0]
        cover = SphericalLaplace(scale=2 * self.problem.miss / self.solver_epsilon)
        found = self.problem.solve_records(features, labels, tilt)
        covered: NDArray[np.float64] = found + cover.sample(1, d, rng)[0]
        return covered


def _determinant_cost(problem: LogisticProblem) -> fmpq:
    """log(1 + R^2/(4 n lambda)), rounded up."""
    share = CURVATURE * problem.norm_bound**2 / (problem.n * problem.regularisation)
    scale = 1 << 64
    with ctx.workprec(_BITS):
        return fmpq((arb(share).log1p().upper().fmpq() * scale).ceil(), scale)
