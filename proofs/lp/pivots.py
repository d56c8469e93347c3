"""The exact simplex method, from any basis.

A basis is as many independent rows as there are unknowns (the signs x_i >= 0 are rows too); its
point meets them with equality, and its prices y are the weights with sum_k y_k a_k = c.  Both are
solved for over the fractions.  First the limits are raised until the starting point meets them all,
and primal pivots make the prices nonnegative.  Those do not depend on limits, so the true ones
return, and dual pivots restore feasibility, which is the optimum.  A good start needs no pivot.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from flint import fmpq, fmpq_mat

from proofs.check import Refuted
from proofs.lp.program import Certificate, Program, Terms

_ZERO = fmpq(0)
_MAX_PIVOTS = 5_000


def certificate(program: Program, order: Iterable[int]) -> Certificate:
    """Pivot from the first independent rows of an order of all rows to the optimum."""
    tableau = _Tableau(program)
    tableau.start(order)
    tableau.primal()
    tableau.dual()
    weights = dict(zip(tableau.basis, tableau.prices(), strict=True))
    return Certificate(
        tuple(tableau.point()), tuple(weights.get(k, _ZERO) for k in range(len(program.rows)))
    )


class _Tableau:
    """A basis on its way to the optimum.

    Pivots follow the lowest price or the worst broken row; after as many without progress as there
    are unknowns they follow the least index (Bland's rule), which cannot cycle.
    """

    def __init__(self, program: Program) -> None:
        self.size = len(program.objective)
        self.costs = list(program.objective)
        signs = [(((i, fmpq(-1)),), _ZERO) for i in range(self.size)]
        self.rows: list[Terms] = [terms for terms, _ in (*program.rows, *signs)]
        self.limits = [limit for _, limit in (*program.rows, *signs)]
        self.basis: list[int] = []
        self.pivots = 0

    def start(self, order: Iterable[int]) -> None:
        """Take the first independent rows of the order: pivot columns of an echelon form.

        The rows are looked at in portions, as the first few mostly suffice.
        """
        waiting = list(order)
        while len(self.basis) < self.size:
            portion, waiting = waiting[: self.size], waiting[self.size :]
            if not portion:
                raise Refuted("the order leaves rows out")
            columns = [*self.basis, *portion]
            reduced, rank = self._matrix(columns).transpose().rref()
            lines = reduced.tolist()[:rank]
            self.basis = [
                columns[next(j for j, entry in enumerate(line) if entry != 0)] for line in lines
            ]

    def point(self) -> list[fmpq]:
        """x with every row of the basis at its limit."""
        return self._meeting([self.limits[k] for k in self.basis])

    def prices(self) -> list[fmpq]:
        """y, one a row of the basis, with sum_k y_k a_k = c."""
        return self._combining(self.costs)

    def primal(self) -> None:
        """Reach prices >= 0, with the limits raised to what the first point needs."""
        prices = self.prices()
        if min(prices) >= 0:
            return
        true = self.limits
        self.limits = self._raised(self.point())
        stalled = 0
        while min(prices) < 0:
            wrong = [
                (price, k, j) for j, (k, price) in enumerate(self._priced(prices)) if price < 0
            ]
            least = min(wrong, key=lambda item: item[1])
            leaving = (least if stalled > self.size else min(wrong))[2]
            away = self._meeting([fmpq(-(j == leaving)) for j in range(self.size)])
            step, entering = self._first_met(self.point(), away)
            stalled = 0 if step > 0 else stalled + 1
            self._swap(leaving, entering)
            prices = self.prices()
        self.limits = true

    def dual(self) -> None:
        """Reach feasibility, keeping the prices >= 0."""
        stalled = 0
        while True:
            broken = self._broken(self.point())
            if not broken:
                return
            least = min(broken, key=lambda item: item[1])
            entering = (least if stalled > self.size else max(broken))[1]
            target = [_ZERO] * self.size
            for i, a in self.rows[entering]:
                target[i] = a
            shares = zip(self._priced(self.prices()), self._combining(target), strict=True)
            ratios = [(y / share, k, j) for j, ((k, y), share) in enumerate(shares) if share > 0]
            if not ratios:
                raise Refuted("the program has no feasible point")
            ratio, _, leaving = min(ratios)
            stalled = 0 if ratio > 0 else stalled + 1
            self._swap(leaving, entering)

    def _priced(self, prices: list[fmpq]) -> Iterable[tuple[int, fmpq]]:
        return zip(self.basis, prices, strict=True)

    def _raised(self, x: list[fmpq]) -> list[fmpq]:
        """Limits that leave every row outside the basis some room, each its own, against ties."""
        draw = Random(0)
        raised = []
        for terms, limit in zip(self.rows, self.limits, strict=True):
            room = fmpq(draw.randint(1, 1 << 32), 1 << 64)
            raised.append(max(limit, _left(terms, x) + room))
        for k in self.basis:
            raised[k] = self.limits[k]
        return raised

    def _first_met(self, x: list[fmpq], away: list[fmpq]) -> tuple[fmpq, int]:
        """Step along a direction and the row that ends it, the least of those that tie."""
        inside = set(self.basis)
        rises = ((k, _left(terms, away)) for k, terms in enumerate(self.rows) if k not in inside)
        steps = [
            ((self.limits[k] - _left(self.rows[k], x)) / rise, k) for k, rise in rises if rise > 0
        ]
        if not steps:
            raise Refuted("the program has no bound")
        return min(steps)

    def _broken(self, x: list[fmpq]) -> list[tuple[fmpq, int]]:
        """Excess and number of every broken row."""
        inside = set(self.basis)
        excesses = (
            (_left(terms, x) - self.limits[k], k)
            for k, terms in enumerate(self.rows)
            if k not in inside
        )
        return [(excess, k) for excess, k in excesses if excess > 0]

    def _swap(self, leaving: int, entering: int) -> None:
        self.basis[leaving] = entering
        self.pivots += 1
        if self.pivots > _MAX_PIVOTS:
            raise Refuted(f"{_MAX_PIVOTS} pivots did not reach the optimum")

    def _meeting(self, limits: list[fmpq]) -> list[fmpq]:
        """x with a_k.x = limit_k over the basis."""
        return self._matrix(self.basis).solve(fmpq_mat(self.size, 1, limits)).entries()

    def _combining(self, target: list[fmpq]) -> list[fmpq]:
        """y with sum_k y_k a_k = target over the basis."""
        columns = self._matrix(self.basis).transpose()
        return columns.solve(fmpq_mat(self.size, 1, target)).entries()

    def _matrix(self, chosen: list[int]) -> fmpq_mat:
        matrix = fmpq_mat(len(chosen), self.size)
        for position, k in enumerate(chosen):
            for i, a in self.rows[k]:
                matrix[position, i] = a
        return matrix


def _left(terms: Terms, x: list[fmpq]) -> fmpq:
    return sum((a * x[i] for i, a in terms), _ZERO)
