"""Loss over populations within tau: the mean of the group loss over Bin(n, tau) changed records.

TV <= E[L(K)], K ~ Bin(n, tau): couple the two samples so that each record differs with probability
tau (maximal coupling), and use joint convexity.  L(k) is the loss of replacing k records, which
rises with k; so between two values that were computed it is enclosed by them.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx, fmpq

from mipriv.rigor.binomial import pmf

_BITS = 128


@dataclass(frozen=True)
class Mean:
    """Enclosure of E[1 - L(K)].

    Attributes:
        value: ball.
        evaluations: group sizes at which L was computed.
        complete: whether the width asked for was reached.
    """

    value: arb
    evaluations: int
    complete: bool


def mean_shared(
    n: int,
    tau: fmpq,
    shared: Callable[[int], arb],
    *,
    width: float,
    most: int,
    progress: Callable[[int, float], None] | None = None,
) -> Mean:
    """Enclose E[shared(K)], K ~ Bin(n, tau), for a function that falls with k.

    Args:
        n: records, >= 1.
        tau: in (0, 1).
        shared: k -> enclosure of 1 - L(k), which lies in [0, 1].
        width: wanted, absolute and relative to the mean.
        most: evaluations allowed.
        progress: told the number of evaluations and the width so far.
    """
    law = _Law(n, tau, width)
    low, high = law.first, law.last
    ends = {k: shared(k) for k in {low, high}}
    stretches: list[tuple[float, int, int]] = []

    def push(a: int, b: int) -> None:
        inside = law.mass(a + 1, b)
        gap = float(inside * (ends[a] - ends[b]).abs_upper()) if b - a > 1 else 0.0
        heapq.heappush(stretches, (-gap, a, b))

    push(low, high)
    open_width = -stretches[0][0]
    while len(ends) < most:
        floor = sum(float(law.mass(k, k + 1) * ends[k].lower()) for k in ends)
        if open_width <= 0.5 * width * floor or stretches[0][0] == 0:
            break
        _gap, a, b = heapq.heappop(stretches)
        middle = law.split(a, b)
        ends[middle] = shared(middle)
        push(a, middle)
        push(middle, b)
        open_width = -sum(item[0] for item in stretches)
        if progress is not None:
            progress(len(ends), open_width)
    return _total(law, ends, width)


def _total(law: _Law, ends: dict[int, arb], width: float) -> Mean:
    total = arb(0)
    with ctx.workprec(_BITS):
        known = sorted(ends)
        for k in known:
            total += law.mass(k, k + 1) * ends[k]
        for a, b in itertools.pairwise(known):
            if b - a > 1:
                total += law.mass(a + 1, b) * ends[a].union(ends[b])
        # outside the window the function is at most 1 below it, and at most the last value above
        total += (law.below * arb(1).union(ends[known[0]])) + law.above * arb(0).union(
            ends[known[-1]]
        )
        total = total.max(arb(0)).min(arb(1))
    return Mean(total, len(ends), bool(2 * total.rad() <= width * total.lower()))


class _Law:
    """Bin(n, tau) on a window that holds all but a negligible mass."""

    def __init__(self, n: int, tau: fmpq, width: float) -> None:
        self.n, self.tau = n, tau
        spread = float(n * tau * (1 - tau)) ** 0.5
        mean = n * tau
        # Bernstein's inequality bounds what lies further than t from the mean
        log = -float(arb(width).log()) + 30
        t = int(spread * (2 * log) ** 0.5 + log) + 1
        self.first, self.last = max(0, int(mean) - t), min(n, int(mean) + t + 1)
        with ctx.workprec(_BITS):
            self.below = self._tail(self.first - 1, downward=True)
            self.above = self._tail(self.last + 1, downward=False)
            self._sums = self._cumulate()

    def _tail(self, start: int, *, downward: bool) -> arb:
        """Upper bound (as a ball from 0) on the mass from `start` outward: a geometric series."""
        if start < 0 or start > self.n:
            return arb(0)
        n, odds = self.n, self.tau / (1 - self.tau)
        edge = pmf(n, start, self.tau)
        ratio = fmpq(start, n - start + 1) / odds if downward else odds * fmpq(n - start, start + 1)
        return arb(0).union((edge / (1 - ratio)).upper()) if ratio < 1 else arb(0).union(arb(1))

    def _cumulate(self) -> list[arb]:
        """Sums of the weights of first, ..., first + i - 1."""
        weight, sums = pmf(self.n, self.first, self.tau), [arb(0)]
        odds = arb(self.tau / (1 - self.tau))
        for k in range(self.first, self.last + 1):
            sums.append(sums[-1] + weight)
            weight = weight * odds * fmpq(self.n - k, k + 1)
        return sums

    def mass(self, a: int, b: int) -> arb:
        """Pr[a <= K < b] for a, b inside the window."""
        return self._sums[b - self.first] - self._sums[a - self.first]

    def split(self, a: int, b: int) -> int:
        """A whole number strictly between a and b that halves the mass inside."""
        goal = (self._sums[a + 1 - self.first] + self._sums[b - self.first]) / 2
        low, high = a + 1, b - 1
        while low < high:
            middle = (low + high) // 2
            if self._sums[middle + 1 - self.first].mid() < goal.mid():
                low = middle + 1
            else:
                high = middle
        return low
