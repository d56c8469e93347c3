"""Solving for one parameter: heuristics choose where to look, certified signs decide."""

from __future__ import annotations

from flint import arb, ctx, fmpq

from mipriv.calculator.target import Target, Using
from mipriv.rigor.enclosure import Enclosure, ball, floor
from mipriv.rigor.search import largest_whole, root


def largest_epsilon(target: Target, delta: fmpq, n: int, digits: int) -> Enclosure | None:
    """Largest epsilon that meets a target which epsilon = 0 meets; None: every one does."""
    if target.always_met(n):
        return None
    if target.met(fmpq(0), delta, n) == 0:
        return Enclosure.of(fmpq(0), digits)
    # 1 - loss keeps its leading digits, however close to 1 the loss is
    with ctx.workprec(64 + target.loss.height_bits()):
        steps = target.adjacency.edits(n) * target.tau
        start = -2 * (-arb(target.loss)).log1p() / steps
        guess = start.mid().fmpq()
    return root(lambda x: target.excess(x, delta, n), guess=guess, digits=digits)


def largest_delta(target: Target, epsilon: fmpq, n: int, digits: int) -> Enclosure | None:
    """Largest delta that meets a target which delta = 0 meets; None: every one does."""
    if target.always_met(n):
        return None
    if target.met(epsilon, fmpq(0), n) == 0:
        return Enclosure.of(fmpq(0), digits)
    if epsilon == 0 and target.tau == 1:
        return Enclosure.of(target.loss / target.adjacency.edits(n), digits)
    with ctx.workprec(64):
        # the loss is affine in delta until it saturates, and exactly so without tau
        small = fmpq(1, 10**9)
        start = ball(target.excess(epsilon, fmpq(0), n)).mid().fmpq()
        slope = (ball(target.excess(epsilon, small, n)).mid().fmpq() - start) / small
        guess = -start / slope if slope > 0 else fmpq(1, 2)
    return root(
        lambda x: target.excess(epsilon, x, n),
        guess=guess if 0 < guess < 1 else fmpq(1, 2),
        digits=digits,
        at_most=fmpq(1),
    )


def largest_size(target: Target, epsilon: fmpq, delta: fmpq) -> int:
    """Largest n that meets a target below 1, for epsilon or delta and tau above 0."""
    per_record = target.adjacency.edits(1) * target.tau
    if epsilon == 0 and target.tau == 1:
        return int((target.loss / (delta * per_record)).floor())
    # n has about as many bits as 1/epsilon or 1/delta; a guess that good leaves few to be tried
    with ctx.workprec(64 + (epsilon + delta).height_bits()):
        if epsilon == 0:
            start = arb(target.loss / (delta * per_record))
        else:
            part = target.loss / (1 + 2 * delta / arb(epsilon).expm1())
            exact = target.using is Using.WORST_CASE
            start = -(-part).log1p() if exact else part.atanh()
            start = 2 * start / (epsilon * per_record)
        guess = floor(start)
    return largest_whole(lambda n: target.met(epsilon, delta, n) <= 0, guess=guess)
