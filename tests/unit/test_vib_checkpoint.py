"""Files of networks: what is read back is what was written, and a fit goes on where it stopped."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.datasets import load_iris, make_regression
from torch import nn

from mipriv.errors import ParameterError
from mipriv.learn.baselines.net import NetClassifier, NetRegressor
from mipriv.learn.mid import _checkpoint
from mipriv.learn.mid.vib import VIBClassifier, VIBRegressor

IRIS = load_iris(return_X_y=True)
LINE = make_regression(n_samples=60, n_features=4, noise=5.0, random_state=0)
SMALL: dict[str, Any] = {"hidden": (6,), "epochs": 5, "batch_size": 32, "random_state": 0}


class Stateful(nn.Module):
    """Draws from torch while it trains, keeps averages, and can stop a training."""

    stop_at: int | None = None  # training batch at which to stop

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2)
        )
        self.seen = 0

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.seen += self.training
        if self.seen == self.stop_at:
            raise KeyboardInterrupt
        found: torch.Tensor = self.layers(inputs)
        return found


def small(learner: Any, **parameters: Any) -> Any:
    vib = {"warm_up": 2} if issubclass(learner, VIBClassifier | VIBRegressor) else {}
    return learner(**{**SMALL, **vib, **parameters})


def same(ours: Any, theirs: Any, X: Any) -> None:
    """Not a bit apart in weights, answers and what is said of the training."""
    for name, tensor in ours.network_.state_dict().items():
        assert torch.equal(tensor, theirs.network_.state_dict()[name]), name
    np.testing.assert_array_equal(ours.answer(X), theirs.answer(X))
    np.testing.assert_array_equal(ours.history_, theirs.history_)
    np.testing.assert_array_equal(ours.selection_indices_, theirs.selection_indices_)
    assert ours.information_ == theirs.information_
    assert (ours.n_iter_, ours.best_epoch_) == (theirs.n_iter_, theirs.best_epoch_)


def interrupt(
    monkeypatch: pytest.MonkeyPatch, learner: Any, data: Any, file: Path, *, batch: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Stateful, "stop_at", batch)
        with pytest.raises(KeyboardInterrupt):
            learner.fit(*data, checkpoint=file)


@pytest.mark.parametrize("batch", [7, 10, 22])  # with 5 an epoch: in the second, at a start, last
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_an_interrupted_fit_ends_as_if_it_had_not_been(
    batch: int, weight_decay: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = IRIS
    build = {"encoder": Stateful, "weight_decay": weight_decay}
    file = tmp_path / "training.safetensors"
    interrupt(monkeypatch, small(VIBClassifier, **build), IRIS, file, batch=batch)
    done = _checkpoint.read(file, kind="training").values["epoch"]
    assert done == (batch - 1) // 5
    resumed = small(VIBClassifier, **build).fit(X, y, checkpoint=file)
    whole = small(VIBClassifier, **build).fit(X, y)
    same(whole, resumed, X)
    # once ended, it is not trained again
    again = small(VIBClassifier, **build).fit(X, y, checkpoint=file)
    same(whole, again, X)


@pytest.mark.parametrize("learner", [VIBClassifier, VIBRegressor, NetClassifier, NetRegressor])
def test_epochs_may_be_raised(learner: Any, tmp_path: Path) -> None:
    data = LINE if issubclass(learner, VIBRegressor | NetRegressor) else IRIS
    file = tmp_path / "training.safetensors"
    small(learner, epochs=3).fit(*data, checkpoint=file)
    longer = small(learner).fit(*data, checkpoint=file)
    same(small(learner).fit(*data), longer, data[0])
    with pytest.raises(ParameterError, match="a fit that has not gone beyond epoch 4"):
        small(learner, epochs=4).fit(*data, checkpoint=file)


def test_patience_goes_on_too(tmp_path: Path) -> None:
    file = tmp_path / "training.safetensors"
    hasty = {"patience": 1, "learning_rate": 0.3, "epochs": 40}
    whole = small(NetRegressor, **hasty).fit(*LINE, checkpoint=file)
    assert whole.n_iter_ < 40
    again = small(NetRegressor, **hasty).fit(*LINE, checkpoint=file)
    same(whole, again, LINE[0])


@pytest.mark.parametrize("seed", [None, "generator"])
def test_without_a_seed_it_keeps_to_the_randomness_it_started_with(
    seed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = IRIS
    file = tmp_path / "training.safetensors"

    def learner() -> Any:
        state = np.random.RandomState(5) if seed == "generator" else None
        return small(VIBClassifier, encoder=Stateful, random_state=state)

    first = learner()
    interrupt(monkeypatch, first, IRIS, file, batch=8)
    resumed = learner().fit(X, y, checkpoint=file)
    assert resumed.noise_.key == first.noise_.key
    np.testing.assert_array_equal(resumed.selection_indices_, first.selection_indices_)
    if seed == "generator":
        same(learner().fit(X, y), resumed, X)


def test_a_checkpoint_with_another_encoder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "training.safetensors"
    small(VIBClassifier, encoder=Stateful, epochs=3).fit(*IRIS, checkpoint=file)
    with pytest.raises(ParameterError, match="safetensors: must be of a fit with this encoder"):
        small(VIBClassifier, encoder=lambda p: nn.Linear(p, 3)).fit(*IRIS, checkpoint=file)


def test_a_checkpoint_of_another_fit_is_refused(tmp_path: Path) -> None:
    X, y = IRIS
    file = tmp_path / "training.safetensors"
    model = small(VIBClassifier).fit(X, y, checkpoint=file)
    said = "training.safetensors: must be of a fit to these records with these parameters"
    moved = X.copy()
    moved[3, 1] += 1e-12
    with pytest.raises(ParameterError, match=said):
        small(VIBClassifier).fit(moved, y, checkpoint=file)
    with pytest.raises(ParameterError, match=said):
        small(VIBClassifier).fit(X, 2 - y, checkpoint=file)
    for parameters in ({"lam": 0.5}, {"random_state": 1}, {"encoder": Stateful}):
        with pytest.raises(ParameterError, match=said):
            small(VIBClassifier, **parameters).fit(X, y, checkpoint=file)
    with pytest.raises(ParameterError, match=said):
        small(NetClassifier).fit(X, y, checkpoint=file)
    with pytest.raises(ParameterError, match="must hold a VIBClassifier, not a training"):
        VIBClassifier.load(file)
    model.save(file)
    with pytest.raises(ParameterError, match="must hold a training, not a VIBClassifier"):
        small(VIBClassifier).fit(X, y, checkpoint=file)


@pytest.mark.parametrize("labels", [np.array([3, 1, 7]), np.array(["c", "a", "b"]), None])
@pytest.mark.parametrize("learner", [VIBClassifier, NetClassifier])
def test_round_trip_of_a_classifier(learner: Any, labels: Any, tmp_path: Path) -> None:
    X, codes = IRIS
    y = codes == 1 if labels is None else labels[codes]
    model = small(learner, selection_fraction=0.2).fit(X, y)
    model.save(tmp_path / "model")
    found = learner.load(tmp_path / "model")
    same(model, found, X)
    np.testing.assert_array_equal(model.predict(X), found.predict(X))
    assert found.classes_.dtype == model.classes_.dtype
    assert found.get_params() == model.get_params()
    np.testing.assert_array_equal(found.mean(X), model.mean(X))
    same(model.fit(X, y), found.fit(X, y), X)


@pytest.mark.parametrize("learner", [VIBRegressor, NetRegressor])
@pytest.mark.parametrize("standardise", [True, False])
def test_round_trip_of_a_regressor(learner: Any, standardise: bool, tmp_path: Path) -> None:
    X, y = LINE
    model = small(learner, standardise=standardise).fit(X, y)
    model.save(tmp_path / "model")
    same(model, learner.load(tmp_path / "model"), X)


def test_round_trip_with_an_encoder_and_fresh_noise(tmp_path: Path) -> None:
    X, y = IRIS
    model = small(VIBClassifier, encoder=Stateful, noise="fresh", lam=np.float64(0.5))
    model.fit(X, y).answer(X)
    model.save(tmp_path / "model")
    found = VIBClassifier.load(tmp_path / "model", encoder=Stateful)
    np.testing.assert_array_equal(found.answer(X), model.answer(X))  # the next draw of both
    assert not np.any(found.answer(X) == found.answer(X))
    with pytest.raises(ParameterError, match="encoder=None: must be given, as it was to the saved"):
        VIBClassifier.load(tmp_path / "model")
    with pytest.raises(ParameterError, match="hold a model that this version and this encoder fit"):
        VIBClassifier.load(tmp_path / "model", encoder=lambda p: nn.Linear(p, 3))


def test_names_of_features_are_kept(tmp_path: Path) -> None:
    X, y = LINE
    model = small(VIBRegressor).fit(X, y)
    model.feature_names_in_ = np.array(["a", "b", "c", "d"], dtype=object)
    model.save(tmp_path / "model")
    found = VIBRegressor.load(tmp_path / "model")
    assert found.feature_names_in_.tolist() == ["a", "b", "c", "d"]


def test_the_file_is_tensors_and_text_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "model"
    model = small(VIBClassifier).fit(*IRIS)
    model.save(file)
    with safe_open(file, framework="np") as content:
        values = json.loads(content.metadata()["mipriv"])
        weights = content.get_tensor("network.head.mean.weight")
    assert bytes.fromhex(values["noise"]["key"]) == model.noise_.key
    np.testing.assert_array_equal(weights, model.network_.head.mean.weight.detach().numpy())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model"
    model = small(VIBRegressor).fit(*LINE)
    model.save(file)
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        model.save(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "model"
    small(VIBRegressor).fit(*LINE).save(file)
    whole = file.read_bytes()
    for place in range(0, len(whole), 13):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ParameterError, match=r"^model: must ") as caught:
            VIBRegressor.load(file)
        assert "\n" not in str(caught.value)
    for content in (b"", b"not a model\n", whole[: len(whole) // 2], whole + b"\0"):
        file.write_bytes(content)
        with pytest.raises(ParameterError, match="model: must be a safetensors file, whole"):
            VIBRegressor.load(file)
    save_file({"weight": torch.zeros(2)}, file)
    with pytest.raises(ParameterError, match="model: must be a file written by mipriv"):
        VIBRegressor.load(file)
    with pytest.raises(FileNotFoundError):
        VIBRegressor.load(tmp_path / "nothing")


def test_another_learner_or_other_labels_are_refused(tmp_path: Path) -> None:
    model = small(NetClassifier).fit(*IRIS)
    model.save(tmp_path / "model")
    with pytest.raises(ParameterError, match="model: must hold a VIBClassifier, not a NetClass"):
        VIBClassifier.load(tmp_path / "model")
    model.classes_ = np.array([None, 1, 2], dtype=object)
    with pytest.raises(ParameterError, match="must be numbers, booleans or strings to be saved"):
        model.save(tmp_path / "model")
