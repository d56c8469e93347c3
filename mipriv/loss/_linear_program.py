"""Exact linear programs whose rows hold at most two variables.

Maximise c.x subject to rows a x_i + b x_j <= r and 0 <= x <= 1, in rational arithmetic.  The rows
of a basis are the edges of a graph on the variables; independence makes each component a tree
with one edge more (a cycle or a bound), so a vertex and its multipliers follow from walks along
the tree, in as many operations as there are variables, and no matrix is ever factored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from flint import arb, ctx, fmpq

_SCREEN_BITS = 128
_ZERO, _ONE, _HALF = fmpq(0), fmpq(1), fmpq(1, 2)


class Row(NamedTuple):
    """a x_i + b x_j <= limit; a bound on x_i alone has j = i and b = 0."""

    i: int
    a: fmpq
    j: int
    b: fmpq
    limit: fmpq

    def left(self, x: Sequence[fmpq]) -> fmpq:
        """Left-hand side at a point."""
        return self.a * x[self.i] + self.b * x[self.j] if self.b else self.a * x[self.i]


@dataclass(frozen=True)
class Program:
    """Maximise objective.x subject to `links`, rows of two variables each, and 0 <= x <= 1."""

    objective: tuple[fmpq, ...]
    links: tuple[Row, ...]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The links, then x_i <= 1 for each i, then -x_i <= 0 for each i."""
        size = range(len(self.objective))
        tops = (Row(i, _ONE, i, _ZERO, _ONE) for i in size)
        floors = (Row(i, -_ONE, i, _ZERO, _ZERO) for i in size)
        return (*self.links, *tops, *floors)

    def value(self, x: Sequence[fmpq]) -> fmpq:
        """Objective at a point."""
        return sum((c * v for c, v in zip(self.objective, x, strict=True)), _ZERO)

    def feasible(self, x: Sequence[fmpq]) -> bool:
        """Whether a point satisfies every row, exactly."""
        return len(x) == len(self.objective) and all(row.left(x) <= row.limit for row in self.rows)

    def ceiling(self, weights: Sequence[fmpq]) -> fmpq:
        """Upper bound on the optimum that weights >= 0 on the links prove.

        sum_k w_k r_k + sum_i max(0, c_i - sum_k w_k a_ki), as x lies in [0, 1].
        """
        reduced = list(self.objective)
        total = _ZERO
        for row, weight in zip(self.links, weights, strict=True):
            if weight:
                reduced[row.i] -= weight * row.a
                reduced[row.j] -= weight * row.b
                total += weight * row.limit
        return total + sum((c for c in reduced if c > 0), _ZERO)

    def pulled_inside(self, x: Sequence[fmpq]) -> tuple[fmpq, ...]:
        """Point nearest to x on its way to (1/2, ..., 1/2) that is feasible.

        Needs the constant 1/2 to be feasible; a feasible x is returned as it is.
        """
        share = _ONE
        for row in self.rows:
            middle = (row.a + row.b) / 2
            reach = row.left(x) - middle
            if share * reach > row.limit - middle:
                share = (row.limit - middle) / reach
        if share == 1:
            return tuple(x)
        return tuple(_HALF + share * (value - _HALF) for value in x)


@dataclass(frozen=True)
class Vertex:
    """Where the pivots ended: the basis, its point, and the multipliers of the links."""

    basis: tuple[int, ...]
    point: tuple[fmpq, ...]
    weights: tuple[fmpq, ...]
    pivots: int


def solve(program: Program, order: Iterable[int], *, max_pivots: int) -> Vertex:
    """Optimal vertex, starting from the first independent rows of `order`.

    The limits of the other rows are first raised until the starting vertex meets them all, and
    primal pivots make the multipliers nonnegative.  Those do not depend on limits, so the true ones
    return and dual pivots restore feasibility, which is the optimum.  Any start ends there; a good
    one makes few pivots.

    Args:
        program: bounded by its bounds, and feasible.
        order: all rows, those most likely tight at the optimum first.
        max_pivots: after so many the vertex is returned as it stands, optimal or not.
    """
    tableau = _Tableau(program, _independent(program, order), max_pivots)
    tableau.primal()
    tableau.dual()
    return tableau.vertex()


