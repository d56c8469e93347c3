"""The least noise, or the most steps, records or sampling, for a target loss: certified.

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
from mipriv.errors import Infeasible, PrecisionError, require
from mipriv.rigor.search import largest_whole

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
    """Two neighbouring decimals, so that the answer does not depend on how it was found."""
    digits = max(2, math.ceil(-math.log10(tolerance)) + 1)
    goal = _normal_distance(float(target))
    guess, width = _revealed_noise(training) / goal, 1e-3
    low: fmpq | None = None
    high: fmpq | None = None
    scale = min(float(target), 1 - float(target))
    for _ in range(_MOST):
        if not _SMALLEST < guess < _LARGEST:
            break
        x = _trial(guess, low, high, digits)
        below, above = _loss(training, x, width * scale)
        middle = float(below + above) / 2
        if progress is not None:
            progress(float(x), middle)
        if above <= target:
            high = x
        elif below > target:
            low = x
        else:  # too wide to tell
            width = max(width / 64, 1e-13)
        if low is not None and high is not None and high <= _next(low, digits):
            return Bracket(low, high)
        guess = float(x) * max(min(_normal_distance(middle) / goal, 1e4), 1e-4)
        if abs(guess / float(x) - 1) < 0.3:
            width = min(width, tolerance / 256)
    raise PrecisionError(f"the noise for loss {float(target):.6g} was not enclosed")


def _trial(guess: float, low: fmpq | None, high: fmpq | None, digits: int) -> fmpq:
    """The decimal at or below the guess, the one above it if that is decided, or a middle."""
    x = _decimal(guess, digits)
    if low is not None and x <= low:
        x = _next(low, digits)
    if high is not None and x >= high:
        x = high / 2 if low is None else (low + high) / 2
        x = _decimal(float(x), digits)
        if low is not None and x <= low:
            x = _next(low, digits)
    return x


def _unit(x: float, digits: int) -> fmpq:
    return fmpq(10) ** (math.floor(math.log10(x)) - digits + 1)


def _decimal(x: float, digits: int) -> fmpq:
    """The largest decimal of so many digits that is at most the double."""
    unit = _unit(x, digits)
    return (fmpq(*x.as_integer_ratio()) / unit).floor() * unit


def _next(x: fmpq, digits: int) -> fmpq:
    return x + _unit(float(x), digits)


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


def _normal_distance(loss: float) -> float:
    """mu of two normals with this total variation: nearly inverse to the noise."""
    return -2 * NormalDist().inv_cdf(min(max((1 - loss) / 2, 1e-300), 0.5 - 1e-17))


def _loss(training: Training, sigma: fmpq, width: float) -> tuple[fmpq, fmpq]:
    """Ends of the least bound at a noise multiplier."""
    return _ends(training.with_noise(sigma), width)


def _ends(training: Training, width: float) -> tuple[fmpq, fmpq]:
    bound = least(replace(training, width=max(width, 1e-15)))
    return bound.loss.lower().fmpq(), bound.loss.upper().fmpq()


def group(training: Training, target: fmpq) -> int:
    """Largest number of changed records at which the loss is certainly at most the target.

    Raises:
        PrecisionError: a loss could not be told from the target.
    """
    whole = replace(training, group=None, tau=None)
    return min(
        largest_whole(
            lambda k: k <= whole.n and _fits(replace(whole, group=k), target),
            guess=_scaled_guess(whole, target),
        ),
        whole.n,
    )


def steps(training: Training, target: fmpq, *, most: int = 10**9) -> int:
    """Largest number of steps of the first run, up to `most`, that keeps the loss at the target.

    Raises:
        PrecisionError: a loss could not be told from the target.
    """
    first, *rest = training.runs

    def fits(count: int) -> bool:
        return count <= most and _fits(
            replace(training, runs=(replace(first, steps=count), *rest)), target
        )

    one = replace(training, runs=(replace(first, steps=1), *rest))
    share = _scaled_guess(one, target) / max(one.records, 1)
    return largest_whole(fits, guess=min(most, max(1, int(share * share))))


def sampling_probability(training: Training, target: fmpq, *, digits: int = 6) -> Bracket:
    """Enclose the largest sampling probability of a single Poisson run that keeps the target.

    A larger probability is a larger sensitivity of the same mixture, so the loss rises with it.

    Returns:
        Two neighbouring decimals: `lower` meets the target, `upper` does not; both 1 if all do.

    Raises:
        PrecisionError: a loss could not be told from the target.
    """
    runs = training.poisson or ()
    require(len(runs) == 1, must="be one Poisson run", runs=len(training.runs))

    def fits(q: fmpq) -> bool:
        return _fits(replace(training, runs=(replace(runs[0], sampling_probability=q),)), target)

    if fits(fmpq(1)):
        return Bracket(fmpq(1), fmpq(1))
    low, high = fmpq(0), fmpq(1)
    while low == 0 or high > _next(low, digits):
        middle = high / 16 if low == 0 else (low + high) / 2
        middle = _decimal(float(middle), digits)
        if middle <= low:
            middle = _next(low, digits)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return Bracket(low, high)


def _scaled_guess(training: Training, target: fmpq) -> int:
    """Records at which the revealed-schedule bound would reach the target: a start."""
    reached = _revealed_noise(training) / float(training.runs[0].noise_multiplier)
    if reached == 0 or target >= 1:
        return training.n
    share = _normal_distance(max(float(target), 1e-12)) / reached
    return max(1, min(training.n, int(training.records * share)))


def _fits(training: Training, target: fmpq) -> bool:
    """Whether the loss is at most the target, decided."""
    width = 1e-3
    while width > 1e-14:
        below, above = _ends(training, width * min(float(target) or 1.0, 1.0))
        if above <= target:
            return True
        if below > target:
            return False
        width /= 64
    raise PrecisionError(f"the loss is within 1e-14 of {float(target):.6g}")
