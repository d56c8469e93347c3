"""What the answers of a wrapped model say of a record, from its answers to the training records."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.estimate.gaussian import channel_information
from mipriv.estimate.reading import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Answers = NDArray[np.float64]

# A bound is a dozen operations on sums of positive terms; what it takes to cover their roundoff is far
# below this.
_ROUNDING = 2.0**-40
# A variance, and the eigenvalues of a covariance of at most some hundred columns, are right to within
# this share of the largest: a small eigenvalue beside a large one may be roundoff alone.
_SPREAD = 2.0**-44


def infinite() -> Reading:
    """Of an answer without noise that may take any value: infinite for every continuous record."""
    method = "an answer without noise, on a continuum"
    return Reading.computed(math.inf, method=method, bound=True)


def nothing() -> Reading:
    """Of an answer that is always the same."""
    return Reading.computed(0.0, method="the answer does not depend on the record", bound=True)


def log_above(count: int) -> float:
    """log of a count >= 1, rounded up: exactly 0 for 1."""
    # a logarithm is right to within one unit in the last place
    return math.nextafter(math.log(count), math.inf) if count > 1 else 0.0


def discrete(answers: Answers, *, possible: float) -> Reading:
    """Of an answer without noise that takes finitely many values: its entropy.

    Args:
        answers: to the training records, shape (N,) or (N, K).
        possible: log of the number of different answers the model can give to anything; inf if
            there is no limit to it.

    Returns:
        `value` is the plug-in entropy: the information for X uniform on the training records (if the
        model inside is not random; else more), and below that of the population on average.
        `upper` is `possible`, and holds for every law of X; `lower` is 0.
    """
    _, counts = np.unique(answers.reshape(len(answers), -1), axis=0, return_counts=True)
    shares = counts / counts.sum()
    entropy = max(0.0, -math.fsum(shares * np.log(shares)))
    method = "entropy of the answers to the training records; at most the log of how many there are"
    # log K of equal shares may be rounded above log K
    value = min(entropy, possible)
    return Reading(
        value=value, lower=0.0, upper=possible, confidence=1.0, method=method, bound=True
    )


def additive(answers: Answers, *, scale: float, law: str) -> Reading:
    """Upper bound on the information of answers plus independent noise on every coordinate.

    X is uniform on the training records.  Of all laws of one covariance the Gaussian has the largest
    entropy, and of all of one mean size (Laplace noise b: E|Y - median| <= E|m - median| + b) the
    Laplace law has; the smaller bound counts.  For the population of the records it is an estimate,
    since the covariance is known from them only.

    Args:
        answers: without the noise, shape (N,) or (N, K).
        scale: standard deviation of Gaussian noise, or b of Laplace noise of density
            e^(-|x|/b)/(2b); > 0.
        law: "gaussian" or "laplace".

    Source: Cover, Thomas 2006, theorem 8.6.5 and chapter 12 (maximum entropy).
    """
    if law == "gaussian" and answers.ndim == 1:
        variance = float(answers.var()) * (1 + _SPREAD)
        return channel_information(gain=1, variance=variance, noise_variance=scale * scale)
    columns = answers.reshape(len(answers), -1)
    spread = np.atleast_2d(np.cov(columns, rowvar=False, bias=True))
    noise = scale * scale if law == "gaussian" else 2 * scale * scale
    roots = np.maximum(np.linalg.eigvalsh(spread), 0.0)  # roundoff may leave one below 0
    roots += _SPREAD * float(np.trace(spread))
    nats = math.fsum(np.log1p(roots / noise)) / 2
    if law == "laplace":
        # the entropy of N(0, 2 b^2) less that of the noise
        gap = (math.log(2 * math.pi * math.e) + math.log(2)) / 2 - 1 - math.log(2)
        sizes = np.abs(columns - np.median(columns, axis=0)).mean(axis=0)
        by_size = math.fsum(np.log1p(sizes / scale))
        nats = min(nats + columns.shape[1] * gap, by_size)
    return Reading.computed(
        nats * (1 + _ROUNDING) + (_ROUNDING if nats else 0.0),
        method=f"largest entropy at the spread of the training answers, {law} noise",
        bound=True,
    )


def processed(own: Reading, model: Any) -> Reading:
    """A reading of a wrapper, with what the model inside says of its own answers.

    Data processing: what is computed from an answer says no more than the answer.

    Args:
        own: of the wrapper.
        model: the fitted model inside; without an `information_` that bounds lower, `own` stays.
    """
    inner = getattr(model, "information_", None)
    if not isinstance(inner, Reading) or not inner.bound:
        return own
    if own.bound and own.upper <= inner.upper:
        return own
    return Reading(
        value=min(own.value, inner.upper),
        lower=min(own.lower, inner.upper),
        upper=inner.upper,
        confidence=inner.confidence,
        method=f"no more than the model inside: {inner.method}",
        bound=True,
    )
