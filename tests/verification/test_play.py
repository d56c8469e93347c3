"""Cells of the campaigns, played: what is exact is exact, what is wrong on purpose is seen."""

from __future__ import annotations

from typing import Any

import pytest
from flint import ctx, fmpq

from mipriv.attack import bayes
from mipriv.errors import ParameterError, PrecisionError, UnsupportedGuarantee
from mipriv.guarantee import ApproxDP, GaussianDP
from mipriv.laws import GaussianLaw
from mipriv.learn.noisy_sum import NoisySum
from mipriv.learn.sgd.models import LinearLoss
from mipriv.learn.sgd.train import DPSGD
from mipriv.populations.finite import bernoulli, extremal, identities, swap
from mipriv.rigor.decimals import exact
from verification.campaign import Campaign, Entry, campaigns
from verification.cell import Cell
from verification.play import play
from verification.registry import Setting, learner, populations
from verification.theory import Question, published, theory

EVERY = {path.stem: Campaign.read(path) for path in campaigns()}
OTHERS = ("mid-", "tradeoff-")  # games of inversion
ALL = {name: one for name, one in EVERY.items() if not name.startswith(OTHERS)}
ROUNDING = 1e-12  # asked for; the enclosures themselves end within 1e-15 of each other
NAMES = (
    "counting",
    "dp-against-mid",
    "dp-sgd",
    "extremal",
    "gaussian",
    "group-size",
    "logistic",
    "mid-linear",
    "mid-tree",
    "mid-vib",
    "population",
    "priors-and-secrets",
    "quick",
    "regression",
    "tradeoff-gmi",
    "tradeoff-knowledge-alignment",
    "tradeoff-map-linear",
    "tradeoff-map-tree",
    "tradeoff-update-leaks",
    "tradeoff-whitebox-map",
)


def entries(name: str, *, exact: bool = True) -> list[Entry]:
    return [one for one in ALL[name].entries if one.cell.exact is exact]


def cell(**changes: Any) -> Cell:
    given: dict[str, Any] = {
        "campaign": "test",
        "learner": {"name": "noisy-sum", "scores": [0, 1], "noise": {"law": "laplace", "scale": 5}},
        "population": {"name": "points", "secrets": 2},
        "n": 3,
        "parameters": {},
    }
    return Cell(**(given | changes))


def test_the_campaigns_are_there_and_every_learner_can_be_made() -> None:
    assert tuple(sorted(EVERY)) == NAMES
    for campaign in ALL.values():
        for one in campaign.entries:
            family = populations(one.cell.population)
            setting = Setting(n=one.cell.n, family=family, factor=fmpq(9, 10))
            assert learner(one.cell.learner, setting) is not None


@pytest.mark.parametrize("name", ["extremal", "population"])
def test_the_extremal_learner_attains_the_theory(name: str) -> None:
    for one in entries(name):
        if one.must is None and one.tightness and one.tightness[0] > 0.99:
            played = play(one.cell, 0, 0.01)
            assert played.observed.upper >= played.theory.lower - ROUNDING, one.cell
            assert played.observed.lower <= played.theory.upper, one.cell
            assert played.theory.upper - played.observed.lower <= ROUNDING, one.cell


def test_the_published_bound_is_not_attained_from_two_records_on() -> None:
    found = [one for one in entries("extremal") if one.cell.parameters.get("theorem")]
    assert found
    for one in found:
        played = play(one.cell, 0, 0.01)
        assert played.observed.upper < 0.999 * played.theory.lower


@pytest.mark.parametrize("name", sorted(ALL))
def test_exact_controls_do_what_they_must(name: str) -> None:
    for one in entries(name):
        if one.must is not None and one.cell.parameters.get("attacker") != "last-iterate":
            played = play(one.cell, 0, 0.01)
            scaled = one.cell.control == "theory-scaled"
            factor = float(one.cell.parameters["factor"]) if scaled else 1.0
            flagged = played.observed.lower > played.theory.upper * factor
            assert flagged == (one.must == "caught"), one.cell


def test_dp_sgd_in_trials() -> None:
    """The transcript of a linear loss reaches the mean of the dominating pairs, at level 1e-4."""
    quick = [
        one.cell for one in entries("quick", exact=False) if one.cell.learner["name"] == "dp-sgd"
    ]
    honest = next(one for one in quick if one.control is None)
    small = Cell(
        campaign="test",
        learner=honest.learner,
        population=honest.population,
        n=honest.n,
        parameters={"trials": 20_000},
    )
    played = play(small, 1, 1e-4)
    assert played.observed.lower <= played.theory.upper
    assert played.observed.upper >= 0.95 * played.theory.lower
    assert played.observed.trials == 20_000
    # nearly all of the bound is reached, so that as many hits as these are nothing strange
    assert played.p_value is not None
    assert 1e-4 < played.p_value < 1 - 1e-4
    again = play(small, 1, 1e-4)
    assert again == played
    assert play(small, 2, 1e-4) != played
    blind = play(
        Cell(
            campaign="test",
            learner=honest.learner,
            population=honest.population,
            n=honest.n,
            parameters={"trials": 20_000},
            control="shuffled",
        ),
        1,
        1e-4,
    )
    assert blind.theory.upper == 0
    assert blind.observed.lower <= 0 <= blind.observed.upper


