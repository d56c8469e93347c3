"""Networks with a noisy code: what they are without it, what the penalty does, what they leave alone."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from torch import nn
from torch.optim.adamw import adamw

from mipriv.errors import ParameterError
from mipriv.estimate.variational import normal_divergences
from mipriv.learn.baselines.net import NetClassifier, NetRegressor
from mipriv.learn.mid._adam import Adam
from mipriv.learn.mid._training import Plan, Records, Training
from mipriv.learn.mid.head import Network, PlainHead, VIBHead, divergence
from mipriv.learn.mid.vib import VIBClassifier, VIBRegressor

IRIS = load_iris(return_X_y=True)
LINE = make_regression(n_samples=80, n_features=4, noise=5.0, random_state=0)
SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 6, "batch_size": 32, "random_state": 0}
FAST: dict[str, Any] = {"hidden": (16,), "epochs": 15, "batch_size": 128, "learning_rate": 0.05}
LEARNERS = (NetClassifier, VIBClassifier, NetRegressor, VIBRegressor)


def made(learner: Any, **parameters: Any) -> Any:
    """A learner that trains in a moment, with the warm-up inside its epochs."""
    vib = {"warm_up": 2} if issubclass(learner, VIBClassifier | VIBRegressor) else {}
    return learner(**{**SMALL, **vib, **parameters})


def records(learner: Any) -> tuple[Any, Any]:
    return LINE if issubclass(learner, VIBRegressor | NetRegressor) else IRIS


class Picture(nn.Module):
    """A convolution with everything that draws from or keeps state in torch."""

    def __init__(self, features: int) -> None:
        super().__init__()
        side = int(features**0.5)
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, side, side)),
            nn.Conv2d(1, 2, 3),
            nn.Flatten(),
            nn.BatchNorm1d(2 * (side - 2) ** 2),
            nn.Dropout(0.3),
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(inputs)


@pytest.mark.parametrize("learner", LEARNERS)
def test_scikit_learn_accepts_it(learner: Any) -> None:
    check_estimator(made(learner, **FAST), on_skip=None)


@pytest.mark.parametrize(("noisy", "plain"), [LEARNERS[1::-1], LEARNERS[:1:-1]])
def test_without_noise_and_price_it_is_the_plain_network(noisy: Any, plain: Any) -> None:
    X, y = records(noisy)
    ours = made(noisy, lam=0, std=0).fit(X, y)
    theirs = made(plain).fit(X, y)
    # the same operations on numbers that lie alike in memory: not a rounding apart
    np.testing.assert_array_equal(ours.history_, theirs.history_)
    np.testing.assert_array_equal(ours.answer(X), theirs.answer(X))
    np.testing.assert_array_equal(ours.answer(X), ours.mean(X))
    for model in (ours, theirs):
        assert model.information_.upper == model.information(X).value == np.inf
        assert model.noise_ is None
    assert not np.any(ours.encode(X)[1])


def test_a_low_price_keeps_the_accuracy_and_a_high_one_leaves_the_majority() -> None:
    X, y = load_digits(return_X_y=True)
    recipe: dict[str, Any] = {
        "hidden": (32,),
        "epochs": 12,
        "batch_size": 256,
        "learning_rate": 0.03,
        "selection_fraction": 0,
    }
    right: dict[str, list[float]] = {"plain": [], "cheap": [], "dear": []}
    asked = 0
    for seed in range(10):
        kept, X_test, labels, y_test = train_test_split(
            X, y, test_size=0.4, random_state=seed, stratify=y
        )
        models = {
            "plain": NetClassifier(**recipe, random_state=seed),
            "cheap": VIBClassifier(lam=1e-5, warm_up=1, **recipe, random_state=seed),
            "dear": VIBClassifier(lam=30.0, warm_up=1, **recipe, random_state=seed),
        }
        for name, model in models.items():
            right[name].append(model.fit(kept, labels).score(X_test, y_test))
        assert models["cheap"].information_.lower > models["dear"].information_.upper
        asked += len(y_test)
    plain, cheap, dear = (float(np.mean(right[name])) for name in ("plain", "cheap", "dear"))
    assert plain > 0.9
    assert abs(cheap - plain) <= 0.01  # the point allowed
    # a guess that does not depend on the record hits with a chance between the smallest and the
    # largest share of a class, which stratification keeps equal in all splits; 4 deviations of the
    # mean over all records asked about
    shares = np.bincount(y_test) / len(y_test)
    margin = 4 * np.sqrt(shares.max() / asked)
    assert shares.min() - margin <= dear <= shares.max() + margin


def test_divergence_is_that_of_normals() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = 3 * torch.randn(50, 6, generator=generator, dtype=torch.float64)
    std = torch.rand(50, 6, generator=generator, dtype=torch.float64) * 3 + 1e-6
    ours = divergence(mean, std)
    normal = torch.distributions.Normal
    theirs = torch.distributions.kl_divergence(normal(mean, std), normal(0.0, 1.0)).sum(1)
    terms = (mean**2 + std**2 + 1) / 2 + std.log().abs()
    # no path from an input has more than 6 + 8 operations, each within 2^-52 of the terms' sum
    bound = (14 * 2.0**-52 * 2 * terms.sum(1)).numpy()
    assert np.all((ours - theirs).abs().numpy() <= bound)
    exact = normal_divergences(mean=mean.numpy(), deviation=std.numpy())
    assert np.all(np.abs(ours.numpy() - exact) <= bound)


def test_head_on_an_encoder_of_another_make() -> None:
    head = VIBHead(10, 3, bottleneck=4)
    features = torch.ones(5, 10, dtype=torch.float64)
    mean, std = head.encode(features)
    assert torch.equal(std, nn.functional.softplus(head.raw(features) - 5) + 1e-6)  # type: ignore[misc]  # it is there
    noise = torch.ones(5, 4, dtype=torch.float64)
    outputs, kl = head(features, noise)
    # one rounding apart: the sum of mean and std * noise may be fused or not
    assert torch.allclose(outputs, head.outputs(mean + std), rtol=2.0**-45, atol=2.0**-45)
    assert torch.equal(kl, divergence(mean, std))
    assert torch.equal(head(features, None)[0], head.outputs(mean))
    assert torch.all(VIBHead(10, 3, std=0)(features, noise)[1] == torch.inf)
    assert (VIBHead(1, 3).bottleneck, VIBHead(9, 3).bottleneck, PlainHead(9, 3).bottleneck) == (
        1,
        4,
        4,
    )
    with pytest.raises(ParameterError, match=r"std=1.0: must be None \(learned\) or 0"):
        VIBHead(10, 3, std=1.0)


def test_optimiser_is_adam() -> None:
    module = nn.Linear(3, 2, dtype=torch.float64)
    before = [p.detach().clone() for p in module.parameters()]
    ours = Adam(module, learning_rate=0.1, weight_decay=0.2)
    zeros: list[list[torch.Tensor]] = [[torch.zeros_like(p) for p in before] for _ in range(2)]
    steps = [torch.tensor(0.0) for _ in before]
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        x = torch.randn(4, 3, generator=generator, dtype=torch.float64)
        theirs = nn.Linear(3, 2, dtype=torch.float64)
        for p, value in zip(theirs.parameters(), before, strict=True):
            p.data = value
        theirs(x).square().sum().backward()
        ours.step(module(x).square().sum())
        adamw(
            before,
            [p.grad for p in theirs.parameters()],  # type: ignore[misc]  # they are there
            *zeros,
            [],
            steps,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=0.1,
            weight_decay=0.2,
            eps=1e-8,
            maximize=False,
        )
    ours.release()
    for p, value in zip(module.parameters(), before, strict=True):
        # a step is at most 0.1/(1 - .9) in size and differs by some 30 roundings, whose effect on
        # the next gradient, of Hessian below 100, may grow a hundredfold in five steps
        assert torch.allclose(p, value, rtol=0, atol=5 * 30 * 100 * 2.0**-52)
        assert p.grad is None


def test_price_rises_linearly_and_patience_waits_for_it() -> None:
    plan = Plan(
        lam=2.0,
        warm_up=4,
        epochs=100,
        batch_size=4,
        learning_rate=1e-300,  # nothing moves, so no epoch is better than the first
        weight_decay=0.0,
        patience=3,
        unit=1.0,
        verbose=False,
    )
    rows = Records(torch.ones(8, 2, dtype=torch.float64), torch.ones(8, dtype=torch.float64))
    network = Network(nn.Identity(), VIBHead(2, 1))
    training = Training(
        network, loss=lambda outputs, y: (outputs[:, 0] - y).square().mean(), plan=plan, seed=0
    )
    seen: list[float] = []
    step = training.step

    def spied(x: torch.Tensor, y: torch.Tensor, *, lam: float) -> torch.Tensor:
        seen.append(lam)
        return step(x, y, lam=lam)

    training.step = spied  # type: ignore[method-assign]  # to see the weights
    training.run(rows, rows)
    assert seen == [min(2.0, 2.0 * k / 8) for k in range(14)]  # two batches an epoch, 4 + 3 epochs
    assert training.best_epoch == 1


@pytest.mark.parametrize("learner", [VIBClassifier, VIBRegressor])
def test_noise_per_input_is_the_same_again_and_fresh_noise_is_not(learner: Any) -> None:
    X, y = records(learner)
    fixed, fresh = (made(learner, noise=kind).fit(X, y) for kind in ("per-input", "fresh"))
    np.testing.assert_array_equal(fixed.answer(X), fixed.answer(X))
    # products of matrices may round otherwise in another place: dozens of roundings of numbers
    # below 2^10
    turned = fixed.answer(X[::-1])[::-1]
    np.testing.assert_allclose(turned, fixed.answer(X), rtol=0, atol=100 * 2.0**-42)
    assert not np.any(fresh.answer(X) == fresh.answer(X))
    np.testing.assert_array_equal(fixed.mean(X), fresh.mean(X))
    assert not np.any(fixed.answer(X) == fixed.mean(X))


def test_who_has_the_key_computes_the_answers() -> None:
    X, y = IRIS
    model = made(VIBClassifier).fit(X, y)
    mean, std = model.encode(X)
    noise = pickle.loads(pickle.dumps(model.noise_))
    code = torch.from_numpy(mean + std * noise.normals(X, mean.shape[1]))
    with torch.no_grad():
        scores = model.network_.head.outputs(code)
    found = torch.softmax(scores, dim=1).numpy()
    # some dozens of roundings of scores of size below 64
    np.testing.assert_allclose(found, model.answer(X), rtol=0, atol=100 * 64 * 2.0**-52)
    stated = normal_divergences(mean=mean, deviation=std)[model.selection_indices_]
    np.testing.assert_allclose(model.divergences_, stated, rtol=2.0**-40)  # blocks of other sizes
    assert model.information_.value == pytest.approx(stated.mean(), rel=2.0**-40)  # as above
    assert not model.information_.bound  # without a cap the mean is only estimated
    earlier = model.information_
    assert model.set_params(lam=100.0).fit(X, y).information_.upper < earlier.lower


@pytest.mark.parametrize("seed", [None, 3])
def test_global_randomness_and_threads_are_left_alone(seed: int | None) -> None:
    X, y = load_digits(return_X_y=True)
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()
    threads = torch.get_num_threads()
    model = made(VIBClassifier, encoder=Picture, epochs=3, random_state=seed)
    model.fit(X[:100], y[:100]).answer(X)
    assert torch.equal(torch_before, torch.get_rng_state())
    for before, after in zip(numpy_before, np.random.get_state(), strict=True):
        assert np.array_equal(before, after)
    assert torch.get_num_threads() == threads


def test_a_seed_decides_everything() -> None:
    X, y = load_digits(return_X_y=True)
    X, y = X[:100], y[:100]
    first, again = (made(VIBClassifier, encoder=Picture, epochs=3).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.answer(X), again.answer(X))
    other = clone(first).set_params(random_state=1).fit(X, y)
    assert not np.any(first.answer(X) == other.answer(X))
    unseeded = [clone(first).set_params(random_state=None).fit(X, y).noise_.key for _ in range(2)]
    assert unseeded[0] != unseeded[1]
    moved = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(first.answer(X), moved.answer(X))


def test_units_of_the_target() -> None:
    """In units 1024 times smaller all is the same, the price counted in their squares."""
    X, y = LINE
    ours = made(VIBRegressor, lam=0.5).fit(X, y)
    scaled = made(VIBRegressor, lam=0.5 * 2**20).fit(X, 1024 * y)
    # powers of two round nothing
    np.testing.assert_array_equal(1024 * ours.answer(X), scaled.answer(X))
    np.testing.assert_array_equal(2**20 * ours.history_, scaled.history_)
    assert ours.information_ == scaled.information_


def test_objective_of_the_selection_is_the_one_stated() -> None:
    X, y = LINE
    model = made(VIBRegressor, lam=0, std=0).fit(X, y)
    held = model.selection_indices_
    error = np.mean((model.mean(X[held]) - y[held]) ** 2)
    # of some dozens of roundings of numbers that do not cancel below 1e-6 of themselves
    assert model.history_[model.best_epoch_ - 1] == pytest.approx(error, rel=1e-9)
    assert model.history_.min() == model.history_[model.best_epoch_ - 1]


def test_selection_is_disjoint_and_takes_its_share_of_each_class() -> None:
    X, y = IRIS
    model = made(NetClassifier, selection_fraction=0.2, epochs=1).fit(X, y)
    held = model.selection_indices_
    assert np.bincount(y[held]).tolist() == [10, 10, 10]
    altered = X.copy()
    altered[held] += 1000.0
    other = clone(model).fit(altered, y)
    for ours, theirs in zip(model.network_.parameters(), other.network_.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    with pytest.raises(AttributeError):
        NetClassifier().information_  # noqa: B018  # the access is the test
    whole = made(NetClassifier, selection_fraction=0).fit(X, y)
    assert len(whole.selection_indices_) == 0
    assert whole.best_epoch_ == whole.n_iter_ == 6


def test_standardise_is_a_scaler_before_it() -> None:
    X, y = IRIS
    inside = made(NetClassifier, selection_fraction=0).fit(X, y)
    outside = make_pipeline(
        StandardScaler(), made(NetClassifier, selection_fraction=0, standardise=False)
    ).fit(X, y)
    # 30 steps, each of which may move roundings of 1e-15 by its learning rate
    np.testing.assert_allclose(inside.answer(X), outside.predict_proba(X), rtol=0, atol=1e-9)


def test_grid_search_over_a_pipeline() -> None:
    X, y = IRIS
    pipeline = make_pipeline(StandardScaler(), made(VIBClassifier, **FAST, warm_up=5))
    search = GridSearchCV(pipeline, {"vibclassifier__lam": [1e-4, 100.0]}, cv=3).fit(X, y)
    assert search.best_params_ == {"vibclassifier__lam": 1e-4}
    assert search.best_estimator_.predict_proba(X).shape == (150, 3)


def test_progress_goes_to_stderr_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    made(VIBRegressor).fit(*LINE)
    assert capsys.readouterr() == ("", "")
    model = made(VIBRegressor, verbose=True).fit(*LINE)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == f"epoch 1/6: objective {model.history_[0]:.6g}"
    assert err.splitlines()[-1] == f"kept epoch {model.best_epoch_} of 6"


def test_unfitted_and_diverging() -> None:
    with pytest.raises(NotFittedError):
        VIBClassifier().predict(IRIS[0])
    with pytest.raises(ParameterError, match=r"learning_rate=1e\+300: must be smaller: the train"):
        made(VIBRegressor, learning_rate=1e300).fit(*LINE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lam": -1.0}, "lam=-1.0: must be a finite number >= 0"),
        ({"lam": float("nan")}, "lam=nan: must be a finite number >= 0"),
        ({"lam": "much"}, "lam=much: must be a finite number >= 0"),
        ({"std": 0.5}, r"std=0.5: must be None \(learned\) or 0"),
        ({"std": 0}, "lam=0.001: must be 0 where std is 0: the divergence is infinite"),
        ({"warm_up": 6}, "warm_up=6: must be a whole number >= 0 and below epochs=6"),
        ({"noise": "none"}, "noise=none: must be one of per-input, fresh"),
        ({"grid": 0.0}, "grid=0.0: must be positive and finite"),
        ({"hidden": (8, 0)}, r"hidden=\(8, 0\): must be a tuple of whole numbers >= 1"),
        ({"hidden": 8}, "hidden=8: must be a tuple of whole numbers >= 1"),
        ({"bottleneck": 0}, "bottleneck=0: must be a whole number >= 1"),
        ({"epochs": 0}, "epochs=0: must be a whole number >= 1"),
        ({"batch_size": 1.5}, "batch_size=1.5: must be a whole number >= 1"),
        ({"patience": 0}, "patience=0: must be a whole number >= 1"),
        ({"learning_rate": 0.0}, "learning_rate=0.0: must be > 0"),
        ({"weight_decay": -1}, "weight_decay=-1: must be a finite number >= 0"),
        ({"selection_fraction": 1.0}, "selection_fraction=1.0: must be < 1"),
        ({"encoder": 3}, "encoder=3: must be None or make a module of a number"),
        ({"encoder": lambda p: nn.Unflatten(1, (1, p))}, r"must turn \(N, p\) into features"),
        ({"selection_fraction": 0.999}, "a record to train on: 150 of n_samples=150"),
    ],
)
def test_bad_input_is_named_in_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said) as caught:
        made(VIBClassifier, **given).fit(*IRIS)
    assert "\n" not in str(caught.value)
