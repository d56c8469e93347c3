"""`information`: what I bits per answer let an attacker guess."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mipriv.calculator.answer import (
    Answer,
    Json,
    Row,
    ends,
    loss_row,
    percent,
    text,
)
from mipriv.game import InversionGame
from mipriv.guarantee import Information, Loss
from mipriv.loss.information import guess
from mipriv.rigor.decimals import decimal_text, round_rational
from mipriv.rigor.enclosure import DEFAULT_DIGITS, checked_digits


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationLoss(Answer):
    """Success and advantage that q answers of I bits allow.

    Attributes:
        claim: bits of one answer.
        game: secrets, prior, queries.
        success: largest chance of a right guess.
        advantage: for two equiprobable secrets, else None.
        base: success without any answer, as a decimal.
    """

    claim: Information
    game: InversionGame
    success: Loss
    advantage: Loss | None
    base: str

    @property
    def statement(self) -> str:
        """The answer in words."""
        return _statement(self.claim, self.game, self.success, self.base)

    def inputs(self) -> dict[str, str | None]:
        return {
            "bits": text(self.claim.bits),
            "queries": text(self.game.queries),
            "secrets": text(self.game.secrets),
            "prior": text(self.game.prior),
        }

    def rows(self) -> list[Row]:
        lines = [] if self.advantage is None else [loss_row("advantage", self.advantage)]
        return [
            *lines,
            loss_row("success", self.success),
            Row("success without answers", self.base),
        ]

    def as_dict(self) -> Json:
        """JSON object; every number is a string."""
        return {
            "inputs": self.inputs(),
            "advantage": None if self.advantage is None else ends(self.advantage.value),
            "success": ends(self.success.value),
            "base": self.base,
            "kind": self.success.kind.value,
            "statement": self.statement,
        }


def information(
    *,
    bits: object,
    queries: object = 1,
    secrets: object = 2,
    prior: object = None,
    digits: int = DEFAULT_DIGITS,
) -> InformationLoss:
    """Largest success of an attacker who sees `queries` answers of at most `bits` bits each.

    Args:
        bits: mutual information between a record and one answer, finite, >= 0.
        queries: answers seen, >= 1, each through fresh noise, not chosen adaptively.
        secrets: number of equiprobable values of the secret, >= 2.
        prior: probability of value 1 of two, in [0, 1].
        digits: significant digits.

    Returns:
        InformationLoss; exact for equiprobable secrets and one query, else an upper bound.

    Raises:
        ParameterError: an input outside its range.

    >>> information(bits="0.05", digits=9).advantage.upper
    0.261744503
    """
    digits = checked_digits(digits)
    claim = Information(bits=bits)  # type: ignore[arg-type]  # checked there
    game = InversionGame(secrets=secrets, prior=prior, queries=queries)  # type: ignore[arg-type]  # checked there
    found = guess(claim, game, digits=digits)
    exact_base = decimal_text(found.base)
    base = (
        exact_base
        if "/" not in exact_base
        else str(round_rational(found.base, digits, upward=False))
    )
    return InformationLoss(
        claim=claim,
        game=game,
        success=found.success,
        advantage=found.advantage,
        base=base,
    )


def _statement(claim: Information, game: InversionGame, success: Loss, base: str) -> str:
    answers = "one answer" if game.queries == 1 else f"{text(game.queries)} answers"
    if success.vacuous:
        limit = "This much information can reveal the secret completely: it limits nothing."
    else:
        blind = percent(Fraction(base), upward=False)
        limit = (
            f"An attacker who sees {answers} guesses the secret at most {percent(success.upper)} of "
            f"the time; without any answer the best guess is right {blind} of the time."
        )
    return (
        f"{limit}\nThis assumes {text(claim.bits)} bits of mutual information between a record and "
        "each answer, fresh noise in every answer, queries not chosen by what earlier answers said, "
        "and a secret that reaches the answer only through the record. It says nothing of secrets "
        "about the training set that the model itself holds."
    )
