"""DP-SGD on records of a finite set, with the exact likelihood of all it releases."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from flint import fmpq
from torch import Tensor

from mipriv.accounting.sgd.training import Training
from mipriv.errors import require
from mipriv.learn.sgd.train import DPSGD, Seeded
from mipriv.rigor.binomial import pmf
from mipriv.roles import Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ENTRIES = 1 << 22  # densities held at once
_TRIALS = 1 << 15  # models trained at once
Record = tuple[tuple[float, ...], float]


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """DP-SGD whose records take finitely many values; every step is released.

    The sum of a batch is a mixture of normals, one for each way to draw the batch from the
    histogram; given the iterate its law is exact, so the transcript's likelihood is a product.

    Attributes:
        learner: what is trained.
        records: features and target of every value 0..m-1.
    """

    learner: DPSGD
    records: tuple[Record, ...]

    def __post_init__(self) -> None:
        require(len(self.records) > 0, must="hold at least one value", records="")
        object.__setattr__(self, "records", tuple((tuple(x), float(y)) for x, y in self.records))

    def guarantee(self, *, group: int | None = None, tau: object = None) -> Training:
        """As for the learner."""
        return self.learner.guarantee(group=group, tau=tau)

    @cached_property
    def _features(self) -> Tensor:
        return torch.tensor([x for x, _ in self.records], dtype=torch.float64)

    @cached_property
    def _targets(self) -> Tensor:
        return torch.tensor([y for _, y in self.records], dtype=torch.float64)

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Train a model on each data set.

        Args:
            counts: histograms, shape (trials, m), each of sum n.
            rng: seeds the batches and the noise.

        Returns:
            The noisy sums in order, shape (trials, steps * parameters).
        """
        total = counts.sum(axis=1)
        require(bool((total == self.learner.n).all()), must=f"sum to n={self.learner.n}", counts="")
        outputs = np.empty((len(counts), self.learner.steps * self.learner.model.parameters))
        for i in range(0, len(counts), _TRIALS):
            rows = counts[i : i + _TRIALS]
            values = np.repeat(np.tile(np.arange(rows.shape[1]), len(rows)), rows.ravel())
            chosen = torch.from_numpy(values.reshape(len(rows), self.learner.n))
            found = self.learner.fit_many(
                self._features[chosen],
                self._targets[chosen],
                randomness=Seeded(int(rng.integers(2**62))),
            )
            outputs[i : i + _TRIALS] = found.sums.reshape(len(rows), -1).numpy()
        return outputs

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log density of each transcript for one histogram, up to a common term.

        Args:
            outputs: shape (trials, steps * parameters).
            counts: histogram.

        Returns:
            Shape (trials,).
        """
        return self.log_likelihoods(outputs, [counts])[:, 0]

    def log_likelihoods(
        self, outputs: NDArray[np.float64], histograms: Sequence[Histogram]
    ) -> NDArray[np.float64]:
        """Log density of each transcript for several histograms, up to a common term.

        Args:
            outputs: shape (trials, steps * parameters).
            histograms: h of them.

        Returns:
            Shape (trials, h); -inf where a histogram is beyond what floating point can tell.
        """
        draws, weights = self.batch_laws(histograms)
        mixing = torch.from_numpy(weights)
        ways = torch.from_numpy(draws.astype(np.float64))
        size = max(1, _ENTRIES // max(len(draws), 1))
        sums = torch.from_numpy(outputs).reshape(len(outputs), self.learner.steps, -1)
        parts = [
            self._piece(sums[i : i + size], ways, mixing) for i in range(0, len(outputs), size)
        ]
        return torch.cat(parts).numpy()

    def _piece(self, sums: Tensor, ways: Tensor, mixing: Tensor) -> Tensor:
        trials = len(sums)
        theta = self.learner.model.start(torch.Generator().manual_seed(0))
        theta = theta.to(torch.float64).expand(trials, -1)
        x = self._features.expand(trials, -1, -1)
        y = self._targets.expand(trials, -1)
        found = torch.zeros(trials, mixing.shape[1], dtype=torch.float64)
        scale = -0.5 / float(self.learner.noise_multiplier) ** 2
        constant = self.learner.model.constant_gradient
        means: Tensor | None = None
        for t in range(sums.shape[1]):
            if means is None or not constant:
                pulls = self.learner.gradients(theta, x, y)
                if constant:  # one mean for all, and fewer of them
                    means, mixing = _merged(ways @ pulls[0], mixing)
                else:
                    means = torch.einsum("am,tmd->tad", ways, pulls)
            apart = (sums[:, t, None, :] - means).square().sum(-1) * scale
            peak = apart.max(1, keepdim=True).values
            found += ((apart - peak).exp_() @ mixing).log_() + peak
            theta = self.learner.after(theta, sums[:, t])
        return found

    def batch_laws(
        self, histograms: Sequence[Histogram]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """How many records of every value a batch holds.

        Args:
            histograms: h of them.

        Returns:
            The ways, shape (ways, m), and the chance of each under every histogram, (ways, h).
        """
        places: dict[Histogram, int] = {}
        entries: list[tuple[int, int, float]] = []
        for column, counts in enumerate(histograms):
            for way, chance in self._ways(counts):
                place = places.setdefault(way, len(places))
                entries.append((place, column, chance))
        weights = np.zeros((len(places), len(histograms)))
        for place, column, chance in entries:
            weights[place, column] = chance
        return np.array(list(places), dtype=np.int64), weights

    def _ways(self, counts: Histogram) -> list[tuple[Histogram, float]]:
        """Batches drawn from one histogram, with their chances."""
        if self.learner.sampling_probability is not None:
            laws = [_drawn(c, self.learner.sampling_probability) for c in counts]
            return [
                (tuple(j for j, _ in parts), math.prod(p for _, p in parts))
                for parts in itertools.product(*laws)
            ]
        size = self.learner.batch_size or 0
        total = math.comb(sum(counts), size)
        return [
            (way, math.prod(math.comb(c, j) for c, j in zip(counts, way, strict=True)) / total)
            for way in itertools.product(*(range(min(c, size) + 1) for c in counts))
            if sum(way) == size
        ]


def _merged(means: Tensor, mixing: Tensor) -> tuple[Tensor, Tensor]:
    """Equal means joined: shapes (1, means, d) and (means, h)."""
    kept, place = torch.unique(means, dim=0, return_inverse=True)
    joined = torch.zeros(len(kept), mixing.shape[1], dtype=mixing.dtype)
    return kept.unsqueeze(0), joined.index_add_(0, place, mixing)


def _drawn(count: int, q: fmpq) -> list[tuple[int, float]]:
    """How many of so many records join a Poisson batch, with their chances."""
    if q == 1:
        return [(count, 1.0)]
    return [(j, float(pmf(count, j, q))) for j in range(count + 1)]
