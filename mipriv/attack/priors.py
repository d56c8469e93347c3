"""What attackers of a network know of its inputs: a generator of them from normal codes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from mipriv.errors import require
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray


@runtime_checkable
class Prior(Protocol):
    """A generator: x = G(z), z ~ N(0, I).

    Attributes:
        dimension: coordinates of z.
        reach: size of a coordinate of z beyond which the realism says nothing; infinite where it
            falls fast enough by itself.
    """

    @property
    def dimension(self) -> int: ...
    @property
    def reach(self) -> float: ...

    def generate(self, codes: Tensor) -> Tensor:
        """G(z) of each row, differentiable; (N, dimension) -> (N, pixels), doubles."""
        ...

    def realism(self, codes: Tensor) -> Tensor:
        """How like a record G(z) is, D(G(z)) of Zhang et al. 2020; differentiable, shape (N,)."""
        ...


class Recipe(Protocol):
    """How to make a prior from public records."""

    def fit(self, records: Any) -> Prior:
        """The prior of records of shape (N, pixels)."""
        ...


def prior_of(prior: Prior | Recipe, records: Any) -> Prior:
    """The prior itself, or what its recipe makes of public records."""
    if isinstance(prior, Prior):
        return prior
    require(hasattr(prior, "fit"), must="generate records or have fit", prior=prior)
    return prior.fit(checked_records(records))


def checked_records(records: Any) -> NDArray[np.float64]:
    """Public records: finite doubles of shape (N, pixels), N >= 2."""
    rows = np.asarray(records, dtype=np.float64)
    fits = rows.ndim == 2 and len(rows) >= 2 and rows.shape[1] >= 1 and np.isfinite(rows).all()
    require(bool(fits), must="be finite, shape (N >= 2, pixels)", records=rows.shape)
    return rows


@dataclass(frozen=True, eq=False)
class LinearPrior:
    """Normal records: G(z) = mean + W z, realism the log density of z up to its constant.

    With the mean and the covariance W W' of the population it is the perfect prior of a normal
    population.

    Attributes:
        mean: shape (pixels,), finite.
        weights: W, shape (pixels, dimension), finite.
    """

    mean: NDArray[np.float64]
    weights: NDArray[np.float64]
    _tensors: tuple[Tensor, Tensor] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        mean, weights = (np.array(v, dtype=np.float64) for v in (self.mean, self.weights))
        fits = mean.ndim == 1 and weights.ndim == 2 and weights.shape[:1] == mean.shape
        require(fits and weights.size > 0, must="have a row a pixel", weights=weights.shape)
        finite = np.isfinite(mean).all() and np.isfinite(weights).all()
        require(bool(finite), must="be finite", weights="not all finite")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "_tensors", (torch.tensor(mean), torch.tensor(weights).T))

    @property
    def dimension(self) -> int:
        """Coordinates of z."""
        return int(self.weights.shape[1])

    @property
    def reach(self) -> float:
        """Infinite: the realism is a log density."""
        return math.inf

    def generate(self, codes: Tensor) -> Tensor:
        """mean + W z of each row."""
        mean, turned = self._tensors
        found: Tensor = torch.addmm(mean, codes, turned)
        return found

    def realism(self, codes: Tensor) -> Tensor:
        """-|z|^2/2, shape (N,)."""
        return log_normal(codes)

    @classmethod
    def of_moments(cls, mean: Any, covariance: Any, *, rank: int | None = None) -> LinearPrior:
        """The prior of a mean and a covariance, along its leading axes.

        Args:
            mean: shape (pixels,).
            covariance: symmetric and positive semidefinite; what rounding leaves below 0 is cut.
            rank: axes, from 1 to pixels; None: all of them.
        """
        table = np.asarray(covariance, dtype=np.float64)
        size = len(table)
        require(table.shape == (size, size), must="be square", covariance=table.shape)
        kept = size if rank is None else whole(rank, "rank", at_least=1)
        require(kept <= size, must=f"be at most {size}", rank=rank)
        variances, axes = np.linalg.eigh(table)
        leading = np.sqrt(np.maximum(variances[::-1][:kept], 0))
        return cls(np.asarray(mean, dtype=np.float64), axes[:, ::-1][:, :kept] * leading)


@dataclass(frozen=True, kw_only=True)
class PrincipalComponents:
    """Recipe: the normal law of public records along their leading principal axes.

    Attributes:
        rank: axes, >= 1; None: all.
    """

    rank: int | None = None

    def fit(self, records: Any) -> LinearPrior:
        """The prior of records of shape (N, pixels), N >= 2."""
        rows = checked_records(records)
        apart = rows - rows.mean(axis=0)
        covariance = apart.T @ apart / len(rows)
        return LinearPrior.of_moments(rows.mean(axis=0), covariance, rank=self.rank)


def log_normal(codes: Tensor) -> Tensor:
    """Log density of N(0, I) up to its constant, -|z|^2/2 of each row."""
    return -codes.square().sum(dim=1) / 2
