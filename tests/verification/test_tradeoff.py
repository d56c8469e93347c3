"""Trade-offs: frontiers, matched utility, and verdicts over replicates and by certified numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mipriv.errors import ParameterError
from mipriv.rigor.intervals import holm
from tests.verification.defences import point
from verification.certified import Certain, compare_exact, compare_frontiers
from verification.frontier import (
    BY_NOTHING,
    BY_SELECTION,
    GRID,
    Frontier,
    compare,
    envelope,
    frontier,
    paired,
)
from verification.measures import Point
from verification.parts import Better, Role, Utility
from verification.tradeoff import MIXING, Verdict, verdicts

PLACES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=8)


def line(one: Point, *, certain: bool = False, control: str | None = None) -> dict[str, Any]:
    """What a verdict reads of a result line, through JSON."""
    measures = json.loads(json.dumps(one.to_json()))
    return {"measures": measures, "observed": {"exact": certain}, "control": control}


def curve(
    defence: str,
    places: Sequence[tuple[float, float]],
    *,
    replicates: int = 10,
    noise: float = 0.01,
    seed: int = 0,
    role: Role = Role.MID,
    **changed: Any,
) -> list[Point]:
    """A defence's points in every replicate, with noise on the attack."""
    draws = Random(f"{seed} {defence}")
    return [
        point(
            cost,
            attack + noise * draws.gauss(),
            defence=defence,
            role=role,
            setting=f"cost={cost}",
            replicate=replicate,
            **changed,
        )
        for replicate in range(replicates)
        for cost, attack in places
    ]


def judged(*points: list[Point]) -> list[dict[str, Any]]:
    return verdicts([line(one) for each in points for one in each])


MID = [(0.2, 0.5), (0.5, 0.3), (0.8, 0.2)]
ENDS, CALM_ENDS = (
    [
        *curve("none", [(0.0, 0.6)], role=Role.UNDEFENDED, noise=noise),
        *curve("constant", [(1.0, 0.1)], role=Role.CONSTANT, noise=noise),
    ]
    for noise in (0.01, 0.0)
)


@given(PLACES, st.integers(0, 12))
def test_the_envelope_is_the_least_mixture(places: list[tuple[int, int]], cost: int) -> None:
    """Against every pair of settings, mixed so that the cost is at most the one asked for."""
    exact = [(Fraction(c), Fraction(a)) for c, a in places]
    kept = [exact[i] for i in envelope(exact)]
    assert kept == sorted(kept)
    least = [a for c, a in exact if c <= cost]
    for c0, a0 in exact:
        for c1, a1 in exact:
            if c0 < cost < c1:
                share = (cost - c0) / (c1 - c0)
                least.append((1 - share) * a0 + share * a1)
    if not least:
        assert cost < kept[0][0]
        return
    found = Frontier(tuple((float(c), float(a)) for c, a in kept), 12.0).at(cost)
    # (1 - t) a + t b with t of two roundings: five of 2^-53, of numbers up to 12
    assert abs(Fraction(found) - min(least)) <= Fraction(12 * 8, 2**53)
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(kept)]
    assert slopes == sorted(set(slopes))
    assert all(slope < 0 for slope in slopes)


def test_settings_are_chosen_on_selection_and_judged_on_the_test() -> None:
    """The second is best by chance of the test alone; the third by selection."""
    own = [
        point(0.1, 0.5, selection=(0.1, 0.5)),
        point(0.2, 0.0, selection=(0.2, 0.6)),
        point(0.3, 0.4, selection=(0.3, 0.2)),
        point(0.4, 0.1, selection=(0.4, 0.2)),
    ]
    found = frontier(own, by=BY_SELECTION)
    assert found.places == ((0.1, 0.5), (0.3, 0.4))
    assert found.last == 0.4
    assert found.at(0.35) == 0.4  # the cost that could still be borne is not needed
    with pytest.raises(ParameterError, match="selection="):
        frontier([*own, point(0.5, 0.1)], by=BY_SELECTION)


