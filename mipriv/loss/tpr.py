"""The largest true positive rate at a given false positive rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flint import fmpq

from mipriv.game import PopulationGame
from mipriv.guarantee import Loss
from mipriv.loss._claims import group
from mipriv.rigor.decimals import unit
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Number, enclose, sign

if TYPE_CHECKING:
    from mipriv.loss._claims import Claim


def true_positive_rate(
    claim: Claim, game: PopulationGame, *, fpr: object, digits: int = DEFAULT_DIGITS
) -> Loss:
    """Largest TPR any attacker reaches at this FPR, on any two populations of n records each.

    g^n(A) with g(a) = 1 - f(a), f the trade-off curve of the claim; 2n under add-remove.

    Args:
        claim: what is promised of one record.
        game: only its n is used.
        fpr: false positive rate A in [0, 1].
        digits: significant digits of the rate and of its complement, the false negative rate.

    Returns:
        Loss whose value is the rate; `vacuous` if it is exactly 1 (then so is every larger FPR).

    Numerics: jumps along the affine pieces of g, so that nothing loops over n.
    Source: group privacy as composition of trade-off curves (Dong, Roth, Su 2022).

    >>> from mipriv.guarantee import ApproxDP
    >>> true_positive_rate(ApproxDP(epsilon=1), PopulationGame(n=1), fpr="0.1", digits=9).value
    Enclosure(lower=0.271828182, upper=0.271828183)
    """
    alpha = unit(fpr, "fpr")
    members = group(claim)
    steps = claim.adjacency.edits(game.n)
    certain = sign(lambda: members.missed(alpha, steps), what="whether the rate is 1") <= 0

    def missed() -> Number:
        return fmpq(0) if certain else members.missed(alpha, steps)

    rate = enclose(lambda: 1 - missed(), digits=digits, what="the true positive rate")
    return Loss(
        value=rate.within(0, 1),
        complement=enclose(missed, digits=digits, what="the false negative rate").within(0, 1),
        kind=members.kind,
        method="largest true positive rate along a path of neighbours",
        vacuous=certain,
    )
