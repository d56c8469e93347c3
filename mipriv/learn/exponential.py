"""Choosing among options by a noisy vote: the exponential mechanism."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, fmpq

from mipriv.accounting import mechanisms
from mipriv.errors import require
from mipriv.game import Adjacency
from mipriv.guarantee import TradeOffCurve
from mipriv.learn.finite import FiniteLearner
from mipriv.rigor.decimals import exact
from mipriv.roles import Histogram, Number


@dataclass(frozen=True, kw_only=True)
class ExponentialMechanism(FiniteLearner):
    """Option r with chance proportional to e^(epsilon u_r/spread), u_r = sum over records of its table.

    `spread` is the largest change by one neighbour step of the difference between two options'
    utilities, at most twice the sensitivity Delta of one utility; where it is 2 Delta (a vote) this
    is the mechanism e^(epsilon u_r/(2 Delta)) of the textbooks.

    Privacy: the log ratio of two neighbours' masses is epsilon (u'_r - u_r)/spread less a constant,
    hence within an interval of length epsilon that holds 0, as both laws sum to 1: epsilon-bounded
    range, stronger than (epsilon, 0)-DP.

    Attributes:
        epsilon: nats, finite, >= 0.
        utilities: one row an option (>= 2), one exact number a value of a record; the spread must
            be > 0.
        adjacency: which pairs are neighbours.

    Source: McSherry, Talwar 2007; bounded range: Dong, Durfee, Rogers 2020.

    >>> vote = ExponentialMechanism(epsilon=2, utilities=((1, 0), (0, 1)))
    >>> vote.probabilities((2, 3))[1].overlaps(1 / (1 + arb(-1).exp()))
    True
    """

    epsilon: fmpq
    utilities: tuple[tuple[fmpq, ...], ...]
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        put = object.__setattr__
        inner = mechanisms.ExponentialMechanism(epsilon=self.epsilon, adjacency=self.adjacency)
        put(self, "epsilon", inner.epsilon)
        put(self, "adjacency", inner.adjacency)
        table = tuple(tuple(exact(u, "utilities") for u in row) for row in self.utilities)
        put(self, "utilities", table)
        even = len(table) >= 2 and len(table[0]) >= 1 and len({len(row) for row in table}) == 1
        require(even, must="be two rows or more of one length", utilities=table)
        require(self.spread > 0, must="depend on the data", utilities=table)

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return len(self.utilities[0])

    @property
    def scores(self) -> tuple[fmpq, ...] | None:
        """Of two options, what each value adds to the difference that decides alone; else None."""
        if len(self.utilities) > 2:
            return None
        return tuple(u - w for u, w in zip(*self.utilities, strict=True))

    @property
    def spread(self) -> fmpq:
        """Largest change of u_r - u_s by one neighbour step, over options r, s."""
        worst = fmpq(0)
        for row in self.utilities:
            for other in self.utilities:
                gaps = [u - w for u, w in zip(row, other, strict=True)]
                replaced = max(gaps) - min(gaps)
                added = max(abs(gap) for gap in gaps)
                worst = max(worst, replaced if self.adjacency is Adjacency.REPLACE_ONE else added)
        return worst

    @property
    def mechanism(self) -> mechanisms.ExponentialMechanism:
        """The worst of its kind, with the exact loss for any number of changed records."""
        return mechanisms.ExponentialMechanism(epsilon=self.epsilon, adjacency=self.adjacency)

    def guarantee(self) -> TradeOffCurve:
        """The bounded-range curve; its last row is (epsilon, 0)-DP."""
        return self.mechanism.guarantee()

    def _law(self, counts: Histogram) -> Sequence[Number]:
        totals = [
            sum((u * count for u, count in zip(row, counts, strict=True)), fmpq(0))
            for row in self.utilities
        ]
        best, step = max(totals), self.epsilon / self.spread
        weights = [arb((total - best) * step).exp() for total in totals]
        whole = sum(weights, arb(0))
        return [weight / whole for weight in weights]
