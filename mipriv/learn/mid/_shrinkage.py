"""Linear MID for Gaussian inputs: how much of the least-squares prediction to release."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq


def noisy_gain(*, lam: float, variance: float) -> float:
    """Gain c of the best release c m + N(0, c (1 - c) v) of a prediction m of variance v.

    Minimises v e^(-2R) + lam R, the excess squared error and the rate R in nats: e^(-2R) is
    lam/(2v), or 1 from there on, and c = 1 - e^(-2R).

    Args:
        lam: >= 0.
        variance: v, >= 0.

    Source: rate-distortion function of a Gaussian (Shannon 1959); with noise added to c m it is
        additive noise followed by its optimal shrinkage.
    """
    return 1 - lam / (2 * variance) if lam < 2 * variance else 0.0


def deterministic_gain(*, lam: float, ratio: float) -> float:
    """Gain t in (0, 1] of least (1 - t)^2 + (lam/2) log(1 + t^2 ratio), the best of all minima.

    The derivative has the sign of lam t - 2 (1 - t) (1/ratio + t^2), a cubic with one or three roots
    in (0, 1]; between its own stationary points each is bracketed.

    Args:
        lam: weight of the information, in units of the prediction's variance, >= 0.
        ratio: variance of the prediction over that of the channel, > 0.
    """

    def slope(t: float) -> float:
        return lam * t - 2 * (1 - t) * (1 / ratio + t * t)

    def objective(t: float) -> float:
        return (1 - t) ** 2 + lam / 2 * math.log1p(t * t * ratio)

    # slope' = 6 t^2 - 4 t + 2/ratio + lam
    discriminant = 16 - 24 * (2 / ratio + lam)
    turns = (
        [(4 + sign * math.sqrt(discriminant)) / 12 for sign in (-1, 1)] if discriminant > 0 else []
    )
    ends = [0.0, *(t for t in turns if 0 < t < 1), 1.0]
    roots = []
    for low, high in pairwise(ends):
        if slope(low) < 0 <= slope(high):  # a minimum of the objective, not a maximum
            roots.append(float(brentq(slope, low, high, xtol=np.finfo(float).tiny, rtol=1e-15)))
    return min(roots, key=objective)
