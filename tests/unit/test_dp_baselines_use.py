"""Private networks, and private baselines as scikit-learn and its users handle them."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from flint import ctx, fmpq
from scipy.integrate import quad
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps
from mipriv.accounting.sgd.training import Training
from mipriv.calculator.sgd import sgd
from mipriv.errors import ParameterError, UnsupportedGuarantee
from mipriv.game import Adjacency
from mipriv.learn.baselines import (
    DPLinearRegression,
    DPNetClassifier,
    DPTreeClassifier,
    _epsilon,
)
from mipriv.learn.sgd.models import LogisticRegression, Perceptron

EPS = float(np.finfo(np.float64).eps)
RNG = np.random.default_rng(8)
ROWS = RNG.normal(size=(400, 3)) / 4
TARGETS = ROWS @ [1.0, -1.0, 0.5] + 0.05 * RNG.normal(size=400)
CATEGORIES = RNG.integers(0, 3, size=(300, 4)).astype(float)
LABELS = np.where(CATEGORIES[:, 1] + CATEGORIES[:, 2] > 2, "high", "low")
NET: dict[str, Any] = {"steps": 5, "hidden": 2, "random_state": 0}


@pytest.mark.parametrize(
    "model",
    [
        DPLinearRegression(),
        DPTreeClassifier(),
        DPTreeClassifier(splits="random", depth=2),
        DPNetClassifier(steps=3, hidden=2),
    ],
    ids=repr,
)
def test_scikit_learn_accepts_it(model: Any) -> None:
    check_estimator(model, on_skip=None)


def test_epsilon_of_full_batches_is_that_of_the_gaussian_mechanism() -> None:
    net = DPNetClassifier(noise_multiplier=20, sampling_probability=1, **NET)
    net.fit(CATEGORIES, LABELS)
    mu = 2 * math.sqrt(5) / 20
    found = fmpq(*net.epsilon_.as_integer_ratio())
    exact = fmpq(*mu.as_integer_ratio())
    with ctx.workprec(100):
        # mu in doubles is within EPS of itself, which moves delta by less than 1e-10 of itself
        assert _epsilon.gaussian_delta(exact, found) < 1e-5 * (1 + 1e-10)
        assert _epsilon.gaussian_delta(exact, found * fmpq(997, 1000)) > 1e-5


@pytest.mark.parametrize(("sigma", "rate"), [(1.0, 0.2), (4.0, 0.05)])
def test_epsilon_of_one_step_is_that_of_its_two_mixtures(sigma: float, rate: float) -> None:
    net = DPNetClassifier(
        noise_multiplier=sigma, sampling_probability=rate, delta=1e-4, **NET | {"steps": 1}
    ).fit(CATEGORIES, LABELS)

    def delta(epsilon: float) -> float:
        """int (P - e^epsilon Q)+: batches without the record, or with it on one side."""

        def density(x: float, side: int) -> float:
            here = math.exp(-(((x - side) / sigma) ** 2) / 2)
            away = math.exp(-((x / sigma) ** 2) / 2)
            return (rate * here + (1 - rate) * away) / (sigma * math.sqrt(2 * math.pi))

        def integrand(x: float) -> float:
            return max(density(x, 1) - math.exp(epsilon) * density(x, -1), 0.0)

        grid = np.linspace(-10 * sigma, 12 * sigma, 200).tolist()
        return sum(quad(integrand, *ends)[0] for ends in itertools.pairwise(grid))

    # quad errs by less than 2e-8 in each of the intervals, where the integrand is not 0
    assert delta(net.epsilon_) < 1e-4 + 4e-6
    assert delta(net.epsilon_ * 0.99) > 1e-4 - 4e-6
    assert delta(net.epsilon_ * 0.9) > 1e-4


def test_the_least_epsilon_is_found_from_above() -> None:
    for least in (fmpq(1, 10**6), fmpq(1, 3), fmpq(1000)):
        found = fmpq(*_epsilon.least_epsilon(lambda e, at=least: e >= at).as_integer_ratio())
        assert least <= found <= least * fmpq(1002, 1000)
        # what is three times as much cannot be told, nor what is far below
        blurred = _epsilon.least_epsilon(lambda e, at=least: None if e > 3 * at else e >= at)
        assert least <= fmpq(*blurred.as_integer_ratio()) <= least * fmpq(1002, 1000)
    assert _epsilon.least_epsilon(lambda e: False) == math.inf
    assert _epsilon.least_epsilon(lambda e: None) == math.inf
    assert _epsilon.least_epsilon(lambda e: e >= 0) == 0
    for value in (fmpq(1, 3), fmpq(1, 10), fmpq(1, 2)):
        near = _epsilon.upward(value)
        assert (
            fmpq(*near.as_integer_ratio())
            >= value
            > fmpq(*math.nextafter(near, 0).as_integer_ratio())
        )


def _steps(sigma: Any, rate: Any, steps: int) -> Training:
    run = PoissonSteps(noise_multiplier=sigma, sampling_probability=rate, steps=steps)
    return Training(runs=(run,), n=100)


def test_where_sampling_cannot_be_told_the_full_batches_count() -> None:
    delta = fmpq(1, 10**5)
    without = _epsilon.training_epsilon(_steps("10000", 1, 2), delta=delta)
    sampled = _epsilon.training_epsilon(_steps("10000", "0.01", 2), delta=delta)
    assert 0 < sampled <= without
    assert _epsilon.training_epsilon(_steps("0.01", "0.5", 3), delta=delta) == math.inf
    assert _epsilon.training_epsilon(_steps("1", "0.5", 0), delta=delta) == 0
    fixed = Training(runs=(BatchSteps(noise_multiplier="1", batch_size=5, steps=1),), n=10)
    with pytest.raises(UnsupportedGuarantee, match="Poisson"):
        _epsilon.training_epsilon(fixed, delta=delta)
    moved = Training(runs=_steps("1", "0.5", 1).runs, n=10, group=1, adjacency=Adjacency.ADD_REMOVE)
    with pytest.raises(UnsupportedGuarantee, match="replaced"):
        _epsilon.training_epsilon(moved, delta=delta)


def test_the_guarantee_is_what_the_calculator_accounts() -> None:
    net = DPNetClassifier(noise_multiplier=5, sampling_probability="0.1", **NET)
    net.fit(CATEGORIES, LABELS)
    inputs = sgd(noise_multiplier=5, sampling_probability="0.1", steps=5, n=300).training
    assert net.guarantee_ == inputs


@pytest.mark.parametrize("hidden", [0, 3])
def test_a_net_answers_as_its_model(hidden: int) -> None:
    net = DPNetClassifier(**NET | {"hidden": hidden}, centre=1.0, scale=[1.0, 2.0, 1.0, 0.5])
    net.fit(CATEGORIES, LABELS)
    rows = torch.from_numpy((CATEGORIES - 1) / np.array([1.0, 2.0, 1.0, 0.5]))
    theta = torch.from_numpy(net.theta_)
    model = (
        Perceptron(features=4, hidden=3, classes=2) if hidden else LogisticRegression(features=4)
    )
    found = net.answer(CATEGORIES)
    for place in range(0, 300, 30):
        losses = [
            float(model.loss(theta, rows[place], torch.tensor(float(y))))
            for y in ((0, 1) if hidden else (-1, 1))
        ]
        # log-loss of either label: some ten roundings of numbers below 10
        assert np.abs(-np.log(found[place]) - losses).max() < 1000 * EPS


def test_a_net_learns_and_repeats() -> None:
    net = DPNetClassifier(
        noise_multiplier=1, sampling_probability="0.2", steps=60, centre=1.0, random_state=1
    )
    net.fit(CATEGORIES, LABELS)
    majority = max(np.mean(LABELS == "high"), np.mean(LABELS == "low"))
    assert net.score(CATEGORIES, LABELS) > majority + 0.1
    assert (clone(net).fit(CATEGORIES, LABELS).theta_ == net.theta_).all()
    secret = clone(net).set_params(random_state=None, steps=1)
    assert (
        secret.fit(CATEGORIES, LABELS).theta_ != clone(secret).fit(CATEGORIES, LABELS).theta_
    ).all()
    with pytest.raises(NotFittedError):
        _ = clone(net).epsilon_


def test_fitted_private_models_are_pickled() -> None:
    models: list[Any] = [
        DPLinearRegression(random_state=0).fit(ROWS, TARGETS),
        DPTreeClassifier(domains=(0, 1, 2), random_state=0).fit(CATEGORIES, LABELS),
        DPNetClassifier(**NET).fit(CATEGORIES, LABELS),
    ]
    for model in models:
        again = pickle.loads(pickle.dumps(model))
        data = ROWS if isinstance(model, DPLinearRegression) else CATEGORIES
        assert (again.answer(data) == model.answer(data)).all()
        assert again.guarantee_ == model.guarantee_
        assert again.epsilon_ == model.epsilon_


REFUSED: list[tuple[Any, str]] = [
    (DPLinearRegression(epsilon=0), "epsilon=0"),
    (DPLinearRegression(delta=0), "delta=0"),
    (DPLinearRegression(delta=1), "delta=1"),
    (DPLinearRegression(radius=0), "radius=0"),
    (DPLinearRegression(radius=[1, 2]), "must be a number or one of each of 4"),
    (DPLinearRegression(centre=math.nan), "centre=nan"),
    (DPLinearRegression(label_radius=0), "label_radius=0"),
    (DPLinearRegression(label_centre=math.inf), "label_centre=inf"),
    (DPLinearRegression(lam=-1), "lam=-1"),
    (DPTreeClassifier(epsilon=-1), "epsilon=-1"),
    (DPTreeClassifier(splits="best"), "splits=best"),
    (DPTreeClassifier(split_share=1), "split_share=1"),
    (DPTreeClassifier(smoothing=0), "smoothing=0"),
    (DPTreeClassifier(depth=-1), "depth=-1"),
    (DPTreeClassifier(domains=3), "domains=3"),
    (DPTreeClassifier(domains=(1, 1)), "must hold two or more finite values"),
    (DPTreeClassifier(domains=((0, 1), (0, 1))), "or one of each of 4 attributes"),
    (DPTreeClassifier(domains=tuple(range(20)), depth=4), "must leave at most 65536 leaves"),
    (DPNetClassifier(delta=0), "delta=0"),
    (DPNetClassifier(steps=0), "steps=0"),
    (DPNetClassifier(noise_multiplier=0), "noise_multiplier=0"),
    (DPNetClassifier(sampling_probability=0), "sampling_probability=0"),
    (DPNetClassifier(hidden=-1), "hidden=-1"),
    (DPNetClassifier(scale=0), "scale=0"),
    (DPNetClassifier(centre=[1, 2]), "or one of each of 4 features"),
    (DPNetClassifier(clip=0), "clip=0"),
]


@pytest.mark.parametrize(("model", "rule"), REFUSED, ids=[rule for _, rule in REFUSED])
def test_parameters_outside_their_range_are_refused(model: Any, rule: str) -> None:
    targets = CATEGORIES[:, 0] if isinstance(model, DPLinearRegression) else LABELS
    with pytest.raises(ParameterError, match=rule):
        model.fit(CATEGORIES, targets)


def test_logistic_regression_is_of_two_classes() -> None:
    with pytest.raises(ParameterError, match="hidden=0: must be >= 1 for more than two classes"):
        DPNetClassifier(hidden=0).fit(CATEGORIES, CATEGORIES[:, 0])
