"""Mode *train* with one noisy number as the answer: the best guess by who knows the training set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import fmpq

from mipriv.attack.bayes.inversion.answers import FRESH, independent
from mipriv.errors import require
from mipriv.rigor.decimals import nonnegative
from mipriv.rigor.intervals import Interval, outward

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CELLS = 1 << 20
_REACH = 8.5  # standard deviations beyond which a normal law has less than 2^-55 of its mass
_STEP = 0.25  # first width of a cell
_BLOCK = 32  # cells at once
_PEAK = 0.39894228040143276  # largest density of the normal law, and size of its second derivative
_TURN = 1.7321  # just above sqrt 3
# relative to the weights: over 100 times the rounding of a mixture's density, and far more than
# means out of reach add to it
_SLACK = 2.0**-40
_ROUNDING = 2.0**-49  # of a cell's mass: two values of the distribution function within 8 ulp


def training_success(
    *,
    answers: Any,
    secrets: Any,
    variance: Any,
    side: Any = None,
    queries: int = 1,
    noise: str = FRESH,
    tolerance: float = 1e-9,
) -> Interval:
    """Best success on a record drawn uniformly from a training set that the attacker knows.

    A ceiling for every attacker in mode *train*: he knows all N records, the model and the noise, and
    of the drawn record he sees the side information and the answers m_i + N(0, v).  The best success
    is the sum over side information of the integral of max_s (1/N) sum over records i with secret s
    of the density of N(m_i, v).

    Args:
        answers: m_i, the answers without noise, shape (N,), N >= 1, finite.
        secrets: of each record, shape (N,), any values that sort.
        variance: v >= 0 of the noise of one answer; 0: deterministic, compared exactly.
        side: what is seen of each record beside, shape (N,) or (N, p), compared exactly; None: nothing.
        queries: q, answers to the record, >= 1.
        noise: `fresh`: the mean of q answers has variance v/q; `per-input`: it repeats itself.
        tolerance: width to aim at, > 0.

    Returns:
        Interval that holds the best success; exact but for outward rounding where v = 0.  Wider than
        `tolerance` if 2^20 cells do not give it.

    Numerics: the line is cut into cells.  An attacker who sees only the cell gives the lower end.
    With s* the leader at the middle of a cell of width h, D = g_s - g_s* and M >= |D''| for another
    secret s, it exceeds s* by at most D(mid) + |D'(mid)| t + M t^2/2 at distance t.  If that is
    negative up to t = h/2 for all s, the cell is decided; else, with the largest |D'(mid)| and M of
    the other s, the excess is at most h^2/4 |D'(mid)| + M h^3/24, and the cell is halved.
    Float64; the rounding budget assumes scipy's normal distribution function within 8 ulp.

    >>> found = training_success(answers=[-1, 1], secrets=[0, 1], variance=1)
    >>> found.lower <= 0.8413447460685429 <= found.upper
    True
    """
    import numpy as np

    spread = nonnegative(variance, "variance") / independent(queries, noise)
    require(tolerance > 0, must="be > 0", tolerance=tolerance)
    means = np.asarray(answers, dtype=np.float64)
    codes, sides = np.asarray(secrets), _sides(side, len(means))
    fits = means.ndim == 1 and len(means) >= 1 and codes.shape == means.shape
    require(fits, must="be N >= 1 numbers, with N secrets", answers=means.shape)
    require(bool(np.isfinite(means).all()), must="be finite", answers="not all finite")
    kinds, own = np.unique(codes, return_inverse=True)
    tables = [
        _counted(means[sides == group], own[sides == group], len(kinds))
        for group in range(int(sides.max()) + 1)
    ]
    records = len(means)
    if spread == 0:
        right = sum(int(counts.max(axis=1).sum()) for _, counts in tables)
        return outward(fmpq(right, records))
    deviation = float(spread) ** 0.5
    require(deviation > 0, must="not vanish as a double, unless it is 0", variance=variance)
    low = high = 0.0
    for places, counts in tables:
        share = _integral(places, counts, records, deviation, tolerance / len(tables))
        low, high = low + share.low, high + share.high
    return Interval(max(low, 0.0), min(high, 1.0))


@dataclass(frozen=True)
class _Share:
    """Ends of an integral."""

    low: float
    high: float


def _sides(side: Any, count: int) -> NDArray[np.intp]:
    import numpy as np

    if side is None:
        return np.zeros(count, dtype=np.intp)
    table = np.asarray(side)
    fits = table.ndim in (1, 2) and len(table) == count
    require(fits, must=f"have {count} rows", side=table.shape)
    return np.unique(table.reshape(count, -1), axis=0, return_inverse=True)[1].ravel()


def _counted(
    means: NDArray[np.float64], own: NDArray[np.intp], kinds: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distinct answers in rising order, and how often each secret gives them."""
    import numpy as np

    places, at = np.unique(means, return_inverse=True)
    counts = np.zeros((len(places), kinds), dtype=np.int64)
    np.add.at(counts, (at.ravel(), own), 1)
    return places, counts


