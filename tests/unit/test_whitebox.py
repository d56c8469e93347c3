"""White-box MAP: enumeration is the brute maximum, and ascent reaches what enumeration finds."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from mipriv.attack._logits import logits_of
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.priors import LinearPrior, PrincipalComponents
from mipriv.attack.whitebox import AscentMAP, EnumeratedMAP, normal_likelihood
from mipriv.errors import ParameterError
from mipriv.learn.mid.vib import VIBClassifier
from mipriv.populations.joint import noisy_rule

JOINT = noisy_rule(arities=(2, 3, 3), correlation="0.4", noise="0.2", classes=3, seed=1)
X, Y = JOINT.sample(400, np.random.default_rng(0))
IRIS, KINDS = load_iris(return_X_y=True)
COVARIANCE = np.array([[1.0, 0.4], [0.4, 0.8]])
CENTRE = np.array([0.3, -0.2])
FULL = LinearPrior(CENTRE, np.linalg.cholesky(COVARIANCE))
GRID = np.linspace(-5, 5, 201)


def seen(labels: Any) -> Observation:
    side = np.asarray(labels, dtype=float).reshape(-1, 1)
    return Observation(answers=np.zeros((len(side), 1, 0)), side=side)


@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(max_depth=3, random_state=0), LogisticRegression()]
)
def test_enumeration_is_the_brute_maximum(model: Any) -> None:
    model.fit(X, Y)
    attack = EnumeratedMAP.of_joint(JOINT).fit(model=model)
    found = attack.maxima([0, 1, 2])
    masses = JOINT.marginal([0, 1, 2])
    for label in range(3):
        scores = {}
        for cell, mass in zip(product(range(2), range(3), range(3)), masses, strict=True):
            share = model.predict_proba([cell])[0, label]
            scores[cell] = (
                -np.inf if share == 0 else np.log(share) + np.log(int(mass.p) / int(mass.q))
            )
        # two logarithms of size below 30: an ulp each, and that of their sum
        best = max(scores.values())
        np.testing.assert_allclose(found.values[label], best, rtol=3 * 2**-52, atol=30 * 2**-52)
        near = [cell for cell, score in scores.items() if score >= best - 1e-9]
        assert tuple(found.records[label].astype(int)) in near
    np.testing.assert_array_equal(attack.infer(seen([2, 0, 2])), found.records[[2, 0, 2]])


def test_enumeration_of_a_regression() -> None:
    model = LinearRegression().fit(X, Y)
    answers, scale = [0.1, 1.7], 0.4
    attack = EnumeratedMAP.of_joint(JOINT).fit(
        model=normal_likelihood(model, answers=answers, scale=scale)
    )
    found = attack.maxima([0, 1])
    shares = np.array([int(m.p) / int(m.q) for m in JOINT.marginal([0, 1, 2])])
    predicted = JOINT.cells() @ model.coef_ + model.intercept_
    for place, answer in enumerate(answers):
        scores = np.log(shares) - (answer - predicted) ** 2 / (2 * scale**2)
        assert tuple(found.records[place]) == tuple(JOINT.cells()[scores.argmax()])
        assert np.sort(scores)[-2] < scores.max() - 1e-9  # so that rounding decides nothing


def test_what_cannot_be_is_never_found() -> None:
    certain = np.log([[0.9, 0.1], [0.5, 0.5]])
    attack = EnumeratedMAP(records=np.array([[0], [1]]), log_prior=np.array([-np.inf, 0.0]))
    found = attack.fit(model=lambda records: certain).maxima([0])
    assert found.records[0, 0] == 1
    # and a class that no record has gives the first record, at minus infinity
    none = attack.fit(model=lambda records: np.full((2, 1), -np.inf)).maxima([0])
    assert none.values[0] == -np.inf
    assert none.records[0, 0] == 0


def bumpy(seed: int) -> nn.Module:
    """A random network of two inputs and three classes, with several maxima a class."""
    random = torch.Generator().manual_seed(seed)
    network = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 3)).double()
    with torch.no_grad():
        for parameter, scale in zip(network.parameters(), (1.5, 1.5, 2.0, 1.0), strict=True):
            parameter.copy_(scale * torch.randn(parameter.shape, generator=random).double())
    return network


def enumerated(network: nn.Module) -> np.ndarray:
    """Largest log p(y|x) + log p(x) of each class on the grid, the prior's constant left out."""
    records = np.stack(np.meshgrid(GRID, GRID), axis=-1).reshape(-1, 2)
    return np.asarray(posterior(network, records).max(axis=0))


