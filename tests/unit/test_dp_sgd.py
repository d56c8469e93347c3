"""DP-SGD as a learner: its steps, its likelihood, and the attack on its last iterate."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
import torch
from flint import ctx, fmpq

from mipriv.accounting.sgd.training import least
from mipriv.attack.bayes.propagation import last_iterate
from mipriv.errors import ParameterError
from mipriv.learn.sgd.final import LastIterate
from mipriv.learn.sgd.models import (
    LinearLoss,
    LinearRegression,
    LogisticRegression,
    MeanLoss,
    Perceptron,
)
from mipriv.learn.sgd.train import DPSGD, Seeded, System
from mipriv.learn.sgd.transcript import Transcript
from mipriv.populations.finite import bernoulli

SIGNS = (((-1.0,), 0.0), ((1.0,), 0.0))


def learner(model=None, **changes):
    settings = {
        "model": model or MeanLoss(features=1),
        "n": 4,
        "noise_multiplier": "2",
        "steps": 3,
        "learning_rate": 0.5,
        "sampling_probability": "0.5",
    }
    return DPSGD(**(settings | changes))


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(features=3),
        LogisticRegression(features=3),
        Perceptron(features=3, hidden=4, classes=2),
        MeanLoss(features=3),
        LinearLoss(features=3),
    ],
)
def test_gradients_are_those_of_the_loss_and_clipped(model):
    """Against central differences; after clipping no record's gradient is longer than 1."""
    trained = learner(model, clip=0.3)
    source = torch.Generator().manual_seed(1)
    theta = torch.randn(1, model.parameters, generator=source, dtype=torch.float64)
    x = torch.randn(1, 4, 3, generator=source, dtype=torch.float64)
    y = torch.tensor([[1.0, 0.0, 1.0, 1.0]], dtype=torch.float64)
    found = trained.gradients(theta, x, y)[0]
    step = 1e-5
    for record in range(4):
        differences = []
        for j in range(model.parameters):
            shift = torch.zeros(model.parameters, dtype=torch.float64)
            shift[j] = step
            up = model.loss(theta[0] + shift, x[0, record], y[0, record])
            down = model.loss(theta[0] - shift, x[0, record], y[0, record])
            differences.append(float(up - down) / (2 * step))
        full = torch.tensor(differences, dtype=torch.float64)
        expected = full / max(float(full.norm()), trained.clip)
        # the third derivatives of these losses are below 10 here: error < 10 step^2 + rounding
        assert torch.allclose(found[record], expected, atol=1e-8)
        assert float(found[record].norm()) <= 1 + 1e-12


@pytest.mark.parametrize("x", [1e160, 1e200, 1e308, math.inf, math.nan])
@pytest.mark.parametrize("model", [LinearRegression(features=2), MeanLoss(features=2)])
def test_no_record_breaks_the_sum(model, x):
    """Gradients of any record are finite and no longer than 1; the others' are as they were."""
    trained = learner(model, sampling_probability="1")
    data = torch.tensor([[[x, 1.0], [0.5, -0.25], [x, -x], [0.0, 0.0]]], dtype=torch.float64)
    calm = data.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    theta, y = torch.ones(1, model.parameters, dtype=torch.float64), torch.ones(1, 4)
    found = trained.gradients(theta, data, y)[0]
    assert found.isfinite().all()
    assert (found.norm(dim=-1) <= 1 + 1e-12).all()
    assert torch.equal(found[1::2], trained.gradients(theta, calm, y)[0][1::2])
    assert trained.fit_many(data, y, randomness=Seeded(1)).iterates.isfinite().all()


def test_one_step_of_a_full_batch_is_what_the_formula_says():
    trained = learner(steps=1, sampling_probability="1")
    x = torch.tensor([[[-1.0], [1.0], [0.25], [3.0]]], dtype=torch.float64)
    found = trained.fit_many(x, torch.zeros(1, 4), randomness=Seeded(5))
    randomness = Seeded(5)
    randomness.uniform(1, 4)
    noise = randomness.normal(1, 1)
    total = (1 - 1 - 0.25 - 1) + 2 * float(noise)  # theta = 0: gradients -x, the last one clipped
    assert float(found.sums) == pytest.approx(total, rel=1e-15)
    assert float(found.iterates[0, 1]) == pytest.approx(-0.5 / 4 * total, rel=1e-15)


