"""Identities read off reconstructions: by brute force, by the same reader, and against the best guess."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from mipriv.attack.bayes.inversion.factor import FactorInversion
from mipriv.attack.inversion.alignment import KnowledgeAlignment
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.protocol import Graded, Observation
from mipriv.attack.inversion.recognition import Recognition
from mipriv.errors import ParameterError
from mipriv.populations.factor import walsh_factors

RNG = np.random.default_rng(1)
KINDS, DIMENSION, RECORDS = 5, 3, 300
LABELS = RNG.integers(KINDS, size=2 * RECORDS)
X = RNG.normal(size=(KINDS, DIMENSION))[LABELS] + RNG.normal(size=(2 * RECORDS, DIMENSION)) / 2


@dataclass(frozen=True)
class Mirror:
    """Reconstructs the first answer itself."""

    name: str = "mirror"
    knows: frozenset[str] = frozenset({"model"})

    def fit(self, seen: Observation, secrets: Any, *, model: Any = None) -> Mirror:
        assert secrets.shape == (len(seen.side), DIMENSION)  # records, not labels
        assert model == "the model"
        return self

    def infer(self, seen: Observation) -> Any:
        return seen.answers[:, 0]


@dataclass(frozen=True)
class Fixed:
    """Reads the same secret everywhere, and weighs none."""

    name: str = "fixed"
    knows: frozenset[str] = frozenset({"auxiliary"})

    def fit(self, seen: Observation, secrets: Any, *, model: Any = None) -> Fixed:
        return self

    def infer(self, seen: Observation) -> Any:
        return np.full(len(seen.side), 7)


def observed(answers: Any) -> Observation:
    return Observation(answers=np.asarray(answers)[:, None], side=np.zeros((len(answers), 0)))


def fitted(**given: Any) -> Recognition:
    attack = Recognition(attack=Mirror(), records=X[:RECORDS], **given)
    return attack.fit(observed(X[:RECORDS]), LABELS[:RECORDS], model="the model")


def test_the_nearest_mean_record_is_guessed_and_its_scores_are_normal_log_posteriors() -> None:
    attack = fitted()
    known = LABELS[:RECORDS]
    means = np.array([X[:RECORDS][known == kind].mean(axis=0) for kind in range(KINDS)])
    squares = ((X[RECORDS:, None] - means) ** 2).sum(axis=2)
    assert (attack.infer(observed(X[RECORDS:])) == squares.argmin(axis=1)).all()
    variance = ((X[:RECORDS] - means[known]) ** 2).mean()
    scores = attack.scores(observed(X[RECORDS:]))
    # up to a term of the record; rounding of some tens of operations on numbers below 100
    wanted = -squares / (2 * variance)
    gap = (scores - scores[:, :1]) - (wanted - wanted[:, :1])
    assert np.abs(gap).max() < 100 * 100 * np.finfo(float).eps
    assert (attack.kinds == np.arange(KINDS)).all()
    assert isinstance(attack, Graded)
    assert (attack.reconstruct(observed(X[RECORDS:])) == X[RECORDS:]).all()
    assert attack.knows == {"auxiliary", "model"}


def test_a_reader_learns_from_reconstructions_as_from_answers() -> None:
    attack, seen = fitted(reader=Discriminant()), observed(X[RECORDS:])
    alone = Discriminant().fit(observed(X[:RECORDS]), LABELS[:RECORDS])
    assert (attack.infer(seen) == alone.infer(seen)).all()
    assert (attack.scores(seen) == alone.scores(seen)).all()
    assert (attack.kinds == alone.kinds).all()
    assert attack.name == "mirror, linear discriminant"
    assert fitted().name == "mirror, nearest mean record"


def test_a_reader_that_weighs_no_secrets_has_no_scores() -> None:
    attack, seen = fitted(reader=Fixed()), observed(X[RECORDS:])
    assert (attack.infer(seen) == 7).all()
    assert attack.kinds.shape == (0,)
    assert attack.scores(seen).shape == (RECORDS, 0)


def test_constant_answers_name_one_secret_and_weigh_none_above_the_means() -> None:
    constant = np.ones((RECORDS, DIMENSION))
    attack = Recognition(attack=Mirror(), records=constant)
    found = attack.fit(observed(constant), LABELS[:RECORDS], model="the model")
    assert len(np.unique(found.infer(observed(constant)))) == 1
    assert np.isfinite(found.scores(observed(constant))).all()


@pytest.mark.parametrize("queries", [1, 8])
def test_two_identities_are_told_apart_as_well_as_can_be(queries: int) -> None:
    """x + noise: the optimum is exact, and the attack is within five standard errors of it."""
    count = 4000
    model = walsh_factors(secrets=2, rank=1, dimension=4, within="0.5", noise=2)
    game = FactorInversion(model=model, variance=fmpq(16), queries=queries)
    rng = np.random.default_rng(queries)
    labels = rng.integers(2, size=2 * count)
    records = np.concatenate([model.sample(int(s), (1,), rng) for s in labels])
    answers = records[:, None] + rng.normal(scale=4, size=(2 * count, queries, 4))
    side = np.zeros((count, 0))
    decoder = KnowledgeAlignment(hidden=(16,), epochs=10, batch=256)
    attack = Recognition(attack=decoder, records=records[:count], reader=Discriminant()).fit(
        Observation(answers=answers[:count], side=side), labels[:count]
    )
    hits = attack.infer(Observation(answers=answers[count:], side=side)) == labels[count:]
    best = float(arb(game.success()))
    error = math.sqrt(best * (1 - best) / count)
    # what the discriminant of p = 4 numbers learns wrong costs less than (p + 1)/N at first order
    # where the identities lie two to eight standard deviations apart (Okamoto 1963)
    assert 4 <= float(arb(game.gap_squared())) <= 64
    assert -5 * error - 5 / count < hits.mean() - best < 5 * error


def test_what_cannot_be_is_refused() -> None:
    attack = Recognition(attack=Mirror(), records=X[:RECORDS])
    with pytest.raises(ParameterError, match="must be fitted before it infers"):
        attack.infer(observed(X))
    with pytest.raises(ParameterError, match="must have a row for each of 600"):
        attack.fit(observed(X), LABELS, model="the model")
