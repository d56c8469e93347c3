"""Ceilings for models whose optimum is out of reach: no attacker does better, few do as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isinf
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.attack.bayes.inversion.answers import FRESH, independent
from mipriv.contexts.arb import ARB
from mipriv.errors import require
from mipriv.estimate.reading import Reading
from mipriv.formulas.information import divergence
from mipriv.game import InversionGame
from mipriv.guarantee import Information
from mipriv.loss.information import guess
from mipriv.rigor.decimals import decimal_text, exact
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, sign
from mipriv.rigor.intervals import Interval
from mipriv.rigor.search import root

_BITS = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """No attacker's success exceeds a number.

    Attributes:
        success: that number, rounded up.
        binds: what it follows from: `record` (the optimum of who sees the record itself),
            `information`, or `nothing`.
        confidence: chance that it holds: 1 - the sum of the risks of all that was compared.
        words: the statement.
    """

    success: float
    binds: str
    confidence: float
    words: str


def information_ceiling(
    reading: Reading, game: InversionGame, *, noise: str = FRESH, base: Any = None
) -> Ceiling:
    """Largest success that an upper limit of the information allows: Theorems 10 and 11.

    With side information phi the bound is d2(p || b) <= I, p >= b, where b is the base success
    from phi alone.  Proof: let E be "the guess from (phi, answers) is right".  Under the true
    law Pr[E] = p.  Under the law in which, given phi, the secret is drawn anew, independent of the
    answers, Pr[E] <= b.  The divergence of the first law from the second is I(S; answers | phi), so
    that it is at least d2(p || Pr[E]) >= d2(p || b), since d2(p || .) falls up to p.
    And I(S; answers | phi) <= I(X; answers | phi) <= I(X; answers), if the answers
    are independent of S and phi given X.  So it holds for phi a function of X, and for phi = y where
    a fixed model reads x alone; not for answers made from y (a loss value), nor on average over
    models trained on this very record's y.

    Args:
        reading: information in nats of one answer, a bound, under the law that the game draws the
            record from: for mode `train` the uniform law on the training set.
        game: secrets, prior, queries (not adaptive, all on the drawn record).
        noise: `fresh`: q answers carry at most q I; `per-input`: the same answer each time, I.
        base: with side information, the best success from it alone, or an upper limit of that,
            exact or a ball; also the largest prior of more than two secrets that are not
            equiprobable.  None: no side information, the base is that of the game.

    Returns:
        Ceiling at the reading's confidence; 1 where the information determines the secret.

    Raises:
        ParameterError: the reading is an estimate, which bounds nothing.

    >>> told = Reading.computed(0.0693, method="closed form", bound=True)
    >>> round(information_ceiling(told, InversionGame()).success, 4)
    0.684
    """
    require(reading.bound, must="be a bound: an estimate allows no ceiling", method=reading.method)
    answers = independent(game.queries, noise)
    game = replace(game, queries=answers)
    if isinf(reading.upper):
        success = 1.0
    elif base is None:
        claim = Information(bits=_bits(reading.upper))
        success = float(guess(claim, game).success.upper)
    else:
        success = _allowed(_bits(reading.upper) * answers, _limit(base, game))
    words = f"information of at most {answers} x {_up(reading.upper)} nats ({reading.method})"
    return Ceiling(
        success=success,
        binds="information" if success < 1 else "nothing",
        confidence=reading.confidence,
        words=f"success <= {_up(success)}: {words}",
    )


def ceiling(
    *,
    game: InversionGame,
    reading: Reading | None = None,
    record: Interval | None = None,
    record_confidence: Any = 1,
    noise: str = FRESH,
    base: Any = None,
) -> Ceiling:
    """The smaller of what the record itself tells and what the information allows.

    An answer is made from the record and noise: who sees the record (with the side information)
    does at least as well as who sees any number of answers, if the model's randomness says nothing
    about the secret given the record.

    Args:
        game: as for `information_ceiling`.
        reading: a bound on the information of one answer; None: not used.
        record: holds the best success from the record itself, with the same side information.
        record_confidence: of that interval, in (0, 1].
        noise, base: as for `information_ceiling`.

    Returns:
        Ceiling; its confidence is by the union bound over both limits.
    """
    require(reading is not None or record is not None, must="be given, or record", reading=reading)
    found: list[Ceiling] = []
    if reading is not None:
        found.append(information_ceiling(reading, game, noise=noise, base=base))
    if record is not None:
        sure = float(exact(record_confidence, "record_confidence"))
        require(0 < sure <= 1, must="lie in (0, 1]", record_confidence=record_confidence)
        success = min(record.upper, 1.0)
        found.append(
            Ceiling(
                success=success,
                binds="record" if success < 1 else "nothing",
                confidence=sure,
                words=f"success <= {_up(success)}: the best guess from the record itself",
            )
        )
    least = min(found, key=lambda one: one.success)
    return replace(least, confidence=1 - sum(1 - one.confidence for one in found))


def _up(value: float) -> str:
    """Four decimals, rounded up, as a statement of "at most" must be."""
    if isinf(value):
        return str(value)
    return decimal_text(fmpq((exact(value, "value") * 10**4).ceil(), 10**4))


def _bits(nats: float) -> fmpq:
    """Nats in bits, rounded up; a limit below 0 is 0."""
    with ctx.workprec(_BITS):
        found = (exact(max(nats, 0.0), "upper") / arb(2).log()).upper()
    return found.fmpq()


def _limit(base: Any, game: InversionGame) -> fmpq:
    """Upper limit of the base, no less than the base without side information."""
    limit = exact(base, "base") if not isinstance(base, arb) else base.upper().min(arb(1)).fmpq()
    least = fmpq(1, game.secrets)
    if game.prior is not None:
        least = max(game.prior, 1 - game.prior)
    must = "lie in [{least}, 1]: side information cannot lower it"
    require(least <= limit <= 1, must=must.format(least=least), base=base)
    return limit


def _allowed(bits: fmpq, base: fmpq) -> float:
    """Largest p >= base with d2(p || base) <= bits, rounded up."""
    if base == 1 or sign(lambda: bits * arb(2).log() + arb(base).log()) >= 0:
        return 1.0
    if bits == 0:
        return float(Enclosure.of(base, DEFAULT_DIGITS).upper)
    step = (2 * arb(2).log() * bits * base * (1 - base)).sqrt().mid().fmpq()
    found = root(
        lambda p: divergence(ARB, arb(p), base) - bits if p > base else -bits,
        guess=min(base + step, (1 + base) / 2),
        digits=DEFAULT_DIGITS,
        at_most=fmpq(1),
    )
    return min(float(found.upper), 1.0)
