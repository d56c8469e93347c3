"""Attackers without a model, and the base where no law is known; parts that depend on no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mipriv.attack.inversion.levels import Prepared
from mipriv.attack.inversion.naive import Dummies
from mipriv.attack.inversion.protocol import Observation
from verification.cell import Cell, Control
from verification.inversion.attackers import Scene
from verification.inversion.attackers.blind import blind
from verification.inversion.lines import Asked
from verification.inversion.patients import Filling, PatientRecords
from verification.inversion.play import _base, play
from verification.inversion.worlds import world
from verification.measures import Point
from verification.verdict import violated

V = {"name": "warfarin", "secret": "VKORC1", "side": "rest"}
GAUSSIAN = {
    "name": "gaussian", "dimension": 3, "correlation": "0.25", "noise": 1, "side": "rest",
}  # fmt: skip
DIABETES = {"name": "diabetes", "side": "rest"}
RULE = {"name": "rule", "arities": [2, 3, 2], "correlation": "0.3", "noise": "0.2", "side": "rest"}
FACTORS = {
    "name": "factors", "identities": 4, "groups": 2, "rank": 2, "dimension": 4,
    "within": "0.5", "noise": "1",
}  # fmt: skip


def drawn() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize("given", [{}, {"attack": "map-linear"}], ids=["adaptive", "map"])
@pytest.mark.parametrize("control", [None, Control.SHUFFLED])
def test_no_guess_without_a_model_is_better_than_the_strongest(control: Any, given: Any) -> None:
    """Where no law is known the base is what one of the levels reached, also if nothing is heard."""
    one = Cell(
        campaign="test",
        learner={"name": "least-squares"},
        population=DIABETES,
        n=150,
        parameters={"replicate": 0, "auxiliary": 100, "selection": 50, "trials": 140, **given},
        control=control,
    )
    outcome = play(one, one.seed(0), 1e-6)
    found = Point.from_json(outcome.measures)
    without = {name: ends.value for name, ends in found.attacks.items() if name.startswith("no ")}
    assert list(without) == [
        "no model, linear discriminant",
        "no model, quadratic discriminant",
        "no model, most frequent secret",
    ]
    assert found.base in without.values()
    assert max(ends.value for ends in found.attacks.values()) >= found.base
    if control:
        assert outcome.theory.upper == found.base
        assert not violated(outcome.theory, outcome.observed)


def test_the_most_frequent_secret_is_a_candidate() -> None:
    """Side information of 50 columns of noise and 60 records: whoever learns from it does worse."""
    rng = np.random.default_rng(9)
    secret = (rng.random(2000) < 0.2).astype(np.int64)
    X = rng.normal(size=(2000, 51))
    X[:, 50] = secret
    rows = Dummies(rows={0: (0.0,), 1: (1.0,)}, position=50)
    place = PatientRecords(
        X=X, y=X[:, 0], secret=secret, side=X[:, :50], filling=Filling(dummies=rows)
    )
    split = place.split((60, 60, 500, 1000), drawn())
    scene = Scene(place=place, model=None, how=Asked(queries=1, independent=1), split=split, seed=0)
    assert _base(scene).upper == float((split.evaluation.secret == 0).mean())


def test_who_has_no_model_hears_no_answer() -> None:
    for population in (V, {**V, "label": True}, GAUSSIAN, DIABETES):
        place = world(population)
        split = place.split((60, 100, 50, 50), drawn())
        scene = Scene(
            place=place, model=None, how=Asked(queries=2, independent=2), split=split, seed=0
        )
        guesses = []
        for heard in (
            np.zeros((100, 2, 1)),
            split.auxiliary.secret[:, None, None] + [[1.0], [2.0]],
        ):
            auxiliary = Observation(answers=heard, side=split.auxiliary.side)
            seen = Observation(answers=heard[:50], side=split.selection.side)
            several = Prepared.of(blind(scene), auxiliary, split.auxiliary.secret).adversaries
            guesses.append([one.attack.infer(seen) for one in several])
        assert len(guesses[0]) >= 1
        for a, b in zip(*guesses, strict=True):
            assert (a == b).all()


@pytest.mark.parametrize("population", [V, GAUSSIAN, DIABETES, RULE, FACTORS])
def test_the_training_records_do_not_depend_on_the_other_sizes(population: Any) -> None:
    place = world(population)
    few, many = (place.split(sizes, drawn()) for sizes in ((50, 20, 0, 30), (50, 80, 10, 90)))
    assert (few.train.X == many.train.X).all()
    assert (few.train.y == many.train.y).all()
    assert [len(part) for part in (many.auxiliary, many.selection, many.evaluation)] == [80, 10, 90]
    rows = np.concatenate([many.train.X, many.auxiliary.X, many.selection.X, many.evaluation.X])
    if population is not RULE and population is not V:  # whose records are few
        assert len(np.unique(rows, axis=0)) == len(rows)
