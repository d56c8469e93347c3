"""People in surveys: records of coded answers of which all but one is known, and the label too.

The attribute that is secret stands first.  A split deals a data set out anew, so that what is said
of it is about these people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.datasets import Table, load_adult, load_gss, load_steak
from verification import data
from verification.inversion.figures import model_f1
from verification.inversion.lines import utility
from verification.inversion.records import Records
from verification.inversion.worlds import DataWorld

_MARRIED = ("Married-civ-spouse", "Married-AF-spouse")
_AGES = (30, 45, 60)  # years
_LEVELS = (9, 10, 13)  # places of HS-grad, Some-college and Bachelors among the educations, from 1
_HOURS = (35, 41)
_OFFICE = ("Exec-managerial", "Prof-specialty", "Tech-support", "Adm-clerical", "Sales")
_GSS = ("sex", "race", "degree", "childs", "attend")


@dataclass(frozen=True, kw_only=True, eq=False)
class SurveyWorld(DataWorld):
    """Records of codes; the attacker sees every attribute but the first, and then the label.

    Attributes:
        values: codes that each attribute may have, whether they occur or not.
        kinds: labels that there may be.
        by_f1: whether F1 tells how useful a model is, in the place of accuracy: where the labels
            are so hard to tell that a constant answer is right most often.
    """

    values: tuple[int, ...]
    kinds: int
    by_f1: bool = False
    coded: bool = True

    @property
    def arities(self) -> tuple[int, ...]:
        return self.values

    @property
    def classes(self) -> int:
        return self.kinds


@utility.register
def _of_survey(place: SurveyWorld, model: Any, seen: Records) -> dict[str, Any]:
    if not place.by_f1:
        return utility.dispatch(DataWorld)(place, model, seen)
    found = model_f1(model, seen)
    return {"name": "F1 of the model", "value": found or 0.0, "better": "high"}


def steak() -> SurveyWorld:
    """The 331 who eat steak and answered all: the model tells how they like it; cheating is secret.

    Raises:
        ParameterError: the file is not in the data folder.

    Source: Fredrikson, Jha, Ristenpart, Model inversion attacks that exploit confidence information,
        CCS 2015 (survey, secret and label).
    """
    table = load_steak(data.path(data.STEAK))
    others = [name for name in table.names if name != "cheat"]
    return replace(_of(table, ("cheat", *others)), by_f1=True)


def adult() -> SurveyWorld:
    """The census in few values: the model tells who earns over 50,000 dollars; marriage is secret.

    Married (1: with the spouse) or not, and beside it age, education and hours a week in bands, sex,
    and whether the work is in an office.

    Raises:
        ParameterError: the file is not in the data folder.
    """
    table = load_adult(data.path(data.ADULT))
    columns = [
        (_among(table, "marital-status", _MARRIED), 2),
        (np.searchsorted(_AGES, _numbers(table, "age"), side="right"), len(_AGES) + 1),
        (
            np.searchsorted(_LEVELS, _numbers(table, "education-num"), side="right"),
            len(_LEVELS) + 1,
        ),
        (np.searchsorted(_HOURS, _numbers(table, "hours-per-week"), side="right"), len(_HOURS) + 1),
        (_numbers(table, "sex"), 2),
        (_among(table, "occupation", _OFFICE), 2),
    ]
    X = np.column_stack([codes for codes, _ in columns]).astype(np.int64)
    return _world(X, table.y, tuple(size for _, size in columns), 2)


def gss() -> SurveyWorld:
    """A user's own extract: the model tells how happy a marriage is; xmovie is secret.

    Raises:
        ParameterError: the file is not in the data folder, or has other variables.

    Source: Fredrikson, Jha, Ristenpart 2015 (label and secret; the other attributes are our choice).
    """
    names = ("xmovie", *_GSS)
    return _of(load_gss(data.path(data.GSS), attributes=names), names)


def _of(table: Table, names: Sequence[str]) -> SurveyWorld:
    places = [table.index(name) for name in names]
    sizes = tuple(table.arities[place] for place in places)
    X = table.X[:, places].astype(np.int64)
    return _world(X, table.y, sizes, len(table.label.values))


def _world(
    X: NDArray[np.int64], y: NDArray[Any], sizes: tuple[int, ...], kinds: int
) -> SurveyWorld:
    labels = y.astype(np.int64)
    side = np.column_stack([X[:, 1:], labels]).astype(np.float64)
    return SurveyWorld(X=X, y=labels, secret=X[:, 0], side=side, values=sizes, kinds=kinds)


def _numbers(table: Table, name: str) -> NDArray[np.float64]:
    return table.X[:, table.index(name)]


def _among(table: Table, name: str, chosen: Sequence[str]) -> NDArray[np.bool_]:
    """Whether a category is one of the chosen."""
    values = table.columns[table.index(name)].values
    codes = [values.index(one) for one in chosen]
    return np.isin(table.X[:, table.index(name)], codes)
