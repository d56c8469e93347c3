"""A generator of records learned from public ones against a critic: a Wasserstein GAN."""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mipriv.attack.priors import checked_records
from mipriv.descent import Adam
from mipriv.errors import ParameterError, require
from mipriv.rigor.decimals import exact, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

Place: TypeAlias = "str | os.PathLike[str]"

_SLOPE = 0.2  # of a rectifier below 0
_DECAYS = (0.5, 0.9)  # of Adam's averages, as Gulrajani et al. have them up to the first
_LINES = 20  # of progress and of checkpoints, at most


@dataclass(frozen=True, eq=False)
class Layers:
    """Affine layers with leaky rectifiers between them.

    Attributes:
        weights: matrices (inputs, outputs).
        shifts: vectors (outputs,).
    """

    weights: tuple[Tensor, ...]
    shifts: tuple[Tensor, ...]

    def __call__(self, rows: Tensor) -> Tensor:
        """(N, inputs) -> (N, outputs)."""
        found = rows
        for place, (weights, shift) in enumerate(zip(self.weights, self.shifts, strict=True)):
            found = found if place == 0 else functional.leaky_relu(found, _SLOPE)
            found = torch.addmm(shift, found, weights)
        return found

    def slopes(self, rows: Tensor) -> Tensor:
        """Gradient of the sum of the outputs in each row, differentiable in weights; (N, inputs).

        Between kinks the layers are affine, and so the gradient depends on the rows through the
        signs alone: no second derivative of the rectifiers is lost.
        """
        signs, found = [], rows
        with torch.no_grad():
            for weights, shift in zip(self.weights[:-1], self.shifts[:-1], strict=True):
                found = torch.addmm(shift, found, weights)
                signs.append(torch.where(found > 0, 1.0, _SLOPE).to(found.dtype))
                found = found * signs[-1]
        back = self.weights[-1].sum(dim=1).expand(len(rows), -1)
        for weights, sign in zip(reversed(self.weights[:-1]), reversed(signs), strict=True):
            back = (back * sign) @ weights.T
        return back

    @property
    def tensors(self) -> list[Tensor]:
        """All that is trained."""
        return [*self.weights, *self.shifts]

    @classmethod
    def drawn(cls, widths: tuple[int, ...], generator: torch.Generator) -> Layers:
        """Normal weights of variance 2/inputs, shifts 0 (He et al. 2015)."""
        weights = [
            torch.randn(low, high, generator=generator)
            .mul_(math.sqrt(2 / low))
            .requires_grad_(True)
            for low, high in pairwise(widths)
        ]
        shifts = [torch.zeros(high, requires_grad=True) for high in widths[1:]]
        return cls(tuple(weights), tuple(shifts))

    def fixed(self) -> Layers:
        """The same in doubles, without gradients."""
        return Layers(
            *(
                tuple(tensor.detach().double() for tensor in part)
                for part in (self.weights, self.shifts)
            )
        )


@dataclass(frozen=True, eq=False)
class GanPrior:
    """A trained generator and its critic.

    Attributes:
        generator: from codes to records in units of their spread.
        critic: from those to a score, the higher the more like a record.
        centre, scale: of the public records' coordinates.
        distances: the critic's estimate of the Wasserstein distance after each step of the
            generator, in those units.
        reach: size of a coordinate of z up to which both have been trained well enough; beyond it
            the critic's score may rise without bound.
    """

    generator: Layers
    critic: Layers
    centre: Tensor
    scale: Tensor
    distances: NDArray[np.float64]
    reach: float

    @property
    def dimension(self) -> int:
        """Coordinates of a code."""
        return int(self.generator.weights[0].shape[0])

    def generate(self, codes: Tensor) -> Tensor:
        """G(z) of each row, in the units of the records."""
        return self.centre + self.scale * self.generator(codes)

    def realism(self, codes: Tensor) -> Tensor:
        """D(G(z)), shape (N,)."""
        return self.critic(self.generator(codes))[:, 0]


