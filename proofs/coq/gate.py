"""The gate in front of the Coq proofs: what they prove, on which axioms, is compared word for word.

Everything happens in a folder of its own.  The gate refuses

* a source with a word that leaves something unproved or switches a check off;
* a source or a test vector that Coq does not accept;
* a statement, or a definition it rests on, that differs from `statements.golden`, and any definition
  of ours that the listing mentions without printing it;
* any axiom besides the three of the standard library's real numbers, in any listed theorem.

The test vectors are computed by this package over exact rationals and are theorems about the real
numbers once Coq accepts them: the code's formulas and the machine-checked statements meet there.
"""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from proofs.check import Refuted, Unavailable
from proofs.coq.vectors import COUNT, vectors

HERE = Path(__file__).parent
GOLDEN = HERE / "statements.golden"
# each after the files that it builds on
FILES = (
    "Chain",
    "ClosedForms",
    "Mechanism",
    "Datasets",
    "Rational",
    "TradeOff",
    "TradeOffMechanism",
    "Prior",
    "LeastError",
    "PriorRational",
    "Coupling",
    "Binomial",
    "Leader",
    "Population",
    "AddRemove",
    "MeanForms",
    "Secrets",
    "SecretsBound",
    "SecretsAddRemove",
    "SecretsNear",
    "SecretsNearDp",
    "SecretsKeep",
    "SecretsReplace",
    "SecretsMax",
    "SecretsRational",
)
AXIOMS = (
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
)
BANNED = re.compile(
    r"\b(Admitted|admit|give_up|Axioms?|Parameters?|Conjecture|bypass_check|Unset\s+\w+\s+Checking"
    r"|Unset\s+Guard|Unset\s+Positivity|type_in_type|Redirect|Declare\s+ML)\b"
)
INSTALL = "coq: apt-get install --no-install-recommends coq"


def theorems() -> tuple[str, ...]:
    """Names of the theorems that the gate compares, in the order of `statements.v`."""
    return _checked(_source("statements"))


def _checked(listing: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\bCheck @?(\w+)\.", listing))


def sources(count: int = COUNT) -> dict[str, str]:
    """Text of every file by name: the proofs, `count` test vectors of today's formulas, the listing."""
    texts = {name: _source(name) for name in FILES}
    return {**texts, "Vectors": vectors(count), "statements": _source("statements")}


def _source(name: str) -> str:
    return (HERE / f"{name}.v").read_text(encoding="utf-8")


def gate(texts: Mapping[str, str], golden: str, *, work: Path, changed: str | None = None) -> str:
    """Pass or raise; return what was accepted in a few words.

    Args:
        texts: source of each file by name, in the order of compilation.
        golden: what the statements must print.
        work: folder to compile in.
        changed: with the compiled files of an earlier pass in `work`, the first file that differs.

    Raises:
        Refuted: the gate refuses; the message says why.
        Unavailable: Coq is not installed.
    """
    if shutil.which("coqc") is None:
        raise Unavailable(INSTALL)
    refuse_words(texts)
    printed = ""
    stale = changed is None
    for name, text in texts.items():
        stale = stale or name == changed
        if stale or name == "statements":
            printed = _compile(name, text, work)
    statements, _, assumed = printed.partition("Axioms:\n")
    _compare(golden, statements)
    refuse_unprinted(texts, statements)
    _axioms(assumed)
    rows = len(re.findall(r"(?m)^  \(", texts["Vectors"]))
    return f"{len(theorems())} theorems compared, {len(AXIOMS)} axioms, {rows} vectors accepted"


def refuse_words(texts: Mapping[str, str]) -> None:
    """Raise `Refuted` at a word that leaves something unproved; comments may hold any word."""
    for name, text in texts.items():
        word = BANNED.search(_without_comments(text))
        if word:
            raise Refuted(f"{name}.v: banned word {word[0]}")


def _without_comments(text: str) -> str:
    """Source without (possibly nested) comments, in which any word may stand."""
    kept, depth = [], 0
    for part in re.split(r"(\(\*|\*\))", text):
        if part == "(*":
            depth += 1
        elif part == "*)":
            depth -= 1
        elif depth == 0:
            kept.append(part)
    return "".join(kept)


def _compile(name: str, text: str, work: Path) -> str:
    """Compile one file; the listing of statements also asks for the axioms of all of them."""
    if name == "statements":
        listed = ", ".join(f"@{theorem}" for theorem in _checked(text))
        text += f"\nDefinition everything := ({listed}).\nPrint Assumptions everything.\n"
    (work / f"{name}.v").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["coqc", "-q", "-R", ".", "Mipriv", f"{name}.v"],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refuted(f"{name}.v: {' '.join(done.stderr.split())[:300]}")
    return done.stdout


def _compare(golden: str, statements: str) -> None:
    if statements != golden:
        lines = difflib.unified_diff(golden.splitlines(), statements.splitlines(), lineterm="", n=0)
        changes = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        raise Refuted(f"statements differ from statements.golden: {' | '.join(changes[:4])}")


def refuse_unprinted(texts: Mapping[str, str], statements: str) -> None:
    """Raise `Refuted` if statements use a definition that is not printed and could change unseen."""
    kinds = r"(?:Definition|Fixpoint|Record|Inductive|CoInductive)"
    ours = {
        name
        for text in texts.values()
        for name in re.findall(rf"(?m)^{kinds} (\w+)", _without_comments(text))
    }
    shown = set(re.findall(r"(?m)^(\w+) =", statements))
    shown |= set(re.findall(r"(?m)^(?:Record|Inductive|CoInductive) (\w+)", statements))
    hidden = ours & set(re.findall(r"\w+", statements)) - shown
    if hidden:
        raise Refuted(f"statements use {', '.join(sorted(hidden))} without printing them")


def _axioms(assumed: str) -> None:
    # every line that starts in the first column is the name of an axiom, whatever it looks like
    names = {line.split()[0].rstrip(":") for line in assumed.splitlines() if line[:1].strip()}
    if names != set(AXIOMS):
        raise Refuted(f"axioms are {sorted(names)}, must be {sorted(AXIOMS)}")


def in_a_folder(action: Callable[[Path], str]) -> str:
    """Run an action in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mipriv-coq-") as folder:
        return action(Path(folder))


def run() -> str:
    """Pass the tree as it stands through the gate."""
    golden = GOLDEN.read_text(encoding="utf-8")
    return in_a_folder(lambda work: gate(sources(), golden, work=work))
