"""Intervals and p-values from counts, against sums of exact binomial probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, nextafter
from typing import Any

import pytest
from flint import arb, ctx, fmpq

from mipriv.errors import ParameterError
from mipriv.rigor import intervals
from mipriv.rigor.intervals import (
    Interval,
    difference,
    holm,
    outward,
    p_value,
    proportion,
    upper_tail,
)


def at_least(hits: int, trials: int, p: fmpq) -> fmpq:
    """Pr[Bin >= hits], exact."""
    terms = (comb(trials, j) * p**j * (1 - p) ** (trials - j) for j in range(hits, trials + 1))
    return sum(terms, fmpq(0))


def rational(value: float) -> fmpq:
    return fmpq(*value.as_integer_ratio())


def three(value: float, toward: float) -> float:
    for _ in range(3):
        value = nextafter(value, toward)
    return value


@pytest.mark.parametrize("confidence", ["0.5", "0.95", "0.999999"])
@pytest.mark.parametrize("trials", [1, 2, 7, 30])
def test_both_ends_are_certified_and_tight(trials: int, confidence: str) -> None:
    side = (1 - fmpq(*ratio(confidence))) / 2
    for hits in range(trials + 1):
        interval = proportion(hits=hits, trials=trials, confidence=confidence)
        low, high = rational(interval.lower), rational(interval.upper)
        assert at_least(hits, trials, low) <= side or hits == low == 0
        assert at_least(trials - hits, trials, 1 - high) <= side or (hits, high) == (trials, 1)
        # three doubles inward the claim would be wrong: nothing is given away
        if hits > 0:
            assert at_least(hits, trials, rational(three(interval.lower, 1.0))) > side
        if hits < trials:
            inward = 1 - rational(three(interval.upper, 0.0))
            assert at_least(trials - hits, trials, inward) > side


def ratio(text: str) -> tuple[int, int]:
    digits = text.partition(".")[2]
    return int(digits), 10 ** len(digits)


def coverage(trials: int, p: fmpq, rule: Sequence[Interval]) -> fmpq:
    """Exact probability that the interval holds p."""
    masses = (
        comb(trials, j) * p**j * (1 - p) ** (trials - j) for j in range(trials + 1) if p in rule[j]
    )
    return sum(masses, fmpq(0))


def test_coverage_holds_at_every_probability() -> None:
    trials, grid = 15, [fmpq(i, 211) for i in range(212)]
    exact = [proportion(hits=k, trials=trials, confidence="0.95") for k in range(trials + 1)]
    assert min(coverage(trials, p, exact) for p in grid) >= fmpq(95, 100)
    # and the check can fail: intervals at 0.9 do not cover at 0.95
    short = [proportion(hits=k, trials=trials, confidence="0.9") for k in range(trials + 1)]
    assert min(coverage(trials, p, short) for p in grid) < fmpq(95, 100)


def test_nothing_is_known_without_trials() -> None:
    assert proportion(hits=0, trials=0, confidence="0.9") == Interval(0.0, 1.0)


@pytest.mark.parametrize("hits", [0, 1, 12_345, 10**7, 5 * 10**7, 10**8 - 2, 10**8])
def test_a_hundred_million_trials(hits: int) -> None:
    trials, side = 10**8, fmpq(1, 200)
    interval = proportion(hits=hits, trials=trials, confidence="0.99")
    with ctx.workprec(150):
        # three doubles inward the claim would be wrong: nothing is given away
        if hits > 0:
            assert (
                upper_tail(hits=hits, trials=trials, probability=rational(interval.lower)) <= side
            )
            inward = rational(three(interval.lower, 1.0))
            assert upper_tail(hits=hits, trials=trials, probability=inward) > side
        if hits < trials:
            misses, high = trials - hits, 1 - rational(interval.upper)
            assert upper_tail(hits=misses, trials=trials, probability=high) <= side
            inward = 1 - rational(three(interval.upper, 0.0))
            assert upper_tail(hits=misses, trials=trials, probability=inward) > side
    assert (interval.lower == 0) == (hits == 0)
    assert (interval.upper == 1) == (hits == trials)


@pytest.mark.parametrize(("hits", "p"), [(500_900, "1/2"), (500_001, "1/2"), (100_700, "1/10")])
def test_the_beta_function_agrees_with_the_sum(
    hits: int, p: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = fmpq(*map(int, p.split("/")))
    with ctx.workprec(100):
        fast = upper_tail(hits=hits, trials=10**6, probability=chance)
        monkeypatch.setattr(intervals, "_MANY", 10**12)
        slow = upper_tail(hits=hits, trials=10**6, probability=chance)
    assert fast.overlaps(slow)
    # 20 bits of log-gammas, and up to 2^10 roundings in each of some 2^12 terms
    assert min(fast.rel_accuracy_bits(), slow.rel_accuracy_bits()) >= 58


@pytest.mark.parametrize("p", [fmpq(0), fmpq(1, 3), fmpq(9, 10), fmpq(1)])
def test_p_values_are_rounded_up_and_no_more(p: fmpq) -> None:
    for trials in (0, 1, 9):
        for hits in range(trials + 1):
            truth = at_least(hits, trials, p)
            found = rational(p_value(hits=hits, trials=trials, probability=p))
            assert truth <= found <= truth * (1 + fmpq(1, 2**51))


def test_holm_multiplies_by_what_is_left() -> None:
    assert holm([]) == ()
    assert holm([0.5]) == (0.5,)
    assert holm([0.25, 0.125, 0.75]) == (0.5, 0.375, 0.75)
    assert holm([0.25, 0.25]) == (0.5, 0.5)
    assert holm([1.0, 0.9]) == (1.0, 1.0)


def test_holm_rejects_as_the_procedure_says() -> None:
    """Step down: the smallest against s/m, the next against s/(m-1), until one is not below."""
    values, level = [0.001, 0.04, 0.011, 0.03, 0.0124], 0.05
    rejected = set()
    for rank, i in enumerate(sorted(range(5), key=values.__getitem__)):
        if rational(values[i]) * (5 - rank) > rational(level):
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(values)) if p <= level} == rejected
    assert 0 < len(rejected) < 5


def test_a_difference_is_that_of_the_far_ends() -> None:
    found = difference(Interval(0.3, 0.4), Interval(0.1, 0.25))
    assert rational(found.lower) <= rational(0.3) - rational(0.25)
    assert rational(found.upper) >= rational(0.4) - rational(0.1)
    assert found.upper - found.lower < 0.2500001


def test_balls_become_doubles_outside() -> None:
    with ctx.workprec(200):
        third = arb(1) / 3
        found = outward(third)
        assert arb(found.lower) < third < arb(found.upper)
    assert fmpq(1, 3) in found
    assert fmpq(1, 2) not in found
    assert outward(fmpq(1, 2)) == Interval(0.5, 0.5)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"hits": 5}, "hits"),
        ({"hits": -1}, "hits"),
        ({"trials": 1.5}, "trials"),
        ({"trials": 10**13}, "trials"),
        ({"confidence": 0}, "confidence"),
        ({"confidence": 1}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
    ],
)
def test_bad_input_is_named(wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}="):
        proportion(**({"hits": 1, "trials": 4, "confidence": "0.9"} | wrong))


def test_a_p_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ParameterError, match="p_value"):
        holm([0.1, float("nan")])