def test_costs_that_change_places_do_not_bring_back_what_was_improved_upon() -> None:
    """By selection the second costs a little more and leaves far less; in the test it costs less."""
    own = [point(0.127, 0.95, selection=(0.12, 0.95)), point(0.126, 0.1, selection=(0.13, 0.1))]
    ends = [point(0.9, 0.01, selection=(0.9, 0.01))]
    found = frontier(own, ends, by=BY_SELECTION)
    assert found.first == 0.126
    assert (found.at(0.126), found.at(0.9)) == (0.1, 0.01)
    assert found.at(0.127) < 0.1  # not 0.95
    assert abs(found.at(0.513) - 0.055) < 1e-15


def test_where_nothing_chooses_every_setting_counts() -> None:
    own = [point(0.3, 0.4), point(0.1, 0.5), point(0.2, 0.9)]
    ends = [point(0.0, 0.6), point(0.15, 0.0), point(1.0, 0.1)]
    found = frontier(own, ends, by=BY_NOTHING)
    # the end point in between is no better than what is chosen: it is left out
    assert found.places == ((0.0, 0.6), (0.1, 0.5), (0.2, 0.9), (0.3, 0.4), (1.0, 0.1))
    assert found.at(0.0) == 0.6
    assert abs(found.at(0.65) - 0.25) < 1e-15  # half way from 0.3 to 1: a few of 2^-53
    assert frontier([], ends[:1], by=BY_NOTHING).places == ((0.0, 0.6),)
    with pytest.raises(ParameterError, match="points=0"):
        frontier([], by=BY_NOTHING)
    with pytest.raises(ParameterError, match="cost="):
        found.at(-0.1)


def test_of_two_settings_at_one_utility_none_is_chosen_by_its_attack() -> None:
    found = frontier([point(0.1, 0.2), point(0.1, 0.5), point(0.3, 0.1)], by=BY_NOTHING)
    assert found.at(0.1) == 0.35
    assert abs(found.at(0.2) - 0.225) < 1e-15  # two roundings


def test_frontiers_are_compared_on_the_utilities_that_both_reach() -> None:
    first = [Frontier(((0.0, 0.5), (1.0, 0.1)), 1.0), Frontier(((0.1, 0.5), (1.0, 0.1)), 1.0)]
    second = [Frontier(((0.2, 0.4), (0.6, 0.4)), 0.6)] * 2
    found = compare(list(zip(first, second, strict=True)), by=BY_NOTHING)
    assert len(found.grid) == len(found.profile) == GRID
    assert (found.grid[0], found.grid[-1]) == (0.2, 0.6)
    # each replicate where both reach: one that starts later moves the others' grids in no way
    late = [*zip(first, second, strict=True), (Frontier(((0.5, 0.5),), 1.0), second[0])]
    assert compare(late, by=BY_NOTHING).differences[:2] == found.differences
    assert compare(late, by=BY_NOTHING).grid[0] == pytest.approx((0.2 + 0.2 + 0.5) / 3)
    # the first replicate: 0.5 - 0.4 c - 0.4, from 0.02 to -0.14, mean -0.06; the second: a line
    # too, (0.5 - 4/9 (c - 0.1)) - 0.4, at the middle -1/30; roundings of 2^-53 each
    assert abs(found.differences[0] + 0.06) < 1e-15
    assert abs(found.differences[1] + 1 / 30) < 1e-15
    # means of two lines from 0.5 - 4/9 0.1 - 0.4 and 0.02 fall through 0 before a fourth of the way
    assert found.below == pytest.approx(19 / 25, abs=0.05)
    apart = compare([(first[0], Frontier(((2.0, 0.1),), 2.0))], by=BY_NOTHING)
    assert (apart.grid, apart.mean, apart.p_value, apart.interval) == ((), None, None, None)


