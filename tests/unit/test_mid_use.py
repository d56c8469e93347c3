"""Columns by name, and what the MID learners say of arguments that they share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mipriv.errors import ParameterError
from mipriv.learn.baselines.priority import PriorityTreeClassifier
from mipriv.learn.mid._checks import columns_named
from mipriv.learn.mid.linear import MIDLinearRegression
from mipriv.learn.mid.tree import MIDTreeClassifier
from mipriv.learn.mid.vib import VIBClassifier, VIBRegressor

NAMES = ["job", "smoker", "age"]
ROWS = np.array(
    [["nurse", False, 31], ["clerk", True, 64], ["clerk", False, 40], ["pilot", True, 52]] * 10,
    dtype=object,
)
LABELS = np.array(["well", "ill", "well", "ill"] * 10)
LINE = np.random.default_rng(0).normal(size=(40, 3))
SHORT: dict[str, Any] = {"epochs": 2, "warm_up": 1, "hidden": (3,)}


class Named:
    """A frame, columns with names, without the packages that have frames."""

    def __init__(self, values: Any, names: list[str]) -> None:
        self.values, self.names = np.asarray(values), names
        self.shape = self.values.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        # as pandas does of columns whose types have none in common
        if dtype is None and self.values.dtype == object:
            raise TypeError("no type of all columns but object")
        return np.array(self.values, dtype=dtype)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def iloc(self) -> Any:
        return self.values


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn reads the names of `Named`; it knows only frames of packages."""

    def names(X: Any) -> Any:
        return np.array(X.names, dtype=object) if isinstance(X, Named) else None

    monkeypatch.setattr("sklearn.utils.validation._get_feature_names", names)


@pytest.mark.usefixtures("frames")
def test_a_tree_takes_columns_by_name() -> None:
    frame = Named(ROWS, NAMES)
    named = MIDTreeClassifier(categorical=["job", "smoker"], sensitive="smoker").fit(frame, LABELS)
    placed = MIDTreeClassifier(categorical=[0, 1], sensitive=1).fit(ROWS, LABELS)
    assert named.leaves_ == placed.leaves_
    np.testing.assert_array_equal(named.answer(frame), placed.answer(ROWS))
    assert "|-- age <= 46" in named.export_text()
    first = PriorityTreeClassifier(categorical=["job", "smoker"], sensitive="job")
    assert first.fit(frame, LABELS).leaves_[0].path[0].column == 0
    with pytest.raises(ParameterError, match="sensitive=\\['job', 'age'\\]: must be one column"):
        first.set_params(sensitive=["job", "age"]).fit(frame, LABELS)


@pytest.mark.usefixtures("frames")
def test_a_regression_takes_columns_by_name() -> None:
    y = LINE @ [1.0, 2.0, 3.0]
    named = MIDLinearRegression(lam=0.5, sensitive=["age", "job"]).fit(Named(LINE, NAMES), y)
    placed = MIDLinearRegression(lam=0.5, sensitive=[0, 2]).fit(LINE, y)
    np.testing.assert_array_equal(named.coef_, placed.coef_)
    one, single = (MIDLinearRegression(lam=0.5, sensitive=s).fit(LINE, y) for s in (1, [1]))
    np.testing.assert_array_equal(one.coef_, single.coef_)


def test_columns_are_named_once_and_exist() -> None:
    assert columns_named(np.array([2, 0]), "x", width=3) == (0, 2)
    assert columns_named(("age", 0), "x", width=3, names=NAMES) == (0, 2)
    assert columns_named("all", "x", width=2) == (0, 1)
    assert columns_named(None, "x", width=2) == ()
    for chosen, names, says in (
        (3, (), "x=3: must lie below 3, the number of columns"),
        (True, (), "x=True: must be a whole number >= 0"),
        ("age", (), "x=age: must be a column's index: X has no names"),
        ("weight", NAMES, "x=weight: must be a column of the frame"),
        (["age", 2], NAMES, "x=.*: must name each column once"),
    ):
        with pytest.raises(ParameterError, match=says):
            columns_named(chosen, "x", width=3, names=names)


@pytest.mark.parametrize(
    "model",
    [MIDLinearRegression(), MIDTreeClassifier(), VIBClassifier(**SHORT), VIBRegressor(**SHORT)],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("lam", [True, "1", None, -1, math.nan, math.inf])
def test_lam_is_a_number_to_all(model: Any, lam: Any) -> None:
    with pytest.raises(ParameterError, match=f"^lam={lam}: must be a finite number >= 0$"):
        model.set_params(lam=lam).fit(LINE, (LINE[:, 0] > 0).astype(int))


@pytest.mark.parametrize("name", ["grid", "width"])
@pytest.mark.parametrize("value", [0, -1, math.nan, "a", None])
def test_widths_are_positive(name: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"^{name}={value}: must be positive and finite$"):
        MIDLinearRegression(**{name: value}).fit(LINE, LINE[:, 0])


def test_without_noise_the_reading_does_not_speak_of_one() -> None:
    model = MIDLinearRegression(lam=0).fit(LINE, LINE[:, 0])
    assert model.information_.value == math.inf
    assert model.information_.method == "answer without noise, on a continuum"
