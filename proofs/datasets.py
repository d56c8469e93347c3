"""Data sets as counts of their symbols, and their neighbours."""

from __future__ import annotations

from collections.abc import Iterator

Counts = tuple[int, ...]


def replaced(counts: Counts) -> Iterator[Counts]:
    """Every data set that differs in one record."""
    for old, count in enumerate(counts):
        for new in range(len(counts)):
            if count > 0 and new != old:
                yield tuple(c - (i == old) + (i == new) for i, c in enumerate(counts))


def one_more(counts: Counts) -> Iterator[Counts]:
    """Every data set with one record more."""
    for new in range(len(counts)):
        yield tuple(c + (i == new) for i, c in enumerate(counts))
