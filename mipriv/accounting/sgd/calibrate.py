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
from mipriv.accounting.sgd.training import Training, bounds, saturation
from mipriv.errors import Infeasible, PrecisionError, require
from mipriv.guarantee import Kind
from mipriv.rigor.search import largest_whole

_MOST = 60
_SMALLEST, _LARGEST = 1e-9, 1e305
_EFFORT = 6.0  # multiples of the budget of one loss that a search may cost
_CHEAP = 1 / 16  # share of that budget for losses that only have to be about right
_NEAR = 0.01  # relative step from an undecided loss that is not worth taking
_FINISH = 6  # losses computed for each end of a bracket that cannot be narrowed further


@dataclass(frozen=True)
class Bracket:
    """Noise multipliers below and at which the target is missed and met.

    Attributes:
        lower: the loss is certainly above the target there; 0 if no noise is needed, or if that
            is known of no noise multiplier.
        upper: the loss is certainly at most the target there.
        wide: whether the enclosures of the loss were too wide for the tolerance asked for.
    """

    lower: fmpq
    upper: fmpq
    wide: bool = False


def noise(
    training: Training,
    target: fmpq,
    *,
    tolerance: float,
    progress: Callable[[float, float], None] | None = None,
) -> Bracket:
    """Enclose the least noise multiplier whose loss is at most the target.

    The upper end meets the target by the least of all proved bounds; at the lower end the exact
    loss misses it, or every bound does where no exact loss is known.

    Args:
        training: what is run; its noise multipliers are replaced.
        target: loss, in [0, 1].
        tolerance: relative width of the bracket.  Where the training's budget does not let the
            loss be told from the target so closely, the bracket is wider and says so.
        progress: told each noise multiplier tried and the loss there.

    Raises:
        Infeasible: the target is 0 and something is released.
        PrecisionError: no noise multiplier was found that meets the target.
    """
    if target >= 1 or _revealed_noise(training) == 0:
        return Bracket(fmpq(0), fmpq(0))
    if target == 0:
        raise Infeasible("loss=0: no finite noise gives a loss of 0")
    if training.poisson is not None and saturation(training) >= 1 - target:
        return Bracket(fmpq(0), fmpq(0))
    return _Search(training, target, tolerance, progress).run()


@dataclass(frozen=True)
class _Loss:
    """Ends of the loss at a noise multiplier."""

    x: fmpq
    below: fmpq
    above: fmpq

    @property
    def middle(self) -> float:
        return float(self.below + self.above) / 2


