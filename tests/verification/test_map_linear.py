"""MAP on linear regression, played: patients whose gene is secret, against the exact line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from mipriv.datasets.iwpc import COLUMNS as TABLE
from mipriv.errors import ParameterError
from mipriv.learn.baselines.answers import answers_of
from mipriv.populations.warfarin import ATTRIBUTES, COLUMNS, INTERCEPT, VALUES, Warfarin
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import proportion
from verification import data
from verification.campaign import Size, named
from verification.cell import Cell, Control
from verification.inversion import worlds
from verification.inversion.attackers import map_linear as levels
from verification.inversion.defences import defence
from verification.inversion.lines import Asked, line, utility
from verification.inversion.patients import WarfarinWorld, iwpc, warfarin
from verification.inversion.play import play
from verification.inversion.worlds import World, world
from verification.measures import Point
from verification.outcome import Outcome
from verification.parts import Kind
from verification.verdict import judged_theory, violated

V = {"name": "warfarin", "secret": "VKORC1", "side": "rest"}
C = {**V, "secret": "CYP2C9"}
LABEL = {**V, "label": True}
GAUSSIAN = {
    "name": "gaussian", "dimension": 3, "correlation": "0.25", "noise": 1, "side": "rest",
}  # fmt: skip
DIABETES = {"name": "diabetes", "side": "rest"}
BARE = {"name": "least-squares"}
CONSTANT = {"name": "constant-mean"}
MID = {"name": "mid-linear", "lam": "0.6", "noise": "fresh"}
FIXED = {"name": "mid-linear", "lam": "0.6"}
QUIET = {"name": "mid-linear", "release": "deterministic"}
NOISE = {"name": "output-noise", "of": BARE, "scale": "0.5", "noise": "fresh"}
DP = {
    "name": "dp-linear", "epsilon": 10, "centre": [6, 170, 80] + [0] * 11,
    "radius": [8, 60, 120, 3, 3, 2, 2, 1, 1, 1, 2, 2, 1, 2], "label_centre": 5, "label_radius": 5,
}  # fmt: skip
SEVERAL = {"auxiliary": 100, "selection": 50, "trials": 140}
CAUGHT = 1e-6  # chance that a cell is flagged, each


def cell(learner: Any, population: Any, *, n: int = 150, control: Any = None, **given: Any) -> Cell:
    usual = {"replicate": 0, "auxiliary": 1000, "trials": 1500, "attack": "map-linear"}
    return Cell(
        campaign="test",
        learner=learner,
        population=population,
        n=n,
        parameters=usual | given,
        control=control,
    )


def drawn() -> np.random.Generator:
    return np.random.default_rng(11)


def fit(learner: Any, place: World) -> Any:
    train = place.records(300, np.random.default_rng(12))
    return defence(learner, place, seed=3, factor=fmpq(1)).estimator.fit(train.X, train.y)


def played(learner: Any, population: Any, **given: Any) -> Outcome:
    one = cell(learner, population, **given)
    return play(one, one.seed(0), CAUGHT)


def point(learner: Any, population: Any, **given: Any) -> Point:
    return Point.from_json(played(learner, population, **given).measures)


def reached(found: Point, level: str, queries: int | None = 1) -> float:
    """The success of a level."""
    return found.attacks[level if queries is None else f"{level}, q = {queries}"].value


PLAYED = [
    (MID, V, {}),
    (MID, V, {"queries": 8}),
    (MID, V, {"asking": "white-box"}),
    (FIXED, V, {"queries": 2}),
    ({**MID, "sensitive": [3, 4]}, V, {}),
    ({**MID, "estimator": "taylor2"}, V, {}),
    ({**NOISE, "shrink": True}, C, {}),
    ({**NOISE, "law": "laplace"}, V, {}),
    ({"name": "rounding", "of": BARE, "step": 1}, V, {}),
    ({"name": "ridge", "lam": 1}, V, {}),
    ({"name": "drop-sensitive", "of": BARE, "sensitive": [3, 4]}, V, {}),
    (DP, V, {}),
    (MID, LABEL, {}),
    (CONSTANT, LABEL, {}),
    ({**QUIET, "lam": 1}, LABEL, {}),
    ({**MID, "lam": 2}, GAUSSIAN, {}),
    ({**QUIET, "lam": 2}, GAUSSIAN, {}),
    ({**MID, "lam": 600}, DIABETES, SEVERAL),
    ({"name": "mid-linear", "lam": 600}, DIABETES, SEVERAL),
    (CONSTANT, DIABETES, SEVERAL),
]


@pytest.mark.parametrize(("learner", "population", "given"), PLAYED)
def test_no_attack_crosses_its_line(learner: Any, population: Any, given: Any) -> None:
    outcome = played(learner, population, **{"selection": 100} | given)
    assert not violated(outcome.theory, outcome.observed)
    assert outcome.p_value is not None
    assert outcome.p_value >= CAUGHT
    found = Point.from_json(outcome.measures)
    assert found.panel.startswith("MAP linear: ")
    assert any(name.startswith("MAP as published") for name in found.attacks)
    assert found.bayes is not None
    assert found.base <= found.bayes.upper + 1e-12  # both rounded outward, of doubles below 1


def test_an_exact_answer_tells_the_gene_and_a_constant_nothing() -> None:
    bare = point(BARE, V)
    assert bare.bayes is not None
    assert bare.bayes.lower == bare.bayes.upper == 1.0
    assert reached(bare, levels.SIDED) == reached(bare, levels.REFITTED) == 1.0
    for population in (V, C):
        constant = point(CONSTANT, population)
        assert constant.bayes is not None
        assert constant.bayes.upper == constant.base


def test_who_rescales_undoes_shrinkage_and_who_does_not_sees_a_trade_off() -> None:
    """Up to the gain at which the published attack says the likeliest gene of all, of everybody.

    Of many records, where shrinkage costs: few overfit, and some of it helps.
    """
    found = [point({**QUIET, "lam": lam}, V, n=1000) for lam in ("0.05", "0.8", "4")]
    assert all(reached(one, levels.SIDED) == 1.0 for one in found)
    published = [reached(one, levels.PUBLISHED) for one in found]
    assert 1.0 >= published[0] >= published[1] > published[2]
    assert published[2] == reached(point(CONSTANT, V, n=1000), levels.PUBLISHED)
    assert 0 < found[0].cost < found[1].cost < found[2].cost < 1


def test_noise_fixed_for_each_input_is_undone_by_asking_about_every_gene() -> None:
    fixed, fresh = point(FIXED, V), point(MID, V)
    assert reached(fixed, levels.ASKING, None) == 1.0 == fixed.attack.value
    assert fixed.bayes is not None
    assert fixed.bayes.upper == 1.0
    assert levels.ASKING not in fresh.attacks
    assert fresh.bayes is not None
    assert fresh.bayes.upper < 0.9
    assert fixed.bayes.kind is Kind.EXACT
    # no noise was added where nothing is left of the answer: nothing is found
    blind = point({**FIXED, "lam": 100}, V)
    assert levels.ASKING not in blind.attacks
    assert blind.bayes is not None
    assert blind.bayes.upper == blind.base


@pytest.mark.parametrize(
    "learner",
    [
        {"name": "rounding", "of": {**NOISE, "noise": "per-input"}, "step": "0.1"},
        {**NOISE, "of": FIXED},
        {"name": "drop-sensitive", "of": FIXED, "sensitive": [3, 4]},
        {**NOISE, "noise": "per-input", "law": "laplace"},
    ],
    ids=["rounded", "under fresh noise", "the same for every gene", "of another law"],
)
def test_a_table_that_may_not_tell_every_gene_leaves_a_ceiling(learner: Any) -> None:
    place = world(V)
    model = fit(learner, place)
    found = line(place, model, Asked(queries=1, independent=1), place.records(1, drawn()), 0)
    assert (found.kind, found.allowed.upper) == (Kind.CEILING, 1.0)
    assert found.allowed.method.startswith("ceiling: noise fixed for each input")


def test_all_values_of_a_number_asked_about_exceed_a_line_that_knows_no_table() -> None:
    """So that the line says it is not for who asks so, and the attack is not held to it.

    Wide cells are few: the answer is found under its own, and seldom under another by chance.
    """
    place = world(GAUSSIAN)
    learner = {**FIXED, "lam": "5", "grid": "0.05"}
    model = fit(learner, place)
    seen = place.records(400, drawn())
    found = line(place, model, Asked(queries=1, independent=1), seen, 0)
    assert found.allowed.method.endswith("who asks about no record that shares its noise")
    heard, width = answers_of(model, seen.X).ravel(), model.noise_.cells[0]
    tried = np.arange(-round(4 / width), round(4 / width) + 1) * width  # 4 of its deviations
    blur = abs(model.coef_[0]) * width / 2 * (1 + 1e-9)  # of the answers in a cell, and of rounding
    hits = 0
    for row, own, secret in zip(seen.X, heard, seen.secret, strict=True):
        asked = np.repeat(row[None], len(tried), axis=0)
        asked[:, 0] = tried
        fits = tried[np.abs(answers_of(model, asked).ravel() - own) <= blur]
        hits += int((np.sum(fits > 0) > len(fits) / 2) == bool(secret))
    reached = proportion(hits=hits, trials=len(seen), confidence="0.999999")
    assert reached.lower > found.allowed.upper
    with pytest.raises(ParameterError, match="must draw its noise afresh"):
        played(learner, GAUSSIAN)


def test_averaging_undoes_fresh_noise() -> None:
    once, often = (point(MID, V, queries=q) for q in (1, 64))
    assert once.bayes is not None
    assert often.bayes is not None
    assert once.bayes.upper < 0.9 < 0.99 < often.bayes.lower
    assert reached(often, levels.SIDED, 1) < 0.9 < 0.99 < reached(often, levels.SIDED, 64)


def test_a_guess_from_the_label_needs_no_model() -> None:
    """As published it stays below who knows no model, whatever the defence: the constant too."""
    for learner in (BARE, {**QUIET, "lam": "1.2"}, CONSTANT):
        found = point(learner, LABEL)
        assert reached(found, levels.LABEL, None) < found.base
        own = found.attacks[levels.OWN]
        assert reached(found, levels.LABEL, None) < own.value
        assert own.lower <= found.base <= own.upper  # but for a chance of 1e-6
    # y, which is normal with deviation 1.1, tells more than the race
    assert point(CONSTANT, LABEL).base > point(CONSTANT, V).base


def test_the_excess_is_that_of_all_records() -> None:
    """Against an enumeration in doubles: 62,208 products of numbers below 20, a relative 2^-37."""
    population = Warfarin()
    joint = population.joint()
    codes = np.stack(np.unravel_index(np.arange(len(joint.masses)), joint.arities), axis=1)
    masses = np.array(joint.numerators) / joint.denominator
    X, mean = population.design(codes), population.mean(codes)
    place = warfarin(secret="VKORC1")
    variance = masses @ mean**2 - (masses @ mean) ** 2
    assert float(arb(place.variance)) == pytest.approx(variance, rel=1e-11)
    split = place.split((200, 1, 1, 1), np.random.default_rng(5))
    for learner, noise in ((BARE, 0.0), (MID, None), ({"name": "ridge", "lam": "0.3"}, 0.0)):
        model = defence(learner, place, seed=0, factor=fmpq(1)).estimator
        model.fit(split.train.X, split.train.y)
        added = model.noise_variance_ if noise is None else noise
        miss = X @ model.coef_ + model.intercept_ - mean
        excess = (masses @ miss**2 + added) / variance
        assert utility(place, model, split.evaluation)["value"] == pytest.approx(excess, rel=1e-10)


def test_with_the_label_the_best_guess_lies_within_the_line() -> None:
    """Bayes' rule on both numbers, drawn from the law; an interval that misses once in a million."""
    place = warfarin(secret="VKORC1", label=True)
    split = place.split((2000, 1, 1, 20_000), np.random.default_rng(6))
    seen, rng = split.evaluation, np.random.default_rng(7)
    start, rows = place.population.dummies("VKORC1")
    for lam in ("0.2", "1.2"):
        learner = {**MID, "lam": lam}
        model = defence(learner, place, seed=0, factor=fmpq(1)).estimator
        model.fit(split.train.X, split.train.y)
        ends = line(place, model, Asked(queries=1, independent=1), seen, 0).allowed
        noise = model.noise_variance_
        answers = model.mean(seen.X) + noise**0.5 * rng.normal(size=len(seen))
        race = np.zeros(len(seen), dtype=int)
        for code, name in enumerate(VALUES["race"][1:], start=1):
            race += code * seen.X[:, COLUMNS.index(f"race {name}")].astype(int)
        scores = []
        for code, row in enumerate(rows):
            X = seen.X.copy()
            X[:, start : start + 2] = row
            prior = np.array(
                [float(arb(one.prior[code])) for one in place.population.strata("VKORC1")]
            )
            mean = X @ np.array([float(arb(b)) for b in place.population.coefficients()])
            label = (seen.y - mean - float(INTERCEPT)) ** 2 / (2 * 1.1**2)
            answer = (answers - model.mean(X)) ** 2 / (2 * noise)
            scores.append(np.log(prior[race]) - label - answer)
        hits = int((np.argmax(scores, axis=0) == seen.secret).sum())
        found = proportion(hits=hits, trials=len(seen), confidence="0.999999")
        assert found.lower <= ends.upper
        assert ends.lower <= found.upper
        assert ends.upper < 0.99


