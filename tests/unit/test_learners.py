"""Learners with finitely many outcomes, against the definitions of privacy and of the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from mipriv.errors import ParameterError
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP
from mipriv.laws import DiscreteLaplace, Tulap
from mipriv.learn import (
    ExponentialMechanism,
    ExtremalCount,
    HistogramNaiveBayes,
    NoisySum,
    RandomisedResponse,
)
from mipriv.learn.drawing import draw_exactly
from mipriv.loss.population import population
from mipriv.loss.worst_case import worst_case
from mipriv.populations import FiniteFamily, bernoulli, extremal
from mipriv.roles import FiniteOutput, OnTheLine, Simulated
from tests.unit.learner_checks import (
    additions,
    is_private,
    mean_ratio,
    pure_width,
    repeated,
    replacements,
    uniform_width,
)

VOTES = ((1, 0, 0), (0, 1, 0), ("0.5", "0.5", 2))


def advantage(learner: Any, family: FiniteFamily, n: int) -> arb:
    """Total variation between the outputs under the two secrets, by enumerating data sets."""
    gaps: list[Any] = []
    for counts, (first, second) in family.histograms(n):
        masses = learner.probabilities(counts)
        gaps = gaps or [arb(0)] * len(masses)
        gaps = [gap + (first - second) * mass for gap, mass in zip(gaps, masses, strict=True)]
    return sum((abs(gap) for gap in gaps), arb(0)) / 2


def inside(value: arb, loss: Any) -> bool:
    """Whether an enclosure of 15 digits and the ball overlap."""
    low, high = fmpq(*loss.lower.as_integer_ratio()), fmpq(*loss.upper.as_integer_ratio())
    return bool(value.lower() <= high and value.upper() >= low and value.rad() < fmpq(1, 10**12))


@pytest.mark.parametrize("adjacency", list(Adjacency))
@pytest.mark.parametrize(("epsilon", "delta"), [("0.5", "0"), ("0.7", "0.05"), ("0", "0.2")])
def test_the_extremal_count_attains_both_theorems(
    epsilon: str, delta: str, adjacency: Adjacency
) -> None:
    claim = ApproxDP(epsilon=epsilon, delta=delta, adjacency=adjacency)
    for n in (1, 2, 3, 4):
        two = ExtremalCount(epsilon=epsilon, delta=delta, adjacency=adjacency)
        game = PopulationGame(n=n)
        found = advantage(two, bernoulli(p0=0, p1=1), n)
        assert inside(found, worst_case(claim, game, digits=15))
        three = ExtremalCount(
            epsilon=epsilon,
            delta=delta,
            adjacency=adjacency,
            symbols=3,
        )
        game = PopulationGame(n=n, tau="0.3")
        found = advantage(three, extremal(tau="0.3"), n)
        assert inside(found, population(claim, game, digits=15))


@pytest.mark.parametrize("symbols", [2, 3])
@pytest.mark.parametrize(("epsilon", "delta"), [("0.5", "0"), ("0.7", "0.05"), ("0", "0.2")])
def test_the_extremal_count_is_private_and_no_more(epsilon: str, delta: str, symbols: int) -> None:
    for adjacency, pairs in (
        (Adjacency.REPLACE_ONE, replacements),
        (Adjacency.ADD_REMOVE, additions),
    ):
        learner = ExtremalCount(
            epsilon=epsilon,
            delta=delta,
            symbols=symbols,
            adjacency=adjacency,
        )
        claim = learner.guarantee()
        for n in (1, 4, 5):
            assert is_private(learner, claim, pairs(n, symbols))
        # the chain is tight: any smaller claim is broken by one step near the middle
        for smaller in (
            ApproxDP(epsilon=claim.epsilon * fmpq(99, 100), delta=claim.delta * fmpq(99, 100)),
            ApproxDP(epsilon=claim.epsilon, delta=claim.delta - fmpq(1, 10**6))
            if claim.delta
            else ApproxDP(epsilon=claim.epsilon - fmpq(1, 10**6)),
        ):
            assert not is_private(learner, smaller, pairs(5, symbols))


@pytest.mark.parametrize(("epsilon", "delta"), [("0.5", "0"), ("0.7", "0.05"), ("0.1", "0.3")])
def test_the_extremal_count_is_a_count_with_tulap_noise_above_half(
    epsilon: str, delta: str
) -> None:
    learner = ExtremalCount(epsilon=epsilon, delta=delta)
    noise = Tulap(epsilon=epsilon, delta=delta)
    for n in (1, 2, 5, 8):
        for ones in range(n + 1):
            above = 1 - noise.cdf(fmpq(n, 2) - ones)
            assert arb(learner.probabilities((n - ones, ones))[1]).overlaps(above)


def test_the_extremal_count_keeps_rare_outcomes_and_certain_ones() -> None:
    rare = ExtremalCount(epsilon=1).probabilities((1000, 0))[1]
    # (1 - TV*_1000)/2 = e^-500/2 at even n and delta = 0
    assert rare.overlaps(arb(-500).exp() / 2)
    assert rare.rel_accuracy_bits() > 30
    sure = ExtremalCount(epsilon=1, delta="0.5")
    assert sure.probabilities((2, 0)) == (1, 0)
    assert sure.probabilities((0, 9)) == (0, 1)
    assert sure.log_likelihood(np.array([[0.0], [1.0]]), (2, 0)).tolist() == [0, -np.inf]


@pytest.mark.parametrize("adjacency", list(Adjacency))
def test_the_exponential_mechanism_keeps_its_curve(adjacency: Adjacency) -> None:
    learner = ExponentialMechanism(epsilon=2, utilities=VOTES, adjacency=adjacency)
    pairs = replacements if adjacency is Adjacency.REPLACE_ONE else additions
    claim = learner.guarantee()
    for n in (0, 1, 4):
        assert is_private(learner, claim, pairs(n, 3))
    # a vote between two options is the worst of its kind: it attains the row at epsilon = 0
    vote = ExponentialMechanism(epsilon=2, utilities=((1, 0), (0, 1)))
    assert is_private(vote, vote.guarantee(), replacements(1, 2))
    less = ApproxDP(epsilon=0, delta=vote.guarantee().rows[0][1] - fmpq(1, 10**9))
    assert not is_private(vote, less, replacements(1, 2))


def test_the_exponential_mechanism_spreads_by_its_definition() -> None:
    vote = ExponentialMechanism(epsilon=1, utilities=((1, 0), (0, 1)))
    assert vote.spread == 2  # 2 Delta
    same = ExponentialMechanism(epsilon=1, utilities=((1, 0), (0, 0)))
    assert same.spread == 1  # monotone utilities: half of it
    masses = vote.probabilities((1, 4))
    assert (masses[1] / masses[0]).overlaps(arb(fmpq(3, 2)).exp())


@pytest.mark.parametrize("symbols", [2, 3])
def test_randomised_response_is_private_and_no_more(symbols: int) -> None:
    learner = RandomisedResponse(epsilon="0.8", symbols=symbols, n=4)
    claim = learner.guarantee()
    assert is_private(learner, claim, replacements(4, symbols))
    one = RandomisedResponse(epsilon="0.8", symbols=symbols, n=1)
    assert not is_private(one, ApproxDP(epsilon="0.799"), replacements(1, symbols))


def test_data_sets_of_one_score_have_one_law() -> None:
    """Attackers enumerate sums of `scores` in place of histograms."""
    three = ExtremalCount(epsilon="0.5", symbols=3)
    vote = ExponentialMechanism(epsilon=1, utilities=((1, 0, 2), (0, 1, 2)))
    assert three.scores == (0, -1, 1)
    assert vote.scores == (1, -1, 0)
    assert ExponentialMechanism(epsilon=1, utilities=VOTES).scores is None
    for learner, one, other in ((three, (2, 1, 2), (0, 2, 3)), (vote, (2, 1, 2), (1, 0, 4))):
        pairs = zip(learner.probabilities(one), learner.probabilities(other), strict=True)
        assert all(p.overlaps(q) for p, q in pairs)


def test_randomised_response_loses_what_its_mechanism_does() -> None:
    """All records replaced, and a population in between by its product law."""
    for symbols, n in ((2, 5), (3, 4)):
        learner = RandomisedResponse(epsilon=1, symbols=symbols, n=n)
        ends = FiniteFamily(
            tuple(tuple(fmpq(int(v == own)) for v in range(symbols)) for own in (0, symbols - 1))
        )
        assert advantage(learner, ends, n).overlaps(arb(learner.mechanism.group_loss(k=n)))
    odds = arb(1).exp()
    flip = 1 / (1 + odds)
    found = advantage(RandomisedResponse(epsilon=1, n=2), bernoulli(p0="0.2", p1="0.6"), 2)
    seen = [p * (1 - flip) + (1 - p) * flip for p in (fmpq(1, 5), fmpq(3, 5))]
    laws = [((1 - p) ** 2, 2 * p * (1 - p), p * p) for p in seen]
    assert found.overlaps(sum(abs(a - b) for a, b in zip(*laws, strict=True)) / 2)


@pytest.mark.parametrize(
    ("learner", "here", "there"),
    [
        (ExtremalCount(epsilon=1, symbols=3), (1, 2, 1), (1, 1, 2)),
        (ExponentialMechanism(epsilon=1, utilities=VOTES), (2, 1, 2), (1, 1, 3)),
        (RandomisedResponse(epsilon=1, symbols=3, n=4), (2, 1, 1), (1, 2, 1)),
    ],
)
def test_draws_follow_the_law(learner: Any, here: Any, there: Any) -> None:
    """False alarm 1e-6 an outcome and once for the ratio, over the seeds."""
    trials = 20_000
    outcomes = learner.simulate(repeated(here, trials), np.random.default_rng(7))[:, 0]
    for outcome, mass in enumerate(learner.probabilities(here)):
        share = (outcomes == outcome).mean()
        assert abs(share - float(arb(mass))) <= uniform_width(trials)
    assert abs(mean_ratio(learner, here, there, trials, 8) - 1) <= pure_width(1, trials)
    again = learner.simulate(repeated(here, 50), np.random.default_rng(7))
    assert (again == learner.simulate(repeated(here, 50), np.random.default_rng(7))).all()


def test_draws_of_another_law_are_noticed() -> None:
    """Both checks above can fail: the law of twice the epsilon is told from the right one."""
    right, wrong = (ExtremalCount(epsilon=e, symbols=3) for e in (1, 2))
    outcomes = wrong.simulate(repeated((1, 1, 2), 20_000), np.random.default_rng(7))
    logs = right.log_likelihood(outcomes, (1, 2, 1)) - right.log_likelihood(outcomes, (1, 1, 2))
    assert abs(np.exp(logs).mean() - 1) > pure_width(1, 20_000)


def test_simulated_mixtures_of_histograms_match_enumeration() -> None:
    """Data drawn too: the share of outcome 1 under each secret; false alarm 1e-6 a secret."""
    learner, family, trials = ExtremalCount(epsilon=1, symbols=3), extremal(tau="0.4"), 20_000
    rng = np.random.default_rng(3)
    for secret in (0, 1):
        counts = family.sample_counts(secret, 5, trials, rng)
        share = learner.simulate(counts, rng).mean()
        truth = sum(
            (arb(weights[secret]) * learner.probabilities(histogram)[1])
            for histogram, weights in family.histograms(5)
        )
        assert abs(share - float(truth)) <= uniform_width(trials)


def test_exact_draws_invert_the_cumulative_masses() -> None:
    masses = [fmpq(1, 3), fmpq(0), fmpq(1, 6), fmpq(1, 2)]

    def outcome(*blocks: int) -> int:
        left = list(blocks)
        return draw_exactly(lambda: masses, below=lambda _: left.pop(0))

    whole = 1 << 64
    assert outcome(0) == 0
    assert outcome(whole - 1) == 3
    third = whole // 3  # [third, third + 1]/2^64 holds 1/3, so the next block decides
    assert outcome(third, third - 1) == 0
    assert outcome(third, third + 1) == 2
    assert outcome(third, third, 0) == 0  # 1/3 again: twice as many bits
    assert outcome(whole // 2 - 1) == 2
    assert outcome(whole // 2) == 3
    # balls that reach beyond their neighbour are refined by more bits, never guessed
    calls = []

    def law() -> list[arb]:
        calls.append(ctx.prec)
        third_ball = arb(1) / 3
        return [third_ball, 1 - third_ball]

    left = [third, third - 1]
    assert draw_exactly(law, below=lambda _: left.pop(0)) == 0
    assert len(calls) == 2
    assert calls[1] > calls[0]


def test_releases_are_outcomes_of_the_records() -> None:
    records = [0, 1, 1, 2]
    assert ExtremalCount(epsilon=1, delta="0.5").release([1, 1, 1, 0]) == 1
    choice = ExponentialMechanism(epsilon=1, utilities=VOTES).release(records)
    assert choice in (0, 1, 2)
    sure = RandomisedResponse(epsilon=400, symbols=3, n=4)
    # a wrong answer has chance below 4 * 2 e^-400
    assert sure.release(records).tolist() == records
    sums = NoisySum(scores=(0, 1), noise=DiscreteLaplace(epsilon=400))
    assert sums.release([0, 1, 1]) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ExtremalCount(epsilon=-1),
        lambda: ExtremalCount(epsilon=1, first=1, second=1),
        lambda: ExtremalCount(epsilon=1, symbols=1),
        lambda: ExtremalCount(epsilon=1).probabilities((1, 2, 3)),
        lambda: ExtremalCount(epsilon=1).probabilities((1, -2)),
        lambda: ExtremalCount(epsilon=1).probabilities((1, 0.5)),
        lambda: ExtremalCount(epsilon=1).release([0, 2]),
        lambda: ExtremalCount(epsilon=1).release([-1]),
        lambda: ExtremalCount(epsilon=1).release([0.5]),
        lambda: ExtremalCount(epsilon=1).simulate(np.ones((2, 3), int), np.random.default_rng(0)),
        lambda: ExtremalCount(epsilon=1).simulate(np.ones((2, 2)), np.random.default_rng(0)),
        lambda: ExponentialMechanism(epsilon=1, utilities=((1, 1), (0, 0))),
        lambda: ExponentialMechanism(epsilon=1, utilities=((1, 0), (0,))),
        lambda: RandomisedResponse(epsilon=1, n=0),
        lambda: RandomisedResponse(epsilon=1, n=1000, symbols=4),
        lambda: RandomisedResponse(epsilon=1, n=2).probabilities((1, 2)),
        lambda: RandomisedResponse(epsilon=1, n=2).release([0]),
    ],
)
def test_what_is_no_learner_or_no_record_is_refused(wrong: Any) -> None:
    with pytest.raises(ParameterError):
        wrong()


def test_learners_play_the_roles_that_attackers_look_for() -> None:
    finite = ExtremalCount(epsilon=1)
    assert isinstance(finite, FiniteOutput)
    assert isinstance(finite, Simulated)
    assert not isinstance(finite, OnTheLine)
    line = NoisySum(scores=(0, 1), noise=DiscreteLaplace(epsilon=1))
    assert isinstance(line, OnTheLine)
    assert isinstance(line, Simulated)
    assert not isinstance(line, FiniteOutput)
    vector = HistogramNaiveBayes(classes=2, levels=(2,), noise=DiscreteLaplace(epsilon=1))
    assert isinstance(vector, Simulated)
    assert not isinstance(vector, OnTheLine | FiniteOutput)
