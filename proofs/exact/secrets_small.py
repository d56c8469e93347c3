"""Theorem 9 at delta > 0 for n <= 3: mechanisms that attain the sharper bound for K >= 3 secrets.

A data set is given by its votes, as in `secrets_mechanism`.  The chance that a symbol is named
depends on its own votes and on all votes in falling order: a mechanism is a table by that order.
R_m = 1 + E + ... + E^(m-1), and votes T of three symbols force any one wrong name with chance
x(T) = (1 - delta (R_T1 + R_T2 + R_T3))/((K-1) E^(n-T1) + E^(n-T2)).  Which x(T) is the largest says
which table rules, up to the delta from which on the success is 1; beyond it that delta's table stays.
E, delta and K enter by + - * / alone, so they may be fractions or terms of a solver.
"""

from __future__ import annotations

from itertools import combinations, pairwise, product
from math import prod
from typing import Any

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.secrets import secrets_sharper, wrong_guess
from mipriv.loss._votes import splits, triples
from proofs.check import Check, demand
from proofs.datasets import Counts, replaced
from proofs.exact.definitions import GROWTHS, Claim

Table = dict[Counts, dict[int, Any]]  # votes in falling order -> votes of a symbol -> chance


def forced(growth: Any, delta: Any, count: Any, votes: Counts) -> Any:
    """x(T)."""
    slips = sum(prod([growth] * power) for held in votes for power in range(held))
    first, second = (prod([growth] * (sum(votes) - held)) for held in votes[:2])
    return (1 - delta * slips) / ((count - 1) * first + second)


def saturation(growth: Any, count: Any, n: int) -> tuple[Any, Any]:
    """Numerator and denominator of the delta from which on each secret is told for certain."""
    if n < 3:
        return 1, n
    return 2 * (count - 1), count * (2 + growth) + 3 * (count - 2)


def mechanisms(growth: Any, delta: Any, count: Any, n: int) -> dict[Counts, Table]:
    """For each T of n votes, the mechanism that rules where x(T) is the largest."""
    return (one_record, two_records, three_records)[n - 1](growth, delta, count)


def unanimous(wrong: Any, count: Any, n: int) -> Table:
    """The row of the data sets that the secrets make, where each wrong name has this chance."""
    return {(n,): {n: 1 - (count - 1) * wrong, 0: wrong}}


def one_record(growth: Any, delta: Any, count: Any) -> dict[Counts, Table]:
    """Randomised response: the record's symbol, or another alike."""
    return {(1, 0, 0): unanimous(forced(growth, delta, count, (1, 0, 0)), count, 1)}


def two_records(growth: Any, delta: Any, count: Any) -> dict[Counts, Table]:
    """Two symbols with a vote each are named as often as the unanimous data sets let them."""
    found: dict[Counts, Table] = {}
    for leader in ((2, 0, 0), (1, 1, 0)):
        wrong = forced(growth, delta, count, leader)
        voted = growth * wrong + delta
        split = {1: voted, 0: (1 - 2 * voted) / (count - 2)}
        found[leader] = {**unanimous(wrong, count, 2), (1, 1): split}
    return found


def three_records(growth: Any, delta: Any, count: Any) -> dict[Counts, Table]:
    """Unless (1, 1, 1) leads, two symbols alone force the error, as at delta = 0."""
    alike = (1 - 3 * delta) / count
    flat = {1: alike + delta, 0: alike}

    far = forced(growth, delta, count, (3, 0, 0))
    second = growth * far + delta
    first = growth * second + delta
    behind = {2: first, 1: second, 0: (1 - first - second) / (count - 2)}
    # with no symbol but three, (1, 1, 1) leaves no choice
    only = isinstance(count, int) and count == 3
    even = flat if only else {1: second, 0: (1 - 3 * second) / (count - 3)}

    near = forced(growth, delta, count, (2, 1, 0))
    second = growth * near + delta
    ahead = {2: 1 - second - (count - 2) * growth * near, 1: second, 0: growth * near}

    other = growth * forced(growth, delta, count, (1, 1, 1))
    bent = 1 - delta * (2 + growth) + (count - 2) * growth * other
    wrong = bent / ((count - 1) * (growth + growth * growth))
    missed = (count - 1) * growth * wrong + delta  # all names but that of two votes
    mixed = {2: 1 - missed, 1: missed - (count - 2) * other, 0: other}
    return {
        (3, 0, 0): {**unanimous(far, count, 3), (2, 1): behind, (1, 1, 1): even},
        (2, 1, 0): {**unanimous(near, count, 3), (2, 1): ahead, (1, 1, 1): flat},
        (1, 1, 1): {**unanimous(wrong, count, 3), (2, 1): mixed, (1, 1, 1): flat},
    }


