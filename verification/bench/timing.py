"""Ratios of two times on a machine that others use too."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Work = Callable[[], object]


class ProcessFailed(RuntimeError):
    """A process under measurement ended with an error; its time means nothing."""


def ratio(work: Work, against: Work, *, repeat: int, calls: int = 1) -> float:
    """Time of `work` over time of `against`, each the best of `repeat` measurements.

    The two alternate (A B A B ...), so that a slow spell of the machine meets both.  Other load
    only ever adds time, hence the minimum estimates each side's own time; many short measurements
    find an undisturbed moment for both sides sooner than a few long ones.  Both run once unmeasured.

    Args:
        work, against: what is timed.
        repeat: measurements of each, >= 1.
        calls: calls in a row that make up one measurement, for work of microseconds.
    """
    best = [inf, inf]
    pair = (work, against)
    for run in pair:
        run()
    for _ in range(repeat):
        for side, run in enumerate(pair):
            start = time.perf_counter()
            for _ in range(calls):
                run()
            best[side] = min(best[side], time.perf_counter() - start)
    return best[0] / best[1]


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """Environment of a measured process: this checkout, with bytecode kept as pip would keep it.

    An installed package is compiled once; a checkout under PYTHONDONTWRITEBYTECODE would be
    compiled on every start.  The bytecode of both sides goes to a temporary folder, filled by the
    unmeasured first run.
    """
    with tempfile.TemporaryDirectory(prefix="mipriv-bench-") as cache:
        found = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        path = [str(ROOT), *filter(None, [found.get("PYTHONPATH")])]
        yield found | {"PYTHONPATH": os.pathsep.join(path), "PYTHONPYCACHEPREFIX": cache}


def run_process(command: Sequence[str], env: dict[str, str]) -> str:
    """Run a process to its end and return what it printed.

    Raises:
        ProcessFailed: it cannot be started, or its exit code is not 0.
    """
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ProcessFailed(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ProcessFailed(f"{' '.join(command)}: exit {done.returncode}: {last}")
    return done.stdout


def finished(command: Sequence[str], env: dict[str, str], limit: float) -> bool:
    """Run a process for at most `limit` seconds and say whether it gave an answer.

    Memory is limited to 8 GB, so that a peer that asks for all there is fails instead of the machine.
    """
    try:
        done = subprocess.run(
            ["prlimit", "--as=8589934592", *command],
            env=env,
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
