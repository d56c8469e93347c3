"""Training sets, factor models and ceilings: their numbers against closed forms and fine sums."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from mipriv.attack.bayes.gaussian import means_success
from mipriv.attack.bayes.inversion.ceiling import ceiling, information_ceiling
from mipriv.attack.bayes.inversion.factor import FactorInversion
from mipriv.attack.bayes.inversion.training import training_success
from mipriv.errors import ParameterError
from mipriv.estimate.reading import Reading
from mipriv.game import InversionGame
from mipriv.guarantee import Information
from mipriv.loss.information import guess
from mipriv.populations.factor import FactorModel, walsh_factors
from mipriv.rigor.intervals import Interval, proportion

SURE = "0.999999"  # a test by chance errs once in a million draws; the seeds are fixed


def test_training_set_against_the_closed_form_of_means() -> None:
    means = [0, 1, 3, 7]
    for v in ("0.5", "2", "0.001"):
        found = training_success(answers=means, secrets=[0, 1, 2, 3], variance=v)
        exact = means_success(means=means, variance=v)
        assert found.lower <= exact.upper()
        assert found.upper >= exact.lower()
        assert found.upper - found.lower <= 1e-9
    four = training_success(answers=means, secrets=[0, 1, 2, 3], variance=2, queries=4)
    exact = means_success(means=means, variance="0.5")
    assert four.lower <= exact.upper()
    assert four.upper >= exact.lower()
    assert training_success(
        answers=means, secrets=[0, 1, 2, 3], variance=2, queries=4, noise="per-input"
    ) == training_success(answers=means, secrets=[0, 1, 2, 3], variance=2)


def test_training_set_against_a_fine_sum() -> None:
    """Midpoint sums of h = 1/2000 on [-12, 14].

    The integrand is Lipschitz with constant .25/v, and smooth but for some turns: each costs at most
    h^2 .25, the smooth part h^2/24 of the range times the second derivative .4: below 1e-6 together.
    """
    rng = np.random.default_rng(2)
    means, secrets = rng.normal(0, 2, size=40), rng.integers(0, 3, size=40)
    side = rng.integers(0, 2, size=40)
    line = np.arange(-12, 14, 1 / 2000) + 1 / 4000
    density = np.exp(-((line[:, None] - means) ** 2) / 2) / math.sqrt(2 * math.pi) / 40

    def summed(keep: Any) -> float:
        columns = [density[:, (secrets == s) & keep].sum(axis=1) for s in range(3)]
        return float(np.max(columns, axis=0).sum() / 2000)

    found = training_success(answers=means, secrets=secrets, variance=1)
    assert found.lower - 1e-6 <= summed(np.ones(40, bool)) <= found.upper + 1e-6
    split = training_success(answers=means, secrets=secrets, variance=1, side=side)
    assert split.lower - 1e-6 <= summed(side == 0) + summed(side == 1) <= split.upper + 1e-6


def test_training_set_without_noise_is_counted() -> None:
    answers, secrets = [1.0, 1.0, 1.0, 2.0, 2.0], ["a", "a", "b", "b", "a"]
    found = training_success(answers=answers, secrets=secrets, variance=0)
    assert Fraction(3, 5) in found
    assert found.upper - found.lower < 1e-15
    told = training_success(answers=answers, secrets=secrets, variance=0, side=[0, 1, 0, 0, 1])
    assert Fraction(4, 5) in told
    # equal laws of both secrets leave nothing to resolve: base and no more, at any noise
    even = training_success(answers=[0, 0, 1, 1], secrets=[0, 1, 0, 1], variance=1)
    assert Fraction(1, 2) in even
    with pytest.raises(ParameterError, match="must be finite"):
        training_success(answers=[math.nan], secrets=[0], variance=1)


def factor_pair(within: str = "0.5") -> FactorModel:
    return FactorModel(
        loadings=((1, 0), (1, 1), (0, 2)),
        identities=((0, 0), (1, -1)),
        within=fmpq(*map(int, Fraction(within).as_integer_ratio())),
        noise=fmpq(1),
    )


def test_factor_gap_and_success_of_two() -> None:
    model = factor_pair()
    itself = FactorInversion(model=model)
    assert itself.gap_squared() == model.gap_squared()
    assert itself.success().overlaps((1 + model.tau()) / 2)
    # one number x_0 + N(0, 1): variances .25 + 1 + 1/q, means 1 apart
    for queries, spread in ((1, fmpq(9, 4)), (4, fmpq(3, 2))):
        game = FactorInversion(model=model, matrix=((1, 0, 0),), variance=1, queries=queries)
        assert game.gap_squared() == 1 / spread
        exact = means_success(means=[0, 1], variance=spread)
        assert game.success().overlaps(exact)
    full = FactorInversion(model=model, matrix=((1, 0, 0), (0, 1, 0)), variance=((1, 0), (0, 2)))
    assert (
        full.gap_squared()
        > FactorInversion(model=model, matrix=((1, 0, 0), (0, 1, 0)), variance=2).gap_squared()
    )


def test_factor_plays_hold_the_exact_value() -> None:
    rng = np.random.default_rng(0)
    game = FactorInversion(model=factor_pair(), matrix=((1, 0, 0),), variance=1)
    interval = game.play(trials=20000, rng=rng).success(confidence=SURE)
    assert interval.lower <= game.success().upper()
    assert interval.upper >= game.success().lower()


def test_factor_plays_of_many_identities_agree_with_whole_records() -> None:
    """Sufficient statistics against records, answers and posteriors in full: 100 identities."""
    rng = np.random.default_rng(1)
    model = walsh_factors(secrets=100, rank=3, dimension=8, within=1, noise=2)
    matrix = tuple(tuple(int(v) for v in row) for row in rng.integers(-2, 3, size=(3, 8)))
    game = FactorInversion(model=model, matrix=matrix, variance=4, queries=2)
    trials = 6000
    secrets = rng.integers(100, size=trials)
    latent = np.array([[float(v) for v in row] for row in model.identities])[secrets]
    weights = np.array([[float(v) for v in row] for row in model.loadings])
    x = (latent + rng.normal(size=latent.shape)) @ weights.T + 2 * rng.normal(size=(trials, 8))
    answers = x @ np.array(matrix).T + math.sqrt(2) * rng.normal(size=(trials, 3))
    hits = int((game.posterior(answers).argmax(axis=1) == secrets).sum())
    played = game.play(trials=trials, rng=rng).success(confidence=SURE)
    whole = proportion(hits=hits, trials=trials, confidence=SURE)
    assert played.lower <= whole.upper
    assert whole.lower <= played.upper
    # the mean squared error of 6000 guesses: five of its own standard errors
    errors = ((game.reconstruct(answers) - x) ** 2).mean(axis=1)
    slack = 5 * errors.std() / math.sqrt(trials)
    found = game.error(trials=trials, rng=rng, confidence=SURE)
    assert found.lower - slack <= errors.mean() <= found.upper + slack
    low, high = game.error_bounds()
    assert float(low) <= found.lower
    assert found.upper <= float(high)
    worse = ((game.reconstruct(answers) + 0.5 - x) ** 2).mean()
    assert worse > errors.mean() + 0.2  # a shift of .5 adds .25, less five errors of its mean


def test_factor_reconstruction_in_one_dimension() -> None:
    """Identities at 0 and 2, x = u + N(0, 2), y = x + N(0, 1): by a fine sum over y."""
    model = FactorModel(loadings=((1,),), identities=((0,), (2,)), within=fmpq(1), noise=fmpq(1))
    game = FactorInversion(model=model, variance=1)
    y = np.arange(-25, 27, 1e-3)[:, None]
    densities = np.exp(-((y - [0, 2]) ** 2) / 6) / math.sqrt(6 * math.pi) / 2
    chances = densities / densities.sum(axis=1, keepdims=True)
    means = np.array([0, 2]) + 2 / 3 * (y - np.array([0, 2]))
    mean = (chances * means).sum(axis=1)
    # float64 of numbers below 60 and exponents below 200: 1e-13 at most
    assert np.abs(game.posterior(y) - chances).max() < 1e-12
    assert np.abs(game.reconstruct(y)[:, 0] - mean).max() < 1e-12
    spread = (chances * (means - mean[:, None]) ** 2).sum(axis=1)
    error = 2 / 3 + float((spread * densities.sum(axis=1)).sum() * 1e-3)
    found = game.error(trials=20000, rng=np.random.default_rng(5), confidence=SURE)
    assert found.lower <= error <= found.upper
    assert found.upper - found.lower < 0.02
    low, high = game.error_bounds()
    assert low == fmpq(2, 3)
    assert high == 3 - fmpq(9, 4)  # variance 3 of a record, 4 of an answer


def test_factor_refuses_what_has_no_density() -> None:
    twice = ((1, 0, 0), (1, 0, 0))
    with pytest.raises(ParameterError, match="no direction without spread"):
        FactorInversion(model=factor_pair(), matrix=twice).gap_squared()
    with pytest.raises(ParameterError, match="positive semidefinite"):
        FactorInversion(model=factor_pair(), matrix=twice, variance=((1, 2), (2, 1)))
    with pytest.raises(ParameterError, match="identities=3: must be two"):
        FactorInversion(
            model=walsh_factors(secrets=3, rank=2, dimension=4, within=1, noise=1)
        ).success()


def told(nats: float, *, bound: bool = True, confidence: float = 1.0) -> Reading:
    return Reading(
        value=nats, lower=nats, upper=nats, confidence=confidence, method="test", bound=bound
    )


def test_ceiling_is_theorem_ten() -> None:
    for game in (
        InversionGame(),
        InversionGame(secrets=5),
        InversionGame(prior="0.3"),
        InversionGame(queries=3),
    ):
        # the double 0.07 and 25 digits of log 2 are within 1e-16 of what is meant
        bits = fmpq(7, 100) / fmpq(6931471805599453094172321, 10**25)
        exact = guess(Information(bits=bits), game).success.upper
        found = information_ceiling(told(0.07), game)
        assert float(found.success) == pytest.approx(float(exact), rel=1e-14)
        assert found.binds == "information"
        fixed = information_ceiling(told(0.07), game, noise="per-input")
        single = InversionGame(secrets=game.secrets, prior=game.prior)
        assert fixed.success == information_ceiling(told(0.07), single).success


def test_ceiling_with_side_information() -> None:
    """Where the base is that of the game, both statements are one; a larger base allows more."""
    for game, base in (
        (InversionGame(), fmpq(1, 2)),
        (InversionGame(secrets=4), fmpq(1, 4)),
        (InversionGame(prior="0.2"), fmpq(4, 5)),
    ):
        plain = information_ceiling(told(0.05), game)
        aside = information_ceiling(told(0.05), game, base=base)
        assert aside.success == pytest.approx(plain.success, rel=1e-14)
        more = information_ceiling(told(0.05), game, base=arb(base + fmpq(1, 10)))
        assert more.success > aside.success
    thrice = InversionGame(queries=3)
    assert information_ceiling(told(0.05), thrice, base="0.5").success == pytest.approx(
        information_ceiling(told(0.05), thrice).success, rel=1e-14
    )
    sure = information_ceiling(told(1.0), InversionGame(), base="0.9")
    assert sure.success == 1
    assert sure.binds == "nothing"
    assert information_ceiling(told(0.0), InversionGame(), base="0.75").success == 0.75
    assert information_ceiling(told(0.1), InversionGame(), base=1).success == 1
    with pytest.raises(ParameterError, match=r"base=0.4: must lie in \[1/2, 1\]"):
        information_ceiling(told(0.1), InversionGame(), base="0.4")


def test_ceiling_takes_the_smaller_and_adds_the_risks() -> None:
    game = InversionGame(queries=2)
    reading = told(0.05, confidence=0.95)
    record = Interval(0.6, 0.61)
    both = ceiling(game=game, reading=reading, record=record, record_confidence="0.99")
    assert both.success == 0.61
    assert both.binds == "record"
    assert both.confidence == pytest.approx(0.94, abs=1e-12)
    loose = ceiling(game=game, reading=reading, record=Interval(0.9, 1.0))
    assert loose.binds == "information"
    assert loose.success == information_ceiling(reading, game).success
    assert ceiling(game=game, reading=told(math.inf)).binds == "nothing"
    assert "success <= 0.61:" in both.words
    with pytest.raises(ParameterError, match="an estimate allows no ceiling"):
        ceiling(game=game, reading=told(0.05, bound=False))
    with pytest.raises(ParameterError, match="must be given, or record"):
        ceiling(game=game)


def test_words_round_up() -> None:
    record = Interval(0.5, 0.70001)
    assert "success <= 0.7001:" in ceiling(game=InversionGame(), record=record).words
