"""Picture of a DP-SGD training: loss against group size, and the trade-off curve of one group."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist
from typing import Any, Unpack

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd import revealed
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.accounting.sgd.training import SgdBound, Training, bounds
from mipriv.calculator.answer import brief
from mipriv.calculator.sgd import GroupInputs, training_from
from mipriv.contexts.arb import ARB
from mipriv.formulas.curves import gaussian_missed
from mipriv.guarantee import Kind
from mipriv.plot import canvas
from mipriv.plot.canvas import COLOURS, short
from mipriv.rigor.decimals import Endpoint
from mipriv.rigor.enclosure import Enclosure

_SIZES = 25
_WIDTH = 2e-3  # narrower than a line of the picture
_BUDGET = 1e6  # multiplications of one series: a fraction of a second
_BITS = 128
_FARTHEST = 9.0  # e^-9 of the width of the picture is no pixel
_REVEALED = "revealed schedule"
_DOMINATING = "dominating pair"
_HALF = 0.5  # a loss beyond it is shown on the whole axis
_SUM = "false positive rate + loss"


def sgd(*, out: str, noise_multiplier: object, **inputs: Unpack[GroupInputs]) -> str:
    """Draw the loss of DP-SGD against the group size, and the trade-off curve of one group.

    Every line is an upper bound on what an attacker reaches, to the width of a line exact where it
    says so.  That of the dominating pair is left out where it would take long.

    Args:
        out: file to write, .png, .svg or .pdf.
        noise_multiplier: as for `mipriv.sgd`.
        inputs: as for `mipriv.sgd`, without tau; `group` is the records that change in the
            trade-off curve, default all n.

    Returns:
        The path written.

    Raises:
        ParameterError: an input outside its range, or an `out` that cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    training = replace(
        training_from(noise_multiplier=noise_multiplier, **inputs), width=_WIDTH, budget=_BUDGET
    )

    def draw(left: Any, right: Any) -> None:
        found = bounds(training)
        _draw_sizes(left, training, found[0])
        _draw_curve(right, training, found[0])
        left.figure.suptitle(_title(training), fontsize=11)

    return canvas.save(draw, out, panels=2)


def _draw_sizes(axes: Any, training: Training, chosen: SgdBound) -> None:
    """Loss against the number of changed records, and the bound that is drawn on the right."""
    lines = _by_size(training)
    highest = 0.0
    for (name, line), colour, dash in zip(lines.items(), COLOURS, ("-", "--"), strict=False):
        if line:
            sure = all(bound.kind is Kind.EXACT for bound in line.values())
            label = f"{name}, {'exact' if sure else 'upper bound'}"
            at, tops = list(line), [float(_top(bound)) for bound in line.values()]
            highest = max(highest, *tops)
            if tops[-1] > 1 - _WIDTH:
                at, tops = [*at, training.n], [*tops, 1.0]
            axes.plot(at, tops, color=colour, ls=dash, marker="o", ms=3, label=label)
    if training.changed:
        at, tops = [training.changed], [float(_top(chosen))]
        label = f"k = {training.changed:,}: at most {brief(_top(chosen))}"
        axes.plot(at, tops, "D", color=COLOURS[6], ms=7, label=label)
    top = 1.1 * highest if 0 < highest < _HALF else 1.0
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter("")
    axes.set_xlim(0.8, 1.25 * training.n)
    axes.set_ylim(-0.02 * top, 1.04 * top)
    axes.set_xlabel("records that change, k")
    axes.set_ylabel("advantage of the best attacker (TPR - FPR)")
    axes.set_title("Loss by group size", fontsize=11)


def _by_size(training: Training) -> dict[str, dict[int, SgdBound]]:
    """Both bounds by group size, up to the first at which both are as good as 1: they grow."""
    lines: dict[str, dict[int, SgdBound]] = {_DOMINATING: {}, _REVEALED: {}}
    for size in _sizes(training.n):
        least = 1.0
        for bound in bounds(replace(training, group=size)):
            name = bound.method.partition(":")[0]
            if name in lines:
                lines[name][size] = bound
                least = min(least, float(_top(bound)))
        if least > 1 - _WIDTH:
            break
    return lines


