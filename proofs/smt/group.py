"""From one record to a group, and from a pair (eps', delta') to the gap of an event."""

from __future__ import annotations

from typing import Any

from mipriv.formulas.theorem import group_delta, theorem
from proofs.check import Check
from proofs.smt.context import Reals, size, solver
from proofs.smt.lemmas import AT_LEAST_ONE
from proofs.smt.prover import Proof

# Pr[event] on data sets along a path, or at its two ends.
FIRST, LAST, BEYOND = "first", "last", "beyond"


def reach(k: Any, epsilon: Any, delta: Any, n: Any, low: Any) -> Any:
    """The largest probability that the group pair of n allows opposite `low`."""
    return k.exp(n * epsilon) * low + group_delta(k, epsilon, delta, n)


def chance(*events: Any) -> list[Any]:
    """Each is a probability."""
    return [fact for event in events for fact in (event >= 0, event <= 1)]


def group_step() -> str:
    """(n eps, delta R_n) for n records and (eps, delta) for one more give the pair of n + 1."""
    z3, k, proof, n = solver(), Reals(), Proof(), size("n")
    first, last, beyond = z3.Reals(f"{FIRST} {LAST} {BEYOND}")
    delta = z3.Real("delta")
    for epsilon, known in (
        (k.epsilon, [k.q > 1, proof.use(AT_LEAST_ONE, n, k)]),
        (0, [n.real >= 0]),
    ):
        given = [*known, delta >= 0, *chance(first, last, beyond)]
        proof.show("no record", given, reach(k, epsilon, delta, 0, first) == first)
        proof.show(
            "one record",
            given,
            reach(k, epsilon, delta, 1, first) == k.exp(epsilon) * first + delta,
        )
        after = last <= reach(k, epsilon, delta, n, first)
        one_more = beyond <= k.exp(epsilon) * last + delta
        claim = beyond <= reach(k, epsilon, delta, n + 1, first)
        proof.show("one record more", [*given, after, one_more], claim)
        before = last <= k.exp(epsilon) * first + delta
        group = beyond <= reach(k, epsilon, delta, n, last)
        proof.show("one record earlier", [*given, before, group], claim)
        unchanged = beyond <= reach(k, epsilon, delta, n, first)
        proof.refute("n + 1 records as if they were n", [*given, after, one_more], unchanged)
    pairs = [
        last <= reach(k, k.epsilon, delta, 1, first),
        beyond <= reach(k, k.epsilon, delta, 1, last),
    ]
    given = [k.q > 1, delta > 0, *chance(first, last, beyond), *pairs]
    weaker = beyond <= k.exp(2 * k.epsilon) * first + 2 * delta
    proof.refute("delta that only adds up", given, weaker)
    return proof.report()


def pair_of_events(k: Any, epsilon: Any, delta: Any, low: Any, high: Any) -> list[Any]:
    """Both inequalities of an (eps, delta)-pair, for an event and for its complement."""
    factor = k.exp(epsilon)
    return [
        inequality
        for a, b in ((low, high), (high, low))
        for inequality in (b <= factor * a + delta, 1 - a <= factor * (1 - b) + delta)
    ]


def tv_map() -> str:
    """A pair has total variation at most the bound of one record at it; groups give the theorem."""
    z3, k, proof, n = solver(), Reals(), Proof(), size("n")
    low, high, delta = z3.Reals("low high delta")
    for epsilon, known in ((k.epsilon, [k.q > 1]), (0, [])):
        given = [
            *known,
            delta >= 0,
            *chance(low, high),
            *pair_of_events(k, epsilon, delta, low, high),
        ]
        limit = theorem(k, epsilon, delta, 1)
        proof.show("an event's gap", given, high - low <= limit)
        proof.refute("half of the bound", given, 2 * (high - low) <= limit)
        proof.refute("delta dropped", given, high - low <= theorem(k, epsilon, delta * 0, 1))
        reached = [*known, delta >= 0, limit <= 1, high == (1 + limit) / 2, low == (1 - limit) / 2]
        for inequality in pair_of_events(k, epsilon, delta, low, high):
            proof.show("the bound is reached", reached, inequality)
    known = [proof.use(AT_LEAST_ONE, n, k), delta >= 0]
    pair = (n * k.epsilon, group_delta(k, k.epsilon, delta, n))
    composed = theorem(k, *pair, 1)
    growing = [*known, k.power("n") > 1]
    proof.show("the pair of n records", growing, composed == theorem(k, k.epsilon, delta, n))
    wrong = theorem(k, n * k.epsilon, delta, 1)
    proof.refute("delta of one record", growing, wrong == theorem(k, k.epsilon, delta, n))
    nothing = theorem(k, 0, group_delta(k, 0, delta, n), 1)
    proof.show("at eps = 0", [n.real >= 0, delta >= 0], nothing == theorem(k, 0, delta, n))
    return proof.report()


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.group-step",
        "The group pair (n eps, delta R_n) and one more record give the pair of n + 1, for every n",
        group_step,
        quick=True,
    ),
    Check(
        "smt.tv-map",
        "A pair (eps', delta') has TV <= theorem at n = 1, which is reached; the group pair gives B",
        tv_map,
        quick=True,
    ),
)
