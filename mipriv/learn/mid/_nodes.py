"""A grown tree in arrays: how records go down it, and what leads to a leaf."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.learn.mid._encode import Column

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]

LEAF = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One decision on the way to a leaf.

    Attributes:
        column: the attribute asked for.
        relation: "<=" or ">" of a number, "=" of a category.
        value: the threshold, or the category.
    """

    column: int
    relation: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A leaf, as an attacker who holds the tree sees it.

    Attributes:
        node: its index, as `apply` returns it.
        path: the decisions that lead to it, from the root.
        counts: training records of each class.
    """

    node: int
    path: tuple[Condition, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tree:
    """Nodes in order of depth, the root first; the children of a node follow each other.

    Attributes:
        columns: what the columns held.
        column: column that each node is split on, LEAF for none.
        threshold: of a split on numbers: those above it go to branch 1, the others to branch 0.
        parent: of each node, -1 of the root.
        branch: of its parent that each node is: 0 or 1, or the code of the category.
        depth: decisions before each node.
        counts: training records of each class, shape (nodes, classes).
        gain: n times the information gain of a node's split, in nats; 0 of a leaf.
        spent: n times its split information.
    """

    columns: tuple[Column, ...]
    column: Whole
    threshold: Numbers
    parent: Whole
    branch: Whole
    depth: Whole
    counts: Whole
    gain: Numbers
    spent: Numbers

    @property
    def leaf(self) -> NDArray[np.bool_]:
        """Which nodes are leaves."""
        return np.equal(self.column, LEAF)

    def pruned(self, split: NDArray[np.bool_]) -> Tree:
        """The tree whose splits are only those of nodes in `split` that the root still leads to."""
        kept = np.zeros(len(self.column), dtype=bool)
        kept[0] = True
        for level in self.levels()[1:]:
            above = self.parent[level]
            kept[level] = kept[above] & split[above]
        index = np.cumsum(kept) - 1
        cut = kept & ~split
        column = np.where(cut, LEAF, self.column)[kept]
        return replace(
            self,
            column=column,
            threshold=np.where(cut, np.nan, self.threshold)[kept],
            parent=np.concatenate([[-1], index[self.parent[kept][1:]]]),
            branch=self.branch[kept],
            depth=self.depth[kept],
            counts=self.counts[kept],
            gain=np.where(cut, 0.0, self.gain)[kept],
            spent=np.where(cut, 0.0, self.spent)[kept],
        )

    def levels(self) -> list[slice]:
        """Nodes of each depth."""
        ends = np.cumsum(np.bincount(self.depth)).tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def descend(self, rows: Numbers) -> Whole:
        """Node where each row stops: a leaf, or the node that has no branch for its category.

        Args:
            rows: encoded rows, shape (N, p).
        """
        width = max(2, *(column.size for column in self.columns))
        edges = self.parent[1:] * width + self.branch[1:]  # ascending: edge i leads to node i + 1
        categorical = np.array([column.categorical for column in self.columns])
        at = np.zeros(len(rows), dtype=np.int64)
        moving = np.arange(len(rows)) if len(edges) else np.zeros(0, dtype=np.int64)
        while len(moving):
            node = at[moving]
            column = self.column[node]
            value = rows[moving, column]
            above = value > self.threshold[node]
            branch = np.where(categorical[column], value, above).astype(np.int64)
            edge = np.minimum(np.searchsorted(edges, node * width + branch), len(edges) - 1)
            known = (branch >= 0) & (edges[edge] == node * width + branch)
            moving, child = moving[known], edge[known] + 1
            at[moving] = child
            moving = moving[~self.leaf[child]]
        return at

    def leaves(self) -> tuple[Leaf, ...]:
        """Every leaf with its path."""
        paths: list[tuple[Condition, ...]] = [()]
        for node in range(1, len(self.column)):
            paths.append((*paths[self.parent[node]], self.condition(node)))
        return tuple(
            Leaf(node=node, path=paths[node], counts=tuple(self.counts[node].tolist()))
            for node in np.flatnonzero(self.leaf).tolist()
        )

    def condition(self, node: int) -> Condition:
        """The decision that leads from a node's parent to it."""
        above = int(self.parent[node])
        column, branch = int(self.column[above]), int(self.branch[node])
        if self.columns[column].categorical:
            value = self.columns[column].values[branch]
            return Condition(column=column, relation="=", value=value)
        relation = ">" if branch else "<="
        return Condition(column=column, relation=relation, value=float(self.threshold[above]))
