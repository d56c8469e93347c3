"""Derivations run, fail when a formula of theirs is wrong, and read well as notebooks and pages."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from proofs import derivation, ledger, notebooks
from proofs.check import Refuted
from proofs.derive import Table, holds, limit, same
from proofs.run import Verdict, examine
from tests.proofs.signs import instead, mutants

FAST = ("theorem_01", "theorem_02", "theorem_08", "theorem_10", "theorem_12", "sgd_revealed")
CHOSEN = [path for path in derivation.files() if path.stem.startswith(FAST)]
# a formula that each of these derivations rests on
RESTS_ON = {
    "theorem_01_group_privacy": "theorem.theorem",
    "theorem_02_exact_worst_case": "worst_case.unclamped",
    "theorem_08_prior": "prior.bayes_error",
    "theorem_12_linear_mid": "mid.mid_rate",
    "sgd_revealed_schedule": "schedule.batch_square",
}
ENTRIES = {entry.formula: entry for entry in ledger.read()}


@pytest.mark.parametrize("path", CHOSEN, ids=lambda path: path.stem)
def test_a_derivation_runs(path: Path) -> None:
    assert "steps checked" in derivation.run(path)


@pytest.mark.parametrize("name", RESTS_ON)
def test_a_wrong_sign_breaks_the_derivation(name: str) -> None:
    check = next(c for c in derivation.checks() if c.slug == f"derivation.{name}")
    function = ENTRIES[RESTS_ON[name]].function()
    with instead(function, mutants(function)[-1][1]):
        assert examine(check).verdict is Verdict.FAILED


@pytest.mark.parametrize("path", derivation.files(), ids=lambda path: path.stem)
def test_a_derivation_reads_as_a_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(r"Theorem \d+|DP-SGD: ", derivation.title(path))
    words = sum(
        len(cell.split()) for cell in re.findall(r"(?ms)^# %% \[markdown\]\n(.*?)^# %%", text)
    )
    assert words > 300
    assert "**Status" in text
    assert re.search(r"mipriv\.(formulas|accounting\.sgd)", text)


def test_equalities_limits_and_claims_can_fail() -> None:
    import sympy

    x = sympy.Symbol("x", positive=True)
    shown = [same((x**2 - 1) / (x - 1), x + 1), limit((sympy.exp(x) - 1) / x, x, 0, 1)]
    assert [equation.rhs for equation in shown] == [x + 1, 1]
    assert holds(x.is_positive, "x is positive") == "x is positive"
    for wrong in (
        lambda: same((x**2 - 1) / (x - 1), x - 1),
        lambda: limit((sympy.exp(x) - 1) / x, x, 0, 2),
        lambda: holds(x.is_integer, "unknown is not shown"),
    ):
        with pytest.raises(Refuted):
            wrong()


def test_a_table_has_two_faces() -> None:
    table = Table(["n", "loss"], [[1, "0.1"], [10, "0.55"]])
    assert "<td>0.55</td>" in table._repr_html_()
    assert repr(table).splitlines()[2] == "10  0.55"


def test_a_notebook_is_executed_and_becomes_a_page(tmp_path: Path) -> None:
    said: list[str] = []
    notebooks.write(tmp_path, "theorem_12_linear_mid", said.append)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"theorem_12_linear_mid.ipynb", "theorem_12_linear_mid.html", "index.html"}
    page = (tmp_path / "theorem_12_linear_mid.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", page)  # nothing is loaded from elsewhere
    assert "$" not in re.sub(r"(?s)<pre>.*?</pre>", "", page)  # all mathematics is typeset
    assert "%%" not in page
    assert "data:image/png;base64," in page or "<table>" in page
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert index.count("<li>") == len(derivation.files())
    with pytest.raises(click.UsageError, match="must be one of theorem_01"):
        notebooks.write(tmp_path, "theorem_99", said.append)
