"""Update-Leaks, played: no attacker crosses a line that is known, and what is wrong is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import fmpq

from mipriv.errors import ParameterError
from verification.campaign import Campaign, Size, find
from verification.cell import Cell, Control
from verification.inversion.defences import defence
from verification.inversion.metrics import Metric
from verification.inversion.updates.levels import PUBLISHED as NETWORK
from verification.inversion.updates.linear import OUTSIDER, Classes
from verification.inversion.updates.models import Step, Updated, fitted
from verification.inversion.updates.play import _game, _step, label_law, labelled, play
from verification.inversion.updates.private import Privacy
from verification.inversion.updates.stage import Numbers
from verification.inversion.worlds import world
from verification.measures import Point
from verification.outcome import Outcome
from verification.parts import Kind, Role
from verification.study.paired import PUBLISHED, published
from verification.verdict import judged_theory, violated

LINEAR = {"name": "gaussian-labels", "labels": 2, "dimension": 5, "apart": "1", "noise": "0.5"}
FACTORS = {
    "name": "factors", "identities": 12, "groups": 3, "rank": 3, "dimension": 8,
    "within": "0.5", "noise": "0.5",
}  # fmt: skip
NET = {"name": "net", "epochs": 8, "hidden": [12]}
VIB = {"name": "vib", "epochs": 8, "warm_up": 2, "hidden": [12], "lam": "0.03"}
NOISE = {"name": "linear-update", "noise": "0.2"}
FRESH = {"name": "output-noise", "of": NET, "scale": "0.1", "noise": "fresh"}
PRIVATE = {"name": "dp-update", "of": NET, "noise_multiplier": "0.5"}
CLIPPED = {"name": "clipped-update", "of": NET, "clip": "0.5"}
LEVEL = 1e-6  # chance that a cell is flagged, each


def cell(learner: Any, population: Any, *, n: int = 150, control: Any = None, **given: Any) -> Cell:
    usual = {"replicate": 0, "auxiliary": 300, "trials": 200, "rate": "0.1", "probes": 8}
    if population is LINEAR or population.get("labels"):
        usual |= {"auxiliary": 400, "trials": 2000}
    return Cell(
        campaign="test",
        learner=learner,
        population=population,
        n=n,
        parameters=usual | given,
        control=control,
    )


def played(learner: Any, population: Any, **given: Any) -> Outcome:
    one = cell(learner, population, **given)
    return play(one, one.seed(0), LEVEL)


def point(outcome: Outcome) -> Point:
    return Point.from_json(outcome.measures)


# Where the best guess is known.


@pytest.mark.parametrize(("labels", "queries"), [(2, 4), (3, 1)])
def test_no_attacker_crosses_the_best_guess(labels: int, queries: int) -> None:
    outcome = played(NOISE, LINEAR | {"labels": labels}, queries=queries)
    assert not violated(outcome.theory, outcome.observed)
    assert outcome.p_value is not None
    assert outcome.p_value > LEVEL
    found = point(outcome)
    assert found.bayes is not None
    assert found.bayes.kind is Kind.EXACT
    best = found.attacks[f"insider: likeliest label, q = {queries}"]
    assert best.upper >= outcome.theory.lower  # it is the best guess
    assert best.value > found.base + 0.1
    assert found.attack.value >= best.value  # the strongest, chosen on the same updates
    # who learns from updates of the attacked model has no shadow models, and is not as published
    assert {name.partition(": ")[0] for name in found.attacks} == {OUTSIDER, "insider"}
    assert published(found) is None


def test_noise_that_is_too_small_and_a_theory_that_is_are_caught() -> None:
    """At 30,000 updates the best guess is 4 standard deviations and more beyond both."""
    small = {"auxiliary": 300, "trials": 30_000}
    for control, factor in ((Control.NOISE_TOO_SMALL, "0.9"), (Control.THEORY_SCALED, "0.95")):
        one = cell(NOISE, LINEAR, control=control, factor=factor, **small)
        outcome = play(one, one.seed(0), LEVEL)
        assert violated(judged_theory(one, outcome.theory), outcome.observed), control


@pytest.mark.parametrize(
    ("learner", "population", "given"),
    [(NOISE, LINEAR, {}), (NET, FACTORS, {}), (NET, FACTORS, {"batch": 4, "trials": 100})],
)
def test_dealt_out_again_they_tell_nothing(learner: Any, population: Any, given: Any) -> None:
    outcome = played(learner, population, control=Control.SHUFFLED, **given)
    found = point(outcome)
    assert outcome.theory.upper == found.base
    assert not violated(outcome.theory, outcome.observed)
    assert outcome.p_value is not None
    assert outcome.p_value > LEVEL
    honest = point(played(learner, population, **given))
    assert honest.attack.lower > found.base  # there was something to be dealt out


# Networks.


def test_insiders_are_no_weaker_than_shadow_attackers_and_the_same_seed_plays_the_same() -> None:
    """Of an undefended network; the seed is fixed."""
    first, again = (played(NET, FACTORS, selection=50) for _ in range(2))
    assert first == again
    found = point(first)
    best = {
        view: max(one.value for name, one in found.attacks.items() if name.startswith(view))
        for view in ("shadow models", "insider")
    }
    assert best["insider"] >= best["shadow models"] > 0.7
    assert found.selection is not None
    assert found.train is not None
    assert found.base >= 1 / 3
    assert found.panel == "Update-Leaks: factors, one record, 1 answer"
    assert {Metric.AUC, Metric.TPR_1, Metric.ADVANTAGE} <= set(found.metrics)


def test_defences_of_a_replicate_are_played_on_the_same_network_and_records() -> None:
    plain, hard = (point(played(one, FACTORS)) for one in (NET, {"name": "hard-label", "of": NET}))
    assert plain.utility == hard.utility  # the label of the same answers


def test_averaging_undoes_fresh_noise() -> None:
    """Paired on one network; 200 updates: the gain is far above its spread, some .04."""
    once, often = (point(played(FRESH, FACTORS, queries=queries)) for queries in (1, 8))
    assert often.attack.value > once.attack.value + 0.1
    assert PUBLISHED in NETWORK
    naive = often.attacks[f"shadow models: {NETWORK}, q = 1"].value
    assert naive == published(often)
    assert naive < often.attack.value
    assert "shadow models: label network, q = 8" in often.attacks  # averaging is not as published


def updated(spec: Any, *, seed: int = 0) -> Updated:
    place = world(FACTORS)
    records = place.records(150, np.random.default_rng(0))
    made = defence(spec, place, seed=seed, factor=fmpq(1)).estimator
    return fitted(made, records, step=Step(rate=0.1, steps=1), labels=3)


def batches(count: int, size: int = 1) -> tuple[Any, Any]:
    found = world(FACTORS).records(count * size, np.random.default_rng(1))
    return found.X.reshape(count, size, -1), found.y.reshape(count, size)


def test_noise_fixed_for_each_input_cancels_in_an_update() -> None:
    """To rounding: the draws of numbers near 1 are added before and after."""
    probes = world(FACTORS).records(6, np.random.default_rng(2)).X
    clean, noisy = (
        updated(spec).probed(batches(5), probes=probes, queries=2, seed=3).differences().answers
        for spec in (NET, FRESH | {"noise": "per-input"})
    )
    assert np.abs(clean).max() > 1e-3
    assert np.abs(clean - noisy).max() < 1e-13
    fresh = updated(FRESH).probed(batches(5), probes=probes, seed=3)
    assert fresh.before.shape == fresh.after.shape == (5, 1, 6, 3)
    assert np.abs(fresh.differences().answers - clean[:, :1]).max() > 0.05


def test_a_constant_tells_nothing_and_rounding_is_what_it_says() -> None:
    probes = world(FACTORS).records(6, np.random.default_rng(2)).X
    still = updated({"name": "constant-class"}).probed(batches(5), probes=probes, seed=3)
    assert np.abs(still.differences().answers).max() == 0
    rounded = updated({"name": "rounding", "of": NET, "step": "0.25"})
    told = rounded.probed(batches(5), probes=probes, seed=3).after
    assert set(np.unique(told)) <= {0, 0.25, 0.5, 0.75, 1}
    outcome = played({"name": "constant-class"}, FACTORS)
    found = point(outcome)
    assert found.bayes is not None
    assert (found.bayes.kind, outcome.theory.upper) == (Kind.EXACT, found.base)
    assert found.role is Role.CONSTANT


def test_a_noisy_code_is_asked_by_its_own_noise() -> None:
    probes = world(FACTORS).records(6, np.random.default_rng(2)).X
    fixed = updated(VIB | {"noise": "per-input"}).probed(
        batches(4), probes=probes, queries=3, seed=3
    )
    assert fixed.before.shape == (1, 3, 6, 3)
    assert np.ptp(fixed.after, axis=1).max() == 0
    fresh = updated(VIB | {"noise": "fresh"}).probed(batches(4), probes=probes, queries=3, seed=3)
    assert fresh.before.shape == (4, 3, 6, 3)
    assert np.ptp(fresh.after, axis=1).max() > 0
    found = point(played(VIB | {"noise": "fresh"}, FACTORS))
    assert found.information is not None
    assert found.bayes is not None
    assert (found.bayes.kind, found.bayes.upper, found.role) == (Kind.CEILING, 1.0, Role.MID)


def test_label_distributions_of_batches() -> None:
    found = point(played(NET, FACTORS, batch=4, trials=100, selection=30))
    assert found.panel == "Update-Leaks: factors, 4 records, 1 answer"
    assert (found.attack.name, found.base) == ("share of the divergence closed", 0.0)
    assert 0 < found.attack.lower < found.attack.upper <= 1
    assert set(found.metrics) == {Metric.DIVERGENCE}


def test_no_record_is_twice_in_a_batch_of_the_attacker() -> None:
    one = cell(NET, FACTORS, batch=10, auxiliary=66)
    place = labelled(FACTORS)
    numbers = Numbers.of(one, known=("rate", "steps"))
    game = _game(one, place, numbers, _step(one), 3, one.seed(0))
    for half in game.halves:
        X, y = game.dealt(half, 7)
        # 33 records: three batches a deal, ten deals a round, two rounds
        assert X.shape == (60, 10, 8)
        assert y.shape == (60, 10)
        assert all(len(np.unique(batch, axis=0)) == 10 for batch in X)
        known = {row.tobytes() for row in half.X}
        deals = X.reshape(20, 30, 8)
        assert all({row.tobytes() for row in deal} < known for deal in deals)
        assert all(len(np.unique(deal, axis=0)) == 30 for deal in deals)
        assert len({deal.tobytes() for deal in deals}) == 20


@pytest.mark.parametrize("given", [{}, {"batch": 4, "trials": 100}])
def test_a_clipped_update_promises_nothing_and_hides_nothing(given: Any) -> None:
    found, loose, plain = (
        point(played(one, FACTORS, **given)) for one in (CLIPPED, CLIPPED | {"clip": "1e6"}, NET)
    )
    assert (found.role, found.defence) == (Role.BASELINE, "clipped update")
    assert (found.setting, found.epsilon) == ("clip=0.5", None)
    assert found.bayes is not None
    assert (found.bayes.kind, found.bayes.upper) == (Kind.CEILING, 1.0)
    assert "certainty" in found.bayes.method
    assert found.attack.lower > found.base  # the direction of a gradient tells the label
    assert found.utility != plain.utility
    assert loose.utility == plain.utility  # nothing is clipped, and the step is the plain one


def test_a_private_network_says_its_epsilon_and_keeps_to_its_line() -> None:
    outcome = played(PRIVATE, FACTORS)
    found = point(outcome)
    privacy = Privacy.of(PRIVATE)
    assert found.epsilon == privacy.epsilon(records=1, steps=1)
    assert (found.role, found.defence) == (Role.DP, "DP update")
    assert outcome.theory.upper == privacy.success(base=fmpq(1, 3), steps=1) < 1
    assert not violated(outcome.theory, outcome.observed)


# The campaign.


def test_the_campaign_can_be_played() -> None:
    full = Campaign.read(find("tradeoff-update-leaks"))
    small_one = Campaign.read(find("tradeoff-update-leaks"), Size.SMALL)
    assert len(small_one.entries) < len(full.entries)
    made = set()
    for entry in full.entries:
        one = entry.cell
        if one.population["name"] == "gaussian-labels":
            assert Classes.of(one.population).labels >= 2
            continue
        place = labelled(one.population)
        assert sum(label_law(place)) == 1
        updates = ("dp-update", "clipped-update")
        spec = one.learner["of"] if one.learner["name"] in updates else one.learner
        made.add(defence(spec, place, seed=0, factor=fmpq(1)).title)
    assert {"MID, fresh", "MID, per-input", "constant", "label only"} <= made
    clips = {
        name: {
            (entry.cell.parameters.get("batch", 1), str(entry.cell.population))
            for entry in full.entries
            if entry.cell.learner["name"] == name
        }
        for name in ("dp-update", "clipped-update")
    }
    assert clips["dp-update"] == clips["clipped-update"]  # noise apart from clipping, everywhere


def test_who_asks_more_often_is_told_of_the_same_records_by_the_same_models() -> None:
    """Panels of one record of factors differ in the number of questions alone."""
    sizes: dict[int, set[Any]] = {}
    for entry in Campaign.read(find("tradeoff-update-leaks")).entries:
        one = entry.cell
        single = one.population["name"] == "factors" and one.parameters.get("batch", 1) == 1
        if not single or one.control is not None:
            continue
        rest = {key: value for key, value in one.parameters.items() if key != "queries"}
        told = (one.n, str(one.population), str(sorted(rest.items())))
        sizes.setdefault(one.parameters.get("queries", 1), set()).add(told)
    assert set(sizes) == {1, 8, 64}
    assert sizes[64] <= sizes[8] == sizes[1]


def test_ten_digits_are_labels() -> None:
    place = labelled({"name": "ten-digits"})
    records = place.records(100, np.random.default_rng(0))
    assert (records.y == records.secret).all()
    assert len(label_law(place)) == 10


@pytest.mark.parametrize(
    ("learner", "population", "given", "message"),
    [
        (NET, FACTORS, {"rate": "0"}, "rate=0: must"),
        (NET, FACTORS, {"rate": None}, "rate=None"),
        (NET, FACTORS, {"steps": 0}, "steps=0: must"),
        (NET, FACTORS, {"batch": 0}, "batch=0: must"),
        (NET, FACTORS, {"probes": 0}, "probes=0: must"),
        (NET, FACTORS, {"speed": 1}, "parameters=speed: must"),
        (NET, FACTORS, {"trials": 0}, "trials=0: must"),
        (NET, FACTORS, {"auxiliary": 3}, "auxiliary=3: must"),
        (NET, FACTORS, {"auxiliary": 19, "batch": 10}, "auxiliary=19: must be >= 20"),
        (CLIPPED | {"clip": "0"}, FACTORS, {}, "clip=0: must"),
        (CLIPPED | {"noise_multiplier": 1}, FACTORS, {}, r"learner=\['noise_multiplier'\]: must"),
        (CLIPPED | {"of": VIB}, FACTORS, {}, "must be a plain network"),
        (NET, FACTORS, {"control": Control.NOISE_TOO_SMALL, "factor": "0.9"}, "control=noise"),
        ({"name": "top-k", "of": FRESH, "k": 1}, FACTORS, {}, "learner=TopK: must be a network"),
        (PRIVATE | {"noise_multiplier": "0"}, FACTORS, {}, "noise_multiplier=0: must"),
        (PRIVATE | {"clip": "0"}, FACTORS, {}, "clip=0: must"),
        (PRIVATE | {"delta": "1"}, FACTORS, {}, "delta=1: must"),
        (PRIVATE | {"of": "net"}, FACTORS, {}, "of=net: must"),
        (PRIVATE | {"of": VIB}, FACTORS, {}, "must be a plain network"),
        (PRIVATE | {"noise": 1}, FACTORS, {}, r"learner=\['noise'\]: must"),
        (NET, {"name": "gaussian", "dimension": 3, "correlation": 0, "noise": 1}, {}, "classes"),
        (NET, LINEAR, {}, "learner=net: must be linear-update"),
        (NOISE | {"noise": "0"}, LINEAR, {}, "noise=0: must"),
        (NOISE, LINEAR, {"batch": 2}, "batch=2: must be 1"),
        (NOISE, LINEAR | {"dimension": 2}, {}, "dimension=2: must"),
        (NOISE, LINEAR | {"labels": 1}, {}, "labels=1: must"),
        (NOISE, LINEAR | {"noise": 0}, {}, "noise=0: must"),
        (NOISE, {"name": "gaussian-labels", "labels": 2}, {}, "population=.*: must be a table"),
    ],
)
def test_bad_input_is_named(learner: Any, population: Any, given: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        played(learner, population, **given)
