"""Growing a tree level by level, and keeping the splits that pay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.learn.mid._encode import Codes, Column
from mipriv.learn.mid._nodes import LEAF, Tree
from mipriv.learn.mid._split import (
    Found,
    Level,
    margin,
    nats_table,
    split_categories,
    split_numbers,
)

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a tree grows.

    Attributes:
        prices: of each column's split information: lam times its weight, >= 0.
        max_depth: most decisions on a path; None: no limit.
        min_samples_leaf: records that every branch must hold, >= 1.
        patience: splits in a row that may cost more than they gain; None: no limit.
        placed: (column, depth): that column is split on at this depth, where it can be, and at no
            other; None: all columns compete everywhere.
    """

    prices: Numbers
    max_depth: int | None = None
    min_samples_leaf: int = 1
    patience: int | None = None
    placed: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sample:
    """Training records in whole numbers.

    Attributes:
        columns, codes: as `learn_columns` returns them.
        labels: class of each record, 0..classes-1.
        classes: number of classes.
    """

    columns: tuple[Column, ...]
    codes: Codes
    labels: Whole
    classes: int

    @property
    def bits(self) -> tuple[int, int]:
        """Bits of a code and of a label in a key."""
        values = max(column.size for column in self.columns)
        return max(1, (values - 1).bit_length()), max(1, (self.classes - 1).bit_length())


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """Best split of every node of a level over the columns; column LEAF where there is none."""

    column: Whole
    score: Numbers
    slack: Numbers
    low: Whole
    high: Whole

    @classmethod
    def none(cls, nodes: int) -> _Best:
        empty = np.full(nodes, -1, dtype=np.int64)
        score = np.full(nodes, -np.inf)
        return cls(np.full(nodes, LEAF), score, np.zeros(nodes), empty, empty.copy())

    def offer(self, column: int, found: Found, *, always: bool) -> None:
        """Take a column's split where it is better by more than rounding, or always."""
        node = found.node
        gap = found.score - self.score[node]
        better = gap > found.slack + self.slack[node]
        if always:
            better[:] = True
        node = node[better]
        self.column[node] = column
        for name in ("score", "slack", "low", "high"):
            getattr(self, name)[node] = getattr(found, name)[better]


def grow(sample: Sample, rule: Rule) -> Tree:
    """The tree grown until no node can be split, whether or not its splits pay.

    A node is split if it holds two classes, on the column and threshold of the highest gain minus
    price times split information; ties go to the lowest column, then to the lowest threshold.
    """
    count = len(sample.labels)
    nats = nats_table(count)
    parts = _Parts(sample)
    rows, node = np.arange(count), np.zeros(count, dtype=np.int64)
    counts = np.bincount(sample.labels, minlength=sample.classes)[None]
    dry = np.zeros(1, dtype=np.int64)
    parts.add(np.array([-1]), np.array([-1]), counts)
    depth = 0
    # a split gains at most its split information
    hopeless = bool((rule.prices > 1).all())
    while not hopeless and (rule.max_depth is None or depth < rule.max_depth):
        large = counts.sum(axis=1) >= 2 * rule.min_samples_leaf
        active = large & ((counts > 0).sum(axis=1) > 1)
        rows, node = _only(active, rows, node)
        if not len(rows):
            break
        level = Level.of(counts[active], nats=nats, least=rule.min_samples_leaf)
        best = _search(sample, rule, level, rows, node, depth)
        here = np.flatnonzero(active)
        losing = best.score < -best.slack
        wait = np.where(losing, dry[here] + 1, 0)
        split = best.column != LEAF
        if rule.patience is not None:
            split &= wait <= rule.patience
        rows, node = _only(split, rows, node)
        if not len(rows):
            break
        place = np.flatnonzero(split)
        above, branch, node = _divide(sample, best, place, rows, node)
        cells = node * sample.classes + sample.labels[rows]
        counts = np.bincount(cells, minlength=len(above) * sample.classes)
        counts = counts.reshape(-1, sample.classes)
        parts.split(here[split], best, place)
        parts.add(here[split][above], branch, counts)
        dry = wait[place][above]
        depth += 1
    return parts.tree(nats)


def _only(kept: NDArray[np.bool_], rows: Whole, node: Whole) -> tuple[Whole, Whole]:
    """Rows of the nodes kept, and these nodes renumbered."""
    if kept.all():
        return rows, node
    stay = kept[node]
    return rows[stay], (np.cumsum(kept) - 1)[node[stay]]


def _search(
    sample: Sample, rule: Rule, level: Level, rows: Whole, node: Whole, depth: int
) -> _Best:
    """Best split of every node of a level."""
    best = _Best.none(len(level.sizes))
    rank_bits, class_bits = bits = sample.bits
    base = (node << (rank_bits + class_bits)) | sample.labels[rows]
    order = list(range(len(sample.columns)))
    placed = None
    if rule.placed is not None:
        placed, when = rule.placed
        order.remove(placed)
        if depth == when:
            order.append(placed)
    for place in order:
        column = sample.columns[place]
        if column.size == 1:
            continue
        keys = np.sort(base + (sample.codes[place][rows].astype(np.int64) << class_bits))
        price = float(rule.prices[place])
        if column.categorical:
            found = split_categories(level, keys, bits=bits, price=price, values=column.size)
        else:
            found = split_numbers(level, keys, bits=bits, price=price)
        best.offer(place, found, always=place == placed)
    return best


