"""False alarms and power: a small study again, and what the stored one says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from verification import __main__, calibration
from verification.calibration import BOUNDS, DESIGN, EFFECTS, KINDS, Design, false_alarms, power

SMALL = Design(campaigns=200, trials=100, repeats=50, power_trials=(100, 1000))


def test_null_campaigns_raise_alarms_no_more_often_than_stated() -> None:
    found = false_alarms(SMALL)
    assert found["campaigns"] == 200
    assert found["rate"]["lower"] <= found["significance"]
    assert found["rate"]["lower"] <= found["alarms"] / 200 <= found["rate"]["upper"]


def test_cells_that_do_not_share_the_significance_are_noticed() -> None:
    """24 cells at 0.05 each are flagged by chance far more often than 0.05."""
    found = false_alarms(SMALL, shared=False)
    assert found["rate"]["lower"] > found["significance"]


def test_power_grows_with_effect_and_trials() -> None:
    rows = power(SMALL)
    caught = {
        (row["kind"], row["bound"], row["trials"], row["effect"]): row["caught"] for row in rows
    }
    assert len(caught) == len(KINDS) * len(BOUNDS) * 2 * len(EFFECTS)
    # at an effect of 1 the chance of even one of 50 is 50 x 0.0005 = 0.025 for each of the twelve
    assert sum(count for (*_, effect), count in caught.items() if effect == 1) <= 3
    # 0.99 in place of 0.9 is flagged with up to 67 failures of 1000, where 10 are expected; as an
    # advantage, which is a chance of 0.995 in place of 0.95, with up to 27, where 5 are
    for kind in KINDS:
        assert caught[kind, 0.9, 1000, 1.1] == 50
        assert caught[kind, 0.1, 100, 1.01] <= 3
        assert caught[kind, 0.9, 100, 1.1] <= caught[kind, 0.9, 1000, 1.1]


def test_the_stored_study_is_the_one_described() -> None:
    found = calibration.stored()
    assert found["design"] == json.loads(json.dumps(asdict(DESIGN)))
    alarms = found["false_alarms"]
    assert alarms["campaigns"] >= 1000
    assert alarms["rate"]["upper"] <= alarms["significance"]
    assert len(found["power"]) == len(KINDS) * len(BOUNDS) * len(DESIGN.power_trials) * len(EFFECTS)
    nulls = [row for row in found["power"] if row["effect"] == 1]
    assert all(row["rate"]["lower"] <= row["level"] for row in nulls)
    assert max(row["rate"]["lower"] for row in found["power"]) > 0.98


def test_the_command_says_the_rate_and_keeps_nothing_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibration, "STORE", tmp_path / "study.json")
    assert __main__.run(["false-alarms", "--campaigns", "20", "--no-power"]) == 0
    assert "of 20 null campaigns of 24 cells raise an alarm" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert __main__.run(["false-alarms", "--store", "--no-power"]) == 2
    capsys.readouterr()
    monkeypatch.setattr(calibration, "power", lambda design: power(SMALL))
    assert __main__.run(["false-alarms", "--campaigns", "20", "--store"]) == 0
    table = capsys.readouterr().out.splitlines()[1:]
    assert len(table) == 1 + len(KINDS) * len(BOUNDS) * 2
    assert calibration.stored()["false_alarms"]["campaigns"] == 20


def test_a_rate_above_the_significance_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        calibration, "false_alarms", lambda design: false_alarms(SMALL, shared=False)
    )
    assert __main__.run(["false-alarms", "--no-power"]) == 1
