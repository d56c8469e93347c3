"""Every benchmark and its target; each file of measurements lists its own."""

from __future__ import annotations

from verification.bench import (
    answers,
    attackers,
    mid_linear,
    mid_tree,
    processes,
    sgd,
    sweeps,
    training,
    update_leaks,
    vib,
    workers,
)

BENCHMARKS = (
    *processes.BENCHMARKS,
    *answers.BENCHMARKS,
    *sweeps.BENCHMARKS,
    *sgd.BENCHMARKS,
    *attackers.BENCHMARKS,
    *training.BENCHMARKS,
    *workers.BENCHMARKS,
    *mid_linear.BENCHMARKS,
    *mid_tree.BENCHMARKS,
    *vib.BENCHMARKS,
    *update_leaks.BENCHMARKS,
)
