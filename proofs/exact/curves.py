"""Theorem 5's closed forms against the densities they come from, by rigorous integration."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.curves import (
    binary_kl,
    gaussian,
    gaussian_complement,
    gaussian_missed,
    laplace,
    laplace_complement,
    laplace_missed,
    zcdp_budget,
)
from proofs.check import Check
from proofs.exact.balls import agree, integral, precise

SHIFTS = (fmpq(1, 100), fmpq(1, 2), fmpq(3, 2))  # per record
SIZES = (1, 2, 3)
THRESHOLDS = (fmpq(-2), fmpq(-1, 3), fmpq(1, 7), fmpq(1), fmpq(9, 4))


def normal(x: Any) -> Any:
    """Standard normal density."""
    return (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


def below(threshold: arb) -> arb:
    """Standard normal mass below a threshold."""
    return arb(1) / 2 + integral(normal, arb(0), threshold)


def double_exponential_below(threshold: arb) -> arb:
    """Mass below a threshold of the density e^(-|x|)/2, by integrals of its two halves."""
    if threshold > 0:
        return arb(1) / 2 + integral(lambda x: (-x).exp() / 2, arb(0), threshold)
    return arb(1) / 2 - integral(lambda x: x.exp() / 2, threshold, arb(0))


@precise
def gaussian_is_two_normals() -> str:
    """N(0,1) against N(n mu, 1): the ratio grows with x, so that thresholds are the best tests."""
    for mu in SHIFTS:
        for n in SIZES:
            shift = arb(n * mu)
            gap = below(shift / 2) - below(-shift / 2)
            agree(gaussian(ARB, mu, n), gap, f"gaussian at mu = {mu}, n = {n}")
            agree(gaussian_complement(ARB, mu, n), 1 - gap, f"its complement at mu = {mu}, n = {n}")
            for threshold in THRESHOLDS:
                false_alarms = 1 - below(arb(threshold))
                misses = below(arb(threshold) - shift)
                found = gaussian_missed(ARB, mu, n, false_alarms)
                agree(found, misses, f"gaussian_missed at mu = {mu}, n = {n}, {threshold}")
    return f"{len(SHIFTS) * len(SIZES) * (2 + len(THRESHOLDS))} integrals"


@precise
def laplace_is_two_double_exponentials() -> str:
    """Noise of scale 1/eps, moved by n: in units of the scale, by w = n eps."""
    for epsilon in SHIFTS:
        for n in SIZES:
            shift = arb(n * epsilon)
            gap = double_exponential_below(shift / 2) - double_exponential_below(-shift / 2)
            where = f"eps = {epsilon}, n = {n}"
            agree(laplace(ARB, epsilon, n), gap, f"laplace at {where}")
            agree(laplace_complement(ARB, epsilon, n), 1 - gap, f"its complement at {where}")
            for threshold in THRESHOLDS:
                false_alarms = 1 - double_exponential_below(arb(threshold))
                misses = double_exponential_below(arb(threshold) - shift)
                found = laplace_missed(ARB, epsilon, n, false_alarms)
                agree(found, misses, f"laplace_missed at {where}, threshold {threshold}")
    return f"{len(SHIFTS) * len(SIZES) * (2 + len(THRESHOLDS))} integrals"


def divergence_of(p: list[arb], q: list[arb]) -> arb:
    """KL in nats as a mean of log ratios, outcome by outcome."""
    return sum((a * (a.log() - b.log()) for a, b in zip(p, q, strict=True)), arb(0))


@precise
def divergences_are_means_of_log_ratios() -> str:
    """KL of two coins; and the two coins (1 +- t)/2, whose divergences are equal."""
    rates = (fmpq(1, 50), fmpq(2, 5), fmpq(7, 8))
    for p in rates:
        for q in rates:
            defined = divergence_of([arb(p), arb(1 - p)], [arb(q), arb(1 - q)])
            agree(binary_kl(ARB, arb(p), arb(q)), defined, f"binary_kl({p}, {q})")
    for t in rates:
        up, down = [arb(1 + t) / 2, arb(1 - t) / 2], [arb(1 - t) / 2, arb(1 + t) / 2]
        agree(zcdp_budget(ARB, t), divergence_of(up, down), f"zcdp_budget({t})")
        agree(zcdp_budget(ARB, t), divergence_of(down, up), f"zcdp_budget({t}), reversed")
    return f"{len(rates) ** 2 + 2 * len(rates)} divergences"


CHECKS = (
    Check(
        "exact.gaussian",
        "n-fold mu-GDP is the error region of two normals at distance n mu",
        gaussian_is_two_normals,
        quick=True,
    ),
    Check(
        "exact.laplace",
        "the n-fold Laplace loss is that of two double exponentials at distance n eps",
        laplace_is_two_double_exponentials,
        quick=True,
    ),
    Check(
        "exact.concentrated",
        "2 t atanh(t) is the divergence of the two coins at total variation t, both ways",
        divergences_are_means_of_log_ratios,
        quick=True,
    ),
)
