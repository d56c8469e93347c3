"""Theorem 8: two secrets with a prior."""

from __future__ import annotations

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.prior import bayes_error as vertex
from mipriv.formulas.worst_case import fixed_point
from mipriv.game import PopulationGame
from mipriv.guarantee import ApproxDP, Kind, Loss
from mipriv.loss._binomial import expectation
from mipriv.loss._claims import approximate
from mipriv.loss.group import ApproxDPGroup
from mipriv.loss.population import population
from mipriv.rigor.enclosure import (
    DEFAULT_DIGITS,
    Enclosure,
    Number,
    ball,
    refine_or_widen,
)

_TERMS = 3_000  # a vertex search costs far more than a term of a closed form


def bayes_success(claim: ApproxDP, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Best chance of guessing which of two secrets, with prior pi = Pr[secret 1].

    1 - min over the vertices of the error region of (1-pi) h^i(a*) + pi h^(n-1-i)(a*), and of the
    trivial tests; at pi = 1/2, (1 + loss)/2.  With tau, E over K ~ Bin(n, tau) of the same: an
    upper bound, tight at pi = 1/2.

    Args:
        claim: (epsilon, delta)-DP.
        game: n, prior (None: 1/2) and tau.
        digits: significant digits of the success and of the error, its complement.

    Returns:
        Loss whose value is the success; `vacuous` if it is exactly 1.

    Raises:
        UnsupportedGuarantee: another kind of claim.

    Numerics: the error is convex in the vertex, so that the few integers around its stationary
    point and around its two clamps hold the minimum; nothing loops over n.
    Source: the chain of the worst case with another linear functional; checked by exact linear
    programs.

    >>> from mipriv.guarantee import ApproxDP
    >>> bayes_success(ApproxDP(epsilon=1), PopulationGame(n=4, prior="0.1"), digits=9).value
    Enclosure(lower=0.961055033, upper=0.961055034)
    """
    claim = approximate(claim, "the Bayes success under a prior")
    prior = fmpq(1, 2) if game.prior is None else game.prior
    tau = fmpq(1) if game.tau is None else game.tau
    if prior == fmpq(1, 2):
        return _balanced(population(claim, game, digits=digits), digits)
    lost = game.n.bit_length()
    error, wide = refine_or_widen(
        lambda: _error(claim, game.n, prior, tau), digits=digits, extra_bits=lost
    )
    success, vague = refine_or_widen(
        lambda: 1 - _error(claim, game.n, prior, tau), digits=digits, extra_bits=lost
    )
    return Loss(
        value=Enclosure.of(success, digits).within(0, 1),
        complement=Enclosure.of(error, digits).within(0, 1),
        kind=Kind.EXACT if tau in (0, 1) else Kind.UPPER_BOUND,
        method="best success of an attacker who knows the prior, over all (epsilon, delta)-DP learners",
        vacuous=isinstance(error, fmpq) and error == 0,
        wide=wide or vague,
    )


def _balanced(loss: Loss, digits: int) -> Loss:
    """(1 + loss)/2, from the outward ends of the loss."""

    def half(low: object, high: object, base: int) -> Enclosure:
        ends = [(fmpq(base) + fmpq(e.numerator, e.denominator)) / 2 for e in (low, high)]  # type: ignore[attr-defined]  # endpoints are fractions
        lower, upper = (Enclosure.of(end, digits) for end in ends)
        return Enclosure(lower.lower, upper.upper)

    room = loss.complement
    return Loss(
        value=half(loss.lower, loss.upper, 1).within(0, 1),
        complement=None if room is None else half(room.lower, room.upper, 0),
        kind=loss.kind,
        method=f"(1 + advantage)/2 for two equiprobable secrets, {loss.method}",
        vacuous=loss.vacuous,
        wide=loss.wide,
    )


def _error(claim: ApproxDP, n: int, prior: fmpq, tau: fmpq) -> Number:
    if prior in (0, 1):
        return fmpq(0)
    members = ApproxDPGroup(claim)
    if tau == 1 or tau == 0 or n == 0:
        return least_error(members, claim.adjacency.edits(n) if tau == 1 else 0, prior)
    return expectation(
        n,
        tau,
        lambda records: least_error(members, claim.adjacency.edits(records), prior),
        max_terms=_TERMS,
    )


def least_error(members: ApproxDPGroup, steps: int, prior: fmpq) -> Number:
    """Least Bayes error after `steps` neighbour steps, as a ball or exactly."""
    blind = min(prior, 1 - prior)
    if steps == 0 or blind == 0:
        return blind
    if members.saturated(steps):
        return fmpq(0)
    options = [
        vertex(ARB, members.epsilon, members.delta, steps, prior, i)
        for i in _candidates(members, steps, prior)
    ]
    if members.delta > 0:  # the ends of the curve: no error of one kind at all
        options.append(blind * members.missed(fmpq(0), steps))
    if all(option >= blind for option in options):
        return blind
    best = ball(blind)
    for option in options:
        best = best.min(ball(option))
    return best


def _candidates(members: ApproxDPGroup, steps: int, prior: fmpq) -> list[int]:
    """Vertices among which the minimum lies: 0, the last, and a few around three real points.

    Unclamped, the error is (1-pi) x E^-i + pi x E^-(last-i) less a constant, stationary at
    i = (last + log((1-pi)/pi)/eps)/2; it is clamped from i0 on and up to last - i0, where i0 is
    the first iterate of a* that is 0.
    """
    last = steps - 1
    centres = [fmpq(0), fmpq(last)]
    epsilon, delta = members.epsilon, members.delta
    if epsilon > 0:
        tilt = (arb((1 - prior) / prior)).log() / epsilon
        centres.append((arb(last) + tilt).mid().fmpq() / 2)
    if delta > 0:
        middle = fixed_point(ARB, epsilon, delta)
        if epsilon > 0:
            ratio = middle * arb(epsilon).expm1() / delta
            clamp = (ball(ratio).log1p() / epsilon).mid().fmpq()
        else:
            clamp = fmpq((1 - delta) / (2 * delta))
        centres += [clamp, last - clamp]
    near = {int(centre.floor()) + shift for centre in centres for shift in (-1, 0, 1, 2)}
    return sorted({min(max(i, 0), last) for i in near})