def _sizes(n: int) -> list[int]:
    """From 1 to n, even on a log scale."""
    last = _SIZES - 1
    return sorted({min(n, round(math.exp(math.log(n) * i / last))) for i in range(last)} | {n})


def _top(bound: SgdBound) -> Endpoint:
    return Enclosure.of(bound.loss, 17).within(0, 1).upper


def _draw_curve(axes: Any, training: Training, chosen: SgdBound) -> None:
    """Largest true positive rate against the false positive rate."""
    rates = sorted(
        {fmpq(i, 200) for i in range(1, 200)} | {fmpq(i, 100) ** 4 for i in range(1, 100)}
    )
    name, hits = _curve(training, chosen, rates)
    # Gaussian noise has full support: nothing is found without a false alarm
    at = [0.0, *(float(rate) for rate in rates), 1.0]
    axes.plot(at, [0.0, *hits, 1.0], color=COLOURS[0], label=f"k = {training.changed:,}, {name}")
    axes.plot([0, 1], [0, 1], color="0.6", ls=":", label="blind guess")
    axes.set_aspect("equal")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("largest true positive rate")
    axes.set_title(f"What an attacker can reach, k = {training.changed:,}", fontsize=11)


def _curve(training: Training, chosen: SgdBound, rates: list[fmpq]) -> tuple[str, list[float]]:
    """Where a bound on the true positive rate comes from, and its value at each rate."""
    loss = float(_top(chosen))
    if training.poisson is not None:
        lines = _tangents(training, loss)
        hits = [min([1.0, x + loss, *(one + g * x for one, g in lines)]) for x in map(float, rates)]
        best = lines and chosen.method.startswith(_DOMINATING)
        return (_DOMINATING if best else _SUM), hits
    records = training.records
    if revealed.sure(training.runs, n=training.n, group=records, tau=None):
        squares = revealed.square_sum(training.runs, n=training.n, group=records, tau=None)
        with ctx.workprec(_BITS):
            mu = training.reach * arb(squares).sqrt()
            return _REVEALED, [1 - float(gaussian_missed(ARB, mu, 1, rate)) for rate in rates]
    return _SUM, [min(1.0, float(rate) + loss) for rate in rates]


def _tangents(training: Training, loss: float) -> list[tuple[float, float]]:
    """Pairs (a, g), e^-9 <= g <= e^9: the true positive rate is at most a + g A at any rate A.

    a = 1 - int min(P, g Q), of the dominating pair.  The least of the lines lies above the curve
    only where A < e^-9, and between two slopes by the square of their distance.  None where the
    series would take long.
    """
    account = training.account(training.records, _WIDTH)
    try:
        transform = account.for_curve(_FARTHEST)
        # the slopes of two normals of that loss, and steeper ones for leaks that are rare and large
        mu = 2 * NormalDist().inv_cdf((1 + min(max(loss, 1e-9), 1 - 1e-9)) / 2)
        near = min(_FARTHEST, mu * (4 + mu / 2))
        logs = {near * i / 50 for i in range(51)} | {_FARTHEST * i / 12 for i in range(13)}
        with ctx.workprec(_BITS):
            return [
                (1 - float(account.at(arb(log), transform).lower()), math.exp(log))
                for log in sorted(logs | {-log for log in logs})
            ]
    except TooExpensive:
        return []


def _title(training: Training) -> str:
    (run,) = training.runs
    batches = (
        f"Poisson sampling {short(run.sampling_probability)}"
        if isinstance(run, PoissonSteps)
        else f"batches of {run.batch_size:,} ({run.sampling.value})"
    )
    distance = "" if training.distance is None else f", distance {short(training.distance)}"
    return (
        f"DP-SGD: noise multiplier {short(run.noise_multiplier)}, {batches}, {run.steps:,} steps, "
        f"n = {training.n:,}, {training.adjacency.value}{distance}"
    )