def test_what_is_wrong_on_purpose_is_caught_and_what_is_blind_is_not() -> None:
    for kind, given in (
        (Control.NOISE_TOO_SMALL, {"factor": "0.7"}),
        (Control.THEORY_SCALED, {"factor": "0.9"}),
        (Control.SHUFFLED, {}),
    ):
        one = cell(MID, V, control=kind, **dict[str, Any](given, auxiliary=4000, trials=10_000))
        outcome = play(one, one.seed(0), CAUGHT)
        flag = violated(judged_theory(one, outcome.theory), outcome.observed)
        assert flag == (kind != Control.SHUFFLED), kind


def test_one_seed_one_point() -> None:
    one = cell(MID, V, queries=2, selection=50)
    again = [play(one, 5, CAUGHT) for _ in range(2)]
    assert again[0] == again[1]
    assert play(one, 6, CAUGHT) != again[0]


def test_the_campaign_holds_what_it_says() -> None:
    full, small = (named("tradeoff-map-linear", size) for size in (Size.FULL, Size.SMALL))
    assert len(small.entries) < len(full.entries)
    for one in small.entries:
        place = world(one.cell.population)
        assert defence(one.cell.learner, place, seed=0, factor=fmpq(1)).estimator
    kinds = {one.cell.control for one in full.entries}
    assert kinds == {None, *Control}
    replicates = {one.cell.parameters["replicate"] for one in full.entries}
    assert replicates == set(range(14))
    for one in full.entries:  # of numbers no noise is a table; a release without noise names none
        if one.cell.population["name"] == "gaussian":
            silent = one.cell.learner.get("release") == "deterministic"
            bare = one.cell.learner["name"] in ("least-squares", "constant-mean")
            assert silent or bare or one.cell.learner["noise"] == "fresh"
    again = [
        (one.cell.learner["lam"], one.cell.parameters["queries"])
        for one in full.entries
        if one.cell.learner.get("sensitive") == [3, 4]
        and one.cell.learner["name"] == "mid-linear"
        and one.cell.parameters.get("queries", 1) > 1
    ]
    assert set(again) == {(lam, queries) for lam in ("0.1", "0.2", "0.4") for queries in (8, 64)}


