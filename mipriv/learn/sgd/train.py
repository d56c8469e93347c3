"""DP-SGD in PyTorch: per-record clipping by torch.func, hundreds of models at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from flint import fmpq
from torch import Tensor
from torch.func import grad, vmap

from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps, Sampling, Steps
from mipriv.accounting.sgd.training import Training
from mipriv.errors import require
from mipriv.learn.sgd.models import Model
from mipriv.rigor.decimals import exact, whole

_DTYPE = torch.float64
_ENTRIES = 1 << 24  # of per-record gradients held at once


@dataclass(frozen=True)
class Trajectories:
    """What DP-SGD releases, for many models.

    Attributes:
        sums: noisy sums of clipped gradients, in clip norms; shape (models, steps, parameters).
        iterates: shape (models, steps + 1, parameters), from the start on.
    """

    sums: Tensor
    iterates: Tensor


class Randomness(Protocol):
    """Where batches and noise come from."""

    def normal(self, *shape: int) -> Tensor:
        """Standard normal draws."""
        ...

    def uniform(self, *shape: int) -> Tensor:
        """Uniform draws from [0, 1)."""
        ...


class Seeded:
    """Draws from a seeded NumPy generator: reproducible, for experiments, not for release."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape: int) -> Tensor:
        return torch.from_numpy(self.rng.standard_normal(shape))

    def uniform(self, *shape: int) -> Tensor:
        return torch.from_numpy(self.rng.random(shape))


class System:
    """Draws from the operating system's secure source, by Box and Muller.

    Floating point is not the real line: the guarantee assumes ideal real arithmetic
    (Mironov 2012).
    """

    def uniform(self, *shape: int) -> Tensor:
        import os

        count = int(np.prod(shape, dtype=np.int64))
        bits = np.frombuffer(os.urandom(8 * count), dtype=np.uint64) >> np.uint64(11)
        return torch.from_numpy(bits.astype(np.float64) * 2.0**-53).reshape(shape)

    def normal(self, *shape: int) -> Tensor:
        radius = (-2 * torch.log1p(-self.uniform(*shape))).sqrt()
        return radius * torch.cos(2 * torch.pi * self.uniform(*shape))


