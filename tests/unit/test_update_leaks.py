"""Update-Leaks against the best label guess of a linear update, and on networks and plain models."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import SGDClassifier
from torch import nn
from torch.nn.functional import cross_entropy

from mipriv.attack.bayes.inversion.update import LinearUpdate
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.attack.inversion.regression import Regression
from mipriv.attack.update_leaks import (
    Encoded,
    LabelNetwork,
    divergences,
    label_shares,
    onto_shares,
)
from mipriv.attack.updates import LoopedUpdates, Probed, VmappedUpdates, joined
from mipriv.errors import ParameterError
from mipriv.learn.mid.head import Network, VIBHead
from mipriv.rigor.intervals import proportion

SURE = "0.999999"  # one test in a million by chance; the seeds are fixed
LABELS, FEATURES, PROBES = 4, 6, 8
_DRAW = np.random.default_rng(0)
CENTRES = _DRAW.integers(-2, 3, size=(LABELS, FEATURES))
ASKED = _DRAW.integers(-1, 2, size=(PROBES, FEATURES))


def game(queries: int) -> LinearUpdate:
    rows: dict[str, Any] = {
        "means": CENTRES.tolist(),
        "covariance": np.eye(FEATURES, dtype=int).tolist(),
        "codes": np.eye(LABELS, dtype=int).tolist(),
        "probes": ASKED.tolist(),
    }
    return LinearUpdate(**rows, rate="0.1", variance=1, queries=queries)


def halves(seen: Observation, labels: Any) -> tuple[Observation, Any, Observation, Any]:
    half = len(labels) // 2
    first, second = (
        Observation(answers=seen.answers[rows], side=seen.side[rows])
        for rows in (slice(half), slice(half, None))
    )
    return first, labels[:half], second, labels[half:]


def hits(attack: Attack, seen: Observation, labels: Any) -> Any:
    """Whether each guess in the second half is right, after learning on the first."""
    shadow, known, target, hidden = halves(seen, labels)
    return attack.fit(shadow, known).infer(target) == hidden


def linear(seed: int = 0) -> VmappedUpdates:
    """Gradient descent of -<code_y, W x>, by torch."""
    module = nn.Linear(FEATURES, LABELS, bias=False, dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        module.weight.copy_(torch.randn(LABELS, FEATURES, generator=generator))
    return VmappedUpdates(
        module=module,
        learning_rate=0.1,
        objective=lambda scores, y: -scores.gather(1, y[:, None]).mean(),
        release=lambda scores: scores,
    )


@pytest.mark.parametrize("queries", [1, 4])
def test_attackers_reach_the_best_guess_of_a_linear_update(queries: int) -> None:
    """At least .9 of the best gain over the base rate, and never more than the best."""
    rng, best = np.random.default_rng(queries), game(queries)
    X, labels = best.records(6000, rng)
    asked = linear().probed(X[:, None], labels[:, None], probes=ASKED, queries=queries)
    clean = asked.differences().answers
    exact = 0.1 * (X @ ASKED.T)[:, :, None] * np.eye(LABELS)[labels][:, None]
    # float64 sums of products of numbers below 50: some twenty roundings of 1e-14
    assert np.abs(clean - exact.reshape(6000, 1, -1)).max() < 1e-12
    noisy = replace(asked, after=asked.after + rng.normal(size=asked.after.shape))
    seen = noisy.differences()
    guesses = best.guess(seen.answers[3000:].mean(axis=1))
    optimum = guesses == labels[3000:]
    base = 1 / LABELS
    for attack in (
        Discriminant(),
        Encoded(attack=Discriminant(), components=32),
        LabelNetwork(epochs=30),
    ):
        found = hits(attack, seen, labels)
        # the sample's own share of the best gain: both guess the same updates
        assert found.mean() - base >= 0.9 * (optimum.mean() - base), attack.name
        apart = found.astype(float) - optimum
        assert apart.mean() <= 5 * apart.std() / math.sqrt(3000), attack.name
    played = best.play(trials=20000, rng=rng).success(confidence=SURE)
    own = proportion(hits=int(optimum.sum()), trials=3000, confidence=SURE)
    assert own.lower <= played.upper
    assert played.lower <= own.upper
    control = hits(Discriminant(), seen, rng.permutation(labels))
    assert proportion(hits=int(control.sum()), trials=3000, confidence=SURE).lower <= base


def network(widths: tuple[int, ...], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        inner, hidden, outer = widths
        return nn.Sequential(nn.Linear(inner, hidden), nn.Tanh(), nn.Linear(hidden, outer)).double()


def blobs(count: int, seed: int, size: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(LABELS, size=(count, size))
    return CENTRES[labels] + rng.normal(size=(count, size, FEATURES)), labels


def stepped(model: nn.Module, X: Any, y: Any) -> nn.Module:
    for _ in range(2):
        loss = cross_entropy(model(torch.from_numpy(X)), torch.from_numpy(y))
        slopes = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for weight, slope in zip(model.parameters(), slopes, strict=True):
                weight -= 0.05 * slope
    return model


def told(model: nn.Module, X: Any) -> Any:
    with torch.no_grad():
        return model(torch.as_tensor(X, dtype=torch.float64)).softmax(dim=1).numpy()


def test_vmapped_updates_are_those_of_the_loop() -> None:
    """Two steps on batches of three; sums of float64 in another order: some 1e-14."""
    model = network((FEATURES, 5, LABELS))
    before = [p.clone() for p in model.parameters()]
    X, y = blobs(7, 0, size=3)
    many = VmappedUpdates(module=model, learning_rate=0.05, steps=2, at_once=3)
    ours = many.probed(X, y, probes=ASKED, queries=2)
    theirs = LoopedUpdates(model=model, update=stepped, ask=told).probed(
        X, y, probes=ASKED, queries=2
    )
    assert ours.before.shape == theirs.before.shape == (1, 2, PROBES, LABELS)
    assert ours.after.shape == theirs.after.shape == (7, 2, PROBES, LABELS)
    assert ours.before == pytest.approx(theirs.before, abs=1e-12)
    assert ours.after == pytest.approx(theirs.after, abs=1e-12)
    assert np.abs(ours.after - ours.before).max() > 1e-3
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_frozen_parameters_stay() -> None:
    model = network((FEATURES, 5, LABELS))
    X, y = blobs(3, 0)
    for parameter in model[2].parameters():  # type: ignore[index]  # a Sequential
        parameter.requires_grad_(False)
    some = VmappedUpdates(module=model, learning_rate=0.05).probed(X, y, probes=ASKED)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    assert np.abs(some.after - some.before).max() > 0
    with pytest.raises(ParameterError, match="must have parameters to update"):
        VmappedUpdates(module=model, learning_rate=0.05).probed(X, y, probes=ASKED)


def test_labels_of_records_that_networks_were_updated_on() -> None:
    """Shadow networks of other seeds teach the attacker of a target; nothing defends it."""
    seen, known = [], []
    for seed in range(4):
        updates = VmappedUpdates(module=network((FEATURES, 8, LABELS), seed), learning_rate=0.05)
        X, y = blobs(500, seed)
        seen.append(updates.probed(X, y, probes=ASKED).differences())
        known.append(y[:, 0])
    shadow, target = joined(*seen[:3]), seen[3]
    for attack in (
        Encoded(attack=Discriminant(), direction=True),
        Encoded(attack=LabelNetwork(epochs=30), direction=True),
    ):
        learned = attack.fit(shadow, np.concatenate(known[:3]))
        right = int((learned.infer(target) == known[3]).sum())
        # the undefended attack is right nearly always
        assert proportion(hits=right, trials=500, confidence=SURE).lower > 0.9, learned.name


def noisy(key: Any = None) -> VmappedUpdates:
    """A network with a noisy code, whose noise hides an update from who asks once."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        head = VIBHead(8, LABELS, bottleneck=3)
        module = Network(nn.Sequential(nn.Linear(FEATURES, 8), nn.Tanh()).double(), head)
    with torch.no_grad():
        head.raw.bias.fill_(5.0)  # type: ignore[union-attr]  # it is noisy: std = log 2 or so
    return VmappedUpdates(
        module=module,
        learning_rate=0.1,
        objective=lambda result, y: cross_entropy(result[0], y) + 1e-2 * result[1].mean(),
        release=lambda result: result[0].softmax(dim=-1),
        noise=3,
        key=key,
        seed=1,
    )


