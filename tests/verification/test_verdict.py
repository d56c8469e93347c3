"""Cells, campaigns and verdicts: what is counted, what is flagged, and what a campaign must hold."""

from __future__ import annotations

import re
from math import inf, nextafter
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mipriv.errors import ParameterError
from mipriv.rigor.decimals import exact
from tests.verification.coins import COINS, CONTROLS, EXACT, HEAD, MONTE_CARLO
from verification.campaign import Campaign, Entry, Must
from verification.cell import Cell
from verification.outcome import Observed, Outcome, Theory
from verification.verdict import check, judge, judged_theory, line, violated

CELL: dict[str, Any] = {
    "campaign": "c",
    "learner": {"name": "coin", "epsilon": "0.1", "scores": [0, 1]},
    "population": {"name": "fair"},
    "n": 3,
    "parameters": {"attacker": "bayes", "trials": 10},
}
PLACE: dict[str, Any] = {"root": 0, "level": 0.01, "sources": "s"}


def cell(**changed: Any) -> Cell:
    return Cell(**CELL | changed)


def theory(upper: float) -> Theory:
    return Theory(lower=0.0, upper=upper, method="coin")


def seen(lower: float, upper: float = 1.0, trials: int = 0) -> Observed:
    return Observed(lower=lower, upper=upper, exact=not trials, trials=trials)


def read(folder: Path, text: str) -> Campaign:
    (folder / "coins.toml").write_text(text)
    return Campaign.read(folder / "coins.toml")


def test_a_cell_is_named_by_its_content() -> None:
    same = cell(learner=dict(reversed(CELL["learner"].items())))
    assert same.name(**PLACE) == cell().name(**PLACE)
    assert same.seed(0) == cell().seed(0)


@pytest.mark.parametrize(
    "changed",
    [
        {"campaign": "d"},
        {"learner": CELL["learner"] | {"epsilon": "0.10"}},
        {"learner": CELL["learner"] | {"scores": [1, 0]}},
        {"population": {"name": "unfair"}},
        {"n": 4},
        {"parameters": {"attacker": "bayes", "trials": 11}},
        {"control": "shuffled"},
    ],
)
def test_another_content_is_another_name_and_seed(changed: dict[str, Any]) -> None:
    other = cell(**changed)
    assert other.name(**PLACE) != cell().name(**PLACE)
    assert other.seed(0) != cell().seed(0)


def test_a_name_tells_seed_level_and_sources_and_a_seed_only_the_first() -> None:
    places = [PLACE, PLACE | {"root": 1}, PLACE | {"level": 0.02}, PLACE | {"sources": "t"}]
    assert len({cell().name(**place) for place in places}) == 4
    seeds = [cell().seed(root) for root in range(1000)]
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**53 for seed in seeds)


@pytest.mark.parametrize(
    "changed",
    [
        {"learner": {"epsilon": "1"}},
        {"learner": "coin"},
        {"population": {"name": 1}},
        {"n": 0},
        {"n": "3"},
        {"n": True},
        {"parameters": {"trials": -1}},
        {"parameters": {"trials": "10"}},
        {"parameters": {"prior": inf}},
        {"parameters": {"prior": fmpq(1, 2)}},
        {"control": "noise"},
    ],
)
def test_a_cell_that_is_none_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        cell(**changed)


def test_lists_are_crossed_and_decimals_kept(tmp_path: Path) -> None:
    cells = """
[[cells]]
learner = [
  {name = "coin", success = [0.10, 1e-30], scores = [[0, 1]]},
  {name = "broken", inner = {a = [1, 2]}},
]
population = {name = "fair", share = 1}
n = [1, 2, 3]
attacker = "bayes"
"""
    found = [one.cell for one in read(tmp_path, HEAD + cells + CONTROLS).entries][:12]
    assert len({one.canonical() for one in found}) == 12
    learners = [dict(one.learner) for one in found if one.n == 2]
    assert learners == [
        {"name": "coin", "success": "0.10", "scores": [0, 1]},
        {"name": "coin", "success": "1e-30", "scores": [0, 1]},
        {"name": "broken", "inner": {"a": 1}},
        {"name": "broken", "inner": {"a": 2}},
    ]
    assert all(one.parameters == {"attacker": "bayes"} and one.exact for one in found)


