"""The numerical minima of linear MID: the deterministic gain, and the search with Taylor's estimate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mipriv.estimate.mixture import Taylor
from mipriv.learn.mid._shrinkage import deterministic_gain
from mipriv.learn.mid._taylor import Penalised

EPS = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize("ratio", [1e-3, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("lam", [0.0, 1e-3, 0.1, 0.2, 0.24, 0.3, 0.5, 2.0, 100.0])
def test_the_deterministic_gain_is_the_global_minimum(lam: float, ratio: float) -> None:
    def cost(t: Any) -> Any:
        return (1 - t) ** 2 + lam / 2 * np.log1p(t * t * ratio)

    gain = deterministic_gain(lam=lam, ratio=ratio)
    grid = np.append(np.linspace(0, 1.1, 20001), np.geomspace(1e-9, 1, 20001))
    assert 0 < gain <= 1
    # near a stationary point the cost is flat: the gain's rounding counts for nothing, the cost's
    # is a few units of its size
    assert cost(gain) <= cost(grid).min() + 16 * EPS * (1 + lam * math.log1p(ratio))


def test_the_deterministic_gain_jumps_between_minima() -> None:
    """With a narrow channel there are two; the better one changes at a price between these."""
    high, low = (deterministic_gain(lam=lam, ratio=1e4) for lam in (0.2, 0.3))
    assert high > 0.8
    assert low < 0.1


def problem(order: int, width: float = 0.5) -> Penalised:
    """Of one direction, whose law is skewed."""
    line = np.random.default_rng(5).gamma(1.0, size=120)
    basis = ((line - line.mean()) / line.std())[:, None]
    return Penalised(
        basis=basis, fitted=np.ones(1), taylor=Taylor(width=width, order=order), points=None
    )


@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize(("width", "lam"), [(0.5, 0.1), (0.5, 1.0), (0.1, 0.4), (0.1, 2.0)])
def test_the_search_finds_the_best_of_the_line(order: int, width: float, lam: float) -> None:
    """In one dimension all can be looked at."""
    posed = problem(order, width)
    found, iterations, converged = posed.minimise(lam=lam, max_iter=200)
    value, slope = posed.objective(found, lam)
    assert converged
    assert iterations > 0
    best = min(posed.objective(np.array([t]), lam)[0] for t in np.linspace(-1.5, 1.5, 151))
    # a minimum with a gradient of |slope| left, over a distance of at most 3
    assert abs(slope[0]) < 1e-4
    assert value <= best + 3 * abs(slope[0]) + 64 * EPS


def test_the_gradient_of_the_objective() -> None:
    """Central differences at two steps: the error falls by 4, and Richardson leaves a fourth order.

    The two differences differ by three quarters of the error of the larger step, h^2 f'''/6, so that
    this difference bounds the error of their extrapolation; roundoff is eps |f|/h.
    """
    rng = np.random.default_rng(6)
    basis = rng.gamma(1.0, size=(80, 3))
    posed = Penalised(
        basis=basis - basis.mean(axis=0),
        fitted=np.array([0.6, 0.0, 0.8]),
        taylor=Taylor(width=0.4),
        points=np.arange(0, 80, 3),
    )
    at, lam = np.array([0.5, 0.1, 0.4]), 0.7
    value, slope = posed.objective(at, lam)
    for axis in np.eye(3):
        coarse, fine = (
            (posed.objective(at + h * axis, lam)[0] - posed.objective(at - h * axis, lam)[0])
            / (2 * h)
            for h in (2e-4, 1e-4)
        )
        extrapolated = (4 * fine - coarse) / 3
        allowed = abs(fine - coarse) + 100 * EPS * (1 + abs(value)) / 1e-4
        assert allowed < 1e-5
        assert abs(axis @ slope - extrapolated) < allowed
