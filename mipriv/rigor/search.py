"""Certified inverses of monotone functions.

One sign change of a continuous monotone function certifies a root, so the answer is two
neighbouring decimals at which the sign of the function has been proved.  The search between is
heuristic; only the last two signs carry the proof.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx, fmpq

from mipriv.errors import PrecisionError
from mipriv.rigor.decimals import Endpoint, round_rational
from mipriv.rigor.enclosure import MAX_BITS, Enclosure, Number, ball, bits_for, sign

_MAX_STEPS = 400
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
        Enclosure whose `lower` is safe: excess(lower) <= 0 is proved, and excess(upper) > 0.

    Raises:
        PrecisionError: a sign could not be decided.
    """
    low, high = _bracket(excess, guess, at_most)
    if low == high:
        return Enclosure.of(low, digits)
    low, high = _narrow(excess, low, high, digits)
    return _grid(excess, low, high, digits, at_most)


def _sign(excess: Callable[[fmpq], Number], x: fmpq) -> int:
    return sign(lambda: excess(x), what="the sign at a trial point")


def _bracket(
    excess: Callable[[fmpq], Number], guess: fmpq, at_most: fmpq | None
) -> tuple[fmpq, fmpq]:
    """Positive low < high with excess(low) < 0 < excess(high), by steps that grow."""
    here = guess if at_most is None or guess < at_most else at_most / 2
    at = _sign(excess, here)
    if at == 0:
        return here, here
    power = 1
    while power <= _MAX_EXPONENT:
        factor = 1 + fmpq(1, 8) if power == 1 else fmpq(2) ** (power - 1)
        there = here * factor if at < 0 else here / factor
        if at_most is not None and there >= at_most:
            there = at_most
        arrived = _sign(excess, there)
        if arrived == 0:
            return there, there
        if arrived != at:
            return (here, there) if at < 0 else (there, here)
        if there == at_most:
            break
        here, power = there, 2 * power
    raise PrecisionError(f"no sign change found from {float(guess):.3g} on")


def _narrow(
    excess: Callable[[fmpq], Number], low: fmpq, high: fmpq, digits: int
) -> tuple[fmpq, fmpq]:
    """Shrink the bracket to relative width 10^-(digits+2) by guarded secant (Illinois) steps."""
    bits = bits_for(digits) + 16
    tolerance = fmpq(1, 10) ** (digits + 2)
    below, above = _decided(excess, low, bits), _decided(excess, high, bits)
    slow = 0
    for _ in range(_MAX_STEPS):
        if high - low <= tolerance * high:
            break
        trial = _trial(low, high, below, above, bits, halve=slow >= 3)
        here = _decided(excess, trial, bits)
        width = high - low
        if here < 0:
            low, below, above = trial, here, above / 2
        elif here > 0:
            high, above, below = trial, here, below / 2
        else:
            return trial, trial
        slow = slow + 1 if 2 * (high - low) > width else 0
    return low, high


def _decided(excess: Callable[[fmpq], Number], x: fmpq, bits: int) -> arb:
    """Midpoint of the excess at x, at a precision that decides its sign."""
    while bits <= MAX_BITS:
        with ctx.workprec(bits):
            value = ball(excess(x))
            if value > 0 or value < 0 or value.is_zero():
                return value.mid()
        bits *= 2
    raise PrecisionError(f"the sign at a trial point is undecided at {MAX_BITS} bits")


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


def _grid(
    excess: Callable[[fmpq], Number], low: fmpq, high: fmpq, digits: int, at_most: fmpq | None
) -> Enclosure:
    """Neighbouring decimals around the bracket, with both signs proved."""
    lower = round_rational(low, digits, upward=False)
    upper = round_rational(high, digits, upward=True)
    middle = round_rational((low + high) / 2, digits, upward=True)
    if lower < middle < upper:  # the bracket holds a decimal of the grid: its sign halves the answer
        at = _sign(excess, _ratio(middle))
        if at == 0:
            return Enclosure.of(_ratio(middle), digits)
        if at < 0:
            lower = round_rational(_ratio(middle), digits, upward=False)
        else:
            upper = middle
    lower_sign = _sign(excess, _ratio(lower)) if lower > 0 else -1
    if lower_sign == 0:
        return Enclosure(lower, round_rational(_ratio(lower), digits, upward=True))
    if at_most is not None and _ratio(upper) > at_most:
        upper = round_rational(at_most, digits, upward=True)
    upper_sign = _sign(excess, _ratio(upper))
    if upper_sign == 0:
        return Enclosure(round_rational(_ratio(upper), digits, upward=False), upper)
    if lower_sign > 0 or upper_sign < 0:
        raise PrecisionError("the signs at the ends of the bracket do not certify the root")
    return Enclosure(lower, upper)


def _ratio(endpoint: Endpoint) -> fmpq:
    return fmpq(endpoint.numerator, endpoint.denominator)


def largest_whole(fits: Callable[[int], bool], *, guess: int) -> int:
    """Largest n >= 0 for which the decreasing predicate `fits` holds; it must hold at 0.

    The number of evaluations grows with the logarithm of n and of the error of the guess.

    Raises:
        PrecisionError: n has more than 2^18 bits.
    """
    low, step = (guess, 1) if guess > 0 and fits(guess) else (0, 1)
    if low == 0 and guess > 0:  # gallop down from the guess
        high = guess
        while high - step > 0 and not fits(high - step):
            high, step = high - step, 2 * step
        low = max(high - step, 0)
    else:
        while fits(low + step):
            low, step = low + step, 2 * step
            if step.bit_length() > MAX_BITS:
                raise PrecisionError("n has more digits than can be searched")
        high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
