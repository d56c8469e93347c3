"""The trade-off part of a run's report and summary, on curves that are known."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mipriv.plot.canvas import COLOURS
from tests.verification import coins
from tests.verification.defences import CAMPAIGN, CELLS, point
from tests.verification.reports import NAME, Elements, ran, told, tossed
from verification import __main__
from verification.campaign import Campaign
from verification.parts import Kind, Role
from verification.report import tradeoffs
from verification.report.curves import Setting, Spread, panels
from verification.report.page import page
from verification.report.record import read
from verification.summary import text
from verification.tradeoff import MIXING, verdicts
from verification.verdict import judge

pytest.importorskip("matplotlib", reason="pip install -e '.[plot]'")


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = ran(tmp_path_factory.mktemp("defences"), CAMPAIGN)
    arguments = ["report", str(folder), "--campaign", str(folder / "campaign.toml")]
    assert __main__.run(arguments) == 0
    return folder


def test_the_summary_has_the_verdicts_of_a_campaign_with_measures(
    reported: Path, tmp_path: Path
) -> None:
    """The curve of MID is 0.12 s(1-s) below the line of all others; noise is 0.002."""
    summary = json.loads((reported / "summary.json").read_text())
    rows = summary["tradeoffs"]
    assert [(row["panel"], row["defence"], row["rival"]) for row in rows] == [
        (panel, "MID", rival)
        for panel in ("regression", "tree")
        for rival in ("DP", "rounding", MIXING)
    ]
    assert {row["verdict"] for row in rows} == {"dominates"}
    assert summary["passed"]
    lines = coins.lines(reported)
    assert sum(bool(one["measures"]) for one in lines) == CELLS
    assert rows == json.loads(json.dumps(verdicts(lines)))
    bare = tossed(tmp_path)
    assert "tradeoffs" not in json.loads((bare / "summary.json").read_text())


def test_measures_come_through_a_run_that_is_resumed(tmp_path: Path) -> None:
    short = CAMPAIGN.replace("[0, 1, 2, 3, 4, 5, 6, 7]", "[0, 1]")
    (tmp_path / "campaign.toml").write_text(short)
    code, out, _ = coins.run(tmp_path, "--out", "run", "--workers", "1")
    assert code == 0
    assert out.count("too few replicates") == 6
    whole, summary = coins.compared(tmp_path / "run"), coins.compared_summary(tmp_path / "run")
    results = tmp_path / "run" / "results.jsonl"
    content = results.read_bytes()
    results.write_bytes(content[: len(content) // 2])  # torn in the middle of a line
    assert coins.run(tmp_path, "--out", "run", "--workers", "1", "--resume")[0] == 0
    assert coins.compared(tmp_path / "run") == whole
    assert coins.compared_summary(tmp_path / "run") == summary
    assert len(summary["tradeoffs"]) == 6


def test_the_terminal_hears_of_each_comparison(reported: Path) -> None:
    campaign = Campaign.read(reported / "campaign.toml")
    said = text(campaign, judge(campaign, coins.lines(reported), {})).splitlines()
    found = [one for one in said if " against " in one]
    assert len(found) == 6
    assert found[0].startswith(
        "regression: MID against DP: dominates (mean difference of the attack -0.0"
    )
    assert found[0].endswith(f"p {2 / 2**8:.4g}, for all comparisons {12 / 2**8:.4g})")


def test_the_headline_says_who_attacked_what_and_how_it_ended(reported: Path) -> None:
    said = told(reported)
    assert "22 settings of 5 defences in 2 panels (regression and tree)" in said
    assert "6 comparisons: the attack on it is less in 6." in said
    assert "populations" not in said  # no game of that kind was played


def test_each_panel_has_its_pictures_and_mid_looks_the_same_in_all(reported: Path) -> None:
    names = ["tradeoff-1", "tradeoff-1-train", "information-1", "tradeoff-2"]
    record = read(reported, reported / "campaign.toml")
    assert sorted(one.name for one in tradeoffs.pictures(record)) == sorted(names)
    shown = (reported / "report.html").read_text(encoding="utf-8")
    for name in names:
        root = ET.fromstring((reported / f"{name}.svg").read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert (reported / f"{name}.png").stat().st_size > 10_000
        assert f'aria-labelledby="{name}-title"' in shown
    styles = tradeoffs.styles_of(panels(record))
    assert styles["MID"][:2] == tradeoffs.MID == (COLOURS[0], "o")
    assert len({one[:2] for one in styles.values()}) == 5
    assert [name for name, one in styles.items() if one[0] == COLOURS[0]] == ["MID"]


def test_pictures_say_what_their_lines_are(reported: Path) -> None:
    exact = (reported / "tradeoff-1.svg").read_text(encoding="utf-8")
    ceiling = (reported / "tradeoff-2.svg").read_text(encoding="utf-8")
    for drawing, there, absent in (
        (exact, "best possible attack", "ceiling: no attack exceeds it"),
        (ceiling, "ceiling: no attack exceeds it", "best possible attack"),
    ):
        assert there in drawing
        assert absent not in drawing
        for other in ("MID", "DP", "rounding", "none", "constant", "ε=2", "ε=1.33"):
            assert f">{other}</text>" in drawing
        assert "best guess without a model" in drawing
        assert "bound from the information" in drawing
        assert "accuracy (higher is better)" in drawing
    # the bounds 0.05 + share above the attacks: those of 10 settings of 11 are far out of sight
    record = read(reported, reported / "campaign.toml")
    caption = tradeoffs.pictures(record)[0].caption
    assert "Left out: 10 ceilings or bounds above." in caption
    assert "means over 8 replicates" in caption
    scatter = (reported / "information-1.svg").read_text(encoding="utf-8")
    assert ">∞</text>" in scatter
    assert ">an upper bound</text>" in scatter


def test_the_page_has_tables_of_verdicts_and_settings(reported: Path) -> None:
    shown = (reported / "report.html").read_text(encoding="utf-8")
    verdict = shown[shown.index('<table id="tradeoff-verdicts"') :]
    verdict = verdict[: verdict.index("</table>")]
    assert verdict.count("✓ dominates") == verdict.count("<tr") - 1 == 6
    settings = shown[shown.index('<table id="tradeoff-settings"') :]
    settings = settings[: settings.index("</table>")]
    assert settings.count("<tr") == 22 + 1
    assert settings.count("at most") == 3  # DP's information
    assert settings.count('data-value="Infinity"') == 1  # of no defence
    assert "Dominates, tie, dominated" in shown
    elements = Elements(shown).found
    ids = [one["id"] for _, one in elements if "id" in one]
    assert len(set(ids)) == len(ids)
    assert not re.search(r"@import|url\((?!#)|fetch\(|\bsrc=", shown)


def test_without_measures_there_is_no_such_part(tmp_path: Path) -> None:
    shown = page(read(tossed(tmp_path), tmp_path / "campaign.toml"), [])
    assert 'id="tradeoff' not in shown
    assert "Dominates" not in shown


def test_names_are_escaped(tmp_path: Path) -> None:
    tags = []
    for place, name in enumerate(("harmless", NAME)):
        quoted = json.dumps(name)
        short = CAMPAIGN.replace("[0, 1, 2, 3, 4, 5, 6, 7]", "[0, 1]")
        folder = ran(tmp_path / str(place), short.replace('"regression"', quoted))
        found = Elements(page(read(folder, folder / "campaign.toml"), []))
        tags.append([(tag, sorted(one)) for tag, one in found.found])
    assert tags[0] == tags[1]


def test_an_unfinished_run_compares_what_is_whole(reported: Path, tmp_path: Path) -> None:
    """Without the last replicate's cells of MID: seven replicates are left."""
    lines = (reported / "results.jsonl").read_text().splitlines(keepends=True)
    kept = []
    for one in lines:
        cell = json.loads(one)
        parameters = cell["parameters"]
        last = cell["learner"]["name"] == "MID" and parameters.get("replicate", 0) > 6
        kept += [] if last else [one]
    (tmp_path / "results.jsonl").write_text("".join(kept))
    shutil.copy(reported / "campaign.toml", tmp_path)
    record = read(tmp_path, tmp_path / "campaign.toml")
    assert [row["replicates"] for row in record.tradeoffs] == [7] * 6
    assert "This run is not complete" in told(tmp_path)
    # six comparisons: 6 x 2/2^7 is above 0.05, whatever is measured
    assert page(record, []).count("? too few replicates") == 6


