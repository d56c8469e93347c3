"""TV*_n is reached: the path of probabilities of the extremal mechanism is (eps, delta)-close.

The path is h^m(x), ..., h(x), x and its mirror image 1 - x, 1 - h(x), ..., 1 - h^m(x), where x is
1/2, met once, for n = 2m, and a* for n = 2m + 1.
"""

from __future__ import annotations

from typing import Any

from mipriv.formulas.prior import shrink
from mipriv.formulas.worst_case import fixed_point, worst_case
from proofs.check import Check
from proofs.smt.context import Reals, size, solver
from proofs.smt.group import pair_of_events
from proofs.smt.lemmas import AT_LEAST_ONE
from proofs.smt.prover import Proof
from proofs.smt.worst_case import sizes


def iterates() -> str:
    """h^0(x) = x, h^(j+1)(x) = h(h^j(x)), and h is max(0, (x - delta) e^-eps)."""
    z3, k, proof, j = solver(), Reals(), Proof(), size("j")
    x, delta = z3.Reals("x delta")
    for epsilon, known in (
        (k.epsilon, [k.q > 1, proof.use(AT_LEAST_ONE, j, k)]),
        (0, [k.q == 1, j.real >= 0]),
    ):
        given = [*known, delta >= 0, delta <= 1, x >= 0, x <= 1]
        proof.show("h^0", given, shrink(k, epsilon, delta, x, 0) == x)
        one = shrink(k, epsilon, delta, x, 1)
        proof.show("h", given, one == k.maximum(0, (x - delta) / k.exp(epsilon)))
        left = shrink(k, epsilon, delta, x, j)
        after = shrink(k, epsilon, delta, left, 1)
        proof.show("step", given, shrink(k, epsilon, delta, x, j + 1) == after)
        proof.show("stays below x", given, z3.And(left >= 0, left <= x))
        proof.refute("two steps", given, shrink(k, epsilon, delta, x, j + 2) == after)
        proof.refute("strictly below x", given, left < x)
    return proof.report()


def steps_feasible() -> str:
    """(x, h(x)) for x <= 1/2, (a*, 1 - a*) and all mirror images obey all four inequalities."""
    z3, k, proof = solver(), Reals(), Proof()
    x, delta = z3.Reals("x delta")
    for epsilon, known in ((k.epsilon, [k.q > 1]), (0, [k.q == 1])):
        given = [*known, delta >= 0, delta <= 1, x >= 0, 2 * x <= 1]
        below = shrink(k, epsilon, delta, x, 1)
        point = fixed_point(k, epsilon, delta)
        pairs = {
            "lower half": (below, x),
            "upper half": (1 - x, 1 - below),
            "middle step": (point, 1 - point),
        }
        for name, ends in pairs.items():
            for inequality in pair_of_events(k, epsilon, delta, *ends):
                proof.show(name, given, inequality)
        further = z3.And(*pair_of_events(k, epsilon, delta, shrink(k, epsilon, delta, x, 2), x))
        proof.refute("two steps at once", given, further)
        high = z3.And(*pair_of_events(k, epsilon, delta, point * 9 / 10, 1 - point))
        proof.refute("a middle step from lower down", given, high)
        less = z3.And(*pair_of_events(k, epsilon, delta * 9 / 10, below, x))
        proof.refute("a tenth less of delta", given, less)
    return proof.report()


def gap_of_ends(k: Any, epsilon: Any, delta: Any, n: Any) -> Any:
    """1 - 2 h^m(middle): what the path's last probability exceeds the first by."""
    middle = fixed_point(k, epsilon, delta) if k.is_odd(n) else solver().Q(1, 2)
    return 1 - 2 * shrink(k, epsilon, delta, middle, k.half(n))


def ends_reach() -> str:
    """The ends of the path are TV*_n apart."""
    z3, k, proof = solver(), Reals(), Proof()
    delta = z3.Real("delta")
    for name, epsilon, n, known in sizes(proof, k):
        given = [*known, delta >= 0, delta <= 1]
        gap = gap_of_ends(k, epsilon, delta, n)
        proof.show(name, given, gap == worst_case(k, epsilon, delta, n))
        proof.refute(f"{name}: n + 1", given, gap == worst_case(k, epsilon, delta, n + 1))
    return proof.report()


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.mechanism-iterates",
        "shrink(j) is the j-fold iterate of h(x) = max(0, (x - delta) e^-eps), for every j",
        iterates,
        quick=True,
    ),
    Check(
        "smt.mechanism-steps",
        "Each step of the extremal path is an (eps, delta)-pair, in both orders and for both events",
        steps_feasible,
        quick=True,
    ),
    Check(
        "smt.mechanism-ends",
        "The ends of the extremal path are exactly TV*_n apart, for every n",
        ends_reach,
        quick=True,
    ),
)
