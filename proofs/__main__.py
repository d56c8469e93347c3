"""`python -m proofs`: run every proof and print what was shown, by what, in how long.

0: all shown.  1: a proof failed, or could not run and was not left out by `--without`.  2: bad input.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from proofs import catalogue, ledger
from proofs.run import Outcome, Verdict, examine_all, failures, table

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 96}


@click.group(context_settings=_CONTEXT, invoke_without_command=True)
@click.option("--only", metavar="SLUG", help="a proof, an engine, a formula or a theorem")
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(catalogue.ENGINES),
    help="leave an engine out (may be given again)",
)
@click.pass_context
def cli(context: click.Context, only: str | None, without: tuple[str, ...]) -> None:
    """Run the proofs under the numbers; see proofs/ledger.toml for what rests on which."""
    if context.invoked_subcommand is None:
        context.exit(prove(only, without))


def prove(only: str | None, without: tuple[str, ...]) -> int:
    """Run the selected proofs, print the table and every broken theorem; return the exit code."""
    entries = ledger.read()
    chosen = catalogue.selected(only, entries)
    if not chosen:
        raise click.UsageError(
            f"--only {only}: must be a proof, an engine, a formula or a theorem of the ledger"
        )
    outcomes = examine_all(
        [check for check in chosen if check.engine not in without],
        lambda line: click.echo(line, err=True),
    )
    click.echo(table(outcomes))
    wrong = ledger.faults(entries, known=catalogue.known(), code=ledger.formulas())
    for line in ledger.broken(entries, failures(outcomes)):
        click.echo(f"broken: {line}")
    for line in wrong:
        click.echo(f"ledger: {line}")
    _summary(outcomes, without)
    return 1 if wrong or any(o.verdict is not Verdict.SHOWN for o in outcomes) else 0


def _summary(outcomes: list[Outcome], without: tuple[str, ...]) -> None:
    for outcome in outcomes:
        if outcome.verdict is Verdict.NOT_RUN:
            click.echo(f"not run: {outcome.check.slug}: {outcome.evidence}")
    shown = sum(o.verdict is Verdict.SHOWN for o in outcomes)
    left = f", left out: {', '.join(without)}" if without else ""
    total = sum(o.seconds for o in outcomes)
    click.echo(f"{shown} of {len(outcomes)} proofs shown in {total:.0f} s{left}")


@cli.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("notebooks"),
    show_default=True,
    help="folder for the notebooks and the HTML",
)
@click.option("--only", metavar="SLUG", help="one derivation")
def notebooks(out: Path, only: str | None) -> None:
    """Execute the derivations in a kernel; write .ipynb files and a readable HTML of each."""
    from proofs.notebooks import write

    write(out, only, lambda line: click.echo(line, err=True))


def run(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        outcome = cli.main(args=args, prog_name="python -m proofs", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"Error: {' '.join(error.format_message().split())}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Error: interrupted", err=True)
        return 130
    return outcome if isinstance(outcome, int) else 0


if __name__ == "__main__":
    sys.exit(run())
