"""`sgd` and `noise`: what was trained, and the loss or the noise it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mipriv.cli.options import (
    FPR,
    JSON,
    LOSS,
    NOISE_MULTIPLIER,
    RUN,
    option,
    options,
    show,
    solve,
)

_NEAR = option("--tau", help="total variation between two populations, in [0, 1]; not with --group")


def _progress() -> Callable[[str], None] | None:
    """Lines on a terminal's stderr; nothing where it is a file."""
    import sys

    return (lambda line: click.echo(line, err=True)) if sys.stderr.isatty() else None


@click.command()
@options(NOISE_MULTIPLIER, RUN, _NEAR, FPR)
@option("--width", help="wanted width of the enclosure (default: 1e-9, with --tau 1e-6)")
@option("--also", help="JSON file of further runs on the same data")
@option("--budget", default="3e7", show_default=True, help="multiplications a series may cost")
@JSON
def sgd(as_json: bool, also: str | None, **inputs: Any) -> None:
    """Loss of DP-SGD, all steps released, when n records (or --group, or --tau) change.

    \b
    Example:
      mipriv sgd --noise-multiplier 5627 --sampling-probability 0.05 --steps 200 --n 1000
    """
    from mipriv.calculator.sgd import sgd as answer

    if also is not None:
        from mipriv.cli.runs import read_runs

        inputs["also"] = read_runs(also)
    show(answer(progress=_progress(), **inputs), as_json)


@click.command()
@options(LOSS, RUN, _NEAR)
@option("--tolerance", help="relative width of the answer (default: 1e-6, with --tau 1e-4)")
@JSON
def noise(as_json: bool, **inputs: Any) -> None:
    """Least noise multiplier of DP-SGD for a target loss.

    \b
    Example:
      mipriv noise --loss 0.1 --sampling-probability 0.05 --steps 200 --n 1000
    """
    from mipriv.calculator.sgd import noise as solver

    solve(solver, as_json, progress=_progress(), **inputs)
