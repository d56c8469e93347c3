"""The campaign of Knowledge Alignment: its worlds and judges, and what asking often brings."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from mipriv.attack.bayes.inversion.factor import FactorInversion
from mipriv.attack.inversion.levels import Prepared
from mipriv.datasets import mnist as stored
from mipriv.datasets.table import Images
from mipriv.errors import ParameterError
from verification import data
from verification.campaign import Size, named
from verification.cell import Cell, Control, canonical
from verification.inversion.asking import asked, observe
from verification.inversion.attackers import Scene
from verification.inversion.attackers.alignment import Decoder, Judge, adversaries
from verification.inversion.defences import defence
from verification.inversion.metrics import Metric
from verification.inversion.mnist import JudgedWorld, mnist
from verification.inversion.play import play
from verification.inversion.worlds import FactorWorld, world
from verification.measures import Point
from verification.outcome import Outcome
from verification.verdict import violated

NAME = "tradeoff-knowledge-alignment"
FACTORS = {
    "name": "factors", "identities": 20, "groups": 4, "rank": 3, "dimension": 8,
    "within": "0.5", "noise": 1,
}  # fmt: skip
TWO = {**FACTORS, "identities": 2, "groups": 2, "rank": 1, "noise": "4"}
DIGITS = {"name": "digits", "aside": 300}
NET = {"name": "net", "epochs": 10, "hidden": [32]}
VIB = {"name": "vib", "lam": "0.2", "epochs": 15, "warm_up": 5, "hidden": [32]}
FRESH = {**VIB, "noise": "fresh"}
CALIBRATED = "calibrated, logarithms, q = "
LEVEL = 1e-6  # chance that a cell is flagged, each
SIZES = (400, 1000, 300, 1500)
AWAY = 5  # standard errors that a comparison may miss by: a chance of 3e-7
ERROR = math.sqrt(2 * 0.25 / SIZES[3])  # of the difference of two rates, at most


def played(learner: Any, population: Any, *, control: Any = None, **given: Any) -> Outcome:
    sizes = dict(zip(("auxiliary", "selection", "trials"), SIZES[1:], strict=True))
    usual = {"replicate": 0, "attack": "knowledge-alignment", **sizes}
    one = Cell(
        campaign="test",
        learner=learner,
        population=population,
        n=SIZES[0],
        parameters=usual | given,
        control=control,
    )
    return play(one, one.seed(0), LEVEL)


def point(outcome: Outcome) -> Point:
    return Point.from_json(outcome.measures)


@cache
def _model(name: str) -> tuple[Any, Any, Any]:
    """World, split, and a model whose training does not depend on who asks it."""
    place = world(FACTORS)
    split = place.split(SIZES, np.random.default_rng(7))
    made = defence({"net": NET, "vib": VIB, "fresh": FRESH}[name], place, seed=1, factor=fmpq(1))
    return place, split, made.estimator.fit(split.train.X, split.train.y)


def _scene(name: str, way: str, queries: int) -> Scene:
    place, split, model = _model(name)
    how = asked(model, way, queries, split.evaluation)
    return Scene(place=place, model=model, how=how, split=split, seed=0)


def reached(name: str, way: str, queries: int) -> dict[int, float]:
    """Success of the calibrated decoder of logarithms, by the answers it sees of each record."""
    scene = _scene(name, way, queries)
    split, model = scene.split, scene.model
    wanted = [one for one in adversaries(scene) if one.level.startswith(CALIBRATED)]
    seen = observe(model, way, queries, split.auxiliary)
    prepared = Prepared.of(wanted, seen, split.auxiliary.secret)
    tried = observe(model, way, queries, split.evaluation)
    found = prepared.count(tried, split.evaluation.secret)
    return {one.queries: one.hits / one.trials for one in found.levels}


def test_the_campaign_can_be_read_and_every_defence_made(monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    for size in Size:
        campaign = named(NAME, size)
        assert len(campaign.left_out) == len(data.MNIST)
        cells = [one.cell for one in campaign.entries]
        assert {one.parameters["attack"] for one in cells} == {"knowledge-alignment"}
        made = {canonical([one.learner, one.population]): one for one in cells}
        for one in made.values():
            place = world(one.population)
            assert defence(one.learner, place, seed=0, factor=fmpq(1)).estimator
    for name in data.MNIST:
        (tmp_path / name).touch()
    full = named(NAME)
    assert not full.left_out
    assert {one.cell.population["name"] for one in full.entries} == {"factors", "digits", "mnist"}
    # every panel in which a verdict is to be had has fourteen replicates, one for each cell
    main = [one.cell for one in full.entries if set(one.cell.parameters).isdisjoint({"queries"})]
    lams = {one.learner["lam"] for one in main if one.learner["name"] == "vib"}
    assert "0.001" in lams  # the paper's
    assert max(one.parameters["replicate"] for one in main) == 13


# Who asks often, near, or from the inside.


def test_averaging_fresh_answers_brings_the_attack_to_that_on_the_mean() -> None:
    """On one model: 64 answers leave less than half of what one answer leaves to be gained."""
    often, [inside] = reached("fresh", "repeat", 64), reached("fresh", "white-box", 1).values()
    assert (inside - often[64]) + AWAY * ERROR < (inside - often[1]) / 2


def test_noise_that_is_fixed_for_each_input_gives_nothing_to_who_repeats_himself() -> None:
    """The same answers make the same guesses; questions beside the record are answered anew."""
    again, near = (reached("vib", way, 8) for way in ("repeat", "near"))
    assert again[8] == again[1]  # means of eight equal numbers are these numbers
    assert near[8] > near[1] + AWAY * ERROR


# What a point says of the reconstructions.


def test_a_constant_tells_no_more_than_the_mean_record() -> None:
    outcome = played({"name": "constant-class"}, FACTORS)
    found = point(outcome)
    assert not violated(outcome.theory, outcome.observed)
    error, mean = found.metrics[Metric.ERROR], found.metrics[Metric.MEAN_RECORD]
    # both are the mean record, the one of all auxiliary records and the other of seven eighths of
    # them at the least: they are apart by what records are, over that number
    assert 0.99 < error / mean < 1.01
    rate = 1 / FACTORS["identities"]  # type: ignore[operator]  # a whole number
    off = AWAY * math.sqrt(rate * (1 - rate) / SIZES[3])
    assert abs(found.metrics[Metric.EVALUATOR] - rate) < off
    assert abs(found.attack.value - rate) < off


def test_an_undefended_model_gives_records_away_and_the_judge_sees_it() -> None:
    outcome = played(NET, FACTORS)
    found = point(outcome)
    assert not violated(outcome.theory, outcome.observed)
    assert found.panel == "Knowledge Alignment: factors, identities 20, 1 answer"
    assert found.metrics[Metric.ERROR] < found.metrics[Metric.MEAN_RECORD] / 2
    assert found.metrics[Metric.EVALUATOR] > 0.5
    assert found.metrics[Metric.DISTANCE] > 0
    assert found.train is not None
    assert set(found.train.metrics) == set(found.metrics)
    assert found.attack.value > 0.5
    levels = {name: ends.value for name, ends in found.attacks.items()}
    assert levels[f"{CALIBRATED}1"] > levels["as published, q = 1"] + AWAY * ERROR


@pytest.mark.parametrize("control", [None, Control.SHUFFLED])
def test_where_the_best_attack_is_known_it_is_reached_and_not_crossed(control: Any) -> None:
    given = {"auxiliary": 4000, "selection": 0, "trials": 4000}
    outcome = played({"name": "noisy-records", "scale": 2}, TWO, control=control, **given)
    assert not violated(outcome.theory, outcome.observed)
    assert outcome.p_value is not None
    assert outcome.p_value >= LEVEL
    assert outcome.observed.upper >= outcome.theory.upper


def test_the_judge_of_factors_is_the_best_guess_from_the_record() -> None:
    place = world(FACTORS)
    assert isinstance(place, FactorWorld)
    shown = place.records(4000, np.random.default_rng(0))
    judge = Judge.of(place, shown)
    rate = (judge.evaluator(shown.X) == shown.secret).mean()
    plays = FactorInversion(model=place.model).play(trials=20_000, rng=np.random.default_rng(1))
    ends = plays.success(confidence=1 - LEVEL)
    off = AWAY * math.sqrt(rate * (1 - rate) / len(shown))
    assert ends.lower - off < rate < ends.upper + off
    # the loadings' columns are orthogonal: latent points come back from their images
    loadings = np.array([[int(v.p) / int(v.q) for v in row] for row in place.model.loadings])
    latent = np.random.default_rng(2).normal(size=(5, loadings.shape[1]))
    # of numbers below 10, through a dozen products
    assert np.abs(judge.encoder(latent @ loadings.T) - latent).max() < 1e-12


# Images set aside.


def test_images_set_aside_are_not_dealt_out_and_train_an_evaluator() -> None:
    place = world(DIGITS)
    assert isinstance(place, JudgedWorld)
    assert place is world(DIGITS)
    whole = place.records(len(place.y), np.random.default_rng(0))
    assert len(whole) + len(place.aside) == len(world({"name": "digits"}).y)  # type: ignore[attr-defined]
    dealt = {row.tobytes() for row in whole.X}
    assert not any(row.tobytes() in dealt for row in place.aside)
    assert (place.evaluate(whole.X) == whole.secret).mean() > 0.8
    assert place.features(whole.X[:7]).shape == (7, 10)
    assert (place.features(whole.X).argmax(axis=1) == place.evaluate(whole.X)).all()
    with pytest.raises(ParameterError, match="must be below 1797"):
        world({"name": "digits", "aside": 1797})
    with pytest.raises(ParameterError, match="must hold every secret"):
        world({"name": "digits", "aside": 3})


def test_reconstructed_digits_are_judged() -> None:
    sizes = {"auxiliary": 400, "selection": 100, "trials": 400}
    found = point(played(NET, DIGITS, **sizes))
    assert found.metrics[Metric.ERROR] < found.metrics[Metric.MEAN_RECORD]
    assert found.metrics[Metric.EVALUATOR] <= 1
    assert found.utility.value > 0.7


def test_mnist_is_halved_and_asked_whether_a_digit_is_five_or_more(monkeypatch: Any) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 10
    images = rng.integers(256, size=(60, 28, 28), dtype=np.uint8)
    made = Images(images=images, labels=labels, source=stored.SOURCE)
    monkeypatch.setattr(stored, "load_mnist", lambda *_: made)
    monkeypatch.setattr(data, "path", lambda name: name)
    place = mnist(aside=40)
    assert place.X.shape == (20, 196)
    assert (place.y == (place.secret >= 5)).all()
    means = images[:, :2, :2].astype(float).mean(axis=(1, 2)) / 255
    corners = np.concatenate([place.X, place.aside])[:, 0]
    assert sorted(corners) == pytest.approx(sorted(means), abs=1e-15)


def test_mnist_is_asked_for_where_it_is_not(monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    with pytest.raises(ParameterError, match="must be there"):
        world({"name": "mnist", "aside": 1500})


def test_who_has_no_evaluator_is_refused() -> None:
    place = world({"name": "digits"})
    with pytest.raises(ParameterError, match="must have an evaluator"):
        Judge.of(place, place.records(10, np.random.default_rng(0)))


def test_figures_are_those_of_the_reconstruction() -> None:
    scene = _scene("net", "repeat", 1)
    place, split, model = scene.place, scene.split, scene.model
    assert isinstance(place, FactorWorld)
    [first] = [one for one in adversaries(scene) if one.level == "as published, q = 1"]
    assert isinstance(first.attack, Decoder)
    fitted = first.attack.fit(observe(model, "repeat", 1, split.auxiliary), split.auxiliary.secret)
    seen = observe(model, "repeat", 1, split.evaluation)
    assert isinstance(fitted, Decoder)
    found = fitted.figures(seen, split.evaluation)
    guesses = fitted.reconstruct(seen)
    assert found[Metric.ERROR] == pytest.approx(((guesses - split.evaluation.X) ** 2).mean())
    apart = split.evaluation.X - split.auxiliary.X.mean(axis=0)
    assert found[Metric.MEAN_RECORD] == pytest.approx((apart**2).mean())
    sure = FactorInversion(model=place.model).posterior(guesses).argmax(axis=1)
    assert found[Metric.EVALUATOR] == (sure == split.evaluation.secret).mean()
