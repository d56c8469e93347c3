"""README: what it says of the study is what the kept full run holds."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from verification.campaign import Size
from verification.measures import Point
from verification.parts import Role
from verification.report.curves import Panel, Setting
from verification.report.words import percent
from verification.study import claims
from verification.study.findings import short
from verification.study.gallery import GALLERY
from verification.study.paired import apart, at_setting, called, published, within
from verification.study.results import Played, Study
from verification.study.scatter import agreements

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
WORDS = " ".join(README.split())


@pytest.fixture(scope="module")
def kept() -> Study:
    return Study.of(GALLERY)


def named(panel: Panel, defence: str, setting: str) -> Setting:
    return next(
        one for one in panel.settings if one.defence == defence and at_setting(one) == setting
    )


def panel(kept: Study, name: str) -> Panel:
    return next(one for played in kept.played for one in played.panels if one.name == name)


def choice(panel: Panel, *roles: Role) -> str:
    found = claims.cheap(panel, *roles)
    if found is None:
        return "none so cheap"
    if apart(found.lost) <= 0:
        return "none is shown to help"
    return f"{short(found.setting.attack.mean)}: {called(found.setting.defence)}"


def row(kept: Study, played: Played) -> str:
    ends = {one.role: one for one in played.shown.settings}
    cells = [
        played.part.title,
        short(ends[Role.UNDEFENDED].base),
        short(ends[Role.UNDEFENDED].attack.mean),
        choice(played.shown, Role.MID),
        choice(played.shown, Role.BASELINE, Role.DP),
        f"{played.minutes_each:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def test_the_figure_is_there() -> None:
    found = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert "verification/gallery/six-panels.svg" in found
    for one in found:
        assert (ROOT / one).exists()


def test_the_kept_run_is_full_and_passed(kept: Study) -> None:
    assert kept.passed
    assert kept.size is Size.FULL
    replicates = {
        len({point.replicate for point in one.shown.settings[0].points}) for one in kept.played
    }
    assert replicates == {14}
    [seed] = set(kept.seeds.values())
    assert f"(seed {seed}, fourteen replicates)" in WORDS


def test_the_table(kept: Study) -> None:
    rows = [row(kept, played) for played in kept.played]
    assert len(rows) == 6
    for one in rows:
        assert one in README, one
    assert f"at most {percent(claims.CHEAP)} of the utility" in WORDS


def test_the_verdicts_against_dp(kept: Study) -> None:
    verdicts = Counter(
        row["verdict"]
        for played in kept.played
        for row in kept.verdicts_of(played)
        if next(
            panel.curves[row["rival"]][0].role is Role.DP if row["rival"] in panel.curves else False
            for panel in played.panels
            if panel.name == row["panel"]
        )
    )
    assert set(verdicts) <= {"dominates", "tie", "dominated"}  # they add up
    assert (
        f"In {verdicts.total()} comparisons with differential privacy at the same utility MID leaves "
        f"the attacker less in {verdicts['dominates']}, more in {verdicts['dominated']}, and "
        f"{verdicts['tie']} show no difference"
    ) in WORDS, verdicts


def test_asking_again(kept: Study) -> None:
    for once, often, defence, setting, text in (
        (
            "MAP linear: warfarin, secret VKORC1, side rest, 1 answer",
            "MAP linear: warfarin, secret VKORC1, side rest, 64 answers",
            "MID, gaussian, noisy, fresh",
            "lam=0.6",
            "on a regression (`lam` 0.6)",
        ),
        (
            "Update-Leaks: factors, one record, 1 answer",
            "Update-Leaks: factors, one record, 64 answers",
            "MID, fresh",
            "lam=0.1",
            "in Update-Leaks (`lam` 0.1)",
        ),
    ):
        means = [named(panel(kept, one), defence, setting).attack.mean for one in (once, often)]
        assert f"from {short(means[0])} to {short(means[1])} {text}" in WORDS, means


def test_the_attack_as_published(kept: Study) -> None:
    shown = next(one.shown for one in kept.played if one.part.letter == "c")
    free = next(one for one in shown.settings if one.role is Role.UNDEFENDED)
    naive = within(free, published)
    assert naive is not None
    assert (
        f"shows {short(naive.mean)} where the strongest reaches {short(free.attack.mean)}" in WORDS
    )
    worse = [
        found
        for played in kept.played
        if played.part.letter == "b"
        for one in played.settings
        if one.role is not Role.CONSTANT
        and (found := within(one, _excess)) is not None
        and found.interval
    ]
    below = sum(apart(found) < 0 for found in worse)
    assert f"does worse than the guess without a model in {below} of {len(worse)} settings" in WORDS


def _excess(point: Point) -> float | None:
    found = published(point)
    return None if found is None else found - point.base


def test_information_and_success(kept: Study) -> None:
    across = [one for one in agreements(kept) if one.across and one.replicates >= 6]
    ways = Counter(one.shown for one in across)
    assert (
        f"of {len(across)} panels less information goes with less success in {ways[1]} and with more "
        f"in {ways[-1]}"
    ) in WORDS, ways
