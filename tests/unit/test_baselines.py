"""Defences without mutual information: what they release, and what they claim of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from scipy.integrate import quad
from scipy.special import ndtri
from scipy.stats import chi2, laplace
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from mipriv.estimate.reading import Reading
from mipriv.learn.baselines import (
    ConstantClassifier,
    ConstantRegressor,
    DropSensitive,
    HardLabel,
    OutputNoise,
    Purification,
    RidgeRegression,
    Rounding,
    TopK,
    answers_of,
)
from mipriv.learn.baselines._simplex import onto_simplex
from mipriv.learn.baselines.purify import with_label_of
from mipriv.learn.baselines.wrap import noise_for, shrunk, to_laplace
from mipriv.learn.mid._shrinkage import noisy_gain
from mipriv.learn.mid.linear import MIDLinearRegression

RNG = np.random.default_rng(11)
X = RNG.normal(size=(120, 3))
Y = X @ [1.0, 2.0, -1.0] + 0.5 * RNG.normal(size=120)
IRIS, SPECIES = load_iris(return_X_y=True)
EPS = np.finfo(np.float64).eps


def test_a_shrunk_answer_is_the_channel_of_mid_exactly() -> None:
    for variance in (fmpq(3), fmpq(2, 7), fmpq(10**6)):
        for share in (fmpq(1, 1000), fmpq(1, 3), fmpq(99, 100)):
            distortion = share * variance
            noise = noise_for(variance=variance, distortion=distortion)
            gain, released = shrunk(variance=variance, noise_variance=noise)
            assert gain == noisy_gain(lam=2 * distortion, variance=variance)
            assert released == gain * (1 - gain) * variance
            assert (1 - gain) ** 2 * variance + released == distortion


@pytest.mark.parametrize("lam", [0.1, 2.0, 9.0])
def test_it_answers_what_mid_answers(lam: float) -> None:
    mid = MIDLinearRegression(lam=lam, random_state=3).fit(X, Y)
    scale = math.sqrt(mid.noise_variance_) / mid.gain_
    noisy = OutputNoise(LinearRegression(), scale=scale, shrink=True, random_state=3).fit(X, Y)
    # two least-squares solvers and a square root: about 3 N + 100 roundings of numbers below 20
    # and of condition below 2
    close = 500 * EPS * 20
    assert abs(noisy.gain_[0, 0] - mid.gain_) < close
    assert abs(float(noisy.noise_variance_) - mid.noise_variance_) < close
    assert np.abs(noisy.answer(X) - mid.answer(X)).max() < close
    assert abs(noisy.information_.value - mid.information_.value) < close / mid.noise_variance_


@pytest.mark.parametrize(("law", "factor"), [("gaussian", 1.0), ("laplace", 2.0)])
@pytest.mark.parametrize("shrink", [False, True])
def test_the_noise_has_the_variance_it_says(law: str, factor: float, shrink: bool) -> None:
    size = 4000
    rows = np.random.default_rng(5).normal(size=(size, 3))
    model = OutputNoise(LinearRegression(), scale=1.5, law=law, shrink=shrink, random_state=1)
    model.fit(X, Y)
    inner = model.estimator_.predict(rows)
    gain = float(model.gain_[0, 0])
    noise = model.answer(rows) - (model.mean_ + gain * (inner - model.mean_))
    assert abs(float(model.noise_variance_) - gain**2 * 2.25 * factor) < 4 * EPS * 2.25 * factor
    # mean of squares: kurtosis 3 (Gaussian) or 6 (Laplace); 6 standard deviations, once in 1e8
    kurtosis = 3 if law == "gaussian" else 6
    slack = 6 * math.sqrt((kurtosis - 1) / size)
    assert abs(np.mean(noise**2) / float(model.noise_variance_) - 1) < slack
    assert abs(noise.mean()) < 6 * math.sqrt(float(model.noise_variance_) / size)


def test_shrinking_is_the_least_squared_error_of_a_linear_answer() -> None:
    model = OutputNoise(GaussianNB(), scale=0.2, shrink=True).fit(IRIS, SPECIES)
    inner = answers_of(model.estimator_, IRIS)
    spread = np.cov(inner, rowvar=False, bias=True)

    def error(gain: Any) -> float:
        rest = np.eye(3) - gain
        return float(np.trace(rest @ spread @ rest.T) + 0.04 * np.trace(gain @ gain.T))

    least = error(model.gain_)
    for seed in range(20):
        move = np.random.default_rng(seed).normal(size=(3, 3)) * 0.01
        assert error(model.gain_ + move) > least
    # rows sum to 1: the gain maps into differences of probabilities, the mean sums to 1
    assert np.abs(model.answer(IRIS).sum(axis=1) - 1).max() < 100 * EPS
    diagonal = 0.04 * np.diag(model.gain_ @ model.gain_.T)
    assert np.abs(model.noise_variance_ - diagonal).max() < 100 * EPS


def test_noise_per_input_stays_and_fresh_noise_does_not() -> None:
    fixed = OutputNoise(LinearRegression(), scale=1.0, grid=0.5).fit(X, Y)
    assert (fixed.answer(X) == fixed.answer(X)).all()
    assert (fixed.answer(X)[3:5] == fixed.answer(X[3:5])).all()
    centre = np.zeros((1, 3))
    near = centre + 1e-3
    moved = fixed.answer(near) - fixed.estimator_.predict(near)
    assert abs(moved - (fixed.answer(centre) - fixed.estimator_.predict(centre)))[0] < 100 * EPS
    other = OutputNoise(LinearRegression(), scale=1.0, grid=0.5).fit(X, Y)
    assert (other.answer(X) != fixed.answer(X)).all()
    fresh = OutputNoise(LinearRegression(), scale=1.0, noise="fresh", random_state=0).fit(X, Y)
    assert (fresh.answer(X) != fresh.answer(X)).all()


def test_laplace_draws_have_their_quantiles() -> None:
    shares = np.linspace(1e-12, 1 - 1e-12, 1001)
    normals = ndtri(shares)
    # Phi(z) moves by |z| phi(z) EPS when z is rounded: relatively below |z| (|z| + 1) EPS < 64 EPS
    # of the tail, and that moves its logarithm by as much; the double 1 - share of the far tail
    # is known to EPS/1e-12 of itself
    slack = 64 * EPS + EPS / np.minimum(shares, 1 - shares)
    assert (np.abs(to_laplace(normals) - laplace.ppf(shares)) <= 4 * slack + 30 * EPS).all()


def test_the_nearest_probabilities_are_nearest() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(50, 4))
    found = onto_simplex(rows)
    assert (found >= 0).all()
    assert np.abs(found.sum(axis=1) - 1).max() < 16 * EPS
    # a projection on a convex set: no vertex lies on the far side, <row - found, vertex - found> <= 0
    gap = rows - found
    assert (gap - (gap * found).sum(axis=1, keepdims=True)).max() < 64 * EPS
    inside = rng.dirichlet(np.ones(4), size=20)
    assert np.abs(onto_simplex(inside) - inside).max() < 16 * EPS


def _information_of_two_points(apart: float, scale: float, law: str) -> float:
    """I(m; m + noise) of m = 0 or `apart` by integration, nats."""

    def noise(x: float) -> float:
        if law == "laplace":
            return math.exp(-abs(x) / scale) / (2 * scale)
        return math.exp(-x * x / (2 * scale**2)) / (scale * math.sqrt(2 * math.pi))

    def integrand(x: float) -> float:
        here, there = noise(x), noise(x - apart)
        both = (here + there) / 2
        return (here * math.log(here / both) + there * math.log(there / both)) / 2

    ends = (-30 * scale, apart + 30 * scale)
    return float(quad(integrand, *ends, points=[0, apart], limit=200)[0])


@pytest.mark.parametrize("law", ["gaussian", "laplace"])
@pytest.mark.parametrize("apart", [0.1, 1.0, 5.0])
def test_the_bound_is_above_the_information_of_two_points(law: str, apart: float) -> None:
    rows = np.repeat([[0.0], [apart]], 10, axis=0)
    model = OutputNoise(LinearRegression(), scale=1.0, law=law).fit(rows, rows[:, 0])
    truth = _information_of_two_points(apart, 1.0, law)
    assert model.information_.bound
    assert truth <= model.information_.upper
    if law == "gaussian":
        # log(1 + v/w)/2 with v = apart^2/4; least squares finds v to a few roundings
        formula = math.log1p(apart**2 / 4) / 2
        assert abs(model.information_.value - formula) < 1e4 * EPS
    else:  # |m - median| has mean apart/2
        assert model.information_.value <= math.log1p(apart / 2) * (1 + 1e-9)


def test_the_bound_by_size_is_above_the_information() -> None:
    # m is 0 with chance 1/4, else of Laplace law of scale 2: m plus Laplace noise of scale 1 is of
    # Laplace law of scale 2, and tells log 2 of m; the sample below has nearly this law
    shares = (np.arange(300) + 0.5) / 300
    values = np.concatenate([np.zeros(100), laplace.ppf(shares, scale=2)])
    grid = np.linspace(-60, 60, 24_001)
    density = laplace.pdf(grid[:, None] - values).mean(axis=1)
    entropy = -float(np.trapezoid(density * np.log(density), grid))
    truth = entropy - (1 + math.log(2))
    # the trapezoid rule errs by the step squared over 12, times jumps of slope of at most 1 in all
    slack = 0.005**2
    assert abs(truth - math.log(2)) < 0.02
    rows = values[:, None]
    model = OutputNoise(LinearRegression(), scale=1.0, law="laplace").fit(rows, values)
    assert truth - slack <= model.information_.upper


def test_the_bound_of_a_classifier_is_that_of_a_gaussian_vector() -> None:
    model = OutputNoise(GaussianNB(), scale=0.3).fit(IRIS, SPECIES)
    spread = np.cov(answers_of(model.estimator_, IRIS), rowvar=False, bias=True)
    expected = np.linalg.slogdet(np.eye(3) + spread / 0.09)[1] / 2
    assert expected <= model.information_.upper < expected * (1 + 1e-9)
    assert model.answer(IRIS).shape == (150, 3)
    constant = OutputNoise(ConstantClassifier(), scale=0.3, law="laplace").fit(IRIS, SPECIES)
    assert constant.information_.upper == 0


class Telling(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Says how much it tells."""

    def __init__(self, nats: float = 0.01, bound: bool = True) -> None:
        self.nats = nats
        self.bound = bound

    def fit(self, X: Any, y: Any) -> Telling:
        self.classes_ = np.unique(y)
        self.information_ = Reading.computed(self.nats, method="said so", bound=self.bound)
        return self

    def answer(self, X: Any) -> Any:
        return np.tile(np.linspace(0, 1, len(self.classes_)), (len(X), 1)) + X[:, :1] / 100


