"""TV*_n for every n: the closed form is the sum, it bounds every learner, and B is above it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mipriv.formulas.theorem import theorem
from mipriv.formulas.worst_case import complement, fixed_point, headroom, unclamped, worst_case
from proofs.check import Check
from proofs.smt.context import Reals, Size, size, solver
from proofs.smt.group import chance, pair_of_events, reach
from proofs.smt.lemmas import AT_LEAST_BASE, AT_LEAST_ONE
from proofs.smt.prover import Proof


def sizes(proof: Proof, k: Reals) -> Iterator[tuple[str, Any, Size, list[Any]]]:
    """Every n, as 2m and as 2m + 1, at eps > 0 and at eps = 0: a name, eps, n and what is known."""
    m = size("m")
    for epsilon, known in (
        (k.epsilon, [k.q > 1, proof.use(AT_LEAST_ONE, m, k)]),
        (0, [k.q == 1, m.real >= 0]),
    ):
        for word, n in (("even", 2 * m), ("odd", 2 * m + 1)):
            yield f"{word} n, eps {'>' if epsilon else '='} 0", epsilon, n, known


def is_sum() -> str:
    """t1 S_n is 0 at n = 0 and grows by t1 e^(-floor(n/2) eps) with the n-th record."""
    z3, k, proof = solver(), Reals(), Proof()
    delta = z3.Real("delta")
    for name, epsilon, n, known in sizes(proof, k):
        given = [*known, delta >= 0]
        first = theorem(k, epsilon, delta, 1)
        grown = unclamped(k, epsilon, delta, n + 1) - unclamped(k, epsilon, delta, n)
        later = k.exp(-k.half(n + 1) * epsilon)
        proof.show(f"{name}: start", given, unclamped(k, epsilon, delta, 0) == 0)
        proof.show(f"{name}: step", given, grown == first * later)
        proof.refute(f"{name}: doubled", given, grown == 2 * first * later)
    even = 2 * size("m")
    known = [k.q > 1, proof.use(AT_LEAST_ONE, size("m"), k), delta >= 0]
    grown = unclamped(k, k.epsilon, delta, even + 1) - unclamped(k, k.epsilon, delta, even)
    late = theorem(k, k.epsilon, delta, 1) * k.exp(-k.half(even + 2) * k.epsilon)
    proof.refute("exponent one too large", known, grown == late)
    return proof.report()


def has_complement() -> str:
    """headroom is 1 - t1 S_n, and the two clamped forms add up to 1."""
    z3, k, proof = solver(), Reals(), Proof()
    delta = z3.Real("delta")
    for name, epsilon, n, known in sizes(proof, k):
        given = [*known, delta >= 0, delta <= 1]
        rest = headroom(k, epsilon, delta, n)
        proof.show(name, given, rest == 1 - unclamped(k, epsilon, delta, n))
        whole = complement(k, epsilon, delta, n) + worst_case(k, epsilon, delta, n)
        proof.show(f"{name}, clamped", given, whole == 1)
        proof.refute(f"{name}, unclamped", given, rest + worst_case(k, epsilon, delta, n) == 1)
        proof.refute(f"{name}, other n", given, rest == 1 - unclamped(k, epsilon, delta, n + 1))
    return proof.report()


def below_theorem() -> str:
    """TV* <= min(1, B); equal for n <= 1, at eps = 0 and where TV* = 1, and nowhere else."""
    z3, k, proof, m = solver(), Reals(), Proof(), size("m")
    delta = z3.Real("delta")
    for name, epsilon, n, known in sizes(proof, k):
        given = [*known, delta >= 0]
        loss, bound = worst_case(k, epsilon, delta, n), theorem(k, epsilon, delta, n)
        clamped = k.minimum(1, bound)
        proof.show(name, given, loss <= clamped)
        proof.show(f"{name}: saturated", [*given, loss == 1], clamped == 1)
        if not epsilon:
            proof.show(f"{name}: equal", given, loss == clamped)
            proof.refute(f"{name}: strict", given, loss < clamped)
            continue
        proof.refute(f"{name}: the other way round", given, loss >= clamped)
        more = [proof.use(AT_LEAST_BASE, m, k), delta >= 0, loss < 1]
        proof.show(f"{name}: strict from n = 2 on", more, loss < clamped)
        proof.refute(f"{name}: strict without n >= 2", [*given, loss < 1], loss < clamped)
        proof.refute(f"{name}: strict without loss < 1", more[:2], loss < clamped)
        proof.refute(f"{name}: by a tenth", more, 10 * loss < 9 * clamped)
    given = [k.q > 1, delta >= 0]
    for few in (0, 1):
        equal = unclamped(k, k.epsilon, delta, few) == theorem(k, k.epsilon, delta, few)
        proof.show(f"n = {few}", given, equal)
    other = unclamped(k, k.epsilon, delta, 2) == theorem(k, k.epsilon, delta, 2)
    proof.refute("n = 2", given, other)
    return proof.report()


def bounds_learners() -> str:
    """Along any path of n data sets with neighbours (eps, delta)-close, an event gains <= TV*_n.

    The path is cut in the middle: the lower half raises Pr[event] from `first` to `low`, the upper
    half that of the complement from 1 - `last` to 1 - `high`, each by its group pair; for odd n the
    step from low to high is a pair of neighbours, for even n there is none.
    """
    z3, k, proof, m = solver(), Reals(), Proof(), size("m")
    first, low, high, last, delta = z3.Reals("first low high last delta")
    for name, epsilon, n, known in sizes(proof, k):
        halves = [
            low <= reach(k, epsilon, delta, m, first),
            1 - high <= reach(k, epsilon, delta, m, 1 - last),
        ]
        middle = pair_of_events(k, epsilon, delta, low, high) if k.is_odd(n) else [low == high]
        given = [*known, delta >= 0, delta <= 1, *chance(first, low, high, last), *halves]
        claim = last - first <= worst_case(k, epsilon, delta, n)
        proof.show(name, [*given, *middle], claim)
        proof.refute(f"{name}: no link between the halves", given, claim)
        shorter = last - first <= worst_case(k, epsilon, delta, n - 1)
        proof.refute(f"{name}: one record fewer", [*given, *middle], shorter)
    return proof.report()


def fixes_point() -> str:
    """a* is where the trade-off curve meets its mirror image: e^eps a* + delta = 1 - a* <= 1."""
    z3, k, proof = solver(), Reals(), Proof()
    delta = z3.Real("delta")
    for epsilon, known in ((k.epsilon, [k.q > 1]), (0, [k.q == 1])):
        given = [*known, delta >= 0, delta <= 1]
        point = fixed_point(k, epsilon, delta)
        proof.show("fixed", given, k.exp(epsilon) * point + delta == 1 - point)
        proof.show("in the lower half", given, z3.And(point >= 0, 2 * point <= 1))
        proof.refute("delta halved", given, k.exp(epsilon) * point + delta / 2 == 1 - point)
        gap = 1 - 2 * point
        proof.show("its gap", given, gap == unclamped(k, epsilon, delta, 1))
        proof.refute("its gap for two", given, gap == unclamped(k, epsilon, delta, 2))
    return proof.report()


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.sum",
        "The closed form of TV* is t1 times the sum of e^(-floor(k/2) eps), for every n",
        is_sum,
        quick=True,
    ),
    Check(
        "smt.headroom",
        "headroom is 1 - t1 S_n, and complement is 1 - TV*, for every n",
        has_complement,
        quick=True,
    ),
    Check(
        "smt.fixed-point",
        "a* is the fixed point of the trade-off curve and 1 - 2 a* the loss at n = 1",
        fixes_point,
        quick=True,
    ),
    Check(
        "smt.worst-case-bounds",
        "No (eps, delta)-DP path of n records moves an event by more than TV*_n, for every n",
        bounds_learners,
        quick=True,
    ),
    Check(
        "smt.below-theorem",
        "TV* <= min(1, B) for every n, with equality only for n <= 1, at eps = 0 or at TV* = 1",
        below_theorem,
        quick=True,
    ),
)
