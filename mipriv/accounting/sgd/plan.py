"""Choices for the Fourier series, in floating point: period, orders, heights, last frequency.

Nothing here is a bound.  A poor choice makes the certified result wide, never wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flint import arb, fmpq

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.line import Line, dyadic
from mipriv.accounting.sgd.wrap import (
    Bennett,
    Chernoff,
    Order,
    affinity_beyond,
    likelihood_ratio,
)
from mipriv.rigor.golden import valley

_COARSE = 0.3  # distance of nodes that suffices for a choice
_TINY = 1e-50  # share of the affinity below which a node is left out of it
_LARGE = math.log(1000)  # order of a moment from which on tails carry it, if it is infinite
_SECTIONS = 10  # of a search


@dataclass(frozen=True)
class Plan:
    """What the transform uses.

    Attributes:
        half_period: r, in nats.
        orders: of the bound on large |L|, towards P and towards Q.
        heights: for each run, how far its integral is moved up to bound high frequencies.
        last: largest frequency's index.
    """

    half_period: float
    orders: tuple[Order, Order]
    heights: tuple[float, ...]
    last: int


@dataclass(frozen=True)
class Sketch:
    """A line's nodes as doubles, thinned out, the weights divided by their sum."""

    log_affinity: float
    weights: list[float]
    ratios: list[float]
    slopes: list[float]
    spread: float
    steps: int
    nodes: int

    @classmethod
    def of(cls, line: Line, steps: int) -> Sketch:
        """Round a line's nodes, some 0.3 apart; those that weigh nothing are left out."""
        stride = max(1, int(_COARSE / float(line.step)))
        nodes = line.nodes[line.count % stride :: stride]
        total = sum((node.affinity for node in nodes), arb(0))
        kept = [
            (float(node.affinity / total), float(node.ratio), float(node.slope)) for node in nodes
        ]
        kept = [item for item in kept if item[0] > _TINY]
        weights, ratios, slopes = (list(column) for column in zip(*kept, strict=True))
        spread = float(line.pair.spread)
        scale = float((stride * total).log())
        return cls(scale, weights, ratios, slopes, spread, steps, len(line.nodes))

    def log_moment(self, theta: float) -> float:
        """log of the mean of e^(theta L); infinite where the nodes' edge carries it."""
        powers = [
            theta * ratio + math.log(w) for w, ratio in zip(self.weights, self.ratios, strict=True)
        ]
        top = max(powers)
        if top in (powers[0], powers[-1]) and theta != 0:
            return math.inf
        return top + math.log(sum(math.exp(p - top) for p in powers))

    def moments(self) -> tuple[float, float]:
        """Mean of L and of L^2."""
        pairs = list(zip(self.weights, self.ratios, strict=True))
        return sum(w * x for w, x in pairs), sum(w * x * x for w, x in pairs)

    def variance(self) -> float:
        """Variance of L."""
        mean, square = self.moments()
        return max(square - mean * mean, 1e-300)

    def log_decay(self, u: float) -> tuple[float, float]:
        """log of the bound on |phi(v)|, v >= u, over the affinity; and the height it takes."""

        def at(y: float) -> float:
            turn = self.spread * y
            damping = u * y * (math.sin(turn) / turn if turn else 1.0)
            pairs = zip(self.weights, self.slopes, strict=True)
            total = sum(w * math.exp(-damping * slope) for w, slope in pairs)
            return y * y / 2 + math.log(max(total, 1e-300))

        mean = sum(w * slope for w, slope in zip(self.weights, self.slopes, strict=True))
        high = min(12.0, u * mean * 1.5 + 1e-12)
        if self.spread:
            high = min(high, 0.95 * math.pi / self.spread)
        y = valley(at, high * 1e-3, high, steps=_SECTIONS)[0]
        return at(y), y


def plan(
    runs: list[tuple[Line, int]], *, log_tolerance: float, reach: float, budget: float
) -> Plan:
    """Choose everything for an absolute error of e^log_tolerance."""
    sketches = [Sketch.of(line, steps) for line, steps in runs]
    half, orders = _period(runs, sketches, log_tolerance, reach)
    last, heights = _last(sketches, half, log_tolerance, budget)
    return Plan(half, orders, heights, last)


def _period(
    runs: list[tuple[Line, int]], sketches: list[Sketch], log_tolerance: float, reach: float
) -> tuple[float, tuple[Order, Order]]:
    half, orders = 0.0, []
    symmetric = all(line.pair.symmetric for line, _ in runs)
    for mirrored in (False,) if symmetric else (False, True):
        r, order = _order(runs, sketches, log_tolerance, mirrored=mirrored)
        half = max(half, r)
        orders.append(order)
    return half + reach, (orders[0], orders[-1])