def test_averaging_undoes_fresh_noise_of_a_code_and_not_noise_fixed_for_each_input() -> None:
    X, y = blobs(1600, 1)
    reached = {}
    for queries in (1, 16):
        asked = noisy().probed(X, y, probes=ASKED, queries=queries)
        assert asked.before.shape == asked.after.shape == (1600, queries, PROBES, LABELS)
        reached[queries] = hits(Discriminant(), asked.differences(), y[:, 0])
    apart = reached[16].astype(float) - reached[1]
    assert apart.mean() > 5 * apart.std() / math.sqrt(800)
    key = np.random.default_rng(0).normal(size=(PROBES, 3))
    fixed = noisy(key).probed(X[:20], y[:20], probes=ASKED, queries=3)
    assert fixed.before.shape == (1, 3, PROBES, LABELS)
    assert np.ptp(fixed.after, axis=1).max() == 0
    again = noisy(key).probed(X[:20], y[:20], probes=ASKED, queries=3)
    assert (again.after == fixed.after).all()
    other = noisy(key + 1).probed(X[:20], y[:20], probes=ASKED)
    assert np.abs(other.after - fixed.after[:, :1]).max() > 0


def test_label_distributions_of_many_records() -> None:
    """Batches of ten with uneven labels: the guess is nearer than the mean distribution."""
    rng = np.random.default_rng(2)
    chances = rng.dirichlet([0.5] * LABELS, size=1600)
    y = (rng.random((1600, 10, 1)) > chances.cumsum(axis=1)[:, None]).sum(axis=2)
    y = np.minimum(y, LABELS - 1)
    X = CENTRES[y] + rng.normal(size=(1600, 10, FEATURES))
    shares = label_shares(y, range(LABELS))
    model = network((FEATURES, 8, LABELS))
    asked = VmappedUpdates(module=model, learning_rate=0.1).probed(X, y, probes=ASKED)
    shadow, known, target, hidden = halves(asked.differences(), shares)
    guess = Encoded(attack=LabelNetwork(epochs=60), components=32).fit(shadow, known).infer(target)
    assert guess.shape == hidden.shape
    assert guess.sum(axis=1) == pytest.approx(1, abs=1e-12)  # four roundings
    without = divergences(hidden, known.mean(axis=0))
    found = divergences(hidden, guess)
    assert found.mean() < 0.2 * without.mean()
    numbers = Encoded(attack=Regression(output="number")).fit(shadow, known).infer(target)
    nearest = onto_shares(numbers)
    assert ((nearest - hidden) ** 2).sum() <= ((numbers - hidden) ** 2).sum()
    assert divergences(hidden, nearest).mean() < without.mean()
    assert (guess.argmax(axis=1) == hidden.argmax(axis=1)).mean() > 0.8


