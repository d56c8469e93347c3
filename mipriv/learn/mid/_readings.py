"""What the answers of a tree tell of its training sample, and of each attribute, in nats."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mipriv.estimate.reading import Reading
from mipriv.learn.mid._encode import Codes, Column
from mipriv.learn.mid._nodes import Tree
from mipriv.learn.mid._split import nats_table

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]

BINS = 16  # of a column of numbers with more distinct values


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """Estimates of I(X_a; leaf) for one attribute, from the training sample, in nats.

    Attributes:
        column: the attribute.
        values: distinct values it is read in: all it has, or at most 16 quantile bins of numbers
            that have more; binning can only lower the information.
        plug_in: information of the empirical law; biased upwards where leaves are small.
        miller_madow: the same less (m_xl - m_x - m_l + 1)/(2N), m the numbers of values seen; it
            may be below 0.

    Source: Miller 1955.
    """

    column: int
    values: int
    plug_in: float
    miller_madow: float


def entropy(counts: NDArray[np.int64]) -> float:
    """Plug-in entropy of counts, in nats; exact of the sample, a lower estimate of the law's."""
    total = int(counts.sum())
    table = nats_table(total)
    return max(0.0, float(table[total] - table[counts].sum()) / total)


def leaf_entropy(tree: Tree) -> float:
    """H(leaf) over the training sample, in nats."""
    return entropy(tree.counts[tree.leaf].sum(axis=1))


def confidences(tree: Tree) -> Numbers:
    """Share of each class in every node, shape (nodes, classes)."""
    shares: Numbers = tree.counts / tree.counts.sum(axis=1, keepdims=True)
    return shares


def answer_information(tree: Tree) -> Reading:
    """I(X;Y^) = H(Y^), in nats, of the answer, which is a function of the record.

    Leaves that answer alike count as one; equal shares of counts are equal doubles, because a
    division is rounded correctly.

    Returns:
        `value` is exact for X uniform on the training records, and below that of the population on
        average.  `upper` is the log of the number of different answers the tree can give, those of
        inner nodes to a new category among them, and holds for every law of X; `lower` is 0.
    """
    shares = confidences(tree)
    _, place = np.unique(shares[tree.leaf], axis=0, return_inverse=True)
    sizes = tree.counts[tree.leaf].sum(axis=1)
    merged = np.zeros(place.max() + 1, dtype=np.int64)
    np.add.at(merged, place.ravel(), sizes)
    categorical = np.array([column.categorical for column in tree.columns])
    answering = tree.leaf | categorical[tree.column]
    possible = len(np.unique(shares[answering], axis=0))
    # a logarithm is within one ulp
    upper = math.nextafter(math.log(possible), math.inf) if possible > 1 else 0.0
    return Reading(
        value=min(entropy(merged), upper),
        lower=0.0,
        upper=upper,
        confidence=1.0,
        method="entropy of the answers to the training records; at most the log of all answers",
        bound=True,
    )


def leakages(columns: tuple[Column, ...], codes: Codes, leaf: Whole) -> tuple[Leakage, ...]:
    """Leakage of every attribute.

    Args:
        columns, codes: the training sample, as `learn_columns` returns it.
        leaf: leaf of each training record.
    """
    place = np.unique(leaf, return_inverse=True)[1]
    of_leaf = np.bincount(place)
    return tuple(
        _leakage(number, _symbols(column, codes[number]), place, of_leaf)
        for number, column in enumerate(columns)
    )


def _symbols(column: Column, codes: Codes) -> Whole:
    """Codes 0, 1, ... of what an attribute is read in."""
    if not column.categorical and column.size > BINS:
        ranks = np.bincount(codes)
        codes = (BINS * (np.cumsum(ranks) - ranks) // len(codes))[codes]
    symbols: Whole = np.unique(codes, return_inverse=True)[1]
    return symbols


def _leakage(number: int, symbols: Whole, leaf: Whole, of_leaf: Whole) -> Leakage:
    of_symbol = np.bincount(symbols)
    joint = np.unique(leaf * len(of_symbol) + symbols, return_counts=True)[1]
    plug_in = max(0.0, entropy(of_symbol) + entropy(of_leaf) - entropy(joint))
    extra = len(joint) - len(of_symbol) - len(of_leaf) + 1
    return Leakage(
        column=number,
        values=len(of_symbol),
        plug_in=plug_in,
        miller_madow=plug_in - extra / (2 * len(leaf)),
    )


def log_loss(tree: Tree) -> float:
    """Mean log loss of the answers on the training records, in nats: H(class | leaf)."""
    counts = tree.counts[tree.leaf]
    sizes = counts.sum(axis=1)
    table = nats_table(int(sizes.sum()))
    return max(0.0, float((table[sizes] - table[counts].sum(axis=1)).sum()) / int(sizes.sum()))
