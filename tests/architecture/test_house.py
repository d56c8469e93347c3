"""House rules that a reader would otherwise have to check by eye."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("mipriv", "tests", "verification", "proofs")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
PACKAGE = [path for path in SOURCES if path.is_relative_to(ROOT / "mipriv")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def body_length(node: ast.FunctionDef) -> int:
    """Lines of a function without its docstring and signature."""
    statements = node.body[1:] if ast.get_docstring(node) else node.body
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_functions_are_short(path: Path) -> None:
    long = {node.name: body_length(node) for node in functions(path) if body_length(node) > 60}
    assert long == {}


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_every_module_and_public_function_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name}"


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_no_assert_in_the_package(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_silenced_check_says_why(path: Path) -> None:
    for line in path.read_text().splitlines():
        if re.search(r"#\s*noqa", line):
            assert re.search(r"#\s*noqa: [A-Z0-9, ]+  # \w", line), line


def test_the_wheel_holds_the_package_alone(tmp_path: Path) -> None:
    """What is shipped, read off the build configuration."""
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["mipriv"]
    assert (ROOT / "mipriv" / "py.typed").exists()


def test_no_machine_path_in_the_tree() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    for path in tracked:
        if path.endswith((".py", ".md", ".toml", ".json")) or path == ".ci/run":
            text = (ROOT / path).read_text()
            for word in ("/" + "work/", "/" + "root/", "/" + "home/"):
                assert word not in text, path
