"""Theorem 2 and Theorem 8: the chain optimum over all starting points, fraction by fraction."""

from __future__ import annotations

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.prior import bayes_error, shrink
from mipriv.formulas.worst_case import complement, fixed_point, headroom, unclamped, worst_case
from proofs.check import Check, demand
from proofs.exact.definitions import CLAIMS, grow, largest_gap, least_error

SIZES = range(10)
PRIORS = (fmpq(1, 2), fmpq(1, 10), fmpq(5, 7), fmpq(99, 100), fmpq(0))


def worst_case_is_the_largest_gap() -> str:
    """min(1, t1 S_n), its complement, and the two before clamping."""
    for claim in CLAIMS:
        epsilon, delta = log_of(claim[0]), claim[1]
        for n in SIZES:
            gap = largest_gap(claim, n)
            where = f"E = {claim[0]}, delta = {delta}, n = {n}"
            found = worst_case(RATIONAL, epsilon, delta, n)
            demand(found == gap, f"worst_case is {found}, not {gap}, at {where}")
            hidden = complement(RATIONAL, epsilon, delta, n)
            demand(hidden == 1 - gap, f"complement is {hidden}, not {1 - gap}, at {where}")
            raw = unclamped(RATIONAL, epsilon, delta, n)
            room = headroom(RATIONAL, epsilon, delta, n)
            demand(raw + room == 1, f"unclamped + headroom is {raw + room}, not 1, at {where}")
            demand(raw == gap or (gap == 1 and raw > 1), f"unclamped is {raw} at {where}")
    return f"{len(CLAIMS) * len(SIZES)} claims and sizes, every starting point"


def fixed_point_meets_the_diagonal() -> str:
    """a* = 1 - g(a*)."""
    for claim in CLAIMS:
        point = fixed_point(RATIONAL, log_of(claim[0]), claim[1])
        demand(grow(claim, point) == 1 - point, f"1 - g({point}) at E, delta = {claim}")
    return f"{len(CLAIMS)} claims"


def shrink_is_the_step_iterated() -> str:
    """h(x) = max(0, (x - delta)/E), applied once more each time."""
    starts = (fmpq(1, 2), fmpq(3, 10), fmpq(1, 50), fmpq(0))
    for growth, delta in CLAIMS:
        for start in starts:
            x = start
            for steps in SIZES:
                found = shrink(RATIONAL, log_of(growth), delta, start, steps)
                demand(found == x, f"shrink of {start} is {found}, not {x}, at {steps} steps")
                x = max(fmpq(0), (x - delta) / growth)
    return f"{len(CLAIMS) * len(starts) * len(SIZES)} iterations"


def bayes_error_is_the_least() -> str:
    """The vertices and the trivial tests against every breakpoint of the n-fold step."""
    cases = 0
    for claim in CLAIMS:
        epsilon, delta = log_of(claim[0]), claim[1]
        for n in SIZES:
            miss = complement_at_zero(claim, n)
            for prior in PRIORS:
                values = [bayes_error(RATIONAL, epsilon, delta, n, prior, i) for i in range(n)]
                values += [prior, 1 - prior, prior * miss, (1 - prior) * miss]
                least = least_error(claim, n, prior)
                where = f"E = {claim[0]}, delta = {delta}, n = {n}, prior = {prior}"
                demand(min(values) == least, f"Bayes error {min(values)}, not {least}, at {where}")
                cases += 1
    return f"{cases} claims, sizes and priors, every test"


def complement_at_zero(claim: tuple[fmpq, fmpq], n: int) -> fmpq:
    """1 - g^n(0): what no false alarm costs in misses."""
    p = fmpq(0)
    for _ in range(n):
        p = grow(claim, p)
    return 1 - p


CHECKS = (
    Check(
        "exact.worst-case",
        "TV*_n and its complement are the largest gap of a chain, over every starting point",
        worst_case_is_the_largest_gap,
        quick=True,
    ),
    Check(
        "exact.fixed-point",
        "a* is where the trade-off curve meets the diagonal",
        fixed_point_meets_the_diagonal,
        quick=True,
    ),
    Check(
        "exact.shrink",
        "the closed form of h iterated is h iterated",
        shrink_is_the_step_iterated,
        quick=True,
    ),
    Check(
        "exact.prior",
        "the least Bayes error is at a vertex of the error region, for every prior",
        bayes_error_is_the_least,
        quick=True,
    ),
)