def test_a_plain_model_of_scikit_learn() -> None:
    X, y = blobs(300, 5)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.01, random_state=0)
    model.fit(*(part[:100].reshape(100, -1).squeeze() for part in (X, y)))
    weights = model.coef_.copy()
    updates = LoopedUpdates(model=model, update=lambda one, A, b: one.partial_fit(A, b))
    X, y = blobs(600, 6)
    seen = updates.probed(X, y, probes=ASKED).differences()
    assert (model.coef_ == weights).all()
    found = hits(Encoded(attack=Discriminant(), direction=True), seen, y[:, 0])
    assert proportion(hits=int(found.sum()), trials=300, confidence=SURE).lower > 0.8


class Noisy:
    """Answers a fresh draw each time; an update moves its mean."""

    def __init__(self) -> None:
        self.mean, self.rng = 0.0, np.random.default_rng(0)

    def answer(self, X: Any) -> Any:
        return self.mean + self.rng.normal(size=len(X))


def test_fresh_answers_of_a_loop_and_what_a_defence_makes_of_them() -> None:
    def moved(model: Noisy, X: Any, y: Any) -> Noisy:
        model.mean += float(y[0])
        return model

    X, y = np.zeros((3, 1, 2)), np.array([[1.0], [2.0], [3.0]])
    probes = np.zeros((2, 2))
    shared = LoopedUpdates(model=Noisy(), update=moved).probed(X, y, probes=probes, queries=4)
    assert shared.before.shape == (1, 4, 2, 1)
    afresh = LoopedUpdates(model=Noisy(), update=moved, afresh=True)
    asked = afresh.probed(X, y, probes=probes, queries=4)
    assert asked.before.shape == (3, 4, 2, 1)
    assert len(np.unique(asked.before)) == 24
    plain = Probed(before=np.array([[[[0.24]]]]), after=np.array([[[[0.26]]], [[[0.31]]]]))
    seen = plain.differences(lambda answers: np.round(answers, 1))
    assert seen.answers.ravel() == pytest.approx([0.1, 0.1], abs=1e-15)
    assert seen.side.shape == (2, 0)


