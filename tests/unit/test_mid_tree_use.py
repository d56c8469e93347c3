"""The tree in use: sensitive columns, leakage, categories, bad input, text and pipelines."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from mipriv.errors import ParameterError
from mipriv.estimate.discrete import exact_conditional_information, information
from mipriv.learn.mid._readings import BINS
from mipriv.learn.mid.tree import MIDTreeClassifier

# sums of at most 10^4 terms of one sign below 10, each in error by 2^-53 of the sum
ROUNDING = 1e-10


def survey(seed: int, *, n: int = 300) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Three columns of categories, the first of which is secret, and two of numbers."""
    draw = np.random.default_rng(seed)
    secret = draw.integers(0, 3, n)
    X = np.column_stack(
        [
            secret,
            (secret + draw.integers(0, 2, n)) % 3,
            draw.integers(0, 4, n),
            draw.normal(size=n),
            draw.integers(0, 5, n),
        ]
    ).astype(np.float64)
    return X, (X[:, 0] + X[:, 2] + X[:, 3] > 3).astype(np.int64)


def decisions(model: MIDTreeClassifier) -> set[Any]:
    return {(leaf.path, leaf.counts) for leaf in model.leaves_}


def columns_used(model: MIDTreeClassifier) -> set[int]:
    return {step.column for leaf in model.leaves_ for step in leaf.path}


@pytest.mark.parametrize("seed", range(5))
def test_a_huge_penalty_on_a_column_drops_it(seed: int) -> None:
    """What is left is ID3 on the other columns."""
    X, y = survey(seed)
    guarded = MIDTreeClassifier(lam=1e6, sensitive=[0], categorical=[0, 1, 2]).fit(X, y)
    blank = X.copy()
    blank[:, 0] = 0
    without = MIDTreeClassifier(lam=0, categorical=[0, 1, 2]).fit(blank, y)
    assert decisions(guarded) == decisions(without)
    assert columns_used(guarded) == {1, 2, 3, 4}
    assert guarded.penalty_ == 0
    assert 0 in columns_used(MIDTreeClassifier(lam=0, categorical=[0, 1, 2]).fit(X, y))


@pytest.mark.parametrize("lam", [0.0, 0.05, 0.2])
def test_the_sensitive_penalty_bounds_the_conditional_leakage(lam: float) -> None:
    """I(X_s; leaf | X_K) of the training sample, from the table of all that was seen."""
    X, y = survey(1)
    X[:, 3] = X[:, 3].round()
    model = MIDTreeClassifier(lam=lam, sensitive=[0, 2], categorical=[0, 1, 2]).fit(X, y)
    of = [
        np.unique(part, axis=0, return_inverse=True)[1].ravel()
        for part in (X[:, [0, 2]], model.apply(X)[:, None], X[:, [1, 3, 4]])
    ]
    table = np.zeros([part.max() + 1 for part in of], dtype=int)
    np.add.at(table, tuple(of), 1)
    leaked = exact_conditional_information(joint=table)
    assert 0 < leaked.value <= model.penalty_ + ROUNDING
    assert model.penalty_ < model.leaf_entropy_


def test_weights_and_sensitive_are_the_same_penalty() -> None:
    X, y = survey(2)
    one = MIDTreeClassifier(lam=0.1, sensitive=[2]).fit(X, y)
    other = MIDTreeClassifier(lam=0.1, weights=[0, 0, 1, 0, 0]).fit(X, y)
    assert decisions(one) == decisions(other)
    assert one.objective_ == other.objective_


