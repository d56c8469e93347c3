"""Linear regression that pays for the information of its answers."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import chi2, kstest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mipriv.errors import ParameterError
from mipriv.estimate.mixture import Taylor, exact_information, quadrature
from mipriv.learn.mid.linear import MIDLinearRegression

EPS = float(np.finfo(np.float64).eps)
FALSE_ALARM = 1e-6  # chance that a right program fails one of the statistical tests, over its seed
# what scikit-learn itself leaves out: for want of pandas or the array interface, or for fresh noise
LEFT_OUT = {
    "check_array_api_input",
    "check_regressor_data_not_an_array",
    "check_pipeline_consistency",
}
TAYLOR: list[dict[str, Any]] = [
    {"estimator": "taylor0"},
    {"estimator": "taylor2"},
    {"estimator": "taylor2", "leave_one_out": True, "width": 0.05},
]
ALL: list[dict[str, Any]] = [
    {},
    {"release": "deterministic"},
    *TAYLOR,
    {"estimator": "taylor2", "release": "deterministic"},
]


def records(count: int = 200, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two normal columns and two binary ones, dependent."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 4))
    X[:, 2:] = X[:, 2:] + X[:, :1] > 0.3
    return X, X @ [1.0, -0.5, 2.0, 0.3] + 5 + 0.3 * rng.normal(size=count)


def fitted(**parameters: Any) -> MIDLinearRegression:
    X, y = records()
    return MIDLinearRegression(**{"random_state": 0} | parameters).fit(X, y)


def roundoff(X: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Allowed difference of two stable least-squares fits, of coefficients or predictions.

    Each errs by some N p eps cond^2 |solution| (Higham 2002, theorem 20.3); |y| bounds the latter
    here, the columns having singular values above root N/2.
    """
    values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    cond = values[0] / values[-1]
    return float(2 * X.size * EPS * cond**2 * np.abs(y).max())


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"noise": "fresh"},
        {"release": "deterministic"},
        {"estimator": "taylor2"},
        {"estimator": "taylor0", "release": "deterministic", "leave_one_out": True},
    ],
)
def test_scikit_learns_checks(parameters: dict[str, Any]) -> None:
    checks = check_estimator(MIDLinearRegression(**parameters), on_skip=None)
    status = {check["check_name"]: check["status"] for check in checks}
    assert len(status) > 40
    assert {name for name, found in status.items() if found != "passed"} <= LEFT_OUT
    assert set(status.values()) <= {"passed", "skipped"}


def test_in_a_pipeline_and_a_search() -> None:
    """Without a price for information, noise can only harm the score."""
    X, y = records()
    model = make_pipeline(StandardScaler(), MIDLinearRegression(random_state=0))
    search = GridSearchCV(model, {"midlinearregression__lam": [0.0, 1.0, 4.0, 100.0]}, cv=3)
    search.fit(X, y)
    assert search.best_params_ == {"midlinearregression__lam": 0.0}
    scores = search.cv_results_["mean_test_score"]
    assert list(scores) == sorted(scores, reverse=True)


@pytest.mark.parametrize("parameters", ALL)
@pytest.mark.parametrize("sensitive", [None, [2, 3]])
def test_without_a_price_it_is_least_squares(parameters: dict[str, Any], sensitive: Any) -> None:
    X, y = records()
    model = fitted(lam=0, sensitive=sensitive, **parameters)
    least = LinearRegression().fit(X, y)
    allowed = roundoff(X, y)
    assert np.max(np.abs(model.coef_ - least.coef_)) < allowed
    assert np.max(np.abs(model.mean(X) - least.predict(X))) < allowed
    assert abs(model.gain_ - 1) < 16 * EPS
    if not parameters:
        assert model.noise_variance_ == 0
        assert model.information_.value == math.inf
        assert np.array_equal(model.predict(X), model.mean(X))


