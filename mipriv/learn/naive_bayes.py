"""Naive Bayes from a noisy table of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike, NDArray

from mipriv.errors import require
from mipriv.game import Adjacency, adjacency
from mipriv.learn.noise import Noise, Sensitivity, checked_noise
from mipriv.learn.vector import NoisyVector
from mipriv.rigor.decimals import whole

MAX_VALUES = 100_000  # classes times the combinations of features


@dataclass(frozen=True, kw_only=True)
class HistogramNaiveBayes(NoisyVector):
    """Counts of every class and of every level of each feature within each class, with noise.

    A record is a class 0..classes-1 and d features, feature j with levels 0..levels[j]-1.  Value v
    of the finite set of records is the v-th of `domain`.  The release holds `classes` class counts
    and then, class by class and feature by feature, the counts of the levels.

    Privacy: a record adds 1 to 1 + d cells, so a replaced one moves the table by at most 2 (1 + d)
    in L1 and sqrt(2 (1 + d)) in L2 (two records of different classes share no cell), an added one
    by half of the L1 and sqrt(1 + d).  The classifier is post-processing.  With
    `DiscreteLaplace(epsilon=e)` that is 2 (1 + d) e-DP by replacement, and draws are exact: the one
    for a release.

    Attributes:
        classes: >= 2.
        levels: number of levels of each feature, each >= 1, at least one feature.
        noise: a law of `mipriv.laws` but Tulap.
        adjacency: which pairs are neighbours.

    Source: Vaidya, Shafiq, Basu, Hong 2013 (naive Bayes from noisy counts).

    >>> from mipriv.laws import DiscreteLaplace
    >>> learner = HistogramNaiveBayes(classes=2, levels=(2,), noise=DiscreteLaplace(epsilon="0.25"))
    >>> learner.guarantee().epsilon, learner.domain[1]
    (1, (0, 1))
    """

    classes: int
    levels: tuple[int, ...]
    noise: Noise
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "classes", whole(self.classes, "classes", at_least=2))
        put(self, "levels", tuple(whole(size, "levels", at_least=1) for size in self.levels))
        require(len(self.levels) >= 1, must="have at least one feature", levels=self.levels)
        put(self, "noise", checked_noise(self.noise))
        put(self, "adjacency", adjacency(self.adjacency))
        self._require_proved()

    @cached_property
    def domain(self) -> tuple[tuple[int, ...], ...]:
        """Every record (class, feature 1, ..., feature d), in lexicographic order.

        Raises:
            ParameterError: more than 100,000 of them.
        """
        size = self.classes
        for level in self.levels:
            size *= level
        require(size <= MAX_VALUES, must=f"give at most {MAX_VALUES} records", levels=self.levels)
        return tuple(product(range(self.classes), *(range(size) for size in self.levels)))

    @property
    def coordinates(self) -> int:
        """Cells of the table."""
        return self.classes * (1 + sum(self.levels))

    @property
    def moved(self) -> Sensitivity:
        """One record's cells, and those of the record in its place."""
        cells = self._touched
        return Sensitivity(
            l1=fmpq(cells),
            l2_squared=fmpq(cells),
            coordinates=self.coordinates,
            adjacency=self.adjacency,
        )

    @property
    def _touched(self) -> int:
        """Cells that one neighbour step moves by 1 at most."""
        touched = 1 + len(self.levels)
        return 2 * touched if self.adjacency is Adjacency.REPLACE_ONE else touched

    @cached_property
    def vectors(self) -> tuple[tuple[fmpq, ...], ...]:
        """The cells that a record of each value of `domain` adds to."""
        found = []
        for record in self.domain:
            row = [fmpq(0)] * self.coordinates
            for cell in self._cells(record):
                row[cell] = fmpq(1)
            found.append(tuple(row))
        return tuple(found)

    def _cells(self, record: Sequence[int]) -> list[int]:
        label, features = record[0], record[1:]
        cells, start = [label], self.classes + label * sum(self.levels)
        for feature, size in zip(features, self.levels, strict=True):
            cells.append(start + feature)
            start += size
        return cells

    def classifier(self, output: ArrayLike, *, smoothing: float = 1.0) -> NaiveBayes:
        """The classifier that a release makes: post-processing, no further privacy is spent.

        Args:
            output: one release, shape (coordinates,).
            smoothing: added to every count after negative ones are set to 0, > 0.
        """
        require(0 < smoothing < np.inf, must="be finite and > 0", smoothing=smoothing)
        cells = np.asarray(output, dtype=np.float64)
        require(cells.shape == (self.coordinates,), must="be one release", output=cells.shape)
        kept = np.maximum(cells, 0) + smoothing
        prior = np.log(kept[: self.classes] / kept[: self.classes].sum())
        tables = kept[self.classes :].reshape(self.classes, -1)
        features, start = [], 0
        for size in self.levels:
            part = tables[:, start : start + size]
            features.append(np.log(part / part.sum(axis=1, keepdims=True)))
            start += size
        return NaiveBayes(prior=prior, features=tuple(features))

    def release(self, features: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
        """The noisy table of real records, with exact draws.

        Args:
            features: levels, whole numbers, shape (n, d); one outside its range is refused.
            labels: classes, whole numbers, shape (n,).

        Returns:
            Shape (coordinates,).

        Raises:
            ParameterError: a record outside the domain, or a continuous law.
        """
        rows = np.column_stack([np.asarray(labels), np.asarray(features)])
        sizes = np.array([self.classes, *self.levels])
        right = rows.shape[1] == len(sizes) and np.issubdtype(rows.dtype, np.integer)
        require(right, must=f"be whole numbers of {len(sizes) - 1} features", features=rows.shape)
        for row in rows[((rows < 0) | (rows >= sizes)).any(axis=1)]:
            require(False, must=f"lie below {tuple(sizes.tolist())}", record=tuple(row.tolist()))
        sums = np.zeros(self.coordinates, dtype=np.int64)
        for row in rows.tolist():
            sums[self._cells(row)] += 1
        return self._noisy(sums)


@dataclass(frozen=True, kw_only=True)
class NaiveBayes:
    """A naive Bayes classifier.

    Attributes:
        prior: log chance of each class, shape (classes,).
        features: one table a feature, log chance of each level in each class.
    """

    prior: NDArray[np.float64]
    features: tuple[NDArray[np.float64], ...]

    def log_joint(self, rows: ArrayLike) -> NDArray[np.float64]:
        """Log chance of each class together with the features.

        Args:
            rows: levels, shape (n, d).

        Returns:
            Shape (n, classes).
        """
        levels = np.asarray(rows, dtype=np.int64)
        total = np.tile(self.prior, (len(levels), 1))
        for table, column in zip(self.features, levels.T, strict=True):
            total += table.T[column]
        return total

    def predict(self, rows: ArrayLike) -> NDArray[np.int64]:
        """The likeliest class of each row of levels; the first of those that tie."""
        best: NDArray[np.int64] = self.log_joint(rows).argmax(axis=1)
        return best
