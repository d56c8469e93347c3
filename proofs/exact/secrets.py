"""Theorem 9: the bound for K equiprobable secrets, and mechanisms that reach it."""

from __future__ import annotations

from itertools import combinations

from flint import fmpq

from mipriv.contexts.arb import ARB
from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.secrets import (
    allowance,
    secrets,
    secrets_complement,
    secrets_sharper,
    spared,
    wrong_guess,
)
from mipriv.loss._votes import splits, triples
from mipriv.loss.optimal import histograms
from proofs.check import Check, demand
from proofs.datasets import one_more, replaced
from proofs.exact.definitions import CLAIMS, GROWTHS, Claim, breakpoints, grow, grown
from proofs.exact.secrets_mechanism import add_remove, kept, near, replace_one

COUNTS = (2, 3, 7, 30)
Law = tuple[fmpq, ...]


def every_line_bounds_the_success() -> str:
    """Each j is a line E^j x + E^(n-j) y = 1 below the n-fold curve; the least meets it.

    With x the mean chance of a wrong answer k and y = (K-1) x the chance of missing k, a line below
    the curve y = 1 - g^n(x) bounds x from below.
    """
    cases = 0
    for growth in GROWTHS:
        claim = (growth, fmpq(0))
        for n in range(8):
            curve = [(x, 1 - grown(claim, x, n)) for x in breakpoints(claim, n)]
            for count in COUNTS:
                room = []
                for j in range(n + 1):
                    missed = secrets_complement(RATIONAL, log_of(growth), 0, n, count, j)
                    hit = secrets(RATIONAL, log_of(growth), 0, n, count, j)
                    where = f"E = {growth}, n = {n}, K = {count}, j = {j}"
                    demand(hit + missed == 1, f"secrets + secrets_complement is not 1 at {where}")
                    x = missed / (count - 1)
                    on_line = growth**j * x + growth ** (n - j) * missed
                    demand(
                        on_line == 1, f"secrets_complement is {missed}, off its line, at {where}"
                    )
                    below = all(growth**j * a + growth ** (n - j) * b >= 1 for a, b in curve)
                    demand(below, f"the line crosses the curve at {where}")
                    room.append(missed)
                    cases += 1
                best = max(room) / (count - 1)
                met = 1 - grown(claim, best, n) == (count - 1) * best
                demand(met, f"the best line misses the curve at E = {growth}, n = {n}, K = {count}")
    return f"{cases} lines"


def floors_solve_their_equations() -> str:
    """The equalities of paths through three symbols, with R_m added up term by term.

    X is what the paths between two secrets leave for third answers at the line j, over E^j; a path
    on to T_1, T_2, T_3 records of three symbols needs X (E^(n-T1) (K-1) + E^(n-T2)) +
    delta (R_T1 + R_T2 + R_T3) (K-2) >= K - 2, and `wrong_guess` is X/(K-2) at equality.
    """
    cases = 0
    for steps in (0, 1):  # exact even in balls, so that a sign that they decide is decided
        found = allowance(ARB, fmpq(1, 3), steps)
        demand(found == steps, f"allowance of {steps} steps is {found}")
    for growth, delta in CLAIMS:
        epsilon = log_of(growth)
        summed = [sum((growth**i for i in range(m)), fmpq(0)) for m in range(8)]
        found = [allowance(RATIONAL, epsilon, m) for m in range(8)]
        demand(found == summed, f"allowance is {found}, not {summed}, at E = {growth}")
        for n in range(8):
            for votes in triples(n):
                slips = delta * sum((summed[v] for v in votes), fmpq(0))
                left = 1 + 0 * delta - slips
                where = f"E = {growth}, delta = {delta}, votes = {votes}"
                kept = spared(RATIONAL, epsilon, delta, votes)
                demand(kept == left, f"spared is {kept}, not {left}, at {where}")
                for count in COUNTS:
                    x = wrong_guess(RATIONAL, epsilon, delta, count, *votes)
                    paths = (count - 1) * growth ** (n - votes[0]) + growth ** (n - votes[1])
                    demand(x * paths + slips == 1, f"wrong_guess is {x} at {where}, K = {count}")
                    for j in splits(n):
                        missed = secrets_sharper(RATIONAL, epsilon, delta, n, count, j, x)
                        room = missed * (growth**j + growth ** (n - j))
                        room += delta * (summed[j] + summed[n - j]) - 1
                        same = room == (count - 2) * growth**j * x
                        demand(same, f"secrets_sharper is {missed} at {where}, K, j = {count, j}")
                        cases += 1
    return f"{cases} data sets and lines"


