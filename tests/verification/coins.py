"""A campaign of coins: a guesser who is right with a known chance, which the theory states.

`play` is what its workers import; the rest is what tests write, start and compare.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import outward, p_value, proportion
from verification.cell import Cell, Control
from verification.outcome import Observed, Outcome, Theory

ROOT = Path(__file__).parents[2]
PLAY = "tests.verification.coins:play"

HEAD = f"""
title = "Coins"
description = "Guesses that are right with a known chance"
significance = 0.001
control_level = 0.001
play = "{PLAY}"

[tightness]
coin = [0.97, 1]
broken = [0, 1]
deadly = [0, 1]
"""
# with 10^5 trials an end of the interval is within 4 sqrt(0.25/10^5) < 0.0064 of the truth but for
# a chance of 10^-4; both overstatements, 0.027 and 0.037, are four times as large
CONTROLS = """
[[controls]]
kind = ["noise-too-small", "theory-scaled"]
must = "caught"
learner = {name = "coin", success = 0.75}
population = {name = "fair", share = 1}
n = 1
trials = 100000

[[controls]]
kind = "shuffled"
must = "not flagged"
learner = {name = "coin", success = 0.75}
population = {name = "fair", share = 1}
n = 1
trials = 1000
"""
MONTE_CARLO = """
[[cells]]
learner = {name = "coin", success = [0.6, 0.75]}
population = {name = "fair", share = 1}
n = [1, 2, 3, 4]
trials = [1000, 2000]
pause = 0.03
"""
EXACT = """
[[cells]]
learner = {name = "coin", success = [0.6, 0.75]}
population = {name = "fair", share = 1}
n = [1, 10]
"""
COINS = MONTE_CARLO + EXACT
CELLS = 16 + 4 + 3


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """Let the guesser guess; some learners go wrong."""
    time.sleep(float(cell.parameters.get("pause", 0)))
    if cell.learner["name"] == "broken":
        raise RuntimeError("no such coin")
    if cell.learner["name"] == "deadly":
        os.abort()
    half = exact("0.5", "half")
    bound = half if cell.control == Control.SHUFFLED else exact(cell.learner["success"], "success")
    truth = bound * exact(cell.population["share"], "share")
    if cell.control == Control.NOISE_TOO_SMALL:
        truth = half + (truth - half) / exact(cell.parameters["factor"], "factor")
    ends = outward(bound)
    theory = Theory(lower=ends.lower, upper=ends.upper, method="coin")
    if cell.exact:
        ends = outward(truth)
        observed = Observed(lower=ends.lower, upper=ends.upper, exact=True, trials=0)
        return Outcome(theory=theory, observed=observed)
    trials = cell.parameters["trials"]
    guesses, chance = Random(seed), int(truth.p) / int(truth.q)
    hits = sum(guesses.random() < chance for _ in range(trials))
    ends = proportion(hits=hits, trials=trials, confidence=1 - exact(level, "level"))
    observed = Observed(lower=ends.lower, upper=ends.upper, exact=False, trials=trials)
    above = p_value(hits=hits, trials=trials, probability=bound)
    return Outcome(theory=theory, observed=observed, p_value=above)


def written(folder: Path, cells: str = COINS, controls: str = CONTROLS) -> Path:
    """A campaign's file."""
    path = folder / "campaign.toml"
    path.write_text(HEAD + cells + controls)
    return path


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def started(folder: Path, *arguments: str, apart: bool = False) -> subprocess.Popen[str]:
    """`python -m verification run` in a folder; apart: in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "verification", "run", "campaign.toml", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=apart,
    )


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    process = started(folder, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def lines(folder: Path) -> list[dict[str, Any]]:
    """The whole lines that a run left."""
    path = folder / "results.jsonl"
    if not path.exists():
        return []
    return [json.loads(one) for one in path.read_text().split("\n")[:-1]]


def compared(folder: Path) -> set[str]:
    """All of the lines that has to be the same, whatever happened; no cell twice."""
    found = lines(folder)
    assert len({one["cell"] for one in found}) == len(found)
    return {json.dumps({k: v for k, v in one.items() if k != "seconds"}) for one in found}


def compared_summary(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "summary.json").read_text())
    return {k: v for k, v in found.items() if not k.endswith("_seconds")}


def children(pid: int) -> list[int]:
    """Processes that a process started, with any of its threads."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(one) for one in path.read_text().split()]
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
