"""Every benchmark and its target; each file of measurements lists its own."""

from __future__ import annotations

from verification.bench import answers, attackers, processes, sgd, sweeps, training, workers

BENCHMARKS = (
    *processes.BENCHMARKS,
    *answers.BENCHMARKS,
    *sweeps.BENCHMARKS,
    *sgd.BENCHMARKS,
    *attackers.BENCHMARKS,
    *training.BENCHMARKS,
    *workers.BENCHMARKS,
)
