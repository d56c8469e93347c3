"""True positive rates and delta of DP-SGD: integrals, brute force, normals, laws, edges, kinds."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx, fmpq
from scipy.special import ndtr
from scipy.stats import binom, hypergeom

import mipriv
from mipriv.accounting.sgd.account import Account
from mipriv.accounting.sgd.delta import hockey_stick
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.accounting.sgd.tradeoff import caught, missed, precision
from mipriv.calculator.sgd_rates import Squares, shown_the_schedule
from mipriv.errors import ParameterError, PrecisionError

MP = mpmath.MPContext()
MP.dps = 32


def run(sigma: Any, q: Any, steps: int) -> PoissonSteps:
    return PoissonSteps(noise_multiplier=sigma, sampling_probability=q, steps=steps)


def fraction(value: arb | fmpq) -> Fraction:
    exact = value if isinstance(value, fmpq) else value.fmpq()
    return Fraction(int(exact.p), int(exact.q))


def ends(ball: arb) -> tuple[Fraction, Fraction]:
    with ctx.workprec(2000):  # the ends themselves, not rounded
        return fraction(ball.lower()), fraction(ball.upper())


def decimal(value: Any) -> Fraction:
    """An mpmath number to 30 digits: off by less than 1e-29 times itself."""
    return Fraction(MP.nstr(value, 30))


def root(rising: Any, low: Any, high: Any) -> Any:
    """Zero by bisection, to 1e-29."""
    low, high = MP.mpf(low), MP.mpf(high)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return middle


def normal_missed(mu: Any, rate: Any) -> Any:
    """Phi(Phi^-1(1 - A) - mu)."""
    with MP.workdps(90):  # 1 - 2 A loses half of them at most
        return MP.ncdf(MP.sqrt(2) * MP.erfinv(1 - 2 * rate) - mu)


def one_step(inserted: int, deleted: int, rate: str) -> Any:
    """Least false negative rate of one step, q = .3, sigma = 1: a threshold, and a quadrature."""

    def mixture(value: Any, x: Any, shift: int) -> Any:
        return (7 * value(x) + 3 * value(x - shift)) / 10

    x = root(lambda t: MP.mpf(rate) - mixture(MP.ncdf, -t, deleted), -8, 9)
    points = [-22, -8, -2, x] if x > -2 else [-22, -8, x]
    return MP.quad(lambda t: mixture(MP.npdf, t, inserted), points)


@pytest.mark.parametrize(
    ("inserted", "deleted", "rate"),
    [(1, 1, "0.01"), (1, 1, "0.97"), (1, 0, "1e-12"), (1, 0, "0.97"), (0, 1, "0.01")],
)
def test_one_step_by_quadrature(inserted: int, deleted: int, rate: str) -> None:
    account = Account((run(1, "0.3", 1),), inserted, deleted)
    fpr = fmpq(*Fraction(rate).as_integer_ratio())
    low, high = ends(missed(account, fpr))
    exact = decimal(one_step(inserted, deleted, rate))
    # 32 digits are carried, the root counts by its square, below -22 there is less than 1e-100
    slack = Fraction(1, 10**27)
    assert low - slack <= exact <= high + slack
    assert high - low <= account.width
    assert high - low <= (1 - high) * Fraction(1, 10**4)


@pytest.mark.parametrize(("inserted", "deleted"), [(1, 1), (1, 0)])
def test_one_step_by_brute_force(inserted: int, deleted: int) -> None:
    """Cells sorted by their likelihood ratio: no threshold, no monotone ratio is taken for granted.

    Cells of width h give a test at least as bad as the best one, by at most h^2/8 times the slope
    of the ratio times the density of Q, both at most 2 here: 1e-10.
    """
    h, q = 2e-5, 0.3
    edges = np.arange(-10, 12, h)

    def cells(shift: int) -> Any:
        return np.diff((1 - q) * ndtr(edges) + q * ndtr(edges - shift))

    p, other = cells(inserted), cells(-deleted)
    kept = (p > 1e-25) & (other > 1e-25)
    p, other = p[kept], other[kept]
    order = np.argsort(-p / other)
    alarms, hits = np.cumsum(other[order]), np.cumsum(p[order])
    account = Account((run(1, "0.3", 1),), inserted, deleted)
    for rate in (fmpq(1, 50), fmpq(1, 4), fmpq(4, 5)):
        found = 1 - np.interp(float(rate), alarms, hits)
        low, high = ends(missed(account, rate))
        assert low - Fraction(1, 10**9) <= Fraction(found) <= high + Fraction(1, 10**9)


def two_steps(inserted: int, deleted: int, q: float, ell: float) -> tuple[float, float]:
    """False positive and false negative rate of L(x1) + L(x2) > ell, sigma = 1, from the densities.

    The trapezoidal rule over x1 of a closed form in x2; halving its step changes nothing beyond
    5e-12 here.
    """

    def ratio(x: Any) -> Any:
        up = 1 - q + q * np.exp(inserted * x - inserted / 2)
        return np.log(up) - np.log(1 - q + q * np.exp(-deleted * x - deleted / 2))

    x = np.arange(-13, 14, 1 / 256)
    low, high = np.full_like(x, -400.0), np.full_like(x, 400.0)
    for _ in range(70):
        middle = (low + high) / 2
        above = ratio(middle) > ell - ratio(x)
        low, high = np.where(above, low, middle), np.where(above, middle, high)

    def mean(side: int, values: Any) -> float:
        unit = np.exp(-(np.array([x, x - side]) ** 2) / 2) / np.sqrt(2 * np.pi)
        return float(((1 - q) * unit[0] + q * unit[1]) @ values / 256)

    alarm = mean(-deleted, (1 - q) * ndtr(-low) + q * ndtr(-deleted - low))
    miss = mean(inserted, (1 - q) * ndtr(low) + q * ndtr(low - inserted))
    return alarm, miss


@pytest.mark.parametrize(("inserted", "deleted", "ell"), [(1, 1, 0.7), (1, 1, -0.4), (1, 0, 0.2)])
def test_two_steps_from_the_densities(inserted: int, deleted: int, ell: float) -> None:
    """Both error rates of one test; the least at its false positive rate is its own."""
    alarm, miss = two_steps(inserted, deleted, 0.3, ell)
    account = Account((run(1, "0.3", 2),), inserted, deleted)
    low, high = ends(missed(account, fmpq(*alarm.as_integer_ratio())))
    # both rates may be off by twice 5e-12, and one counts e^ell <= 2.1 times
    slack = Fraction(4, 10**11)
    assert low - slack <= Fraction(miss) <= high + slack
    assert high - low <= account.width


@pytest.mark.parametrize("rate", ["1e-30", "1e-12", "0.1", "0.5", "0.999999999"])
def test_runs_without_sampling_are_normals(rate: str) -> None:
    runs = (run(10, 1, 4), run(20, 1, 16))
    fpr = fmpq(*Fraction(rate).as_integer_ratio())
    exact = decimal(normal_missed(MP.mpf(2) * MP.sqrt(MP.mpf(8) / 100), MP.mpf(rate)))
    low, high = ends(missed(Account(runs, 1, 1), fpr))
    # of 32 digits 1 - A keeps 23 or more
    slack = exact / 10**20
    assert low - slack <= exact <= high + slack
    assert high - low <= high * Fraction(1, 10**40)


def test_the_error_rates_change_places() -> None:
    """Adding and removing are inverse curves; the account is of many steps."""
    runs = (run(1, "0.05", 40),)
    add, remove = Account(runs, 1, 0), Account(runs, 0, 1)
    rate = fmpq(1, 20)
    there = missed(add, rate)
    low, high = (missed(remove, end.fmpq()) for end in (there.upper(), there.lower()))
    assert low.lower() <= rate <= high.upper()
    assert high.upper() - low.lower() < 1e-7


@pytest.mark.parametrize(("steps", "q"), [(1, "0.3"), (60, "0.05")])
def test_the_curve_falls_and_is_convex(steps: int, q: str) -> None:
    """Certified strictly, as the ratio is continuous: no enclosure is wider than the bend."""
    account = Account((run(1, q, steps),), 1, 0)
    rates = [fmpq(i, 10) for i in range(1, 10)]
    values = [missed(account, rate) for rate in rates]
    assert all(b < a for a, b in itertools.pairwise(values))
    triples = zip(values, values[1:], values[2:], strict=False)
    assert all(b < (a + c) / 2 for a, b, c in triples)
    assert all(value < 1 - rate for value, rate in zip(values, rates, strict=True))


@pytest.mark.parametrize(("exponent", "around"), [(12, 102), (30, 228)])
def test_far_out_between_hockey_sticks(exponent: int, around: int) -> None:
    """The rate is the least of delta(eps) + e^eps A, which is convex in e^eps.

    So it is below any of these, and above where the chords of two on either side meet.
    """
    account = Account((run(1, "0.1", 10),), 1, 1)
    rate = fmpq(1, 10**exponent)
    with ctx.workprec(precision(rate)):
        found = caught(account, rate)
        x = [arb(fmpq(around + i, 16)).exp() for i in (-3, -1, 1, 3)]
        y = [
            hockey_stick(account, fmpq(around + i, 16), digits=6) + g * rate
            for i, g in zip((-3, -1, 1, 3), x, strict=True)
        ]
        assert all(found <= value for value in y)
        falls, rises = (y[1] - y[0]) / (x[1] - x[0]), (y[3] - y[2]) / (x[3] - x[2])
        assert falls < 0 < rises
        corner = (y[2] - y[1] + falls * x[1] - rises * x[2]) / (falls - rises)
        assert found >= y[1] + falls * (corner - x[1])
        assert 2 * found.rad() <= found * 1e-4
    assert found.upper() < 1e-8


def test_too_dear_is_wide_and_never_wider_than_the_loss() -> None:
    account = Account((run(1, "0.1", 10),), 1, 0)
    cheap = Account(account.runs, 1, 0, budget=10.0, floats=False)
    narrow, wide = (missed(one, fmpq(1, 10)) for one in (account, cheap))
    assert narrow.rad() * 1000 < wide.rad()
    assert wide.overlaps(narrow)
    assert wide.lower() >= (cheap.value.value - fmpq(1, 10)).lower() - 1e-15


def test_the_ends_of_the_curve() -> None:
    for account in (Account((run(1, "0.3", 5),), 1, 0), Account((run(1, 1, 5),), 1, 0)):
        assert (missed(account, fmpq(0)), missed(account, fmpq(1))) == (1, 0)
    assert missed(Account((run(1, 0, 5),), 3, 3), fmpq(1, 4)) == fmpq(3, 4)


def test_delta_to_the_digits_asked_for() -> None:
    mu, epsilon = MP.mpf(1) / 2, 5
    exact = MP.ncdf(mu / 2 - epsilon / mu) - MP.exp(epsilon) * MP.ncdf(-mu / 2 - epsilon / mu)
    normal = Account((run(4, 1, 1),), 1, 1)
    # the difference of two tails loses less than six of 32 digits
    slack = decimal(exact) / 10**24
    for digits in (3, 30):
        low, high = ends(hockey_stick(normal, fmpq(epsilon), digits=digits))
        assert high - low <= low * Fraction(1, 10**digits)
        assert low - slack <= decimal(exact) <= high + slack
    half = hockey_stick(Account((run(1, "0.5", 1),), 1, 1), fmpq(0), digits=25)
    with ctx.workprec(200):  # P(x > 0) - Q(x > 0) = (2 Phi(1) - 1)/2
        assert half.overlaps((1 / arb(2).sqrt()).erf() / 2)
        assert 2 * half.rad() <= half * fmpq(1, 10**25)
    many = hockey_stick(Account((run(1, "0.1", 10),), 1, 1), fmpq(2), digits=14)
    assert 2 * many.rad() <= many * fmpq(1, 10**14)


def test_delta_that_cannot_be_had() -> None:
    with pytest.raises(PrecisionError, match="epsilon=1000"):
        hockey_stick(Account((run(100, 1, 1),), 1, 0), fmpq(1000))
    with pytest.raises(ParameterError, match="digits=0"):
        hockey_stick(Account((run(4, 1, 1),), 1, 1), fmpq(5), digits=0)
    assert hockey_stick(Account((run(1, 0, 5),), 3, 3), fmpq(1)) == 0


def both(fpr: Any, **given: Any) -> tuple[Fraction, Fraction, str, Fraction]:
    """Ends and kind of the true positive rate, and the upper end of the loss."""
    found = mipriv.sgd(fpr=fpr, **given)
    assert found.tpr is not None
    rates, kind = found.tpr
    return Fraction(rates.lower), Fraction(rates.upper), kind.value, Fraction(found.loss.upper)


def rate(fpr: Any = "0.01", **given: Any) -> tuple[Fraction, Fraction, str]:
    """Ends and kind of the true positive rate."""
    return both(fpr, **given)[:3]


BATCH = {"noise_multiplier": 40, "batch_size": 10, "steps": 16, "n": 100}
POISSON = {"noise_multiplier": 10, "sampling_probability": "0.2", "steps": 10, "n": 6}
FULL = POISSON | {"sampling_probability": 1, "steps": 25}


@pytest.mark.parametrize(
    ("given", "mu"),
    [
        (BATCH | {"sampling": "any", "group": 5}, "1"),
        (BATCH | {"sampling": "any", "group": 30}, "2"),
        (BATCH | {"sampling": "any", "tau": 1}, "2"),
        (BATCH | {"sampling": "any", "group": 5, "distance": "0.5"}, "0.25"),
        (BATCH | {"sampling": "fixed"}, "2"),
        (BATCH | {"sampling": "fixed", "group": 7, "batch_size": 100}, "1.4"),
        (FULL | {"distance": "0.5"}, "1.5"),
        (FULL | {"adjacency": "add-remove", "group": 6}, "3"),
    ],
)
@pytest.mark.parametrize("fpr", ["0.01", "1e-9"])
def test_a_sure_schedule_has_the_curve_of_normals(given: Any, mu: str, fpr: str) -> None:
    low, high, kind = rate(fpr, **given)
    assert kind == "exact"
    exact = decimal(1 - normal_missed(MP.mpf(mu), MP.mpf(fpr)))
    assert low <= exact <= high
    # 17 digits: neighbouring ones differ by at most 1e-16 of their value
    assert high - low <= exact / 10**16


def test_the_larger_rate_of_both_directions() -> None:
    given = {"noise_multiplier": 1, "sampling_probability": "0.01", "steps": 1000, "n": 1}
    add, remove = (Account((run(1, "0.01", 1000),), *order) for order in ((1, 0), (0, 1)))
    firsts = set()
    for fpr in (fmpq(1, 100), fmpq(1, 2)):
        rates = [ends(caught(account, fpr)) for account in (add, remove)]
        larger = max(rates)
        assert min(rates)[1] < larger[0]
        firsts.add(rates.index(larger))
        low, high, kind = rate(fraction(fpr), **given, group=1, adjacency="add-remove")
        assert kind == "exact"
        assert low <= larger[1]
        assert high >= larger[0]
        assert high - low < Fraction(1, 10**8)
    assert firsts == {0, 1}  # neither direction is the larger one everywhere
    assert Fraction("0.02913") < ends(caught(add, fmpq(1, 100)))[0]
    assert ends(caught(remove, fmpq(1, 100)))[1] < Fraction("0.02604")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (POISSON, "exact"),
        (POISSON | {"group": 3}, "exact"),
        (POISSON | {"distance": "0.5"}, "upper bound"),
        (POISSON | {"tau": "0.2"}, "upper bound"),
        (BATCH | {"sampling": "fixed", "group": 5}, "upper bound"),
        (BATCH | {"sampling": "any", "tau": "0.2"}, "upper bound"),
    ],
)
def test_kinds_and_what_the_loss_says(given: Any, kind: str) -> None:
    for fpr in ("1e-9", "0.01"):
        low, high, found, loss = both(fpr, **given)
        assert found == kind
        assert Fraction(fpr) <= low <= high <= 1
        assert high < Fraction(fpr) + loss * Fraction(9, 10)


@pytest.mark.parametrize("change", [{"group": 0}, {"steps": 0}, {"tau": 0}, {"distance": 0}])
@pytest.mark.parametrize("base", [POISSON, BATCH])
def test_without_loss_a_blind_guess(base: Any, change: Any) -> None:
    assert rate("0.05", **(base | change)) == (Fraction("0.05"), Fraction("0.05"), "exact")


@pytest.mark.parametrize("given", [POISSON, POISSON | {"tau": "0.2"}, BATCH | {"group": 5}])
@pytest.mark.parametrize("end", [0, 1])
def test_rates_at_the_ends(given: Any, end: int) -> None:
    assert rate(end, **given) == (end, end, "exact")


def shown(law: Any, squares: Any, fpr: float) -> float:
    """The rate of an attacker who is shown mu^2 drawn from a law: the least over epsilon, by grid.

    The steps of .006 leave .006^2/8 of the second derivative, some 1e-5 of the value.
    """
    eps = np.linspace(-12, 12, 4001)
    mu = np.sqrt(np.maximum(squares, 1e-18))[:, None]  # at 0 the limit, (1 - e^eps)+
    gain = ndtr(mu / 2 - eps / mu) - np.exp(eps) * ndtr(-mu / 2 - eps / mu)
    return float((fpr * np.exp(eps) + np.asarray(law, float) @ gain).min())


@pytest.mark.parametrize("fpr", ["0.001", "0.05", "0.6"])
@pytest.mark.parametrize(("least", "most"), [(0, 9), (1, 16), (4, 5), (0, 60)])
def test_shown_the_schedule_is_above_every_law(least: int, most: int, fpr: str) -> None:
    """Random laws of given range and mean, and two-point laws, the worst of which attains it."""
    chance = np.random.default_rng(7)
    at = fmpq(*Fraction(fpr).as_integer_ratio())
    for mean in (least + Fraction(most - least, 20), least + Fraction(most - least, 2)):
        squares = Squares(fmpq(least), fmpq(*mean.as_integer_ratio()), fmpq(most))
        bound = float(shown_the_schedule(squares, at).upper())
        for _ in range(10):
            places = chance.uniform(least, most, 4)
            weights = chance.dirichlet(np.ones(4))
            # moved to the mean by a share of one end
            here = float(weights @ places)
            end = most if here < mean else least
            share = (float(mean) - here) / (end - here)
            law = np.append(weights * (1 - share), share)
            assert shown(law, np.append(places, end), float(fpr)) <= bound * (1 + 1e-4)
        shares = [
            (float(mean - least) / (top - least), top) for top in np.linspace(float(mean), most)
        ]
        worst = max(shown((1 - p, p), (least, top), float(fpr)) for p, top in shares)
        # 50 places of a smooth function leave less than 1 % at its peak
        assert worst * (1 - 1e-4) <= bound * (1 + 1e-4)
        assert bound <= worst * 1.01


COUNTS = np.arange(5)
ONE = {"noise_multiplier": 3, "steps": 1, "n": 12}


@pytest.mark.parametrize(
    ("given", "law", "distance"),
    [
        ({"batch_size": 4, "group": 5}, hypergeom.pmf(COUNTS, 12, 5, 4), 2.0),
        ({"batch_size": 4, "tau": "0.3"}, binom.pmf(COUNTS, 4, 0.3), 2.0),
        ({"sampling_probability": "0.3", "group": 4}, binom.pmf(COUNTS, 4, 0.3), 0.5),
    ],
)
def test_one_batch_by_its_law(given: Any, law: Any, distance: float) -> None:
    """Above what the law of the count itself gives, below fpr + loss."""
    _, high, kind, loss = both("0.05", **ONE, **given, distance=str(distance))
    exact = shown(law, (distance * COUNTS / 3) ** 2, 0.05)
    assert kind == "upper bound"
    assert exact * (1 - 1e-4) < high < Fraction("0.05") + loss