def test_a_blind_penalty_can_raise_the_leakage_of_a_column() -> None:
    """Sixteen values tell the class surely, a secret bit tells nine times in ten.

    Without penalty the sixteen are asked for and the leaves tell of the bit what the class does,
    log 2 - h(1/10).  At lam = 0.2 the bit is the better bargain (gain 0.368, price 0.139, against
    0.693 and 0.555) and the leaf is the bit itself, log 2.  A penalty on the bit alone mends it.
    """
    many = np.repeat(np.arange(16), 10)
    y = many // 8
    bit = np.where(np.tile(np.arange(10), 16) == 0, 1 - y, y)
    X = np.column_stack([bit, many])
    leaked = math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9)
    fits = {
        "none": (MIDTreeClassifier(lam=0, categorical="all"), leaked),
        "blind": (MIDTreeClassifier(lam=0.2, categorical="all"), math.log(2)),
        "aimed": (MIDTreeClassifier(lam=0.2, categorical="all", sensitive=[0]), leaked),
    }
    for model, expected in fits.values():
        model.fit(X, y)
        assert model.leakage_[0].plug_in == pytest.approx(expected, abs=ROUNDING)
    assert fits["blind"][0].penalty_ < fits["none"][0].penalty_


def test_leakage_is_the_estimate_of_the_shelf() -> None:
    X, y = survey(3)
    model = MIDTreeClassifier(lam=0.05, categorical=[0, 1, 2]).fit(X, y)
    leaf = model.apply(X)
    assert [found.column for found in model.leakage_] == [0, 1, 2, 3, 4]
    assert [found.values for found in model.leakage_] == [3, 3, 4, BINS, 5]
    for found in model.leakage_:
        seen = X[:, found.column]
        if found.column == 3:
            # sixteen bins of equal numbers, as no two values are equal
            seen = seen.argsort().argsort() * BINS // len(seen)
        for corrected, value in ((False, found.plug_in), (True, found.miller_madow)):
            # the fewest resamples: their interval is not used
            read = information(x=seen, y=leaf, miller_madow=corrected, confidence=0.5, resamples=99)
            assert value == pytest.approx(read.value, abs=ROUNDING)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_records_does_not_matter(seed: int) -> None:
    X, y = survey(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    model = MIDTreeClassifier(lam=0.03, categorical=[0, 1])
    assert decisions(clone(model).fit(X, y)) == decisions(model.fit(X[order], y[order]))


def test_leaves_hold_the_records_that_reach_them() -> None:
    X, y = survey(4)
    model = MIDTreeClassifier(lam=0.02, categorical=[0, 1, 2], min_samples_leaf=4).fit(X, y)
    reached = model.apply(X)
    assert len(model.leaves_) == len(model.leaf_counts()) == model.get_n_leaves() > 5
    assert max(len(leaf.path) for leaf in model.leaves_) == model.get_depth()
    for leaf, counts in zip(model.leaves_, model.leaf_counts(), strict=True):
        inside = np.ones(len(X), dtype=bool)
        for step in leaf.path:
            column = X[:, step.column]
            tests = {
                "<=": column <= step.value,
                ">": column > step.value,
                "=": column == step.value,
            }
            inside &= tests[step.relation]
        assert (inside == (reached == leaf.node)).all()
        assert leaf.counts == tuple(counts) == tuple(np.bincount(y[inside], minlength=2))
        assert sum(leaf.counts) >= 4


def test_where_a_category_is_new_the_node_answers() -> None:
    X = [["a", "u"], ["a", "v"], ["b", "u"], ["b", "u"]]
    model = MIDTreeClassifier(lam=0, categorical="all").fit(X, [0, 1, 1, 1])
    asked = [["c", "u"], ["a", "w"], ["a", "u"], ["b", "w"]]
    np.testing.assert_array_equal(model.answer(asked), [[0.25, 0.75], [0.5, 0.5], [1, 0], [0, 1]])
    assert model.apply(asked)[0] == 0
    # known elsewhere in the tree, but no record of this node had it
    deep = MIDTreeClassifier(lam=0, categorical="all").fit([*X, ["d", "w"]], [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(deep.answer([["a", "w"]]), [[0.5, 0.5]])


def test_categories_of_any_kind() -> None:
    mixed = np.array([["x", 1, True], [2.5, 2, True], ["x", 3, False], [2.5, 4, False]] * 2)
    assert mixed.dtype.kind == "U"  # NumPy made strings of all
    objects = np.empty((4, 3), dtype=object)
    objects[:] = [["x", 1, True], [2.5, 2, True], ["x", 3, False], [2.5, 4, False]]
    model = MIDTreeClassifier(lam=0, categorical=[0, 2]).fit(objects, [0, 1, 1, 0])
    assert model.predict(objects).tolist() == [0, 1, 1, 0]
    text = MIDTreeClassifier(lam=0, categorical=[0, 2]).fit(mixed, [0, 1, 1, 0] * 2)
    assert text.predict(mixed).tolist() == [0, 1, 1, 0] * 2
    # a category is its value, whatever the type of the array
    whole = MIDTreeClassifier(lam=0, categorical="all").fit(np.array([[1], [2], [3]]), [0, 1, 0])
    asked = np.empty((3, 1), dtype=object)
    asked[:, 0] = [3.0, 2, "1"]
    np.testing.assert_array_equal(whole.answer(asked), [[1, 0], [0, 1], [2 / 3, 1 / 3]])


@pytest.mark.parametrize("gap", [5e-324, 2.0**-52])
def test_neighbouring_doubles_are_told_apart(gap: float) -> None:
    low = 0.0 if gap < 1e-300 else 1.0
    X = [[low], [low + gap]]
    assert MIDTreeClassifier(lam=0).fit(X, [0, 1]).predict(X).tolist() == [0, 1]


def test_the_largest_doubles_do_not_overflow() -> None:
    X = [[-1.7e308], [1.7e308], [1.6e308]]
    model = MIDTreeClassifier(lam=0).fit(X, [0, 1, 0])
    assert model.predict(X).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"lam": -0.1}, r"lam=-0.1: must be a finite number >= 0"),
        ({"lam": math.nan}, r"lam=nan: must be a finite number >= 0"),
        ({"lam": math.inf}, r"lam=inf: must be a finite number >= 0"),
        ({"lam": "0.1"}, r"lam=0.1: must be a finite number >= 0"),
        ({"weights": [1, 1]}, r"weights=.*: must be 5 finite numbers >= 0"),
        ({"weights": [1, 1, 1, 1, -1]}, r"weights=.*: must be 5 finite numbers >= 0"),
        ({"weights": ["a"] * 5}, r"weights: must be numbers"),
        (
            {"weights": [1] * 5, "sensitive": [0]},
            r"sensitive=\[0\]: must not be given with weights",
        ),
        ({"sensitive": [5]}, r"sensitive=5: must lie below 5, the number of columns"),
        ({"sensitive": [-1]}, r"sensitive=-1: must be a whole number >= 0"),
        ({"sensitive": [1, 1]}, r"sensitive=\[1, 1\]: must name each column once"),
        ({"categorical": "some"}, r"categorical=some: must be a column's index: X has no names"),
        ({"categorical": 7}, r"categorical=7: must lie below 5, the number of columns"),
        ({"max_depth": 0}, r"max_depth=0: must be a whole number >= 1"),
        ({"min_samples_leaf": 0.5}, r"min_samples_leaf=0.5: must be a whole number >= 1"),
        ({"patience": -1}, r"patience=-1: must be a whole number >= 0"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(parameters: dict[str, Any], says: str) -> None:
    X, y = survey(0, n=20)
    with pytest.raises(ParameterError, match=says):
        MIDTreeClassifier(**parameters).fit(X, y)


class NAType:
    """Named as the missing value of pandas, which is known by its name."""


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "column 0 of X=None: must hold no missing value"),
        (NAType(), "column 0 of X=.*: must hold no missing value"),
        (math.nan, "Input contains NaN"),
    ],
    ids=["none", "pandas", "nan"],
)
def test_missing_categories_are_refused(value: Any, says: str) -> None:
    X = np.array([["a", "b"], ["b", "b"], [value, "b"]], dtype=object)
    model = MIDTreeClassifier(categorical=[0, 1])
    with pytest.raises(ValueError, match=says):
        model.fit(X, [0, 1, 0])
    fitted = MIDTreeClassifier(categorical=[0, 1]).fit(X[:2], [0, 1])
    with pytest.raises(ValueError, match=says):
        fitted.predict(X)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (math.nan, "Input contains NaN"),
        (math.inf, r"infinity|must hold finite numbers"),
        ("a", "column 1 of X: must hold numbers, or be listed in categorical"),
    ],
    ids=str,
)
def test_a_column_of_numbers_holds_numbers(value: Any, says: str) -> None:
    X = np.array([["a", 1.0], ["b", 2.0], ["a", value]], dtype=object)
    with pytest.raises(ValueError, match=says):
        MIDTreeClassifier(categorical=[0]).fit(X, [0, 1, 0])
    with pytest.raises(ParameterError, match="X: must hold numbers, or its columns of categories"):
        MIDTreeClassifier().fit(X[:2], [0, 1])


