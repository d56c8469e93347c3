"""A campaign's small size, tables left out for want of data, and the figures that a point carries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mipriv.errors import ParameterError
from tests.verification.coins import CONTROLS, HEAD, MONTE_CARLO
from tests.verification.test_measures import WHOLE
from verification import data
from verification.__main__ import run
from verification.campaign import Campaign, Size, campaigns, named
from verification.measures import Point

SMALL = """
[small]
trials = 100
colour = "red"
"""
REPLICATED = """
[[cells]]
learner = {name = "coin", success = [0.6, 0.7, 0.8]}
population = {name = "fair", share = 1}
n = 1
replicate = [0, 1, 2]
trials = 5000
small = {replicate = [0, 1], learner = {success = 0.7}}

[[cells]]
learner = {name = "coin", success = 0.9}
population = {name = "fair", share = 1}
n = 2
trials = 5000
small = false
"""


def file(folder: Path, *parts: str) -> Path:
    found = folder / "coins.toml"
    found.write_text("".join(parts))
    return found


def told(campaign: Campaign) -> list[tuple[Any, ...]]:
    """Of every cell: learner's chance, n, replicate, trials, control."""
    cells = [one.cell for one in campaign.entries]
    return [
        (
            one.learner["success"],
            one.n,
            one.parameters.get("replicate"),
            one.parameters["trials"],
            one.control,
        )
        for one in cells
    ]


def test_a_small_campaign_has_fewer_replicates_settings_and_trials(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        HEAD,
        SMALL,
        REPLICATED,
        CONTROLS.replace("trials = 1000\n", ""),
        "trials = 1000\nsmall = {trials = 2000}\n",
    )
    full, small = Campaign.read(path), Campaign.read(path, Size.SMALL)
    assert (full.size, full.name) == (Size.FULL, "coins")
    assert (small.size, small.name) == (Size.SMALL, "coins-small")
    assert len(told(full)) == 3 * 3 + 1 + 3
    # `colour` is no key of any table, and none is added by [small]
    assert told(small) == [
        ("0.7", 1, 0, 100, None),
        ("0.7", 1, 1, 100, None),
        ("0.75", 1, None, 100, "noise-too-small"),
        ("0.75", 1, None, 100, "theory-scaled"),
        ("0.75", 1, None, 2000, "shuffled"),
    ]
    assert small.entries[0].cell.seed(0) != full.entries[0].cell.seed(0)


def test_a_campaign_without_a_small_size_has_none(tmp_path: Path) -> None:
    path = file(tmp_path, HEAD, MONTE_CARLO, CONTROLS)
    with pytest.raises(ParameterError, match=r"size=small: must be full"):
        Campaign.read(path, Size.SMALL)
    bad = file(tmp_path, HEAD, SMALL, REPLICATED.replace("small = false", "small = 3"), CONTROLS)
    with pytest.raises(ParameterError, match=r"small=3: must be a table, or false"):
        Campaign.read(bad)


def _replicates(campaign: Campaign) -> set[int]:
    return {one.cell.parameters["replicate"] for one in campaign.entries}


def test_a_campaign_is_found_by_the_name_of_its_size() -> None:
    sized = [path.stem for path in campaigns() if "[small]" in path.read_text()]
    assert sized
    for name in sized:
        small = named(f"{name}-small")
        assert small.name == f"{name}-small"
        assert small.entries == named(name, Size.SMALL).entries
        full = named(name)
        assert small.monte_carlo < full.monte_carlo
        # as README says
        assert _replicates(small) <= {0, 1}
        assert _replicates(full) == set(range(14))
    with pytest.raises(ParameterError, match="campaign=nothing: must be a TOML file or one of"):
        named("nothing-small")


def test_tables_without_their_data_are_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needing = REPLICATED.replace("small = false", f'needs = ["{data.ADULT}"]')
    path = file(tmp_path, HEAD, needing, CONTROLS)
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    without = Campaign.read(path)
    assert [one[0] for one in told(without)].count("0.9") == 0
    [line] = without.left_out
    assert data.ADULT in line
    assert "UCI" in line
    assert data.VARIABLE in line
    (tmp_path / data.ADULT).write_text("")
    there = Campaign.read(path)
    assert there.left_out == ()
    assert [one[0] for one in told(there)].count("0.9") == 1
    assert data.path(data.ADULT) == tmp_path / data.ADULT
    with pytest.raises(ParameterError, match=f"data={data.STEAK}: must be there"):
        data.path(data.STEAK)
    with pytest.raises(ParameterError, match="needs=x: must be one of"):
        data.missing("x")


def test_a_small_run_prints_no_verdict_of_defences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, HEAD, "[small]\nreplicate = [0]\n", MONTE_CARLO, CONTROLS)
    out = tmp_path / "run"
    assert run(["run", str(path), "--size", "small", "--out", str(out), "--workers", "1"]) == 0
    assert "passed" in capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["size"], summary["campaign"]) == ("small", "coins-small")
    assert summary.get("tradeoffs", []) == []


FIGURES: dict[str, float] = {"AUC": 0.75, "F1 of the attack": 0.5}


def test_further_figures_are_kept_and_are_no_key_without_them() -> None:
    train = WHOLE["train"] | {"metrics": {"AUC": 0.8}}
    found = Point.from_json(WHOLE | {"metrics": FIGURES, "train": train})
    assert found.metrics == FIGURES
    assert found.train is not None
    assert found.train.metrics == {"AUC": 0.8}
    assert found.to_json() == WHOLE | {"metrics": FIGURES, "train": train}
    assert Point.from_json(WHOLE | {"metrics": {}}).to_json() == WHOLE


@pytest.mark.parametrize("bad", [[], [1], None, {"AUC": "x"}, {"AUC": float("nan")}, {1: 2.0}, 3])
def test_figures_that_are_none_are_refused(bad: Any) -> None:
    with pytest.raises(ParameterError):
        Point.from_json(WHOLE | {"metrics": bad})
    with pytest.raises(ParameterError):
        Point.from_json(WHOLE | {"train": WHOLE["train"] | {"metrics": bad}})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("small = false", "small = 3"), "small=3: must be a table, or false"),
        (("learner = {success = 0.7}", 'learner = "x"'), "small_learner=x: must be a table"),
        (("small = false", "needs = 3"), "needs=3: must be a name or a list of names"),
        (("small = false", "needs = [[1]]"), r"needs=\[1\]: must be one of"),
        (("[small]", "small = 3\n[nothing]"), "small"),
    ],
)
def test_bad_sizes_are_refused_in_one_line(
    tmp_path: Path, changed: tuple[str, str], said: str
) -> None:
    path = file(tmp_path, *((HEAD + SMALL + REPLICATED + CONTROLS).replace(*changed),))
    with pytest.raises(ParameterError, match=said):
        Campaign.read(path, Size.SMALL)
