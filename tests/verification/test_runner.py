"""What runs and workers say: lines, summaries, and exit codes that tell what was found."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.verification.coins import (
    CELLS,
    COINS,
    CONTROLS,
    EXACT,
    MONTE_CARLO,
    PLAY,
    lines,
    run,
    written,
)
from verification import __main__, sources
from verification.campaign import campaigns
from verification.cell import Cell
from verification.executors import Processes
from verification.progress import Progress, duration
from verification.worker import Task, perform

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def test_lines_and_summary_have_their_keys(tmp_path: Path) -> None:
    written(tmp_path)
    assert run(tmp_path, "--out", "run", "--workers", "1")[0] == 0
    for line in lines(tmp_path / "run"):
        assert " ".join(line) == (
            "cell campaign learner population n parameters theory observed measures tightness"
            " violated control seed seconds"
        )
        assert list(line["theory"]) == ["lower", "upper", "method"]
        assert list(line["observed"]) == ["lower", "upper", "exact", "trials"]
    found = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert found["passed"]
    assert found["violations"] == []
    assert found["cells"] == {"exact": 4, "monte_carlo": 16, "controls": 3}
    assert found["significance"]["cells"] == found["significance"]["controls"] == 0.001
    # shares are rounded down, so that together they are no more than the whole
    assert found["significance"]["each_cell"] * 16 <= 0.001
    assert found["significance"]["each_control"] * 3 <= 0.001
    assert len(found["p_values"]) == 16
    assert all(one["holm"] >= one["p_value"] for one in found["p_values"].values())
    flagged = {one["kind"]: one["flagged"] for one in found["controls"]}
    assert flagged == {"noise-too-small": True, "theory-scaled": True, "shuffled": False}
    assert found["versions"]["python"].startswith("3.")
    assert found["wall_seconds"] > 0


def test_a_violated_theory_is_exit_code_1(tmp_path: Path) -> None:
    """A guesser right with 0.66 or 0.825, not 0.6 or 0.75: trials as the controls' find it."""
    wrong = MONTE_CARLO.replace("share = 1}", "share = 1.1}")
    written(tmp_path, wrong.replace("trials = [1000, 2000]", "trials = 100000") + EXACT)
    code, out, _ = run(tmp_path, "--out", "run", "--workers", "1")
    assert code == 1
    assert out.count("VIOLATED") == 8
    found = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert not found["passed"]
    assert all(one["behaved"] for one in found["controls"])
    assert len(found["violations"]) == 8
    assert all(found["p_values"][name]["holm"] < 0.001 for name in found["violations"])


def test_a_violation_of_an_exact_cell_is_exit_code_1(tmp_path: Path) -> None:
    """By a margin no trials would find."""
    written(tmp_path, EXACT.replace("share = 1}", "share = 1.00000000001}"))
    code, out, _ = run(tmp_path, "--out", "run", "--workers", "1")
    assert code == 1
    assert out.count("VIOLATED") == 4


@pytest.mark.parametrize(
    ("controls", "complaint", "times"),
    [
        # ten trials find nothing at this level: all ten right have a chance of 0.75^10 = 0.06
        (CONTROLS.replace("trials = 100000", "trials = 10"), "MUST BE CAUGHT", 2),
        # shuffled answers that still tell the secret
        (
            re.sub(r"share = 1}\nn = 1\ntrials = 1000\n", "share = 1.5}\nn = 1\n", CONTROLS),
            "NOT",
            1,
        ),
    ],
)
def test_a_control_that_misbehaves_is_exit_code_1(
    tmp_path: Path, controls: str, complaint: str, times: int
) -> None:
    written(tmp_path, EXACT, controls)
    code, out, _ = run(tmp_path, "--out", "run", "--workers", "1")
    assert code == 1
    assert out.count(complaint) == times
    assert "VIOLATED" not in out


def test_a_tightness_that_was_not_expected_is_said(tmp_path: Path) -> None:
    """A guesser at 0.9 of the theory is no violation, and a finding."""
    written(tmp_path, EXACT.replace("share = 1}", "share = 0.9}"))
    code, out, _ = run(tmp_path, "--out", "run", "--workers", "1")
    assert code == 0
    assert out.count("unexpected: ") == 4
    assert out.count("tightness 0.9000 to 0.9000, expected 0.97 to 1") == 1