def demand_law(law: Law, where: str) -> None:
    """Refute unless the numbers are a probability law."""
    demand(sum(law) == 1 and min(law) >= 0, f"no probability law at {where}: {law}")


def unanimous(secret: int, count: int, n: int) -> tuple[int, ...]:
    """The data set of a secret."""
    return tuple(n if o == secret else 0 for o in range(count))


GRID = (
    *((3, n, growth) for n in (1, 2, 3, 4, 7) for growth in GROWTHS),
    *((3, 24, fmpq(101, 100) ** power) for power in (1, 2, 4, 8)),
    *((4, n, growth) for n in (1, 3, 5) for growth in GROWTHS),
    *((5, n, growth) for n in (2, 4) for growth in (fmpq(21, 20), fmpq(7, 5), fmpq(2), fmpq(9, 2))),
    *((6, 6, growth) for growth in (fmpq(11, 10), fmpq(6, 5), fmpq(27, 20), fmpq(3, 2))),
    *((7, n, growth) for n in (2, 3) for growth in (fmpq(11, 10), fmpq(2), fmpq(12, 5), fmpq(9))),
)


def replace_one_is_attained() -> str:
    """delta = 0: the mechanism is a law, is private between all neighbours, reaches the bound."""
    pairs = 0
    for count, n, growth in GRID:
        laws = {votes: replace_one(growth, votes) for votes in histograms(n, count)}
        for votes, law in laws.items():
            demand_law(law, str(votes))
            for other in replaced(votes):
                private = all(p <= growth * q for p, q in zip(law, laws[other], strict=True))
                demand(private, f"not private between {votes} and {other}, E = {growth}")
                pairs += 1
        bounds = [secrets(RATIONAL, log_of(growth), 0, n, count, j) for j in range(n + 1)]
        for k in range(count):
            hit = laws[unanimous(k, count, n)][k]
            demand(hit == min(bounds), f"success {hit}, bound {min(bounds)}, K, n = {count, n}")
    return f"{len(GRID)} mechanisms, {pairs} pairs of neighbours"


def keeping_votes_keeps_neighbours() -> str:
    """Replacing one record replaces at most one of the kept votes."""
    pairs = 0
    for n, count in ((5, 3), (6, 4)):
        for most in range(n + 1):
            for votes in histograms(n, count):
                one = kept(votes, most)
                demand(sum(one) == most, f"{sum(one)} of {most} votes kept of {votes}")
                for other in replaced(votes):
                    moved = sum(abs(x - y) for x, y in zip(one, kept(other, most), strict=True))
                    demand(moved <= 2, f"{moved / 2} votes replaced between {votes} and {other}")
                    pairs += 1
    return f"{pairs} pairs of neighbours"


# (K, t, E): E^(t-1) = K - 1 exactly
EDGES = ((3, 2, fmpq(2)), (5, 2, fmpq(4)), (5, 3, fmpq(2)), (10, 3, fmpq(3)))


