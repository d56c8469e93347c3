"""The lattice enclosure of composed DP-SGD pairs: against closed forms, the Fourier series and Arb."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
from flint import acb, arb, ctx, fmpq
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from mipriv.accounting.sgd import lattice, lattice_cells, lattice_points
from mipriv.accounting.sgd.closed import gaussian_shared, one_step_shared
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.fourier import Run, Transform
from mipriv.accounting.sgd.lattice import TooManyPoints, enclose, enclose_to
from mipriv.accounting.sgd.line import Line
from mipriv.accounting.sgd.pairs import Pair, pair
from mipriv.errors import ParameterError

BITS = 110


def make(q: str, sigma: str, inserted: int, deleted: int) -> Pair:
    with ctx.workprec(BITS + 64):
        return pair(fmpq(*_ratio(q)), fmpq(*_ratio(sigma)), inserted, deleted, BITS)


def _ratio(text: str) -> tuple[int, int]:
    top, _, bottom = text.partition("/")
    return int(top), int(bottom or 1)


def fourier(
    pairs: list[tuple[Pair, int]],
    epsilon: float = 0.0,
    *,
    error: float = 1e-11,
    budget: float = 1e8,
) -> arb:
    with ctx.workprec(BITS + 64):
        runs = [Run(Line(one, BITS), steps) for one, steps in pairs]
        goal = math.log(error) + sum(run.steps * float(run.line.affinity.log()) for run in runs)
        transform = Transform(runs, log_tolerance=goal, reach=abs(epsilon), budget=budget)
        return transform.shared(arb(epsilon))


SAMPLED = [
    ([("1/100", "1", 1, 0, 300)], 0.0),
    ([("1/100", "1", 0, 1, 300)], 0.25),
    ([("1/20", "3/2", 3, 3, 40)], 0.0),
    ([("1/10", "1", 2, 1, 6)], -0.5),
    ([("1/1000", "3", 1, 1, 4000)], 0.0),
    ([("1/1000", "1/2", 2, 2, 50)], 0.0),
    ([("1/20", "200", 1000, 1000, 200)], 0.0),
    ([("1/100", "1", 1, 0, 100), ("1/50", "2", 1, 0, 300)], 0.1),
    ([("1/100", "1", 1, 0, 100), ("1/50", "2", 0, 1, 300), ("1/9", "5", 2, 2, 7)], 0.0),
]


def build(runs: list[tuple[str, str, int, int, int]]) -> list[tuple[Pair, int]]:
    return [(make(q, sigma, i, d), steps) for q, sigma, i, d, steps in runs]


@pytest.mark.parametrize(("runs", "epsilon"), SAMPLED)
def test_it_holds_what_the_fourier_series_finds(runs: Any, epsilon: float) -> None:
    pairs = build(runs)
    found = enclose(pairs, epsilon=epsilon)
    assert found.contains(fourier(pairs, epsilon).mid())
    assert 0 < found.rad() < 0.05**2 * found.mid()  # not a bound: that the ball says something


@settings(max_examples=15, phases=(Phase.explicit, Phase.generate))
@given(
    q=st.integers(5, 2000),
    sigma=st.integers(4, 40),
    inserted=st.integers(0, 4),
    deleted=st.integers(0, 4),
    steps=st.integers(8, 400),
)
def test_it_meets_the_fourier_series(
    q: int, sigma: int, inserted: int, deleted: int, steps: int
) -> None:
    pairs = [(make(f"1/{q}", f"{sigma}/8", inserted or 1, deleted), steps)]
    try:
        found = enclose(pairs, max_points=1 << 17)
        other = fourier(pairs, error=1e-7, budget=1e7)
    except TooExpensive:  # either may give up; the cases above are those where neither does
        return
    assert found.overlaps(other)


@settings(max_examples=10)
@given(st.integers(1, 60), st.integers(1, 3), st.integers(0, 3), st.integers(1, 500))
def test_it_holds_the_closed_form_without_sampling(
    eighths: int, inserted: int, deleted: int, steps: int
) -> None:
    sigma = fmpq(eighths, 8) * steps  # so that the distance is neither tiny nor huge
    with ctx.workprec(200):
        one = pair(fmpq(1), sigma, inserted, deleted, BITS)
        distance = (inserted + deleted) * arb(steps).sqrt() / sigma
        exact = gaussian_shared(distance, arb(0))
    assert enclose([(one, steps)]).contains(exact.mid())


@pytest.mark.parametrize("q", ["1/2", "1/30", "1/1000"])
@pytest.mark.parametrize(("inserted", "deleted"), [(1, 0), (0, 1), (1, 1), (3, 2)])
def test_both_sides_hold_at_every_epsilon_of_one_step(q: str, inserted: int, deleted: int) -> None:
    """One step at all epsilon is the whole order of informativeness, on which composition rests."""
    one = make(q, "1", inserted, deleted)
    for epsilon in np.linspace(-3, 3, 25):
        with ctx.workprec(200):
            exact = one_step_shared(one, arb(float(epsilon)))
        found = enclose([(one, 1)], epsilon=float(epsilon), fineness=0.2)
        assert found.contains(exact.mid()), epsilon


def test_the_mirror_image_shares_as_much() -> None:
    one = make("1/50", "1", 2, 0)
    a, b = enclose([(one, 100)]), enclose([(one.swapped(), 100)])
    # the two lattices differ where L is flat; both hold the same number
    assert a.overlaps(b)
    assert abs(a.rad() - b.rad()) < 0.2 * a.rad()


def test_nothing_run_shares_everything() -> None:
    one = make("1/50", "1", 1, 0)
    assert enclose([(one, 0)]) == 1
    assert enclose([], epsilon=-1.0).overlaps(arb(-1).exp())


@pytest.mark.parametrize("runs", [SAMPLED[0][0], SAMPLED[2][0], SAMPLED[8][0]])
def test_it_narrows_with_the_square_of_the_step(runs: Any) -> None:
    pairs = build(runs)
    balls = [enclose(pairs, fineness=fineness) for fineness in (0.2, 0.1, 0.05)]
    for wide, narrow in itertools.pairwise(balls):
        assert narrow.rad() < wide.rad() / 3
        assert narrow.overlaps(wide)


def test_it_is_refined_until_narrow_enough() -> None:
    pairs = build([("1/10", "1", 1, 1, 3)])
    found = enclose_to(pairs, width=1e-7)
    assert 2 * found.rad() <= 1e-7
    assert found.overlaps(fourier(pairs))


def test_refinement_ends_where_the_points_do() -> None:
    pairs = build([("1/10", "1", 1, 1, 3)])
    found = enclose_to(pairs, width=1e-9, max_points=4096)
    assert 1e-9 < 2 * found.rad() < 1e-2
    assert found.overlaps(fourier(pairs))
    with pytest.raises(TooManyPoints):
        enclose_to(pairs, width=1e-9, max_points=16)


def test_a_budget_ends_the_refinement() -> None:
    pairs = build([("1/1000", "1/5", 1, 1, 50)])
    wide, narrow = (enclose_to(pairs, width=1e-9, budget=budget) for budget in (1.0, 3e7))
    assert wide.overlaps(narrow)
    assert narrow.rad() < wide.rad()
    many = build([("1/20", "200", 1000, 1000, 20)])
    with pytest.raises(TooManyPoints):
        lattice_cells.Step.of(many[0][0], lattice_cells.Effort(1e3)).profile  # noqa: B018  # a property


def test_an_effort_is_spent_once() -> None:
    effort = lattice_cells.Effort(10)
    effort.spend(6)
    with pytest.raises(TooManyPoints):
        effort.spend(5)
    effort.spend(4)


def test_a_lattice_too_large_is_not_begun() -> None:
    with pytest.raises(TooManyPoints):
        enclose(build([("1/2", "1/20", 1, 0, 1)]), fineness=1e-7)


@pytest.mark.parametrize("wrong", [{"fineness": 0.0}, {"epsilon": math.inf}])
def test_inputs_are_checked(wrong: Any) -> None:
    with pytest.raises(ParameterError, match="must be"):
        enclose(build([("1/2", "1", 1, 0, 1)]), **wrong)


# what a broken lattice would look like


def _reflected(cells: lattice_cells.Cells) -> lattice_cells.Cells:
    """Every cell's mass on the wrong one of its two ends."""
    low = (cells.first + np.arange(len(cells.p))) * cells.step
    wrong = cells.q * (np.exp(low) + np.exp(low + cells.step)) - cells.p
    wrong[0], wrong[-1] = cells.p[0], cells.p[-1]
    return dataclasses.replace(cells, p=wrong)