def _integral(
    places: NDArray[np.float64],
    counts: NDArray[np.int64],
    records: int,
    deviation: float,
    tolerance: float,
) -> _Share:
    """Integral of max_s over one value of the side information."""
    import numpy as np

    # what all secrets share at a place gives every attacker the same, and leaves no ties to resolve
    shared = counts.min(axis=1)
    rest = np.unique(counts - shared[:, None], axis=1)  # secrets of one law are as one
    kept = rest.any(axis=1)
    base = int(shared.sum()) / records
    if not kept.any():
        return _Share(base * (1 - _ROUNDING), base * (1 + _ROUNDING))
    middle = (places[0] + places[-1]) / 2
    points = ((places - middle) / deviation)[kept]
    # rounding moves a mean by this many deviations, and its law by no more in total variation
    moved = 2.0**-51 * (float(np.abs(places).max()) / deviation + float(np.abs(points).max()))
    mixture = _Points(points, rest[kept] / records)
    low, excess, cells = mixture.integrate(tolerance)
    budget = cells * _ROUNDING + moved
    return _Share(base + low - budget, base + low + excess + budget)


@dataclass(frozen=True)
class _Points:
    """Mixtures of unit normal laws, one a secret.

    Attributes:
        points: means in rising order.
        weights: shape (means, secrets), the sum of all at most 1.
    """

    points: NDArray[np.float64]
    weights: NDArray[np.float64]

    def integrate(self, tolerance: float) -> tuple[float, float, int]:
        """A lower end of the integral of the maximum, what it may miss, and the cells it took."""
        import numpy as np

        left, right = self._start()
        low = missed = 0.0
        used = 0
        while len(left):
            used += len(left)
            mass, excess = self._judge(left, right)
            # cells of small excess are done; the others are halved while there is room
            done = excess <= tolerance / 4 * (right - left) / self._length
            done |= excess <= tolerance / 8 / used
            if used + 2 * int((~done).sum()) > MOST_CELLS:
                done[:] = True
            low += float(mass[done].sum())
            missed += float(excess[done].sum())
            left, right = left[~done], right[~done]
            middle = (left + right) / 2
            left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
            order = np.argsort(left)
            left, right = left[order], right[order]
        # beyond the cells each normal law has less than 2^-54
        return low, missed + 2.0**-54, used

    @property
    def _length(self) -> float:
        return float(self.points[-1] - self.points[0]) + 2 * _REACH

    def _start(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Cells that cover every mean's reach, without the gaps between clusters."""
        import numpy as np

        gaps = np.flatnonzero(np.diff(self.points) > 2 * _REACH)
        starts = self.points[np.concatenate([[0], gaps + 1])] - _REACH
        ends = self.points[np.concatenate([gaps, [len(self.points) - 1]])] + _REACH
        edges = [
            np.linspace(start, end, 1 + int(np.ceil((end - start) / _STEP)))
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        count = sum(map(len, edges))
        require(count <= MOST_CELLS, must=f"span at most {MOST_CELLS} cells", answers=count)
        return (
            np.concatenate([row[:-1] for row in edges]),
            np.concatenate([row[1:] for row in edges]),
        )

    def _judge(
        self, left: NDArray[np.float64], right: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each cell the mass of its best secret, and what the maximum may exceed it by."""
        import numpy as np

        parts = [
            self._block(left[at], right[at], *self._window(left[at], right[at]))
            for at in _blocks(len(left))
        ]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _window(
        self, left: NDArray[np.float64], right: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np

        ends = [left.min() - _REACH - 1, right.max() + _REACH + 1]
        first, last = np.searchsorted(self.points, ends)
        return self.points[first:last], self.weights[first:last]

    def _block(
        self,
        left: NDArray[np.float64],
        right: NDArray[np.float64],
        points: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np
        from scipy.special import ndtr

        width, rows = right - left, np.arange(len(left))
        away = ((left + right) / 2)[:, None] - points
        density = _PEAK * np.exp(-away * away / 2)
        values, slopes = density @ weights, (-away * density) @ weights
        masses = (ndtr(right[:, None] - points) - ndtr(left[:, None] - points)) @ weights
        leader = values.argmax(axis=1)
        gap = values - values[rows, leader][:, None]
        slope = np.abs(slopes - slopes[rows, leader][:, None])
        bend = self._bends(away, width, points, weights)[rows, leader]
        slack = _SLACK * float(weights.sum())
        half = width[:, None] / 2
        above = gap + slope * half + bend * half**2 / 2 + slack
        above[rows, leader] = -1.0
        # secrets that certainly stay below the leader add nothing
        steep, bent = (np.where(above < 0, 0.0, part).max(axis=1) for part in (slope, bend))
        excess = steep * width**2 / 4 + bent * width**3 / 24 + slack * width
        others = masses.sum(axis=1) - masses[rows, leader]
        excess = np.where((above < 0).all(axis=1), 0.0, np.minimum(excess, others))
        best = masses.max(axis=1)
        return best, np.maximum(masses[rows, leader] + excess - best, 0.0)

    def _bends(
        self,
        away: NDArray[np.float64],
        width: NDArray[np.float64],
        points: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Bound on the second derivative of the difference of any two secrets within each cell.

        That of the normal density is at most its value at 0 in size, and falls beyond sqrt 3.
        """
        import numpy as np

        near = np.maximum(np.abs(away) - width[:, None] / 2, 0.0)
        curved = (near * near - 1) * _PEAK * np.exp(-near * near / 2)
        curved = np.where(near < _TURN, _PEAK, curved) * (1 + _SLACK)
        apart = np.abs(weights[:, :, None] - weights[:, None, :]).reshape(len(points), -1)
        kinds = weights.shape[1]
        found: NDArray[np.float64] = (curved @ apart).reshape(len(width), kinds, kinds)
        return found


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, count, _BLOCK))
