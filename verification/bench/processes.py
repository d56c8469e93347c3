"""Whole processes: what a user at a prompt waits for."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from mipriv.errors import MissingExtra
from verification.bench.result import listed
from verification.bench.timing import environment, ratio, run_process

INPUTS = ("0.001", "1e-5", "10000")
_PEER = Path(__file__).with_name("peer.py")


def bound_command() -> list[str]:
    """`mipriv bound` on the main job's inputs: the console script if pip made one."""
    epsilon, delta, n = INPUTS
    script = Path(sys.executable).with_name("mipriv")
    start = [str(script)] if script.is_file() else [sys.executable, "-m", "mipriv"]
    return [*start, "bound", "--eps", epsilon, "--delta", delta, "--n", n]


def peer_command(*inputs: str) -> list[str]:
    """The same question asked of dp-accounting, by the same interpreter.

    Raises:
        MissingExtra: dp-accounting is not installed.
    """
    if find_spec("dp_accounting") is None:
        raise MissingExtra("dp-accounting", "oracles")
    return [sys.executable, "-P", str(_PEER), *inputs]


def startup(repeat: int) -> float:
    """Process `mipriv bound` over process `python -c pass`, same interpreter."""
    ours, empty = bound_command(), [sys.executable, "-c", "pass"]
    with environment() as env:
        return ratio(lambda: run_process(ours, env), lambda: run_process(empty, env), repeat=repeat)


def peer_process(repeat: int) -> float:
    """Process with dp-accounting over process `mipriv bound`, same inputs; see `peer`."""
    theirs, ours = peer_command(*INPUTS), bound_command()
    with environment() as env:
        return ratio(
            lambda: run_process(theirs, env), lambda: run_process(ours, env), repeat=repeat
        )


BENCHMARKS = listed(
    (
        "startup",
        "<= 8",
        40,
        startup,
        "whole process `mipriv bound`",
        "process `python -c pass`",
    ),
    (
        "peer-process",
        ">= 8",
        10,
        peer_process,
        "whole process with dp-accounting, same inputs",
        "process `mipriv bound`",
    ),
)