@pytest.fixture
def cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Drawn patients in the columns of the consortium's file, in a folder of their own."""
    codes, y = Warfarin().sample(600, np.random.default_rng(8))
    header = (
        "Race (OMB)", "Age", "Height (cm)", "Weight (kg)", "VKORC1 -1639 consensus",
        "CYP2C9 consensus", "Amiodarone (Cordarone)", "Therapeutic Dose of Warfarin",
        "Carbamazepine (Tegretol)", "Phenytoin (Dilantin)", "Rifampin or Rifampicin",
    )  # fmt: skip
    races = {"White": "White", "Asian": "Asian", "Black": "Black or African American"}
    with (tmp_path / data.IWPC).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(header)
        for record, dose in zip(codes.tolist(), y.tolist(), strict=True):
            named = {
                name: VALUES[name][code] for name, code in zip(ATTRIBUTES, record, strict=True)
            }
            age = f"{named['decade']}0 - {named['decade']}9"
            rows.writerow(
                [races[named["race"]], age, named["height"], named["weight"], named["VKORC1"],
                 named["CYP2C9"], named["amiodarone"], dose**2, named["inducer"], 0, 0]
            )  # fmt: skip
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    worlds._world.cache_clear()  # a world of another folder may be kept
    yield tmp_path
    worlds._world.cache_clear()


