"""Sweeps over many parameters, against the bare NumPy expression."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mipriv
from verification.bench.result import listed
from verification.bench.timing import environment, ratio, run_process

SIZE = 10**6

# Whether glibc hands freed arrays back to the system, to be faulted in again, is a chance of heap
# layout; it nearly doubles the time of the bare expression.  Kept, which is harder on the sweep.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


@dataclass(frozen=True, slots=True)
class Triples:
    """Random parameters, log-uniform: epsilon in [1e-4, 10], delta in [1e-12, 1e-2], n below 10^4.

    No element overflows the bare expression.
    """

    epsilon: NDArray[np.float64]
    delta: NDArray[np.float64]
    n: NDArray[np.int64]

    @classmethod
    def random(cls, size: int) -> Triples:
        draw = np.random.default_rng(20_250_101)
        epsilon = 10 ** draw.uniform(-4, 1, size)
        delta = 10 ** draw.uniform(-12, -2, size)
        n = (10 ** draw.uniform(0, 4, size)).astype(np.int64)
        return cls(epsilon, delta, n)

    def sweep(self) -> mipriv.Sweep:
        """Theorem and worst case of every triple."""
        return mipriv.sweep(epsilon=self.epsilon, delta=self.delta, n=self.n)

    def bare(self) -> Any:
        """The published formula alone, as one would type it: unchecked, and it can overflow."""
        e, d, n = self.epsilon, self.delta, self.n
        return np.tanh(n * e / 2) * (1 + 2 * d / np.expm1(e))


def sweep(repeat: int, *, size: int = SIZE) -> float:
    """`mipriv.sweep` (theorem and worst case) over the bare theorem in NumPy.

    Measured in a process of its own, which keeps the memory it has once got.
    """
    command = [sys.executable, "-m", "verification.bench.sweeps", str(repeat), str(size)]
    with environment() as env:
        return float(run_process(command, env | _KEEP_MEMORY))


def sweep_here(repeat: int, *, size: int) -> float:
    """The same in this process, whatever its allocator does."""
    triples = Triples.random(size)
    return ratio(triples.sweep, triples.bare, repeat=repeat)


def sweep_memory(repeat: int, *, size: int = SIZE) -> float:
    """Peak memory of `mipriv.sweep`, its results included, in arrays of the input's size.

    Counted by tracemalloc, to which NumPy reports its buffers; the same in every run, so that
    `repeat` changes nothing.
    """
    del repeat
    triples = Triples.random(size)
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        triples.sweep()  # what is allocated once for good is not the sweep's
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        kept = triples.sweep()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
    return peak / kept.theorem.nbytes


BENCHMARKS = listed(
    (
        "sweep",
        "<= 4",
        40,
        sweep,
        "`sweep` of theorem and worst case, 10^6 triples",
        "bare NumPy theorem",
    ),
    (
        "sweep-memory",
        "<= 10",
        1,
        sweep_memory,
        "peak memory of that `sweep`, results included",
        "one input array",
    ),
)

if __name__ == "__main__":
    print(sweep_here(int(sys.argv[1]), size=int(sys.argv[2])))