@pytest.mark.parametrize("kind", [{}, {"sampling_probability": None, "batch_size": 2}])
def test_batches_have_the_law_that_is_accounted(kind):
    """Sizes and memberships over 20,000 batches, at a false alarm below 1e-6 (Hoeffding)."""
    trained = learner(**kind)
    joins = trained._batches(20_000, Seeded(3))
    error = math.sqrt(math.log(2 * 6 / 1e-6) / (2 * 20_000))
    assert (joins.mean(0) - 0.5).abs().max() < error
    if kind:
        assert (joins.sum(1) == 2).all()
    else:
        together = (joins[:, 0] * joins[:, 1]).mean()
        assert abs(float(together) - 0.25) < error


def test_models_do_not_depend_on_each_other():
    """A model among many is the model alone, given the same batches and noise."""

    class Replayed:
        def __init__(self, rows):
            self.source, self.rows = Seeded(9), rows

        def normal(self, *shape):
            return self.source.normal(3, *shape[1:])[self.rows]

        def uniform(self, *shape):
            return self.source.uniform(3, *shape[1:])[self.rows]

    x = torch.tensor([[[1.0]] * 4, [[-1.0]] * 4, [[0.5]] * 4], dtype=torch.float64)
    many = learner().fit_many(x, torch.zeros(3, 4), randomness=Replayed([0, 1, 2]))
    one = learner().fit_many(x[1:2], torch.zeros(1, 4), randomness=Replayed([1]))
    assert torch.equal(many.sums[1:2], one.sums)


@pytest.mark.parametrize("model", [LinearLoss(features=1), MeanLoss(features=1)])
@pytest.mark.parametrize("kind", [{}, {"sampling_probability": None, "batch_size": 2}])
def test_likelihoods_are_densities(model, kind):
    """E over transcripts of h of p(. | h')/p(. | h) is 1, for histograms h, h'.

    Chebyshev at false alarm 1e-3 with the ratio's variance from the sample, doubled.
    """
    transcript = Transcript(learner=learner(model, noise_multiplier="6", **kind), records=SIGNS)
    counts = np.tile(np.array([[3, 1]]), (100_000, 1))
    outputs = transcript.simulate(counts, np.random.default_rng(2))
    logs = transcript.log_likelihoods(outputs, [(3, 1), (1, 3), (2, 2)])
    alone = transcript.log_likelihood(outputs, (3, 1))
    # sums of at most 15 products for each of 3 steps, added in another order
    assert np.abs(logs[:, 0] - alone).max() < 3 * 20 * 2.0**-53 * (1 + np.abs(alone).max())
    for other in (1, 2):
        ratio = np.exp(logs[:, other] - logs[:, 0])
        error = math.sqrt(2 * ratio.var() / len(ratio) / 1e-3)
        assert abs(ratio.mean() - 1) < error
        assert error < 0.25  # it could have failed
    wrong = np.exp(logs[:, 1] - logs[:, 0] + 0.5)
    assert abs(wrong.mean() - 1) > math.sqrt(2 * wrong.var() / len(wrong) / 1e-3)


@pytest.mark.parametrize("model", [LinearLoss(features=1), MeanLoss(features=1)])
@pytest.mark.parametrize("kind", [{}, {"sampling_probability": None, "batch_size": 2}])
def test_likelihoods_are_sums_over_batches(model, kind):
    """Two steps by hand: every subset of the records, the normal density of what it pulls."""
    trained = learner(model, steps=2, clip=0.7, **kind)
    transcript = Transcript(learner=trained, records=SIGNS)
    outputs = np.array([[0.3, -1.2], [2.0, 0.5]])

    def pull(theta, x):
        gradient = -x if model.constant_gradient else theta - x
        return max(-1.0, min(1.0, gradient / 0.7))

    def log_density(row, data):
        theta, total = 0.0, 0.0
        for released in row:
            chance = 0.0
            for joins in itertools.product((0, 1), repeat=4):
                share = 0.5**4 if not kind else float(sum(joins) == 2) / 6
                mean = sum(pull(theta, x) for j, x in zip(joins, data, strict=True) if j)
                chance += share * math.exp(-((released - mean) ** 2) / (2 * 2.0**2))
            total += math.log(chance)
            theta -= 0.5 * 0.7 / 2 * released
        return total

    found = transcript.log_likelihoods(outputs, [(3, 1), (2, 2)])
    for place, data in enumerate(([-1, -1, -1, 1], [-1, -1, 1, 1])):
        for row in range(2):
            # some 300 roundings of numbers of size 1
            assert found[row, place] == pytest.approx(log_density(outputs[row], data), abs=1e-12)


