"""The best guess of a label from what one linear update does to a linear model's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from mipriv.attack.bayes.gaussian import covariance_advantage
from mipriv.attack.bayes.inversion.answers import FRESH, independent
from mipriv.attack.guesses import Guesses
from mipriv.errors import require
from mipriv.populations.joint import ldl
from mipriv.rigor.decimals import exact, nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 1 << 16  # plays at once


@dataclass(frozen=True, kw_only=True)
class LinearUpdate:
    """The game of one gradient step on one record of a linear model: guess which of K labels it had.

    A record of label y, all equally likely, is x ~ N(mean_y, C).  The model x -> W x has the loss
    -<code_y, W x>, the linear part of every loss at W x = 0 (of half the squared distance from
    code_y exactly there); one step of size `rate` adds rate code_y x' to W, whatever W is.  The
    attacker sees the change of the answers to M probes, D = rate (P x) code_y' + noise, and knows all
    else; q answers of fresh noise are worth their mean.

    Given y, D is normal: along u = code_y/|code_y| with mean rate |code_y| P mean_y and covariance
    rate^2 |code_y|^2 P C P' + V, across it with mean 0 and covariance V, where V = variance/q I.

    Attributes:
        means: K >= 2 rows of p, exact.
        covariance: C, exact, p rows of p, symmetric, positive semidefinite.
        codes: K rows of k, exact.
        probes: P, M >= 1 rows of p, exact.
        rate: > 0.
        variance: of the noise of a number of D, > 0: that of the answer after, and of the answer
            before where it is noisy too.
        queries: q, >= 1.
        noise: `fresh`, or `per-input`: the same in all answers.
    """

    means: tuple[tuple[fmpq, ...], ...]
    covariance: tuple[tuple[fmpq, ...], ...]
    codes: tuple[tuple[fmpq, ...], ...]
    probes: tuple[tuple[fmpq, ...], ...]
    rate: fmpq = fmpq(1)
    variance: fmpq = fmpq(1)
    queries: int = 1
    noise: str = FRESH

    def __post_init__(self) -> None:
        for name in ("means", "covariance", "codes", "probes"):
            rows = _rows(getattr(self, name), name)
            lengths = sorted({len(row) for row in rows})
            require(len(lengths) == 1, must="be rows of one length", **{name: lengths})
            object.__setattr__(self, name, rows)
        p, labels = len(self.means[0]), len(self.means)
        require(labels >= 2, must="be at least two", means=labels)
        require(len(self.codes) == labels, must=f"be {labels}, one a label", codes=len(self.codes))
        square = len(self.covariance) == len(self.covariance[0]) == p
        require(square, must=f"be {p} rows of {p}", covariance=len(self.covariance))
        symmetric = all(
            self.covariance[i][j] == self.covariance[j][i] for i in range(p) for j in range(i)
        )
        require(symmetric, must="be symmetric", covariance=self.covariance)
        valid = ldl(self.covariance) is not None
        require(valid, must="be positive semidefinite", covariance=self.covariance)
        require(len(self.probes[0]) == p, must=f"be rows of {p}", probes=len(self.probes[0]))
        for name in ("rate", "variance"):
            value = nonnegative(getattr(self, name), name)
            require(value > 0, must="be finite and > 0", **{name: value})
            object.__setattr__(self, name, value)
        independent(self.queries, self.noise)

    def success(self) -> arb:
        """Best success between two labels of opposite codes, an enclosure: (1 + tau)/2.

        Both laws of D code then have one covariance, and D code is sufficient.

        Raises:
            ParameterError: other labels or codes; then `play` it.
        """
        require(len(self.means) == 2, must="be two", labels=len(self.means))
        first, second = self.codes
        opposite = all(a == -b for a, b in zip(first, second, strict=True))
        require(opposite, must="be opposite", codes=self.codes)
        power = sum((a * a for a in first), fmpq(0))
        require(power > 0, must="not be zero", codes=self.codes)
        total = [a + b for a, b in zip(*self.means, strict=True)]
        seen = [[_inner(row, column) for column in self.covariance] for row in self.probes]
        spread = [[_inner(row, probe) for probe in self.probes] for row in seen]
        own = self.rate * power
        for i, row in enumerate(spread):
            for j in range(len(row)):
                row[j] = own * own * row[j] + (self._left * power if i == j else 0)
        shift = [own * _inner(probe, total) for probe in self.probes]
        return (1 + covariance_advantage(difference=shift, covariance=spread)) / 2

    def posterior(self, differences: Any) -> NDArray[np.float64]:
        """Posterior probability of each label, for means of the q differences; shape (N, K).

        Args:
            differences: shape (N, M k), probe by probe.
        """
        import numpy as np

        scores = self._scores(self._table(differences))
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def guess(self, differences: Any) -> NDArray[np.intp]:
        """Likeliest label, from 0, of each mean difference; shape (N,).  Args as `posterior`."""
        found: NDArray[np.intp] = self._scores(self._table(differences)).argmax(axis=1)
        return found

    def records(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Records (count, p) and their labels (count,), as doubles."""
        import numpy as np

        labels = rng.integers(len(self.means), size=whole(count, "count", at_least=1))
        values, vectors = np.linalg.eigh(_floats(self.covariance))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = rng.normal(size=(len(labels), len(values))) @ root.T
        return _floats(self.means)[labels] + noise, labels

    def play(self, *, trials: int, rng: np.random.Generator) -> Guesses:
        """Play the game against the attacker who guesses the likeliest label.

        Args:
            trials: plays, >= 1.
            rng: seeded generator.

        Returns:
            Guesses marked `optimal`; their `success` is an exact interval (Clopper, Pearson 1934) of
            the optimum, but for the float64 arithmetic of the guesser.
        """
        import numpy as np

        count = len(self.means)
        counts = np.zeros((count, count), dtype=np.int64)
        left = whole(trials, "trials", at_least=1)
        scale = float(arb(self._left).sqrt())
        while left > 0:
            x, labels = self.records(min(left, _AT_ONCE), rng)
            codes = float(self.rate) * _floats(self.codes)[labels]
            table = (x @ _floats(self.probes).T)[:, :, None] * codes[:, None, :]
            noisy = table + rng.normal(scale=scale, size=table.shape)
            np.add.at(counts, (labels, self._scores(noisy).argmax(axis=1)), 1)
            left -= len(labels)
        return Guesses(counts=tuple(tuple(row) for row in counts.tolist()), optimal=True)

    @property
    def _left(self) -> fmpq:
        """Variance of the noise of a mean difference."""
        return self.variance / independent(self.queries, self.noise)

    def _table(self, differences: Any) -> NDArray[np.float64]:
        import numpy as np

        table = np.asarray(differences, dtype=np.float64)
        width = len(self.probes) * len(self.codes[0])
        fits = table.ndim == 2 and table.shape[1] == width
        require(fits, must=f"have shape (N, {width})", differences=table.shape)
        return table.reshape(len(table), len(self.probes), -1)

    @cached_property
    def _laws(self) -> list[tuple[Any, Any, Any, float]]:
        """Of each label: u, the mean along it, a root of the precision, half the log determinant."""
        import numpy as np

        probes, rate = _floats(self.probes), float(self.rate)
        seen = probes @ _floats(self.covariance) @ probes.T
        noise = float(self._left)
        found = []
        for mean, code in zip(_floats(self.means), _floats(self.codes), strict=True):
            size = float(np.linalg.norm(code))
            along = code / size if size > 0 else np.eye(len(code))[0]
            values, vectors = np.linalg.eigh((rate * size) ** 2 * seen)
            spread = np.maximum(values, 0.0) + noise
            half = float(np.log(spread).sum()) / 2
            found.append((along, rate * size * (probes @ mean), vectors / np.sqrt(spread), half))
        return found

    def _scores(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log density of D under each label, up to a term common to all; shape (N, K)."""
        import numpy as np

        noise = float(self._left)
        columns = []
        for along, mean, root, half in self._laws:
            part = table @ along
            own = (((part - mean) @ root) ** 2).sum(axis=1) / 2
            # across u all labels have the covariance V: what counts is the length taken out of it
            columns.append((part**2).sum(axis=1) / (2 * noise) - own - half)
        return np.stack(columns, axis=1)


def _rows(values: Sequence[Sequence[Any]], name: str) -> tuple[tuple[fmpq, ...], ...]:
    return tuple(tuple(exact(value, name) for value in row) for row in values)


def _inner(first: Sequence[fmpq], second: Sequence[fmpq]) -> fmpq:
    return sum((a * b for a, b in zip(first, second, strict=True)), fmpq(0))


def _floats(rows: Sequence[Sequence[fmpq]]) -> NDArray[np.float64]:
    import numpy as np

    return np.array([[float(arb(value)) for value in row] for row in rows])