def test_only_replicates_with_all_settings_count() -> None:
    first = {r: [point(0.1, 0.5), point(0.2, 0.4)] for r in range(3)} | {3: [point(0.1, 0.5)]}
    second = {r: [point(0.1, 0.6, defence="b"), point(0.3, 0.4, defence="b")] for r in range(1, 5)}
    found = paired(first, second, {})
    assert found is not None
    assert found.replicates == 2
    assert paired({0: first[0]}, {1: second[1]}, {}) is None
    assert paired(first, {}, {}) is None


def test_a_defence_that_is_better_everywhere_dominates() -> None:
    worse = [(cost, attack + 0.05) for cost, attack in MID]
    rival = curve("other", worse, role=Role.BASELINE)
    [found] = judged(curve("mid", MID), rival)
    assert found["verdict"] == Verdict.DOMINATES
    assert found["p_value"] == found["holm"] == 2 / 2**10
    assert found["difference"]["lower"] < -0.05 < found["difference"]["upper"] < 0
    assert found["below"] == 1
    assert found["replicates"] == 10
    assert found["chosen_by"] == BY_NOTHING
    assert found["utilities"] == {"name": "error", "from": 0.2, "to": 0.8, "number": GRID}
    swapped = curve("other", MID, role=Role.BASELINE), curve("mid", worse)
    assert judged(*swapped)[0]["verdict"] == Verdict.DOMINATED
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_copy_of_a_defence_is_a_tie_and_an_equal_one_surely() -> None:
    same = curve("mid", MID, noise=0)
    [found] = judged(same, curve("copy", MID, noise=0, role=Role.DP))
    assert found["verdict"] == Verdict.TIE
    assert found["p_value"] == 1
    assert found["difference"]["mean"] == 0


def test_a_utility_that_is_better_high_is_turned() -> None:
    def turned(points: list[Point]) -> list[Point]:
        found = [one.to_json() for one in points]
        for one in found:
            better = {"name": "accuracy", "value": 1 - one["utility"]["value"], "better": "high"}
            one["utility"] = better
        return [Point.from_json(one) for one in found]

    worse = curve("other", [(c, a + 0.05) for c, a in MID], role=Role.BASELINE)
    [found] = judged(turned(curve("mid", MID)), turned(worse))
    assert found["verdict"] == Verdict.DOMINATES
    # 1 - c of two decimals, and turned twice
    assert found["utilities"] | {"from": 0.8, "to": 0.2} == {
        "name": "accuracy",
        "from": 0.8,
        "to": 0.2,
        "number": GRID,
    }
    assert abs(found["utilities"]["from"] - 0.8) + abs(found["utilities"]["to"] - 0.2) < 1e-15


def test_mixing_the_end_points_is_a_rival_of_its_own() -> None:
    rows = judged(curve("mid", MID, noise=0), CALM_ENDS)
    assert [(row["rival"], row["verdict"]) for row in rows] == [(MIXING, Verdict.DOMINATES)]
    # below the line 0.6 - 0.5 c by 0.05 at 0.5 and by nothing from 0.2 down and from 0.8 up
    gaps = [max(0.0, 0.05 * (1 - abs(step / (GRID - 1) - 0.5) / 0.3)) for step in range(GRID)]
    assert abs(rows[0]["difference"]["mean"] + sum(gaps) / GRID) < 1e-15
    on_the_line = curve("mid", [(0.5, 0.35)])
    assert judged(on_the_line, ENDS)[0]["verdict"] == Verdict.TIE


def test_comparisons_share_the_level_by_holm() -> None:
    shifts = {"a": 0.05, "b": 0.004, "c": 0.0}
    rivals = [
        curve(name, [(c, a + shift) for c, a in MID], role=Role.BASELINE)
        for name, shift in shifts.items()
    ]
    other = [
        [Point.from_json(one.to_json() | {"panel": "second"}) for one in points]
        for points in (curve("mid", MID), *rivals)
    ]
    rows = judged(curve("mid", MID), *rivals, *other)
    assert [(row["panel"], row["rival"]) for row in rows] == [
        (panel, name) for panel in ("panel", "second") for name in shifts
    ]
    adjusted = holm([row["p_value"] for row in rows])
    assert [row["holm"] for row in rows] == list(adjusted)
    assert rows[0]["holm"] == 6 * rows[0]["p_value"]
    for row in rows:
        significant = row["holm"] <= 0.05
        assert (row["verdict"] == Verdict.TIE) == (not significant)
    assert rows[0]["verdict"] == rows[3]["verdict"] == Verdict.DOMINATES


