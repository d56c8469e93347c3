"""Choices for the Fourier series, in floating point: period, orders, heights, last frequency.

Nothing here is a bound.  A poor choice makes the certified result wide, never wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, fmpq

from mipriv.accounting.sgd.line import Line, dyadic
from mipriv.accounting.sgd.wrap import affinity_beyond

_GOLDEN = (math.sqrt(5) - 1) / 2


class TooExpensive(Exception):
    """The series would cost more multiplications than allowed."""


@dataclass(frozen=True)
class Plan:
    """What the transform uses.

    Attributes:
        half_period: r, in nats.
        thetas: order of the Chernoff bound towards P and towards Q.
        heights: for each run, how far its integral is moved up to bound high frequencies.
        last: largest frequency's index.
    """

    half_period: float
    thetas: tuple[fmpq, fmpq]
    heights: tuple[float, ...]
    last: int


@dataclass(frozen=True)
class Sketch:
    """A line's nodes as doubles, its weights divided by their sum."""

    log_affinity: float
    weights: list[float]
    ratios: list[float]
    slopes: list[float]
    spread: float
    steps: int

    @classmethod
    def of(cls, line: Line, steps: int) -> Sketch:
        """Round a line's nodes; those that weigh nothing are left out."""
        total = sum((node.affinity for node in line.nodes), arb(0))
        kept = [
            (float(node.affinity / total), float(node.ratio), float(node.slope))
            for node in line.nodes
        ]
        kept = [item for item in kept if item[0] > 1e-280]
        weights, ratios, slopes = (list(column) for column in zip(*kept, strict=True))
        spread = float(line.pair.spread)
        return cls(float(total.log()), weights, ratios, slopes, spread, steps)

    def log_moment(self, theta: float) -> float:
        """log of the mean of e^(theta L); infinite where the nodes' edge carries it."""
        powers = [theta * ratio + math.log(w) for w, ratio in zip(self.weights, self.ratios, strict=True)]
        top = max(powers)
        if top in (powers[0], powers[-1]) and theta != 0:
            return math.inf
        return top + math.log(sum(math.exp(p - top) for p in powers))

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
        y = _least(at, high * 1e-3, high)
        return at(y), y


def _least(value: Callable[[float], float], low: float, high: float, steps: int = 18) -> float:
    """A point near the least value of a function with one valley."""
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    fa, fb = value(a), value(b)
    for _ in range(steps):
        if fa <= fb:
            high, b, fb = b, a, fa
            a = high - _GOLDEN * (high - low)
            fa = value(a)
        else:
            low, a, fa = a, b, fb
            b = low + _GOLDEN * (high - low)
            fb = value(b)
    return a if fa <= fb else b


def plan(
    runs: list[tuple[Line, int]], *, log_tolerance: float, reach: float, budget: float
) -> Plan:
    """Choose everything for an absolute error of e^log_tolerance."""
    sketches = [Sketch.of(line, steps) for line, steps in runs]
    half, thetas = _period(runs, sketches, log_tolerance, reach)
    last, heights = _last(sketches, half, log_tolerance, budget)
    return Plan(half, thetas, heights, last)


def _period(
    runs: list[tuple[Line, int]], sketches: list[Sketch], log_tolerance: float, reach: float
) -> tuple[float, tuple[fmpq, fmpq]]:
    log_affinity = sum(s.steps * s.log_affinity for s in sketches)
    symmetric = all(line.pair.symmetric for line, _ in runs)
    half, thetas = 0.0, []
    for side in (1,) if symmetric else (1, -1):
        pairs = [(line.pair if side > 0 else line.pair.swapped(), steps) for line, steps in runs]

        def needed(log_theta: float, side: int = side) -> float:
            theta = math.exp(log_theta)
            log = sum(s.steps * s.log_moment(side * theta) for s in sketches)
            return max((log + log_affinity - log_tolerance + 1) / theta, 1e-300)

        theta, r = _order(needed, pairs, log_tolerance)
        half = max(half, r)
        thetas.append(theta)
    return half + reach, (thetas[0], thetas[-1])


def _order(
    needed: Callable[[float], float], pairs: list[tuple[object, int]], log_tolerance: float
) -> tuple[fmpq, float]:
    """Order of the Chernoff bound and the r it gives, checked against the certified bound."""
    lowest = math.log(0.5)
    log_theta = _least(needed, lowest, lowest + 40)
    for _ in range(12):
        if log_theta <= lowest + 0.01 or not math.isfinite(needed(log_theta)):
            break
        theta, r = dyadic(math.exp(log_theta)), needed(log_theta)
        bound = affinity_beyond(pairs, dyadic(r), theta)  # type: ignore[arg-type]
        if bound.is_finite() and float(bound.log()) <= log_tolerance + 1:
            return theta, r
        log_theta -= 0.3
    return fmpq(1, 2), max(1.0, 2 * (-log_tolerance + 1))


def _last(
    sketches: list[Sketch], half: float, log_tolerance: float, budget: float
) -> tuple[int, tuple[float, ...]]:
    affinity = sum(s.steps * s.log_affinity for s in sketches)

    def excess(j: int) -> float:
        rest = math.log(min(1.0, half / (math.pi**2 * j)))
        decay = sum(s.steps * s.log_decay(math.pi * (j + 1) / half)[0] for s in sketches)
        return affinity + rest + decay - log_tolerance

    most = int(budget / max(len(s.weights) for s in sketches))
    high = 8
    while excess(high) > 0:
        high *= 2
        if high > most:
            raise TooExpensive
    low = high // 2
    while high - low > max(1, low // 16):
        middle = (low + high) // 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    u = math.pi * (high + 1) / half
    return high, tuple(s.log_decay(u)[1] for s in sketches)
