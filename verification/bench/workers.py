"""What a second worker of a campaign brings, against a second process that shares nothing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from verification.bench.result import listed
from verification.bench.timing import ROOT, best_times, environment, run_process, run_together
from verification.campaign import Campaign
from verification.executors import Processes
from verification.runner import Run
from verification.worker import one_thread, perform

CAMPAIGN = Path(__file__).with_name("workers.toml")


def gain(repeat: int, *, campaign: Path = CAMPAIGN) -> float:
    """Gain of `run` from 1 to 2 workers over that of 1 to 2 independent processes.

    The processes play the same cells, half each.  Both gains are of the same machine, which need
    not have two whole processors to give; they mean nothing while others use it.
    """
    with one_thread(), environment() as env, tempfile.TemporaryDirectory() as folder:

        def workers(number: int) -> None:
            out = tempfile.mkdtemp(dir=folder)
            start = [sys.executable, "-m", "verification", "run", str(campaign)]
            run_process([*start, "--out", f"{out}/run", "--workers", str(number)], env)

        def processes(number: int) -> None:
            run_together([part(campaign, i, number) for i in range(number)], env)

        run_process([sys.executable, "-m", "verification", "list"], env)
        run_process(part(campaign, 0, 10**6), env)  # imports all, and plays one cell
        one, two, alone, apart = best_times(
            lambda: workers(1),
            lambda: workers(2),
            lambda: processes(1),
            lambda: processes(2),
            repeat=repeat,
        )
    return (one / two) / (alone / apart)


def part(campaign: Path, first: int, step: int) -> list[str]:
    """Command of a process that plays every `step`-th cell, from `first` on, without the runner."""
    return [
        sys.executable,
        "-m",
        "verification.bench.workers",
        str(campaign),
        str(first),
        str(step),
    ]


def play_part(campaign: Path, first: int, step: int) -> Sequence[str]:
    """Play those cells here and return their names.

    Raises:
        RuntimeError: a cell could not be played.
    """
    run = Run(
        campaign=Campaign.read(campaign),
        folder=ROOT,  # not used: nothing is stored
        seed=0,
        resume=False,
        executor=Processes(workers=1),
        stream=sys.stderr,
    )
    played = [perform(task) for task in run.tasks()[first::step]]
    failures = [one.failure for one in played if one.outcome is None]
    if failures:
        raise RuntimeError(failures[0])
    return [one.name for one in played]


BENCHMARKS = listed(
    (
        "workers",
        ">= 0.85",
        2,
        gain,
        "`verification run`, gain of a second worker",
        "gain of a second independent process, same cells",
    ),
)

if __name__ == "__main__":
    print(*play_part(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