@dataclass(frozen=True, kw_only=True)
class DPSGD:
    """Differentially private gradient descent: clip, sum over a batch, add noise, step.

    theta <- theta - learning_rate * (sum of clipped gradients + noise)/(expected batch size),
    the noise being N(0, (noise_multiplier clip)^2) on every coordinate.  n is public.

    Attributes:
        model: what is trained.
        n: records.
        noise_multiplier: of the noise on the sum, in clip norms, > 0.
        steps: >= 0.
        learning_rate: > 0.
        sampling_probability: of Poisson sampling, in (0, 1]; this or
        batch_size: records of a uniformly random batch, 1..n.
        clip: largest norm of a record's gradient, > 0.

    Source: Abadi et al. 2016.
    """

    model: Model
    n: int
    noise_multiplier: fmpq
    steps: int
    learning_rate: float
    sampling_probability: fmpq | None = None
    batch_size: int | None = None
    clip: float = 1.0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "n", whole(self.n, "n", at_least=1))
        put(self, "steps", whole(self.steps, "steps", at_least=0))
        put(self, "noise_multiplier", exact(self.noise_multiplier, "noise_multiplier"))
        for name in ("learning_rate", "clip"):
            put(self, name, float(exact(getattr(self, name), name)))
            require(getattr(self, name) > 0, must="be > 0", **{name: getattr(self, name)})
        require(
            (self.sampling_probability is None) != (self.batch_size is None),
            must="be given, or batch_size, not both",
            sampling_probability=self.sampling_probability,
        )
        if self.sampling_probability is not None:
            rate = exact(self.sampling_probability, "sampling_probability")
            require(0 < rate <= 1, must="lie in (0, 1]", sampling_probability=rate)
            put(self, "sampling_probability", rate)
        else:
            put(self, "batch_size", whole(self.batch_size, "batch_size", at_least=1))
        self.guarantee()  # refuses what the accounting refuses

    def guarantee(self, *, group: int | None = None, tau: object = None) -> Training:
        """The training whose loss bounds what every step released tells.

        Args:
            group: records that change, 0..n; None: all.
            tau: total variation between two populations, instead of a group.
        """
        run: Steps
        if self.sampling_probability is not None:
            run = PoissonSteps(
                noise_multiplier=self.noise_multiplier,
                sampling_probability=self.sampling_probability,
                steps=self.steps,
            )
        else:
            run = BatchSteps(
                noise_multiplier=self.noise_multiplier,
                batch_size=self.batch_size or 0,
                steps=self.steps,
                sampling=Sampling.FIXED,
            )
        return Training(runs=(run,), n=self.n, group=group, tau=tau)  # type: ignore[arg-type]  # checked there

    @property
    def batch(self) -> float:
        """Expected records of a batch."""
        if self.sampling_probability is None:
            return float(self.batch_size or 0)
        return float(self.sampling_probability * self.n)

    def gradients(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Clipped gradients in clip norms.

        Args:
            theta: shape (models, parameters).
            x: shape (models, records, features).
            y: shape (models, records).

        Returns:
            Shape (models, records, parameters), each of norm at most 1 but for rounding: a gradient
            that is not finite counts as 0, whatever the record, so that no record can be told by
            breaking the sum.
        """
        found = vmap(vmap(grad(self.model.loss), in_dims=(None, 0, 0)))(theta, x, y)
        finite = found.isfinite().all(dim=-1, keepdim=True)
        found = torch.where(finite, found, torch.zeros_like(found))
        # scaled before it is squared: the norm of a large gradient would overflow
        largest = found.abs().amax(dim=-1, keepdim=True).clamp_min(self.clip)
        scaled = found / largest
        norm = scaled.norm(dim=-1, keepdim=True)
        clipped: Tensor = scaled / torch.maximum(norm, self.clip / largest)
        return clipped

    def fit_many(
        self, x: Tensor, y: Tensor, *, randomness: Randomness, start: Tensor | None = None
    ) -> Trajectories:
        """Train one model on each of many data sets, all at once.

        Args:
            x: features, shape (models, n, features).
            y: targets, shape (models, n).
            randomness: of batches and noise.
            start: shape (parameters,) or (models, parameters); None: the model's own.

        Returns:
            Every release of every model.

        Raises:
            ParameterError: shapes that do not fit.
        """
        x, y = x.to(_DTYPE), y.to(_DTYPE)
        models = x.shape[0]
        require(x.ndim == 3 and x.shape[1] == self.n, must=f"be (models, {self.n}, p)", x=x.shape)
        require(tuple(y.shape) == (models, self.n), must=f"be (models, {self.n})", y=y.shape)
        if start is None:
            start = self.model.start(torch.Generator().manual_seed(0))
        theta = start.to(_DTYPE).expand(models, self.model.parameters).clone()
        sums = torch.empty(models, self.steps, self.model.parameters, dtype=_DTYPE)
        iterates = torch.empty(models, self.steps + 1, self.model.parameters, dtype=_DTYPE)
        iterates[:, 0] = theta
        for t in range(self.steps):
            joins = self._batches(models, randomness)
            noise = randomness.normal(models, self.model.parameters)
            total = self._sum(theta, x, y, joins) + float(self.noise_multiplier) * noise
            theta = self.after(theta, total)
            sums[:, t], iterates[:, t + 1] = total, theta
        return Trajectories(sums, iterates)

    def fit(self, x: Tensor, y: Tensor) -> Tensor:
        """Train one model for release, with the system's secure randomness.

        Args:
            x: shape (n, features).
            y: shape (n,).

        Returns:
            The last iterate, shape (parameters,).
        """
        found = self.fit_many(x.unsqueeze(0), y.unsqueeze(0), randomness=System())
        return found.iterates[0, -1]

    def after(self, theta: Tensor, total: Tensor) -> Tensor:
        """The iterate after a step with this noisy sum."""
        return theta - self.learning_rate * self.clip / self.batch * total

    def _batches(self, models: int, randomness: Randomness) -> Tensor:
        """Which records join, as 0 and 1; shape (models, n)."""
        draws = randomness.uniform(models, self.n)
        if self.sampling_probability is not None:
            return (draws < float(self.sampling_probability)).to(_DTYPE)
        chosen = draws.topk(self.batch_size or 0, dim=1).indices
        return torch.zeros_like(draws).scatter_(1, chosen, 1.0)

    def _sum(self, theta: Tensor, x: Tensor, y: Tensor, joins: Tensor) -> Tensor:
        """Sums of clipped gradients over the batches, in pieces that fit the memory.

        Gradients are taken of as many records as the largest batch holds, those that joined first.
        """
        most = max(1, int(joins.sum(1).max()))
        kept, place = joins.topk(most, dim=1)
        x = x.gather(1, place.unsqueeze(-1).expand(-1, -1, x.shape[2]))
        y = y.gather(1, place)
        piece = max(1, _ENTRIES // (most * self.model.parameters))
        parts = [
            (self.gradients(theta[i:j], x[i:j], y[i:j]) * kept[i:j].unsqueeze(-1)).sum(1)
            for i, j in _pieces(x.shape[0], piece)
        ]
        return torch.cat(parts)


def _pieces(total: int, size: int) -> list[tuple[int, int]]:
    return [(i, min(i + size, total)) for i in range(0, total, size)]
