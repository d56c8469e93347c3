"""The sign-flip test: exact against all patterns, at its level under the null, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import inf, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mipriv.errors import ParameterError
from verification import signflip

WHOLE = st.lists(st.integers(-50, 50), min_size=1, max_size=7)


def brute(differences: Sequence[Fraction]) -> Fraction:
    """Share of sign patterns whose sum is at least as far from zero, in exact arithmetic."""
    seen = abs(sum(differences))
    patterns = list(product((1, -1), repeat=len(differences)))
    far = sum(
        abs(sum(s * one for s, one in zip(pattern, differences, strict=True))) >= seen
        for pattern in patterns
    )
    return Fraction(far, len(patterns))


def means(differences: Sequence[Fraction]) -> list[Fraction]:
    """Of all subsets but the empty one, sorted."""
    found = []
    for chosen in product((False, True), repeat=len(differences)):
        subset = [one for one, kept in zip(differences, chosen, strict=True) if kept]
        if subset:
            found.append(sum(subset, Fraction(0)) / len(subset))
    return sorted(found)


@given(WHOLE, st.sampled_from([1, 3, 10, 1000, 2**60]))
def test_the_p_value_is_the_count_over_all_patterns(wholes: list[int], unit: int) -> None:
    """Of whole numbers of tenths, thirds and so on, whose roundings tear ties apart."""
    found = signflip.p_value([one / unit for one in wholes])
    assert Fraction(found) == brute([Fraction(one) for one in wholes])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6))
def test_of_any_numbers_it_is_never_below_the_count(differences: list[float]) -> None:
    """Sums closer than 4 R steps of 2^-40 of the largest count as equal, and only that raises it."""
    exact = [Fraction(one) for one in differences]
    found = Fraction(signflip.p_value(differences))
    near = 4 * len(exact) * max(map(abs, exact)) / 2**40
    seen = abs(sum(exact)) - near
    sums = [
        abs(sum(s * one for s, one in zip(pattern, exact, strict=True)))
        for pattern in product((1, -1), repeat=len(exact))
    ]
    assert brute(exact) <= found <= Fraction(sum(one >= seen for one in sums), len(sums))


def test_extremes() -> None:
    assert signflip.p_value([0.0] * 8) == 1
    assert signflip.p_value([5e-324, 0.0]) == 1  # too small to be told from nothing
    assert signflip.p_value([1.0]) == 1
    for count in (2, 7, 16, 21, 24):
        assert signflip.p_value([0.1 * (i + 1) for i in range(count)]) == 2 / 2**count
        assert signflip.p_value([-0.1] * count) == 2 / 2**count
    assert signflip.p_value([1e300, 1e300, -1e-300]) == 0.5


def test_under_the_null_it_is_at_most_alpha_with_chance_at_most_alpha() -> None:
    """Exactly, over all flips of one sample: the null law given the sizes of the differences."""
    draws = Random(1)
    for sample in ([draws.gauss() for _ in range(8)], [1, 1, 1, 2, 2, 3, 3, 3]):
        p_values = [
            signflip.p_value([s * one for s, one in zip(pattern, sample, strict=True)])
            for pattern in product((1, -1), repeat=8)
        ]
        for level in sorted(set(p_values)):
            assert sum(p <= level for p in p_values) / 256 <= level
        # of a continuous law it is uniform on the multiples of 2/2^8 that it can be
        if len(set(map(abs, sample))) == 8:
            assert sorted(p_values) == [2 * (i // 2 + 1) / 256 for i in range(256)]


@given(WHOLE, st.sampled_from(["0.5", "0.9", "0.95", "0.99"]))
def test_the_interval_ends_at_means_of_subsets(wholes: list[int], confidence: str) -> None:
    """Hartigan: of the 2^R - 1 means sorted, the k-th from each end, k = floor(2^R (1-c)/2)."""
    found = signflip.interval([one / 8 for one in wholes], confidence=confidence)
    k = int(2 ** len(wholes) * (1 - Fraction(confidence)) / 2)
    if k == 0:
        assert found is None
        return
    assert found is not None
    every = means([Fraction(one, 8) for one in wholes])
    # the slack of 2 R steps, shared by a subset of one, and a step of the search; R <= 7
    near = 32 * max(abs(Fraction(one, 8)) for one in wholes) / 2**40 + Fraction(1, 2**1000)
    assert every[k - 1] - near <= Fraction(found.lower) <= every[k - 1]
    assert every[-k] <= Fraction(found.upper) <= every[-k] + near


def test_the_interval_agrees_with_the_test() -> None:
    """A centre outside is refused at twice the share of a side, a centre inside is not."""
    draws = Random(2)
    for _ in range(50):
        sample = [draws.gauss(0.3) for _ in range(9)]
        found = signflip.interval(sample, confidence="0.95")
        assert found is not None
        assert found.lower <= sum(sample) / 9 <= found.upper
        for end, out in ((found.lower, -1e-9), (found.upper, 1e-9)):
            assert signflip.p_value([one - end - out for one in sample]) <= 0.05
        inside = (found.lower + 1e-9, found.upper - 1e-9)
        assert all(signflip.p_value([one - c for one in sample]) > 0.05 for c in inside)


@pytest.mark.parametrize("differences", [[], [0.1] * 33, [nan, 1.0], [inf]])
def test_what_cannot_be_tested_is_refused(differences: list[float]) -> None:
    with pytest.raises(ParameterError, match="differences="):
        signflip.p_value(differences)
    with pytest.raises(ParameterError, match="differences="):
        signflip.interval(differences, confidence="0.95")


@pytest.mark.parametrize("confidence", ["0", "1", "1.5"])
def test_a_confidence_that_is_none_is_refused(confidence: str) -> None:
    with pytest.raises(ParameterError, match="confidence="):
        signflip.interval([1.0, 2.0], confidence=confidence)
