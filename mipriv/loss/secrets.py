"""Theorem 9: K equiprobable secrets."""

from __future__ import annotations

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.secrets import secrets_complement
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP, Kind, Loss
from mipriv.loss._claims import approximate
from mipriv.loss.group import ApproxDPGroup
from mipriv.loss.prior import bayes_success
from mipriv.rigor.decimals import round_rational
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, Number, ball, enclose, sign
from mipriv.rigor.search import root

_METHOD = "best success among {} equiprobable secrets"


def secrets_success(claim: ApproxDP, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Largest chance of guessing one of K equiprobable secrets; an upper bound where it says so.

    Replace-one, delta = 0: 1 - (K-1)/min over j of (E^j + (K-1) E^(n-j)), E = e^eps; exact.
    Replace-one, delta > 0: at most 1 - (K-1) a, with a the root of F_n(a) = (K-1) a and F_n the
    n-fold trade-off curve.  Add-remove: g^n(1/K), g = 1 - F_1; exact.

    Args:
        claim: (epsilon, delta)-DP.
        game: n and secrets.
        digits: significant digits of the success and of its complement.

    Returns:
        Loss whose value is the success.  Exact for K = 2, at delta = 0, for one record, and under
        add-remove; an upper bound, in general not attained, for replace-one at delta > 0.

    Raises:
        UnsupportedGuarantee: another kind of claim.

    Numerics: the exponent is convex in j, so the integers around its stationary point hold the
    minimum; the root is certified by two signs.
    Source: replace-one, the trade-off curve between each secret and the mean of the others, and a
    mechanism that samples votes (Thm 9); add-remove, every secret is n steps from the empty data
    set, where some guess has a chance of 1/K at most on average.

    >>> from mipriv.guarantee import ApproxDP
    >>> secrets_success(ApproxDP(epsilon=1), PopulationGame(n=1, secrets=3), digits=9).value
    Enclosure(lower=0.576116884, upper=0.576116885)
    """
    claim = approximate(claim, "the bound for many secrets")
    if game.secrets == 2:
        return bayes_success(claim, game, digits=digits)
    members, steps, count = ApproxDPGroup(claim), game.n, game.secrets
    if claim.adjacency is Adjacency.ADD_REMOVE:
        return _through_nothing(members, steps, count, digits)
    saturated = members.saturated(steps)
    if saturated:
        room: Number = fmpq(0)
    elif steps == 0 or claim.epsilon == 0:
        room = (1 - steps * claim.delta) * fmpq(count - 1, count)
    if saturated or steps == 0 or claim.epsilon == 0:
        complement, value = Enclosure.of(room, digits), Enclosure.of(1 - room, digits)
    elif claim.delta == 0:
        complement = enclose(lambda: _room(claim.epsilon, steps, count), digits=digits)
        value = enclose(lambda: 1 - _room(claim.epsilon, steps, count), digits=digits)
    else:
        complement, value = _rooted(members, steps, count, digits)
    return Loss(
        value=value.within(0, 1),
        complement=complement.within(0, 1),
        kind=_kind(claim, steps),
        method=_METHOD.format(count),
        vacuous=saturated,
    )


def _through_nothing(members: ApproxDPGroup, steps: int, count: int, digits: int) -> Loss:
    """g^n(1/K): n records added to the empty data set."""
    blind = fmpq(1, count)
    saturated = sign(lambda: members.missed(blind, steps), what="whether the success is 1") <= 0

    def missed() -> Number:
        return fmpq(0) if saturated else members.missed(blind, steps)

    return Loss(
        value=enclose(lambda: 1 - missed(), digits=digits).within(0, 1),
        complement=enclose(missed, digits=digits).within(0, 1),
        kind=Kind.EXACT,
        method=_METHOD.format(count),
        vacuous=saturated,
    )


def _kind(claim: ApproxDP, steps: int) -> Kind:
    return Kind.EXACT if claim.delta == 0 or steps <= 1 else Kind.UPPER_BOUND


def _room(epsilon: fmpq, steps: int, count: int) -> arb:
    """(K-1)/min_j(E^j + (K-1) E^(n-j)): the largest of the values near the stationary j."""
    centre = (arb(steps) + arb(count - 1).log() / epsilon).mid().fmpq() / 2
    near = int(centre.floor())
    best = arb(0)
    for j in {min(max(near + shift, 0), steps) for shift in (-1, 0, 1, 2)}:
        best = best.max(ball(secrets_complement(ARB, epsilon, steps, count, j)))
    return best


def _rooted(
    members: ApproxDPGroup, steps: int, count: int, digits: int
) -> tuple[Enclosure, Enclosure]:
    """Enclosures of (K-1) a and of 1 - (K-1) a, F_n(a) = (K-1) a."""
    others = fmpq(count - 1)
    guess = ball(members.headroom(steps)).mid().fmpq() / count
    found = root(
        lambda a: others * a - members.missed(a, steps),
        guess=guess,
        digits=digits + len(str(count)) + 2,
        at_most=1 / others,
    )
    low, high = (others * fmpq(e.numerator, e.denominator) for e in (found.lower, found.upper))
    return _between(low, high, digits), _between(1 - high, 1 - low, digits)


def _between(low: fmpq, high: fmpq, digits: int) -> Enclosure:
    return Enclosure(
        round_rational(low, digits, upward=False), round_rational(high, digits, upward=True)
    )
