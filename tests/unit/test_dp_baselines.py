"""Private baselines: that they keep the epsilon they state, and what they release."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import fmpq
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression

from mipriv.errors import ParameterError
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP, GaussianDP
from mipriv.learn.baselines import (
    DPLinearRegression,
    DPTreeClassifier,
    _draws,
    dp_linear,
    dp_tree,
)
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.intervals import proportion

EPS = float(np.finfo(np.float64).eps)
RNG = np.random.default_rng(8)
ROWS = RNG.normal(size=(400, 3)) / 4
TARGETS = ROWS @ [1.0, -1.0, 0.5] + 0.05 * RNG.normal(size=400)
CATEGORIES = RNG.integers(0, 3, size=(300, 4)).astype(float)
LABELS = np.where(CATEGORIES[:, 1] + CATEGORIES[:, 2] > 2, "high", "low")
NET: dict[str, Any] = {"steps": 5, "hidden": 2, "random_state": 0}


def _moved(u: Any, t: float, v: Any, s: float) -> float:
    here = dp_linear.moments(np.atleast_2d(u), np.array([t]))
    there = dp_linear.moments(np.atleast_2d(v), np.array([s]))
    return float(((here - there) ** 2).sum())


def test_the_moments_move_by_root_ten_and_no_more() -> None:
    # orthogonal unit vectors, opposite targets
    assert abs(_moved([1.0, 0.0], 1.0, [0.0, 1.0], -1.0) - 10) < 20 * EPS
    rng = np.random.default_rng(0)
    largest = 0.0
    for _ in range(800):
        pair = rng.normal(size=(2, int(rng.integers(1, 5))))
        pair /= np.linalg.norm(pair, axis=1, keepdims=True)
        if rng.random() < 0.5:
            pair *= rng.random((2, 1))
        t, s = rng.choice([-1.0, 1.0, rng.uniform(-1, 1)], size=2)
        largest = max(largest, _moved(pair[0], t, pair[1], s))
    # fewer than 40 roundings of numbers of at most 10
    assert 9 < largest < 10 + 400 * EPS


@pytest.mark.parametrize("epsilon", ["0.1", "1", "20"])
@pytest.mark.parametrize("delta", ["1e-9", "0.01"])
def test_the_noise_keeps_epsilon_and_hardly_more(epsilon: str, delta: str) -> None:
    model = DPLinearRegression(epsilon=epsilon, delta=delta, random_state=0).fit(ROWS, TARGETS)
    claim = model.guarantee_
    assert isinstance(claim, GaussianDP)
    assert claim.adjacency is Adjacency.REPLACE_ONE
    assert model.epsilon_ == float(epsilon)
    assert abs(model.noise_scale_ * float(claim.mu) - math.sqrt(10)) < 8 * EPS

    def excess(mu: float) -> Any:
        """Of delta by its definition, int (phi(x - mu) - e^epsilon phi(x))+, over delta."""
        with mpmath.workdps(25):
            size, start = mpmath.mpf(mu), mpmath.mpf(epsilon) / mu + mpmath.mpf(mu) / 2
            growth = mpmath.exp(epsilon)

            def integrand(x: Any) -> Any:
                return mpmath.npdf(x - size) - growth * mpmath.npdf(x)

            whole = mpmath.quad(integrand, mpmath.linspace(start, start + 16, 9))
            return whole - mpmath.mpf(delta)

    # what is left out beyond is below phi(16) = 1e-56; 0.2 % of mu move delta by more than 0.1 %
    assert excess(float(claim.mu)) < mpmath.mpf(delta) * 1e-12
    assert excess(float(claim.mu) * 1.002) > 0


class Quiet:
    """A generator whose noise is 0, and which notes its scale."""

    def __init__(self) -> None:
        self.scales: list[float] = []

    def normal(self, *, scale: float, size: int) -> NDArray[np.float64]:
        self.scales.append(scale)
        return np.zeros(size)


def test_without_noise_it_is_least_squares_of_the_clipped_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiet = Quiet()
    monkeypatch.setattr(dp_linear, "generator", lambda _: quiet)
    public = {"centre": [0.1, 0.0, -0.1], "radius": 0.6, "label_centre": 0.2, "label_radius": 0.5}
    model = DPLinearRegression(epsilon=1000, **public).fit(ROWS, TARGETS)
    assert quiet.scales == [model.noise_scale_]
    inside = (ROWS - public["centre"]) / 0.6
    norms = np.linalg.norm(inside, axis=1, keepdims=True)
    assert (norms > 1).any()
    inside = np.where(norms > 1, inside / norms, inside)
    labels = np.clip((TARGETS - 0.2) / 0.5, -1, 1)
    plain = LinearRegression().fit(inside, labels)
    # clip_rows ends 2^-30 inside the ball; the condition of the moments is below 10
    assert np.abs(model.coef_ - plain.coef_ * 0.5 / 0.6).max() < 100 * 2.0**-30
    found = 0.2 + 0.5 * plain.predict((ROWS - public["centre"]) / 0.6)
    assert np.abs(model.answer(ROWS) - np.clip(found, -0.3, 0.7)).max() < 100 * 2.0**-30


def test_one_record_moves_only_what_is_noised(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    solve = DPLinearRegression._solved

    def spy(self: Any, sums: Any, *shape: int) -> Any:
        seen.append(sums)
        return solve(self, sums, *shape)

    monkeypatch.setattr(DPLinearRegression, "_solved", spy)
    other = ROWS.copy()
    other[0] = [1e6, -1e6, 1e6]
    targets = TARGETS.copy()
    targets[0] = -1e9
    DPLinearRegression(random_state=1).fit(ROWS, TARGETS)
    DPLinearRegression(random_state=1).fit(other, targets)
    # same noise; sums of 400 numbers of at most 1
    assert ((seen[0] - seen[1]) ** 2).sum() < 10 + 400 * 400 * EPS
    noise = [
        seen[-1] - seen[-2]
        for seed in range(40)
        for _ in (
            DPLinearRegression(random_state=seed).fit(ROWS, TARGETS),
            DPLinearRegression(random_state=seed + 1000).fit(ROWS, TARGETS),
        )
    ][1::2]
    scale = DPLinearRegression().fit(ROWS, TARGETS).noise_scale_
    # 40 x 13 differences of two draws: variance of the mean square 2/520; 6 deviations
    size = np.mean(np.square(noise)) / (2 * scale**2)
    assert abs(size - 1) < 6 * math.sqrt(2 / 520)


def test_it_learns_and_its_range_is_public() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(20_000, 3)) / 4
    targets = rows @ [1.0, -1.0, 0.5]
    model = DPLinearRegression(epsilon=2, random_state=0).fit(rows, targets)
    # noise of a moment over N: about 6/20000; the covariance of the features is 1/16, less what is
    # clipped; twenty times sigma/(N/16) is 0.1
    assert np.abs(model.coef_ - [1.0, -1.0, 0.5]).max() < 0.1
    assert np.abs(model.answer(1e6 * rows)).max() == 1
    assert model.information_.upper == math.inf


class Forced:
    """Chooses as told, and notes the logarithm of the chance of it and the counts."""

    def __init__(self, picks: Sequence[int]) -> None:
        self.picks = iter(picks)
        self.log_chance = 0.0
        self.counts: Any = None
        self.count_budget = fmpq(0)

    def among(self, count: int) -> int:
        return next(self.picks) % count

    def vote(self, utilities: Sequence[int], epsilon: fmpq) -> int:
        pick = next(self.picks) % len(utilities)
        weights = float(epsilon) * np.array(utilities, dtype=float)
        self.log_chance += weights[pick] - np.log(np.exp(weights).sum())
        return pick

    def noisy(self, counts: NDArray[np.int64], epsilon: fmpq) -> NDArray[np.int64]:
        self.counts, self.count_budget = counts.copy(), epsilon
        return counts


def _ran(monkeypatch: pytest.MonkeyPatch, records: Any, picks: Sequence[int], **given: Any) -> Any:
    source = Forced(picks)
    monkeypatch.setattr(dp_tree, "draws", lambda _: source)
    data = np.array(records)
    tree = DPTreeClassifier(domains=(0, 1), classes=(0, 1), **given)
    tree.fit(data[:, :-1].astype(float), data[:, -1])
    return source


def _neighbours(seed: int, count: int) -> Iterator[tuple[Any, Any]]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        here = rng.integers(0, 2, size=(3, 4))
        there = here.copy()
        there[0] = rng.integers(0, 2, size=4)
        yield here.tolist(), there.tolist()


@pytest.mark.parametrize("splits", ["exponential", "random"])
def test_every_tree_is_about_as_likely_for_a_neighbour(
    monkeypatch: pytest.MonkeyPatch, splits: str
) -> None:
    given = {"depth": 2, "splits": splits, "epsilon": "1.5", "split_share": "0.4"}
    worst = 0.0
    pairs = [*_neighbours(0, 15), ([[0, 0, 0, 0]] * 3, [[1, 1, 1, 1], *[[0, 0, 0, 0]] * 2])]
    for here, there in pairs:
        for picks in itertools.product(range(3), range(2), range(2)):
            one = _ran(monkeypatch, here, picks, **given)
            two = _ran(monkeypatch, there, picks, **given)
            # the largest ratio of two discrete Laplace laws is e^(c distance), at counts far out
            apart = float(one.count_budget) * np.abs(one.counts - two.counts).sum()
            worst = max(worst, one.log_chance - two.log_chance + apart)
    # the logarithm of a chance: three sums of at most three exponentials, 100 roundings at most
    assert worst <= 1.5 + 100 * EPS
    # counts moved by two use up the leaves' share; votes are bounded for the worst utilities
    leaves = 1.5 if splits == "random" else 0.6 * 1.5
    assert worst >= leaves


def test_the_votes_are_spent_as_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[fmpq] = []

    class Noted(_draws.Seeded):
        def vote(self, utilities: Sequence[int], epsilon: fmpq) -> int:
            spent.append(epsilon)
            return super().vote(utilities, epsilon)

        def noisy(self, counts: Any, epsilon: fmpq) -> Any:
            spent.append(epsilon)
            return super().noisy(counts, epsilon)

    monkeypatch.setattr(dp_tree, "draws", lambda _: Noted(np.random.default_rng(0)))
    tree = DPTreeClassifier(domains=(0, 1, 2), depth=2, epsilon="1", split_share="0.25")
    tree.fit(CATEGORIES, LABELS)
    assert spent == [fmpq(1, 16)] * 4 + [fmpq(3, 8)]  # one root, three nodes, the leaves
    assert tree.guarantee_ == ApproxDP(epsilon=fmpq(1))
    assert tree.epsilon_ == 1.0
    game = PopulationGame(n=300)
    assert worst_case(tree.guarantee_, game, digits=5).upper > 0.99


@pytest.mark.parametrize("exactly", [True, False])
def test_votes_and_counts_have_their_laws(exactly: bool) -> None:
    source = _draws.System() if exactly else _draws.Seeded(np.random.default_rng(1))
    trials = 3000
    utilities, epsilon = [3, 1, 2], fmpq(7, 10)
    weights = np.exp(0.7 * np.array(utilities))
    picks = np.bincount([source.vote(utilities, epsilon) for _ in range(trials)], minlength=3)
    noise = source.noisy(np.full((trials, 1), 5), epsilon).ravel() - 5
    ratio = math.exp(-0.7)
    masses = [(1 - ratio) / (1 + ratio) * ratio ** abs(k) for k in (-1, 0, 2)]
    found = [int((noise == k).sum()) for k in (-1, 0, 2)]
    blind = np.bincount([source.among(3) for _ in range(trials)], minlength=3)
    expected = [*(weights / weights.sum()), *masses, 1 / 3, 1 / 3, 1 / 3]
    for hits, chance in zip([*picks.tolist(), *found, *blind.tolist()], expected, strict=True):
        interval = proportion(hits=hits, trials=trials, confidence="0.9999999")
        assert float(interval.lower) <= chance <= float(interval.upper)


def test_without_a_random_state_draws_are_exact() -> None:
    assert isinstance(_draws.draws(None), _draws.System)
    assert isinstance(_draws.draws(3), _draws.Seeded)
    tree = DPTreeClassifier(domains=(0, 1, 2), depth=1, epsilon=50).fit(CATEGORIES, LABELS)
    assert tree.score(CATEGORIES, LABELS) > 0.6
    first, second = _draws.generator(None), _draws.generator(None)
    assert first.random() != second.random()
    assert _draws.generator(5).random() == _draws.generator(5).random()
    state = np.random.RandomState(5)
    assert _draws.generator(state).random() != _draws.generator(state).random()


def test_a_tree_with_much_budget_counts_its_leaves() -> None:
    tree = DPTreeClassifier(domains=(0, 1, 2), depth=2, epsilon=10_000, random_state=0)
    tree.fit(CATEGORIES, LABELS)
    assert tree.score(CATEGORIES, LABELS) == 1.0  # two attributes make the label
    found = tree.answer(CATEGORIES)
    for place in range(0, 300, 10):
        alike = (CATEGORIES[:, 1:3] == CATEGORIES[place, 1:3]).all(axis=1)
        high = (LABELS[alike] == "high").sum() + 1
        assert found[place, 0] == high / (alike.sum() + 2)
        assert found[place, 1] == (alike.sum() + 2 - high) / (alike.sum() + 2)
    different = len(np.unique(found, axis=0))
    assert tree.information_.upper == math.nextafter(math.log(different), math.inf)


def test_records_outside_the_domains_count_as_the_nearest() -> None:
    tree = DPTreeClassifier(domains=[(5, 0, 1), (0, 10)], depth=2, epsilon=100, random_state=0)
    rows = np.array([[0, 0], [1, 0], [5, 10], [0, 10], [1, 10], [5, 0]] * 20, dtype=float)
    tree.fit(rows, np.arange(120) % 6)
    asked = [[-1e9, 5.0], [0.5, -3.0], [0.51, 5.1], [3.0, 7.0], [3.1, 1e300], [1e300, 0.0]]
    meant = [[0, 0], [0, 0], [1, 10], [1, 10], [5, 10], [5, 0]]
    assert (tree.answer(asked) == tree.answer(np.array(meant, dtype=float))).all()


def test_public_classes_are_kept_and_others_refused() -> None:
    tree = DPTreeClassifier(domains=(0, 1, 2), classes=["low", "high", "odd"], random_state=0)
    assert tree.fit(CATEGORIES, LABELS).classes_.tolist() == ["high", "low", "odd"]
    assert tree.answer(CATEGORIES).shape == (300, 3)
    with pytest.raises(ParameterError, match=r"label=.*low.*: must be one of the classes"):
        tree.set_params(classes=["high"]).fit(CATEGORIES, LABELS)
    flat = DPTreeClassifier(depth=0, epsilon=100, random_state=0).fit(CATEGORIES, LABELS)
    assert len(np.unique(flat.answer(CATEGORIES), axis=0)) == 1
    assert flat.information_.upper == 0
