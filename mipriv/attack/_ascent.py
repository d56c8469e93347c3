"""Gradient ascent from many starts at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mipriv.descent import Adam

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Objective = Callable[[Tensor], Tensor]

_DECAYS = (0.9, 0.999)


def ascended(
    objective: Objective,
    start: Tensor,
    *,
    steps: int,
    learning_rate: float,
    polish: int,
    reach: float = math.inf,
) -> tuple[Tensor, Tensor]:
    """The best point that each start reaches, and its value, a lower bound on the maximum.

    Adam with a step that falls to 0 along a cosine, and then L-BFGS on the sum over rows, which for
    smooth objectives ends at a stationary point.

    Args:
        objective: (N, k) -> (N,), each row's value a function of that row alone.
        start: shape (N, k), doubles.
        steps: of Adam, >= 0.
        learning_rate: its first step, > 0.
        polish: iterations of L-BFGS, >= 0.
        reach: largest size of a coordinate, > 0; starts beyond it begin on the edge.

    Returns:
        Points (N, k) and values (N,).  A value that is not a number counts as -infinity, and so
        does the best of no values.
    """
    start = start.clamp(-reach, reach)
    kept = _Best(start)
    point = start.detach().clone().requires_grad_(True)
    adam = Adam([point], decays=_DECAYS)
    for step in range(steps):
        values = objective(point)
        (gradient,) = torch.autograd.grad(-values.sum(), point)
        kept.see(point.detach(), values.detach())
        adam.step([gradient], learning_rate * (1 + math.cos(math.pi * step / steps)) / 2)
        with torch.no_grad():
            point.clamp_(-reach, reach)
    with torch.no_grad():
        kept.see(point.detach(), objective(point))
    if polish:
        polished = _polished(objective, kept.points, polish, reach)
        with torch.no_grad():
            kept.see(polished, objective(polished))
    return kept.points, kept.values


class _Best:
    """The best point of each row so far."""

    def __init__(self, start: Tensor) -> None:
        self.points = start.detach().clone()
        self.values = torch.full((len(start),), -math.inf, dtype=start.dtype)

    def see(self, points: Tensor, values: Tensor) -> None:
        better = values > self.values  # never of a value that is not a number
        self.values = torch.where(better, values, self.values)
        self.points = torch.where(better[:, None], points, self.points)


def _polished(objective: Objective, start: Tensor, iterations: int, reach: float) -> Tensor:
    from scipy.optimize import minimize

    shape = start.shape

    def negated(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        point = torch.tensor(flat).reshape(shape).requires_grad_(True)
        values = objective(point)
        (gradient,) = torch.autograd.grad(-values.sum(), point)
        # a row without a number must not end the ascent of the others
        total = -values.detach().nan_to_num(0, 0, 0).sum()
        return float(total), gradient.nan_to_num(0, 0, 0).reshape(-1).numpy()

    options = {"maxiter": iterations, "ftol": 0.0, "gtol": 1e-10}
    bounds = None if math.isinf(reach) else [(-reach, reach)] * start.numel()
    found = minimize(
        negated,
        start.reshape(-1).numpy(),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options=options,
    )
    return torch.tensor(found.x).reshape(shape)
