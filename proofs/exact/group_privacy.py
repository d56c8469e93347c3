"""Theorem 1: the published bound against the group privacy recursion, fraction by fraction."""

from __future__ import annotations

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.theorem import group_delta, theorem
from proofs.check import Check, demand
from proofs.exact.definitions import CLAIMS, distance_bound, group

SIZES = range(10)


def theorem_is_group_privacy() -> str:
    """B and the group's delta from n-fold substitution."""
    for claim in CLAIMS:
        epsilon, delta = log_of(claim[0]), claim[1]
        for n in SIZES:
            where = f"E = {claim[0]}, delta = {delta}, n = {n}"
            many = group(claim, n)
            found = group_delta(RATIONAL, epsilon, delta, n)
            demand(found == many[1], f"group_delta is {found}, not {many[1]}, at {where}")
            bound = theorem(RATIONAL, epsilon, delta, n)
            best = distance_bound(many)
            demand(bound == best, f"theorem is {bound}, not {best}, at {where}")
    return f"{len(CLAIMS) * len(SIZES)} claims and sizes, as fractions"


CHECKS = (
    Check(
        "exact.group-privacy",
        "the published bound is group privacy followed by the total variation of one pair",
        theorem_is_group_privacy,
        quick=True,
    ),
)
