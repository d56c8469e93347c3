"""Cells of the inversion game, played: no attack crosses its line, and what is wrong is seen."""

from __future__ import annotations

import runpy
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import ParameterError
from mipriv.learn.baselines.wrap import noise_for, shrunk
from mipriv.rigor.decimals import exact
from verification.campaign import Campaign, campaigns
from verification.cell import Cell, Control
from verification.inversion import asking
from verification.inversion import play as module
from verification.inversion.channels import channel
from verification.inversion.defences import defence
from verification.inversion.play import play
from verification.inversion.records import Records
from verification.inversion.worlds import world
from verification.measures import Point
from verification.notebook import files
from verification.outcome import Outcome
from verification.verdict import judged_theory, violated

GAUSSIAN = {"name": "gaussian", "dimension": 3, "correlation": "0.25", "noise": 1}
KNOWN = {**GAUSSIAN, "side": "rest"}
RULE = {"name": "rule", "arities": [2, 2, 3, 2], "correlation": "0.3", "noise": "0.2", "seed": 1}
TWO = {
    "name": "factors", "identities": 2, "groups": 2, "rank": 1, "dimension": 4,
    "within": "0.5", "noise": "4",
}  # fmt: skip
MANY = {**TWO, "identities": 20, "groups": 4, "rank": 2, "noise": "1"}
LEVEL = 1e-6  # chance that a cell is flagged, each: those below would be flagged once in 10^4 runs
MID = {"name": "mid-linear", "lam": "3"}
ID3 = {"name": "id3", "lam": 0}
NET = {"name": "net", "epochs": 5, "hidden": [16]}
VIB = {"name": "vib", "epochs": 5, "warm_up": 1, "hidden": [16], "lam": "0.1"}
OURS = ("mid-linear", "mid-tree", "mid-vib")
ALL = {path.stem: Campaign.read(path) for path in campaigns() if path.stem.startswith("mid-")}


def cell(learner: Any, population: Any, *, n: int = 200, control: Any = None, **given: Any) -> Cell:
    usual = {"replicate": 0, "auxiliary": 1000, "trials": 2000}
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


def test_the_campaigns_are_there_and_every_defence_can_be_made() -> None:
    assert tuple(ALL) == OURS
    for campaign in ALL.values():
        for one in campaign.entries:
            if not one.cell.exact:
                place = world(one.cell.population)
                assert defence(one.cell.learner, place, seed=0, factor=fmpq(1)).estimator


# The exact channels: what Theorem 12 says, in numbers.

SHARES = ["0.01", "0.04", "0.09", "0.16", "0.25", "0.36", "0.49", "0.64", "0.81"]


def exact_cell(kind: str, share: str, queries: int = 1) -> Outcome:
    learner = {"name": "channel", "kind": kind, "share": share}
    one = Cell(
        campaign="test", learner=learner, population=GAUSSIAN, n=1, parameters={"queries": queries}
    )
    return play(one, 0, 0.5)


@pytest.mark.parametrize("queries", [1, 64])
@pytest.mark.parametrize("share", SHARES)
def test_mid_is_below_noise_and_equal_to_shrunk_noise(share: str, queries: int) -> None:
    """At equal excess error, certified: enclosures that do not meet, and equal rationals."""
    mid, noise, again, quiet = (
        exact_cell(kind, share, queries) for kind in ("mid", "noise", "shrunk", "shrinkage")
    )
    excess = {point(one).utility.value for one in (mid, noise, again, quiet)}
    assert excess == {float(exact(share, "share"))}
    assert mid.observed.upper < noise.observed.lower < quiet.observed.lower
    assert mid.observed == again.observed
    ratio, v = exact(share, "share"), world(GAUSSIAN).joint.variance  # type: ignore[attr-defined]
    one = channel("mid", share=ratio, v=v)
    assert one == channel("shrunk", share=ratio, v=v)
    added = noise_for(variance=v, distortion=ratio * v)
    assert shrunk(variance=v, noise_variance=added) == (one.gain, one.variance)


@pytest.mark.parametrize("kind", ["mid", "noise", "shrunk", "shrinkage"])
def test_no_channel_tells_more_than_its_information_allows(kind: str) -> None:
    for share in SHARES:
        outcome = exact_cell(kind, share)
        assert outcome.observed.upper <= outcome.theory.upper
        if kind == "shrinkage":
            assert outcome.theory.lower == 1.0  # its information is infinite


def test_a_channel_that_is_none_is_refused() -> None:
    for learner, population in (
        ({"name": "channel", "kind": "magic", "share": "0.1"}, GAUSSIAN),
        ({"name": "channel", "kind": "shrinkage", "share": "0.5"}, GAUSSIAN),
        ({"name": "channel", "kind": "mid", "share": "1"}, GAUSSIAN),
        ({"name": "channel", "kind": "mid", "share": "0.5"}, KNOWN),
        ({"name": "channel", "kind": "mid", "share": "0.5"}, RULE),
    ):
        with pytest.raises(ParameterError):
            play(cell(learner, population, trials=0), 0, 0.5)


