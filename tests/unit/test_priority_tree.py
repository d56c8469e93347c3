"""The tree that asks for the sensitive attribute at a chosen depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from mipriv.errors import ParameterError
from mipriv.learn.baselines.priority import PriorityTreeClassifier
from mipriv.learn.mid.tree import MIDTreeClassifier
from mipriv.roles import Answering
from tests.unit.plain_trees import Leaves, id3


def leaves_of(model: Any) -> Leaves:
    return {
        (tuple((step.column, step.value) for step in leaf.path), leaf.counts)
        for leaf in model.leaves_
    }


@pytest.mark.parametrize("depth", [0, 2])
def test_scikit_learn_conventions(depth: int) -> None:
    model = PriorityTreeClassifier(depth=depth)
    check_estimator(model, on_skip=None)
    assert isinstance(model, Answering)


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("seed", range(6))
def test_it_is_id3_but_for_the_sensitive_column(seed: int, depth: int) -> None:
    draw = np.random.default_rng(seed)
    X = draw.integers(0, 3, (60, 4)).astype(str)
    y = draw.permutation(np.arange(60) % 3)
    model = PriorityTreeClassifier(sensitive=1, depth=depth, categorical="all").fit(X, y)
    rows = [tuple(row) for row in X.tolist()]
    assert leaves_of(model) == id3(rows, y.tolist(), classes=3, placed=(1, depth))
    asked = {
        place for leaf in model.leaves_ for place, step in enumerate(leaf.path) if step.column == 1
    }
    assert asked == ({depth} if depth <= 3 else set())


def test_at_the_root_it_tells_the_attribute_and_beyond_the_tree_it_drops_it() -> None:
    draw = np.random.default_rng(0)
    secret = draw.integers(0, 2, 400)
    X = np.column_stack([secret, draw.integers(0, 3, (400, 2))])
    y = (X.sum(axis=1) + draw.integers(0, 2, 400) > 2).astype(int)
    root = PriorityTreeClassifier(sensitive=0, depth=0, categorical="all").fit(X, y)
    away = PriorityTreeClassifier(sensitive=0, depth=3, categorical="all").fit(X, y)
    share = np.bincount(secret) / 400
    entropy = -(share * np.log(share)).sum()
    # sums of at most 400 terms below 1
    assert root.leakage_[0].plug_in == pytest.approx(entropy, abs=1e-12)
    assert away.leakage_[0].plug_in < 0.1 * entropy
    blank = MIDTreeClassifier(lam=0, categorical="all").fit(X * [0, 1, 1], y)
    np.testing.assert_array_equal(away.answer(X), blank.answer(X * [0, 1, 1]))


def test_a_sensitive_number_is_split_once_at_its_best_threshold() -> None:
    draw = np.random.default_rng(1)
    X = draw.normal(size=(200, 3))
    y = (X[:, 0] > 0.3).astype(int)
    model = PriorityTreeClassifier(sensitive=0, depth=0).fit(X, y)
    assert model.get_n_leaves() == 2
    shifted = PriorityTreeClassifier(sensitive=0, depth=1).fit(X, y)
    assert all(leaf.path[0].column != 0 for leaf in shifted.leaves_)
    for leaf in shifted.leaves_:
        assert [step.column == 0 for step in leaf.path].count(True) <= 1


def test_limits_hold() -> None:
    draw = np.random.default_rng(2)
    X, y = draw.normal(size=(200, 3)), draw.integers(0, 2, 200)
    model = PriorityTreeClassifier(sensitive=2, depth=1, max_depth=2, min_samples_leaf=30)
    model.fit(X, y)
    assert model.get_depth() == 2
    assert model.leaf_counts().sum(axis=1).min() >= 30
    assert "PriorityTreeClassifier(depth=1" in model.export_text()


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"sensitive": 3}, "sensitive=3: must lie below 3, the number of columns"),
        ({"sensitive": -1}, "sensitive=-1: must be a whole number >= 0"),
        ({"depth": 0.5}, "depth=0.5: must be a whole number >= 0"),
        ({"depth": None}, "depth=None: must be a whole number >= 0"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(parameters: dict[str, Any], says: str) -> None:
    X = np.arange(12.0).reshape(4, 3)
    with pytest.raises(ParameterError, match=says):
        PriorityTreeClassifier(**parameters).fit(X, [0, 1, 0, 1])