def _order(
    runs: list[tuple[Line, int]], sketches: list[Sketch], log_tolerance: float, *, mirrored: bool
) -> tuple[float, Order]:
    """The r at which the affinity beyond it is small, and the order of the bound that shows it."""
    log_affinity = sum(s.steps * s.log_affinity for s in sketches)
    side = -1 if mirrored else 1

    def chernoff(log_theta: float) -> float:
        theta = math.exp(log_theta)
        log = sum(s.steps * s.log_moment(side * theta) for s in sketches)
        return max((log + log_affinity - log_tolerance + 1) / theta, 1e-300)

    least = math.log(0.5)
    spread = math.sqrt(sum(s.steps * s.variance() for s in sketches))
    normal = math.log(max(2 * (log_affinity - log_tolerance), 1.0)) / 2 - math.log(spread)
    log_theta = valley(chernoff, least, max(least + 40, normal + 4), steps=_SECTIONS)[0]
    for _ in range(4):
        r = chernoff(log_theta)
        if log_theta <= least + 0.01 or not math.isfinite(r):
            break
        order: Order = Chernoff(dyadic(math.exp(log_theta)))
        bound = _beyond(runs, r, order, mirrored=mirrored)
        if bound <= log_tolerance + 1:
            return r, order
        if math.isinf(bound) and log_theta > _LARGE:  # no moment of such an order will do
            break
        log_theta -= 0.3
    found = _bennett(runs, sketches, log_tolerance, mirrored=mirrored)
    whole = max(1.0, 2 * (-log_tolerance + 1))  # the moment of order 1/2 is at most 1
    return found if found and found[0] < whole else (whole, Chernoff(fmpq(1, 2)))


def _beyond(runs: list[tuple[Line, int]], r: float, order: Order, *, mirrored: bool) -> float:
    """log of the affinity beyond r, as it is bounded by this order; infinite if it is not."""
    bound = affinity_beyond(runs, dyadic(r), order, mirrored=mirrored)
    return float(bound.log()) if bound.is_finite() else math.inf


def _bennett(
    runs: list[tuple[Line, int]], sketches: list[Sketch], log_tolerance: float, *, mirrored: bool
) -> tuple[float, Order] | None:
    log_affinity = sum(s.steps * s.log_affinity for s in sketches)
    terms, cuts = [], []
    for (line, steps), sketch in zip(runs, sketches, strict=True):
        lost = max(math.log(len(runs) * steps) - log_tolerance + log_affinity + 3, 1.0)
        cut = dyadic(math.sqrt(2 * lost))
        pair = line.pair.swapped() if mirrored else line.pair
        top = float(likelihood_ratio(pair, cut)[0])
        if top <= 0:
            return None
        cuts.append(cut)
        mean, square = sketch.moments()
        terms.append((steps, top, -mean if mirrored else mean, square))

    def needed(log_theta: float) -> float:
        theta, log = math.exp(log_theta), 0.0
        for steps, top, mean, square in terms:
            x = min(theta * top, 600.0)
            curve = (math.expm1(x) - x) / (x * x)
            log += steps * math.log1p(theta * mean + theta * theta * square * curve)
        return max((log + log_affinity - log_tolerance + 1) / theta, 1e-300)

    scale = math.log(max(term[1] for term in terms))
    log_theta = valley(needed, -scale - 8, -scale + 6, steps=_SECTIONS)[0]
    order = Bennett(dyadic(math.exp(log_theta)), tuple(cuts))
    r = needed(log_theta)
    holds = _beyond(runs, r, order, mirrored=mirrored) <= log_tolerance + 1
    return (r, order) if holds else None


def _last(
    sketches: list[Sketch], half: float, log_tolerance: float, budget: float
) -> tuple[int, tuple[float, ...]]:
    affinity = sum(s.steps * s.log_affinity for s in sketches)

    def excess(j: int) -> float:
        rest = math.log(min(1.0, half / (math.pi**2 * j)))
        decay = sum(s.steps * s.log_decay(math.pi * (j + 1) / half)[0] for s in sketches)
        return affinity + rest + decay - log_tolerance

    most = int(budget / max(s.nodes for s in sketches))
    spread = math.sqrt(sum(s.steps * s.variance() for s in sketches))
    start = half * math.sqrt(max(2 * (affinity - log_tolerance), 1.0)) / (math.pi * spread)
    high = max(8, int(min(start, most)))  # as if the sum were normal
    if excess(high) > 0:
        while excess(high) > 0:
            high = 2 * high if high > 400 else math.ceil(1.2 * high)
            if high > most:
                raise TooExpensive
        low = high // 2
        while high > 400 and high - low > low // 16:
            middle = (low + high) // 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    else:
        while high > 8 and excess(int(high / 1.15)) <= 0:
            high = int(high / 1.15)
    u = math.pi * (high + 1) / half
    return high, tuple(s.log_decay(u)[1] for s in sketches)
