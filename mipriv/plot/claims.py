"""Pictures of an (epsilon, delta) claim: loss, largest epsilon and n-fold trade-off curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from mipriv.calculator.inverse import Inverse
from mipriv.calculator.inverse import epsilon as largest_epsilon
from mipriv.calculator.inverse import size as largest_size
from mipriv.errors import Infeasible, require
from mipriv.game import Adjacency, PopulationGame
from mipriv.game import adjacency as read_adjacency
from mipriv.guarantee import ApproxDP
from mipriv.loss.tpr import true_positive_rate
from mipriv.plot import canvas
from mipriv.plot.canvas import COLOURS, short
from mipriv.rigor.decimals import unit, whole

_POINTS = 240
_DEFAULT_N = ("1", "10", "100", "1000")


def loss(
    *,
    out: str,
    n: Sequence[object] | None = None,
    delta: object = 0,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
) -> str:
    """Draw loss against epsilon for several n: published bound, exact worst case, and tau.

    Args:
        out: file to write, .png, .svg or .pdf.
        n: numbers of records, at most 6; None: 1, 10, 100, 1000.
        delta, tau, adjacency: as for `mipriv.bound`.

    Returns:
        The path written.

    Raises:
        ParameterError: an input outside its range, or an `out` that cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    sizes = [whole(value, "n", at_least=1) for value in (n or _DEFAULT_N)]
    require(len(sizes) <= 6, must="be given at most 6 times", n=len(sizes))
    slack, neighbour = unit(delta, "delta"), read_adjacency(adjacency)
    close = None if tau is None else unit(tau, "tau")

    def draw(axes: Any) -> None:
        import numpy as np

        from mipriv.arrays import sweep

        epsilon = np.logspace(np.log10(0.01 / max(sizes)), 1.3, _POINTS)
        for colour, count in zip(COLOURS, sizes, strict=False):
            found = sweep(
                epsilon=epsilon,
                delta=float(slack),
                n=float(count),
                tau=None if close is None else float(close),
                adjacency=neighbour,
            )
            axes.plot(epsilon, found.worst_case, color=colour, label=f"n = {count:,}, exact")
            axes.plot(epsilon, np.minimum(found.theorem, 1), color=colour, ls=":", lw=1.6)
            if found.population is not None:
                axes.plot(epsilon, found.population, color=colour, ls="--", lw=1.4)
        axes.plot([], [], color="0.3", ls=":", label="published bound, same n")
        if close is not None:
            axes.plot(
                [], [], color="0.3", ls="--", label=f"populations within tau = {short(close)}"
            )
        axes.set_xscale("log")
        axes.set_ylim(-0.02, 1.04)
        axes.set_xlabel("epsilon of the learner (nats)")
        axes.set_ylabel("advantage of the best attacker (TPR - FPR)")
        axes.set_title(f"Loss of any (epsilon, {short(slack)})-DP learner, {neighbour.value}")

    return canvas.save(draw, out)


def epsilon(
    *,
    out: str,
    loss: object = "0.1",
    delta: object = 0,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
) -> str:
    """Draw the largest epsilon that keeps the loss at a target, against n, with the 1/n line.

    Args:
        out: file to write, .png, .svg or .pdf.
        loss: target advantage in (0, 1).
        delta, tau, adjacency: as for `mipriv.epsilon`.

    Returns:
        The path written.

    Raises:
        ParameterError, MissingExtra: as for `loss`.
    """
    target, slack = unit(loss, "loss"), unit(delta, "delta")
    require(0 < target < 1, must="lie strictly between 0 and 1", loss=loss)
    close = None if tau is None else unit(tau, "tau")
    require(close is None or close > 0, must="be > 0 for this picture", tau=tau)
    neighbour = read_adjacency(adjacency)
    sizes = sorted({round(10 ** (k / 8)) for k in range(49)})

    def series(**options: Any) -> tuple[list[int], list[float]]:
        at, found = [], []
        for count in sizes:
            answer = _feasible(count, target, slack, neighbour, **options)
            if answer is not None and not answer.unbounded and float(answer.lower) > 0:
                at.append(count)
                found.append(float(answer.lower))
        return at, found

    def draw(axes: Any) -> None:
        exact = series()
        axes.plot(*exact, color=COLOURS[0], label="exact worst case")
        axes.plot(*series(using="theorem"), color=COLOURS[1], ls="--", label="published bound")
        if close is not None:
            name = f"populations within tau = {short(close)}"
            axes.plot(*series(tau=close), color=COLOURS[2], ls="-.", label=name)
        scale = exact[1][0] * exact[0][0] if exact[0] else 1.0
        line = [scale / count for count in sizes]
        axes.plot(sizes, line, color="0.45", ls=":", label="slope of 1/n")
        if slack > 0:
            most = largest_size(epsilon=0, delta=slack, loss=target, adjacency=neighbour).value
            if isinstance(most, int) and most < sizes[-1]:
                axes.axvline(most, color="0.6", lw=1)
                axes.annotate(
                    f"any populations: no epsilon is\nenough beyond n = {most:,}",
                    (most, 0.96),
                    xycoords=("data", "axes fraction"),
                    xytext=(-6 if most > 1000 else 6, 0),
                    textcoords="offset points",
                    ha="right" if most > 1000 else "left",
                    va="top",
                    fontsize=9,
                    color="0.3",
                )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("training records n")
        axes.set_ylabel("largest epsilon (nats)")
        axes.set_title(
            f"epsilon for an advantage of at most {short(target)}, "
            f"delta = {short(slack)}, {neighbour.value}"
        )

    return canvas.save(draw, out)


