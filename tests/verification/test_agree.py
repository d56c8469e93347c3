"""Two studies of other seeds, set against each other."""

from __future__ import annotations

from itertools import combinations
from random import Random
from statistics import fmean

import pytest

from mipriv.errors import ParameterError
from tests.verification.defences import point
from verification.campaign import Size
from verification.parts import Role
from verification.report.curves import Panel, Setting
from verification.report.record import Record
from verification.study.agree import Key, _figures, differences
from verification.study.results import PARTS, Played, Study


def study(seed: int, *, moved: float = 0.0, replicates: int = 14, settings: int = 12) -> Study:
    """A study of one panel; the attack on its first setting is moved."""
    draw = Random(seed)
    made = [
        Setting(
            tuple(
                point(
                    place + 0.05 * draw.gauss(),
                    0.5 + (moved if place == 0 else 0) + 0.05 * draw.gauss(),
                    role=Role.MID,
                    setting=f"lam={place}",
                    replicate=i,
                )
                for i in range(replicates)
            )
        )
        for place in range(settings)
    ]
    played = Played(part=PARTS[0], record=Record(name="r", title="t", cells=(), controls=()))
    played.__dict__["panels"] = [Panel("p", {"mid": tuple(made)})]
    return Study(played=(played,), size=Size.FULL)


def test_runs_of_one_law_agree_and_a_shift_is_seen() -> None:
    alike = differences(study(1), study(2))
    assert len(alike) == 24
    assert min(one.holm for one in alike) > 0.05
    shifted = [one for one in differences(study(1), study(2, moved=0.2)) if one.holm <= 0.05]
    assert [one.key for one in shifted] == [("p", "mid", "lam=0", "attack")]
    assert shifted[0].second - shifted[0].first == pytest.approx(0.2, abs=0.1)


def test_false_alarms_are_rare() -> None:
    """Of 60 pairs of studies at most a twentieth is flagged, but for chance: 10 or more have 1e-3."""
    flagged = sum(
        min(one.holm for one in differences(study(2 * i, settings=3), study(2 * i + 1, settings=3)))
        <= 0.05
        for i in range(60)
    )
    assert flagged < 9  # of 60 with chance 1/20 each: nine or more have 5e-3


def test_what_can_be_seen_does_not_sink_in_hundreds_of_figures() -> None:
    first, second = study(1, settings=400), study(2, settings=400, moved=0.2)
    found = differences(first, second)
    assert len(found) == 800
    assert [one.key for one in found if one.holm <= 0.05] == [("p", "mid", "lam=0", "attack")]


def test_p_values_are_those_of_all_deals() -> None:
    """Six replicates against six: all 924 deals are few enough to be counted."""
    for one in differences(study(1, replicates=6), study(2, replicates=6, moved=0.08)):
        ours, theirs = (values[one.key] for values in _both(6))
        pooled, seen = ours + theirs, abs(fmean(ours) - fmean(theirs))
        apart = [
            abs(
                fmean(pooled[i] for i in deal)
                - fmean(pooled[i] for i in range(12) if i not in deal)
            )
            >= seen - 1e-12
            for deal in combinations(range(12), 6)
        ]
        assert one.p_value == pytest.approx(fmean(apart), abs=0.01)


def _both(replicates: int) -> tuple[dict[Key, list[float]], dict[Key, list[float]]]:
    return (
        dict(_figures(study(1, replicates=replicates))),
        dict(_figures(study(2, replicates=replicates, moved=0.08))),
    )


def test_a_study_is_not_compared_with_itself() -> None:
    same = [study(1), study(2)]
    for one in same:
        one.__dict__["seeds"] = {"tradeoff-gmi": len(same), "tradeoff-map-tree": 3}
    with pytest.raises(
        ParameterError, match="seed=2: must differ between the studies, of tradeoff-g"
    ):
        differences(*same)
    same[0].__dict__["seeds"] = {"tradeoff-gmi": 1, "tradeoff-map-tree": None}
    assert differences(*same)


def test_too_few_replicates_are_no_comparison() -> None:
    with pytest.raises(ParameterError, match="must share settings of 6 replicates"):
        differences(study(1, replicates=5), study(2, replicates=5))
    with_more = differences(study(1, replicates=6), study(2, replicates=14))
    assert len(with_more) == 24
    assert all(0 < one.p_value <= 1 for one in with_more)


def test_what_never_varies_agrees_and_what_jumps_does_not() -> None:
    still, moved = study(1), study(2)
    for one, level in ((still, 0.5), (moved, 0.6)):
        [panel] = one.played[0].panels
        panel.curves["constant"] = (
            Setting(tuple(point(1.0, level, replicate=i) for i in range(14))),
        )
    found = {one.key[1:]: one for one in differences(still, moved)}
    assert found["mid", "cost=1.0", "utility"].p_value == 1
    assert found["mid", "cost=1.0", "attack"].p_value == pytest.approx(1e-5)
