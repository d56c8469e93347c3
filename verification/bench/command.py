"""The command `bench`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mipriv.errors import require
from verification.bench.catalogue import BENCHMARKS
from verification.bench.result import STORE, Benchmark, Run
from verification.bench.table import line, markdown, readme_block, summary
from verification.bench.timing import ROOT

_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="this benchmark; may be repeated")
@click.option("--repeat", type=click.IntRange(min=1), help="measurements of each side")
@click.option("--json", "json_file", type=_FILE, metavar="FILE", help="write the results to FILE")
@click.option("--store", is_flag=True, help=f"write them to {STORE.relative_to(ROOT)}")
@click.option(
    "--check", is_flag=True, help="also fail if stored results or README.md are out of date"
)
@click.option("--table", is_flag=True, help="measure nothing; print the stored results as markdown")
def bench(
    only: tuple[str, ...],
    repeat: int | None,
    json_file: Path | None,
    store: bool,
    check: bool,
    table: bool,
) -> int:
    """Measure ratios and hold them to their targets; exit code 1 if one is missed."""
    if table:
        if only or repeat or json_file or store or check:
            raise click.UsageError("--table takes no other option")
        click.echo(markdown(Run.read(STORE)))
        return 0
    if store and only:
        raise click.UsageError("--store takes no --only: all stored results come from one run")
    if json_file is not None:
        require(json_file.parent.is_dir(), must="lie in a folder that exists", json=json_file)
    run = measure(_selected(only), repeat)
    for path in [json_file, STORE if store else None]:
        if path is not None:
            _write(path, run)
    failures = [f"missed: {', '.join(run.missed())}"] if run.missed() else []
    if check:
        failures += stored_failures(BENCHMARKS, STORE, ROOT / "README.md")
    if failures:
        click.echo(f"Error: {'; '.join(failures)}", err=True)
    return 1 if failures else 0


def measure(benchmarks: Sequence[Benchmark], repeat: int | None) -> Run:
    """Run the benchmarks one after another and print each as it ends."""
    results = []
    for benchmark in benchmarks:
        results.append(benchmark.run(repeat))
        click.echo(line(results[-1], benchmarks))
    click.echo(summary(results))
    return Run.of(results)


def stored_failures(benchmarks: Sequence[Benchmark], store: Path, readme: Path) -> list[str]:
    """What is wrong with the stored results: other targets, a missed one, another README."""
    run = Run.read(store)
    asked = [(one.name, one.what, one.peer, one.relation, one.target) for one in benchmarks]
    kept = [(one.name, one.what, one.peer, one.relation, one.target) for one in run.results]
    found = []
    if kept != asked:
        found.append("the stored results are of other benchmarks; run with --store")
    if run.missed():
        found.append(f"missed in the stored results: {', '.join(run.missed())}")
    if readme.exists() and readme_block(readme) != markdown(run):
        found.append(f"{readme.name} shows other results than --table prints")
    return found


def _selected(only: tuple[str, ...]) -> Sequence[Benchmark]:
    names = [benchmark.name for benchmark in BENCHMARKS]
    for name in only:
        require(name in names, must=f"be one of {', '.join(names)}", only=name)
    return [one for one in BENCHMARKS if not only or one.name in only]


def _write(path: Path, run: Run) -> None:
    try:
        path.write_text(run.as_json(), encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(path), error.strerror or "cannot be written") from None
