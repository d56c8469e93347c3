"""DP-SGD accounts far out: an enclosure or a plain bound, never a crash, a hang or a wrong end."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from flint import arb, ctx, fmpq
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mipriv.accounting.sgd import calibrate, population
from mipriv.accounting.sgd.account import Account, complement
from mipriv.accounting.sgd.bracket import bracket
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.line import dyadic
from mipriv.accounting.sgd.revealed import loss as revealed_loss
from mipriv.accounting.sgd.revealed import square_sum
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.accounting.sgd.training import SgdBound, Training, bounds, least
from mipriv.errors import ParameterError
from mipriv.guarantee import Kind
from mipriv.rigor.binomial import pmf
from mipriv.rigor.decimals import exact

SMALL = 1e6  # a budget that keeps the tests short
HUGE = 10**400
# a ball's radius has 30 bits, so an end may be off by 2^-29 of the width each time one is made
SLACK = fmpq(1, 2**26)


def run(sigma: Any, q: Any, steps: int) -> PoissonSteps:
    return PoissonSteps(noise_multiplier=sigma, sampling_probability=q, steps=steps)


def training(sigma: Any, q: Any, steps: int, n: int, **more: Any) -> Training:
    return Training(runs=(run(sigma, q, steps),), n=n, **({"budget": SMALL} | more))


def checked(case: Training) -> SgdBound:
    """The least bound, after a look at every one of them."""
    found = bounds(case)
    with ctx.workprec(4096):
        for bound in found:
            # a ball is centred: it may stick out by as much as it is wide, and is cut when shown
            slack = 2 * bound.loss.rad() + arb(2) ** -4000  # and the sums here are rounded
            assert bound.loss.is_finite()
            assert -slack <= bound.loss.lower() <= bound.loss.upper() <= 1 + slack
            assert -2 * bound.shared.rad() - arb(2) ** -4000 <= bound.shared.lower()
            assert (1 - bound.shared).overlaps(bound.loss)
        tau = case.tau if case.near else None
        squares = square_sum(case.runs, n=case.n, group=case.records, tau=tau)
        revealed = revealed_loss(squares, case.reach)
        # at most one chance in each step and record, by the union bound
        sampled = arb(0)
        for part in case.poisson or ():
            share = arb(1) if tau is None else arb(tau)
            sampled += part.steps * part.sampling_probability * case.changed * share
        best = found[0].loss
        # both are bounds on the number that is enclosed; rounding of a ball's end as above
        off = 2 * best.rad() * SLACK
        assert best.lower() <= revealed.upper() * (1 + SLACK)
        assert best.lower() <= sampled.upper() * (1 + SLACK)
        assert best.upper() <= revealed.upper() * (1 + SLACK) + off
    return found[0]


NEAR_ONE = "0." + "9" * 25
EXTREMES = [
    ("1", "0", 100, 10, None),
    ("1", ".1", 0, 10, None),
    ("1", "1", 100, 10, None),
    ("1", NEAR_ONE, 100, 10, 1),
    ("50", NEAR_ONE, 100, 10, 1),
    ("100", NEAR_ONE, 100, 10**6, None),
    ("1", "1e-400", 100, 10, 1),
    ("1", "1e-400", 10**18, 10**12, None),
    ("1", "1e-300", 1000, 10, 1),
    ("1", "1e-30", 10**6, 10**9, 1),
    ("1e-3", "1e-30", 10**6, 10**9, 1),
    ("1e-200", ".1", 100, 10, 1),
    ("1e-200", "1e-9", 10**6, 10**6, None),
    ("1e7", ".1", 1000, 10**6, 1),
    ("1e7", "1e-15", 10**6, 10**9, 1),
    ("1e200", ".1", 1000, 10**6, 1),
    ("1e9999", ".1", 100, 10, 1),
    ("1e-9999", ".1", 100, 10, 1),
    ("1e-400", ".5", 1, 10**4, None),
    ("1", "1e-300", 1, 10**4, 1),
    ("1e200", ".1", 1000, HUGE, None),
    ("1", ".01", 1000, HUGE, 1),
    ("1", ".01", 1000, HUGE, None),
    ("1", ".01", 10**12, 1000, 1),
    ("1", ".01", 10**18, 1000, 1),
    ("1e9", ".01", 10**18, 1000, 1),
    ("1e7", "1e-9", 10**18, 10**6, 1),
    (".3", "1e-15", 10**18, 10**6, 1),
    ("1e5", ".01", 1000, 10**12, 10**6),
    ("10", "1e-9", 1000, 10**12, 10**10),
    ("1e11", ".01", 1000, 10**12, 10**12),
    (".1", ".01", 1000, 1000, 10),
]


@pytest.mark.parametrize(
    ("sigma", "q", "steps", "n", "group"), EXTREMES, ids=map(str, range(len(EXTREMES)))
)
def test_an_answer_between_independent_bounds(
    sigma: str, q: str, steps: int, n: int, group: int | None
) -> None:
    checked(training(sigma, q, steps, n, group=group))


@pytest.mark.parametrize(
    ("sigma", "q", "steps", "n", "tau"),
    [
        ("10", ".1", 100, 1000, "1e-300"),
        ("10", ".1", 100, 1000, "1e-10"),
        ("1e6", ".1", 100, 10**13, ".5"),
        ("1e13", "1e-5", 100, 10**13, ".5"),
        ("1e9", "1e-9", 1000, 10**13, ".5"),
        ("1e9", "1e-9", 1000, HUGE, ".5"),
        (".2", "1e-6", 10**5, 1000, ".001"),
    ],
    ids=["tiny", "small", "even", "even-rare", "rare", "beyond", "little-noise"],
)
def test_populations_far_out(sigma: str, q: str, steps: int, n: int, tau: str) -> None:
    checked(training(sigma, q, steps, n, tau=tau))


@pytest.mark.parametrize("sigma", ["1e-200", "1e-3", ".05"])
def test_with_little_noise_the_loss_is_that_of_being_sampled(sigma: str) -> None:
    """1 - (1 - q)^(kT): from sigma = .05 on a sampled record is missed less than once in 10^6."""
    found = checked(training(sigma, "1e-9", 10**5, 10**6, group=10))
    sampled = -math.expm1(10 * 10**5 * math.log1p(-1e-9))
    assert found.kind is Kind.EXACT
    assert float(found.loss.lower()) <= sampled * (1 + 1e-14)
    # Pr[N(0, 1) > s/2 - log(1/q)/s] < 10^-6 at s = 20, and 10^5 steps pass s - 1 never
    assert float(found.loss.lower()) >= sampled * (1 - 2e-6)


def test_no_noise_at_all_but_for_the_name() -> None:
    found = checked(training("1e-200", ".1", 100, 10, group=1))
    assert not found.wide
    with ctx.workprec(200):
        assert found.loss.overlaps(1 - arb(fmpq(9, 10)) ** 100)


def test_huge_noise_is_that_of_normals() -> None:
    """sigma = 10^7: the pair is N(+-q/sigma, 1) up to relative variance s^2, and normals compose."""
    found = checked(training("1e7", ".1", 1000, 10**6, group=1)).loss
    mu = 2 * 0.1 * math.sqrt(1000) / 1e7
    # erf(mu/sqrt 8) = mu/sqrt(2 pi) up to mu^2/24; L's variance is q^2 s^2 (1 + O(s^2))
    assert float(found.mid()) == pytest.approx(mu / math.sqrt(2 * math.pi), rel=1e-9)


@pytest.mark.parametrize(
    ("q", "steps", "k"), [("1e-9", 10**6, 1), ("1e-6", 10**5, 1), (".001", 1000, 1), (".01", 9, 30)]
)
def test_the_loss_falls_with_the_noise(q: str, steps: int, k: int) -> None:
    found = [
        checked(training(sigma, q, steps, 10**6, group=k)).loss
        for sigma in (".05", ".1", ".2", ".3", ".5", "1", "1e7")
    ]
    for louder, quieter in itertools.pairwise(found):
        assert quieter.lower() <= louder.upper()
    assert found[-1].upper() < found[0].lower()


def test_rare_sampling_with_little_noise_is_sharp() -> None:
    """The series in balls costs too much; in float64 it leaves less than 10^-3 open."""
    found = least(training(".2", "1e-9", 10**6, 10**6, group=1, budget=3e7))
    assert "float64" in found.arithmetic
    assert found.kind is Kind.EXACT
    assert 2 * found.loss.rad() < 1e-3 * found.loss.lower()


# the bracket


@settings(max_examples=12, phases=(Phase.explicit, Phase.generate), deadline=None)
@given(
    sigma=st.sampled_from([".2", ".5", "1", "3", "20"]),
    q=st.sampled_from([".3", ".01", "1e-4"]),
    steps=st.sampled_from([2, 10, 300]),
    inserted=st.integers(0, 3),
    deleted=st.integers(0, 3),
)
def test_the_bracket_holds_what_the_series_finds(
    sigma: str, q: str, steps: int, inserted: int, deleted: int
) -> None:
    one = run(sigma, q, steps)
    rough = bracket((one,), inserted, deleted)
    try:
        found = Account((one,), inserted, deleted, 1e-6, SMALL)._fourier().value
    except TooExpensive:
        return
    assert rough.overlaps(found)


@pytest.mark.parametrize(("inserted", "deleted"), [(1, 0), (1, 1), (2, 1)])
def test_the_stepwise_bracket_holds_the_truth(inserted: int, deleted: int) -> None:
    for sigma, q in ((".3", ".05"), ("1", ".1")):
        account = Account((run(sigma, q, 20),), inserted, deleted, 1e-6)
        found = account.value.value
        assert not account.value.method.startswith("bracket")
        # the series' ball and the bracket hold the same number
        assert account._stepwise().overlaps(found)
        assert account._stepwise().rad() <= account._rough.rad()


def test_the_bracket_closes_where_a_record_is_sure_to_be_seen() -> None:
    found = bracket((run(".01", "1e-6", 1000),), 2, 1)
    with ctx.workprec(256):
        assert found.overlaps(arb(1 - fmpq(1, 10**6)) ** 2000)
    assert found.rad() < 1e-30


# budgets and refusals


def test_a_small_budget_leaves_less_told() -> None:
    wide, narrow = (
        least(training(".2", "1e-6", 10**5, 1000, group=1, budget=budget)).loss
        for budget in (1e3, 3e7)
    )
    assert wide.overlaps(narrow)
    assert wide.rad() > 100 * narrow.rad()


def test_what_is_spent_stays_near_the_budget() -> None:
    """At most six series and a lattice, and lines that every series needs."""
    for budget in (1e4, 1e6):
        account = Account((run(".2", "1e-9", 10**6),), 1, 1, 1e-9, budget)
        assert complement(account.value.value).lower() > 1e-4
        assert account.cost <= 8 * budget + 2.5e7


@pytest.mark.parametrize("width", [0.0, 1.0, -1.0, math.nan, math.inf])
def test_a_width_that_is_none(width: float) -> None:
    with pytest.raises(ParameterError, match="width"):
        training("1", ".1", 10, 10, width=width)


@pytest.mark.parametrize("width", ["1e-400", fmpq(1, 2**1500)])
def test_a_width_beyond_reach_is_refused_by_its_own_digits(width: Any) -> None:
    with pytest.raises(ParameterError, match=r"width=(?!0\.0).*: must .*1e-300"):
        training("1", ".1", 10, 10, width=width)


def test_a_narrow_width_is_reached() -> None:
    found = least(training("1", ".1", 10, 10, group=1, width="1e-60", budget=3e7))
    assert not found.wide
    assert 2 * found.loss.rad() <= 1e-60


@pytest.mark.parametrize("value", [5e-324, 1e-305, 3e-7, 0.3, 1e30, 1e300])
def test_a_short_fraction_near_any_double(value: float) -> None:
    found = dyadic(value)
    assert 0 < found <= fmpq(*value.as_integer_ratio())
    assert found >= fmpq(*value.as_integer_ratio()) * (1 - fmpq(1, 2**23))


def test_a_wide_width_still_takes_the_series() -> None:
    found = least(training("1", ".1", 10, 10, group=1, width=0.5))
    assert "Fourier" in found.method
    assert not found.wide


# populations


def test_cells_of_a_long_window_hold_their_mass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population, "_EVERY", 8)
    monkeypatch.setattr(population, "_CELLS", 40)
    n, tau = 3000, fmpq(1, 3)
    law = population._Law(n, tau, 1e-6)
    assert law.stride > 1
    with ctx.workprec(200):
        weights = [pmf(n, k, tau) for k in range(n + 1)]
        for a, b in itertools.combinations(range(0, law.cells + 1, 7), 2):
            mass = sum(weights[law.place(a) : law.place(b)], arb(0))
            assert law.inside(a, b).overlaps(mass)
        assert law.place(law.cells) == law.last
        assert (law.point(law.cells) - weights[law.last]).contains(0)
        whole = law.inside(0, law.cells) + law.point(law.cells)
        assert (whole + law.below + law.above).overlaps(arb(1))
        assert law.inside(0, law.cells).rad() < 0.1


def test_the_mean_over_coarse_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """E[(1-c)^K] = (1 - tau c)^n; the wider cells hold it too."""
    n, tau, c = 10**5, fmpq(1, 3), fmpq(1, 10**5)
    truth = math.exp(n * math.log1p(-float(tau * c)))
    for every in (1 << 16, 8):
        monkeypatch.setattr(population, "_EVERY", every)
        mean = population.mean_shared(n, tau, lambda k: arb(1 - c) ** k, width=1e-4, most=60)
        low, high = float(mean.value.lower()), float(mean.value.upper())
        assert low - 1e-14 <= truth <= high + 1e-14
        assert high - low < 1e-3


def test_the_mean_stops_when_nothing_more_can_be_paid_for() -> None:
    asked = itertools.count()
    mean = population.mean_shared(
        10**6, fmpq(1, 2), lambda k: arb(1) / k, width=1e-9, most=100, more=lambda: next(asked) < 3
    )
    assert mean.evaluations <= 5
    assert not mean.complete


# calibration


@pytest.mark.parametrize(
    ("target", "q", "steps", "n", "group"),
    [
        ("1e-4", "1e-9", 10**6, 10**6, 1),
        (".3", ".001", 1000, 1000, 1),
        (".0009995", "1e-9", 10**6, 10**6, 1),
        ("1e-12", ".01", 1000, 10**6, 1),
        (".1", "1e-9", 10**18, 10**6, 1),
        (".5", ".5", 10, 10**12, 10**12),
    ],
)
def test_noise_far_out_is_certified(target: str, q: str, steps: int, n: int, group: int) -> None:
    case = training("1", q, steps, n, group=group)
    goal = exact(target, "loss")
    found = calibrate.noise(case, goal, tolerance=1e-3)
    assert 0 < found.lower < found.upper
    assert least(case.with_noise(found.upper)).loss.upper() <= goal
    # a small budget may not show it again, but never the contrary
    assert least(replace_budget(case, 3e7).with_noise(found.lower)).loss.upper() > goal
    if not found.wide:
        assert found.upper <= found.lower * fmpq(1002, 1000)


def replace_budget(case: Training, budget: float) -> Training:
    return Training(runs=case.runs, n=case.n, group=case.group, budget=budget)


def test_a_bracket_that_cannot_be_narrowed_says_so() -> None:
    case = training("1", "1e-9", 10**6, 10**6, group=1, budget=1e3)
    found = calibrate.noise(case, exact("5e-4", "loss"), tolerance=1e-6)
    assert found.wide
    assert found.lower < fmpq(20112, 10**5)  # by the series in float64, at its full budget
    assert found.upper > fmpq(20109, 10**5)
