"""Mutual-information regularisation of a Gaussian linear model: rate against excess error."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def mid_rate(k: Context, variance: Any, distortion: Any) -> Any:
    """Least I(X;Y^) in nats at excess mean squared error d, 0 < d <= v: log(v/d)/2.

    v is the variance of the exact prediction m = E[y|x]; the Gaussian rate-distortion function.
    """
    return k.log(variance / distortion) / 2


def noise_rate(k: Context, variance: Any, distortion: Any) -> Any:
    """I(X;Y^) in nats of m + N(0, d), additive noise that nobody rescales: log(1 + v/d)/2."""
    return k.log1p(variance / distortion) / 2


def mid_gain(k: Context, rate: Any) -> Any:
    """Factor c = 1 - e^(-2R) of the optimal release c m + N(0, c (1-c) v) at R nats."""
    return -k.expm1(-2 * rate)


def mid_distortion(k: Context, variance: Any, rate: Any) -> Any:
    """Excess mean squared error v e^(-2R) of the optimal release at R nats."""
    return variance * k.exp(-2 * rate)
