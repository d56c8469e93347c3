"""Knowledge Alignment against posterior means that are known, on linear, softmax and network answers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from mipriv.attack.bayes.inversion.factor import FactorInversion
from mipriv.attack.inversion.alignment import (
    KnowledgeAlignment,
    feature_distances,
    nearest_identity,
    recognised,
    share_closed,
    squared_errors,
)
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.errors import ParameterError
from mipriv.populations.factor import walsh_factors

IDENTITIES, DIMENSION, RECORDS = 100, 8, 1500
MODEL = walsh_factors(secrets=IDENTITIES, rank=3, dimension=DIMENSION, within=1, noise=1, seed=5)
MEANS = np.array([[float(int(v)) for v in MODEL.mean(s)] for s in range(IDENTITIES)])
QUICK = KnowledgeAlignment(hidden=(32,), epochs=40, patience=8)
# rows of small whole numbers, linearly independent
MATRIX = np.eye(DIMENSION, dtype=int)[:5] + 2 * np.eye(DIMENSION, k=3, dtype=int)[:5]


def records(count: int, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(IDENTITIES, size=count)
    X = np.concatenate([MODEL.sample(int(s), (1,), rng) for s in labels])
    return X, labels


X, LABELS = records(2 * RECORDS, 0)
AUXILIARY, OTHERS = X[:RECORDS], X[RECORDS:]


def observed(answers: Any) -> Observation:
    table = answers[:, None] if answers.ndim == 2 else answers
    return Observation(answers=table, side=np.zeros((len(table), 0)))


def decoded(answers: Any, attack: KnowledgeAlignment = QUICK) -> Any:
    """Reconstructions of the second half of the records, learned on the first."""
    learned = attack.fit(observed(answers[:RECORDS]), AUXILIARY)
    return learned.infer(observed(answers[RECORDS:]))


def without() -> float:
    return float(squared_errors(OTHERS, AUXILIARY.mean(axis=0)).mean())


def check(guesses: Any, best: Any) -> float:
    """At least .8 of the gap is closed, and the optimum is not beaten beyond chance.

    The posterior mean is the guess of least expected error, so the mean difference of the errors of
    the same records is below 0 by chance alone: five standard errors, 3e-7 one-sided.
    """
    found, least = squared_errors(OTHERS, guesses), squared_errors(OTHERS, best)
    apart = found - least
    assert apart.mean() >= -5 * apart.std() / math.sqrt(RECORDS) - 1e-12
    share = share_closed(error=found.mean(), without=without(), best=least.mean())
    assert share >= 0.8
    return share


@pytest.mark.parametrize(("variance", "queries"), [(1, 1), (30, 1), (30, 8)])
@pytest.mark.parametrize("straight", [True, False])
def test_linear_answers(variance: int, queries: int, straight: bool) -> None:
    """A x + noise: the posterior mean is exact; the mean of q answers is worth all q."""
    rng = np.random.default_rng(queries)
    game = FactorInversion(model=MODEL, matrix=MATRIX.tolist(), variance=variance, queries=queries)
    size = (2 * RECORDS, queries, len(MATRIX))
    answers = (X @ MATRIX.T)[:, None] + rng.normal(scale=math.sqrt(variance), size=size)
    attack = KnowledgeAlignment(hidden=(32,), epochs=40, patience=8, straight=straight)
    check(decoded(answers, attack), game.reconstruct(answers[RECORDS:].mean(axis=1)))


def test_a_decoder_beats_every_linear_one_where_identities_are_told_apart() -> None:
    """Four identities far apart: the best linear error is exact, and the posterior mean's is less."""
    rng = np.random.default_rng(3)
    model = walsh_factors(secrets=4, rank=2, dimension=4, within="0.5", noise=1, seed=2)
    game = FactorInversion(model=model, variance=9)
    labels = rng.integers(4, size=2 * RECORDS)
    Z = np.concatenate([model.sample(int(s), (1,), rng) for s in labels])
    answers = Z + rng.normal(scale=3, size=Z.shape)
    truth, tail = Z[RECORDS:], observed(answers[RECORDS:])
    found, linear = (
        squared_errors(truth, attack.fit(observed(answers[:RECORDS]), Z[:RECORDS]).infer(tail))
        for attack in (
            KnowledgeAlignment(hidden=(32,), epochs=80),
            KnowledgeAlignment(hidden=(), epochs=0),
        )
    )
    low, high = (int(v.p) / int(v.q) for v in game.error_bounds())
    error = 5 / math.sqrt(RECORDS)  # five standard errors, in standard deviations
    # a fit of 5 numbers to 1312 records adds 5/1312 of the error
    assert abs(linear.mean() - high) <= error * linear.std() + high * 5 / 1312
    assert (linear - found).mean() > error * (linear - found).std()
    assert found.mean() >= low - error * found.std()
    best = squared_errors(truth, game.reconstruct(answers[RECORDS:]))
    assert (found - best).mean() >= -error * (found - best).std()
    # of all that can be gained most is gained, though no linear guess gains it
    nothing = squared_errors(truth, Z[:RECORDS].mean(axis=0)).mean()
    assert share_closed(error=found.mean(), without=nothing, best=best.mean()) >= 0.8


