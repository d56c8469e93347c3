"""Exact draws from finite laws known as balls, from uniform bits of the operating system."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from flint import arb, ctx, fmpq

from mipriv.errors import PrecisionError
from mipriv.rigor.enclosure import ball
from mipriv.roles import Number

_MAX_BITS = 1 << 16
_FIRST_BITS = 64

Below = Callable[[int], int]


def draw_exactly(law: Callable[[], Sequence[Number]], *, below: Below = secrets.randbelow) -> int:
    """An outcome 0..r-1 of exactly this law, whatever the precision of its balls.

    A uniform number is revealed bit by bit until the balls of the cumulative masses tell for
    certain between which two it lies; no mass is rounded.

    Args:
        law: masses of the outcomes at the current precision; they sum to 1.
        below: source of independent uniform whole numbers of [0, argument).

    Raises:
        PrecisionError: undecided after 65,536 bits, an event of probability near 2^-65536, or masses
            whose balls do not shrink.
    """
    bits, found = _FIRST_BITS, below(1 << _FIRST_BITS)
    while bits <= _MAX_BITS:
        with ctx.workprec(bits + 64):
            outcome = _place(law(), fmpq(found, 1 << bits), fmpq(found + 1, 1 << bits))
        if outcome is not None:
            return outcome
        found = (found << bits) | below(1 << bits)
        bits *= 2
    raise PrecisionError(f"a draw is undecided after {_MAX_BITS} bits")


def _place(masses: Sequence[Number], low: fmpq, high: fmpq) -> int | None:
    """The outcome whose stretch of [0, 1] surely holds [low, high]; None: not known yet."""
    reached: Number = fmpq(0)
    for outcome, mass in enumerate(masses):
        if outcome and not ball(reached) <= arb(low):
            return None
        reached = reached + mass
        last = outcome == len(masses) - 1
        if last or arb(high) <= ball(reached):
            return outcome
    return None