@dataclass(frozen=True, kw_only=True)
class WassersteinGan:
    """Recipe: a generator G and a critic D with D's slope held at 1 by a penalty.

    D is trained for least E D(G(z)) - E D(x) + penalty E (|grad D(u)| - 1)^2, u uniform between a
    record and a generated one, and G for largest E D(G(z)).  Records are centred and divided by
    their standard deviation, coordinate by coordinate.  The training depends on the seed alone (and,
    in rounding, on threads and versions), and leaves torch's own generator as it was.

    Attributes:
        latent: coordinates of z, >= 1.
        hidden: widths of the layers between, of both networks.
        iterations: steps of the generator, >= 1.
        critic_steps: of the critic to one of the generator, >= 1.
        batch_size: >= 1.
        learning_rate: of Adam, > 0.
        penalty: > 0.
        reach: of codes in an attack, > 0: a coordinate of z lies beyond 2 in 4.6 % of the draws
            that were trained on.
        seed: whole number >= 0.
        checkpoint: file of the state, replaced in one move about twenty times; if it exists the
            training goes on from it and ends as if it had not been interrupted; None: none.
        verbose: whether to report on stderr.

    Source: Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville 2017; on public classes as the prior of
        an inversion Zhang, Jia, Pei, Wang, Li, Song 2020.
    """

    latent: int = 8
    hidden: tuple[int, ...] = (64, 64)
    iterations: int = 1000
    critic_steps: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-3
    penalty: float = 10.0
    reach: float = 2.0
    seed: int = 0
    checkpoint: Place | None = field(default=None, compare=False)
    verbose: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("latent", "iterations", "critic_steps", "batch_size"):
            object.__setattr__(self, name, whole(getattr(self, name), name, at_least=1))
        widths = tuple(whole(width, "hidden", at_least=1) for width in self.hidden)
        object.__setattr__(self, "hidden", widths)
        object.__setattr__(self, "seed", whole(self.seed, "seed", at_least=0))
        for name in ("learning_rate", "penalty", "reach"):
            value = getattr(self, name)
            require(exact(value, name) > 0, must="be finite and > 0", **{name: value})

    def fit(self, records: Any) -> GanPrior:
        """Train on public records.

        Args:
            records: shape (N, pixels), N >= 2, finite.

        Raises:
            ParameterError: records of another shape; a training that diverges; a checkpoint of
                other records or parameters.
        """
        rows = checked_records(records)
        centre = rows.mean(axis=0)
        # the standard deviation of equal numbers is often not 0 but roundoff
        constant = rows.min(axis=0) == rows.max(axis=0)
        scale = np.where(constant, 1.0, rows.std(axis=0))
        training = _Training(self, torch.tensor((rows - centre) / scale, dtype=torch.float32))
        identity = self._identity(rows)
        if self.checkpoint is not None and Path(self.checkpoint).exists():
            training.resume(self.checkpoint, identity)
        every = math.ceil(self.iterations / _LINES)
        while len(training.distances) < self.iterations:
            training.step()
            done = len(training.distances)
            if done % every == 0 or done == self.iterations:
                self._report(done, training.distances[-1])
                if self.checkpoint is not None:
                    training.keep(self.checkpoint, identity)
        finite = all(bool(t.isfinite().all()) for t in training.tensors())
        require(finite, must="be smaller: the training diverged", learning_rate=self.learning_rate)
        return GanPrior(
            training.generator.fixed(),
            training.critic.fixed(),
            torch.tensor(centre),
            torch.tensor(scale),
            np.array(training.distances),
            float(self.reach),
        )

    def _identity(self, rows: NDArray[np.float64]) -> str:
        """Of records and parameters; more iterations may be asked of a training that was kept."""
        values = asdict(self)
        for name in ("checkpoint", "verbose", "iterations", "reach"):
            del values[name]
        found = hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=16)
        found.update(str(rows.shape).encode() + np.ascontiguousarray(rows).tobytes())
        return found.hexdigest()

    def _report(self, done: int, distance: float) -> None:
        if self.verbose:
            sys.stderr.write(f"step {done}/{self.iterations}: distance {distance:.4g}\n")
            sys.stderr.flush()


