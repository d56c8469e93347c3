"""Theorems 2, 5 and 7: the exact worst case over learners and populations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flint import fmpq

from mipriv.game import PopulationGame
from mipriv.guarantee import Loss
from mipriv.loss._claims import group
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, enclose

if TYPE_CHECKING:
    from mipriv.loss._claims import Claim


def worst_case(claim: Claim, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Supremum of the MI privacy loss over all learners with this claim and all populations.

    (epsilon, delta)-DP: min(1, t1 S_n), attained by a count with canonical (Tulap) noise,
    thresholded.  A trade-off curve f that holds in both directions: 1 - 2 h^m(x0) with
    h(x) = f(1-x), m = floor(n/2), x0 = 1/2 for even n and the fixed point of f for odd n; for
    mu-GDP 2 Phi(n mu/2) - 1.  Under add-remove, 2n stands for n.

    Args:
        claim: what is promised of one record.
        game: only its n is used.
        digits: significant digits of value and complement.

    Returns:
        Loss; `kind` says whether it is the supremum or an upper bound on it.

    Raises:
        PrecisionError: the digits need more than 2^18 bits.

    Numerics: saturation is decided exactly before anything is rounded.
    Source: upper bound by composing the trade-off curve along a path of neighbours (Dong, Roth, Su
    2022); attained by canonical noise (Awan, Slavkovic 2020; Awan, Vadhan 2023).

    >>> from mipriv.guarantee import ApproxDP
    >>> worst_case(ApproxDP(epsilon="0.1", delta="0.01"), PopulationGame(n=10), digits=9).value
    Enclosure(lower=0.468294082, upper=0.468294083)
    """
    members = group(claim)
    steps = claim.adjacency.edits(game.n)
    if members.saturated(steps):
        one, zero = Enclosure.of(fmpq(1), digits), Enclosure.of(fmpq(0), digits)
        return Loss(
            value=one, complement=zero, kind=members.kind, method=members.method, vacuous=True
        )
    value = enclose(lambda: members.value(steps), digits=digits, what="the worst case")
    room = enclose(lambda: members.headroom(steps), digits=digits, what="1 - the worst case")
    return Loss(
        value=value.within(0, 1),
        complement=room.within(0, 1),
        kind=members.kind,
        method=members.method,
        vacuous=False,
    )
