"""The best guess of a discrete record's sensitive attribute, by exact enumeration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb, factorial, lcm, prod
from typing import TYPE_CHECKING, Any

from flint import fmpq

from mipriv.attack.bayes.inversion.answers import FRESH, Channel, Deterministic, independent
from mipriv.errors import require
from mipriv.populations.joint import DiscreteJoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 10_000_000  # products of an enumeration, times the words of their numbers
_EXACT = 1 << 62  # sums below it fit the machine's integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How the likeliest guess fares on one value of the secret, exact.

    Attributes:
        tpr: Pr[guessed | it is the secret]; None where it never is.
        fpr: Pr[guessed | it is not]; None where it always is.
        precision: Pr[it is the secret | guessed]; None where it is never guessed.
        f1: 2 Pr[guessed and right] / (Pr[guessed] + Pr[secret]); None where both are 0.
    """

    tpr: fmpq | None
    fpr: fmpq | None
    precision: fmpq | None
    f1: fmpq | None


@dataclass(frozen=True, eq=False)
class Posterior:
    """Every observation, with its exact probability together with each secret.

    Attributes:
        weights: whole numbers, shape (observations, secrets), observations without mass left out.
        total: what they sum to, so that weights/total are the probabilities.
    """

    weights: NDArray[Any]
    total: int

    def success(self) -> fmpq:
        """Best success: sum over observations of the largest joint probability, exact."""
        return fmpq(int(self.weights.max(axis=1).sum()), self.total)

    def expected_posterior(self) -> fmpq:
        """Mean posterior probability of the true secret, the success of who guesses by lot."""
        rows = [[int(weight) for weight in row] for row in self.weights.tolist()]
        terms = [fmpq(sum(w * w for w in row), sum(row)) for row in rows]
        return _sum(terms) / self.total

    def rates(self, secret: int) -> Rates:
        """TPR, FPR, precision and F1 of the likeliest guess; ties are split evenly.

        Args:
            secret: value of the secret, by number.
        """
        count = self.weights.shape[1]
        require(0 <= secret < count, must=f"lie from 0 to {count - 1}", secret=secret)
        leads = self.weights == self.weights.max(axis=1)[:, None]
        shared, own = leads.sum(axis=1), leads[:, secret]
        right, guessed = fmpq(0), fmpq(0)
        for ties in range(1, count + 1):
            rows = self.weights[own & (shared == ties)]
            right += fmpq(int(rows[:, secret].sum()), ties)
            guessed += fmpq(int(rows.sum()), ties)
        true = fmpq(int(self.weights[:, secret].sum()))
        false = self.total - true
        return Rates(
            tpr=_ratio(right, true),
            fpr=_ratio(guessed - right, false),
            precision=_ratio(right, guessed),
            f1=_ratio(2 * right, guessed + true),
        )