def weights(family, n):
    sets = list(family.histograms(n))
    return [h for h, _ in sets], np.array([[float(p[s]) for _, p in sets] for s in range(2)])


def test_one_step_of_a_full_batch_ends_like_two_normals():
    """No sampling, point masses: erf(n/(sigma sqrt 2)), the exact loss of the learner."""
    walk = LastIterate(
        transcript=Transcript(learner=learner(steps=1, sampling_probability="1"), records=SIGNS)
    )
    found = last_iterate(walk, *weights(bernoulli(p0=0, p1=1), 4))
    exact = 2 * NormalDist().cdf(4 / 2) - 1
    assert found.lower <= exact <= found.upper
    assert found.upper - found.lower < 1e-3


def test_linear_walk_ends_like_its_total():
    """Constant gradients without sampling: T steps are one with noise sqrt(T) smaller."""
    one = learner(LinearLoss(features=1), sampling_probability="1", steps=9, noise_multiplier="12")
    walk = LastIterate(transcript=Transcript(learner=one, records=SIGNS))
    found = last_iterate(walk, *weights(bernoulli(p0=0, p1=1), 4))
    exact = 2 * NormalDist().cdf(4 * math.sqrt(9) / 12) - 1
    assert found.lower <= exact <= found.upper
    assert found.upper - found.lower < 1e-3


def test_last_iterate_lies_below_theory_and_beside_its_simulation():
    """The enclosure holds what a threshold reaches on simulated iterates, at false alarm 1e-6."""
    walk = LastIterate(transcript=Transcript(learner=learner(noise_multiplier="6"), records=SIGNS))
    family = bernoulli(p0="0.25", p1="0.75")
    found = last_iterate(walk, *weights(family, 4))
    trials = 40_000
    rng = np.random.default_rng(4)
    rates = []
    for secret in range(2):
        counts = family.sample_counts(secret, 4, trials, rng)
        rates.append(float((walk.simulate(counts, rng)[:, 0] > 0).mean()))
    error = 2 * math.sqrt(math.log(4 / 1e-6) / (2 * trials))
    reached = rates[1] - rates[0]  # by symmetry 0 is the best threshold
    assert found.lower - error <= reached <= found.upper + error
    with ctx.workprec(96):
        allowed = least(walk.guarantee(tau=fmpq(1, 2))).loss.upper()
    assert found.lower <= allowed


def test_the_reference_walks():
    """n=16, q=1/4, T=20, sigma=60, tau=1/2: the figures of README."""
    family = bernoulli(p0="0.25", p1="0.75")
    for model, low, high, cells in (
        (MeanLoss(features=1), 0.0112, 0.0114, 16),
        (LinearLoss(features=1), 0.11815, 0.11825, 32),
    ):
        trained = learner(model, n=16, noise_multiplier="60", steps=20, sampling_probability="0.25")
        walk = LastIterate(transcript=Transcript(learner=trained, records=SIGNS))
        found = last_iterate(walk, *weights(family, 16), cells=cells)
        assert low < found.lower < found.upper < high
        assert found.error < 1e-10
    with ctx.workprec(96):
        allowed = least(walk.guarantee(tau=fmpq(1, 2))).loss
    assert 0.11835 < allowed < 0.11845


def test_secure_noise_is_normal():
    """Kolmogorov distance to the normal law at false alarm 1e-6 (Dvoretzky-Kiefer-Wolfowitz)."""
    drawn = np.sort(System().normal(20_000).numpy())
    law = NormalDist()
    places = np.arange(1, 20_001) / 20_000
    cdf = np.array([law.cdf(x) for x in drawn])
    error = math.sqrt(math.log(2 / 1e-6) / (2 * 20_000)) + 1 / 20_000
    assert np.abs(cdf - places).max() < error
    assert learner().fit(torch.ones(4, 1), torch.zeros(4)).shape == (1,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"noise_multiplier": "0"}, "noise_multiplier=0"),
        ({"sampling_probability": "0"}, "sampling_probability=0"),
        ({"batch_size": 2}, "sampling_probability=0.5"),
        ({"sampling_probability": None, "batch_size": 5}, "batch_size=5"),
        ({"learning_rate": 0}, "learning_rate=0"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, words):
    with pytest.raises(ParameterError, match=words):
        learner(**changes)


def test_data_of_another_shape_is_refused():
    with pytest.raises(ParameterError, match="x="):
        learner().fit_many(torch.zeros(1, 5, 1), torch.zeros(1, 5), randomness=Seeded(1))