def _independent(program: Program, order: Iterable[int]) -> list[int]:
    """First rows of `order` that are linearly independent, as many as there are variables.

    A union-find over the variables: with the chosen rows set to zero, every variable of a free
    component is a multiple of its root, and every variable of a fixed component is 0.
    """
    size = len(program.objective)
    root = list(range(size))
    gain = [_ONE] * size
    members = [[i] for i in range(size)]
    fixed = [False] * size
    chosen: list[int] = []
    for k in order:
        if len(chosen) == size:
            break
        row = program.rows[k]
        p, q = root[row.i], root[row.j]
        if fixed[p] and fixed[q]:
            continue
        if p == q:
            if row.a * gain[row.i] + row.b * gain[row.j] == 0:
                continue
            fixed[p] = True
        else:
            if len(members[p]) < len(members[q]):
                row = Row(row.j, row.b, row.i, row.a, row.limit)
                p, q = q, p
            ratio = -row.a * gain[row.i] / (row.b * gain[row.j])  # root of q in terms of root of p
            for v in members[q]:
                root[v], gain[v] = p, gain[v] * ratio
            members[p] += members[q]
            members[q] = []
            fixed[p] = fixed[p] or fixed[q]
        chosen.append(k)
    return chosen


class _Forest:
    """The rows of a basis as a graph: solves with the basis matrix and with its transpose."""

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows = rows
        self.closing: list[tuple[int, int]] = []  # (root, row that closes the component)
        self.walks: list[list[tuple[int, int, fmpq, fmpq, int]]] = []  # (parent, child, a, b, row)
        touching: list[list[int]] = [[] for _ in range(size)]
        for k, row in enumerate(rows):
            if row.b:
                touching[row.i].append(k)
                touching[row.j].append(k)
        seen = [False] * size
        bounds = [k for k, row in enumerate(rows) if not row.b]
        # A component with a bound is walked from the bounded variable, whose value is known.
        for k in bounds:
            self._walk(rows[k].i, touching, seen)
            self.closing[-1] = (rows[k].i, k)
        for v in range(size):
            if not seen[v]:
                self._walk(v, touching, seen)

    def _walk(self, root: int, touching: list[list[int]], seen: list[bool]) -> None:
        walk: list[tuple[int, int, fmpq, fmpq, int]] = []
        seen[root] = True
        reached, used, closing = [root], set(), -1
        for u in reached:
            for k in touching[u]:
                if k in used:
                    continue
                used.add(k)
                row = self.rows[k]
                a, v, b = (row.a, row.j, row.b) if row.i == u else (row.b, row.i, row.a)
                if seen[v]:
                    closing = k
                else:
                    seen[v] = True
                    reached.append(v)
                    walk.append((u, v, a, b, k))
        self.walks.append(walk)
        self.closing.append((root, closing))

    @cached_property
    def _gains(self) -> list[dict[int, fmpq]]:
        """Component by component, x_v for x_root = 1 with every row of the tree at zero."""
        gains = []
        for (root, closing), walk in zip(self.closing, self.walks, strict=True):
            gain = {root: _ONE}
            if self.rows[closing].b:
                for u, v, a, b, _ in walk:
                    gain[v] = -a * gain[u] / b
            gains.append(gain)
        return gains

    def point(self, limits: Sequence[fmpq]) -> list[fmpq]:
        """Return x with every basic row at its limit."""
        x = [_ZERO] * len(limits)
        parts = zip(self.closing, self.walks, self._gains, strict=True)
        for (root, closing), walk, gain in parts:
            last = self.rows[closing]
            if last.b:
                x[root] = _ZERO
                for u, v, a, b, k in walk:
                    x[v] = (limits[k] - a * x[u]) / b
                x[root] = (limits[closing] - last.left(x)) / last.left(gain)  # type: ignore[arg-type]
            else:
                x[root] = limits[closing] / last.a
            for u, v, a, b, k in walk:
                x[v] = (limits[k] - a * x[u]) / b
        return x

    def multipliers(self, target: Sequence[fmpq]) -> list[fmpq]:
        """Return y, one a basic row, with sum of y_k row_k = target."""
        left = list(target)
        y = [_ZERO] * len(left)
        parts = zip(self.closing, self.walks, self._gains, strict=True)
        for (root, closing), walk, gain in parts:
            last = self.rows[closing]
            if last.b:  # the gains annul the tree, so they single out the closing row
                pull = sum((g * left[v] for v, g in gain.items() if left[v]), _ZERO)
                y[closing] = pull / last.left(gain)  # type: ignore[arg-type]
                left[last.i] -= y[closing] * last.a
                left[last.j] -= y[closing] * last.b
            for u, v, a, b, k in reversed(walk):
                if left[v]:
                    y[k] = left[v] / b
                    left[u] -= y[k] * a
            if not last.b:
                y[closing] = left[root] / last.a
        return y


