"""rho-zCDP: what the Kullback-Leibler part of the claim allows."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.curves import binary_kl, zcdp_budget
from mipriv.guarantee import ConcentratedDP, Kind
from mipriv.loss.group import Group
from mipriv.rigor.enclosure import Number, ball
from mipriv.rigor.search import root

_FAR = 10_000  # nats; beyond, a root as a fraction would have thousands of digits


class ConcentratedGroup(Group):
    """k steps give k^2 rho-zCDP, hence both KL divergences of any event are at most k^2 rho.

    Source: Bun and Steinke 2016 (group privacy of zCDP), and the limit of order 1 of the Renyi
    divergence.  An upper bound: the orders above 1 are not used.
    """

    kind = Kind.UPPER_BOUND
    method = "group privacy of rho-zCDP and the largest gap two KL bounds allow"
    max_terms = 1_500

    def __init__(self, claim: ConcentratedDP) -> None:
        super().__init__(claim.adjacency.edits(1))
        self.rho = claim.rho

    def value(self, steps: int) -> Number:
        budget = steps * steps * self.rho
        if budget == 0:
            return fmpq(0)
        return _advantage(budget) if budget < 1 else 1 - _hidden(budget)

    def headroom(self, steps: int) -> Number:
        budget = steps * steps * self.rho
        if budget == 0:
            return fmpq(1)
        return 1 - _advantage(budget) if budget < 1 else _hidden(budget)

    def saturated(self, steps: int) -> bool:  # noqa: ARG002  # 2 t atanh(t) is finite only below t = 1
        return False

    def missed(self, fpr: fmpq, steps: int) -> Number:
        budget = steps * steps * self.rho
        if budget == 0 or fpr in (0, 1):  # a test of one-sided support would cost infinite KL
            return 1 - fpr
        rate = _largest(budget, lambda p: _divergence(arb(p), arb(fpr)), fpr)
        if -arb(fpr).log() > budget:  # KL(p||A) stays below -log A, so it need not bind
            rate = rate.min(_largest(budget, lambda p: _divergence(arb(fpr), arb(p)), fpr))
        return 1 - rate


def _divergence(p: arb, q: arb) -> arb:
    """KL(q || p): the argument order in which it grows without bound as p tends to 1."""
    result: arb = binary_kl(ARB, q, p)
    return result


def _largest(budget: fmpq, divergence: Callable[[fmpq], arb], fpr: fmpq) -> arb:
    """Largest p in [fpr, 1] whose divergence from fpr is at most the budget."""

    def excess(p: fmpq) -> Number:
        if p <= fpr:
            return fmpq(-1)
        return divergence(p) - budget if p < 1 else fmpq(1)

    return _as_ball(excess, (1 + fpr) / 2)


def _advantage(budget: fmpq) -> arb:
    """t with 2 t atanh(t) = budget, as a ball at the current precision."""
    guess = (arb(budget) / 2).sqrt().min(arb("0.9")).mid().fmpq()
    return _as_ball(lambda t: zcdp_budget(ARB, arb(t)) - budget if t < 1 else fmpq(1), guess)


def _hidden(budget: fmpq) -> arb:
    """y = 1 - t with (1-y) log((2-y)/y) = budget.

    Far out y = (2-y) e^(-budget/(1-y)) gives (2-u) e^(-budget (1+2u)) <= y <= u = 2 e^(-budget).
    """
    u = 2 * (-arb(budget)).exp()
    if budget > _FAR:
        return u.union((2 - u) * (-budget * (1 + 2 * u)).exp())

    def excess(y: fmpq) -> Number:
        return budget - (1 - y) * (arb((2 - y) / y)).log() if y < 1 else fmpq(1)

    return _as_ball(excess, u.mid().fmpq())


def _as_ball(excess: Callable[[fmpq], Number], guess: fmpq) -> arb:
    digits = max(int(ctx.prec * 0.301) - 2, 5)
    found = root(excess, guess=guess, digits=digits, at_most=fmpq(1))
    low, high = (fmpq(end.numerator, end.denominator) for end in (found.lower, found.upper))
    return ball(low).union(ball(high))
