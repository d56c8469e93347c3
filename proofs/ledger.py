"""The ledger: every formula of the package beside what proves it.

`ledger.toml` has one table a formula, named `module.function`:

    theorem = "Thm 2"              # name in the theory, as answers and derivations quote it
    statement = "..."              # what the formula is claimed to equal or bound
    status = "proved"              # proved, conjecture or reconstruction
    derivations = ["theorem_02_..."]  # files in proofs/derivations, its own theorem's first
    machine = ["coq.exact_bound"]  # machine proofs: Coq theorems in the golden statements, SMT
    exact = ["exact.worst-case"]   # checks over exact numbers; they refute a formula with a wrong sign
    tests = ["tests/...::test_x"]  # tests of the package that rest on it
"""

from __future__ import annotations

import ast
import importlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import mipriv.formulas

HERE = Path(__file__).parent
ROOT = HERE.parent
STATUSES = ("proved", "conjecture", "reconstruction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One formula of the ledger."""

    formula: str
    theorem: str
    statement: str
    status: str
    derivations: tuple[str, ...]
    machine: tuple[str, ...]
    exact: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def proofs(self) -> tuple[str, ...]:
        """Slugs of everything that shows this formula."""
        return (*self.exact, *self.machine, *(f"derivation.{name}" for name in self.derivations))

    def function(self) -> FunctionType:
        """Return the function of the package itself."""
        module, _, name = self.formula.partition(".")
        found = getattr(importlib.import_module(f"mipriv.formulas.{module}"), name)
        if not isinstance(found, FunctionType):
            raise TypeError(f"{self.formula}: must be a function")
        return found


def read(path: Path = HERE / "ledger.toml") -> tuple[Entry, ...]:
    """Entries of a ledger file, in its order.

    Raises:
        KeyError, TypeError: an entry lacks a field or has one too many.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = []
    for module, formulas in tables.items():
        for name, table in formulas.items():
            fields: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in table.items()
            }
            entries.append(Entry(formula=f"{module}.{name}", **fields))
    return tuple(entries)


def formulas() -> tuple[str, ...]:
    """Every formula in the package: the functions of `mipriv.formulas` that take a context."""
    found = []
    for path in sorted(Path(mipriv.formulas.__path__[0]).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [
            f"{path.stem}.{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]
    return tuple(found)


def faults(
    entries: Iterable[Entry], *, known: Iterable[str], code: Iterable[str], root: Path = ROOT
) -> list[str]:
    """Everything in which the ledger disagrees with the tree, one line each; empty if nothing.

    Args:
        entries: the ledger.
        known: slugs of all proofs that run, Coq theorems included.
        code: names of the package's formulas.
        root: where the paths of tests begin.
    """
    listed = tuple(entries)
    names = [entry.formula for entry in listed]
    slugs, code = set(known), tuple(code)
    found = [f"{name}: a formula without an entry" for name in code if name not in names]
    found += [f"{name}: an entry without a formula" for name in names if name not in code]
    tests: dict[str, set[str]] = {}
    for entry in listed:
        if entry.status not in STATUSES:
            found.append(f"{entry.formula}: status {entry.status!r} is none of {STATUSES}")
        if not entry.exact:
            found.append(f"{entry.formula}: no exact check")
        if not entry.derivations:
            found.append(f"{entry.formula}: no derivation")
        if not entry.tests:
            found.append(f"{entry.formula}: no test")
        found += [f"{entry.formula}: no proof {slug}" for slug in entry.proofs if slug not in slugs]
        found += [
            f"{entry.formula}: no test {test}"
            for test in entry.tests
            if test.partition("::")[2] not in _tests_of(root / test.partition("::")[0], tests)
        ]
    return found


def _tests_of(path: Path, cache: dict[str, set[str]]) -> set[str]:
    key = str(path)
    if key not in cache:
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
        cache[key] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return cache[key]


def broken(entries: Iterable[Entry], failed: Mapping[str, str]) -> list[str]:
    """One line for each formula whose proofs failed: theorem, formula, and the first failure."""
    lines = []
    for entry in entries:
        fallen = [slug for slug in entry.proofs if slug in failed]
        if fallen:
            lines.append(f"{entry.theorem} ({entry.formula}): {fallen[0]}: {failed[fallen[0]]}")
    return lines