def test_the_closed_form_of_gaussian_release() -> None:
    """Theorem 12: rate (1/2) log(2v/lam), excess error v exp(-2 rate), decreasing in lam."""
    X, y = records()
    least = LinearRegression().fit(X, y)
    v, unexplained = np.var(least.predict(X)), np.mean((y - least.predict(X)) ** 2)
    last = math.inf
    for lam in np.geomspace(1e-6 * v, 4 * v, 40):
        model = fitted(lam=lam)
        rate = model.information_.value
        assert model.information_.bound
        assert abs(rate - max(0.0, math.log(2 * v / lam) / 2)) < 1e-9
        assert rate < last or rate == 0 == last
        last = rate
        excess = model.mean_squared_error_ - unexplained
        assert abs(excess - v * math.exp(-2 * rate)) < 1e4 * EPS * np.mean(y**2)  # sums of 200
    assert last == 0
    assert np.array_equal(model.coef_, np.zeros(4))
    assert model.noise_variance_ == 0
    assert np.ptp(model.predict(X)) == 0


@pytest.mark.parametrize("part", [0.01, 0.3, 1.0, 1.9])
def test_the_closed_form_against_a_numerical_search(part: float) -> None:
    """Of all gains and noise variances none does better, and a search finds none better."""
    X, y = records()
    predicted = LinearRegression().fit(X, y).predict(X)
    v, unexplained = np.var(predicted), np.mean((y - predicted) ** 2)
    lam = part * v

    def cost(gain: Any, noise: Any) -> Any:
        return (1 - gain) ** 2 * v + noise + lam / 2 * np.log1p(gain**2 * v / noise)

    model = fitted(lam=lam)
    ours = cost(model.gain_, model.noise_variance_)
    allowed = 64 * EPS * (v + lam)
    gains, noises = np.meshgrid(np.linspace(0, 1.2, 300), np.geomspace(1e-4 * v, 2 * v, 300))
    assert ours <= cost(gains, noises).min() + allowed
    search = minimize(
        lambda z: cost(z[0], math.exp(z[1])), [0.5, math.log(v / 4)], method="Nelder-Mead"
    )
    assert ours <= search.fun + allowed
    paid = model.mean_squared_error_ - unexplained + lam * rate(model)
    assert abs(ours - paid) < 1e4 * EPS * np.mean(y**2)  # sums of 200, of squares of y
    # other inputs than normal ones: what they tell is below the reading
    noise = math.sqrt(model.noise_variance_)
    assert exact_information(model.mean(X), width=noise).upper < model.information_.upper


def rate(model: MIDLinearRegression) -> float:
    return float(model.penalised_information_.value)


def test_a_deterministic_release_hides_nothing() -> None:
    """It is only scaled: least squares of its answers on the predictions gives them back."""
    X, y = records()
    model = fitted(lam=3.0, release="deterministic")
    assert model.information_.value == math.inf
    assert not model.penalised_information_.bound
    assert "imagined" in model.penalised_information_.method
    expected = math.log1p(model.gain_**2 / model.width**2) / 2
    assert abs(rate(model) - expected) < 64 * EPS
    least = LinearRegression().fit(X, y).predict(X)
    scaled = y.mean() + (model.predict(X) - y.mean()) / model.gain_
    assert np.max(np.abs(scaled - least)) < roundoff(X, y) / model.gain_
    assert model.noise_variance_ == 0
    rates = [rate(fitted(lam=lam, release="deterministic")) for lam in np.geomspace(0.01, 100, 20)]
    assert all(np.diff(rates) < 0)


def test_the_noise_has_its_variance() -> None:
    X, _ = records()
    model = fitted(lam=1.0)
    many = np.random.default_rng(3).normal(size=(4000, 4))
    noise = model.answer(many) - model.mean(many)
    scale = math.sqrt(model.noise_variance_)
    assert kstest(noise / scale, "norm").pvalue > FALSE_ALARM / 2
    low, high = chi2.ppf([FALSE_ALARM / 4, 1 - FALSE_ALARM / 4], 4000) / 4000
    assert low < np.mean(noise**2) / model.noise_variance_ < high
    # the key opens it: drawn again by who knows it, the answer has no noise left
    again = model.noise_.normals(X, 1)[:, 0] * scale
    assert np.array_equal(model.answer(X), model.mean(X) + again)