def test_the_significance_is_shared_among_monte_carlo_cells_that_are_no_controls(
    tmp_path: Path,
) -> None:
    campaign = read(tmp_path, HEAD + COINS + CONTROLS)
    assert campaign.monte_carlo == 16
    assert campaign.monte_carlo_controls == 3
    for entry in campaign.entries:
        share = exact(campaign.level(entry), "level")
        if entry.must is not None:
            whole = campaign.control_level / 3
        else:
            whole = campaign.significance / (1 if entry.cell.exact else 16)
        assert share <= whole < exact(nextafter(float(share.p) / float(share.q), 1) * 1.001, "x")
    assert read(tmp_path, HEAD + EXACT + CONTROLS).monte_carlo == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title =", "titel =", "key=titel"),
        ('title = "Coins"', "title = 1", "title"),
        ("significance = 0.001", "significance = 0", "significance=0"),
        ("significance = 0.001", "", "significance"),
        ("control_level = 0.001", "control_level = 1", "control_level=1"),
        ('play = "tests.verification.coins:play"', 'play = "play"', "module:function"),
        ("coin = [0.97, 1]", "", "tightness_of=coin"),
        ("coin = [0.97, 1]", "coin = 1", "tightness=1"),
        ("coin = [0.97, 1]", "coin = [1, 0.97]", "lower <= upper"),
        ("n = [1, 2, 3, 4]", "n = [1, 2, 2]", "different from all others"),
        ("n = [1, 2, 3, 4]", "n = []", "at least one value"),
        ("trials = [1000, 2000]", "trials = 1e3", "trials=1e3"),
        (
            'kind = ["noise-too-small", "theory-scaled"]',
            'kind = "theory-scaled"',
            "noise-too-small",
        ),
        ('kind = ["noise-too-small", "theory-scaled"]', 'kind = "noise"', "kind=noise"),
        ('kind = "shuffled"', 'kind = "theory-scaled"', "must hold a control shuffled"),
        ('must = "caught"', 'must = "not flagged"', "that must be caught"),
        ('must = "caught"', "", "must=None"),
        ('must = "caught"', 'must = "caught"\nfactor = 0.8', "come with a note"),
        ('must = "caught"', 'must = "caught"\nfactor = 1\nnote = "why"', "factor=1"),
        ('must = "not flagged"', 'must = "not flagged"\nfactor = 0.9', "left out of shuffled"),
        ("n = 1\n", "n = 0\n", "n=0"),
        ("title", "= title", "must be TOML"),
    ],
)
def test_a_campaign_that_is_none_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = HEAD + COINS + CONTROLS
    assert old in text
    read(tmp_path, text)
    with pytest.raises(ParameterError, match=re.escape(said)):
        read(tmp_path, text.replace(old, new, 1))


def test_a_campaign_without_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=re.escape("must be given as [[cells]]")):
        read(tmp_path, HEAD + CONTROLS)


def test_factors_are_the_usual_or_explained(tmp_path: Path) -> None:
    controls = CONTROLS.replace('must = "caught"', 'must = "caught"\nfactor = 0.8\nnote = "loose"')
    for text, factors, note in (
        (CONTROLS, ["0.9", "0.95"], ""),
        (controls, ["0.8", "0.8"], "loose"),
    ):
        entries = read(tmp_path, HEAD + EXACT + text).entries[-3:]
        assert [one.cell.parameters.get("factor") for one in entries] == [*factors, None]
        assert [one.note for one in entries] == [note, note, ""]


