"""Cells of one step moved onto a lattice of log likelihood ratios, and the composition there.

A step enters int min(P^T, g Q^T) through V = int q f(p/q), where f(r) = int min(r A, g B) for the
other steps' (A, B) is concave, rises from f(0) = 0, and f(r) <= sqrt(g r) int sqrt(A B).  With masses
p, q of a cell and lattice ratios a < b:

* below: where a <= L <= b, f is above its chord, so V >= q f(a) + (p - a q) m, m the chord's slope;
* above: V <= q f(p/q) (Jensen), and f is below every chord extended; the chord that starts at the
  lattice point c nearest to the cell and leads away from p/q gives V <= q f(c) + (p - c q) m.  What
  it takes from the neighbour is less than what the neighbour's own cell puts there, or else 0 is
  above it.

Either bound is a sum of f at lattice points with weights >= 0, a pair itself, so it composes.  The
weights are kept as affinities sqrt(p q), which is what f's last bound is about: an error eta of one
step's weights is at most T eta beta^(T-1) of the composition, beta an affinity of one step.

The bounds are linear in (p, q) with slopes m and f - c m, which fall and rise along the cells; so
mass e that passes from a cell to the next costs e times a difference of slopes, and all of it
together (Abel's summation) no more than the rises of e, each at one slope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mipriv.accounting.sgd.lattice_cells import UNIT, Cells, Floats, TooManyPoints
from mipriv.rigor.golden import valley

# Units of error of a transform for each doubling of its length, relative to the sum of sizes: one
# complex multiplication by a rounded root of unity and one addition take 4 + 1 at most.
FFT_UNITS = 8
_PASSES = 30
_SECTIONS = 11  # of the search for an order, to .03 in its logarithm


@dataclass(frozen=True)
class Points:
    """One step's pair on the lattice: affinities at L = (first + i) h + offset.

    Attributes:
        weights: sqrt(P Q) of each point, >= 0.
        first: index of the first point.
        offset: nats.
        error: bound on what the step's bound may be wrong by, as an affinity.
    """

    weights: Floats
    first: int
    offset: float
    error: float

    @property
    def affinity(self) -> float:
        """Sum of the weights, correctly rounded."""
        return math.fsum(self.weights)

    def mirrored(self) -> Points:
        """The points of Q against P."""
        return Points(
            self.weights[::-1], 1 - self.first - len(self.weights), -self.offset, self.error
        )


def below(cells: Cells) -> Points:
    """Connect the dots: a pair that gives away more, int min(P, Q) from below."""
    h, count = cells.step, len(cells.p)
    low = _places(cells)
    down, up = np.exp(-low / 2), np.exp(low / 2)
    p, q = cells.p * down, cells.q * up
    root, grow = math.exp(h / 2), math.expm1(h)
    # p/q lies between the ends but for errors, which a chord would divide by h
    inside = np.clip(p, q, q * (1 + grow))
    astray = np.abs(p - inside)
    far = (inside - q) / grow
    at_high, at_low = far * root, q - far
    weights = np.zeros(count + 2)
    if cells.far[0]:  # keep P alone, at the next multiple but one, which L stays below
        weights[2] += cells.p[0] * math.exp(-low[2] / 2)
        at_high[0] = at_low[0] = astray[0] = 0.0
    if cells.far[1]:
        weights[count - 2] += cells.q[-1] * math.exp(low[-2] / 2)
        at_high[-1] = at_low[-1] = astray[-1] = 0.0
    weights[:count] += at_low
    weights[1 : count + 1] += at_high
    slack = UNIT * float(10 * (p + q).sum() + 40 * (at_low + at_high + far).sum())
    slack += float(astray.sum())
    weights = weights[: count + 1]
    off = np.concatenate([cells.off[:1], np.maximum(cells.off[1:], cells.off[:-1]), cells.off[-1:]])
    slack += float((np.expm1(off) * (p + q)).sum()) * root * root
    clipped = -float(np.minimum(weights, 0).sum())
    error = slack + clipped + _mass_errors(cells, low, low + h)
    return Points(np.maximum(weights, 0), cells.first, 0.0, error * (1 + 1e-6))


def above(cells: Cells, offset: float) -> Points:
    """Merge each cell and move it along a chord: int min(P, Q) from above.

    Args:
        cells: of one step; any cells are right, those around the lattice points are sharp.
        offset: lattice point of cell c is (first + c) h + offset, nats.
    """
    centre = _places(cells) + offset
    p, q = cells.p * np.exp(-centre / 2), cells.q * np.exp(centre / 2)
    rest = 0.0
    if cells.far[0]:  # f(p/q) <= f at a ratio that L stays below
        mass = cells.q[0] + cells.q_moved[0] + cells.q_rest[0]
        rest += float(mass) * math.exp(cells.ends[0] / 2)
        p[0] = q[0] = 0.0
    if cells.far[1]:
        mass = cells.p[-1] + cells.p_moved[-1] + cells.p_rest[-1]
        rest += float(mass) * math.exp(-cells.ends[1] / 2)
        p[-1] = q[-1] = 0.0
    weights, loose, handled = _along_chords(p, q, cells.step)
    in_p, in_q = np.exp(-centre / 2), np.exp(centre / 2)
    rounding = UNIT * (12 + 2 * np.abs(centre)) * (p + q)
    p_moved, q_moved = np.pad(cells.p_moved, 1), np.pad(cells.q_moved, 1)
    alone = in_p * (p_moved[1:] + p_moved[:-1] + cells.p_rest) + rounding
    alone += in_q * (q_moved[1:] + q_moved[:-1] + cells.q_rest)
    # Slopes out of order, or a cell that such a bound takes to lie on the wrong side of its point:
    # each costs no more than the cell's own errors in full.
    loose[0] |= cells.far[0]
    loose[-1] |= cells.far[1]
    # A cell so near its point that errors turn it to the wrong chord: they count times the two
    # chords' difference in slope, and all together by Abel's summation again.
    turned = np.maximum(np.diff(alone / in_p, prepend=0.0), 0) * in_p
    slack = float((rounding + turned).sum()) + 2 * float(alone[loose].sum()) + 40 * UNIT * handled
    error = rest + slack + cells.dropped + _mass_errors(cells, centre, centre)
    return Points(weights, cells.first, offset, error * (1 + 1e-6))


def _along_chords(p: Floats, q: Floats, h: float) -> tuple[Floats, NDArray[np.bool_], float]:
    """Weights of the lattice points from above; cells whose bound is no chord; mass handled.

    A cell whose neighbour has too little to give is bounded by f(c) max(q, p/c) instead: f rises
    and f(r)/r falls.
    """
    raised = np.zeros(len(p), dtype=np.bool_)
    raised[0], raised[-1] = p[0] > q[0], p[-1] < q[-1]
    for _ in range(_PASSES):
        more = np.where(raised, 0.0, np.maximum(p - q, 0)) / -math.expm1(-h)
        less = np.where(raised, 0.0, np.maximum(q - p, 0)) / math.expm1(h)
        weights = np.where(raised, np.maximum(p, q), q + more + less)
        weights[:-1] -= more[1:] * math.exp(-h / 2)
        weights[1:] -= less[:-1] * math.exp(h / 2)
        short = weights < 0
        if not short.any():
            break
        raised[1:] |= short[:-1] & (more[1:] > 0)
        raised[:-1] |= short[1:] & (less[:-1] > 0)
    handled = float((np.maximum(p, q) + more + less).sum()) * math.exp(h / 2)
    return np.maximum(weights, 0), raised, handled


def _places(cells: Cells) -> Floats:
    indices: Floats = cells.first + np.arange(len(cells.p), dtype=np.float64)
    return indices * cells.step


def _mass_errors(cells: Cells, low: Floats, high: Floats) -> float:
    """What errors of the masses do to a bound whose slopes fall in p and rise in q.

    The slopes are at most 1/sqrt(high) in p, sqrt(low) in q.
    """
    p_rise = np.maximum(np.diff(np.pad(cells.p_moved, 1)), 0)
    q_fall = np.maximum(-np.diff(np.pad(cells.q_moved, 1)), 0)
    in_p, in_q = np.exp(-high / 2), np.exp(low / 2)
    return float((in_p * (p_rise + cells.p_rest) + in_q * (q_fall + cells.q_rest)).sum())


@dataclass(frozen=True)
class Total:
    """sum over v of e^(-|v - epsilon|/2) times the affinity at L = v, over all steps' affinities.

    Attributes:
        value: computed.
        error: bound on its error.
    """

    value: float
    error: float


class Composition:
    """Several steps' points composed.

    Args:
        parts: points and number of steps, >= 1; on one lattice.
        step: h.
        wrap: how much affinity may wrap around, as a share.
        most: length of the transform allowed.

    Raises:
        TooManyPoints: a longer transform is needed.
    """

    def __init__(
        self,
        parts: list[tuple[Points, int]],
        *,
        step: float,
        wrap: float,
        most: int,
    ) -> None:
        self.parts, self.step = parts, step
        self.shift = math.fsum(points.offset * n for points, n in parts)
        self.shift_error = 2 * UNIT * math.fsum(abs(points.offset) * n for points, n in parts)
        self._shares = [(points.weights / points.affinity, points.first, n) for points, n in parts]
        self._logs = []
        for (points, n), (shares, _, _) in zip(parts, self._shares, strict=True):
            kept = np.flatnonzero(shares)
            places = (points.first + kept) * step + points.offset
            self._logs.append((np.log(shares[kept]), places, n))
        self.start, self.length, self.wrapped = self._window(wrap, most)

    def _window(self, wrap: float, most: int) -> tuple[int, int, float]:
        """First index and length of a window, and a bound on the share outside it."""
        low = sum(n * points.first for points, n in self.parts)
        high = sum(n * (points.first + len(points.weights) - 1) for points, n in self.parts)
        longest = max(len(points.weights) for points, _ in self.parts)
        theta, bottom, top = [], low, high
        for sign in (1, -1):
            best = self._order(sign, wrap)
            theta.append(best)
            reach = (self._log_moment(sign, best) - math.log(wrap / 2)) / best
            edge = (sign * reach - self.shift) / self.step
            if sign > 0:
                top = min(top, math.ceil(edge) + 1)
            else:
                bottom = max(bottom, math.floor(edge) - 1)
        count = max(top - bottom + 1, longest, 2)
        length = 1 << (count - 1).bit_length()
        if length > most:
            raise TooManyPoints
        bottom -= (length - count) // 2
        lost = 0.0
        for sign, best, edge in ((1, theta[0], bottom + length), (-1, theta[1], -(bottom - 1))):
            if (edge <= high) if sign > 0 else (-edge >= low):
                at = edge * self.step + sign * self.shift - self.shift_error
                lost += math.exp(min(self._log_moment(sign, best) - best * at, 0.0))
        return bottom, length, lost * (1 + 1e-6)

    def _log_moment(self, sign: int, theta: float) -> float:
        """Upper bound on the log of the mean of e^(sign theta v) under the composition's shares."""
        total = 0.0
        for logs, places, n in self._logs:
            powers = logs + sign * theta * places
            top = float(powers.max())
            mean = math.fsum(np.exp(powers - top))
            sizes = 750 + theta * float(np.abs(places[[0, -1]]).max())  # of the powers' two parts
            total += n * (top + math.log(mean) + UNIT * (64 + 16 * sizes))
        return total

    def _order(self, sign: int, wrap: float) -> float:
        """The theta that asks for the nearest edge; a choice, not a bound."""
        spread = 0.0
        for logs, places, n in self._logs:
            shares = np.exp(logs)
            mean = float(shares @ places)
            spread += n * float(shares @ (places - mean) ** 2)
        guess = math.sqrt(2 * math.log(2 / wrap) / max(spread, self.step**2))

        def edge(log: float) -> float:
            theta = math.exp(log)
            return (self._log_moment(sign, theta) - math.log(wrap / 2)) / theta

        middle = math.log(guess)
        return math.exp(valley(edge, middle - 5, middle + 2, steps=_SECTIONS)[0])

    def total(self, epsilon: float) -> Total:
        """Sum of the composition's shares, each times e^(-|v - epsilon|/2).

        By Parseval's identity the product of transforms takes the place of the inverse transform.
        With |z| + unit above each factor's size, an error `unit` of every factor is at most
        steps * unit * their product less one factor.
        """
        n, steps = self.length, sum(count for _, count in self.parts)
        unit = (FFT_UNITS * math.log2(n) + 8) * UNIT
        index = self.start + np.arange(n)
        kernel = np.zeros(n)
        kernel[index % n] = np.exp(-np.abs(index * self.step + self.shift - epsilon) / 2)
        pieces = np.fft.rfft(kernel)
        power = np.full(n // 2 + 1, 1 + 0j)
        log_size, log_least = np.zeros(n // 2 + 1), np.zeros(n // 2 + 1)
        for shares, first, count in self._shares:
            folded = np.zeros(n)
            folded[(first + np.arange(len(shares))) % n] = shares
            values = np.fft.rfft(folded)
            power *= _power(values, count)
            log = np.log(np.abs(values) + 2 * unit)  # the second unit is for what the log errs by
            log_size += count * log
            log_least = np.minimum(log_least, log)
        twice = np.full(n // 2 + 1, 2.0)  # for the frequencies of the other sign
        twice[0] = twice[-1] = 1.0
        mass = math.fsum(kernel)
        size, heights = twice * np.exp(log_size), np.abs(pieces) + unit * mass
        error = steps * unit * math.fsum(size * np.exp(-log_least) * heights)
        error += unit * mass * math.fsum(size) + 16 * UNIT * math.fsum(size * heights)
        value = math.fsum(twice * (power * pieces.conj()).real) / n
        # the last two: errors of each value of the kernel, over shares that sum to 1
        rest = self.shift_error + 32 * UNIT
        return Total(value, error / n * (1 + 1e-6) + self.wrapped + rest)


def _power(values: NDArray[np.complex128], exponent: int) -> NDArray[np.complex128]:
    """values^exponent by squaring: at most 3 units for each of the exponent's factors."""
    result, square = np.ones_like(values), values
    while exponent:
        if exponent & 1:
            result = result * square
        exponent >>= 1
        if exponent:
            square = square * square
    return result
