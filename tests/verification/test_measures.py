"""What a trade-off cell measures: read, written, and refused where it is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import inf, nan
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mipriv.errors import ParameterError
from tests.verification.defences import point
from verification.measures import Point, checked, gain
from verification.parts import (
    Attack,
    Bayes,
    Better,
    Bound,
    Ends,
    Information,
    Kind,
    Role,
    Selection,
    Train,
    Utility,
)

ENDS: dict[str, Any] = {"value": 0.5, "lower": 0.25, "upper": 0.75}
NAMED: dict[str, Any] = ENDS | {"name": "accuracy", "level": "adaptive"}
WHOLE: dict[str, Any] = {
    "panel": "linear",
    "defence": "mid",
    "setting": "lam=0.1",
    "replicate": 3,
    "utility": {"name": "mse", "value": 0.02, "better": "low"},
    "attack": NAMED,
    "attacks": {"naive": {"value": 0.3, "lower": 0.2, "upper": 0.4}, "adaptive": ENDS},
    "train": {"attack": NAMED | {"level": "naive"}, "utility": 0.01},
    "base": 0.25,
    "bayes": {"lower": 0.5, "upper": 0.75, "kind": "ceiling", "method": "Thm 10"},
    "bound": {"value": 1.5, "method": "Thm 10"},
    "information": {"value": 1.0, "lower": 0.5, "upper": 2, "method": "plug-in", "bound": False},
    "epsilon": 1.0,
    "role": "mid",
}
NULLS = ("train", "bayes", "bound", "information", "epsilon")
ENDLESS = {"value": None, "lower": 1.0, "upper": None, "method": "no noise", "bound": True}


def test_a_point_is_read_and_written_as_it_was() -> None:
    found = Point.from_json(WHOLE)
    assert found.to_json() == WHOLE
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == WHOLE
    assert found.utility == Utility(name="mse", value=0.02, better=Better.LOW)
    assert found.attacks["adaptive"] == Ends(**ENDS)
    assert found.train == Train(attack=Attack(**NAMED | {"level": "naive"}), utility=0.01)
    assert found.bayes == Bayes(lower=0.5, upper=0.75, kind=Kind.CEILING, method="Thm 10")
    assert found.bound == Bound(value=1.5, method="Thm 10")
    assert found.role is Role.MID
    assert found.selection is None
    assert found.gain == (0.5 - 0.25) / (1 - 0.25)


def test_what_is_not_known_is_null_or_left_out() -> None:
    bare = WHOLE | dict.fromkeys(NULLS)
    assert Point.from_json(bare).to_json() == bare
    short = {key: one for key, one in WHOLE.items() if key not in NULLS}
    assert Point.from_json(short).to_json() == bare


def test_an_infinite_information_is_null() -> None:
    endless = WHOLE | {"information": ENDLESS | {"infinite": True}}
    found = Point.from_json(endless)
    expected = Information(value=inf, lower=1.0, upper=inf, method="no noise", bound=True)
    assert found.information == expected
    assert found.to_json() == endless


def test_the_selection_is_kept_and_is_no_key_without_it() -> None:
    chosen = WHOLE | {"selection": {"utility": 0.03, "attack": 0.4}}
    found = Point.from_json(chosen)
    assert found.selection == Selection(utility=0.03, attack=0.4)
    assert found.to_json() == chosen
    assert "selection" not in Point.from_json(WHOLE | {"selection": None}).to_json()


def test_a_utility_is_turned_so_that_less_is_better() -> None:
    for better, cost in (("low", 0.02), ("high", -0.02)):
        changed = WHOLE | {"utility": WHOLE["utility"] | {"better": better}}
        found = Point.from_json(changed | {"selection": {"utility": 0.5, "attack": 0.4}})
        assert found.cost == cost
        assert found.selected == (0.5 if better == "low" else -0.5, 0.4)
        assert found.utility.cost(found.cost) == 0.02  # turned twice
    assert Point.from_json(WHOLE).selected is None


@given(success=st.floats(0, 1), base=st.floats(0, 1))
def test_gain_is_nought_at_the_base_and_one_at_certainty(success: float, base: float) -> None:
    assert gain(base, base) == 0
    assert gain(1.0, base) == (1 if base < 1 else 0)
    assert (gain(success, base) > 0) == (success > base) or base == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"panel": ""}, "panel"),
        ({"defence": 1}, "defence"),
        ({"setting": 0.1}, "setting"),
        ({"replicate": -1}, "replicate"),
        ({"replicate": True}, "replicate"),
        ({"replicate": 1.0}, "replicate"),
        ({"base": nan}, "base"),
        ({"base": "0.1"}, "base"),
        ({"base": True}, "base"),
        ({"role": "hero"}, "role=hero"),
        ({"epsilon": -1}, "epsilon"),
        ({"epsilon": inf}, "epsilon"),
        ({"utility": WHOLE["utility"] | {"better": "big"}}, "better=big"),
        ({"utility": WHOLE["utility"] | {"value": None}}, "value"),
        ({"utility": 0.5}, "utility"),
        ({"attack": NAMED | {"upper": 0.4}}, "lower <= value <= upper"),
        ({"attack": NAMED | {"level": "naive"}}, "level=naive"),
        ({"attack": NAMED | {"level": "white box"}}, "level=white box"),
        ({"attack": ENDS}, "attack"),
        ({"attacks": {"adaptive": ENDS | {"lower": 0.6}}}, "adaptive"),
        ({"attacks": {"adaptive": NAMED}}, "adaptive"),
        ({"attacks": [ENDS]}, "attacks"),
        ({"attacks": {}}, "level=adaptive"),
        ({"train": {"attack": ENDS, "utility": 1}}, "train attack"),
        ({"train": {"attack": NAMED}}, "train"),
        ({"bayes": WHOLE["bayes"] | {"kind": "guess"}}, "kind=guess"),
        ({"bayes": WHOLE["bayes"] | {"lower": 0.8}}, "lower"),
        ({"bound": {"value": 1.0, "method": ""}}, "method"),
        ({"information": ENDLESS}, "infinite"),
        ({"information": WHOLE["information"] | {"infinite": True}}, "infinite"),
        ({"information": WHOLE["information"] | {"upper": 0.9}}, "lower <= value <= upper"),
        ({"information": WHOLE["information"] | {"bound": 1}}, "bound"),
        ({"information": WHOLE["information"] | {"value": -inf}}, "value"),
        ({"information": 1.0}, "information"),
        ({"selection": {"utility": 1.0}}, "selection"),
        ({"sown": 1}, "measures"),
    ],
)
def test_a_point_that_is_none_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(said)):
        Point.from_json(WHOLE | changed)


@pytest.mark.parametrize("left_out", sorted(set(WHOLE) - set(NULLS)))
def test_a_point_with_a_hole_is_refused(left_out: str) -> None:
    with pytest.raises(ParameterError):
        Point.from_json({key: one for key, one in WHOLE.items() if key != left_out})


@pytest.mark.parametrize("found", [{}, {"any": [1, 2.5, None, "text", {"deep": True}]}, WHOLE])
def test_measures_are_json(found: Mapping[str, Any]) -> None:
    assert checked(found) == found
    assert checked(MappingProxyType(dict(found))) == found
    assert checked(point(0.5, 0.25).to_json()) == point(0.5, 0.25).to_json()


@pytest.mark.parametrize(
    "found",
    [None, [], "text", {1: 2}, {"x": (1, 2)}, {"x": nan}, {"x": {"y": inf}}, {"x": {1, 2}}],
)
def test_what_json_does_not_hold_is_refused(found: Any) -> None:
    with pytest.raises(ParameterError, match="measures="):
        checked(found)
