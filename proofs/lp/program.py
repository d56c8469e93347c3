"""A linear program over fractions, and what proves its optimum.

Maximise c.x subject to rows a.x <= b and x >= 0.  A feasible point is worth at most the optimum;
weights y >= 0 on the rows with sum_k y_k a_k >= c prove that no feasible point is worth more than
sum_k y_k b_k.  Where the two values agree, they are the optimum.  `proved` checks exactly this from
the program, the point and the weights, and knows nothing of how they were found.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from proofs.check import demand

Terms = tuple[tuple[int, fmpq], ...]
Sum = Mapping[Any, fmpq | int]  # a coefficient for each unknown, by a name of any kind


@dataclass(frozen=True, slots=True)
class Program:
    """Maximise objective.x subject to the rows (terms, limit) and x >= 0."""

    objective: tuple[fmpq, ...]
    rows: tuple[tuple[Terms, fmpq], ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A point, and weights that show no other to be worth more."""

    point: tuple[fmpq, ...]
    weights: tuple[fmpq, ...]


def proved(program: Program, certificate: Certificate) -> fmpq:
    """Return the optimum; raise `Refuted` unless the certificate proves it."""
    point, weights = certificate.point, certificate.weights
    demand(len(point) == len(program.objective), "the point has another number of unknowns")
    demand(len(weights) == len(program.rows), "the weights have another number of rows")
    demand(all(x >= 0 for x in point), "the point has a negative coordinate")
    demand(all(y >= 0 for y in weights), "a weight is negative")
    covered = [fmpq(0)] * len(point)
    ceiling = fmpq(0)
    for k, ((terms, limit), weight) in enumerate(zip(program.rows, weights, strict=True)):
        left = fmpq(0)
        for i, a in terms:
            left += a * point[i]
            covered[i] += a * weight
        demand(left <= limit, f"the point breaks row {k}: {left} > {limit}")
        ceiling += weight * limit
    for i, (c, cover) in enumerate(zip(program.objective, covered, strict=True)):
        demand(cover >= c, f"the weights do not cover unknown {i}: {cover} < {c}")
    value = sum((c * x for c, x in zip(program.objective, point, strict=True)), fmpq(0))
    demand(value == ceiling, f"the point is worth {value}, the weights prove {ceiling}")
    return value


@dataclass(slots=True)
class Draft:
    """Rows written with names for the unknowns; a row written twice is one row."""

    names: dict[Hashable, int] = field(default_factory=dict)
    rows: dict[tuple[Terms, fmpq], None] = field(default_factory=dict)

    def at_most(self, terms: Sum, limit: fmpq | int) -> None:
        """Add sum <= limit."""
        row = ((self.names.setdefault(name, len(self.names)), fmpq(a)) for name, a in terms.items())
        self.rows[tuple(sorted(term for term in row if term[1] != 0)), fmpq(limit)] = None

    def equal(self, terms: Sum, value: fmpq | int) -> None:
        """Add sum = value, as two rows."""
        self.at_most(terms, value)
        self.at_most({name: -a for name, a in terms.items()}, -value)

    def maximise(self, objective: Sum) -> Program:
        """Return the program with this objective, whose unknowns all occur in rows."""
        costs = [fmpq(0)] * len(self.names)
        for name, c in objective.items():
            costs[self.names[name]] += c
        return Program(tuple(costs), tuple(self.rows))


def collect(*terms: tuple[Hashable, fmpq | int]) -> dict[Hashable, fmpq]:
    """Add up coefficients of one name."""
    total: dict[Hashable, fmpq] = {}
    for name, a in terms:
        total[name] = total.get(name, fmpq(0)) + a
    return total
