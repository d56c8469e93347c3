"""Finding a certificate; nothing found here is believed until `program.proved` has checked it.

HiGHS solves the program in floating point.  Of its answer only an order of the rows is used: those
it prices highest first, then those it leaves least room.  `pivots` takes it from there over the
fractions, and ends at the optimum from any order, however wrong the floating-point answer was.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq
from scipy.optimize import linprog
from scipy.sparse import csr_array

from proofs.lp.pivots import certificate
from proofs.lp.program import Program, proved


def optimum(program: Program) -> fmpq:
    """The optimum, proved by a certificate that has been checked."""
    return proved(program, certificate(program, by_price(program)))


def by_price(program: Program) -> list[int]:
    """All rows, then all signs x_i >= 0 as rows, ordered by what HiGHS makes of them."""
    costs = -np.array([float(c) for c in program.objective])
    entries = [(k, i, float(a)) for k, (terms, _) in enumerate(program.rows) for i, a in terms]
    shape = (len(program.rows), len(costs))
    places = ([k for k, _, _ in entries], [i for _, i, _ in entries])
    left = csr_array(([a for _, _, a in entries], places), shape=shape)
    limits = np.array([float(limit) for _, limit in program.rows])
    found = linprog(costs, left, limits, bounds=(0, None), method="highs-ds")
    if found.x is None:
        return list(range(sum(shape)))
    price = np.concatenate([-found.ineqlin.marginals, found.lower.marginals])
    room = np.concatenate([limits - left @ found.x, found.x])
    return [int(k) for k in np.lexsort((room, np.where(price > 1e-9, -price, 0.0)))]
