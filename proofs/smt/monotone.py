"""min(1, B) and TV* grow with eps, with delta and with n; TV* is concave in n."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mipriv.formulas.theorem import theorem
from mipriv.formulas.worst_case import fixed_point, headroom, unclamped, worst_case
from proofs.check import Check
from proofs.smt.context import Reals, size, solver
from proofs.smt.lemmas import AT_LEAST_ONE, BERNOULLI, GEOMETRIC, LARGER_BASE, series_of
from proofs.smt.prover import Proof
from proofs.smt.worst_case import sizes

LOW, HIGH = "q", "r"  # e^eps at the smaller and at the larger eps


def clamped_theorem(k: Any, epsilon: Any, delta: Any, n: Any) -> Any:
    """min(1, B)."""
    return k.minimum(1, theorem(k, epsilon, delta, n))


FORMULAS: dict[str, Callable[..., Any]] = {"min(1, B)": clamped_theorem, "TV*": worst_case}


def with_delta() -> str:
    """More delta never loses less; TV* and B are strictly larger at eps > 0, n >= 1, unclamped."""
    z3, k, proof = solver(), Reals(), Proof()
    less, more = z3.Reals("less more")
    for name, epsilon, n, known in sizes(proof, k):
        given = [*known, less >= 0, less <= more, more <= 1]
        for what, formula in FORMULAS.items():
            small, large = (formula(k, epsilon, delta, n) for delta in (less, more))
            proof.show(f"{what}, {name}", given, small <= large)
            proof.refute(f"{what}, {name}: reversed", given, small >= large)
            proof.refute(
                f"{what}, {name}: strict when clamped", [*given, less < more], small < large
            )
    return proof.report()


def with_records() -> str:
    """One record more never loses less, and adds to t1 S_n at most what the record before added."""
    z3, k, proof = solver(), Reals(), Proof()
    delta = z3.Real("delta")
    for name, epsilon, n, known in sizes(proof, k):
        given = [*known, delta >= 0, delta <= 1]
        for what, formula in FORMULAS.items():
            now, later = formula(k, epsilon, delta, n), formula(k, epsilon, delta, n + 1)
            proof.show(f"{what}, {name}", given, now <= later)
            proof.refute(f"{what}, {name}: reversed", given, now >= later)
        now, later, last = (worst_case(k, epsilon, delta, n + i) for i in range(3))
        proof.show(f"concave, {name}", given, now + last <= 2 * later)
        proof.refute(f"convex, {name}", given, now + last >= 2 * later)
    return proof.report()


def with_epsilon() -> str:
    """A larger eps never loses less, neither in TV* nor, once clamped, in B; raw B may fall."""
    z3, proof = solver(), Proof()
    low, high, delta = Reals(LOW), Reals(HIGH), z3.Real("delta")
    unit = [delta >= 0, delta <= 1]
    _theorem_in_epsilon(proof, low, high, delta)
    _loss_in_epsilon(proof, low, high, delta)
    _from_zero(proof, high, delta)
    raw = [theorem(k, k.epsilon, delta, 10) for k in (low, high)]
    proof.refute("raw B", [low.q > 1, high.q >= low.q, *unit], raw[0] <= raw[1])
    free = [unclamped(k, k.epsilon, delta, 4) for k in (low, high)]
    proof.refute("raw t1 S_n", [low.q > 1, high.q >= low.q, *unit], free[0] <= free[1])
    return proof.report()


def _theorem_in_epsilon(proof: Proof, low: Reals, high: Reals, delta: Any) -> None:
    """1 - B = 2 (1 - delta R_n)/(q^n + 1), and the right side falls, where positive, as q grows."""
    z3, n = solver(), size("n")
    bounds = z3.Reals("B_low B_high")
    split = []
    for k, bound in zip((low, high), bounds, strict=True):
        facts = [proof.use(GEOMETRIC, n, k), proof.use(AT_LEAST_ONE, n, k), delta >= 0]
        form = (1 - bound) * (k.power("n") + 1) == 2 * (1 - delta * series_of(k, n))
        equal = bound == theorem(k, k.epsilon, delta, n)
        proof.show("1 - B", [*facts, equal], form)
        split.append(form)
    larger = proof.use(LARGER_BASE, n, low, high)
    given = [*split, larger, delta >= 0]
    grows = low.minimum(1, bounds[0]) <= low.minimum(1, bounds[1])
    proof.show("min(1, B)", given, grows)
    proof.refute("min(1, B): larger base forgotten", [*split, delta >= 0, larger.arg(0)], grows)
    proof.refute("B", given, bounds[0] <= bounds[1])


def _loss_in_epsilon(proof: Proof, low: Reals, high: Reals, delta: Any) -> None:
    """q^m (1 - t1 S_n) = x - 2 delta R_m with x = 1 or 2 a*, which does not grow with q.

    Read off `headroom`, which smt.headroom shows to be 1 - t1 S_n.
    """
    z3, m = solver(), size("m")
    larger = proof.use(LARGER_BASE, m, low, high)
    unit = [delta >= 0, delta <= 1]
    for n in (2 * m, 2 * m + 1):
        rests, starts = z3.Reals("rest_low rest_high"), z3.Reals("start_low start_high")
        forms = []
        for k, rest, start in zip((low, high), rests, starts, strict=True):
            facts = [proof.use(GEOMETRIC, m, k), proof.use(AT_LEAST_ONE, m, k), *unit]
            middle = 2 * fixed_point(k, k.epsilon, delta) if k.is_odd(n) else z3.RealVal(1)
            form = rest * k.power("m") == start - 2 * delta * series_of(k, m)
            equal = [rest == headroom(k, k.epsilon, delta, n), start == middle]
            proof.show("1 - t1 S_n", [*facts, *equal], form)
            forms.append(form)
        points = [fixed_point(k, k.epsilon, delta) for k in (low, high)]
        proof.show("a* falls", [low.q > 1, low.q <= high.q, *unit], points[1] <= points[0])
        given = [*forms, larger, starts[1] <= starts[0], *unit]
        falls = low.maximum(0, rests[1]) <= low.maximum(0, rests[0])
        proof.show("1 - TV*", given, falls)
        proof.refute("1 - TV*: start forgotten", [*forms, larger, *unit], falls)
        proof.refute("1 - TV*, unclamped", given, rests[1] <= rests[0])


def _from_zero(proof: Proof, k: Reals, delta: Any) -> None:
    """eps = 0 is below every eps > 0: there the losses are n delta, and q^j - 1 >= j (q-1)."""
    m, n = size("m"), size("n")
    for what, formula, whole, basis in (
        ("min(1, B)", clamped_theorem, n, n),
        ("TV* even", worst_case, 2 * m, m),
        ("TV* odd", worst_case, 2 * m + 1, m),
    ):
        given = [proof.use(BERNOULLI, basis, k), delta >= 0, delta <= 1]
        at_zero, above = formula(k, 0, delta, whole), formula(k, k.epsilon, delta, whole)
        proof.show(f"{what} from eps = 0", given, at_zero <= above)
        proof.refute(f"{what}: reversed", given, at_zero >= above)
        weaker = [proof.use(AT_LEAST_ONE, basis, k), *given[1:], basis.real >= 0]
        proof.refute(f"{what}: only q^j >= 1", weaker, at_zero <= above)


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.monotone-epsilon",
        "min(1, B) and TV* never fall as eps grows from 0 on, for every n and delta",
        with_epsilon,
        quick=True,
    ),
    Check(
        "smt.monotone-delta",
        "min(1, B) and TV* never fall as delta grows, for every n and eps >= 0",
        with_delta,
        quick=True,
    ),
    Check(
        "smt.monotone-records",
        "min(1, B) and TV* never fall from n to n + 1, and TV* is concave in n",
        with_records,
        quick=True,
    ),
)
