"""E over K ~ Bin(n, tau) of t1 S_K: the mean of an affine function of x^K, for two values of x.

Three facts make the closed form the mean: it is affine in the two powers (1 - tau (1-x))^n, which
are the means of x^K; at the points, where tau = 1 and K = n, it is the loss t1 S_n; and a mean
over one record more is the mixture (1-tau) E phi(K) + tau E phi(K+1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mipriv.formulas.population import (
    population,
    population_add_remove,
    population_add_remove_complement,
    population_complement,
)
from mipriv.formulas.worst_case import unclamped
from proofs.check import Check
from proofs.smt.context import Reals, as_size, size, solver
from proofs.smt.lemmas import AT_LEAST_ONE
from proofs.smt.prover import Proof

Formula = Callable[..., Any]


def points(proof: Proof, formula: Formula, factor: int) -> None:
    """At tau = 1 the formula is t1 S of n, or of 2n: every record is replaced."""
    z3, m, delta = solver(), size("m"), solver().Real("delta")
    for name, n in (("even n", 2 * m), ("odd n", 2 * m + 1)):
        k = Reals("r", roots=True)
        whole = formula(k, k.epsilon, delta, n, z3.RealVal(1))
        known = [proof.use(AT_LEAST_ONE, m, k), delta >= 0]
        values = []
        for sign, (base, exponent, power) in zip((1, -1), k.drawn, strict=False):
            step = sign * k.exp(-factor * k.epsilon / 2)
            proof.show(f"{name}: a point's base", known, base == step)
            flips = sign if k.is_odd(exponent) else 1
            values.append(power == flips * k.exp(-exponent * factor * k.epsilon / 2))
        loss = unclamped(k, k.epsilon, delta, factor * n)
        proof.show(f"{name}: a point", [*known, *values], whole == loss)
        proof.refute(f"{name}: a point's power forgotten", known, whole == loss)
        other = unclamped(k, k.epsilon, delta, factor * (n + 1))
        proof.refute(f"{name}: another point", [*known, *values, k.root == 2], whole == other)


def means(proof: Proof, formula: Formula, factor: int) -> None:
    """The powers are the means of x^K, and the formula is affine in them."""
    z3, k, n = solver(), Reals("r", roots=True), size("n")
    delta, tau, share, mean = z3.Reals("delta tau share mean")
    whole = formula(k, k.epsilon, delta, n, tau)
    known = [k.root > 1, delta >= 0, tau >= 0, tau <= 1]
    for sign, (base, _, _) in zip((1, -1), k.drawn, strict=False):
        x = sign * k.exp(-factor * k.epsilon / 2)
        proof.show("a record more", known, base * mean == (1 - tau) * mean + tau * (x * mean))
        wrong = base * mean == tau * mean + (1 - tau) * (x * mean)
        proof.refute("a record more, tau for 1 - tau", known, wrong)
    powers = [power for _, _, power in k.drawn]
    left = [z3.Real(f"left{i}") for i in range(len(powers))]
    right = [z3.Real(f"right{i}") for i in range(len(powers))]
    mixed = [(1 - share) * a + share * b for a, b in zip(left, right, strict=True)]

    def at(values: list[Any]) -> Any:
        return z3.substitute(whole, *zip(powers, values, strict=True))

    given = [*known, share >= 0, share <= 1]
    average = (1 - share) * at(left) + share * at(right)
    proof.show("affine", given, at(mixed) == average)
    exchanged = share * at(left) + (1 - share) * at(right)
    proof.refute("weights exchanged", [*given, k.root == 2], at(mixed) == exchanged)
    nothing = formula(k, k.epsilon, delta, n, tau * 0)
    proof.refute("no tau", [*given, tau > 0], whole == nothing)


def without_epsilon(proof: Proof, formula: Formula, factor: int) -> None:
    """At eps = 0: 0 for no record, and a record more adds t1 S_1 (or S_2) with chance tau."""
    z3, k, n = solver(), Reals(), size("n")
    delta, tau = z3.Reals("delta tau")
    given = [delta >= 0, tau >= 0, tau <= 1, n.real >= 0]
    now, later = formula(k, 0, delta, n, tau), formula(k, 0, delta, n + 1, tau)
    gain = unclamped(k, 0, delta, factor)
    proof.show("eps = 0: start", given, formula(k, 0, delta, as_size(0), tau) == 0)
    proof.show("eps = 0: step", given, later == (1 - tau) * now + tau * (now + gain))
    proof.refute("eps = 0: for certain", given, later == now + gain)


def complements(proof: Proof, formula: Formula, rest: Formula) -> None:
    """The two forms add up to 1."""
    z3, n = solver(), size("n")
    delta, tau = z3.Reals("delta tau")
    for roots in (True, False):
        k = Reals("r", roots=True)
        epsilon: Any = k.epsilon if roots else 0
        given = [k.root > 1, delta >= 0, tau >= 0, tau <= 1]
        whole = formula(k, epsilon, delta, n, tau)
        proof.show("complement", given, rest(k, epsilon, delta, n, tau) == 1 - whole)
        twice = formula(k, epsilon, 2 * delta, n, tau)
        proof.refute("twice delta", given, rest(k, epsilon, delta, n, tau) == 1 - twice)


def replaced() -> str:
    """Replace-one adjacency: the mean of t1 S_K."""
    return _all_of(population, population_complement, 1)


def added() -> str:
    """Add/remove adjacency: the mean of t1 S_2K."""
    return _all_of(population_add_remove, population_add_remove_complement, 2)


def _all_of(formula: Formula, rest: Formula, factor: int) -> str:
    proof = Proof()
    points(proof, formula, factor)
    means(proof, formula, factor)
    without_epsilon(proof, formula, factor)
    complements(proof, formula, rest)
    return proof.report()


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.population",
        "population is the mean of t1 S_K over K ~ Bin(n, tau), and its complement 1 less that",
        replaced,
        quick=True,
    ),
    Check(
        "smt.population-add-remove",
        "population_add_remove is the mean of t1 S_2K over K ~ Bin(n, tau), and its complement",
        added,
        quick=True,
    ),
)
