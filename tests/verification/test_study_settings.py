"""What the study says of single settings, of panels made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.verification.defences import point
from verification.campaign import Size
from verification.parts import Role
from verification.report.canvas import Picture, rendered
from verification.report.curves import Panel, Setting
from verification.report.record import Record
from verification.study import claims, findings, labels, paired, scatter
from verification.study.claims import Status
from verification.study.page import _choice
from verification.study.results import PARTS, Played, Study

pytest.importorskip("matplotlib", reason="pip install -e '.[plot]'")


def at(cost: float, attack: float, role: Role, *, selected: float = 0.5, many: int = 6) -> Setting:
    """A setting in some replicates."""
    points = [
        point(
            cost,
            attack,
            role=role,
            defence=str(role),
            replicate=i,
            selection=(cost, selected),
        )
        for i in range(many)
    ]
    return Setting(tuple(points))


def panel(name: str, *mids: Setting, many: int = 6) -> Panel:
    return Panel(
        name,
        {
            "none": (at(0, 0.9, Role.UNDEFENDED, many=many),),
            "constant": (at(1, 0.1, Role.CONSTANT, many=many),),
            "mid": mids,
        },
    )


def studied(*panels: Panel) -> Study:
    """A study of the first part, of whose panels the first one is shown."""
    played = Played(part=PARTS[0], record=Record(name="r", title="t", cells=(), controls=()))
    played.__dict__["panels"] = list(panels)
    study = Study(played=(played,), size=Size.FULL)
    study.__dict__["verdicts"] = []
    return study


def judged(*panels: Panel) -> claims.Row:
    """The claim of the first part."""
    found = claims.rows(studied(*panels))
    [row] = [one for one in found if one.claim.startswith(f"{PARTS[0].title}: MID low")]
    return row


def test_the_setting_is_chosen_on_the_selection_records() -> None:
    cheap, dear = at(0.05, 0.5, Role.MID, selected=0.6), at(0.3, 0.2, Role.MID, selected=0.2)
    best = at(0.08, 0.7, Role.MID, selected=0.55)
    found = claims.cheap(panel("p, 1 answer", cheap, best, dear))
    assert found is not None
    assert found.setting.name == "cost=0.08"  # not the 0.5, and nothing dearer than a tenth
    assert found.share == pytest.approx(0.08, rel=1e-12)
    assert found.lost.mean == pytest.approx(0.2 / 0.8, rel=1e-12)
    assert claims.cheap(panel("p, 1 answer", dear)) is None


def test_a_claim_has_to_hold_for_who_asks_more_often() -> None:
    def mid(attack: float, many: int = 6) -> Setting:
        return at(0.05, attack, Role.MID, many=many)

    once = panel("p, 1 answer", mid(0.3))
    assert judged(once).status is Status.REPRODUCED
    unsure = Panel("p, 64 answers", {"mid": (mid(0.45, many=3),)})  # three replicates: no interval
    assert judged(once, unsure).status is Status.PARTLY
    often = Panel("p, 64 answers", {"mid": (mid(0.8),)})
    assert judged(once, often).status is Status.PARTLY
    assert "p, 64 answers: 0.8, 12% (95%: 12% to 13%) of the gain" in judged(once, often).evidence
    unplayed = judged(once, panel("p, white box", at(0.07, 0.3, Role.MID)))
    assert unplayed.status is Status.PARTLY
    assert unplayed.evidence.endswith("This setting was not played in: p, white box.")
    assert judged(once, Panel("q, 64 answers", {"mid": (mid(0.8),)})).status is Status.REPRODUCED
    assert judged(panel("p, 1 answer", mid(0.9))).status is Status.NOT
    assert judged(panel("p, 1 answer", mid(0.7))).status is Status.PARTLY
    assert judged(panel("p, 1 answer", at(0.3, 0.2, Role.MID))).status is Status.NOT_JUDGED
    few = panel("p, 1 answer", mid(0.3, many=5), many=5)
    assert judged(few).status is Status.NOT_JUDGED
    assert judged(Panel("p, 1 answer", {"mid": (mid(0.3),)})).status is Status.NOT_JUDGED


def test_of_settings_that_leave_the_attacker_the_same_the_cheaper_is_chosen() -> None:
    dear, cheap = at(0.08, 0.5, Role.MID), at(0.03, 0.5, Role.MID)
    found = claims.cheap(panel("p, 1 answer", dear, cheap))
    assert found is not None
    assert found.setting is cheap


def test_a_choice_says_when_nothing_helps() -> None:
    found = claims.cheap(panel("p, 1 answer", at(0.05, 0.9, Role.MID)))
    assert found is not None
    assert "nothing is shown to help; least: mid at cost=0.05" in "".join(_choice(found))
    few = claims.cheap(panel("p, 1 answer", at(0.05, 0.3, Role.MID, many=3), many=3))
    assert "(first look: too few replicates) mid at cost=0.05" in "".join(_choice(few))
    helps = claims.cheap(panel("p, 1 answer", at(0.05, 0.3, Role.MID)))
    assert "".join(_choice(helps)).startswith('<td class="wide">mid at cost=0.05</td>')
    assert "none so cheap" in "".join(_choice(None))


def test_a_defence_on_which_the_attack_does_better_is_named() -> None:
    worse, same = at(0.2, 0.95, Role.MID), at(0.3, 0.9, Role.MID)
    [said] = dict(chapters(panel("p, 1 answer", worse, same)))[
        "Where a defence makes the attack easier"
    ]
    assert said == (
        "p, 1 answer, 1 of 3 settings, each judged alone: mid at cost=0.2: 0.95 in the place of 0.9, by "
        "+0.050 (95%: +0.050 to +0.050)."
    )
    assert "Where a defence makes the attack easier" not in dict(
        chapters(panel("p, 1 answer", same))
    )


def chapters(*panels: Panel) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.heading, one.sentences) for one in findings.chapters(studied(*panels))]


def test_settings_are_held_against_the_coin_of_their_own_utility() -> None:
    """A coin at half the cost leaves 0.5: of 0.9 and 0.1 the middle."""
    ends = paired.ends_of(panel("p"))
    assert ends is not None
    found = paired.coin(at(0.5, 0.7, Role.MID), ends)
    assert found is not None
    assert found.mean == pytest.approx(0.2, rel=1e-12)
    free = paired.coin(at(-0.1, 0.7, Role.MID), ends)  # useful beyond no defence: held against it
    assert free is not None
    assert free.mean == pytest.approx(-0.2, rel=1e-12)
    assert paired.coin(at(1.1, 0.0, Role.MID), ends) is None


def test_a_setting_that_is_the_undefended_model_is_no_worse_than_the_coin() -> None:
    """Costs that vary about no defence's: followed on both sides, they cancel."""
    ends = paired.ends_of(panel("p"))
    assert ends is not None
    shifts = (0.02, -0.02, 0.05, -0.05, 0.01, -0.01)
    points = [
        point(shift, 0.9 - 0.8 * shift, role=Role.MID, replicate=i, selection=(0.001, 0.9))
        for i, shift in enumerate(shifts)
    ]
    found = paired.coin(Setting(tuple(points)), ends)
    assert found is not None
    assert found.mean == pytest.approx(0, abs=1e-12)
    assert paired.apart(found) == 0


