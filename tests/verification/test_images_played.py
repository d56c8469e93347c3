"""Images made of private classes, and likeliest records: played, counted, and held to their lines."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from flint import fmpq

from mipriv.attack.gmi import GenerativeInversion
from mipriv.attack.priors import LinearPrior, PrincipalComponents
from mipriv.errors import ParameterError
from mipriv.learn.baselines.dp_net import DPNetClassifier
from mipriv.learn.mid.vib import VIBClassifier
from mipriv.populations.images import cosine_images
from verification.campaign import CAMPAIGNS, Campaign, Size
from verification.cell import Cell, Control
from verification.inversion.defences import defence
from verification.inversion.images import opened
from verification.inversion.images import worlds as pictures
from verification.inversion.images.enumerated import ANSWER, LABEL, SUMMED, release
from verification.inversion.images.play import play
from verification.inversion.images.worlds import Sizes, StockWorld
from verification.inversion.worlds import RuleWorld, World
from verification.inversion.worlds import world as other_world
from verification.measures import Point
from verification.outcome import Outcome
from verification.parts import Kind
from verification.verdict import judged_theory, violated

WAVES = {
    "name": "wave-classes", "private": 3, "public": 20, "side": 4, "patterns": 4,
    "deformations": 1, "contrast": "0.3", "noise": "0.05", "iterations": 3,
}  # fmt: skip
RULE = {"name": "rule", "arities": [2, 2, 3, 2], "correlation": "0.3", "noise": "0.2", "seed": 1}
REST = {**RULE, "side": "rest"}
NET = {"name": "net", "epochs": 20, "hidden": [16]}
CONSTANT = {"name": "constant-class"}
VIB = {"name": "vib", "epochs": 5, "warm_up": 1, "hidden": [16], "lam": "0.1"}
ID3 = {"name": "id3", "lam": 0}
PCA = {"gmi": ["PCA, cross-entropy"], "map": ["PCA prior"]}
LEVEL = 1e-6  # chance that an interval misses: ten of them do once in 10^5 seeds
CAMPAIGN_NAMES = ("tradeoff-gmi", "tradeoff-whitebox-map")


def cell(learner: Any, *, attack: str = "gmi", control: Any = None, **given: Any) -> Cell:
    usual = {"attack": attack, "replicate": 0, "trials": 60, "auxiliary": 200, "held": 60}
    return Cell(
        campaign="test", learner=learner, population=WAVES, n=100,
        parameters=usual | given, control=control,
    )  # fmt: skip


def rule(learner: Any, population: Any = RULE, control: Any = None, **given: Any) -> Cell:
    parameters = {"attack": "map", "replicate": 0, "family": "trees"} | given
    return Cell(
        campaign="test", learner=learner, population=population, n=100,
        parameters=parameters, control=control,
    )  # fmt: skip


def played(one: Cell) -> tuple[Outcome, Point]:
    outcome = play(one, one.seed(0), LEVEL)
    return outcome, Point.from_json(outcome.measures)


# Images: what nothing is known of is found at 1/K.


@pytest.mark.parametrize("attack", ["gmi", "map"])
def test_a_constant_model_and_shuffled_classes_give_one_in_k(attack: str) -> None:
    for learner, control in ((CONSTANT, None), (NET, Control.SHUFFLED)):
        one = cell(learner, attack=attack, control=control, trials=900, levels=PCA[attack])
        outcome, point = played(one)
        assert outcome.observed.lower <= 1 / 3 <= outcome.observed.upper
        assert outcome.observed.upper - outcome.observed.lower < 0.2  # so that it says something
        assert outcome.theory.lower <= 1 / 3 <= outcome.theory.upper < 0.34
        assert point.bayes is not None
        assert point.bayes.kind is Kind.EXACT
        assert not violated(outcome.theory, outcome.observed)
    _, point = played(cell(NET, attack=attack, trials=900, levels=PCA[attack]))
    assert point.attack.lower > 0.6  # there is something to be found


def test_a_label_flipped_too_seldom_is_caught_and_the_true_line_is_kept() -> None:
    flipped = {"name": "flipped-label", "keep": "0.1", "noise": "fresh", "of": NET}
    usual: dict[str, Any] = {"trials": 3000, "levels": ["PCA, logit loss"]}
    outcome, point = played(cell(flipped, **usual))
    line = fmpq(1, 10) + fmpq(9, 10) / 3
    assert outcome.theory.lower <= float(line) <= outcome.theory.upper
    assert not violated(outcome.theory, outcome.observed)
    assert outcome.p_value is not None
    assert outcome.p_value > LEVEL
    assert point.role == "baseline"
    factor = {"control": Control.NOISE_TOO_SMALL, "factor": "0.5"}
    outcome, _ = played(cell(flipped, **usual, **factor))
    assert violated(outcome.theory, outcome.observed)
    assert outcome.p_value is not None
    assert outcome.p_value < LEVEL


def test_a_perfect_prior_finds_every_class_of_the_law_itself() -> None:
    """The attacked model is the evaluator: where all images can be made, each class is reached.

    The classes have one covariance, so that their logits are affine.  A prior of one axis makes
    images on a line alone, where there are not all of these classes.
    """
    images = cosine_images(private=5, public=40, side=4, patterns=4, deformations=1, seed=1)
    _, within = images.moments([0])
    templates = np.stack([images.moments([label])[0] for label in range(5)])
    slopes = np.linalg.solve(within, templates.T)
    shifts = -(templates * slopes.T).sum(axis=1) / 2

    def law(rows: torch.Tensor) -> torch.Tensor:
        return rows @ torch.tensor(slopes) + torch.tensor(shifts)

    drawn = images.draw(np.repeat(np.arange(5), 20), np.random.default_rng(0))
    exact = images.log_density(drawn)
    logits = law(torch.tensor(drawn)).numpy()
    gaps = [table - table[:, :1] for table in (exact, logits)]
    # sums of 16 terms of size below 10^6, in either
    np.testing.assert_allclose(gaps[0], gaps[1], rtol=0, atol=64 * 1e6 * 2**-52)
    public = images.draw(np.tile(np.array(images.public), 20), np.random.default_rng(1))
    shares = []
    for prior in (LinearPrior.of_moments(*images.moments()), PrincipalComponents(rank=1)):
        attack = GenerativeInversion(prior=prior, draws=10, restarts=2, polish=0)
        found = attack.fit(None, public, model=law).reconstruct(range(5)).records
        guesses = images.posterior(found.reshape(-1, 16)).argmax(axis=1)
        shares.append((guesses == np.repeat(np.arange(5), 10)).mean())
    assert shares[0] == 1
    assert shares[1] < 1


def test_the_inside_is_what_the_model_computes_before_its_noise() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 6)), rng.integers(3, size=80)
    private = DPNetClassifier(hidden=4, steps=5, centre=0.1, scale=2, random_state=0).fit(X, y)
    noisy = VIBClassifier(epochs=2, warm_up=1, hidden=(8,), random_state=0).fit(X, y)
    for model, answers in ((private, private.answer(X)), (noisy, noisy.mean(X))):
        logits = opened.logits(model)(torch.tensor(X)).detach()
        shares = torch.softmax(logits, dim=1).numpy()
        # shares of a softmax of logits below 10 in size, from sums of at most 8 terms
        np.testing.assert_allclose(shares, answers, rtol=8 * 10 * 8 * 2**-52, atol=0)
    assert not np.array_equal(noisy.answer(X), noisy.mean(X))


def test_results_do_not_depend_on_what_was_played_before() -> None:
    cells = [
        cell(learner, attack=attack, selection=30, levels=levels, trials=30)
        for attack, levels in (("gmi", ["GAN, logit loss", *PCA["gmi"]]), ("map", ["GAN prior"]))
        for learner in (NET, VIB)
    ]
    first = [played(one)[0] for one in cells]
    for kept in (opened._opened, pictures._gallery, pictures._prior, pictures._world):
        kept.cache_clear()
    again = [played(one)[0] for one in reversed(cells)][::-1]
    assert first == again
    other = replace(cells[0], parameters={**cells[0].parameters, "replicate": 1})
    assert played(other)[0] != first[0]


def test_a_defence_of_the_answers_does_not_stand_in_the_way() -> None:
    plain = played(cell(NET, selection=30, levels=PCA["gmi"]))[1]
    for around in ({"name": "hard-label"}, {"name": "output-noise", "scale": "0.5"}):
        point = played(cell({**around, "of": NET}, selection=30, levels=PCA["gmi"]))[1]
        assert point.attacks == plain.attacks
        assert point.metrics == plain.metrics
        assert point.role == "baseline"
        assert point.selection is not None
        assert plain.selection is not None
        assert point.selection.attack == plain.selection.attack
    early = {"name": "early-stop", "of": {**NET, "epochs": 1}}
    point = played(cell(early, levels=PCA["gmi"]))[1]
    assert (point.defence, point.role) == ("early stop", "baseline")
    assert point.attacks != plain.attacks


def test_the_level_is_chosen_by_other_reconstructions() -> None:
    levels = ["GAN, cross-entropy, as published", *PCA["gmi"]]
    task: dict[str, Any] = {
        "spec": WAVES,
        "sizes": Sizes(train=100, held=60, public=200),
        "learner": NET,
    }
    made = opened.opened(opened.Task(**task, attack="gmi", levels=tuple(levels), draws=(4, 3)), 5)
    for level in levels:
        one, two = made.made[level].records, made.chosen[level].records
        assert one.shape == (3, 4, 16)
        assert two.shape == (3, 3, 16)
        assert not {row.tobytes() for row in one.reshape(-1, 16)} & {
            row.tobytes() for row in two.reshape(-1, 16)
        }


def test_stock_images_are_dealt_without_repetition() -> None:
    labels = np.repeat(np.arange(6), 50)
    X = np.arange(300.0)[:, None] + [0, 0.5]
    place = StockWorld(title="rows", private=4, axes=1, iterations=1, X=X, y=labels, evaluator=60)
    dealt = []
    for seed in range(3):
        room = place.deal(Sizes(train=40, held=40, public=50), np.random.default_rng(seed))
        parts = [room.train.X, room.selection.X, room.evaluation.X, room.public]
        rows = np.concatenate(parts)[:, 0].astype(int)
        assert len(set(rows)) == len(rows) == 170
        own: dict[int, set[int]] = {}
        for part in (room.train, room.selection, room.evaluation):
            for row, label in zip(part.X[:, 0].astype(int), part.y, strict=True):
                own.setdefault(int(label), set()).add(int(labels[row]))
        assert sorted(own) == [0, 1, 2, 3]
        assert all(len(digits) == 1 for digits in own.values())
        private = {next(iter(digits)) for digits in own.values()}
        assert not private & set(labels[room.public[:, 0].astype(int)])
        dealt.append(private)
        assert room.features(room.public).shape == (50, 64)
    assert len({frozenset(one) for one in dealt}) > 1
    with pytest.raises(ParameterError, match="records=1060"):
        place.deal(Sizes(train=800, held=100, public=50), np.random.default_rng(0))


# Enumerated: the line is met, by other sums.

TREES = [
    ID3,
    {"name": "mid-tree", "lam": "0.05"},
    {"name": "hard-label", "of": ID3},
    {"name": "flipped-label", "keep": "0.7", "noise": "fresh", "of": ID3},
    {"name": "drop-sensitive", "sensitive": [0], "of": ID3},
    CONSTANT,
]


def brute(place: RuleWorld, laws: list[dict[int, Fraction]]) -> tuple[Fraction, Fraction]:
    """Success of the likeliest record, and of the likeliest secret, given side and answer."""
    cells = [tuple(row) for row in place.game.joint.cells().tolist()]
    masses = [
        Fraction(int(m.p), int(m.q))
        for m in place.game.joint.marginal(range(place.game.joint.attributes))
    ]
    seen: dict[Any, list[tuple[Fraction, int]]] = {}
    for row, mass, law in zip(cells, masses, laws, strict=True):
        for answer, chance in law.items():
            side = tuple(row[i] for i in place.game.known)
            seen.setdefault((side, answer), []).append((mass * chance, row[0]))
    record, secret = Fraction(0), Fraction(0)
    for options in seen.values():
        totals = {s: sum(m for m, own in options if own == s) for _, s in options}
        secret += max(totals.values())
        best = max(m for m, _ in options)
        # within rounding the attack takes the first of equals, as here
        record += totals[next(s for m, s in options if m == best)]
    return record, secret


@pytest.mark.parametrize("population", [RULE, REST])
@pytest.mark.parametrize("learner", TREES)
def test_enumerated_levels_are_the_brute_sums_and_none_is_above_the_line(
    learner: Any, population: Any
) -> None:
    one = rule(learner, population)
    outcome, point = played(one)
    place = other_world(population)
    assert isinstance(place, RuleWorld)
    train = place.records(one.n, np.random.default_rng([one.seed(0), 0]))
    number = int(np.random.default_rng([one.seed(0), 2]).integers(2**31))
    model = defence(learner, place, seed=number, factor=fmpq(1)).estimator
    found = release(model.fit(train.X, train.y), place)
    if hasattr(found, "ids"):
        laws = [{answer: Fraction(1)} for answer in found.ids]
    else:
        laws = [{i: Fraction(int(p.p), int(p.q)) for i, p in enumerate(row)} for row in found.rows]
    record, secret = brute(place, laws)
    for level, exact in ((ANSWER, record), (SUMMED, secret)):
        ends = point.attacks[level]
        assert Fraction(ends.lower) <= exact <= Fraction(ends.upper)
    assert Fraction(outcome.theory.lower) <= secret <= Fraction(outcome.theory.upper)
    assert outcome.observed.exact
    assert all(ends.upper <= outcome.theory.upper for ends in point.attacks.values())
    assert point.attacks[LABEL].upper <= point.attacks[SUMMED].upper
    if population is REST:  # one record for each secret: the likeliest of either kind is the same
        assert record == secret
    assert point.train is not None
    assert point.bayes is not None
    assert point.bayes.kind is Kind.EXACT


def test_controls_of_the_enumerated_cells() -> None:
    even = {**REST, "correlation": 0, "noise": "0.1"}
    flipped = {"name": "flipped-label", "keep": "0.5", "noise": "fresh", "of": ID3}
    small = rule(flipped, even, Control.NOISE_TOO_SMALL, factor="0.9")
    scaled = rule(flipped, even, Control.THEORY_SCALED, factor="0.95")
    shuffled = rule(flipped, even, Control.SHUFFLED)
    for one, caught in ((small, True), (scaled, True), (shuffled, False)):
        outcome, point = played(one)
        assert violated(judged_theory(one, outcome.theory), outcome.observed) == caught
        if one is shuffled:  # met with equality
            assert point.attacks[SUMMED].lower <= 1 / 2 <= point.attacks[SUMMED].upper


LINEAR = {"name": "net", "hidden": [], "epochs": 5}


@pytest.mark.parametrize("side", ["none", "rest"])
@pytest.mark.parametrize("learner", [ID3, {"name": "hard-label", "of": ID3}, LINEAR])
def test_shuffled_answers_tell_nothing_of_any_model(learner: dict[str, Any], side: str) -> None:
    """Every level is at the guess without a model, the one that sees labels alone too."""
    one = rule(learner, {**REST, "side": side}, Control.SHUFFLED)
    outcome, point = played(one)
    assert not violated(judged_theory(one, outcome.theory), outcome.observed)
    assert all(ends.lower <= point.base for ends in point.attacks.values())
    assert point.attacks[SUMMED].upper >= outcome.theory.lower


def test_linear_networks_give_every_record_away_whatever_they_pay() -> None:
    for lam in ("0.01", "0.3"):
        learner = {"name": "vib", "hidden": [], "lam": lam, "epochs": 15}
        outcome, point = played(rule(learner, family="linear"))
        assert point.attack.upper == 1
        assert point.metrics["chance of the whole record"] == 1
        assert outcome.theory.upper == 1


# The campaigns.


@pytest.mark.parametrize("name", CAMPAIGN_NAMES)
@pytest.mark.parametrize("size", list(Size))
def test_every_cell_of_the_campaigns_names_what_there_is(name: str, size: Size) -> None:
    campaign = Campaign.read(CAMPAIGNS / f"{name}.toml", size)
    replicates = set()
    for entry in campaign.entries:
        one = entry.cell
        place: World
        if one.population["name"] == "rule":
            place = other_world(one.population)
            assert one.exact
            assert defence(one.learner, place, seed=0, factor=fmpq(1)).estimator
        else:
            place = pictures.world(one.population)
            assert not one.exact
            assert opened.built(one.learner, place, 0).estimator
            assert one.parameters["trials"] % place.private == 0
        if entry.must is None:
            replicates.add(one.parameters["replicate"])
    assert replicates == set(range(2 if size is Size.SMALL else 14))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (cell(NET, attack="magic"), "attack=magic"),
        (cell(NET, trials=61), "trials=61: must be a multiple"),
        (cell(NET, selection=1), "selection=1: must be a multiple"),
        (cell(NET, levels=["by hand"]), "levels="),
        (cell(NET, queries=2), "parameters=queries"),
        (cell(NET, auxiliary=1), "auxiliary=1"),
        (cell(NET, control=Control.NOISE_TOO_SMALL, factor="0.9"), "learner=net: must flip"),
        (cell({"name": "early-stop", "of": 3}), "of=3"),
        (cell({"name": "id3", "lam": 0}, levels=PCA["gmi"]), "model=MIDTreeClassifier"),
        (rule(ID3, trials=10), "parameters=trials"),
        (rule(ID3, attack="gmi"), "attack=gmi"),
        (rule(ID3, {**RULE, "label": True}), "label=True"),
        (rule({"name": "output-noise", "scale": 1, "noise": "fresh", "of": ID3}), "fresh noise"),
    ],
)
def test_tables_that_name_what_is_not_there_are_refused(given: Cell, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        play(given, 0, LEVEL)


def test_worlds_and_priors_that_are_not_there_are_refused() -> None:
    with pytest.raises(ParameterError, match="population=magic"):
        pictures.world({"name": "magic"})
    with pytest.raises(ParameterError, match="population=wave-classes"):
        pictures.world({**WAVES, "magic": 1})
    digits = {"name": "digit-classes", "private": 5, "axes": 5, "evaluator": 200, "iterations": 1}
    with pytest.raises(ParameterError, match="private=10: must be below 10"):
        pictures.world({**digits, "private": 10})
    sizes = Sizes(train=50, held=50, public=50)
    with pytest.raises(ParameterError, match="prior=perfect"):
        pictures.prior("perfect", digits, sizes, 0)
    with pytest.raises(ParameterError, match="prior=magic"):
        pictures.prior("magic", WAVES, sizes, 0)
