"""The gate passes the Coq proofs as they stand and refuses every way to weaken them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flint import fmpq

from mipriv.formulas import theorem, worst_case
from proofs.check import Refuted
from proofs.coq.gate import (
    GOLDEN,
    INSTALL,
    gate,
    refuse_unprinted,
    refuse_words,
    sources,
    theorems,
)
from proofs.coq.vectors import COUNT, points, row, vectors
from tests.proofs.signs import instead, mutants

GOLD = GOLDEN.read_text(encoding="utf-8")
FEW = 60  # vectors, where the number of them is not the point
Texts = dict[str, str]
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason=INSTALL)


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the compiled files of a pass."""
    work = tmp_path_factory.mktemp("coq")
    assert "theorems compared, 3 axioms" in gate(sources(FEW), GOLD, work=work)
    return work


def changed(file: str, *swaps: tuple[str, str]) -> Callable[[Texts], Texts]:
    """Replace the first occurrence of texts that stand in a source."""

    def change(texts: Texts) -> Texts:
        text = texts[file]
        for old, new in swaps:
            assert old in text, f"{file}.v no longer holds {old!r}"
            text = text.replace(old, new, 1)
        return {**texts, file: text}

    return change


def again(texts: Texts, file: str, work: Path, passed: Path) -> str:
    """The gate after one file changed: compile it, what is built on it, and the statements.

    Whatever is built on it comes last; Coq itself refuses a compiled file made for another version
    of one that it uses, so that a file left out here shows up as another reason than the test's.
    """
    built = {file, "statements"}
    for name, text in texts.items():
        for used in re.findall(r"(?m)^From Mipriv Require Import ([^.]*)\.", text):
            if built & set(used.split()):
                built.add(name)
    shutil.copytree(passed, work)
    ordered = {name: texts[name] for name in sorted(texts, key=lambda name: name in built)}
    return gate(ordered, GOLD, work=work, changed=file)


def wrong_vector(texts: Texts) -> Texts:
    """One value of one row off by 10^-40."""
    lines = texts["Vectors"].splitlines()
    number = next(i for i, line in enumerate(lines) if "2%nat" in line)
    found = list(re.finditer(r"\((-?\d+) # (\d+)\)", lines[number]))[2]
    value = fmpq(int(found[1]), int(found[2])) + fmpq(1, 10**40)
    lines[number] = (
        f"{lines[number][: found.start()]}({value.p} # {value.q}){lines[number][found.end() :]}"
    )
    return {**texts, "Vectors": "\n".join(lines)}


# a proof that leans on a variable declared outside of any section
_FREE = (
    "Lemma exp_ge1 eps : 0 <= eps -> 1 <= exp eps.\nProof. intros _. rewrite (free (exp eps)), "
    "(free 1). lra. Qed.\nLemma unused eps : 0 <= eps -> 1 <= exp eps.\nProof."
)

