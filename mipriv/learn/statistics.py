"""Linear regression from noisy second moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike, NDArray

from mipriv.errors import require
from mipriv.game import Adjacency, adjacency
from mipriv.learn.noise import Noise, Sensitivity, checked_noise
from mipriv.learn.vector import NoisyVector
from mipriv.rigor.decimals import exact

_EXACT = 2**62  # largest total of whole statistics that int64 holds


@dataclass(frozen=True, kw_only=True)
class PerturbedStatistics(NoisyVector):
    """The upper triangle of sum of z z^T with noise, z = (x, y): X^T X, X^T y and y^T y.

    The release is the noisy moments, row by row of the triangle; `coefficients` solves them.

    Privacy: with |x_j| <= X and |y| <= Y every moment of one record lies in an interval: x_j^2 in
    [0, X^2], x_i x_j in [-X^2, X^2], x_j y in [-X Y, X Y], y^2 in [0, Y^2].  A replaced record moves
    each by at most the interval's length, hence all together by at most (d X + Y)^2 in L1 and
    (2 d^2 - d) X^4 + 4 d X^2 Y^2 + Y^4 in L2 squared; an added one each by its largest size.  The
    bounds cover every record within X and Y, not only those of `records`.  Gaussian and Laplace
    noise assume ideal real arithmetic; a release is of whole-valued records and discrete noise.

    Attributes:
        records: what each value of the finite set of records is, ((x_1, ..., x_d), y), d >= 1.
        feature_bound: X, finite, > 0; records beyond it are refused.
        label_bound: Y, finite, > 0.
        noise: a law of `mipriv.laws` but Tulap; a lattice law needs whole-valued records.
        adjacency: which pairs are neighbours.

    Source: sufficient statistics perturbation: Vu, Slavkovic 2009; Dwork, Talwar, Thakurta, Zhang
    2014; Wang 2018.

    >>> from mipriv.laws import LaplaceLaw
    >>> records = (((1,), 1), ((1,), -1))
    >>> noise = LaplaceLaw(scale=8)
    >>> learner = PerturbedStatistics(records=records, feature_bound=1, label_bound=1, noise=noise)
    >>> learner.guarantee().epsilon
    1/2
    """

    records: tuple[tuple[tuple[fmpq, ...], fmpq], ...]
    feature_bound: fmpq
    label_bound: fmpq
    noise: Noise
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        put = object.__setattr__
        for name in ("feature_bound", "label_bound"):
            bound = exact(getattr(self, name), name)
            require(bound > 0, must="be finite and > 0", **{name: bound})
            put(self, name, bound)
        records = tuple(_record(record) for record in self.records)
        sizes = {len(x) for x, _ in records}
        even = len(sizes) == 1 and min(sizes) >= 1
        require(even, must="be pairs of one number of features (>= 1) and y", records=sizes)
        for x, y in records:
            inside = max(abs(entry) for entry in x) <= self.feature_bound
            inside = inside and abs(y) <= self.label_bound
            require(inside, must="lie within the bounds", record=(*x, y))
        put(self, "records", records)
        put(self, "noise", checked_noise(self.noise))
        put(self, "adjacency", adjacency(self.adjacency))
        self._require_proved()

    @property
    def dimension(self) -> int:
        """Number of features."""
        return len(self.records[0][0])

    @property
    def moved(self) -> Sensitivity:
        """How far one neighbour step moves the moments."""
        bounds = [self.feature_bound] * self.dimension + [self.label_bound]
        twice = 2 if self.adjacency is Adjacency.REPLACE_ONE else 1
        lengths = [
            (1 if i == j else twice) * bounds[i] * bounds[j]
            for i in range(len(bounds))
            for j in range(i, len(bounds))
        ]
        return Sensitivity(
            l1=sum(lengths, fmpq(0)),
            l2_squared=sum((length * length for length in lengths), fmpq(0)),
            coordinates=len(lengths),
            adjacency=self.adjacency,
        )

    @cached_property
    def vectors(self) -> tuple[tuple[fmpq, ...], ...]:
        """The moments that a record of each value adds."""
        found = []
        for x, y in self.records:
            z = (*x, y)
            found.append(tuple(z[i] * z[j] for i in range(len(z)) for j in range(i, len(z))))
        return tuple(found)

    def coefficients(self, output: ArrayLike, *, ridge: float = 0.0) -> NDArray[np.float64]:
        """Regression coefficients that a release makes: post-processing.

        Args:
            output: one release, shape (moments,).
            ridge: added to the diagonal of X^T X, finite, >= 0.

        Returns:
            Shape (d,); the least-squares solution of least norm where the noisy X^T X is singular.
        """
        require(0 <= ridge < np.inf, must="be finite and >= 0", ridge=ridge)
        size = self.dimension + 1
        moments = np.zeros((size, size))
        moments[np.triu_indices(size)] = np.asarray(output, dtype=np.float64)
        moments += np.triu(moments, 1).T
        gram = moments[:-1, :-1] + ridge * np.eye(size - 1)
        solution = np.linalg.lstsq(gram, moments[:-1, -1], rcond=None)[0]
        return solution.astype(np.float64)

    def release(self, features: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
        """The noisy moments of real whole-valued records, with exact draws.

        Args:
            features: whole numbers, shape (n, d); a record beyond the bounds is refused.
            labels: whole numbers, shape (n,).

        Returns:
            Shape (moments,).

        Raises:
            ParameterError: a record beyond the bounds or not whole-valued, or a continuous law.
        """
        rows = np.column_stack([np.asarray(features), np.asarray(labels)])
        right = rows.shape[1] == self.dimension + 1 and np.issubdtype(rows.dtype, np.integer)
        require(right, must=f"be whole numbers of {self.dimension} features", features=rows.shape)
        bounds = [self.feature_bound] * self.dimension + [self.label_bound]
        limits = np.array([int(bound.floor()) for bound in bounds])
        for row in rows[((rows > limits) | (rows < -limits)).any(axis=1)]:
            require(False, must="lie within the bounds", record=tuple(row.tolist()))
        largest = len(rows) * int(limits.max()) ** 2
        require(largest < _EXACT, must="have moments below 2^62", n=len(rows))
        moments = rows.astype(np.int64).T @ rows.astype(np.int64)
        return self._noisy(moments[np.triu_indices(len(limits))])


def _record(record: Sequence[Any]) -> tuple[tuple[fmpq, ...], fmpq]:
    require(len(record) == 2, must="be a pair (features, y)", record=record)
    return tuple(exact(entry, "features") for entry in record[0]), exact(record[1], "y")
