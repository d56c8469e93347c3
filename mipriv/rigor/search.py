"""Certified inverses of monotone functions.

One sign change of a continuous monotone function certifies a root: the answer is two neighbouring
decimals with a certified sign change between them.  How the search chooses its points is
heuristic; only the signs carry the proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq

from mipriv.errors import PrecisionError
from mipriv.rigor.decimals import round_rational
from mipriv.rigor.enclosure import MAX_BITS, Enclosure, Number, ball, bits_for

_MAX_STEPS = 400
_MAX_TRIALS = 2_000
_MAX_EXPONENT = 60_000  # of two, while bracketing


def root(
    excess: Callable[[fmpq], Number], *, guess: fmpq, digits: int, at_most: fmpq | None = None
) -> Enclosure:
    """Enclose the largest x > 0 with excess(x) <= 0, for a continuous nondecreasing `excess`.

    Args:
        excess: value minus target at a rational x: a ball at the current precision or exact.
            Negative near 0, positive at `at_most` (or far out).
        guess: a positive start; a good one saves evaluations, a bad one costs only time.
        digits: significant decimal digits of the answer.
        at_most: right end of the domain.

    Returns:
        Enclosure whose `lower` is safe: the excess is proved <= 0 there and >= 0 at `upper`, each
        by a certified sign at a point between it and the root, as the excess is monotone.

    Raises:
        PrecisionError: a sign could not be decided.
    """
    bits = bits_for(digits) + 16
    low, high = _bracket(excess, guess, at_most, bits)
    low, high = _narrow(excess, low, high, digits, bits)
    if low.x == high.x:
        return Enclosure.of(low.x, digits)
    # the bracket is far narrower than a unit in the last place: it holds at most one decimal
    inner = round_rational(low.x, digits, upward=True)
    if inner < _fraction(high.x):
        try:
            here = _decided(excess, fmpq(inner.numerator, inner.denominator), bits, (low, high))
        except _TooClose:  # the root may as well be that decimal: leave it inside, one unit wider
            here = None
        if here is not None and here.value == 0:
            return Enclosure.of(here.x, digits)
        if here is not None:
            low, high = (here, high) if here.value < 0 else (low, here)
    return Enclosure(
        round_rational(low.x, digits, upward=False), round_rational(high.x, digits, upward=True)
    )


@dataclass(frozen=True, slots=True)
class _Point:
    """A trial point with a value whose sign is certain."""

    x: fmpq
    value: arb


def _fraction(x: fmpq) -> Fraction:
    return Fraction(int(x.p), int(x.q))


class _TooClose(Exception):
    """A trial point agrees with the root far beyond the digits asked for."""


def _decided(
    excess: Callable[[fmpq], Number],
    x: fmpq,
    bits: int,
    around: tuple[_Point, _Point] | None = None,
) -> _Point:
    """Evaluate at a precision that decides the sign; gives up where precision does not help.

    Raises:
        _TooClose: the excess is below 2^-(8 bits) of that at the ends of the bracket `around`.
        PrecisionError: more precision does not make the ball smaller.
    """
    stalls, radius = 0, None
    precision = bits
    while precision <= MAX_BITS and stalls < 3:
        with ctx.workprec(precision):
            value = ball(excess(x))
            if value > 0 or value < 0 or value.is_zero():
                return _Point(x, value.mid())
            if around is not None and value.is_finite():
                scale = abs(around[0].value).max(abs(around[1].value))
                if value.rad() < scale * arb(2) ** (-8 * bits):
                    raise _TooClose
            stalls = stalls + 1 if radius is not None and value.rad() * 2 >= radius else 0
            radius = value.rad() if value.is_finite() else None
        precision *= 2
    raise PrecisionError(f"the sign at a trial point is undecided at {precision // 2} bits")


def _bracket(
    excess: Callable[[fmpq], Number], guess: fmpq, at_most: fmpq | None, bits: int
) -> tuple[_Point, _Point]:
    """Points 0 < low < high with excess < 0 and > 0, by steps that grow; the same point at a root."""
    here = _decided(excess, guess if at_most is None or guess < at_most else at_most / 2, bits)
    power = 0
    while power <= _MAX_EXPONENT:
        if here.value == 0:
            return here, here
        factor = fmpq(2) ** power if power else 1 + fmpq(1, 8)
        there = here.x * factor if here.value < 0 else here.x / factor
        if at_most is not None and there >= at_most:
            there = at_most
        beyond = _decided(excess, there, bits)
        if beyond.value == 0:
            return beyond, beyond
        if (beyond.value > 0) != (here.value > 0):
            return (here, beyond) if here.value < 0 else (beyond, here)
        if there == at_most:
            break
        here, power = beyond, 2 * power or 1
    raise PrecisionError(f"no sign change found from {float(guess):.3g} on")


def _narrow(
    excess: Callable[[fmpq], Number], low: _Point, high: _Point, digits: int, bits: int
) -> tuple[_Point, _Point]:
    """Shrink the bracket to relative width 10^-(digits+2) by guarded secant (Illinois) steps."""
    tolerance = fmpq(1, 10) ** (digits + 2)
    below, above = low.value, high.value  # halved where a step lands on the same side again
    side, slow = 0, 0
    for _ in range(_MAX_STEPS):
        width = high.x - low.x
        if width <= tolerance * high.x:
            break
        trial = _trial(low.x, high.x, below, above, bits, halve=slow >= 3)
        try:
            here = _decided(excess, trial, bits, (low, high))
        except _TooClose:  # then the root lies within the tolerance of the trial point
            reach = trial * tolerance / 4
            near = max(trial - reach, low.x), min(trial + reach, high.x)
            low, high = (_decided(excess, x, bits) for x in near)
            break
        if here.value == 0:
            return here, here
        if here.value < 0:
            above = above / 2 if side < 0 else above
            low, below, side = here, here.value, -1
        else:
            below = below / 2 if side > 0 else below
            high, above, side = here, here.value, 1
        slow = slow + 1 if 2 * (high.x - low.x) > width else 0
    return low, high


def _trial(low: fmpq, high: fmpq, below: arb, above: arb, bits: int, *, halve: bool) -> fmpq:
    """Secant point inside the bracket, rounded to `bits` bits; the middle if it is outside."""
    with ctx.workprec(bits):
        if halve:
            middle = (low + high) / 2 if high < 4 * low else (arb(low) * arb(high)).sqrt()
            trial = arb(middle).mid().fmpq()
        else:
            weight = (below / (below - above)).mid()
            trial = (arb(low) + (arb(high) - arb(low)) * weight).mid().fmpq()
    return trial if low < trial < high else (low + high) / 2


def largest_whole(fits: Callable[[int], bool], *, guess: int) -> int:
    """Largest n >= 0 for which the decreasing predicate `fits` holds; it must hold at 0.

    The number of evaluations grows with the logarithm of n and of the error of the guess.

    Raises:
        PrecisionError: more than 2,000 evaluations would be needed (a poor guess of an n of
            hundreds of digits).
    """
    left = _MAX_TRIALS

    def holds(n: int) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise PrecisionError(f"n is not found within {_MAX_TRIALS} evaluations")
        return fits(n)

    low, step = (guess, 1) if guess > 0 and holds(guess) else (0, 1)
    if low == 0 and guess > 0:  # gallop down from the guess
        high = guess
        while high - step > 0 and not holds(high - step):
            high, step = high - step, 2 * step
        low = max(high - step, 0)
    else:
        while holds(low + step):
            low, step = low + step, 2 * step
        high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
