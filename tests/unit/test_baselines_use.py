"""Defences without mutual information, as scikit-learn and its users handle them."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

from mipriv.errors import ParameterError
from mipriv.learn import baselines
from mipriv.learn.baselines import (
    ConstantClassifier,
    ConstantRegressor,
    DropSensitive,
    HardLabel,
    OutputNoise,
    Purification,
    RidgeRegression,
    Rounding,
    TopK,
    answers_of,
)

RNG = np.random.default_rng(11)
X = RNG.normal(size=(120, 3))
Y = X @ [1.0, 2.0, -1.0] + 0.5 * RNG.normal(size=120)
IRIS, SPECIES = load_iris(return_X_y=True)
EPS = np.finfo(np.float64).eps

# scikit-learn asks of every classifier that its rows of probabilities sum to 1.  What is left of
# rounded, cut or noisy probabilities does not, on purpose: filling it up would tell more.
NOT_RENORMALISED = {"check_classifiers_train": "rows are released without renormalising"}
TREE = DecisionTreeClassifier(max_depth=4, random_state=0)
CHECKED: list[tuple[Any, dict[str, str]]] = [
    (OutputNoise(LinearRegression(), scale=0.1), {}),
    (OutputNoise(LinearRegression(), scale=0.1, law="laplace", shrink=True, noise="fresh"), {}),
    (OutputNoise(TREE, scale=0.01, project=True), {}),
    (OutputNoise(TREE, scale=0.01, shrink=True), {}),
    (OutputNoise(LogisticRegression(tol=0.1), scale=0.01), NOT_RENORMALISED),
    (Rounding(LinearRegression(), step=0.1), {}),
    (Rounding(LogisticRegression(tol=0.1), step=0.3), NOT_RENORMALISED),
    (TopK(LogisticRegression(tol=0.1)), NOT_RENORMALISED),
    (HardLabel(TREE), {}),
    (HardLabel(NearestCentroid()), {}),
    (ConstantRegressor(), {}),
    (ConstantClassifier(), {}),
    (DropSensitive(LinearRegression(), sensitive=1), {}),
    (DropSensitive(TREE, sensitive=1), {}),
    (RidgeRegression(), {}),
    (Purification(TREE, max_iter=5), {}),
]


@pytest.mark.parametrize(("model", "expected"), CHECKED, ids=lambda value: repr(value)[:40])
def test_scikit_learn_accepts_it(model: Any, expected: dict[str, str]) -> None:
    results = check_estimator(model, expected_failed_checks=expected, on_skip=None)
    failed = {result["check_name"] for result in results if result["status"] == "xfail"}
    assert failed == set(expected)  # an explanation that is no longer needed goes


class Frame:
    """Columns by place, as a frame has them."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)
        self.shape = self.values.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values, dtype=dtype)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def iloc(self) -> Any:
        frame = self

        class Places:
            def __getitem__(self, place: Any) -> Frame:
                return Frame(frame.values[place])

        return Places()


class TakesFrames(LinearRegression):  # type: ignore[misc]
    """Fails on anything but a frame."""

    def predict(self, X: Any) -> Any:
        assert isinstance(X, Frame)
        return super().predict(X)


@pytest.mark.parametrize(
    "outside", [OutputNoise(LinearRegression(), scale=0.1, random_state=0), None]
)
def test_a_frame_stays_a_frame(outside: Any) -> None:
    inside = DropSensitive(TakesFrames(), sensitive=1)
    model = inside if outside is None else outside.set_params(estimator=inside)
    found = clone(model).fit(Frame(X), Y).answer(Frame(X))
    plain = DropSensitive(LinearRegression(), sensitive=1)
    model = plain if outside is None else clone(outside).set_params(estimator=plain)
    assert (found == model.fit(X, Y).answer(X)).all()


def test_columns_may_be_dropped_by_name() -> None:
    model = DropSensitive(LinearRegression(), sensitive="b")
    model.feature_names_in_ = np.array(["a", "b", "c"], dtype=object)
    model.n_features_in_ = 3
    model._fit_inside(X, Y)
    assert model.kept_.tolist() == [0, 2]


def test_the_release_of_any_model() -> None:
    tree = DecisionTreeClassifier(max_depth=2).fit(IRIS, SPECIES)
    assert (answers_of(tree, IRIS) == tree.predict_proba(IRIS)).all()
    assert (
        answers_of(LinearRegression().fit(X, Y), X) == LinearRegression().fit(X, Y).predict(X)
    ).all()
    names = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
    nearest = NearestCentroid().fit(IRIS, names)
    if hasattr(nearest, "predict_proba"):  # newer than 1.6
        assert (answers_of(nearest, IRIS) == nearest.predict_proba(IRIS)).all()
    noisy = OutputNoise(LinearRegression(), scale=1.0).fit(X, Y)
    assert (answers_of(noisy, X) == noisy.answer(X)).all()
    piped = make_pipeline(StandardScaler(), OutputNoise(tree, scale=0.1)).fit(IRIS, SPECIES)
    inside = piped[-1].answer(piped[0].transform(IRIS))
    assert (answers_of(piped, IRIS) == inside).all()


