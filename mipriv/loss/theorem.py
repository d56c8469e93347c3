"""Theorem 1: the group-privacy bound of the literature."""

from __future__ import annotations

from flint import fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.theorem import group_delta
from mipriv.formulas.theorem import theorem as formula
from mipriv.game import PopulationGame
from mipriv.guarantee import ApproxDP, Kind, Loss
from mipriv.loss._claims import approximate
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Number, enclose, sign


def raw(claim: ApproxDP, n: int) -> Number:
    """B at n records as a ball at the current precision, or exactly where eps = 0 or n = 0."""
    steps = claim.adjacency.edits(n)
    return formula(ARB, claim.epsilon, claim.delta, steps) if steps else fmpq(0)


def _at_least_one(claim: ApproxDP, steps: int) -> bool:
    """Whether B >= 1, through the group's delta: 1 - B itself can be as small as e^(-n eps).

    For rational eps > 0 it is a polynomial in the transcendental e^eps, which is constant only for
    one step: no other tie exists.
    """
    if claim.delta == 0 or steps == 0:
        return False
    if steps == 1:
        return bool(claim.delta == 1)
    excess = sign(
        lambda: group_delta(ARB, claim.epsilon, claim.delta, steps) - 1,
        what="whether the bound is 1",
    )
    return excess >= 0


def theorem(claim: ApproxDP, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Group-privacy bound B on the MI privacy loss; raw, so it may exceed 1.

    B = tanh(n eps/2) (1 + 2 delta/(e^eps - 1)), at 2n under add-remove.  It is the supremum itself
    only for one step or eps = 0; `worst_case` is never larger.

    Args:
        claim: (epsilon, delta)-DP of the learner.
        game: only its n is used; B holds for all populations.
        digits: significant digits of the enclosure.

    Returns:
        Loss that encloses B; `vacuous` says whether B >= 1.

    Numerics: Arb balls; decimals rounded outward.
    Source: Wang, Zhang, Jia, AAAI 2021 (statement); group privacy as in Vadhan 2017.

    >>> from mipriv.guarantee import ApproxDP
    >>> from mipriv.game import PopulationGame
    >>> theorem(ApproxDP(epsilon="0.001", delta="1e-5"), PopulationGame(n=10_000), digits=9).upper
    1.0198974
    """
    claim = approximate(claim, "the group-privacy bound")
    steps = claim.adjacency.edits(game.n)
    value = enclose(lambda: raw(claim, game.n), digits=digits, what="the theorem's bound")
    vacuous = _at_least_one(claim, steps)
    value = value.within(1, None) if vacuous else value.within(0, 1)
    tight = steps <= 1 or (claim.epsilon == 0 and not steps * claim.delta > 1)
    return Loss(
        value=value,
        kind=Kind.EXACT if tight else Kind.UPPER_BOUND,
        method="group-privacy bound (Wang, Zhang, Jia 2021)",
        vacuous=vacuous,
    )
