"""Laws of noise: values against definitions, canonical noise, flags, and both kinds of draws."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from mipriv.contexts.arb import ARB
from mipriv.errors import ParameterError
from mipriv.formulas.worst_case import worst_case
from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw, LaplaceLaw, Tulap
from mipriv.roles import Law
from tests.strategies import MP, number

FALSE_ALARM = 1e-9  # of one comparison of a count with its binomial law
TRIALS = 20_000
BITS = 128
SLACK = MP.mpf(10) ** -50  # of 60-digit values: at most 1,201 terms, each of error below 1e-57


def gaussian(deviation: object) -> GaussianLaw:
    return GaussianLaw(standard_deviation=deviation)  # type: ignore[arg-type]  # read by the class


def tulap(epsilon: object, delta: object = 0) -> Tulap:
    return Tulap(epsilon=epsilon, delta=delta)  # type: ignore[arg-type]  # read by the class


LAWS: list[Any] = [
    gaussian("0.7"),
    LaplaceLaw(scale=fmpq(5, 3)),
    DiscreteLaplace(epsilon=fmpq(1, 3)),
    DiscreteLaplace(epsilon=fmpq(4)),
    DiscreteGaussian(sigma_squared=fmpq(1, 5)),
    DiscreteGaussian(sigma_squared=fmpq(19, 2)),
    tulap("0.4"),
    tulap("0.4", "0.03"),
    tulap("2", "0.2"),
    tulap("1", "0.5"),
    tulap("0", "0.07"),
    tulap("0.5", "1"),
]
laws = st.sampled_from(LAWS)
points = st.builds(fmpq, st.integers(-90, 90), st.sampled_from([1, 2, 3, 10]))
epsilons = st.builds(fmpq, st.integers(1, 300), st.just(100))
deltas = st.one_of(st.just(fmpq(0)), st.builds(fmpq, st.integers(1, 999), st.just(1000)))


def ends(ball: arb) -> tuple[Any, Any]:
    return number(ball.lower().fmpq()), number(ball.upper().fmpq())


def holds(ball: arb, value: Any) -> bool:
    low, high = ends(ball)
    return bool(low - SLACK <= value <= high + SLACK)


def plausible(count: int, trials: int, probability: float) -> bool:
    """Whether a count is no rarer than FALSE_ALARM under Bin(trials, probability)."""
    tails = binom.cdf(count, trials, probability), binom.sf(count - 1, trials, probability)
    return bool(2 * min(tails) >= FALSE_ALARM)


def tulap_by_its_authors(x: Any, epsilon: Any, delta: Any) -> Any:
    """F of Tulap(0, b, q) as Awan and Slavkovic define it, b < 1."""
    b = MP.exp(-epsilon)
    q = 2 * delta * b / (1 - b + 2 * delta * b)
    near = MP.floor(x + MP.mpf(1) / 2)
    if x <= 0:
        whole = b**-near / (1 + b) * (b + (x - near + MP.mpf(1) / 2) * (1 - b))
    else:
        whole = 1 - b**near / (1 + b) * (b + (near - x + MP.mpf(1) / 2) * (1 - b))
    return min(max((whole - q / 2) / (1 - q), 0), 1)


def defined(law: Any, x: fmpq) -> tuple[Any, Any]:
    """F(x) and the density or mass at x, from 60-digit definitions; None where it jumps."""
    at = number(x)
    if isinstance(law, GaussianLaw):
        deviation = number(law.standard_deviation)
        return MP.ncdf(at / deviation), MP.npdf(at / deviation) / deviation
    if isinstance(law, LaplaceLaw):
        scale = number(law.scale)
        tail = MP.exp(-abs(at) / scale)
        return (tail / 2 if at < 0 else 1 - tail / 2), tail / (2 * scale)
    if isinstance(law, Tulap):
        epsilon, delta = number(law.epsilon), number(law.delta)
        if epsilon == 0:
            below = min(max(MP.mpf(1) / 2 + at * delta, 0), 1)
            return below, (delta if abs(at) * delta < 0.5 else MP.mpf(0))
        below = tulap_by_its_authors(at, epsilon, delta)
        if (x + fmpq(1, 2)).q == 1:
            return below, None
        b, step = MP.exp(-epsilon), abs(MP.floor(at + MP.mpf(1) / 2))
        slope = (1 - b + 2 * delta * b) / (1 + b)
        return below, (slope * b**step if 0 < below < 1 else MP.mpf(0))
    below, masses = summed(law)
    return below[int(x.floor())], masses[int(x.p)] if x.q == 1 else MP.mpf(0)


@cache
def summed(law: Any) -> tuple[dict[int, Any], dict[int, Any]]:
    """F and the masses on -600..600, normalised; less than e^-190 of the whole is left out."""
    if isinstance(law, DiscreteLaplace):
        weights = [MP.exp(-number(law.epsilon) * abs(k)) for k in range(-600, 601)]
    else:
        variance = number(law.sigma_squared)
        weights = [MP.exp(-MP.mpf(k * k) / (2 * variance)) for k in range(-600, 601)]
    total = MP.fsum(weights)
    sums = itertools.accumulate(weights)
    return (
        {k: weight / total for k, weight in enumerate(sums, -600)},
        {k: weight / total for k, weight in enumerate(weights, -600)},
    )


@given(law=laws, x=points, bits=st.sampled_from([53, BITS]))
@settings(max_examples=250)
def test_values_are_those_of_the_definition(law: Any, x: fmpq, bits: int) -> None:
    below, density = defined(law, x)
    with ctx.workprec(bits):
        assert holds(law.cdf(x), below)
        # the exponents stay below 2^13 here and no sum loses more than a few bits
        assert law.cdf(x).rad() < arb(2) ** (24 - bits)
        if density is not None:
            assert holds(law.density(x), density)


@given(
    law=laws,
    x=points,
    radius=st.sampled_from([fmpq(1, 10**6), fmpq(1, 7), fmpq(4)]),
    data=st.data(),
)
def test_a_ball_is_answered_by_one_that_holds_the_values_inside(
    law: Any, x: fmpq, radius: fmpq, data: st.DataObject
) -> None:
    inside = x + radius * data.draw(st.sampled_from([fmpq(k, 3) for k in range(-3, 4)]))
    ball = arb(x).union(arb(x + radius)).union(arb(x - radius))
    for function in (law.cdf, law.density):
        low, high = ends(function(ball))
        first, last = ends(function(inside))
        assert low <= last
        assert first <= high
    assert law.cdf(arb.pos_inf()).contains(1)


def test_laws_are_laws() -> None:
    for law in LAWS:
        assert isinstance(law, Law)
    assert [law.lattice for law in LAWS] == [
        isinstance(law, DiscreteGaussian | DiscreteLaplace) for law in LAWS
    ]


@given(epsilon=epsilons, delta=deltas, threshold=points)
def test_tulap_noise_on_a_count_attains_the_curve_at_every_threshold(
    epsilon: fmpq, delta: fmpq, threshold: fmpq
) -> None:
    """Pr[N + 1 > t] = g(Pr[N > t]) where N passes t at all; not at any other epsilon or delta."""

    def curve(alpha: arb, epsilon: fmpq, delta: fmpq) -> arb:
        growth = arb(epsilon).exp()
        return (growth * alpha + delta).min(1 - (1 - delta - alpha) / growth).min(arb(1))

    law = tulap(epsilon, delta)
    with ctx.workprec(BITS):
        missed, power = 1 - law.cdf(threshold), 1 - law.cdf(threshold - 1)
        gap = curve(missed, epsilon, delta) - power
        if missed.is_zero():
            assert not power > delta
            return
        # below 2^13 in every exponent, at most e^3 in every factor
        assert gap.contains(0)
        assert gap.rad() < arb(2) ** (30 - BITS)
        if 0 < missed < 1 and 0 < power < 1:
            assert not (curve(missed, epsilon + fmpq(1, 100), delta) - power).contains(0)
            assert not (curve(missed, epsilon, delta + fmpq(1, 2000)) - power).contains(0)


@given(epsilon=epsilons, delta=deltas, n=st.integers(1, 12))
def test_tulap_noise_reaches_the_worst_case_for_a_group(epsilon: fmpq, delta: fmpq, n: int) -> None:
    """The count of n changed records, thresholded halfway: 2 F(n/2) - 1 = TV*_n."""
    with ctx.workprec(BITS):
        found = 2 * tulap(epsilon, delta).cdf(fmpq(n, 2)) - 1
        gap = found - worst_case(ARB, epsilon, delta, n)
        assert gap.contains(0)
        assert gap.rad() < arb(2) ** (30 - BITS)


@given(delta=st.builds(fmpq, st.integers(1, 1000), st.just(1000)), x=points)
def test_tulap_at_epsilon_zero_is_the_limit(delta: fmpq, x: fmpq) -> None:
    """j steps out |dF/d epsilon| <= j + 1/4 + delta j (j + 1)/2 < (|x| + 2)^2, j <= |x| + 1/2."""
    least = fmpq(1, 10**12)
    with ctx.workprec(BITS):
        gap = tulap(0, delta).cdf(x) - tulap(least, delta).cdf(x)
        assert abs(gap) < least * (abs(x) + 2) ** 2


@given(
    law=st.sampled_from([law for law in LAWS if not law.lattice]), x=points, width=st.integers(1, 9)
)
def test_densities_integrate_to_the_distribution_function(law: Any, x: fmpq, width: int) -> None:
    """Gain of F over an interval, between its length times the least and greatest density."""
    length = fmpq(width, 100)
    with ctx.workprec(BITS):
        gain = law.cdf(x + length) - law.cdf(x)
        over = law.density(arb(x).union(arb(x + length)))
        assert (length * over).overlaps(gain)


@pytest.mark.parametrize("law", [tulap("0.4"), tulap("0.4", "0.03"), tulap("0.5", "1")], ids=str)
def test_a_density_at_a_jump_holds_both_sides(law: Tulap) -> None:
    for jump in (fmpq(-1, 2), fmpq(1, 2)):
        for side in (jump - fmpq(1, 100), jump + fmpq(1, 100)):
            assert law.density(jump).overlaps(law.density(side))
    assert law.density(fmpq(1, 2)).rad() > 1e-3  # not by being equal


def test_only_a_uniform_tulap_law_is_log_concave() -> None:
    """A staircase breaks f(x)^2 >= f(x - h) f(x + h) just outside its first step."""
    inside, outside = fmpq(499, 1000), fmpq(501, 1000)
    for law in (tulap("0.4"), tulap("0.4", "0.03"), tulap("2", "0.2"), tulap("1", "0.9")):
        assert not law.log_concave
        middle = law.density(outside)
        assert middle * middle < law.density(inside) * law.density(2 * outside - inside)
    assert tulap("0", "0.07").log_concave
    assert tulap("3", "1").log_concave


@given(law=laws, x=points, step=st.builds(fmpq, st.integers(1, 40), st.sampled_from([1, 3, 10])))
@settings(max_examples=200)
def test_laws_said_to_be_log_concave_are(law: Any, x: fmpq, step: fmpq) -> None:
    if law.lattice:
        x, step = fmpq(x.floor()), fmpq(step.ceil())
    if law.log_concave:
        with ctx.workprec(BITS):
            outer = law.density(x - step) * law.density(x + step)
            assert not law.density(x) ** 2 < outer


@given(
    law=laws,
    low=points,
    gap=st.integers(1, 60),
    shift=st.builds(fmpq, st.integers(0, 60), st.sampled_from([1, 1, 4])),
)
@settings(max_examples=250)
def test_likelihood_ratios_of_shifts_rise_where_said(
    law: Any, low: fmpq, gap: int, shift: fmpq
) -> None:
    """f(x - s) f(y) <= f(x) f(y - s) for x < y; no division, so zeros are covered too."""
    high = low + fmpq(gap, 7)
    if law.lattice:
        low, high = fmpq(low.floor()), fmpq(low.floor() + gap)
    if law.rises(shift):
        with ctx.workprec(BITS):
            falling = law.density(low - shift) * law.density(high)
            assert not falling > law.density(low) * law.density(high - shift)


def test_which_shifts_are_said_to_rise() -> None:
    half = fmpq(1, 2)
    assert [law.rises(half) for law in LAWS] == [
        law.log_concave and not law.lattice for law in LAWS
    ]
    assert all(
        law.rises(fmpq(3)) and law.rises(fmpq(0)) and not law.rises(fmpq(-1)) for law in LAWS
    )
    # and shifts of a staircase by one half do fall: across the jump of f, before that of f(. - s)
    law = tulap("0.4")
    low, high = fmpq(-6, 10), fmpq(-4, 10)
    rise = law.density(low) * law.density(high - half)
    assert law.density(low - half) * law.density(high) > rise


@given(law=st.sampled_from([law for law in LAWS if law.lattice]), k=st.integers(1, 120))
def test_tails_below_zero_keep_their_digits(law: Any, k: int) -> None:
    for value in (law.cdf(fmpq(-k)), law.density(fmpq(-k))):
        assert value.rel_accuracy_bits() > 53 - 20  # exponents stay below 2^16


def test_a_wide_discrete_gaussian_sums_to_one() -> None:
    law = DiscreteGaussian(sigma_squared=fmpq(10**7))
    with ctx.workprec(BITS):
        total = 2 * law.cdf(fmpq(-1)) + law.density(fmpq(0))
        assert total.contains(1)
        assert total.rad() < arb(2) ** (10 - BITS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gaussian(0), "standard_deviation=0: must be finite and > 0"),
        (lambda: LaplaceLaw(scale=fmpq(-1)), "scale=-1"),
        (lambda: DiscreteLaplace(epsilon=fmpq(0)), "epsilon=0: must be finite and > 0"),
        (lambda: DiscreteGaussian(sigma_squared=fmpq(0)), "sigma_squared=0: must lie within"),
        (lambda: tulap(0), "epsilon=0: must be > 0 where delta is 0"),
        (lambda: tulap(1, 2), "delta=2: must lie in"),
        (
            lambda: gaussian("1e400").sample((1,), np.random.default_rng(0)),
            "to be sampled in doubles",
        ),
    ],
)
def test_wrong_parameters_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()
