"""DP-SGD on numbers, its last iterate alone released: a noisy walk on the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mipriv.accounting.sgd.training import Training
from mipriv.errors import require
from mipriv.learn.sgd.models import LinearLoss, MeanLoss
from mipriv.learn.sgd.transcript import Transcript
from mipriv.roles import Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LastIterate:
    """The last iterate of DP-SGD with one parameter, under the linear or the quadratic loss.

    Attributes:
        transcript: the training of which the last iterate is kept.
    """

    transcript: Transcript

    def __post_init__(self) -> None:
        model = self.transcript.learner.model
        require(
            isinstance(model, LinearLoss | MeanLoss) and model.features == 1,
            must="be LinearLoss or MeanLoss of one feature (a gradient affine but for clipping)",
            model=type(model).__name__,
        )

    def guarantee(self, *, group: int | None = None, tau: object = None) -> Training:
        """That of the whole transcript: the last iterate is a part of it."""
        return self.transcript.guarantee(group=group, tau=tau)

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.transcript.learner.steps

    @property
    def start(self) -> float:
        """Where the walk starts."""
        return float(self.transcript.learner.model.start(torch.Generator())[0])

    @property
    def _rate(self) -> float:
        learner = self.transcript.learner
        return learner.learning_rate * learner.clip / learner.batch

    @property
    def scale(self) -> float:
        """Standard deviation of a step's noise."""
        return self._rate * float(self.transcript.learner.noise_multiplier)

    @property
    def kinks(self) -> Sequence[float]:
        """Where a record's gradient reaches the clip norm."""
        learner = self.transcript.learner
        if isinstance(learner.model, LinearLoss):
            return ()
        values = [x[0] for x, _ in self.transcript.records]
        return sorted({v + side * learner.clip for v in values for side in (-1, 1)})

    @property
    def _most(self) -> int:
        learner = self.transcript.learner
        return learner.n if learner.batch_size is None else learner.batch_size

    @property
    def drift(self) -> float:
        """All of a batch pulling one way."""
        return self._rate * self._most

    @property
    def slope(self) -> float:
        """Of a mean in the iterate: 1 less what an unclipped batch contracts."""
        if isinstance(self.transcript.learner.model, LinearLoss):
            return 1.0
        return max(1.0, abs(1 - self._rate * self._most / self.transcript.learner.clip))

    def means(self, ways: NDArray[np.int64], places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where each way to draw a batch leads from each place; shape (ways, places)."""
        learner, records = self.transcript.learner, self.transcript.records
        theta = torch.from_numpy(places)[:, None]
        x = torch.tensor([[v[0]] for v, _ in records], dtype=torch.float64)
        y = torch.tensor([t for _, t in records], dtype=torch.float64)
        many = len(places)
        pulls = learner.gradients(theta, x.expand(many, -1, -1), y.expand(many, -1))
        pulled = torch.from_numpy(ways.astype(np.float64)) @ pulls[..., 0].T
        found: NDArray[np.float64] = (theta[:, 0] - self._rate * pulled).numpy()
        return found

    def batch_laws(
        self, histograms: Sequence[Histogram]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The ways to draw a batch that lead to different places, and their chances."""
        ways, chances = self.transcript.batch_laws(histograms)
        if not isinstance(self.transcript.learner.model, LinearLoss):
            return ways, chances
        here = np.array([self.start])
        _, kept, place = np.unique(self.means(ways, here), return_index=True, return_inverse=True)
        joined = np.zeros((len(kept), chances.shape[1]))
        np.add.at(joined, place.ravel(), chances)
        return ways[kept], joined

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Last iterates of models trained on these data sets, shape (trials, 1)."""
        sums = self.transcript.simulate(counts, rng).sum(axis=1, keepdims=True)
        last: NDArray[np.float64] = self.start - self._rate * sums
        return last
