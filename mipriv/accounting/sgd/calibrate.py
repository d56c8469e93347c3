"""The smallest noise for a target loss, certified: the loss is proved to meet it at the upper end.

The loss falls with the noise, as the dominating pair is monotone in every sensitivity and the
revealed-schedule bound is too.  The search is heuristic; only the two decided ends carry the claim.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

from flint import fmpq

from mipriv.accounting.sgd.revealed import square_sum
from mipriv.accounting.sgd.training import Training, least, saturation
from mipriv.errors import Infeasible, PrecisionError

_MOST = 60
_SMALLEST, _LARGEST = 1e-3, 1e18


@dataclass(frozen=True)
class Bracket:
    """Noise multipliers below and at which the target is missed and met.

    Attributes:
        lower: the loss is certainly above the target there; 0 if no noise is needed.
        upper: the loss is certainly at most the target there.
    """

    lower: fmpq
    upper: fmpq


def noise(
    training: Training,
    target: fmpq,
    *,
    tolerance: float,
    progress: Callable[[float, float], None] | None = None,
) -> Bracket:
    """Enclose the least noise multiplier whose loss is at most the target.

    Args:
        training: what is run; its noise multipliers are replaced.
        target: loss, in [0, 1].
        tolerance: relative width of the bracket.
        progress: told each noise multiplier tried and the loss there.

    Raises:
        Infeasible: the target is 0 and something is released.
        PrecisionError: the loss could not be decided closely enough.
    """
    if target >= 1 or _revealed_noise(training) == 0:
        return Bracket(fmpq(0), fmpq(0))
    if target == 0:
        raise Infeasible("loss=0: no finite noise gives a loss of 0")
    if training.poisson is not None and saturation(training) >= 1 - target:
        return Bracket(fmpq(0), fmpq(0))
    return _search(training, target, tolerance, progress)


def _search(
    training: Training,
    target: fmpq,
    tolerance: float,
    progress: Callable[[float, float], None] | None,
) -> Bracket:
    low: float | None = None
    high: float | None = None
    goal = _normal_distance(float(target))
    x, width, factor = _revealed_noise(training) / goal, 1e-3, 1.0
    for _ in range(_MOST):
        if not _SMALLEST < x < _LARGEST:
            break
        below, above = _loss(training, _short(x), width * min(float(target), 1 - float(target)))
        middle = float(below + above) / 2
        if progress is not None:
            progress(x, middle)
        if above <= target:
            high = x
        elif below > target:
            low = x
        else:  # undecided: closer, or aside if that is already as close as it gets
            width = max(width / 64, 1e-13)
        if low is not None and high is not None and high <= low * (1 + tolerance):
            return Bracket(_short(low), _short(high))
        guess = x * max(min(_normal_distance(middle) / goal, 1e4), 1e-4)
        near = abs(guess / x - 1) < 0.3
        if near:
            width = min(width, tolerance / 64)
            # a little to the side that is still open, so that the two ends close in
            side = 1 if high is None or (low is not None and x == low) else -1
            factor = 1 + side * tolerance / 3
        x = _between(guess * (factor if near else 1.0), low, high)
    raise PrecisionError(f"the noise for loss {float(target):.6g} was not enclosed")


def _revealed_noise(training: Training) -> float:
    """Noise multiplier times mu of the revealed-schedule bound: a start that is rarely far off."""
    unit = training.with_noise(fmpq(1))
    squares = square_sum(
        unit.runs,
        n=unit.n,
        group=unit.records,
        tau=unit.tau if unit.near else None,
    )
    return float(unit.reach) * math.sqrt(float(squares))


def _between(x: float, low: float | None, high: float | None) -> float:
    """The trial itself if it lies between what is known, else the middle."""
    if low is not None and high is not None:
        return x if low < x < high else math.sqrt(low * high)
    if low is not None and x <= low:
        return low * 1.5
    if high is not None and x >= high:
        return high / 1.5
    return x


def _normal_distance(loss: float) -> float:
    """mu of two normals with this total variation: nearly inverse to the noise."""
    return -2 * NormalDist().inv_cdf(min(max((1 - loss) / 2, 1e-300), 0.5 - 1e-17))


def _short(x: float) -> fmpq:
    """The double as a decimal of 12 digits, exactly."""
    mantissa, exponent = f"{x:.11e}".split("e")
    return fmpq(int(mantissa.replace(".", ""))) * fmpq(10) ** (int(exponent) - 11)


def _loss(training: Training, sigma: fmpq, width: float) -> tuple[fmpq, fmpq]:
    """Ends of the least bound at a noise multiplier."""
    bound = least(replace(training.with_noise(sigma), width=max(width, 1e-15)))
    return bound.loss.lower().fmpq(), bound.loss.upper().fmpq()
