"""The Fourier series in float64: against the series in balls, and each error that it adds up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import acb, arb, ctx, fmpq

from mipriv.accounting.sgd import fourier_floats
from mipriv.accounting.sgd.fourier import Run, Transform, choose
from mipriv.accounting.sgd.line import Line
from mipriv.accounting.sgd.pairs import pair
from mipriv.accounting.sgd.plan import Plan
from mipriv.accounting.sgd.wrap import Chernoff
from mipriv.rigor.decimals import exact


def both(
    sigma: str, q: str, steps: int, inserted: int, deleted: int
) -> tuple[arb, arb, fourier_floats.RoundedTransform]:
    bits = 110
    with ctx.workprec(bits + 64):
        made = pair(exact(q, "q"), exact(sigma, "sigma"), inserted, deleted, bits)
        runs = [Run(Line(made, bits), steps)]
        chosen = choose(runs, log_tolerance=math.log(1e-9), budget=1e8)
        rounded = fourier_floats.RoundedTransform(runs, chosen)
        other = Transform(runs, log_tolerance=0.0, budget=1e8, chosen=chosen)
        return rounded.shared(), other.shared(), rounded


@pytest.mark.parametrize(
    ("sigma", "q", "steps", "inserted", "deleted"),
    [
        ("1", ".01", 1000, 1, 1),
        ("1", ".01", 1000, 2, 0),
        (".4", ".001", 300, 2, 1),
        (".5", "1e-5", 10**6, 1, 1),
        ("3", ".1", 17, 5, 5),
    ],
)
def test_in_float64_it_is_the_series_in_balls(
    sigma: str, q: str, steps: int, inserted: int, deleted: int
) -> None:
    """The same choices: the two differ by rounding alone, and by less than the bound on it."""
    rounded, other, series = both(sigma, q, steps, inserted, deleted)
    apart = abs(rounded.mid() - other.mid())
    assert apart <= series.error + 1e-15  # the middles of balls as wide as 10^-9 are rounded too
    assert series.error < 1e-9


@pytest.mark.parametrize("last", [1, 2, 7, 10])
@pytest.mark.parametrize("half_period", ["1/1000", "1", "40"])
def test_the_rest_of_the_coefficients(last: int, half_period: str) -> None:
    """1 less those up to the last, which are summed as in fourier.py."""
    top, _, bottom = half_period.partition("/")
    made = object.__new__(fourier_floats.RoundedTransform)
    made.half_period = fmpq(int(top), int(bottom or 1))
    made.plan = Plan(float(made.half_period), (Chernoff(fmpq(1)), Chernoff(fmpq(1))), (), last)
    with ctx.workprec(200):
        rest = 1 - sum((made._coefficient(j) for j in range(last + 1)), arb(0))
        assert made._rest().overlaps(rest)
        assert made._rest().rad() < 1e-30
        kernel = made._weights(np.arange(2.0), 8)
        for j in range(1, last + 1):
            weight = kernel[j // 8, j % 8]
            exact_ = made._coefficient(j)
            assert abs(arb(float(weight)) - exact_) <= 16 * 2.0**-53 * exact_
        assert kernel[0, 0] == 0
        assert not kernel.ravel()[last + 1 :].any()


def test_turns_err_by_less_than_assumed() -> None:
    """e^(is) - 1 within 64 units of min(2, |s|), as in the bound of `_Fine`."""
    random = np.random.default_rng(3)
    size = np.exp(random.uniform(-40, 14, 400))
    angle = random.uniform(0, math.pi, 400)
    s = size * np.exp(1j * angle)
    s.imag = np.abs(s.imag)
    found = fourier_floats._turned(s)
    with ctx.workprec(300):
        for x, value in zip(s, found, strict=True):
            truth = (acb(0, 1) * acb(float(x.real), float(x.imag))).exp() - 1
            off = abs(acb(float(value.real), float(value.imag)) - truth)
            assert off <= 64 * fourier_floats.UNIT * min(2.0, abs(x))


def test_powers_err_by_less_than_assumed() -> None:
    random = np.random.default_rng(4)
    z = -np.exp(random.uniform(-40, -1, 60)) * (1 + 0.3j * random.uniform(-1, 1, 60))
    for steps in (1, 2, 7, 1000, 10**6):
        found = fourier_floats._power(z, steps)
        doublings = steps.bit_length() + 1
        with ctx.workprec(300):
            for x, value in zip(z, found, strict=True):
                truth = (1 + acb(float(x.real), float(x.imag))) ** steps - 1
                off = abs(acb(float(value.real), float(value.imag)) - truth)
                assert off <= steps * 16 * fourier_floats.UNIT * doublings * abs(x)


def test_a_broken_series_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = fourier_floats._turned
    monkeypatch.setattr(fourier_floats, "_turned", lambda s: right(s) * (1 + 1e-7))
    rounded, other, series = both("1", ".01", 1000, 1, 1)
    assert abs(rounded.mid() - other.mid()) > series.error + 1e-15


def test_several_runs_are_a_product() -> None:
    """Two halves of a run, and a run beside one that tells nothing."""
    bits = 110
    with ctx.workprec(bits + 64):
        lines = [
            Line(pair(fmpq(1, 100), sigma, 1, 1, bits), bits) for sigma in (fmpq(1), fmpq(10**8))
        ]
        whole, halves, beside = (
            fourier_floats.RoundedTransform(
                runs, choose(runs, log_tolerance=math.log(1e-9), budget=1e8)
            ).shared()
            for runs in (
                [Run(lines[0], 100)],
                [Run(lines[0], 50), Run(lines[0], 50)],
                [Run(lines[0], 100), Run(lines[1], 3)],
            )
        )
    assert whole.overlaps(halves)
    # what the second run adds is at most its own loss, 3 q 2/sigma/sqrt(2 pi) < 10^-9
    assert abs(whole - beside) < 1e-8