class _Training:
    """Two networks under training, on standardised records."""

    def __init__(self, plan: WassersteinGan, rows: Tensor) -> None:
        self.plan, self.rows = plan, rows
        self.random = torch.Generator().manual_seed(plan.seed)
        pixels = rows.shape[1]
        self.generator = Layers.drawn((plan.latent, *plan.hidden, pixels), self.random)
        self.critic = Layers.drawn((pixels, *plan.hidden, 1), self.random)
        self.optimisers = tuple(
            Adam(layers.tensors, decays=_DECAYS) for layers in (self.generator, self.critic)
        )
        self.distances: list[float] = []

    def step(self) -> None:
        """Some steps of the critic, and one of the generator."""
        for _ in range(self.plan.critic_steps):
            distance = self._judge()
        made = self.generator(self._codes())
        gradients = torch.autograd.grad(-self.critic(made).mean(), self.generator.tensors)
        self.optimisers[0].step(gradients, self.plan.learning_rate)
        self.distances.append(distance)

    def _judge(self) -> float:
        """One step of the critic; returns its estimate of the distance before it."""
        size = self.plan.batch_size
        chosen = torch.randint(len(self.rows), (size,), generator=self.random)
        with torch.no_grad():
            made = self.generator(self._codes())
        real = self.rows[chosen]
        between = torch.rand(size, 1, generator=self.random)
        slopes = self.critic.slopes(torch.lerp(real, made, between))
        # a norm of exactly 0 has no gradient
        lengths = (slopes.square().sum(dim=1) + 1e-12).sqrt()
        scores = self.critic(torch.cat([real, made]))
        distance = scores[:size].mean() - scores[size:].mean()
        loss = self.plan.penalty * (lengths - 1).square().mean() - distance
        gradients = torch.autograd.grad(loss, self.critic.tensors)
        self.optimisers[1].step(gradients, self.plan.learning_rate)
        return float(distance.detach())

    def _codes(self) -> Tensor:
        return torch.randn(self.plan.batch_size, self.plan.latent, generator=self.random)

    def tensors(self) -> list[Tensor]:
        """All state but the generator of random numbers and the steps taken."""
        kept = [*self.generator.tensors, *self.critic.tensors]
        for optimiser in self.optimisers:
            kept += [*optimiser.means, *optimiser.squares]
        return kept

    def keep(self, place: Place, identity: str) -> None:
        """Write the state; at every moment the path holds a whole file."""
        arrays = {f"t{i}": tensor.detach().numpy() for i, tensor in enumerate(self.tensors())}
        target = Path(place)
        handle, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    identity=np.array(identity),
                    distances=np.array(self.distances),
                    random=self.random.get_state().numpy(),
                    **arrays,  # type: ignore[arg-type]  # numpy's stubs read them as allow_pickle
                )
            Path(partial).replace(target)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise

    def resume(self, place: Place, identity: str) -> None:
        """Go on from what `keep` wrote."""
        try:
            with Path(place).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                fits = str(kept["identity"]) == identity
                arrays = {name: kept[name] for name in kept.files} if fits else {}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            raise ParameterError(f"{Path(place).name}: must be a whole checkpoint") from None
        require(fits, must="be of these records and parameters", checkpoint=Path(place).name)
        require(
            len(arrays["distances"]) <= self.plan.iterations,
            must="be no less than those done",
            iterations=self.plan.iterations,
        )
        with torch.no_grad():
            for i, tensor in enumerate(self.tensors()):
                tensor.copy_(torch.tensor(arrays[f"t{i}"]))
        self.random.set_state(torch.tensor(arrays["random"]))
        self.distances = arrays["distances"].tolist()
        self.optimisers[0].taken = len(self.distances)
        self.optimisers[1].taken = len(self.distances) * self.plan.critic_steps
