"""MAP on trees, as the campaign plays it: the levels, their line, and surveys of real people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from mipriv.attack.bayes.inversion.answers import Channel
from mipriv.attack.inversion.levels import Adversary, Prepared
from mipriv.attack.inversion.protocol import Graded, Observation
from mipriv.attack.inversion.tree_map import TreeMaximumAPosteriori
from mipriv.errors import ParameterError
from mipriv.learn.baselines.answers import answers_of
from mipriv.rigor.decimals import exact
from verification import data
from verification.campaign import Campaign, Size, find
from verification.cell import Cell
from verification.inversion.asking import asked
from verification.inversion.attackers import Scene, adversaries
from verification.inversion.attackers.map_tree import Remembering
from verification.inversion.defences import defence
from verification.inversion.figures import macro_f1
from verification.inversion.lines import line
from verification.inversion.metrics import Metric
from verification.inversion.play import play
from verification.inversion.surveys import SurveyWorld, adult, gss
from verification.inversion.worlds import RuleWorld, world
from verification.measures import Point
from verification.parts import Kind
from verification.verdict import violated

RULE = {"name": "rule", "arities": [2, 2, 3, 2], "correlation": "0.3", "noise": "0.2", "seed": 1}
REST = {**RULE, "side": "rest", "label": True}
NONE = {**RULE, "side": "none", "label": True}
ID3: dict[str, Any] = {"name": "id3", "lam": 0}
FRESH = {"name": "flipped-label", "of": ID3, "keep": "0.5", "noise": "fresh"}
TREES: list[dict[str, Any]] = [
    ID3,
    {"name": "mid-tree", "lam": "0.05"},
    {"name": "constant-class"},
    {"name": "hard-label", "of": ID3},
    {"name": "rounding", "of": ID3, "step": "0.5"},
    {"name": "drop-sensitive", "of": ID3, "sensitive": [0]},
    {"name": "flipped-label", "of": ID3, "keep": "0.5"},
    {"name": "dp-tree", "epsilon": "1", "depth": 2},
]
LEVEL = 1e-6  # chance that a cell is flagged
EXACT = "MAP from the answer, exact prior"
# the attack takes the first of beliefs within 1e-9 of the best: it loses no more of any observation's
# mass, and all of them together are 1; a belief is a sum of at most 24 masses, each rounded thrice
TIES = fmpq(2, 10**9)


def cell(learner: Any, population: Any, *, n: int = 300, **given: Any) -> Cell:
    usual = {"replicate": 0, "auxiliary": 2000, "selection": 1000, "trials": 2000}
    parameters = {"attack": "map-tree", **usual, **given}
    return Cell(campaign="t", learner=learner, population=population, n=n, parameters=parameters)


def point(one: Cell) -> Point:
    return Point.from_json(play(one, one.seed(0), LEVEL).measures)


def scene(learner: Any, population: Any, queries: int = 1) -> Scene:
    place = world(population)
    split = place.split((300, 500, 0, 200), np.random.default_rng(3))
    made = defence(learner, place, seed=4, factor=fmpq(1))
    model = made.estimator.fit(split.train.X, split.train.y)
    how = asked(model, "repeat", queries, split.evaluation)
    return Scene(place=place, model=model, how=how, split=split, seed=5)


def prepared(found: Scene, queries: int = 1) -> Prepared:
    seen = found.split.auxiliary
    answers = np.stack([answers_of(found.model, seen.X) for _ in range(queries)], axis=1)
    several = adversaries("map-tree", found)
    return Prepared.of(several, Observation(answers=answers, side=seen.side), seen.secret)


def of_level(found: Prepared, start: str) -> Adversary:
    [one] = [each for each in found.adversaries if each.level.startswith(start)]
    return one


def everything(place: RuleWorld, label: bool = True) -> Any:
    """All records with all labels, and their masses."""
    joint = place.game.joint
    cells = np.repeat(joint.cells(), joint.classes, axis=0)
    seen = place.of(cells, np.tile(np.arange(joint.classes), len(cells) // joint.classes))
    assert place.game.label is label
    return seen, joint.numerators, joint.denominator


@pytest.mark.parametrize("learner", TREES, ids=lambda one: str(one["name"]))
@pytest.mark.parametrize("population", [REST, NONE])
def test_from_the_answer_with_the_exact_prior_the_line_is_reached(
    learner: Any, population: Any
) -> None:
    """Without fresh noise: on every record with its mass, which no draw of records blurs."""
    found = scene(learner, population)
    assert isinstance(found.place, RuleWorld)
    seen, masses, total = everything(found.place)
    attack = of_level(prepared(found), EXACT).attack
    heard = answers_of(found.model, seen.X)[:, None, :]
    right = attack.infer(Observation(answers=heard, side=seen.side)) == seen.secret
    reached = fmpq(
        sum(mass for mass, own in zip(masses, right.tolist(), strict=True) if own), total
    )
    allowed = line(found.place, found.model, found.how, found.split.evaluation, 0)
    assert allowed.kind is Kind.EXACT
    assert exact(allowed.allowed.lower, "line") - TIES <= reached
    assert reached <= exact(allowed.allowed.upper, "line")


@pytest.mark.parametrize("queries", [1, 3])
def test_flips_are_weighed_by_their_own_law(queries: int) -> None:
    """Every number of labels heard, with its chance: the enumerated optimum, not a normal one."""
    found = scene(FRESH, REST, queries)
    place = found.place
    assert isinstance(place, RuleWorld)
    start = f"{EXACT}, q = {queries}"
    attack = of_level(prepared(found, queries), start).attack
    seen, masses, total = everything(place)
    inner = found.model.inner(seen.X).argmax(axis=1)
    keep = exact(found.model.keep_, "keep")
    reached = fmpq(0)
    for ones in range(2**queries):
        labels = [(ones >> place_) & 1 for place_ in range(queries)]
        answers = np.broadcast_to(np.eye(2)[labels], (len(inner), queries, 2))
        right = attack.infer(Observation(answers=answers, side=seen.side)) == seen.secret
        for own in (0, 1):
            chance = fmpq(1)
            for said in labels:
                chance *= (1 - keep) / 2 + (keep if said == own else 0)
            hit = sum(m for m, r, i in zip(masses, right, inner, strict=True) if r and i == own)
            reached += chance * fmpq(hit, total)
    cells = found.model.inner(place.game.joint.cells()).argmax(axis=1).tolist()
    channel = Channel.of(cells, keep=keep, answers=2)
    optimum = place.game.success(channel, queries=queries)
    assert optimum - TIES <= reached <= optimum


@pytest.mark.parametrize("population", [REST, NONE])
def test_without_a_model_the_exact_prior_reaches_the_base(population: Any) -> None:
    """On every record with its mass, whatever is heard."""
    found = scene(ID3, population)
    assert isinstance(found.place, RuleWorld)
    seen, masses, total = everything(found.place)
    attack = of_level(prepared(found), "no model").attack
    for heard in (0.0, 1.0):
        answers = np.full((len(seen), 1, 2), heard)
        right = attack.infer(Observation(answers=answers, side=seen.side)) == seen.secret
        reached = fmpq(sum(m for m, own in zip(masses, right.tolist(), strict=True) if own), total)
        ends = found.place.base
        assert exact(ends.lower, "base") - TIES <= reached <= exact(ends.upper, "base")


def test_what_is_remembered_is_what_is_worked_out() -> None:
    found = scene(ID3, REST)
    seen = found.split.evaluation
    heard = Observation(answers=answers_of(found.model, seen.X)[:, None, :], side=seen.side)
    for one in prepared(found).adversaries:
        if isinstance(one.attack, Remembering):
            assert isinstance(one.attack, Graded)
            plain = one.attack.attack
            assert (one.attack.scores(heard) == plain.scores(heard)).all()
            assert (one.attack.scores(heard) == plain.scores(heard)).all()  # from memory
            assert (one.attack.infer(heard) == plain.infer(heard)).all()
            some = Observation(answers=heard.answers[:0], side=heard.side[:0])
            assert one.attack.infer(some).shape == (0,)


def test_the_levels_that_a_release_has() -> None:
    names = [one.level for one in prepared(scene(ID3, REST)).adversaries]
    assert names == [
        "MAP from the answer, exact prior, q = 1",
        "MAP from the answer, learned prior, q = 1",
        "MAP from the answer, q = 1",
        "MAP, learned prior, by confidence",
        "MAP, learned prior, white box",
        "MAP as published, by label",
        "MAP as published, by confidence",
        "MAP as published, white box",
        "table, q = 1",
        "linear discriminant, q = 1",
        "no model, exact prior",
    ]
    for learner in ({"name": "constant-class"}, TREES[-1]):  # no leaves with counts
        found = prepared(scene(learner, REST)).adversaries
        assert [one.level for one in found] == [name for name in names if "white" not in name]
    without = [one.level for one in prepared(scene(ID3, {**RULE, "side": "none"})).adversaries]
    assert without[:3] == [names[0], names[2], names[7]]
    often = [one.level for one in prepared(scene(FRESH, REST, 4), 4).adversaries]
    assert often[:2] == [f"{EXACT}, q = 1", f"{EXACT}, q = 4"]
    silent = [one.level for one in prepared(scene(ID3, REST, 4), 4).adversaries]
    assert silent == names  # the same answer again


def test_the_white_box_of_a_tree_without_the_secret_is_the_prior() -> None:
    found = prepared(scene(TREES[5], REST))
    attack = of_level(found, "MAP as published, white box").attack
    seen = world(REST).records(50, np.random.default_rng(0))
    heard = Observation(answers=np.zeros((50, 1, 2)), side=seen.side)
    assert len(np.unique(attack.infer(heard))) == 1


def test_trees_only_in_worlds_of_codes_and_no_noise_but_flips() -> None:
    gaussian = {"name": "gaussian", "dimension": 2, "correlation": 0, "noise": 1}
    with pytest.raises(ParameterError, match="GaussianWorld: must be rule or a survey"):
        adversaries("map-tree", scene({"name": "least-squares"}, gaussian))
    noisy = {"name": "output-noise", "of": ID3, "scale": "0.1", "noise": "fresh"}
    with pytest.raises(ParameterError, match="OutputNoise: must have no fresh noise but a flip"):
        adversaries("map-tree", scene(noisy, REST))


def test_a_constant_leaks_nothing() -> None:
    found = play(one := cell({"name": "constant-class"}, REST), one.seed(0), LEVEL)
    got = Point.from_json(found.measures)
    assert found.theory.lower <= got.base <= found.theory.upper
    assert not violated(found.theory, found.observed)
    assert got.bayes is not None
    assert got.bayes.kind is Kind.EXACT


def test_as_published_on_correlated_attributes_is_below_no_model() -> None:
    """Each published level's upper end, at once with all others', lies under the no-model line."""
    got = point(cell(ID3, REST, trials=8000))
    for level, ends in got.attacks.items():
        if level.startswith("MAP as published"):
            assert ends.upper < got.base
    assert got.panel == "MAP tree: rule, side rest, label True, 1 answer"
    assert got.attack.level == f"{EXACT}, q = 1"
    told = {Metric.AUC, Metric.TPR_1, Metric.TPR_10, Metric.F1, Metric.MODEL_F1, Metric.LEAKAGE}
    assert told <= set(got.metrics)
    assert got.train is not None
    assert told <= set(got.train.metrics)


def test_f1_of_a_model_by_hand() -> None:
    own = np.array([1, 1, 1, 0, 0])
    # two right of two guessed and three that are: 2*2/(2 + 3)
    assert macro_f1(np.array([1, 1, 0, 0, 0]), own) == 4 / 5
    assert macro_f1(np.zeros(5, int), own) == 0
    assert macro_f1(np.ones(5, int), np.ones(5, int)) is None
    # of 0: 2*1/(2 + 1); of 1: 2*1/(1 + 1); of 2: none guessed; of 3, which no record has: left out
    three = macro_f1(np.array([0, 0, 1, 3]), np.array([0, 2, 1, 2]))
    assert three == pytest.approx((2 / 3 + 1 + 0) / 3, rel=1e-15)


def test_the_campaign_and_its_sizes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    full = Campaign.read(find("tradeoff-map-tree"))
    small = Campaign.read(find("tradeoff-map-tree"), Size.SMALL)
    assert len(full.left_out) == 3
    assert {one.cell.population["name"] for one in full.entries} == {"rule"}
    replicates = {one.cell.parameters["replicate"] for one in full.entries}
    assert replicates == set(range(14))
    assert small.monte_carlo * 5 < full.monte_carlo
    for campaign in (full, small):  # asked once and asked often: of the same trees and records
        asked_of: dict[int, set[Any]] = {1: set(), 64: set()}
        for one in campaign.entries:
            given = dict(one.cell.parameters)
            if one.must is None and one.cell.population["side"] == "rest":
                sizes = (one.cell.n, given["auxiliary"], given["selection"], given["trials"])
                asked_of[given.get("queries", 1)].add((*sizes, one.cell.seed(0)))
        assert asked_of[1] == asked_of[64]
    (tmp_path / data.STEAK).write_text("")
    there = Campaign.read(find("tradeoff-map-tree"))
    assert "steak" in {one.cell.population["name"] for one in there.entries}


def extract(folder: Path) -> None:
    """A made-up extract of the survey: no one's answers."""
    drawn = np.random.default_rng(1).integers(3, size=(400, 7))
    drawn[:, 0] %= 2
    rows = [",".join(map(str, row)) for row in drawn.tolist()]
    head = "xmovie,hapmar,sex,race,degree,childs,attend"
    (folder / data.GSS).write_text("\n".join([head, *rows]) + "\n")


