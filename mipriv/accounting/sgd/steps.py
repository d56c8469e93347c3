"""What was run: noisy gradient steps on sampled records."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

from mipriv.errors import require
from mipriv.rigor.decimals import exact, unit, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonSteps:
    """Steps of DP-SGD with Poisson sampling: every record joins each batch with probability q.

    Attributes:
        noise_multiplier: standard deviation of the Gaussian noise on the **sum** of the clipped
            gradients, in clip norms; finite, > 0.
        sampling_probability: q, in [0, 1].
        steps: number of releases, >= 0.
    """

    noise_multiplier: fmpq
    sampling_probability: fmpq
    steps: int

    def __post_init__(self) -> None:
        sigma = exact(self.noise_multiplier, "noise_multiplier")
        require(sigma > 0, must="be finite and > 0", noise_multiplier=self.noise_multiplier)
        object.__setattr__(self, "noise_multiplier", sigma)
        rate = unit(self.sampling_probability, "sampling_probability")
        object.__setattr__(self, "sampling_probability", rate)
        object.__setattr__(self, "steps", whole(self.steps, "steps", at_least=0))