@pytest.mark.parametrize(
    "wrapped",
    [
        OutputNoise(Telling(), scale=0.001),
        TopK(Telling(), k=2),
        HardLabel(Telling(0.001)),
        Rounding(Telling(), step=0.1),
        DropSensitive(Telling(), sensitive=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_nothing_tells_more_than_the_model_inside(wrapped: Any) -> None:
    reading = wrapped.fit(IRIS, SPECIES).information_
    assert reading.bound
    assert reading.upper == wrapped.estimator.nats
    loose = clone(wrapped).set_params(estimator__bound=False).fit(IRIS, SPECIES)
    assert loose.information_.upper > wrapped.estimator.nats


def test_noise_on_noise_that_is_fresh_is_no_bound() -> None:
    inside = OutputNoise(LinearRegression(), scale=1.0, noise="fresh", random_state=0)
    outside = OutputNoise(inside, scale=1.0, random_state=0).fit(X, Y)
    # the inner bound holds, and the outer one is an estimate
    assert outside.information_.upper == outside.estimator_.information_.upper


def test_rounding_rounds_and_counts() -> None:
    regression = Rounding(LinearRegression(), step=0.5).fit(X, Y)
    answers = regression.answer(X)
    assert (answers * 2 == np.rint(answers * 2)).all()
    assert np.abs(answers - regression.estimator_.predict(X)).max() <= 0.25 + EPS
    _, counts = np.unique(answers, return_counts=True)
    entropy = -sum(c / 120 * math.log(c / 120) for c in counts.tolist())
    reading = regression.information_
    assert abs(reading.value - entropy) < 120 * EPS * entropy
    assert (reading.lower, reading.upper, reading.bound) == (0.0, math.inf, True)
    classes = Rounding(GaussianNB(), step=0.25).fit(IRIS, SPECIES)
    # 0, 1/4, ..., 1 for each of three; three roundings up
    most = 3 * math.log(5)
    assert most < classes.information_.upper < most * (1 + 4 * EPS)
    assert set(np.unique(classes.answer(IRIS))) <= {0.0, 0.25, 0.5, 0.75, 1.0}


def test_top_k_and_hard_label_keep_what_they_say() -> None:
    inner = GaussianNB().fit(IRIS, SPECIES).predict_proba(IRIS)
    for k in (1, 2, 3, 7):
        found = TopK(GaussianNB(), k=k).fit(IRIS, SPECIES).answer(IRIS)
        for row, whole in zip(found, inner, strict=True):
            order = sorted(range(3), key=lambda c: (-whole[c], c))
            assert all(row[c] == (whole[c] if c in order[:k] else 0) for c in range(3))
    label = HardLabel(GaussianNB()).fit(IRIS, SPECIES)
    assert (label.answer(IRIS) == np.eye(3)[inner.argmax(axis=1)]).all()
    assert (label.predict(IRIS) == GaussianNB().fit(IRIS, SPECIES).predict(IRIS)).all()
    assert label.information_.upper == math.nextafter(math.log(3), math.inf)
    assert 0 < label.information_.value <= math.log(3)


def test_equal_shares_have_no_more_than_the_log_of_the_classes() -> None:
    for classes in range(2, 60):
        labels = np.arange(3 * classes) % classes
        model = HardLabel(DecisionTreeClassifier()).fit(labels[:, None].astype(float), labels)
        most = math.nextafter(math.log(classes), math.inf)
        assert model.information_.value <= model.information_.upper == most


def test_constants_tell_the_mean_alone() -> None:
    regression = ConstantRegressor().fit(X, Y)
    assert (regression.answer(X[:4]) == Y.mean()).all()
    classes = ConstantClassifier().fit(IRIS, SPECIES)
    assert (classes.answer(IRIS) == 50 / 150).all()
    for model in (regression, classes):
        assert model.information_ == Reading.computed(
            0.0, method=model.information_.method, bound=True
        )


def test_dropped_columns_are_never_seen() -> None:
    model = DropSensitive(LinearRegression(), sensitive=[0, 2]).fit(X, Y)
    blind = LinearRegression().fit(X[:, [1]], Y)
    assert (model.answer(X) == blind.predict(X[:, [1]])).all()
    spoiled = X.copy()
    spoiled[:, [0, 2]] = np.nan
    assert (model.answer(spoiled) == model.answer(X)).all()
    refitted = DropSensitive(LinearRegression(), sensitive=(2, 0)).fit(spoiled, Y)
    assert (refitted.answer(X) == model.answer(X)).all()
    assert model.conditional_information_.upper == 0
    assert model.information_.upper == math.inf


@pytest.mark.parametrize("lam", [0.0, 0.3, 100.0])
def test_ridge_solves_its_normal_equations(lam: float) -> None:
    model = RidgeRegression(lam=lam).fit(X, Y)
    centred, target = X - X.mean(axis=0), Y - Y.mean()
    gradient = centred.T @ (centred @ model.coef_ - target) / len(X) + lam * model.coef_
    # sums of 120 products below 20, of a solution of condition below 2
    assert np.abs(gradient).max() < 120 * 20 * 8 * EPS
    assert np.abs(model.answer(X) - Ridge(alpha=120 * lam).fit(X, Y).predict(X)).max() < 1e4 * EPS
    assert model.information_.value == math.inf
    assert RidgeRegression().fit(np.ones((4, 1)), [1, 2, 3, 4]).information_.value == 0


def test_purification_narrows_and_keeps_the_label() -> None:
    model = Purification(GaussianNB(), bottleneck=1, random_state=0).fit(IRIS, SPECIES)
    inner, found = answers_of(model.estimator_, IRIS), model.answer(IRIS)
    assert (found.argmax(axis=1) == inner.argmax(axis=1)).all()
    assert (found >= 0).all()
    assert np.abs(found.sum(axis=1) - 1).max() < 16 * EPS
    assert (model.answer(IRIS) == found).all()
    free = clone(model).set_params(keep_label=False).fit(IRIS, SPECIES).answer(IRIS)
    sure = onto_simplex(model.purifier_.predict(inner))
    assert (free == sure).all()
    assert (found == with_label_of(sure, inner)).all()
    # through one unit the answers lie on a curve: fewer of them apart than before
    within = [np.var(p[np.equal(SPECIES, c)], axis=0).sum() for p in (inner, found) for c in (1, 2)]
    assert sum(within[2:]) < sum(within[:2])


def test_the_label_survives_a_tie() -> None:
    found = np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6], [1 / 3, 1 / 3, 1 / 3]])
    answers = np.array([[0.1, 0.9, 0.0], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]])
    kept = with_label_of(found, answers)
    assert kept.argmax(axis=1).tolist() == [1, 1, 2]
    assert np.abs(np.sort(kept) - np.sort(found)).max() <= EPS
    assert kept[1].tolist() == [0.2, 0.6, 0.2]


