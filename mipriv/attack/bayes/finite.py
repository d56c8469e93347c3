"""The exact optimum against learners with finitely many outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from flint import arb_mat, ctx, fmpq, fmpq_mat

from mipriv.attack.bayes._game import (
    GUARD_BITS,
    DataSets,
    Weighted,
    as_advantage,
    checked_prior,
    requires_two,
    rounded,
)
from mipriv.errors import require
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import whole
from mipriv.rigor.enclosure import ball
from mipriv.roles import FiniteOutput, Number

_ROWS = 64  # data sets multiplied at once: their common denominators stay small


def success(
    learner: FiniteOutput,
    family: FiniteFamily,
    *,
    n: int,
    prior: Sequence[Any] | None = None,
) -> Number:
    """Best success of any attacker: sum over outcomes o of max_s prior_s sum_h P_s^n(h) law_h(o).

    Args:
        learner: its `probabilities` of a histogram h must be one law on outcomes 0..r-1.
        family: the populations.
        n: records, >= 0; all histograms of n records are gone through, or all sums of the
            learner's `scores` if it has any.
        prior: probability of each secret, exact, summing to 1; None: equal.

    Returns:
        Exact if the learner's laws are rational, else an enclosure at the current precision.

    Raises:
        ParameterError: masses that cannot sum to 1, or laws on different numbers of outcomes.
    """
    n = whole(n, "n", at_least=0)
    odds = checked_prior(prior, family.secrets)
    with ctx.extraprec(GUARD_BITS):
        total = sum((_largest(row) for row in _joint(learner, family, n, odds)), fmpq(0))
    return rounded(total)


def advantage(learner: FiniteOutput, family: FiniteFamily, *, n: int) -> Number:
    """Best TPR - FPR between two secrets, the total variation of the outcomes.

    Args and result as for `success`.
    """
    requires_two(family)
    with ctx.extraprec(GUARD_BITS):
        value = as_advantage(success(learner, family, n=n))
    return rounded(value)


def _joint(
    learner: FiniteOutput, family: FiniteFamily, n: int, odds: Sequence[fmpq]
) -> list[list[Number]]:
    """Probability of each outcome together with each secret."""
    sets = DataSets.of(learner, family, n=n)
    terms = iter(sets.terms)
    total: arb_mat | fmpq_mat | None = None
    outcomes = 0
    while chunk := list(islice(terms, _ROWS)):
        laws = [_checked_law(learner, counts) for counts, _ in chunk]
        outcomes = outcomes or len(laws[0])
        for law in laws:
            require(len(law) == outcomes, must=f"be {outcomes} masses for all", law=len(law))
        part = _product(laws, chunk)
        total = part if total is None else _plus(total, part)
    rows: Sequence[Sequence[Number]] = [] if total is None else total.tolist()
    shares = [share / top for share, top in zip(odds, sets.scales, strict=True)]
    return [[mass * share for mass, share in zip(row, shares, strict=True)] for row in rows]


def _checked_law(learner: FiniteOutput, counts: tuple[int, ...]) -> list[Number]:
    law = list(learner.probabilities(counts))
    total = sum(law, fmpq(0))
    sums = total == 1 if isinstance(total, fmpq) else total.contains(1)
    possible = sums and not any(mass < 0 for mass in law)
    require(bool(possible), must="be masses that sum to 1", law=law)
    return law


def _product(laws: list[list[Number]], chunk: list[Weighted]) -> arb_mat | fmpq_mat:
    weights = [[fmpq(weight) for weight in row] for _, row in chunk]
    columns = [list(column) for column in zip(*laws, strict=True)]
    if all(isinstance(mass, fmpq) for law in laws for mass in law):
        return fmpq_mat(columns) * fmpq_mat(weights)
    balls = arb_mat([[ball(mass) for mass in column] for column in columns])
    return balls * arb_mat(weights)


def _plus(first: arb_mat | fmpq_mat, second: arb_mat | fmpq_mat) -> arb_mat | fmpq_mat:
    if isinstance(first, fmpq_mat) and isinstance(second, fmpq_mat):
        return first + second
    return arb_mat(first) + arb_mat(second)


def _largest(row: Sequence[Number]) -> Number:
    if all(isinstance(mass, fmpq) for mass in row):
        return max(row)
    best = ball(row[0])
    for mass in row[1:]:
        best = best.max(ball(mass))
    return best
