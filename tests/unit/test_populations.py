"""Populations: exact masses against enumeration, distances against definitions, samplers."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from math import comb
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from mipriv.errors import ParameterError
from mipriv.game import FinitePair
from mipriv.populations import (
    FactorModel,
    FiniteFamily,
    GaussianLinear,
    GaussianShift,
    bernoulli,
    categorical,
    extremal,
    identities,
    swap,
    walsh_factors,
)
from mipriv.rigor.histograms import histograms, multinomial
from tests.strategies import MP, number

FALSE_ALARM = 1e-9  # of one comparison of a count with its binomial law
TRIALS = 20_000
SLACK = MP.mpf(10) ** -25  # of 60-digit sums, and of 30-digit integrals by their own estimate


def family(weights: Sequence[Sequence[int]]) -> FiniteFamily:
    return FiniteFamily(tuple(tuple(fmpq(w, sum(row)) for w in row) for row in weights))


def weights(symbols: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 6), min_size=symbols, max_size=symbols).filter(any)


families = st.tuples(st.integers(2, 4), st.integers(2, 3)).flatmap(
    lambda size: st.lists(weights(size[0]), min_size=size[1], max_size=size[1]).map(family)
)
rationals = st.fractions(0, 1, max_denominator=60).map(lambda x: fmpq(x.numerator, x.denominator))


def holds(ball: arb, value: Any) -> bool:
    """Whether a ball holds a number, up to the error of that number."""
    low, high = number(ball.lower().fmpq()), number(ball.upper().fmpq())
    return bool(low - SLACK <= value <= high + SLACK)


def integral(function: Callable[[Any], Any], points: Sequence[Any]) -> Any:
    """Integral at 30 digits, refused where mpmath's estimate of its error is above SLACK."""
    with MP.workdps(30):
        value, error = MP.quad(function, points, error=True)
    assert error < SLACK
    return value


def plausible(count: int, trials: int, probability: float) -> bool:
    """Whether a count is no rarer than FALSE_ALARM under Bin(trials, probability)."""
    tails = binom.cdf(count, trials, probability), binom.sf(count - 1, trials, probability)
    return bool(2 * min(tails) >= FALSE_ALARM)


@given(laws=families, n=st.integers(0, 6))
def test_probabilities_of_histograms_sum_to_exactly_one(laws: FiniteFamily, n: int) -> None:
    found = list(laws.histograms(n))
    for secret in range(laws.secrets):
        assert sum((row[secret] for _, row in found), fmpq(0)) == 1
    expected = [
        (h, tuple(multinomial(h, law) for law in laws.masses)) for h in histograms(n, laws.symbols)
    ]
    assert found == [(h, row) for h, row in expected if any(row)]


@given(laws=families, n=st.integers(0, 4), data=st.data())
@settings(max_examples=60)
def test_histograms_and_statistics_are_those_of_all_sequences(
    laws: FiniteFamily, n: int, data: st.DataObject
) -> None:
    scores = data.draw(st.lists(st.integers(-7, 7), min_size=laws.symbols, max_size=laws.symbols))
    totals: dict[int, list[fmpq]] = defaultdict(lambda: [fmpq(0)] * laws.secrets)
    counts: dict[tuple[int, ...], list[fmpq]] = defaultdict(lambda: [fmpq(0)] * laws.secrets)
    for records in itertools.product(range(laws.symbols), repeat=n):
        histogram = tuple(records.count(value) for value in range(laws.symbols))
        for secret, law in enumerate(laws.masses):
            chance = fmpq(1)
            for record in records:
                chance *= law[record]
            total = sum(scores[record] for record in records)
            totals[total] = [p + chance * (k == secret) for k, p in enumerate(totals[total])]
            counts[histogram] = [
                p + chance * (k == secret) for k, p in enumerate(counts[histogram])
            ]
    assert dict(laws.histograms(n)) == {h: tuple(row) for h, row in counts.items() if any(row)}
    found = laws.statistic(n, scores)
    assert found == {t: tuple(row) for t, row in totals.items() if any(row)}
    assert list(found) == sorted(found)


def test_a_statistic_of_a_thousand_records_is_binomial() -> None:
    found = bernoulli(p0="0.25", p1="0.5").statistic(1000, (-(10**9), 10**9))
    assert len(found) == 1001
    k = 321
    assert found[(2 * k - 1000) * 10**9] == (
        comb(1000, k) * fmpq(3) ** (1000 - k) / fmpq(4) ** 1000,
        fmpq(comb(1000, k), 2**1000),
    )


