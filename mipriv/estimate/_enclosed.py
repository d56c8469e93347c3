"""Readings that are computed from exact numbers: the rounding is enclosed."""

from __future__ import annotations

from collections.abc import Callable

from mipriv.estimate.reading import Reading
from mipriv.rigor.enclosure import Number, enclose

_DIGITS = 18  # more than a double holds, so that the rounding to one is the coarser


def enclosed(evaluate: Callable[[], Number], *, method: str) -> Reading:
    """Reading whose ends enclose a value, two or three doubles apart.

    Args:
        evaluate: the information at the current Arb precision, as for `enclosure.refine`: an exact
            rational where it is one, in particular 0.
        method: in words.
    """
    ends = enclose(evaluate, digits=_DIGITS, what="the information")
    middle = (ends.lower + ends.upper) / 2
    return Reading(
        value=float(middle),
        lower=float(ends.lower),
        upper=float(ends.upper),
        confidence=1.0,
        method=method,
        bound=True,
    )