# Fitted models: no attack crosses the line.

PLAYED = [
    ({"name": "least-squares"}, GAUSSIAN, {}),
    (MID, GAUSSIAN, {}),
    (MID, KNOWN, {}),
    ({**MID, "release": "deterministic"}, GAUSSIAN, {}),
    ({**MID, "estimator": "taylor2"}, GAUSSIAN, {}),
    ({"name": "mid-linear", "lam": "0.5", "sensitive": [0]}, KNOWN, {}),
    ({"name": "output-noise", "of": {"name": "least-squares"}, "scale": 1}, GAUSSIAN, {}),
    (
        {"name": "output-noise", "of": {"name": "least-squares"}, "scale": 1, "shrink": True},
        KNOWN,
        {},
    ),
    (
        {"name": "output-noise", "of": {"name": "least-squares"}, "scale": 1, "law": "laplace"},
        GAUSSIAN,
        {},
    ),
    ({"name": "rounding", "of": {"name": "least-squares"}, "step": 2}, GAUSSIAN, {}),
    ({"name": "ridge", "lam": 1}, GAUSSIAN, {}),
    ({"name": "drop-sensitive", "of": {"name": "least-squares"}, "sensitive": [0]}, KNOWN, {}),
    ({"name": "constant-mean"}, GAUSSIAN, {}),
    ({"name": "dp-linear", "epsilon": 3, "radius": 2, "label_radius": 5}, GAUSSIAN, {}),
    ({**MID, "noise": "fresh"}, GAUSSIAN, {"queries": 8}),
    (MID, GAUSSIAN, {"queries": 8}),
    (MID, GAUSSIAN, {"queries": 8, "asking": "near"}),
    (MID, GAUSSIAN, {"asking": "white-box"}),
    (MID, {**KNOWN, "label": True}, {}),
    (ID3, RULE, {}),
    ({"name": "mid-tree", "lam": "0.05"}, {**RULE, "side": "rest"}, {}),
    ({"name": "priority-tree", "depth": 1}, RULE, {}),
    ({"name": "hard-label", "of": ID3}, {**RULE, "label": True}, {}),
    ({"name": "flipped-label", "of": ID3, "keep": "0.5", "noise": "fresh"}, RULE, {"queries": 3}),
    ({"name": "flipped-label", "of": ID3, "keep": "0.5"}, {**RULE, "side": "rest"}, {}),
    ({"name": "dp-tree", "epsilon": 1, "depth": 2}, RULE, {}),
    ({"name": "constant-class"}, RULE, {}),
    (NET, MANY, {}),
    (VIB, MANY, {}),
    ({**VIB, "noise": "fresh"}, MANY, {"queries": 4}),
    (VIB, MANY, {"queries": 4, "asking": "near"}),
    (VIB, MANY, {"asking": "white-box"}),
    (VIB, {"name": "digits"}, {"auxiliary": 400, "trials": 600}),
    ({"name": "noisy-records", "scale": 2}, TWO, {"queries": 2}),
]


@pytest.mark.parametrize(("learner", "population", "given"), PLAYED)
def test_no_attack_crosses_its_line(learner: Any, population: Any, given: Any) -> None:
    outcome = played(learner, population, **{"selection": 100} | given)
    assert not violated(outcome.theory, outcome.observed)
    assert outcome.p_value is not None
    assert outcome.p_value >= LEVEL
    found = point(outcome)
    assert found.base <= found.bayes.upper + 1e-12 if found.bayes else False  # one rounding up
    if found.bound is not None:
        assert found.bound.value >= outcome.theory.lower - 1e-12  # the exact line is below it
    assert found.train is not None
    assert found.selection is not None
    assert 0 <= found.attack.value <= 1


def test_the_attack_reaches_the_line_where_it_is_exact() -> None:
    """Within the interval: 2,000 records, at a chance of 1e-6 to miss."""
    for learner, population in ((MID, GAUSSIAN), (ID3, RULE)):
        outcome = played(learner, population, auxiliary=5000)
        assert outcome.observed.upper >= outcome.theory.upper


def test_a_constant_answer_leaks_nothing() -> None:
    for learner, population in (
        ({"name": "constant-mean"}, KNOWN),
        ({"name": "constant-class"}, RULE),
    ):
        outcome = played(learner, population)
        assert outcome.theory.upper == point(outcome).base


def test_shrinkage_without_noise_is_undone() -> None:
    quiet = played({**MID, "release": "deterministic"}, GAUSSIAN)
    bare = played({"name": "least-squares"}, GAUSSIAN)
    # one channel up to the roundoff of the shrunk coefficients, amplified a few times
    assert quiet.theory.upper == pytest.approx(bare.theory.upper, abs=1e-12)
    assert point(quiet).attack.value == point(bare).attack.value


