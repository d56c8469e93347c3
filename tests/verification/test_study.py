"""The study's page, on six runs whose curves are known."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mipriv.errors import ParameterError
from mipriv.plot.canvas import COLOURS
from mipriv.rigor.intervals import holm
from tests.verification.defences import BASE, CAMPAIGN, WHOLE, point
from tests.verification.reports import Elements, ran
from verification import __main__
from verification.campaign import Size
from verification.report.curves import Setting, Spread
from verification.study import claims, command, findings, gallery, paired, scatter
from verification.study.claims import Status
from verification.study.paper import ANCHORS
from verification.study.results import PARTS, Study
from verification.tradeoff import MIXING

pytest.importorskip("matplotlib", reason="pip install -e '.[plot]'")
SIZES = {"": Size.FULL, "-small": Size.SMALL}
Builder = Callable[[str], Path]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """A study's folder in a size: the same run six times, its panels renamed."""
    shares = CAMPAIGN.replace("[0.2, 0.4, 0.6, 0.8]", "[0.09, 0.4, 0.6, 0.8]")
    played = ran(tmp_path_factory.mktemp("defences"), shares)

    def build(size: str) -> Path:
        out = tmp_path_factory.mktemp(f"study{size}")
        for part in PARTS:
            place = out / part.campaign
            place.mkdir()
            for name in ("results.jsonl", "summary.json"):
                text = (played / name).read_text()
                for panel in ("regression", "tree"):
                    own = f'"panel": "{part.title}: {panel}, 1 answer"'
                    text = text.replace(f'"panel": "{panel}", "defence"', f'{own}, "defence"')
                text = text.replace('"naive"', '"naive, as published"')
                text = text.replace('"campaign": "campaign"', f'"campaign": "campaign{size}"')
                (place / name).write_text(text)
        return out

    return build


