"""Two-sided enclosure of composed DP-SGD pairs on a lattice of log likelihood ratios.

Independent of the Fourier series: each step is replaced by two discrete pairs, one that gives away
more and one that gives away less (lattice_points.py), and these are composed exactly, up to proved
errors of rounding and wrap-around.  The width falls with the square of the lattice's step; few
steps cost no more than many.

All in float64, so what is assumed of the machine is part of the answer: `ARITHMETIC`, and that a
Fourier transform of 2^m numbers errs by at most 8 m units relative to the sum of their sizes.
"""

from __future__ import annotations

import math

from flint import arb, ctx

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.lattice_cells import (
    Cells,
    Effort,
    Step,
    TooManyPoints,
    cut,
    cut_from_end,
    short,
)
from mipriv.accounting.sgd.lattice_points import Composition, Points, above, below
from mipriv.accounting.sgd.pairs import Pair
from mipriv.errors import require

__all__ = ["ARITHMETIC", "TooManyPoints", "enclose", "enclose_to"]

ARITHMETIC = "float64, each elementary function within 4 ulp, the normal tail at z within 8 + 2 z^2"
MAX_POINTS = 1 << 21
_BITS = 128
_COARSEST = 0.4
_LEAST_POINTS, _LEAST_EFFORT = 1 << 14, 3e6  # some 50 ms
_TRANSFORM = 100  # elements' worth of work on a point of a transform
_SHARE = 1e-3  # of the width that fineness leads to, for what is cut off and wraps around


_Steps = tuple[Step, int]  # one step, and how many of it


def enclose(
    pairs: list[tuple[Pair, int]],
    *,
    fineness: float = 0.05,
    max_points: int = MAX_POINTS,
    epsilon: float = 0.0,
) -> arb:
    """Enclosure of int min(P, e^epsilon Q) of a composition; 1 - loss at epsilon = 0.

    Args:
        pairs: dominating pairs of one step, and how many steps of each, >= 0.
        fineness: step of the lattice in standard deviations of one step's log p/q, > 0.
        max_points: of the lattice and of its transform.
        epsilon: nats, finite.

    Returns:
        A ball within [0, min(1, e^epsilon)].

    Raises:
        TooManyPoints: the lattice would be larger; rare sampling with little noise.
        TooExpensive: the masses are too small for floating point.
        ParameterError: input out of range.
    """
    require(fineness > 0, must="be > 0", fineness=fineness)
    steps = _steps(pairs, epsilon, Effort())
    with ctx.workprec(_BITS):
        return _enclose(steps, fineness, max_points, epsilon)


def enclose_to(
    pairs: list[tuple[Pair, int]],
    *,
    width: float,
    max_points: int = MAX_POINTS,
    epsilon: float = 0.0,
    budget: float = math.inf,
) -> arb:
    """Enclosure of int min(P, e^epsilon Q), refined until it is as narrow as wanted.

    Args:
        pairs: as in `enclose`.
        width: wanted, absolute, > 0.
        max_points: as in `enclose`; where it ends the refinement, the ball is wider.
        epsilon: nats, finite.
        budget: what all of it may cost, in multiplications of a Fourier series; ends the refinement
            too.  A coarse lattice for few atoms is always affordable.

    Raises:
        TooManyPoints: not even the coarsest lattice fits.
        TooExpensive: as in `enclose`.
    """
    require(width > 0, must="be > 0", width=width)
    most = min(max_points, max(_LEAST_POINTS, int(min(budget / 100, 1e9))))
    effort = Effort(max(_LEAST_EFFORT, budget)) if budget < math.inf else Effort()
    steps = _steps(pairs, epsilon, effort)
    with ctx.workprec(_BITS):
        fineness, best = _COARSEST, None
        while True:
            try:
                value = _enclose(steps, fineness, most, epsilon)
            except TooManyPoints:
                if best is None:
                    raise
                return best
            before = 2.0 if best is None else float(2 * best.rad())
            best = value if best is None else best.intersection(value)
            now = float(2 * best.rad())
            if now <= width or now > 0.8 * before:  # rounding is all that is left
                return best
            fineness *= min(0.5, max(0.9 * math.sqrt(width / now), 1 / 16))


def _steps(pairs: list[tuple[Pair, int]], epsilon: float, effort: Effort) -> list[_Steps]:
    require(math.isfinite(epsilon), must="be finite", epsilon=epsilon)
    for _, count in pairs:
        require(count >= 0, must="be >= 0", steps=count)
    return [(Step.of(pair, effort), count) for pair, count in pairs if count]


def _enclose(steps: list[_Steps], fineness: float, max_points: int, epsilon: float) -> arb:
    scale = arb(epsilon).exp()
    if not steps:
        return scale.min(arb(1))
    total = sum(count for _, count in steps)
    variance = sum(count * step.profile.deviation**2 for step, count in steps)
    h = short(fineness * math.sqrt(variance / total))
    if not h > 1e-280:
        raise TooExpensive
    share = max(_SHARE * fineness**2 * min(math.sqrt(variance), 1 / math.sqrt(variance)), 1e-15)
    log_share = math.log(share / total)
    lower: list[tuple[Points, int]] = []
    upper: list[tuple[Points, int]] = []
    for step, count in steps:
        cells = cut(step, h, log_share, max_points)
        lower.append((below(cells), count))
        upper.append((_above(step, cells, log_share, max_points), count))
        if not (lower[-1][0].affinity > 0 and upper[-1][0].error < 1):
            raise TooExpensive
    # no step's affinity is above this: the true one by the upper bound, the lower points' by itself
    largest = [
        arb(up.affinity + up.error).max(arb(low.affinity))
        for (low, _), (up, _) in zip(lower, upper, strict=True)
    ]
    ends = []
    for sign, parts in ((-1, lower), (1, upper)):
        sums = Composition(parts, step=h, wrap=share, most=max_points)
        steps[0][0].effort.spend(_TRANSFORM * sums.length * len(parts))
        found = sums.total(epsilon)
        value = _product(parts, [arb(points.affinity) for points, _ in parts]) * (
            arb(found.value) + sign * arb(found.error)
        )
        rate = sum(
            (n * points.error / top for (points, n), top in zip(parts, largest, strict=True)),
            arb(0),
        )
        value += sign * rate * _product(parts, largest)
        ends.append(value * (arb(epsilon) / 2).exp())
    return ends[0].lower().union(ends[1].upper()).max(arb(0)).min(arb(1)).min(scale)


def _above(step: Step, cells: Cells, log_share: float, max_points: int) -> Points:
    """Points from above; where L is bounded on a side, the lattice is counted from there."""
    if cells.far[0] and cells.far[1]:
        return above(cells, cells.step / 2)
    mirrored = cells.far[0]
    found, offset = cut_from_end(
        step.swapped() if mirrored else step, cells.step, log_share, max_points
    )
    points = above(found, offset)
    return points.mirrored() if mirrored else points


def _product(parts: list[tuple[Points, int]], factors: list[arb]) -> arb:
    total = arb(1)
    for (_, n), factor in zip(parts, factors, strict=True):
        total *= factor**n
    return total
