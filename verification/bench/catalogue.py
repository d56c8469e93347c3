"""Every benchmark and its target."""

from __future__ import annotations

from verification.bench import answers, processes, sweeps
from verification.bench.result import Benchmark, Relation

BENCHMARKS = (
    Benchmark(
        name="startup",
        what="whole process `mipriv bound`",
        peer="process `python -c pass`",
        relation=Relation.AT_MOST,
        target=8,
        repeat=40,
        measure=processes.startup,
    ),
    Benchmark(
        name="peer-process",
        what="whole process with dp-accounting, same inputs",
        peer="process `mipriv bound`",
        relation=Relation.AT_LEAST,
        target=8,
        repeat=10,
        measure=processes.peer_process,
    ),
    Benchmark(
        name="api-50-digits",
        what="`worst_case` at 50 digits",
        peer="bare Arb expression",
        relation=Relation.AT_MOST,
        target=10,
        repeat=300,
        measure=answers.fifty_digits,
    ),
    Benchmark(
        name="inverse-evaluations",
        what="certified inverse at 17 digits, most evaluations of any",
        peer="one evaluation",
        relation=Relation.AT_MOST,
        target=100,
        repeat=1,
        measure=answers.inverse_evaluations,
    ),
    Benchmark(
        name="sweep",
        what="`sweep` of theorem and worst case, 10^6 triples",
        peer="bare NumPy theorem",
        relation=Relation.AT_MOST,
        target=4,
        repeat=40,
        measure=sweeps.sweep,
    ),
    Benchmark(
        name="sweep-memory",
        what="peak memory of that `sweep`, results included",
        peer="one input array",
        relation=Relation.AT_MOST,
        target=10,
        repeat=1,
        measure=sweeps.sweep_memory,
    ),
    Benchmark(
        name="cost-in-n",
        what="`bound` at n = 10^18",
        peer="`bound` at n = 10, same n epsilon",
        relation=Relation.AT_MOST,
        target=3,
        repeat=300,
        measure=answers.cost_in_n,
    ),
)
