"""The command `again`: a finished cell is played once more, and its line compared."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from mipriv.errors import require
from verification.campaign import Campaign, named
from verification.executors import Processes
from verification.report.record import read
from verification.runner import Run
from verification.verdict import line

_FREE = ("seconds",)  # what may differ
_NAMES = ("cell",)  # what differs with the sources


@click.command("again")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("cell")
@click.option(
    "--campaign",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="the campaign's TOML file, if it is none of those that `list` lists",
)
def again(folder: Path, cell: str, campaign: Path | None) -> int:
    """Play CELL, a name in FOLDER's results, once more: its line, and whether it is the same.

    The line is the same if every key but `seconds` is; with other sources than those of the run,
    which is said, the name may differ too. Exit code 0 if it is, 1 if not.
    """
    record = read(folder, campaign)
    lines = {row.line["cell"]: row.line for row in (*record.cells, *record.controls)}
    require(cell in lines, must="be the name of a finished cell", cell=cell)
    require(bool(record.run), must="be finished: it has no summary", folder=folder)
    stored = lines[cell]
    plan = named(record.name) if campaign is None else Campaign.read(campaign)
    played = _played(plan, stored, seed=int(record.run["seed"]), folder=folder)
    if played is None:
        return 1
    others = played["cell"] != stored["cell"]
    free = _FREE + _NAMES * others
    every = dict.fromkeys((*stored, *played))
    differing = [key for key in every if key not in free and stored.get(key) != played.get(key)]
    click.echo(json.dumps(played, allow_nan=False))
    if others:
        click.echo("the sources are not those of the run", err=True)
    said = f"not the same: {', '.join(differing)}" if differing else "the same in every key but"
    click.echo(said if differing else f"{said} {', '.join(free)}", err=True)
    return 1 if differing else 0


def _played(
    plan: Campaign, stored: dict[str, Any], *, seed: int, folder: Path
) -> dict[str, Any] | None:
    """The line of the cell of this content, played now; None if it failed, which is told."""
    run = Run(
        campaign=plan,
        folder=folder,
        seed=seed,
        resume=False,
        executor=Processes(workers=1),
        stream=sys.stderr,
    )
    content = {key: stored[key] for key in plan.entries[0].cell.content()}
    task = next((one for one in run.tasks() if one.cell.content() == content), None)
    must = "be a cell of the campaign as it stands"
    require(task is not None, must=must, cell=stored["cell"])
    tasks = [task] if task is not None else []
    [(done, own)] = zip(run.executor.play(tasks), tasks, strict=True)
    if done.outcome is None:
        click.echo(done.failure, err=True)
        return None
    found = line(own.cell, done.outcome, name=own.name, seed=own.seed, seconds=done.seconds)
    whole: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return whole
