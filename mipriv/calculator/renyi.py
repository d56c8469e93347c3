"""`rdp`: the same question for a learner known by its Renyi divergences."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.accounting.renyi import RenyiDP, renyi_curve, renyi_loss
from mipriv.calculator import statement as say
from mipriv.calculator.answer import percent, text
from mipriv.calculator.curves import CurveLoss
from mipriv.calculator.phrases import counted
from mipriv.calculator.rates import at_most
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import Kind, Loss
from mipriv.loss._binomial import expectation
from mipriv.loss.tpr import true_positive_rate
from mipriv.rigor.decimals import unit
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, checked_digits

_METHOD = "Renyi divergences of one event along a path of neighbours"
_BITS = 96  # the mass that a sum over group sizes leaves out is below 2^-96
_SIZES = (-6, -2, "-0.7", "0.7", 2, 6)  # standard deviations from the mean
_TERMS = 4_000
_RARE = 40  # the curve's rows reach down to delta = 2^-40


@dataclass(frozen=True, slots=True, kw_only=True)
class RdpLoss(CurveLoss):
    """Upper bound on the loss of a learner known by its Renyi divergences.

    Attributes:
        claim: the (epsilon, delta) rows that the divergences imply.
        renyi: the divergences, from which the losses come.
    """

    renyi: RenyiDP

    @property
    def statement(self) -> str:
        """The answer in words."""
        game, adjacency = self.game, self.renyi.adjacency
        replaced = adjacency is Adjacency.REPLACE_ONE
        warning = "; accountants of DP-SGD report add-remove" if replaced else ""
        parts = [
            say.what(self.loss, game.n, game.tau is not None, game.tau),
            "This assumes a learner with the Renyi divergences given "
            f"({counted(len(self.renyi.orders), 'order')}), in both directions, for "
            f"{say.neighbours(adjacency, game.n)} (the adjacency `{adjacency.value}` was assumed"
            f"{warning}), records drawn independently, and an attacker who sees everything the "
            "learner releases.",
        ]
        if self.fpr is not None and self.tpr is not None:
            parts.append(
                f"At a false positive rate of {percent(self.fpr)} the true positive rate is at most "
                f"{percent(self.tpr.upper)}, whatever the populations."
            )
        return "\n".join(parts)


def rdp(
    *,
    orders: Iterable[tuple[Any, Any]],
    n: object,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    fpr: object = None,
    digits: int = DEFAULT_DIGITS,
) -> RdpLoss:
    """Upper bound on the loss of a learner with Renyi divergence rdp_i at every order alpha_i.

    With tau it is a mean over the number of records that differ: between the sizes k at which the
    loss L is bounded, L(k) is at most L at the next one, and L(j) + (k-j) L(1) from the last one j.

    Args:
        orders: pairs (alpha, rdp) in nats, alpha > 1; they hold for both orders of two neighbours.
        n, tau, adjacency, fpr, digits: as for `bound`.

    Returns:
        RdpLoss; every number an upper bound, seconds of work with tau.

    Raises:
        ParameterError: an input outside its range.

    Source: Mironov 2017; Canonne, Kamath, Steinke 2020 (true positive rates); `renyi_loss`.

    >>> gauss = [(alpha, alpha * fmpq(1, 200)) for alpha in (2, 4, 8, 16, 32, 64)]  # mu = 1/10
    >>> rdp(orders=gauss, n=10, digits=5).loss.upper < rdp(orders=gauss[:2], n=10).loss.upper < 0.49
    True
    """
    digits = checked_digits(digits)
    claim = RenyiDP(orders=tuple(orders), adjacency=adjacency)  # type: ignore[arg-type]  # checked there
    game = PopulationGame(n=n, tau=tau)  # type: ignore[arg-type]  # checked there
    rate = None if fpr is None else unit(fpr, "fpr")
    rows = renyi_curve(claim, epsilons=_epsilons(claim))
    whole = renyi_loss(claim, k=game.n)
    worst = _bounded(whole, digits)
    near = None
    if game.tau is not None:
        near = _bounded(_mean(claim, game.n, game.tau, whole), digits)
    tpr = None
    if rate is not None:
        found = true_positive_rate(rows, game, fpr=rate, digits=digits)
        tpr = at_most(found, worst, rate, digits)
    return RdpLoss(
        claim=rows,
        renyi=claim,
        parameters={
            "orders": str(len(claim.orders)),
            "largest_order": text(claim.orders[-1][0]) or "",
        },
        game=game,
        fpr=rate,
        worst_case=worst,
        population=near,
        tpr=tpr,
    )


def _bounded(value: arb, digits: int) -> Loss:
    """A bound, a point, as an answer."""
    return Loss(
        value=Enclosure.of(value, digits).within(0, 1),
        complement=Enclosure.of(1 - value, digits).within(0, 1),
        kind=Kind.UPPER_BOUND,
        method=_METHOD,
        vacuous=bool(value >= 1),
    )


def _mean(claim: RenyiDP, n: int, tau: fmpq, whole: arb) -> arb:
    """Upper bound on E[L(K)], K ~ Bin(n, tau), from L(n) <= whole: L rises with the records."""
    if tau == 0 or n == 0:
        return arb(0)
    if tau == 1:
        return whole
    sizes = _sizes(n, tau)

    @cache
    def at(k: int) -> arb:
        return whole if k == n else renyi_loss(claim, k=k)

    def bound(k: int) -> arb:
        above = next(size for size in sizes if size >= k)
        below = max((size for size in sizes if size <= k), default=0)
        # where all is lost already, more records need no look
        if below and at(below) >= 1:
            return arb(1)
        return at(above).min(at(below) + (k - below) * at(1)) if k else arb(0)

    with ctx.workprec(_BITS):
        # its ends hold bound(k) at the largest k of every bin, hence L at every k in it
        return expectation(n, tau, bound, max_terms=_TERMS).upper().min(whole)


def _sizes(n: int, tau: fmpq) -> list[int]:
    """Group sizes at which the loss is bounded: around the mean, and all n."""
    mean, variance = n * tau, n * tau * (1 - tau)
    deviation = arb(variance).sqrt().mid().fmpq()
    steps = (mean + fmpq(arb(step).mid().fmpq()) * deviation for step in _SIZES)
    return sorted({min(max(int(step.ceil()), 1), n) for step in steps} | {n})


def _epsilons(claim: RenyiDP) -> list[fmpq]:
    """Where the curve is wanted: the least epsilon at each of a falling row of deltas, roughly."""
    # orders out of a double's reach would only add rows
    orders = [
        (float(alpha), float(bound))
        for alpha, bound in claim.orders
        if 1 + fmpq(1, 10**6) < alpha < 10**9 and bound < 10**9
    ]

    def least(delta: float) -> float:
        # Canonne, Kamath, Steinke 2020, solved for epsilon
        return min(
            (
                bound + math.log1p(-1 / alpha) - (math.log(delta) + math.log(alpha)) / (alpha - 1)
                for alpha, bound in orders
            ),
            default=0.0,
        )

    wanted = {max(0.0, least(2.0**-power)) for power in range(1, _RARE + 1)} | {0.0}
    return [fmpq(*value.as_integer_ratio()) for value in sorted(wanted)]
