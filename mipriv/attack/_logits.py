"""The logits of a model as a function that can be differentiated: what a white box shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import ParameterError, require

if TYPE_CHECKING:
    from numpy.typing import NDArray

Logits = Callable[[Tensor], Tensor]

_ACTIVATIONS: dict[str, Logits] = {
    "identity": lambda x: x,
    "relu": functional.relu,
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
}


def logits_of(model: Any) -> Logits:
    """Logits (N, classes) of records (N, p) in doubles, differentiable in the records.

    Read from inside: no noise of a release is in them.  A network with a noisy code is taken at the
    mean of the code.

    Args:
        model: a torch module, taken in evaluation mode, or any function of tensors, that gives
            logits; a network of this package (`network_`, `centre_`, `scale_`); a linear classifier
            or `MLPClassifier` of scikit-learn.

    Raises:
        ParameterError: anything else; pass a function.
    """
    if isinstance(model, nn.Module):
        return _of_module(model)
    if all(hasattr(model, name) for name in ("network_", "centre_", "scale_", "classes_")):
        centre, scale = (torch.tensor(np.asarray(v)) for v in (model.centre_, model.scale_))
        network = model.network_
        return lambda x: network((x - centre) / scale, None)[0]
    if hasattr(model, "coefs_") and hasattr(model, "out_activation_"):
        return _of_layers(model)
    if hasattr(model, "coef_") and hasattr(model, "classes_"):
        return _affine([(model.coef_.T, model.intercept_)], "identity")
    if callable(model):
        return model  # type: ignore[no-any-return]  # the caller's word
    raise ParameterError(f"model={type(model).__name__}: must be a function that gives logits")


def wanted(labels: Any, classes: int) -> NDArray[np.int64]:
    """Class numbers of what is sought, if they are columns of the model's logits; shape (N,)."""
    numbers = np.asarray(labels)
    valid = numbers.ndim == 1 and bool(((numbers >= 0) & (numbers < classes)).all())
    whole = valid and bool((numbers == np.floor(numbers)).all())
    require(whole, must=f"be class numbers from 0 to {classes - 1}, shape (N,)", labels=labels)
    return numbers.astype(np.int64)


def sought(seen: Observation) -> NDArray[np.float64]:
    """The side information's one column: the class whose record is sought."""
    side = np.asarray(seen.side, dtype=np.float64)
    require(side.shape[1] == 1, must="hold the class number, shape (N, 1)", side=side.shape)
    found: NDArray[np.float64] = side[:, 0]
    return found


def _of_module(module: nn.Module) -> Logits:
    first = next((p for p in module.parameters() if p.is_floating_point()), None)
    dtype = torch.float64 if first is None else first.dtype

    def logits(records: Tensor) -> Tensor:
        was = module.training
        found: Tensor = module.eval()(records.to(dtype)).to(torch.float64)
        module.train(was)
        return found

    return logits


def _of_layers(model: Any) -> Logits:
    known = model.out_activation_ in ("softmax", "logistic")
    require(known, must="be a classifier of one label", model=type(model).__name__)
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    return _affine(layers, model.activation)


def _affine(layers: list[tuple[Any, Any]], activation: str) -> Logits:
    """Affine layers with an activation between them; one output is the logit of the second class."""
    tensors = [
        tuple(torch.tensor(np.asarray(v, dtype=np.float64)) for v in layer) for layer in layers
    ]
    active = _ACTIVATIONS[activation]

    def logits(records: Tensor) -> Tensor:
        found = records
        for place, (weights, shift) in enumerate(tensors):
            found = (found if place == 0 else active(found)) @ weights + shift
        if found.shape[1] == 1:
            return torch.cat([torch.zeros_like(found), found], dim=1)
        return found

    return logits
