"""Theorems 2, 5 and 8 along a path: the unknowns are an event's probabilities p_0, ..., p_n."""

from __future__ import annotations

from random import Random

from flint import fmpq

from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.formulas.prior import bayes_error, shrink
from mipriv.formulas.worst_case import complement, fixed_point, worst_case
from proofs.check import Check, demand
from proofs.exact.definitions import Claim, grown
from proofs.lp.cases import claims, several
from proofs.lp.mechanisms import event_rows
from proofs.lp.program import Draft
from proofs.lp.solve import optimum


def path(n: int) -> list[tuple[int, int]]:
    """Both directions of every step."""
    return [pair for j in range(n) for pair in ((j, j + 1), (j + 1, j))]


def path_draft(rows: list[Claim], n: int) -> Draft:
    """Every claim of the list holds at every step."""
    draft = Draft()
    draft.at_most({0: 1}, 1)
    for claim in rows:
        event_rows(draft, claim, path(n))
    return draft


def chain_optimum_is_worst_case() -> str:
    """max p_n - p_0, and what it leaves of 1."""
    cases = 0
    for growth, delta in claims(2, 25):
        for n in range(13):
            best = optimum(path_draft([(growth, delta)], n).maximise({n: 1, 0: -1} if n else {}))
            where = f"E = {growth}, delta = {delta}, n = {n}"
            found = worst_case(RATIONAL, log_of(growth), delta, n)
            demand(found == best, f"worst_case is {found}, the optimum {best}, at {where}")
            hidden = complement(RATIONAL, log_of(growth), delta, n)
            demand(hidden == 1 - best, f"complement is {hidden}, not {1 - best}, at {where}")
            cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


def least_bayes_error_is_at_a_vertex() -> str:
    """min (1-pi) p_0 + pi (1 - p_n) is the least of the vertices, the clamped and the trivial."""
    draw = Random(8)
    cases = 0
    for growth, delta in claims(8, 20):
        for n in range(1, 8):
            draft = path_draft([(growth, delta)], n)
            for prior in (fmpq(1, 2), fmpq(draw.randint(0, 100), 100)):
                least = prior - optimum(draft.maximise({n: prior, 0: prior - 1}))
                epsilon = log_of(growth)
                values = [bayes_error(RATIONAL, epsilon, delta, n, prior, i) for i in range(n)]
                miss = 1 - grown((growth, delta), fmpq(0), n)
                values += [prior * miss, (1 - prior) * miss, prior, 1 - prior]
                where = f"E = {growth}, delta = {delta}, n = {n}, prior = {prior}"
                demand(min(values) == least, f"formula {min(values)}, optimum {least}, at {where}")
                cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


def vertices_lie_on_the_boundary() -> str:
    """From p_0 = h^i(a*) the largest p_n leaves h^(n-1-i)(a*), or less where h^i(a*) is clamped."""
    cases = 0
    for claim in claims(81, 6):
        epsilon, delta = log_of(claim[0]), claim[1]
        middle = fixed_point(RATIONAL, epsilon, delta)
        for n in range(1, 7):
            for i in range(n):
                start = shrink(RATIONAL, epsilon, delta, middle, i)
                end = shrink(RATIONAL, epsilon, delta, middle, n - 1 - i)
                draft = path_draft([claim], n)
                draft.equal({0: 1}, start)
                missed = 1 - optimum(draft.maximise({n: 1}))
                where = f"E = {claim[0]}, delta = {delta}, n = {n}, i = {i}"
                demand(missed <= end, f"at p_0 = {start} {missed} is missed, not {end}, at {where}")
                demand(missed == end or start == 0, f"vertex {start}, {end} is loose at {where}")
                cases += 1
    return f"{cases} programs, {cases} certificates re-checked"


def shrunk(rows: list[Claim], x: fmpq) -> fmpq:
    """h(x) = f(1 - x), f the largest of the curves of the rows."""
    lines = ((x - delta) / growth for growth, delta in rows)
    steep = (1 - delta - growth * (1 - x) for growth, delta in rows)
    return max(fmpq(0), *lines, *steep)


def curve_loss(rows: list[Claim], n: int) -> fmpq:
    """1 - 2 h^m(x0): x0 = 1/2 for even n, f's fixed point for odd n."""
    meets = max((1 - delta) / (1 + growth) for growth, delta in rows)
    x = fmpq(1, 2) if n % 2 == 0 else meets
    for _ in range(n // 2):
        x = shrunk(rows, x)
    return 1 - 2 * x


def curve_optimum_is_the_iteration() -> str:
    """Several (eps_i, delta_i) of one learner: more than the best of them alone says."""
    draw = Random(5)
    cases = better = 0
    for _ in range(24):
        rows = several(draw, draw.randint(2, 4))
        for n in range(1, 9):
            best = optimum(path_draft(rows, n).maximise({n: 1, 0: -1}))
            found = curve_loss(rows, n)
            demand(found == best, f"iteration {found}, optimum {best}, at {rows}, n = {n}")
            alone = min(worst_case(RATIONAL, log_of(E), delta, n) for E, delta in rows)
            demand(best <= alone, f"{best} is more than {alone} of one row, at {rows}, n = {n}")
            better += best < alone
            cases += 1
    demand(better > 0, "no case in which several rows say more than the best of them")
    return f"{cases} programs, {cases} certificates re-checked, {better} below the best single row"


CHECKS = (
    Check(
        "lp.chains",
        "the largest p_n - p_0 along a path is TV*_n, n <= 12",
        chain_optimum_is_worst_case,
    ),
    Check(
        "lp.priors",
        "the least Bayes error along a path is that of a vertex or a trivial test",
        least_bayes_error_is_at_a_vertex,
    ),
    Check(
        "lp.prior-vertices",
        "every vertex of the error region is attained, and nothing lies beyond it",
        vertices_lie_on_the_boundary,
    ),
    Check(
        "lp.tradeoff",
        "under several (eps, delta) at once the optimum is 1 - 2 h^m(x0)",
        curve_optimum_is_the_iteration,
    ),
)
