"""Exact input and outward decimals."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from mipriv.errors import ParameterError
from mipriv.rigor.decimals import (
    Endpoint,
    decimal_text,
    exact,
    nonnegative,
    round_ball,
    round_rational,
    unit,
    whole,
)
from mipriv.rigor.enclosure import Enclosure
from tests.strategies import MP

rationals = st.fractions(max_denominator=10**30)


def rational(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("1e-5", Fraction(1, 100000)),
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("+2E3", Fraction(2000)),
        (0.1, Fraction(0.1)),
        (3, Fraction(3)),
        (Fraction(1, 3), Fraction(1, 3)),
        (Decimal("0.1"), Fraction(1, 10)),
        (np.float64(0.1), Fraction(0.1)),
        (np.int64(7), Fraction(7)),
        ("1e10000", Fraction(10**10000)),
    ],
)
def test_inputs_are_taken_exactly(given_: object, expected: Fraction) -> None:
    found = exact(given_, "x")
    assert (int(found.p), int(found.q)) == (expected.numerator, expected.denominator)


@pytest.mark.parametrize(
    "bad",
    ["", " ", "nan", "inf", "-inf", "1e-5x", "0x10", "1_000", "1/3", "--1", "1e", "e5", "٣", "1e10001",
     "1e-10001", "1e99999999999", "9" * 1001, "0." + "0" * 1000 + "1", None, True, [], object(),
     float("nan"), math.inf, Decimal("NaN"), Decimal("Infinity"), 10**20000],
    ids=lambda bad: f"{type(bad).__name__}-{bad[:20]}" if isinstance(bad, str) else type(bad).__name__,
)  # fmt: skip
def test_what_is_not_a_number_is_refused_in_one_line(bad: object) -> None:
    with pytest.raises(ParameterError) as caught:
        exact(bad, "delta")
    message = str(caught.value)
    assert message.startswith("delta=")
    assert "must" in message
    assert "\n" not in message
    assert len(message) < 200


@pytest.mark.parametrize("bad", ["1.5", "-1", "nan", "", "1e-3", -1, 1.5, "x"])
def test_counts_are_whole(bad: object) -> None:
    with pytest.raises(ParameterError, match=r"n=.*: must be a whole number >= 0"):
        whole(bad, "n", at_least=0)


def test_counts_have_no_upper_limit_of_a_machine_word() -> None:
    assert whole("1e10000", "n", at_least=0) == 10**10000
    assert whole(10**30, "n", at_least=0) == 10**30
    assert whole("12.0", "n", at_least=0) == 12


def test_ranges() -> None:
    with pytest.raises(ParameterError, match="epsilon=-1: must be finite and >= 0"):
        nonnegative("-1", "epsilon")
    with pytest.raises(ParameterError, match=r"tau=1.1: must lie in \[0, 1\]"):
        unit("1.1", "tau")


@given(value=rationals, digits=st.integers(1, 40))
def test_rounding_a_rational_is_outward_and_tight(value: Fraction, digits: int) -> None:
    low = round_rational(rational(value), digits, upward=False)
    high = round_rational(rational(value), digits, upward=True)
    assert low <= value <= high
    if value:
        # at most one unit in the last place apart
        assert high - low <= abs(value) * Fraction(10) ** (1 - digits)
    assert Fraction(str(low)) == low
    assert Fraction(str(high)) == high


@given(value=rationals, digits=st.integers(1, 40), bits=st.integers(10, 200))
def test_rounding_a_ball_is_outward(value: Fraction, digits: int, bits: int) -> None:
    with ctx.workprec(bits):
        ball = arb(rational(value))
    low, high = (round_ball(ball, digits, upward=upward) for upward in (False, True))
    assert low <= value <= high


@given(value=rationals)
def test_exact_values_read_back(value: Fraction) -> None:
    text = decimal_text(rational(value))
    assert Fraction(text) == value


@given(value=rationals, digits=st.integers(1, 30))
def test_floats_are_rounded_outward(value: Fraction, digits: int) -> None:
    low = round_rational(rational(value), digits, upward=False)
    high = round_rational(rational(value), digits, upward=True)
    assert Fraction(float(low)) <= low <= high <= Fraction(float(high))


def test_an_endpoint_behaves_like_a_number() -> None:
    end = Endpoint(1234, -4, upward=True)
    assert str(end) == "0.1234"
    assert end == Fraction(1234, 10000)
    assert 0.1 < end < 0.2
    assert end == Decimal("0.1234")
    assert end < MP.mpf("0.1235")
    assert 1 - end == Fraction(8766, 10000)
    assert hash(end) == hash(Fraction(1234, 10000))
    for twin in (copy.copy(end), copy.deepcopy(end), pickle.loads(pickle.dumps(end))):
        assert twin == end
        assert str(twin) == "0.1234"


def test_numbers_too_small_for_a_fraction_keep_their_text() -> None:
    tiny = Endpoint(199, -173717792761300731060451567, upward=True)
    assert str(tiny) == "1.99e-173717792761300731060451565"
    assert 0 < tiny < Fraction(1, 10**40000)
    assert float(tiny) > 0
    below = Endpoint(199, -173717792761300731060451567, upward=False)
    assert below == 0
    assert float(below) == 0
    again = pickle.loads(pickle.dumps(tiny))
    assert str(again) == str(tiny)


def test_huge_endpoints() -> None:
    assert float(Endpoint(1, 400, upward=True)) == math.inf
    assert float(Endpoint(1, 400, upward=False)) == float.fromhex("0x1.fffffffffffffp1023")


def test_enclosure_membership() -> None:
    third = Enclosure.of(fmpq(1, 3), 5)
    assert Fraction(1, 3) in third
    assert fmpq(1, 3) in third
    assert Fraction(1, 2) not in third
    assert str(third) == "[0.33333, 0.33334]"
    assert str(Enclosure.of(fmpq(1, 4), 5)) == "0.25"