def test_logarithms_of_softmax_answers_reveal_what_the_linear_scores_do() -> None:
    """Differences of log-probabilities of logistic regression are A x + b: the best guess is exact."""
    kinds = LABELS % 5
    model = LogisticRegression(max_iter=200).fit(OTHERS / 4, kinds[RECORDS:])
    slopes = (model.coef_[1:] - model.coef_[0]) / 4
    shift = model.intercept_[1:] - model.intercept_[0]
    answers = model.predict_proba(X / 4)
    game = FactorInversion(model=MODEL, matrix=slopes.tolist())
    scores = np.log(answers[:, 1:] / answers[:, :1]) - shift
    assert scores == pytest.approx(X @ slopes.T, abs=1e-9)  # no probability is below 1e-5 here
    assert answers.min() > 1e-5
    attack = KnowledgeAlignment(hidden=(32,), epochs=40, patience=8, temperature=2.0)
    share = check(decoded(answers, attack), game.reconstruct(scores[RECORDS:]))
    plain = squared_errors(OTHERS, decoded(answers)).mean()
    logs = squared_errors(OTHERS, decoded(answers, attack)).mean()
    assert share > 0.8
    assert logs < plain
    # who is told fewer classes reconstructs less, and more than nothing
    cut = KnowledgeAlignment(hidden=(32,), epochs=40, patience=8, temperature=2.0, keep=1)
    top = squared_errors(OTHERS, decoded(answers, cut)).mean()
    assert logs < top < without()


