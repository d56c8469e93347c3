"""The tree that pays for information: ID3, the objective, and what it tells of itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

from mipriv.learn.mid._encode import learn_columns
from mipriv.learn.mid._grow import Rule, Sample, grow, paying
from mipriv.learn.mid._nodes import Tree
from mipriv.learn.mid.tree import MIDTreeClassifier
from mipriv.roles import Answering
from tests.unit.plain_trees import Leaves, id3

# Sums here have at most a few thousand terms of one sign and size below 10; each errs by 2^-53 of
# the sum, and an entropy is the difference of two: below 10^4 * 10 * 2^-52 < 1e-10.
ROUNDING = 1e-10

XOR = [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]


def leaves_of(model: Any) -> Leaves:
    return {
        (tuple((step.column, step.value) for step in leaf.path), leaf.counts)
        for leaf in model.leaves_
    }


def categories(
    seed: int, *, n: int, columns: int = 4, values: int = 3, classes: int = 3
) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    draw = np.random.default_rng(seed)
    X = draw.integers(0, values, (n, columns)).astype(str)
    return X, draw.permutation(np.arange(n) % classes)


def mixed(seed: int, *, n: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Two columns of categories, two of numbers, and labels that depend on them."""
    draw = np.random.default_rng(seed)
    X = np.column_stack([draw.integers(0, 3, (n, 2)), draw.normal(size=(n, 2)).round(1)])
    return X, (X[:, 0] + X[:, 2] + draw.normal(size=n) > 1).astype(np.int64)


def entropy_of(labels: Any) -> float:
    counts = np.unique(np.asarray(labels), axis=0, return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


@pytest.mark.parametrize(
    "model",
    [MIDTreeClassifier(), MIDTreeClassifier(lam=0), MIDTreeClassifier(categorical="all")],
    ids=repr,
)
def test_scikit_learn_conventions(model: MIDTreeClassifier) -> None:
    check_estimator(model, on_skip=None)
    assert isinstance(model, Answering)


@pytest.mark.parametrize("seed", range(40))
def test_without_penalty_it_is_id3(seed: int) -> None:
    X, y = categories(seed, n=5 + seed, columns=2 + seed % 4, values=2 + seed % 3)
    model = MIDTreeClassifier(lam=0, categorical="all").fit(X, y)
    assert leaves_of(model) == id3([tuple(row) for row in X.tolist()], y.tolist(), classes=3)


def test_of_columns_that_tie_the_lowest_is_taken() -> None:
    X, y = categories(7, n=60, columns=3)
    twice = np.column_stack([X[:, [2]], X, X])
    model = MIDTreeClassifier(lam=0, categorical="all").fit(twice, y)
    assert {step.column for leaf in model.leaves_ for step in leaf.path} <= {0, 1, 2}


def test_of_thresholds_that_tie_the_lowest_is_taken() -> None:
    model = MIDTreeClassifier(lam=0, max_depth=1).fit([[0.0], [1.0], [2.0]], [0, 1, 0])
    assert model.leaves_[0].path[0].value == 0.5
    # a mirror image, whose sums in doubles are larger at 9.5 than at 1.5
    X, y = np.arange(12.0)[:, None], [2, 2, 1, 0, 2, 0, 0, 2, 0, 1, 2, 2]
    assert MIDTreeClassifier(lam=0, max_depth=1).fit(X, y).leaves_[0].path[0].value == 1.5


@pytest.mark.parametrize("limits", [{"max_depth": 3}, {"min_samples_leaf": 25}], ids=str)
@pytest.mark.parametrize("classes", [2, 4])
def test_on_numbers_it_is_the_entropy_tree(limits: dict[str, int], classes: int) -> None:
    """Large nodes of continuous data: no two splits tie, so that both trees are determined."""
    draw = np.random.default_rng(classes)
    # multiples of 2^-16 below 2^4: exact in the single precision of the other tree
    X = draw.normal(size=(600, 3)).clip(-8, 8).round(5)
    X = np.round(X * 2**16) / 2**16
    y = np.digitize(X @ [1.0, 0.5, 0.0] + draw.normal(size=600), np.linspace(-1, 1, classes - 1))
    ours = MIDTreeClassifier(lam=0, **limits).fit(X, y)
    theirs = DecisionTreeClassifier(criterion="entropy", random_state=0, **limits).fit(X, y)
    asked = np.round(draw.normal(size=(2000, 3)).clip(-8, 8) * 2**16) / 2**16
    assert ours.get_n_leaves() == theirs.get_n_leaves() > 5
    assert ours.get_depth() == theirs.get_depth()
    # shares are quotients of the same counts
    np.testing.assert_allclose(ours.answer(asked), theirs.predict_proba(asked), atol=1e-15)
    cut = {
        (step.column, step.value)
        for leaf in ours.leaves_
        for step in leaf.path
        if step.relation == "<="
    }
    inner = theirs.tree_.feature >= 0
    assert cut == set(
        zip(
            theirs.tree_.feature[inner].tolist(),
            theirs.tree_.threshold[inner].tolist(),
            strict=True,
        )
    )


def test_distinct_rows_are_learned_by_heart() -> None:
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(300, 2)), draw.integers(0, 3, 300)
    model = MIDTreeClassifier(lam=0).fit(X, y)
    assert model.log_loss_ == 0
    assert (model.predict(X) == y).all()


