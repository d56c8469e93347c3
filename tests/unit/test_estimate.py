"""Readings of discrete information and of bounds, and the intervals, against exact means."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from numpy.typing import NDArray
from scipy import stats

from mipriv.errors import ParameterError
from mipriv.estimate import discrete, variational
from mipriv.estimate._inputs import codes, generator
from mipriv.estimate.bootstrap import _acceleration, bootstrap, subsample
from mipriv.rigor.intervals import Interval, proportion

SIGMAS = 4.5  # two-sided chance 7e-6 of a mean that far off by the draws alone
SURE = "0.99999"


def symmetric_channel(values: int, flip: float) -> NDArray[np.float64]:
    """Joint masses of a uniform value and what is sent instead of it with chance `flip`."""
    table = np.full((values, values), flip / (values - 1) / values)
    np.fill_diagonal(table, (1 - flip) / values)
    return table


def drawn(table: NDArray[np.float64], n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    cells = rng.choice(table.size, n, p=table.ravel())
    return cells // table.shape[1], cells % table.shape[1]


def expected(table: NDArray[np.float64], n: int) -> tuple[float, float]:
    """Exact means of the plug-in and of its correction: both are sums over cells of counts."""
    k = np.arange(n + 1)
    nats, seen = math.log(n), 1.0
    for sign, masses in ((1, table), (-1, table.sum(axis=0)), (-1, table.sum(axis=1))):
        law = stats.binom.pmf(k[:, None], n, masses.ravel())
        nats += sign * float((k * np.log(np.maximum(k, 1))) @ law.sum(axis=1)) / n
        seen += sign * float((1 - law[0]).sum())
    return nats, nats - seen / (2 * n)


def missed(hits: int, trials: int) -> Interval:
    """Where the chance of a miss lies, but for 10^-5."""
    return proportion(hits=hits, trials=trials, confidence=SURE)


def test_the_binary_symmetric_channel_by_its_formula() -> None:
    reading = discrete.exact_information(joint=[["0.35", "0.15"], ["0.15", "0.35"]])
    with ctx.workprec(200):
        p = arb(fmpq(3, 10))
        truth = arb(2).log() + p * p.log() + (1 - p) * (1 - p).log()
        assert arb(reading.lower) <= truth <= arb(reading.upper)
    assert reading.upper - reading.lower <= 2 * math.ulp(reading.value)
    assert reading.bound
    assert reading.confidence == 1


def test_product_tables_have_none_exactly() -> None:
    reading = discrete.exact_information(joint=np.outer([1, 2, 3], [4, 0, 5]))
    assert (reading.lower, reading.value, reading.upper) == (0, 0, 0)


def test_a_difference_in_the_last_digit_is_seen() -> None:
    tiny = fmpq(1, 10**30)
    reading = discrete.exact_information(joint=[[1 + tiny, 1], [1, 1]])
    # p log(p/(r c)) to second order: (tiny/4)^2/2 sum over cells of 1/4^2 / (1/4) = tiny^2/32,
    # and the next order is tiny^3
    assert reading.value == pytest.approx(1e-60 / 32, rel=1e-14)


def test_exclusive_or_is_conditional_only() -> None:
    table = np.zeros((2, 2, 2))
    for x, y in np.ndindex(2, 2):
        table[x, y, x ^ y] = 1
    assert discrete.exact_information(joint=table.sum(axis=2)).value == 0
    assert discrete.exact_conditional_information(joint=table).bits == 1


@pytest.mark.parametrize(
    "joint", [[], [1, 2], [[0, 0]], [[-1, 2]], [[math.nan, 1]], [["a"]], [[1], [1, 2]]]
)
def test_what_is_no_table_is_refused(joint: Any) -> None:
    with pytest.raises(ParameterError, match="joint"):
        discrete.exact_information(joint=joint)


@pytest.mark.parametrize(("values", "flip", "n"), [(2, 0.5, 40), (5, 0.5, 100)])
def test_the_mean_of_the_plug_in_is_the_exact_one(values: int, flip: float, n: int) -> None:
    table, rng = symmetric_channel(values, flip), np.random.default_rng(1)
    truth = discrete.exact_information(joint=table).value
    readings = []
    for _ in range(200):
        x, y = drawn(table, n, rng)
        pair = (
            discrete.information(
                x=x, y=y, miller_madow=corrected, confidence=0.5, resamples=3
            ).value
            for corrected in (False, True)
        )
        readings.append(tuple(pair))
    means = np.mean(readings, axis=0)
    errors = SIGMAS * np.std(readings, axis=0, ddof=1) / math.sqrt(len(readings))
    exact = expected(table, n)
    assert abs(means[0] - exact[0]) <= errors[0]
    assert abs(means[1] - exact[1]) <= errors[1]
    # the correction is for the better: exactly, and as measured, where half of the bias is
    # more than the draws blur
    assert abs(exact[1] - truth) < abs(exact[0] - truth) / 2
    assert errors[0] < (exact[0] - truth) / 2
    assert abs(means[1] - truth) < abs(means[0] - truth)


def test_the_biases_that_the_docstring_states() -> None:
    for values, flip, n, stated in (
        (2, 0.3, 100, (0.0051, 0.0001)),
        (10, 0.5, 200, (0.238, 0.109)),
    ):
        table = symmetric_channel(values, flip)
        truth = discrete.exact_information(joint=table).value
        digits = 4 if values == 2 else 3
        assert tuple(round(mean - truth, digits) for mean in expected(table, n)) == stated


@pytest.mark.parametrize("flip", [0.2, 0.3])
def test_the_interval_covers_the_information(flip: float) -> None:
    table, rng = symmetric_channel(2, flip), np.random.default_rng(2)
    truth = discrete.exact_information(joint=table).value
    misses, trials = 0, 150
    for _ in range(trials):
        x, y = drawn(table, 200, rng)
        reading = discrete.information(x=x, y=y, confidence=0.8, resamples=99)
        misses += not reading.lower <= truth <= reading.upper
    assert 0.2 in missed(misses, trials)


def test_at_independence_the_permutation_test_keeps_zero_inside() -> None:
    rng = np.random.default_rng(3)
    misses = 0
    for _ in range(200):
        z = rng.integers(0, 2, 40)
        x, y = 2 * z + rng.integers(0, 3, 40), 2 * z + rng.integers(0, 3, 40)
        reading = discrete.conditional_information(
            x=x, y=y, z=z, miller_madow=False, confidence=0.8, resamples=19
        )
        misses += reading.lower > 0
    # proved: at most 0.1; without the test nearly every interval would miss
    assert missed(misses, 200).lower <= 0.1


def test_dependence_is_not_hidden_by_the_test() -> None:
    labels = np.arange(60) % 3
    assert discrete.information(x=labels, y=labels + 7).lower > 1


def test_conditional_readings_on_exclusive_or() -> None:
    x, y = np.arange(400) % 2, np.arange(400) // 2 % 2
    reading = discrete.conditional_information(x=x, y=y, z=x ^ y, miller_madow=False)
    # four terms of size log 400 < 6, each rounded a few times by 2^-53
    assert reading.bits == pytest.approx(1, abs=100 * 2**-53)
    assert discrete.information(x=x, y=y).upper < 0.1


def test_labels_are_told_apart_as_python_does() -> None:
    assert codes([1, "1", (2,), 1.0], "x").tolist() == [0, 1, 2, 0]
    assert codes(np.array([[1, 2], [1, 3], [1, 2]]), "x").tolist() == [0, 1, 0]
    assert codes(np.array([[0.0], [-0.0]]), "x").tolist() == [0, 0]
    assert codes(np.array(["b", None, "b"], dtype=object), "x").tolist() == [0, 1, 0]
    assert codes(np.array([["b", 1], ["b", 2]], dtype=object), "x").tolist() == [0, 1]


@pytest.mark.parametrize(
    ("x", "y", "rule"),
    [
        ([1, 2], [1], "same number of rows"),
        ([], [], "not be empty"),
        (np.array([]), [], "not be empty"),
        ([[1], [2]], [1, 2], "hashable"),
        ([math.nan, 1], [1, 2], "NaN"),
        (np.array([math.nan, 1]), [1, 2], "NaN"),
        (np.zeros((1, 1, 1)), [1], "dimensions"),
        (7, [1], "sequence"),
        ([1], [1], "at least 2"),
    ],
)
def test_bad_labels_are_refused(x: Any, y: Any, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        discrete.information(x=x, y=y)


def mean_interval(rows: NDArray[np.float64], **more: Any) -> Any:
    n = len(rows)
    return bootstrap(
        statistic=lambda counts: counts @ rows / n, counts=np.ones(n), method="mean", **more
    )


def test_bca_is_scipys() -> None:
    rows, size = np.random.default_rng(4).exponential(size=20), 20_000
    mine = mean_interval(rows, kind="bca", confidence=0.9, resamples=size)
    theirs = stats.bootstrap(
        (rows,), np.mean, confidence_level=0.9, n_resamples=size, method="BCa", rng=5
    ).confidence_interval
    # an end is a quantile near level p = 0.05 or 0.95, whose error is sqrt(p(1-p)/size)/density,
    # of a law near N(mean, s): density 0.103/s.  Skewness moves the levels to 0.02 at the least,
    # density 0.048/s, so that with both errors the ends differ by 4.5 sqrt(2) * 0.0015/0.048 s.
    tolerance = 0.2 * rows.std() / math.sqrt(len(rows))
    assert mine.lower == pytest.approx(theirs.low, abs=tolerance)
    assert mine.upper == pytest.approx(theirs.high, abs=tolerance)
    plain = mean_interval(rows, kind="percentile", confidence=0.9, resamples=size)
    assert mine.upper - plain.upper > tolerance  # the correction is larger than the tolerance


@pytest.mark.parametrize("kind", ["centred", "percentile", "bca"])
def test_bootstrap_intervals_cover_a_mean(kind: str) -> None:
    rng = np.random.default_rng(6)
    readings = [
        mean_interval(rng.standard_normal(60), kind=kind, confidence=0.8, resamples=99)
        for _ in range(300)
    ]
    misses = sum(not r.lower <= 0 <= r.upper for r in readings)
    # the variance of a resample is that of the sample divided by 60, not 59: 0.8 becomes 0.796
    assert 0.204 in missed(misses, 300)


def test_the_centred_interval_takes_the_bias_of_resampling_out() -> None:
    rows = np.random.default_rng(11).standard_normal(12)
    plain, centred = (
        bootstrap(
            statistic=lambda counts: (counts @ rows / 12) ** 2,
            counts=np.ones(12),
            method="square of the mean",
            kind=kind,
            resamples=4999,
        )
        for kind in ("percentile", "centred")
    )
    # the square of a resampled mean is var/12 above that of the mean, on average; its spread is
    # below 2 |mean| s + 3 s^2 with s^2 = var/12
    shift = rows.var() / 12
    spread = 2 * abs(rows.mean()) * math.sqrt(shift) + 3 * shift
    error = SIGMAS * spread / math.sqrt(4999)
    assert plain.upper - centred.upper == pytest.approx(shift, abs=error)
    assert error < shift / 2


def test_multiplicities_stand_for_repeated_rows() -> None:
    values = np.array([0.0, 1.0, 5.0])
    counts = np.array([30, 15, 5])
    by_counts = bootstrap(
        statistic=lambda c: c @ values / 50, counts=counts, method="m", kind="bca", resamples=4999
    )
    by_rows = mean_interval(np.repeat(values, counts), kind="bca", resamples=4999)
    # the value: 50 roundings; the ends: as above, at levels 0.01 to 0.04 of 4999 resamples,
    # 4.5 sqrt(2) sqrt(0.01 * 0.99/4999)/0.026 = 0.35 standard errors
    assert by_counts.value == pytest.approx(by_rows.value, rel=50 * 2**-53)
    apart = np.repeat(values, counts) - by_counts.value
    bend = np.sum(apart**3) / (6 * np.sum(apart**2) ** 1.5)
    # of a mean, which moves by apart/49 without a row: 0.09 at most, a difference of numbers of about
    # 0.8 rounded a few times: 50 roundings of itself, in three factors above and three below
    assert _acceleration(lambda c: c @ values / c.sum(axis=1), counts) == pytest.approx(
        bend, rel=6 * 50 * 2**-53
    )
    spread = np.repeat(values, counts).std() / math.sqrt(50)
    assert by_counts.lower == pytest.approx(by_rows.lower, abs=0.35 * spread)
    assert by_counts.upper == pytest.approx(by_rows.upper, abs=0.35 * spread)


def test_the_seed_decides_and_blocks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(7).standard_normal(30)
    whole = mean_interval(rows, random_state=1)
    assert mean_interval(rows, random_state=2) != whole
    monkeypatch.setattr("mipriv.estimate.bootstrap._AT_ONCE", 100)
    # each mean is a sum of 30 products in whatever order the block takes it
    assert mean_interval(rows, random_state=1).lower == pytest.approx(whole.lower, abs=1e-14)
    assert mean_interval(rows, random_state=np.random.default_rng(1)).value == whole.value


@pytest.mark.parametrize("share", ["0.1", "0.25", "0.5"])
def test_subsamples_give_the_variance_of_a_mean(share: str) -> None:
    rows = np.random.default_rng(8).standard_normal(80)
    draws = 2000
    reading = subsample(
        statistic=lambda i: float(rows[i].mean()), n=80, method="m", share=share, subsamples=draws
    )
    deviation = (reading.upper - reading.value) / stats.t.ppf(0.975, draws - 1)
    # a variance of nearly normal numbers, from 2000 of them; exact mean: S^2/n
    assert deviation**2 == pytest.approx(
        rows.var(ddof=1) / 80, rel=SIGMAS * math.sqrt(2 / (draws - 1))
    )


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"confidence": 1}, "confidence"),
        ({"confidence": 0.99, "resamples": 100}, "resamples"),
        ({"kind": "basic"}, "kind"),
        ({"random_state": -1}, "random_state"),
        ({"random_state": True}, "random_state"),
    ],
)
def test_bad_intervals_are_refused(more: dict[str, Any], rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        mean_interval(np.ones(9), **more)


def test_bad_counts_shares_and_statistics_are_refused() -> None:
    for counts in ([], [0, 1], [1.5], [math.nan], ["a"], [[1]]):
        with pytest.raises(ParameterError, match="counts"):
            bootstrap(statistic=lambda c: c.sum(axis=1), counts=counts, method="m")
    with pytest.raises(ParameterError, match="NaN"):
        bootstrap(statistic=lambda c: c.sum(axis=1) * math.nan, counts=[1, 2], method="m")
    with pytest.raises(ParameterError, match="share"):
        subsample(statistic=lambda i: 0.0, n=40, method="m", share="0.6")
    assert generator(3).random() == np.random.default_rng(3).random()


def test_the_mean_divergence_is_above_the_information() -> None:
    # Z = X + N(0, 1), X = -1 or 1: each record has KL 1/2, and I(X;Z) < log 2 < 1/2 + log 2 holds
    # by quadrature of the mixture, 0.3368...
    x = np.where(np.arange(100) % 2, 1.0, -1.0)
    kl = variational.normal_divergences(mean=x, deviation=np.ones(100))
    reading = variational.upper_bound(divergences=kl, cap=0.5)
    grid = np.linspace(-10, 10, 4001)
    mixture = (stats.norm.pdf(grid, -1) + stats.norm.pdf(grid, 1)) / 2
    truth = -np.trapezoid(mixture * np.log(mixture), grid) - stats.norm.entropy()
    assert reading.value == 0.5
    assert truth < reading.upper == 0.5  # the cap is also a limit
    assert reading.bound
    assert reading.lower == 0


def test_the_limit_under_a_cap_holds_for_rare_large_records() -> None:
    rng, misses = np.random.default_rng(9), 0
    for _ in range(300):
        kl = 3.0 * (rng.random(50) < 0.01)  # no record at all in 60 of 100 samples
        misses += variational.upper_bound(divergences=kl, cap=3, confidence=0.9).upper < 0.03
    assert missed(misses, 300).lower <= 0.1


def test_either_limit_is_used_where_it_is_smaller() -> None:
    spread = np.tile([0.0, 1.0], 10)
    steady = np.full(2000, 0.2)
    mean, miss = 0.5, 0.05
    hoeffding = variational.upper_bound(divergences=spread, cap=1)
    assert hoeffding.upper == pytest.approx(mean + math.sqrt(math.log(2 / miss) / 40), rel=2**-44)
    bernstein = variational.upper_bound(divergences=steady, cap=1)
    assert bernstein.upper == pytest.approx(0.2 + 7 * math.log(4 / miss) / (3 * 1999), rel=2**-44)


def test_without_a_cap_it_says_that_it_is_an_estimate() -> None:
    kl = np.random.default_rng(10).exponential(size=100)
    reading = variational.upper_bound(divergences=kl)
    assert not reading.bound
    assert "bootstrap" in reading.method
    assert "only estimated" in reading.method
    assert reading.lower < reading.value < reading.upper


def test_divergences_of_normal_codes() -> None:
    kl = variational.normal_divergences(mean=[0, 0, 1, 0], deviation=[1, 1 + 2.0**-20, 0.5, 1e-300])
    assert kl[0] == 0
    with ctx.workprec(200):
        over = arb(2) ** -20
        near = float((over * (2 + over)) / 2 - over.log1p())
    # terms of size 2^-20 rounded by 2^-53 of themselves, a few times
    assert kl[1] == pytest.approx(near, abs=8 * 2.0**-73)
    assert kl[2] == pytest.approx((1 + 0.25 - 1) / 2 + math.log(2), rel=8 * 2.0**-53)
    assert kl[3] == pytest.approx(-0.5 + 300 * math.log(10), rel=8 * 2.0**-53)


@pytest.mark.parametrize(
    ("divergences", "cap", "rule"),
    [
        ([0.1, -0.1], None, ">= 0"),
        ([0.1, 2], 1, "cap"),
        ([0.1, 0.2], math.inf, "cap"),
        ([0.1], None, "at least 2"),
        ([[0.1, 0.2]] * 3, None, "one number a record"),
        ([math.nan, 1], 1, "finite"),
        ("ab", 1, "array of numbers"),
    ],
)
def test_bad_divergences_are_refused(divergences: Any, cap: Any, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        variational.upper_bound(divergences=divergences, cap=cap)
