"""What tests of learners share: neighbours, the definition of privacy, and intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import log, sqrt
from typing import Any

import numpy as np
from flint import arb, fmpq

from mipriv.guarantee import ApproxDP, TradeOffCurve
from mipriv.rigor.histograms import histograms
from mipriv.roles import Histogram

# chance that one check against samples fails though the learner is right, over the seeds
FALSE_ALARM = 1e-6


def replacements(n: int, values: int) -> Iterator[tuple[Histogram, Histogram]]:
    """Ordered pairs of histograms of n records that differ by one replaced record."""
    for counts in histograms(n, values):
        for old in range(values):
            for new in range(values):
                if old != new and counts[old]:
                    yield counts, moved(counts, {old: -1, new: 1})


def additions(n: int, values: int) -> Iterator[tuple[Histogram, Histogram]]:
    """Ordered pairs of histograms, one of which has one record more."""
    for counts in histograms(n, values):
        for new in range(values):
            more = moved(counts, {new: 1})
            yield counts, more
            yield more, counts


def moved(counts: Histogram, by: dict[int, int]) -> Histogram:
    return tuple(count + by.get(value, 0) for value, count in enumerate(counts))


def rows_of(claim: ApproxDP | TradeOffCurve) -> Sequence[tuple[fmpq, fmpq]]:
    return claim.rows if isinstance(claim, TradeOffCurve) else ((claim.epsilon, claim.delta),)


def excess(p: Iterable[Any], q: Iterable[Any], epsilon: fmpq) -> arb:
    """Largest P(E) - e^epsilon Q(E) over events, the sum of the positive parts."""
    odds = arb(epsilon).exp()
    gaps = [arb(x) - odds * arb(y) for x, y in zip(p, q, strict=True)]
    return sum((gap.nonnegative_part() for gap in gaps), arb(0))


def is_private(learner: Any, claim: Any, pairs: Iterable[tuple[Histogram, Histogram]]) -> bool:
    """Whether no pair certainly breaks a row of the claim, by the definition."""
    for a, b in pairs:
        p, q = learner.probabilities(a), learner.probabilities(b)
        if any(excess(p, q, epsilon) > delta for epsilon, delta in rows_of(claim)):
            return False
    return True


def repeated(counts: Histogram, trials: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.tile(np.array(counts, dtype=np.int64), (trials, 1))


def mean_ratio(learner: Any, here: Histogram, there: Histogram, trials: int, seed: int) -> Any:
    """Mean over outputs for `here` of their likelihood for `there` over that for `here`."""
    outputs = learner.simulate(repeated(here, trials), np.random.default_rng(seed))
    logs = learner.log_likelihood(outputs, there) - learner.log_likelihood(outputs, here)
    return np.exp(logs).mean()


def pure_width(epsilon: float, trials: int) -> float:
    """Half width of Hoeffding's interval for a mean of ratios in [e^-eps, e^eps]."""
    return 2 * float(np.sinh(epsilon)) * uniform_width(trials)


def uniform_width(trials: int) -> float:
    """Half width at which Hoeffding and Dvoretzky, Kiefer, Wolfowitz fail with FALSE_ALARM."""
    return sqrt(log(2 / FALSE_ALARM) / (2 * trials))


def farthest(samples: Any, cdf: Any, *, lattice: bool = False) -> float:
    """Largest distance between the empirical and the given distribution function.

    The function is evaluated at about 200 of the samples, which only makes the distance smaller.
    """
    ordered = np.sort(np.asarray(samples).ravel())
    worst = 0.0
    for x in np.unique(ordered[:: max(1, len(ordered) // 200)]):
        truth = float(cdf(fmpq(*float(x).as_integer_ratio())).mid())
        upto = np.searchsorted(ordered, x, side="right") / len(ordered)
        before = upto if lattice else np.searchsorted(ordered, x, side="left") / len(ordered)
        worst = max(worst, abs(upto - truth), abs(before - truth))
    return worst