def posterior(network: nn.Module, records: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        logs = torch.log_softmax(network(torch.tensor(records)), dim=1).numpy()
    law = multivariate_normal(CENTRE, COVARIANCE)
    return np.asarray(logs + (law.logpdf(records) - law.logpdf(CENTRE))[:, None])


def test_ascent_reaches_the_enumerated_maximum() -> None:
    full, single = 0, 0
    for seed in range(20):
        network = bumpy(seed)
        grid = enumerated(network)
        found = AscentMAP(prior=FULL).fit(None, None, model=network).maxima(range(3))
        # what it says it reached it did reach: sums of at most 16 terms of size below 100
        own = posterior(network, found.records)[np.arange(3), np.arange(3)]
        np.testing.assert_allclose(found.values, own, atol=100 * 16 * 2**-52)
        # the grid's maximum lies below the true one, so only the rounding of both is granted
        full += int((found.values >= grid - 1e-12).sum())
        alone = AscentMAP(prior=FULL, restarts=1).fit(None, None, model=network).maxima(range(3))
        single += int((alone.values >= grid - 1e-12).sum())
    assert full >= 0.95 * 60
    assert single < full  # two starts do not do: the maxima are several


def test_a_concave_posterior_is_climbed_to_its_top() -> None:
    """With affine logits the maximum is the one point without slope."""
    model = LogisticRegression(max_iter=1000).fit(IRIS, KINDS)
    prior = PrincipalComponents().fit(IRIS)
    found = AscentMAP(prior=prior, restarts=2).fit(None, None, model=model).maxima(range(3))
    shares = model.predict_proba(found.records)
    codes = np.linalg.lstsq(prior.weights, (found.records - prior.mean).T, rcond=None)[0].T
    for label in range(3):
        slope = prior.weights.T @ (model.coef_[label] - shares[label] @ model.coef_) - codes[label]
        # the Hessian lies below -1, so that a slope of 1e-4 means a value within 1e-8/2 of the top
        assert np.abs(slope).max() < 1e-4


def test_noise_of_the_release_is_not_in_the_way() -> None:
    model = VIBClassifier(
        lam=0.01, hidden=(8,), epochs=20, warm_up=2, noise="fresh", random_state=0
    ).fit(IRIS, KINDS)
    with torch.no_grad():
        logits = logits_of(model)(torch.tensor(IRIS))
    # the same operations
    np.testing.assert_allclose(torch.softmax(logits, dim=1).numpy(), model.mean(IRIS), rtol=1e-13)
    attack = AscentMAP(prior=PrincipalComponents(rank=2), restarts=3, steps=30, polish=10)
    first, again = (attack.fit(None, IRIS, model=model).infer(seen([0, 1, 2, 1])) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[1], first[3])


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=1000),
        MLPClassifier((6,), activation="tanh", max_iter=20, random_state=0),
        MLPClassifier((6, 5), activation="relu", max_iter=20, random_state=0),
    ],
)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_logits_of_scikit_learn_give_its_probabilities(model: Any, classes: int) -> None:
    chosen = classes > KINDS
    model.fit(IRIS[chosen], KINDS[chosen])
    found = torch.softmax(logits_of(model)(torch.tensor(IRIS)), dim=1).numpy()
    # three layers of sums of at most six terms, whose logits are below 100
    np.testing.assert_allclose(found, model.predict_proba(IRIS), rtol=100 * 18 * 2**-52, atol=1e-15)


def test_a_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 3)).train()
    state = torch.get_rng_state()
    attack = AscentMAP(prior=FULL, restarts=2, steps=5, polish=2).fit(None, None, model=module)
    records = attack.maxima([0, 1]).records
    assert records.dtype == np.float64
    assert module.training
    assert torch.equal(state, torch.get_rng_state())
    # in evaluation mode, or the dropout would answer each time anew
    logits = logits_of(module)
    point = torch.tensor(records)
    assert torch.equal(logits(point), logits(point))


def test_another_seed_starts_elsewhere() -> None:
    values = [
        AscentMAP(prior=FULL, restarts=2, steps=1, polish=0, seed=seed)
        .fit(None, None, model=bumpy(0))
        .maxima([0])
        .values[0]
        for seed in (0, 0, 3)
    ]
    assert values[0] == values[1] != values[2]


def test_wrong_input_is_refused() -> None:
    attack = AscentMAP(prior=FULL, steps=1)
    with pytest.raises(ParameterError, match="must be fitted"):
        attack.maxima([0])
    with pytest.raises(ParameterError, match="class numbers from 0 to 2"):
        attack.fit(None, None, model=bumpy(0)).maxima([3])
    with pytest.raises(ParameterError, match="class number, shape"):
        attack.fit(None, None, model=bumpy(0)).infer(
            Observation(answers=np.zeros((1, 1, 1)), side=np.zeros((1, 2)))
        )
    with pytest.raises(ParameterError, match="model=SVC: must be a function"):
        attack.fit(None, None, model=SVC(kernel="rbf"))
    with pytest.raises(ParameterError, match="into logits"):
        attack.fit(None, None, model=lambda x: x[:, 0])
    with pytest.raises(ParameterError, match="learning_rate=0"):
        AscentMAP(prior=FULL, learning_rate=0)
    with pytest.raises(ParameterError, match="log priors"):
        EnumeratedMAP(records=np.zeros((2, 1)), log_prior=np.zeros(3))
    with pytest.raises(ParameterError, match="answer 2 rows"):
        EnumeratedMAP(records=np.zeros((2, 1)), log_prior=np.zeros(2)).fit(
            model=lambda records: np.zeros((3, 1))
        )
    with pytest.raises(ParameterError, match="scale=0"):
        normal_likelihood(LinearRegression(), answers=[0.0], scale=0)
