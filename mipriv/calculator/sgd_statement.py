"""What a DP-SGD loss means, in words: who learns what, and what the noise does to the model."""

from __future__ import annotations

from fractions import Fraction

from flint import arb, fmpq

from mipriv.accounting.sgd.revealed import square_sum
from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps, Sampling, Steps
from mipriv.accounting.sgd.training import SgdBound, Training
from mipriv.calculator.answer import brief, percent, text
from mipriv.calculator.phrases import counted, gains
from mipriv.contexts.arb import power
from mipriv.game import Adjacency
from mipriv.guarantee import Kind
from mipriv.rigor.enclosure import Enclosure

_NO_PROTECTION = Fraction(99, 100)
_SIGNAL = fmpq(1)  # an averaged gradient is at most this many clip norms
_HALF_NORMAL = fmpq(13490, 10000)  # above 2 Phi^-1(3/4): loss 1/2 of two normals


def of_loss(
    training: Training,
    best: SgdBound,
    loss: Enclosure,
    complement: Enclosure,
    fpr: fmpq | None,
    tpr: tuple[Enclosure, Kind] | None,
) -> str:
    """Statement of `sgd`."""
    parts = [_who(training, best, loss, complement), _assumes(training)]
    if fpr is not None and tpr is not None:
        parts.append(
            f"At a false positive rate of {percent(fpr)} the true positive rate is at most "
            f"{percent(tpr[0].upper)}."
        )
    parts.append(utility(training))
    everyone = training.tau is None and training.changed == training.n
    if loss.lower >= _NO_PROTECTION and everyone and training.adjacency is Adjacency.REPLACE_ONE:
        parts.append(_remedy(training))
    return "\n".join(part for part in parts if part)


def of_noise(training: Training, target: fmpq, sigma: fmpq) -> str:
    """Statement of `noise`."""
    if sigma == 0:
        return "The loss meets the target whatever the noise."
    return "\n".join(
        part
        for part in (
            f"A noise multiplier of {brief(sigma, digits=7)} certainly keeps the loss at "
            f"{text(target)} or below, against someone who wants to know {_secret(training)}.",
            _assumes(training),
            utility(training.with_noise(sigma)),
        )
        if part
    )


def _secret(training: Training) -> str:
    if training.adjacency is Adjacency.ADD_REMOVE:
        return f"whether a given group of size {text(training.changed)} was there"
    if training.tau is not None:
        return (
            f"which of two populations within total variation {text(training.tau)} the "
            f"{counted(training.n, 'record')} came from"
        )
    if training.changed == training.n:
        return f"which of any two populations the {counted(training.n, 'record')} came from"
    return (
        f"which of two data sets, differing in {text(training.changed)} of "
        f"{counted(training.n, 'record')}, was used"
    )


def _who(training: Training, best: SgdBound, loss: Enclosure, complement: Enclosure) -> str:
    parts = [gains(_secret(training), loss, complement)]
    if loss.upper == 0:
        return parts[0]
    if best.kind is Kind.EXACT:
        parts.append("Some model and some data leak exactly that much; yours may leak less.")
    else:
        parts.append("This is an upper bound; the leak may be smaller.")
    if training.adjacency is Adjacency.ADD_REMOVE:
        parts.append(
            "It is about all of them inserted or all deleted. "
            "This is not the population loss: there both data sets hold n records (replace)."
        )
    if loss.lower >= _NO_PROTECTION:
        parts.append("A loss of .99 or more is practically no protection.")
    return " ".join(parts)


def _assumes(training: Training) -> str:
    poisson = not any(isinstance(run, BatchSteps) for run in training.runs)
    sampling = (
        "batches drawn by Poisson sampling afresh at every step (not by shuffling)"
        if poisson
        else "batches chosen without a look at the data"
        if any(run.sampling is Sampling.ANY for run in training.runs if isinstance(run, BatchSteps))
        else "uniformly random batches of distinct records"
    )
    return (
        f"This assumes per-record clipping to norm 1, noise on the sum of the clipped gradients, "
        f"{sampling}, and an attacker who sees every step."
    )


def utility(training: Training) -> str:
    """How the noise of a step compares with what its gradients can be, in the clearest run."""
    runs = [run for run in training.runs if run.steps > 0 and _size(run, training.n) > 0]
    if not runs:
        return ""
    run = min(runs, key=lambda run: run.noise_multiplier / max(_size(run, training.n), fmpq(1)))
    size, sigma = _size(run, training.n), run.noise_multiplier
    share = sigma / max(size, fmpq(1))
    if size < 1 and isinstance(run, PoissonSteps):
        empty = power(1 - arb(run.sampling_probability), training.n).lower().fmpq()
        said = (
            f"A step samples {brief(size)} records on average, and none with a probability of at "
            f"least {percent(empty, upward=False)}: then it is noise alone. One record's gradient is "
            f"at most 1 clip norm in all, the noise {brief(share)} a coordinate"
        )
    else:
        said = (
            f"The noise of one averaged step is {brief(share)} clip norms a coordinate, where the "
            "averaged gradient is at most 1 in all"
        )
    if share >= _SIGNAL:
        return f"{said}: a model trained with it has learnt next to nothing."
    return f"{said}."


def _size(run: Steps, n: int) -> fmpq:
    """Records of a step, on average."""
    return run.sampling_probability * n if isinstance(run, PoissonSteps) else fmpq(run.batch_size)


def _remedy(training: Training) -> str:
    """A noise multiplier that is certainly enough for loss 1/2, by the revealed-schedule bound."""
    unit = training.with_noise(fmpq(1))
    tau = training.tau if training.near else None
    squares = square_sum(unit.runs, n=training.n, group=training.records, tau=tau)
    # erf(D sqrt(S)/(sigma sqrt 8)) <= 1/2 once sigma >= D sqrt(S)/(2 Phi^-1(3/4))
    root = fmpq(int((squares * 10**12).ceil()) + 1, 10**12)
    sigma = unit.reach * fmpq(*_square_root_above(root)) / _HALF_NORMAL * fmpq(10001, 10000)
    return (
        f"Noise multipliers of 1 to 10, as used for single records, give a loss of about 1 when all "
        f"records may change. A loss of 0.5 takes at most {brief(sigma)}; what helps more is "
        "closeness of the populations (tau), or gradients that change little (distance)."
    )


def _square_root_above(value: fmpq) -> tuple[int, int]:
    """A fraction at least the square root of a fraction."""
    import math

    scale = 10**9
    return math.isqrt(int((value * scale * scale).ceil())) + 1, scale
