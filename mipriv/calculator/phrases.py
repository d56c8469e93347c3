"""Parts of sentences that several answers share."""

from __future__ import annotations

from flint import fmpq

from mipriv.calculator.answer import brief, percent, text
from mipriv.rigor.enclosure import Enclosure


def counted(number: int, noun: str) -> str:
    """A number of things: 1 record, 2 records."""
    return f"{text(number)} {noun}" if number == 1 else f"{text(number)} {noun}s"


def gains(secret: str, loss: Enclosure, complement: Enclosure | None) -> str:
    """Who wants to know the secret, and how much of it the loss allows.

    Args:
        secret: what is asked, as it follows "someone who wants to know".
        loss: enclosure of the loss or of a bound on it.
        complement: enclosure of 1 - loss; says what a few digits of a loss near 1 do not show.

    Returns:
        One sentence, true of every loss up to the upper end.
    """
    who = f"Someone who wants to know {secret}"
    if loss.upper == 0:
        return f"{who} learns nothing: the loss is 0."
    most = brief(loss.upper)
    if most == "1":
        if complement is None or complement.lower == 0:
            return (
                f"{who} may be right nearly every time: no limit noticeably below a loss of 1 is "
                "known."
            )
        most = f"1 - {brief(complement.lower, upward=False)}"
    odds = fmpq(loss.upper.numerator, loss.upper.denominator)
    return (
        f"{who} gains an advantage (true positive rate minus false positive rate) of at most "
        f"{most}: at even odds a guess is right at most {percent((1 + odds) / 2)} of the time, "
        "where a blind guess is right 50%."
    )