def test_a_setting_is_averaged_over_replicates() -> None:
    level = {"naive": {"value": 0.25, "lower": 0.25, "upper": 0.25}}
    points = [point(0.1 * r, 0.25 * r, replicate=r, base=0.0) for r in range(1, 4)]
    found = Setting(tuple(points))
    assert found.attack == Spread(0.5, 0.25, 0.75)  # of three: least and greatest
    assert found.gain == 0.5
    assert found.levels == {"naive": 0.5}
    for unknown in (found.train, found.memorised, found.bound, found.information, found.epsilon):
        assert unknown is None
    assert [found.best(kind) for kind in Kind] == [None, None]
    alone = Setting((point(0.1, 0.25, half=0.125),))
    assert alone.attack == Spread(0.25, 0.125, 0.375)
    assert level["naive"]["value"] == alone.levels["naive"]
    six = Spread.of([float(one) for one in range(6)])
    # 2^6 x 0.025 is 1.6: the interval ends at the least and the greatest
    assert six.mean == 2.5
    assert six.lower <= 0 < 5 <= six.upper
    assert six.upper - six.lower < 5 + 1e-9  # slack of 2^-35 of the largest


def test_several_mids_share_colour_and_marker(reported: Path) -> None:
    [panel, _] = panels(read(reported, reported / "campaign.toml"))
    curves = dict(panel.curves)
    for place in range(8):
        role = Role.MID if place < 2 else Role.BASELINE
        name = f"{role} {place}"
        curves[name] = (Setting((point(0.1, 0.2, defence=name, role=role),)),)
    styles = tradeoffs.styles_of([type(panel)("more", curves)])
    mids = [styles[name] for name in ("MID", "mid 0", "mid 1")]
    assert {one[:2] for one in mids} == {tradeoffs.MID}
    assert len({one[2] for one in mids}) == 3
    rest = [one for name, one in styles.items() if "mid" not in name.lower()]
    assert len({one[:2] for one in rest}) == len(rest)
