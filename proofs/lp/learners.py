"""Theorem 2 for whole learners: all (eps, delta)-DP laws of the answer on all data sets."""

from __future__ import annotations

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.worst_case import complement, worst_case
from proofs.check import Check, demand
from proofs.exact.definitions import Claim
from proofs.lp.cases import EDGES, claims
from proofs.lp.mechanisms import Data, histogram_pairs, learner_rows, word_pairs
from proofs.lp.program import Draft
from proofs.lp.solve import optimum

Pairs = list[tuple[Data, Data]]


def largest_distance(claim: Claim, pairs: Pairs, answers: int, ends: tuple[Data, Data]) -> fmpq:
    """Largest total variation between the answers on two data sets.

    It is the largest difference of an event's probabilities; by renaming the answers the event is
    the first 1, 2, ... of them.
    """
    draft = Draft()
    learner_rows(draft, claim, pairs, answers)
    best = fmpq(0)
    for size in range(1, answers):
        goal = {(ends[1], o): 1 for o in range(size)} | {(ends[0], o): -1 for o in range(size)}
        best = max(best, optimum(draft.maximise(goal)))
    return best


def demand_worst_case(claim: Claim, n: int, best: fmpq, of: str) -> None:
    """Demand that the formula, and its complement, are the optimum."""
    where = f"E = {claim[0]}, delta = {claim[1]}, n = {n}, {of}"
    found = worst_case(RATIONAL, log_of(claim[0]), claim[1], n)
    demand(found == best, f"worst_case is {found}, the optimum {best}, at {where}")
    hidden = complement(RATIONAL, log_of(claim[0]), claim[1], n)
    demand(hidden == 1 - best, f"complement is {hidden}, not {1 - best}, at {where}")


def two_answers(cases: list[Claim]) -> str:
    """All 2^n data sets of n bits, one by one."""
    for claim in cases:
        for n in range(1, 5):
            best = largest_distance(claim, word_pairs(n, 2), 2, ((0,) * n, (1,) * n))
            demand_worst_case(claim, n, best, "2 answers")
    return f"{4 * len(cases)} programs, {4 * len(cases)} certificates re-checked"


def more_answers(cases: list[Claim]) -> str:
    """Three and four answers on all data sets, and on histograms; every event is a row."""
    programs = 0
    for claim in cases:
        for answers, n in ((3, 1), (3, 2), (3, 3), (4, 1), (4, 2)):
            best = largest_distance(claim, word_pairs(n, 2), answers, ((0,) * n, (1,) * n))
            demand_worst_case(claim, n, best, f"{answers} answers")
            programs += answers - 1
        best = largest_distance(claim, histogram_pairs(3, 2), 4, ((3, 0), (0, 3)))
        demand_worst_case(claim, 3, best, "4 answers, histograms")
        programs += 3
    return f"{programs} programs, {programs} certificates re-checked"


def all_two_answers() -> str:
    """The edges and 20 random claims."""
    return two_answers(claims(21, 20))


def some_two_answers() -> str:
    """The edges alone."""
    return two_answers(list(EDGES))


def all_more_answers() -> str:
    """The edges and 12 random claims."""
    return more_answers(claims(34, 12))


CHECKS = (
    Check(
        "lp.mechanisms",
        "over all learners of two answers on {0,1}^n, n <= 4, the largest distance is TV*_n",
        all_two_answers,
    ),
    Check(
        "lp.mechanisms-edges",
        "the same where TV*_n saturates or ties",
        some_two_answers,
        quick=True,
    ),
    Check(
        "lp.outputs",
        "three or four answers, every event private, n <= 3: no more than two answers lose",
        all_more_answers,
    ),
)
