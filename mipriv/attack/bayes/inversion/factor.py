"""The best guess of an identity, and of the record, from linear answers on a factor model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq, fmpq_mat

from mipriv.attack.bayes.inversion.answers import FRESH, independent
from mipriv.attack.guesses import Guesses
from mipriv.errors import ParameterError, require, shorten
from mipriv.populations.factor import FactorModel
from mipriv.populations.joint import ldl
from mipriv.rigor.decimals import exact, nonnegative, unit, whole
from mipriv.rigor.intervals import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 1 << 22  # scores at once


@dataclass(frozen=True, kw_only=True)
class FactorInversion:
    """The inversion game on a factor model: guess which of K equiprobable identities, or the record.

    A record of identity s is x ~ N(W u_s, C), C = within^2 W W' + noise^2 I; an answer to it is
    A x + N(0, V).  The attacker knows the model, the identities and both laws.  q answers of fresh
    noise are worth their mean, of noise V/q.

    Attributes:
        model: the identities' laws.
        matrix: A, exact, one row a number of the answer; None: the record itself.
        variance: v >= 0 for V = v I, or V, exact, symmetric, positive semidefinite; A C A' + V must be
            positive definite.
        queries: q, answers seen to the record, >= 1.
        noise: `fresh`, or `per-input`: the same in all answers.
    """

    model: FactorModel
    matrix: tuple[tuple[fmpq, ...], ...] | None = None
    variance: fmpq | tuple[tuple[fmpq, ...], ...] = fmpq(0)
    queries: int = 1
    noise: str = FRESH

    def __post_init__(self) -> None:
        if self.matrix is not None:
            rows = _rows(self.matrix, "matrix")
            d = self.model.dimension
            fits = len(rows) >= 1 and all(len(row) == d for row in rows)
            require(fits, must=f"have rows of {d}, one a coordinate", matrix=len(rows))
            object.__setattr__(self, "matrix", rows)
        independent(self.queries, self.noise)
        if isinstance(self.variance, tuple | list):
            table = _rows(self.variance, "variance")
            square = len(table) == self.width and all(len(row) == self.width for row in table)
            require(square, must=f"be {self.width} rows of {self.width}", variance=len(table))
            symmetric = all(table[i][j] == table[j][i] for i in range(self.width) for j in range(i))
            require(symmetric, must="be symmetric", variance=table)
            require(ldl(table) is not None, must="be positive semidefinite", variance=table)
            object.__setattr__(self, "variance", table)
        else:
            object.__setattr__(self, "variance", nonnegative(self.variance, "variance"))

    @property
    def width(self) -> int:
        """Numbers of an answer."""
        return self.model.dimension if self.matrix is None else len(self.matrix)

    def gap_squared(self, i: int = 0, j: int = 1) -> fmpq:
        """Squared Mahalanobis distance of the answers' means under two identities, exact."""
        first, second = self.model.identities[i], self.model.identities[j]
        gap = fmpq_mat(len(first), 1, [a - b for a, b in zip(first, second, strict=True)])
        form = gap.transpose() * self._exact.precision * gap
        return form[0, 0]

    def success(self) -> arb:
        """Best success between two identities, an enclosure: Phi(gap/2).

        Raises:
            ParameterError: more than two identities; then `play` it.
        """
        require(self.model.secrets == 2, must="be two", identities=self.model.secrets)
        return (1 + (arb(self.gap_squared()) / 8).sqrt().erf()) / 2

    def play(self, *, trials: int, rng: np.random.Generator) -> Guesses:
        """Play the game against the attacker who guesses the likeliest identity.

        The answers enter through T = W'A' S^-1 y, S = A C A' + V/q, which is sufficient and normal
        with mean H u_s and covariance H = W'A' S^-1 A W; T is drawn directly.

        Args:
            trials: plays, >= 1.
            rng: seeded generator.

        Returns:
            Guesses marked `optimal`; their `success` is an exact interval (Clopper, Pearson 1934) of
            the optimum, but for the float64 arithmetic of the guesser.
        """
        import numpy as np

        count = self.model.secrets
        counts = np.zeros((count, count), dtype=np.int64)
        for secrets, statistics in self._draws(whole(trials, "trials", at_least=1), rng):
            guessed = self._scores(statistics).argmax(axis=1)
            np.add.at(counts, (secrets, guessed), 1)
        return Guesses(counts=tuple(tuple(row) for row in counts.tolist()), optimal=True)

    def posterior(self, answers: Any) -> NDArray[np.float64]:
        """Posterior probability of each identity, for means of answers; shape (N, K).

        Args:
            answers: shape (N, k), the mean of the q answers of each record.
        """
        return _softmax(self._scores(self._statistics(answers)))

    def reconstruct(self, answers: Any) -> NDArray[np.float64]:
        """Posterior mean of the record, the guess of least mean squared error; shape (N, d).

        Given identity s it is W u_s + C A' S^-1 (y - A W u_s); the identities' posterior mixes them.
        """
        import numpy as np

        gain = _floats(self._exact.gain)
        table = np.asarray(answers, dtype=np.float64)
        found: NDArray[np.float64] = table @ gain.T + self.posterior(table) @ self._residuals
        return found

    def error_bounds(self) -> tuple[fmpq, fmpq]:
        """Two exact numbers between which the least mean squared error of a coordinate lies.

        Below, that of who knows the identity: tr(C - C A' S^-1 A C)/d.  Above, that of the best
        linear guess, in which the covariance of a record over all identities takes C's place.
        """
        known = self._exact.error
        return known / self.model.dimension, self._linear_error / self.model.dimension

    def error(self, *, trials: int, rng: np.random.Generator, confidence: Any) -> Interval:
        """Interval of the least mean squared error of a coordinate of the record, from plays.

        It is that of who knows the identity plus the mean of Z, the posterior variance of the
        vector (W - C A' S^-1 A W) u_s over identities s; Z lies between 0 and the largest squared
        distance R^2 of such a vector from their centre, and has an empirical Bernstein interval.

        Args:
            trials: plays, >= 2.
            rng: seeded generator.
            confidence: that the interval holds the error, in (0, 1); valid for any number of plays.

        Source: Maurer, Pontil 2009, Theorem 4.  Float64.
        """
        import numpy as np

        count, level = whole(trials, "trials", at_least=2), unit(confidence, "confidence")
        require(0 < level < 1, must="lie strictly between 0 and 1", confidence=confidence)
        vectors = self._residuals - self._residuals.mean(axis=0)
        lengths = (vectors**2).sum(axis=1)
        most = float(lengths.max())
        parts = []
        for _, statistics in self._draws(count, rng):
            chances = _softmax(self._scores(statistics))
            parts.append(chances @ lengths - ((chances @ vectors) ** 2).sum(axis=1))
        found = np.concatenate(parts)
        each = log(4 / (1 - float(level)))  # half of the risk on each side
        slack = sqrt(2 * float(found.var(ddof=1)) * each / count) + 7 * most * each / 3 / (
            count - 1
        )
        known, d = float(self._exact.error), self.model.dimension
        low, high = (float(found.mean()) + sign * slack for sign in (-1, 1))
        return Interval((known + max(low, 0.0)) / d, (known + min(high, most)) / d)

    @cached_property
    def _exact(self) -> _Exact:
        return _Exact.of(self, self._covariance())

    @cached_property
    def _linear_error(self) -> fmpq:
        return _Exact.of(self, self._covariance() + self._between()).error

    def _covariance(self) -> fmpq_mat:
        """C, of a record given its identity."""
        weights = self._weights
        d = self.model.dimension
        noise = _diagonal(self.model.noise**2, d)
        return self.model.within**2 * (weights * weights.transpose()) + noise

    def _between(self) -> fmpq_mat:
        """Covariance of the mean records over identities."""
        count = self.model.secrets
        points = fmpq_mat([list(row) for row in self.model.identities])
        centre = fmpq_mat(1, count, [fmpq(1, count)] * count) * points
        spread = points.transpose() * points * fmpq(1, count) - centre.transpose() * centre
        return self._weights * spread * self._weights.transpose()

    @property
    def _weights(self) -> fmpq_mat:
        return fmpq_mat([list(row) for row in self.model.loadings])

    @property
    def _noise(self) -> fmpq_mat:
        """Covariance of the noise of the mean answer."""
        share = fmpq(1, independent(self.queries, self.noise))
        if isinstance(self.variance, tuple):
            return fmpq_mat([list(row) for row in self.variance]) * share
        return _diagonal(self.variance * share, self.width)

    @cached_property
    def _points(self) -> NDArray[np.float64]:
        return _floats(fmpq_mat([list(row) for row in self.model.identities]))

    @cached_property
    def _form(self) -> NDArray[np.float64]:
        return _floats(self._exact.precision)

    @cached_property
    def _residuals(self) -> NDArray[np.float64]:
        """(W - C A' S^-1 A W) u_s, one row an identity."""
        import numpy as np

        found: NDArray[np.float64] = self._points @ _floats(self._exact.rest).T
        return np.ascontiguousarray(found)

    def _statistics(self, answers: Any) -> NDArray[np.float64]:
        import numpy as np

        table = np.asarray(answers, dtype=np.float64)
        fits = table.ndim == 2 and table.shape[1] == self.width
        require(fits, must=f"have shape (N, {self.width})", answers=table.shape)
        found: NDArray[np.float64] = table @ _floats(self._exact.solved)
        return found

    def _scores(self, statistics: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log posterior of each identity up to a constant: u'T - u'H u/2."""
        points = self._points
        halves = ((points @ self._form) * points).sum(axis=1) / 2
        found: NDArray[np.float64] = statistics @ points.T - halves
        return found

    def _draws(
        self, trials: int, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Secrets and their statistics T, in blocks."""
        import numpy as np

        values, vectors = np.linalg.eigh(self._form)
        root = vectors * np.sqrt(np.maximum(values, 0.0))  # H is only semidefinite where A W is
        block = max(1, _AT_ONCE // self.model.secrets)
        for start in range(0, trials, block):
            size = min(block, trials - start)
            secrets = rng.integers(self.model.secrets, size=size)
            noise = rng.normal(size=(size, len(values))) @ root.T
            yield secrets, self._points[secrets] @ self._form + noise


@dataclass(frozen=True)
class _Exact:
    """Exact matrices of a game.

    Attributes:
        solved: S^-1 A W.
        precision: H = W'A' S^-1 A W.
        gain: C A' S^-1.
        rest: W - C A' S^-1 A W.
        error: tr(C - C A' S^-1 A C).
    """

    solved: fmpq_mat
    precision: fmpq_mat
    gain: fmpq_mat
    rest: fmpq_mat
    error: fmpq

    @classmethod
    def of(cls, game: FactorInversion, covariance: fmpq_mat) -> _Exact:
        weights, d = game._weights, game.model.dimension
        if game.matrix is None:
            asked, seen, heard = covariance, covariance, weights
        else:
            matrix = fmpq_mat([list(row) for row in game.matrix])
            asked = matrix * covariance
            seen, heard = asked * matrix.transpose(), matrix * weights
        total = seen + game._noise
        try:
            gain = total.solve(asked).transpose()
            solved = total.solve(heard)
        except ZeroDivisionError:
            must = "must leave the answers no direction without spread"
            raise ParameterError(f"variance={shorten(game.variance)}: {must}") from None
        told = gain * asked
        return cls(
            solved=solved,
            precision=heard.transpose() * solved,
            gain=gain,
            rest=weights - gain * heard,
            error=sum((covariance[i, i] - told[i, i] for i in range(d)), fmpq(0)),
        )


def _rows(values: Sequence[Sequence[Any]], name: str) -> tuple[tuple[fmpq, ...], ...]:
    return tuple(tuple(exact(value, name) for value in row) for row in values)


def _diagonal(value: fmpq, size: int) -> fmpq_mat:
    return fmpq_mat(
        size, size, [value if i == j else fmpq(0) for i in range(size) for j in range(size)]
    )


def _floats(matrix: fmpq_mat) -> NDArray[np.float64]:
    import numpy as np

    return np.array([[float(arb(value)) for value in row] for row in matrix.tolist()])


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return found