def test_a_cohort_of_ones_own(cohort: Path) -> None:
    assert "iwpc.csv" not in " ".join(named("tradeoff-map-linear").left_out)
    place = iwpc(secret="VKORC1")
    codes, _ = Warfarin().sample(600, np.random.default_rng(8))
    assert [column.name for column in TABLE] == list(ATTRIBUTES)
    assert (Warfarin().design(codes) == place.X).all()
    assert (place.secret == codes[:, ATTRIBUTES.index("VKORC1")]).all()
    given = {"auxiliary": 150, "selection": 50, "trials": 200}
    found = point(BARE, {**V, "name": "iwpc"}, **given)
    assert found.attack.value == 1.0
    assert found.base < 1.0
    dropped = {"name": "drop-sensitive", "of": BARE, "sensitive": [3, 4]}
    assert point(dropped, {**V, "name": "iwpc"}, **given).attack.value < 1.0


def test_bad_tables_are_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    worlds._world.cache_clear()
    for learner, population in (
        (MID, {**V, "secret": "age"}),
        (MID, {**V, "side": "none"}),
        (MID, {**V, "colour": 1}),
        (MID, {**V, "noise": 0}),
        (MID, {**V, "name": "iwpc"}),
        (MID, {**DIABETES, "side": "none"}),
        (BARE, {**GAUSSIAN, "side": "none"}),
        (
            {"name": "id3", "lam": 0},
            {"name": "rule", "arities": [2, 2], "correlation": 0, "noise": 0},
        ),
    ):
        with pytest.raises(ParameterError) as caught:
            played(learner, population)
        assert "\n" not in str(caught.value)


def test_the_noise_of_the_law_may_be_chosen() -> None:
    place = world({**V, "noise": "0.5"})
    assert isinstance(place, WarfarinWorld)
    assert place.population.noise == exact("0.5", "noise")
