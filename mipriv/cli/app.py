"""The commands of `mipriv`; each imports what it needs when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mipriv import __version__

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 96}
_F = Callable[..., Any]


def _need_command(context: click.Context) -> None:
    """Refuse a group without a command in one line, instead of printing its whole help."""
    if context.invoked_subcommand is None:
        raise click.UsageError(f"missing command; `{context.command_path} --help` lists them")


@click.group(context_settings=_CONTEXT, invoke_without_command=True)
@click.version_option(__version__, message="mipriv %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """How much does a trained model tell about the population it was trained on?

    \b
    Example:
      mipriv bound --eps 0.001 --delta 1e-5 --n 10000

    Shell completion: `_MIPRIV_COMPLETE=bash_source mipriv` prints the script to source (zsh_source
    and fish_source likewise).

    Exit codes: 0 an answer, 1 no answer exists or none can be certified, 2 bad input.
    """
    _need_command(context)


def _option(*names: str, **settings: Any) -> Callable[[_F], _F]:
    """Option whose text is parsed by the library, so that its errors are the library's."""
    return click.option(*names, type=str, **settings)


_EPS = _option("--eps", "epsilon", required=True, help="epsilon in nats, >= 0")
_DELTA = _option("--delta", default="0", show_default=True, help="delta, in [0, 1]")
_N = _option("--n", "n", required=True, help="number of training records, >= 0")
_TAU = _option("--tau", help="total variation between the two populations, in [0, 1]")
_ADJACENCY = _option(
    "--adjacency", default="replace", show_default=True, help="replace or add-remove"
)
_FPR = _option("--fpr", help="also the largest true positive rate at this false positive rate")
_LOSS = _option("--loss", required=True, help="target advantage, in [0, 1]")
_USING = _option("--using", default="worst-case", show_default=True, help="worst-case or theorem")
_DIGITS = _option("--digits", default="17", show_default=True, help="digits, 1 to 10000")
_JSON = click.option("--json", "as_json", is_flag=True, help="print JSON (numbers as strings)")


