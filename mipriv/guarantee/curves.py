"""Claims about one record that are known as a trade-off curve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.game import Adjacency, adjacency
from mipriv.rigor.decimals import exact, nonnegative, unit
from mipriv.rigor.enclosure import sign


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianDP:
    """mu-GDP: telling neighbours apart is no easier than N(0,1) from N(mu,1) (Dong, Roth, Su 2022).

    Attributes:
        mu: finite, >= 0 (not the noise: mu = sensitivity / standard deviation of the noise).
        adjacency: which pairs are neighbours; accountants usually report add-remove.
    """

    mu: fmpq
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        object.__setattr__(self, "mu", nonnegative(self.mu, "mu"))
        object.__setattr__(self, "adjacency", adjacency(self.adjacency))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaplaceDP:
    """No easier than Laplace(0, 1/epsilon) from Laplace(1, 1/epsilon): the Laplace mechanism's curve.

    Attributes:
        epsilon: sensitivity over noise scale, finite, >= 0.
        adjacency: which pairs are neighbours.
    """

    epsilon: fmpq
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", nonnegative(self.epsilon, "epsilon"))
        object.__setattr__(self, "adjacency", adjacency(self.adjacency))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentratedDP:
    """rho-zCDP: Renyi divergence of order a at most rho a for every a > 1 (Bun, Steinke 2016).

    Attributes:
        rho: finite, >= 0.
        adjacency: which pairs are neighbours.
    """

    rho: fmpq
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        object.__setattr__(self, "rho", nonnegative(self.rho, "rho"))
        object.__setattr__(self, "adjacency", adjacency(self.adjacency))


class Direction(StrEnum):
    """For which ordered neighbour pairs the rows of a curve hold."""

    BOTH = "both"  # every ordered pair: the curve is max(f, f^-1)
    ONE = "one"  # one of the two orders, unknown which: the convex hull of min(f, f^-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOffCurve:
    """A piecewise-linear trade-off curve: rows (epsilon_i, delta_i) that all hold for one learner.

    A row says P(E) <= e^epsilon_i Q(E) + delta_i for every event E.  Redundant rows are harmless.
    Rows with epsilon >= 0 are ordinary (epsilon, delta)-DP claims and hold in both directions; a
    negative epsilon makes the list the privacy profile of one ordered pair.

    Attributes:
        rows: at least one (epsilon, delta); epsilon finite, delta in [0, 1], and
            delta >= 1 - e^epsilon where epsilon < 0 (no learner satisfies less).
        direction: None takes `both` if no epsilon is negative, else `one`.
        adjacency: which pairs are neighbours.
    """

    rows: tuple[tuple[fmpq, fmpq], ...]
    direction: Direction | None = None
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        rows = tuple(curve_row(epsilon, delta) for epsilon, delta in _pairs(self.rows))
        require(len(rows) > 0, must="have at least one (epsilon, delta)", rows="")
        object.__setattr__(self, "rows", rows)
        names = [member.value for member in Direction]
        direction = self.direction
        if direction is None:
            direction = Direction.ONE if any(row[0] < 0 for row in rows) else Direction.BOTH
        require(direction in names, must=f"be one of {', '.join(names)}", direction=direction)
        object.__setattr__(self, "direction", Direction(direction))
        object.__setattr__(self, "adjacency", adjacency(self.adjacency))


def _pairs(rows: Any) -> Iterable[tuple[Any, Any]]:
    for row in rows:
        require(len(row) == 2, must="be a pair (epsilon, delta)", row=row)
        yield row[0], row[1]


def curve_row(epsilon: object, delta: object) -> tuple[fmpq, fmpq]:
    """Check one row of a curve and return it exactly."""
    row = exact(epsilon, "epsilon"), unit(delta, "delta")
    possible = row[0] >= 0 or sign(lambda: row[1] + arb(row[0]).expm1()) >= 0
    require(
        possible,
        must="satisfy delta >= 1 - e^epsilon where epsilon < 0 (every learner needs that much)",
        epsilon=epsilon,
        delta=delta,
    )
    return row
