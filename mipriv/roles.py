"""What a learner must offer for an attacker to be optimal against it: Protocols, no code.

A learner on records of a finite set 0..m-1 sees of its data only the histogram: how often each
value occurs.  Every learner here treats records alike, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from flint import arb, fmpq

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Histogram = tuple[int, ...]
Number = arb | fmpq


@runtime_checkable
class Law(Protocol):
    """Law of real noise.

    Attributes:
        lattice: whether the noise is whole-valued; `density` is then the mass.
        log_concave: whether the density (or mass) is; shifts of it have rising likelihood ratios.
    """

    @property
    def lattice(self) -> bool: ...

    @property
    def log_concave(self) -> bool: ...

    def cdf(self, x: Number) -> arb:
        """Pr[noise <= x], a ball at the current precision."""
        ...

    def density(self, x: Number) -> arb:
        """Density (mass, for a lattice law) at x, a ball that holds all its values on a ball x."""
        ...

    def rises(self, shift: fmpq) -> bool:
        """Whether density(x - shift)/density(x) is proved to rise with x, for a shift >= 0."""
        ...

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        """Draws for experiments, from a seeded generator: reproducible, not for release."""
        ...


class Learner(Protocol):
    """A learner with a claim about one record."""

    def guarantee(self) -> Any:
        """The claim of `mipriv.guarantee` (or the training of `mipriv.accounting`) it satisfies."""
        ...


@runtime_checkable
class FiniteOutput(Learner, Protocol):
    """A learner with outcomes 0..r-1, whose law is known exactly.

    Any learner may have `scores`, one exact number a value of a record: a promise that it depends
    on the data through the sum of the records' scores alone, which attackers use.
    """

    def probabilities(self, counts: Histogram) -> Sequence[Number]:
        """Masses of the outcomes for data with this histogram, at the current precision."""
        ...


@runtime_checkable
class OnTheLine(Learner, Protocol):
    """A learner that releases one number of the data plus noise that does not depend on it.

    Attributes:
        noise: its law.
    """

    @property
    def noise(self) -> Law: ...

    def centre(self, counts: Histogram) -> fmpq:
        """The number without noise; whole where the noise is."""
        ...


@runtime_checkable
class Simulated(Learner, Protocol):
    """A learner that can be run many times at once, with its likelihood in floating point."""

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Outputs for data sets given by their histograms.

        Args:
            counts: shape (trials, m).
            rng: seeded generator.

        Returns:
            Shape (trials, d).
        """
        ...

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log density of each output for data with one histogram, up to a term common to all.

        Args:
            outputs: shape (trials, d).
            counts: histogram.

        Returns:
            Shape (trials,).
        """
        ...


@runtime_checkable
class ManyLikelihoods(Simulated, Protocol):
    """A learner whose likelihoods of several histograms share their work."""

    def log_likelihoods(
        self, outputs: NDArray[np.float64], histograms: Sequence[Histogram]
    ) -> NDArray[np.float64]:
        """As `log_likelihood` of each histogram; shape (trials, histograms)."""
        ...


@runtime_checkable
class Answering(Protocol):
    """A fitted model that can be asked: what an attacker of the inversion game sees of it.

    A plain scikit-learn model answers through `predict_proba` or `predict`; see
    `mipriv.learn.baselines.answers_of`.
    """

    def answer(self, X: Any) -> NDArray[np.float64]:
        """The protected release for each record.

        Args:
            X: records, shape (N, p).

        Returns:
            Shape (N,) for a regression, (N, classes) for a classifier.  Where the release is noisy
            it depends on the model's own noise: fixed for each input, or fresh at each call.
        """
        ...
