"""What learners with finitely many outcomes share: draws and likelihoods from their exact law."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from flint import ctx, fmpq
from numpy.typing import NDArray

from mipriv.learn.drawing import draw_exactly
from mipriv.learn.records import checked_counts, distinct, histogram
from mipriv.rigor.enclosure import ball
from mipriv.roles import Histogram, Number

_BITS = 128  # of the laws behind doubles: their rounding is then that of the double


class FiniteLearner(ABC):
    """A learner with outcomes 0..r-1 whose law is known exactly for every histogram."""

    @property
    @abstractmethod
    def values(self) -> int:
        """Number of values a record may have."""

    @property
    def size(self) -> int | None:
        """Records of a data set, where that number is a parameter; else None."""
        return None

    @abstractmethod
    def guarantee(self) -> Any:
        """The claim about one record that the learner satisfies."""

    @abstractmethod
    def _law(self, counts: Histogram) -> Sequence[Number]:
        """Masses of the outcomes for a checked histogram, at the current precision."""

    def probabilities(self, counts: Histogram) -> Sequence[Number]:
        """Exact masses of the outcomes for data with this histogram, at the current precision.

        Args:
            counts: how often each value occurs.

        Returns:
            Balls or rationals, one an outcome.

        Raises:
            ParameterError: not a histogram of this learner's records.
        """
        return self._law(checked_counts(counts, values=self.values, n=self.size))

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Outcomes for many data sets; for experiments, not for release.

        Args:
            counts: histograms, shape (trials, values).
            rng: seeded generator.

        Returns:
            Shape (trials, 1), each a whole number 0..r-1.
        """
        found, place = distinct(counts, values=self.values, n=self.size)
        laws = np.array([np.exp(self._logarithms(row)) for row in found])
        reached = np.cumsum(laws, axis=1)
        level = rng.random(len(place)) * reached[place, -1]
        # the first outcome whose cumulative mass is above the level: one of mass 0 never is
        above = reached[place] <= level[:, None]
        outcomes: NDArray[np.float64] = above.sum(axis=1).astype(np.float64)
        return outcomes[:, None]

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log mass of each outcome for data with one histogram; -inf where it is 0.

        Args:
            outputs: shape (trials, 1), whole numbers 0..r-1.
            counts: histogram.

        Returns:
            Shape (trials,).
        """
        checked = checked_counts(counts, values=self.values, n=self.size)
        logs = np.array(self._logarithms(checked))
        chosen: NDArray[np.float64] = logs[np.asarray(outputs)[:, 0].astype(np.int64)]
        return chosen

    def release(self, records: Iterable[int]) -> Any:
        """The outcome for real records, drawn exactly from the operating system's randomness.

        Args:
            records: values 0..values-1; any other is refused.

        Returns:
            An outcome 0..r-1.

        Raises:
            ParameterError: a record outside the values, or another number of records than n.
        """
        counts = histogram(records, values=self.values, n=self.size)
        return draw_exactly(lambda: self._law(counts))

    def _logarithms(self, counts: Histogram) -> list[float]:
        with ctx.workprec(_BITS):
            return [_log(mass) for mass in self._law(counts)]


def _log(mass: Number) -> float:
    # a mass that is 0 comes as an exact 0 or as a ball of roundings around it
    positive = mass > 0 if isinstance(mass, fmpq) else bool(ball(mass).mid() > 0)
    return float(ball(mass).mid().log()) if positive else -np.inf
