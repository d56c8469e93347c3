"""`epsilon`, `delta` and `size`: from a target loss to what keeps it."""

from __future__ import annotations

from typing import Any

import click

from mipriv.cli.options import (
    ADJACENCY,
    DELTA,
    DIGITS,
    EPS,
    JSON,
    LOSS,
    TAU,
    N,
    option,
    options,
    places,
    solve,
)

_USING = option("--using", default="worst-case", show_default=True, help="worst-case or theorem")
_TARGET = options(LOSS, TAU, ADJACENCY, _USING)


@click.command()
@options(N, DELTA, _TARGET, DIGITS, JSON)
def epsilon(digits: str, as_json: bool, **inputs: Any) -> None:
    """Largest eps that keeps the loss at a target.

    \b
    Example:
      mipriv epsilon --n 10000 --loss 0.1 --delta 1e-6
    """
    from mipriv.calculator.inverse import epsilon as solver

    solve(solver, as_json, digits=places(digits), **inputs)


@click.command()
@options(EPS, N, _TARGET, DIGITS, JSON)
def delta(digits: str, as_json: bool, **inputs: Any) -> None:
    """Largest delta that keeps the loss at a target.

    \b
    Example:
      mipriv delta --eps 1e-5 --n 10000 --loss 0.1
    """
    from mipriv.calculator.inverse import delta as solver

    solve(solver, as_json, digits=places(digits), **inputs)


@click.command()
@options(EPS, DELTA, _TARGET, JSON)
def size(as_json: bool, **inputs: Any) -> None:
    """Largest number of records that keeps the loss at a target.

    \b
    Example:
      mipriv size --eps 0.001 --delta 1e-6 --loss 0.5
    """
    from mipriv.calculator.inverse import size as solver

    solve(solver, as_json, **inputs)
