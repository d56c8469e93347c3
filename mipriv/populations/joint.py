"""Laws of a record with a sensitive part: discrete attributes and a label, or a linear model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import lcm, prod
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.rigor.decimals import exact, nonnegative, unit, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CELLS = 1 << 20
MOST_RULED = 12  # attributes of a named family
_WHOLE = 1 << 62  # below it a common denominator is drawn from exactly


@dataclass(frozen=True)
class DiscreteJoint:
    """Exact law of attributes x_1..x_d, each of finitely many values 0, 1, .., and a label y.

    Attributes:
        arities: values of each attribute, >= 1; at least one attribute.
        masses: exact probabilities of the cells (x_1, .., x_d, y) in C order, the label last, that
            sum to exactly 1; their number is that of the cells of x times the classes.
    """

    arities: tuple[int, ...]
    masses: tuple[fmpq, ...]

    def __post_init__(self) -> None:
        arities = _arities(self.arities)
        masses = tuple(unit(mass, "masses") for mass in self.masses)
        cells = prod(arities)
        require(
            len(masses) > 0 and len(masses) % cells == 0,
            must=f"be as many as a multiple of the {cells} cells of x",
            masses=len(masses),
        )
        require(len(masses) <= MOST_CELLS, must=f"be at most {MOST_CELLS}", masses=len(masses))
        object.__setattr__(self, "arities", arities)
        object.__setattr__(self, "masses", masses)
        total = sum(self.numerators)
        require(total == self.denominator, must="sum to exactly 1", masses=f"{len(masses)} masses")

    @property
    def classes(self) -> int:
        """Values of the label."""
        return len(self.masses) // prod(self.arities)

    @property
    def attributes(self) -> int:
        """Number of attributes, d."""
        return len(self.arities)

    @cached_property
    def denominator(self) -> int:
        """Common denominator of the masses."""
        return lcm(*{int(mass.q) for mass in self.masses})

    @cached_property
    def numerators(self) -> tuple[int, ...]:
        """The masses times `denominator`, in the order of the cells."""
        return tuple(int(mass.p) * (self.denominator // int(mass.q)) for mass in self.masses)

    def cells(self) -> NDArray[np.int64]:
        """Every x, in C order: what a model is asked to tabulate its answers; shape (cells, d)."""
        import numpy as np

        places = np.unravel_index(np.arange(prod(self.arities)), self.arities)
        return np.stack(places, axis=1).astype(np.int64)

    def marginal(self, axes: Sequence[int]) -> tuple[fmpq, ...]:
        """Exact law of some attributes (0..d-1) and the label (d), in C order of the axes given."""
        d = self.attributes
        valid = len(set(axes)) == len(axes) and all(0 <= axis <= d for axis in axes)
        require(valid, must=f"be different numbers from 0 to {d}", axes=axes)
        shape = (*self.arities, self.classes)
        sums = [0] * prod(shape[axis] for axis in axes)
        for cell, mass in zip(product(*map(range, shape)), self.numerators, strict=True):
            place = 0
            for axis in axes:
                place = place * shape[axis] + cell[axis]
            sums[place] += mass
        return tuple(fmpq(mass, self.denominator) for mass in sums)

    def entropy(self, axes: Sequence[int]) -> arb:
        """Entropy in nats of some attributes and the label, an enclosure; axes as for `marginal`."""
        masses = (mass for mass in self.marginal(axes) if mass > 0)
        return sum((-mass * arb(mass).log() for mass in masses), arb(0))

    def sample(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Independent records: codes of the attributes, shape (count, d), and labels, shape (count,).

        Exact where the common denominator is below 2^62; else the masses are rounded to doubles,
        which moves each draw by at most cells 2^-53 in total variation.
        """
        import numpy as np

        if self.denominator < _WHOLE:
            reached = np.cumsum(np.array(self.numerators, dtype=np.int64))
            drawn = np.searchsorted(reached, rng.integers(self.denominator, size=count), "right")
        else:
            weights = np.array([mass / self.denominator for mass in self.numerators])
            drawn = rng.choice(len(weights), size=count, p=weights / weights.sum())
        *places, label = np.unravel_index(drawn, (*self.arities, self.classes))
        return np.stack(places, axis=1).astype(np.int64), label.astype(np.int64)

    @classmethod
    def empirical(cls, X: Any, y: Any, *, arities: Sequence[int], classes: int) -> DiscreteJoint:
        """Law of a record drawn uniformly from a data set: exact multiples of 1/N.

        Args:
            X: codes of the attributes, shape (N, d), N >= 1.
            y: labels, shape (N,).
            arities: values of each attribute.
            classes: values of the label, >= 1.
        """
        import numpy as np

        sizes = (*_arities(arities), whole(classes, "classes", at_least=1))
        codes, labels = np.asarray(X), np.asarray(y)
        fits = codes.ndim == 2 and labels.shape == codes.shape[:1] and len(codes) >= 1
        require(
            fits and codes.shape[1] == len(sizes) - 1,
            must=f"have shape (N, {len(sizes) - 1}), with N labels, N >= 1",
            X=codes.shape,
        )
        table = np.column_stack([codes, labels])
        cells = table.astype(np.int64)
        valid = (cells == table) & (cells >= 0) & (cells < np.array(sizes))
        require(bool(valid.all()), must="hold codes within the arities and classes", X=sizes)
        counts = np.bincount(np.ravel_multi_index(tuple(cells.T), sizes), minlength=prod(sizes))
        return cls(sizes[:-1], tuple(fmpq(count, len(cells)) for count in counts.tolist()))


