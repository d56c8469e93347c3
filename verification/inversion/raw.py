"""A release of the record itself through noise: the best attack on it is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.learn.release import FreshNoise


class NoisyRecords:
    """Answers x + N(0, scale^2 I), fresh at each call.

    Args:
        scale: standard deviation, > 0.
        random_state: seed.
    """

    def __init__(self, *, scale: float, random_state: int) -> None:
        self.scale = scale
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> NoisyRecords:  # noqa: ARG002  # as of every estimator
        """Start the noise."""
        self.noise_ = FreshNoise(generator=np.random.default_rng(self.random_state))
        return self

    def answer(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """The records with noise, shape (N, p)."""
        found: NDArray[np.float64] = X + self.scale * self.noise_.normals(X, X.shape[1])
        return found