class _Tableau:
    """A basis on its way to the optimum.

    The pivots follow the largest multiplier or the worst broken row.  After as many without
    progress as there are variables they follow Bland's rule, which cannot cycle.
    """

    def __init__(self, program: Program, basis: list[int], max_pivots: int) -> None:
        self.program, self.rows = program, program.rows
        self.basis = basis
        self.pivots, self.max_pivots = 0, max_pivots
        self.limits = [row.limit for row in self.rows]

    def _forest(self) -> _Forest:
        return _Forest([self.rows[k] for k in self.basis], len(self.basis))

    def _point(self, forest: _Forest) -> list[fmpq]:
        return forest.point([self.limits[k] for k in self.basis])

    def _swap(self, position: int, entering: int) -> None:
        self.basis[position] = entering
        self.pivots += 1

    def primal(self) -> None:
        """Reach multipliers >= 0, with the limits raised to what the first vertex needs."""
        x = self._point(self._forest())
        self._raise_limits(x)
        stalled = 0
        while self.pivots < self.max_pivots:
            forest = self._forest()
            y = forest.multipliers(self.program.objective)
            worst = min(y, default=_ZERO)
            if worst >= 0:
                break
            if stalled < len(y):
                leaving = y.index(worst)
            else:
                leaving = min((k for k, v in enumerate(y) if v < 0), key=self.basis.__getitem__)
            away = [_ZERO] * len(y)
            away[leaving] = -_ONE
            direction = forest.point(away)
            entering, step = self._first_met(x, direction)
            stalled = 0 if step > 0 else stalled + 1
            x = [v + step * d if d else v for v, d in zip(x, direction, strict=True)]
            self._swap(leaving, entering)
        self.limits = [row.limit for row in self.rows]

    def _raise_limits(self, x: list[fmpq]) -> None:
        """Let the vertex meet every row with room to spare.

        The room is small and differs from row to row (Knuth's multiplicative hash of the index),
        because many rows meet at a vertex of these programs and pivots among them stall for long.
        """
        basic = set(self.basis)
        for k, row in enumerate(self.rows):
            if k not in basic:
                room = fmpq(k * 2_654_435_761 % (1 << 32) + 1, 1 << 64)
                self.limits[k] = max(row.limit, row.left(x) + room)

    def _first_met(self, x: list[fmpq], direction: list[fmpq]) -> tuple[int, fmpq]:
        """Row that stops a move along `direction`, the first by index of those that tie."""
        basic = set(self.basis)
        best, step = -1, _ZERO
        for k, row in enumerate(self.rows):
            if (direction[row.i] or direction[row.j]) and k not in basic:
                rise = row.left(direction)
                if rise > 0:
                    reach = (self.limits[k] - row.left(x)) / rise
                    if best < 0 or reach < step:
                        best, step = k, reach
        if best < 0:
            raise ArithmeticError("a bounded program has a row that stops every move")
        return best, step

    def dual(self) -> None:
        """Reach feasibility, keeping the multipliers >= 0."""
        stalled = 0
        while self.pivots < self.max_pivots:
            forest = self._forest()
            x = self._point(forest)
            entering = self._broken(x, first=stalled >= len(x))
            if entering < 0:
                break
            y = forest.multipliers(self.program.objective)
            row = self.rows[entering]
            target = [_ZERO] * len(x)
            target[row.i] += row.a
            target[row.j] += row.b
            shares = forest.multipliers(target)
            ratios = [
                (y[k] / share, self.basis[k], k) for k, share in enumerate(shares) if share > 0
            ]
            if not ratios:
                raise ArithmeticError("a feasible program has a multiplier to lower")
            ratio, _, leaving = min(ratios)
            stalled = 0 if ratio > 0 else stalled + 1
            self._swap(leaving, entering)

    def _broken(self, x: list[fmpq], *, first: bool) -> int:
        """Row broken most (as far as balls tell), or the first one broken; -1 if none is.

        Balls settle most rows; where one leaves the sign open, the fractions decide.
        """
        basic = set(self.basis)
        worst, found = arb(0), -1
        with ctx.workprec(_SCREEN_BITS):
            near = [arb(value) for value in x]
            for k, (i, a, j, b, limit) in enumerate(self._screen):
                excess = a * near[i] + b * near[j] - limit
                if excess <= worst or k in basic:
                    continue
                if not excess > 0:
                    exact = self.rows[k].left(x) - self.rows[k].limit
                    if exact <= 0:
                        continue
                    excess = arb(exact)
                if found < 0 or excess > worst:
                    worst, found = excess, k
                    if first:
                        break
        return found

    @cached_property
    def _screen(self) -> list[tuple[int, arb, int, arb, arb]]:
        with ctx.workprec(_SCREEN_BITS):
            return [(r.i, arb(r.a), r.j, arb(r.b), arb(r.limit)) for r in self.rows]

    def vertex(self) -> Vertex:
        """Where the pivots stand."""
        forest = self._forest()
        weights = [_ZERO] * len(self.program.links)
        for k, y in zip(self.basis, forest.multipliers(self.program.objective), strict=True):
            if k < len(weights) and y > 0:
                weights[k] = y
        return Vertex(tuple(self.basis), tuple(self._point(forest)), tuple(weights), self.pivots)
