"""A finished cell played once more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.verification import coins
from tests.verification.coins import CONTROLS, HEAD, MONTE_CARLO
from verification.__main__ import run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    (folder / "campaign.toml").write_text(HEAD + MONTE_CARLO + CONTROLS)
    file = str(folder / "campaign.toml")
    assert run(["run", file, "--out", str(folder / "run"), "--workers", "1", "--seed", "3"]) == 0
    return folder


def again(folder: Path, cell: str) -> int:
    return run(["again", str(folder / "run"), cell, "--campaign", str(folder / "campaign.toml")])


def test_cells_and_controls_come_out_the_same(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *_, last = coins.lines(finished / "run")
    for stored in (first, last):
        assert again(finished, stored["cell"]) == 0
        said = capsys.readouterr()
        assert "the same in every key but seconds" in said.err
        assert json.loads(said.out) | {"seconds": 0} == stored | {"seconds": 0}


def test_a_line_that_was_changed_is_not_the_same(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "campaign.toml").write_text((finished / "campaign.toml").read_text())
    (tmp_path / "run").mkdir()
    first, *rest = coins.lines(finished / "run")
    other = first | {"seed": first["seed"] + 1}
    (tmp_path / "run" / "results.jsonl").write_text(
        "".join(json.dumps(one) + "\n" for one in (other, *rest))
    )
    (tmp_path / "run" / "summary.json").write_text((finished / "run/summary.json").read_text())
    assert again(tmp_path, first["cell"]) == 1
    assert "not the same: seed" in capsys.readouterr().err


def test_a_cell_that_is_none_is_bad_input(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(finished, "nothing") == 2
    assert "cell=nothing: must be the name of a finished cell" in capsys.readouterr().err