MUTATIONS: dict[str, tuple[str, Callable[[Texts], Texts], str]] = {
    "a proof left out": (
        "Chain",
        changed("Chain", ("apply pow_R1_Rle; exact He. Qed.", "Admitted.")),
        "banned word Admitted",
    ),
    "an axiom declared": (
        "ClosedForms",
        changed("ClosedForms", ("Lemma div2_even", "Axiom free : 0 = 1.\nLemma div2_even")),
        "banned word Axiom",
    ),
    "an axiom hidden in a variable": (
        "ClosedForms",
        changed(
            "ClosedForms",
            ("Lemma div2_even", "Variable free : forall x : R, x = 0.\nLemma div2_even"),
            ("Lemma exp_ge1 eps : 0 <= eps -> 1 <= exp eps.\nProof.", _FREE),
        ),
        r"axioms are .*free",
    ),
    "a classical lemma in a proof": (
        "ClosedForms",
        changed(
            "ClosedForms",
            (
                "  intros H. unfold exp; destruct",
                "  intros H. pose proof (exp_ineq1_le eps) as HH. assert (1 <= exp eps) by lra. "
                "assumption. Qed.\nLemma unused eps : 0 <= eps -> 1 <= exp eps.\nProof.\n"
                "  intros H. unfold exp; destruct",
            ),
        ),
        "Classical_Prop.classic",
    ),
    "a trusted definition reworded": (
        "Datasets",
        changed("Datasets", (r"x = a ++ b /\ y = a ++ v :: b", r"y = a ++ v :: b /\ x = a ++ b")),
        "statements differ",
    ),
    "a statement weakened": (
        "ClosedForms",
        changed(
            "ClosedForms",
            (
                "Theorem pure_bound_even e m p : 1 <= e -> chain",
                "Theorem pure_bound_even e m p : 1 <= e -> 0 <= e -> chain",
            ),
            (
                "intros He Hp; rewrite <- exact_gap_pure_even by exact He; apply exact_bound",
                "intros He _ Hp; rewrite <- exact_gap_pure_even by exact He; apply exact_bound",
            ),
        ),
        "statements differ.*0 <= e -> chain",
    ),
    "a wrong constant in the bound": (
        "Chain",
        changed("Chain", ("then / 2 else (1 - d) / (1 + e)", "then / 2 else (1 - d) / (2 + e)")),
        r"Chain\.v: ",
    ),
    "one wrong vector": ("Vectors", wrong_vector, r"Vectors\.v: "),
    "a theorem not listed any more": (
        "statements",
        changed("statements", ("Check tv_attained.", "")),
        "statements differ.*tv_attained",
    ),
}


@needs_coq
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_gate_refuses(name: str, passed: Path, tmp_path: Path) -> None:
    file, mutate, reason = MUTATIONS[name]
    with pytest.raises(Refuted) as refusal:
        again(mutate(sources(FEW)), file, tmp_path / "coq", passed)
    assert re.search(reason, str(refusal.value)), refusal.value


def test_a_definition_that_is_used_is_printed() -> None:
    refuse_unprinted(sources(FEW), GOLD)
    start = GOLD.index("\nmechanism = ")
    without = GOLD[:start] + GOLD[GOLD.index("\nArguments mechanism", start) :]
    with pytest.raises(Refuted, match="statements use mechanism without printing"):
        refuse_unprinted(sources(FEW), without)


@needs_coq
@pytest.mark.parametrize("formula", [worst_case.unclamped, theorem.theorem])
def test_coq_refuses_values_of_a_formula_with_a_wrong_sign(
    formula: object, passed: Path, tmp_path: Path
) -> None:
    with instead(formula, mutants(formula)[-1][1]):  # type: ignore[arg-type]  # both are functions
        texts = sources(FEW)
    with pytest.raises(Refuted, match=r"Vectors\.v: "):
        again(texts, "Vectors", tmp_path / "coq", passed)


def test_comments_may_hold_any_word() -> None:
    with pytest.raises(Refuted, match=r"Chain\.v: banned word Axiom"):
        refuse_words({"Chain": "Axiom x : nat."})
    refuse_words({"Chain": "(* no (* nested *) Axiom here *) Lemma x : True."})


def test_the_listing_names_each_theorem_once() -> None:
    names = theorems()
    assert len(names) == len(set(names)) > 40
    for name in ("exact_gap_is_maximum", "tv_bound", "tv_attained", "exact_lt_poster"):
        assert name in names
        assert re.search(rf"(?m)^{name}$", GOLD)


def test_vectors_cover_edges_and_doubles() -> None:
    found = list(points(COUNT))
    assert len(found) == COUNT
    assert {growth for growth, _, _ in found} >= {fmpq(1), fmpq(2)}
    assert any(growth.q == 2**51 for growth, _, _ in found)  # a double, exactly
    assert row((fmpq(2), fmpq(0), 3)) == "((2 # 1), (0 # 1), 3%nat, (2 # 3), (7 # 9))"
    assert vectors() == vectors()
