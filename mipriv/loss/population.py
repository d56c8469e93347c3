"""Theorem 6: populations at a known total variation, and swap pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.errors import UnsupportedGuarantee, require
from mipriv.formulas.worst_case import worst_case as formula
from mipriv.game import FinitePair, PopulationGame
from mipriv.guarantee import ApproxDP, Kind, Loss
from mipriv.loss._claims import approximate, group
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.enclosure import (
    DEFAULT_DIGITS,
    Enclosure,
    Number,
    ball,
    enclose,
    refine_or_widen,
)

if TYPE_CHECKING:
    from mipriv.loss._claims import Claim

MAX_SWAP_RECORDS = 100_000


def population(claim: Claim, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Supremum of the loss over learners with this claim and populations at total variation tau.

    E[L(K)], K ~ Bin(n, tau), L(k) the worst case when k records change: an upper bound by a product
    of maximal couplings, attained for at least three values of a record by
    P_b = (1-tau) Q + tau (point mass at x_b).

    Args:
        claim: what is promised of one record.
        game: its n and tau; tau None counts as 1.
        digits: significant digits of value and complement.

    Returns:
        Loss; `wide` if n is so large that only a wider enclosure is proved.

    Numerics: closed form while no k saturates, else incomplete beta functions (Arb), else a window
    sum, else a proved inequality; each is an enclosure.
    Source: coupling and joint convexity; extremal pair as above.

    >>> from mipriv.guarantee import ApproxDP
    >>> population(ApproxDP(epsilon=1), PopulationGame(n=2, tau="0.5"), digits=9).value
    Enclosure(lower=0.389088718, upper=0.389088719)
    """
    tau = fmpq(1) if game.tau is None else game.tau
    if tau == 1 or game.n == 0:
        return worst_case(claim, game, digits=digits)
    members = group(claim)
    if tau == 0:
        value: Number = fmpq(0)
        room: Number = fmpq(1)
        wide = False
    else:
        lost = game.n.bit_length()
        value, wide = refine_or_widen(
            lambda: members.expected(game.n, tau), digits=digits, extra_bits=lost
        )
        room, vague = refine_or_widen(
            lambda: members.expected_headroom(game.n, tau), digits=digits, extra_bits=lost
        )
        wide = wide or vague
    return Loss(
        value=Enclosure.of(value, digits).within(0, 1),
        complement=Enclosure.of(room, digits).within(0, 1),
        kind=members.kind,
        method=f"expectation over the number of records that differ, {members.method}",
        vacuous=False,  # no record differs with probability (1 - tau)^n > 0
        wide=wide,
    )


def swap(claim: ApproxDP, game: PopulationGame, *, digits: int = DEFAULT_DIGITS) -> Loss:
    """Exact optimum over all (epsilon, delta)-DP learners for a swap pair of populations.

    P_0 gives x_0, x_1 the masses a >= b, P_1 exchanges them, all else is common.  The optimum is
    E over P_1^n of sgn(D) TV*_|D|, D = (count of x_1) - (count of x_0).

    Args:
        claim: (epsilon, delta)-DP.
        game: its `pair` must be a swap pair; n at most 100,000 (one pass over D).
        digits: significant digits.

    Raises:
        UnsupportedGuarantee: another kind of claim.
        ParameterError: no pair, not a swap pair, or n too large.

    Numerics: the law of D by the three-term recurrence of the coefficients of a trinomial power,
    whose terms are all positive on the half that is computed.
    Source: the learner Bernoulli(q(D)) of the population theorem; checked by exact linear programs.
    """
    claim = approximate(claim, "the swap-pair optimum")
    require(game.pair is not None, must="be given for the swap-pair optimum", pair=None)
    if game.pair is None:
        raise UnsupportedGuarantee("no pair")
    high, low = _swap_masses(game.pair)
    require(game.n <= MAX_SWAP_RECORDS, must=f"be <= {MAX_SWAP_RECORDS} for a swap pair", n=game.n)
    value = enclose(lambda: _swap_value(claim, game.n, high, low), digits=digits)
    room = enclose(lambda: 1 - _swap_value(claim, game.n, high, low), digits=digits)
    exactly_one = high == 1 and worst_case(claim, game, digits=digits).vacuous
    return Loss(
        value=value.within(0, 1),
        complement=room.within(0, 1),
        kind=Kind.EXACT,
        method="optimum over all (epsilon, delta)-DP learners for a swap pair",
        vacuous=exactly_one,
    )


def _swap_masses(pair: FinitePair) -> tuple[fmpq, fmpq]:
    moved = [(p, q) for p, q in zip(pair.first, pair.second, strict=True) if p != q]
    swapped = len(moved) == 2 and moved[0] == (moved[1][1], moved[1][0])
    require(swapped, must="exchange exactly two masses", pair=f"{pair.first} / {pair.second}")
    return max(moved[0]), min(moved[0])


def _swap_value(claim: ApproxDP, n: int, high: fmpq, low: fmpq) -> Number:
    """Sum over d > 0 of (Pr[D=d] - Pr[D=-d]) TV*_d; Pr[D=-d] = (low/high)^d Pr[D=d]."""
    if n == 0:
        return fmpq(0)
    rest = 1 - high - low
    # coefficients of (high + rest z + low z^2)^n: the k-th is Pr[D = n - k]
    previous, current = arb(0), arb(high) ** n
    ratio = arb(low) / arb(high)
    total: Number = fmpq(0)
    for k in range(n):
        if k > 0:
            step = (n - k + 1) * rest * current + (2 * (n + 1) - k) * low * previous
            previous, current = current, step / (k * high)
        d = n - k
        loss = ball(formula(ARB, claim.epsilon, claim.delta, claim.adjacency.edits(d)))
        total = total + current * (1 - ratio**d) * loss
    return total
