"""What was run: noisy gradient steps on sampled records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flint import fmpq

from mipriv.errors import require
from mipriv.rigor.decimals import exact, unit, whole


class Sampling(StrEnum):
    """How the records of a batch are chosen."""

    POISSON = "poisson"  # every record joins with probability q, on its own
    FIXED = "fixed"  # uniformly random batches of distinct records
    ANY = "any"  # any order that does not depend on the data


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
        object.__setattr__(self, "noise_multiplier", _noise(self.noise_multiplier))
        rate = unit(self.sampling_probability, "sampling_probability")
        object.__setattr__(self, "sampling_probability", rate)
        object.__setattr__(self, "steps", whole(self.steps, "steps", at_least=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSteps:
    """Steps of DP-SGD on batches of a fixed number of distinct records.

    Attributes:
        noise_multiplier: as for `PoissonSteps`.
        batch_size: records in a batch, >= 1.
        steps: number of releases, >= 0.
        sampling: `fixed` or `any`.
    """

    noise_multiplier: fmpq
    batch_size: int
    steps: int
    sampling: Sampling = Sampling.FIXED

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise_multiplier", _noise(self.noise_multiplier))
        object.__setattr__(self, "batch_size", whole(self.batch_size, "batch_size", at_least=1))
        object.__setattr__(self, "steps", whole(self.steps, "steps", at_least=0))
        names = (Sampling.FIXED.value, Sampling.ANY.value)
        require(
            self.sampling in names, must=f"be one of {', '.join(names)}", sampling=self.sampling
        )
        object.__setattr__(self, "sampling", Sampling(self.sampling))


Steps = PoissonSteps | BatchSteps


def _noise(value: object) -> fmpq:
    sigma = exact(value, "noise_multiplier")
    require(sigma > 0, must="be finite and > 0", noise_multiplier=value)
    return sigma
