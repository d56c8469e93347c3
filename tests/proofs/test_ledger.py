"""The ledger agrees with the tree, and each way to disagree is noticed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from proofs import catalogue, ledger

ENTRIES = ledger.read()
KNOWN, CODE = catalogue.known(), ledger.formulas()


def faults(entries: tuple[ledger.Entry, ...] = ENTRIES, code: tuple[str, ...] = CODE) -> list[str]:
    return ledger.faults(entries, known=KNOWN, code=code)


def test_every_formula_has_its_proofs_and_every_proof_exists() -> None:
    assert faults() == []


def test_a_formula_without_an_entry_is_a_fault() -> None:
    assert faults(ENTRIES[1:]) == [f"{ENTRIES[0].formula}: a formula without an entry"]


def test_an_entry_without_a_formula_is_a_fault() -> None:
    assert faults(code=CODE[1:]) == [f"{CODE[0]}: an entry without a formula"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": "plausible"}, "status 'plausible'"),
        ({"machine": ("coq.exact_gap_is_minimum",)}, "no proof coq.exact_gap_is_minimum"),
        ({"exact": ("exact.nothing",)}, "no proof exact.nothing"),
        ({"exact": ()}, "no exact check"),
        ({"derivations": ()}, "no derivation"),
        ({"derivations": ("theorem_99",)}, "no proof derivation.theorem_99"),
        ({"tests": ("tests/unit/test_edges.py::test_nothing",)}, "no test tests/unit/test_edges"),
        ({"tests": ("tests/nowhere.py::test_x",)}, "no test tests/nowhere.py"),
        ({"tests": ()}, "no test"),
    ],
    ids=str,
)
def test_what_does_not_exist_is_a_fault(change: dict[str, object], fault: str) -> None:
    entry = dataclasses.replace(ENTRIES[0], **change)  # type: ignore[arg-type]  # fields by name
    found = faults((entry, *ENTRIES[1:]))
    assert len(found) == 1
    assert found[0].startswith(f"{entry.formula}: {fault}")


def test_a_field_too_many_or_too_few_is_refused(tmp_path: Path) -> None:
    text = (ledger.HERE / "ledger.toml").read_text(encoding="utf-8")
    for changed in (text.replace("status =", "state =", 1), text.replace("exact = ", "x = ", 1)):
        path = tmp_path / "ledger.toml"
        path.write_text(changed, encoding="utf-8")
        with pytest.raises((TypeError, KeyError)):
            ledger.read(path)


def test_slugs_are_unique_and_named_by_their_engine() -> None:
    slugs = [check.slug for check in catalogue.checks()]
    assert len(slugs) == len(set(slugs))
    assert {check.engine for check in catalogue.checks()} == set(catalogue.ENGINES)


def test_every_theorem_has_a_derivation() -> None:
    numbers = {slug.removeprefix("derivation.theorem_")[:2] for slug in KNOWN if "theorem_" in slug}
    assert sorted(numbers) == [f"{number:02}" for number in range(1, 13)]


def test_what_a_slug_selects() -> None:
    def slugs(only: str | None) -> set[str]:
        return {check.slug for check in catalogue.selected(only, ENTRIES)}

    assert slugs(None) == {check.slug for check in catalogue.checks()}
    assert slugs("exact.prior") == {"exact.prior"}
    assert slugs("smt") == {slug for slug in slugs(None) if slug.startswith("smt.")}
    assert slugs("prior.bayes_error") >= {"exact.prior", "derivation.theorem_08_prior"}
    assert slugs("Thm 8") >= slugs("prior.bayes_error") | {"exact.shrink"}
    assert slugs("coq.tv_bound") == {"coq.gate"}
    assert slugs("nothing") == set()
