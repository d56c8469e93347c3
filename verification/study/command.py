"""The command `study`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from verification.campaign import Size, named
from verification.executors import Executor, Processes, WorkersLost
from verification.report.canvas import rendered
from verification.report.command import written
from verification.runner import CellsFailed, Interrupted, Run
from verification.store import write
from verification.study import figure, gallery, informed
from verification.study.page import page
from verification.study.results import PARTS, Study

REPORT = "study.html"


@click.command("study")
@click.option(
    "--size", type=click.Choice([one.value for one in Size]), default="small", show_default=True
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--workers", type=click.IntRange(min=1), help="processes; one a core if not given")
@click.option("--resume", is_flag=True, help="go on with what the folder holds")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--only-report", is_flag=True, help="play nothing, report what the folder holds")
@click.option("--keep", is_flag=True, help="put a full study that passed into verification/gallery")
def study(
    size: str,
    out: Path,
    workers: int | None,
    resume: bool,
    seed: int,
    only_report: bool,
    keep: bool,
) -> int:
    """Play all six attacks of the poster, and write OUT/study.html with figures.

    Exit code 0 if nothing is violated and all controls did what they must, 1 if not or if cells
    could not be played, 2 for bad input, 130 when interrupted; --resume then goes on.
    """
    if not only_report:
        number = workers or len(os.sched_getaffinity(0))
        code = _played(Size(size), out, Processes(workers=number), seed=seed, resume=resume)
        if code:
            return code
    passed = reported(out)
    if keep:
        gallery.keep(out, REPORT)
    return 0 if passed else 1


def _played(size: Size, out: Path, executor: Executor, *, seed: int, resume: bool) -> int:
    """Play the campaigns; 0, or the exit code of what went wrong."""
    for place, part in enumerate(PARTS, start=1):
        campaign = named(part.campaign, size)
        click.echo(f"{place} of {len(PARTS)}: {campaign.title}", err=True)
        for line in campaign.left_out:
            click.echo(f"left out: {line}", err=True)
        run = Run(
            campaign=campaign,
            folder=out / part.campaign,
            seed=seed,
            resume=resume,
            executor=executor,
            stream=sys.stderr,
        )
        try:
            run.play()
        except Interrupted as error:
            click.echo(error, err=True)
            return 130
        except (CellsFailed, WorkersLost, OSError) as error:
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
            return 1
    return 0


def reported(folder: Path) -> bool:
    """Write the reports of a study's folder, and say whether all passed.

    Raises:
        ParameterError: it holds no study.
    """
    found = Study.of(folder)
    for one in found.played:
        written(folder / one.part.campaign)
    main, others = (
        [(picture, rendered(picture, folder)) for picture in each]
        for each in (figure.pictures(found), [informed.picture(found)])
    )
    write(folder / REPORT, page(found, main, others))
    click.echo(folder / REPORT)
    return found.passed