def test_asking_again_tells_nothing_new_unless_noise_is_fresh() -> None:
    X, _ = records()
    kept, fresh = fitted(lam=1.0), fitted(lam=1.0, noise="fresh")
    assert np.array_equal(kept.answer(X), kept.answer(X))
    assert not np.any(fresh.answer(X) == fresh.answer(X))
    assert np.array_equal(fresh.mean(X), kept.mean(X))


@pytest.mark.parametrize("parameters", ALL)
def test_the_seed_decides_and_copies_agree(parameters: dict[str, Any]) -> None:
    X, y = records()
    model = fitted(lam=0.5, batch_size=40, **parameters)
    again = clone(model).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.answer(X), model.answer(X))
    assert np.array_equal(loaded.answer(X), model.answer(X))
    other = fitted(lam=0.5, batch_size=40, random_state=1, **parameters)
    if model.noise_variance_ > 0 or model.estimator != "gaussian":
        assert not np.any(other.answer(X) == model.answer(X))


def test_sensitive_columns_are_dropped_in_the_end() -> None:
    """From lam = 2v on what is left is the regression on the others; before, Theorem 12 on the rest."""
    X, y = records()
    kept = LinearRegression().fit(X[:, :2], y)
    v = np.var(LinearRegression().fit(X, y).predict(X)) - np.var(kept.predict(X[:, :2]))
    allowed = roundoff(X, y)
    for lam in (0.05 * v, v, 1.9 * v):
        model = fitted(lam=lam, sensitive=[2, 3])
        assert abs(model.gain_ - 1 + lam / (2 * v)) < allowed / v
        assert abs(model.noise_variance_ - model.gain_ * (1 - model.gain_) * v) < allowed
        assert abs(rate(model) - math.log(2 * v / lam) / 2) < 1e-9
        assert model.information_.value > rate(model)
        # the part that the others explain is released whole
        explained = LinearRegression().fit(X[:, :2], model.mean(X))
        assert np.max(np.abs(explained.coef_ - kept.coef_)) < 4 * allowed
    model = fitted(lam=2.001 * v, sensitive=[2, 3])
    assert rate(model) == 0
    assert np.array_equal(model.coef_[2:], [0, 0])
    assert np.max(np.abs(model.coef_[:2] - kept.coef_)) < allowed
    assert model.information_.value == math.inf
    changed = np.where(np.arange(4) < 2, X, 1 - X)
    assert np.array_equal(model.answer(changed), model.answer(X))


@pytest.mark.parametrize("parameters", ALL)
def test_a_column_that_the_others_determine_has_nothing_to_hide(parameters: dict[str, Any]) -> None:
    X, y = records()
    X[:, 3] = X[:, 0] - 2 * X[:, 1] + 1
    model = MIDLinearRegression(lam=0.5, sensitive=[3], **parameters).fit(X, y)
    least = LinearRegression().fit(X[:, :3], y)
    assert rate(model) == 0
    assert model.coef_[3] == 0
    assert np.max(np.abs(model.answer(X) - least.predict(X[:, :3]))) < roundoff(X[:, :3], y)


@pytest.mark.parametrize("parameters", ALL)
def test_an_answer_that_depends_on_nothing(parameters: dict[str, Any]) -> None:
    X, _ = records()
    for value in (3.0, 0.1):  # the mean of equal numbers may differ from them by a rounding
        model = MIDLinearRegression(**parameters | {"lam": 0}).fit(X, np.full(len(X), value))
        assert np.ptp(model.answer(X)) == 0
        assert abs(model.answer(X)[0] - value) < 4 * EPS * value
    assert rate(model) == 0 == model.information_.value
    constant = MIDLinearRegression(**parameters).fit(np.full((20, 2), 0.1), np.arange(20.0))
    assert np.ptp(constant.answer(X[:, :2])) == 0


