"""Exact draws of discrete noise from uniform whole numbers; no real number is ever rounded.

Source: Canonne, Kamath and Steinke, NeurIPS 2020, arXiv 2004.00010, Algorithms 1, 2 and 3.  The
time taken depends on the draw; this code does not hide it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

from flint import fmpq

Below = Callable[[int], int]


def bernoulli(probability: fmpq, below: Below) -> bool:
    """True with a rational probability."""
    return below(int(probability.q)) < probability.p


def bernoulli_exp(rate: fmpq, below: Below) -> bool:
    """True with probability e^-rate, rate >= 0 (Algorithm 1): all its units succeed, and the rest."""
    units = int(rate.floor())
    return all(_part(fmpq(1), below) for _ in range(units)) and _part(rate - units, below)


def _part(rate: fmpq, below: Below) -> bool:
    """True with probability e^-rate, rate in [0, 1].

    Bernoulli(rate/k) first fails at an odd k with probability 1 - rate + rate^2/2! - ...
    """
    k = 1
    while bernoulli(rate / k, below):
        k += 1
    return k % 2 == 1


def discrete_laplace(epsilon: fmpq, below: Below) -> int:
    """k with probability proportional to e^(-epsilon |k|), epsilon > 0 (Algorithm 2)."""
    step, scale = int(epsilon.p), int(epsilon.q)
    while True:
        low = below(scale)
        if not bernoulli_exp(fmpq(low, scale), below):
            continue
        high = 0
        while _part(fmpq(1), below):
            high += 1
        size = (low + scale * high) // step  # >= k with probability e^(-epsilon k)
        negative = below(2) == 1
        if not (negative and size == 0):  # zero must not count twice
            return -size if negative else size


def discrete_gaussian(variance: fmpq, below: Below) -> int:
    """k with probability proportional to e^(-k^2/(2 variance)), variance > 0 (Algorithm 3)."""
    width = isqrt(int(variance.floor())) + 1
    while True:
        trial = discrete_laplace(fmpq(1, width), below)
        excess = abs(trial) - variance / width
        if bernoulli_exp(excess * excess / (2 * variance), below):
            return trial
