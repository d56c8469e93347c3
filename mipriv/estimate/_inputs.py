"""Reading of samples: labels as whole numbers, real columns, confidence, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.errors import ParameterError, require, shorten
from mipriv.rigor.decimals import unit

Codes = NDArray[np.int64]
Columns = NDArray[np.float64]


def codes(values: Any, name: str) -> Codes:
    """Labels as 0..m-1, shape (N,): equal labels, and only they, get equal numbers.

    Args:
        values: array of shape (N,), or (N, d) whose rows are the labels, of any dtype without NaN;
            or a sequence of N hashable labels.
        name: the parameter, for the error message.
    """
    if not hasattr(values, "__array__"):
        # NumPy would turn a list of 1 and "1" into two equal strings
        return _coded(_listed(values, name), name)
    array = np.asarray(values)
    require(array.ndim in (1, 2), must="have one or two dimensions", **{name: array.shape})
    require(array.size > 0, must="not be empty", **{name: array.shape})
    if array.dtype == object:
        rows = array.tolist()
        return _coded(rows if array.ndim == 1 else [tuple(row) for row in rows], name)
    if array.dtype.kind in "fc":
        require(not np.isnan(array).any(), must="hold no NaN", **{name: array.shape})
    _, inverse = np.unique(array, axis=0, return_inverse=True)
    return np.asarray(inverse, dtype=np.int64).reshape(len(array))


def _listed(values: Any, name: str) -> list[Any]:
    try:
        rows = list(values)
    except TypeError:
        raise ParameterError(f"{name}={shorten(values)}: must be a sequence of labels") from None
    require(bool(rows), must="not be empty", **{name: values})
    return rows


def _coded(labels: list[Any], name: str) -> Codes:
    seen: dict[Any, int] = {}
    try:
        found = [seen.setdefault(label, len(seen)) for label in labels]
    except TypeError:
        raise ParameterError(f"{name}: must hold hashable labels") from None
    require(all(label == label for label in seen), must="hold no NaN", **{name: "labels"})
    return np.asarray(found, dtype=np.int64)


def columns(values: Any, name: str) -> Columns:
    """Real sample of shape (N, d), d >= 1, finite doubles; (N,) is read as d = 1."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ParameterError(f"{name}={shorten(values)}: must be an array of numbers") from None
    require(array.ndim in (1, 2), must="have one or two dimensions", **{name: array.shape})
    require(array.size > 0, must="not be empty", **{name: array.shape})
    require(bool(np.isfinite(array).all()), must="be finite", **{name: array.shape})
    return array.reshape(len(array), -1)


def paired(**named: NDArray[Any]) -> int:
    """Common number of rows."""
    sizes = {name: len(array) for name, array in named.items()}
    require(len(set(sizes.values())) == 1, must="have the same number of rows", **sizes)
    return next(iter(sizes.values()))


def level(confidence: Any) -> float:
    """Confidence strictly between 0 and 1, as a double."""
    share = unit(confidence, "confidence")
    require(0 < share < 1, must="lie strictly between 0 and 1", confidence=confidence)
    return int(share.p) / int(share.q)


def generator(random_state: Any) -> np.random.Generator:
    """NumPy generator of a seed >= 0, or the one given."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    whole = isinstance(random_state, int | np.integer) and not isinstance(random_state, bool)
    require(
        whole and random_state >= 0,
        must="be a seed >= 0 or a NumPy generator",
        random_state=random_state,
    )
    return np.random.default_rng(int(random_state))
