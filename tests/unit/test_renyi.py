"""Renyi bounds against mechanisms that meet them, and against 60-digit maximisation by definition."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx, fmpq

from mipriv.accounting import renyi
from mipriv.accounting._renyi_events import Order, chain, single_step
from mipriv.accounting.mechanisms import LaplaceMechanism, RandomisedResponse
from mipriv.accounting.renyi import RenyiDP, renyi_curve, renyi_loss
from mipriv.calculator.renyi import rdp
from mipriv.errors import ParameterError
from mipriv.game import PopulationGame
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.enclosure import Enclosure
from tests.strategies import MP, number

ORDERS = [Fraction(10 + i, 10) for i in range(1, 100, 6)] + [12, 16, 24, 32, 48, 64, 128, 256]
# a root is moved outward by 2^-40 of itself; a chain in these tests has at most ten of them
SLACK = MP.mpf(2) ** -36


def gaussian(mu: str, orders: Any = ORDERS) -> RenyiDP:
    square = Fraction(mu) ** 2 / 2
    return RenyiDP(orders=tuple((a, a * square) for a in orders))


def bound(claim: RenyiDP, k: int) -> Any:
    return number(Enclosure.of(renyi_loss(claim, k=k), 40).upper)


def coins(p: Any, q: Any, alpha: Any) -> Any:
    """Renyi divergence between two coins, by definition."""
    total = p**alpha * q ** (1 - alpha) + (1 - p) ** alpha * (1 - q) ** (1 - alpha)
    return MP.log(total) / (alpha - 1)


def allowed(a: Any, b: Any, claim: RenyiDP) -> bool:
    return all(
        max(coins(a, b, number(alpha)), coins(b, a, number(alpha))) <= number(epsilon)
        for alpha, epsilon in claim.orders
    )


def least(a: Any, claim: RenyiDP) -> Any:
    """Smallest b that an event of probability a may have next door: 150 halvings of [0, a]."""
    low, high = MP.mpf(0), MP.mpf(a)
    for _ in range(150):
        middle = (low + high) / 2
        low, high = (low, middle) if allowed(a, middle, claim) else (middle, high)
    return high


def widest(claim: RenyiDP) -> Any:
    """Largest gap of one symmetric pair of probabilities: 150 halvings of [0, 1/2]."""
    low, high = MP.mpf(0), MP.mpf(1) / 2
    for _ in range(150):
        middle = (low + high) / 2
        low, high = (low, middle) if allowed(1 - middle, middle, claim) else (middle, high)
    return 1 - 2 * high


FEW = (Fraction(3, 2), 2, 5, 20)


@pytest.mark.parametrize("mu", ["0.001", "0.3", "1", "3"])
def test_one_record_is_the_largest_gap_of_any_event(mu: str) -> None:
    claim = gaussian(mu, FEW)
    truth = widest(claim)
    found = bound(claim, 1)
    # the halvings stop 2^-150 short of the truth, from below
    assert truth <= found + MP.mpf(2) ** -140
    assert found <= truth * (1 + SLACK)


def test_no_other_event_has_a_larger_gap() -> None:
    claim = gaussian("0.7", FEW)
    found = bound(claim, 1)
    middle = (1 + widest(claim)) / 2
    gaps = [a - least(a, claim) for a in [MP.mpf(i) / 20 for i in range(1, 20)] + [middle]]
    assert max(gaps) == gaps[-1] <= found
    assert gaps[-1] >= found * (1 - SLACK)


@pytest.mark.parametrize("mu", ["0.01", "0.5", "2"])
@pytest.mark.parametrize("links", [2, 3, 4, 6])
def test_a_chain_is_the_definition_iterated(mu: str, links: int) -> None:
    claim = gaussian(mu, FEW)
    x = (1 - widest(claim)) / 2 if links % 2 else MP.mpf(1) / 2
    for _ in range(links // 2):
        x = least(x, claim)
    truth = 1 - 2 * x
    with ctx.workprec(192):
        found = number(Enclosure.of(chain(renyi._group(claim.orders, 1), links), 40).upper)
    assert truth <= found + MP.mpf(2) ** -140
    assert found <= truth + SLACK
    assert bound(claim, links) <= found + SLACK


@pytest.mark.parametrize("mu", ["1e-6", "0.01", "0.1", "1", "3"])
@pytest.mark.parametrize("k", [1, 2, 3, 10, 100, 1000])
def test_gaussian_noise_loses_no_more_and_not_much_less(mu: str, k: int) -> None:
    found = bound(gaussian(mu), k)
    exact = MP.erf(k * number(Fraction(mu)) / MP.sqrt(8))
    assert exact <= found <= 1
    # for a small distance an order allows sqrt(pi/2) = 1.2533 times the Gaussian's gap; 1.27 leaves
    # room for orders that are not the best ones
    assert found <= MP.mpf("1.27") * exact


def test_many_records_of_small_distance() -> None:
    """Beyond 2,000 links, links of several records: still within the 1.27 of a single link."""
    exact = MP.erf(1 / MP.sqrt(8))
    assert exact <= bound(gaussian("1e-5"), 10**5) <= MP.mpf("1.27") * exact
    assert bound(gaussian("1e-9"), 10**7) < MP.mpf("0.01")
    assert bound(gaussian("1"), 10**30) == 1


def laplace_orders(epsilon: Any, alpha: Any) -> Any:
    """Closed form of Mironov 2017, Table II."""
    a, b = alpha / (2 * alpha - 1), (alpha - 1) / (2 * alpha - 1)
    grown = a * MP.exp((alpha - 1) * epsilon) + b * MP.exp(-alpha * epsilon)
    return MP.log(grown) / (alpha - 1)


def up(value: Any) -> str:
    """A decimal above a 60-digit number, by 1e-40."""
    return str(MP.nstr(value * (1 + MP.mpf(10) ** -40), 45, min_fixed=-99, max_fixed=99))


@pytest.mark.parametrize("k", [1, 2, 5, 20])
def test_laplace_noise_and_coins_lose_no_more(k: int) -> None:
    epsilon = MP.mpf("0.3")
    laplace, flips = [], []
    p = MP.exp(epsilon) / (1 + MP.exp(epsilon))
    for order in ORDERS:
        alpha = number(Fraction(order))
        laplace.append((order, up(laplace_orders(epsilon, alpha))))
        flips.append((order, up(coins(p, 1 - p, alpha))))
    for rows, mechanism in (
        (laplace, LaplaceMechanism(sensitivity=1, scale=Fraction(10, 3))),  # type: ignore[arg-type]
        (flips, RandomisedResponse(epsilon="0.3")),
    ):
        truth = Enclosure.of(mechanism.group_loss(k=k), 12)
        found = bound(RenyiDP(orders=tuple(rows)), k)
        assert number(truth.lower) <= found
        if k == 1 and rows is flips:  # one coin is the event itself
            assert found <= number(truth.upper) * (1 + SLACK)


def test_learners_that_answer_one_bit_lose_no_more() -> None:
    """Any rising probabilities are a learner; its own orders must allow its own loss."""
    draw = random.Random(7)
    for _ in range(40):
        k = draw.randint(1, 6)
        inner = sorted(draw.uniform(0.02, 0.98) for _ in range(k + 1))
        p = [MP.mpf(x) for x in inner]
        rows = []
        for alpha in (Fraction(5, 4), 2, 4, 9, 17):
            a = number(Fraction(alpha))
            worst = max(max(coins(x, y, a), coins(y, x, a)) for x, y in itertools.pairwise(p))
            rows.append((alpha, up(worst)))
        assert p[-1] - p[0] <= bound(RenyiDP(orders=tuple(rows)), k)


def divergence(p: list[Any], q: list[Any], alpha: Any) -> Any:
    total = MP.fsum(x**alpha * y ** (1 - alpha) for x, y in zip(p, q, strict=True))
    return MP.log(total) / (alpha - 1)


def test_group_orders_hold_for_random_laws_and_are_sharp_for_gaussian_noise() -> None:
    draw = random.Random(11)
    for size in (2, 3, 4):
        laws = []
        for _ in range(size + 1):
            weights = [MP.mpf(draw.uniform(0.1, 1)) for _ in range(4)]
            laws.append([w / MP.fsum(weights) for w in weights])
        rows = []
        for alpha in (Fraction(3, 2), 2, 3, 5, 8):
            a = number(Fraction(alpha))
            rows.append((alpha, up(max(divergence(p, q, a) for p, q in itertools.pairwise(laws)))))
        with ctx.workprec(192):
            for order in renyi._group(RenyiDP(orders=tuple(rows)).orders, size):
                less = number(Enclosure.of(order.less, 50).lower)
                target = number(Enclosure.of(order.target, 50).upper)
                moment = less * divergence(laws[0], laws[-1], 1 + less)
                assert MP.expm1(moment) <= target * (1 + MP.mpf(10) ** -40)  # `less` has 50 digits
    with ctx.workprec(192):
        for order in renyi._group(gaussian("0.2", range(2, 38)).orders, 5)[-32:]:
            product = (order.target + 1).log() / order.less
            assert abs(product - (order.less + 1) * 25 * fmpq(1, 50)) < arb(2) ** -150


def test_more_records_and_larger_bounds_lose_more() -> None:
    losses = [bound(gaussian("0.1"), k) for k in (0, 1, 2, 3, 5, 8, 50)]
    assert losses[0] == 0
    assert losses == sorted(losses)
    assert bound(gaussian("0.1"), 7) < bound(gaussian("0.11"), 7)


def test_redundant_orders_are_harmless_and_lower_ones_follow_from_higher() -> None:
    plain = RenyiDP(orders=((2, "0.1"), (8, "0.4")))
    more = RenyiDP(orders=((8, "0.4"), (2, "0.1"), (2, "0.3"), (3, "9"), (8, "5")))
    for k in (1, 2, 3):
        assert bound(more, k) <= bound(plain, k) * (1 + SLACK)
        assert bound(plain, k) <= bound(more, k) * (1 + SLACK)
    assert renyi._tidy(RenyiDP(orders=((2, 5), (3, 1))).orders) == [(2, 1), (3, 1)]


def test_two_steps_a_record_under_add_remove() -> None:
    rows = tuple((a, a * Fraction(1, 200)) for a in FEW)
    one = RenyiDP(orders=rows, adjacency="add-remove")  # type: ignore[arg-type]
    assert renyi_loss(one, k=3) == renyi_loss(RenyiDP(orders=rows), k=6)


def test_an_order_of_zero_says_equal_laws() -> None:
    assert renyi_loss(RenyiDP(orders=((2, 0), (3, 5))), k=10**9) == 0


def test_huge_bounds_give_the_trivial_loss() -> None:
    assert bound(RenyiDP(orders=((2, "1e300"),)), 1) == 1
    assert single_step([]) == 1
    assert chain([], 2) == 1
    assert chain([], 3) == 1
    assert Order.of(arb(1), arb("nan")) is None
    tiny = bound(RenyiDP(orders=((2, "1e-300"),)), 1)
    # D_2 is at least log(1 + 4 t^2): the loss is 5e-151 to within the margin of the root
    assert MP.mpf("5e-151") * (1 - SLACK) <= tiny <= MP.mpf("5e-151") * (1 + SLACK)


def test_a_high_order_is_nearly_pure_privacy() -> None:
    """(1-x) e^(beta w) <= e^(beta eps) + 1 and x <= 1/2 put w within 2 log 2/beta of eps."""
    found = bound(RenyiDP(orders=(("1000000001", "0.01"),)), 1)
    assert MP.tanh(MP.mpf("0.005")) <= found
    assert found <= MP.tanh((MP.mpf("0.01") + 2 * MP.log(2) / 10**9) / 2) * (1 + SLACK)


def test_the_curve_holds_for_gaussian_noise() -> None:
    mu = MP.mpf("0.5")
    grid = [Fraction(i, 10) for i in range(20)]
    curve = renyi_curve(gaussian("0.5"), epsilons=grid)
    for epsilon, delta in curve.rows:
        e = number(epsilon)
        exact = MP.ncdf(mu / 2 - e / mu) - MP.exp(e) * MP.ncdf(-mu / 2 - e / mu)
        assert exact <= number(delta)
    loss = worst_case(curve, PopulationGame(n=3), digits=12)
    assert MP.erf(3 * mu / MP.sqrt(8)) <= number(loss.upper)
    assert bound(gaussian("0.5"), 3) < number(loss.lower)


@pytest.mark.parametrize(
    ("orders", "says"),
    [
        ((), "must have at least one"),
        (((1, 1),), r"alpha=1: must be finite and > 1"),
        ((("inf", 1),), "alpha=inf"),
        (((2, -1),), "epsilon=-1"),
        (((2, 1, 3),), "must be a pair"),
        (tuple((2, 1) for _ in range(1001)), "orders=1001: must be at most 1000 pairs"),
    ],
)
def test_bad_orders_are_named(orders: Any, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        RenyiDP(orders=orders)


@pytest.mark.parametrize(("n", "tau"), [(4, "0.3"), (30, "0.2"), (1000, "0.001")])
def test_close_populations_lose_the_mean(n: int, tau: str) -> None:
    """Never below the mean of Gaussian noise, nor far above the mean of the bounds themselves."""
    claim = gaussian("0.1")
    found = rdp(orders=claim.orders, n=n, tau=tau).population
    assert found is not None
    share, exact, bounds = number(Fraction(tau)), MP.mpf(0), MP.mpf(0)
    mass = (1 - share) ** n
    for k in range(min(n, 16) + 1):  # the mean is 6 at most: what is left raises neither by 1e-3
        exact += mass * MP.erf(k * MP.mpf("0.1") / MP.sqrt(8))
        bounds += mass * bound(claim, k)
        mass *= (n - k) * share / ((k + 1) * (1 - share))
    assert exact <= number(found.upper)
    # between the sizes looked at, two bounds are added up: within a tenth where losses are small
    assert number(found.upper) <= bounds * MP.mpf("1.1") + MP.mpf("1e-3")


def test_the_ends_of_closeness() -> None:
    orders = gaussian("0.1").orders
    assert rdp(orders=orders, n=5, tau=0).loss.upper == 0
    assert rdp(orders=orders, n=0, tau="0.5").loss.upper == 0
    found = rdp(orders=orders, n=5, tau=1)
    assert found.loss == found.worst_case


@pytest.mark.parametrize("k", [1, 3, 40])
@pytest.mark.parametrize("fpr", ["1e-6", "0.01", "0.5"])
def test_true_positive_rates_hold_for_gaussian_noise(k: int, fpr: str) -> None:
    found = rdp(orders=gaussian("0.1").orders, n=k, fpr=fpr)
    assert found.tpr is not None
    quantile = MP.sqrt(2) * MP.erfinv(1 - 2 * MP.mpf(fpr))
    exact = MP.ncdf(k * MP.mpf("0.1") - quantile)
    upper = number(found.tpr.upper)
    # the 17 digits of the rate, rounded up
    assert exact <= upper <= MP.mpf(fpr) + number(found.loss.upper) + MP.mpf("1e-16")


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ParameterError, match=r"k=0\.5: must be a whole number"):
        renyi_loss(gaussian("1"), k="0.5")
    with pytest.raises(ParameterError, match="epsilons"):
        renyi_curve(gaussian("1"), epsilons=[])
