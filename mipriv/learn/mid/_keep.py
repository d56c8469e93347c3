"""A fitted network learner as tensors and JSON, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mipriv.errors import require
from mipriv.learn.mid._checkpoint import Stored, named
from mipriv.learn.release import FreshNoise, PerInputNoise, ReleaseNoise

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FREE = ("epochs", "verbose")  # may differ when a fit goes on
_ARRAYS = ("centre_", "scale_", "selection_indices_", "history_", "divergences_")
_NUMBERS = ("n_features_in_", "n_iter_", "best_epoch_")


def kept_noise(noise: ReleaseNoise | None) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The noise of a release, its secret included, as JSON values and tensors."""
    if isinstance(noise, PerInputNoise):
        cells = {"noise.cells": torch.from_numpy(noise.cells)}
        return {"noise": {"kind": "per-input", "key": noise.key.hex()}}, cells
    if isinstance(noise, FreshNoise):
        state = noise.generator.bit_generator.state
        return {"noise": {"kind": "fresh", "state": state}}, {}
    return {"noise": None}, {}


def noise_of(stored: Stored) -> ReleaseNoise | None:
    """The inverse of `kept_noise`."""
    said = stored.values["noise"]
    if said is None:
        return None
    if said["kind"] == "per-input":
        cells = stored.tensors["noise.cells"].numpy()
        return PerInputNoise(cells=cells, key=bytes.fromhex(said["key"]))
    generator = np.random.default_rng(0)
    generator.bit_generator.state = said["state"]
    return FreshNoise(generator=generator)


def kept_labels(classes: NDArray[Any]) -> dict[str, Any]:
    """Class labels as JSON values."""
    plain = all(isinstance(label, bool | int | float | str) for label in classes.tolist())
    require(plain, must="be numbers, booleans or strings to be saved", classes=classes)
    return {"classes": classes.tolist(), "dtype": classes.dtype.str}


def labels_of(values: Any) -> NDArray[Any]:
    """The inverse of `kept_labels`."""
    return np.array(values["classes"], dtype=values["dtype"])


def parameters(estimator: Any) -> dict[str, Any]:
    """Constructor arguments as JSON values, without the encoder; a seed only if it is a number."""
    found = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in estimator.get_params(deep=False).items()
        if name != "encoder"
    }
    found["hidden"] = [int(units) for units in found["hidden"]]
    if not isinstance(found["random_state"], int):
        found["random_state"] = None
    return found


def fingerprint(estimator: Any, X: NDArray[np.float64], targets: NDArray[Any]) -> str:
    """Of the records and the parameters that decide how a fit goes."""
    deciding = {k: v for k, v in parameters(estimator).items() if k not in _FREE}
    said = [type(estimator).__name__, deciding, estimator.encoder is None, X.shape]
    found = hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=16)
    for array in (X, targets):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def kept_model(estimator: Any) -> Stored:
    """A fitted learner."""
    noise, cells = kept_noise(estimator.noise_)
    names = getattr(estimator, "feature_names_in_", None)
    values = {
        "parameters": parameters(estimator),
        "encoder": estimator.encoder is not None,
        "feature_names": None if names is None else names.tolist(),
        "targets": estimator._describe(),
        **{name: int(getattr(estimator, name)) for name in _NUMBERS},
        **noise,
    }
    arrays = {name: torch.from_numpy(getattr(estimator, name)) for name in _ARRAYS}
    tensors = {**named("network", estimator.network_.state_dict()), **named("array", arrays)}
    return Stored(kind=type(estimator).__name__, values=values, tensors={**tensors, **cells})


def restored_model(cls: Any, stored: Stored, encoder: Callable[[int], Any] | None) -> Any:
    """The inverse of `kept_model`, but for the network."""
    values = dict(stored.values["parameters"])
    values["hidden"] = tuple(values["hidden"])
    model = cls(**values, encoder=encoder)
    for name in _NUMBERS:
        setattr(model, name, stored.values[name])
    for name, tensor in stored.part("array").items():
        setattr(model, name, tensor.numpy())
    if stored.values["feature_names"] is not None:
        model.feature_names_in_ = np.array(stored.values["feature_names"], dtype=object)
    model.noise_ = noise_of(stored)
    model._remember(stored.values["targets"])
    return model