def test_a_table_may_state_its_own_tightness(tmp_path: Path) -> None:
    own = EXACT.replace("\nn =", "\ntightness = [0, 0.5]\nn =")
    entries = read(tmp_path, HEAD + MONTE_CARLO + own + CONTROLS).entries
    ranges = [one.tightness for one in entries]
    assert ranges[:16] == [(0.97, 1.0)] * 16
    assert ranges[16:] == [(0.0, 0.5)] * 4 + [None] * 3


@given(bound=st.floats(0.001, 1), share=st.floats(0, 2))
def test_violated_is_strictly_above(bound: float, share: float) -> None:
    upper = nextafter(bound, 2)
    assert not violated(theory(bound), seen(bound, 2))
    assert violated(theory(bound), seen(upper, 2))
    assert violated(theory(bound), seen(bound * share, 4)) == (bound * share > bound)


@given(lower=st.floats(0, 0.5), upper=st.floats(0.5, 1))
def test_a_scaled_theory_encloses_the_exact_product(lower: float, upper: float) -> None:
    given_theory = Theory(lower=lower, upper=upper, method="coin")
    control = cell(control="theory-scaled", parameters={"factor": "0.95"})
    scaled, factor = judged_theory(control, given_theory), fmpq(95, 100)
    ends = [exact(end, "end") for end in (scaled.lower, lower, upper, scaled.upper)]
    assert ends[0] <= factor * ends[1]
    assert factor * ends[2] <= ends[3]
    # a decimal of 20 digits, and then a double, next to the product on its outer side: no more
    # than the second double
    assert exact(nextafter(nextafter(scaled.upper, 0), 0), "end") < factor * ends[2]
    assert scaled.method == "0.95 x coin"
    assert judged_theory(cell(parameters={"factor": "0.95"}), given_theory) == given_theory
    noisy = cell(control="noise-too-small", parameters={"factor": "0.9"})
    assert judged_theory(noisy, given_theory) == given_theory


def test_a_line_is_checked_against_its_numbers() -> None:
    outcome = Outcome(theory=theory(0.5), observed=seen(0.4, 0.5, trials=10), p_value=0.5)
    found = line(cell(), outcome, name="a", seed=1, seconds=0.5)
    assert check(found) == found
    assert found["tightness"] == 0.9
    for key, value in (("violated", True), ("tightness", 0.91), ("tightness", None)):
        with pytest.raises(ParameterError, match=f"{key}="):
            check(found | {key: value})
    assert found["measures"] == {}
    assert check({key: one for key, one in found.items() if key != "measures"}) == found
    for damaged in ([], {"x": float("nan")}, {"panel": "p"}):
        with pytest.raises(ParameterError):
            check(found | {"measures": damaged})
    nothing = Outcome(theory=theory(0.0), observed=seen(0.0, 0.1))
    assert line(cell(), nothing, name="a", seed=1, seconds=0.5)["tightness"] is None


@pytest.mark.parametrize(
    "build",
    [
        lambda: Theory(lower=0.5, upper=0.4, method="coin"),
        lambda: Theory(lower=0.5, upper=inf, method="coin"),
        lambda: Theory(lower=0.4, upper=0.5, method=""),
        lambda: seen(0.5, 0.4),
        lambda: Observed(lower=0.0, upper=1.0, exact=True, trials=10),
        lambda: Observed(lower=0.0, upper=1.0, exact=False, trials=0),
        lambda: Outcome(theory=theory(0.5), observed=seen(0.1), p_value=0.5),
        lambda: Outcome(theory=theory(0.5), observed=seen(0.1, trials=10)),
        lambda: Outcome(theory=theory(0.5), observed=seen(0.1, trials=10), p_value=1.5),
        lambda: Outcome(theory=theory(0.5), observed=seen(0.1), measures={"value": inf}),
        lambda: Outcome(theory=theory(0.5), observed=seen(0.1), measures={"panel": "a point"}),
    ],
)
def test_an_outcome_that_is_none_is_refused(build: Any) -> None:
    with pytest.raises(ParameterError):
        build()


