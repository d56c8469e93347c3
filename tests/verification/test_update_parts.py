"""Private steps against a loop and their account; shares of a divergence, and what attackers believe."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb, fmpq
from torch import nn
from torch.nn.functional import cross_entropy

from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.protocol import Graded, Observation
from mipriv.attack.update_leaks import Encoded, LabelNetwork
from mipriv.attack.updates import VmappedUpdates
from mipriv.errors import ParameterError
from mipriv.learn.baselines._epsilon import gaussian_delta, training_epsilon
from mipriv.learn.sgd.models import LogisticRegression
from mipriv.learn.sgd.train import DPSGD
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import proportion
from verification.inversion.updates.levels import Closed, Hits
from verification.inversion.updates.private import Privacy, PrivateUpdates


def batches(count: int, size: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, size, 8)), rng.integers(3, size=(count, size))


# Private updates.


@pytest.mark.parametrize(("z", "steps"), [("0.5", 1), ("2", 4)])
def test_the_epsilon_of_an_update_is_the_account_of_its_steps(z: str, steps: int) -> None:
    """The least at delta, but for the 0.1 % of its bracket; and that of DP-SGD on all records."""
    privacy = Privacy.of({"noise_multiplier": z})
    found = privacy.epsilon(records=3, steps=steps)
    assert found is not None
    assert steps in (1, 4)
    mu = 2 * fmpq(math.isqrt(steps)) / exact(z, "z")
    epsilon = fmpq(*found.as_integer_ratio())
    assert gaussian_delta(mu, epsilon) <= arb(privacy.delta)
    assert gaussian_delta(mu, epsilon * fmpq(998, 1000)) > arb(privacy.delta)
    learner = DPSGD(
        model=LogisticRegression(features=2),
        n=3,
        noise_multiplier=exact(z, "z"),
        steps=steps,
        learning_rate=1.0,
        sampling_probability=fmpq(1),
    )
    assert found == training_epsilon(learner.guarantee(), delta=privacy.delta)
    silent = Privacy.clipped({"clip": "0.5"})
    assert (silent.clip, silent.noisy, privacy.noisy) == (0.5, False, True)
    assert silent.epsilon(records=3, steps=steps) is None
    assert silent.success(base=fmpq(1, 3), steps=steps) == 1
    with pytest.raises(ParameterError, match=r"noise_multiplier=.*: must be larger"):
        Privacy.of({"noise_multiplier": "1e-6"}).epsilon(records=3, steps=steps)


def test_what_privacy_allows_a_guess_at_the_label() -> None:
    """Two opposite gradients of norm 1: the best guess is right with chance Phi(1/z)."""
    one = Privacy.of({"noise_multiplier": 2})
    phi = (1 + math.erf(0.5 / math.sqrt(2))) / 2
    # the rounding of erf and of the sum, against an end that is rounded up
    assert phi - 1e-15 <= one.success(base=fmpq(1, 2), steps=1) <= phi + 4e-15
    assert one.success(base=fmpq(1, 10), steps=4) > one.success(base=fmpq(1, 10), steps=1) > 0.1
    far = Privacy.of({"noise_multiplier": 10**9}).success(base=fmpq(1, 10), steps=1)
    assert 0.1 < far < 0.1 + 1e-9  # by phi(Phi^-1(.1))/z


def small() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Linear(8, 3, dtype=torch.float64)


def test_private_steps_clip_each_gradient_and_add_what_noise_they_say() -> None:
    """Without noise: the steps of a loop, and of plain updates where nothing is clipped."""
    X, y = batches(4, 3)
    silent = Privacy.clipped({"clip": "0.5"})
    probes = X[0]
    ours = PrivateUpdates(module=small(), privacy=silent, learning_rate=0.3, steps=2, seed=0)
    told = ours.probed(X, y, probes=probes, queries=2)
    assert told.before.shape == (1, 2, 3, 3)
    assert told.after.shape == (4, 2, 3, 3)
    for batch, labels, after in zip(X, y, told.after, strict=True):
        model = small()
        for _ in range(2):
            sums = [torch.zeros_like(p) for p in model.parameters()]
            for record, label in zip(batch, labels, strict=True):
                loss = cross_entropy(model(torch.tensor(record)[None]), torch.tensor([label]))
                slopes = torch.autograd.grad(loss, list(model.parameters()))
                norm = math.sqrt(sum(float((part**2).sum()) for part in slopes))
                for total, part in zip(sums, slopes, strict=True):
                    total += part * min(1.0, 0.5 / norm)
            with torch.no_grad():
                for weight, total in zip(model.parameters(), sums, strict=True):
                    weight.sub_(0.3 / 3 * total)
        with torch.no_grad():
            wanted = model(torch.tensor(probes)).softmax(dim=1).numpy()
        assert after[0] == pytest.approx(wanted, abs=1e-12)  # some ten roundings of numbers near 1
    loose = replace(ours, privacy=replace(silent, clip=1e6)).probed(X, y, probes=probes)
    plain = VmappedUpdates(module=small(), learning_rate=0.3, steps=2).probed(X, y, probes=probes)
    assert loose.after == pytest.approx(plain.after, abs=1e-12)


def test_the_noise_of_a_private_step_has_the_stated_deviation() -> None:
    """The log odds of two answers to x: of two rows of weights and shifts, rate z clip |(x, 1)| each.

    The clipped gradient is the same in all updates.
    """
    X, y = batches(1)
    count, z = 2000, 50
    noise = Privacy(noise_multiplier=fmpq(z), clip=0.01)
    one = PrivateUpdates(module=small(), privacy=noise, learning_rate=0.1, steps=1, seed=0)
    told = one.probed(np.repeat(X, count, 0), np.repeat(y, count, 0), probes=X[0])
    odds = np.log(told.after[:, 0, 0, 0] / told.after[:, 0, 0, 1])
    variance = 2 * (0.1 * z * 0.01) ** 2 * (1 + float((X[0, 0] ** 2).sum()))
    # a variance of 2,000 normal draws: five standard deviations of sqrt(2/2000)
    assert odds.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / count))


# Shares and beliefs.


def test_the_interval_of_a_share_is_its_test_turned_around() -> None:
    rng = np.random.default_rng(0)
    without = rng.gamma(9, size=80) / 9
    one = Closed(without, without * rng.uniform(0, 1, size=80))
    miss = fmpq(1, 50)
    ends = one.ends(miss)
    # one ratio of sums, in two orders
    assert ends.value == pytest.approx(1 - one.found.mean() / without.mean(), abs=1e-14)
    # quantile and tail of Student's t are each good to some 1e-12
    assert one.p_value(ends.lower) == pytest.approx(0.01, abs=1e-9)
    assert one.p_value(ends.upper) == pytest.approx(0.99, abs=1e-9)
    assert one.p_value(1.0) > 0.999
    assert Closed(without, without).p_value(0.0) == 1
    nothing = Closed(without, without).ends(miss)
    assert (nothing.lower, nothing.value, nothing.upper) == (0, 0, 0)


def test_the_interval_of_a_share_covers_it() -> None:
    """1,000 times 60 updates: not 5 standard deviations below 95 %.

    Skewness costs Student's interval some .1 % here, of second order (Hall 1992).
    """
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(1000):
        without = rng.gamma(9, size=60) / 9
        found = Closed(without, rng.gamma(4, size=60) / 8)  # means 1 and 1/2
        ends = found.ends(fmpq(1, 20))
        hits += ends.lower <= 0.5 <= ends.upper
    assert hits >= 949 - 5 * math.sqrt(1000 * 0.95 * 0.05)


def test_hits_have_the_exact_interval() -> None:
    ends = Hits(30, 100).ends(fmpq(1, 20))
    exact_one = proportion(hits=30, trials=100, confidence="0.95")
    assert (ends.lower, ends.value, ends.upper) == (exact_one.lower, 0.3, exact_one.upper)


class Blunt:
    """Guesses 0, and does not say why."""

    name = "blunt"
    knows = frozenset({"auxiliary"})

    def fit(self, seen: Observation, secrets: Any, *, model: Any = None) -> Blunt:
        return self

    def infer(self, seen: Observation) -> Any:
        return np.zeros(len(seen.side))


def test_beliefs_are_those_that_the_guesses_follow() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=90)
    answers = np.eye(3)[labels][:, None] + 0.5 * rng.normal(size=(90, 1, 3))
    seen = Observation(answers=answers, side=np.zeros((90, 0)))
    for attack in (
        Discriminant(),
        LabelNetwork(epochs=5),
        Encoded(attack=Discriminant(), components=2),
        Encoded(attack=LabelNetwork(epochs=5), components=2, direction=True),
    ):
        told: Any = attack.fit(seen, labels)
        assert isinstance(told, Graded)
        guesses = told.kinds[told.scores(seen).argmax(axis=1)]
        assert (guesses == told.infer(seen)).all(), told.name
        assert (guesses == labels).mean() > 0.5
    blunt = Encoded(attack=Blunt()).fit(seen, labels)
    assert len(blunt.kinds) == 0
    with pytest.raises(ParameterError, match="must say what it believes"):
        blunt.scores(seen)
