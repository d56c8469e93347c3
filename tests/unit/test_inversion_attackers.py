"""Adaptive attackers of the inversion game against optima that are known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from mipriv.attack.bayes.gaussian import means_success, normal_success
from mipriv.attack.bayes.inversion.answers import Channel, Deterministic
from mipriv.attack.bayes.inversion.discrete import DiscreteInversion
from mipriv.attack.bayes.inversion.linear import LinearInversion
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.features import Whitening, averaged, first, leading
from mipriv.attack.inversion.levels import Adversary, compare
from mipriv.attack.inversion.naive import MaximumAPosteriori
from mipriv.attack.inversion.neighbour import Neighbours
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.attack.inversion.regression import Regression
from mipriv.attack.inversion.table import Table
from mipriv.errors import ParameterError
from mipriv.populations.joint import DiscreteJoint, equicorrelated, noisy_rule
from mipriv.rigor.intervals import proportion

SURE = "0.999999"  # one test in a million by chance; the seeds are fixed
RECORDS = 8000
# five standard errors sqrt(p (1-p)/8000) <= .0056 of a success, one-sided: 3e-7
NOISE = 0.028
ATTACKS: tuple[Attack, ...] = (
    Regression(),
    Discriminant(),
    Discriminant(kind="quadratic"),
    Neighbours(neighbours=15),
    Table(),
)


def hits(attack: Attack, seen: Any, secrets: Any, **given: Any) -> int:
    """Fit on the first half of the records, and count right guesses in the second."""
    half = len(secrets) // 2
    learned = attack.fit(part(seen, slice(None, half)), secrets[:half], **given)
    return int((learned.infer(part(seen, slice(half, None))) == secrets[half:]).sum())


def part(seen: Observation, rows: slice) -> Observation:
    return Observation(answers=seen.answers[rows], side=seen.side[rows])


def check(found: int, optimum: float, *, loss: float) -> None:
    """Never above the optimum beyond an exact interval, and below it by the loss of fitting alone."""
    assert proportion(hits=found, trials=RECORDS, confidence=SURE).lower <= optimum
    assert found / RECORDS >= optimum - NOISE - loss


@pytest.mark.parametrize("queries", [1, 8])
def test_normal_attackers_reach_the_linear_optimum(queries: int) -> None:
    """A fit of 4 numbers to 8000 records costs less than .002 of success, a vote of 201 some .01."""
    rng = np.random.default_rng(queries)
    joint = equicorrelated(dimension=4, correlation="0.3", coefficients=(2, 1, 1, 1))
    game = LinearInversion(
        joint=joint,
        sensitive=0,
        coefficients=(2, 1, 1, 1),
        variance=8,
        known=(1, 2),
        queries=queries,
    )
    X, _ = joint.sample(2 * RECORDS, rng)
    noise = rng.normal(scale=math.sqrt(8), size=(2 * RECORDS, queries, 1))
    answers = 0.01 * ((X @ [2, 1, 1, 1])[:, None, None] + noise) - 3  # rescaled: he refits
    seen, secrets = Observation(answers=answers, side=X[:, 1:3]), np.sign(X[:, 0]).astype(int)
    optimum = float(game.success())
    for attack in (Regression(), Regression(output="sign"), Discriminant()):
        check(hits(attack, seen, secrets), optimum, loss=0.002)
    check(hits(Discriminant(kind="quadratic"), seen, secrets), optimum, loss=0.004)
    check(hits(Neighbours(neighbours=201), seen, secrets), optimum, loss=0.015)
    numbers = Regression(output="number").fit(part(seen, slice(RECORDS)), X[:RECORDS, 0])
    left = numbers.infer(part(seen, slice(RECORDS, None))) - X[RECORDS:, 0]
    # relative error sqrt(2/8000) = .016 of a variance, five of them
    assert (left**2).mean() == pytest.approx(float(game.posterior().variance), rel=0.08)


@pytest.mark.parametrize("queries", [1, 5])
def test_a_table_reaches_the_optimum_of_a_channel(queries: int) -> None:
    """Some 60 combinations of side and answers, 8000 records: about .01 for wrong leaders."""
    rng = np.random.default_rng(queries)
    joint = noisy_rule(arities=(3, 2, 2), correlation="0.3", noise="0.2", seed=1)
    noisy = Channel.of([(cell * 5) % 3 for cell in range(12)], keep="0.5", answers=3)
    game = DiscreteInversion(joint=joint, sensitive=0, known=(1,))
    X, _ = joint.sample(2 * RECORDS, rng)
    chances = np.array([[float(arb(mass)) for mass in row] for row in noisy.rows])
    reached = chances.cumsum(axis=1)[np.ravel_multi_index(tuple(X.T), joint.arities)]
    lots = rng.random((2 * RECORDS, queries))
    answers = (lots[:, :, None] >= reached[:, None, :]).sum(axis=2)
    # an answer is a vector of probabilities
    seen = Observation(answers=chances[[0, 1, 2]][answers], side=X[:, 1:2].astype(float))
    found = hits(Table(), seen, X[:, 0])
    check(found, float(game.success(noisy, queries=queries)), loss=0.015)
    assert found / RECORDS > float(game.base()) + 0.02  # it uses the answers


def test_a_table_of_the_training_set_is_the_optimum_in_train_mode() -> None:
    """Who tabulates the very records that he is asked about reaches the exact line, hit for hit."""
    rng = np.random.default_rng(4)
    joint = noisy_rule(arities=(3, 2, 4), correlation="0.2", noise="0.1", seed=2)
    X, y = joint.sample(120, rng)
    outputs = (joint.cells() @ [1, 3, 1] % 5) / 7.0
    train = DiscreteJoint.empirical(X, y, arities=joint.arities, classes=2)
    game = DiscreteInversion(joint=train, sensitive=0, known=(1,), label=True)
    answers = outputs[np.ravel_multi_index(tuple(X.T), joint.arities)]
    seen = Observation(
        answers=answers[:, None, None], side=np.column_stack([X[:, 1], y]).astype(float)
    )
    learned = Table(smoothing=1e-4).fit(seen, X[:, 0])
    right = int((learned.infer(seen) == X[:, 0]).sum())
    assert game.success(Deterministic.of(outputs)) == fmpq(right, 120)
    assert right / 120 > float(game.base())


def test_quadratic_and_neighbours_see_a_scale() -> None:
    rng = np.random.default_rng(0)
    secrets = rng.integers(2, size=2 * RECORDS)
    answers = rng.normal(size=2 * RECORDS) * np.where(secrets == 1, 3.0, 1.0)
    seen = Observation(answers=answers[:, None, None], side=np.zeros((2 * RECORDS, 0)))
    optimum = float(normal_success(means=[0, 0], variances=[1, 9]))
    check(hits(Discriminant(kind="quadratic"), seen, secrets), optimum, loss=0.002)
    check(hits(Neighbours(neighbours=201), seen, secrets), optimum, loss=0.015)
    assert hits(Discriminant(), seen, secrets) / RECORDS < 0.6  # the means are equal


def test_collinear_and_constant_answers() -> None:
    """Probabilities that sum to one lose a direction; constant answers leave the most frequent."""
    rng = np.random.default_rng(3)
    secrets = rng.choice(3, p=[0.5, 0.3, 0.2], size=2 * RECORDS)
    logits = rng.normal(size=(2 * RECORDS, 3)) + 2 * np.eye(3)[secrets]
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    seen = Observation(answers=chances[:, None], side=np.zeros((2 * RECORDS, 0)))
    assert Whitening.of(chances).rank == 2
    for attack in ATTACKS[1:4]:
        assert hits(attack, seen, secrets) / RECORDS > 0.5 + NOISE + 0.1
    silent = Observation(answers=np.full((2 * RECORDS, 1, 3), 1 / 3), side=seen.side)
    for attack in ATTACKS[1:]:
        assert hits(attack, silent, secrets) == (secrets[RECORDS:] == 0).sum()


def test_deterministic_answers_that_tell_the_secret() -> None:
    """No spread within a secret: every attacker is always right, also along a slanted direction."""
    rng = np.random.default_rng(1)
    secrets, other = rng.integers(2, size=400), rng.normal(size=400)
    answers = np.stack([secrets * 1e-3 + other, other], axis=1)[:, None]
    seen = Observation(answers=answers, side=np.zeros((400, 0)))
    for attack in ATTACKS[:4]:
        assert hits(attack, seen, secrets) == 200, attack.name


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_affine_maps_of_the_answers_change_no_guess(attack: Attack) -> None:
    """Invertible maps, some ill-conditioned, of continuous, of collinear and of discrete answers."""
    rng = np.random.default_rng(7)
    secrets = rng.integers(3, size=600)
    smooth = rng.normal(size=(600, 2, 3)) + 0.8 * np.eye(3)[secrets][:, None]
    summing = np.exp(smooth) / np.exp(smooth).sum(axis=2, keepdims=True)
    side = rng.integers(3, size=(600, 1)).astype(float)
    for answers in (smooth, summing, np.round(smooth), np.round(smooth[:, [0, 0]])):
        seen = Observation(answers=answers, side=side)
        first_half, second = part(seen, slice(300)), part(seen, slice(300, None))
        guesses = attack.fit(first_half, secrets[:300]).infer(second)
        for stretch in (1.0, 1e-3, 1e3):
            turn = rng.normal(size=(3, 3)) @ np.diag([1.0, stretch, 1.0])
            moved = Observation(answers=answers @ turn + rng.normal(size=3), side=side)
            if isinstance(attack, Table):  # a matrix product may round equal rows apart
                moved = Observation(answers=-stretch * answers, side=side)
            again = attack.fit(part(moved, slice(300)), secrets[:300])
            assert (again.infer(part(moved, slice(300, None))) == guesses).all()


def test_order_and_sign_of_answers() -> None:
    """A table takes q answers as a multiset, and the two zeros as one number."""
    answers = np.array([[[0.0], [1.0]], [[0.0], [1.0]]] + [[[1.0], [1.0]]] * 3)
    learned = Table().fit(
        Observation(answers=answers, side=np.zeros((5, 0))), np.array(["b", "b", "a", "a", "a"])
    )
    asked = np.array([[[1.0], [0.0]], [[-0.0], [1.0]], [[1.0], [1.0]], [[0.0], [0.0]]])
    found = learned.infer(Observation(answers=asked, side=np.zeros((4, 0))))
    assert found.tolist() == ["b", "b", "a", "a"]  # the last was never seen: the most frequent


def test_discriminants_by_hand() -> None:
    """Records -1, 0, 1 of secret 0 and 2, 4, 6, 8 of secret 1: variances 1 and 20/3, means 0 and 5.

    Float64 of some ten operations on numbers below 100: within 1e-12.
    """
    answers = np.array([-1.0, 0, 1, 2, 4, 6, 8])[:, None, None]
    seen = Observation(answers=answers, side=np.zeros((7, 0)))
    asked = Observation(answers=np.array([[[3.0]], [[-2.0]]]), side=np.zeros((2, 0)))
    secrets = np.array([0, 0, 0, 1, 1, 1, 1])

    def odds(kind: str) -> Any:
        return np.diff(Discriminant(kind=kind).fit(seen, secrets).scores(asked))[:, 0]

    x, pooled, prior = np.array([3.0, -2.0]), (2 + 20) / 5, math.log(4 / 3)
    linear = (x**2 - (x - 5) ** 2) / (2 * pooled) + prior
    assert odds("linear") == pytest.approx(linear, abs=1e-12)
    quadratic = x**2 / 2 - (x - 5) ** 2 / (2 * 20 / 3) - math.log(20 / 3) / 2 + prior
    assert odds("quadratic") == pytest.approx(quadratic, abs=1e-12)


def test_a_table_falls_back() -> None:
    side = np.array([[0.0]] * 4 + [[1.0]] * 5)
    answers = np.arange(9.0)[:, None, None] // 2
    learned = Table().fit(
        Observation(answers=answers, side=side), np.array([0, 0, 0, 1, 1, 1, 1, 1, 0])
    )
    asked = Observation(answers=np.full((3, 1, 1), 99.0), side=np.array([[0.0], [1.0], [2.0]]))
    assert learned.infer(asked).tolist() == [0, 1, 1]  # by side, by side, by frequency (5 of 9)


class Linear:
    """f(x) = 3 x_0 + x_1."""

    def predict(self, X: Any) -> Any:
        return X @ np.array([3.0, 1.0])


def linear_game(scale: float, noise: float) -> tuple[Observation, Any]:
    rng = np.random.default_rng(11)
    X = np.stack([rng.integers(3, size=2 * RECORDS), rng.normal(size=2 * RECORDS)], axis=1)
    answers = scale * Linear().predict(X) + noise * rng.normal(size=2 * RECORDS)
    return Observation(answers=answers[:, None, None], side=X[:, 1:]), X[:, 0].astype(int)


def test_naive_inversion_is_optimal_on_what_it_assumes_and_loses_elsewhere() -> None:
    """Values 0, 3, 6 through N(0, 4): the optimum is known; shrunk by ten it stays the same."""
    optimum = float(means_success(means=[0, 3, 6], variance=4))
    for scale, noise in ((1.0, 2.0), (0.1, 0.2)):
        seen, secrets = linear_game(scale, noise)
        naive = hits(MaximumAPosteriori(scale=2.0), seen, secrets, model=Linear())
        adaptive = MaximumAPosteriori(scale=0.0, refit=True)
        check(hits(adaptive, seen, secrets, model=Linear()), optimum, loss=0.002)
        if scale == 1:
            check(naive, optimum, loss=0.002)
        else:
            assert naive / RECORDS < 1 / 3 + 2 * NOISE
    white = MaximumAPosteriori(scale=1e-3)
    assert hits(white, *linear_game(1.0, 0.0), model=Linear()) == RECORDS
    with pytest.raises(ParameterError, match="model=None: must be given"):
        white.fit(*linear_game(1.0, 0.0))


def test_naive_inversion_weighs_the_prior() -> None:
    """p(0) = .9, f = 3 v, scale 1: value 1 leads beyond 1.5 + log(9)/3 = 2.232."""
    seen = Observation(answers=np.zeros((10, 1, 1)), side=np.zeros((10, 1)))
    learned = MaximumAPosteriori(scale=1.0).fit(seen, np.array([0] * 9 + [1]), model=Linear())
    asked = Observation(answers=np.array([[[2.22]], [[2.24]]]), side=np.zeros((2, 1)))
    assert learned.infer(asked).tolist() == [0, 1]


def test_other_records_than_the_side_information_with_one_more_column() -> None:
    seen, secrets = linear_game(1.0, 0.0)
    swapped = replace(MaximumAPosteriori(scale=1.0), position=1)
    assert hits(swapped, seen, secrets, model=Linear()) < RECORDS
    given = MaximumAPosteriori(
        scale=1.0, records=lambda value, side: np.column_stack([np.full(len(side), value), side])
    )
    assert hits(given, seen, secrets, model=Linear()) == RECORDS


def test_averages() -> None:
    answers = np.array([[[0.1, 0.9], [0.4, 0.6]]])
    seen = Observation(answers=answers, side=np.array([[7.0]]))
    assert averaged(seen).tolist() == [[0.25, 0.75, 7.0]]
    logs = averaged(seen, "log-mean")
    # two logarithms of size below 3 and a mean: a few units of 2^-52
    assert logs[0] == pytest.approx([math.log(0.04) / 2, math.log(0.54) / 2, 7.0], rel=1e-14)
    assert averaged(seen, "both").shape == (1, 5)
    assert averaged(first(seen, 1)).tolist() == [[0.1, 0.9, 7.0]]
    with pytest.raises(ParameterError, match="average=median: must be one of"):
        averaged(seen, "median")
    with pytest.raises(ParameterError, match="queries=3: must lie from 1 to 2"):
        first(seen, 3)
    with pytest.raises(ParameterError, match="must be finite"):
        averaged(Observation(answers=answers * math.nan, side=seen.side))


def test_ties_go_to_the_first() -> None:
    scores = np.array([[1.0, 1.0 + 1e-12], [1.0, 1.0 + 1e-6], [-1e12, -1e12 - 1.0]])
    assert leading(scores).tolist() == [0, 1, 0]


def test_levels_report_the_strongest() -> None:
    """Fresh noise averages out over queries; the intervals hold at once, each at 1 - .05/3."""
    rng = np.random.default_rng(2)
    secrets = rng.integers(2, size=2000)
    answers = secrets[:, None, None] + 2.0 * rng.normal(size=(2000, 16, 1))
    seen = Observation(answers=answers, side=np.zeros((2000, 0)))
    halves = [(part(seen, rows), secrets[rows]) for rows in (slice(1000), slice(1000, None))]
    found = compare(
        [
            Adversary(attack=Discriminant(), queries=1),
            Adversary(attack=Discriminant()),
            Adversary(attack=Table(), queries=1, level="a table"),
        ],
        auxiliary=halves[0],
        evaluation=halves[1],
    )
    assert [level.level for level in found.levels] == [
        "linear discriminant, q = 1",
        "linear discriminant, q = 16",
        "a table",
    ]
    assert found.strongest is found.levels[1]
    for level, variance in zip(found.levels[:2], (4, fmpq(1, 4)), strict=True):
        exact = float(means_success(means=[0, 1], variance=variance))
        assert level.success.lower <= exact
        assert level.success == proportion(hits=level.hits, trials=1000, confidence=1 - fmpq(1, 60))
    assert found.success.lower == found.strongest.success.lower
    wrong = compare(
        [Adversary(attack=Discriminant())],
        auxiliary=halves[0],
        evaluation=halves[1],
        hit=lambda guesses, truth: guesses != truth,
    )
    assert wrong.strongest.hits == 1000 - found.strongest.hits


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_fitting_leaves_the_attack_as_it_was(attack: Attack) -> None:
    seen = Observation(answers=np.arange(6.0)[:, None, None], side=np.zeros((6, 0)))
    learned = attack.fit(seen, np.array([0, 0, 0, 1, 1, 1]))
    assert learned.name == attack.name
    assert learned.knows == {"auxiliary"}
    assert learned.infer(seen).shape == (6,)
    with pytest.raises(ParameterError, match="must be fitted before it infers"):
        attack.infer(seen)
    with pytest.raises(ParameterError, match="one a record"):
        attack.fit(seen, np.zeros(5))