def entry(lower: float, upper: float = 0.5, trials: int = 0, **given_entry: Any) -> tuple[Any, Any]:
    """An entry against a theory of 0.5, and its line."""
    one = cell(
        n=round(lower * 1000) + 1,
        parameters={"trials": trials} if trials else {},
        control=given_entry.pop("control", None),
    )
    p_value = 0.01 if trials else None
    outcome = Outcome(theory=theory(0.5), observed=seen(lower, upper, trials), p_value=p_value)
    expected = {"tightness": (0.9, 1.0)} if "must" not in given_entry else {}
    found = line(one, outcome, name=str(one.n), seed=1, seconds=0.0)
    return Entry(cell=one, **expected | given_entry), found


def judged(*pairs: tuple[Any, Any]) -> Any:
    entries, lines = zip(*pairs, strict=True)
    campaign = Campaign(
        name="c",
        title="t",
        description="d",
        significance=fmpq(1, 100),
        control_level=fmpq(1, 100),
        entries=entries,
    )
    names = [found["cell"] for found in lines]
    return judge(campaign, lines, dict.fromkeys(names, 0.01))


GOOD = entry(0.48)
CAUGHT = entry(0.6, 0.7, 10, control="noise-too-small", must=Must.CAUGHT)
MISSED = entry(0.4, 0.7, 10, control="noise-too-small", must=Must.CAUGHT)
CALM = entry(0.1, 0.7, 10, control="shuffled", must=Must.NOT_FLAGGED)
FLAGGED = entry(0.7, 0.7, 10, control="shuffled", must=Must.NOT_FLAGGED)


@pytest.mark.parametrize(
    ("pairs", "passed"),
    [
        ([GOOD, CAUGHT, CALM], True),
        ([GOOD, entry(0.51, 0.6, 10), CAUGHT, CALM], False),
        ([GOOD, entry(0.51, 0.6), CAUGHT, CALM], False),
        ([GOOD, CAUGHT, MISSED, CALM], False),
        ([GOOD, CAUGHT, FLAGGED], False),
    ],
)
def test_a_campaign_passes_if_nothing_is_violated_and_controls_behave(
    pairs: list[Any], passed: bool
) -> None:
    found = judged(*pairs)
    assert found.passed == passed
    # a control that is caught is no violation
    violations = [one["cell"] for item, one in pairs if one["violated"] and item.must is None]
    assert found.violations == violations
    assert len(found.controls) == sum(item.must is not None for item, _ in pairs)


def test_p_values_are_adjusted_among_the_cells_they_belong_to() -> None:
    """Three Monte Carlo cells; neither exact cells nor controls count."""
    tested = [entry(0.4 + i / 100, 0.6, 10) for i in range(3)]
    found = judged(GOOD, *tested, CAUGHT, CALM)
    assert list(found.p_values) == [one["cell"] for _, one in tested]
    for one in found.p_values.values():
        assert one["p_value"] == 0.01
        # Holm: the least of m is multiplied by m, and none falls below one before it
        assert exact("0.03", "p") <= exact(one["holm"], "p") <= exact(nextafter(0.03, 1), "p")


def test_tightness_is_unexpected_only_where_chance_cannot_explain_it() -> None:
    loose, unsure = entry(0.4, 0.41), entry(0.2, 0.5, 10)
    found = judged(GOOD, loose, unsure, CAUGHT, CALM)
    assert [one["cell"] for one in found.unexpected] == [loose[1]["cell"]]
    assert found.passed
    assert found.tightness["coin"]["expected"] == [0.9, 1.0]
    least, most = found.tightness["coin"]["measured"]
    assert (least, most) == (unsure[1]["tightness"], GOOD[1]["tightness"])
