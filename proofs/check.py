"""What every proof is to the runner: a name, what it shows, and a call that raises when it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class Refuted(Exception):
    """A proof did not go through: the message says which instance or step failed."""


class Unavailable(Exception):
    """A proof needs a program or package that is not installed: the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One proof that runs.

    Attributes:
        slug: `engine.name`, unique; what `--only` and the ledger call it.
        shows: the claim in one line, as the table prints it.
        run: takes nothing, raises `Refuted` if the claim does not hold, returns the evidence in a
            few words ("504 programs, 504 certificates").
        quick: whether it belongs to the fast selection that plain pytest runs (below two seconds).
    """

    slug: str
    shows: str
    run: Callable[[], str]
    quick: bool = False

    @property
    def engine(self) -> str:
        """The part of the slug before the dot: exact, lp, smt, coq or derivation."""
        return self.slug.partition(".")[0]


def demand(condition: object, message: str) -> None:
    """Raise `Refuted(message)` unless the condition holds; the assertion of a proof."""
    if not condition:
        raise Refuted(message)
