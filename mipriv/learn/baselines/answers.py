"""The release of any model: what it answers, whatever its kind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.errors import require

if TYPE_CHECKING:
    from numpy.typing import NDArray


def answers_of(model: Any, X: Any, *, softmax: bool = True) -> NDArray[np.float64]:
    """The release of a fitted model for each record: what an attacker of its answers sees.

    The first of these that the model has: `answer`; `predict_proba`; the output of a torch module;
    `predict`, of a classifier as one 1 in the column of the predicted label (the columns follow
    `classes_`).  A scikit-learn pipeline or search answers as its last step does, since there
    `predict_proba` or `predict` is `answer`.

    Args:
        model: fitted.  A torch module is asked in evaluation mode (dropout off), without gradients,
            on tensors of its parameters' type; its mode is put back.
        X: records, shape (N, p), as the model takes them.
        softmax: whether the output of a torch module with two columns or more is turned into
            probabilities; one column is a regression, and stays as it is.

    Returns:
        Shape (N,) of a regression, (N, classes) of a classifier.

    Raises:
        ParameterError: a model that cannot be asked, or answers that are not finite or of another
            shape, such as those of a model with several outputs.
    """
    if hasattr(model, "answer"):
        found = model.answer(X)
    elif hasattr(model, "predict_proba"):
        found = model.predict_proba(X)
    elif _is_module(model):
        found = _outputs(model, X, softmax=softmax)
    else:
        askable = hasattr(model, "predict")
        must = "have answer, predict_proba or predict, or be a torch module"
        require(askable, must=must, model=type(model).__name__)
        found = model.predict(X)
        if hasattr(model, "classes_"):
            found = _one_hot(np.asarray(found), np.asarray(model.classes_))
    require(not isinstance(found, list), must="have one output", model=type(model).__name__)
    answers = np.asarray(found, dtype=np.float64)
    rows = X.shape[0] if hasattr(X, "shape") else len(X)
    right = answers.ndim in (1, 2) and len(answers) == rows
    must = f"have shape ({rows},) or ({rows}, classes)"
    require(right, must=must, answers=answers.shape)
    require(
        bool(np.isfinite(answers).all()), must="answer finite numbers", model=type(model).__name__
    )
    return answers


def _is_module(model: Any) -> bool:
    torch = sys.modules.get("torch")  # who has a module has loaded torch
    return torch is not None and isinstance(model, torch.nn.Module)


def _outputs(module: Any, X: Any, *, softmax: bool) -> NDArray[np.float64]:
    import torch

    first = next(iter(module.parameters()), torch.empty(0))
    rows = torch.as_tensor(np.asarray(X)).to(dtype=first.dtype, device=first.device)
    trained = [part for part in module.modules() if part.training]
    module.eval()
    try:
        with torch.no_grad():
            found = module(rows).to(device="cpu", dtype=torch.float64)
    finally:
        for part in trained:
            part.training = True
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if softmax and found.ndim == 2:
        found = torch.softmax(found, dim=1)
    return np.asarray(found.numpy(), dtype=np.float64)


def _one_hot(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float64]:
    require(classes.ndim == 1 and labels.ndim == 1, must="have one output", labels=labels.shape)
    return np.asarray(labels[:, None] == classes, dtype=np.float64)
