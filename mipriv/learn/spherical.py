"""Noise of a random direction and a length that falls off exponentially."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.errors import require
from mipriv.learn.records import to_float
from mipriv.rigor.decimals import exact


@dataclass(frozen=True, kw_only=True)
class SphericalLaplace:
    """Noise in R^d of density proportional to e^(-|b|/scale), |b| the Euclidean length.

    Two shifts of it by vectors at Euclidean distance s have log ratio at most s/scale (triangle
    inequality), attained on a ray.  The length is Gamma(d, scale), the direction uniform.  Draws
    are doubles: its claim assumes ideal real arithmetic.

    Attributes:
        scale: finite, > 0.

    Source: Chaudhuri, Monteleoni, Sarwate 2011.
    """

    scale: fmpq

    def __post_init__(self) -> None:
        value = exact(self.scale, "scale")
        require(value > 0, must="be finite and > 0", scale=self.scale)
        object.__setattr__(self, "scale", value)

    def sample(self, trials: int, dimension: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draws of shape (trials, dimension), in doubles."""
        normal = rng.standard_normal((trials, dimension))
        direction: NDArray[np.float64] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
        length = rng.gamma(dimension, to_float(self.scale), size=(trials, 1))
        drawn: NDArray[np.float64] = direction * length
        return drawn

    def log_density(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """-|b|/scale of every row, the log density up to a constant."""
        lengths: NDArray[np.float64] = np.linalg.norm(rows, axis=1)
        return -lengths / to_float(self.scale)
