"""What other libraries recorded, as steps and claims of this one.

A float stands for the decimal its `repr` shows: a sampling rate of 0.01 is 1/100.  NumPy's doubles
count as floats; its other types are taken as the binary number they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flint import fmpq

from mipriv.accounting.profile import from_rows
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.errors import MissingExtra, UnsupportedGuarantee, require
from mipriv.game import Adjacency
from mipriv.guarantee import Direction, TradeOffCurve
from mipriv.rigor.decimals import exact, nonnegative, whole

PLD_ALLOWANCE = "1e-10"
_TAIL = 1e-12  # delta at the last epsilon of the grid
_ROWS = 200


def from_dp_event(event: Any) -> list[PoissonSteps]:
    """Steps of a dp_accounting event: Gaussian noise, Poisson samples of it, and compositions.

    A Gaussian event without sampling is a step in which every record takes part.  The event does
    not say which data sets are neighbours; `noise_multiplier` is relative to the norm bound.

    Args:
        event: tree of GaussianDpEvent, PoissonSampledDpEvent of one GaussianDpEvent,
            SelfComposedDpEvent, ComposedDpEvent and NoOpDpEvent.

    Returns:
        Steps in the order of the tree, the rounds of a repeated composition gathered (a composition
        loses the same in any order); equal ones that follow each other are one entry.  Exact.

    Raises:
        MissingExtra: dp_accounting is not installed.
        UnsupportedGuarantee: another event; it is named.
        ParameterError: a number outside its range (no noise, say).

    >>> import dp_accounting as dp
    >>> step = dp.PoissonSampledDpEvent(0.01, dp.GaussianDpEvent(1.5))
    >>> (run,) = from_dp_event(dp.SelfComposedDpEvent(step, 100))
    >>> run.sampling_probability, run.noise_multiplier, run.steps
    (1/100, 3/2, 100)
    """
    try:
        import dp_accounting as dp
    except ImportError:
        raise MissingExtra("dp-accounting", "oracles") from None

    def walk(node: Any, times: int) -> Iterable[PoissonSteps]:
        if times == 0 or isinstance(node, dp.NoOpDpEvent):
            return
        if isinstance(node, dp.GaussianDpEvent):
            yield _steps(node.noise_multiplier, 1, times)
        elif isinstance(node, dp.PoissonSampledDpEvent) and isinstance(
            node.event, dp.GaussianDpEvent
        ):
            yield _steps(node.event.noise_multiplier, node.sampling_probability, times)
        elif isinstance(node, dp.SelfComposedDpEvent):
            yield from walk(node.event, times * whole(node.count, "count", at_least=0))
        elif isinstance(node, dp.ComposedDpEvent):
            inner = _merged(run for part in node.events for run in walk(part, 1))
            yield from _repeated(inner, times)
        else:
            raise UnsupportedGuarantee(f"{_name(node)} has no exact loss for a group of records")

    return _merged(walk(event, 1))


def from_opacus(history: Any) -> list[PoissonSteps]:
    """Steps of an Opacus accountant.

    Opacus samples every record with probability `sample_rate` on its own, and its noise multiplier
    is the standard deviation of the noise on the sum of the clipped gradients, in clip norms.  With
    `poisson_sampling=False` it still records the steps as if it did: then use `BatchSteps`.

    Args:
        history: an accountant, or its `history`: triples (noise_multiplier, sample_rate, steps).

    Returns:
        Steps in order; equal ones that follow each other are one entry.  Exact.

    Raises:
        ParameterError: not such a history, or a number outside its range.

    >>> from_opacus([(1.1, 0.01, 500)])[0].noise_multiplier
    11/10
    """
    entries = getattr(history, "history", history)
    require(
        isinstance(entries, list | tuple),
        must="be an accountant or its history",
        history=type(history).__name__,
    )
    for entry in entries:
        require(
            isinstance(entry, list | tuple) and len(entry) == 3,
            must="hold triples (noise_multiplier, sample_rate, steps)",
            history=entry,
        )
    return _merged(_steps(noise, rate, steps) for noise, rate, steps in entries)


def from_pld(
    pld: Any,
    *,
    epsilons: Iterable[float] | None = None,
    allowance: object = PLD_ALLOWANCE,
    adjacency: Adjacency = Adjacency.ADD_REMOVE,
) -> TradeOffCurve:
    """Trade-off curve of a dp_accounting privacy loss distribution, both directions.

    Each row is `get_delta_for_epsilon` at a nonnegative epsilon, the larger of the two for the
    orders `add` and `remove` where they differ, so every row holds for every ordered pair.  The
    distribution is rounded up (pessimistic), its arithmetic is not.

    Args:
        pld: a PrivacyLossDistribution whose estimate is pessimistic.
        epsilons: nats, each finite and >= 0; None: 200 up to where delta is 1e-12.
        allowance: added to every delta, for the roundings of floating point: sums, and Fourier
            transforms, whose error grows with the number of compositions.  An assumption, not a
            proof; 1e-10 is 40 times 1e4 compositions by 2^-52.
        adjacency: which pairs the distribution compares; dp_accounting's default is add-remove.

    Returns:
        The claim; an upper bound on the trade-off as far as the allowance covers the roundings.

    Raises:
        ParameterError: not such a distribution, an optimistic one, or an epsilon outside its range.

    >>> from dp_accounting.pld import privacy_loss_distribution as dp
    >>> curve = from_pld(dp.from_laplace_mechanism(2), epsilons=[0, 0.5])
    >>> [round(float(delta), 6) for _, delta in curve.rows]
    [0.221199, 0.0]
    """
    evaluate = getattr(pld, "get_delta_for_epsilon", None)
    require(callable(evaluate), must="be a PrivacyLossDistribution", pld=type(pld).__name__)
    parts = [getattr(pld, name, None) for name in ("_pmf_remove", "_pmf_add")]
    rounded_up = [getattr(part, "_pessimistic_estimate", None) is True for part in parts]
    require(
        all(rounded_up), must="be a pessimistic estimate: others bound nothing", pld="optimistic"
    )
    extra = float(nonnegative(allowance, "allowance"))
    points = _points(pld) if epsilons is None else [float(epsilon) for epsilon in epsilons]
    for epsilon in points:
        require(epsilon >= 0, must="be finite and >= 0", epsilons=epsilon)
    rows = [(epsilon, _cut(pld.get_delta_for_epsilon(epsilon), extra)) for epsilon in points]
    return from_rows(rows, allowance=allowance, direction=Direction.BOTH, adjacency=adjacency)


def _points(pld: Any) -> list[float]:
    """Epsilons from 0 to where next to nothing but the mass at infinity is left."""
    certain = max(float(pld._pmf_remove._infinity_mass), float(pld._pmf_add._infinity_mass))
    top = float(pld.get_epsilon_for_delta(min(certain + _TAIL, 1.0)))
    require(top < float("inf"), must="have a delta that epsilon lowers; give epsilons", pld="")
    return [top * i / (_ROWS - 1) for i in range(_ROWS)] if top > 0 else [0.0]


def _cut(delta: Any, extra: float) -> float:
    """The delta; 0 where rounding made it negative by less than the allowance."""
    value = float(delta)
    return 0.0 if -extra <= value < 0 else value


def _steps(noise: object, rate: object, steps: object) -> PoissonSteps:
    return PoissonSteps(
        noise_multiplier=_written(noise, "noise_multiplier"),
        sampling_probability=_written(rate, "sampling_probability"),
        steps=whole(steps, "steps", at_least=0),
    )


def _written(value: object, name: str) -> fmpq:
    """The decimal that a float's `repr` shows; anything else as `exact` reads it."""
    if isinstance(value, float):
        return exact(float.__repr__(value), name)
    return exact(value, name)


def _merged(runs: Iterable[PoissonSteps]) -> list[PoissonSteps]:
    """The runs, with neighbours of the same noise and sampling added up and empty ones left out."""
    merged: list[PoissonSteps] = []
    for run in runs:
        if run.steps == 0:
            continue
        if merged and _same(merged[-1], run):
            merged[-1] = _times(run, merged[-1].steps + run.steps)
        else:
            merged.append(run)
    return merged


def _same(first: PoissonSteps, second: PoissonSteps) -> bool:
    return (first.noise_multiplier, first.sampling_probability) == (
        second.noise_multiplier,
        second.sampling_probability,
    )


def _times(run: PoissonSteps, steps: int) -> PoissonSteps:
    return PoissonSteps(
        noise_multiplier=run.noise_multiplier,
        sampling_probability=run.sampling_probability,
        steps=steps,
    )


def _repeated(runs: list[PoissonSteps], times: int) -> list[PoissonSteps]:
    """The runs, `times` times over."""
    return [_times(run, run.steps * times) for run in runs]


def _name(node: object) -> str:
    inner = getattr(node, "event", None)
    outer = type(node).__name__
    return outer if inner is None else f"{outer} of {type(inner).__name__}"
