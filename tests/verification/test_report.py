"""The report of a run: what it says, and what it is made of."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.verification import coins
from tests.verification.reports import CELLS, NAME, Elements, reported_in, told, tossed
from verification import __main__
from verification.report import growth
from verification.report.markup import element
from verification.report.page import page
from verification.report.record import Record, read
from verification.report.words import headline, rounded_down, rounded_up, status

pytest.importorskip("matplotlib", reason="pip install -e '.[plot]'")


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reported_in(tmp_path_factory.mktemp("reported"))


def test_all_content_is_escaped(tmp_path: Path) -> None:
    """Names, title, description, methods and notes: the elements are those of harmless names."""
    tags = []
    for place, name in enumerate(("harmless", NAME)):
        folder = tossed(tmp_path / str(place), name=name)
        summary = json.loads((folder / "summary.json").read_text())
        summary |= {"title": name, "description": name, "sources": name}
        summary["controls"][0]["note"] = name
        (folder / "summary.json").write_text(json.dumps(summary))
        text = (folder / "results.jsonl").read_text().replace('"method": "coin"', '"method": "@"')
        text = text.replace('"@"', json.dumps(name)).replace('"fair"', json.dumps(name))
        (folder / "results.jsonl").write_text(text)
        elements = Elements(page(read(folder), []))
        tags.append([(tag, sorted(one)) for tag, one in elements.found])
    assert tags[0] == tags[1]
    assert sum(tag == "script" for tag, _ in tags[0]) == 1
    assert element("a", "<", title='"<') == '<a title="&quot;&lt;">&lt;</a>'
    assert element("p", "\x00\ud800") == "<p>??</p>"


def test_it_reaches_for_nothing_outside_its_folder(reported: Path) -> None:
    text = (reported / "report.html").read_text(encoding="utf-8")
    found = Elements(text).found
    ids = [one["id"] for _, one in found if "id" in one]
    assert len(set(ids)) == len(ids)
    for _, given in found:
        assert "src" not in given
        for key in ("href", "xlink:href"):
            target = given.get(key) or "#"
            inside = target[1:] in ids if len(target) > 1 else True
            assert inside if target.startswith("#") else (reported / target).is_file()
    assert not re.search(r"@import|url\((?!#)|fetch\(", text)
    assert "default-src 'none'" in text


def test_each_picture_is_a_png_and_an_svg_file(reported: Path) -> None:
    from matplotlib.image import imread

    names = ["observed-theory", "observed-theory-success", "records-1", "records-2", "tightness"]
    assert sorted(one.stem for one in reported.glob("*.svg")) == names
    for name in names:
        root = ET.fromstring((reported / f"{name}.svg").read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        pixels = imread(reported / f"{name}.png")
        assert pixels.shape[1] > 900
        assert 0.02 < (pixels[..., :3].min(axis=2) < 0.9).mean() < 0.5  # neither blank nor black


def test_the_headline_of_a_run(reported: Path) -> None:
    """Two random answers tell as much as one, (e-1)/(e+1); the bound for two records is 1 - 1/e."""
    assert told(reported) == (
        "The best possible attacker played 16 games (computed exactly) against 2 learners (extremal "
        "and randomised-response): from what a learner gives out, it guesses which population the "
        "training records came from. "
        "In none of them did the attacker do better than the theory allows. "
        "The check itself works: 2 errors put in on purpose were caught and 1 control that must "
        "raise no alarm raised none. "
        "The theory is tightest for extremal, where the attacker reaches 100% of the theory's bound, "
        "and loosest for randomised-response, where it reaches 73.11% to 100% (median 100%). "
        "1 finding to explain: see below."
    )


def test_findings_and_controls_are_listed(reported: Path) -> None:
    text = (reported / "report.html").read_text(encoding="utf-8")
    record = read(reported, reported / "campaign.toml")
    findings = text[text.index('id="findings"') : text.index("<figure>")]
    assert [row.line["n"] for row in record.findings] == [2]
    assert record.findings[0].line["cell"] in findings
    assert findings.count("tightness 0.731059, expected 0.999 to 1") == 1
    controls = text[text.index('<table id="controls"') : text.index("What the words mean")]
    assert controls.count("✓ as it must") == 3
    assert controls.count("nothing to find") == 1
    cells = text[text.index('<table id="cells"') : text.index('<table id="controls"')]
    assert cells.count("<tr") == CELLS + 1


def test_violations_and_misbehaving_controls_come_first(tmp_path: Path) -> None:
    wrong = coins.EXACT.replace("share = 1}", "share = 1.00000000001}")
    said = told(tossed(tmp_path / "wrong", wrong))
    assert "In 4 games the attacker did better than the theory allows." in said
    assert "chance" not in said
    record = read(tmp_path / "wrong", tmp_path / "wrong" / "campaign.toml")
    assert status(record) == "failed"
    assert record.findings == []  # though they lie outside of what was expected
    assert len(record.unexpected) == 4
    text = page(record, [])
    assert text.count("✗ above the theory") == 4
    assert "the attacker reaches at least 0.600000000006" in text

    mixed = tossed(tmp_path / "mixed", coins.MONTE_CARLO.replace("pause = 0.03", "pause = 0"))
    told_of = told(mixed)
    assert "(measured by trials)" in told_of
    assert "any false alarm at all with a chance of at most 0.1%" in told_of
    summary = json.loads((mixed / "summary.json").read_text())
    summary["controls"][0]["must"] = "not flagged"
    (mixed / "summary.json").write_text(json.dumps(summary))
    record = read(mixed)
    assert "1 of 3 controls did not come out as they must" in " ".join(headline(record))
    assert status(record) == "failed"


def test_an_interrupted_run_is_said_to_be_one(reported: Path, tmp_path: Path) -> None:
    """A summary is missing, and the last line is torn; nothing in the folder is changed."""
    lines = (reported / "results.jsonl").read_bytes().splitlines(keepends=True)
    torn = b"".join(lines[:9]) + lines[9][:40]
    (tmp_path / "results.jsonl").write_bytes(torn)
    record = read(tmp_path, reported / "campaign.toml")
    assert status(record) == "incomplete"
    said = " ".join(headline(record))
    assert said.startswith("This run is not complete: 9 of 19 cells were played.")
    assert "No control was played yet." in said
    assert "… Incomplete" in page(record, [])
    assert "This run is not complete: 9 cells" in " ".join(headline(read(tmp_path)))
    assert (tmp_path / "results.jsonl").read_bytes() == torn

    (tmp_path / "failures.log").write_text("")
    assert "failures.log says why" in " ".join(headline(read(tmp_path)))
    shutil.copy(reported / "summary.json", tmp_path)  # one that counts more than there is
    assert "9 of 19" in " ".join(headline(read(tmp_path)))


def test_findings_of_an_interrupted_run_are_those_of_the_whole(reported: Path) -> None:
    whole = read(reported, reported / "campaign.toml")
    summary = reported / "summary.json"
    kept = summary.read_text()
    try:
        summary.unlink()
        part = read(reported, reported / "campaign.toml")
    finally:
        summary.write_text(kept)
    assert part.unexpected == whole.unexpected
    assert len(whole.unexpected) == 1
    assert not part.complete


def test_loss_against_n_is_drawn_for_five_series_at_most_and_the_rest_is_said(
    tmp_path: Path,
) -> None:
    cells = coins.EXACT.replace("[0.6, 0.75]", json.dumps([0.5 + k / 64 for k in range(1, 23)]))
    record = read(tossed(tmp_path, cells.replace("n = [1, 10]", "n = [1, 2, 3]")))
    found = growth.pictures(record)
    assert len(found) == 4
    assert "Left out: 1 more such picture, whose games are in the table." in found[-1].caption
    short = read(tossed(tmp_path, cells))
    assert growth.pictures(short) == []


def test_the_lines_against_n_are_the_bounds(reported: Path) -> None:
    """tanh(n eps / 2) for delta = 0 (theory.md, Theorem 1); 1 - (1 - tau)^n for the records."""
    from math import isclose, tanh

    record = read(reported, reported / "campaign.toml")
    rows = [
        row
        for row in record.cells
        if row.line["learner"].get("epsilon") == 1 and row.line["population"].get("tau") == "0.5"
    ]
    series = growth._series(rows, known=True)
    assert [n for n, _ in series.published] == [1, 2, 3]
    assert dict(series.differ) == {1: 0.5, 2: 0.75, 3: 0.875}
    worst = dict(series.worst)
    for n, bound in series.published:
        assert isclose(bound, tanh(n / 2), rel_tol=1e-14)  # a handful of roundings
        assert dict(series.bound)[n] <= worst[n] <= bound
    # the published bound is the worst case for one record and above it from two on
    assert isclose(worst[1], tanh(0.5), rel_tol=1e-14)
    assert worst[2] < series.published[1][1]


def test_rounding_is_outward() -> None:
    for value in (0.1234567, 1 / 3, 2e-17, 0.0, 0.5, -0.1234567):
        assert float(rounded_down(value)) <= value <= float(rounded_up(value))
    assert rounded_up(0.1234561) == "0.123457"
    assert rounded_down(0.1234569) == "0.123456"


@pytest.mark.parametrize(
    ("results", "summary"),
    [
        (None, None),
        ("", None),
        ("{}\n", None),
        ("[1]\n", None),
        ("nonsense\n", None),
        ("good", "nonsense"),
        ("good", "[]"),
        ("good", "{}"),
        ("other campaign", None),
    ],
)
def test_a_folder_that_holds_no_run_is_one_line_and_exit_code_2(
    reported: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    results: str | None,
    summary: str | None,
) -> None:
    good = (reported / "results.jsonl").read_text()
    other = good + good.replace('"campaign": "campaign"', '"campaign": "other"')
    text = {"good": good, "other campaign": other}.get(results or "", results)
    for name, content in (("results.jsonl", text), ("summary.json", summary)):
        if content is not None:
            (tmp_path / name).write_text(content)
    assert __main__.run(["report", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "report.html").exists()


def test_a_record_of_nothing_but_controls_has_a_page(reported: Path) -> None:
    whole = read(reported)
    bare = Record(name="bare", title="bare", cells=(), controls=whole.controls)
    assert "No game was played yet." in page(bare, [])
