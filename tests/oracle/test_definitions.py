"""The answers against their definitions, iterated at 60 digits; no closed form, no tolerance.

The reference carries 60 digits and the enclosures 17, so that rounding of the reference (below
10^-50 after at most 80 steps) cannot decide: a reference that lies exactly on a 17-digit decimal is
allowed for by that much and nothing else.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mipriv
from mipriv.game import Adjacency, FinitePair, PopulationGame
from mipriv.guarantee import ApproxDP, TradeOffCurve
from mipriv.loss.population import population, swap
from mipriv.loss.prior import bayes_success
from mipriv.loss.secrets import secrets_success
from mipriv.loss.tpr import true_positive_rate
from mipriv.loss.worst_case import worst_case
from tests.strategies import MP, approx_dp, decimals, number, priors, rates, taus

SLACK = MP.mpf(10) ** -50
few = st.integers(0, 40)


def inside(loss: Any, reference: Any) -> bool:
    slack = SLACK * max(1, abs(reference))
    return bool(number(loss.lower) - slack <= reference <= number(loss.upper) + slack)


def sizes(claim: ApproxDP) -> tuple[Any, Any]:
    """e^epsilon and delta."""
    return MP.exp(number(claim.epsilon)), number(claim.delta)


def decimal_of(value: Any) -> Decimal:
    return Decimal(MP.nstr(value, 60))


@lru_cache(maxsize=1)
def decimal_sizes(claim: ApproxDP) -> tuple[Decimal, Decimal]:
    factor, delta = sizes(claim)
    return decimal_of(factor), decimal_of(delta)


def chain(claim: ApproxDP, steps: int, start: Any) -> Any:
    """g iterated, the best detection rate for one more changed record at a time.

    In the standard library's decimals, of 60 digits too: there a step costs a tenth.
    """
    with localcontext(prec=60):
        factor, delta, alpha = *decimal_sizes(claim), decimal_of(start)
        for _ in range(steps):
            missed = max(Decimal(0), (1 - delta - alpha) / factor)
            alpha = min(Decimal(1), factor * alpha + delta, 1 - missed)
    return MP.mpf(str(alpha))


def best_gap(claim: ApproxDP, steps: int) -> Any:
    """max over p of g^n(p) - p: concave in p, so that ternary search finds it."""
    low, high = MP.mpf(0), MP.mpf(1)
    for _ in range(400):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if chain(claim, steps, left) - left < chain(claim, steps, right) - right:
            low = left
        else:
            high = right
    return max(chain(claim, steps, p) - p for p in (low, high, MP.mpf(0)))


def vertices(claim: ApproxDP, steps: int) -> list[tuple[Any, Any]]:
    """All kinks of the n-fold curve, by walking h from its fixed point and from both ends."""
    factor, delta = sizes(claim)

    walk = [(1 - delta) / (1 + factor)]
    while len(walk) < steps:
        walk.append(max(MP.mpf(0), (walk[-1] - delta) / factor))
    inner = [(walk[i], walk[steps - 1 - i]) for i in range(steps)]
    miss = 1 - chain(claim, steps, MP.mpf(0))
    return [
        *inner,
        (MP.mpf(0), miss),
        (miss, MP.mpf(0)),
        (MP.mpf(0), MP.mpf(1)),
        (MP.mpf(1), MP.mpf(0)),
    ]


@given(claim=approx_dp, n=st.integers(0, 12))
@settings(max_examples=40)
def test_worst_case_is_the_best_gap_of_a_chain(claim: ApproxDP, n: int) -> None:
    steps = claim.adjacency.edits(n)
    loss = worst_case(claim, PopulationGame(n=n))
    found = best_gap(claim, steps)
    # ternary search stops short of the maximum by less than its last interval times the slope
    assert number(loss.lower) - MP.mpf(10) ** -40 <= found <= number(loss.upper) + SLACK


@given(claim=approx_dp, n=few)
@settings(max_examples=150)
def test_worst_case_is_the_largest_gap_over_vertices(claim: ApproxDP, n: int) -> None:
    steps = claim.adjacency.edits(n)
    best = max((1 - a - b for a, b in vertices(claim, steps)), default=MP.mpf(0))
    assert inside(worst_case(claim, PopulationGame(n=n)), min(MP.mpf(1), best))


@given(claim=approx_dp, n=few, fpr=rates)
@settings(max_examples=150)
def test_true_positive_rate_is_the_iterated_step(claim: ApproxDP, n: int, fpr: str) -> None:
    reference = chain(claim, claim.adjacency.edits(n), number(fpr))
    assert inside(true_positive_rate(claim, PopulationGame(n=n), fpr=fpr), reference)


@given(claim=approx_dp, n=few, prior=priors)
@settings(max_examples=150)
def test_bayes_error_is_the_least_over_all_vertices(claim: ApproxDP, n: int, prior: str) -> None:
    pi = number(prior)
    steps = claim.adjacency.edits(n)
    options = vertices(claim, steps) if steps else [(MP.mpf(0), MP.mpf(1)), (MP.mpf(1), MP.mpf(0))]
    error = min((1 - pi) * a + pi * b for a, b in options)
    found = bayes_success(claim, PopulationGame(n=n, prior=prior))  # type: ignore[arg-type]
    assert inside(found, 1 - error)
    assert inside(found.complement, error)


def mean(n: int, tau: Any, term: Any) -> Any:
    return sum(
        (MP.binomial(n, k) * tau**k * (1 - tau) ** (n - k) * term(k) for k in range(n + 1)),
        MP.mpf(0),
    )


def population_is_the_mean(claim: ApproxDP, n: int, tau: str) -> bool:
    def at(k: int) -> Any:
        steps = claim.adjacency.edits(k)
        best = max((1 - a - b for a, b in vertices(claim, steps)), default=MP.mpf(0))
        return min(MP.mpf(1), best) if k else MP.mpf(0)

    loss = population(claim, PopulationGame(n=n, tau=tau))  # type: ignore[arg-type]
    reference = mean(n, number(tau), at)
    return inside(loss, reference) and inside(loss.complement, 1 - reference) and not loss.wide


@given(claim=approx_dp, n=few, tau=taus)
@settings(max_examples=60)
def test_population_is_the_mean_over_the_binomial(claim: ApproxDP, n: int, tau: str) -> None:
    assert population_is_the_mean(claim, n, tau)


@pytest.mark.parametrize("adjacency", ["replace", "add-remove"])
@pytest.mark.parametrize("tau", ["0.01", "0.5", "0.97"])
@pytest.mark.parametrize("n", [1, 2, 3, 8, 21])
def test_population_below_and_beyond_saturation(n: int, tau: str, adjacency: str) -> None:
    """Every combination of parity, branch and clamp, with the loss and its complement."""
    for epsilon in ("0", "0.001", "0.3", "4"):
        for delta in ("0", "0.0004", "0.03", "0.4"):
            claim = ApproxDP(epsilon=epsilon, delta=delta, adjacency=adjacency)  # type: ignore[arg-type]
            assert population_is_the_mean(claim, n, tau), (epsilon, delta)


@given(claim=approx_dp, n=st.integers(0, 10), tau=taus, prior=priors)
@settings(max_examples=40)
def test_prior_with_tau_is_the_mean_success(claim: ApproxDP, n: int, tau: str, prior: str) -> None:
    pi = number(prior)

    def at(k: int) -> Any:
        steps = claim.adjacency.edits(k)
        options = (
            vertices(claim, steps) if steps else [(MP.mpf(0), MP.mpf(1)), (MP.mpf(1), MP.mpf(0))]
        )
        return 1 - min((1 - pi) * a + pi * b for a, b in options)

    found = bayes_success(claim, PopulationGame(n=n, tau=tau, prior=prior))  # type: ignore[arg-type]
    assert inside(found, mean(n, number(tau), at))


many = st.integers(3, 10**6)


def two_sided(claim: ApproxDP, n: int, count: int) -> Any:
    """1 - (K-1) a at the root a of F_n(a) = (K-1) a, by bisection at 60 digits."""
    low, high = MP.mpf(0), MP.mpf(1) / (count - 1)
    for _ in range(190):
        middle = (low + high) / 2
        above = 1 - chain(claim, n, middle) > (count - 1) * middle
        low, high = (middle, high) if above else (low, middle)
    return 1 - (count - 1) * low


replace_one = approx_dp.filter(lambda claim: claim.adjacency is Adjacency.REPLACE_ONE)


@given(claim=replace_one, n=few, count=many)
@settings(max_examples=80)
def test_many_secrets_solve_the_two_sided_equation(claim: ApproxDP, n: int, count: int) -> None:
    pure = ApproxDP(epsilon=claim.epsilon, delta=0)
    found = secrets_success(pure, PopulationGame(n=n, secrets=count))
    assert inside(found, two_sided(pure, n, count))


@given(claim=replace_one, n=st.integers(0, 80), count=st.integers(3, 30))
@settings(max_examples=150)
def test_many_secrets_at_delta_are_within_the_lines(claim: ApproxDP, n: int, count: int) -> None:
    """Never above the best line; on it where no data set of three symbols forces more."""
    found = secrets_success(claim, PopulationGame(n=n, secrets=count))
    line = two_sided(claim, n, count)
    assert number(found.lower) <= line + SLACK
    factor, delta = sizes(claim)
    growth = [factor**i for i in range(n + 1)]
    slips = [sum(growth[:m], MP.mpf(0)) for m in range(n + 1)]

    def forced(first: int, second: int, third: int) -> Any:
        paths = (count - 1) * growth[n - first] + growth[n - second]
        return (1 - delta * (slips[first] + slips[second] + slips[third])) / paths

    three = [
        forced(n - b - c, b, c) for c in range(1, n // 3 + 1) for b in range(c, (n - c) // 2 + 1)
    ]
    if all((count - 1) * x <= 1 - line for x in three):
        assert inside(found, line)


@given(claim=approx_dp, n=few, count=many)
@settings(max_examples=80)
def test_add_remove_secrets_start_from_a_blind_guess(claim: ApproxDP, n: int, count: int) -> None:
    """g iterated n times from 1/K, through the empty data set."""
    claim = ApproxDP(epsilon=claim.epsilon, delta=claim.delta, adjacency=Adjacency.ADD_REMOVE)
    found = secrets_success(claim, PopulationGame(n=n, secrets=count))
    reached = chain(claim, n, MP.mpf(1) / count)
    assert inside(found, reached)
    assert inside(found.complement, 1 - reached)


ROWS = st.lists(st.tuples(decimals(1e-4, 5), decimals(1e-8, 0.3)), min_size=1, max_size=6)


@given(rows=ROWS, n=st.integers(0, 30), fpr=rates)
@settings(max_examples=120)
def test_curve_of_several_rows_is_iterated_from_its_definition(
    rows: list[tuple[str, str]], n: int, fpr: str
) -> None:
    """h(x) = max over rows of (x - delta)/e^eps, from 1/2 or the fixed point; and g for the rate."""
    claims = [ApproxDP(epsilon=e, delta=d) for e, d in rows]  # type: ignore[arg-type]

    def h(x: Any) -> Any:
        return max(
            MP.mpf(0),
            *((x - number(c.delta)) / MP.exp(number(c.epsilon)) for c in claims),
        )

    x = MP.mpf("0.5")
    if n % 2:
        x = max((1 - number(c.delta)) / (1 + MP.exp(number(c.epsilon))) for c in claims)
    for _ in range(n // 2):
        x = h(x)
    claim = TradeOffCurve(rows=tuple(rows))  # type: ignore[arg-type]
    assert inside(worst_case(claim, PopulationGame(n=n)), 1 - 2 * x)
    rate = number(fpr)
    for _ in range(n):
        rate = min(chain(c, 1, rate) for c in claims)
    assert inside(true_positive_rate(claim, PopulationGame(n=n), fpr=fpr), rate)


@given(
    claim=approx_dp,
    n=st.integers(0, 8),
    masses=st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)).filter(
        lambda m: m[0] > m[1]
    ),
)
@settings(max_examples=60)
def test_swap_pair_is_the_mean_over_both_counts(
    claim: ApproxDP, n: int, masses: tuple[int, int, int]
) -> None:
    from fractions import Fraction

    total = sum(masses)
    high, low, rest = (Fraction(m, total) for m in masses)
    pair = FinitePair([high, low, rest], [low, high, rest])
    reference = MP.mpf(0)
    for up in range(n + 1):
        for down in range(n + 1 - up):
            other = n - up - down
            ways = MP.binomial(n, up) * MP.binomial(n - up, down)
            mass = ways * number(high) ** up * number(low) ** down * number(rest) ** other
            d = up - down
            steps = claim.adjacency.edits(abs(d))
            size = max((1 - a - b for a, b in vertices(claim, steps)), default=MP.mpf(0))
            reference += mass * MP.sign(d) * (min(MP.mpf(1), size) if d else 0)
    assert inside(swap(claim, PopulationGame(n=n, pair=pair)), reference)


def test_information_inverts_the_entropy() -> None:
    for bits in ("1e-12", "0.001", "0.3", "0.999999"):
        t = number(mipriv.information(bits=bits, digits=40).advantage.lower)  # type: ignore[union-attr]
        left, right = (1 - t) / 2, (1 + t) / 2
        entropy = -(left * MP.log(left, 2) + right * MP.log(right, 2))
        assert abs(1 - entropy - number(bits)) < number(bits) * MP.mpf(10) ** -25


def test_gaussian_against_the_normal_law() -> None:
    for mu, n in (("0.001", 1), ("0.3", 7), ("2", 3)):
        shift = number(mu) * n
        found = mipriv.gaussian(mu=mu, n=n, fpr="0.01")
        assert inside(found.loss, 2 * MP.ncdf(shift / 2) - 1)
        quantile = MP.findroot(lambda x: MP.ncdf(x) - MP.mpf("0.01"), -2.3)
        assert inside(found.tpr, MP.ncdf(quantile + shift))


def test_laplace_against_its_density() -> None:
    """TPR of the threshold test between Laplace(0) and Laplace(w), by integrating the density."""
    for epsilon, n, fpr in (("0.2", 3, "0.1"), ("0.2", 30, "0.1"), ("1", 2, "0.7")):
        shift, rate = number(epsilon) * n, number(fpr)
        threshold = -MP.log(2 * rate) if rate <= MP.mpf("0.5") else MP.log(2 * (1 - rate))
        centre = threshold - shift
        tail = MP.exp(-centre) / 2 if centre > 0 else 1 - MP.exp(centre) / 2
        found = mipriv.laplace(epsilon=epsilon, n=n, fpr=fpr)
        assert inside(found.tpr, tail)
        assert inside(found.loss, 1 - MP.exp(-shift / 2))


def test_zcdp_is_the_largest_gap_that_both_divergences_allow() -> None:
    """All pairs of rates on a grid of 1/1000: none beats the answer, the best come within 2/1000."""
    import numpy as np

    rate = np.arange(1, 1000) / 1000
    p, q = rate[:, None], rate[None, :]
    forward = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    backward = q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))
    for rho, n in ((0.001, 3), (0.05, 2), (0.3, 1), (0.2, 3)):
        allowed = (forward <= rho * n * n) & (backward <= rho * n * n)
        found = mipriv.zcdp(rho=rho, n=n, fpr="0.1")
        best = float(np.max(np.where(allowed, p - q, 0)))
        assert best <= float(found.loss.upper) <= best + 2e-3
        reached = float(np.max(np.where(allowed[:, 99], rate, 0)))  # q = 0.1
        assert found.tpr is not None
        assert reached <= float(found.tpr.upper) <= reached + 1e-3
