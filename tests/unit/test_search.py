"""Certified roots, precision and signs."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from mipriv.errors import PrecisionError
from mipriv.rigor.enclosure import enclose, refine_or_widen, sign
from mipriv.rigor.search import largest_whole, root


@given(
    value=st.fractions(Fraction(1, 10**12), 10**12, max_denominator=10**12),
    start=st.fractions(Fraction(1, 10**9), 10**9, max_denominator=10**9),
    digits=st.integers(1, 40),
)
def test_square_roots_are_enclosed_by_neighbouring_decimals(
    value: Fraction, start: Fraction, digits: int
) -> None:
    target = fmpq(value.numerator, value.denominator)
    found = root(
        lambda x: x * x - target,
        guess=fmpq(start.numerator, start.denominator),
        digits=digits,
    )
    assert found.lower**2 <= value <= found.upper**2
    assert found.upper - found.lower <= found.upper * Fraction(10) ** (1 - digits)


def test_an_exact_root_is_found_exactly() -> None:
    found = root(lambda x: x - fmpq(7, 10), guess=fmpq(1, 3), digits=17)
    assert found.lower == found.upper == Fraction(7, 10)


def test_a_root_with_few_evaluations() -> None:
    calls = []

    def excess(x: fmpq) -> arb:
        calls.append(x)
        return arb(x).exp() - 2

    root(excess, guess=fmpq(1), digits=17)
    assert len(calls) <= 40


def test_no_sign_change_is_an_error() -> None:
    with pytest.raises(PrecisionError, match="no sign change"):
        root(lambda _: fmpq(-1), guess=fmpq(1), digits=5, at_most=fmpq(2))


@given(edge=st.integers(0, 10**30), guess=st.integers(0, 10**30))
def test_the_last_whole_number_that_fits(edge: int, guess: int) -> None:
    assert largest_whole(lambda n: n <= edge, guess=guess) == edge


def test_precision_rises_until_the_digits_are_there() -> None:
    found = enclose(lambda: (arb(10) ** -300 + 1).log(), digits=20)
    assert abs(found.lower * 10**300 - 1) < Fraction(1, 10**18)


def test_a_tie_that_no_precision_decides_is_an_error() -> None:
    with pytest.raises(PrecisionError, match="undecided"):
        sign(lambda: arb(2).sqrt() ** 2 - 2)


def test_a_width_that_precision_does_not_change_is_returned_as_wide() -> None:
    value, wide = refine_or_widen(lambda: arb(1, "0.01"), digits=10)
    assert wide
    assert isinstance(value, arb)
    assert value.contains(1)
