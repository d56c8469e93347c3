"""Theorems 7 and 9 when neighbours differ by one record more: multisets of at most n + 1 records.

Larger data sets are left out, which loses nothing.  Rows left out can only raise the optimum, so
that it still bounds every learner.  It is also reached by learners of all data sets: for two
secrets the event's probabilities q extend to min over T of g^d(S,T)(q(T)), d(S, T) how many records
to remove and to add (removing first never meets a larger data set, so the rows that are kept imply
q(S) <= g^d(S,T)(q(T))); for K secrets by the mechanism that depends on the lead of one symbol over
the second alone, which `exact.secrets-add-remove` checks.
"""

from __future__ import annotations

from functools import partial
from random import Random

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.population import population_add_remove, population_add_remove_complement
from mipriv.formulas.worst_case import complement, unclamped, worst_case
from mipriv.loss.optimal import histograms
from proofs.check import Check, demand
from proofs.exact.definitions import Claim, binomial_mean, grown
from proofs.lp.cases import claims
from proofs.lp.mechanisms import Naming, event_rows, multiset_pairs, orbit
from proofs.lp.populations import Pair, chain_loss, extremal, gains, multinomial
from proofs.lp.program import Draft
from proofs.lp.secrets import by_itself, distinct, guessing, unanimous
from proofs.lp.solve import optimum


def twice(claim: Claim, records: int) -> fmpq:
    """TV* when so many records are exchanged: a removal and an addition each."""
    return chain_loss(claim, 2 * records)


def pair_loss(claim: Claim, n: int, pair: Pair) -> fmpq:
    """Optimum over all learners for this pair, n records drawn."""
    symbols = len(pair[0])
    draft = Draft()
    event_rows(draft, claim, multiset_pairs(n + 1, symbols))
    return optimum(draft.maximise(gains(histograms(n, symbols), multinomial, pair)))


def all_records_exchanged() -> str:
    """Two point masses: TV*_2n and its complement."""
    cases = 0
    points = (fmpq(1), fmpq(0)), (fmpq(0), fmpq(1))
    for claim in claims(71, 12):
        epsilon, delta = log_of(claim[0]), claim[1]
        for n in range(1, 5):
            best = pair_loss(claim, n, points)
            where = f"E = {claim[0]}, delta = {delta}, n = {n}"
            found = worst_case(RATIONAL, epsilon, delta, 2 * n)
            demand(found == best, f"worst_case is {found}, the optimum {best}, at {where}")
            hidden = complement(RATIONAL, epsilon, delta, 2 * n)
            demand(hidden == 1 - best, f"complement is {hidden}, not {1 - best}, at {where}")
            cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


def extremal_pairs_reach_the_mean() -> str:
    """Populations at tau: E[TV*_2K], in closed form unless some TV*_2k is clamped."""
    draw = Random(72)
    cases = 0
    for claim in claims(72, 12):
        epsilon, delta = log_of(claim[0]), claim[1]
        for n in range(1, 4):
            tau = fmpq(draw.randint(1, 100), 100)
            best = pair_loss(claim, n, extremal(tau))
            where = f"E = {claim[0]}, delta = {delta}, n = {n}, tau = {tau}"
            mean = binomial_mean(n, tau, partial(twice, claim))
            demand(mean == best, f"E[TV*_2K] is {mean}, the optimum {best}, at {where}")
            closed = population_add_remove(RATIONAL, epsilon, delta, n, tau)
            room = population_add_remove_complement(RATIONAL, epsilon, delta, n, tau)
            free = all(unclamped(RATIONAL, epsilon, delta, 2 * k) <= 1 for k in range(1, n + 1))
            demand(closed == best or (not free and closed > best), f"formula {closed} at {where}")
            demand(room == 1 - best or (not free and room < 1 - best), f"room {room} at {where}")
            cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


def success(claim: Claim, n: int, count: int, name: Naming) -> fmpq:
    """Best chance of guessing which of K symbols all n records carry."""
    pairs = distinct(multiset_pairs(n + 1, count), name)
    return guessing(claim, pairs, [unanimous(k, count, n) for k in range(count)], name)


def many_secrets() -> str:
    """g^n(1/K) for every delta; all learners of small cases, averaged ones of larger."""
    plain = ((2, 1), (2, 2), (2, 4), (3, 1), (3, 2), (4, 1))
    averaged = ((3, 3), (3, 4), (4, 2), (4, 3))
    cases = 0
    for claim in claims(73, 8):
        for name, sizes in ((by_itself, plain), (orbit, averaged)):
            for count, n in sizes:
                best = success(claim, n, count, name)
                found = grown(claim, fmpq(1, count), n)
                demand(found == best, f"{found}, the optimum {best}, at {claim}, K, n = {count, n}")
                cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


CHECKS = (
    Check(
        "lp.add-remove",
        "under add-remove the largest distance over all learners is TV*_2n, n <= 4",
        all_records_exchanged,
    ),
    Check(
        "lp.add-remove-population",
        "under add-remove the optimum for the extremal pair at tau is E[TV*_2K]",
        extremal_pairs_reach_the_mean,
    ),
    Check(
        "lp.add-remove-secrets",
        "under add-remove the best success among K secrets is g^n(1/K), delta = 0 and delta > 0",
        many_secrets,
    ),
)