def _halved(points: lattice_points.Points) -> lattice_points.Points:
    return dataclasses.replace(points, weights=points.weights * (1 - 1e-6))


BELOW, ABOVE, CUT = lattice.below, lattice.above, lattice.cut
BROKEN: dict[str, dict[str, Any]] = {
    "both bounds from below": {"above": lambda cells, offset: BELOW(cells)},
    "both bounds from above": {"below": lambda cells: ABOVE(cells, cells.step / 2)},
    "mass on the wrong end": {"cut": lambda *inputs: _reflected(CUT(*inputs))},
    "mass lost": {
        "below": lambda cells: _halved(BELOW(cells)),
        "above": lambda cells, offset: _halved(ABOVE(cells, offset)),
    },
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_lattice_would_be_caught(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = build([("1/20", "3/2", 1, 1, 500)])
    truth = fourier(pairs)
    assert enclose(pairs, fineness=0.02).contains(truth.mid())
    for name, function in BROKEN[how].items():
        monkeypatch.setattr(lattice, name, function)
    assert not enclose(pairs, fineness=0.02).overlaps(truth)


# the errors that are added up


@pytest.mark.parametrize(
    "shape", [("1/100", "1", 1, 0), ("1/5", "1/4", 3, 2), ("1/9", "50", 400, 9)]
)
def test_cells_err_by_less_than_they_say(shape: Any) -> None:
    one = make(*shape)
    step = lattice_cells.Step.of(one)
    h = lattice_cells.short(step.profile.deviation / 8)
    cells = lattice_cells.cut(step, h, math.log(1e-9), 1 << 20)
    grid, ratio = step.window(math.log(1e-9))
    goals = np.arange(math.ceil(ratio[0] / h), math.floor(ratio[-1] / h) + 1) * h
    x = lattice_cells._borders(step, grid, ratio, goals)[:: max(1, len(goals) // 60)]
    with ctx.workprec(200):
        for side, atoms, sign in ((one.up, step.up, 1), (one.down, step.down, -1)):
            points = np.sort(sign * x)
            masses, moved, rest = atoms.cells(points)
            exact = [side.below(arb(float(t))) for t in points]
            ends = [arb(0), *exact, sum(side.weights, arb(0))]
            moved = np.pad(moved, 1)
            for c, mass in enumerate(masses):
                error = abs(ends[c + 1] - ends[c] - arb(float(mass)))
                assert error <= arb(float(moved[c] + moved[c + 1] + rest[c]))
        value, _, error = step.ratio(x)
        for t, v, e in zip(x, value, error, strict=True):
            up, down = one.up.log_factor(arb(float(t)))[0], one.down.log_factor(arb(-float(t)))[0]
            assert abs(up - down - arb(float(v))) <= arb(float(e))
    assert np.all(cells.off <= 1e-9 * (1 + np.abs(ratio).max()))


def test_elementary_functions_are_as_good_as_assumed() -> None:
    random = np.random.default_rng(0)
    x = np.concatenate([random.uniform(-40, 40, 1500), random.uniform(-1e-3, 1e-3, 500)])
    ulp = arb(2) ** -52
    with ctx.workprec(200):
        for t in x:
            z = arb(float(t))
            for found, exact, ulps in (
                (np.exp(t), z.exp(), 4),
                (np.expm1(t), z.expm1(), 4),
                (np.log(abs(t)), abs(z).log(), 4),
                (ndtr(t if t > -37 else 0.5), None, 8 + 2 * min(t, 0.0) ** 2),
            ):
                if exact is None:
                    exact = (-arb(float(t if t > -37 else 0.5)) / arb(2).sqrt()).erfc() / 2
                assert abs(arb(float(found)) - exact) <= ulps * ulp * abs(exact)


@pytest.mark.parametrize("log_length", [3, 7, 9])
def test_a_transform_errs_by_less_than_assumed(log_length: int) -> None:
    n = 1 << log_length
    weights = np.exp(-np.random.default_rng(1).uniform(0, 30, n))
    found = np.fft.rfft(weights)
    bound = lattice_points.FFT_UNITS * log_length * 2.0**-53 * math.fsum(weights)
    with ctx.workprec(120):
        for k in range(0, n // 2 + 1, max(1, n // 64)):
            exact = sum(
                (
                    acb(float(w)) * acb(fmpq(-2 * j * k, n)).exp_pi_i()
                    for j, w in enumerate(weights)
                ),
                acb(0),
            )
            value = complex(found[k])
            assert abs(exact - acb(value.real, value.imag)) <= bound