def law(table: Table, votes: Counts) -> list[Any]:
    """The chance of each name."""
    row = table[tuple(sorted((held for held in votes if held), reverse=True))]
    return [row[held] for held in votes]


COUNTS = (3, 4, 5, 6, 7)
SIZES = (1, 2, 3)
# 2 of GROWTHS is where (3, 0, 0) and (2, 1, 0) tie at K = 5, E^2 = K - 1; these are beside other ties
RATES = (*GROWTHS, fmpq(7, 5), fmpq(3, 2), fmpq(9, 4), fmpq(5, 2))


def saturated_at(growth: fmpq, count: int, n: int) -> fmpq:
    """The delta from which on the success is 1."""
    top, bottom = saturation(growth, count, n)
    delta: fmpq = fmpq(top) / bottom
    return delta


def cuts(growth: fmpq, count: int, n: int) -> list[fmpq]:
    """Each delta at which one x(T) overtakes another, that of saturation, 0 and 1."""
    found = {fmpq(0), fmpq(1), saturated_at(growth, count, n)}
    for one, other in combinations(triples(n), 2):
        start, end = (
            forced(growth, fmpq(delta), count, one) - forced(growth, fmpq(delta), count, other)
            for delta in (0, 1)
        )
        if start * end < 0:
            found.add(start / (start - end))
    return sorted(found)


def ruling(claim: Claim, count: int, n: int) -> dict[Counts, Table]:
    """The mechanisms whose T leads, at this delta or at saturation."""
    growth = claim[0]
    delta = min(claim[1], saturated_at(growth, count, n))
    value = {votes: forced(growth, delta, count, votes) for votes in triples(n)}
    found = mechanisms(growth, delta, count, n)
    most = max(value.values())
    return {leader: found[leader] for leader in value if value[leader] == most}


def least_missed(claim: Claim, count: int, n: int) -> fmpq:
    """The sharper bound: the least chance of a wrong guess."""
    epsilon, delta = log_of(claim[0]), claim[1]
    floor = max(wrong_guess(RATIONAL, epsilon, delta, count, *votes) for votes in triples(n))
    lines = (secrets_sharper(RATIONAL, epsilon, delta, n, count, j, floor) for j in splits(n))
    return fmpq(max(0, *lines))


def demand_private(claim: Claim, table: Table, votes: Counts, where: str) -> int:
    """Refute unless every event obeys Pr <= E Pr' + delta from these votes to all neighbours.

    The event with the largest Pr - E Pr' has the names for which this is positive.
    """
    neighbours = list(replaced(votes))
    for other in neighbours:
        names = zip(law(table, votes), law(table, other), strict=True)
        excess = sum(max(fmpq(0), p - claim[0] * q) for p, q in names)
        demand(excess <= claim[1], f"an excess of {excess} from {votes} to {other}, {where}")
    return len(neighbours)


def sharper_is_attained() -> str:
    """Mechanisms for n <= 3 are laws, are private, and miss exactly what they must.

    Names are alike but for votes, so one data set of each order stands for all.  Between two cuts
    the chances are affine in delta, and so are the conditions on them; the bound is convex there,
    and equals what is missed at both ends and in the middle.  So each E and K holds for all delta.
    """
    cases = pairs = 0
    for growth, count, n in product(RATES, COUNTS, SIZES):
        at = cuts(growth, count, n)
        for delta in (*at, *((low + high) / 2 for low, high in pairwise(at))):
            claim = (growth, delta)
            least = least_missed(claim, count, n)
            for leader, table in ruling(claim, count, n).items():
                where = f"E, delta = {claim}, K, n = {count, n}, {leader} leads"
                for order in table:
                    votes = order + (0,) * (count - len(order))
                    chances = law(table, votes)
                    one = sum(chances) == 1 and min(chances) >= 0
                    demand(one, f"no probability law at {votes}, {where}: {chances}")
                    pairs += demand_private(claim, table, votes, where)
                missed = 1 - table[(n,)][n]
                demand(missed == least, f"missed {missed}, bound {least}, {where}")
                cases += 1
    return f"{cases} mechanisms, {pairs} pairs of neighbours"


CHECKS = (
    Check(
        "exact.secrets-small",
        "at n <= 3 a mechanism reaches the sharper bound for K secrets, for every delta",
        sharper_is_attained,
        quick=True,
    ),
)