@pytest.fixture(scope="module", autouse=True)
def _single_reports() -> Iterator[None]:
    """They have tests of their own, and pictures take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "written", lambda folder: (folder / "report.html").touch())
        yield


@pytest.fixture(scope="module")
def full(folders: Builder) -> Path:
    folder = folders("")
    assert __main__.run(["study", "--only-report", "--out", str(folder)]) == 0
    return folder


def test_the_page_is_one_file_with_all_that_was_found(full: Path) -> None:
    html = (full / "study.html").read_text()
    Elements(html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    assert "✓ The measurement is sound" in html
    for heading in ("What to choose", "What we found", "Verdicts", "The claims", "How it was run"):
        assert f"<h2>{heading}</h2>" in html
    for part in PARTS:
        assert f'href="{part.campaign}/report.html"' in html
        assert (full / part.campaign / "report.html").is_file()
    for name in ("six-panels", "paper", "information-attack"):
        assert (full / f"{name}.png").is_file()
        svg = (full / f"{name}.svg").read_text()
        assert COLOURS[0].lower() in svg.lower()
    svg = (full / "six-panels.svg").read_text()
    assert all(part.title in svg for part in PARTS)
    assert "best guess without a model" in svg


def test_verdicts_are_judged_together_over_all_campaigns(full: Path) -> None:
    study = Study.of(full)
    assert study.size is Size.FULL
    assert study.passed
    rows = study.verdicts
    assert len(rows) == 6 * 2 * 3
    # the least p-value of eight replicates, 2/2^8, times 36 comparisons is above the level
    assert {row["verdict"] for row in rows} == {"too few replicates"}
    assert [row["holm"] for row in rows] == list(holm([row["p_value"] for row in rows]))
    one = study.verdicts_of(study.played[2])
    assert len(one) == 6
    assert all(row["panel"].startswith("Knowledge Alignment: ") for row in one)


def test_two_settings_are_compared_replicate_by_replicate(full: Path) -> None:
    panel = Study.of(full).played[0].shown
    settings = {(one.defence, one.name): one for one in panel.settings}
    first, second = settings["MID", "share=0.09"], settings["none", "share=0"]
    found = paired.gap(first, second, paired.success)
    assert found is not None
    # the curve: 0.09 of the way to the base, and 0.12 * 0.09 * 0.91 below; noise 0.002 on each
    truth = -0.09 * (WHOLE - BASE) - 0.12 * 0.09 * 0.91
    assert found.spread.lower - 0.01 < truth < found.spread.upper + 0.01
    assert paired.apart(found.spread) == -1
    pairs = [
        (a.attack.value, b.attack.value) for a, b in zip(first.points, second.points, strict=True)
    ]
    gaps = [a - b for a, b in pairs]
    assert found.spread == Spread.of(gaps)
    assert (found.first, found.second) == (first.attack.mean, second.attack.mean)
    shorter = Setting(second.points[3:])
    part = paired.gap(first, shorter, paired.success)
    assert part is not None
    assert (part.spread, part.replicates) == (Spread.of(gaps[3:]), 5)
    assert part.first == pytest.approx(sum(a for a, _ in pairs[3:]) / 5, rel=1e-12)
    assert paired.apart(part.spread) == 0  # five replicates show nothing
    assert paired.gap(first, Setting((point(1, 0.5, replicate=99),)), paired.success) is None
    assert paired.within(first, paired.published) == Spread.of([BASE] * 8)


def test_claims_follow_their_rules(full: Path) -> None:
    rows = {row.claim: row for row in claims.rows(Study.of(full))}
    assert len(rows) == 3 + 6 + 4 + 1 + 1
    for part in PARTS:
        row = rows[f"{part.title}: MID lowers the attack's success at little cost in utility"]
        # 0.0458 of 0.4: more than a tenth of the gain is taken, less than half
        assert row.status is Status.PARTLY
        assert "share=0.09" in row.evidence
        assert "which takes 11%" in row.evidence
        assert "The attack as published: 0.2 and 0.2." in row.evidence
    [information] = [row for claim, row in rows.items() if claim.startswith("The less information")]
    # readings agree; the bounds, which are made up, rise as the attack falls
    assert information.status is Status.NOT
    assert information.evidence == (
        "Above 0 in 5, below in 10, neither shown in 0 of 15; all are of MAP on linear regression, "
        "MAP on decision trees, Knowledge Alignment, GMI and White-box MAP."
    )
    assert rows[
        "The loss of an (epsilon, delta)-DP learner is at most the published bound"
    ].status is (Status.REPRODUCED)
    bound = rows["The published bound is reached: no smaller one holds"]
    assert bound.status is Status.PARTLY
    assert "n = 10: bound 0.462, exact worst case 0.393" in bound.evidence
    [rate] = [row for claim, row in rows.items() if "faster than 1/n" in claim]
    assert rate.status is Status.REPRODUCED
    assert {row.status for claim, row in rows.items() if "at the same utility" in claim} == {
        Status.NOT_JUDGED
    }


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([], Status.NOT_JUDGED),
        (["dominates"], Status.REPRODUCED),
        (["dominates", "tie"], Status.PARTLY),
        (["dominates", "dominated"], Status.PARTLY),
        (["dominates", "not comparable"], Status.PARTLY),
        (["tie"], Status.NOT),
        (["dominated", "tie"], Status.NOT),
        (["not comparable"], Status.NOT_JUDGED),
    ],
)
def test_a_rival_is_beaten_where_every_verdict_says_so(
    full: Path, verdicts: list[str], status: Status
) -> None:
    study = Study.of(full)
    name = study.played[0].shown.name
    study.__dict__["verdicts"] = [
        {"panel": name, "defence": f"MID {i}", "rival": "DP", "verdict": one}
        for i, one in enumerate(verdicts)
    ] + [{"panel": name, "defence": "MID", "rival": "rounding", "verdict": "dominated"}]
    [row] = [
        one
        for one in claims.rows(study)
        if one.claim.startswith(PARTS[0].title) and one.claim.endswith("than DP")
    ]
    assert row.status is status
    said = " ".join(next(iter(findings.chapters(study))).sentences)
    assert "leaves the attacker more than rounding" in said


def test_information_and_attack_are_ranked_within_one_kind_of_reading(full: Path) -> None:
    found = scatter.agreements(Study.of(full))
    # of DP, whose readings are bounds, there are three settings: too few; the tree has no readings;
    # an update's label is not in what is asked about; end points are not ranked
    read = [one for one in found if one.method == "closed form, an estimate"]
    assert len(read) == len(PARTS) - 1
    for one in read:
        assert one.families == ("MID", "rounding")
        assert one.across
        assert (one.settings, one.replicates) == (4 + 2, 8)
        assert 0.9 < one.tau.mean <= 1
        assert one.shown == 1
    implied = [one for one in found if one.method == "the bound by Thm 10"]
    assert {one.families for one in implied} <= {("MID", "DP", "rounding")}


def test_sentences_have_their_numbers(full: Path) -> None:
    said = {one.heading: one.sentences for one in findings.chapters(Study.of(full))}
    knows = said["How much the attack as published understates the risk"]
    assert len(knows) == len(PARTS)
    assert all("the attack as published gains 0, the strongest" in one for one in knows)
    guess = said["What the best guess without a model changes"]
    assert all("in 0 of 20 settings with replicates enough" in one for one in guess)
    assert all("worse than that guess in 0 of 20" in one for one in guess)
    memory = said["Records of the training and others"]
    # 0.05 on the model and 0.05 on the constant
    assert all(one.endswith(": no difference is shown.") for one in memory)
    better = said["How often MID is better than a coin"]
    assert len(better) == len(PARTS)


def test_names_and_settings_in_sentences() -> None:
    assert paired.called("MID, gaussian, fresh") == "MID (gaussian, fresh)"
    assert paired.called("MID") == "MID"
    assert paired.called(MIXING) == "a coin between no defence and a constant"
    one = point(0, 0.5, defence="MID, fresh", setting="lam=0.1, hidden=[32, 8], noise=fresh")
    assert paired.at_setting(Setting((one,))) == "lam=0.1"
    assert findings.stem("a, b 3, 64 answers") == "a, b 3"
    assert findings.stem("a, b 3, 8 answers to near questions") == "a, b 3"
    assert findings.stem("a, white box") == "a"
    assert findings.stem("a, all else known") == "a, all else known"


def test_a_small_study_judges_nothing(folders: Builder) -> None:
    folder = folders("-small")
    assert __main__.run(["study", "--only-report", "--out", str(folder)]) == 0
    study = Study.of(folder)
    assert study.size is Size.SMALL
    assert study.verdicts == []
    html = (folder / "study.html").read_text()
    assert "This is the small size" in html
    assert "None: the small size has too few replicates." in html
    with pytest.raises(ParameterError, match="size=small: must be full to be kept"):
        gallery.keep(folder, "study.html", folder / "kept")


def test_a_study_that_is_not_whole_does_not_pass(
    folders: Builder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folders("")
    shutil.rmtree(folder / PARTS[4].campaign)
    assert __main__.run(["study", "--only-report", "--out", str(folder)]) == 1
    html = (folder / "study.html").read_text()
    assert "✗ The measurement failed" in html
    assert f"Not played: {PARTS[4].title}." in html
    assert "not played" in (folder / "six-panels.svg").read_text()
    with pytest.raises(ParameterError, match="must hold a study that passed"):
        gallery.keep(folder, "study.html", folder / "kept")
    empty = folder / "empty"
    empty.mkdir()
    assert __main__.run(["study", "--only-report", "--out", str(empty)]) == 2
    assert "must hold settings of a campaign of the study" in capsys.readouterr().err


def test_what_is_kept_gives_the_same_page(full: Path, tmp_path: Path) -> None:
    kept = tmp_path / "gallery"
    gallery.keep(full, "study.html", kept)
    before = (kept / "study.html").read_bytes()
    figure = (kept / "six-panels.svg").read_bytes()
    assert not list(kept.rglob("results.jsonl"))
    assert all("tradeoffs" not in path.read_text() for path in kept.rglob("summary.json"))
    assert __main__.run(["study", "--only-report", "--out", str(kept)]) == 0
    assert (kept / "study.html").read_bytes() == before
    assert (kept / "six-panels.svg").read_bytes() == figure
    gallery.keep(full, "study.html", kept)  # in its own place again
    assert not list(kept.rglob("report.html"))


def test_the_papers_points_are_those_of_its_figure() -> None:
    assert [one.letter for one in ANCHORS] == list("abcd")
    for one in ANCHORS:
        names = set(one.curves)
        assert {"MID", "DP"} <= names
        worst = min(y for curve in one.curves.values() for _, y in curve)
        assert worst < one.none[1]  # every defence lowers the attack there
