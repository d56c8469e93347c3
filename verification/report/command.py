"""The command `report`."""

from __future__ import annotations

from pathlib import Path

import click

from verification.report import growth, pictures, tradeoffs
from verification.report.canvas import rendered
from verification.report.page import page
from verification.report.record import read
from verification.store import write

REPORT = "report.html"


@click.command("report")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--campaign",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="the campaign's TOML file, if it is none of those that `list` lists",
)
def report(folder: Path, campaign: Path | None) -> None:
    """Write report.html and its pictures into FOLDER, where `run` left its results.

    A run that is not finished gets a report of what was played so far.
    """
    click.echo(written(folder, campaign))


def written(folder: Path, campaign: Path | None = None) -> Path:
    """Write the report of a run's folder, and return its path.

    Args:
        folder: of the run.
        campaign: its file, if it is none of those that come with the package.
    """
    record = read(folder, campaign)
    games = [*pictures.pictures(record), *growth.pictures(record)]
    drawn, curves = (
        [(picture, rendered(picture, folder)) for picture in each]
        for each in (games, tradeoffs.pictures(record))
    )
    write(folder / REPORT, page(record, drawn, curves))
    return folder / REPORT
