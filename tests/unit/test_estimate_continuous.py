"""Readings of continuous information: closed forms, definitions written out, measured bias."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from numpy.typing import NDArray
from scipy import stats
from scipy.special import logsumexp, psi

from mipriv.errors import ParameterError
from mipriv.estimate import gaussian, kernel, neighbours
from mipriv.rigor.intervals import Interval, proportion

SIGMAS = 4.5  # two-sided chance 7e-6 of a mean that far off by the draws alone
UNIT = 2.0**-53
NOISE_ENTROPY = math.log(2 * math.pi * math.e) / 2


def pair(rho: float, n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    first, second = rng.standard_normal((2, n))
    return first, rho * first + math.sqrt(1 - rho**2) * second


def of_correlation(rho: float) -> float:
    return -math.log1p(-(rho**2)) / 2


def near(readings: Any, mean: float, error: float = 0.0) -> bool:
    """Whether the readings average to `mean`, itself known to a standard error."""
    spread = np.std(readings, ddof=1) / math.sqrt(len(readings))
    return bool(abs(np.mean(readings) - mean) <= SIGMAS * math.hypot(spread, error))


def missed(hits: int, trials: int) -> Interval:
    """Where the chance of a miss lies, but for 10^-5."""
    return proportion(hits=hits, trials=trials, confidence="0.99999")


def test_closed_forms_enclose_the_truth() -> None:
    by_covariance = gaussian.covariance_information(
        covariance=[[1, "0.6"], ["0.6", 1]], x=[0], y=[1]
    )
    # y = 0.6 x + N(0, 0.64)
    by_channel = gaussian.channel_information(gain="0.6", variance=1, noise_variance="0.64")
    with ctx.workprec(200):
        truth = -arb(fmpq(16, 25)).log() / 2
        for reading in (by_covariance, by_channel):
            assert arb(reading.lower) <= truth <= arb(reading.upper)
            assert reading.upper - reading.lower <= 2 * math.ulp(reading.value)
            assert reading.bound


def test_a_condition_that_explains_everything_leaves_nothing() -> None:
    # x = z + e, y = z + f
    table = [[2, 1, 1], [1, 2, 1], [1, 1, 1]]
    given = gaussian.covariance_information(covariance=table, x=[0], y=[1], given=[2])
    assert (given.lower, given.upper) == (0, 0)
    plain = gaussian.covariance_information(covariance=table, x=[0], y=[1])
    assert plain.value == pytest.approx(math.log(4 / 3) / 2, rel=4 * UNIT)


def test_what_is_determined_has_infinite_information() -> None:
    ones = [[1, 1], [1, 1]]
    assert gaussian.covariance_information(covariance=ones, x=[0], y=[1]).value == math.inf
    release = gaussian.channel_information
    assert release(gain=1, variance=1, noise_variance=0).value == math.inf
    assert release(gain=0, variance=1, noise_variance=0).upper == 0
    assert release(gain=1, variance=0, noise_variance=0).upper == 0
    x = np.random.default_rng(1).standard_normal(40)
    assert gaussian.sample_information(x=x, y=1 - 3 * x).lower == math.inf


@pytest.mark.parametrize(
    ("covariance", "x", "y", "rule"),
    [
        ([[1, 2], [2, 1]], [0], [1], "semidefinite"),
        ([[1, 0], [1, 1]], [0], [1], "symmetric"),
        ([[1, 0]], [0], [1], "square"),
        (1, [0], [1], "square"),
        (np.eye(65), [0], [1], "64"),
        (np.eye(2), [0], [0], "distinct"),
        (np.eye(2), [0], [2], "below 2"),
        (np.eye(2), [], [0], "empty"),
        (np.diag([1, 0]), [0], [1], "definite"),
    ],
)
def test_bad_covariances_are_refused(covariance: Any, x: Any, y: Any, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        gaussian.covariance_information(covariance=covariance, x=x, y=y)


@pytest.mark.parametrize(("sizes", "rho"), [((1, 1, 0), 0.6), ((2, 1, 1), 0.8), ((2, 2, 0), 0.0)])
def test_the_wishart_correction_leaves_no_bias(sizes: tuple[int, int, int], rho: float) -> None:
    dx, dy, dz = sizes
    n, rng = 5 * (dx + dy + dz + 1), np.random.default_rng(2)
    readings = []
    for _ in range(250):
        x, y = rng.standard_normal((n, dx)), rng.standard_normal((n, dy))
        z = rng.standard_normal((n, dz)) if dz else None
        y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
        if z is not None:
            x[:, 0] += z[:, 0]
            y[:, 0] += z[:, 0]
        readings.append(
            [
                gaussian.sample_information(
                    x=x, y=y, given=z, bias_corrected=corrected, confidence=0.5, resamples=3
                ).value
                for corrected in (False, True)
            ]
        )
    plain, corrected = np.array(readings).T
    assert near(corrected, of_correlation(rho))
    # what is taken off is near d_x d_y/(2N), and never less: psi is concave and its slope at u above 1/u
    assert plain.mean() - corrected.mean() >= dx * dy / (2 * n)


def test_the_correction_at_independence_is_that_of_the_beta_law() -> None:
    """There r^2 ~ Beta(1/2, (N - 2)/2), which does not know of Wishart."""
    x, y = np.random.default_rng(16).standard_normal((2, 15))
    plain, corrected = (
        gaussian.sample_information(x=x, y=y, bias_corrected=flag).value for flag in (False, True)
    )
    mean = stats.beta(0.5, 6.5).expect(lambda t: -np.log1p(-t) / 2)
    assert plain - corrected == pytest.approx(mean, abs=1e-7)  # error of the quadrature
    assert plain == pytest.approx(of_correlation(float(np.corrcoef(x, y)[0, 1])), abs=1e-13)


@pytest.mark.parametrize("rho", [0.6, 0.9])
def test_the_gaussian_interval_covers(rho: float) -> None:
    rng, misses = np.random.default_rng(3), 0
    for _ in range(200):
        x, y = pair(rho, 100, rng)
        reading = gaussian.sample_information(x=x, y=y, confidence=0.8, resamples=99)
        misses += not reading.lower <= of_correlation(rho) <= reading.upper
    assert 0.2 in missed(misses, 200)


def test_at_independence_the_gaussian_interval_holds_zero() -> None:
    rng, misses = np.random.default_rng(4), 0
    for _ in range(200):
        x, y = rng.standard_normal((50, 2)), rng.standard_normal((50, 2))
        reading = gaussian.sample_information(
            x=x, y=y, bias_corrected=False, confidence=0.8, resamples=19
        )
        misses += reading.lower > 0
    # level 0.1 up to Bartlett's error of order 1/N^2; without the test nearly all would miss
    assert missed(misses, 200).lower <= 0.1


def test_bad_gaussian_samples_are_refused() -> None:
    x = np.random.default_rng(5).standard_normal((40, 2))
    for more, rule in (
        ({"x": np.hstack([x, x[:, :1]]), "y": x[:, 1] ** 2}, "linear relation"),
        ({"x": np.ones(40), "y": x}, "constant"),
        ({"x": x[:10], "y": x[:10] ** 2}, "at least 25 rows"),
        ({"x": x, "y": x[1:]}, "same number"),
        ({"x": x * math.inf, "y": x}, "finite"),
        ({"x": np.zeros((2, 2, 2)), "y": x}, "dimensions"),
    ):
        with pytest.raises(ParameterError, match=rule):
            gaussian.sample_information(**more)


def test_kernel_entropy_is_its_definition() -> None:
    y = np.random.default_rng(6).normal(3, 2, 40)
    b = kernel.silverman(y[:, None])
    logs = [
        logsumexp([-((y[i] - y[j]) ** 2) / (2 * b * b) for j in range(40) if j != i])
        - math.log(39 * b * math.sqrt(2 * math.pi))
        for i in range(40)
    ]
    # squares up to (7/b)^2 < 10^2, two dozen roundings each
    expected = pytest.approx(-np.mean(logs), abs=24 * 100 * UNIT)
    assert kernel.entropy(values=y).value == expected
    assert kernel.entropy(values=y, bandwidth=b).value == expected
    released = kernel.released_information(released=y, noise_scale="0.5")
    assert released.value == pytest.approx(
        kernel.entropy(values=y).value - NOISE_ENTROPY - math.log(0.5), abs=8 * UNIT
    )


def mean_kernel_entropy(n: int, b: float) -> float:
    """Exact mean of the leave-one-out entropy of n draws of N(0, 1), by quadrature.

    E log S = int_0^inf (e^-t - E e^(-t S))/t dt, S the mean of n - 1 independent kernels.  Grids
    eight times as fine move it by less than 10^-7.
    """
    grid, u = np.linspace(-7, 7, 141), np.linspace(-30, 60, 301)
    law = stats.norm.pdf(grid) * (grid[1] - grid[0])
    total = 0.0
    for x in np.linspace(-6, 6, 25):
        kernels = stats.norm.pdf(x, grid, b) / (n - 1)
        transform = (np.exp(-np.outer(np.exp(u), kernels)) @ law) ** (n - 1)
        log_density = np.trapezoid(np.exp(-np.exp(u)) - transform, u)
        total -= stats.norm.pdf(x) * log_density * 0.5
    return total


def test_kernel_entropy_has_the_mean_that_quadrature_gives() -> None:
    n, b, rng = 20, 0.5, np.random.default_rng(7)
    exact = mean_kernel_entropy(n, b)
    # above the cross-entropy to N(0, 1 + b^2), by Jensen
    assert exact > NOISE_ENTROPY + (math.log(1 + b * b) - b * b / (1 + b * b)) / 2
    readings = [
        kernel.entropy(values=rng.standard_normal(n), bandwidth=b, subsamples=10).value
        for _ in range(300)
    ]
    assert near(readings, exact)
    assert exact - NOISE_ENTROPY > 0.03  # so that a mean without bias would be noticed
    assert not near(readings, NOISE_ENTROPY)


def test_known_answers_bracket_the_information() -> None:
    n, rng = 50, np.random.default_rng(8)
    grid = np.linspace(-9, 11, 4001)
    low, high = stats.norm.pdf(grid), stats.norm.pdf(grid, 2)
    mixture = (low + high) / 2
    truth = -np.trapezoid(mixture * np.log(mixture), grid) - NOISE_ENTROPY
    k = np.arange(n)  # of the other answers, those at 0, where this one is
    law, others = stats.binom.pmf(k, n - 1, 0.5), n - 1
    exact = []
    for own in (0, 1):
        seen = np.outer(k + own, low) + np.outer(others - k, high)
        logs = np.log(low) - np.log(seen / (others + own))
        exact.append(float(law @ np.trapezoid(low * logs, grid, axis=1)))
    assert exact[1] < truth < exact[0]
    assert [round(value, 4) for value in (*exact, truth)] == [0.3426, 0.3313, 0.3368]

    def reading(answers: Any, seed: int, out: bool) -> float:
        return kernel.answers_information(
            answers=answers, noise_scale=1, leave_one_out=out, subsamples=10, random_state=seed
        ).value

    sets = [(2.0 * rng.integers(0, 2, n), seed) for seed in range(100)]
    without = np.array([reading(answers, seed, True) for answers, seed in sets])
    within = np.array([reading(answers, seed, False) for answers, seed in sets])
    assert near(without, exact[0])
    assert near(within, exact[1])
    assert near(without - within, exact[0] - exact[1])
    assert not near(without - within, 0.0)
    assert (within <= math.log(n)).all()


def test_equal_answers_tell_nothing() -> None:
    for out in (True, False):
        reading = kernel.answers_information(
            answers=np.full((20, 3), 0.7), noise_scale="0.25", leave_one_out=out
        )
        # a dozen roundings of terms of size |e|^2/2 + 3 log(sqrt(2 pi) 4) < 20
        assert reading.value == pytest.approx(0, abs=12 * 20 * UNIT)


@pytest.mark.parametrize("spread", [0.5, 3.0])
def test_the_answers_interval_covers_a_gaussian(spread: float) -> None:
    rng, misses = np.random.default_rng(9), 0
    truth = math.log1p(spread**2) / 2
    for _ in range(60):
        reading = kernel.answers_information(
            answers=spread * rng.standard_normal(120),
            noise_scale=1,
            confidence=0.8,
            subsamples=20,
            random_state=rng,
        )
        misses += not reading.lower <= truth <= reading.upper
    assert missed(misses, 60).lower <= 0.2


def test_bad_kernel_input_is_refused() -> None:
    y = np.random.default_rng(10).standard_normal(20)
    for call, rule in (
        (lambda: kernel.entropy(values=np.ones(20)), "all be equal"),
        (lambda: kernel.entropy(values=y[:15]), "16"),
        (lambda: kernel.entropy(values=y.reshape(-1, 2)), "one dimension"),
        (lambda: kernel.entropy(values=y, bandwidth=0), "bandwidth"),
        (lambda: kernel.released_information(released=y, noise_scale=-1), "noise_scale"),
        (lambda: kernel.answers_information(answers=y, noise_scale=0), "noise_scale"),
    ):
        with pytest.raises(ParameterError, match=rule):
            call()


def test_silvermans_rule_takes_the_smaller_spread() -> None:
    even, far = np.arange(101.0)[:, None], np.r_[np.arange(100.0), 1e6][:, None]
    assert kernel.silverman(even) == pytest.approx(0.9 * even.std(ddof=1) * 101**-0.2, rel=8 * UNIT)
    assert kernel.silverman(far) == pytest.approx(0.9 * 50 / 1.34 * 101**-0.2, rel=8 * UNIT)
    # more than half of the values equal: the interquartile range is 0
    y = np.arange(5.0)
    assert kernel.silverman(np.r_[np.zeros(15), y[:5]][:, None]) > 0


def written_out(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> float:
    """Equation 8 of Kraskov, Stoegbauer, Grassberger, with loops."""
    n, total = len(x), 0.0
    for i in range(n):
        across = [float(np.abs(x[j] - x[i]).max()) for j in range(n)]
        along = [float(np.abs(y[j] - y[i]).max()) for j in range(n)]
        both = sorted(max(across[j], along[j]) for j in range(n) if j != i)
        nearer = [sum(d < both[k - 1] for d in part) - 1 for part in (across, along)]
        total += float(psi(nearer[0] + 1) + psi(nearer[1] + 1))
    return float(psi(k) + psi(n)) - total / n


@pytest.mark.parametrize(("shape", "k"), [((1, 1), 1), ((2, 3), 3), ((5, 1), 4)])
def test_the_neighbour_estimate_is_its_equation(shape: tuple[int, int], k: int) -> None:
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((60, shape[0])), rng.standard_normal((60, shape[1]))
    y[:, 0] += x[:, 0]
    reading = neighbours.information(x=5 * x + 1, y=y / 3, neighbours=k)
    standard = written_out(x / x.std(axis=0), y / y.std(axis=0), k)
    # digammas below 5, each rounded a few times; 60 sums
    assert reading.value == pytest.approx(standard, abs=100 * 5 * UNIT)


@pytest.mark.parametrize(("rho", "bias", "error"), [(0.0, 0.002, 0.0014), (0.9, 0.012, 0.002)])
def test_the_neighbour_estimate_has_the_bias_it_states(
    rho: float, bias: float, error: float
) -> None:
    rng = np.random.default_rng(12)
    readings = [
        neighbours.information(x=x, y=y, subsamples=10).value
        for x, y in (pair(rho, 500, rng) for _ in range(40))
    ]
    assert near(readings, of_correlation(rho) + bias, error)


def test_the_neighbour_interval_covers() -> None:
    rng, misses = np.random.default_rng(13), 0
    for _ in range(100):
        x, y = pair(0.6, 150, rng)
        reading = neighbours.information(x=x, y=y, confidence=0.8, subsamples=24)
        misses += not reading.lower <= of_correlation(0.6) <= reading.upper
    # the subsamples err to the wide side; wider than twice and it would never miss
    assert missed(misses, 100).lower <= 0.2
    assert misses > 0


def test_jitter_breaks_ties_and_keeps_what_whole_numbers_tell() -> None:
    rng = np.random.default_rng(14)
    x = rng.integers(0, 2, 300)
    y = np.where(rng.random(300) < 0.2, 1 - x, x)
    with pytest.raises(ParameterError, match="jitter"):
        neighbours.information(x=x, y=y)
    truth = math.log(2) + 0.2 * math.log(0.2) + 0.8 * math.log(0.8)
    readings = [
        neighbours.information(
            x=(x := rng.integers(0, 2, 200)),
            y=np.where(rng.random(200) < 0.2, 1 - x, x),
            ties="jitter",
            subsamples=10,
            random_state=rng,
        ).value
        for _ in range(50)
    ]
    assert near(readings, truth, 0.01)  # the density is constant on four cells: little bias
    assert not near(readings, 0.0, 0.01)


def test_bad_neighbour_input_is_refused() -> None:
    x = np.random.default_rng(15).standard_normal((40, 6))
    for more, rule in (
        ({"x": x, "y": x[:, 0] ** 2}, "at most 5"),
        ({"x": x[:, 0], "y": x[:, 1], "neighbours": 5}, "8 neighbours"),
        ({"x": x[:, 0], "y": x[:, 1], "ties": "drop"}, "ties"),
        ({"x": np.ones(40), "y": x[:, 1]}, "constant"),
        ({"x": x[:, 0], "y": np.repeat(x[:20, 1], 2)}, "repeat no value"),
    ):
        with pytest.raises(ParameterError, match=rule):
            neighbours.information(**more)
