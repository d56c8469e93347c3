"""Linear MID by Taylor's estimate: a batch of records against all, and the memory of all."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mipriv.estimate.mixture import Taylor
from mipriv.learn.mid.linear import MIDLinearRegression
from verification.bench.result import listed
from verification.bench.timing import best_times, peak_memory, ratio

BATCH = 256
_WIDTH = 0.5
_LAM = 1.0
_FITTED, _EVALUATED, _STORED = 3000, 4000, 5000  # records
_WITHIN = 0.01  # what the batch may lose of the objective over all records, as a part of it
_MEMORY = """
import numpy as np
from mipriv.estimate.mixture import Taylor
means = np.random.default_rng(0).normal(size={count})
Taylor(width=0.5).gradient(means) if {work} else None
"""


def records(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normal and binary columns, and a number that depends on them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(count, 6))
    X[:, 3:] = X[:, 3:] > 0.3
    return X, X @ [1.0, 0.5, -0.3, 2.0, 0.0, 0.4] + 0.3 * rng.normal(size=count)


def fit(batch_size: int | None) -> MIDLinearRegression:
    """The learner, its penalty evaluated at so many records; None: at all."""
    model = MIDLinearRegression(
        lam=_LAM, estimator="taylor2", width=_WIDTH, batch_size=batch_size, random_state=0
    )
    return model.fit(*records(_FITTED))


def objective(model: MIDLinearRegression) -> float:
    """Mean squared error and penalty over all records."""
    X, _ = records(_FITTED)
    penalty = Taylor(width=model.width_).information(model.mean(X)).value
    return float(model.mean_squared_error_) + _LAM * penalty


def fits(repeat: int) -> float:
    """Time of a fit on all records over that of one on a batch, to the same objective within 1 %.

    NaN, which meets no target, if the batch's fit is worse than that.
    """
    dense, batch = fit(None), fit(BATCH)
    if objective(batch) > (1 + _WITHIN) * objective(dense):
        return math.nan
    slow, fast = best_times(partial(fit, None), partial(fit, BATCH), repeat=repeat)
    return slow / fast


def plain(means: NDArray[np.float64], width: float) -> tuple[float, NDArray[np.float64]]:
    """The dense estimate and its gradient as one writes them, with N x N arrays."""
    d = (means[:, None] - means) / width
    kernel = np.exp(-(d**2) / 2)
    mass = kernel.sum(axis=1)
    w = kernel / mass[:, None]
    mean = (w * d).sum(axis=1)
    centred = d - mean[:, None]
    variance = (w * centred**2).sum(axis=1)
    scale = math.sqrt(2 * math.pi) * width * len(means)
    value = float((-np.log(mass / scale) - (variance - 1) / 2).mean())
    pull = w * (d - centred + d * (centred**2 - variance[:, None]) / 2) / (width * len(means))
    return value, pull.sum(axis=1) - pull.sum(axis=0)


def evaluations(repeat: int) -> float:
    """Time of the plain dense estimate over the package's, both over all records."""
    means = np.random.default_rng(0).normal(size=_EVALUATED)
    ours = Taylor(width=_WIDTH)
    return ratio(partial(plain, means, _WIDTH), partial(ours.gradient, means), repeat=repeat)


def memory(repeat: int) -> float:
    """Memory of estimate and gradient over all of 4 N records over that of N.

    What the process holds before, and the centres and gradient themselves, are taken off: N x N
    arrays would give 16.  One process tells its own peak, so that `repeat` changes nothing.
    """
    del repeat
    used = []
    for count in (_STORED, 4 * _STORED):
        idle, busy = (peak_memory(_MEMORY.format(count=count, work=work)) for work in (False, True))
        used.append(busy - idle - 8 * count / 1e6)
    return used[1] / used[0]


BENCHMARKS = listed(
    (
        "mid-linear-batch",
        ">= 5",
        2,
        fits,
        f"fit of linear MID (Taylor 2) to {_FITTED} records, the penalty at all of them",
        f"the same at {BATCH} of them, objective over all within 1 % of it",
    ),
    (
        "mid-linear-dense",
        ">= 1",
        3,
        evaluations,
        f"Taylor estimate and gradient of {_EVALUATED} centres, plain N x N arrays",
        "`estimate.mixture.Taylor.gradient`, all centres",
    ),
    (
        "mid-linear-memory",
        "<= 1.3",
        1,
        memory,
        f"memory of Taylor estimate and gradient, {4 * _STORED} centres, all of them",
        f"the same, {_STORED} centres",
    ),
)