def _feasible(
    n: int, loss: fmpq, delta: fmpq, adjacency: Adjacency, **options: Any
) -> Inverse | None:
    try:
        return largest_epsilon(
            n=n, loss=loss, delta=delta, adjacency=adjacency, digits=6, **options
        )
    except Infeasible:
        return None


def tradeoff(
    *,
    out: str,
    epsilon: object,
    delta: object = 0,
    n: object,
    adjacency: object = Adjacency.REPLACE_ONE,
) -> str:
    """Draw the exact n-fold trade-off curve beside the region that group privacy guarantees.

    Args:
        out: file to write, .png, .svg or .pdf.
        epsilon, delta, n, adjacency: as for `mipriv.bound`.

    Returns:
        The path written.

    Raises:
        ParameterError, MissingExtra: as for `loss`.
    """
    claim = ApproxDP(epsilon=epsilon, delta=delta, adjacency=adjacency)  # type: ignore[arg-type]  # checked there
    game = PopulationGame(n=n)  # type: ignore[arg-type]  # checked there

    def draw(axes: Any) -> None:
        rates = _rates()
        exact = [
            float(true_positive_rate(claim, game, fpr=rate, digits=8).complement.upper)  # type: ignore[union-attr]  # always given
            for rate in rates
        ]
        alpha = [float(rate) for rate in rates]
        one = ApproxDP(epsilon=claim.epsilon, delta=claim.delta)
        single = [
            float(true_positive_rate(one, PopulationGame(n=1), fpr=rate, digits=8).complement.upper)  # type: ignore[union-attr]  # always given
            for rate in rates
        ]
        grouped = [_group_region(claim, game, rate) for rate in rates]
        axes.plot([0, 1], [1, 0], color="0.6", lw=1, label="blind guess")
        axes.plot(alpha, single, color=COLOURS[2], ls="-.", label="one record")
        count = f"n = {game.n:,}"
        axes.plot(alpha, exact, color=COLOURS[0], label=f"exact curve, {count}")
        axes.plot(alpha, grouped, color=COLOURS[1], ls="--", label=f"group privacy, {count}")
        axes.fill_between(alpha, grouped, exact, color=COLOURS[1], alpha=0.15, lw=0)
        axes.set_aspect("equal")
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.01)
        axes.set_xlabel("false positive rate")
        axes.set_ylabel("least false negative rate")
        axes.set_title(
            f"({short(claim.epsilon)}, {short(claim.delta)})-DP, {claim.adjacency.value}: "
            "what an attacker can reach"
        )

    return canvas.save(draw, out)


def _rates() -> list[fmpq]:
    """False positive rates dense near 0, where the curve bends."""
    fine = [fmpq(k, 100) ** 3 for k in range(101)]
    even = [fmpq(k, 100) for k in range(101)]
    return sorted(set(fine + even))


def _group_region(claim: ApproxDP, game: PopulationGame, rate: fmpq) -> float:
    """max(0, 1 - d - E a, (1 - d - a)/E) with the group's E and d."""
    import math

    steps = claim.adjacency.edits(game.n)
    rate_ = float(rate)
    exponent = min(float(claim.epsilon) * steps, 700.0)
    growth = math.exp(exponent)
    single = math.expm1(float(claim.epsilon))
    factor = math.expm1(exponent) / single if single else float(steps)
    slack = float(claim.delta) * factor
    return max(0.0, 1 - slack - growth * rate_, (1 - slack - rate_) / growth)