@dataclass(frozen=True, kw_only=True)
class DiscreteInversion:
    """The inversion game on a discrete record, against the attacker who knows its law.

    Mode *population*: the joint is the distribution.  Mode *train*: it is
    `DiscreteJoint.empirical` of the training set, and the attacker one who knows that set.

    Attributes:
        joint: law of the record.
        sensitive: the attribute to guess, or several to be guessed together (numbered in C order).
        known: attributes seen as side information.
        label: whether the label is seen too; the model answers from x alone.
    """

    joint: DiscreteJoint
    sensitive: int | tuple[int, ...]
    known: tuple[int, ...] = ()
    label: bool = False

    def __post_init__(self) -> None:
        d = self.joint.attributes
        known = tuple(self.known)
        for name, axes in (("sensitive", self._secret_axes), ("known", known)):
            valid = len(set(axes)) == len(axes) and all(0 <= axis < d for axis in axes)
            require(valid, must=f"be different attributes from 0 to {d - 1}", **{name: axes})
        require(bool(self._secret_axes), must="name an attribute", sensitive=self.sensitive)
        object.__setattr__(self, "known", known)

    @property
    def _secret_axes(self) -> tuple[int, ...]:
        return (self.sensitive,) if isinstance(self.sensitive, int) else tuple(self.sensitive)

    @property
    def secrets(self) -> int:
        """Number of values of the secret."""
        return prod(self.joint.arities[axis] for axis in self._secret_axes)

    def posterior(
        self,
        release: Deterministic | Channel | None = None,
        *,
        queries: int = 1,
        noise: str = FRESH,
    ) -> Posterior:
        """All that the attacker may see, with the secrets' probabilities.

        Args:
            release: answers, one entry a cell of x; None: no model, side information alone.
            queries: q, answers seen, >= 1.
            noise: `fresh`: independent given x; `per-input`: always the same for one x.

        Raises:
            ParameterError: not one entry a cell, or more than 10,000,000 products to enumerate, one
                for each (side and law of the answer, multiset of answers, secret) or (law, multiset,
                answer), times the 64-bit words of a number.
        """
        count = independent(queries, noise)
        cells = prod(self.joint.arities)
        if release is None:
            return self._seen([0] * cells)
        entries = len(release.ids if isinstance(release, Deterministic) else release.rows)
        require(entries == cells, must=f"hold {cells} entries, one a cell of x", release=entries)
        if isinstance(release, Deterministic):
            return self._seen(release.ids)
        return self._heard(release, count)

    def base(self) -> fmpq:
        """Best success without a model, from the side information and the law alone."""
        return self.posterior().success()

    def success(
        self, release: Deterministic | Channel, *, queries: int = 1, noise: str = FRESH
    ) -> fmpq:
        """Best success of any attacker, exact; args as for `posterior`.

        >>> from mipriv.populations.joint import noisy_rule
        >>> game = DiscreteInversion(
        ...     joint=noisy_rule(arities=(2, 2), correlation=0, noise=0), sensitive=0)
        >>> game.base(), game.success(Deterministic((0, 0, 0, 1)))
        (1/2, 3/4)
        """
        return self.posterior(release, queries=queries, noise=noise).success()

    def gain(
        self, release: Deterministic | Channel, *, queries: int = 1, noise: str = FRESH
    ) -> fmpq:
        """(success - base)/(1 - base), exact; 0 where the base is 1."""
        base = self.base()
        if base == 1:
            return fmpq(0)
        return (self.success(release, queries=queries, noise=noise) - base) / (1 - base)

    @cached_property
    def _coded(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Any]:
        """Cell of x, secret, side information and mass of every cell that has any."""
        import numpy as np

        arities, classes = self.joint.arities, self.joint.classes
        shape = (*arities, classes)
        kind = np.int64 if self.joint.denominator < _EXACT else object
        masses = np.array(self.joint.numerators, dtype=kind)
        places = np.flatnonzero(masses)
        axes = np.unravel_index(places, shape)
        side = np.zeros(len(places), dtype=np.int64)
        for axis in self.known:
            side = side * arities[axis] + axes[axis]
        if self.label:
            side = side * classes + axes[-1]
        secret = np.zeros(len(places), dtype=np.int64)
        for axis in self._secret_axes:
            secret = secret * arities[axis] + axes[axis]
        return places // classes, secret, side, masses[places]

    def _grouped(self, ids: Sequence[int]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Masses of each secret with each pair (side, id), and those pairs in order."""
        import numpy as np

        cell, secret, side, masses = self._coded
        pairs = np.stack([side, np.asarray(ids, dtype=np.int64)[cell]], axis=1)
        kept, place = np.unique(pairs, axis=0, return_inverse=True)
        size = len(kept) * self.secrets
        require(size <= MOST, must=f"give at most {MOST} pairs with a secret", observations=size)
        table = np.zeros((len(kept), self.secrets), dtype=masses.dtype)
        np.add.at(table, (place.ravel(), secret), masses)
        return table, kept

    def _seen(self, ids: Sequence[int]) -> Posterior:
        return Posterior(self._grouped(ids)[0], self.joint.denominator)

    def _heard(self, channel: Channel, count: int) -> Posterior:
        """Answers of independent noise: their multiset is all that matters."""
        import numpy as np

        distinct = {row: place for place, row in enumerate(dict.fromkeys(channel.rows))}
        table, pairs = self._grouped([distinct[row] for row in channel.rows])
        multisets = comb(channel.answers + count - 1, count)
        scale = lcm(*(int(mass.q) for row in distinct for mass in row))
        words = 1 + (scale.bit_length() * count + self.joint.denominator.bit_length()) // 64
        products = (
            multisets * words * max(len(pairs) * self.secrets, len(distinct) * channel.answers)
        )
        require(
            products <= MOST,
            must=f"give at most {MOST} products to enumerate, not {products}",
            queries=count,
        )
        likelihoods = _likelihoods(list(distinct), scale, count)
        starts = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1))
        weights = [
            (rows.astype(object).T @ likelihoods[laws[:, 1]]).T
            for rows, laws in zip(
                np.split(table, starts[1:]), np.split(pairs, starts[1:]), strict=True
            )
        ]
        found = np.concatenate(weights)
        return Posterior(
            found[found.sum(axis=1).astype(bool)], self.joint.denominator * scale**count
        )


def _likelihoods(rows: list[tuple[fmpq, ...]], scale: int, count: int) -> NDArray[Any]:
    """Probability of each multiset of `count` answers under each law, times scale^count."""
    import numpy as np

    answers = len(rows[0])
    # a multiset is a row of `count` stars cut by bars
    bars = np.array(list(combinations(range(count + answers - 1), answers - 1)), dtype=np.int64)
    ends = np.full((len(bars), 1), count + answers - 1)
    held = np.diff(np.hstack([bars.reshape(len(bars), answers - 1), ends]), prepend=-1) - 1
    orders = [factorial(count) // prod(map(factorial, times)) for times in held.tolist()]
    found = np.empty((len(rows), len(held)), dtype=object)
    found[:] = np.array(orders, dtype=object)
    for answer in range(answers):
        chances = [int(row[answer] * scale) for row in rows]
        powers = np.array([[chance**k for k in range(count + 1)] for chance in chances], object)
        found *= powers[:, held[:, answer]]
    return found


def _sum(terms: list[fmpq]) -> fmpq:
    """Sum by halves, so that few terms have large denominators."""
    while len(terms) > 1:
        odd = terms[-1:] if len(terms) % 2 else []
        terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)] + odd
    return terms[0] if terms else fmpq(0)


def _ratio(part: fmpq, whole_: fmpq) -> fmpq | None:
    return part / whole_ if whole_ > 0 else None
