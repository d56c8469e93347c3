"""The Fourier series of fourier.py summed in float64: some hundred times as many frequencies.

For rare sampling with little noise the log likelihood ratios of one step range over many orders of
magnitude, so that millions of frequencies matter.  With W_m, L_m the nodes of a lifted line,
S = sum W_m and j = a B + b,

    phi(u_j)/S - 1 = sum_m (W_m/S) (e^(i j v L_m) - 1),   v = pi/r,
    e^(i(s+t)) - 1 = (e^(is) - 1)(e^(it) - 1) + (e^(is) - 1) + (e^(it) - 1),

one product of two matrices whose entries, and so whose rounding errors, are as small as the loss
of one step at that frequency.  Powers are taken as y -> 2y + y^2 for the same reason, and with
c_j the kernel and rest = sum of c_j beyond the last frequency,

    sum over all j of c_j psi_j = 1 - rest + sum_(1 <= j <= last) c_j Re y_j + (cut),  y = psi - 1.

Assumed: float64 with rounding to nearest, unit u = 2^-53; exp, expm1, sin and cos of NumPy within
4 ulp; a sum of n products errs by at most 2 (n + 8) units relative to the sum of sizes, in whatever
order (the tests sample them).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from flint import acb, arb, fmpq
from numpy.typing import NDArray

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.fourier import Run, Transform
from mipriv.accounting.sgd.line import dyadic
from mipriv.accounting.sgd.plan import Plan

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

ARITHMETIC = "float64, each elementary function within 4 ulp"
UNIT = 2.0**-53
_TABLE = 1 << 19  # elements of a table
_BLOCK = 4096  # most frequencies in a row
_SMALL = 1e-3  # relative error of a power: what squares of it add is within a thousandth
_MOST_RUNS = 40  # whose powers' sizes, each within e^.001 of 1, stay within 1.05 together
_TINY = 1e-290  # what a flush to zero can hide, with room for the sums


@dataclass(frozen=True)
class _Nodes:
    """A lifted line in floating point.

    Attributes:
        weights: W_m/S, each within 4 units.
        turns: v L_m, each part within 2 units.
        symmetric: whether phi is twice the real part of the sum.
        steps: T.
        error: bound on |phi - S (1 + z)|/S from the quadrature.
    """

    weights: Complexes
    turns: Complexes
    symmetric: bool
    steps: int
    error: float


class RoundedTransform(Transform):
    """int min(P, Q) of a composition from a float64 sum; at epsilon = 0 only.

    Args:
        runs: pairs on their lines, with numbers of steps.
        chosen: period, orders, heights and last frequency.

    Raises:
        TooExpensive: rounding errors or masses are out of reach of floating point.
    """

    arithmetic = ARITHMETIC

    def __init__(self, runs: list[Run], chosen: Plan) -> None:
        self.runs, self.plan = runs, chosen
        self.half_period = dyadic(chosen.half_period)
        self.scale = arb(1)
        nodes = [self._nodes(run) for run in runs]
        value, error = self._sum(nodes)
        if not error < 1:
            raise TooExpensive
        self.value, self.error = value, error
        self.cut = self._cut()
        self.dropped = self._dropped()

    def _nodes(self, run: Run) -> _Nodes:
        lifted, error = run.line.lifted
        symmetric = run.line.pair.symmetric
        total = sum((weight for weight, _ in lifted), acb(0))
        if symmetric:
            total = acb(2 * total.real)
        size = total.real
        if not size > 0:
            raise TooExpensive
        self.scale *= size**run.steps
        v = self._frequency(1)
        weights = np.array([complex(weight / size) for weight, _ in lifted])
        turns = np.array([complex(v * ratio) for _, ratio in lifted])
        turns.imag = np.maximum(turns.imag, 0.0)
        # phi(0) is real: what is left of the sum's imaginary part is quadrature
        beyond = (error * (2 if symmetric else 1) + abs(total.imag)) / size
        return _Nodes(weights, turns, symmetric, run.steps, float(beyond.upper()) * (1 + 4 * UNIT))

    def _sum(self, runs: list[_Nodes]) -> tuple[float, float]:
        """Sum over 1 <= j <= last of c_j Re y_j, and a bound on its error, over psi(0)."""
        last, longest = self.plan.last, max(len(run.weights) for run in runs)
        block = max(1, min(_BLOCK, math.isqrt(last) + 1, _TABLE // longest))
        at_once = max(1, _TABLE // max(block, longest))
        if len(runs) > _MOST_RUNS:
            raise TooExpensive
        tables = [_Fine(run, block) for run in runs]
        values, error = [], 0.0
        for start in range(0, last // block + 1, at_once):
            rows = np.arange(start, min(start + at_once, last // block + 1), dtype=np.float64)
            y, blur = tables[0].powers(rows)
            for table in tables[1:]:
                other, more = table.powers(rows)
                y, blur = (
                    y + other + y * other,
                    blur + more + 8 * UNIT * (np.abs(y) + np.abs(other)),
                )
            kernel = self._weights(rows, block)
            terms = kernel * y.real
            # each term within 16 units, their sum within one for each of them
            sizes = float((kernel * np.abs(y)).sum())
            values.append(float(terms.sum()))
            error += float((kernel * blur).sum()) + UNIT * (terms.size + 24) * sizes
        value, total = math.fsum(values), sum(run.steps * run.error for run in runs)
        return value, 1.001 * (error + total + UNIT * abs(value)) + _TINY

    def _weights(self, rows: Floats, block: int) -> Floats:
        """c_j, those of j and -j together, within 16 units; 0 for j = 0 and beyond the last."""
        j = rows[:, None] * block + np.arange(block)
        r = float(self.half_period)
        u = math.pi / r * j
        edge = np.where(j % 2 == 0, -math.expm1(-r / 2), 1 + math.exp(-r / 2))
        kernel = edge / (r * (u * u + 0.25))
        kernel[(j == 0) | (j > self.plan.last)] = 0.0
        weights: Floats = kernel
        return weights

    def _rest(self) -> arb:
        """Sum of c_j over |j| > last: with w = r/(2 pi), sum 1/(j^2 + w^2) = Im digamma(. + iw)/w."""
        r, first = self.half_period, self.plan.last + 1
        w = r / (2 * arb.pi())

        def beyond(start: fmpq, width: arb) -> arb:
            return acb(start, width).digamma().imag / width

        every = beyond(fmpq(first), w)
        even = beyond(fmpq((first + 1) // 2), w / 2) / 4
        edge = (-arb(r) / 2).exp()
        rest: arb = r / arb.pi() ** 2 * (every - edge * (2 * even - every))
        return rest

    def shared(self, epsilon: arb | None = None) -> arb:
        """Enclosure of int min(P, Q), in [0, 1]; epsilon is 0."""
        if epsilon is not None and not epsilon.is_zero():
            raise TooExpensive
        total = self.scale * (1 - self._rest() + arb(self.value, self.error))
        total += (-(self.cut + self._wrapped(arb(0)))).union(self.cut + self.dropped)
        if not total.is_finite():
            raise TooExpensive
        return total.max(arb(0)).min(arb(1))


class _Fine:
    """The part of the sum that all rows of frequencies share."""

    def __init__(self, run: _Nodes, block: int) -> None:
        self.run, self.block = run, block
        inner = _turned(np.arange(block, dtype=np.float64)[:, None] * run.turns)
        self.table = inner.T.copy()
        self.alone = inner @ run.weights
        size = np.abs(run.weights)
        self.sizes = size, np.abs(run.turns)
        reach = (block - 1) * self.sizes[1]
        self.small = float(size @ np.minimum(reach, 2.0))
        self.phase = float(size @ reach)

    def powers(self, rows: Floats) -> tuple[Complexes | Floats, Floats]:
        """y = (phi/S)^T - 1 for the rows' frequencies, and a bound on its error."""
        run, count = self.run, len(self.run.weights)
        outer = _turned((rows * self.block)[:, None] * run.turns) * run.weights
        z = outer @ self.table + outer.sum(axis=1)[:, None] + self.alone
        size, turns = self.sizes
        reach = (rows * self.block)[:, None] * turns
        small = np.minimum(reach, 2.0) @ size + self.small
        phase = reach @ size + self.phase
        # |e^(is) - 1| <= min(2, |s|); each is within 64 units of that and 3 units of s
        blur = 1.001 * UNIT * ((6 * count + 240) * small + 9 * phase) + _TINY
        if run.symmetric:
            z, blur = 2 * z.real, 2 * blur
        # |phi| <= S up to the errors, so every power of 1 + z is at most 1 + steps * blur in size
        most = run.steps * (float(blur.max()) + run.error)
        if not most < _SMALL:
            raise TooExpensive
        doublings = run.steps.bit_length() + 1
        error = run.steps * (blur[:, None] + 16 * UNIT * doublings * (np.abs(z) + blur[:, None]))
        return _power(z, run.steps), error * 1.05


def _turned(s: Complexes) -> Complexes:
    """e^(is) - 1 for Im s >= 0."""
    real = np.expm1(-s.imag) * np.cos(s.real) - 2 * np.sin(s.real / 2) ** 2
    found: Complexes = real + 1j * (np.exp(-s.imag) * np.sin(s.real))
    return found


def _power(z: Complexes | Floats, exponent: int) -> Complexes | Floats:
    """(1 + z)^exponent - 1 by squaring."""
    result, square = np.zeros_like(z), z
    while exponent:
        if exponent & 1:
            result = result + square + result * square
        exponent >>= 1
        if exponent:
            square = square * (2 + square)
    return result
