"""The loss that an inverse is taken of, and the value it must not exceed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from flint import arb, fmpq

from mipriv.contexts.arb import power
from mipriv.errors import require
from mipriv.game import Adjacency
from mipriv.game import adjacency as read_adjacency
from mipriv.guarantee import ApproxDP
from mipriv.loss.group import ApproxDPGroup
from mipriv.loss.theorem import raw
from mipriv.rigor.decimals import unit
from mipriv.rigor.enclosure import Number, sign


class Using(StrEnum):
    """Which loss an inverse is taken under."""

    WORST_CASE = "worst-case"
    THEOREM = "theorem"


@dataclass(frozen=True, slots=True)
class Target:
    """A loss as a function of epsilon, delta and n, and the value it must not exceed."""

    loss: fmpq
    tau: fmpq
    adjacency: Adjacency
    using: Using

    def excess(self, epsilon: fmpq, delta: fmpq, n: int) -> Number:
        """Loss minus target as a ball at the current precision, or exactly."""
        claim = ApproxDP(epsilon=epsilon, delta=delta, adjacency=self.adjacency)
        if self.using is Using.THEOREM:
            return raw(claim, n) - self.loss
        group = ApproxDPGroup(claim)
        if self.tau == 1:
            return group.value(self.adjacency.edits(n)) - self.loss
        return group.expected(n, self.tau) - self.loss if n and self.tau else -self.loss

    def met(self, epsilon: fmpq, delta: fmpq, n: int) -> int:
        """Sign of the excess: <= 0 if the target is met."""
        return sign(
            lambda: self.excess(epsilon, delta, n), what="whether the loss meets the target"
        )

    def always_met(self, n: int) -> bool:
        """Whether even a learner without any guarantee meets the target: loss >= 1 - (1-tau)^n."""
        if self.loss >= 1 or n == 0 or self.tau == 0:
            return True
        if self.tau == 1:
            return False
        # A loss has at most 40,000 bits.  Where the power has at most 200,000 it is taken exactly;
        # else its denominator has more than 100,000, so that it cannot equal the loss.
        stay = 1 - self.tau
        kept: Number | None = stay**n if n * stay.height_bits() <= 200_000 else None
        return self._reaches(lambda: 1 - (power(arb(stay), n) if kept is None else kept))

    def _reaches(self, largest: Callable[[], Number]) -> bool:
        """Whether the target is at least the largest loss of any learner."""
        excess = sign(lambda: largest() - self.loss, what="whether the loss can exceed the target")
        return excess <= 0


def read_target(loss: object, tau: object, adjacency: object, using: object) -> Target:
    """Check the inputs that all inverses share."""
    names = [member.value for member in Using]
    require(using in names, must=f"be one of {', '.join(names)}", using=using)
    require(
        tau is None or using == Using.WORST_CASE,
        must="not be given with using=theorem, which knows no tau",
        tau=tau,
    )
    return Target(
        loss=unit(loss, "loss"),
        tau=fmpq(1) if tau is None else unit(tau, "tau"),
        adjacency=read_adjacency(adjacency),
        using=Using(str(using)),
    )
