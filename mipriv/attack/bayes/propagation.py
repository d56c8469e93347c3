"""The optimal attack on the last iterate of a noisy walk on the line, by propagating its density.

theta_(t+1) = m_a(theta_t) + N(0, scale^2), the way a drawn from a law that depends on the data.
Between the kinks of m every density times a kernel is entire, so Gauss-Legendre quadrature on short
panels errs by less than (64/15) l M r^(2-2N)/(1 - r^-2), M bounding the integrand on the ellipse of
sum of half-axes r l: a normal density at a point with imaginary part v is at most
e^(v^2/(2 scale^2))/(scale sqrt(2 pi)).  Everything is a mixture of normals, so the errors of one
step pass through the later ones without growing by more than the kernel's column sums, which are
measured.  What leaves the line's window is bounded by Levy's inequality.

Source: Trefethen, Approximation Theory and Approximation Practice, Theorem 19.3; Levy's inequality.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mipriv.errors import PrecisionError, require
from mipriv.roles import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ARITHMETIC = "float64, each exponential within 4 ulp, quadrature weights within 2^-43"
_NODES = 20  # of a panel
_LAST_NODES = 6
_UNIT = 2.0**-53
_PLACES = 64  # roundings of a place or a mean, with room for sums over a batch
_REACH = 8.0  # standard deviations of the noise's sum, beyond the drift
_MOST = 1 << 27  # kernel entries held at once
_MASS = 1.005  # what rounding and quadrature may make of a density of mass 1
_EXPONENT = 745.0  # beyond it an exponential is 0 in float64


class Walk(Protocol):
    """A noisy walk on the line whose steps depend on the data's histogram.

    Attributes:
        steps: number of steps, >= 1.
        start: where it starts.
        scale: standard deviation of the noise of a step, > 0.
        kinks: places at which a mean is not smooth; between them it is affine.
    """

    @property
    def steps(self) -> int: ...
    @property
    def start(self) -> float: ...
    @property
    def scale(self) -> float: ...
    @property
    def kinks(self) -> Sequence[float]: ...

    @property
    def drift(self) -> float:
        """A bound on how far a mean lies from where the walk is."""
        ...

    @property
    def slope(self) -> float:
        """A bound on the derivative of a mean."""
        ...

    def batch_laws(
        self, histograms: Sequence[Histogram]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The ways of a step, shape (ways, m), and the chance of each, (ways, histograms)."""
        ...

    def means(self, ways: NDArray[np.int64], places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where each way leads from each place; shape (ways, places)."""
        ...


@dataclass(frozen=True)
class Optimum:
    """Enclosure of the best advantage from the last iterate.

    Attributes:
        lower: certified, under `ARITHMETIC`.
        upper: as `lower`.
        error: what quadrature, rounding and the window may contribute to each end.
    """

    lower: float
    upper: float
    error: float


def last_iterate(
    walk: Walk,
    histograms: Sequence[Histogram],
    weights: NDArray[np.float64],
    *,
    cells: int = 32,
) -> Optimum:
    """Enclose the total variation between the last iterate under two populations.

    Args:
        walk: the learner, its last iterate alone released.
        histograms: h data sets.
        weights: probability of each histogram under the two populations, shape (2, h).
        cells: pieces of a panel on which the two densities are compared; the width falls with
            the square.

    Raises:
        PrecisionError: the kernel does not fit the memory allowed.
    """
    require(walk.steps >= 1, must="be >= 1", steps=walk.steps)
    require(walk.scale > 0, must="be > 0", scale=walk.scale)
    far = abs(walk.start) / walk.scale
    walk = _Standard(walk)
    ways, chances = walk.batch_laws(histograms)
    step = _Step(walk, ways, chances)
    edge = walk.steps * walk.drift + _REACH * walk.scale * math.sqrt(walk.steps)
    panels = _panels(walk, edge)
    start, ones = np.array([walk.start]), np.ones((len(histograms), 1))
    state = _State(start, ones, error=2 * math.erfc(_REACH / math.sqrt(2)))
    if walk.steps > 1:
        state = _propagate(step, panels, edge)
    rounding = walk.steps * (len(state.places) + len(ways) + 16 + 4 * _EXPONENT) * _UNIT
    # a mean moved by d standard deviations changes the law by less than d in total variation
    rounding += walk.steps * _PLACES * (far + edge) * _UNIT
    lost = state.error + rounding
    low, high = _compare(step, weights[1] - weights[0], state, _cells(panels, cells))
    return Optimum(max(low - lost, 0.0), min(high + lost, 1.0), lost)


@dataclass(frozen=True)
class _Standard:
    """A walk in standard deviations of its noise, from where it starts."""

    walk: Walk
    start: float = 0.0
    scale: float = 1.0

    @property
    def steps(self) -> int:
        return self.walk.steps

    @property
    def kinks(self) -> Sequence[float]:
        return [(kink - self.walk.start) / self.walk.scale for kink in self.walk.kinks]

    @property
    def drift(self) -> float:
        return self.walk.drift / self.walk.scale

    @property
    def slope(self) -> float:
        return self.walk.slope

    def batch_laws(
        self, histograms: Sequence[Histogram]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return self.walk.batch_laws(histograms)

    def means(self, ways: NDArray[np.int64], places: NDArray[np.float64]) -> NDArray[np.float64]:
        there = self.walk.means(ways, self.walk.start + self.walk.scale * places)
        found: NDArray[np.float64] = (there - self.walk.start) / self.walk.scale
        return found


@dataclass(frozen=True)
class _Step:
    """One step of the walk, under every histogram."""

    walk: Walk
    ways: NDArray[np.int64]
    chances: NDArray[np.float64]

    def densities(
        self, places: NDArray[np.float64], points: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """For each way: its density from places to points, (points, places), and its chances."""
        for mean, chances in zip(self.walk.means(self.ways, places), self.chances, strict=True):
            yield _normal(self.walk, points[:, None] - mean[None, :]), chances

    def kernel(self, nodes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Density at one node from another under every histogram; shape (h, nodes, nodes)."""
        found = np.zeros((self.chances.shape[1], len(nodes), len(nodes)))
        scratch = np.empty((len(nodes), len(nodes)))
        for density, chances in self.densities(nodes, nodes):
            for place in np.flatnonzero(chances):
                found[place] += np.multiply(density, chances[place], out=scratch)
        return found


@dataclass(frozen=True)
class _State:
    """The walk before its last step, for every histogram, as masses at places.

    Attributes:
        places: shape (places,).
        masses: shape (h, places).
        error: bound on the L1 distance to the density, all of the walk so far.
    """

    places: NDArray[np.float64]
    masses: NDArray[np.float64]
    error: float


def _propagate(step: _Step, panels: NDArray[np.float64], edge: float) -> _State:
    walk = step.walk
    nodes, sizes = _legendre(panels, _NODES)
    if len(nodes) ** 2 * step.chances.shape[1] > _MOST:
        raise PrecisionError(f"the kernel of {len(nodes)} places does not fit the memory")
    kernel = step.kernel(nodes)
    column = max(1.0, float((sizes @ kernel).max())) * (1 + len(nodes) * _UNIT)
    if column**walk.steps > _MASS:
        raise PrecisionError("the density lost its mass")
    height = _MASS * _peak(walk) ** 2
    added = float(_errors(walk, panels, _NODES, height, 1 + walk.slope**2).sum()) * 2 * edge
    start = np.array([walk.start])
    first = sum(chances[:, None] * d[:, 0] for d, chances in step.densities(start, nodes))
    masses = sizes * first
    error = 2 * math.erfc(_REACH / math.sqrt(2)) + added
    for _ in range(walk.steps - 2):
        masses = sizes * np.einsum("hij,hj->hi", kernel, masses)
        error = error * column + added
    return _State(nodes, masses, error * column)


def _compare(
    step: _Step,
    signed: NDArray[np.float64],
    state: _State,
    cells: NDArray[np.float64],
) -> tuple[float, float]:
    """Half the integral of |g|, g the difference of the two densities of the last iterate.

    |int g| <= int |g| <= sqrt(length int g^2) on every cell.
    """
    walk = step.walk
    points, shares = _legendre(cells, _LAST_NODES)
    apart = np.zeros(len(points))
    for density, chances in step.densities(state.places, points):
        apart += density @ ((signed * chances) @ state.masses)
    shape = (len(cells), _LAST_NODES)
    first = np.abs((shares * apart).reshape(shape).sum(1))
    second = (shares * apart * apart).reshape(shape).sum(1)
    height = 2 * _MASS * _peak(walk)
    first -= _errors(walk, cells, _LAST_NODES, height, 1.0)
    second += _errors(walk, cells, _LAST_NODES, height**2, 2.0)
    lengths = cells[:, 1] - cells[:, 0]
    return float(np.maximum(first, 0).sum()) / 2, float(np.sqrt(lengths * second).sum()) / 2


def _panels(walk: Walk, edge: float) -> NDArray[np.float64]:
    """Short panels over the window, none with a kink inside; shape (panels, 2)."""
    inner = [k for k in walk.kinks if abs(k - walk.start) < edge]
    ends = sorted({walk.start - edge, *inner, walk.start + edge})
    longest = 4 * walk.scale / max(1.0, walk.slope)
    cuts = [
        np.linspace(a, b, max(1, math.ceil((b - a) / longest)) + 1)
        for a, b in itertools.pairwise(ends)
    ]
    return np.concatenate([np.stack([cut[:-1], cut[1:]], axis=1) for cut in cuts])


def _cells(panels: NDArray[np.float64], pieces: int) -> NDArray[np.float64]:
    """Every panel in equal pieces."""
    cuts = np.linspace(panels[:, 0], panels[:, 1], pieces + 1, axis=1)
    return np.stack([cuts[:, :-1].ravel(), cuts[:, 1:].ravel()], axis=1)


def _legendre(
    panels: NDArray[np.float64], order: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, w = np.polynomial.legendre.leggauss(order)
    half, middle = (panels[:, 1] - panels[:, 0]) / 2, (panels[:, 1] + panels[:, 0]) / 2
    return (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()


def _errors(
    walk: Walk, panels: NDArray[np.float64], order: int, height: float, spread: float
) -> NDArray[np.float64]:
    """Bound on the error of each panel for an integrand <= height e^(spread v^2/(2 scale^2))."""
    half = (panels[:, 1] - panels[:, 0]) / 2
    best = np.full(len(panels), np.inf)
    for r in (1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0, 20.0, 30.0):
        v = half * (r - 1 / r) / 2 / walk.scale
        growth = np.exp(np.minimum(spread * v * v / 2, 700.0))
        growth[spread * v * v / 2 > 700.0] = np.inf
        error = 64 / 15 * half * height * growth * r ** (2 - 2 * order) / (1 - r**-2)
        best = np.minimum(best, error)
    return best


def _peak(walk: Walk) -> float:
    return 1 / (walk.scale * math.sqrt(2 * math.pi))


def _normal(walk: Walk, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    z = apart / walk.scale
    found: NDArray[np.float64] = np.exp(-0.5 * z * z) * _peak(walk)
    return found
