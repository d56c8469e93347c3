"""The commands `list` and `run`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from verification.campaign import Campaign, Size, campaigns, named
from verification.executors import Dask, Executor, Processes, WorkersLost
from verification.runner import CellsFailed, Interrupted, Run
from verification.summary import counted, text

RUNS = Path("runs")  # below the folder one is in


@click.command("list")
def list_campaigns() -> None:
    """The campaigns, one a line."""
    for path in campaigns():
        campaign = Campaign.read(path)
        click.echo(f"{campaign.name}: {campaign.title}: {counted(campaign)}")


@click.command("run")
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"folder; {RUNS}/NAME if not given",
)
@click.option("--workers", type=click.IntRange(min=1), help="processes; one a core if not given")
@click.option(
    "--executor", type=click.Choice(["process", "dask"]), default="process", show_default=True
)
@click.option("--address", metavar="tcp://HOST:PORT", help="of a running Dask scheduler")
@click.option("--resume", is_flag=True, help="go on with what the folder holds")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--size", type=click.Choice([one.value for one in Size]), help="full if not given")
def run_campaign(
    name: str,
    out: Path | None,
    workers: int | None,
    executor: str,
    address: str | None,
    resume: bool,
    seed: int,
    size: str | None,
) -> int:
    """Run the campaign NAME (or a TOML file).

    Exit code 0 if nothing is violated and all controls did what they must, 1 if not or if cells
    could not be played, 2 for bad input, 130 when interrupted.
    """
    campaign = named(name, Size(size) if size else None)
    for line in campaign.left_out:
        click.echo(f"left out: {line}", err=True)
    run = Run(
        campaign=campaign,
        folder=out or RUNS / campaign.name,
        seed=seed,
        resume=resume,
        executor=chosen(executor, address, workers),
        stream=sys.stderr,
    )
    try:
        judgement = run.play()
    except Interrupted as error:
        click.echo(error, err=True)
        return 130
    except (CellsFailed, WorkersLost, OSError) as error:
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        return 1
    click.echo(text(campaign, judgement))
    return 0 if judgement.passed else 1


def chosen(kind: str, address: str | None, workers: int | None) -> Executor:
    """Where cells are played, as the options say.

    Raises:
        UsageError: options that do not go together.
    """
    if address is not None:
        if kind != "dask":
            raise click.UsageError("--address needs --executor dask")
        if workers is not None:
            raise click.UsageError("--address takes no --workers: the cluster has its own")
    number = workers or len(os.sched_getaffinity(0))
    return Dask(address=address, workers=number) if kind == "dask" else Processes(workers=number)
