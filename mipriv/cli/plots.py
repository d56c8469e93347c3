"""`plot`: pictures written to a file."""

from __future__ import annotations

from typing import Any

import click

from mipriv.cli.options import (
    ADJACENCY,
    DELTA,
    EPS,
    NOISE_MULTIPLIER,
    RUN,
    TAU,
    N,
    need_command,
    option,
    options,
)

_OUT = click.option("--out", type=str, required=True, help="file to write: .png, .svg or .pdf")
_MANY_N = click.option("--n", "n", type=str, multiple=True, help="records; may be given repeatedly")


@click.group(invoke_without_command=True)
@click.pass_context
def plot(context: click.Context) -> None:
    """Draw loss, epsilon or trade-off curves to a file (needs the extra `plot`)."""
    need_command(context)


@plot.command("loss")
@options(_MANY_N, DELTA, TAU, ADJACENCY, _OUT)
def plot_loss(n: tuple[str, ...], **inputs: Any) -> None:
    """Loss against epsilon for several n.

    \b
    Example:
      mipriv plot loss --n 10 --n 1000 --tau 0.1 --out loss.png
    """
    from mipriv.plot import loss

    click.echo(loss(n=list(n) or None, **inputs))


@plot.command("epsilon")
@option("--loss", "loss", default="0.1", show_default=True, help="target advantage")
@options(DELTA, TAU, ADJACENCY, _OUT)
def plot_epsilon(**inputs: Any) -> None:
    """Largest epsilon against n, with the o(1/n) line.

    \b
    Example:
      mipriv plot epsilon --loss 0.1 --delta 1e-9 --out epsilon.svg
    """
    from mipriv.plot import epsilon

    click.echo(epsilon(**inputs))


@plot.command("tradeoff")
@options(EPS, DELTA, N, ADJACENCY, _OUT)
def plot_tradeoff(**inputs: Any) -> None:
    """The exact n-fold trade-off curve beside the region that group privacy gives.

    \b
    Example:
      mipriv plot tradeoff --eps 0.5 --delta 0.01 --n 4 --out tradeoff.pdf
    """
    from mipriv.plot import tradeoff

    click.echo(tradeoff(**inputs))


@plot.command("sgd")
@options(NOISE_MULTIPLIER, RUN, _OUT)
def plot_sgd(**inputs: Any) -> None:
    """Loss of DP-SGD against the records that change, and the trade-off curve of --group of them.

    \b
    Example:
      mipriv plot sgd --noise-multiplier 20 --sampling-probability 0.01 --steps 999 --n 99 --out a.png
    """
    from mipriv.plot import sgd

    click.echo(sgd(**inputs))