def noisy_rule(
    *,
    arities: Sequence[int],
    correlation: object,
    noise: object,
    classes: int = 2,
    marginals: Sequence[Sequence[Any]] | None = None,
    seed: int = 0,
) -> DiscreteJoint:
    """Attributes that follow the first one, and a label that follows a rule through noise.

    Attribute 0 is meant as the sensitive one.  Given it the others are independent; each is, with
    probability `correlation`, its monotone partner (both read off one uniform number through their
    quantiles), else independent of it: the marginals are those stated, and the correlation of
    attribute 0 with each other is `correlation` times the largest that the two marginals allow.
    The rule scores x by sum_j w_j x_j, whole weights from -3 to 3 without 0 drawn from the seed,
    and cuts the scores in rising order into classes of about equal mass.  With probability `noise`
    the label is drawn anew, uniformly.

    Args:
        arities: values of each attribute, >= 1; at most 12 attributes.
        correlation: in [0, 1].
        noise: in [0, 1].
        classes: values of the label, >= 1.
        marginals: exact law of each attribute; None: uniform.
        seed: whole number.

    >>> joint = noisy_rule(arities=(2, 2, 3), correlation="0.5", noise="0.1")
    >>> joint.marginal([0, 1])
    (3/8, 1/8, 1/8, 3/8)
    """
    sizes, labels = _arities(arities), whole(classes, "classes", at_least=1)
    require(len(sizes) <= MOST_RULED, must=f"be at most {MOST_RULED}", arities=len(sizes))
    strength, share = unit(correlation, "correlation"), unit(noise, "noise")
    laws = _laws(sizes, marginals)
    given = [_given_first(laws[0], law, strength) for law in laws[1:]]
    masses = []
    for first, rest in product(range(sizes[0]), product(*map(range, sizes[1:]))):
        mass = laws[0][first]
        for rows, value in zip(given, rest, strict=True):
            mass *= rows[first][value]
        masses.append(mass)
    draw = random.Random(seed)
    weights = [draw.choice((-3, -2, -1, 1, 2, 3)) for _ in sizes]
    scores = [
        sum(weight * value for weight, value in zip(weights, cell, strict=True))
        for cell in product(*map(range, sizes))
    ]
    ruled = _cut(scores, masses, labels)
    return DiscreteJoint(
        sizes,
        tuple(
            mass * (share / labels + (1 - share if label == rule else 0))
            for mass, rule in zip(masses, ruled, strict=True)
            for label in range(labels)
        ),
    )


def _arities(values: Sequence[int]) -> tuple[int, ...]:
    arities = tuple(whole(value, "arities", at_least=1) for value in values)
    require(len(arities) >= 1, must="name at least one attribute", arities=len(arities))
    require(prod(arities) <= MOST_CELLS, must=f"give at most {MOST_CELLS} cells", arities=arities)
    return arities


def _laws(
    sizes: tuple[int, ...], marginals: Sequence[Sequence[Any]] | None
) -> list[tuple[fmpq, ...]]:
    if marginals is None:
        return [(fmpq(1, size),) * size for size in sizes]
    laws = [tuple(unit(mass, "marginals") for mass in law) for law in marginals]
    shapes = tuple(len(law) for law in laws)
    require(shapes == sizes, must=f"have the lengths {sizes}", marginals=shapes)
    for law in laws:
        require(sum(law, fmpq(0)) == 1, must="sum to exactly 1 each", marginals=law)
    return laws


def _given_first(
    first: tuple[fmpq, ...], other: tuple[fmpq, ...], strength: fmpq
) -> list[list[fmpq]]:
    """Law of an attribute given each value of the first: a share of the monotone coupling."""
    rows, left = [], fmpq(0)
    for mass in first:
        right, low, row = left + mass, fmpq(0), []
        for own in other:
            overlap = max(fmpq(0), min(right, low + own) - max(left, low))
            partner = overlap / mass if mass > 0 else own
            row.append(strength * partner + (1 - strength) * own)
            low += own
        rows.append(row)
        left = right
    return rows


def _cut(scores: list[int], masses: list[fmpq], classes: int) -> list[int]:
    """Class of each cell: its score's middle quantile, in `classes` equal parts."""
    totals: dict[int, fmpq] = {}
    for score, mass in zip(scores, masses, strict=True):
        totals[score] = totals.get(score, fmpq(0)) + mass
    label, below = {}, fmpq(0)
    for score in sorted(totals):
        middle = below + totals[score] / 2
        label[score] = min(classes - 1, int((classes * middle).floor()))
        below += totals[score]
    return [label[score] for score in scores]


