"""Intervals of a statistic of rows: by drawing rows again, or by leaving rows out.

The bootstrap copies rows.  A statistic of distances between rows (kernel density without the point
itself, nearest neighbours) sees each copy as a neighbour at distance 0, which no continuous law
gives it: there it is not valid, and `subsample` draws rows without replacement instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from mipriv.errors import require
from mipriv.estimate._inputs import generator, level
from mipriv.estimate.reading import Reading
from mipriv.rigor.decimals import whole

Counts = NDArray[np.int64]
Values = NDArray[np.float64]
KINDS = ("centred", "percentile", "bca")
_AT_ONCE = 1 << 20  # elements of a block of resamples


def bootstrap(
    *,
    statistic: Callable[[Counts], Values],
    counts: Any,
    method: str,
    kind: str = "centred",
    confidence: Any = 0.95,
    resamples: int = 999,
    random_state: Any = 0,
) -> Reading:
    """Estimate with a bootstrap interval, of a statistic that depends on rows through their counts.

    With T the statistic and T* that of a resample, s = 1 - confidence:

    - centred: quantiles s/2 and 1 - s/2 of T* - mean(T*) + T.  Resampling repeats the bias of T
      (a plug-in entropy of resampled counts is below that of the counts), and the shift takes
      it out.
    - percentile: quantiles of T*.
    - bca: quantiles of T* at levels that correct for median bias and for skewness.

    Each holds its confidence only in the limit of many rows, for a statistic that is smooth and not
    degenerate; mutual information at independence is degenerate, its caller must deal with that.
    The interval is stretched to hold the value where it does not.

    Args:
        statistic: maps whole numbers of shape (B, K), each row a resample that says how often each
            distinct row of data was drawn, to B numbers.
        counts: multiplicities of the K distinct rows of data, shape (K,), >= 1; ones for N rows.
        method: in words; the interval is added to it.
        kind: "centred", "percentile" or "bca".
        confidence: in (0, 1).
        resamples: so many that one lies beyond either end, at least 2/(1 - confidence) - 1.
        random_state: seed >= 0 or NumPy generator.

    Returns:
        Reading that is no bound.

    Source: Efron 1987 (BCa); Davison, Hinkley 1997, chapter 5.

    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> mean = bootstrap(statistic=lambda c: c @ x / 4, counts=np.ones(4), method="mean")
    >>> mean.lower < mean.value == 2.5 < mean.upper
    True
    """
    weights = _multiplicities(counts)
    sure = level(confidence)
    require(kind in KINDS, must=f"be one of {', '.join(KINDS)}", kind=kind)
    size = whole(resamples, "resamples", at_least=1)
    side = (1 - sure) / 2
    enough = side * (size + 1) >= 1 - 1e-9
    require(enough, must="be >= 2/(1 - confidence) - 1", resamples=resamples)
    value = float(_finite(statistic(weights[None, :]))[0])
    rng = generator(random_state)
    drawn = np.concatenate([_finite(statistic(c)) for c in _resampled(weights, size, rng)])
    drawn.sort()
    sides = (side, 1 - side)
    if kind == "bca":
        sides = _bca_levels(statistic, weights, value, drawn, side)
    lower, upper = _order(drawn, sides[0]), _order(drawn, sides[1])
    if kind == "centred" and np.isfinite(drawn).all() and math.isfinite(value):
        shift = value - float(drawn.mean())
        lower, upper = lower + shift, upper + shift
    return Reading(
        value=value,
        lower=min(lower, value),
        upper=max(upper, value),
        confidence=sure,
        method=f"{method}; {kind} bootstrap interval of {size} resamples",
        bound=False,
    )


def _multiplicities(counts: Any) -> Counts:
    array = np.asarray(counts)
    right = array.ndim == 1 and array.size > 0 and array.dtype.kind in "iuf"
    require(right, must="be a list of numbers", counts=array.shape)
    counted = bool((np.isfinite(array) & (array >= 1) & (array == np.floor(array))).all())
    require(counted, must="be whole numbers >= 1", counts=array)
    return array.astype(np.int64)


def _finite(values: Any) -> Values:
    array = np.asarray(values, dtype=np.float64)
    require(not np.isnan(array).any(), must="not be NaN", statistic=array)
    return array


def _resampled(weights: Counts, size: int, rng: np.random.Generator) -> Iterator[Counts]:
    n = int(weights.sum())
    block = max(1, _AT_ONCE // len(weights))
    for start in range(0, size, block):
        yield rng.multinomial(n, weights / n, size=min(block, size - start))


def _order(drawn: Values, share: float) -> float:
    """Quantile as the order statistic that leaves at most that share beyond, in B + 1 parts."""
    rank = share * (len(drawn) + 1)
    # a rank that is whole but for rounding is that whole number
    place = math.floor(rank + 1e-9) if share < 0.5 else math.ceil(rank - 1e-9)
    return float(drawn[min(max(place, 1), len(drawn)) - 1])


def _bca_levels(
    statistic: Callable[[Counts], Values],
    weights: Counts,
    value: float,
    drawn: Values,
    side: float,
) -> tuple[float, float]:
    size = len(drawn)
    below = (np.sum(drawn < value) + np.sum(drawn == value) / 2) / size
    centre = float(ndtri(min(max(below, 1 / (size + 1)), size / (size + 1))))
    bend = _acceleration(statistic, weights)
    ends = []
    for z in (float(ndtri(side)), -float(ndtri(side))):
        pull = 1 - bend * (centre + z)
        # beyond its pole the formula has no meaning; the end it runs towards does
        moved = centre + (centre + z) / pull if pull > 0 else math.copysign(math.inf, z)
        ends.append(float(ndtr(moved)))
    return ends[0], ends[1]


def _acceleration(statistic: Callable[[Counts], Values], weights: Counts) -> float:
    """Skewness of the jackknife's influences, over six."""
    size = len(weights)
    block = max(1, _AT_ONCE // size)
    left = []
    for start in range(0, size, block):
        rows = np.arange(start, min(start + block, size))
        fewer = np.repeat(weights[None, :], len(rows), axis=0)
        fewer[np.arange(len(rows)), rows] -= 1
        left.append(_finite(statistic(fewer)))
    without = np.concatenate(left)
    if not np.isfinite(without).all():
        return 0.0
    pulls = np.average(without, weights=weights) - without
    spread = float(np.sum(weights * pulls**2))
    return float(np.sum(weights * pulls**3)) / (6 * spread**1.5) if spread > 0 else 0.0


def subsample(
    *,
    statistic: Callable[[NDArray[np.int64]], float],
    n: int,
    method: str,
    confidence: Any = 0.95,
    share: Any = 0.25,
    subsamples: int = 64,
    random_state: Any = 0,
) -> Reading:
    """Estimate with an interval from subsamples drawn without replacement (delete-d jackknife).

    The variance of the statistic T of n rows is read off its values at m = share n of them, as
    m/(n - m) times their variance; the interval is T -+ t times its root.  For a mean that is
    unbiased.  A part of T that is of degree j in the rows, and whose variance falls like 1/n, is
    counted (1 - r^j)/(1 - r) >= 1 times, r = m/n: the interval errs to the wide side, less for small
    shares (degree 2: 1.25 times the variance at 1/4).  What T is biased by at n it says nothing of;
    that m rows have another bias does not matter, as only their spread is used.

    Args:
        statistic: maps m distinct row numbers of 0..n-1 to a number; all n of them to T.
        n: rows, >= 8.
        method: in words; the interval is added to it.
        confidence: in (0, 1).
        share: m/n, in [1/20, 1/2]; m is rounded down, >= 2.
        subsamples: >= 10.
        random_state: seed >= 0 or NumPy generator.

    Returns:
        Reading that is no bound.

    Source: Shao, Wu 1989; Politis, Romano 1994 (validity for small shares); Efron, Stein 1981 (the
    jackknife's variance errs upward).
    """
    size = whole(n, "n", at_least=8)
    draws = whole(subsamples, "subsamples", at_least=10)
    sure = level(confidence)
    part = level(share)
    require(0.05 <= part <= 0.5, must="lie in [1/20, 1/2]", share=share)
    fewer = max(2, int(part * size))
    rng = generator(random_state)
    value = float(_finite(statistic(np.arange(size)))[()])
    parts = np.array(
        [statistic(rng.choice(size, fewer, replace=False, shuffle=False)) for _ in range(draws)]
    )
    spread = math.sqrt(fewer / (size - fewer)) * float(np.std(_finite(parts), ddof=1))
    reach = float(stdtrit(draws - 1, (1 + sure) / 2)) * spread
    return Reading(
        value=value,
        lower=value - reach,
        upper=value + reach,
        confidence=sure,
        method=f"{method}; interval from {draws} subsamples of {fewer} rows",
        bound=False,
    )
