"""One draw from the posterior of a coin: privacy that Bayesian learning has for free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray
from scipy import special

from mipriv.accounting import mechanisms
from mipriv.errors import PrecisionError, require
from mipriv.guarantee import TradeOffCurve
from mipriv.learn.drawing import draw_exactly
from mipriv.learn.records import checked_counts, distinct, histogram, to_float
from mipriv.rigor.decimals import exact, whole
from mipriv.roles import Histogram, Number

_BITS = 128
_ROWS = 32  # of the exact curve
_MOST_PROFILES = 64  # pairs of neighbours whose profile is worked out: seconds
_RELEASED_BITS = 48  # of a released draw, rounded down on a grid of the interval
_SMALLEST = 1e-290  # least chance that doubles still hold to their full relative accuracy


@dataclass(frozen=True, kw_only=True)
class BetaBernoulli:
    """One draw of theta from the posterior of n coin flips, truncated to [a, 1 - a].

    Density at theta proportional to theta^(alpha + k - 1) (1 - theta)^(beta + n - k - 1), k the
    number of ones.  Likelihood ratios between two k rise with theta, so `cdf` gives the best tests.

    Privacy (replace-one, n public): a flipped record multiplies the density by
    odds(theta)/m, odds = theta/(1 - theta), m = Z_(k+1)/Z_k the mean of the odds under the
    posterior of k.  With L = log((1 - a)/a) log odds lies in [-L, L], so the log ratio lies in an
    interval of length 2 L, fixed by m alone: 2 L-bounded range, for every n.  Its largest size is
    L + |log m|; the mean odds rise with k (a rising likelihood ratio), so the worst are k = 0 and
    k = n - 1:  epsilon = L + max(log m_(n-1), -log m_0) < 2 L.  Both hold together.

    Attributes:
        a: edge of the interval, 0 < a < 1/2.
        n: records, public, >= 1.
        alpha: of the prior, > 0.
        beta: of the prior, > 0.

    Source: one posterior sample: Dimitrakakis, Nelson, Mitrokotsa, Rubinstein 2014; Wang, Fienberg,
    Smola 2015.  Bounded range: Dong, Durfee, Rogers 2020; here derived from the truncation.

    >>> BetaBernoulli(a="0.25", n=1).epsilon().overlaps(arb(3).log())
    True
    """

    a: fmpq
    n: int
    alpha: fmpq = fmpq(1)
    beta: fmpq = fmpq(1)

    def __post_init__(self) -> None:
        put = object.__setattr__
        edge = exact(self.a, "a")
        require(0 < edge < fmpq(1, 2), must="lie strictly between 0 and 1/2", a=self.a)
        put(self, "a", edge)
        put(self, "n", whole(self.n, "n", at_least=1))
        for name in ("alpha", "beta"):
            value = exact(getattr(self, name), name)
            require(value > 0, must="be finite and > 0", **{name: value})
            put(self, name, value)

    @property
    def values(self) -> int:
        """Number of values a record may have: 0 and 1."""
        return 2

    def epsilon(self) -> arb:
        """Largest log ratio of two neighbours' densities, a ball at the current precision."""
        largest = (self._mass(self.n) / self._mass(self.n - 1)).log()
        least = (self._mass(1) / self._mass(0)).log()
        return self._half_range() + largest.max(-least)

    def guarantee(self) -> TradeOffCurve:
        """Rows of the exact curve over all neighbours, and (epsilon, 0)-DP, rounded up.

        For more than 64 records, the 2 L-bounded-range curve takes the place of the exact one.
        """
        return self._claim

    @cached_property
    def _claim(self) -> TradeOffCurve:
        with ctx.workprec(_BITS):
            pure = _above(self.epsilon())
            if self.n > _MOST_PROFILES:
                spread = _above(2 * self._half_range())
                curve = mechanisms.ExponentialMechanism(epsilon=spread).guarantee()
                rows = [row for row in curve.rows if row[0] < pure]
            else:
                grid = [pure * i / _ROWS for i in range(_ROWS)]
                rows = [(e, max(self._delta(e, ones) for ones in range(self.n))) for e in grid]
        return TradeOffCurve(rows=(*rows, (pure, fmpq(0))))

    def _delta(self, e: fmpq, ones: int) -> fmpq:
        """Largest P(E) - e^e Q(E) between `ones` and `ones` + 1 in either order, rounded up.

        By the rising likelihood ratio odds(theta)/m the best events are odds > m e^e and
        odds < m e^-e.
        """
        few, many = (self.n - ones, ones), (self.n - ones - 1, ones + 1)
        mean, growth = self._mass(ones + 1) / self._mass(ones), arb(e).exp()
        high, low = (odds / (1 + odds) for odds in (mean * growth, mean / growth))
        up = 1 - self.cdf(high, many) - growth * (1 - self.cdf(high, few))
        down = self.cdf(low, few) - growth * self.cdf(low, many)
        return min(_above(up.max(down).nonnegative_part()), fmpq(1))

    def cdf(self, x: Number, counts: Histogram) -> arb:
        """Pr[theta <= x] for data with one histogram, a ball at the current precision.

        Args:
            x: a number of [a, 1 - a]; outside it the nearer end counts.
            counts: how many zeros and ones.
        """
        ones = self._ones(counts)
        low, high = arb(self.a), arb(1 - self.a)
        place = x if isinstance(x, fmpq) else arb(x)  # a rational is compared exactly
        if place <= self.a:
            return arb(0)
        if place >= 1 - self.a:
            return arb(1)
        point = arb(x).max(low).min(high)
        with ctx.extraprec(64):
            value = self._between(low, point, ones) / self._mass(ones)
        return +value

    def density(self, x: Number, counts: Histogram) -> arb:
        """Density of theta at x for data with one histogram, a ball; 0 outside [a, 1 - a]."""
        ones, point = self._ones(counts), arb(x)
        place = x if isinstance(x, fmpq) else point
        if place < self.a or place > 1 - self.a:
            return arb(0)
        logs = (self.alpha + ones - 1) * point.log()
        logs += (self.beta + self.n - ones - 1) * (1 - point).log()
        inside = logs.exp() / self._mass(ones)
        certain = place >= self.a and place <= 1 - self.a
        return inside if certain else inside.union(arb(0))

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Draws for many data sets by inversion in doubles; for experiments, not for release.

        Args:
            counts: histograms, shape (trials, 2).
            rng: seeded generator.

        Returns:
            Shape (trials, 1), in [a, 1 - a].

        Raises:
            PrecisionError: the untruncated posterior has less than 1e-290 in the interval.
        """
        found, place = distinct(counts, values=2, n=self.n)
        ones = np.array([row[1] for row in found])[place]
        first = to_float(self.alpha) + ones
        second = to_float(self.beta) + self.n - ones
        # mirrored where needed so that the lower tail, which doubles resolve, is the one cut into
        mirrored = first < second
        small = np.where(mirrored, second, first), np.where(mirrored, first, second)
        edge = to_float(self.a)
        low, high = special.betainc(*small, edge), special.betainc(*small, 1 - edge)
        if not bool((high > _SMALLEST).all()):
            raise PrecisionError(f"n={self.n}: the posterior lies outside [a, 1 - a]")
        level = low + rng.random(len(ones)) * (high - low)
        drawn = special.betaincinv(*small, level)
        theta: NDArray[np.float64] = np.where(mirrored, 1 - drawn, drawn)
        return np.clip(theta, edge, 1 - edge)[:, None]

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        """Log density of each output for data with one histogram.

        Args:
            outputs: shape (trials, 1), in [a, 1 - a].
            counts: histogram.

        Returns:
            Shape (trials,).
        """
        ones, theta = self._ones(counts), np.asarray(outputs)[:, 0]
        with ctx.workprec(_BITS):
            constant = float(self._mass(ones).log().mid())
        first, second = to_float(self.alpha) + ones - 1, to_float(self.beta) + self.n - ones - 1
        logs: NDArray[np.float64] = first * np.log(theta) + second * np.log1p(-theta) - constant
        return logs

    def release(self, records: Iterable[int]) -> fmpq:
        """One draw for real records, from the operating system's randomness.

        A draw of exactly the posterior, rounded down to one of 2^48 points of [a, 1 - a]: the bits
        are drawn one after the other, each from the exact ratio of two posterior masses.

        Args:
            records: n values 0 or 1; any other is refused.

        Returns:
            The point, exact.
        """
        counts = histogram(records, values=2, n=self.n)
        low, high = self.a, 1 - self.a
        for _ in range(_RELEASED_BITS):
            middle = (low + high) / 2
            if draw_exactly(lambda: self._halves(low, middle, high, counts[1])):  # noqa: B023  # read at once
                low = middle
            else:
                high = middle
        return low

    def _halves(self, low: fmpq, middle: fmpq, high: fmpq, ones: int) -> tuple[Number, Number]:
        with ctx.extraprec(_RELEASED_BITS + 64):
            left = self._between(arb(low), arb(middle), ones)
            right = self._between(arb(middle), arb(high), ones)
            return left / (left + right), right / (left + right)

    def _ones(self, counts: Histogram) -> int:
        return checked_counts(counts, values=2, n=self.n)[1]

    def _half_range(self) -> arb:
        """L = log((1 - a)/a)."""
        return arb((1 - self.a) / self.a).log()

    @cached_property
    def _masses(self) -> dict[tuple[int, int], arb]:
        return {}

    def _mass(self, ones: int) -> arb:
        """Z_k, the untruncated integral over [a, 1 - a]."""
        key = ones, ctx.prec
        if key not in self._masses:
            with ctx.extraprec(32):
                self._masses[key] = self._between(arb(self.a), arb(1 - self.a), ones)
        return self._masses[key]

    def _between(self, low: arb, high: arb, ones: int) -> arb:
        """Integral of the unscaled density, from whichever tails keep its digits."""
        first, second = self.alpha + ones, self.beta + self.n - ones
        mean = arb(first / (first + second))
        if high.mid() <= mean.mid():
            return _tail(high, first, second) - _tail(low, first, second)
        if low.mid() >= mean.mid():
            return _tail(1 - low, second, first) - _tail(1 - high, second, first)
        logs = arb(first).lgamma() + arb(second).lgamma() - arb(first + second).lgamma()
        return logs.exp() - _tail(low, first, second) - _tail(1 - high, second, first)


def _tail(x: arb, p: fmpq, q: fmpq) -> arb:
    """Integral of t^(p-1) (1-t)^(q-1) over [0, x], 0 < x < 1.

    For whole q it is x^p (1-x)^(q-1)/p times the sum over i < q of the products of
    r_i = (q-1-i)/(p+1+i) x/(1-x): positive terms whose ratios fall, so that what follows a ratio
    below 1 is at most a geometric series.  Arb's incomplete beta function serves the rest; it takes
    a hundred times as long at some whole p, q.
    """
    if q.q != 1:
        return x.beta_lower(arb(p), arb(q))
    odds = x / (1 - x)
    term = total = arb(1)
    least = arb(2) ** -(ctx.prec + 8)
    for i in range(int(q.p) - 1):
        ratio = (q - 1 - i) / (p + 1 + i) * odds
        term = term * ratio
        total = total + term
        if ratio < fmpq(3, 4) and term < least * total:
            total += arb(0).union(3 * term)  # ratio/(1 - ratio) < 3
            break
    return (p * x.log() + (q - 1) * (1 - x).log()).exp() / p * total


def _above(value: arb) -> fmpq:
    """A rational of few digits at or above the ball."""
    scale = 1 << 60
    return fmpq((value.upper().fmpq() * scale).ceil(), scale)
