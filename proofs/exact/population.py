"""Theorems 6 and 7: the mean over the number of changed records, term by term."""

from __future__ import annotations

from functools import partial

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.curves import laplace_population
from mipriv.formulas.population import (
    mixture_weights,
    population,
    population_add_remove,
    population_add_remove_complement,
    population_complement,
)
from proofs.check import Check, demand
from proofs.exact.definitions import SQUARES, Claim, binomial_mean, largest_gap

SIZES = (0, 1, 2, 3, 6)
TAUS = (fmpq(0), fmpq(1, 100), fmpq(2, 7), fmpq(1))


def first_steps(claim: Claim, steps: int) -> fmpq:
    """t1 S_steps, S counted term by term: 1, then E^-1 twice, E^-2 twice, ..."""
    growth, delta = claim
    t1 = (growth - 1 + 2 * delta) / (growth + 1)
    return t1 * sum((growth ** -(k // 2) for k in range(1, steps + 1)), fmpq(0))


def twice_the_steps(claim: Claim, records: int) -> fmpq:
    """One removal and one addition for each record."""
    return first_steps(claim, 2 * records)


def laplace_loss(s: fmpq, records: int) -> fmpq:
    """1 - e^(-K eps/2) with s = e^(-eps/2)."""
    return 1 - s**records


def population_is_the_binomial_mean() -> str:
    """Both adjacencies, the value and its complement; unclamped, as the formula says."""
    cases = 0
    for claim in SQUARES:
        epsilon, delta = log_of(claim[0]), claim[1]
        for n in SIZES:
            for tau in TAUS:
                where = f"E = {claim[0]}, delta = {delta}, n = {n}, tau = {tau}"
                mean = binomial_mean(n, tau, partial(first_steps, claim))
                twice = binomial_mean(n, tau, partial(twice_the_steps, claim))
                for name, found, value in (
                    ("population", population(RATIONAL, epsilon, delta, n, tau), mean),
                    (
                        "population_complement",
                        population_complement(RATIONAL, epsilon, delta, n, tau),
                        1 - mean,
                    ),
                    (
                        "population_add_remove",
                        population_add_remove(RATIONAL, epsilon, delta, n, tau),
                        twice,
                    ),
                    (
                        "population_add_remove_complement",
                        population_add_remove_complement(RATIONAL, epsilon, delta, n, tau),
                        1 - twice,
                    ),
                ):
                    demand(found == value, f"{name} is {found}, not {value}, at {where}")
                cases += 1
    return f"{cases} claims, sizes and distances, 4 formulas each"


def population_bounds_the_clamped_mean() -> str:
    """E[TV*_K] is at most the formula, and equal to it unless some TV*_k is clamped."""
    equal = 0
    for claim in SQUARES:
        for n in SIZES:
            tau = fmpq(2, 7)
            clamped = binomial_mean(n, tau, partial(largest_gap, claim))
            found = population(RATIONAL, log_of(claim[0]), claim[1], n, tau)
            free = all(first_steps(claim, k) <= 1 for k in range(n + 1))
            demand(clamped <= found, f"population {found} is below the mean at {claim}, n = {n}")
            demand(found == clamped or not free, f"population is loose at {claim}, n = {n}")
            equal += found == clamped
    return f"{equal} of {len(SQUARES) * len(SIZES)} equal, the others saturated"


def weights_carry_both_parities() -> str:
    """T_K = 1 - s^K (w + (-1)^K w'), w + w' = 1, is the sum over K steps of E - 1 over E + 1."""
    for growth, _ in SQUARES:
        s = RATIONAL.exp(-log_of(growth) / 2)
        even, odd = mixture_weights(s, 1 - s)
        for k in range(8):
            told = 1 - s**k * (even + (-1) ** k * odd)
            summed = first_steps((growth, fmpq(0)), k)
            demand(told == summed, f"T_{k} is {told}, not {summed}, at E = {growth}")
    return f"{len(SQUARES) * 8} sums"


def laplace_population_is_the_binomial_mean() -> str:
    """The Laplace mechanism's 1 - e^(-K eps/2) averaged."""
    for growth, _ in SQUARES:
        s = RATIONAL.exp(-log_of(growth) / 2)
        for n in SIZES:
            for tau in TAUS:
                mean = binomial_mean(n, tau, partial(laplace_loss, s))
                found = laplace_population(RATIONAL, log_of(growth), n, tau)
                demand(found == mean, f"laplace_population is {found}, not {mean}, at n = {n}")
    return f"{len(SQUARES) * len(SIZES) * len(TAUS)} means"


CHECKS = (
    Check(
        "exact.population",
        "the closed form of the population loss is the binomial mean, for both adjacencies",
        population_is_the_binomial_mean,
        quick=True,
    ),
    Check(
        "exact.population-clamped",
        "the closed form is E[TV*_K] while no TV*_k is saturated, and never below it",
        population_bounds_the_clamped_mean,
        quick=True,
    ),
    Check(
        "exact.mixture-weights",
        "one expression carries both parities of the number of changed records",
        weights_carry_both_parities,
        quick=True,
    ),
    Check(
        "exact.laplace-population",
        "the Laplace population loss is the binomial mean",
        laplace_population_is_the_binomial_mean,
        quick=True,
    ),
)
