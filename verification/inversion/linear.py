"""Any linear release of the learners as coefficients, offset and noise: what the exact line needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq

from mipriv.errors import ParameterError
from mipriv.learn.baselines.constant import ConstantRegressor
from mipriv.learn.baselines.dp_linear import DPLinearRegression
from mipriv.learn.baselines.drop import DropSensitive
from mipriv.learn.baselines.wrap import OutputNoise, Rounding
from mipriv.rigor.decimals import exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Answers <coefficients, x> + offset + N(0, variance), exact for the doubles of the model.

    Attributes:
        exact: whether that is the release; otherwise the release is a function of it with
            variance 0 (rounded, cut to a range), and independent noise.
    """

    coefficients: tuple[fmpq, ...]
    offset: fmpq
    variance: fmpq
    exact: bool = True


def linear(model: Any, columns: int) -> Linear:
    """Read the release off a fitted model.

    Args:
        model: fitted.
        columns: of the records that it reads.

    Raises:
        ParameterError: no linear model.
    """
    if isinstance(model, ConstantRegressor):
        offset = _exact(model.answer(np.zeros((1, columns)))[0])
        zeros = (fmpq(0),) * columns
        return Linear(coefficients=zeros, offset=offset, variance=fmpq(0))
    if isinstance(model, OutputNoise):
        return _noisy(model, linear(model.estimator_, columns))
    if isinstance(model, Rounding):
        inside = linear(model.estimator_, columns)
        return Linear(
            coefficients=inside.coefficients, offset=inside.offset, variance=fmpq(0), exact=False
        )
    if isinstance(model, DropSensitive):
        return _dropped(model, columns)
    if not hasattr(model, "coef_"):
        raise ParameterError(f"learner={type(model).__name__}: must be linear")
    return Linear(
        coefficients=tuple(map(_exact, model.coef_)),
        offset=_exact(model.intercept_),
        variance=_exact(getattr(model, "noise_variance_", 0.0)),
        exact=not isinstance(model, DPLinearRegression),  # which cuts its answers
    )


def _noisy(model: OutputNoise, inside: Linear) -> Linear:
    gain, mean = _exact(model.gain_[0, 0]), _exact(model.mean_)
    gaussian = model.law == "gaussian" and inside.exact
    return Linear(
        coefficients=tuple(gain * value for value in inside.coefficients),
        offset=mean + gain * (inside.offset - mean),
        variance=_exact(model.noise_variance_) + gain * gain * inside.variance
        if gaussian
        else fmpq(0),
        exact=gaussian,
    )


def _dropped(model: DropSensitive, columns: int) -> Linear:
    inside = linear(model.estimator_, len(model.kept_))
    values = dict(zip(model.kept_.tolist(), inside.coefficients, strict=True))
    row = tuple(values.get(axis, fmpq(0)) for axis in range(columns))
    return replace(inside, coefficients=row)


def _exact(value: Any) -> fmpq:
    """A double, as the rational it is."""
    return exact(float(value), "coefficient")