def test_a_users_own_extract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    with pytest.raises(ParameterError, match=r"data=gss.csv: must be there"):
        gss()
    extract(tmp_path)
    place = gss()
    assert place.arities == (2, 3, 3, 3, 3, 3)
    assert (place.classes, place.secrets, place.base) == (3, 2, None)
    assert (place.side[:, :-1] == place.X[:, 1:]).all()
    assert (place.side[:, -1] == place.y).all()
    found = place.split((100, 100, 0, 100), np.random.default_rng(0))
    model = defence(ID3, place, seed=0, factor=fmpq(1)).estimator
    model.fit(found.train.X, found.train.y)
    how = asked(model, "repeat", 1, found.evaluation)
    allowed = line(place, model, how, found.evaluation, 0)
    assert (allowed.kind, allowed.allowed.upper) == (Kind.CEILING, 1.0)


def test_a_label_that_training_lacks_stands_for_no_column() -> None:
    """Three labels, of which the model knows 0 and 2: the label 2 is the second column."""
    X = np.array([[0, 0], [1, 0], [0, 1], [1, 1]] * 50)
    y = np.where(X[:, 0] == 0, 0, 2)
    side = np.column_stack([X[:, 1:], y]).astype(float)
    place = SurveyWorld(X=X, y=y, secret=X[:, 0], side=side, values=(2, 2), kinds=3)
    split = place.split((80, 60, 0, 60), np.random.default_rng(0))
    model = defence(ID3, place, seed=0, factor=fmpq(1)).estimator
    model.fit(split.train.X, split.train.y)
    how = asked(model, "repeat", 1, split.evaluation)
    found = Scene(place=place, model=model, how=how, split=split, seed=0)
    seen = split.evaluation
    heard = Observation(answers=answers_of(model, seen.X)[:, None, :], side=seen.side)
    for one in prepared(found).adversaries:
        if isinstance(one.attack, Remembering):
            kind = one.attack.attack
            assert isinstance(kind, TreeMaximumAPosteriori)
            if kind.evidence != "counts":  # which look at no label
                assert (one.attack.infer(heard) == seen.secret).all()


