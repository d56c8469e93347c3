"""One formula, five readings: they agree, and none of them is the formula written again."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from flint import arb, ctx, fmpq

from mipriv.contexts.arb import ARB
from mipriv.contexts.array import NUMPY
from mipriv.contexts.mp import mp
from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.contexts.sym import SYMPY
from mipriv.errors import ParameterError
from mipriv.formulas import curves, information, population, prior, secrets, theorem, worst_case

GRID = list(
    itertools.product(
        ["1e-9", "0.03", "1", "7"], ["0", "1e-6", "0.2"], [0, 1, 2, 7, 10], ["0.25", "0.9"]
    )
)
FORMULAS: dict[str, Any] = {
    "theorem": lambda k, e, d, n, t: theorem.theorem(k, e, d, n),
    "group_delta": lambda k, e, d, n, t: theorem.group_delta(k, e, d, n),
    "unclamped": lambda k, e, d, n, t: worst_case.unclamped(k, e, d, n),
    "worst_case": lambda k, e, d, n, t: worst_case.worst_case(k, e, d, n),
    "complement": lambda k, e, d, n, t: worst_case.complement(k, e, d, n),
    "fixed_point": lambda k, e, d, n, t: worst_case.fixed_point(k, e, d),
    "population": population.population,
    "population_complement": population.population_complement,
    "population_add_remove": population.population_add_remove,
    "population_add_remove_complement": population.population_add_remove_complement,
    "shrink": lambda k, e, d, n, t: prior.shrink(k, e, d, t, n),
    "bayes_error": lambda k, e, d, n, t: prior.bayes_error(k, e, d, n + 1, t, n // 2),
    "secrets": lambda k, e, d, n, t: secrets.secrets(k, e, d, n, 5, n // 2),
    "binary_information": lambda k, e, d, n, t: information.binary_information(k, t),
    "fano": lambda k, e, d, n, t: information.fano_information(k, t, 5),
    "entropy": lambda k, e, d, n, t: information.entropy(k, t),
    "gaussian": lambda k, e, d, n, t: curves.gaussian(k, e, n),
    "gaussian_complement": lambda k, e, d, n, t: curves.gaussian_complement(k, e, n),
    "gaussian_missed": lambda k, e, d, n, t: curves.gaussian_missed(k, e, n, t),
    "laplace": lambda k, e, d, n, t: curves.laplace(k, e, n),
    "laplace_complement": lambda k, e, d, n, t: curves.laplace_complement(k, e, n),
    "laplace_missed": lambda k, e, d, n, t: curves.laplace_missed(k, e, n, t),
    "laplace_population": lambda k, e, d, n, t: curves.laplace_population(k, e, n, t),
    "zcdp_budget": lambda k, e, d, n, t: curves.zcdp_budget(k, t),
    "binary_kl": lambda k, e, d, n, t: curves.binary_kl(k, t, t / 2),
}
# exact wherever they involve whole powers of E alone
RATIONAL_FORMULAS = ["theorem", "group_delta", "unclamped", "worst_case", "complement",
                     "fixed_point", "population_add_remove", "shrink", "bayes_error", "secrets"]  # fmt: skip


def ball(text: str) -> fmpq:
    value = Fraction(text)
    return fmpq(value.numerator, value.denominator)


@pytest.mark.parametrize("name", FORMULAS)
def test_mpmath_lies_in_the_ball(name: str) -> None:
    formula, k = FORMULAS[name], mp(60)
    for e, d, n, t in GRID:
        with ctx.workprec(160):
            enclosed = arb(formula(ARB, ball(e), ball(d), n, ball(t)))
        second = formula(k, *(k.number(x) for x in (e, d)), n, k.number(t))
        distance = abs(k.number(enclosed.mid()._mpf_) - second)
        # 60 digits less what 1 - (1-z)^n and e/d can cancel at eps = 1e-9
        assert distance <= abs(second) * k.number("1e-40") + k.number("1e-45"), (name, e, d, n, t)


@pytest.mark.parametrize("name", FORMULAS)
def test_float_arrays_agree(name: str) -> None:
    formula = FORMULAS[name]
    columns = list(zip(*GRID, strict=True))
    arrays = [np.array([float(x) for x in column]) for column in columns]
    if name in ("secrets", "bayes_error", "shrink"):
        arrays[2] = arrays[2].astype(int)
    with np.errstate(all="ignore"):
        found = np.broadcast_to(formula(NUMPY, *arrays), len(GRID))
    for (e, d, n, t), value in zip(GRID, found, strict=True):
        with ctx.workprec(160):
            true = float(arb(formula(ARB, ball(e), ball(d), n, ball(t))).mid())
        # relative 2^-40: erfcinv and cancelling complements at float64; 1e-300 for underflow
        assert abs(value - true) <= 2.0**-40 * abs(true) + 2.0**-50, (name, e, d, n, t)


@pytest.mark.parametrize("name", RATIONAL_FORMULAS)
@pytest.mark.parametrize("growth", [2, Fraction(9, 4), 1])
def test_the_exact_context_lies_in_the_ball(name: str, growth: Fraction | int) -> None:
    formula = FORMULAS[name]
    base = fmpq(Fraction(growth).numerator, Fraction(growth).denominator)
    for d, n, t in itertools.product([fmpq(0), fmpq(1, 7)], [0, 1, 2, 5], [fmpq(1, 3)]):
        value = formula(RATIONAL, log_of(base), d, n, t)
        assert isinstance(value, fmpq | int)
        with ctx.workprec(200):
            rate = arb(base).log() if base != 1 else fmpq(0)
            enclosed = arb(formula(ARB, rate, d, n, t))
        assert enclosed.contains(arb(fmpq(value))) or enclosed.overlaps(arb(fmpq(value)))


def test_a_square_growth_makes_the_population_formula_rational() -> None:
    value = population.population(RATIONAL, log_of(fmpq(9, 4)), fmpq(1, 10), 3, fmpq(1, 2))
    direct = sum(
        fmpq([1, 3, 3, 1][j], 8)
        * worst_case.unclamped(RATIONAL, log_of(fmpq(9, 4)), fmpq(1, 10), j)
        for j in range(4)
    )
    assert value == direct


def test_the_exact_context_never_approximates() -> None:
    for call in (
        lambda: RATIONAL.exp(log_of(2) / 2),
        lambda: RATIONAL.exp(fmpq(1)),
        lambda: RATIONAL.erf(fmpq(1)),
        lambda: RATIONAL.atanh(fmpq(1, 2)),
        lambda: RATIONAL.sqrt(fmpq(2)),
        lambda: log_of(fmpq(1, 2)),
    ):
        with pytest.raises(ParameterError):
            call()


def test_sympy_reads_the_published_statement_out_of_the_code() -> None:
    """The stable form in the code is the published expression, identically."""
    epsilon, delta, n = sympy.symbols("epsilon delta n", positive=True)
    growth = sympy.exp(epsilon)
    published = (growth**n - 1) / (growth**n + 1) * (1 + 2 * delta / (growth - 1))
    ours = theorem.theorem(SYMPY, epsilon, delta, n)
    assert sympy.simplify((ours - published).rewrite(sympy.exp)) == 0


def test_sympy_reads_both_parities_of_the_worst_case() -> None:
    epsilon, delta = sympy.symbols("epsilon delta", positive=True)
    m = sympy.Symbol("m", integer=True, positive=True)
    c = 1 + 2 * delta / (sympy.exp(epsilon) - 1)
    even = worst_case.unclamped(SYMPY, epsilon, delta, 2 * m)
    assert sympy.simplify(even - c * (1 - sympy.exp(-m * epsilon))) == 0
    odd = worst_case.unclamped(SYMPY, epsilon, delta, 2 * m + 1)
    closed = c * (1 - sympy.exp(-(m + sympy.Rational(1, 2)) * epsilon) / sympy.cosh(epsilon / 2))
    assert sympy.simplify((odd - closed).rewrite(sympy.exp)) == 0
    plain = sympy.Symbol("n", integer=True, positive=True)
    branches = worst_case.unclamped(SYMPY, epsilon, delta, plain)
    assert branches.has(sympy.Piecewise)


def test_sympy_value_and_complement_add_up_to_one() -> None:
    epsilon, delta = sympy.symbols("epsilon delta", positive=True)
    m = sympy.Symbol("m", integer=True, positive=True)
    for n in (2 * m, 2 * m + 1):
        total = worst_case.unclamped(SYMPY, epsilon, delta, n) + worst_case.headroom(
            SYMPY, epsilon, delta, n
        )
        assert sympy.simplify(total - 1) == 0
