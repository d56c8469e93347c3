"""The code's formulas against their definitions, over fractions or by balls that must overlap."""

from proofs.check import Check
from proofs.exact import (
    curves,
    group_privacy,
    information,
    mid,
    population,
    secrets,
    secrets_small,
    sgd,
    sgd_schedule,
    worst_case,
)

CHECKS: tuple[Check, ...] = (
    *group_privacy.CHECKS,
    *worst_case.CHECKS,
    *curves.CHECKS,
    *population.CHECKS,
    *secrets.CHECKS,
    *secrets_small.CHECKS,
    *information.CHECKS,
    *mid.CHECKS,
    *sgd.CHECKS,
    *sgd_schedule.CHECKS,
)
