"""Theorem 9: K equiprobable secrets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.secrets import secrets_complement, secrets_sharper, wrong_guess
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP, Kind, Loss
from mipriv.loss._claims import approximate
from mipriv.loss._votes import ENUMERATED, Votes, best_split, best_triple, splits, triples
from mipriv.loss.group import ApproxDPGroup
from mipriv.loss.prior import bayes_success
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Number, ball, enclose, sign

_METHOD = "best success among {} equiprobable secrets"
_SETTLED = 3  # records up to which the bound at delta > 0 is proved to be attained


def secrets_success(claim: ApproxDP, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Largest chance of guessing one of K equiprobable secrets; an upper bound where it says so.

    Replace-one, delta = 0: 1 - (K-1)/min over j of (E^j + (K-1) E^(n-j)), E = e^eps; exact.
    Replace-one, delta > 0: at most 1 - max over n/2 <= j <= n of (1 - delta (R_j + R_(n-j)) +
    (K-2) E^j x)/(E^j + E^(n-j)), x the largest chance of one particular wrong guess that a data set
    of two or three symbols forces, R_m = (E^m - 1)/(E - 1); exact for n <= 3.
    Add-remove: g^n(1/K), g(a) = min(1, E a + delta, 1 - (1 - delta - a)/E); exact.

    Args:
        claim: (epsilon, delta)-DP.
        game: n and secrets.
        digits: significant digits of the success and of its complement.

    Returns:
        Loss whose value is the success.  Exact for K = 2, at delta = 0, at epsilon = 0, for n <= 3
        and under add-remove.  For replace-one at delta > 0 and n > 3 an upper bound: for K = 3
        attained in every case solved, for K >= 4 not always.

    Raises:
        UnsupportedGuarantee: another kind of claim.

    Numerics: at delta = 0 the exponent is convex in j, so the integers around its stationary point
    hold the minimum.  At delta > 0 every data set and every j gives a valid bound: all are tried up
    to 60 records, beyond that the best that a search finds.
    Source: replace-one, paths between the data sets of two secrets and through those of three, and
    a mechanism that samples votes (Thm 9); add-remove, every secret is n steps from the empty data
    set, where some guess has a chance of 1/K at most on average.

    >>> from mipriv.guarantee import ApproxDP
    >>> secrets_success(ApproxDP(epsilon=1), PopulationGame(n=1, secrets=3), digits=9).value
    Enclosure(lower=0.576116884, upper=0.576116885)
    """
    claim = approximate(claim, "the bound for many secrets")
    if game.secrets == 2:
        return bayes_success(claim, game, digits=digits)
    if claim.adjacency is Adjacency.ADD_REMOVE:
        return _through_nothing(ApproxDPGroup(claim), game.n, game.secrets, digits)
    room = _Room(claim, game.n, game.secrets)
    saturated = sign(room.at_precision, what="whether the success is 1") <= 0

    def missed() -> Number:
        return fmpq(0) if saturated else room.at_precision()

    return Loss(
        value=enclose(lambda: 1 - missed(), digits=digits).within(0, 1),
        complement=enclose(missed, digits=digits).within(0, 1),
        kind=_kind(claim, game.n, game.secrets),
        method=_METHOD.format(game.secrets),
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


def _kind(claim: ApproxDP, n: int, count: int) -> Kind:
    """What is proved, and what only exact linear programs show (K = 3)."""
    if claim.delta == 0 or claim.epsilon == 0 or n <= _SETTLED:
        return Kind.EXACT
    return Kind.CONJECTURED if count == 3 and n <= ENUMERATED else Kind.UPPER_BOUND


class _Room:
    """The least chance of a wrong guess, for replace-one and K >= 3."""

    def __init__(self, claim: ApproxDP, n: int, count: int) -> None:
        self.epsilon, self.delta, self.n, self.count = claim.epsilon, claim.delta, n, count

    def at_precision(self) -> Number:
        """The value as a ball, or exactly where E = 1 or nothing changes; <= 0 once saturated."""
        if self.n == 0 or self.epsilon == 0:
            return (1 - self.n * self.delta) * fmpq(self.count - 1, self.count)
        return self._pure() if self.delta == 0 else self._approximate()

    def _pure(self) -> arb:
        """(K-1)/min_j(E^j + (K-1) E^(n-j)): the largest of the values near the stationary j."""
        centre = (arb(self.n) + arb(self.count - 1).log() / self.epsilon).mid().fmpq() / 2
        near = int(centre.floor())
        best = arb(0)
        for j in {min(max(near + shift, 0), self.n) for shift in (-1, 0, 1, 2)}:
            line = secrets_complement(ARB, self.epsilon, self.delta, self.n, self.count, j)
            best = best.max(ball(line))
        return best

    def _approximate(self) -> Number:
        """The largest floor of a data set, mixed with the best line."""
        sets, lines = self._choice
        floor = _largest(self._floor(votes) for votes in sets)
        return _largest(self._mixed(j, floor) for j in lines)

    @cached_property
    def _choice(self) -> tuple[Sequence[Votes], Sequence[int]]:
        """Data sets and lines to try: all of a few records, else the best that a search finds."""
        if self.n <= ENUMERATED:
            return tuple(triples(self.n)), splits(self.n)
        split = best_split(self.n, lambda j: ball(self._floor((j, self.n - j, 0))))
        sets = ((split, self.n - split, 0), best_triple(self.n, lambda v: ball(self._floor(v))))
        floor = _largest(self._floor(votes) for votes in sets)
        return sets, (split, best_split(self.n, lambda j: ball(self._mixed(j, floor))))

    def _floor(self, votes: Votes) -> Number:
        value: Number = wrong_guess(ARB, self.epsilon, self.delta, self.count, *votes)
        return value

    def _mixed(self, j: int, floor: Number) -> Number:
        value: Number = secrets_sharper(ARB, self.epsilon, self.delta, self.n, self.count, j, floor)
        return value


def _largest(values: Iterable[Number]) -> Number:
    best: Number | None = None
    for value in values:
        best = value if best is None else ball(best).max(ball(value))
    return fmpq(0) if best is None else best
