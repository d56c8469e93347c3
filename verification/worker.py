"""What a worker process does: play one cell at a time, on one thread, by the sources it was asked."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import parent_process

from mipriv.errors import ParameterError, require
from verification import sources
from verification.cell import Cell
from verification.outcome import Outcome

# read by OpenMP, OpenBLAS and MKL when NumPy or torch is first imported
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# a worker of a cluster may run several tasks as threads, and the working precision of Arb is one a
# process
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A cell to be played.

    Attributes:
        name: the cell's content hash.
        cell: the cell.
        play: "module:function"; called with the cell, the seed and the level.
        seed: of its draws.
        level: chance that its interval misses.
        sources: hash of the sources that must play it.
    """

    name: str
    cell: Cell
    play: str
    seed: int
    level: float
    sources: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A task that has ended.

    Attributes:
        name: the task's.
        seconds: how long it took.
        outcome: what came of it; None if it failed.
        failure: the traceback, if it failed.
    """

    name: str
    seconds: float
    outcome: Outcome | None = None
    failure: str = ""


def perform(task: Task) -> Played:
    """Play a cell, on one thread; whatever goes wrong is told as a failure."""
    with _one_at_a_time:
        start = time.perf_counter()
        try:
            outcome = _prepared(task)(task.cell, task.seed, task.level)
            _check(task.cell, outcome)
        except Exception:
            seconds = time.perf_counter() - start
            return Played(name=task.name, seconds=seconds, failure=traceback.format_exc())
        return Played(name=task.name, seconds=time.perf_counter() - start, outcome=outcome)


def start() -> None:
    """Begin a worker process of this machine: it is ended by its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the processes that are started meanwhile compute on one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _prepared(task: Task) -> Callable[[Cell, int, float], Outcome]:
    """The function that plays the task, once all holds that makes its result the same everywhere.

    Raises:
        ParameterError: this process may use several threads, or has other sources.
    """
    for name in _THREADS:
        require(os.environ.get(name) == "1", must="be 1 in a worker", **{name: os.getenv(name)})
    found = sources.digest(task.play)
    require(found == task.sources, must="be those the run was started from", sources=found)
    module, _, function = task.play.partition(":")
    play: Callable[[Cell, int, float], Outcome] = getattr(import_module(module), function)
    if "torch" in sys.modules:  # its own count, which the environment need not set
        sys.modules["torch"].set_num_threads(1)
    return play


def _check(cell: Cell, outcome: object) -> None:
    """Raise ParameterError unless the cell was played as its campaign counted it."""
    if not isinstance(outcome, Outcome):
        raise ParameterError(f"play: must return an Outcome, not {type(outcome).__name__}")
    found, kinds = outcome.observed.exact, {True: "computed", False: "measured by trials"}
    must = f"be {kinds[cell.exact]}, as the cell says, not {kinds[found]}"
    require(found == cell.exact, must=must, trials=outcome.observed.trials)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody is left to take a result, and the pool's own exit would wait for one
