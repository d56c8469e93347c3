"""Updates of a network by clipped gradients, under Gaussian noise or none, with their account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from flint import arb, ctx, fmpq
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.accounting.sgd.training import Training
from mipriv.attack.updates import Probed
from mipriv.errors import require
from mipriv.learn.baselines._epsilon import checked_delta, training_epsilon
from mipriv.rigor.decimals import exact, unit, whole
from mipriv.rigor.intervals import outward

_BITS = 128
_AT_ONCE = 256  # updates held in memory at a time; the draws depend on it
Parameters = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """Gaussian steps on all records of an update, with their noise.

    Noise is of doubles, and what is said of it holds of ideal real numbers (Mironov 2012).

    Attributes:
        noise_multiplier: standard deviation of the noise on the sum of clipped gradients, in clip
            norms, >= 0; 0: clipping alone, which promises nothing.
        clip: largest norm of a record's gradient, > 0.
        delta: at which epsilon is given, in (0, 1).
    """

    noise_multiplier: fmpq
    clip: float = 1.0
    delta: fmpq = fmpq(1, 100_000)

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Privacy:
        """Read from a campaign's table of a learner.

        Raises:
            ParameterError: a number outside its range.
        """
        noise = exact(spec.get("noise_multiplier"), "noise_multiplier")
        require(noise > 0, must="be > 0", noise_multiplier=spec.get("noise_multiplier"))
        delta = checked_delta(spec.get("delta", "1e-5"))
        return cls(noise_multiplier=noise, clip=_clip(spec), delta=delta)

    @classmethod
    def clipped(cls, spec: Mapping[str, Any]) -> Privacy:
        """The same steps without noise, read from a campaign's table of a learner.

        Raises:
            ParameterError: a number outside its range.
        """
        return cls(noise_multiplier=fmpq(0), clip=_clip(spec))

    @property
    def noisy(self) -> bool:
        """Whether there is noise, and with it a guarantee."""
        return bool(self.noise_multiplier > 0)

    def epsilon(self, *, records: int, steps: int) -> float | None:
        """Of one replaced record of an update, at `delta`, certified from above; None without noise.

        Args:
            records: of the update, all of which are in every step.
            steps: >= 1.

        Raises:
            ParameterError: so little noise that epsilon is above 16,384.
        """
        if not self.noisy:
            return None
        run = PoissonSteps(
            noise_multiplier=self.noise_multiplier, sampling_probability=fmpq(1), steps=steps
        )
        found = training_epsilon(Training(runs=(run,), n=records), delta=self.delta)
        rule = "be larger: its epsilon is above 16,384"
        require(isfinite(found), must=rule, noise_multiplier=self.noise_multiplier)
        return found

    def success(self, *, base: fmpq, steps: int) -> float:
        """No guess at the label of a single record is right with a larger chance; rounded up.

        Given any record the steps are sqrt(steps)/z-GDP from those without a gradient, z the noise
        multiplier, and so is every mixture of such records.  A guess that falls on label k with
        chance q_k under no gradient does so with at most F(q_k) = Phi(Phi^-1(q_k) + sqrt(steps)/z)
        under label k.  F is concave: over labels of frequencies p_k, sum p_k F(q_k) <= F(sum p_k q_k),
        and that is at most F(max p).  Without noise this is 1.

        Args:
            base: largest frequency of a label, in (0, 1).
            steps: >= 1.

        Source: Dong, Roth, Su 2022 (Gaussian differential privacy, and its composition).
        """
        share = unit(base, "base")
        require(0 < share < 1, must="lie strictly between 0 and 1", base=base)
        if not self.noisy:
            return 1.0
        with ctx.workprec(_BITS):
            root = arb(2).sqrt()
            place = root * (2 * arb(share) - 1).erfinv()
            moved = place + arb(whole(steps, "steps", at_least=1)).sqrt() / self.noise_multiplier
            return min(outward((-moved / root).erfc() / 2).upper, 1.0)


def _clip(spec: Mapping[str, Any]) -> float:
    clip = exact(spec.get("clip", 1), "clip")
    require(clip > 0, must="be > 0", clip=spec.get("clip"))
    return int(clip.p) / int(clip.q)


@dataclass(frozen=True, kw_only=True)
class PrivateUpdates:
    """Updates of a torch module that answers without noise, many at once.

    Each takes `steps` steps: the sum of its records' gradients of cross-entropy, each clipped to
    `clip` in norm over all parameters, under noise, divided by the number of records.

    Attributes:
        module: called with records (b, p); gives outputs, or outputs first.
        privacy: clip and noise.
        learning_rate: > 0.
        steps: >= 1.
        seed: of the noise, >= 0.
    """

    module: Any
    privacy: Privacy
    learning_rate: float
    steps: int
    seed: int

    def probed(
        self, X: NDArray[Any], y: NDArray[Any], *, probes: NDArray[Any], queries: int = 1
    ) -> Probed:
        """Answers before and after each of N updates; args as of `LoopedUpdates.probed`."""
        import numpy as np

        start = {name: part.detach() for name, part in self.module.named_parameters()}
        dtype = next(iter(start.values())).dtype
        records, labels = torch.as_tensor(X, dtype=dtype), torch.as_tensor(y)
        asked = torch.as_tensor(probes, dtype=dtype)
        generator = torch.Generator().manual_seed(self.seed)
        parts = []
        with torch.no_grad():
            for first in range(0, len(records), _AT_ONCE):
                rows = slice(first, first + _AT_ONCE)
                noise = {
                    name: torch.randn(
                        (len(labels[rows]), self.steps, *part.shape),
                        generator=generator,
                        dtype=dtype,
                    )
                    for name, part in start.items()
                }

                def one(batch: Tensor, own: Tensor, draws: Parameters) -> Tensor:
                    return self._outputs(self._stepped(start, batch, own, draws), asked)

                parts.append(vmap(one)(records[rows], labels[rows], noise).softmax(dim=-1))
            before = self._outputs(start, asked).softmax(dim=-1)[None, None]
        after = torch.cat(parts)[:, None]
        found = [
            np.repeat(part.to(torch.float64).numpy(), queries, axis=1) for part in (before, after)
        ]
        return Probed(before=found[0], after=found[1])

    def _outputs(self, parameters: Parameters, x: Tensor) -> Tensor:
        found: Any = functional_call(self.module, parameters, (x,))
        outputs: Tensor = found[0] if isinstance(found, tuple) else found
        return outputs

    def _stepped(
        self, parameters: Parameters, x: Tensor, y: Tensor, draws: Parameters
    ) -> Parameters:
        def loss(own: Parameters, record: Tensor, label: Tensor) -> Tensor:
            return cross_entropy(self._outputs(own, record[None]), label[None])

        def clipped(own: Parameters, record: Tensor, label: Tensor) -> Parameters:
            slopes: Parameters = grad(loss)(own, record, label)
            squares = [part.square().sum() for part in slopes.values()]
            norm = torch.stack(squares).sum().sqrt()
            share = (self.privacy.clip / norm).clamp(max=1.0)
            # a gradient of norm 0 stays: its share is 1
            return {name: share * part for name, part in slopes.items()}

        z = self.privacy.noise_multiplier
        scale = self.privacy.clip * (int(z.p) / int(z.q))
        for step in range(self.steps):
            sums = vmap(clipped, in_dims=(None, 0, 0))(parameters, x, y)
            parameters = {
                name: part
                - self.learning_rate / len(y) * (sums[name].sum(dim=0) + scale * draws[name][step])
                for name, part in parameters.items()
            }
        return parameters
