"""The benchmarks: stored targets are met, counts are held exactly, and the harness can fail.

No assertion depends on a clock: what a clock measures is asserted only of the stored results.
"""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from flint import arb

import mipriv
from mipriv.attack import bayes
from mipriv.rigor.enclosure import ball
from mipriv.rigor.intervals import proportion
from verification.__main__ import run
from verification.bench import answers, attackers, processes, sweeps, timing, training, workers
from verification.bench.catalogue import BENCHMARKS
from verification.bench.command import stored_failures
from verification.bench.result import STORE, Benchmark, Relation, Run
from verification.bench.table import BEGIN, END, markdown, readme_block
from verification.campaign import Campaign
from verification.executors import Processes
from verification.runner import Run as CampaignRun
from verification.worker import one_thread

README = timing.ROOT / "README.md"


def fake(measured: float, relation: Relation = Relation.AT_MOST) -> Benchmark:
    return Benchmark(
        name="fake",
        what="nothing",
        peer="nothing",
        relation=relation,
        target=8,
        repeat=1,
        measure=lambda repeat: measured,
    )


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Benchmark], Path]:
    """Put one benchmark in place of all, and the store in a temporary folder."""

    def replace(benchmark: Benchmark) -> Path:
        monkeypatch.setattr("verification.bench.command.BENCHMARKS", (benchmark,))
        monkeypatch.setattr("verification.bench.command.STORE", tmp_path / "results.json")
        return tmp_path / "results.json"

    return replace


def test_readme_shows_the_stored_results() -> None:
    assert readme_block(README) == markdown(Run.read(STORE))


def test_every_stored_target_is_met() -> None:
    stored = Run.read(STORE)
    assert [one.name for one in stored.results] == [one.name for one in BENCHMARKS]
    for result, benchmark in zip(stored.results, BENCHMARKS, strict=True):
        assert (result.relation, result.target) == (benchmark.relation, benchmark.target)
        assert result.relation.holds(result.ratio, result.target), result.name
        assert result.met


def test_the_stored_results_say_where_they_were_measured() -> None:
    stored = Run.read(STORE)
    parts = (
        "python numpy python-flint torch dp-accounting riskcal prv-accountant opacus scikit-learn"
    )
    assert sorted(stored.versions) == sorted(parts.split())
    assert all(stored.versions.values())
    assert stored.cpus


@pytest.mark.parametrize(
    ("measured", "relation", "code"),
    [
        (8.0, Relation.AT_MOST, 0),
        (8.001, Relation.AT_MOST, 1),
        (8.0, Relation.AT_LEAST, 0),
        (7.999, Relation.AT_LEAST, 1),
        (math.nan, Relation.AT_MOST, 1),
        (math.nan, Relation.AT_LEAST, 1),
    ],
)
def test_a_missed_target_is_exit_code_1(
    benchmarks: Callable[[Benchmark], Path],
    capsys: pytest.CaptureFixture[str],
    measured: float,
    relation: Relation,
    code: int,
) -> None:
    benchmarks(fake(measured, relation))
    assert run(["bench"]) == code
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == f"{1 - code} of 1 target met"
    assert err == ("Error: missed: fake\n" if code else "")


def test_check_finds_what_is_stale(benchmarks: Callable[[Benchmark], Path], tmp_path: Path) -> None:
    benchmark, readme = fake(3.0), tmp_path / "README.md"
    store = benchmarks(benchmark)
    assert run(["bench", "--store"]) == 0
    assert stored_failures([benchmark], store, readme) == []
    readme.write_text(f"{BEGIN}\n{markdown(Run.read(store))}\n{END}\n")
    assert stored_failures([benchmark], store, readme) == []
    readme.write_text(f"{BEGIN}\n{markdown(Run.read(store)).replace('3', '2')}\n{END}\n")
    assert len(stored_failures([benchmark], store, readme)) == 1
    benchmarks(fake(9.0))
    assert run(["bench", "--store"]) == 1
    readme.unlink()
    assert "missed" in stored_failures([benchmark], store, readme)[0]
    assert "other benchmarks" in stored_failures(BENCHMARKS, store, readme)[0]