def test_asking_again_helps_where_the_noise_is_fresh_or_the_question_moves() -> None:
    lines = {
        (noise, asked): played(
            {**MID, "noise": noise}, GAUSSIAN, queries=64, asking=asked
        ).theory.upper
        for noise, asked in (("fresh", "repeat"), ("per-input", "repeat"), ("per-input", "near"))
    }
    once = played(MID, GAUSSIAN).theory.upper
    bare = played({**MID, "release": "deterministic"}, GAUSSIAN).theory.upper
    assert lines["per-input", "repeat"] == once
    assert once < lines["fresh", "repeat"] == lines["per-input", "near"] < bare


def test_what_is_wrong_on_purpose_is_caught_and_what_is_blind_is_not() -> None:
    flipped = {"name": "flipped-label", "of": ID3, "keep": "0.3", "noise": "fresh"}
    raw = {"name": "noisy-records", "scale": 4}
    for learner, population, factor in (
        (MID, GAUSSIAN, "0.7"),
        (flipped, RULE, "0.5"),
        (raw, TWO, "0.7"),
    ):
        for kind, given in (
            (Control.NOISE_TOO_SMALL, {"factor": factor}),
            (Control.THEORY_SCALED, {"factor": "0.9"}),
            (Control.SHUFFLED, {}),
        ):
            one = cell(
                learner, population, control=kind, **{**given, "trials": 50_000, "auxiliary": 5000}
            )
            outcome = play(one, one.seed(0), LEVEL)
            flag = violated(judged_theory(one, outcome.theory), outcome.observed)
            assert flag == (kind != Control.SHUFFLED), (learner, kind)


def test_all_defences_of_a_replicate_share_its_records() -> None:
    first, other = cell(MID, GAUSSIAN), cell({"name": "ridge", "lam": 1}, GAUSSIAN)
    assert first.seed(3) == other.seed(3)
    assert first.seed(3) != first.seed(4)
    assert first.seed(3) != cell(MID, GAUSSIAN, replicate=1).seed(3)
    assert first.name(root=3, level=0.1, sources="") != other.name(root=3, level=0.1, sources="")
    assert point(play(first, 5, LEVEL)).to_json() == point(play(first, 5, LEVEL)).to_json()


def test_a_model_is_the_same_however_it_is_asked() -> None:
    """A network is trained from a seed: the same for each way of asking, and for each kind of noise."""
    bare = {point(played(NET, RULE, queries=q)).utility.value for q in (1, 8)}
    assert len(bare) == 1
    seeds = {
        module._seed(5, cell({**VIB, **noise}, RULE, **given))
        for noise in ({}, {"noise": "fresh"}, {"noise": "per-input"})
        for given in ({}, {"queries": 8}, {"queries": 8, "asking": "near"})
    }
    assert len(seeds) == 1
    others = [cell({**VIB, "lam": "0.2"}, RULE), cell(VIB, RULE, auxiliary=900)]
    assert len(seeds | {module._seed(5, one) for one in others}) == 3
    assert module._seed(6, others[0]) not in seeds


def test_an_invertible_affine_map_of_the_answers_changes_no_adaptive_attack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mapped(model: Any, way: str, queries: int, seen: Records) -> Observation:
        found = asking.observe(model, way, queries, seen)
        width = found.answers.shape[2]
        matrix = np.eye(width) * 3 + np.tri(width, k=-1)
        return Observation(answers=found.answers @ matrix.T + 7, side=found.side)

    for learner, population in ((MID, KNOWN), (ID3, RULE), (VIB, MANY)):
        plain = played(learner, population)
        with monkeypatch.context() as patch:
            patch.setattr(module, "observe", mapped)
            again = played(learner, population)
        unmapped = ("log-mean", "candidates")  # logarithms; and who knows the answers' formula
        kept = {
            level: ends
            for level, ends in point(plain).attacks.items()
            if not any(word in level for word in unmapped)
        }
        assert kept
        for level, ends in kept.items():
            assert point(again).attacks[level] == ends


def test_bad_tables_are_refused_in_one_line() -> None:
    for learner, population, given in (
        ({"name": "nobody"}, GAUSSIAN, {}),
        ({**MID, "colour": 1}, GAUSSIAN, {}),
        ({"name": "hard-label", "of": 3}, RULE, {}),
        ({"name": "id3"}, GAUSSIAN, {}),
        (MID, {**GAUSSIAN, "side": "left"}, {}),
        (MID, {"name": "nowhere"}, {}),
        (MID, {**GAUSSIAN, "colour": 1}, {}),
        (MID, GAUSSIAN, {"asking": "politely"}),
        (MID, GAUSSIAN, {"colour": 1}),
        ({"name": "least-squares"}, GAUSSIAN, {"asking": "near"}),
        ({"name": "dp-tree"}, GAUSSIAN, {}),
        (VIB, {"name": "digits"}, {"trials": 5000}),
    ):
        with pytest.raises(ParameterError) as caught:
            played(learner, population, **given)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_the_notebook_runs(path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(path))
    assert "best attack" in capsys.readouterr().out
