"""Results as text: aligned for a terminal, markdown for README.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mipriv.errors import require
from verification.bench.result import Benchmark, Result, Run

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def line(result: Result, among: Sequence[Benchmark]) -> str:
    """One result in columns as wide as the benchmarks need."""
    name = max(len(benchmark.name) for benchmark in among)
    target = max(len(_target(benchmark)) for benchmark in among)
    verdict = "met" if result.met else "MISSED"
    return (
        f"{result.name:<{name}}  {_number(result.ratio):>8}  {_target(result):<{target}}  "
        f"{verdict:<6}  against {result.peer}"
    )


def summary(results: Sequence[Result]) -> str:
    """How many targets were met."""
    met = sum(result.met for result in results)
    return f"{met} of {len(results)} target{'' if len(results) == 1 else 's'} met"


def markdown(run: Run) -> str:
    """GitHub-markdown table with the date and the versions, as README.md includes it."""
    rows = [
        f"| {result.what} | {_number(result.ratio)} | {_target(result)} | {result.peer} |"
        for result in run.results
    ]
    versions = ", ".join(f"{name} {found}" for name, found in run.versions.items() if found)
    return "\n".join(
        [
            "| benchmark | measured | target | against |",
            "|---|---|---|---|",
            *rows,
            "",
            f"{summary(run.results)}; measured on {run.date}, {run.cpus} CPUs, {versions}.",
        ]
    )


def readme_block(path: Path) -> str:
    """What README.md shows between the two markers.

    Raises:
        ParameterError: a marker is missing.
    """
    text = path.read_text(encoding="utf-8")
    require(BEGIN in text and END in text, must=f"hold {BEGIN} and {END}", file=path.name)
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def _number(ratio: float) -> str:
    return f"{ratio:.3g}"


def _target(of: Benchmark | Result) -> str:
    return f"{of.relation} {of.target:g}"
