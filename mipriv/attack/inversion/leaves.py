"""Models as an attacker asks them: their answers, and the leaves of a tree with their counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LeafCounts:
    """A tree as the white-box attacker sees it.

    Attributes:
        apply: records -> index of the node where each stops.
        counts: training records of each class in every node, shape (nodes, classes).
    """

    apply: Callable[[Any], NDArray[np.int64]]
    counts: NDArray[np.float64]


def leaf_counts(model: Any) -> LeafCounts:
    """Leaves of a fitted tree: one of ours, of scikit-learn, or anything with `apply` and `leaves_`.

    Args:
        model: fitted; `leaves_` holds leaves with `node` and `counts`.
    """
    import numpy as np

    if isinstance(model, LeafCounts):
        return model
    name = type(model).__name__
    inner: Any = getattr(model, "tree_", None)
    valid = hasattr(model, "apply") and (inner is not None or hasattr(model, "leaves_"))
    require(valid, must="be a tree, with apply and tree_ or leaves_", model=name)
    if hasattr(inner, "value"):
        shares = np.asarray(inner.value, dtype=np.float64)
        require(shares.shape[1] == 1, must="have one output", model=name)
        held = np.asarray(inner.weighted_n_node_samples, dtype=np.float64)[:, None]
        counts = shares[:, 0] / shares[:, 0].sum(axis=1, keepdims=True) * held
    elif hasattr(inner, "counts"):
        counts = np.asarray(inner.counts, dtype=np.float64)
    else:
        leaves = list(model.leaves_)
        counts = np.zeros((1 + max(leaf.node for leaf in leaves), len(leaves[0].counts)))
        for leaf in leaves:
            counts[leaf.node] = leaf.counts
    return LeafCounts(model.apply, counts)


def ask(model: Any, rows: Any) -> NDArray[np.float64]:
    """What a model answers to each record, one row a record.

    The first of `answer`, `predict_proba`, the model as a function, and `predict` that it has; the
    last as a 1 in the column of the predicted class where the model has `classes_`.
    """
    import numpy as np

    for method in ("answer", "predict_proba", "__call__"):
        if hasattr(model, method):
            found = np.asarray(getattr(model, method)(rows), dtype=np.float64)
            return found.reshape(len(found), -1)
    require(hasattr(model, "predict"), must="have answer or predict", model=type(model).__name__)
    said = np.asarray(model.predict(rows))
    if hasattr(model, "classes_"):
        return np.asarray(said[:, None] == np.asarray(model.classes_), dtype=np.float64)
    return np.asarray(said, dtype=np.float64).reshape(len(said), -1)
