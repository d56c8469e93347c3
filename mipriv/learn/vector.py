"""What learners that release a vector of noisy sums share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.accounting import mechanisms
from mipriv.errors import require
from mipriv.learn.noise import (
    Claim,
    Noise,
    Sensitivity,
    claim,
    exact_sampler,
    log_density,
    mechanism,
)
from mipriv.learn.records import checked_counts, checked_rows, to_float
from mipriv.roles import Histogram


class NoisyVector(ABC):
    """A sum over records of a vector each, plus independent noise of one law on every coordinate.

    Privacy: one neighbour step moves the sum by at most `moved`; the claim is that of the noise.
    Everything else a learner computes from the noisy sums is post-processing.
    """

    noise: Noise

    @property
    @abstractmethod
    def vectors(self) -> tuple[tuple[fmpq, ...], ...]:
        """The vector that a record of each value adds."""

    @property
    @abstractmethod
    def moved(self) -> Sensitivity:
        """How far one neighbour step moves the sum, over all records within the public bounds."""

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return len(self.vectors)

    @property
    def mechanism(
        self,
    ) -> mechanisms.GaussianMechanism | mechanisms.LaplaceMechanism | mechanisms.GeometricMechanism:
        """The worst of its kind, with its exact loss for k changed records, where there is one."""
        return mechanism(self.noise, self.moved)

    def guarantee(self) -> Claim:
        """The claim of the noise at this sensitivity."""
        return claim(self.noise, self.moved)

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Noisy sums for many data sets; for experiments, not for release.

        Args:
            counts: histograms, shape (trials, values).
            rng: seeded generator.

        Returns:
            Shape (trials, coordinates).
        """
        sums = checked_rows(counts, values=self.values) @ self._array
        return sums + self.noise.sample(sums.shape, rng)

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log density of each output for data with one histogram, up to a constant.

        Args:
            outputs: shape (trials, coordinates).
            counts: histogram.

        Returns:
            Shape (trials,).
        """
        centre = np.array(checked_counts(counts, values=self.values)) @ self._array
        logs: NDArray[np.float64] = log_density(self.noise, outputs - centre).sum(axis=1)
        return logs

    @cached_property
    def _array(self) -> NDArray[np.float64]:
        return np.array([[to_float(entry) for entry in row] for row in self.vectors])

    def _noisy(self, sums: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whole sums plus exact draws, for a release."""
        draw = exact_sampler(self.noise)
        return np.array([int(total) + draw() for total in sums.tolist()], dtype=np.int64)

    def _require_proved(self) -> None:
        """Refuse noise that proves nothing here, and whole-valued noise on other numbers."""
        entries = (entry for row in self.vectors for entry in row)
        on_lattice = not self.noise.lattice or all(entry.q == 1 for entry in entries)
        rule = "be continuous unless every statistic is a whole number"
        require(on_lattice, must=rule, noise=type(self.noise).__name__)
        claim(self.noise, self.moved)
