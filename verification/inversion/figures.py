"""Figures of a model that stand beside those of the attack on it."""

from __future__ import annotations

from functools import singledispatch
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.learn.baselines.answers import answers_of
from verification.inversion.metrics import Metric
from verification.inversion.records import Records
from verification.inversion.worlds import World


@singledispatch
def figures(place: World, model: Any, seen: Records) -> dict[str, float]:
    """Figures of a fitted model on records, by the name of their `Metric`.

    F1 of the released labels, where all attributes are codes, and what a tree tells of the secret,
    its first attribute.  Worlds of other kinds register their own.

    Args:
        place: where the records come from.
        model: fitted; one that answers anew at each call is asked once.
        seen: the records, at least one.
    """
    if place.arities is None:
        return {}
    f1 = model_f1(model, seen)
    found = {} if f1 is None else {str(Metric.MODEL_F1): f1}
    leakage: Any = getattr(model, "leakage_", ())
    if len(leakage) == len(place.arities):
        found[str(Metric.LEAKAGE)] = float(leakage[0].miller_madow)
    return found


def model_f1(model: Any, seen: Records) -> float | None:
    """`macro_f1` of the labels that a model answers to records."""
    labels = np.asarray(model.classes_)[answers_of(model, seen.X).argmax(axis=1)]
    return macro_f1(labels, seen.y)


def macro_f1(guesses: NDArray[Any], own: NDArray[Any]) -> float | None:
    """F1 of the larger of two labels; of more the mean over the labels that some record has.

    None where it says nothing: of two labels, where no record has the larger one or all have.
    """
    values = np.unique(np.concatenate([own, guesses]))
    against_rest = values if len(values) > 2 else values[-1:]
    told = [value for value in against_rest.tolist() if 0 < (own == value).sum() < len(own)]
    if not told:
        return None
    return fmean(_f1(guesses == value, own == value) for value in told)


def _f1(guessed: NDArray[np.bool_], own: NDArray[np.bool_]) -> float:
    """2 right/(guessed + own)."""
    return 2 * int((guessed & own).sum()) / int(guessed.sum() + own.sum())
