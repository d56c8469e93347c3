"""A formula with one wrong sign is named by the ledger run: every formula, every sign."""

from __future__ import annotations

import pytest

from proofs import catalogue, ledger
from proofs.run import Outcome, Verdict, examine, failures
from tests.proofs.signs import instead, mutants

ENTRIES = ledger.read()
CHECKS = {check.slug: check for check in catalogue.checks()}


def quick_run(entry: ledger.Entry) -> list[Outcome]:
    """The exact checks that the ledger names for a formula."""
    return [examine(CHECKS[slug]) for slug in entry.exact if CHECKS[slug].quick]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.formula)
def test_a_wrong_sign_is_named(entry: ledger.Entry) -> None:
    function = entry.function()
    for text, code in mutants(function):
        with instead(function, code):
            outcomes = quick_run(entry)
        lines = ledger.broken([entry], failures(outcomes))
        assert lines, f"unnoticed:\n{text}"
        assert lines[0].startswith(f"{entry.theorem} ({entry.formula}): ")
    assert all(outcome.verdict is Verdict.SHOWN for outcome in quick_run(entry))


def test_signs_are_found_and_put_back() -> None:
    entry = next(entry for entry in ENTRIES if entry.formula == "worst_case.fixed_point")
    function = entry.function()
    before = function.__code__
    texts = [text for text, _ in mutants(function)]
    assert len(texts) == len(set(texts)) == 3  # -epsilon, 1 - delta, 1 + shrink
    with instead(function, mutants(function)[0][1]):
        assert function.__code__ is not before
    assert function.__code__ is before
