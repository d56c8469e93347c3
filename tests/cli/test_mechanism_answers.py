"""`mipriv.mechanism`: rates and means against the most powerful test and the total variation of laws."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from flint import ctx, fmpq

import mipriv
from mipriv.accounting.mechanisms import (
    ExponentialMechanism,
    GaussianMechanism,
    GeometricMechanism,
    LaplaceMechanism,
    Mechanism,
    RandomisedResponse,
)
from mipriv.calculator.mechanisms import geometric, mechanism
from mipriv.errors import ParameterError
from mipriv.guarantee import Kind, Loss
from mipriv.rigor.enclosure import Enclosure
from tests.strategies import MP, number

RATES = ("0", "0.001", "0.1", "0.37", "0.5", "0.9", "1")
# what 60-digit sums of a few hundred terms, and laws cut off below 1e-50, may err by
SLACK = MP.mpf(10) ** -45


def holds(found: Loss, truth: Any) -> None:
    """Both ends, and those of the complement, at 20 digits."""
    assert number(found.lower) - SLACK <= truth <= number(found.upper) + SLACK
    room = found.complement
    assert room is not None
    assert number(room.lower) - SLACK <= 1 - truth <= number(room.upper) + SLACK
    assert found.upper - found.lower <= 2e-20


def power(p: list[Any], q: list[Any], fpr: Any) -> Any:
    """Largest p-mass of a randomised event of q-mass fpr: by falling likelihood ratio."""
    hits, left = MP.mpf(0), MP.mpf(fpr)
    for x, y in sorted(zip(p, q, strict=True), key=lambda pair: pair[0] / pair[1], reverse=True):
        share = min(MP.mpf(1), left / y)
        hits, left = hits + share * x, left - share * y
    return hits


def variation(p: list[Any], q: list[Any]) -> Any:
    return MP.fsum(abs(x - y) for x, y in zip(p, q, strict=True)) / 2


def rate(learner: Mechanism, n: int, fpr: str) -> Loss:
    found = mechanism(learner=learner, n=n, fpr=fpr, digits=20).tpr
    assert found is not None
    return found


def near(learner: Mechanism, n: int, tau: str) -> Loss:
    found = mechanism(learner=learner, n=n, tau=tau, digits=20).population
    assert found is not None
    return found


def discrete(epsilon: str, shift: int) -> list[Any]:
    """Discrete Laplace noise around a whole number, cut off where less than 1e-51 is left."""
    eps = MP.mpf(epsilon)
    reach = math.ceil(118 / float(epsilon)) + 12
    r = MP.exp(-eps)
    return [(1 - r) / (1 + r) * r ** abs(x - shift) for x in range(-reach, reach + 1)]


@pytest.mark.parametrize("fpr", RATES)
@pytest.mark.parametrize(("sensitivity", "n"), [(1, 1), (1, 2), (1, 5), (3, 2), (2, 0)])
def test_the_rate_of_geometric_noise(sensitivity: int, n: int, fpr: str) -> None:
    found = rate(GeometricMechanism(epsilon="0.8", sensitivity=sensitivity), n, fpr)
    truth = power(discrete("0.8", sensitivity * n), discrete("0.8", 0), fpr)
    assert found.kind is Kind.EXACT
    holds(found, truth if fpr != "1" else MP.mpf(1))


@pytest.mark.parametrize("fpr", RATES[1:-1])
@pytest.mark.parametrize("n", [1, 3])
def test_the_rate_of_the_exponential_mechanism(n: int, fpr: str) -> None:
    found = rate(ExponentialMechanism(epsilon="0.7"), n, fpr)
    alarm = number(fpr)
    # two outputs: the log odds of the first move by epsilon for each record
    truth = 1 / (1 + (1 - alarm) / alarm * MP.exp(-n * MP.mpf("0.7")))
    holds(found, truth)
    # no law over five outputs within the range n epsilon has a better test
    draw = random.Random(n)
    for _ in range(50):
        q = [MP.mpf(draw.uniform(0.01, 1)) for _ in range(5)]
        p = [y * MP.exp(MP.mpf("0.7") * n * MP.mpf(draw.random())) for y in q]
        p, q = ([x / MP.fsum(law) for x in law] for law in (p, q))
        assert power(p, q, alarm) <= truth + SLACK


def answers(epsilon: str, symbols: int, n: int) -> tuple[list[Any], list[Any]]:
    """Laws of all n answers when every truth is the first symbol, and when it is the second."""
    odds = MP.exp(MP.mpf(epsilon))
    laws = [
        [(odds if s == truth else MP.mpf(1)) / (odds + symbols - 1) for s in range(symbols)]
        for truth in (0, 1)
    ]
    lists = list(itertools.product(range(symbols), repeat=n))
    first, second = ([MP.fprod(law[s] for s in one) for one in lists] for law in laws)
    return first, second


@pytest.mark.parametrize("fpr", RATES)
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_the_rate_of_two_symbols(n: int, fpr: str) -> None:
    found = rate(RandomisedResponse(epsilon="0.6"), n, fpr)
    assert found.kind is Kind.EXACT
    first, second = answers("0.6", 2, n)
    holds(found, power(second, first, fpr) if fpr != "1" else MP.mpf(1))


@pytest.mark.parametrize("fpr", RATES)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_rate_of_three_symbols_is_not_exceeded(n: int, fpr: str) -> None:
    found = rate(RandomisedResponse(epsilon="0.6", symbols=3), n, fpr)
    first, second = answers("0.6", 3, n)
    truth = power(second, first, fpr)
    assert truth <= number(found.upper) + SLACK
    loss = number(mechanism(learner=RandomisedResponse(epsilon="0.6", symbols=3), n=n).loss.upper)
    assert number(found.upper) <= number(fpr) + loss + SLACK


def test_nothing_is_found_where_nothing_is_told() -> None:
    for learner in (
        RandomisedResponse(epsilon=0),
        RandomisedResponse(epsilon=0, symbols=4),
        ExponentialMechanism(epsilon=0),
        GeometricMechanism(epsilon=1, sensitivity=0),
        LaplaceMechanism(sensitivity=0, scale=1),
        GaussianMechanism(sensitivity=0, standard_deviation=1),
    ):
        found = mechanism(learner=learner, n=7, fpr="0.25", tau="0.5")
        assert found.loss.upper == found.worst_case.upper == 0
        assert found.tpr is not None
        assert found.tpr.lower == found.tpr.upper == number("0.25")


def binomial(n: int, tau: Any) -> list[Any]:
    return [MP.binomial(n, k) * tau**k * (1 - tau) ** (n - k) for k in range(n + 1)]


@pytest.mark.parametrize("n", [1, 4, 30])
def test_close_populations_and_the_exponential_mechanism(n: int) -> None:
    found = near(ExponentialMechanism(epsilon="0.7"), n, "0.3")
    masses = binomial(n, MP.mpf("0.3"))
    # K records push the odds of the first output up, or down
    odds = [MP.exp(k * MP.mpf("0.7") / 2) for k in range(n + 1)]
    up = MP.fsum(m * o / (1 + o) for m, o in zip(masses, odds, strict=True))
    holds(found, 2 * up - 1)
    assert found.kind is Kind.EXACT


def mixture(n: int, tau: str, step: int) -> list[Any]:
    """Law of a noisy sum in which each of Bin(n, tau) records adds `step`, at 0.8 nats."""
    masses = binomial(n, MP.mpf(tau))
    laws = [discrete("0.8", k * step) for k in range(n + 1)]
    return [
        MP.fsum(m * x for m, x in zip(masses, column, strict=True))
        for column in zip(*laws, strict=True)
    ]


def test_close_populations_and_geometric_noise() -> None:
    even = near(GeometricMechanism(epsilon="0.8", sensitivity=2), 4, "0.3")
    assert even.kind is Kind.EXACT
    holds(even, variation(mixture(4, "0.3", 1), mixture(4, "0.3", -1)))
    both = GeometricMechanism(epsilon="0.8", adjacency="add-remove")  # type: ignore[arg-type]
    assert near(both, 4, "0.3").value == even.value
    for sensitivity in (1, 3):
        odd = near(GeometricMechanism(epsilon="0.8", sensitivity=sensitivity), 4, "0.3")
        assert odd.kind is Kind.UPPER_BOUND
        least = variation(mixture(4, "0.3", sensitivity), mixture(4, "0.3", 0))
        assert least <= number(odd.upper)
    assert near(GeometricMechanism(epsilon="0.8"), 4, "1").kind is Kind.EXACT


@pytest.mark.parametrize("base", ["0", "0.2", "0.5"])
def test_close_populations_and_randomised_response(base: str) -> None:
    n, tau, keep = 12, MP.mpf("0.3"), MP.exp(MP.mpf("0.5")) / (1 + MP.exp(MP.mpf("0.5")))
    found = near(RandomisedResponse(epsilon="0.5"), n, "0.3")
    assert found.kind is Kind.UPPER_BOUND
    laws = []
    for secret in (0, 1):
        true = (1 - tau) * MP.mpf(base) + tau * secret
        shown = true * keep + (1 - true) * (1 - keep)
        laws.append(binomial(n, shown))
    assert variation(*laws) <= number(found.upper)
    masses = binomial(n, tau)
    means = [
        m * number(mechanism(learner=RandomisedResponse(epsilon="0.5"), n=k, digits=30).loss.upper)
        for k, m in enumerate(masses)
    ]
    # 13 losses, each rounded up at 30 digits
    assert abs(MP.fsum(means) - number(found.upper)) < MP.mpf(10) ** -19


def test_a_mean_over_many_sizes_is_wide_and_holds() -> None:
    learner = RandomisedResponse(epsilon="0.3")
    found = near(learner, 20_000, "0.01")
    assert found.wide
    tau, mass, truth = MP.mpf("0.01"), MP.mpf("0.99") ** 20_000, MP.mpf(0)
    for k in range(400):  # 14 standard deviations above the mean of 200: less than 1e-30 is left
        with ctx.workprec(160):
            truth += mass * number(Enclosure.of(learner.group_loss(k=k), 40).upper)
        mass *= (20_000 - k) * tau / ((k + 1) * (1 - tau))
    assert number(found.lower) <= truth <= number(found.upper)


def test_an_answer_says_what_its_claim_would_allow() -> None:
    found = mechanism(learner=RandomisedResponse(epsilon="0.1"), n=100)
    assert found.claim_alone == mipriv.bound(epsilon="0.1", n=100).worst_case
    assert "by its claim alone" in str(found)
    plain = mechanism(learner=GeometricMechanism(epsilon="0.1"), n=100)
    assert plain.claim_alone.value == plain.worst_case.value
    assert "by its claim alone" not in str(plain)
    assert "<table>" in found._repr_html_()


def test_scales_of_discrete_noise() -> None:
    assert geometric(scale="2.5", sensitivity=4).guarantee().epsilon == fmpq(8, 5)
    for given in ({}, {"epsilon": 1, "scale": 1}, {"scale": 0}, {"scale": "inf"}):
        with pytest.raises(ParameterError):
            geometric(**given)