def test_counts_of_settings_beside_the_coin() -> None:
    mids = at(0.5, 0.7, Role.MID), at(0.25, 0.3, Role.MID), at(0.75, 0.3, Role.MID)
    [said] = dict(chapters(panel("p, 1 answer", *mids)))["How often MID is better than a coin"]
    assert "of 3 settings" in said
    assert "1 leave the attacker less than the coin of the same utility, 1 leave him more" in said
    assert "of 1 neither is shown" in said


def test_roundings_part_nothing() -> None:
    gap = paired.gap(at(0, 0.3 + 1e-16, Role.MID), at(0, 0.1 + 0.2, Role.MID), paired.success)
    assert gap is not None
    assert paired.apart(gap.spread) == 0


def test_a_defence_of_one_setting_is_named_alone() -> None:
    one = point(0, 0.5, defence="label only", setting="")
    assert paired.described(Setting((one,))) == "label only"
    one = point(0, 0.5, defence="MID, fresh", setting="lam=0.1")
    assert paired.described(Setting((one,))) == "MID (fresh) at lam=0.1"


def test_labels_keep_away_from_marks_and_from_each_other(tmp_path: Path) -> None:
    """Three marks close together, two in corners: every label has a place of its own, inside of the frame."""
    spots = [(0.5, 0.5), (0.52, 0.5), (0.5, 0.52), (1.0, 1.0), (0.0, 0.0)]
    boxes: list[Any] = []

    def draw(axes: Any) -> None:
        axes.plot(*zip(*spots, strict=True), ls="", marker="o")
        labels.put(axes, [(spot, "ε=10") for spot in spots], [[spot] for spot in spots])
        frame, drawer = axes.get_window_extent(), axes.figure._get_renderer()
        for text in axes.texts:
            box = text.get_window_extent(drawer)
            assert not any(box.overlaps(other) for other in boxes)
            assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
            assert frame.y0 <= box.y0 <= box.y1 <= frame.y1
            assert not any(box.contains(*axes.transData.transform(spot)) for spot in spots)
            boxes.append(box)

    rendered(Picture(name="labels", title="t", caption="c", draw=draw), tmp_path)
    assert len(boxes) == len(spots)


def test_ranks_across_families_leave_out_pairs_of_one_family() -> None:
    """Within each family the attack falls as information rises; between them it rises."""
    pairs = [
        (float(x), point(0, attack, defence=name))
        for name, start, attacks in (("a", 0, (0.3, 0.2, 0.1)), ("b", 10, (0.9, 0.8, 0.7)))
        for x, attack in enumerate(attacks, start=start)
    ]
    assert scatter._tau(pairs, across=True) == 1
    every = scatter._tau(pairs, across=False)
    assert every == pytest.approx((9 - 6) / 15)
    assert scatter._tau(pairs[: scatter.LEAST - 1], across=False) is None
