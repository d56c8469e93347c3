"""Theorems 10 and 11: from information about a record to a guess of its secret."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.information import binary_information, divergence
from mipriv.game import InversionGame
from mipriv.guarantee import Information, Kind, Loss
from mipriv.rigor.decimals import Endpoint, round_rational
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, sign
from mipriv.rigor.search import root


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What the information allows: success always, advantage for two equiprobable secrets."""

    success: Loss
    advantage: Loss | None
    base: fmpq


def guess(claim: Information, game: InversionGame, *, digits: int = DEFAULT_DIGITS) -> Guess:
    """Largest success of any attacker who sees q answers, each with at most I bits on its record.

    q answers carry at most min(H(S), q I) bits about the secret.  Two equiprobable secrets:
    advantage t with 1 - h2((1-t)/2) = I.  K equiprobable secrets: p with
    log2 K - h2(p) - (1-p) log2(K-1) = I.  A prior: p with d2(p || max prior) = I.

    Args:
        claim: bits of one answer.
        game: secrets, prior and queries; the secret must be independent of the answer given the
            record, the queries not chosen adaptively, each answer through fresh noise.
        digits: significant digits.

    Returns:
        Guess; exact (attained by a channel) for equiprobable secrets and one query.

    Numerics: the root of an increasing function, certified by the signs at both decimals.
    Source: Fano's inequality and data processing; the binary symmetric channel attains K = 2.

    >>> from mipriv.guarantee import Information
    >>> guess(Information(bits="0.1"), InversionGame(), digits=9).success.upper
    0.683980654
    """
    base = _base(game)
    bits = claim.bits * game.queries
    uniform = base == fmpq(1, game.secrets)
    kind = Kind.EXACT if uniform and game.queries == 1 else Kind.UPPER_BOUND
    certain = _reveals_all(bits, base)
    advantage = None
    if uniform and game.secrets == 2:
        gap = _solve_advantage(bits, certain, digits)
        advantage = _loss(gap, digits, kind, certain, "advantage of two equiprobable secrets")
        ends = [(1 + fmpq(e.numerator, e.denominator)) / 2 for e in (gap.lower, gap.upper)]
        success = Enclosure(
            round_rational(ends[0], digits, upward=False),
            round_rational(ends[1], digits, upward=True),
        )
    else:
        success = _solve_success(bits, base, certain, digits)
    return Guess(
        success=_loss(success, digits, kind, certain, "success allowed by the information"),
        advantage=advantage,
        base=base,
    )


def _base(game: InversionGame) -> fmpq:
    """Best success without any answer."""
    if game.prior is not None:
        return max(game.prior, 1 - game.prior)
    return fmpq(1, game.secrets)


def _reveals_all(bits: fmpq, base: fmpq) -> bool:
    """Whether bits >= log2(1/base); a tie needs 1/base to be a power of two."""
    inverse = 1 / base
    if inverse.q == 1 and bin(int(inverse.p)).count("1") == 1:
        return bool(bits >= int(inverse.p).bit_length() - 1)
    return sign(lambda: bits - arb(inverse).log() / arb(2).log()) >= 0


def _solve_advantage(bits: fmpq, certain: bool, digits: int) -> Enclosure:
    if certain or bits == 0:
        return Enclosure.of(fmpq(int(certain)), digits)
    start = (2 * arb(2).log() * bits).sqrt().min(arb("0.99")).mid().fmpq()
    return root(
        lambda t: binary_information(ARB, arb(t)) - bits if t < 1 else 1 - bits,
        guess=start,
        digits=digits,
        at_most=fmpq(1),
    )


def _solve_success(bits: fmpq, base: fmpq, certain: bool, digits: int) -> Enclosure:
    if certain or bits == 0:
        return Enclosure.of(fmpq(1) if certain else base, digits)
    step = (2 * arb(2).log() * bits * base * (1 - base)).sqrt().mid().fmpq()
    return root(
        lambda p: divergence(ARB, arb(p), base) - bits if p > base else -bits,
        guess=min(base + step, (1 + base) / 2),
        digits=digits,
        at_most=fmpq(1),
    )


def _loss(value: Enclosure, digits: int, kind: Kind, certain: bool, method: str) -> Loss:
    def less(end: Endpoint, *, upward: bool) -> Endpoint:
        return round_rational(1 - fmpq(end.numerator, end.denominator), digits, upward=upward)

    room = Enclosure(less(value.upper, upward=False), less(value.lower, upward=True))
    return Loss(value=value, complement=room, kind=kind, method=method, vacuous=certain)
