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

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.rigor.binomial import pmf

_BITS = 128
_EVERY = 1 << 16  # numbers in a window up to which each is a cell
_CELLS = 1 << 13  # of a longer one
_MOST_BITS = 1_024  # of n


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
    more: Callable[[], bool] = lambda: True,
    progress: Callable[[int, float], None] | None = None,
) -> Mean:
    """Enclose E[shared(K)], K ~ Bin(n, tau), for a function that falls with k.

    Args:
        n: records, >= 1.
        tau: in (0, 1).
        shared: k -> enclosure of 1 - L(k), which lies in [0, 1].
        width: wanted, absolute and relative to the mean.
        most: evaluations allowed.
        more: whether another evaluation can be paid for; asked before each after the first two.
        progress: told the number of evaluations and the width so far.

    Raises:
        TooExpensive: n is 2^1024 or more.
    """
    law = _Law(n, tau, width)
    low, high = 0, law.cells
    ends = {i: shared(law.place(i)) for i in {low, high}}
    stretches: list[tuple[float, int, int]] = []

    def push(a: int, b: int) -> None:
        gap = float(law.inside(a, b) * (ends[a] - ends[b]).abs_upper())
        heapq.heappush(stretches, (-gap, a, b))

    push(low, high)
    open_width = -stretches[0][0]
    while len(ends) < most and stretches and more():
        close = open_width <= 0.5 * width  # the mean is at most 1
        if close and open_width <= 0.5 * width * float(_mean(law, ends).lower()):
            break
        if stretches[0][0] == 0:
            break
        _gap, a, b = heapq.heappop(stretches)
        if b - a > 1:
            middle = law.split(a, b)
            ends[middle] = shared(law.place(middle))
            push(a, middle)
            push(middle, b)
        open_width = -sum(item[0] for item in stretches)
        if progress is not None:
            progress(len(ends), open_width)
    value = _mean(law, ends)
    return Mean(value, len(ends), bool(2 * value.rad() <= width * value.lower()))


def _mean(law: _Law, ends: dict[int, arb]) -> arb:
    total = arb(0)
    with ctx.workprec(_BITS):
        known = sorted(ends)
        for i in known:
            total += law.point(i) * ends[i]
        for a, b in itertools.pairwise(known):
            total += law.inside(a, b) * ends[a].union(ends[b])
        # outside the window the function is at most 1 below it, and at most the last value above
        total += law.below * arb(1).union(ends[known[0]]) + law.above * arb(0).union(
            ends[known[-1]]
        )
        return total.max(arb(0)).min(arb(1))


class _Law:
    """Bin(n, tau) on a window that holds nearly all of it, cut into cells at whole numbers.

    Cell i < cells holds place(i), ..., place(i + 1) - 1: a single number where the window is short
    enough; the last number of the window is a cell of its own.

    Attributes:
        cells: index of the last place.
        below: ball from 0 to a bound on the mass below the window.
        above: the same above it.
    """

    def __init__(self, n: int, tau: fmpq, width: float) -> None:
        if n.bit_length() > _MOST_BITS:
            raise TooExpensive
        self.n, self.tau = n, tau
        with ctx.workprec(_BITS):
            spread = (n * arb(tau) * arb(1 - tau)).sqrt()
            # Bernstein's inequality bounds what lies further than t from the mean
            log = 30 - arb(width).log()
            t = int((spread * (2 * log).sqrt() + log).ceil().mid().fmpq()) + 1
        mean = int(n * tau)
        self.first, self.last = max(0, mean - t), min(n, mean + t + 1)
        size = self.last - self.first
        self.stride = 1 if size <= _EVERY else -(-size // _CELLS)
        self.cells = -(-size // self.stride)
        with ctx.workprec(_BITS):
            self.odds = arb(tau / (1 - tau))
            self.below = self._tail(self.first - 1, downward=True)
            self.above = self._tail(self.last + 1, downward=False)
            self._sums = self._cumulate()

    def place(self, i: int) -> int:
        """First number of cell i."""
        return min(self.first + i * self.stride, self.last)

    def _tail(self, start: int, *, downward: bool) -> arb:
        """Upper bound (as a ball from 0) on the mass from `start` outward: a geometric series."""
        if start < 0 or start > self.n:
            return arb(0)
        n, odds = self.n, self.tau / (1 - self.tau)
        edge = pmf(n, start, self.tau)
        ratio = fmpq(start, n - start + 1) / odds if downward else odds * fmpq(n - start, start + 1)
        return arb(0).union((edge / (1 - ratio)).upper()) if ratio < 1 else arb(0).union(arb(1))

    def _cumulate(self) -> list[arb]:
        """Sums of the masses of the cells before the i-th, i = 0, ..., cells + 1."""
        weight, sums = pmf(self.n, self.first, self.tau), [arb(0)]
        for i in range(self.cells):
            if self.stride == 1:
                sums.append(sums[-1] + weight)
                weight = weight * self._ratio(self.first + i)
            else:
                a, b = self.place(i), self.place(i + 1)
                beyond = pmf(self.n, b, self.tau)
                sums.append(sums[-1] + self._cell(a, b, weight, beyond))
                weight = beyond
        sums.append(sums[-1] + weight)
        return sums

    def _ratio(self, k: int) -> arb:
        """Pr[K = k + 1]/Pr[K = k]; it falls with k."""
        return self.odds * fmpq(self.n - k, k + 1)

    def _cell(self, a: int, b: int, at_a: arb, at_b: arb) -> arb:
        """Enclosure of Pr[a <= K < b]: the weights' logs are concave.

        So they lie above their chord, and below the tangents at both ends.
        """
        count = b - a
        chord = at_a * _geometric(((at_b / at_a).log() / count).exp(), count)
        rising = at_a * _geometric(self._ratio(a), count)
        back = 1 / self._ratio(b - 1)
        falling = at_b * back * _geometric(back, count)
        return chord.lower().union(rising.upper().min(falling.upper()).max(chord.lower()))

    def point(self, i: int) -> arb:
        """Pr[K = place(i)] where cells are single numbers and for the last; else 0."""
        alone = self.stride == 1 or i == self.cells
        return self._sums[i + 1] - self._sums[i] if alone else arb(0)

    def inside(self, a: int, b: int) -> arb:
        """Mass between place(a) and place(b): without the ends that `point` gives."""
        return self._sums[b] - self._sums[a + 1 if self.stride == 1 else a]

    def split(self, a: int, b: int) -> int:
        """An index strictly between a and b, b - a > 1, that halves the mass inside."""
        goal = (self._sums[a + 1] + self._sums[b]) / 2
        low, high = a + 1, b - 1
        while low < high:
            middle = (low + high) // 2
            if self._sums[middle + 1].mid() < goal.mid():
                low = middle + 1
            else:
                high = middle
        return low


def _geometric(ratio: arb, count: int) -> arb:
    """1 + ratio + ... + ratio^(count - 1), ratio > 0."""
    log = ratio.log()
    if (ratio - 1).contains(0):  # the terms lie between the first and the last one
        return count * arb(1).union(((count - 1) * log).exp())
    return (count * log).expm1() / (ratio - 1)
