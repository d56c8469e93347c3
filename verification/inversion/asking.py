"""How an attacker asks a model: once, again, beside the record, or from the inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import ParameterError, require
from mipriv.estimate.variational import normal_divergences
from mipriv.learn.baselines.answers import answers_of
from mipriv.learn.release import FreshNoise, PerInputNoise
from verification.inversion.lines import Asked, noises
from verification.inversion.records import Records

WAYS = ("repeat", "near", "white-box")
_STEPS = 8  # cells of the noise's grid between two near-duplicates


def asked(model: Any, way: str, queries: int, seen: Records) -> Asked:
    """How many of the answers have noise of their own, and what they can tell of the records.

    repeat: the same record again; near: records beside it, in other cells of the noise's grid;
    white-box: what the model computes before its noise.

    Raises:
        ParameterError: an unknown way, or several questions to a model whose parts have noise of
            both kinds.
    """
    require(way in WAYS, must=f"be one of {', '.join(WAYS)}", asking=way)
    kinds = {isinstance(one, FreshNoise) for one in noises(model)}
    rule = "have noise of one kind, to be asked more than once"
    require(queries == 1 or len(kinds) < 2, must=rule, learner=type(model).__name__)
    independent = queries if True in kinds or way == "near" else 1
    divergences = None
    if hasattr(model, "encode") and getattr(model, "std", 0) is None:
        questions = [_question(model, way, number, seen.X) for number in range(independent)]
        divergences = sum(_divergence(model, question) for question in questions)
    return Asked(
        queries=queries,
        independent=independent,
        white=way == "white-box",
        divergences=divergences,
    )


def observe(model: Any, way: str, queries: int, seen: Records) -> Observation:
    """The answers to q questions about each record, and its side information.

    What answers alike whenever it is asked is asked once.
    """
    fresh = any(isinstance(one, FreshNoise) for one in noises(model))
    alike = way == "white-box" or (way == "repeat" and not fresh)
    parts = []
    for number in range(1 if alike else queries):
        question = _question(model, way, number, seen.X)
        found = model.mean(question) if way == "white-box" else answers_of(model, question)
        parts.append(np.asarray(found).reshape(len(seen), -1))
    answers = np.stack(parts * queries if alike else parts, axis=1)
    return Observation(answers=answers, side=seen.side)


def _question(model: Any, way: str, number: int, X: NDArray[Any]) -> NDArray[Any]:
    """The record, or one that lies a known number of cells away in every coordinate."""
    if way != "near":
        return X
    found = noises(model)
    rule = "have noise that is fixed for each input, to be asked near"
    fixed = [one.cells for one in found if isinstance(one, PerInputNoise)]
    if not fixed or len(fixed) < len(found):
        raise ParameterError(f"learner={type(model).__name__}: must {rule}")
    alike = all(cells.shape == X.shape[1:] for cells in fixed)
    require(alike, must="have noise of all attributes", learner=type(model).__name__)
    return np.asarray(X + number * _STEPS * np.max(fixed, axis=0))


def _divergence(model: Any, question: NDArray[Any]) -> float:
    mean, std = model.encode(question)
    return float(normal_divergences(mean=mean, deviation=std).mean())