@pytest.mark.parametrize("parameters", TAYLOR)
@pytest.mark.parametrize("sensitive", [None, [2]])
def test_taylor_lowers_its_objective(parameters: dict[str, Any], sensitive: Any) -> None:
    """Below least squares and below the constant, with all records as points."""
    X, y = records()
    lam = 0.5
    models = {
        price: fitted(lam=price, sensitive=sensitive, batch_size=None, **parameters)
        for price in (0.0, lam, 1e3)
    }
    costs = {
        price: model.mean_squared_error_ + lam * rate(model) for price, model in models.items()
    }
    assert costs[lam] < costs[0.0]
    assert costs[lam] < costs[1e3]
    rates = [rate(model) for model in models.values()]
    assert rates == sorted(rates, reverse=True)
    model = models[lam]
    assert model.points_ is None
    assert not model.penalised_information_.bound
    assert model.noise_variance_ == model.width_**2
    mean = np.mean((y - model.mean(X)) ** 2)
    assert abs(model.mean_squared_error_ - mean - model.noise_variance_) < 1e4 * EPS * np.mean(y**2)


def test_the_information_of_a_taylor_release_is_computed() -> None:
    X, _ = records()
    model = fitted(lam=0.5, estimator="taylor2")
    entropy, error = quadrature(model.mean(X), width=model.width_)
    exact = entropy - math.log(2 * math.pi * math.e * model.noise_variance_) / 2
    # the outputs are computed in two ways, alike to roundoff
    assert abs(model.information_.value - exact) < error + 1e4 * EPS
    largest = math.log1p(np.var(model.mean(X)) / model.noise_variance_) / 2
    assert model.information_.value < largest
    assert fitted(estimator="taylor2", release="deterministic").information_.value == math.inf


def test_the_batch_is_drawn_and_close_to_all() -> None:
    """Least for a batch, the objective over all is at most what the batches' difference explains."""
    model, dense = (fitted(lam=0.5, estimator="taylor2", batch_size=b) for b in (100, None))
    assert len(np.unique(model.points_)) == 100
    assert fitted(estimator="taylor2", batch_size=200).points_ is None
    X, _ = records()

    def penalties(of: MIDLinearRegression) -> tuple[float, float]:
        taylor = Taylor(width=of.width_)
        outputs = of.mean(X)
        return taylor.entropy(outputs), taylor.entropy(outputs, points=model.points_)

    (ours, ours_on_batch), (best, best_on_batch) = penalties(model), penalties(dense)
    lost = model.mean_squared_error_ - dense.mean_squared_error_ + 0.5 * (ours - best)
    gap = 0.5 * ((ours - ours_on_batch) - (best - best_on_batch))
    # each is a minimum of its own objective, to the 1e-12 at which the search stops, times v < 10
    assert -1e-10 < lost < gap + 1e-10


def test_a_search_that_is_cut_off_says_so() -> None:
    X, y = records()
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        MIDLinearRegression(lam=0.5, estimator="taylor2", max_iter=1).fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lam", -0.1),
        ("lam", math.nan),
        ("lam", math.inf),
        ("lam", "1"),
        ("release", "none"),
        ("estimator", "exact"),
        ("noise", "once"),
        ("grid", 0),
        ("width", 0.0),
        ("width", 1e9),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("max_iter", None),
        ("sensitive", []),
        ("sensitive", [4]),
        ("sensitive", [-1]),
        ("sensitive", [1, 1]),
        ("sensitive", [0.5]),
        ("sensitive", [[1]]),
    ],
)
def test_bad_parameters(name: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"^{name}="):
        fitted(**{name: value})


def test_a_narrow_taylor_penalty_must_leave_one_out() -> None:
    with pytest.raises(ParameterError, match=r"width=0\.05: must be >= 0\.1 unless leave_one_out"):
        fitted(estimator="taylor0", width=0.05)
    fitted(estimator="taylor0", width=0.05, leave_one_out=True)


def test_bad_data() -> None:
    X, y = records()
    with pytest.raises(ParameterError, match=r"^y=.*: must be at most 1e\+100 in size"):
        MIDLinearRegression().fit(X, y * 1e200)
    with pytest.raises(ParameterError, match=r"^X=.*: must be at most 1e\+100 in size"):
        MIDLinearRegression().fit(X * 1e200, y)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        MIDLinearRegression().fit(X[:1], y[:1])
    with pytest.raises(NotFittedError):
        MIDLinearRegression().answer(X)
