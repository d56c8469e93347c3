"""Float64 sweeps over many parameters at once, for plots and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mipriv.contexts.array import NUMPY
from mipriv.errors import require
from mipriv.formulas.population import population, population_add_remove
from mipriv.formulas.theorem import theorem
from mipriv.formulas.worst_case import worst_case
from mipriv.game import Adjacency
from mipriv.game import adjacency as read_adjacency

Array = NDArray[np.float64]

# Longest chain of roundings in a formula: three elementary functions and about a dozen
# operations, none of which cancels; with 4 ulp allowed for each elementary function that is
# (3 * 8 + 15) 2^-53 < 2^-47.
RELATIVE_ERROR = 2.0**-47
_CHUNK = 1 << 17  # elements: few enough to keep the temporaries small beside the input


@dataclass(frozen=True, slots=True)
class Sweep:
    """Losses as float64 arrays of the broadcast shape; approximate, not enclosures.

    Attributes:
        theorem: published bound B, raw.
        worst_case: exact worst case, at most 1.
        population: expectation over Bin(n, tau), clamped at the worst case (an upper bound where
            some number of records saturates); None without tau.
        relative_error: relative accuracy of every element, if NumPy's exp and expm1 are within
            4 ulp (which NumPy does not promise); use `mipriv.bound` for a number to quote.
    """

    theorem: Array
    worst_case: Array
    population: Array | None
    relative_error: float = RELATIVE_ERROR


def sweep(
    *,
    epsilon: ArrayLike,
    delta: ArrayLike = 0.0,
    n: ArrayLike,
    tau: ArrayLike | None = None,
    adjacency: object = Adjacency.REPLACE_ONE,
) -> Sweep:
    """Theorem, worst case and population loss over arrays that broadcast together.

    Args:
        epsilon: nats, finite, >= 0.
        delta: in [0, 1].
        n: whole numbers >= 0, integer or float dtype.
        tau: in [0, 1], or None.
        adjacency: `replace` or `add-remove`.

    Returns:
        Sweep of float64 arrays.

    Raises:
        ParameterError: an element outside its range, or shapes that do not broadcast.

    Numerics: evaluated in chunks that fit the cache; extra memory is a few chunks.

    >>> sweep(epsilon=0.1, delta=0.01, n=[1, 10]).worst_case.round(6).tolist()
    [0.059459, 0.468294]
    """
    neighbour = read_adjacency(adjacency)
    steps = neighbour.edits(1)
    names = ["epsilon", "delta", "n"] + ([] if tau is None else ["tau"])
    raw = [epsilon, delta, n] + ([] if tau is None else [tau])
    arrays = [_checked(name, value) for name, value in zip(names, raw, strict=True)]
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        require(False, must="broadcast together", shapes=shapes)
        raise
    flat = [
        array.reshape(()) if array.size == 1 else np.broadcast_to(array, shape).reshape(-1)
        for array in arrays
    ]
    size = int(np.prod(shape, dtype=np.int64))
    out = [np.empty(size) for _ in range(2 if tau is None else 3)]
    with np.errstate(all="ignore"):
        for start in range(0, size, _CHUNK):
            stop = min(start + _CHUNK, size)
            part = [array[start:stop] if array.ndim else array for array in flat]
            _fill([o[start:stop] for o in out], part, steps)
    shaped = [o.reshape(shape) for o in out]
    return Sweep(shaped[0], shaped[1], None if tau is None else shaped[2])


def _fill(out: list[Array], part: list[Any], steps: int) -> None:
    # float64 holds n to 2^-53; beyond 2^53 its parity is lost, which matters to the loss by less
    e, d = part[:2]
    n = part[2].astype(np.float64, copy=False)
    edits = n if steps == 1 else 2 * n
    out[0][...] = theorem(NUMPY, e, d, edits)
    out[1][...] = worst_case(NUMPY, e, d, edits)
    if len(part) == 4:
        formula = population if steps == 1 else population_add_remove
        expected = formula(NUMPY, e, d, n, part[3])
        out[2][...] = np.minimum(expected, out[1])


_RULES = {
    "epsilon": ("be finite and >= 0", np.inf),
    "delta": ("lie in [0, 1]", 1.0),
    "n": ("be whole numbers >= 0", np.inf),
    "tau": ("lie in [0, 1]", 1.0),
}


def _checked(name: str, value: ArrayLike) -> NDArray[Any]:
    rule, largest = _RULES[name]
    try:
        array = np.asarray(value)
        if not np.issubdtype(array.dtype, np.integer) or name != "n":
            array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        require(False, must=rule, **{name: value})
        raise
    if array.size:
        low, high = array.min(), array.max()
        valid = bool(low >= 0 and high <= largest and np.isfinite(high))
        if name == "n" and valid and array.dtype == np.float64:
            valid = bool(np.all(array == np.floor(array)))
        require(valid, must=rule, **{name: f"[{low}, {high}]" if array.ndim else value})
    return array