@dataclass(frozen=True, kw_only=True)
class GaussianJoint:
    """Records x ~ N(0, covariance), y = <coefficients, x> + N(0, noise^2).

    Attributes:
        covariance: exact, symmetric, positive semidefinite.
        coefficients: exact, one an attribute.
        noise: standard deviation of y given x, finite, >= 0.
    """

    covariance: tuple[tuple[fmpq, ...], ...]
    coefficients: tuple[fmpq, ...]
    noise: fmpq = fmpq(1)

    def __post_init__(self) -> None:
        rows = tuple(tuple(exact(v, "covariance") for v in row) for row in self.covariance)
        beta = tuple(exact(value, "coefficients") for value in self.coefficients)
        size = len(rows)
        square = size >= 1 and all(len(row) == size for row in rows)
        require(square, must="be a square matrix", covariance=size)
        symmetric = all(rows[i][j] == rows[j][i] for i in range(size) for j in range(i))
        require(symmetric, must="be symmetric", covariance=rows)
        require(len(beta) == size, must=f"be {size}, one an attribute", coefficients=len(beta))
        object.__setattr__(self, "covariance", rows)
        object.__setattr__(self, "coefficients", beta)
        object.__setattr__(self, "noise", nonnegative(self.noise, "noise"))
        require(self._root is not None, must="be positive semidefinite", covariance=rows)

    @property
    def attributes(self) -> int:
        """Length of x."""
        return len(self.coefficients)

    @property
    def variance(self) -> fmpq:
        """Variance v of m = E[y|x], exact."""
        return self.covariance_of(self.coefficients, self.coefficients)

    def covariance_of(self, a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
        """Covariance of <a, x> and <b, x>, exact."""
        terms = (
            left * entry * right
            for left, row in zip(a, self.covariance, strict=True)
            for entry, right in zip(row, b, strict=True)
        )
        return sum(terms, fmpq(0))

    def sample(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Independent records: x of shape (count, d) and y of shape (count,), as doubles."""
        import numpy as np

        lower, pivots = self._root or ([], [])
        root = np.array([[float(arb(entry)) for entry in row] for row in lower])
        root = root * np.array([float(arb(pivot).sqrt()) for pivot in pivots])
        x = rng.normal(size=(count, self.attributes)) @ root.T
        mean = x @ np.array([float(arb(value)) for value in self.coefficients])
        return x, mean + rng.normal(size=count) * float(arb(self.noise))

    @cached_property
    def _root(self) -> tuple[list[list[fmpq]], list[fmpq]] | None:
        return ldl(self.covariance)


def ldl(rows: Sequence[Sequence[fmpq]]) -> tuple[list[list[fmpq]], list[fmpq]] | None:
    """Exact L of unit diagonal and D >= 0 with L D L' the matrix; None if it is not semidefinite.

    Args:
        rows: of an exact symmetric matrix.

    >>> ldl([[fmpq(4), fmpq(2)], [fmpq(2), fmpq(1)]])
    ([[1, 0], [1/2, 1]], [4, 0])
    """
    size = len(rows)
    rest = [list(row) for row in rows]
    lower = [[fmpq(int(i == j)) for j in range(size)] for i in range(size)]
    pivots = []
    for k in range(size):
        pivot = rest[k][k]
        if pivot < 0 or (pivot == 0 and any(rest[i][k] != 0 for i in range(k, size))):
            return None
        pivots.append(pivot)
        for i in range(k + 1, size) if pivot > 0 else ():
            lower[i][k] = rest[i][k] / pivot
            for j in range(k + 1, size):
                rest[i][j] -= lower[i][k] * rest[k][j]
    return lower, pivots


def equicorrelated(
    *,
    dimension: int,
    correlation: object,
    coefficients: Sequence[Any] | None = None,
    noise: object = 1,
) -> GaussianJoint:
    """Attributes of variance 1, any two of one correlation; y their weighted sum plus noise.

    Args:
        dimension: attributes, >= 1.
        correlation: in [-1/(dimension - 1), 1].
        coefficients: one an attribute; None: all 1.
        noise: standard deviation of y given x, finite, >= 0.

    >>> equicorrelated(dimension=3, correlation="0.5").variance
    6
    """
    size, shared = whole(dimension, "dimension", at_least=1), exact(correlation, "correlation")
    low = fmpq(-1, max(size - 1, 1))
    require(low <= shared <= 1, must=f"lie in [{low}, 1]", correlation=correlation)
    return GaussianJoint(
        covariance=tuple(
            tuple(fmpq(1) if i == j else shared for j in range(size)) for i in range(size)
        ),
        coefficients=tuple(coefficients) if coefficients is not None else (fmpq(1),) * size,
        noise=exact(noise, "noise"),
    )
