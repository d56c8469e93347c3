"""(epsilon, delta)-differential privacy."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

from mipriv.game import Adjacency, adjacency
from mipriv.rigor.decimals import nonnegative, unit


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproxDP:
    """(epsilon, delta)-DP: P(E) <= e^epsilon Q(E) + delta for every event and ordered neighbour pair.

    Attributes:
        epsilon: nats, finite, >= 0.
        delta: probability, in [0, 1].
        adjacency: which pairs are neighbours.
    """

    epsilon: fmpq
    delta: fmpq = fmpq(0)
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", nonnegative(self.epsilon, "epsilon"))
        object.__setattr__(self, "delta", unit(self.delta, "delta"))
        object.__setattr__(self, "adjacency", adjacency(self.adjacency))