def test_a_learned_attacker_is_played_below_the_optimum() -> None:
    learned = play(cell(parameters={"trials": 20_000, "attacker": "learned"}), 1, 1e-4)
    optimal = play(cell(), 1, 1e-4)
    assert learned.observed.lower <= optimal.observed.upper
    assert learned.observed.upper >= 0.9 * optimal.observed.lower
    with pytest.raises(PrecisionError, match="training=10"):  # it must show itself first
        play(cell(parameters={"trials": 100, "training": 10, "attacker": "learned"}), 1, 1e-4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"population": {"name": "nobody"}}, "population=nobody"),
        ({"population": {"name": "swap", "a": "0.3"}}, "population=swap"),
        ({"learner": {"name": "oracle"}}, "learner=oracle"),
        ({"learner": {"name": "extremal"}}, "learner=extremal: epsilon: must be given"),
        ({"parameters": {"attacker": "lucky"}}, "attacker=lucky"),
        ({"parameters": {"attacker": "lucky", "trials": 5}}, "attacker=lucky"),
        ({"parameters": {"queries": 5}}, "parameters=queries"),
        ({"parameters": {"factor": "0.9"}}, "factor="),
        ({"parameters": {"training": 5}}, "training="),
        (
            {"parameters": {"prior": "0.9"}, "population": {"name": "points", "secrets": 3}},
            "prior=",
        ),
        (
            {
                "learner": {"name": "extremal", "epsilon": 1},
                "parameters": {"prior": "0.5", "theorem": "published"},
            },
            "prior=",
        ),
        ({"learner": {"name": "extremal", "epsilon": 1, "dleta": 1}}, "dleta: must be left out"),
        (
            {
                "learner": {
                    "name": "noisy-sum",
                    "scores": [0, 1],
                    "noise": {"law": "tulap", "epsilon": 1, "dleta": 1},
                }
            },
            "dleta: must be left out",
        ),
        ({"parameters": {"theorem": "best"}}, "theorem=best"),
        ({"learner": {"name": "beta-bernoulli", "a": "0.25"}}, "learner=beta-bernoulli"),
        (
            {"learner": {"name": "noisy-sum", "scores": [0, 1], "noise": {"law": "loud"}}},
            "law=loud",
        ),
    ],
)
def test_what_cannot_be_played_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        play(cell(**changes), 0, 0.01)


def test_the_least_theorem_binds() -> None:
    claim = ApproxDP(epsilon=fmpq(1, 2))
    far = theory(claim, Question(family=bernoulli(p0=0, p1=1), n=4))
    near = theory(claim, Question(family=extremal(tau="0.2"), n=4))
    swapped = theory(claim, Question(family=swap(a="0.3", b="0.1"), n=4))
    hardly = theory(claim, Question(family=bernoulli(p0="0.5", p1="0.5001"), n=4))
    assert "worst case" in far.method
    assert "number of records that differ" in near.method
    assert "swap pair" in swapped.method
    assert hardly.upper < 4 * 0.0001 + 1e-12
    assert near.upper < far.upper
    poster = published(claim, 4)
    assert poster.lower > far.upper


def test_success_at_any_odds_follows_from_the_pairs() -> None:
    """Valid for three secrets with a prior, exact for two at even odds, above the optimum."""
    gaussian = GaussianDP(mu=fmpq(1, 2))
    family = identities(secrets=3, tau="0.4")
    odds = (fmpq(1, 2), fmpq(3, 10), fmpq(1, 5))
    allowed = theory(gaussian, Question(family=family, n=3, prior=odds))
    learner_ = NoisySum(scores=(0, 0, 1, 2), noise=GaussianLaw(standard_deviation=4))
    assert learner_.guarantee().mu == gaussian.mu
    with ctx.workprec(96):
        reached = bayes.success(learner_, family, n=3, prior=odds)
    assert odds[0] < reached < exact(allowed.upper, "upper")
    two = Question(family=bernoulli(p0=0, p1=1), n=3, prior=(fmpq(1, 2), fmpq(1, 2)))
    half = theory(gaussian, two).upper
    full = theory(gaussian, Question(family=two.family, n=3)).upper
    assert half == pytest.approx((1 + full) / 2, rel=1e-14)
    trained = DPSGD(
        model=LinearLoss(features=1),
        n=4,
        noise_multiplier=8,
        steps=2,
        learning_rate=1,
        sampling_probability=1,
    )
    sure = theory(trained.guarantee(), two)
    assert "pairs of secrets" in sure.method
    assert 0.5 < sure.upper < 1


def test_claims_without_a_theorem_are_refused() -> None:
    with pytest.raises(UnsupportedGuarantee, match="published"):
        published(GaussianDP(mu=fmpq(1, 2)), 3)
