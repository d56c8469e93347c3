"""A tree as text: its decisions, the records of its leaves, and what it leaks of each attribute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mipriv.estimate.reading import Reading
from mipriv.learn.mid._nodes import LEAF, Condition, Tree
from mipriv.learn.mid._readings import Leakage


def condition_text(condition: Condition, names: Sequence[str]) -> str:
    """One decision in words, such as `age <= 30.5`."""
    value = condition.value
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{names[condition.column]} {condition.relation} {shown}"


def tree_text(tree: Tree, *, names: Sequence[str], classes: Sequence[Any]) -> list[str]:
    """A line for each node: the decision, and of a leaf its training records of each class."""
    lines = []
    children: list[list[int]] = [[] for _ in tree.column]
    for node, above in enumerate(tree.parent.tolist()):
        if node:
            children[above].append(node)
    waiting = [0]
    while waiting:
        node = waiting.pop()
        waiting += reversed(children[node])
        decision = condition_text(tree.condition(node), names) if node else "all"
        ends = tree.column[node] == LEAF
        line = f"{'|   ' * int(tree.depth[node])}|-- {decision}"
        lines.append(f"{line}: {_counts(tree.counts[node].tolist(), classes)}" if ends else line)
    return lines


def _counts(counts: list[int], classes: Sequence[Any]) -> str:
    return ", ".join(f"{label} {count}" for label, count in zip(classes, counts, strict=True))


def information_text(information: Reading, entropy: float) -> str:
    """The information of the answers beside the entropy of the leaves."""
    return f"I(X;answer) {information.value:.4f} nats, H(leaf) {entropy:.4f} nats"


def leakage_text(leakage: Sequence[Leakage], *, names: Sequence[str]) -> list[str]:
    """A table of what the leaves tell of each attribute."""
    width = max(len("attribute"), *(len(name) for name in names))
    lines = [f"{'attribute':<{width}}  values  I(attribute;leaf)  Miller-Madow"]
    for found in leakage:
        corrected = found.miller_madow if not np.isclose(found.miller_madow, 0, atol=5e-5) else 0.0
        lines.append(
            f"{names[found.column]:<{width}}  {found.values:>6}  {found.plug_in:>17.4f}"
            f"  {corrected:>12.4f}"
        )
    return lines
