"""The machinery itself: forgeries are refused, and the optimum does not depend on the solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from flint import fmpq

from proofs.check import Check, Refuted, demand
from proofs.lp.cases import claims
from proofs.lp.chains import path_draft
from proofs.lp.mechanisms import event_rows, learner_rows, word_pairs
from proofs.lp.pivots import certificate
from proofs.lp.program import Certificate, Draft, Program, proved
from proofs.lp.solve import by_price

TINY = fmpq(1, 10**30)


def samples() -> Iterator[Program]:
    """Small programs of the kinds that the other proofs solve."""
    for claim in claims(1, 4)[::3]:
        yield path_draft([claim], 5).maximise({5: 1, 0: -1})
        draft = Draft()
        learner_rows(draft, claim, word_pairs(2, 2), 3)
        yield draft.maximise({((1, 1), 0): 1, ((0, 0), 0): -1})
        draft = Draft()
        event_rows(draft, claim, word_pairs(2, 3))
        yield draft.maximise({(1, 1): fmpq(1, 2), (1, 2): fmpq(1, 2), (0, 0): fmpq(-1)})


def forgeries(program: Program, true: Certificate) -> Iterator[tuple[str, Program, Certificate]]:
    """A true certificate with one number changed a little, or of a slightly harder program."""

    def changed(values: tuple[fmpq, ...], k: int, by: fmpq) -> tuple[fmpq, ...]:
        return (*values[:k], values[k] + by, *values[k + 1 :])

    for i, c in enumerate(program.objective):
        if c != 0:
            yield "worth more", program, replace(true, point=changed(true.point, i, TINY * c))
    used = [k for k, weight in enumerate(true.weights) if weight > 0]
    for k in used:
        for by in (-TINY, TINY, -2 * true.weights[k]):
            weights = changed(true.weights, k, by)
            yield f"weight of row {k}", program, replace(true, weights=weights)
        terms, limit = program.rows[k]
        rows = (*program.rows[:k], (terms, limit - TINY), *program.rows[k + 1 :])
        yield f"limit of row {k}", replace(program, rows=rows), true
    yield from balanced(program, true)
    yield "negative", program, replace(true, point=tuple(-x - TINY for x in true.point))
    yield "short point", program, replace(true, point=true.point[:-1])
    yield "short weights", program, replace(true, weights=true.weights[:-1])


def balanced(program: Program, true: Certificate) -> Iterator[tuple[str, Program, Certificate]]:
    """Forgeries whose two values agree, so that only feasibility speaks against them."""
    idle = next(k for k, weight in enumerate(true.weights) if weight == 0)
    terms, _ = program.rows[idle]
    short = sum((a * true.point[i] for i, a in terms), fmpq(0)) - TINY
    rows = (*program.rows[:idle], (terms, short), *program.rows[idle + 1 :])
    yield "broken row without weight", replace(program, rows=rows), true
    # the worst point passed off as the best, by a negative weight on the row 0 <= 1
    reverse = replace(program, objective=tuple(-c for c in program.objective))
    poor = certificate(reverse, by_price(reverse))
    less = -proved(reverse, poor) - proved(program, true)
    if less < 0:
        wider = replace(program, rows=(*program.rows, ((), fmpq(1))))
        yield "negative weight", wider, Certificate(poor.point, (*true.weights, less))


def refused(program: Program, forged: Certificate) -> bool:
    """Whether the check raises."""
    try:
        proved(program, forged)
    except Refuted:
        return True
    return False


def forgeries_are_refused() -> str:
    """Every change is caught, down to 1e-30."""
    tried = 0
    for program in samples():
        true = certificate(program, by_price(program))
        proved(program, true)
        for what, question, forged in forgeries(program, true):
            demand(refused(question, forged), f"forged certificate accepted: {what}")
            tried += 1
    return f"{tried} forgeries refused"


def any_start_ends_at_the_optimum() -> str:
    """HiGHS's order, its reverse, no order and shuffled ones end at one value."""
    draw = Random(3)
    cases = 0
    for program in samples():
        order = by_price(program)
        value = proved(program, certificate(program, order))
        starts = [order[::-1], sorted(order)]
        starts += [draw.sample(order, len(order)) for _ in range(2)]
        for start in starts:
            other = proved(program, certificate(program, start))
            demand(other == value, f"{other} from another start, {value} from HiGHS's")
            cases += 1
    return f"{cases} starts without the solver, {cases} certificates re-checked"


def hopeless_programs_are_refused() -> str:
    """No feasible point, or no bound: there is no certificate to be had."""
    for rows, goal in (
        ([({"x": 1}, -1)], {"x": 1}),
        ([({"x": 1, "y": 1}, 1), ({"x": -1}, -2)], {"y": 1}),
        ([({"x": 1, "y": -1}, 1)], {"x": 1}),
        ([({"x": -1}, 0)], {"x": 1}),
    ):
        draft = Draft()
        for terms, limit in rows:
            draft.at_most(dict(terms), limit)
        program = draft.maximise(dict(goal))
        try:
            certificate(program, by_price(program))
        except Refuted:
            continue
        raise Refuted(f"a certificate was found for {rows}")
    return "4 programs without an optimum refused"


def machinery() -> str:
    """All three."""
    parts = (forgeries_are_refused, any_start_ends_at_the_optimum, hopeless_programs_are_refused)
    return "; ".join(part() for part in parts)


CHECKS = (
    Check(
        "lp.certificates",
        "a certificate changed by 1e-30 is refused, and every start leads to the same optimum",
        machinery,
        quick=True,
    ),
)