def test_a_stored_verdict_that_its_numbers_refute_is_refused(
    benchmarks: Callable[[Benchmark], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    store = benchmarks(fake(9.0))
    run(["bench", "--store"])
    found = json.loads(store.read_text())
    found["results"][0]["met"] = True
    store.write_text(json.dumps(found))
    capsys.readouterr()
    assert run(["bench", "--table"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("module", "name"), [(processes, "peer-process"), (training, "training")])
def test_a_missing_peer_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: ModuleType,
    name: str,
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert run(["bench", "--only", name]) == 1
    err = capsys.readouterr().err
    assert err.endswith("pip install 'mipriv[oracles]'\n")
    assert err.count("\n") == 1


def test_a_process_that_fails_is_not_timed() -> None:
    with (
        timing.environment() as env,
        pytest.raises(timing.ProcessFailed, match="exit 2: Error: n=x"),
    ):
        timing.run_process([*processes.bound_command()[:-1], "x"], env)
    with pytest.raises(timing.ProcessFailed, match="No such file"):
        timing.run_process(["/nonexistent/program"], {})


def test_processes_run_together(tmp_path: Path) -> None:
    """Each waits for a file that the other makes: one after the other they would give up."""
    code = """
import sys, time
from pathlib import Path
folder, own, other = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
(folder / own).touch()
for _ in range(1200):
    if (folder / other).exists():
        sys.exit(print(own))
    time.sleep(.05)
sys.exit(3)
"""
    commands = [
        [sys.executable, "-c", code, str(tmp_path), *names] for names in (("a", "b"), ("b", "a"))
    ]
    assert timing.run_together(commands, {}) == ["a\n", "b\n"]
    with pytest.raises(timing.ProcessFailed, match="exit 3"):
        timing.run_together([[sys.executable, "-c", "raise SystemExit(3)"]] * 2, {})


def test_peak_memory_is_of_the_process_alone() -> None:
    held = b"x" * 200_000_000  # a process starts from nothing, not from the size of its parent
    bare = timing.peak_memory("pass")
    assert 1 < bare < 150
    assert timing.peak_memory("held = b'x' * 100_000_000") >= bare / 2 + 100
    assert len(held) == 200_000_000


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bench", "--only", "nothing"],
        ["bench", "--repeat", "0"],
        ["bench", "--repeat", "x"],
        ["bench", "--table", "--check"],
        ["bench", "--store", "--only", "sweep"],
        ["bench", "--json", "/nonexistent/folder/file"],
        ["unknown"],
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


def test_results_are_written_and_printed(
    benchmarks: Callable[[Benchmark], Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    benchmarks(fake(3.14159))
    assert run(["bench", "--json", str(tmp_path / "run.json")]) == 0
    found = json.loads((tmp_path / "run.json").read_text())
    assert {"date", "cpus", "versions", "results"} == set(found)
    assert found["results"][0]["ratio"] == 3.1416
    assert found["results"][0]["met"] is True
    capsys.readouterr()
    assert run(["bench", "--table"]) == 2  # nothing is stored
    assert run(["bench", "--store"]) == 0
    capsys.readouterr()
    assert run(["bench", "--table"]) == 0
    assert "| nothing | 3.14 | <= 8 | nothing |" in capsys.readouterr().out


def test_a_ratio_survives_a_noisy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock of our own: a slow spell in most rounds changes nothing, and the sides alternate."""
    now, order = 0.0, ""
    spells = iter([0, 0, 5, 5, 0, 7, 9, 0, 3, 3])  # two unmeasured, then four rounds of two

    def work(name: str, seconds: float) -> Callable[[], None]:
        def body() -> None:
            nonlocal now, order
            now += seconds + next(spells)
            order += name

        return body

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)
    assert timing.ratio(work("A", 3.0), work("B", 2.0), repeat=4) == 1.5
    assert order == "AB" * 5


@pytest.mark.parametrize(
    "measure",
    [
        processes.startup,
        answers.fifty_digits,
        answers.cost_in_n,
        lambda repeat: sweeps.sweep(repeat, size=1000),
        attackers.monte_carlo,
        lambda repeat: attackers.memory(repeat, trials=1000),
    ],
    ids=["startup", "api-50-digits", "cost-in-n", "sweep", "trials", "memory"],
)
def test_benchmarks_run(measure: Callable[[int], float]) -> None:
    assert 0 < measure(1) < math.inf


def test_a_certified_inverse_takes_at_most_100_evaluations() -> None:
    assert 2 < answers.inverse_evaluations(1) <= 100


def test_evaluations_are_counted() -> None:
    with answers.counted_evaluations() as count:
        mipriv.epsilon(n=10, loss="0.1")
        once = count[0]
        mipriv.epsilon(n=10, loss="0.1")
    assert count[0] == 2 * once > 4
    mipriv.epsilon(n=10, loss="0.1")
    assert count[0] == 2 * once


def test_a_sweep_takes_at_most_ten_arrays_of_memory() -> None:
    arrays = sweeps.sweep_memory(1)
    assert 2 <= arrays <= 10  # its two results are arrays of the input's size


def test_both_sides_compute_the_same() -> None:
    loss = answers.certified("0.1", "0.01", 10)
    value, room = answers.bare("0.1", "0.01", 10)
    assert str(loss.value.lower)[:50] in value
    assert loss.complement is not None
    assert str(loss.complement.lower)[:50] in room
    triples = sweeps.Triples.random(1000)
    ours, bare = triples.sweep().theorem, triples.bare()
    # ours errs by at most 2^-47; the bare form by two functions of 4 ulp and six roundings,
    # (2 * 8 + 6) 2^-53 < 2^-48
    assert (abs(ours - bare) <= 2.0**-46 * bare).all()


@pytest.mark.parametrize("n", [0, 1, 5])
def test_the_loop_over_data_sets_enumerates_the_same(n: int) -> None:
    looped, computed = ball(attackers.enumerated(n)), ball(attackers.computed(n))
    assert looped.overlaps(computed)
    assert looped.rad() < 1e-12  # some 3^5 balls of 53 bits are added up
    assert computed.rad() < 1e-12
    assert (computed > 0) == (n > 0)


def test_both_loops_of_trials_play_the_optimum() -> None:
    best = ball(bayes.success(attackers.SUM, attackers.COIN, n=attackers.RECORDS))
    for play, trials in ((attackers.looped, 2000), (attackers.played, 100_000)):
        hits = play(trials, np.random.default_rng(1))
        # exact intervals: either misses the optimum with chance 10^-6, were the draws not seeded
        found = proportion(hits=hits, trials=trials, confidence="0.999999")
        assert arb(found.lower) <= best <= arb(found.upper)
        assert found.lower > 0.5


@pytest.mark.filterwarnings("ignore")  # what torch and opacus warn of is theirs
def test_both_sides_train_the_same_models() -> None:
    """Whole batches and noise of 1e-12: the same iterates."""
    pytest.importorskip("opacus")
    task = training.Task(records=20, steps=3, noise_multiplier=1e-12, sampling_probability=1.0)
    x, y = task.data(2)
    ours, theirs = task.together(x, y), task.in_turn(x, y)
    # Opacus divides by a norm + 1e-6 and not by the norm: a clipped gradient differs by at most
    # 1e-6, a step by .1 1e-6; an error grows by 1 + .1 L a step, L = (|x|^2 + 1)/4 bounding the
    # curvature (clipping is a projection, which does not expand)
    growth = 1 + 0.1 * (float(x.square().sum(-1).max()) + 1) / 4
    allowed = 1e-7 * (1 + growth + growth**2)
    assert float((ours - theirs).norm(dim=1).max()) <= allowed + 1e-10  # the noise, by far
    assert float(ours.norm(dim=1).min()) > 1e-2
    assert float((ours[0] - ours[1]).norm()) > 1e-3


def test_the_processes_play_the_cells_of_the_campaign(tmp_path: Path) -> None:
    """Of the benchmark's campaign with few trials, each cell once."""
    small = tmp_path / "workers.toml"
    text = workers.CAMPAIGN.read_text()
    small.write_text(text.replace("000000\n", "00\n").replace("00000\n", "00\n"))
    tasks = CampaignRun(
        campaign=Campaign.read(small),
        folder=tmp_path,
        seed=0,
        resume=False,
        executor=Processes(workers=1),
        stream=io.StringIO(),
    ).tasks()
    with one_thread():
        even, odd = (workers.play_part(small, first, 2) for first in (0, 1))
    assert sorted([*even, *odd]) == sorted(task.name for task in tasks)
    assert abs(len(even) - len(odd)) <= 1
    small.write_text(
        text.replace('name = "noisy-sum"', 'name = "nothing"').replace("noisy-sum =", "nothing =")
    )
    with one_thread(), pytest.raises(RuntimeError, match="learner=nothing"):
        workers.play_part(small, 0, 10**6)


def test_the_gain_of_a_worker_is_relative_to_that_of_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a clock of our own: 12 s to 8 s with a second worker, 10 s to 5 s with a second process."""
    now = 0.0

    def one(command: list[str], env: dict[str, str]) -> str:
        nonlocal now
        if "run" in command:
            now += {"1": 12.0, "2": 8.0}[command[command.index("--workers") + 1]]
        return ""

    def together(commands: list[list[str]], env: dict[str, str]) -> list[str]:
        nonlocal now
        now += 10.0 / len(commands)
        assert [command[-2:] for command in commands] == [
            [str(first), str(len(commands))] for first in range(len(commands))
        ]
        return [""] * len(commands)

    monkeypatch.setattr(workers, "run_process", one)
    monkeypatch.setattr(workers, "run_together", together)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)
    assert workers.gain(2) == 1.5 / 2


@pytest.mark.skipif(find_spec("dp_accounting") is None, reason="needs mipriv[oracles]")
def test_the_peer_answers_the_same_question() -> None:
    with timing.environment() as env:
        env = {k: v for k, v in env.items() if k != "PYTHONPYCACHEPREFIX"}
        peer = float(timing.run_process(processes.peer_command("0.1", "0.001", "10"), env))
    loss = mipriv.bound(epsilon="0.1", delta="0.001", n=10)
    # the peer rounds n epsilon up to a multiple of 1e-4, in which the advantage is 1-Lipschitz;
    # below there is only its float64 arithmetic, some 30 roundings < 2^-48
    assert float(loss.theorem.lower) * (1 - 2.0**-48) <= peer <= float(loss.theorem.upper) + 1e-4
    assert peer > float(loss.worst_case.upper)
