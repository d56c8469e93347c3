"""Where cells are played: in processes of this machine, or on a Dask cluster.

Both give the same outcomes: a task carries all that its outcome depends on, and every worker
computes on one thread.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import resource_tracker
from typing import Any, Protocol

from mipriv.errors import MissingExtra
from verification.worker import Played, Task, one_thread, perform, start


class WorkersLost(RuntimeError):
    """The processes that were to play the cells cannot be reached, or have died."""


class Executor(Protocol):
    """Plays cells."""

    def play(self, tasks: Sequence[Task]) -> Generator[Played, None, None]:
        """Yield tasks as they end, in any order; closing the iterator ends the workers.

        Raises:
            WorkersLost: no worker is there, or one died.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Processes of this machine, started afresh whatever their number.

    Attributes:
        workers: their number, >= 1.
    """

    workers: int

    def play(self, tasks: Sequence[Task]) -> Generator[Played, None, None]:
        """See `Executor`."""
        others = set(multiprocessing.active_children())
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=start)
        try:
            with one_thread(), _interrupts_held():
                futures = [pool.submit(perform, task) for task in tasks]
            for future in as_completed(futures):
                yield future.result()
            pool.shutdown()
        except BrokenProcessPool:
            raise WorkersLost("a worker process died; --resume goes on with what is left") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()  # the pool would wait for the cells that are being played
            pool.shutdown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dask:
    """Workers of a Dask scheduler.

    Attributes:
        address: the scheduler's, "tcp://host:port"; None starts one with workers on this machine.
        workers: number of worker processes to start, >= 1, if there is no address.
    """

    address: str | None
    workers: int

    def play(self, tasks: Sequence[Task]) -> Generator[Played, None, None]:
        """See `Executor`.

        Raises:
            MissingExtra: Dask is not installed.
            WorkersLost: as there.
        """
        distributed = _distributed()
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a lost cluster is one line
        with ExitStack() as stack:
            where = self.address or stack.enter_context(_local_cluster(self.workers))
            client = stack.enter_context(_client(where))
            # not pure: otherwise a task like an earlier one is answered from its result
            futures = client.map(perform, tasks, pure=False)
            stack.callback(client.cancel, futures)
            try:
                for future in distributed.as_completed(futures):
                    yield future.result()
                    future.release()
            except (CancelledError, distributed.KilledWorker, OSError) as error:
                raise WorkersLost(f"the cluster was lost: {error}") from None


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ModuleNotFoundError:
        raise MissingExtra("distributed", "cluster") from None


@contextmanager
def _local_cluster(workers: int) -> Iterator[object]:
    with one_thread(), _interrupts_held():
        cluster = _distributed().LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: two runs on a machine do not meet
            silence_logs=logging.CRITICAL,
        )
    with cluster:
        yield cluster


@contextmanager
def _client(where: object) -> Iterator[Any]:
    try:
        client = _distributed().Client(where)
    except (OSError, ValueError) as error:
        raise WorkersLost(f"no scheduler at {where}: {error}") from None
    with client:
        yield client


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let processes that are started meanwhile not see Ctrl-C, which their parent answers.

    A signal mask is inherited by threads and processes, from their very first instruction.
    """
    resource_tracker.ensure_running()  # it would lift the mask when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
