"""Formulas with one sign changed, put in place of the real ones for a while."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType


def _flipped(node: ast.AST) -> ast.expr | None:
    """The node with its own sign changed; None if it has none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return ast.BinOp(node.left, other, node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    return None


class _Replace(ast.NodeTransformer):
    """Replaces the n-th node that carries a sign, or negates the last value returned."""

    def __init__(self, position: int) -> None:
        self.position, self.seen = position, -1

    def visit(self, node: ast.AST) -> ast.AST:
        node = self.generic_visit(node)
        other = _flipped(node)
        if other is not None:
            self.seen += 1
            if self.seen == self.position:
                return other
        return node


def _definition(function: FunctionType) -> ast.FunctionDef:
    tree = ast.parse(Path(inspect.getfile(function)).read_text(encoding="utf-8"))
    named = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function.__name__)
    return next(named)


def _code(definition: ast.FunctionDef, function: FunctionType) -> CodeType:
    future = ast.parse("from __future__ import annotations").body
    module = ast.fix_missing_locations(ast.Module([*future, definition], []))
    space: dict[str, object] = {}
    exec(compile(module, "<mutant>", "exec"), dict(function.__globals__), space)
    made = space[function.__name__]
    assert isinstance(made, FunctionType)
    return made.__code__


def mutants(function: FunctionType) -> list[tuple[str, CodeType]]:
    """Every one-sign mutation of a formula, or its negation if it has no sign; text and code."""
    definition = _definition(function)
    signs = sum(_flipped(node) is not None for node in ast.walk(definition))
    made = []
    for position in range(signs):
        changed = _Replace(position).visit(copy.deepcopy(definition))
        made.append((ast.unparse(changed), _code(changed, function)))
    if not made:
        changed = copy.deepcopy(definition)
        last = changed.body[-1]
        assert isinstance(last, ast.Return)
        assert last.value is not None
        last.value = ast.UnaryOp(ast.USub(), last.value)
        made.append((ast.unparse(changed), _code(changed, function)))
    return made


@contextmanager
def instead(function: FunctionType, code: CodeType) -> Iterator[None]:
    """Let every user of the formula run other code: the function object is the same for all."""
    original = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = original
