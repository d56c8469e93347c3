"""One step's pair cut into cells of the real line, in floating point, with a bound on every error.

The cells end where L = log p/q, which rises, passes the multiples of a step h; each carries its
masses under P and under Q.  A tail is a sum of positive terms; a cell is a difference of two tails
on one side of the side's mean.  So an error of a tail moves mass from a cell to its neighbour, which
matters far less than one of the cell alone (lattice_points.py).

Assumed: float64 with rounding to nearest, unit u = 2^-53; numpy's exp, expm1 and log within 4 ulp;
scipy's ndtr within 8 + 2 z^2 ulp at a tail z (the tests sample them).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import ctx
from numpy.typing import NDArray
from scipy.special import ndtr

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.pairs import Pair, Side

Floats = NDArray[np.float64]

UNIT = 2.0**-53
UNDERFLOW = 1e-306  # what a flush to zero in exp or ndtr can hide
_BLOCK = 64  # atoms summed at a time: the sum errs by at most 64 + n/64 units, in whatever order
_ROWS = 1 << 19  # elements of a table of atoms and points
_WORK = 1e9  # elements altogether, where no budget is given
_GRID = 20_000
_NEWTON = 4
_NEED = 60.0  # -log of a share of the affinity beyond which nothing is looked for
_BITS = 96


class TooManyPoints(TooExpensive):
    """The lattice, the transform or the table of atoms would be larger than allowed."""


class Effort:
    """What a lattice may still cost.

    Args:
        left: elements of tables of atoms and points, of some 20 nanoseconds each.
    """

    def __init__(self, left: float = _WORK) -> None:
        self.left = left

    def spend(self, elements: float) -> None:
        """Take elements off what is left.

        Raises:
            TooManyPoints: that many are not left.
        """
        if not elements <= self.left:
            raise TooManyPoints
        self.left -= elements


class Atoms:
    """One side's atoms in floating point.

    Attributes:
        places: i s >= 0; each within one unit.
        logs: log of the weight.
        weights: each within `blur`, relative.
        blur: relative error of a weight and of adding up the atoms.
        total: sum of the weights, within `blur`.
        mean: mean place; a choice where tails change direction.
        dropped: as in `Side`.
    """

    def __init__(self, side: Side) -> None:
        with ctx.workprec(_BITS):
            weights = side.weights
            total = sum(weights[1:], weights[0])
            self.logs: Floats = np.array([float(w.log()) for w in weights])
            self.weights: Floats = np.array([float(w) for w in weights])
            known = max(float(w.rad() / w.mid()) for w in weights)
            self.dropped = float(side.dropped.upper()) * (1 + 4 * UNIT)
        top, bottom = int(side.spacing.p), int(side.spacing.q)
        indices = range(side.first, side.last + 1)
        self.places: Floats = np.array([i * top / bottom for i in indices])
        self.total = float(total)
        if not self.total > 0:
            raise TooExpensive
        added = min(len(indices), _BLOCK) + len(indices) / _BLOCK
        self.blur = 2 * known + (added + 6) * UNIT
        self.mean = float(self.places @ self.weights) / self.total

    def _chunks(self, count: int) -> list[slice]:
        rows = max(1, _ROWS // len(self.places))
        return [slice(i, min(i + rows, count)) for i in range(0, count, rows)]

    def log_factor(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """log sum_i w_i e^(-a_i^2/2 + a_i x), its slope, and a bound on the log's error.

        An error of the exponents moves the log by at most their mean under the terms' shares; each
        is within 8 units of the sizes it is made of.
        """
        logs, slopes, errors = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        constant = self.logs - self.places**2 / 2
        size = np.abs(self.logs) + self.places**2 / 2
        for part in self._chunks(len(x)):
            at = x[part, None]
            powers = constant + self.places * at
            top = powers.max(axis=1)
            terms = np.exp(powers - top[:, None])
            total = _added(terms)
            mean = _added(terms * self.places) / total
            made_of = _added(terms * size) / total + np.abs(x[part]) * mean
            logs[part] = top + np.log(total)
            slopes[part] = mean
            errors[part] = UNIT * (8 * made_of + 4 * np.abs(logs[part]) + 24) + self.blur
        return logs, slopes, errors

    def cells(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Masses of the normals N(a_i, 1) between neighbouring points, the ends infinite.

        Args:
            x: points, not falling; at least one.

        Returns:
            masses of the len(x) + 1 cells; a bound on the error of the tail at each point, which
            passes from one of its cells to the other; and one on every other error of a cell.
        """
        split = int(np.searchsorted(x, self.mean))
        tails, errors = np.empty_like(x), np.empty_like(x)
        for part in self._chunks(len(x)):
            at = x[part, None]
            turned = np.where(np.arange(part.start, part.stop) < split, 1.0, -1.0)[:, None]
            z = turned * (at - self.places)
            terms = self.weights * ndtr(z)
            # the difference of two rounded numbers shifts z; Mills: the tail's log slope <= |z| + 1
            shift = 4 * (np.abs(z) + 1) * (np.abs(at) + self.places)
            tails[part] = _added(terms)
            errors[part] = UNIT * _added(terms * (16 + 4 * z * z + shift)) * (1 + 1e-6)
        errors += self.blur * tails + UNDERFLOW
        below, above = tails[:split], tails[split:]
        middle = self.total - (below[-1] if split else 0.0) - (above[0] if len(above) else 0.0)
        masses = np.concatenate([below[:1], np.diff(below), [middle], -np.diff(above), above[-1:]])
        rest = UNIT * np.abs(masses) + UNDERFLOW
        rest[split] += (self.blur + 4 * UNIT) * self.total
        return masses, errors, rest


