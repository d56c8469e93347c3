"""Exact lines of the inversion game against their definitions, spelled out on small cases."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from mipriv.attack.bayes.inversion.answers import Channel, Deterministic
from mipriv.attack.bayes.inversion.discrete import DiscreteInversion
from mipriv.attack.bayes.inversion.linear import LinearInversion
from mipriv.errors import ParameterError
from mipriv.populations.joint import (
    DiscreteJoint,
    GaussianJoint,
    equicorrelated,
    ldl,
    noisy_rule,
)
from mipriv.rigor.intervals import proportion

SURE = "0.999999"  # a test by chance errs once in a million draws; the seeds are fixed


def small_joint(
    seed: int = 0, arities: tuple[int, ...] = (3, 2, 2), classes: int = 2
) -> DiscreteJoint:
    weights = np.random.default_rng(seed).integers(0, 6, size=math.prod(arities) * classes)
    total = int(weights.sum())
    return DiscreteJoint(arities, tuple(fmpq(int(w), total) for w in weights))


def channel(cells: int, answers: int, seed: int = 1) -> Channel:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 4, size=(cells, answers)) + np.eye(answers, dtype=int)[0]
    return Channel(tuple(tuple(fmpq(int(w), int(row.sum())) for w in row) for row in rows))


def by_definition(game: DiscreteInversion, rows: Any, queries: int) -> dict[Any, dict[int, fmpq]]:
    """Joint law of (side, sequence of answers) and the secret, cell by cell."""
    joint, law = game.joint, {}
    shape = (*joint.arities, joint.classes)
    for place, cell in enumerate(product(*map(range, shape))):
        *x, y = cell
        side = (*(x[axis] for axis in game.known), *((y,) if game.label else ()))
        for heard in product(range(len(rows[0])), repeat=queries):
            mass = joint.masses[place]
            for answer in heard:
                mass *= rows[place // joint.classes][answer]
            if mass > 0:
                seen = law.setdefault((side, heard), {})
                seen[x[game.sensitive]] = seen.get(x[game.sensitive], fmpq(0)) + mass
    return law


@pytest.mark.parametrize("known", [(), (1,), (2, 1), (0,)])
@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize("queries", [1, 2, 3])
def test_channel_against_the_definition(known: tuple[int, ...], label: bool, queries: int) -> None:
    game = DiscreteInversion(joint=small_joint(), sensitive=0, known=known, label=label)
    noisy = channel(12, 3)
    law = by_definition(game, noisy.rows, queries)
    found = game.posterior(noisy, queries=queries)
    assert found.success() == sum((max(row.values()) for row in law.values()), fmpq(0))
    posterior = sum(
        (sum(m * m for m in row.values()) / sum(row.values()) for row in law.values()), fmpq(0)
    )
    assert found.expected_posterior() == posterior
    once = game.success(noisy)
    assert game.success(noisy, queries=queries, noise="per-input") == once
    silent = by_definition(game, [(fmpq(1),)] * 12, 1)
    base = sum((max(row.values()) for row in silent.values()), fmpq(0))
    assert game.base() == base
    gain = (found.success() - base) / (1 - base) if base < 1 else fmpq(0)
    assert game.gain(noisy, queries=queries) == gain


def test_deterministic_answers_are_a_channel_of_zeros_and_ones() -> None:
    ids = (0, 1, 2, 2, 1, 0, 0, 0, 1, 2, 1, 1)
    sharp = Channel.of(ids, keep=1, answers=3)
    for known in ((), (1,)):
        game = DiscreteInversion(joint=small_joint(3), sensitive=0, known=known)
        assert game.success(Deterministic(ids)) == game.success(sharp)
        assert game.success(Deterministic(ids), queries=5) == game.success(sharp, queries=5)


def test_rates_against_counting_with_ties_split() -> None:
    """Four records: the answer 0 leaves secrets 0 and 1 tied, the answer 1 tells secret 1."""
    joint = DiscreteJoint.empirical([[0], [0], [1], [1]], [0, 0, 0, 0], arities=(2,), classes=1)
    game = DiscreteInversion(joint=joint, sensitive=0)
    noisy = Channel(((fmpq(1), fmpq(0)), (fmpq(1), fmpq(0))))
    rates = game.posterior(noisy).rates(1)
    assert (rates.tpr, rates.fpr, rates.precision, rates.f1) == (fmpq(1, 2),) * 4
    half = Channel(((fmpq(1), fmpq(0)), (fmpq(1, 2), fmpq(1, 2))))
    rates = game.posterior(half).rates(1)  # answer 0: secret 0 leads, 1/2 against 1/4
    assert (rates.tpr, rates.fpr, rates.precision) == (fmpq(1, 2), fmpq(0), fmpq(1))
    assert rates.f1 == fmpq(2, 3)
    told = game.posterior(Deterministic((0, 1))).rates(0)
    assert (told.tpr, told.fpr) == (fmpq(1), fmpq(0))
    never = DiscreteInversion(joint=DiscreteJoint((2,), (fmpq(1), fmpq(0))), sensitive=0)
    assert never.posterior().rates(1).tpr is None
    assert never.posterior().rates(1).precision is None
    assert never.posterior().rates(0).fpr is None


def test_rates_against_the_definition() -> None:
    game = DiscreteInversion(joint=small_joint(5), sensitive=0, known=(1,))
    noisy = channel(12, 3, seed=7)
    law = by_definition(game, noisy.rows, 2)
    for secret in range(3):
        right = guessed = true = fmpq(0)
        for row in law.values():
            leaders = [s for s, m in row.items() if m == max(row.values())]
            true += row.get(secret, fmpq(0))
            if secret in leaders:
                right += row[secret] / len(leaders)
                guessed += sum(row.values()) / len(leaders)
        rates = game.posterior(noisy, queries=2).rates(secret)
        assert rates.tpr == right / true
        assert rates.fpr == (guessed - right) / (1 - true)
        assert rates.precision == (right / guessed if guessed > 0 else None)
        assert rates.f1 == 2 * right / (guessed + true)


def test_several_attributes_are_one_secret() -> None:
    joint = small_joint(2)
    whole = DiscreteInversion(joint=joint, sensitive=(0, 1, 2))
    assert whole.secrets == 12
    assert whole.base() == max(joint.marginal([0, 1, 2]))
    assert whole.success(Deterministic(tuple(range(12)))) == 1


def test_twelve_binary_attributes_are_enumerated() -> None:
    """All other attributes and the label known: what is left is one bit in 2^12 observations."""
    joint = noisy_rule(arities=(2,) * 12, correlation="0.3", noise="0.2", seed=1)
    ids = [code % 3 for code in range(4096)]
    game = DiscreteInversion(joint=joint, sensitive=0, known=tuple(range(1, 12)), label=True)
    masses = [int(m * joint.denominator) for m in joint.masses]
    right = 0
    for rest in range(2048):  # attribute 0 is the leading bit of the cell
        for y in (0, 1):
            pair = [masses[2 * (rest + 2048 * s) + y] for s in (0, 1)]
            same = ids[rest] == ids[rest + 2048]
            right += max(pair) if same else sum(pair)
    assert game.success(Deterministic(tuple(ids))) == fmpq(right, joint.denominator)


def test_what_cannot_be_enumerated_is_refused() -> None:
    game = DiscreteInversion(joint=small_joint(), sensitive=0)
    with pytest.raises(ParameterError, match="queries=400: must give at most 10000000"):
        game.success(channel(12, 3), queries=400)
    with pytest.raises(ParameterError, match="must hold 12 entries"):
        game.success(Deterministic((0, 1)))
    with pytest.raises(ParameterError, match="noise=stale: must be one of fresh, per-input"):
        game.success(channel(12, 3), noise="stale")
    with pytest.raises(ParameterError, match="different attributes from 0 to 2"):
        DiscreteInversion(joint=small_joint(), sensitive=3)


def test_joint_of_a_training_set_and_its_marginals() -> None:
    X, y = [[0, 1], [0, 1], [1, 2], [0, 0]], [0, 1, 1, 1]
    joint = DiscreteJoint.empirical(X, y, arities=(2, 3), classes=2)
    assert joint.classes == 2
    assert joint.attributes == 2
    assert joint.marginal([0]) == (fmpq(3, 4), fmpq(1, 4))
    assert joint.marginal([2, 0]) == (fmpq(1, 4), fmpq(0), fmpq(1, 2), fmpq(1, 4))
    assert joint.entropy([2]).overlaps(-(arb(3) / 4).log() * 3 / 4 - (arb(1) / 4).log() / 4)
    assert joint.cells().tolist() == [list(cell) for cell in product(range(2), range(3))]
    with pytest.raises(ParameterError, match="codes within"):
        DiscreteJoint.empirical(X, y, arities=(2, 2), classes=2)
    with pytest.raises(ParameterError, match="codes within"):
        DiscreteJoint.empirical([[0.5, 0]], [0], arities=(2, 2), classes=2)
    with pytest.raises(ParameterError, match="sum to exactly 1"):
        DiscreteJoint((2,), (fmpq(1, 2), fmpq(1, 3)))
    with pytest.raises(ParameterError, match="multiple of the 2 cells"):
        DiscreteJoint((2,), (fmpq(1),))


def test_named_joint_has_its_marginals_and_correlation() -> None:
    laws = [["0.3", "0.7"], ["0.3", "0.7"], ["0.2", "0.3", "0.5"]]
    joint = noisy_rule(
        arities=(2, 2, 3), correlation="0.4", noise="0.25", classes=3, marginals=laws, seed=4
    )
    assert joint.marginal([2]) == (fmpq(1, 5), fmpq(3, 10), fmpq(1, 2))
    both = joint.marginal([0, 1])  # covariance of two equal bits: 0.4 p (1 - p)
    assert both[3] - fmpq(7, 10) ** 2 == fmpq(2, 5) * fmpq(21, 100)
    # the monotone coupling of attributes 0 and 2 gives x_0 = 0 the masses .2, .1, 0
    assert joint.marginal([0, 2])[0] == fmpq(2, 5) * fmpq(1, 5) + fmpq(3, 5) * fmpq(3, 50)
    # each x keeps one label with 1 - .25 + .25/3 and has the others with .25/3
    cells, table = joint.marginal([0, 1, 2]), joint.masses
    for place, mass in enumerate(cells):
        row = sorted(table[3 * place : 3 * place + 3])
        assert row == [mass / 12, mass / 12, mass * fmpq(10, 12)]


@pytest.mark.parametrize("correlation", ["0.5", "0.123456789123456789"])
def test_samples_follow_the_masses(correlation: str) -> None:
    """Exact draws and rounded ones (a denominator beyond 2^62)."""
    joint = noisy_rule(arities=(2, 3, 2), correlation=correlation, noise="0.2")
    assert (joint.denominator < 1 << 62) == (correlation == "0.5")
    X, y = joint.sample(5000, np.random.default_rng(3))
    codes = np.ravel_multi_index((*X.T, y), (2, 3, 2, 2))
    for cell, mass in enumerate(joint.masses):
        hits = int((codes == cell).sum())
        if mass == 0:
            assert hits == 0
        else:
            assert mass in proportion(hits=hits, trials=5000, confidence=SURE)


def test_what_has_no_mass_is_never_drawn() -> None:
    """Two of four cells; a draw that is off by one unit of the denominator shows at once."""
    joint = DiscreteJoint((4,), (fmpq(0), fmpq(1, 2), fmpq(0), fmpq(1, 2)))
    X, _ = joint.sample(400, np.random.default_rng(0))
    assert set(X[:, 0].tolist()) == {1, 3}
    assert fmpq(1, 2) in proportion(hits=int((X == 1).sum()), trials=400, confidence=SURE)


def test_gaussian_joint_is_exact_and_sampled() -> None:
    joint = equicorrelated(dimension=3, correlation="-0.5", coefficients=(1, 0, "0.5"), noise=2)
    assert joint.variance == 1 + fmpq(1, 4) - fmpq(1, 2)
    X, y = joint.sample(4000, np.random.default_rng(0))
    # equal negative correlations of -1/2 sum to 0 for certain; float64 sums of three terms of size
    # below 6 are within 1e-14
    assert np.abs(X.sum(axis=1)).max() < 1e-14
    # a sample variance of normal numbers has relative deviation sqrt(2/4000) = .022; five of them
    assert y.var() == pytest.approx(4.75, rel=0.12)
    with pytest.raises(ParameterError, match="positive semidefinite"):
        GaussianJoint(covariance=((1, 2), (2, 1)), coefficients=(1, 1))
    with pytest.raises(ParameterError, match="symmetric"):
        GaussianJoint(covariance=((1, 0), (1, 1)), coefficients=(1, 1))
    assert ldl([[fmpq(0), fmpq(1)], [fmpq(1), fmpq(1)]]) is None


def test_linear_closed_forms() -> None:
    """Two independent attributes, answer x_0 + x_1 + N(0, v): rho^2 = 1/(2 + v/q)."""
    joint = equicorrelated(dimension=2, correlation=0, coefficients=(1, 2), noise=1)
    game = LinearInversion(joint=joint, sensitive=0, coefficients=(1, 1), variance=4, queries=2)
    assert game.correlation_squared() == fmpq(1, 4)
    assert game.success().overlaps(arb(2) / 3)  # arcsin(1/2) = pi/6
    assert game.base_correlation_squared() == 0
    assert game.gain().overlaps(arb(1) / 3)
    assert game.information().overlaps(arb(2).log() / 2)
    assert game.conditional_information().overlaps((arb(4) / 3).log() / 2)
    fixed = LinearInversion(
        joint=joint, sensitive=0, coefficients=(1, 1), variance=4, queries=2, noise="per-input"
    )
    assert fixed.correlation_squared() == fmpq(1, 6)
    # y = x_0 + 2 x_1 + N(0, 1) has variance 6 and covariance 1 with x_0
    labelled = LinearInversion(joint=joint, sensitive=0, coefficients=(0, 0), label=True)
    assert labelled.base_correlation_squared() == labelled.correlation_squared() == fmpq(1, 6)
    assert labelled.information() == 0
    assert labelled.gain().overlaps(arb(0))


def test_linear_answers_that_determine_the_secret() -> None:
    joint = equicorrelated(dimension=3, correlation="0.5")
    game = LinearInversion(joint=joint, sensitive=1, coefficients=(1, 3, 2), offset=5, known=(0, 2))
    assert game.success() == 1
    assert game.gain().overlaps(arb(1))
    assert game.posterior().coefficients == (fmpq(1, 3), fmpq(-1, 3), fmpq(-2, 3))
    assert game.posterior().intercept == fmpq(-5, 3)
    assert game.posterior().variance == 0
    assert not game.information().is_finite()
    assert not game.conditional_information().is_finite()
    open_ = LinearInversion(joint=joint, sensitive=1, coefficients=(1, 3, 2), known=(1,))
    assert open_.base() == 1
    assert open_.gain() == 0
    assert open_.conditional_information() == 0


def test_linear_regression_against_normal_equations() -> None:
    """Float64 linear algebra of 4 x 4 well-conditioned numbers: within 1e-12."""
    joint = equicorrelated(dimension=4, correlation="0.3", coefficients=(2, 1, -1, 1), noise=2)
    game = LinearInversion(
        joint=joint,
        sensitive=0,
        coefficients=(1, 1, 2, 0),
        variance="0.5",
        known=(1, 3),
        label=True,
    )
    sigma = np.full((4, 4), 0.3) + 0.7 * np.eye(4)
    rows = np.array([[1, 1, 2, 0], [0, 1, 0, 0], [0, 0, 0, 1], [2, 1, -1, 1]], dtype=float)
    noise = np.diag([0.5, 0, 0, 4.0])
    cross = rows @ sigma[:, 0]
    weights = np.linalg.solve(rows @ sigma @ rows.T + noise, cross)
    found = game.posterior()
    assert [float(c) for c in found.coefficients] == pytest.approx(weights.tolist(), abs=1e-12)
    assert float(found.variance) == pytest.approx(1 - cross @ weights, abs=1e-12)


def test_shrinkage_is_undone() -> None:
    """Theorem 12: c m + N(0, c (1-c) v) and m + N(0, (1-c) v/c) are one channel to this attacker."""
    joint = equicorrelated(dimension=3, correlation="0.2", coefficients=(1, 2, 1))
    c, v = fmpq(1, 3), joint.variance
    shrunk = LinearInversion(
        joint=joint,
        sensitive=0,
        coefficients=tuple(c * b for b in joint.coefficients),
        variance=c * (1 - c) * v,
        known=(1,),
    )
    raw = LinearInversion(
        joint=joint,
        sensitive=0,
        coefficients=joint.coefficients,
        variance=(1 - c) * v / c,
        known=(1,),
    )
    assert shrunk.correlation_squared() == raw.correlation_squared()
    assert shrunk.information().overlaps(raw.information())
    assert shrunk.information().overlaps(-(1 - arb(c)).log() / 2)  # R with c = 1 - e^(-2R)
