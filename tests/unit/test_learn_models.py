"""Learners that release a table, moments or coefficients: sensitivities, densities, releases."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from scipy.integrate import quad

from mipriv.errors import ParameterError, PrecisionError
from mipriv.guarantee import ApproxDP, ConcentratedDP, GaussianDP, LaplaceDP
from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw, LaplaceLaw
from mipriv.learn import (
    HistogramNaiveBayes,
    LogisticProblem,
    ObjectivePerturbedLogistic,
    OutputPerturbedLogistic,
    PerturbedStatistics,
    SphericalLaplace,
)
from mipriv.learn.records import clip_rows, require_rows_within
from mipriv.rigor.histograms import histograms
from tests.unit.learner_checks import (
    farthest,
    mean_ratio,
    moved,
    pure_width,
    repeated,
    replacements,
    uniform_width,
)

TRIALS = 20_000
TABLE = HistogramNaiveBayes(classes=2, levels=(2, 3), noise=DiscreteLaplace(epsilon="0.25"))
POINTS = (((1, 1), 2), ((-1, 1), -2), ((0, 1), 1))
MOMENTS = PerturbedStatistics(
    records=POINTS, feature_bound=1, label_bound=2, noise=LaplaceLaw(scale=16)
)


def distance(u: Any, v: Any) -> Any:
    return sum(abs(a - b) for a, b in zip(u, v, strict=True))


def squared(u: Any, v: Any) -> Any:
    return sum((a - b) ** 2 for a, b in zip(u, v, strict=True))


def test_the_table_of_naive_bayes_moves_by_what_it_claims() -> None:
    pairs = list(combinations(TABLE.vectors, 2))
    assert max(distance(u, v) for u, v in pairs) == TABLE.moved.l1 == 6
    assert max(squared(u, v) for u, v in pairs) == TABLE.moved.l2_squared == 6
    assert TABLE.guarantee() == ApproxDP(epsilon="1.5")
    one = HistogramNaiveBayes(
        classes=2, levels=(2, 3), noise=DiscreteGaussian(sigma_squared=3), adjacency="add-remove"
    )
    assert one.guarantee() == ConcentratedDP(rho="0.5", adjacency="add-remove")
    assert {sum(row) for row in one.vectors} == {3}


def test_ratios_of_the_table_stay_within_epsilon_and_attain_it() -> None:
    """Logs of doubles: sums of 12 terms below 10 err by less than 1e-13."""
    counts = (1,) * len(TABLE.domain)
    outputs = TABLE.simulate(repeated(counts, 500), np.random.default_rng(0))
    outputs = np.vstack([outputs, outputs[:1] + 100 * (TABLE._array[-1] - TABLE._array[0])])
    worst = 0.0
    for old, new in product(range(len(counts)), repeat=2):
        other = moved(counts, {old: -1}) if old == new else moved(counts, {old: -1, new: 1})
        if old != new:
            gap = TABLE.log_likelihood(outputs, other) - TABLE.log_likelihood(outputs, counts)
            worst = max(worst, float(np.abs(gap).max()))
    assert worst <= 1.5 + 1e-13
    assert worst > 1.5 - 1e-13  # the output far out in the direction of the change


def test_the_classifier_is_naive_bayes_of_the_counts() -> None:
    """Four records by hand, with one added to every count."""
    records = [(0, 0, 0), (0, 1, 0), (1, 1, 2), (1, 1, 1)]
    clean = sum(TABLE._array[TABLE.domain.index(record)] for record in records)
    model = TABLE.classifier(clean)
    # class 0: prior 3/6; feature 1 level 1: (1+1)/(2+2); feature 2 level 0: (2+1)/(2+3)
    # class 1: prior 3/6; feature 1 level 1: (2+1)/(2+2); feature 2 level 0: (0+1)/(2+3)
    joint = np.exp(model.log_joint([[1, 0]]))[0]
    assert joint == pytest.approx([0.5 * 0.5 * 0.6, 0.5 * 0.75 * 0.2], rel=1e-15)
    assert model.predict([[1, 0], [1, 2]]).tolist() == [0, 1]
    sure = HistogramNaiveBayes(classes=2, levels=(2, 3), noise=DiscreteLaplace(epsilon=400))
    labels, features = [r[0] for r in records], [r[1:] for r in records]
    assert sure.release(features, labels).tolist() == clean.tolist()


def test_moments_move_by_no_more_than_their_bound() -> None:
    """Records on a grid of the whole domain, not only those of the learner."""
    for adjacency in ("replace", "add-remove"):
        for d in (1, 2):
            grid = list(product(*[(-1, 0, 1)] * d))
            records = tuple((x, y) for x in grid for y in (-2, 0, 2))
            learner = PerturbedStatistics(
                records=records,
                feature_bound=1,
                label_bound=2,
                noise=GaussianLaw(standard_deviation=1),
                adjacency=adjacency,
            )
            vectors = [*learner.vectors]
            other = vectors if adjacency == "replace" else [(fmpq(0),) * len(vectors[0])]
            far = max(distance(u, v) for u in vectors for v in other)
            near = max(squared(u, v) for u in vectors for v in other)
            assert far <= learner.moved.l1 <= 2 * far
            assert near <= learner.moved.l2_squared <= 2 * near
    assert MOMENTS.moved.l1 == (2 * 1 + 2) ** 2
    assert MOMENTS.guarantee() == LaplaceDP(epsilon=1)
    normal = PerturbedStatistics(
        records=POINTS, feature_bound=1, label_bound=2, noise=GaussianLaw(standard_deviation=1)
    )
    square = 6 + 4 * 2 * 4 + 16
    assert isinstance(normal.guarantee(), GaussianDP)
    assert square <= normal.guarantee().mu ** 2 < square + fmpq(1, 10**15)


def test_coefficients_solve_the_normal_equations() -> None:
    clean = np.array((2, 3, 4)) @ MOMENTS._array
    x = np.repeat([p[0] for p in POINTS], (2, 3, 4), axis=0)
    y = np.repeat([p[1] for p in POINTS], (2, 3, 4))
    # both solve a 2 x 2 system of condition below 10
    assert MOMENTS.coefficients(clean) == pytest.approx(np.linalg.lstsq(x, y)[0], rel=1e-13)
    ridged = MOMENTS.coefficients(clean, ridge=2.0)
    assert (x.T @ x + 2 * np.eye(2)) @ ridged == pytest.approx(x.T @ y, rel=1e-13)
    sure = PerturbedStatistics(
        records=POINTS, feature_bound=1, label_bound=2, noise=DiscreteLaplace(epsilon=400)
    )
    assert sure.release(x.astype(int), y.astype(int)).tolist() == clean.tolist()


@pytest.mark.parametrize(
    ("learner", "here", "there", "epsilon"),
    [
        (TABLE, (1,) * 12, moved((1,) * 12, {0: -1, 11: 1}), 1.5),
        (MOMENTS, (1, 2, 1), (2, 1, 1), 1.0),
    ],
    ids=["table", "moments"],
)
def test_ratios_of_vectors_average_to_one(
    learner: Any, here: Any, there: Any, epsilon: float
) -> None:
    """False alarm 1e-6 over the seeds; a third of the noise is noticed in the table."""
    assert abs(mean_ratio(learner, here, there, TRIALS, 1) - 1) <= pure_width(epsilon, TRIALS)


def problem(**changes: Any) -> LogisticProblem:
    given = {
        "records": (((1,), 1), ((1,), -1), (("-0.5",), 1)),
        "n": 4,
        "regularisation": "0.5",
        "tolerance": "1e-10",
    }
    return LogisticProblem(**{**given, **changes})


PLANE = (((1, 0), 1), (("0.6", "0.8"), -1), (("-0.6", "0.8"), 1))


def exact_gradient(task: LogisticProblem, counts: Any, w: Any, linear: Any) -> arb:
    """Length of the gradient of J(w) + linear.w/n, as a ball at 128 bits."""
    with ctx.workprec(128):
        point = [arb(fmpq(*float(c).as_integer_ratio())) for c in w]
        total = [
            task.regularisation * c + arb(fmpq(*float(b).as_integer_ratio())) / task.n
            for c, b in zip(point, linear, strict=True)
        ]
        for (x, y), count in zip(task.records, counts, strict=True):
            margin = y * sum((a * b for a, b in zip(x, point, strict=True)), arb(0))
            push = -y * fmpq(count, task.n) / (1 + margin.exp())
            total = [t + push * a for t, a in zip(total, x, strict=True)]
        return sum((t * t for t in total), arb(0)).sqrt()


@pytest.mark.parametrize(("regularisation", "tolerance"), [("1e-4", "1e-10"), ("0.5", "1e-13")])
def test_the_solver_stops_where_it_says(regularisation: str, tolerance: str) -> None:
    task = problem(records=PLANE, regularisation=regularisation, tolerance=tolerance)
    counts = list(histograms(4, 3))
    tilts = np.random.default_rng(0).normal(scale=3, size=(len(counts), 2))
    for linear in (np.zeros((len(counts), 2)), tilts):
        found = task.solve(counts, linear)
        for row, w, b in zip(counts, found, linear, strict=True):
            assert exact_gradient(task, row, w, b) <= task.tolerance


def test_a_tolerance_beyond_doubles_is_refused() -> None:
    with pytest.raises(PrecisionError, match="not reached"):
        problem(tolerance="1e-17").solve([(2, 1, 1)])


def test_the_minimiser_moves_by_no_more_than_the_sensitivity() -> None:
    task = problem(records=PLANE)
    limit, worst = float(task.sensitivity), 0.0
    for here, there in replacements(4, 3):
        first, second = task.solve([here, there])
        worst = max(worst, float(np.linalg.norm(first - second)))
    assert limit / 10 < worst <= limit
    assert task.sensitivity == 1 + 2 * fmpq(1, 10**10) / fmpq(1, 2)  # 2 R/(n lambda), 2 tol/lambda


def test_output_perturbation_claims() -> None:
    task = problem(records=PLANE)
    s = task.sensitivity
    spherical = OutputPerturbedLogistic(problem=task, noise=SphericalLaplace(scale=4))
    assert spherical.guarantee() == ApproxDP(epsilon=s / 4)
    normal = OutputPerturbedLogistic(problem=task, noise=GaussianLaw(standard_deviation=2))
    assert normal.guarantee() == GaussianDP(mu=s / 2)
    grid = OutputPerturbedLogistic(problem=task, noise=DiscreteLaplace(epsilon="0.01"), unit="0.01")
    # s/unit + sqrt 2 = 101.41..., whose square is 10285.2; sqrt(2 * 10285) = 143.42
    assert grid.guarantee() == ApproxDP(epsilon="1.43")
    fine = OutputPerturbedLogistic(
        problem=task, noise=DiscreteGaussian(sigma_squared=10**4), unit="0.01"
    )
    assert fine.guarantee() == ConcentratedDP(rho=fmpq(10285, 2 * 10**4))
    with pytest.raises(ParameterError, match="unit"):
        OutputPerturbedLogistic(problem=task, noise=DiscreteGaussian(sigma_squared=1))
    with pytest.raises(ParameterError, match="noise"):
        OutputPerturbedLogistic(problem=task, noise=LaplaceLaw(scale=1))


@pytest.mark.parametrize("records", [problem().records, PLANE], ids=["line", "plane"])
def test_output_and_objective_ratios_stay_within_epsilon(records: Any) -> None:
    """Every pair of neighbours on outputs near and far; logs below 100 err by less than 1e-12.

    For the minimiser the guarantee less the solver's share is what must hold.
    """
    task = problem(records=records)
    rng = np.random.default_rng(5)
    outputs = rng.normal(size=(300, task.dimension)) * rng.choice([0.3, 2, 20], size=(300, 1))
    for learner, spare in (
        (OutputPerturbedLogistic(problem=task, noise=SphericalLaplace(scale=1)), fmpq(0)),
        (
            ObjectivePerturbedLogistic(problem=task, noise=SphericalLaplace(scale=4)),
            fmpq(1, 1000),
        ),
    ):
        epsilon, worst = float(learner.guarantee().epsilon - spare), 0.0
        for here, there in replacements(4, 3):
            gap = learner.log_likelihood(outputs, here) - learner.log_likelihood(outputs, there)
            worst = max(worst, float(np.abs(gap).max()))
        assert epsilon / 4 < worst <= epsilon + 1e-12


def test_the_objective_perturbed_density_integrates_to_its_noise() -> None:
    """One feature: the integral over w of e^(-|b(w)|/scale) |db/dw| is that of the noise, 2 scale."""
    learner = ObjectivePerturbedLogistic(problem=problem(), noise=SphericalLaplace(scale=2))
    for counts in ((4, 0, 0), (1, 2, 1)):

        def density(w: float, counts: Any = counts) -> float:
            return float(np.exp(learner.log_likelihood(np.array([[w]]), counts))[0])

        # the kink where b(w) = 0 is the minimiser without noise
        kink = float(learner.problem.solve([counts])[0, 0])
        total, error = 0.0, 0.0
        # |b(w)| >= n lambda |w| - n R: beyond 80 less than e^-70 is left
        for low, high in ((-80, kink), (kink, 80)):
            part, miss = quad(density, low, high, limit=200)
            total, error = total + part, error + miss
        assert error < 1e-6
        assert abs(total - 4) <= error + 1e-6


def test_minimisers_follow_their_density() -> None:
    """One feature: w <= t where b >= b(t), a Laplace law; false alarm 1e-6."""
    learner = ObjectivePerturbedLogistic(problem=problem(), noise=SphericalLaplace(scale=2))
    law, counts = LaplaceLaw(scale=2), (1, 2, 1)
    outputs = learner.simulate(repeated(counts, TRIALS), np.random.default_rng(3))

    def cdf(x: fmpq) -> arb:
        w = np.array([[float(arb(x))]])
        needed = -learner.problem.gradient_sum(w, np.array(counts, dtype=float))[0, 0]
        return 1 - law.cdf(fmpq(*float(needed).as_integer_ratio()))

    assert farthest(outputs, cdf) <= uniform_width(TRIALS)


@pytest.mark.parametrize("kind", ["spherical", "objective", "grid"])
def test_ratios_of_coefficients_average_to_one(kind: str) -> None:
    task = problem(records=PLANE)
    learner: Any = {
        "spherical": OutputPerturbedLogistic(problem=task, noise=SphericalLaplace(scale=1)),
        "objective": ObjectivePerturbedLogistic(problem=task, noise=SphericalLaplace(scale=4)),
        "grid": OutputPerturbedLogistic(
            problem=task, noise=DiscreteLaplace(epsilon="0.1"), unit="0.1"
        ),
    }[kind]
    width = pure_width(float(learner.guarantee().epsilon), TRIALS)
    assert abs(mean_ratio(learner, (2, 1, 1), (1, 2, 1), TRIALS, 4) - 1) <= width
    counts = repeated((2, 1, 1), 20)
    first, second = (learner.simulate(counts, np.random.default_rng(1)) for _ in range(2))
    assert (first == second).all()


def test_noise_of_another_scale_is_noticed() -> None:
    """The check above can fail."""
    task = problem(records=PLANE)
    right, wrong = (
        OutputPerturbedLogistic(problem=task, noise=SphericalLaplace(scale=scale))
        for scale in (1, fmpq(1, 4))
    )
    outputs = wrong.simulate(repeated((2, 1, 1), TRIALS), np.random.default_rng(4))
    logs = right.log_likelihood(outputs, (1, 2, 1)) - right.log_likelihood(outputs, (2, 1, 1))
    assert abs(np.exp(logs).mean() - 1) > pure_width(float(right.guarantee().epsilon), TRIALS)


def test_objective_perturbation_for_an_epsilon() -> None:
    task = problem(n=100)
    learner = ObjectivePerturbedLogistic.for_epsilon(epsilon=1, problem=task)
    epsilon = learner.guarantee().epsilon
    with ctx.workprec(200):
        cost = arb(fmpq(1, 4) / 50).log1p()
        exact = 2 / arb(learner.noise.scale) + cost + fmpq(1, 1000)
    assert exact <= epsilon
    assert epsilon == 1
    with pytest.raises(ParameterError, match="raise the regularisation"):
        ObjectivePerturbedLogistic.for_epsilon(
            epsilon="0.1", problem=problem(regularisation="1e-3")
        )


def test_releases_of_logistic_regression() -> None:
    task = problem(records=PLANE)
    # the doubles 0.6 and 0.8 are a point just beyond the circle
    x = clip_rows([[1, 0], [1, 0], [0.6, 0.8], [-0.6, 0.8]], norm_bound=fmpq(1))
    y = [1, 1, -1, 1]
    clean = task.solve([(2, 1, 1)])[0]
    grid = OutputPerturbedLogistic(
        problem=task, noise=DiscreteLaplace(epsilon=400), unit=fmpq(1, 8)
    )
    # noise of one unit has chance below 4 e^-400; rows shorter by 2^-30 of themselves move w by
    # less than 2^-30 (1 + |w|/4)/lambda < 1e-8
    assert np.abs(grid.release(x, y) - clean).max() <= 1 / 16 + 1e-8
    assert (grid.release(x, y) * 8 % 1 == 0).all()
    tight = ObjectivePerturbedLogistic(
        problem=task, noise=SphericalLaplace(scale=fmpq(1, 10**9)), solver_epsilon=1
    )
    # b and the cover are Gamma lengths of scales 1e-9 and 4e-10: beyond 100 scales below 1e-40
    assert np.abs(tight.release(x, y) - clean).max() < 1e-6
    with pytest.raises(ParameterError, match="norm"):
        grid.release([[1, 0.1], *x[1:].tolist()], y)
    with pytest.raises(ParameterError, match="for a release"):
        OutputPerturbedLogistic(problem=task, noise=SphericalLaplace(scale=1)).release(x, y)


def test_norms_at_the_bound_are_decided_exactly() -> None:
    """The doubles 0.6 and 0.8 lie 2.2e-17 below and 4.4e-17 above: together beyond 1 by 4e-17."""
    row = np.array([[0.6, 0.8]])
    assert float((row * row).sum()) == 1  # a sum in doubles does not see it
    with pytest.raises(ParameterError, match="norm"):
        require_rows_within(row, norm_bound=fmpq(1))
    require_rows_within(np.array([[0.6, np.nextafter(0.8, 0)], [0, -1]]), norm_bound=fmpq(1))
    clipped = clip_rows(np.vstack([row * 5, row / 2]), norm_bound=fmpq(1))
    require_rows_within(clipped, norm_bound=fmpq(1))
    assert (clipped[1] == row[0] / 2).all()
    with pytest.raises(ParameterError, match="finite"):
        clip_rows([[np.nan, 0]], norm_bound=fmpq(1))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: HistogramNaiveBayes(classes=1, levels=(2,), noise=DiscreteLaplace(epsilon=1)),
        lambda: HistogramNaiveBayes(classes=2, levels=(), noise=DiscreteLaplace(epsilon=1)),
        lambda: TABLE.release([[0, 3]], [0]),
        lambda: TABLE.release([[0, -1]], [0]),
        lambda: TABLE.release([[0, 0.5]], [0]),
        lambda: TABLE.release([[0, 0]], [2]),
        lambda: MOMENTS.release([[0, 1]], [1]),  # continuous noise
        lambda: PerturbedStatistics(
            records=POINTS, feature_bound=1, label_bound=1, noise=LaplaceLaw(scale=1)
        ),
        lambda: PerturbedStatistics(
            records=((("0.5",), 1),),
            feature_bound=1,
            label_bound=1,
            noise=DiscreteLaplace(epsilon=1),
        ),
        lambda: problem(records=(((2,), 1),)),
        lambda: problem(records=(((1,), 0),)),
        lambda: problem(regularisation=0),
        lambda: problem().solve_records([[1.0]], [1]),
        lambda: problem().solve_records([[1.0]] * 4, [1, 1, 1, 2]),
    ],
)
def test_what_is_out_of_bounds_is_refused(wrong: Any) -> None:
    with pytest.raises(ParameterError):
        wrong()