def _added(table: Floats) -> Floats:
    """Sums of the rows, block by block."""
    starts = np.arange(0, table.shape[1], _BLOCK)
    added: Floats = np.add.reduceat(table, starts, axis=1).sum(axis=1)
    return added


@dataclass(frozen=True)
class Profile:
    """L on a coarse grid, and what it suggests; nothing here is a bound.

    Attributes:
        x: grid.
        ratio: L on it.
        log_affinity: log of int sqrt(p q).
        deviation: standard deviation of L under sqrt(p q).
    """

    x: Floats
    ratio: Floats
    log_affinity: float
    deviation: float


class Step:
    """One step's pair in floating point, ready to be cut at any step h."""

    def __init__(self, up: Atoms, down: Atoms, effort: Effort) -> None:
        self.up, self.down, self.effort = up, down, effort

    @classmethod
    def of(cls, pair: Pair, effort: Effort | None = None) -> Step:
        """Round a pair; what is done with it is taken off the effort."""
        up = Atoms(pair.up)
        return cls(up, up if pair.symmetric else Atoms(pair.down), effort or Effort())

    def swapped(self) -> Step:
        """The mirror image: Q against P."""
        return Step(self.down, self.up, self.effort)

    @property
    def atoms(self) -> int:
        """Number of atoms of both sides."""
        return len(self.up.places) + len(self.down.places)

    @property
    def least(self) -> float:
        """Lower bound on log p/q: it falls towards the ratio of the weights at 0, if both have one."""
        if self.up.places[0] > 0 or self.down.places[-1] > 0:
            return -math.inf
        value = float(self.up.logs[0] - self.down.logs[0])
        size = abs(float(self.up.logs[0])) + abs(float(self.down.logs[0]))
        return value - self.up.blur - self.down.blur - 4 * UNIT * size

    def ratio(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """L, its slope, and a bound on the error of L."""
        log_a, up, error_a = self.up.log_factor(x)
        log_b, down, error_b = self.down.log_factor(-x)
        value = log_a - log_b
        return value, up + down, error_a + error_b + UNIT * np.abs(value)

    @cached_property
    def profile(self) -> Profile:
        """The grid reaches as far as sqrt(p q) does, were it as small as Jensen's bound allows."""
        square = sum(
            float(side.weights @ side.places**2) / side.total for side in (self.up, self.down)
        )
        square += 2 * self.up.mean * self.down.mean
        reach = 2 * math.sqrt(_NEED + square / 8)
        widest = max(_gap(self.up), _gap(self.down))
        count = int(min(2 * reach / min(1 / 16, 1 / (4 * widest) if widest else 1), _GRID))
        self.effort.spend(2 * count * self.atoms)
        x = np.linspace(-reach, reach, count)
        log_a, _, _ = self.up.log_factor(x)
        log_b, _, _ = self.down.log_factor(-x)
        ratio = np.maximum.accumulate(log_a - log_b)
        log = (log_a + log_b - x * x) / 2
        shares = np.exp(log - log.max())
        total = shares.sum()
        mean = float(shares @ ratio / total)
        deviation = math.sqrt(float(shares @ (ratio - mean) ** 2 / total))
        scale = math.log((x[1] - x[0]) * total / math.sqrt(2 * math.pi)) + float(log.max())
        return Profile(x, ratio, scale, deviation)

    def window(self, log_share: float) -> tuple[Floats, Floats]:
        """Points of the grid and L there, as far out as a share of the affinity is found."""
        x, ratio = self.profile.x, self.profile.ratio
        most = math.exp(max(self.profile.log_affinity + log_share, -700.0))
        tails = [_tail(self.down, -x), _tail(self.up, x)]
        with np.errstate(over="ignore"):
            left = np.exp(ratio / 2) * tails[0] <= most  # Q's mass below, at ratio e^L
            right = np.exp(-ratio / 2) * tails[1] <= most
        first = int(np.argmin(left)) if left[0] else 0
        last = len(x) - (int(np.argmin(right[::-1])) if right[-1] else 0)
        first = max(first - 1, 0)
        return x[first : last + 1], ratio[first : last + 1]


def _gap(side: Atoms) -> float:
    return float(side.places[1] - side.places[0]) if len(side.places) > 1 else 0.0


def _tail(side: Atoms, x: Floats) -> Floats:
    """Mass above each point."""
    out: Floats = np.empty_like(x)
    for part in side._chunks(len(x)):
        out[part] = _added(side.weights * ndtr(side.places - x[part, None]))
    return out


@dataclass(frozen=True)
class Cells:
    """Cell c has L in [(first + c) h, (first + c + 1) h], up to `off`; a far end cell does not.

    Where L has no bound near its last multiples of h, the end cell is far: it lies beyond the grid,
    and L <= (first + 2) h there at the lower end, L >= the mirrored multiple at the upper one.

    Attributes:
        step: h, with so few digits that its multiples are exact.
        first: index of the lower end of cell 0, which reaches down to x = -infinity.
        p: masses under P.
        q: masses under Q.
        p_moved: bound on what wrongly passes between cells c and c + 1 in p.
        q_moved: the same in q.
        p_rest: bound on every other error of p.
        q_rest: the same of q.
        off: bound on how far L at the border of cells c and c + 1 is from where they need it.
        far: whether cell 0 is a far one, and the last cell.
        ends: upper bound on L below the first border, lower bound on L above the last.
        dropped: affinity of atoms that were left out.
    """

    step: float
    first: int
    p: Floats
    q: Floats
    p_moved: Floats
    q_moved: Floats
    p_rest: Floats
    q_rest: Floats
    off: Floats
    far: tuple[bool, bool]
    ends: tuple[float, float]
    dropped: float


def cut(step: Step, h: float, log_share: float, most: int) -> Cells:
    """Cells at multiples of h.

    Args:
        step: the pair.
        h: step of the lattice, nats, > 0; from `short`.
        log_share: log of the share of the affinity that may be left out at each end.
        most: cells allowed.

    Raises:
        TooManyPoints: more cells, or more work on atoms than some seconds' worth.
    """
    grid, ratio = step.window(log_share)
    if not (ratio[-1] - ratio[0]) / h + 6 <= min(most, 1 << 26):
        raise TooManyPoints
    low, high = math.ceil(ratio[0] / h), math.floor(ratio[-1] / h)
    if high < low:
        raise TooManyPoints
    step.effort.spend((high - low + 3) * step.atoms * (_NEWTON + 3))
    goals = np.arange(low, high + 1) * h
    x = _borders(step, grid, ratio, goals)
    far = (not step.least >= (low - 1) * h, not -step.swapped().least <= (high + 1) * h)
    floor = roof = goals
    if far[0]:  # a border at the grid's end, with L anywhere in its interval
        x = np.append(grid[0], x)
        floor, roof = np.append(goals[0] - h, floor), np.append(goals[0], roof)
    if far[1]:
        x = np.append(x, grid[-1])
        floor, roof = np.append(floor, goals[-1]), np.append(roof, goals[-1] + h)
    value, _, error = step.ratio(x)
    off = np.maximum(np.maximum(floor - value, value - roof), 0) + error
    return _fill(step, h, low - 1 - far[0], x, off, far)


def cut_from_end(step: Step, h: float, log_share: float, most: int) -> tuple[Cells, float]:
    """Cells for a pair with L bounded below, where much of it may lie close to its least value.

    Cell 0 holds all below that value and half a step; the others are centred on multiples of h
    counted from the log of that cell's ratio of masses, which is returned too.  `off` is not set.

    Raises:
        TooManyPoints: as `cut`.
    """
    grid, ratio = step.window(log_share)
    start = max(step.least, float(ratio[0])) + h / 2
    count = (ratio[-1] - start) / h
    if not count + 6 <= min(most, 1 << 26):
        raise TooManyPoints
    step.effort.spend((count + 3) * step.atoms * (_NEWTON + 3))
    one = _borders(step, grid, ratio, np.array([start]))
    centre = math.log(step.up.cells(one)[0][0] / step.down.cells(-one)[0][-1])
    goals = np.append(start, np.arange(centre + 1.5 * h, float(ratio[-1]), h))
    x = _borders(step, grid, ratio, goals)
    return _fill(step, h, 0, np.append(x, grid[-1]), np.zeros(0), (False, True)), centre


def _fill(
    step: Step, h: float, first: int, x: Floats, off: Floats, far: tuple[bool, bool]
) -> Cells:
    p, p_moved, p_rest = step.up.cells(x)
    q, q_moved, q_rest = (part[::-1] for part in step.down.cells(-x[::-1]))
    value, _, error = step.ratio(x[[0, -1]])
    return Cells(
        step=h,
        first=first,
        p=p,
        q=q,
        p_moved=p_moved,
        q_moved=q_moved,
        p_rest=p_rest,
        q_rest=q_rest,
        off=off,
        far=far,
        ends=(float(value[0] + error[0]), float(value[1] - error[1])),
        dropped=step.up.dropped + step.down.dropped,
    )


def short(h: float) -> float:
    """A number near h with 24 binary digits, whose multiples below 2^28 are exact."""
    fraction, exponent = math.frexp(h)
    return math.ldexp(math.floor(fraction * 2**24), exponent - 24)


def _borders(step: Step, grid: Floats, ratio: Floats, goals: Floats) -> Floats:
    """Points with L near the goals, by Newton's method inside the grid's brackets; not falling."""
    right = np.clip(np.searchsorted(ratio, goals), 1, len(grid) - 1)
    low, high = grid[right - 1], grid[right]
    x = np.clip(np.interp(goals, ratio, grid), low, high)
    for _ in range(_NEWTON):
        value, slope, _ = step.ratio(x)
        move = np.divide(goals - value, slope, out=np.zeros_like(x), where=slope > 0)
        x = np.clip(x + move, low, high)
    borders: Floats = np.maximum.accumulate(x)
    return borders