def real(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    folder = os.environ.get(data.VARIABLE)
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"needs {name}: export MIPRIV_DATA=FOLDER, the one that holds it")
    monkeypatch.setenv(data.VARIABLE, folder)


def test_the_steak_survey(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that pays for all information alike tells more of the secret than one that pays nothing."""
    real(monkeypatch, data.STEAK)
    place = world({"name": "steak"})
    assert isinstance(place, SurveyWorld)
    assert place.X.shape == (331, 12)
    assert int(place.secret.sum()) == 57
    assert place.arities == (2, 2, 2, 2, 2, 2, 2, 2, 4, 5, 5, 9)
    told = []
    for lam in (0.0, 0.1):
        learner = {"name": "mid-tree", "lam": str(lam), "min_samples_leaf": 3}
        sizes = {"auxiliary": 70, "selection": 40, "trials": 71}
        found = [
            point(cell(learner, {"name": "steak"}, n=150, replicate=i, **sizes)) for i in range(4)
        ]
        told.append([(one.metrics[Metric.TPR_10], one.metrics[Metric.LEAKAGE]) for one in found])
        assert {one.utility.name for one in found} == {"F1 of the model"}
        assert all(one.utility.value == one.metrics[Metric.MODEL_F1] for one in found)
    assert (np.mean(told[1], axis=0) > np.mean(told[0], axis=0)).all()


def test_the_census(monkeypatch: pytest.MonkeyPatch) -> None:
    real(monkeypatch, data.ADULT)
    place = adult()
    assert place.X.shape == (16281, 6)
    assert place.arities == tuple((place.X.max(axis=0) + 1).tolist()) == (2, 4, 4, 3, 2, 2)
    # with the spouse: 7403 civil and 14 of the armed forces
    assert int(place.secret.sum()) == 7417
    assert int(place.y.sum()) == 3846
