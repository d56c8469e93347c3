"""Attackers and numbers that would slip past a line of the inversion game, or favour a defence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpq_mat
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mipriv.attack.inversion.levels import Level, Levels, Prepared
from mipriv.errors import ParameterError
from mipriv.learn.baselines import _readings
from mipriv.learn.baselines.dp_linear import DPLinearRegression
from mipriv.learn.baselines.dp_tree import DPTreeClassifier
from mipriv.learn.baselines.drop import DropSensitive
from mipriv.learn.baselines.flip import FlippedLabel
from mipriv.learn.baselines.wrap import HardLabel, OutputNoise
from mipriv.learn.mid.linear import MIDLinearRegression
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import Interval
from verification.cell import Cell
from verification.certified import Certain, compare_frontiers
from verification.inversion import play as module
from verification.inversion.asking import asked, observe
from verification.inversion.lines import line, utility
from verification.inversion.play import play
from verification.inversion.worlds import GaussianWorld, World, world
from verification.measures import Point
from verification.outcome import Outcome, Theory
from verification.parts import Attack, Better, Ends, Kind, Role, Utility

GAUSSIAN = {"name": "gaussian", "dimension": 3, "correlation": "0.25", "noise": 1}
KNOWN = {**GAUSSIAN, "side": "rest"}
RULE = {"name": "rule", "arities": [2, 2, 3, 2], "correlation": "0.3", "noise": "0.2", "seed": 1}
MANY = {
    "name": "factors", "identities": 20, "groups": 4, "rank": 2, "dimension": 4,
    "within": "0.5", "noise": "1",
}  # fmt: skip
MID = {"name": "mid-linear", "lam": "3"}
ID3 = {"name": "id3", "lam": 0}
VIB = {"name": "vib", "epochs": 5, "warm_up": 1, "hidden": [16], "lam": "0.1"}
LEVEL = 1e-6


def played(learner: Any, population: Any, **given: Any) -> Outcome:
    usual = {"replicate": 0, "auxiliary": 1000, "trials": 2000}
    one = Cell(
        campaign="test",
        learner=learner,
        population=population,
        n=200,
        parameters=usual | given,
        control=None,
    )
    return play(one, one.seed(0), LEVEL)


def fitted(place: World, model: Any) -> Any:
    records = place.records(200, np.random.default_rng(0))
    return model.fit(records.X, records.y)


def test_a_private_regression_that_cuts_its_answers_is_measured_as_it_answers() -> None:
    """Of the linear function inside, cut to a narrow range, only a ceiling is known."""
    place = world(GAUSSIAN)
    assert isinstance(place, GaussianWorld)
    model = fitted(place, DPLinearRegression(epsilon=1, radius=2, label_radius=0.5, random_state=1))
    seen = place.records(20_000, np.random.default_rng(1))
    found = line(place, model, asked(model, "repeat", 1, seen), seen, 0)
    assert found.kind is Kind.CEILING
    missed = np.clip(seen.X @ model.coef_ + model.intercept_, -0.5, 0.5) - seen.X @ place.weights
    v = float(arb(place.joint.variance))
    # the same sum in another order
    assert utility(place, model, seen)["value"] == pytest.approx(np.mean(missed**2) / v, rel=1e-12)
    for outside in (
        DropSensitive(DPLinearRegression(radius=2), sensitive=0),
        OutputNoise(DPLinearRegression(radius=2), scale=1.0),
    ):
        inside = fitted(place, outside)
        assert line(place, inside, asked(inside, "repeat", 1, seen), seen, 0).kind is Kind.CEILING


def test_fresh_noise_inside_a_defence_is_averaged_out_all_the_same() -> None:
    learner = {"name": "drop-sensitive", "of": {**MID, "noise": "fresh"}, "sensitive": [0]}
    given = {"queries": 64, "trials": 20_000, "auxiliary": 5000}
    often, once = played(learner, GAUSSIAN, **given), played(learner, GAUSSIAN)
    assert often.observed.lower > once.theory.upper  # the line of one answer is crossed
    assert often.observed.lower <= often.theory.upper


def test_noise_of_both_kinds_is_asked_once_and_noise_of_some_attributes_not_beside() -> None:
    place = world(GAUSSIAN)
    seen = place.records(10, np.random.default_rng(0))
    mixed = fitted(place, OutputNoise(MIDLinearRegression(lam=1.0, noise="fresh"), scale=1.0))
    assert asked(mixed, "repeat", 1, seen).independent == 1
    with pytest.raises(ParameterError):
        asked(mixed, "repeat", 2, seen)
    some = fitted(place, DropSensitive(MIDLinearRegression(lam=1.0), sensitive=0))
    with pytest.raises(ParameterError):
        observe(some, "near", 2, seen)
    both = fitted(place, OutputNoise(MIDLinearRegression(lam=1.0, grid=0.1), scale=1.0))
    answers = observe(both, "near", 3, seen).answers[:, :, 0]
    apart = np.diff(answers - np.diff(answers[:, :2]) * np.arange(3), n=2)
    assert np.ptp(apart) > 0.1  # each question has other noise, on the coarser grid too


def test_a_table_of_the_records_is_no_line_for_other_questions_or_other_noise() -> None:
    flipped = {"name": "flipped-label", "of": ID3, "keep": "0.5"}
    noisy = {"name": "output-noise", "of": ID3, "scale": 1, "noise": "fresh"}
    for learner, given in ((flipped, {"queries": 2, "asking": "near"}), (noisy, {})):
        with pytest.raises(ParameterError):
            played(learner, RULE, **given)


def test_who_asks_about_every_value_of_the_secret_crosses_a_line_that_says_so() -> None:
    """All attributes but the secret are known: its cells are few, and one has the very answer."""
    place = world(KNOWN)
    assert isinstance(place, GaussianWorld)
    model = fitted(place, MIDLinearRegression(lam=3.0, grid=0.05, random_state=0))
    seen = place.records(200, np.random.default_rng(2))
    found = line(place, model, asked(model, "repeat", 1, seen), seen, 0)
    cells = model.noise_.cells[0] * np.arange(-120, 121)
    guesses = []
    for record, answer in zip(seen.X, model.answer(seen.X), strict=True):
        tried = np.repeat(record[None], len(cells), axis=0)
        tried[:, 0] = cells
        noise = model.answer(tried) - model.mean(tried)  # of every cell; the mean is its formula
        secret = (answer - noise - model.intercept_ - record[1:] @ model.coef_[1:]) / model.coef_[0]
        same = np.abs(secret - cells) <= model.noise_.cells[0] / 2
        guesses.append(np.count_nonzero(same & (cells > 0)) > np.count_nonzero(same & (cells < 0)))
    right = float(np.mean(np.array(guesses) == seen.secret))
    assert right > found.allowed.upper + 0.05
    assert "no record that shares its noise" in found.allowed.method
    white = line(place, model, asked(model, "white-box", 1, seen), seen, 0)
    assert "shares its noise" not in white.allowed.method
    assert right <= white.allowed.upper


def test_the_level_reported_is_not_chosen_on_the_records_it_is_reported_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two levels the one of more hits on the selection records; without these, on the others."""

    def count(self: Prepared, seen: Any, secrets: NDArray[Any], **_: Any) -> Levels:
        size = len(secrets)
        counts = (size // 2, size // 3 if size == 300 else size * 2 // 3)
        hits = dict(zip((one.level for one in self.adversaries), counts, strict=False))
        levels = [
            Level(level=name, queries=1, hits=one, trials=size, success=Interval(0.0, 1.0))
            for name, one in hits.items()
        ]
        return Levels(levels=tuple(levels), confidence=0.95)

    monkeypatch.setattr(Prepared, "count", count)
    first, second = "regression, q = 1", "linear discriminant, q = 1"
    for selection, level in ((300, first), (0, second)):
        point = Point.from_json(played(MID, GAUSSIAN, selection=selection).measures)
        assert point.attack.level == level
        assert point.train is not None
        assert point.train.attack.level == level


def test_the_least_of_two_limits_is_tested_as_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two p-values at most alpha with chance alpha each: the least of them with up to 2 alpha."""
    chances, widths = [], []
    low = Theory(lower=0.0, upper=0.04, method="too low")
    real = line
    for limits in (1, 2):
        monkeypatch.setattr(
            module,
            "line",
            lambda *a, limits=limits: replace(real(*a), allowed=low, limits=limits),
        )
        outcome = played(VIB, MANY, trials=300)
        chances.append(outcome.p_value or 0.0)
        widths.append(outcome.observed.upper - outcome.observed.lower)
    assert 0 < chances[0] < 0.5
    assert chances[1] == 2 * chances[0]
    assert widths[1] > widths[0]
    place = world(MANY)
    seen = place.records(100, np.random.default_rng(0))
    model = fitted(place, LogisticRegression())
    assert real(place, model, asked(model, "repeat", 1, seen), seen, 0).limits == 1


@pytest.mark.parametrize("keep", [0.0, 1e-300, 1e-9, 1e-8, 1e-3, 0.5, 1.0])
def test_a_flipped_label_tells_no_more_than_is_said(keep: float) -> None:
    X = np.arange(30, dtype=float)[:, None]
    y = np.arange(30) // 10
    model = FlippedLabel(LogisticRegression(), keep=keep, random_state=0).fit(X, y)
    other = (1 - exact(keep, "keep")) / 3
    with ctx.workprec(4000):
        parts = [exact(keep, "keep") + other, other, other]
        terms = [part * arb(part).log() for part in parts if part > 0]
        truth = arb(3).log() + sum(terms, arb(0))
        stated = exact(model.information_.upper, "upper")
        assert truth - stated <= 0 if keep else stated == 0
        # one rounding up, or the least double there is
        assert stated - truth <= truth * 2.0**-50 + fmpq(1, 2) ** 1000


def test_the_log_of_how_many_answers_there_are_is_rounded_up() -> None:
    for count in range(1, 40):
        with ctx.workprec(200):
            assert arb(count).log() <= exact(_readings.log_above(count), "log")
    X = np.tile(np.arange(7.0), 5)[:, None]
    label = HardLabel(LogisticRegression()).fit(X, X[:, 0].astype(int))
    tree = DPTreeClassifier(domains=range(7), depth=1, epsilon=50, random_state=0)
    tree.fit(X, X[:, 0].astype(int))
    for stated in (label.information_.upper, tree.information_.upper):
        assert any(stated == _readings.log_above(count) for count in range(2, 8))


def test_the_entropy_of_nearly_dependent_answers_is_bounded_through_roundoff() -> None:
    """log det(1 + S/w)/2 of the doubles themselves, exactly: S has a large and two tiny roots."""
    rng = np.random.default_rng(3)  # one of those whose tiny roots come out below 0
    first = rng.normal(size=40)
    answers = np.stack([first, first * 3, first * 7], axis=1) + rng.normal(size=(40, 3)) * 1e-9
    for scale in (1e-6, 1e-9, 1e-10):
        rows = [[exact(value, "answer") for value in row] for row in answers.tolist()]
        means = [sum(column, fmpq(0)) / 40 for column in zip(*rows, strict=True)]
        apart = fmpq_mat([[a - m for a, m in zip(row, means, strict=True)] for row in rows])
        noise = exact(scale, "scale") ** 2
        one = fmpq_mat([[fmpq(int(i == j)) for j in range(3)] for i in range(3)])
        det = (one + apart.transpose() * apart * (1 / (40 * noise))).det()
        stated = _readings.additive(answers, scale=scale, law="gaussian").upper
        with ctx.workprec(200):
            assert arb(det).log() / 2 <= exact(stated, "upper")


def test_certified_frontiers_that_touch_at_an_end_point_are_not_below_throughout() -> None:
    """The end point lies between the settings, on both frontiers."""

    def point(defence: str, cost: str, attack: float, role: Role = Role.MID) -> Point:
        ends = Ends(value=attack, lower=attack, upper=attack)
        return Point(
            panel="p",
            defence=defence,
            setting=cost,
            replicate=0,
            utility=Utility(name="cost", value=float(cost), better=Better.LOW),
            attack=Attack(name="a", level="b", value=attack, lower=attack, upper=attack),
            attacks={"b": ends},
            base=0.0,
            role=role,
        )

    first = [point("mid", "0", 0.8), point("mid", "2", 0.1)]
    second = [point("rival", "0", 0.9), point("rival", "2", 0.15)]
    free = [point("constant", "1", 0.2, Role.CONSTANT)]
    found = compare_frontiers(first, second, free)
    assert found is not None
    assert found.verdict is Certain.NOT_ABOVE
    assert (found.below, found.above, found.utilities) == (2, 0, (0.0, 1.0, 2.0))
    assert found.difference.upper >= 0


@pytest.mark.parametrize("population", [MANY, {"name": "digits"}])
def test_of_a_constant_the_line_is_the_guess_without_a_model(population: Any) -> None:
    point = Point.from_json(played({"name": "constant-class"}, population, trials=300).measures)
    assert point.bayes is not None
    assert point.bayes.kind is Kind.EXACT
    assert point.bayes.upper == point.base
    assert point.attacks[point.attack.level].lower <= point.base
