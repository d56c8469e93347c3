"""Upper bound on the information of a stochastic code, from its divergences to a fixed prior."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.errors import require
from mipriv.estimate._inputs import Columns, columns, level, paired
from mipriv.estimate.bootstrap import bootstrap
from mipriv.estimate.reading import Reading

# The limit is a dozen operations on sums that are rounded once, none of which cancels; each is
# within 2^-52 of itself.
_ROUNDING = 2.0**-45


def upper_bound(
    *,
    divergences: Any,
    cap: Any = None,
    confidence: Any = 0.95,
    resamples: int = 999,
    random_state: Any = 0,
) -> Reading:
    """Upper bound on I(X;Z), in nats, from KL(q(z|x) || r(z)) of records not trained on.

    E_X KL(q(z|X) || r) = I(X;Z) + KL(q(z) || r), whatever the law r: the mean divergence is not
    below the information, nor, by data processing, below I(X;Y^) of any answer computed from Z.
    What it exceeds it by, KL(q(z) || r), is not estimated: for Z = X + N(0, 1), X ~ N(0, v) and
    r = N(0, 1) the mean is v/2, the information log(1 + v)/2.

    With `cap`, a number no divergence can exceed, `upper` bounds the mean divergence but for a
    chance 1 - confidence over the records, whatever their law (the smaller of Hoeffding's limit and
    the empirical Bernstein limit, each at half of that chance), and `lower` is 0.  It is a bound.

    Without `cap` no finite limit holds for all laws: a rare record may hold any divergence.  The
    interval is then a two-sided BCa bootstrap of the mean divergence, right in the limit of many
    records of finite variance, and the reading is no bound.

    Args:
        divergences: one number >= 0 a record, nats; records independent of each other and of the
            training of q.
        cap: nats, known before the records are seen (`normal_cap`), not their maximum; or None.
        confidence: in (0, 1).
        resamples, random_state: of the bootstrap; not used with `cap`.

    Raises:
        ParameterError: a negative divergence, one above the cap, or fewer than 2 records.

    Source: Alemi, Fischer, Dillon, Murphy 2017, section 3; Hoeffding 1963, theorem 1; Maurer, Pontil
    2009, theorem 4.
    """
    kl = columns(divergences, "divergences")
    require(kl.shape[1] == 1, must="be one number a record", divergences=kl.shape)
    require(len(kl) >= 2, must="be of at least 2 records", divergences=kl.shape)
    require(bool((kl >= 0).all()), must="be >= 0", divergences=float(kl.min()))
    flat, sure = kl[:, 0], level(confidence)
    n = len(flat)
    if cap is None:
        return bootstrap(
            statistic=lambda counts: counts @ flat / n,
            counts=np.ones(n, dtype=np.int64),
            method=f"mean KL of {n} records bounds I(X;Z); no cap, so the mean is only estimated",
            kind="bca",
            confidence=confidence,
            resamples=resamples,
            random_state=random_state,
        )
    (most,) = columns([cap], "cap").ravel().tolist()
    require(bool(flat.max() <= most), must="be at least every divergence", cap=cap)
    mean = math.fsum(flat) / n
    return Reading(
        value=mean,
        lower=0.0,
        upper=min(_limit(flat, mean, most, 1 - sure), most),
        confidence=sure,
        method=f"mean KL of {n} records, Hoeffding and empirical Bernstein limits under a cap",
        bound=True,
    )


def _limit(kl: NDArray[np.float64], mean: float, cap: float, miss: float) -> float:
    """Upper limit of the mean that fails with chance at most `miss`, rounded up."""
    n = len(kl)
    hoeffding = cap * math.sqrt(math.log(2 / miss) / (2 * n))
    variance = math.fsum((kl - mean) ** 2) / (n - 1)
    logs = math.log(4 / miss)
    bernstein = math.sqrt(2 * variance * logs / n) + 7 * cap * logs / (3 * (n - 1))
    return (mean + min(hoeffding, bernstein)) * (1 + _ROUNDING)


def normal_divergences(*, mean: Any, deviation: Any) -> NDArray[np.float64]:
    """KL(N(mean, diag deviation^2) || N(0, I)) of each record, in nats, shape (N,).

    sum over coordinates of (mean^2 + deviation^2 - 1)/2 - log deviation.

    Args:
        mean: shape (N,) or (N, d).
        deviation: standard deviations, > 0, same shape.

    >>> normal_divergences(mean=[[0.0, 2.0]], deviation=[[1.0, 1.0]])
    array([2.])
    """
    centre, spread = columns(mean, "mean"), columns(deviation, "deviation")
    paired(mean=centre, deviation=spread)
    same = centre.shape == spread.shape
    require(same, must="have the same shape", mean=centre.shape, deviation=spread.shape)
    require(bool((spread > 0).all()), must="be > 0", deviation=float(spread.min()))
    return np.asarray(_divergence(centre, spread).sum(axis=1))


def normal_cap(*, mean: float, deviations: tuple[float, float], dimensions: int) -> float:
    """Largest of `normal_divergences` for means in [-mean, mean] and deviations in a range.

    Args:
        mean: >= 0, a limit that the encoder enforces on the size of every coordinate.
        deviations: (least, most) that the encoder enforces, 0 < least <= most.
        dimensions: coordinates of the code, >= 1.

    >>> normal_cap(mean=2.0, deviations=(1.0, 1.0), dimensions=2) >= 4.0
    True
    """
    least, most = deviations
    require(mean >= 0, must="be >= 0", mean=mean)
    require(0 < least <= most, must="be 0 < least <= most", deviations=deviations)
    require(dimensions >= 1, must="be >= 1", dimensions=dimensions)
    # convex in the deviation, so largest at an end of its range
    ends = _divergence(np.full(2, float(mean)), np.array([float(least), float(most)]))
    largest = float(ends.max())
    return dimensions * (largest + (1 + largest) * _ROUNDING)  # of terms up to 1 + 2 KL in size


def _divergence(mean: Columns, deviation: Columns) -> NDArray[np.float64]:
    over = deviation - 1  # exact from 1/2 to 2, where the square less 1 and the logarithm need it
    logs = np.where(deviation < 0.5, np.log(deviation), np.log1p(np.maximum(over, -0.5)))
    # >= 0 but for rounding, of terms that cancel near deviation 1
    return np.maximum((mean**2 + over * (deviation + 1)) / 2 - logs, 0.0)
