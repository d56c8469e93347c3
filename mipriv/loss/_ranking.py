"""A guess, in floating point, at the rows that are tight at the optimum of a linear program."""

from __future__ import annotations

from typing import Any

from mipriv.loss._linear_program import Program

_TOLERANCE = 1e-10  # of the float solver
_CARRIES = 1e-9  # multipliers above it are taken as positive


def ranking(program: Program) -> list[int]:
    """All rows, those that HiGHS takes to be tight first: a guess, nothing rests on it.

    Rows with a multiplier come first, then the others by their slack; a degenerate vertex has more
    tight rows than a basis holds, and any choice that contains the former is optimal.
    """
    import numpy as np
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    size, count = len(program.objective), len(program.links)
    scale = max((abs(float(c)) for c in program.objective), default=1.0) or 1.0
    cost = np.array([-float(c) / scale for c in program.objective])
    at = np.repeat(np.arange(count), 2)
    columns = np.array([v for row in program.links for v in (row.i, row.j)], dtype=int)
    entries = np.array([float(v) for row in program.links for v in (row.a, row.b)])
    limits = np.array([float(row.limit) for row in program.links])
    matrix: Any = csr_array((entries, (at, columns)), shape=(count, size))
    options = dict.fromkeys(
        ("primal_feasibility_tolerance", "dual_feasibility_tolerance"), _TOLERANCE
    )
    found = linprog(
        cost, A_ub=matrix, b_ub=limits, bounds=(0, 1), method="highs-ds", options=options
    )
    if found.x is None:
        corner = [count + i if cost[i] <= 0 else count + size + i for i in range(size)]
        return [*corner, *range(count + 2 * size)]
    x = np.asarray(found.x)
    pulls = -np.concatenate(
        [found.ineqlin.marginals, found.upper.marginals, -np.asarray(found.lower.marginals)]
    )
    slack = np.concatenate([limits - matrix @ x, 1 - x, x])
    carries = pulls > _CARRIES
    keys = np.lexsort((slack, np.where(carries, -pulls, 0.0), ~carries))
    return [int(k) for k in keys]
