"""Composition of DP-SGD steps by a Fourier series with proved errors (PHF).

With L = log p/q of one step, phi(u) = int sqrt(p q) e^(iuL) and psi the function of period 2r that
equals e^(-|x|/2) on [-r, r], whose Fourier coefficients c_j are positive and sum to 1,

    int min(P^T, e^eps Q^T) = e^(eps/2) [ sum_j c_j phi(u_j)^T e^(-i u_j eps) - wrap ],  u_j = pi j/r,

and 0 <= wrap <= the affinity at |S_T - eps| > r.  One minus it is the hockey-stick divergence: at
eps = 0 the total variation.  Errors, all added to the ball that is returned:

* wrap-around: a Chernoff bound (wrap.py);
* frequencies beyond the last: (1 - sum c_j) times a bound that falls with u (Line.decay);
* quadrature of phi: Line.lifted; atoms left out: Pair;
* rounding: Arb's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flint import acb, acb_mat, arb, fmpq

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.line import Line, dyadic, weight
from mipriv.accounting.sgd.plan import Plan, plan
from mipriv.accounting.sgd.wrap import affinity_beyond

ARITHMETIC = "Arb balls"
_FASTER = 100  # multiplications in float64 in the time of one of balls
_OVERHEAD = 300  # such multiplications' worth of work on a frequency besides its sum over nodes


@dataclass(frozen=True)
class Run:
    """Steps that share one pair."""

    line: Line
    steps: int


def choose(runs: list[Run], *, log_tolerance: float, reach: float = 0.0, budget: float) -> Plan:
    """Choices for a transform, `reach` and the rest being its own.

    Raises:
        TooExpensive: it would cost more than the budget.
    """
    return plan(
        [(run.line, run.steps) for run in runs],
        log_tolerance=log_tolerance,
        reach=reach,
        budget=budget / weight(max(run.line.bits for run in runs)),
    )


def cost(runs: list[Run], chosen: Plan) -> float:
    """Multiplications that a transform takes, about; of 128 bits."""
    sums = ((1 if run.line.pair.symmetric else 2, run.line) for run in runs)
    return chosen.last * sum(sides * line.count * weight(line.bits) for sides, line in sums)


def float_cost(runs: list[Run]) -> float:
    """What one frequency costs in float64, in multiplications of balls that take as long."""
    symmetric = [1 if run.line.pair.symmetric else 2 for run in runs]
    used = zip(runs, symmetric, strict=True)
    return sum(run.line.count * sides + _OVERHEAD for run, sides in used) / _FASTER


class Transform:
    """phi(u_j)^T of a composition, from which every hockey-stick divergence is a sum.

    Args:
        runs: pairs on their lines, with numbers of steps.
        log_tolerance: log of the absolute error wanted of int min(P, Q).
        reach: largest |epsilon| that will be asked for, nats.
        budget: multiplications it may cost.
        chosen: what `choose` found for this, if it has been asked.

    Raises:
        TooExpensive: more than the budget.
    """

    arithmetic = ARITHMETIC

    def __init__(
        self,
        runs: list[Run],
        *,
        log_tolerance: float,
        reach: float = 0.0,
        budget: float,
        chosen: Plan | None = None,
    ) -> None:
        self.runs = runs
        self.plan: Plan = chosen or choose(
            runs, log_tolerance=log_tolerance, reach=reach, budget=budget
        )
        self.half_period = dyadic(self.plan.half_period)
        self.powers = self._powers()
        self.kernel = [self._coefficient(j) for j in range(len(self.powers))]
        self.cut = self._cut()
        self.dropped = self._dropped()

    def _frequency(self, j: int) -> arb:
        return arb.pi() * j / self.half_period

    def _coefficient(self, j: int) -> arb:
        """c_j; those of j >= 1 stand for -j as well."""
        u = self._frequency(j)
        edge = (-arb(self.half_period) / 2).exp()
        sign = 1 if j % 2 else -1
        both = 2 if j else 1
        return both * (1 + sign * edge) / (2 * self.half_period * (u * u + fmpq(1, 4)))

    def _powers(self) -> list[acb]:
        """Product over the runs of phi(u_j)^T, j = 0, ..., last."""
        total = [acb(1)] * (self.plan.last + 1)
        for run in self.runs:
            values = characteristic(run.line, self._frequency(1), self.plan.last + 1)
            total = [t * _power(v, run.steps) for t, v in zip(total, values, strict=True)]
        return total

    def _rest(self) -> arb:
        """Sum of the coefficients of all frequencies beyond the last, of both signs."""
        return 1 - sum(self.kernel, arb(0))

    def _cut(self) -> arb:
        """Bound on what all frequencies beyond the last contribute, of both signs."""
        rest = self._rest()
        u = self._frequency(self.plan.last + 1)
        log = arb(0)
        for run, height in zip(self.runs, self.plan.heights, strict=True):
            log += run.steps * run.line.decay(u, arb(dyadic(height))).log()
        return (rest * log.exp()).upper()

    def _dropped(self) -> arb:
        """Bound on what the atoms left out of the pairs could add to int min(P, Q)."""
        rate, log = arb(0), arb(0)
        for run in self.runs:
            lost = run.line.pair.up.dropped + run.line.pair.down.dropped
            full = run.line.affinity.upper() + lost
            rate += run.steps * lost / full
            log += run.steps * full.log()
        return (rate * log.exp()).upper()

    def _wrapped(self, epsilon: arb) -> arb:
        """Bound on the wrap-around at a shift by epsilon."""
        runs = [(run.line, run.steps) for run in self.runs]
        even = epsilon.is_zero() and all(run.line.pair.symmetric for run in self.runs)
        total = arb(0)
        for order, mirrored in zip(self.plan.orders, (False, True), strict=True):
            r = (arb(self.half_period) + (-epsilon if mirrored else epsilon)).lower().fmpq()
            if r <= 0:
                return arb(1)
            bound = affinity_beyond(runs, r, order, mirrored=mirrored)
            if even:
                return 2 * bound
            total += bound
        return total

    def shared(self, epsilon: arb | None = None) -> arb:
        """Enclosure of int min(P, e^epsilon Q), in [0, min(1, e^epsilon)]."""
        shift = arb(0) if epsilon is None else epsilon
        total = arb(0)
        for j, (share, value) in enumerate(zip(self.kernel, self.powers, strict=True)):
            if shift.is_zero() or j == 0:
                total += share * value.real
            else:
                total += share * (value * acb(0, -self._frequency(j) * shift).exp()).real
        total += (-(self.cut + self._wrapped(shift))).union(self.cut + self.dropped)
        scaled = total * (shift / 2).exp()
        if not scaled.is_finite():
            raise TooExpensive
        return scaled.max(arb(0)).min(arb(1)).min(shift.exp())


def characteristic(line: Line, du: arb, count: int) -> list[acb]:
    """phi(j du) for j = 0, ..., count - 1.

    j = a B + b splits the sum over nodes into a product of two matrices of about sqrt(count)
    rows, which needs few exponentials and one multiplication a node and frequency.
    """
    nodes, error = line.lifted
    block = math.isqrt(max(count - 1, 0)) + 1
    rows = -(-count // block)
    rotations = [(acb(0, 1) * du * ratio).exp() for _, ratio in nodes]
    fine = _geometric([acb(1)] * len(nodes), rotations, block)
    strides = [f * r for f, r in zip(fine[-1], rotations, strict=True)]
    coarse = _geometric([weight for weight, _ in nodes], strides, rows)
    product = acb_mat(coarse) * acb_mat(fine).transpose()
    blur = arb(0, error)
    values = []
    for j in range(count):
        value = product[j // block, j % block]
        if line.pair.symmetric:
            values.append(acb(2 * value.real + blur))
        else:
            values.append(value + acb(blur, blur))
    return values


def _geometric(start: list[acb], ratio: list[acb], rows: int) -> list[list[acb]]:
    table = [start]
    for _ in range(rows - 1):
        table.append([x * y for x, y in zip(table[-1], ratio, strict=True)])
    return table


def _power(value: acb, exponent: int) -> acb:
    """value^exponent by squaring: the ball may hold zero."""
    result, square = acb(1), value
    while exponent:
        if exponent & 1:
            result *= square
        exponent >>= 1
        if exponent:
            square *= square
    return result
