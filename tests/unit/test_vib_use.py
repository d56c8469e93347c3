"""Networks in use: heads in a loop of one's own, encoders of one's own, few records, bad input."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from torch import nn
from torch.nn import functional

from mipriv.errors import ParameterError
from mipriv.estimate.variational import upper_bound
from mipriv.learn.mid.head import VIBHead
from mipriv.learn.mid.vib import VIBClassifier, VIBRegressor

IRIS = load_iris(return_X_y=True)
SHORT: dict[str, Any] = {"epochs": 2, "warm_up": 1, "random_state": 0}


def images(count: int) -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X[:count] / 16, y[:count]


def convolutions(pixels: int) -> nn.Module:
    side = int(pixels**0.5)
    return nn.Sequential(
        nn.Unflatten(1, (1, side, side)),
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Flatten(),
    )


def test_a_head_in_a_loop_of_single_precision() -> None:
    X, y = images(200)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        encoder, head = convolutions(64), VIBHead(64, 10, bottleneck=6, dtype=torch.float32)
        optimiser = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.05)
        x, targets = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
        losses = []
        for _ in range(120):
            outputs, divergences = head(encoder(x), torch.randn(200, 6))
            loss = functional.cross_entropy(outputs, targets)
            optimiser.zero_grad()
            (loss + 1e-3 * divergences.mean()).backward()
            optimiser.step()
            losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 2  # log 10 at the start
    reading = upper_bound(divergences=divergences.detach().double().numpy())
    assert reading.lower <= reading.value <= reading.upper


def test_a_head_is_not_asked_without_a_word_on_noise() -> None:
    features = torch.ones(2, 4, dtype=torch.float64)
    with pytest.raises(TypeError, match="noise"):
        VIBHead(4, 2)(features)


@pytest.mark.parametrize(
    ("sizes", "bottleneck", "says"),
    [
        ((0, 2), None, "features=0: must be a whole number >= 1"),
        ((2, 0), None, "outputs=0: must be a whole number >= 1"),
        ((4, 2), 0, "bottleneck=0: must be a whole number >= 1"),
        ((4, 2), 1.5, "bottleneck=1.5: must be a whole number >= 1"),
    ],
)
def test_sizes_of_a_head(sizes: tuple[int, int], bottleneck: Any, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        VIBHead(*sizes, bottleneck=bottleneck)


def test_convolutions_go_on_and_are_kept(tmp_path: Path) -> None:
    X, y = images(200)
    parts: dict[str, Any] = {**SHORT, "encoder": convolutions}
    whole = VIBClassifier(**{**parts, "epochs": 4}).fit(X, y)
    place = tmp_path / "training"
    VIBClassifier(**parts).fit(X, y, checkpoint=place)
    resumed = VIBClassifier(**{**parts, "epochs": 4}).fit(X, y, checkpoint=place)
    np.testing.assert_array_equal(resumed.answer(X), whole.answer(X))
    whole.save(tmp_path / "model")
    read = VIBClassifier.load(tmp_path / "model", encoder=convolutions)
    np.testing.assert_array_equal(read.answer(X), whole.answer(X))
    assert read.information_ == whole.information_


def test_on_few_records_the_price_is_paid() -> None:
    """Two steps an epoch: the divergence overshoots as it is pressed down, and comes back."""
    X, y = IRIS
    model = VIBClassifier(lam=0.3, random_state=0).fit(X, y)
    rising = np.diff(model.history_) > 0
    assert rising[model.warm_up : model.best_epoch_ - 1].sum() > 10  # the overshoot
    assert model.information_.value < 3
    assert model.score(X, y) > 0.7


@pytest.mark.parametrize(
    ("encoder", "says"),
    [
        (lambda p: p, "must make a torch module"),
        (lambda p: nn.Linear(p + 1, 4), r"must turn \(N, 4\) into features \(N, f\) \(mat1 and"),
    ],
    ids=["no module", "another width"],
)
def test_an_encoder_that_does_not_fit(encoder: Any, says: str) -> None:
    with pytest.raises(ParameterError, match=rf"^encoder=.*: {says}") as caught:
        VIBClassifier(**SHORT, encoder=encoder).fit(*IRIS)
    assert "\n" not in str(caught.value)


def test_numbers_whose_squares_overflow_are_refused() -> None:
    X, y = IRIS
    with pytest.raises(ParameterError, match=r"^X=.*: must be at most 1e\+100 in size"):
        VIBClassifier(**SHORT).fit(X * 1e200, y)
    with pytest.raises(ParameterError, match=r"^y=.*: must be at most 1e\+100 in size"):
        VIBRegressor(**SHORT).fit(X, y * 1e200)
    model = VIBClassifier(**SHORT).fit(X, y)
    with pytest.raises(ParameterError, match=r"^X=.*: must be at most 1e\+100 in size"):
        model.predict_proba(X * 1e300)
    assert np.isfinite(model.predict_proba(X * 1e99)).all()


def test_all_selected_leaves_none_to_train_on() -> None:
    says = "selection_fraction=0.99: must leave a record to train on: 60 of n_samples=60 select"
    with pytest.raises(ParameterError, match=re.escape(says)):
        VIBRegressor(**SHORT, selection_fraction=0.99).fit(IRIS[0][:60], IRIS[1][:60])


def test_before_the_fit_there_is_no_information() -> None:
    model = VIBClassifier()
    assert not hasattr(model, "information_")
    with pytest.raises(NotFittedError):
        _ = model.information_


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    model = VIBClassifier(**SHORT).fit(*IRIS)
    with pytest.raises(FileNotFoundError, match=r"absent'$"):
        model.save(tmp_path / "absent" / "model")