def test_components_and_networks() -> None:
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(50, 1, 3)) @ rng.normal(size=(3, 40))  # three directions alone
    seen = Observation(answers=answers, side=rng.normal(size=(50, 1)))
    labels = rng.choice(["a", "b"], size=50)
    learned = Encoded(attack=Discriminant(), components=8).fit(seen, labels)
    assert learned.state is not None
    assert learned.state.basis.shape == (40, 3)
    assert learned.knows == {"auxiliary"}
    assert learned.name == "linear discriminant, 8 components"
    full = Discriminant().fit(seen, labels).infer(seen)  # invariant under the rotation
    assert (learned.infer(seen) == full).all()
    first, again = (LabelNetwork(epochs=3).fit(seen, labels).infer(seen) for _ in range(2))
    assert (first == again).all()
    assert set(first) <= {"a", "b"}


def test_directions_do_not_tell_how_far_an_update_moved() -> None:
    """Each update stretched by its own factor: nothing changes but rounding, which moves no guess.

    A record of average 0 has no direction; it stays, and is guessed like any other.
    """
    rng = np.random.default_rng(1)
    answers = rng.normal(size=(60, 2, 5))
    answers[0] = [[1.0] * 5, [-1.0] * 5]
    stretch = np.exp(rng.normal(size=(60, 1, 1)))
    stretch[0] = 1
    labels = rng.integers(3, size=60)
    first, again = (
        Encoded(attack=Discriminant(), components=3, direction=True).fit(seen, labels).infer(seen)
        for seen in (
            Observation(answers=table, side=np.zeros((60, 0)))
            for table in (answers, answers * stretch)
        )
    )
    assert (first == again).all()
    plain = Encoded(attack=Discriminant(), components=3)
    assert plain.name != replace(plain, direction=True).name


def test_shares_by_hand() -> None:
    assert label_shares([[0, 2], [2, 2]], (0, 1, 2)).tolist() == [[0.5, 0, 0.5], [0, 0, 1]]
    found = onto_shares([[0.25, 0.75], [2.0, 0.0], [1.0, 1.0], [-1.0, -3.0]])
    assert found.tolist() == [[0.25, 0.75], [1, 0], [0.5, 0.5], [1, 0]]
    told = divergences([[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [0.0, 1.0]])
    expected = [0.5 * math.log(2) + 0.5 * math.log(2 / 3), -math.log(1e-12)]
    assert told == pytest.approx(expected, abs=1e-14)


X1, Y1 = np.zeros((2, 1, FEATURES)), np.zeros((2, 1), dtype=int)
SEEN = Observation(answers=np.zeros((2, 1, 3)), side=np.zeros((2, 0)))


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: linear().probed(X1[:, 0], Y1, probes=ASKED), r"X=\(2, 6\): must have shape"),
        (lambda: linear().probed(X1, Y1, probes=ASKED[:, 1:]), "probes=.*: must be records"),
        (lambda: linear().probed(X1, Y1, probes=ASKED, queries=0), "queries=0: must"),
        (lambda: replace(linear(), learning_rate=0.0), "learning_rate=0.0: must be finite"),
        (lambda: replace(linear(), steps=0), "steps=0: must"),
        (lambda: noisy(np.zeros((2, 3))).probed(X1, Y1, probes=ASKED), r"key=\(2, 3\): must"),
        (
            lambda: LoopedUpdates(model=object(), update=lambda m, a, b: m).probed(
                X1, Y1, probes=ASKED
            ),
            "model=object: must have answer",
        ),
        (lambda: joined(), "observations=0: must"),
        (lambda: Encoded(attack=Discriminant(), components=0), "components=0: must"),
        (lambda: Encoded(attack=Discriminant()).infer(SEEN), "must be fitted"),
        (lambda: LabelNetwork().infer(SEEN), "must be fitted"),
        (lambda: LabelNetwork().fit(SEEN, np.ones((2, 2))), r"secrets=\(2, 2\): must be 2 rows"),
        (lambda: LabelNetwork(batch=0), "batch=0: must"),
        (lambda: label_shares([0, 1], (0, 1)), r"labels=\(2,\): must have shape"),
        (lambda: label_shares([[0, 3]], (0, 1)), "must be among 2 distinct classes"),
        (lambda: onto_shares([0.5]), r"rows=\(1,\): must have shape"),
        (lambda: divergences([[1.0]], [[0.5, 0.5]]), r"guesses=\(1, 2\): must have shape"),
    ],
)
def test_bad_input(work: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        work()
