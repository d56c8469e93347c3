"""Notebooks that show how the learners are used: executed, and written as pages to read."""

from __future__ import annotations

from pathlib import Path

import click

from proofs import notebooks

FOLDER = Path(__file__).with_name("notebooks")


def files() -> tuple[Path, ...]:
    """The notebooks, as py:percent files, by name."""
    return tuple(sorted(FOLDER.glob("*.py")))


@click.command("notebooks")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="folder for NAME.ipynb and NAME.html",
)
def command(out: Path) -> int:
    """Execute the notebooks, and write each as a notebook and as a page."""
    out.mkdir(parents=True, exist_ok=True)
    for path in files():
        click.echo(f"{path.stem} ...")
        notebooks.write_one(path, out)
    click.echo(f"written to {out}")
    return 0
