"""Two studies of other seeds, set against each other."""

from __future__ import annotations

from random import Random

import pytest

from mipriv.errors import ParameterError
from tests.verification.defences import point
from verification.campaign import Size
from verification.parts import Role
from verification.report.curves import Panel, Setting
from verification.report.record import Record
from verification.study.agree import differences
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
    assert flagged < 10


def test_too_few_replicates_are_no_comparison() -> None:
    with pytest.raises(ParameterError, match="must share settings of 6 replicates"):
        differences(study(1, replicates=5), study(2, replicates=5))
    assert differences(study(1, replicates=6), study(2))