def _options(*decorators: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def apply(function: _F) -> _F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


_CLAIM_OPTIONS = _options(_N, _TAU, _ADJACENCY, _FPR, _DIGITS, _JSON)
_INVERSE_OPTIONS = _options(_LOSS, _TAU, _ADJACENCY, _USING)


def _show(answer: Any, as_json: bool) -> None:
    if as_json:
        _print_json(answer.as_dict())
    else:
        click.echo(str(answer))


def _print_json(found: Any) -> None:
    import json

    click.echo(json.dumps(found, indent=2))


def _places(digits: str) -> int:
    from mipriv.rigor.decimals import whole

    return whole(digits, "digits", at_least=1)


def _solve(solve: Callable[..., Any], as_json: bool, **inputs: Any) -> None:
    """Run an inverse; an infeasible target prints its JSON before it fails."""
    from mipriv.errors import Infeasible

    try:
        _show(solve(**inputs), as_json)
    except Infeasible as error:
        if as_json:
            _print_json(error.answer)
        raise


@cli.command()
@_options(_EPS, _DELTA, _N, _TAU)
@_option("--prior", help="probability of secret 1 of two, in [0, 1]")
@_option("--secrets", help="number of equiprobable secrets, >= 2")
@_options(_ADJACENCY, _FPR, _DIGITS, _JSON)
def bound(digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of any (eps, delta)-DP learner on n records: published bound and exact worst case.

    \b
    Example:
      mipriv bound --eps 0.1 --delta 0.01 --n 10 --tau 0.3
    """
    from mipriv.calculator.bound import bound as answer

    _show(answer(digits=_places(digits), **inputs), as_json)


@cli.command()
@_options(_N, _DELTA, _INVERSE_OPTIONS, _DIGITS, _JSON)
def epsilon(digits: str, as_json: bool, **inputs: Any) -> None:
    """Largest eps that keeps the loss at a target.

    \b
    Example:
      mipriv epsilon --n 10000 --loss 0.1 --delta 1e-6
    """
    from mipriv.calculator.inverse import epsilon as solve

    _solve(solve, as_json, digits=_places(digits), **inputs)


@cli.command()
@_options(_EPS, _N, _INVERSE_OPTIONS, _DIGITS, _JSON)
def delta(digits: str, as_json: bool, **inputs: Any) -> None:
    """Largest delta that keeps the loss at a target.

    \b
    Example:
      mipriv delta --eps 1e-5 --n 10000 --loss 0.1
    """
    from mipriv.calculator.inverse import delta as solve

    _solve(solve, as_json, digits=_places(digits), **inputs)


@cli.command()
@_options(_EPS, _DELTA, _INVERSE_OPTIONS, _JSON)
def size(as_json: bool, **inputs: Any) -> None:
    """Largest number of records that keeps the loss at a target.

    \b
    Example:
      mipriv size --eps 0.001 --delta 1e-6 --loss 0.5
    """
    from mipriv.calculator.inverse import size as solve

    _solve(solve, as_json, **inputs)


@cli.command()
@_option("--bits", required=True, help="mutual information of record and one answer, in bits")
@_option("--queries", default="1", show_default=True, help="answers the attacker sees")
@_option("--secrets", default="2", show_default=True, help="number of equiprobable secrets")
@_option("--prior", help="probability of value 1 of two, in [0, 1]")
@_options(_DIGITS, _JSON)
def information(digits: str, as_json: bool, **inputs: Any) -> None:
    """What an attacker can guess from answers of limited mutual information.

    \b
    Example:
      mipriv information --bits 0.1 --queries 8
    """
    from mipriv.calculator.information import information as answer

    _show(answer(digits=_places(digits), **inputs), as_json)


@cli.command()
@_option("--mu", required=True, help="GDP parameter: sensitivity over noise, >= 0")
@_CLAIM_OPTIONS
def gaussian(digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of a mu-GDP learner on n records.

    \b
    Example:
      mipriv gaussian --mu 0.01 --n 100 --adjacency add-remove
    """
    from mipriv.calculator.curves import gaussian as answer

    _show(answer(digits=_places(digits), **inputs), as_json)


@cli.command()
@_options(_EPS, _CLAIM_OPTIONS)
def laplace(digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of a learner with the Laplace mechanism's trade-off curve on n records.

    \b
    Example:
      mipriv laplace --eps 0.01 --n 100
    """
    from mipriv.calculator.curves import laplace as answer

    _show(answer(digits=_places(digits), **inputs), as_json)


@cli.command()
@_option("--rho", required=True, help="zCDP parameter, >= 0")
@_CLAIM_OPTIONS
def zcdp(digits: str, as_json: bool, **inputs: Any) -> None:
    """Upper bound on the loss of a rho-zCDP learner on n records.

    \b
    Example:
      mipriv zcdp --rho 1e-6 --n 100
    """
    from mipriv.calculator.curves import zcdp as answer

    _show(answer(digits=_places(digits), **inputs), as_json)


@cli.command()
@click.argument("file", type=str)
@_option("--direction", help="both or one (default: both, or one if an epsilon is negative)")
@_CLAIM_OPTIONS
def curve(file: str, digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of a learner for which every row (epsilon, delta) of a CSV file holds.

    The file has the header line epsilon,delta.  Rows with epsilon >= 0 are (epsilon, delta)-DP
    claims, which hold for both orders of two neighbours.  With --direction one they hold in one
    order only, unknown which; that is the default for a privacy profile with negative epsilon.

    \b
    Example:
      mipriv curve accountant.csv --n 100
    """
    from mipriv.calculator.curves import curve as answer
    from mipriv.cli.rows import read_rows

    _show(answer(rows=read_rows(file), digits=_places(digits), **inputs), as_json)


_SGD_OPTIONS = _options(
    _option("--sampling-probability", help="of Poisson sampling, in [0, 1]"),
    _option("--batch-size", help="instead: records in a batch, 1..n"),
    _option("--steps", required=True, help="number of steps, >= 0"),
    _option("--n", "n", required=True, help="number of training records, >= 1"),
    _option("--group", help="records that change, 0..n (default: all n)"),
    _option("--tau", help="total variation between two populations, in [0, 1]; not with --group"),
    _option("--distance", help="largest change of a clipped gradient, in [0, 2] (default: 2)"),
    _option("--sampling", help="poisson, fixed or any (default: poisson; fixed with a batch size)"),
    _ADJACENCY,
)


def _progress() -> Callable[[str], None] | None:
    """Lines on a terminal's stderr; nothing where it is a file."""
    import sys

    return (lambda line: click.echo(line, err=True)) if sys.stderr.isatty() else None


@cli.command()
@_option("--noise-multiplier", required=True, help="noise on the sum, in clip norms, > 0")
@_SGD_OPTIONS
@_FPR
@_option("--width", help="wanted width of the enclosure (default: 1e-9, with --tau 1e-6)")
@_option("--also", help="JSON file of further runs on the same data")
@_option("--budget", default="3e7", show_default=True, help="multiplications a series may cost")
@_JSON
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
    _show(answer(progress=_progress(), **inputs), as_json)


@cli.command()
@_options(_LOSS, _SGD_OPTIONS)
@_option("--tolerance", help="relative width of the answer (default: 1e-6, with --tau 1e-4)")
@_JSON
def noise(as_json: bool, **inputs: Any) -> None:
    """Least noise multiplier of DP-SGD for a target loss.

    \b
    Example:
      mipriv noise --loss 0.1 --sampling-probability 0.05 --steps 200 --n 1000
    """
    from mipriv.calculator.sgd import noise as solve

    _solve(solve, as_json, progress=_progress(), **inputs)


@cli.group(invoke_without_command=True)
@click.pass_context
def plot(context: click.Context) -> None:
    """Draw loss, epsilon or trade-off curves to a file (needs the extra `plot`)."""
    _need_command(context)


_OUT = click.option("--out", type=str, required=True, help="file to write: .png, .svg or .pdf")
_MANY_N = click.option("--n", "n", type=str, multiple=True, help="records; may be given repeatedly")


@plot.command("loss")
@_options(_MANY_N, _DELTA, _TAU, _ADJACENCY, _OUT)
def plot_loss(n: tuple[str, ...], **inputs: Any) -> None:
    """Loss against epsilon for several n.

    \b
    Example:
      mipriv plot loss --n 10 --n 1000 --tau 0.1 --out loss.png
    """
    from mipriv.plot import loss

    click.echo(loss(n=list(n) or None, **inputs))


@plot.command("epsilon")
@_option("--loss", "loss", default="0.1", show_default=True, help="target advantage")
@_options(_DELTA, _TAU, _ADJACENCY, _OUT)
def plot_epsilon(**inputs: Any) -> None:
    """Largest epsilon against n, with the o(1/n) line.

    \b
    Example:
      mipriv plot epsilon --loss 0.1 --delta 1e-9 --out epsilon.svg
    """
    from mipriv.plot import epsilon as draw

    click.echo(draw(**inputs))


@plot.command("tradeoff")
@_options(_EPS, _DELTA, _N, _ADJACENCY, _OUT)
def plot_tradeoff(**inputs: Any) -> None:
    """The exact n-fold trade-off curve beside the region that group privacy gives.

    \b
    Example:
      mipriv plot tradeoff --eps 0.5 --delta 0.01 --n 4 --out tradeoff.pdf
    """
    from mipriv.plot import tradeoff

    click.echo(tradeoff(**inputs))


@plot.command("sgd")
@_option("--noise-multiplier", required=True, help="noise on the sum, in clip norms, > 0")
@_option("--sampling-probability", help="of Poisson sampling, in [0, 1]")
@_option("--batch-size", help="instead: records in a batch, 1..n")
@_option("--steps", required=True, help="number of steps, >= 0")
@_option("--n", "n", required=True, help="number of training records, >= 1")
@_option("--group", help="records that change in the trade-off curve, 0..n (default: all n)")
@_option("--distance", help="largest change of a clipped gradient, in [0, 2] (default: 2)")
@_option("--sampling", help="poisson, fixed or any (default: poisson; fixed with a batch size)")
@_options(_ADJACENCY, _OUT)
def plot_sgd(**inputs: Any) -> None:
    """Loss of DP-SGD against the records that change, and the trade-off curve.

    \b
    Example:
      mipriv plot sgd --noise-multiplier 20 --sampling-probability 0.01 --steps 999 --n 99 --out a.png
    """
    from mipriv.plot import sgd as draw

    click.echo(draw(**inputs))
