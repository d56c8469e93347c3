"""Every import goes down a floor; the path of `mipriv bound` loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mipriv"

# from the ground up; a module's floor is that of its longest listed prefix
FLOORS = {
    "mipriv.errors": 0,
    "mipriv.contexts": 1,
    "mipriv.rigor": 1,
    "mipriv.formulas": 1,
    "mipriv.game": 2,
    "mipriv.guarantee": 2,
    "mipriv.roles": 2,
    "mipriv.populations": 3,
    "mipriv.datasets": 3,
    "mipriv.laws": 3,
    "mipriv.loss": 3,
    "mipriv.accounting": 3,
    "mipriv.calculator": 4,
    "mipriv.arrays": 4,
    "mipriv.estimate": 4,
    "mipriv.descent": 4,
    "mipriv.learn": 5,
    "mipriv.attack": 5,
    "mipriv.plot": 6,
    "mipriv.report": 6,
    "mipriv.cli": 6,
    "mipriv.__main__": 7,
}
# allowed between siblings of one floor: formulas speak to contexts, guarantees are about a game,
# and the command line draws pictures
SIBLINGS = {
    ("mipriv.formulas", "mipriv.contexts"),
    ("mipriv.guarantee", "mipriv.game"),
    ("mipriv.cli", "mipriv.plot"),
}
HEAVY = {"numpy", "scipy", "sympy", "matplotlib", "torch", "mpmath", "sklearn", "pandas"}
TRAINING = {"torch", "sklearn"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def floor_of(name: str) -> tuple[str, int]:
    for prefix in sorted(FLOORS, key=len, reverse=True):
        if name == prefix or name.startswith(prefix + "."):
            return prefix, FLOORS[prefix]
    raise AssertionError(f"{name} is on no floor")


def imports(path: Path) -> set[str]:
    """Absolute names of the modules a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            for alias in node.names:
                nested = f"{node.module}.{alias.name}"
                found.add(nested if nested in MODULES else node.module)
    return found


def violations(name: str, imported: set[str]) -> list[str]:
    home, floor = floor_of(name)
    bad = []
    for target in imported:
        if not target.startswith("mipriv."):
            continue
        other, below = floor_of(target)
        allowed = other == home or below < floor or (home, other) in SIBLINGS
        if not allowed:
            bad.append(f"{name} imports {target}")
    return bad


@pytest.mark.parametrize("name", [name for name in MODULES if name != "mipriv"])
def test_no_upward_import(name: str) -> None:
    assert violations(name, imports(MODULES[name])) == []


def test_an_upward_import_would_be_caught() -> None:
    assert violations("mipriv.formulas.prior", {"mipriv.loss.prior"})
    assert violations("mipriv.loss.prior", {"mipriv.accounting.gaussian"})
    assert not violations("mipriv.loss.prior", {"mipriv.formulas.prior"})


@pytest.mark.parametrize("name", MODULES)
def test_only_training_code_may_need_torch(name: str) -> None:
    allowed = name.startswith(("mipriv.learn", "mipriv.attack", "mipriv.descent"))
    used = {target.split(".")[0] for target in imports(MODULES[name])}
    assert allowed or not used & TRAINING


def loaded(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_bound_loads_click_and_flint_only() -> None:
    """Of third-party packages, nothing but click and python-flint."""
    before = loaded("")
    program = (
        "from mipriv.cli import run\n"
        "run(['bound', '--eps', '0.1', '--n', '10', '--tau', '0.1', '--prior', '0.2',"
        " '--fpr', '0.1', '--json'])"
    )
    new = {
        name
        for name in loaded(program) - before
        if name not in sys.stdlib_module_names and not name.startswith("_")
    }
    assert new <= {"mipriv", "click", "flint", "cython_runtime"}, new
    assert not loaded(program) & HEAVY


def test_importing_mipriv_loads_nothing() -> None:
    assert not loaded("import mipriv") & (HEAVY | {"flint", "click"})


def test_every_public_name_resolves() -> None:
    import mipriv

    for name in mipriv.__all__:
        assert getattr(mipriv, name).__doc__
    assert set(mipriv.__all__) <= set(dir(mipriv))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        mipriv.nothing  # noqa: B018  # the access is the test
