"""Bayes error under a prior: two lines through each vertex bound the error below by the vertex."""

from __future__ import annotations

from typing import Any

from mipriv.formulas.prior import bayes_error, shrink
from mipriv.formulas.theorem import group_delta
from mipriv.formulas.worst_case import fixed_point
from proofs.check import Check
from proofs.smt.context import Reals, Size, size, solver
from proofs.smt.group import chance, reach
from proofs.smt.lemmas import AT_LEAST_ONE
from proofs.smt.prover import Proof


def line(k: Reals, epsilon: Any, delta: Any, cut: tuple[Size, Size], rates: tuple[Any, Any]) -> Any:
    """E^j a + E^l b >= 1 - delta_j - delta_l for a path cut after j of its j + l steps."""
    lifted = sum(k.exp(part * epsilon) * rate for part, rate in zip(cut, rates, strict=True))
    return lifted + sum(group_delta(k, epsilon, delta, part) for part in cut) >= 1


def lines_hold() -> str:
    """a = Pr_0[guess 1] and b = Pr_n[guess 0] obey the line of every cut."""
    z3, k, proof = solver(), Reals(), Proof()
    cut = (size("j"), size("l"))
    a, b, middle, delta = z3.Reals("a b middle delta")
    for epsilon in (k.epsilon, 0):
        known = [*(proof.use(AT_LEAST_ONE, part, k) for part in cut), delta >= 0]
        path = [
            *chance(a, b, middle),
            middle <= reach(k, epsilon, delta, cut[0], a),
            1 - middle <= reach(k, epsilon, delta, cut[1], b),
        ]
        proof.show("line", [*known, *path], line(k, epsilon, delta, cut, (a, b)))
        fewer = (cut[0] - 1, cut[1])
        wrong = line(k, epsilon, delta, fewer, (a, b))
        proof.refute("one record fewer", [*known, *path, cut[0].real >= 1], wrong)
        proof.refute("half a path", [*known, *path[:-1]], line(k, epsilon, delta, cut, (a, b)))
    return proof.report()


def vertices() -> str:
    """For a prior between the slopes of lines i and i + 1, the error is at least that of vertex i.

    The vertex lies on both lines, so a point (a, b) that obeys them has E^j (a-x) + E^l (b-y) >= 0
    for both, and the coefficients of the error are a sum of those of the lines with weights >= 0.
    """
    z3, k, proof = solver(), Reals(), Proof()
    i, rest = size("i"), size("l")
    n = i + rest + 1
    a, b, delta, prior, first, second = z3.Reals("a b delta prior first second")
    x, y = z3.Reals("x y")  # the vertex
    known = [*(proof.use(AT_LEAST_ONE, part, k) for part in (i, rest)), delta >= 0, delta <= 1]
    cuts = ((i, n - i), (i + 1, n - i - 1))
    for epsilon in (k.epsilon, 0):
        middle = fixed_point(k, epsilon, delta)
        vertex = tuple(shrink(k, epsilon, delta, middle, part) for part in (i, rest))
        inside = [rate > 0 for rate in vertex]
        for cut in cuts:
            lifted = [k.exp(part * epsilon) * rate for part, rate in zip(cut, vertex, strict=True)]
            total = sum(lifted) + sum(group_delta(k, epsilon, delta, part) for part in cut)
            proof.show("a vertex is on its lines", [*known, *inside], total == 1)
        at_vertex = (1 - prior) * vertex[0] + prior * vertex[1]
        least = bayes_error(k, epsilon, delta, n, prior, i)
        proof.show("bayes_error is the error at the vertex", known, least == at_vertex)
        weighted = [first >= 0, second >= 0]
        for weight, side in ((1 - prior, 0), (prior, 1)):
            lifts = [k.exp(cut[side] * epsilon) for cut in cuts]
            weighted.append(weight == first * lifts[0] + second * lifts[1])
        above = [
            k.exp(cut[0] * epsilon) * (a - x) + k.exp(cut[1] * epsilon) * (b - y) >= 0
            for cut in cuts
        ]
        given = [*known, *weighted, *above]
        claim = (1 - prior) * (a - x) + prior * (b - y) >= 0
        proof.show("error", given, claim)
        proof.refute("strict", given, (1 - prior) * (a - x) + prior * (b - y) > 0)
        if epsilon:
            proof.refute("without a line", given[:-1], claim)
            proof.refute("any prior", [*known, *above, *chance(a, b, x, y, prior)], claim)
    return proof.report()


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.prior-lines",
        "The two error rates obey E^j a + E^l b >= 1 - delta_j - delta_l at every cut of the path",
        lines_hold,
        quick=True,
    ),
    Check(
        "smt.prior-vertices",
        "Between the slopes of two lines no attacker errs less than bayes_error at their vertex",
        vertices,
        quick=True,
    ),
)
