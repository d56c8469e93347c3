"""Test vectors for Coq: values of the package's own formulas at rational e^eps, as source text."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import cycle, product

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.prior import bayes_error
from mipriv.formulas.secrets import secrets
from mipriv.formulas.theorem import theorem
from mipriv.formulas.worst_case import worst_case
from proofs.exact.definitions import grown

COUNT = 400
SECRETS_COUNT = 60
_MOST_PRIOR_STEPS = 8  # iterated in Coq, fractions grow with each step
_SEED = 20_260_101

Point = tuple[fmpq, fmpq, int]  # E = e^eps, delta, n
SecretsPoint = tuple[fmpq, int, int]  # E, number of secrets K, n


def points(count: int) -> Iterator[Point]:
    """Edges first, then small rationals and the exact values of doubles in turn."""
    draw = random.Random(_SEED)
    for growth in (fmpq(1), fmpq(2), fmpq(11, 10)):
        for delta in (fmpq(0), fmpq(1, 2), fmpq(1)):
            for n in (0, 1, 2, 3):
                yield growth, delta, n
    for position in range(count - 36):
        if position % 3:
            growth = 1 + fmpq(draw.randint(0, 60), draw.randint(1, 20))
            delta = fmpq(draw.choice([0, draw.randint(0, 50)]), 400)
            yield growth, delta, draw.randint(0, 24)
        else:
            growth, delta = _double(1 + draw.random() * 3), _double(draw.random() ** 4)
            yield growth, delta, draw.randint(0, 8)


def _double(value: float) -> fmpq:
    exact = Fraction(value)
    return fmpq(exact.numerator, exact.denominator)


def literal(value: fmpq) -> str:
    """A rational as Coq writes it."""
    exact = fmpq(value)
    return f"({exact.p} # {exact.q})"


def row(point: Point) -> str:
    """E, delta, n, the exact worst case and the published bound."""
    growth, delta, n = point
    epsilon = log_of(growth)
    exact = worst_case(RATIONAL, epsilon, delta, n)
    published = theorem(RATIONAL, epsilon, delta, n)
    values = literal(growth), literal(delta), f"{n}%nat", literal(exact), literal(published)
    return f"({', '.join(values)})"


def prior_row(point: Point, prior: fmpq) -> str:
    """E, delta, the prior of secret 1, n, and the least Bayes error."""
    growth, delta, n = point
    epsilon = log_of(growth)
    never = min(prior, 1 - prior) * (1 - grown((growth, delta), fmpq(0), n))
    corners = (bayes_error(RATIONAL, epsilon, delta, n, prior, i) for i in range(n))
    least = min([never, *corners])
    values = literal(growth), literal(delta), literal(prior), f"{n}%nat", literal(least)
    return f"({', '.join(values)})"


def secrets_points() -> Iterator[SecretsPoint]:
    """Edges first, then small rationals and the exact values of doubles in turn."""
    draw = random.Random(_SEED)
    yield from product((fmpq(1), fmpq(2), fmpq(11, 10)), (2, 3, 10), (0, 1, 2, 5))
    for position in range(SECRETS_COUNT - 36):
        count = draw.choice((2, 3, 4, 7, 26, 100, 1000))
        if position % 3:
            growth = 1 + fmpq(draw.randint(0, 60), draw.randint(1, 20))
            yield growth, count, draw.randint(0, 24)
        else:
            yield _double(1 + draw.random() * 3), count, draw.randint(0, 8)


def secrets_row(point: SecretsPoint) -> str:
    """E, K, n, and the largest success for K secrets at delta = 0."""
    growth, count, n = point
    epsilon = log_of(growth)
    largest = min(secrets(RATIONAL, epsilon, fmpq(0), n, count, j) for j in range(n + 1))
    return f"({literal(growth)}, {count}%nat, {n}%nat, {literal(largest)})"


def vectors(count: int = COUNT) -> str:
    """Source of Vectors.v: the rows, and the theorems that all of them are true."""
    found = list(points(count))
    priors = cycle((fmpq(1, 2), fmpq(1, 10), fmpq(5, 7), fmpq(0), fmpq(99, 100)))
    few = [point for point in found if point[2] <= _MOST_PRIOR_STEPS]
    tables = (
        _table("", map(row, found)),
        _table("prior_", map(prior_row, few, priors)),
        _table("secrets_", map(secrets_row, secrets_points())),
    )
    return f"""From Coq Require Import Reals QArith List.
From Mipriv Require Import Chain Rational PriorRational SecretsRational.
Import ListNotations.
{"".join(tables)}"""


def _table(kind: str, rows: Iterable[str]) -> str:
    listed = ";\n  ".join(rows)
    return f"""Definition {kind}vectors : list {kind}row := [
  {listed} ].
Theorem {kind}vectors_ok : Forall {kind}row_meaning {kind}vectors.
Proof. apply {kind}rows_ok. vm_cast_no_check (eq_refl true). Qed.
"""
