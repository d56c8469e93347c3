"""Data sets of up to three symbols, and where a quasi-concave function on them is largest.

A data set of n records carries T_1 >= T_2 >= T_3 >= 0 records of three symbols.  Each one gives a
valid bound, so a search that stops short of the best one costs tightness and never truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flint import arb

Votes = tuple[int, int, int]

ENUMERATED = 60  # records up to which all data sets are tried, some 300 of them

_PLANE = tuple((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0))


def triples(n: int) -> Iterator[Votes]:
    """All data sets of n records and at most three symbols, up to their names."""
    for third in range(n // 3 + 1):
        for second in range(third, (n - third) // 2 + 1):
            yield n - second - third, second, third


def splits(n: int) -> range:
    """Records of the leading symbol of two."""
    return range((n + 1) // 2, n + 1)


def best_triple(n: int, value: Callable[[Votes], arb]) -> Votes:
    """Where a search on the lattice finds `value` largest."""

    def of(point: Sequence[int]) -> Votes | None:
        second, third = point
        first = n - second - third
        return (first, second, third) if first >= second >= third >= 0 else None

    found = of(_climb((n // 3, n // 6), _PLANE, n, lambda p: _at(value, of(p))))
    return found if found is not None else (n, 0, 0)


def best_split(n: int, value: Callable[[int], arb]) -> int:
    """Where a search finds `value` largest over `splits(n)`."""
    allowed = splits(n)

    def at(point: Sequence[int]) -> arb | None:
        return _at(value, point[0] if point[0] in allowed else None)

    return _climb((allowed.start,), ((-1,), (1,)), n, at)[0]


def _at(value: Callable[[Any], arb], point: Any | None) -> arb | None:
    return None if point is None else value(point).mid()


def _climb(
    start: tuple[int, ...],
    moves: Sequence[tuple[int, ...]],
    reach: int,
    value: Callable[[Sequence[int]], arb | None],
) -> tuple[int, ...]:
    """Pattern search: steps that halve from `reach` to 1, each direction as long as it helps."""
    here, best = start, value(start)
    step = 1 << reach.bit_length()
    while step:
        for move in moves:
            there = tuple(x + step * m for x, m in zip(here, move, strict=True))
            found = value(there)
            if found is not None and (best is None or found > best):
                here, best = there, found
                break
        else:
            step >>= 1
    return here