class Labels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts labels and nothing else."""

    classes_ = np.array(["a", "b", "c"])

    def predict(self, X: Any) -> Any:
        return self.classes_[np.arange(len(X)) % 3]


def test_a_model_of_labels_answers_one_hot() -> None:
    assert answers_of(Labels(), np.zeros((4, 1))).tolist() == np.eye(3)[[0, 1, 2, 0]].tolist()


def test_a_torch_module_answers_in_evaluation_mode() -> None:
    torch.manual_seed(0)
    inner = torch.nn.Linear(3, 2)
    module = torch.nn.Sequential(inner, torch.nn.Dropout(0.5))
    module[0].eval()
    found = answers_of(module, X)
    rows = torch.as_tensor(X, dtype=torch.float32)
    scores = inner(rows).detach().to(torch.float64)
    assert (found == torch.softmax(scores, dim=1).numpy()).all()
    assert (answers_of(module, X, softmax=False) == scores.numpy()).all()
    assert module.training
    assert module[1].training
    assert not module[0].training
    line = torch.nn.Linear(3, 1)
    assert (answers_of(line, X) == line(rows).detach().numpy()[:, 0].astype(np.float64)).all()


class Broken:
    def __init__(self, answer: Any) -> None:
        self.found = answer

    def predict_proba(self, X: Any) -> Any:
        return self.found


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (object(), "model=object: must have answer"),
        (Broken([np.ones((4, 2)), np.ones((4, 2))]), "must have one output"),
        (Broken(np.ones((3, 2))), "must have shape"),
        (Broken(np.ones((4, 2, 2))), "must have shape"),
        (Broken(np.full((4, 2), np.nan)), "model=Broken: must answer finite numbers"),
    ],
)
def test_what_cannot_be_asked_is_refused(model: Any, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        answers_of(model, np.zeros((4, 1)))


REFUSED: list[tuple[Any, str]] = [
    (OutputNoise(GaussianNB(), scale=0), "scale=0: must be positive and finite"),
    (OutputNoise(GaussianNB(), scale=math.nan), "scale=nan"),
    (OutputNoise(GaussianNB(), scale="1"), "scale=1: must be positive"),
    (OutputNoise(GaussianNB(), scale=1, law="cauchy"), "law=cauchy: must be one of"),
    (OutputNoise(GaussianNB(), scale=1, noise="none"), "noise=none: must be one of"),
    (OutputNoise(GaussianNB(), scale=1, grid=0), "grid=0"),
    (OutputNoise(GaussianNB(), scale=1, shrink="yes"), "shrink=yes: must be True or False"),
    (OutputNoise(GaussianNB(), scale=1, project=None), "project=None"),
    (Rounding(GaussianNB(), step=-1), "step=-1"),
    (TopK(GaussianNB(), k=0), "k=0: must be a whole number >= 1"),
    (TopK(LinearRegression()), "estimator=LinearRegression: must be a classifier"),
    (HardLabel(LinearRegression()), "must be a classifier"),
    (Purification(LinearRegression()), "must be a classifier"),
    (Purification(GaussianNB(), holdout=1), "holdout=1"),
    (Purification(GaussianNB(), bottleneck=0), "bottleneck=0"),
    (Purification(GaussianNB(), max_iter=0), "max_iter=0"),
    (DropSensitive(GaussianNB(), sensitive=4), "sensitive=4"),
    (DropSensitive(GaussianNB(), sensitive=-1), "sensitive=-1"),
    (DropSensitive(GaussianNB(), sensitive=[]), "must name a column"),
    (DropSensitive(GaussianNB(), sensitive="age"), "must be a column of the frame"),
    (DropSensitive(GaussianNB(), sensitive=range(4)), "must be more than the sensitive columns"),
    (RidgeRegression(lam=-1), "lam=-1"),
    (RidgeRegression(lam=math.inf), "lam=inf"),
]


@pytest.mark.parametrize(("model", "rule"), REFUSED, ids=[rule for _, rule in REFUSED])
def test_parameters_outside_their_range_are_refused(model: Any, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        model.fit(IRIS, SPECIES)


@pytest.mark.parametrize("noise", ["per-input", "fresh"])
def test_it_is_searched_cloned_and_pickled(noise: str) -> None:
    model = OutputNoise(RidgeRegression(lam=0.5), scale=0.1, noise=noise, random_state=0)
    assert model.get_params()["estimator__lam"] == 0.5
    grid = {"estimator__lam": [0.0, 10.0], "scale": [0.1, 3.0]}
    search = GridSearchCV(clone(model), grid, cv=3).fit(X, Y)
    assert search.best_params_ == {"estimator__lam": 0.0, "scale": 0.1}
    fitted = model.fit(X, Y)
    stored = pickle.dumps(fitted)
    assert (pickle.loads(stored).answer(X) == fitted.answer(X)).all()
    again = clone(fitted).fit(X, Y)
    assert (again.answer(X) == pickle.loads(stored).answer(X)).all()


def test_text_columns_pass_through_with_fresh_noise() -> None:
    class Lengths(LinearRegression):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            return super().fit(np.vectorize(len)(X).astype(float), y)

        def predict(self, X: Any) -> Any:
            return super().predict(np.vectorize(len)(X).astype(float))

    words = np.array([["a"], ["bb"], ["ccc"], ["dd"]], dtype=object)
    model = OutputNoise(Lengths(), scale=0.1, noise="fresh").fit(words, [1.0, 2.0, 3.0, 2.0])
    assert model.answer(words).shape == (4,)
    with pytest.raises(ValueError, match="could not convert"):
        clone(model).set_params(noise="per-input").fit(words, [1.0, 2.0, 3.0, 2.0])


def test_every_name_is_there() -> None:
    for name in baselines.__all__:
        assert callable(getattr(baselines, name))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = baselines.Nothing