@given(laws=families)
def test_total_variation_is_that_of_the_best_event(laws: FiniteFamily) -> None:
    gaps = [p - q for p, q in zip(laws.masses[0], laws.masses[1], strict=True)]
    events = itertools.product((0, 1), repeat=laws.symbols)
    best = max(sum((g for g, w in zip(gaps, event, strict=True) if w), fmpq(0)) for event in events)
    assert laws.tau() == laws.tau(1, 0) == best


@given(laws=families)
def test_divergence_is_the_sum_of_its_definition(laws: FiniteFamily) -> None:
    first, second = laws.masses[0], laws.masses[1]
    for bits in (53, 120):
        with ctx.workprec(bits):
            found = laws.kl()
            if any(p > 0 and q == 0 for p, q in zip(first, second, strict=True)):
                assert found == arb.pos_inf()
                continue
            terms = [(number(p), number(p / q)) for p, q in zip(first, second, strict=True) if p]
            assert holds(found, MP.fsum(p * MP.log(ratio) for p, ratio in terms))
            # at most 4 terms, each below 8 in size and a few roundings
            assert found.rad() < arb(2) ** (8 - bits)
    assert laws.kl(1, 1) == 0


@given(tau=rationals, count=st.integers(2, 7))
def test_families_lie_at_the_distance_they_are_named_for(tau: fmpq, count: int) -> None:
    assert categorical(tau=tau, symbols=count).tau() == tau
    assert categorical(tau=tau, symbols=count).symbols == count
    assert extremal(tau=tau).tau() == tau
    assert extremal(tau=tau).masses == identities(secrets=2, tau=tau).masses
    many = identities(secrets=count, tau=tau)
    assert many.secrets == count
    assert {many.tau(i, j) for i, j in itertools.permutations(range(count), 2)} == {tau}
    assert bernoulli(p0=tau, p1=tau / 3).tau() == tau * fmpq(2, 3)
    assert swap(a=tau * fmpq(3, 4), b=tau / 4).tau() == tau / 2


def test_shared_values_of_a_categorical_family() -> None:
    laws = categorical(tau="0.3", symbols=6)
    assert all(mass > 0 for row in laws.masses for mass in row)
    ratios = [q / p for p, q in zip(*laws.masses, strict=True)]
    assert ratios == sorted(ratios)
    assert len(set(ratios)) == 6
    assert categorical(tau="0.3", symbols=7).masses[0][3] == fmpq(1, 10)  # the middle of 7


@given(tau=rationals, n=st.integers(0, 7))
def test_the_extremal_pair_is_told_apart_once_one_record_is_its_own(tau: fmpq, n: int) -> None:
    gaps = (abs(p - q) for _, (p, q) in extremal(tau=tau).histograms(n))
    assert sum(gaps, fmpq(0)) / 2 == 1 - (1 - tau) ** n


def test_pair_of_a_game() -> None:
    assert bernoulli(p0=0, p1="0.5").pair() == FinitePair([1, 0], ["0.5", "0.5"])
    with pytest.raises(ParameterError, match="secrets=3: must be 2"):
        identities(secrets=3, tau=1).pair()