def test_too_few_replicates_are_said_to_be_too_few() -> None:
    worse = [(cost, attack + 0.2) for cost, attack in MID]
    [five] = judged(
        curve("mid", MID, replicates=5), curve("b", worse, replicates=5, role=Role.BASELINE)
    )
    assert five["verdict"] == Verdict.TOO_FEW
    assert five["reason"] == "at least 6 are needed"
    assert five["p_value"] == 2 / 2**5
    assert five["holm"] is None
    assert five["difference"]["lower"] is None
    [six] = judged(
        curve("mid", MID, replicates=6), curve("b", worse, replicates=6, role=Role.BASELINE)
    )
    assert six["verdict"] == Verdict.DOMINATES
    # two comparisons: 2 x 2/2^6 is above 0.05, whatever is measured; 2 x 2/2^7 is not
    rivals = [curve(name, worse, replicates=6, role=Role.BASELINE) for name in "bc"]
    rows = judged(curve("mid", MID, replicates=6), *rivals)
    assert [row["verdict"] for row in rows] == [Verdict.TOO_FEW] * 2
    assert rows[0]["reason"] == "2 comparisons need at least 7"


def test_what_cannot_be_compared_is_said_and_does_not_count() -> None:
    mid = curve("mid", MID)
    far = curve("far", [(0.9, 0.1)], role=Role.BASELINE)
    other = curve(
        "other",
        MID,
        role=Role.BASELINE,
        utility=Utility(name="accuracy", value=0.5, better=Better.HIGH),
    )
    rows = judged(mid, far, curve("near", MID, role=Role.DP))
    assert rows[0]["verdict"] == Verdict.NOT_COMPARABLE
    assert rows[0]["reason"] == "in some replicate no utility is reached by both"
    assert rows[1]["holm"] == rows[1]["p_value"]
    assert judged(mid, other)[0]["reason"] == "its points measure different things"
    twice = judged(mid, mid, curve("near", MID, role=Role.DP))
    assert twice[0]["reason"] == "a setting was played twice in a replicate"
    apart = [Point.from_json(one.to_json() | {"replicate": 20 + one.replicate}) for one in far]
    assert judged(mid, apart)[0]["reason"] == "no replicate has every setting of both"
    many = curve("mid", MID, replicates=33), curve("b", MID, replicates=33, role=Role.DP)
    assert judged(*many)[0]["verdict"] == Verdict.NOT_COMPARABLE
    assert verdicts([{"measures": {}, "observed": {"exact": True}, "control": None}]) == []
    controls = [line(one, control="shuffled") for one in (*mid, *far)]
    assert verdicts(controls) == []


def test_selection_is_used_where_all_points_have_it() -> None:
    def chosen(points: list[Point]) -> list[Point]:
        extra = {"selection": {"utility": 0.0, "attack": 0.0}}
        return [
            Point.from_json(
                one.to_json()
                | extra
                | {"selection": {"utility": one.utility.value, "attack": one.attack.value}}
            )
            for one in points
        ]

    mid, rival = curve("mid", MID), curve("b", MID, role=Role.BASELINE)
    assert judged(chosen(mid), chosen(rival))[0]["chosen_by"] == BY_SELECTION
    assert judged(chosen(mid), rival)[0]["chosen_by"] == BY_NOTHING


def certain(defence: str, places: Sequence[tuple[float, float]], half: float = 0.0) -> list[Point]:
    role = Role.MID if defence == "mid" else Role.BASELINE
    return [point(cost, attack, half=half, defence=defence, role=role) for cost, attack in places]