def test_a_category_must_be_hashable() -> None:
    X = np.array([["a"], ["b"], [None]], dtype=object)
    X[2, 0] = {"a": 1}
    with pytest.raises(TypeError, match="must be a string or a number"):
        MIDTreeClassifier(categorical="all").fit(X, [0, 1, 0])


def test_text_of_numbers() -> None:
    X = [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]]
    text = MIDTreeClassifier(lam=0).fit(X, ["a", "b", "b", "b"]).export_text()
    assert text.splitlines() == [
        "MIDTreeClassifier(lam=0): 2 leaves, 4 training records",
        "|-- all",
        "|   |-- x0 <= 1.5: a 1, b 0",
        "|   |-- x0 > 1.5: a 0, b 3",
        "I(X;answer) 0.5623 nats, H(leaf) 0.5623 nats",
        "attribute  values  I(attribute;leaf)  Miller-Madow",
        "x0              4             0.5623        0.6873",
        "x1              1             0.0000        0.0000",
    ]


def test_text_wants_a_name_for_every_column() -> None:
    model = MIDTreeClassifier(lam=0).fit([[1.0, 0.0], [2.0, 0.0]], [0, 1])
    assert "age <= 1.5" in model.export_text(feature_names=["age", "height"])
    with pytest.raises(ParameterError, match=r"feature_names=\['age'\]: must be 2 names"):
        model.export_text(feature_names=["age"])


