"""Kills, interrupts and resumes, with any executor: the lines are those of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.verification.coins import (
    CELLS,
    COINS,
    alive,
    children,
    compared,
    compared_summary,
    environment,
    lines,
    run,
    started,
    wait_until,
    written,
)

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="needs mipriv[cluster]")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with one worker, which nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    written(folder)
    code, out, err = run(folder, "--out", "run", "--workers", "1")
    assert code == 0, err
    assert out.splitlines()[-1] == "passed"
    assert err.splitlines()[-1].startswith(f"{CELLS}/{CELLS} ")
    assert len(compared(folder / "run")) == CELLS
    return folder / "run"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    written(tmp_path)
    return tmp_path


def test_kills_and_resumes_change_nothing(undisturbed: Path, place: Path) -> None:
    """kill -9 at three random moments, with one worker or two; the workers end with their run."""
    moments = random.Random(1)
    for workers in ("2", "1", "2"):
        process = started(place, "--out", "run", "--workers", workers, "--resume")
        assert process.stderr is not None
        for _ in range(moments.randrange(1, 5)):
            process.stderr.readline()
        time.sleep(moments.uniform(0, 0.02))
        orphans = children(process.pid)
        assert orphans
        process.kill()
        process.communicate(timeout=60)
        for orphan in orphans:
            wait_until(lambda pid=orphan: not alive(pid))  # type: ignore[misc]
    assert 0 < len(lines(place / "run")) < CELLS
    code, _, err = run(place, "--out", "run", "--workers", "2", "--resume")
    assert code == 0, err
    assert compared(place / "run") == compared(undisturbed)
    assert compared_summary(place / "run") == compared_summary(undisturbed)


@pytest.fixture
def scheduler(place: Path) -> Iterator[str]:
    """The address of a scheduler with two worker processes, which were started apart from it."""
    file = ("--scheduler-file", str(place / "scheduler.json"))
    starts = [
        ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *file),
        ("worker", "--nworkers", "2", "--nthreads", "1", "--no-dashboard", *file),
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *start],
            cwd=place,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for start in starts
    ]
    try:
        wait_until(lambda: address(place / "scheduler.json") is not None)
        yield str(address(place / "scheduler.json"))
    finally:
        for process in processes:
            process.kill()  # the two workers end with the process that started them
            process.wait(timeout=60)


def address(file: Path) -> str | None:
    """What the scheduler says of itself; None until it has said all of it."""
    try:
        return str(json.loads(file.read_text())["address"])
    except (OSError, ValueError):
        return None


def test_two_processes_give_the_same_lines(undisturbed: Path, place: Path) -> None:
    """And --resume on an empty folder starts afresh."""
    (place / "run").mkdir()
    same(undisturbed, place, "--workers", "2", "--resume")


@needs_dask
def test_dask_gives_the_same_lines(undisturbed: Path, place: Path) -> None:
    same(undisturbed, place, "--executor", "dask", "--workers", "2")


@needs_dask
def test_a_scheduler_gives_the_same_lines(undisturbed: Path, place: Path, scheduler: str) -> None:
    same(undisturbed, place, "--executor", "dask", "--address", scheduler)


def same(undisturbed: Path, place: Path, *arguments: str) -> None:
    code, _, err = run(place, "--out", "run", *arguments)
    assert code == 0, err
    assert compared(place / "run") == compared(undisturbed)
    assert compared_summary(place / "run") == compared_summary(undisturbed)


@pytest.mark.parametrize("executor", ["process", pytest.param("dask", marks=needs_dask)])
def test_ctrl_c_ends_cleanly(place: Path, executor: str) -> None:
    """The whole group gets the signal, as from a terminal; only the parent answers it."""
    written(place, COINS.replace("pause = 0.03", "pause = 4"))
    arguments = ("--out", "run", "--workers", "2", "--executor", executor)
    process = started(place, *arguments, apart=True)
    wait_until(lambda: (place / "run").is_dir() and bool(lines(place / "run")))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    *progress, last = err.splitlines()
    assert all("/" in one.split()[0] for one in progress), err
    assert 0 < len(lines(place / "run")) < CELLS
    assert re.fullmatch(
        rf"interrupted; \d+ of {CELLS} cells are done; --resume goes on with them", last
    )


def test_ctrl_c_while_workers_start(place: Path) -> None:
    process = started(place, "--out", "run", "--workers", "2", apart=True)
    wait_until(lambda: len(children(process.pid)) >= 2)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("\n") == 1


def test_another_seed_plays_other_games_and_keeps_the_old(undisturbed: Path, place: Path) -> None:
    shutil.copytree(undisturbed, place / "run")
    before = compared(place / "run")
    code, _, err = run(place, "--out", "run", "--resume", "--seed", "1", "--workers", "2")
    assert code == 0
    assert err.startswith(f"{CELLS} finished cells are of other parameters, seed or sources")
    fresh = compared(place / "run")
    seeds = [{json.loads(one)["seed"] for one in found} for found in (before, fresh)]
    assert len(seeds[0]) == len(seeds[1]) == CELLS
    assert seeds[0].isdisjoint(seeds[1])
    # with the first seed the old lines are there again, and nothing is left to be played
    code, _, err = run(place, "--out", "run", "--resume")
    assert code == 0
    assert compared(place / "run") == before
    assert err.count("\n") == 1