def test_a_torch_network_with_a_bottleneck() -> None:
    """Softmax of a network of B x: by data processing no guess beats the posterior mean given B x."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        rest = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 12)).double()
    narrow = torch.as_tensor(MATRIX, dtype=torch.float64) / 8
    inputs, kinds = torch.from_numpy(X) @ narrow.T, torch.from_numpy(LABELS % 12)
    for _ in range(60):  # on other records than the decoder learns on
        loss = nn.functional.cross_entropy(rest(inputs[RECORDS:]), kinds[RECORDS:])
        slopes = torch.autograd.grad(loss, list(rest.parameters()))
        with torch.no_grad():
            for weight, slope in zip(rest.parameters(), slopes, strict=True):
                weight -= 0.5 * slope
    with torch.no_grad():
        answers = rest(inputs).softmax(dim=1).numpy()
    game = FactorInversion(model=MODEL, matrix=MATRIX.tolist())
    best = game.reconstruct(OTHERS @ MATRIX.T)
    attack = KnowledgeAlignment(hidden=(64,), epochs=80, temperature=1.0)
    guesses = decoded(answers, attack)
    check(guesses, best)
    # the reconstruction is recognised: far above one in a hundred
    hits = recognised(guesses, LABELS[RECORDS:], evaluator=lambda Z: nearest_identity(Z, MEANS))
    assert hits.mean() > 5 / IDENTITIES
    own = recognised(OTHERS, LABELS[RECORDS:], evaluator=lambda Z: nearest_identity(Z, MEANS))
    assert own.mean() >= hits.mean()


def test_constant_answers_leave_the_mean_record() -> None:
    """No column varies: the start is the training mean, and nothing moves the held-out error."""
    guesses = decoded(np.full((2 * RECORDS, 3), 0.25))
    assert np.abs(guesses - guesses[0]).max() == 0
    share = share_closed(
        error=float(squared_errors(OTHERS, guesses).mean()), without=without(), best=0.0
    )
    # means of 1312 and 1500 records: their errors exceed the least by some 1/1312 and 1/1500 of a
    # variance, and that of 1500 others by as much again; five times the sum of all
    assert abs(share) < 0.015


def test_shuffled_answers_close_no_gap() -> None:
    answers = X @ MATRIX.T
    mixed = answers[np.random.default_rng(0).permutation(len(answers))]
    errors = squared_errors(OTHERS, decoded(mixed))
    slack = 5 * errors.std() / math.sqrt(RECORDS)
    assert errors.mean() >= without() - slack


def test_side_information_and_seeds() -> None:
    answers = X[:, :1] + np.random.default_rng(0).normal(size=(2 * RECORDS, 1))
    seen = [
        Observation(answers=answers[rows, None], side=X[rows, 1:3])
        for rows in (slice(RECORDS), slice(RECORDS, None))
    ]
    first, again, other = (
        KnowledgeAlignment(hidden=(8,), epochs=5, seed=seed).fit(seen[0], AUXILIARY).infer(seen[1])
        for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()
    known = squared_errors(OTHERS[:, 1:3], first[:, 1:3]).mean()
    # ridge reads them off, the penalty being at most 1e-8 there: 1e-3 of their variance is ample
    assert known < 1e-3 * OTHERS[:, 1:3].var()


def test_features() -> None:
    seen = Observation(
        answers=np.array([[[0.5, 0.3, 0.2]], [[0.0, 0.5, 0.5]]]), side=np.array([[7.0], [8.0]])
    )
    cut = KnowledgeAlignment(keep=1).features(seen)
    assert cut.tolist() == [[0.5, 0, 0, 7], [0, 0.5, 0, 8]]  # of equal numbers the first
    floor = math.log(1e-12)
    logs = KnowledgeAlignment(keep=2, temperature=2.0).features(seen)
    half = (math.log(0.5) - floor) / 2
    expected = [[half, (math.log(0.3) - floor) / 2, 0, 7], [0, half, half, 8]]
    assert logs == pytest.approx(np.array(expected), abs=1e-13)  # three roundings below 2^5
    attack: Attack = KnowledgeAlignment(keep=2, temperature=1.0)
    assert attack.name == "Knowledge Alignment, top 2, logarithms"
    assert attack.knows == {"auxiliary"}


def test_measures() -> None:
    truth = np.array([[0.0, 0.0], [1.0, 3.0]])
    assert squared_errors(truth, truth + np.array([1, 2])).tolist() == [2.5, 2.5]
    assert squared_errors(truth, np.array([1.0, 1.0])).tolist() == [1, 2]
    assert share_closed(error=3.0, without=4.0, best=2.0) == 0.5
    apart = feature_distances(truth, truth + np.array([3, 4]), encoder=lambda Z: 2 * Z)
    assert apart.tolist() == [10, 10]
    means = np.array([[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]])
    assert nearest_identity(truth, means).tolist() == [0, 1]
    assert nearest_identity(np.zeros((0, 2)), means).tolist() == []
    told = recognised(truth, ["a", "b"], evaluator=lambda Z: np.array(["a", "a"]))
    assert told.tolist() == [True, False]


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: KnowledgeAlignment(keep=0), "keep=0: must"),
        (lambda: KnowledgeAlignment(temperature=0.0), "temperature=0.0: must be finite and > 0"),
        (lambda: KnowledgeAlignment(hidden=(), straight=False), "hidden=.*: must be some"),
        (lambda: KnowledgeAlignment(learning_rate=0.0), "learning_rate=0.0: must"),
        (lambda: KnowledgeAlignment(seed=-1), "seed=-1: must"),
        (lambda: QUICK.infer(observed(X[:, :1])), "must be fitted before it infers"),
        (lambda: QUICK.fit(observed(X[:, :1]), X[:3]), r"secrets=\(3, 8\): must have a row"),
        (lambda: QUICK.fit(observed(X[:1, :1]), X[:1]), r"secrets=\(1, 8\): must have a row"),
        (lambda: QUICK.fit(observed(X[:, :1]), X * math.nan), "secrets=not all finite: must"),
        (lambda: QUICK.fit(observed(X[:, :1] * math.nan), X), "answers=not all finite: must"),
        (
            lambda: KnowledgeAlignment(temperature=1.0).fit(observed(X[:, :1]), X),
            "answers=not all: must be >= 0",
        ),
        (lambda: squared_errors(X, X[:, :2]), r"guesses=\(3000, 2\): must have shape"),
        (lambda: share_closed(error=1.0, without=1.0, best=1.0), "best=1.0: must lie below"),
        (lambda: nearest_identity(X, X[:, :2]), r"means=\(3000, 2\): must be rows"),
        (
            lambda: recognised(X, LABELS, evaluator=lambda Z: Z),
            r"evaluator=\(3000, 8\): must give",
        ),
    ],
)
def test_bad_input(work: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        work()