@pytest.mark.parametrize("lam", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("chosen", [{}, {"sensitive": [1, 2]}, {"weights": [0.5, 1, 2, 0]}])
def test_objective_is_what_it_says(lam: float, chosen: dict[str, Any]) -> None:
    X, y = mixed(3, n=400)
    model = MIDTreeClassifier(lam=lam, categorical=[0, 1], **chosen).fit(X, y)
    answers = model.answer(X)
    loss = -np.log(answers[np.arange(400), y]).mean()
    assert model.log_loss_ == pytest.approx(loss, abs=ROUNDING)
    assert model.leaf_entropy_ == pytest.approx(entropy_of(model.apply(X)), abs=ROUNDING)
    assert model.information_.value == pytest.approx(entropy_of(answers), abs=ROUNDING)
    weights = chosen.get("weights", [1, 1, 1, 1])
    if "sensitive" in chosen:
        weights = [0, 1, 1, 0]
    assert model.penalty_ == pytest.approx(spent_on_splits(model, weights), abs=ROUNDING)
    assert model.objective_ == model.log_loss_ + lam * model.penalty_
    if not chosen:
        assert model.penalty_ == pytest.approx(model.leaf_entropy_, abs=ROUNDING)
    assert model.objective_ <= entropy_of(y) + ROUNDING


def spent_on_splits(model: MIDTreeClassifier, weights: list[float]) -> float:
    """Sum over splits of weight times (n/N) SplitInfo, from the leaves' paths."""
    inside: dict[Any, int] = {}
    for leaf in model.leaves_:
        for length in range(len(leaf.path) + 1):
            inside[leaf.path[:length]] = inside.get(leaf.path[:length], 0) + sum(leaf.counts)
    total = inside[()]
    return sum(
        weights[path[-1].column] * size / total * math.log(inside[path[:-1]] / size)
        for path, size in inside.items()
        if path
    )


def grown(X: NDArray[Any], y: NDArray[np.int64], prices: Any, **rule: Any) -> Tree:
    columns, codes = learn_columns(X, (0, 1))
    sample = Sample(columns=columns, codes=codes, labels=y, classes=int(y.max()) + 1)
    return grow(sample, Rule(prices=np.asarray(prices, dtype=np.float64), **rule))


def n_entropy(labels: NDArray[np.int64]) -> float:
    return len(labels) * entropy_of(labels)


def candidates(
    X: NDArray[np.float64], y: NDArray[np.int64], prices: NDArray[np.float64]
) -> list[tuple[float, int, float]]:
    """Score, column and threshold (NaN: a branch a category) of every split, in order."""
    found = []
    for column, price in enumerate(prices.tolist()):
        values = np.unique(X[:, column])
        middles = (values[1:] + values[:-1]) / 2
        for threshold in [math.nan][: len(middles)] if column < 2 else middles.tolist():
            branch = X[:, column] if column < 2 else X[:, column] > threshold
            gain = n_entropy(y) - sum(n_entropy(y[branch == v]) for v in np.unique(branch))
            found.append((gain - price * n_entropy(branch), column, threshold))
    return found


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("lam", [0.0, 0.1])
def test_every_split_is_the_best_and_the_first_of_those_that_tie(seed: int, lam: float) -> None:
    """Few values and three classes: many splits tie, and rounding alone would tell them apart."""
    draw = np.random.default_rng(seed)
    X = draw.integers(0, 5, (40, 4)).astype(np.float64)
    X[:, 1] = X[:, 0]
    X[:, 3] = -X[:, 2]
    y = draw.integers(0, 3, 40)
    prices = lam * np.array([1, 1, 2, 2])
    tree = grown(X, y, prices)
    waiting = [(0, np.arange(40))]
    while waiting:
        node, here = waiting.pop()
        if tree.column[node] < 0:
            assert len(np.unique(y[here])) == 1 or not candidates(X[here], y[here], prices)
            continue
        scores = candidates(X[here], y[here], prices)
        best = max(scores)[0]
        # of other splits the nearest differ by far more than this
        _, column, threshold = next(split for split in scores if split[0] > best - 1e-9)
        assert tree.column[node] == column
        np.testing.assert_equal(tree.threshold[node], threshold)
        values = X[here, column]
        branch = values if column < 2 else values > threshold
        children = np.flatnonzero(tree.parent == node).tolist()
        waiting += [(child, here[branch == tree.branch[child]]) for child in children]


def prunings(tree: Tree, prices: NDArray[np.float64], node: int = 0) -> list[float]:
    """What every way to cut back the subtree of a node saves, in nats times records."""
    if tree.column[node] < 0:
        return [0.0]
    below = [prunings(tree, prices, child) for child in np.flatnonzero(tree.parent == node)]
    own = tree.gain[node] - prices[tree.column[node]] * tree.spent[node]
    return [0.0] + [own + sum(parts) for parts in itertools.product(*below)]


def saved(tree: Tree, prices: NDArray[np.float64]) -> float:
    inner = ~tree.leaf
    return float((tree.gain - prices[tree.column] * tree.spent)[inner].sum())


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("lam", [0.05, 0.2])
def test_no_way_to_cut_back_is_better(seed: int, lam: float) -> None:
    X, y = mixed(seed, n=14)
    prices = lam * np.random.default_rng(seed).choice([0.0, 1.0, 3.0], 4)
    tree = grown(X, y, prices)
    kept = tree.pruned(paying(tree, prices).stays)
    assert saved(kept, prices) == pytest.approx(max(prunings(tree, prices)), abs=ROUNDING)


def test_cutting_one_tree_back_is_monotone_and_concave_in_lam() -> None:
    """The least of affine functions of lam; a subtree that pays at some lam pays at any below."""
    draw = np.random.default_rng(0)
    X = draw.integers(0, 2, (400, 6)).astype(np.float64)
    chance = 1 / (1 + np.exp(-(X - 0.5) @ [4, 3, 2, 1.5, 1, 0.5]))
    tree = grown(X, (draw.random(400) < chance).astype(np.int64), np.zeros(6))
    lams = np.linspace(0, 0.3, 61)
    cut = [tree.pruned(paying(tree, lam * np.ones(6)).stays) for lam in lams]
    spent = [float(t.spent.sum()) for t in cut]
    assert all(b <= a + ROUNDING for a, b in itertools.pairwise(spent))
    leaves = [int(t.leaf.sum()) for t in cut]
    assert leaves == sorted(leaves, reverse=True)
    assert len(set(leaves)) > 4
    assert leaves[-1] == 1
    cost = -np.array([saved(t, lam * np.ones(6)) for t, lam in zip(cut, lams, strict=True)])
    assert (np.diff(cost) >= -ROUNDING * 400).all()
    assert (np.diff(cost, 2) <= ROUNDING * 400).all()


@pytest.mark.parametrize("lam", [1.0001, 1e9, 1e300])
def test_a_penalty_above_the_loss_leaves_the_root(lam: float) -> None:
    X, y = mixed(1, n=100)
    model = MIDTreeClassifier(lam=lam, categorical=[0, 1]).fit(X, y)
    assert model.get_n_leaves() == 1
    assert model.get_depth() == 0
    assert model.information_.value == model.leaf_entropy_ == model.penalty_ == 0
    assert (model.apply(X) == 0).all()
    # the root's answer is the empirical law of the classes
    np.testing.assert_array_equal(model.answer(X[:1])[0], np.bincount(y) / 100)


def test_a_split_without_gain_is_kept_for_what_follows() -> None:
    """XOR: the first split gains nothing, the two together log 2, at the price of lam log 4."""
    y = [0, 1, 1, 0] * 5
    for lam, leaves in ((0.49, 4), (0.5, 4), (0.51, 1)):
        model = MIDTreeClassifier(lam=lam, categorical="all").fit(XOR * 5, y)
        assert model.get_n_leaves() == leaves
    X, labels = np.array(XOR * 5, dtype=np.float64), np.array(y)
    assert grown(X, labels, [0.01, 0.01], patience=0).leaf.sum() == 1


@pytest.mark.parametrize("lam", [0.0, 0.01, 0.03, 0.1, 0.5])
@pytest.mark.parametrize("numbers", [2, 4])
def test_the_objective_is_never_above_that_of_id3_cut_back(lam: float, numbers: int) -> None:
    """On numbers with a weak signal the penalised growth peels single records off."""
    X, y = mixed(5, n=600)
    X, prices = X[:, -numbers:], lam * np.ones(numbers)
    model = MIDTreeClassifier(lam=lam).fit(X, y)
    plain = MIDTreeClassifier(lam=0).fit(X, y)
    cut = plain.tree_.pruned(paying(plain.tree_, prices).stays)
    root = entropy_of(y)
    assert model.objective_ <= root - saved(cut, prices) / len(y) + ROUNDING
    assert model.get_depth() <= plain.get_depth()


def test_a_path_ends_where_that_of_id3_does() -> None:
    """The price rises from nothing, and the tree does not jump."""
    draw = np.random.default_rng(0)
    X = draw.normal(size=(1500, 3))
    y = (draw.random(1500) < 1 / (1 + np.exp(-0.3 * X[:, 0]))).astype(np.int64)
    plain = MIDTreeClassifier(lam=0).fit(X, y)
    assert leaves_of(MIDTreeClassifier(lam=1e-12).fit(X, y)) == leaves_of(plain)
    # without the limit the growth by the prices goes on to hundreds of decisions
    sample = MIDTreeClassifier()._read(X, y)
    tree = grow(sample, Rule(prices=0.03 * np.ones(3), patience=8))
    assert tree.depth.max() > 5 * plain.get_depth()
    assert MIDTreeClassifier(lam=0.03).fit(X, y).get_depth() <= plain.get_depth()


def test_patience_does_not_touch_id3() -> None:
    X, y = categories(5, n=80)
    patient = MIDTreeClassifier(lam=0, categorical="all", patience=None).fit(X, y)
    greedy = MIDTreeClassifier(lam=0, categorical="all", patience=0).fit(X, y)
    assert leaves_of(patient) == leaves_of(greedy)


def test_patience_counts_losing_splits_in_a_row() -> None:
    X, y = mixed(49, n=60)
    prices = 0.15 * np.ones(4)
    tree = grown(X, y, prices, patience=1)
    losing = ~tree.leaf & (tree.gain < prices[tree.column] * tree.spent)
    both = [node for node in range(1, len(losing)) if losing[node] and losing[tree.parent[node]]]
    assert not both
    # a split that pays starts the count anew
    further = [
        node for node in np.flatnonzero(losing).tolist() if any(losing[list(above(tree, node))])
    ]
    assert further
    whole = grown(X, y, prices)
    assert whole.leaf.sum() > tree.leaf.sum()


def above(tree: Tree, node: int) -> Iterator[int]:
    while node:
        node = int(tree.parent[node])
        yield node


def test_leaves_that_answer_alike_are_one_answer() -> None:
    model = MIDTreeClassifier(lam=0, categorical="all").fit(XOR, [0, 1, 1, 0])
    assert model.leaf_entropy_ == pytest.approx(math.log(4), abs=ROUNDING)
    assert model.information_.value == pytest.approx(math.log(2), abs=ROUNDING)
    # to a new category an inner node answers (1/2, 1/2)
    assert model.information_.upper == pytest.approx(math.log(3), abs=ROUNDING)
    numbers = MIDTreeClassifier(lam=0).fit(np.array(XOR, dtype=float), [0, 1, 1, 0])
    assert numbers.information_.upper == pytest.approx(math.log(2), abs=ROUNDING)