def subsets_need_many_secrets() -> str:
    """The subset rule is private up to E^(t-1) = K - 1 and not beyond: the condition is needed."""
    for count, t, edge in EDGES:
        for growth, private in ((edge, True), (edge + fmpq(1, 1000), False)):
            holds = all(
                p <= growth * q
                for votes in histograms(t, count)
                for other in replaced(votes)
                for p, q in zip(near(growth, votes), near(growth, other), strict=True)
            )
            demand(holds == private, f"private: {holds}, K = {count}, t = {t}, E = {growth}")
    return f"{len(EDGES)} edges, both sides"


def events_hold(claim: Claim, law: Law, other: Law) -> bool:
    """(eps, delta)-DP from one law to another, every event."""
    answers = range(len(law))
    return all(
        sum((law[o] for o in event), fmpq(0))
        <= claim[0] * sum((other[o] for o in event), fmpq(0)) + claim[1]
        for size in range(1, len(law) + 1)
        for event in combinations(answers, size)
    )


def add_remove_is_attained() -> str:
    """Any delta: the star mechanism is private over all data sets, and reaches g^n(1/K)."""
    pairs = 0
    for claim in CLAIMS:
        for count, n in ((3, 1), (3, 2), (4, 2), (3, 3)):
            reach = (v for size in range(n + 2) for v in histograms(size, count))
            laws = {votes: add_remove(claim, n, votes) for votes in reach}
            for votes, law in laws.items():
                demand_law(law, str(votes))
                for more in one_more(votes):
                    if more in laws:
                        both = events_hold(claim, law, laws[more]) and events_hold(
                            claim, laws[more], law
                        )
                        demand(both, f"not private between {votes} and {more} at {claim}")
                        pairs += 1
            hit = sum((laws[unanimous(k, count, n)][k] for k in range(count)), fmpq(0)) / count
            top = grown(claim, fmpq(1, count), n)
            demand(hit == top, f"success {hit}, bound {top}, at {claim}, K, n = {count, n}")
    return f"{len(CLAIMS) * 4} mechanisms, {pairs} pairs of neighbours"


def add_remove_is_below_the_line() -> str:
    """The bound with 2n steps holds under add-remove but is not reached: K = 3, n = 1, E = 3/2."""
    growth, count, n = fmpq(3, 2), 3, 1
    claim = (growth, fmpq(0))
    lines = [secrets(RATIONAL, log_of(growth), 0, 2 * n, count, j) for j in range(2 * n + 1)]
    truth = grown(claim, fmpq(1, count), n)
    demand(truth == fmpq(1, 2), f"g(1/3) is {truth}")
    demand(min(lines) == fmpq(9, 17), f"the bound with two steps is {min(lines)}")
    demand(grow(claim, fmpq(1, count)) < min(lines), "the bound is attained after all")
    return "1/2 < 9/17"


CHECKS = (
    Check(
        "exact.secrets-lines",
        "each j gives a line below the n-fold curve, and the best meets it",
        every_line_bounds_the_success,
        quick=True,
    ),
    Check(
        "exact.secrets-floors",
        "what data sets of three symbols force at delta > 0 solves the equations of its paths",
        floors_solve_their_equations,
        quick=True,
    ),
    Check(
        "exact.secrets-attained",
        "at delta = 0 a mechanism on vote counts reaches the bound for K secrets",
        replace_one_is_attained,
        quick=True,
    ),
    Check(
        "exact.secrets-kept",
        "keeping the highest votes keeps neighbours neighbours",
        keeping_votes_keeps_neighbours,
        quick=True,
    ),
    Check(
        "exact.secrets-condition",
        "the subset rule is private only while E^(t-1) <= K - 1",
        subsets_need_many_secrets,
        quick=True,
    ),
    Check(
        "exact.secrets-add-remove",
        "under add-remove g^n(1/K) is reached, for every delta",
        add_remove_is_attained,
        quick=True,
    ),
    Check(
        "exact.secrets-add-remove-gap",
        "under add-remove the bound with 2n steps is not tight",
        add_remove_is_below_the_line,
        quick=True,
    ),
)
