"""The best split of every node of a level on one column, all nodes at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]


def nats_table(size: int) -> Numbers:
    """m log m for m = 0..size: entropies of counts are sums of its entries."""
    counts = np.arange(size + 1, dtype=np.float64)
    counts[2:] *= np.log(counts[2:])
    counts[1:2] = 0
    return counts


def margin(total: Any, *, cells: Any, price: Any) -> Any:
    """Largest rounding error of a computed score, in nats times records.

    A score is a sum of at most `cells` entries m log m of the branches' classes, as many of the
    branches, and two sums over the node itself; with f the node's own entry each of the four is at
    most f.  An entry errs by 4 u of itself (a logarithm within one ulp, a product), u = 2^-53, and
    a sum of K numbers >= 0 by K u of its value in whatever order.  The four enter with factors 1,
    |1 - price|, price and 1, through at most six more operations.

    Args:
        total: f = n log n of the node's n records.
        cells: most branches times classes that can be seen, >= 1.
        price: of the split information, >= 0.
    """
    return 2.0**-53 * (cells + 10) * (4 + 2 * price) * total


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Nodes that may be split and their rows, ordered by node.

    Attributes:
        counts: records of each class, shape (A, classes).
        nats: table m log m.
        least: records that every branch must hold.
        sizes, starts: records of each node, and the place of its first.
        at: node of each place.
        whole: m log m of each node.
        impurity: n H(class) of each node.
    """

    counts: Whole
    nats: Numbers
    least: int
    sizes: Whole
    starts: Whole
    at: Whole
    whole: Numbers
    impurity: Numbers

    @classmethod
    def of(cls, counts: Whole, *, nats: Numbers, least: int) -> Level:
        sizes = counts.sum(axis=1)
        return cls(
            counts=counts,
            nats=nats,
            least=least,
            sizes=sizes,
            starts=np.cumsum(sizes) - sizes,
            at=np.repeat(np.arange(len(sizes)), sizes),
            whole=nats[sizes],
            impurity=nats[sizes] - nats[counts].sum(axis=1),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Best splits on one column of the nodes that have one.

    Attributes:
        node: the nodes.
        score: n (gain - price * split information), in nats.
        slack: rounding error of the score.
        low, high: ranks of the numbers that the threshold lies between; -1 for categories.
    """

    node: Whole
    score: Numbers
    slack: Numbers
    low: Whole
    high: Whole


def split_numbers(level: Level, keys: Whole, *, bits: tuple[int, int], price: float) -> Found:
    """Best threshold of every node; of those that tie, the lowest.

    Args:
        level: the nodes.
        keys: of every row node, rank and class in one number, ascending.
        bits: of the rank and of the class in a key.
        price: of the split information.
    """
    rank_bits, class_bits = bits
    left = np.arange(1, len(keys) + 1) - level.starts[level.at]
    fits = left >= level.least
    fits &= level.sizes[level.at] - left >= level.least
    ranks = keys >> class_bits
    fits[:-1] &= ranks[1:] != ranks[:-1]
    cut = np.flatnonzero(fits)
    node, left = level.at[cut], left[cut]
    score = _classes_apart(level, keys & ((1 << class_bits) - 1), cut, node, left)
    apart = level.nats[left] + level.nats[level.sizes[node] - left]
    score += level.impurity[node] - price * level.whole[node] - (1 - price) * apart
    classes = level.counts.shape[1]
    slack = margin(level.whole, cells=2 * classes, price=price)
    chosen = _first_best(node, score, 2 * slack)
    node, cut = node[chosen], cut[chosen]
    ranks &= (1 << rank_bits) - 1
    return Found(
        node=node, score=score[chosen], slack=slack[node], low=ranks[cut], high=ranks[cut + 1]
    )


def _classes_apart(level: Level, labels: Whole, cut: Whole, node: Whole, left: Whole) -> Numbers:
    """Sum over classes and sides of m log m at every cut."""
    classes = level.counts.shape[1]
    total = np.zeros(len(cut))
    rest = left.copy()  # records left of the cut in the classes not yet counted
    for label in range(classes):
        if label < classes - 1:
            run = np.cumsum(labels == label)
            before = run[level.starts] - (labels[level.starts] == label)
            here = run[cut] - before[node]
            rest -= here
        else:
            here = rest
        total += level.nats[here]
        total += level.nats[level.counts[node, label] - here]
    return total


def _first_best(node: Whole, score: Numbers, tie: Numbers) -> Whole:
    """For each node the first entry whose score is within `tie[node]` of the node's highest."""
    if not len(node):
        return np.zeros(0, dtype=np.int64)
    opens = np.flatnonzero(np.diff(node, prepend=-1))
    highest = np.maximum.reduceat(score, opens)
    floor = highest - tie[node[opens]]
    near = np.flatnonzero(score >= np.repeat(floor, np.diff(opens, append=len(node))))
    first: Whole = near[np.diff(node[near], prepend=-1) != 0]
    return first


def split_categories(
    level: Level, keys: Whole, *, bits: tuple[int, int], price: float, values: int
) -> Found:
    """The split of every node into one branch for each category that it holds.

    Args:
        level, keys, bits, price: as in `split_numbers`, with the code of the category for the rank.
        values: number of categories.
    """
    rank_bits, class_bits = bits
    cells, cell_counts = _runs(keys)
    branches, size = _runs(cells >> class_bits, cell_counts)
    node_of_branch = branches >> rank_bits
    nodes = len(level.sizes)
    many = np.bincount(node_of_branch, minlength=nodes)
    opens = np.cumsum(many) - many
    smallest = np.minimum.reduceat(size, opens)
    node = np.flatnonzero((many > 1) & (smallest >= level.least))
    within = np.bincount(cells >> (rank_bits + class_bits), weights=level.nats[cell_counts])
    apart = np.bincount(node_of_branch, weights=level.nats[size])
    score = level.impurity + within - price * level.whole - (1 - price) * apart
    most = np.minimum(level.sizes, values * level.counts.shape[1])
    slack = margin(level.whole, cells=most, price=price)
    none = np.full(len(node), -1, dtype=np.int64)
    return Found(node=node, score=score[node], slack=slack[node], low=none, high=none)


def _runs(keys: Whole, weights: Whole | None = None) -> tuple[Whole, Whole]:
    """Distinct entries of an ascending array, and the number, or total weight, of each."""
    opens = np.flatnonzero(np.diff(keys, prepend=-1))
    if weights is None:
        return keys[opens], np.diff(opens, append=len(keys))
    return keys[opens], np.add.reduceat(weights, opens)
