"""All proofs that run, by engine."""

from __future__ import annotations

from proofs import coq, derivation, exact, lp, smt
from proofs.check import Check
from proofs.ledger import Entry

ENGINES = ("exact", "lp", "smt", "derivation", "coq")


def checks() -> tuple[Check, ...]:
    """Every check, the cheap engines first."""
    return (*exact.CHECKS, *lp.CHECKS, *smt.CHECKS, *derivation.checks(), *coq.CHECKS)


def known() -> frozenset[str]:
    """Every slug a ledger may name: checks, and the Coq theorems that the gate compares."""
    theorems = {f"coq.{name}" for name in coq.theorems()}
    return frozenset({check.slug for check in checks()} | theorems)


def selected(only: str | None, entries: tuple[Entry, ...]) -> tuple[Check, ...]:
    """Checks that a slug names: a check, an engine, a formula, a theorem or a Coq theorem.

    Empty if it names nothing.
    """
    everything = checks()
    if only is None:
        return everything
    wanted = {only}
    for entry in entries:
        if only in (entry.formula, entry.theorem, *entry.derivations):
            wanted |= set(entry.proofs)
    wanted = {coq.GATE if slug.removeprefix("coq.") in coq.theorems() else slug for slug in wanted}
    return tuple(check for check in everything if wanted & {check.slug, check.engine})
