"""The proofs of DP-SGD's bounds run, and each of them fails on a wrong claim."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from mipriv.formulas import schedule
from proofs import derivation
from proofs.check import Check, Refuted
from proofs.exact import sgd, sgd_schedule
from proofs.exact.sgd_mixtures import divergence, line_divergence, on_a_line, pair

# the quick ones run in test_checks
CHECKS = [c for c in (*sgd.CHECKS, *sgd_schedule.CHECKS) if not c.quick]
ONE = fmpq(1)


@pytest.mark.parametrize("name", ["sgd_replace_pair", "sgd_revealed_schedule", "sgd_fourier"])
def test_a_derivation_says_that_it_is_a_proof(name: str) -> None:
    """The full run of the proofs executes them; the shortest one runs in test_derivations."""
    path = derivation.FOLDER / f"{name}.py"
    assert "**Status: proved**" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.slug)
def test_a_check_goes_through(check: Check) -> None:
    assert check.run()


@pytest.mark.parametrize("gamma", [fmpq(1, 2), ONE, fmpq(3)])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_enclosure_holds_the_divergence_of_two_normals(dimension: int, gamma: fmpq) -> None:
    # (1, ..) and (-1/2, 0, ..) are at distance sqrt(9/4 + d - 1); on a line it is the closed form
    p = [(ONE, [ONE] * dimension)]
    q = [(ONE, [fmpq(-1, 2)] + [fmpq(0)] * (dimension - 1))]
    tolerance = fmpq(1, 20 if dimension == 3 else 200)
    with ctx.workprec(64):
        distance = (arb(9) / 4 + dimension - 1).sqrt()
        shift = arb(gamma).log() / distance
        root2 = arb(2).sqrt()
        exact = ((shift - distance / 2) / root2).erfc() / 2
        exact -= gamma * ((shift + distance / 2) / root2).erfc() / 2
        found = divergence(p, q, gamma, tolerance=tolerance)
        assert exact in found
        assert found.rad() <= tolerance
        if dimension == 1:
            assert exact.overlaps(line_divergence(p, q, gamma))


def half_the_distance(k: int, q: fmpq, sigma: fmpq) -> Any:
    return pair(k, q, 2 * sigma)


def insertion(k: int, q: fmpq, sigma: fmpq) -> Any:
    return pair(k, q, sigma)[0], on_a_line([ONE], ONE)


@pytest.mark.parametrize("wrong", [half_the_distance, insertion])
def test_a_wrong_pair_is_not_shown(
    wrong: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sgd, "pair", wrong)
    with pytest.raises(Refuted, match="is not below"):
        sgd.pair_dominates_in_the_plane()


def without_correction(group: Fraction, n: Fraction, batch: Fraction) -> Fraction:
    return Fraction(schedule.binomial_square(batch, group / n))


def without_variance(count: int, rate: Fraction) -> Fraction:
    return (count * rate) ** 2


@pytest.mark.parametrize(
    ("name", "wrong"), [("batch_square", without_correction), ("binomial_square", without_variance)]
)
def test_a_wrong_moment_is_refuted(
    name: str, wrong: Callable[..., Fraction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sgd_schedule, name, wrong)
    with pytest.raises(Refuted):
        sgd_schedule.moments_are_right()


def test_a_bound_for_half_the_change_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def halved(k: Any, distance: Any, squares: Any, sigma: Any) -> Any:
        return schedule.revealed(k, distance / 2, squares, sigma)

    monkeypatch.setattr(sgd_schedule, "revealed", halved)
    with pytest.raises(Refuted, match="is above"):
        sgd_schedule.samplers_stay_below()
    with pytest.raises(Refuted, match="is not"):
        sgd_schedule.whole_batches_attain()


# two atoms a side in the plane, with speeds: weights, -gamma weights
SIGNED = np.array([0.3, 0.7, -0.9, -0.6])
CENTRES = np.array([[0.4, -0.8], [1.0, 0.5], [-0.3, 0.2], [-0.9, -0.7]])
SPEEDS = np.array([[1.0, 0.4], [-0.5, 0.8], [0.7, -1.1], [0.2, 0.6]])
SOFT = 0.5


def two_derivatives(step: float, diagonal: bool = True) -> tuple[float, float]:
    """Derivative inside the mean, and the formula's, by the trapezoidal rule on [-10, 10]^2."""
    line = np.arange(-round(10 / step), round(10 / step) + 1) * step
    z = np.stack(np.meshgrid(line, line), axis=-1)[..., None, :]
    density = step**2 * np.exp(-(z**2).sum(-1)[..., 0] / 2) / (2 * np.pi)
    terms = SIGNED * np.exp((z * CENTRES).sum(-1) - (CENTRES**2).sum(-1) / 2)
    share = (1 + np.tanh(terms.sum(-1) / (2 * SOFT))) / 2  # the logistic function, no overflow
    inside = share * (terms * ((z - CENTRES) * SPEEDS).sum(-1)).sum(-1)
    turn = SPEEDS @ CENTRES.T + CENTRES @ SPEEDS.T
    if not diagonal:
        turn = turn - np.diag(np.diag(turn))
    products = np.einsum("...u,uv,...v->...", terms, turn, terms)
    formula = share * (1 - share) / SOFT * products / 2
    return float((inside * density).sum()), float((formula * density).sum())


def test_the_derivative_formula_in_the_plane() -> None:
    coarse, medium, fine = (two_derivatives(step) for step in (0.25, 0.125, 0.0625))
    # The means with all terms made positive are below
    # (sum |c|)^2 max|turn| e^(max <x_u, x_v>)/(2 SOFT) <= 6.25 * 1.6 * 3.7 < 40.  Each node's value
    # and the pairwise sum are good to 60 roundings.  Beyond the square the terms are multiples of
    # n(z - c) with |c| <= 2.3: a share below 4 Phi(-7.7) < 3e-14 of the means.
    slack = 40 * (60 * 2.0**-52 + 3e-14)
    # The rule's error falls faster than any power of the step (the integrands are smooth); so, each
    # change being at most a quarter of the last, what is left is below the last change.
    changes = []
    for old, middle, new in zip(coarse, medium, fine, strict=True):
        assert abs(middle - new) <= abs(old - middle) / 4 + slack
        changes.append(abs(middle - new))
    tolerance = sum(changes) + 2 * slack
    assert abs(fine[0] - fine[1]) <= tolerance
    assert tolerance < 1e-6
    _, wrong = two_derivatives(0.0625, diagonal=False)
    assert abs(fine[0] - wrong) > 1000 * tolerance