def test_held_out_records_do_not_reach_the_estimator() -> None:
    first = Purification(GaussianNB(), max_iter=2, random_state=1).fit(IRIS, SPECIES)
    reached = 0
    for place in range(0, 150, 15):
        moved = IRIS.copy()
        moved[place] += 100
        again = Purification(GaussianNB(), max_iter=2, random_state=1).fit(moved, SPECIES)
        reached += not np.array_equal(first.estimator_.theta_, again.estimator_.theta_)
    assert 0 < reached < 10  # half are held out
    few = Purification(GaussianNB(), max_iter=2, holdout=0.2, random_state=1).fit(IRIS, SPECIES)
    assert few.estimator_.class_count_.tolist() == [40, 40, 40]


def test_gaussian_noise_looks_gaussian() -> None:
    # 20 equally likely cells of the law, chi square at once in 10^6
    rows = np.random.default_rng(9).normal(size=(2000, 3))
    model = OutputNoise(LinearRegression(), scale=2.0, random_state=4).fit(X, Y)
    noise = (model.answer(rows) - model.estimator_.predict(rows)) / 2
    counts = np.bincount(np.searchsorted(ndtri(np.arange(1, 20) / 20), noise), minlength=20)
    assert ((counts - 100) ** 2 / 100).sum() < chi2.isf(1e-6, 19)
