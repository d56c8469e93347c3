"""`sgd` and `noise`: from DP-SGD parameters to the loss, and from a loss to the noise it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from mipriv.accounting.sgd.account import BUDGET
from mipriv.accounting.sgd.calibrate import Bracket
from mipriv.accounting.sgd.calibrate import noise as least_noise
from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps, Sampling, Steps
from mipriv.accounting.sgd.training import SgdBound, Training, bounds
from mipriv.calculator import sgd_statement as say
from mipriv.calculator.answer import Answer, Json, Row, ends, shown, text
from mipriv.calculator.sgd_rates import DIGITS, true_positive_rate
from mipriv.errors import require
from mipriv.game import Adjacency
from mipriv.guarantee import Kind
from mipriv.rigor.decimals import exact, round_rational, unit
from mipriv.rigor.enclosure import Enclosure

_TOLERANCE = 1e-6
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SgdLoss(Answer):
    """Loss of a DP-SGD training whose every step is released.

    Attributes:
        training: what was run and what changes.
        best: the bound with the least upper end.
        others: the other proved bounds.
        fpr: false positive rate asked for; None if not.
        tpr: largest true positive rate at it, and what that number is; None without fpr.
    """

    training: Training
    best: SgdBound
    others: tuple[SgdBound, ...]
    fpr: fmpq | None
    tpr: tuple[Enclosure, Kind] | None

    @property
    def loss(self) -> Enclosure:
        """Enclosure of the bound: of the loss itself where `best.kind` is exact."""
        found = _enclosure(self.best.loss)
        least = min(_enclosure(other.loss).upper for other in (self.best, *self.others))
        return Enclosure(min(found.lower, least), min(found.upper, least))

    @property
    def complement(self) -> Enclosure:
        """Enclosure of 1 - loss, to its own relative accuracy."""
        found = _enclosure(self.best.shared)
        most = max(_enclosure(other.shared).lower for other in (self.best, *self.others))
        return Enclosure(max(found.lower, most), max(found.upper, most))

    @property
    def statement(self) -> str:
        """The answer in words."""
        return say.of_loss(self.training, self.best, self.loss, self.fpr, self.tpr)

    def inputs(self) -> dict[str, str | None]:
        return training_inputs(self.training) | (
            {} if self.fpr is None else {"fpr": text(self.fpr)}
        )

    def rows(self) -> list[Row]:
        notes = [] if self.best.kind is Kind.EXACT else [self.best.kind.value]
        if self.best.wide:
            notes.append("wider than asked for")
        lines = [
            Row("loss", shown(self.loss, self.best.kind), "; ".join(notes)),
            Row("  1 - loss", f"in {self.complement}"),
            Row("  by", self.best.method),
        ]
        lines += [
            Row("also proved", f"<= {_enclosure(other.loss).upper}", other.method)
            for other in self.others
        ]
        if self.tpr is not None:
            lines.append(Row(f"true positive rate at FPR {text(self.fpr)}", shown(*self.tpr)))
        return lines

    def as_dict(self) -> Json:
        """JSON object; every number is a string."""
        found: Json = {
            "inputs": self.inputs(),
            "loss": ends(self.loss) | {"kind": self.best.kind.value},
            "complement": ends(self.complement),
            "method": self.best.method,
            "arithmetic": self.best.arithmetic,
            "others": {
                other.method: ends(_enclosure(other.loss)) | {"kind": other.kind.value}
                for other in self.others
            },
            "tpr": None if self.tpr is None else ends(self.tpr[0]) | {"kind": self.tpr[1].value},
            "statement": self.statement,
        }
        if self.best.wide:
            found["loss"]["wide"] = True
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseMultiplier(Answer):
    """Least noise multiplier for a target loss.

    Attributes:
        training: what is run, with a placeholder for the noise.
        target: loss to keep.
        bracket: at `upper` the loss is certainly at most the target, at `lower` it is above.
    """

    training: Training
    target: fmpq
    bracket: Bracket

    @property
    def lower(self) -> Any:
        """A noise multiplier at which the target is missed; 0 if none is needed."""
        return round_rational(self.bracket.lower, DIGITS, upward=False)

    @property
    def upper(self) -> Any:
        """A noise multiplier at which the loss certainly meets the target."""
        return round_rational(self.bracket.upper, DIGITS, upward=True)

    @property
    def statement(self) -> str:
        """The answer in words."""
        return say.of_noise(self.training, self.target, self.bracket.upper)

    def inputs(self) -> dict[str, str | None]:
        given = training_inputs(self.training)
        given.pop("noise_multiplier", None)
        return {"loss": text(self.target)} | given

    def rows(self) -> list[Row]:
        if self.upper == 0:
            return [Row("least noise multiplier", "0", "(no noise is needed)")]
        return [Row("least noise multiplier", f"<= {self.upper}", f"(not {self.lower})")]

    def as_dict(self) -> Json:
        """JSON object; every number is a string."""
        return {
            "inputs": self.inputs(),
            "noise_multiplier": {"lower": str(self.lower), "upper": str(self.upper)},
            "statement": self.statement,
        }


def sgd(
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
    fpr: object = None,
    width: object = None,
    also: Sequence[Steps] = (),
    budget: object = BUDGET,
    progress: Progress | None = None,
) -> SgdLoss:
    """Loss of DP-SGD with all steps released: exact where it is known, else the least proved bound.

    Args:
        noise_multiplier: standard deviation of the noise on the **sum** of clipped gradients, in
            clip norms; finite, > 0.
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
        fpr: also the largest true positive rate at this false positive rate, in [0, 1].
        width: wanted width of the enclosure, of the loss and relative to 1 - loss.
        also: further runs on the same data.
        budget: multiplications one Fourier series may cost.
        progress: told in a line what has been done, during long work.

    Raises:
        ParameterError: an input outside its range.

    >>> sgd(noise_multiplier=10, sampling_probability=1, steps=4, n=1).loss.upper
    0.15851941887820605
    """
    run = one_run(noise_multiplier, steps, sampling_probability, batch_size, sampling)
    training = Training(
        runs=(run, *also),
        n=n,  # type: ignore[arg-type]  # checked there, as are the others
        group=group,  # type: ignore[arg-type]
        tau=tau,  # type: ignore[arg-type]
        distance=distance,  # type: ignore[arg-type]
        adjacency=adjacency,  # type: ignore[arg-type]
        width=_float(width, "width"),
        budget=_float(budget, "budget") or 0.0,
    )
    rate = None if fpr is None else unit(fpr, "fpr")
    best, *others = bounds(training, progress=_counted(progress))
    tpr = None if rate is None else true_positive_rate(training, best, rate)
    return SgdLoss(training=training, best=best, others=tuple(others), fpr=rate, tpr=tpr)


def noise(
    *,
    loss: object,
    steps: object,
    n: object,
    sampling_probability: object = None,
    batch_size: object = None,
    group: object = None,
    tau: object = None,
    distance: object = None,
    sampling: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    tolerance: object = None,
    progress: Progress | None = None,
) -> NoiseMultiplier:
    """Least noise multiplier that keeps the loss of DP-SGD at a target, certified at `upper`.

    Args:
        loss: target, in [0, 1].
        tolerance: relative width of the bracket; default 1e-6, with tau 1e-4.
        steps, n, sampling_probability, batch_size, group, tau, distance, sampling, adjacency,
            progress: as for `sgd`.

    Raises:
        ParameterError: an input outside its range.
        Infeasible: a target of 0 with something released.

    >>> noise(loss="0.1", sampling_probability="0.05", steps=200, n=1000).upper < 5628
    True
    """
    target = unit(loss, "loss")
    run = one_run(1, steps, sampling_probability, batch_size, sampling)
    training = Training(
        runs=(run,),
        n=n,  # type: ignore[arg-type]  # checked there, as are the others
        group=group,  # type: ignore[arg-type]
        tau=tau,  # type: ignore[arg-type]
        distance=distance,  # type: ignore[arg-type]
        adjacency=adjacency,  # type: ignore[arg-type]
    )
    close = _float(tolerance, "tolerance")
    if close is None:
        close = 100 * _TOLERANCE if training.near else _TOLERANCE
    require(1e-9 <= close < 1, must="lie in [1e-9, 1)", tolerance=tolerance)

    def told(sigma: float, value: float) -> None:
        if progress is not None:
            progress(f"noise multiplier {sigma:.6g}: loss {value:.6g}")

    bracket = least_noise(training, target, tolerance=close, progress=told)
    return NoiseMultiplier(training=training, target=target, bracket=bracket)


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
    require(
        (sampling_probability is None) != (batch_size is None),
        must="be given, one of the two",
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


def training_inputs(training: Training) -> dict[str, str | None]:
    """The inputs of a training as text."""
    first, *rest = training.runs
    given: dict[str, str | None] = {"noise_multiplier": text(first.noise_multiplier)}
    if isinstance(first, PoissonSteps):
        given |= {"sampling": "poisson", "sampling_probability": text(first.sampling_probability)}
    else:
        given |= {"sampling": first.sampling.value, "batch_size": text(first.batch_size)}
    given |= {"steps": text(first.steps), "n": text(training.n)}
    if training.tau is None:
        given["group"] = text(training.changed)
    given |= {"tau": text(training.tau), "adjacency": training.adjacency.value}
    if training.distance is not None:
        given["distance"] = text(training.distance)
    if rest:
        given["further_runs"] = str(len(rest))
    return given


def _enclosure(value: arb) -> Enclosure:
    return Enclosure.of(value, DIGITS).within(0, 1)


def _float(value: object, name: str) -> float | None:
    return None if value is None else float(exact(value, name))


def _counted(progress: Progress | None) -> Callable[[int, float], None] | None:
    if progress is None:
        return None
    return lambda count, width: progress(f"{count} group sizes, width {width:.2g}")
