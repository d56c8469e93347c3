"""The best label guess from one linear update: by hand, played, and what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb

from mipriv.attack.bayes.inversion.update import LinearUpdate
from mipriv.errors import ParameterError

SURE = "0.999999"  # one test in a million by chance; the seeds are fixed


def game(**given: Any) -> LinearUpdate:
    table: dict[str, Any] = {
        "means": [[1, 0], [0, 1], [1, 1]],
        "covariance": [[2, 1], [1, 1]],
        "codes": [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
        "probes": [[1, 2], [0, 1]],
        "rate": "0.5",
        "variance": "0.5",
    }
    return LinearUpdate(**{**table, **given})


def test_the_best_success_between_opposite_codes_is_closed() -> None:
    """By hand: D code ~ N(+-rate |code|^2 <probe, mean>, ...), one probe, one number."""
    two = game(
        means=[[1, 0], [0, 1]],
        covariance=[[2, 0], [0, 1]],
        codes=[[3, 4], [-3, -4]],
        probes=[[1, 2]],
        rate="0.2",
        variance=3,
        queries=2,
    )
    # along u: mean +-(.2)(5) <probe, mean> = 1 and -2, variance 1 (2 + 4) + 3/2
    gap = 3 / math.sqrt(7.5)
    assert float(two.success()) == pytest.approx((1 + math.erf(gap / math.sqrt(8))) / 2, abs=1e-14)
    played = two.play(trials=40000, rng=np.random.default_rng(0)).success(confidence=SURE)
    assert played.lower <= float(two.success()) <= played.upper
    fixed = replace(two, noise="per-input")
    assert arb(fixed.success()) < two.success()  # asking again tells nothing
    chances = two.posterior(np.array([[3.0, 4.0], [0.0, 0.0]]))
    # along u 5: densities around 1 and -2, each of variance 7.5
    odds = math.exp((-((5 - 1) ** 2) + (5 + 2) ** 2) / 15)
    assert chances[0] == pytest.approx([odds / (1 + odds), 1 / (1 + odds)], abs=1e-14)
    assert chances.sum(axis=1) == pytest.approx(1, abs=1e-15)


def test_posteriors_are_those_of_the_whole_normal_law() -> None:
    """Densities of D as one vector of six; the label of code 0 changes nothing but noise.

    Float64 logarithms of some hundred roundings of numbers below 100: within 1e-11.
    """
    three, rng = game(queries=2), np.random.default_rng(0)
    differences = rng.normal(size=(5, 6))
    probes, C = np.array([[1, 2], [0, 1]]), np.array([[2, 1], [1, 1]])
    logs = []
    for mean, code in (([1, 0], [1, 0, 0]), ([0, 1], [0, 1, 0]), ([1, 1], [0, 0, 0])):
        spread = 0.25 * np.kron(probes @ C @ probes.T, np.outer(code, code)) + 0.25 * np.eye(6)
        apart = differences - 0.5 * np.kron(probes @ mean, code)
        form = (apart * np.linalg.solve(spread, apart.T).T).sum(axis=1)
        logs.append(-form / 2 - np.linalg.slogdet(spread)[1] / 2)
    shares = np.exp(np.array(logs).T)
    expected = shares / shares.sum(axis=1, keepdims=True)
    assert three.posterior(differences) == pytest.approx(expected, abs=1e-11)
    assert (three.guess(differences) == expected.argmax(axis=1)).all()


def test_plays_and_records_agree() -> None:
    """Guesses on records that are drawn and updated by hand succeed as often as those of `play`."""
    three, rng = game(), np.random.default_rng(1)
    X, labels = three.records(20000, rng)
    codes = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]])[labels]
    clean = 0.5 * (X @ np.array([[1, 2], [0, 1]]).T)[:, :, None] * codes[:, None]
    noise = rng.normal(scale=math.sqrt(0.5), size=clean.shape)
    right = three.guess((clean + noise).reshape(len(X), -1)) == labels
    played = three.play(trials=20000, rng=rng)
    assert played.optimal
    error = 5 * math.sqrt(2 * 0.25 / 20000)  # of the difference of two shares
    assert abs(right.mean() - sum(played.hits) / 20000) <= error
    again = game().play(trials=500, rng=np.random.default_rng(2))
    assert again == game().play(trials=500, rng=np.random.default_rng(2))


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: game(variance=0), "variance=0: must be finite and > 0"),
        (lambda: game(rate=-1), "rate=-1: must"),
        (lambda: game(means=[[1, 2]]), "means=1: must be at least two"),
        (lambda: game(means=[[1, 2], [1]]), "must be rows of one length"),
        (lambda: game(codes=[[1]]), "codes=1: must be 3, one a label"),
        (lambda: game(covariance=[[1]]), "covariance=1: must be 2 rows of 2"),
        (lambda: game(covariance=[[1, 2], [0, 1]]), "must be symmetric"),
        (lambda: game(covariance=[[1, 2], [2, 1]]), "must be positive semidefinite"),
        (lambda: game(probes=[[1]]), "probes=1: must be rows of 2"),
        (lambda: game().success(), "labels=3: must be two"),
        (
            lambda: game(means=[[1, 0], [0, 1]], codes=[[1, 0], [0, 1]]).success(),
            "must be opposite",
        ),
        (lambda: game(means=[[1, 0], [0, 1]], codes=[[0], [0]]).success(), "must not be zero"),
        (lambda: game().posterior(np.zeros((1, 3))), r"differences=\(1, 3\): must have shape"),
    ],
)
def test_bad_input(work: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        work()
