"""The learner that loses the most of all (epsilon, delta)-DP learners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from mipriv.errors import require
from mipriv.game import Adjacency
from mipriv.guarantee import ApproxDP
from mipriv.learn.finite import FiniteLearner
from mipriv.loss.group import ApproxDPGroup
from mipriv.rigor.decimals import whole
from mipriv.rigor.enclosure import ball
from mipriv.roles import Histogram, Number


@dataclass(frozen=True, kw_only=True)
class ExtremalCount(FiniteLearner):
    """A difference of two counts with canonical noise, thresholded at 0: outcome 1 with chance q(d).

    d = (count of `second`) - (count of `first`) and q(d) = (1 + sgn(d) TV*_|d|)/2, TV*_k the worst
    case for k changed records.  With two values and n records d = 2 (count of `second`) - n, so the
    outcome is whether that count with Tulap noise exceeds n/2; for two point masses it attains the
    worst case of Theorem 2.  With a neutral third value it attains the population bound of
    Theorem 6 for P_b = (1 - tau) Q + tau (point mass), Q without mass on the two.

    Privacy: q rises, and q(d + 2) = g(q(d)) under replace-one (q(d + 1) = g(q(d)) under add-remove,
    where TV*_2|d| stands for TV*_|d|), g(p) = min(1, e^eps p + delta, 1 - (1 - delta - p)/e^eps)
    the most that one neighbour step does to a probability.  A replaced record moves d by at most 2,
    an added one by at most 1; q(-d) = 1 - q(d) gives the other outcome and the other direction.
    The learner does not depend on n.

    Attributes:
        epsilon: nats, finite, >= 0.
        delta: probability, in [0, 1].
        symbols: values a record may have, >= 2.
        first: the value x_0; None: 0 of two values, 1 of more (0 is then neutral).
        second: the value x_1; None: the one after `first`.
        adjacency: which pairs are neighbours.

    Source: chain of Theorem 2, population learner of Theorem 6; canonical noise: Awan, Slavkovic
    2020, Awan, Vadhan 2023.

    >>> learner = ExtremalCount(epsilon=0, delta="0.1")
    >>> learner.probabilities((1, 3))
    (2/5, 3/5)
    """

    epsilon: fmpq
    delta: fmpq = fmpq(0)
    symbols: int = 2
    first: int | None = None
    second: int | None = None
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        put = object.__setattr__
        claim = ApproxDP(epsilon=self.epsilon, delta=self.delta, adjacency=self.adjacency)
        put(self, "epsilon", claim.epsilon)
        put(self, "delta", claim.delta)
        put(self, "adjacency", claim.adjacency)
        put(self, "symbols", whole(self.symbols, "symbols", at_least=2))
        first = int(self.symbols > 2) if self.first is None else self.first
        second = first + 1 if self.second is None else self.second
        inside = first != second and {first, second} <= set(range(self.symbols))
        rule = f"be two different values of 0..{self.symbols - 1}"
        require(inside, must=rule, first=self.first, second=self.second)
        put(self, "first", first)
        put(self, "second", second)

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return self.symbols

    @property
    def scores(self) -> tuple[int, ...]:
        """What each value adds to d, the number on which alone the outcome depends."""
        return tuple(
            int(value == self.second) - int(value == self.first) for value in range(self.symbols)
        )

    def guarantee(self) -> ApproxDP:
        """(epsilon, delta)-DP."""
        return ApproxDP(epsilon=self.epsilon, delta=self.delta, adjacency=self.adjacency)

    @cached_property
    def _group(self) -> ApproxDPGroup:
        return ApproxDPGroup(self.guarantee())

    def _law(self, counts: Histogram) -> Sequence[Number]:
        d = sum(score * count for score, count in zip(self.scores, counts, strict=True))
        rarer = self._rarer(self.adjacency.edits(abs(d)))
        return (rarer, 1 - rarer) if d > 0 else (1 - rarer, rarer)

    def _rarer(self, steps: int) -> Number:
        """(1 - TV*)/2, the smaller of the two masses, to its own relative accuracy."""
        if steps == 0:
            return fmpq(1, 2)
        room = self._group.headroom(steps)
        if room > 0:
            return room / 2
        return fmpq(0) if self._group.saturated(steps) else ball(room).nonnegative_part() / 2