def test_draws_follow_their_masses_and_never_leave_the_support() -> None:
    laws = FiniteFamily(((fmpq(0), fmpq(1, 7), fmpq(6, 7), fmpq(0)), (fmpq(1, 4),) * 4))
    rng = np.random.default_rng(1)
    for secret, law in enumerate(laws.masses):
        records = laws.sample(secret, (TRIALS // 4, 4), rng)
        counts = laws.sample_counts(secret, 9, TRIALS, rng)
        assert counts.dtype == records.dtype == np.int64
        assert counts.shape == (TRIALS, 4)
        assert (counts.sum(axis=1) == 9).all()
        for value, mass in enumerate(law):
            chance = float(arb(mass))
            assert plausible(int((records == value).sum()), TRIALS, chance)
            assert plausible(int(counts[:, value].sum()), 9 * TRIALS, chance)
            k = 3  # the sum would not see that counts of one data set are not independent records
            hits = int((counts[:, value] == k).sum())
            assert plausible(hits, TRIALS, comb(9, k) * chance**k * (1 - chance) ** (9 - k))
    assert not plausible(int((records == 0).sum()), TRIALS, 0.22)  # a wrong law is refuted


@pytest.mark.parametrize(
    ("masses", "message"),
    [
        (((1, 0),), "masses=1: must have at least two rows"),
        (((1, 0), (1,)), "must have rows of one length"),
        ((("0.5", "0.4"), (1, 0)), "must have rows that sum to exactly 1"),
        (((2, -1), (1, 0)), "masses=2: must lie in"),
    ],
)
def test_wrong_masses_are_refused(masses: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        FiniteFamily(masses)  # type: ignore[arg-type]  # the test


def test_wrong_questions_are_refused() -> None:
    laws = extremal(tau="0.5")
    with pytest.raises(ParameterError, match="secret=2: must be a secret from 0 to 1"):
        laws.tau(0, 2)
    with pytest.raises(ParameterError, match="secret=-1"):
        laws.kl(-1, 0)
    with pytest.raises(ParameterError, match="must be 3 whole numbers"):
        laws.statistic(3, (0, 1))
    with pytest.raises(ParameterError, match="must give at most 1000000 totals"):
        laws.statistic(3, (0, 1, 10**6))
    with pytest.raises(ParameterError, match=r"a=0\.7, b=0\.4: must leave"):
        swap(a="0.7", b="0.4")


@pytest.mark.parametrize("shift", ["0", "1e-6", "0.5", "3"])
def test_distances_of_shifted_normal_laws(shift: str) -> None:
    laws = GaussianShift(dimension=7, shift=shift)  # type: ignore[arg-type]  # read by the class
    half = number(laws.shift) / 2
    # secret 0 is the likelier on the negative half of the line through the means
    event = integral(lambda z: MP.npdf(z + half) - MP.npdf(z - half), [-25, -9, -3, -1, 0])
    assert holds(laws.tau(), event)
    assert holds(laws.kl(), 2 * half**2)
    assert laws.tau(1, 1) == 0


def linear(slope: str, offset: str, noise: str = "1") -> GaussianLinear:
    return GaussianLinear(
        coefficients=(("1", "2"), ("1", slope)),  # type: ignore[arg-type]  # read by the class
        offsets=("0", offset),  # type: ignore[arg-type]  # read by the class
        noise=noise,  # type: ignore[arg-type]  # read by the class
    )


LINEAR = [
    ("2", "0.7", "1"),
    ("5", "0", "2"),
    ("3.5", "-1", "1"),
    ("2.01", "3", "0.5"),
    ("2", "0", "1"),
]


@pytest.mark.parametrize(("slope", "offset", "noise"), LINEAR)
def test_distances_of_linear_models(slope: str, offset: str, noise: str) -> None:
    """Given x the best event cuts halfway between the two means of y."""
    laws, scale = linear(slope, offset, noise), number(noise)
    coefficient, constant = number(slope) - 2, number(offset)
    turn = -constant / coefficient if coefficient else 0

    def given_x(z: Any) -> Any:
        half = abs(coefficient * z + constant) / (2 * scale)
        return MP.npdf(z) * (MP.ncdf(half) - MP.ncdf(-half))

    far = MP.mpf(25)
    inside = [min(max(turn, -far), far)]
    points = sorted({-far, *range(-8, 9, 2), *inside, far})
    assert holds(laws.tau(), integral(given_x, points))
    assert laws.tau().rad() < 1e-12
    gap = (coefficient**2 + constant**2) / scale**2
    assert holds(laws.kl(), gap / 2)


def test_a_far_offset_is_told_apart() -> None:
    assert linear("2.5", "1000").tau() > 1 - 1e-9
    assert linear("2.5", "1000").tau().overlaps(arb(1))


def rate_of_right_guesses(guess_one: Sequence[np.ndarray]) -> list[int]:
    return [int((guesses == bool(secret)).sum()) for secret, guesses in enumerate(guess_one)]


@pytest.mark.parametrize(("slope", "offset", "noise"), LINEAR)
def test_draws_of_linear_models_are_told_apart_as_often_as_tau_says(
    slope: str, offset: str, noise: str
) -> None:
    """By symmetry the nearer mean is right with probability (1 + tau)/2 under either secret."""
    laws, rng = linear(slope, offset, noise), np.random.default_rng(3)
    rows = np.array([[1, 2], [1, float(slope)]])
    guesses = []
    for secret in (0, 1):
        x, y = laws.sample(secret, (TRIALS // 2, 2), rng)
        assert x.shape == (TRIALS // 2, 2, 2)
        away = [y - x @ row - shift for row, shift in zip(rows, (0, float(offset)), strict=True)]
        tie = rng.random(y.shape) < 0.5
        guesses.append(
            np.where(np.abs(away[0]) == np.abs(away[1]), tie, np.abs(away[1]) < np.abs(away[0]))
        )
    chance = (1 + float(laws.tau().mid())) / 2
    for count in rate_of_right_guesses(guesses):
        assert plausible(count, TRIALS, chance)
        assert not plausible(count, TRIALS, chance + 0.03)


def test_draws_of_shifted_normal_laws() -> None:
    laws, rng = GaussianShift(dimension=5, shift=fmpq(3, 2)), np.random.default_rng(4)
    draws = [laws.sample(secret, (TRIALS,), rng) for secret in (0, 1)]
    assert draws[0].shape == (TRIALS, 5)
    for count in rate_of_right_guesses([records.sum(axis=1) > 0 for records in draws]):
        assert plausible(count, TRIALS, (1 + float(laws.tau())) / 2)


def test_gap_of_a_factor_model_is_that_of_the_full_covariance() -> None:
    model = FactorModel(
        loadings=((1, 2), (0, 1), (-1, 3), (2, "0.5")),  # type: ignore[arg-type]  # read by the class
        identities=((0, 1), (2, -1), (1, 1)),  # type: ignore[arg-type]  # read by the class
        within=fmpq(2, 3),
        noise=fmpq(5, 4),
    )
    weights = fmpq_mat(4, 2, [value for row in model.loadings for value in row])
    identity = fmpq_mat(4, 4, [fmpq(int(i == j)) for i in range(4) for j in range(4)])
    covariance = model.within**2 * weights * weights.transpose() + model.noise**2 * identity
    for i, j in itertools.permutations(range(3), 2):
        gap = fmpq_mat(4, 1, [a - b for a, b in zip(model.mean(i), model.mean(j), strict=True)])
        squared = (gap.transpose() * covariance.inv() * gap)[0, 0]
        assert model.gap_squared(i, j) == squared
        assert holds(model.tau(i, j), MP.erf(MP.sqrt(number(squared) / 8)))
        assert holds(model.kl(i, j), number(squared) / 2)


def test_draws_of_a_factor_model() -> None:
    """The linear rule of the two laws is right with probability (1 + tau)/2 under either."""
    model = walsh_factors(secrets=4, rank=2, dimension=8, within=2, noise="1.5", seed=5)
    rng = np.random.default_rng(6)
    weights = np.array([[float(arb(value)) for value in row] for row in model.loadings])
    means = [np.array([float(arb(value)) for value in model.mean(secret)]) for secret in (1, 3)]
    covariance = float(arb(model.within)) ** 2 * weights @ weights.T + 1.5**2 * np.eye(8)
    rule = np.linalg.solve(covariance, means[1] - means[0])
    cut = rule @ (means[0] + means[1]) / 2
    guesses = [model.sample(secret, (TRIALS,), rng) @ rule > cut for secret in (1, 3)]
    chance = (1 + float(model.tau(1, 3).mid())) / 2
    assert 0.6 < chance < 0.99
    for count in rate_of_right_guesses(guesses):
        assert plausible(count, TRIALS, chance)


def test_walsh_factors_are_orthogonal_and_their_identities_differ() -> None:
    model = walsh_factors(secrets=9, rank=1, dimension=4, within=0, noise=1)
    assert len(set(model.identities)) == 9
    assert model == walsh_factors(secrets=9, rank=1, dimension=4, within=0, noise=1)
    assert model != walsh_factors(secrets=9, rank=1, dimension=4, within=0, noise=1, seed=1)
    columns = list(
        zip(*walsh_factors(secrets=2, rank=7, dimension=8, within=0, noise=1).loadings, strict=True)
    )
    for i, j in itertools.combinations(range(7), 2):
        assert sum((a * b for a, b in zip(columns[i], columns[j], strict=True)), fmpq(0)) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dimension": 6}, "dimension=6: must be a power of two"),
        ({"rank": 8}, "rank=8: must be below the dimension"),
        ({"secrets": 10}, "secrets=10: must be at most 9"),
        ({"noise": 0}, "noise=0: must be finite and > 0"),
        ({"within": -1}, "within=-1: must be finite and >= 0"),
    ],
)
def test_wrong_factor_models_are_refused(wrong: dict[str, int], message: str) -> None:
    right = {"secrets": 3, "rank": 1, "dimension": 8, "within": 1, "noise": 1}
    with pytest.raises(ParameterError, match=message):
        walsh_factors(**{**right, **wrong})


def test_wrong_normal_populations_are_refused() -> None:
    with pytest.raises(ParameterError, match="dimension=0"):
        GaussianShift(dimension=0, shift=fmpq(1))
    with pytest.raises(ParameterError, match="must be two vectors of one length"):
        GaussianLinear(coefficients=((fmpq(1),), ()))
    with pytest.raises(ParameterError, match="offsets=3: must have two entries"):
        GaussianLinear(coefficients=((fmpq(1),), (fmpq(1),)), offsets=(0, 0, 0))  # type: ignore[arg-type]  # the test
    with pytest.raises(ParameterError, match="secret=2"):
        GaussianShift(dimension=1, shift=fmpq(1)).tau(0, 2)
    with pytest.raises(ParameterError, match="must have one entry a factor"):
        FactorModel(loadings=((fmpq(1),),), identities=((), ()), within=fmpq(0), noise=fmpq(1))
