"""Exact linear programs: the optimum over all learners is the formula, with no tolerance."""

from proofs.check import Check
from proofs.lp import add_remove, certificates, chains, learners, populations, secrets

CHECKS: tuple[Check, ...] = (
    *certificates.CHECKS,
    *chains.CHECKS,
    *learners.CHECKS,
    *populations.CHECKS,
    *secrets.CHECKS,
    *add_remove.CHECKS,
)
