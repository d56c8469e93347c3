"""The tree that pays for information, against scikit-learn's: both grown until nothing splits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from mipriv.learn.mid.tree import MIDTreeClassifier
from verification.bench.result import listed
from verification.bench.timing import peak_memory, ratio

RECORDS, COLUMNS = 10**5, 20
_VALUES = 6  # of a column of categories
_LAM = 0.01
_MEMORY = """
from verification.bench.mid_tree import Records, ours
records = Records.of_numbers()
ours(records, lam=0.01) if {work} else None
"""


@dataclass(frozen=True, slots=True)
class Records:
    """10^5 records of 20 columns and two classes, which six of the columns tell in part."""

    X: NDArray[np.float64]
    y: NDArray[np.int64]

    @classmethod
    def of_numbers(cls) -> Records:
        """Normal columns: all their values differ."""
        draw = np.random.default_rng(0)
        X = draw.standard_normal((RECORDS, COLUMNS))
        told = X[:, :4].sum(axis=1) + X[:, 4] * X[:, 5]
        return cls(X, (told + draw.standard_normal(RECORDS) > 0).astype(np.int64))

    @classmethod
    def of_categories(cls) -> Records:
        """Whole numbers 0..5."""
        draw = np.random.default_rng(0)
        X = draw.integers(0, _VALUES, (RECORDS, COLUMNS)).astype(np.float64)
        told = X[:, :6].sum(axis=1) / 6 + draw.standard_normal(RECORDS)
        return cls(X, (told > (_VALUES - 1) / 2).astype(np.int64))


def ours(records: Records, *, lam: float, categorical: str | None = None) -> MIDTreeClassifier:
    """A fit with its readings: information, and the leakage of every column."""
    return MIDTreeClassifier(lam=lam, categorical=categorical).fit(records.X, records.y)


def theirs(records: Records) -> Any:
    """A fit of the entropy tree."""
    return DecisionTreeClassifier(criterion="entropy", random_state=0).fit(records.X, records.y)


def id3(repeat: int) -> float:
    """The same tree but for ties."""
    records = Records.of_numbers()
    return ratio(partial(ours, records, lam=0), partial(theirs, records), repeat=repeat)


def penalised(repeat: int) -> float:
    """A tree with a penalty, which is grown, then cut back."""
    records = Records.of_numbers()
    return ratio(partial(ours, records, lam=_LAM), partial(theirs, records), repeat=repeat)


def whole_numbers(repeat: int) -> float:
    """Numbers of which there are few, at which the entropy tree is fastest."""
    records = Records.of_categories()
    return ratio(partial(ours, records, lam=_LAM), partial(theirs, records), repeat=repeat)


def categories(repeat: int) -> float:
    """One branch a category, against thresholds on the codes."""
    records = Records.of_categories()
    mine = partial(ours, records, lam=_LAM, categorical="all")
    return ratio(mine, partial(theirs, records), repeat=repeat)


def memory(repeat: int) -> float:
    """Memory that a fit adds, over that of the records themselves.

    One process tells its own peak, so that `repeat` changes nothing.
    """
    del repeat
    idle, busy = (peak_memory(_MEMORY.format(work=work)) for work in (False, True))
    return (busy - idle) / (8 * RECORDS * COLUMNS / 1e6)


_SIZE = f"{RECORDS} x {COLUMNS}"

BENCHMARKS = listed(
    (
        "mid-tree-id3",
        "<= 10",
        2,
        id3,
        f"fit of the MID tree, lam = 0, {_SIZE} normal numbers, full depth",
        "scikit-learn's entropy tree, full depth",
    ),
    (
        "mid-tree-penalised",
        "<= 10",
        2,
        penalised,
        f"fit of the MID tree, lam = {_LAM}, {_SIZE} normal numbers, no limit of depth",
        "scikit-learn's entropy tree, full depth",
    ),
    (
        "mid-tree-whole",
        "<= 10",
        3,
        whole_numbers,
        f"fit of the MID tree, lam = {_LAM}, {_SIZE} numbers 0..{_VALUES - 1}, no limit of depth",
        "scikit-learn's entropy tree, full depth",
    ),
    (
        "mid-tree-categories",
        "<= 10",
        3,
        categories,
        f"fit of the MID tree, lam = {_LAM}, {_SIZE} categories, no limit of depth",
        "scikit-learn's entropy tree on their codes, full depth",
    ),
    (
        "mid-tree-memory",
        "<= 10",
        1,
        memory,
        f"memory that a fit of the MID tree adds, lam = {_LAM}, {_SIZE} normal numbers",
        "memory of the records",
    ),
)
