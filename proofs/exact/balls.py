"""Comparing two balls, and the integrals that definitions are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import acb, arb, ctx, fmpq

from proofs.check import Refuted

BITS = 256
_AGREED = arb(2) ** -200


def agree(found: arb, defined: arb, what: str) -> None:
    """Refute unless two enclosures of numbers said to be equal meet, both thinner than 2^-200."""
    thin = found.rad() < _AGREED and defined.rad() < _AGREED
    if not (thin and found.overlaps(defined)):
        raise Refuted(f"{what} is {found.str(20)}, not {defined.str(20)}")


def precise(proof: Callable[[], str]) -> Callable[[], str]:
    """Run a proof at the working precision of these comparisons."""

    def run() -> str:
        with ctx.workprec(BITS):
            return proof()

    return run


def ball(value: fmpq | int | str) -> arb:
    """Enclosure of a rational."""
    return arb(fmpq(*value.split("/")) if isinstance(value, str) else value)


def integral(density: Callable[[Any], Any], low: arb, high: arb) -> arb:
    """Rigorous integral of an entire function over a bounded interval."""
    return acb.integral(lambda x, _: density(x), low, high).real
