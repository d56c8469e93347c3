"""Models of records (x, y) of two bits that are published as they are: a tree, a constant, a rate.

A model is what its reader sees of it: the answer to x = 0 and to x = 1, each the chance of y = 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from mipriv.errors import require
from mipriv.learn.published import PublishedModel
from mipriv.roles import Histogram

Answers = tuple[Fraction, Fraction]
BITS = ((0, 0), (0, 1), (1, 0), (1, 1))  # the records, in the order of the histogram


def published(spec: Mapping[str, Any], *, symbols: int, n: int) -> PublishedModel:
    """The learner of a campaign's table: `model` is tree (with `lam`), labels, majority or rate.

    tree: the confidences of a MID tree; labels: only which label is likelier there; majority: the
    likelier label, whatever x; rate: the share of y = 1, whatever x.
    """
    require(symbols == len(BITS), must=f"be {len(BITS)}, two bits a record", symbols=symbols)
    kind = spec["model"]
    kinds: dict[str, Callable[[Histogram], Answers]] = {"majority": _majority, "rate": _rate}
    if kind in ("tree", "labels"):
        lam = float(spec["lam"])

        def train(counts: Histogram) -> Answers:
            return _tree(counts, lam=lam, labels=kind == "labels")

        return PublishedModel(train=train, symbols=symbols, n=n)
    require(kind in kinds, must="be tree, labels, majority or rate", model=kind)
    return PublishedModel(train=kinds[kind], symbols=symbols, n=n)


def _rate(counts: Histogram) -> Answers:
    share = Fraction(counts[1] + counts[3], sum(counts))
    return share, share


def _majority(counts: Histogram) -> Answers:
    label = Fraction(int(2 * (counts[1] + counts[3]) > sum(counts)))
    return label, label


def _tree(counts: Histogram, *, lam: float, labels: bool) -> Answers:
    """The answers of the tree, exact: its leaves are read off, and the counts in them divided."""
    from mipriv.learn.mid.tree import MIDTreeClassifier

    records = np.repeat(np.array(BITS), counts, axis=0)
    x, y = records[:, :1], records[:, 1]
    leaves = MIDTreeClassifier(lam=lam, categorical="all").fit(x, y).apply(np.array([[0], [1]]))
    split = bool(leaves[0] != leaves[1]) and sum(counts[:2]) > 0 and sum(counts[2:]) > 0
    cells = (counts[:2], counts[2:]) if split else (_sum(counts),) * 2
    first, second = (Fraction(ones, zeros + ones) for zeros, ones in cells)
    if labels:
        return Fraction(int(2 * first > 1)), Fraction(int(2 * second > 1))
    return first, second


def _sum(counts: Histogram) -> tuple[int, int]:
    return counts[0] + counts[2], counts[1] + counts[3]