def _divide(
    sample: Sample, best: _Best, place: Whole, rows: Whole, node: Whole
) -> tuple[Whole, Whole, Whole]:
    """Children of the split nodes: the parent's number and the branch of each, and each row's."""
    column = best.column[place][node]
    code = sample.codes[column, rows].astype(np.int64)
    categorical = np.array([column.categorical for column in sample.columns])
    branch = np.where(categorical[column], code, code > best.low[place][node])
    width = max(2, 1 << sample.bits[0])
    edges, child = np.unique(node * width + branch, return_inverse=True)
    return edges // width, edges % width, child


class _Parts:
    """The arrays of a tree, level by level."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._levels: list[dict[str, NDArray[Any]]] = []
        self._start = 0

    def add(self, above: Whole, branch: Whole, counts: Whole) -> None:
        """A further level: the parent of each node within the last level, its branch and counts."""
        self._levels.append(
            {
                "parent": above + self._start,
                "branch": branch,
                "counts": counts,
                "depth": np.full(len(counts), len(self._levels)),
                "column": np.full(len(counts), LEAF),
                "threshold": np.full(len(counts), np.nan),
            }
        )

    def split(self, node: Whole, best: _Best, place: Whole) -> None:
        """What the nodes of the last level are split on."""
        if len(self._levels) > 1:
            self._start += len(self._levels[-2]["column"])
        last = self._levels[-1]
        last["column"][node] = best.column[place]
        for column in np.unique(best.column[place]).tolist():
            if self._sample.columns[column].categorical:
                continue
            values = np.asarray(self._sample.columns[column].values)
            mine = best.column[place] == column
            low, high = values[best.low[place][mine]], values[best.high[place][mine]]
            last["threshold"][node[mine]] = _between(low, high)

    def tree(self, nats: Numbers) -> Tree:
        """All levels together, with what each split gains and spends."""
        arrays = {
            name: np.concatenate([level[name] for level in self._levels])
            for name in self._levels[0]
        }
        arrays["parent"][0] = -1
        counts, above = arrays["counts"], arrays["parent"][1:]
        own, apart = nats[counts.sum(axis=1)], nats[counts].sum(axis=1)
        nodes = len(counts)
        split = arrays["column"] != LEAF
        spent = np.where(split, own - np.bincount(above, own[1:], nodes), 0.0)
        rest = np.bincount(above, (own - apart)[1:], nodes)
        gain = np.where(split, own - apart - rest, 0.0)
        return Tree(columns=self._sample.columns, gain=gain, spent=spent, **arrays)


def _between(low: Numbers, high: Numbers) -> Numbers:
    """Midpoints; the lower number where rounding would leave [low, high)."""
    middle = low / 2 + high / 2
    return np.where((low <= middle) & (middle < high), middle, low)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What is left of a grown tree.

    Attributes:
        stays: the splits that stay.
        saved: n times what they take off the objective of the root alone, in nats.
        slack: rounding error of `saved`.
    """

    stays: NDArray[np.bool_]
    saved: float
    slack: float


def fitted(sample: Sample, rule: Rule) -> Tree:
    """The better, by the objective, of two trees cut back: ID3's, and the one grown by the prices.

    ID3 takes columns whose splits cannot pay, those of price > 1, where no other column splits.
    The paths of the second are no longer than ID3's longest, or than the columns of categories, at
    which a path can end anyway: where its splits peel a few records off at a time they would
    be as long as there are records, and the tree no better.  Of two trees that rounding
    cannot tell apart it is the second.  Without prices both are ID3's.
    """
    if not rule.prices.any() or (rule.prices > 1).all():
        tree = grow(sample, rule)
        return tree.pruned(paying(tree, rule.prices).stays)
    # a split gains at most its split information
    dear = np.where(rule.prices > 1, rule.prices, 0.0)
    plain = grow(sample, replace(rule, prices=dear))
    categories = sum(column.categorical for column in sample.columns)
    longest = max(int(plain.depth.max()), categories)
    within = longest if rule.max_depth is None else min(longest, rule.max_depth)
    priced = grow(sample, replace(rule, max_depth=within))
    first, second = paying(plain, rule.prices), paying(priced, rule.prices)
    if first.saved - second.saved > first.slack + second.slack:
        return plain.pruned(first.stays)
    return priced.pruned(second.stays)


def paying(tree: Tree, prices: Numbers) -> Kept:
    """The splits that stay: those whose subtree, itself cut back, does not raise the objective.

    Going up from the leaves, a split stays if its gain less its price, with what its children's
    subtrees save, is >= 0; a tie is a number that rounding cannot tell from 0.  The tree that is
    left has the lowest objective of all that cutting back can reach.
    """
    nodes = len(tree.column)
    split = ~tree.leaf
    column = np.where(split, tree.column, 0)
    price = prices[column]
    sizes = tree.counts.sum(axis=1)
    most = np.array([held.size if held.categorical else 2 for held in tree.columns])
    classes = tree.counts.shape[1]
    cells = np.minimum(np.maximum(sizes, 2 * classes), most[column] * classes)
    own = nats_table(int(sizes[0]))[sizes]
    slack = np.where(split, margin(own, cells=cells, price=price), 0.0)
    saved = tree.gain - price * tree.spent
    stays = np.zeros(nodes, dtype=bool)
    for level in reversed(tree.levels()):
        stays[level] = split[level] & (saved[level] >= -slack[level])
        saved[level] = np.where(stays[level], np.maximum(saved[level], 0.0), 0.0)
        if level.start:
            above = tree.parent[level]
            np.add.at(saved, above, saved[level])
            np.add.at(slack, above, np.where(stays[level], slack[level], 0.0))
    return Kept(stays=stays, saved=float(saved[0]), slack=float(slack[0]))
