"""Attackers that are played: their intervals hold the optimum where it is known.

Seeds are fixed.  Each interval misses with chance at most 1 - confidence for another seed, so that
among the some 20 at 0.9999 here any does with chance below 0.002.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb, exp
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from numpy.typing import NDArray

from mipriv.attack import learned
from mipriv.attack.bayes import advantage, finite, simulated, success
from mipriv.attack.guesses import Guesses
from mipriv.errors import MissingExtra, ParameterError
from mipriv.laws import DiscreteLaplace, GaussianLaw, LaplaceLaw
from mipriv.learn.noisy_sum import NoisySum
from mipriv.populations.finite import FiniteFamily, bernoulli, identities, swap
from mipriv.rigor.intervals import Interval, difference, proportion
from mipriv.roles import Histogram

SURE = "0.9999"
FAMILY = bernoulli(p0="0.3", p1="0.6")
HALF = (fmpq(1, 2), fmpq(1, 2))
COUNT = NoisySum(scores=(0, 1), noise=GaussianLaw(standard_deviation=3))


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def holds(interval: Interval, value: Any) -> bool:
    return bool(interval.lower <= arb(value) <= interval.upper)


@dataclass
class Copies:
    """A learner that releases every record's value through a noisy channel: outcomes by histogram."""

    keep: fmpq

    def guarantee(self) -> None: ...

    def probabilities(self, counts: Histogram) -> Sequence[fmpq]:
        zeros, ones = counts
        flip = 1 - self.keep
        law = [fmpq(0)] * (zeros + ones + 1)
        for kept in range(ones + 1):
            for flipped in range(zeros + 1):
                law[kept + flipped] += (
                    comb(ones, kept)
                    * self.keep**kept
                    * flip ** (ones - kept)
                    * comb(zeros, flipped)
                    * flip**flipped
                    * self.keep ** (zeros - flipped)
                )
        return law

    def simulate(self, counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        keep = float(arb(self.keep))
        kept, flipped = rng.binomial(counts[:, 1], keep), rng.binomial(counts[:, 0], 1 - keep)
        return (kept + flipped).astype(np.float64)[:, None]

    def log_likelihood(
        self, outputs: NDArray[np.float64], counts: Histogram
    ) -> NDArray[np.float64]:
        law = np.array([float(arb(mass)) for mass in self.probabilities(counts)])
        return np.log(law[outputs[:, 0].astype(np.int64)])


@pytest.mark.parametrize(
    ("learner", "family", "n", "prior"),
    [
        (COUNT, FAMILY, 20, None),
        (NoisySum(scores=(0, 1), noise=LaplaceLaw(scale=3)), FAMILY, 20, ("0.2", "0.8")),
        (NoisySum(scores=(0, 1), noise=DiscreteLaplace(epsilon="0.4")), FAMILY, 12, None),
        (NoisySum(scores=(0, -1, 1), noise=LaplaceLaw(scale=1)), swap(a="0.5", b="0.3"), 9, None),
        (
            NoisySum(scores=(0, 1, 2, 4), noise=GaussianLaw(standard_deviation=1)),
            identities(secrets=3, tau="0.5"),
            5,
            ("0.5", "0.3", "0.2"),
        ),
        (Copies(fmpq(3, 4)), FAMILY, 10, None),
    ],
)
def test_the_optimum_lies_in_the_interval(
    learner: Any, family: FiniteFamily, n: int, prior: Any
) -> None:
    trials = 60_000
    played = simulated.play(learner, family, n=n, trials=trials, rng=rng(), prior=prior)
    optimum = success(learner, family, n=n, prior=prior)
    assert played.optimal
    assert sum(played.trials) == trials
    assert holds(played.success(confidence=SURE), optimum)
    if prior is None:
        assert holds(played.advantage(confidence=SURE), 2 * optimum - 1)


def test_another_learner_would_be_noticed() -> None:
    """Nine tenths of the noise give another optimum, which the interval shuts out."""
    played = simulated.play(COUNT, FAMILY, n=20, trials=200_000, rng=rng())
    less = replace(COUNT, noise=GaussianLaw(standard_deviation="2.7"))
    assert not holds(played.success(confidence=SURE), success(less, FAMILY, n=20))
    assert played.p_value(success=fmpq(78, 100)) < 1e-6
    assert played.p_value(success=fmpq(80, 100)) > 0.01


def test_batches_and_blocks_change_nothing_but_the_draws() -> None:
    optimum = success(COUNT, FAMILY, n=40)
    small = simulated.play(COUNT, FAMILY, n=40, trials=20_000, rng=rng(), memory=200_000)
    assert holds(small.success(confidence=SURE), optimum)
    again = simulated.play(COUNT, FAMILY, n=40, trials=20_000, rng=rng(), memory=200_000)
    assert again == small


def test_equal_populations_are_guessed_by_lot() -> None:
    same = bernoulli(p0="0.3", p1="0.3")
    played = simulated.play(COUNT, same, n=20, trials=40_000, rng=rng())
    assert holds(played.advantage(confidence=SURE), 0)
    guessed = [sum(row[s] for row in played.counts) for s in (0, 1)]
    assert min(guessed) > 19_000  # five deviations of 100 below half: no secret is preferred


def test_shuffled_outputs_tell_nothing() -> None:
    played = simulated.play(COUNT, FAMILY, n=20, trials=40_000, rng=rng(), shuffled=True)
    assert holds(played.advantage(confidence=SURE), 0)
    biased = simulated.play(
        COUNT, FAMILY, n=20, trials=40_000, rng=rng(), shuffled=True, prior=("0.1", "0.9")
    )
    assert biased.success(confidence=SURE).lower <= 0.9


def test_the_posterior_is_the_definition() -> None:
    """prior times sum of P_s^n(h) law(x - h), over more histograms than a block holds."""
    outputs = np.linspace(-9, 49, 30)
    posterior = simulated._Posterior.of(COUNT, FAMILY, n=40, odds=HALF, left_out=0.0)
    found = posterior._masses(outputs[:, None])
    for place, x in enumerate(outputs):
        expected = [
            sum(
                comb(40, k) * p**k * (1 - p) ** (40 - k) * exp(-(((x - k) / 3) ** 2) / 2)
                for k in range(41)
            )
            for p in (0.3, 0.6)
        ]
        share = expected[0] / sum(expected)
        # exponents of up to 10^3, each rounded, err by 10^3 2^-53 relatively, some ten times
        assert found[0, place] / found[:, place].sum() == pytest.approx(share, rel=1e-11)


def test_histograms_rarer_than_doubles_are_told_apart() -> None:
    """All 1200 records 1, of probability 10^-627 and 10^-266."""
    sharp = NoisySum(scores=(0, 1), noise=GaussianLaw(standard_deviation="0.1"))
    posterior = simulated._Posterior.of(sharp, FAMILY, n=1200, odds=HALF, left_out=0.0)
    masses = posterior._masses(np.array([[1200.0], [0.0]]))
    assert masses.argmax(axis=0).tolist() == [1, 0]
    assert (masses.max(axis=0) >= 1).all()


def test_far_outputs_neither_overflow_nor_mislead() -> None:
    """Log likelihoods of -10^6 and less, and histograms of which one secret has none."""
    sharp = NoisySum(scores=(0, 1), noise=GaussianLaw(standard_deviation="0.001"))
    played = simulated.play(sharp, bernoulli(p0=0, p1=1), n=30, trials=1000, rng=rng())
    assert played.hits == played.trials
    mixed = simulated.play(sharp, FAMILY, n=30, trials=30_000, rng=rng())
    noiseless = finite.success(Counted(), FAMILY, n=30)
    assert holds(mixed.success(confidence=SURE), noiseless)


class Counted:
    """The histogram itself."""

    def guarantee(self) -> None: ...

    def probabilities(self, counts: Histogram) -> Sequence[fmpq]:
        return [fmpq(int(k == counts[1])) for k in range(sum(counts) + 1)]


def test_what_is_left_out_costs_no_more_than_said() -> None:
    rough = simulated.play(COUNT, FAMILY, n=20, trials=60_000, rng=rng(), left_out=0.05)
    optimum = success(COUNT, FAMILY, n=20)
    found = rough.success(confidence=SURE)
    assert found.lower <= optimum
    assert found.upper >= optimum - fmpq(5, 100)
    with pytest.raises(ParameterError, match="left_out"):
        simulated.play(COUNT, FAMILY, n=2, trials=1, rng=rng(), left_out=1.0)


def test_guesses_are_read_by_row() -> None:
    guesses = Guesses(counts=((70, 30), (20, 80)), optimal=False)
    assert guesses.trials == (100, 100)
    assert guesses.hits == (70, 80)
    assert 0.5 in guesses.advantage(confidence="0.95")
    assert 0.75 in guesses.success(confidence="0.95")
    false, true = (proportion(hits=h, trials=100, confidence="0.975") for h in (30, 80))
    assert guesses.advantage(confidence="0.95") == difference(true, false)
    with pytest.raises(ParameterError, match="counts"):
        Guesses(counts=((1, 0, 0),) * 3, optimal=False).advantage(confidence="0.95")


@pytest.mark.parametrize("classifier", list(learned.Classifier))
def test_a_learned_attacker_comes_close(classifier: str) -> None:
    """On a cell whose optimum is known it is proved to reach nine tenths of it, and no more than all."""
    easy = NoisySum(scores=(0, 1), noise=LaplaceLaw(scale=1))
    training = 4000
    guesses = learned.play(
        easy, FAMILY, n=30, training=training, trials=20_000, rng=rng(), classifier=classifier
    )
    optimum = advantage(easy, FAMILY, n=30)
    assert not guesses.optimal
    assert learned.calibrated(guesses, optimum=optimum)
    assert guesses.advantage(confidence=SURE).lower <= optimum
    # and the check can fail: outputs dealt out without regard to the secret teach nothing
    blind = replace(guesses, counts=((5000, 5000), (5000, 5000)))
    assert not learned.calibrated(blind, optimum=optimum)


def test_a_learned_attacker_of_shuffled_outputs_learns_nothing() -> None:
    guesses = learned.play(
        COUNT, FAMILY, n=20, training=500, trials=20_000, rng=rng(), shuffled=True
    )
    assert holds(guesses.advantage(confidence=SURE), 0)


def test_learning_needs_every_secret_and_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match="training"):
        learned.play(
            COUNT, FAMILY, n=2, training=2, trials=1, rng=rng(), prior=("0.0001", "0.9999")
        )
    with pytest.raises(ParameterError, match="classifier"):
        learned.play(COUNT, FAMILY, n=2, training=50, trials=1, rng=rng(), classifier="guess")
    monkeypatch.setitem(sys.modules, "sklearn.pipeline", None)
    with pytest.raises(MissingExtra, match="scikit-learn"):
        learned.play(COUNT, FAMILY, n=2, training=50, trials=1, rng=rng())
