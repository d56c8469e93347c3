"""`sgd` and `noise`: from DP-SGD parameters to the loss, and from a loss to the noise it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NotRequired, TypedDict, Unpack

from mipriv.accounting.sgd.account import BUDGET
from mipriv.accounting.sgd.calibrate import noise as least_noise
from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps, Sampling, Steps
from mipriv.accounting.sgd.training import Training, bounds
from mipriv.calculator.sgd_answers import NoiseMultiplier, SgdLoss
from mipriv.calculator.sgd_rates import true_positive_rate
from mipriv.errors import ParameterError, require
from mipriv.game import Adjacency
from mipriv.rigor.decimals import exact, unit

_TOLERANCE = 1e-6
Progress = Callable[[str], None]


class GroupInputs(TypedDict):
    """What is run and how many records change, as `sgd`, `noise` and `plot.sgd` take it."""

    steps: object
    n: object
    sampling_probability: NotRequired[object]
    batch_size: NotRequired[object]
    group: NotRequired[object]
    distance: NotRequired[object]
    sampling: NotRequired[object]
    adjacency: NotRequired[object]


class TrainingInputs(GroupInputs):
    """The same, or how close two populations are."""

    tau: NotRequired[object]


def sgd(
    *,
    noise_multiplier: object,
    fpr: object = None,
    width: object = None,
    also: Sequence[Steps] = (),
    budget: object = BUDGET,
    progress: Progress | None = None,
    **inputs: Unpack[TrainingInputs],
) -> SgdLoss:
    """Loss of DP-SGD with all steps released: exact where it is known, else the least proved bound.

    Args:
        noise_multiplier: standard deviation of the noise on the **sum** of clipped gradients, in
            clip norms; finite, > 0.
        fpr: also the largest true positive rate at this false positive rate, in [0, 1].
        width: wanted width of the enclosure, of the loss and relative to 1 - loss, in [1e-300, 1).
        also: further runs on the same data.
        budget: multiplications one Fourier series may cost, >= 1.
        progress: told in a line what has been done, during long work.
        inputs: steps, n, sampling_probability or batch_size, group or tau, distance, sampling and
            adjacency, as for `training_from`.

    Raises:
        ParameterError: an input outside its range.

    >>> sgd(noise_multiplier=10, sampling_probability=1, steps=4, n=1).loss.upper
    0.15851941887820605
    """
    first = training_from(noise_multiplier=noise_multiplier, **inputs)
    training = replace(
        first,
        runs=(*first.runs, *also),
        width=None if width is None else _double(width, "width", "1e-300", "1"),
        budget=_double(budget, "budget", "1", "1e300"),
    )
    rate = None if fpr is None else unit(fpr, "fpr")
    best, *others = bounds(training, progress=_counted(progress))
    tpr = None if rate is None else true_positive_rate(training, best, rate)
    return SgdLoss(training=training, best=best, others=tuple(others), fpr=rate, tpr=tpr)


def noise(
    *,
    loss: object,
    tolerance: object = None,
    progress: Progress | None = None,
    **inputs: Unpack[TrainingInputs],
) -> NoiseMultiplier:
    """Least noise multiplier that keeps the loss of DP-SGD at a target, certified at `upper`.

    Args:
        loss: target, in [0, 1].
        tolerance: relative width of the bracket, in [1e-9, 1); default 1e-6, with tau 1e-4.
        progress: told in a line what has been tried.
        inputs: steps, n, sampling_probability or batch_size, group or tau, distance, sampling and
            adjacency, as for `training_from`.

    Raises:
        ParameterError: an input outside its range.
        Infeasible: a target of 0 with something released.

    >>> noise(loss="0.1", sampling_probability="0.05", steps=200, n=1000).upper < 5628
    True
    """
    target = unit(loss, "loss")
    training = training_from(noise_multiplier=1, **inputs)
    close = 100 * _TOLERANCE if training.near else _TOLERANCE
    if tolerance is not None:
        close = _double(tolerance, "tolerance", "1e-9", "1")

    def told(sigma: float, value: float) -> None:
        if progress is not None:
            progress(f"noise multiplier {sigma:.6g}: loss {value:.6g}")

    bracket = least_noise(training, target, tolerance=close, progress=told)
    return NoiseMultiplier(training=training, target=target, bracket=bracket)


def training_from(
    *,
    noise_multiplier: object,
    steps: object,
    n: object,
    sampling_probability: object = None,
    batch_size: object = None,
    group: object = None,
    tau: object = None,
    distance: object = None,
    sampling: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
) -> Training:
    """One run and what changes in its data, from the inputs of `sgd`.

    Args:
        noise_multiplier: as for `sgd`.
        steps: number of steps, >= 0.
        n: training records, >= 1.
        sampling_probability: of Poisson sampling, in [0, 1].
        batch_size: instead, records in a batch, 1..n, for `fixed` or `any` sampling.
        group: records that change, 0..n; default all n.
        tau: total variation between two populations; not with group.
        distance: largest change of a record's clipped gradient, in [0, 2] clip norms; default 2.
        sampling: poisson, fixed (uniformly random batches of distinct records) or any (any order
            that does not depend on the data).
        adjacency: replace, or add-remove: `group` records inserted or deleted, not the population
            loss.

    Raises:
        ParameterError: an input outside its range.
    """
    run = one_run(noise_multiplier, steps, sampling_probability, batch_size, sampling)
    return Training(
        runs=(run,),
        n=n,  # type: ignore[arg-type]  # checked there, as are the others
        group=group,  # type: ignore[arg-type]
        tau=tau,  # type: ignore[arg-type]
        distance=distance,  # type: ignore[arg-type]
        adjacency=adjacency,  # type: ignore[arg-type]
    )


def one_run(
    noise_multiplier: object,
    steps: object,
    sampling_probability: object,
    batch_size: object,
    sampling: object,
) -> Steps:
    """One run from its parameters, one of `sampling_probability` and `batch_size` being given.

    Raises:
        ParameterError: none or both are given, or they do not fit `sampling`.
    """
    names = [member.value for member in Sampling]
    if sampling_probability is None and batch_size is None:
        raise ParameterError("sampling_probability: must be given, or batch_size")
    require(
        sampling_probability is None or batch_size is None,
        must="not both be given",
        sampling_probability=sampling_probability,
        batch_size=batch_size,
    )
    if sampling is None:
        sampling = Sampling.POISSON if batch_size is None else Sampling.FIXED
    require(sampling in names, must=f"be one of {', '.join(names)}", sampling=sampling)
    kind = Sampling(str(sampling))
    if kind is Sampling.POISSON:
        require(
            batch_size is None,
            must="be fixed or any with a batch size (poisson takes a sampling probability)",
            sampling=sampling,
        )
        return PoissonSteps(
            noise_multiplier=noise_multiplier,  # type: ignore[arg-type]  # checked there
            sampling_probability=sampling_probability,  # type: ignore[arg-type]
            steps=steps,  # type: ignore[arg-type]
        )
    require(
        sampling_probability is None,
        must="be poisson with a sampling probability (fixed and any take a batch size)",
        sampling=sampling,
    )
    return BatchSteps(
        noise_multiplier=noise_multiplier,  # type: ignore[arg-type]  # checked there
        batch_size=batch_size,  # type: ignore[arg-type]
        steps=steps,  # type: ignore[arg-type]
        sampling=kind,
    )


def _double(value: object, name: str, least: str, beyond: str) -> float:
    """The double at a number of [least, beyond), both well within a double's range."""
    ratio = exact(value, name)
    fits = exact(least, name) <= ratio < exact(beyond, name)
    require(fits, must=f"lie in [{least}, {beyond})", **{name: value})
    return float(ratio)


def _counted(progress: Progress | None) -> Callable[[int, float], None] | None:
    if progress is None:
        return None
    return lambda count, width: progress(f"{count} group sizes, width {width:.2g}")
