"""Ratios of two times on a machine that others use too."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import inf
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_PEAK = """
from pathlib import Path
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) * 1024 / 1e6)
"""

Work = Callable[[], object]


class ProcessFailed(RuntimeError):
    """A process under measurement ended with an error; its time means nothing."""


def ratio(work: Work, against: Work, *, repeat: int, calls: int = 1) -> float:
    """Time of `work` over time of `against`, each the best of `repeat` measurements.

    Both run once unmeasured.

    Args:
        work, against: what is timed.
        repeat: measurements of each, >= 1.
        calls: calls in a row that make up one measurement, for work of microseconds.
    """
    work()
    against()
    ours, theirs = best_times(work, against, repeat=repeat, calls=calls)
    return ours / theirs


def best_times(*works: Work, repeat: int, calls: int = 1) -> list[float]:
    """Shortest time of each work in seconds, of `repeat` measurements made in turn.

    They alternate (A B A B ...), so that a slow spell of the machine meets all.  Other load only
    ever adds time, hence the minimum estimates each one's own time; many short measurements find an
    undisturbed moment for each sooner than a few long ones.

    Args:
        works: what is timed.
        repeat: measurements of each, >= 1.
        calls: calls in a row that make up one measurement.
    """
    best = [inf] * len(works)
    for _ in range(repeat):
        for place, run in enumerate(works):
            start = time.perf_counter()
            for _ in range(calls):
                run()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


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


def run_together(commands: Sequence[Sequence[str]], env: dict[str, str]) -> list[str]:
    """Run processes at the same time, all to their end, and return what they printed.

    Raises:
        ProcessFailed: as `run_process`.
    """
    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(lambda command: run_process(command, env), commands))


def peak_memory(code: str) -> float:
    """Peak resident memory in MB of a fresh process that runs this Python code.

    `ru_maxrss` would not do: it starts from the size of the process that started this one.
    """
    with environment() as env:
        return float(run_process([sys.executable, "-c", code + _PEAK], env))


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
