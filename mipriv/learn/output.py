"""Logistic regression with noise on its coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike, NDArray

from mipriv.errors import require
from mipriv.game import Adjacency
from mipriv.guarantee import ApproxDP
from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw
from mipriv.learn import noise as additive
from mipriv.learn.logistic import LogisticProblem
from mipriv.learn.records import checked_counts, distinct, to_float
from mipriv.learn.spherical import SphericalLaplace
from mipriv.rigor.decimals import exact
from mipriv.roles import Histogram

_MOST_UNITS = 2.0**40  # coefficients in units of the grid: then rint is off by <= 1/2 + 2^-12
_ROUNDING = 1 + fmpq(1, 1 << 10)

Noise = SphericalLaplace | GaussianLaw | DiscreteGaussian | DiscreteLaplace


@dataclass(frozen=True, kw_only=True)
class OutputPerturbedLogistic:
    """Coefficients of regularised logistic regression plus noise.

    Privacy (replace-one, n public): the solver's w moves by at most s = `problem.sensitivity` in
    Euclidean distance, its tolerance included.  Spherical Laplace noise of scale b then gives
    s/b-DP, Gaussian noise of deviation v (s/v)-GDP.  With discrete noise w is first rounded to the
    grid of step `unit`, which moves each coordinate by half a unit at most, so the whole-valued w
    moves by at most s/unit + sqrt(d) in L2 and sqrt(d) times that in L1; the noise is in units.
    Spherical and Gaussian noise assume ideal real arithmetic; a release uses discrete noise.

    Attributes:
        problem: what is minimised, and the public bounds.
        noise: SphericalLaplace, or GaussianLaw, DiscreteGaussian or DiscreteLaplace a coordinate.
        unit: step of the grid, > 0, for discrete noise alone.

    Source: Chaudhuri, Monteleoni, Sarwate 2011 (Algorithm 1), with the tolerance added.

    >>> problem = LogisticProblem(
    ...     records=(((1,), 1), ((1,), -1)), n=10, regularisation=1, tolerance="1e-9"
    ... )
    >>> noise = SphericalLaplace(scale=problem.sensitivity)
    >>> OutputPerturbedLogistic(problem=problem, noise=noise).guarantee().epsilon
    1
    """

    problem: LogisticProblem
    noise: Noise
    unit: fmpq | None = None

    def __post_init__(self) -> None:
        kinds = SphericalLaplace | GaussianLaw | DiscreteGaussian | DiscreteLaplace
        known = isinstance(self.noise, kinds)
        rule = "be SphericalLaplace, GaussianLaw, DiscreteGaussian or DiscreteLaplace"
        require(known, must=rule, noise=type(self.noise).__name__)
        rule = "be given for discrete noise and for it alone"
        require(self._discrete == (self.unit is not None), must=rule, unit=self.unit)
        if self.unit is not None:
            unit = exact(self.unit, "unit")
            require(unit > 0, must="be finite and > 0", unit=self.unit)
            object.__setattr__(self, "unit", unit)

    @property
    def _discrete(self) -> bool:
        return isinstance(self.noise, DiscreteGaussian | DiscreteLaplace)

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return self.problem.values

    @property
    def _moved(self) -> additive.Sensitivity:
        d, near = self.problem.dimension, Adjacency.REPLACE_ONE
        reach = self.problem.sensitivity
        if self.unit is None:
            square, total = reach * reach, reach * additive.root_above(fmpq(d))
        else:
            # squares and sums of whole moves are whole
            reach = reach / self.unit + additive.root_above(fmpq(d)) * _ROUNDING
            square = fmpq((reach * reach).floor())
            total = fmpq(additive.root_above(square * d).floor())
        return additive.Sensitivity(l1=total, l2_squared=square, coordinates=d, adjacency=near)

    def guarantee(self) -> additive.Claim:
        """The claim of the noise at the solver's sensitivity."""
        if isinstance(self.noise, SphericalLaplace):
            return ApproxDP(epsilon=self.problem.sensitivity / self.noise.scale)
        return additive.claim(self.noise, self._moved)

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Noisy coefficients for many data sets, in units of the grid where there is one.

        For experiments, not for release.

        Args:
            counts: histograms of n records, shape (trials, values).
            rng: seeded generator.

        Returns:
            Shape (trials, d).
        """
        found, place = distinct(counts, values=self.values, n=self.problem.n)
        centres = self._gridded(self.problem.solve(found))[place]
        if isinstance(self.noise, SphericalLaplace):
            return centres + self.noise.sample(len(centres), self.problem.dimension, rng)
        return centres + self.noise.sample(centres.shape, rng)

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log density of each output for data with one histogram, up to a constant.

        Args:
            outputs: shape (trials, d).
            counts: histogram of n records.

        Returns:
            Shape (trials,).
        """
        checked = checked_counts(counts, values=self.values, n=self.problem.n)
        gaps = outputs - self._gridded(self.problem.solve([checked]))
        if isinstance(self.noise, SphericalLaplace):
            return self.noise.log_density(gaps)
        logs: NDArray[np.float64] = additive.log_density(self.noise, gaps).sum(axis=1)
        return logs

    def release(self, features: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Noisy coefficients for real records: gridded, with exact draws of discrete noise.

        Args:
            features: shape (n, d), rows of Euclidean norm at most the problem's bound.
            labels: shape (n,), +-1.

        Returns:
            Shape (d,): whole multiples of `unit`.

        Raises:
            ParameterError: a record beyond the bound, or a continuous law.
        """
        rule = "be DiscreteLaplace or DiscreteGaussian for a release"
        require(self._discrete, must=rule, noise=type(self.noise).__name__)
        draw = additive.exact_sampler(additive.checked_noise(self.noise))
        gridded = self._gridded(self.problem.solve_records(features, labels)[None, :])[0]
        whole = np.array([int(entry) + draw() for entry in gridded.tolist()], dtype=np.float64)
        return whole * self._step

    @property
    def _step(self) -> float:
        return 1.0 if self.unit is None else to_float(self.unit)

    def _gridded(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.unit is None:
            return w
        units = w / self._step
        fine = bool((np.abs(units) < _MOST_UNITS).all())
        require(fine, must="leave the coefficients below 2^40 units", unit=self.unit)
        rounded: NDArray[np.float64] = np.rint(units)
        return rounded
