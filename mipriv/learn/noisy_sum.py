"""A sum or a count with noise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.accounting import mechanisms
from mipriv.errors import require
from mipriv.game import Adjacency, adjacency
from mipriv.learn.noise import (
    Claim,
    Noise,
    Sensitivity,
    checked_noise,
    claim,
    exact_sampler,
    log_density,
    mechanism,
)
from mipriv.learn.records import checked_counts, checked_rows, histogram, to_float
from mipriv.rigor.decimals import exact, whole
from mipriv.roles import Histogram


@dataclass(frozen=True, kw_only=True)
class NoisySum:
    """Sum of the records' scores plus noise of a given law.

    A mean is this sum over a public n: the same release on another scale, the same leak.

    Privacy: one neighbour step moves the sum by at most `sensitivity`, and what a shift of the
    noise by that much tells is the claim of its law (`mipriv.learn.noise.claim`).  Gaussian,
    Laplace and Tulap noise assume ideal real arithmetic; the discrete laws, whose draws are exact,
    are the ones for a release.

    Attributes:
        scores: one exact number a value of a record; whole numbers where the noise is whole-valued.
            These are the public bounds: a record that is no value is refused.
        noise: a law of `mipriv.laws`; Tulap only where the sum moves by at most 1.
        adjacency: which pairs are neighbours.

    Source: Dwork, McSherry, Nissim, Smith 2006.

    >>> from mipriv.laws import DiscreteLaplace
    >>> NoisySum(scores=(0, 3), noise=DiscreteLaplace(epsilon="0.5")).guarantee().epsilon
    3/2
    """

    scores: tuple[fmpq, ...]
    noise: Noise
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        put = object.__setattr__
        scores = tuple(exact(score, "scores") for score in self.scores)
        require(len(scores) >= 1, must="have one number a value of a record", scores=scores)
        put(self, "scores", scores)
        put(self, "noise", checked_noise(self.noise))
        put(self, "adjacency", adjacency(self.adjacency))
        on_lattice = not self.noise.lattice or all(score.q == 1 for score in scores)
        require(on_lattice, must="be whole numbers for whole-valued noise", scores=scores)
        claim(self.noise, self._moved)  # noise that proves nothing here is refused at birth

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return len(self.scores)

    @property
    def sensitivity(self) -> fmpq:
        """Largest move of the sum by one neighbour step."""
        if self.adjacency is Adjacency.REPLACE_ONE:
            return max(self.scores) - min(self.scores)
        return max(abs(score) for score in self.scores)

    @property
    def _moved(self) -> Sensitivity:
        size = self.sensitivity
        return Sensitivity(l1=size, l2_squared=size * size, coordinates=1, adjacency=self.adjacency)

    @property
    def mechanism(
        self,
    ) -> mechanisms.GaussianMechanism | mechanisms.LaplaceMechanism | mechanisms.GeometricMechanism:
        """The same with its exact loss for k changed records, for the three laws that have one."""
        return mechanism(self.noise, self._moved)

    def guarantee(self) -> Claim:
        """The claim of the noise at this sensitivity."""
        return claim(self.noise, self._moved)

    def centre(self, counts: Histogram) -> fmpq:
        """The exact sum, without noise.

        Raises:
            ParameterError: not a histogram of this learner's records.
        """
        checked = checked_counts(counts, values=self.values)
        return sum((s * c for s, c in zip(self.scores, checked, strict=True)), fmpq(0))

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Outputs for many data sets; for experiments, not for release.

        Args:
            counts: histograms, shape (trials, values).
            rng: seeded generator.

        Returns:
            Shape (trials, 1).
        """
        rows = checked_rows(counts, values=self.values)
        sums = rows @ np.array([to_float(score) for score in self.scores])
        noisy: NDArray[np.float64] = sums + self.noise.sample((len(rows),), rng)
        return noisy[:, None]

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log density of each output for data with one histogram, up to a constant.

        Args:
            outputs: shape (trials, 1).
            counts: histogram.

        Returns:
            Shape (trials,).
        """
        return log_density(self.noise, np.asarray(outputs)[:, 0] - to_float(self.centre(counts)))

    def release(self, records: Iterable[int]) -> int:
        """The noisy sum of real records, drawn exactly from the operating system's randomness.

        Args:
            records: values 0..values-1; any other is refused.

        Raises:
            ParameterError: a record outside the values, or a continuous law.
        """
        draw = exact_sampler(self.noise)
        return int(self.centre(histogram(records, values=self.values)).p) + draw()


def noisy_count(
    *, value: int, symbols: int, noise: Noise, adjacency: Adjacency = Adjacency.REPLACE_ONE
) -> NoisySum:
    """The number of records of one value plus noise: a sum with scores 0 and 1.

    Args:
        value: the value counted, 0..symbols-1.
        symbols: values a record may have, >= 1.
        noise: a law of `mipriv.laws`.
        adjacency: which pairs are neighbours.
    """
    count = whole(symbols, "symbols", at_least=1)
    place = whole(value, "value", at_least=0)
    require(place < count, must=f"be one of 0..{count - 1}", value=value)
    scores = tuple(fmpq(int(other == place)) for other in range(count))
    return NoisySum(scores=scores, noise=noise, adjacency=adjacency)