def test_in_a_pipeline() -> None:
    X, y = survey(5)
    plain = MIDTreeClassifier(lam=0.02, categorical=[0, 1, 2]).fit(X, y)
    words = np.array([["low", "middle", "high", "top"][int(v)] for v in X[:, 2]], dtype=object)
    table = np.column_stack([X.astype(object)[:, :2], words, X.astype(object)[:, 3:]])
    encode = make_column_transformer(
        (OrdinalEncoder(), [0, 1, 2]), (StandardScaler(), [3, 4]), remainder="passthrough"
    )
    piped = make_pipeline(encode, clone(plain)).fit(table, y)
    # scaling keeps the order of numbers, and codes are only names
    np.testing.assert_array_equal(piped.predict_proba(table), plain.answer(X))
    direct = clone(plain).fit(table, y)
    np.testing.assert_array_equal(direct.answer(table), plain.answer(X))


def test_lam_is_chosen_by_search() -> None:
    """One column in six tells the class, nine times in ten; lam = 0 learns the rest by heart."""
    draw = np.random.default_rng(6)
    X = draw.integers(0, 3, (300, 6))
    y = np.where(draw.random(300) < 0.1, draw.integers(0, 2, 300), X[:, 4] > 1)
    search = GridSearchCV(
        MIDTreeClassifier(categorical="all"),
        {"lam": np.array([0.0, 0.2, 2.0])},
        scoring="neg_brier_score",
        cv=3,
    ).fit(X, y)
    assert search.best_params_["lam"] == 0.2
    assert columns_used(search.best_estimator_) == {4}


def test_a_fit_is_kept_by_pickle() -> None:
    X, y = survey(7)
    model = MIDTreeClassifier(lam=0.01, categorical=[0]).fit(X, y)
    back = pickle.loads(pickle.dumps(model))
    assert back.export_text() == model.export_text()
    np.testing.assert_array_equal(back.answer(X), model.answer(X))
