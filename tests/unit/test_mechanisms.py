"""Mechanisms against the definition: total variation between their own output laws."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx, fmpq

from mipriv.accounting.mechanisms import (
    MOST_RECORDS,
    ExponentialMechanism,
    GaussianMechanism,
    GeometricMechanism,
    LaplaceMechanism,
    Mechanism,
    RandomisedResponse,
)
from mipriv.errors import ParameterError
from mipriv.game import PopulationGame
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.enclosure import Enclosure
from tests.strategies import MP, number

DIGITS = 30


def enclosed(value: Any) -> Enclosure:
    return Enclosure.of(value, DIGITS)


def at(mechanism: Mechanism, k: int) -> tuple[Enclosure, Enclosure]:
    with ctx.workprec(160):
        return enclosed(mechanism.group_loss(k=k)), enclosed(mechanism.group_headroom(k=k))


def holds(found: tuple[Enclosure, Enclosure], truth: Any) -> None:
    """The 60-digit truth errs below 1e-50: widen by that, far less than 30 digits can show."""
    slack = MP.mpf(10) ** -50
    loss, hidden = found
    assert number(loss.lower) - slack <= truth <= number(loss.upper) + slack
    assert number(hidden.lower) - slack <= 1 - truth <= number(hidden.upper) + slack
    assert loss.upper - loss.lower < Fraction(1, 10**25)


@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_gaussian_noise_by_quadrature(k: int) -> None:
    found = at(GaussianMechanism(sensitivity="0.3", standard_deviation=2), k)
    middle = k * MP.mpf("0.15") / 2
    truth = 2 * MP.quad(MP.npdf, [0, middle])  # the densities cross half way
    holds(found, truth)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_laplace_noise_by_quadrature(k: int) -> None:
    found = at(LaplaceMechanism(sensitivity=1, scale=4), k)
    middle = k * MP.mpf("0.25") / 2
    truth = 2 * MP.quad(lambda x: MP.exp(-x) / 2, [0, middle])
    holds(found, truth)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("sensitivity", [1, 2, 3])
def test_geometric_noise_by_summing_the_law(k: int, sensitivity: int) -> None:
    mechanism = GeometricMechanism(epsilon="0.5", sensitivity=sensitivity)
    r, m = MP.exp(MP.mpf("-0.5")), k * sensitivity

    def mass(x: int) -> Any:
        return (1 - r) / (1 + r) * r ** abs(x)

    # beyond 300 the law has less than e^-150 < 1e-60 left
    truth = sum(abs(mass(x) - mass(x - m)) for x in range(-300, 301 + m)) / 2
    holds(at(mechanism, k), truth)


def test_geometric_noise_attains_the_worst_case_of_pure_privacy() -> None:
    for k in range(1, 8):
        loss, _ = at(GeometricMechanism(epsilon="0.3"), k)
        claim = GeometricMechanism(epsilon="0.3").guarantee()
        assert loss == worst_case(claim, PopulationGame(n=k), digits=DIGITS).value
    coarse = GeometricMechanism(epsilon="0.3", sensitivity=2)
    bound = worst_case(coarse.guarantee(), PopulationGame(n=3), digits=DIGITS)
    assert at(coarse, 3)[0].upper < bound.lower


def test_gaussian_and_laplace_claims_lose_what_the_mechanism_does() -> None:
    for mechanism in (
        GaussianMechanism(sensitivity=1, standard_deviation=3),
        LaplaceMechanism(sensitivity=1, scale=3, adjacency="add-remove"),  # type: ignore[arg-type]
    ):
        bound = worst_case(mechanism.guarantee(), PopulationGame(n=4), digits=DIGITS)
        assert at(mechanism, 4)[0] == bound.value


def response_law(epsilon: Any, symbols: int, truth: int) -> list[Any]:
    odds = MP.exp(epsilon)
    return [(odds if s == truth else MP.mpf(1)) / (odds + symbols - 1) for s in range(symbols)]


@pytest.mark.parametrize("symbols", [2, 3, 5])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_randomised_response_by_enumerating_all_answers(symbols: int, k: int) -> None:
    epsilon = MP.mpf("0.7")
    laws = [response_law(epsilon, symbols, truth) for truth in (0, 1)]
    truth = MP.mpf(0)
    for answers in itertools.product(range(symbols), repeat=k):
        p, q = (MP.fprod(law[s] for s in answers) for law in laws)
        truth += abs(p - q) / 2
    holds(at(RandomisedResponse(epsilon="0.7", symbols=symbols), k), truth)


@pytest.mark.parametrize("k", [999, 10_000])
def test_many_coins_by_their_binomial_law(k: int) -> None:
    """TV between Bin(k, p) and Bin(k, 1-p): the loss of the number of ones, a sufficient statistic."""
    p = MP.exp(MP.mpf("0.02")) / (1 + MP.exp(MP.mpf("0.02")))
    mass, above = (1 - p) ** k, MP.mpf(0)
    reversed_mass, reversed_above = p**k, MP.mpf(0)
    for ones in range(1, k + 1):
        mass *= p / (1 - p) * (k - ones + 1) / ones
        reversed_mass *= (1 - p) / p * (k - ones + 1) / ones
        if 2 * ones > k:
            above += mass
            reversed_above += reversed_mass
    # 4 k products at 60 digits err below 1e-54 of the result
    holds(at(RandomisedResponse(epsilon="0.02"), k), above - reversed_above)


def test_two_of_three_symbols_need_more_records() -> None:
    two, three = (RandomisedResponse(epsilon=1, symbols=s) for s in (2, 3))
    for k in (1, 2, 7, 50):
        assert at(three, k)[0].upper < at(two, k)[0].lower


def test_value_and_headroom_of_many_records_fit_together() -> None:
    for mechanism in (RandomisedResponse(epsilon="0.1", symbols=4), RandomisedResponse(epsilon=2)):
        for k in (2_000, 2_001):
            with ctx.workprec(200):
                total = mechanism.group_loss(k=k) + mechanism.group_headroom(k=k)
                assert arb(1) in total
                hidden = arb(0) + mechanism.group_headroom(k=k)
                assert hidden > 0
                assert hidden.rel_accuracy_bits() > 150


def test_a_sum_cut_short_still_holds_the_truth() -> None:
    """A million terms decide eps = 1e-5 at k = 2e6; half of them are bounded.

    At so small an epsilon the loss is the normal one to 1e-3 (Berry, Esseen: 0.4748/sqrt k per tail).
    """
    loss = arb(0) + RandomisedResponse(epsilon="1e-5").group_loss(k=2 * 10**6)
    normal = (arb(2 * 10**6).sqrt() * fmpq(1, 2 * 10**5) / arb(2).sqrt()).erf()
    assert loss.lower() - fmpq(1, 1000) < normal < loss.upper() + fmpq(1, 1000)
    assert loss.rad() < normal


@pytest.mark.parametrize("k", [1, 2, 3])
def test_exponential_mechanism_attains_its_loss(k: int) -> None:
    """Utilities +-(c - k/2), c the number of ones: sensitivity 1, data sets of no ones and k ones."""
    epsilon = MP.mpf("0.8")
    outputs = []
    for ones in (0, k):
        weights = [MP.exp(epsilon * sign * (ones - MP.mpf(k) / 2) / 2) for sign in (1, -1)]
        outputs.append(weights[0] / sum(weights))
    holds(at(ExponentialMechanism(epsilon="0.8"), k), outputs[1] - outputs[0])


def test_no_exponential_mechanism_loses_more() -> None:
    """Utilities on a grid over three outputs, one record changed."""
    epsilon = 0.8
    bound = float(at(ExponentialMechanism(epsilon="0.8"), 1)[0].upper)
    grid = [0, 0.5, 1]
    worst = 0.0
    for before in itertools.product([0, 1, 2], repeat=3):
        for change in itertools.product([-1, *grid], repeat=3):
            laws = []
            for u in (before, [a + b for a, b in zip(before, change, strict=True)]):
                weights = [float(MP.exp(epsilon * x / 2)) for x in u]
                laws.append([w / sum(weights) for w in weights])
            worst = max(worst, sum(abs(p - q) for p, q in zip(*laws, strict=True)) / 2)
    assert 0.9 * bound < worst <= bound + 1e-15  # a dozen roundings of numbers below 1


def test_the_bounded_range_curve_holds_and_beats_pure_privacy() -> None:
    mechanism = ExponentialMechanism(epsilon=2)
    curve = worst_case(mechanism.guarantee(), PopulationGame(n=1), digits=20)
    assert at(mechanism, 1)[0].lower <= curve.upper
    # the row at e = 0 is the loss itself, rounded up in its 53rd bit
    assert curve.upper - at(mechanism, 1)[0].upper < Fraction(1, 2**50)
    for k in (2, 3, 9):
        group = worst_case(mechanism.guarantee(), PopulationGame(n=k), digits=20)
        pure = 1 - MP.exp(-k) if k % 2 == 0 else 1 - MP.exp(-k) / MP.cosh(1)
        assert at(mechanism, k)[0].upper < group.lower
        assert number(group.upper) < pure


def test_every_row_of_the_bounded_range_curve_is_valid() -> None:
    """Against two-valued ratios on a grid, which is where the supremum lies."""
    r = MP.mpf(2)
    for epsilon, delta in ExponentialMechanism(epsilon=2).guarantee().rows:
        for i in range(41):
            v = MP.exp(-r * i / 40)
            high = (1 - v) / (v * MP.expm1(r))  # mass of the larger ratio v e^r
            assert high * (v * MP.exp(r) - MP.exp(number(epsilon))) <= number(delta)


def test_nothing_changes_nothing_and_no_noise_budget_tells_nothing() -> None:
    for mechanism in (
        GaussianMechanism(sensitivity=0, standard_deviation=1),
        LaplaceMechanism(sensitivity=0, scale=1),
        GeometricMechanism(epsilon=0),
        GeometricMechanism(epsilon=1, sensitivity=0),
        ExponentialMechanism(epsilon=0),
        RandomisedResponse(epsilon=0, symbols=4),
    ):
        for k in (0, 5):
            assert mechanism.group_loss(k=k) == 0
            assert mechanism.group_headroom(k=k) == 1
    assert ExponentialMechanism(epsilon=0).guarantee().rows == ((fmpq(0), fmpq(0)),)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: GaussianMechanism(sensitivity=1, standard_deviation=0), "standard_deviation=0"),
        (lambda: GaussianMechanism(sensitivity=-1, standard_deviation=1), "sensitivity=-1"),
        (lambda: LaplaceMechanism(sensitivity=1, scale="nan"), "scale=nan"),
        (lambda: GeometricMechanism(epsilon=1, sensitivity="1.5"), "sensitivity=1.5"),
        (lambda: RandomisedResponse(epsilon=1, symbols=1), "symbols=1"),
        (lambda: RandomisedResponse(epsilon=1, adjacency="add-remove"), "adjacency=add-remove"),
        (lambda: RandomisedResponse(epsilon=1).group_loss(k=-1), "k=-1"),
        (
            lambda: RandomisedResponse(epsilon=1, symbols=3).group_loss(k=MOST_RECORDS + 1),
            "k=100001: must be at most 100000",
        ),
    ],
)
def test_bad_input_is_named(make: Any, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        make()
