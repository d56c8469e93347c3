"""What the commands share: options, and how an answer or its absence is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]


def option(*names: str, **settings: Any) -> Decorator:
    """Option whose text is parsed by the library, so that its errors are the library's."""
    return click.option(*names, type=str, **settings)


def options(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which the help lists them."""

    def apply(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


EPS = option("--eps", "epsilon", required=True, help="epsilon in nats, >= 0")
DELTA = option("--delta", default="0", show_default=True, help="delta, in [0, 1]")
N = option("--n", "n", required=True, help="number of training records, >= 0")
TAU = option("--tau", help="total variation between the two populations, in [0, 1]")
ADJACENCY = option(
    "--adjacency", default="replace", show_default=True, help="replace or add-remove"
)
FPR = option("--fpr", help="also the largest true positive rate at this false positive rate")
LOSS = option("--loss", required=True, help="target advantage, in [0, 1]")
DIGITS = option("--digits", default="17", show_default=True, help="digits, 1 to 10000")
JSON = click.option("--json", "as_json", is_flag=True, help="print JSON (numbers as strings)")
GAME = options(N, TAU, FPR, DIGITS, JSON)
CLAIM = options(N, TAU, ADJACENCY, FPR, DIGITS, JSON)
RUN = options(
    option("--sampling-probability", help="of Poisson sampling, in [0, 1]"),
    option("--batch-size", help="instead: records in a batch, 1..n"),
    option("--steps", required=True, help="number of steps, >= 0"),
    option("--n", "n", required=True, help="number of training records, >= 1"),
    option("--group", help="records that change, 0..n (default: all n)"),
    option("--distance", help="largest change of a clipped gradient, in [0, 2] (default: 2)"),
    option("--sampling", help="poisson, fixed or any (default: poisson; fixed with a batch size)"),
    ADJACENCY,
)
NOISE_MULTIPLIER = option(
    "--noise-multiplier", required=True, help="noise on the sum, in clip norms, > 0"
)


def need_command(context: click.Context) -> None:
    """Refuse a group without a command in one line, instead of printing its whole help."""
    if context.invoked_subcommand is None:
        raise click.UsageError(f"missing command; `{context.command_path} --help` lists them")


def places(digits: str) -> int:
    """Number of digits asked for."""
    from mipriv.rigor.decimals import whole

    return whole(digits, "digits", at_least=1)


def show(answer: Any, as_json: bool) -> None:
    """Print an answer as text or JSON."""
    if as_json:
        print_json(answer.as_dict())
    else:
        click.echo(str(answer))


def print_json(found: Any) -> None:
    """Print a JSON object."""
    import json

    click.echo(json.dumps(found, indent=2))


def solve(solver: Callable[..., Any], as_json: bool, **inputs: Any) -> None:
    """Run an inverse; an infeasible target prints its JSON before it fails."""
    from mipriv.errors import Infeasible

    try:
        show(solver(**inputs), as_json)
    except Infeasible as error:
        if as_json:
            print_json(error.answer)
        raise
