"""Inequalities for all eps, delta and n at once: the code's formulas as terms, decided by z3."""

from proofs.check import Check
from proofs.smt import (
    group,
    mechanism,
    monotone,
    population,
    prior,
    secrets,
    secrets_small,
    worst_case,
)

CHECKS: tuple[Check, ...] = (
    *group.CHECKS,
    *worst_case.CHECKS,
    *monotone.CHECKS,
    *mechanism.CHECKS,
    *population.CHECKS,
    *prior.CHECKS,
    *secrets.CHECKS,
    *secrets_small.CHECKS,
)