class _Search:
    """Two neighbouring decimals, so that the answer does not depend on how it was found."""

    def __init__(
        self,
        training: Training,
        target: fmpq,
        tolerance: float,
        progress: Callable[[float, float], None] | None,
    ) -> None:
        self.training, self.target, self.progress = training, target, progress
        self.tolerance = tolerance
        self.digits = max(2, math.ceil(-math.log10(tolerance)) + 1)
        self.goal = _normal_distance(float(target))
        self.low: fmpq | None = None
        self.high: fmpq | None = None
        self.unsure: list[_Loss] = []
        self.seen: list[_Loss] = []
        self.left = _EFFORT * training.budget
        self.spans: list[float] = []  # logs of the ratio of the ends

    def run(self) -> Bracket:
        """Search, and give up on neighbours where a loss cannot be told from the target."""
        guess, width, share = _revealed_noise(self.training) / self.goal, 1e-3, _CHEAP
        for _ in range(_MOST):
            x = self._trial(guess)
            decided, wide = self._loss(x, width, share)
            low, high = self.low, self.high
            if low is not None and high is not None and high <= _next(low, self.digits):
                return Bracket(low, high)
            if self.left < 0:
                break
            if decided:
                guess = self._guess()
                step = abs(guess / float(x) - 1)
                width = min(width, max(self.tolerance / 256, step * step / 16))
            elif wide and share < 1:
                share = 1.0
            elif wide or width <= 1e-13:
                self.unsure.append(self.seen[-1])
                guess = self._guess()
                if abs(guess / float(x) - 1) < _NEAR or len(self.unsure) > _FINISH:
                    break
                share = _CHEAP
            else:
                width = max(width / 64, 1e-13)
        return self._finish()

    def _loss(self, x: fmpq, width: float, share: float) -> tuple[bool, bool]:
        """The loss at x, for a share of the budget: whether it is decided, and whether wide."""
        training = replace(
            self.training.with_noise(x), budget=max(1.0, share * self.training.budget)
        )
        below, above, wide, cost = _ends(training, width, self.target)
        at = _Loss(x, below, above)
        self.left -= cost
        self.seen.append(at)
        if self.progress is not None:
            self.progress(float(x), at.middle)
        if above <= self.target:
            self.high = x if self.high is None else min(x, self.high)
        elif below > self.target:
            self.low = x if self.low is None else max(x, self.low)
        else:
            return False, wide
        return True, wide

    def _guess(self) -> float:
        """Where the line through the last two losses, on logarithmic scales, meets the target."""
        here = self.seen[-1]
        slope = -1.0  # the loss's normal distance is about inverse to the noise
        for other in reversed(self.seen[:-1]):
            if other.x != here.x:
                run = math.log(float(here.x / other.x))
                rise = math.log(_normal_distance(here.middle) / _normal_distance(other.middle))
                slope = min(max(rise / run, -50.0), -0.02)
                break
        move = math.log(self.goal / _normal_distance(here.middle)) / slope
        return float(here.x) * math.exp(min(max(move, -9.0), 9.0))

    def _trial(self, guess: float) -> fmpq:
        """The decimal at or below the guess, or beside a decided end; a middle if that is slow."""
        low, high, digits = self.low, self.high, self.digits
        if low is not None and high is not None:
            self.spans.append(math.log(float(high / low)))
            if len(self.spans) > 4 and self.spans[-1] > self.spans[-4] / 2:
                self.spans.clear()
                return max(_middle(low, high, digits), _next(low, digits))
        x = _decimal(min(max(guess, _SMALLEST), _LARGEST), digits)
        if low is not None and x <= low:
            return _next(low, digits)
        if high is not None and x >= high:
            beside = high - _unit(float(high), digits)
            x = beside if beside > (low or 0) else _middle(low, high, digits)
        return x

    def _finish(self) -> Bracket:
        """The closest decided ends where the loss cannot be told from the target in between."""
        self.left = max(self.left, 0.0) + _EFFORT / 2 * self.training.budget
        for upward in (True, False):
            for tries in range(_FINISH):
                x = self._outward(tries, upward=upward)
                if x is None:
                    break
                share = 1.0 if self.left > 0 else _CHEAP
                if not self._loss(x, self.tolerance, share)[0]:
                    self.unsure.append(self.seen[-1])
        if self.high is None:  # the revealed schedule alone decides
            x = _decimal(_revealed_noise(self.training) / self.goal * 1.0001, 7)
            self._loss(x, 1e-3, _CHEAP)
        if self.high is None:
            raise PrecisionError(f"the noise for loss {float(self.target):.6g} was not enclosed")
        return Bracket(fmpq(0) if self.low is None else self.low, self.high, wide=True)

    def _outward(self, tries: int, *, upward: bool) -> fmpq | None:
        """A noise multiplier beside the undecided ones; None once the end is close to them."""
        if not self.unsure:
            return None
        last = (max if upward else min)(self.unsure, key=lambda at: at.x)
        near, end = last.x, self.high if upward else self.low
        gap = max(float(last.above - last.below) / float(self.target), self.tolerance)
        if end is not None and abs(float(end / near) - 1) < 2 * gap:
            return None
        away = (1 + min(gap, 1.0) / 2) ** (4**tries)
        guess = float(near) * (away if upward else 1 / away)
        x = _decimal(min(max(guess, _SMALLEST), _LARGEST), self.digits)
        if end is None:
            return x
        low, high = min(near, end), max(near, end)
        if tries >= _FINISH / 2 or not low < x < high:
            x = _middle(low, high, self.digits)
        return x if low < x < high else None


def _middle(low: fmpq | None, high: fmpq, digits: int) -> fmpq:
    """A decimal about half way, on a logarithmic scale if they are far apart."""
    if low is None:
        return _decimal(float(high) / 2, digits)
    middle = math.sqrt(float(low) * float(high)) if high > 2 * low else float(low + high) / 2
    return _decimal(middle, digits)


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
    if loss < 1e-4:  # where 1 - loss would round it off; right to a share of loss^2
        return max(loss, 1e-300) * math.sqrt(2 * math.pi)
    return -2 * NormalDist().inv_cdf(min(max((1 - loss) / 2, 1e-300), 0.5 - 1e-17))


def _ends(training: Training, width: float, target: fmpq) -> tuple[fmpq, fmpq, bool, float]:
    """Ends of the loss or, if none is exact, of the least bound; whether wide; and what it cost."""
    if training.near:  # its width is absolute
        width *= min(float(target), 1 - float(target))
    found = bounds(replace(training, width=max(width, 1e-15)))
    exact = [bound for bound in found if bound.kind is Kind.EXACT]
    below = min(bound.loss.lower() for bound in exact or found)
    above = min(bound.loss.upper() for bound in found)
    wide = any(bound.wide for bound in found)
    return below.fmpq(), above.fmpq(), wide, sum(bound.cost for bound in found)


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
        below, above, wide, _ = _ends(training, width, target)
        if above <= target:
            return True
        if below > target:
            return False
        if wide:
            break
        width /= 64
    raise PrecisionError(f"the loss could not be told from {float(target):.6g}")
