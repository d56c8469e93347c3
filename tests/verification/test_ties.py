"""Ties with a copy: a small study again, and what the stored one says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from verification import __main__, ties
from verification.ties import CASES, CLAIMED, COPY, DESIGN, FEWER, NOTHING, TEST, Design

SMALL = Design(repeats=40, replicates=7, settings=3, fewer=1)


@pytest.fixture(scope="module")
def small() -> list[dict[str, Any]]:
    return ties.ties(SMALL)


def test_a_copy_is_a_tie_as_often_as_stated_and_the_control_is_not(
    small: list[dict[str, Any]],
) -> None:
    assert [(row["rival"], row["chosen_on"]) for row in small] == [
        (case.rival, case.chosen_on) for case in CASES
    ]
    for row in small:
        assert row["rate"]["lower"] <= row["ties"] / SMALL.repeats <= row["rate"]["upper"]
        # the interval misses with chance 0.01, and these draws are fixed
        assert (row["rate"]["upper"] >= CLAIMED) == (not row["control"])


def test_the_proved_rate_is_that_of_the_patterns() -> None:
    """With ten pairs 25 of the 512 values that a p-value takes are at most 0.05."""
    assert ties.proved(10) == 1 - 25 / 512
    assert ties.proved(5) == 1  # no pattern is rare enough
    assert all(ties.proved(count) >= CLAIMED for count in range(1, 33))


def test_the_stored_study_is_the_one_described() -> None:
    found = ties.stored()
    assert found["design"] == json.loads(json.dumps(asdict(DESIGN)))
    assert found["claimed"] == CLAIMED
    rows = found["cases"]
    assert len(rows) == len(CASES)
    for row in rows:
        assert row["repeats"] == DESIGN.repeats
        low, high = row["rate"]["lower"], row["rate"]["upper"]
        assert low <= row["ties"] / row["repeats"] <= high
        if row["control"]:
            assert (row["rival"], row["chosen_on"]) == (FEWER, TEST)
            assert high < 0.5  # more settings are called better most of the time
        else:
            assert high >= CLAIMED
            assert high - low < 0.02
        if row["rival"] == COPY:
            assert low <= row["proved"] <= high


def test_the_command_says_the_rates_and_keeps_nothing_unasked(
    small: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ties, "STORE", tmp_path / "study.json")
    monkeypatch.setattr(ties, "ties", lambda design: small)
    assert __main__.run(["ties"]) == 0
    out = capsys.readouterr().out
    assert out.count("of 40 comparisons with its own") == len(CASES)
    assert out.count("must be caught") == 1
    assert list(tmp_path.iterdir()) == []
    assert __main__.run(["ties", "--store"]) == 0
    assert len(ties.stored()["cases"]) == len(CASES)


def test_a_rate_below_what_is_stated_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """As is a control that nothing catches."""
    good = {"rival": COPY, "chosen_on": NOTHING, "control": False, "repeats": 9, "ties": 9}
    good |= {"rate": {"lower": 0.5, "upper": 1.0}, "rough": False}
    for wrong in ({"rate": {"lower": 0.1, "upper": 0.5}}, {"control": True}):
        monkeypatch.setattr(ties, "ties", lambda design, wrong=wrong: [good, good | wrong])
        assert __main__.run(["ties"]) == 1
    monkeypatch.setattr(ties, "ties", lambda design: [good])
    assert __main__.run(["ties"]) == 0