def test_a_cell_that_fails_stops_no_other(tmp_path: Path) -> None:
    broken = '\n[[cells]]\nlearner = {name = "broken"}\npopulation = {name = "fair"}\nn = [1, 2]\n'
    written(tmp_path, COINS + broken)
    code, out, err = run(tmp_path, "--out", "run", "--workers", "1")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == (
        "Error: 2 cells could not be played, see failures.log; the first: RuntimeError: no such coin"
    )
    assert (tmp_path / "run" / "failures.log").read_text().count("Traceback") == 2
    assert len(lines(tmp_path / "run")) == CELLS
    assert not (tmp_path / "run" / "summary.json").exists()


def test_a_worker_that_dies_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    written(tmp_path, COINS.replace('"coin"', '"deadly"', 1))
    code, out, err = run(tmp_path, "--out", "run", "--workers", "2")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("Error: a worker process died")
    assert "Traceback" not in err


def test_a_folder_with_results_is_refused_without_resume(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "results.jsonl").write_text("{}\n")
    assert __main__.run(["run", str(path), "--out", str(tmp_path / "run")]) == 2
    assert "must hold no results, or come with --resume" in capsys.readouterr().err
    assert (tmp_path / "run" / "results.jsonl").read_text() == "{}\n"


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREADS:
        monkeypatch.setenv(name, "1")


def task(**changed: Any) -> Task:
    cell = Cell(
        campaign="c",
        learner={"name": "coin", "success": "0.75"},
        population={"name": "fair", "share": "1"},
        n=1,
        parameters={"trials": 10},
    )
    given = {"name": "a", "cell": cell, "play": PLAY, "seed": 1, "level": 0.01}
    return Task(**given | {"sources": sources.digest(PLAY)} | changed)


@pytest.mark.usefixtures("one_thread")
def test_a_worker_plays_only_by_the_sources_it_was_asked() -> None:
    assert perform(task()).outcome is not None
    played = perform(task(sources="others"))
    assert played.outcome is None
    assert "sources=" in played.failure
    assert "must be those the run was started from" in played.failure


@pytest.mark.usefixtures("one_thread")
def test_a_worker_with_several_threads_plays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    assert "OPENBLAS_NUM_THREADS=2" in perform(task()).failure
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    assert "OPENBLAS_NUM_THREADS=None" in perform(task()).failure


@pytest.mark.usefixtures("one_thread")
def test_an_outcome_of_another_kind_than_the_campaign_counted_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.verification.coins.play", lambda cell, seed, level: cell)
    assert "must return an Outcome, not Cell" in perform(task()).failure
    monkeypatch.undo()
    for name in THREADS:
        monkeypatch.setenv(name, "1")
    outcome = perform(task()).outcome
    exact = Cell(campaign="c", learner={"name": "a"}, population={"name": "b"}, n=1, parameters={})
    monkeypatch.setattr("tests.verification.coins.play", lambda cell, seed, level: outcome)
    assert "must be computed, as the cell says" in perform(task(cell=exact)).failure


@pytest.mark.usefixtures("one_thread")
def test_closing_half_way_ends_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [task(name=str(seed), seed=seed) for seed in range(20)]
    expected = {one.name: perform(one).outcome for one in asked}
    monkeypatch.delenv(THREADS[0])
    before = dict(os.environ)
    playing = Processes(workers=1).play(asked)
    first = next(playing)
    playing.close()
    assert first.outcome is not None, first.failure
    assert first.outcome == expected[first.name]
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-campaign"],
        ["missing.toml"],
        ["campaign.toml", "--workers", "0"],
        ["campaign.toml", "--executor", "threads"],
        ["campaign.toml", "--address", "tcp://127.0.0.1:1"],
        ["campaign.toml", "--executor", "dask", "--address", "x", "--workers", "1"],
        ["campaign.toml", "--seed", "-1"],
        ["campaign.toml", "--out", "campaign.toml"],
        ["campaign.toml", "--out", "campaign.toml/below"],
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert __main__.run(["run", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_is_one_line_with_rate_and_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = iter([100.0, 102.0, 104.0])
    monkeypatch.setattr("verification.progress.time.monotonic", lambda: next(now))
    terminal = Terminal()
    shown = Progress(total=103, done=1, stream=terminal)
    line = {"cell": "a"}  # on a terminal nothing is said of a single cell
    shown.finished(line)
    shown.finished(line)
    shown.close()
    written_rows = terminal.getvalue().split("\r\x1b[K")
    # two cells in four seconds, and a hundred left; those done before count for no rate
    assert written_rows == [
        "",
        "1/103 cells",
        "2/103 cells  0.5/s  3 min 22 s left",
        "3/103 cells  0.5/s  3 min 20 s left\n",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (86399, "23 h 59 min"),
        (200000, "2 d 7 h"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_campaigns_that_come_with_it_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.run(["list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [one.partition(":")[0] for one in listed] == [path.stem for path in campaigns()]
