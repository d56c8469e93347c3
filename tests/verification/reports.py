"""Runs to be reported, played in the tests' own process."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

from tests.verification import coins
from verification import __main__
from verification.campaign import Campaign
from verification.report.record import read
from verification.report.words import headline
from verification.summary import as_json
from verification.verdict import judge, line

NAME = "<script>hacked=1</script><img src=x onerror=hacked=1>$\"'&"
CONTROLS = """
[[controls]]
kind = ["noise-too-small", "theory-scaled"]
must = "caught"
learner = {name = "extremal", epsilon = 0.1}
population = {name = "points", secrets = 2}
n = 3

[[controls]]
kind = "shuffled"
must = "not flagged"
note = "nothing to find"
learner = {name = "extremal", epsilon = 0.1}
population = {name = "points", secrets = 2}
n = 3
"""
PLAYED = """
title = "Played"
description = "Two learners"
significance = 0.01
control_level = 0.01

[tightness]
extremal = [0.5, 1.000001]
randomised-response = [0.999, 1.000001]

[[cells]]
learner = {name = "extremal", epsilon = [0.1, 1]}
population = [{name = "points", secrets = 2}, {name = "extremal", tau = 0.5}]
n = [1, 2, 3]

[[cells]]
learner = {name = "extremal", epsilon = 0.1}
population = {name = "points", secrets = 2}
n = 2
theorem = "published"

[[cells]]
learner = {name = "randomised-response", epsilon = 1}
population = {name = "points", secrets = [2, 3]}
n = 1

[[cells]]
learner = {name = "randomised-response", epsilon = 1}
population = {name = "points", secrets = 2}
n = 2
"""
CELLS = 12 + 1 + 3


def ran(folder: Path, text: str) -> Path:
    """A run's folder as `run` leaves it, played here."""
    folder.mkdir(exist_ok=True)
    (folder / "campaign.toml").write_text(text)
    campaign = Campaign.read(folder / "campaign.toml")
    module, _, function = campaign.play.partition(":")
    lines, p_values = [], {}
    for entry in campaign.entries:
        level, seed = campaign.level(entry), entry.cell.seed(0)
        name = entry.cell.name(root=0, level=level, sources="here")
        outcome = getattr(import_module(module), function)(entry.cell, seed, level)
        lines.append(line(entry.cell, outcome, name=name, seed=seed, seconds=0.5))
        if outcome.p_value is not None:
            p_values[name] = outcome.p_value
    judgement = judge(campaign, lines, p_values)
    summary = as_json(campaign, judgement, lines, seed=0, sources="here", wall_seconds=61)
    (folder / "results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (folder / "summary.json").write_text(summary)
    return folder


def tossed(folder: Path, cells: str = coins.EXACT, *, name: str = "coin") -> Path:
    """A run of coins, which takes no time."""
    text = coins.HEAD + cells + coins.CONTROLS
    quoted = json.dumps(name)
    return ran(folder, text.replace('"coin"', quoted).replace("coin =", f"{quoted} ="))


def told(folder: Path) -> str:
    return " ".join(headline(read(folder, folder / "campaign.toml")))


def reported_in(folder: Path) -> Path:
    """A run of real learners, with its report."""
    ran(folder, PLAYED + CONTROLS)
    assert __main__.run(["report", str(folder), "--campaign", str(folder / "campaign.toml")]) == 0
    return folder


class Elements(HTMLParser):
    """Start tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