@pytest.mark.parametrize(
    ("shifts", "half", "verdict"),
    [
        ((-0.1, -0.1, -0.1), 0.01, Certain.BELOW),
        ((0.1, 0.1, 0.1), 0.01, Certain.ABOVE),
        ((-0.1, 0.1, 0.0), 0.01, Certain.CROSSES),
        ((-0.1, 0.0, 0.0), 0.01, Certain.NOT_ABOVE),
        ((0.0, 0.1, 0.1), 0.01, Certain.NOT_BELOW),
        ((0.0, 0.0, 0.0), 0.0, Certain.EQUAL),
        ((0.0, 0.0, 0.0), 0.01, Certain.EQUAL),
        ((-0.1, -0.1, 0.1), 0.06, Certain.EQUAL),  # enclosures that overlap certify nothing
    ],
)
def test_certified_numbers_are_compared_at_each_utility(
    shifts: Sequence[float], half: float, verdict: Certain
) -> None:
    moved = [(c, a + shift) for (c, a), shift in zip(MID, shifts, strict=True)]
    found = compare_exact(certain("mid", moved, half), certain("b", MID, half))
    assert found.verdict == verdict
    assert found.utilities == tuple(cost for cost, _ in MID)
    gaps = [Fraction(a + shift) - Fraction(a) for (_, a), shift in zip(MID, shifts, strict=True)]
    low, high = Fraction(found.difference.lower), Fraction(found.difference.upper)
    assert low <= min(gaps) <= max(gaps) <= high
    # four ends of half each, rounded, and then outward
    assert high - low <= max(gaps) - min(gaps) + 4 * Fraction(half) + Fraction(16, 2**53)
    lines = [
        line(one, certain=True) for one in (*certain("mid", moved, half), *certain("b", MID, half))
    ]
    [row] = verdicts(lines)
    assert row["verdict"] == verdict
    assert (row["below"], row["above"]) == (found.below / 3, found.above / 3)
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_utilities_that_are_not_the_same_are_refused() -> None:
    mid = certain("mid", MID)
    for other in (mid[:2], [], [*mid, mid[0]]):
        with pytest.raises(ParameterError):
            compare_exact(mid, other)
    with pytest.raises(ParameterError):
        compare_exact([], [])


def test_certified_frontiers_are_compared_where_utilities_differ() -> None:
    """Two settings against the line between the end points, which is 0.6 - 0.5 c."""
    ends = [point(0.0, 0.6), point(1.0, 0.1)]
    line_of_two = certain("b", [(0.25, 0.475)])  # on it
    below = compare_frontiers(certain("mid", [(0.5, 0.3)]), line_of_two, ends)
    assert below is not None
    assert below.verdict == Certain.BELOW
    assert below.utilities == (0.25, 0.5)
    # at 0.25: (0.6 + 0.3)/2 - 0.475 = -0.025; at 0.5: 0.3 - 0.35 = -0.05
    assert Fraction(below.difference.lower) <= Fraction(3, 10) - Fraction(35, 100)
    assert abs(below.difference.lower + 0.05) + abs(below.difference.upper + 0.025) < 1e-15
    wide = compare_frontiers(certain("mid", [(0.5, 0.3)], 0.06), line_of_two, ends)
    assert wide is not None
    assert wide.verdict == Certain.EQUAL
    assert compare_frontiers(certain("a", [(0.1, 0.5)]), certain("b", [(0.2, 0.4)])) is None
    rows = verdicts(
        [line(one, certain=True) for one in (*certain("mid", [(0.5, 0.3)]), *line_of_two)]
    )
    assert rows[0]["reason"] == "no setting has a utility that both reach"


def test_one_replicate_that_is_not_certified_is_too_few() -> None:
    points = [*certain("mid", MID), *certain("b", MID)]
    assert verdicts([line(one) for one in points])[0]["verdict"] == Verdict.TOO_FEW
