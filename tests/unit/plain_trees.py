"""ID3 written as its definition reads, one node at a time, in exact arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import prod

Row = tuple[str, ...]
Path = tuple[tuple[int, str], ...]
Leaves = set[tuple[Path, tuple[int, ...]]]


def purity(rows: Sequence[Row], labels: Sequence[int], column: int) -> Fraction:
    """exp(-n H(class | column)), a rational number: largest where the gain is."""
    cells = Counter((row[column], label) for row, label in zip(rows, labels, strict=True))
    values = Counter(row[column] for row in rows)
    return Fraction(
        prod(count**count for count in cells.values()),
        prod(count**count for count in values.values()),
    )


def id3(
    rows: Sequence[Row],
    labels: Sequence[int],
    *,
    classes: int,
    placed: tuple[int, int] | None = None,
    path: Path = (),
) -> Leaves:
    """Leaves of the tree: the decisions that lead to each, and its records of each class.

    Args:
        rows, labels: the records of this node.
        classes: number of classes.
        placed: (column, depth): split on this column at this depth if possible, and only there.
        path: decisions so far.
    """
    counts = Counter(labels)
    can_split = [column for column in range(len(rows[0])) if len({row[column] for row in rows}) > 1]
    if placed is not None and placed[0] in can_split:
        can_split.remove(placed[0])
        if len(path) == placed[1]:
            can_split = [placed[0]]
    if len(counts) == 1 or not can_split:
        return {(path, tuple(counts[label] for label in range(classes)))}
    best = max(can_split, key=lambda column: (purity(rows, labels, column), -column))
    found: Leaves = set()
    for value in {row[best] for row in rows}:
        here = [i for i, row in enumerate(rows) if row[best] == value]
        found |= id3(
            [rows[i] for i in here],
            [labels[i] for i in here],
            classes=classes,
            placed=placed,
            path=(*path, (best, value)),
        )
    return found
