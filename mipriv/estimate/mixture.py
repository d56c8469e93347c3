"""Entropy of a Gaussian mixture on the line: Taylor estimates with their gradient, and quadrature.

The mixture is p(u) = (1/N) sum_j N(u; m_j, s^2): the law of f(X) + N(0, s^2) for X uniform on N
records with f(X_j) = m_j.  Hence I(X; f(X) + N(0, s^2)) = H(p) - log(2 pi e s^2)/2 exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mipriv.errors import require
from mipriv.estimate.reading import Reading

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_ENTRIES = 1 << 17  # of the arrays of differences held at once
_NODES = 64  # of the quadrature in one cell
_STEP = 0.125  # between nodes, in widths
_REACH = 10.0  # widths beyond which a centre counts for nothing: exp(-50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taylor:
    """The entropy of the mixture by Taylor's expansion of log p about each centre, in nats.

    With d_ij = (m_i - m_j)/s, w_ij = softmax_j(-d_ij^2/2):

    H0 = -(1/N) sum_i log p(m_i),    H2 = H0 - (1/(2N)) sum_i [Var_{w_i}(d_i) - 1],

    since s^2 (log p)'' = Var_w(d) - 1.  H0 is never above the entropy H, nor above that of the
    mixture of width s/sqrt(2): with psi = N(0, s^2/2) and r the latter, p = psi * r, and by Jensen
    E log p(M) >= E (psi * log r)(M) = E_r log r for M uniform on the centres.  H2 may lie on either
    side of H; it is exact where all centres are equal, and in the limits of centres far apart and
    of a Gaussian law of centres.  For centres of spread rho s, rho -> 0, H - H2 is of the order
    rho^4, while H - H0 tends to 1/2.

    Without the term j = i (`leave_one_out`) neither is the expansion of H, and nothing is proved:
    what alone pulls H0 towards the entropy of N separate records for a narrow width is gone.  Widths
    far below the distance to the next centre then give H0 and H2 nothing in common.

    Attributes:
        width: s, > 0, in the unit of the centres.
        order: 0 or 2.
        leave_one_out: whether log p and w at centre i leave out centre i.
        entries: of the arrays held at once; memory is O(entries + N).

    Source: Huber, Bailey, Durrant-Whyte, Hanebeck 2008, On entropy approximation for Gaussian
    mixture random vectors (the expansion); the bound is proved above.
    """

    width: float
    order: int = 2
    leave_one_out: bool = False
    entries: int = _ENTRIES

    def __post_init__(self) -> None:
        require(0 < self.width < math.inf, must="be positive and finite", width=self.width)
        require(self.order in (0, 2), must="be 0 or 2", order=self.order)
        require(self.entries >= 1, must="be >= 1", entries=self.entries)

    def entropy(self, means: ArrayLike, *, points: ArrayLike | None = None) -> float:
        """The estimate.

        Args:
            means: centres m, shape (N,), N >= 1 (2 to leave one out), finite.
            points: indices of the centres to average over, distinct; None: all.  Drawn uniformly,
                they make the average an unbiased estimate of that over all.  The sums over j
                within always run over all centres.
        """
        return self._run(means, points, None)

    def gradient(
        self, means: ArrayLike, *, points: ArrayLike | None = None
    ) -> tuple[float, NDArray[np.float64]]:
        """The estimate, and its derivative by each centre, shape (N,); arguments as `entropy`."""
        slope = np.zeros(np.shape(means))
        return self._run(means, points, slope), slope

    def information(self, means: ArrayLike, *, points: ArrayLike | None = None) -> Reading:
        """I(X; f(X) + N(0, s^2)) for X uniform on the records, an estimate; may be negative."""
        value = self.entropy(means, points=points) - _noise_entropy(self.width)
        count = np.size(means)
        method = f"Taylor expansion of order {self.order} of a mixture of {count} Gaussians"
        if points is not None:
            method += f", at {np.size(points)} of them"
        if self.leave_one_out:
            method += ", leaving one out"
        return Reading.computed(value, method=method, bound=False)

    def _run(
        self, means: ArrayLike, points: ArrayLike | None, slope: NDArray[np.float64] | None
    ) -> float:
        """Average over the points, block by block; adds its derivative to `slope`."""
        centres = _centres(means)
        count = len(centres)
        require(count > self.leave_one_out, must="be >= 2 to leave one out", means=count)
        chosen = np.arange(count) if points is None else np.asarray(points, dtype=np.intp)
        distinct = len(chosen) > 0 and len(np.unique(chosen)) == len(chosen)
        require(distinct, must="be distinct, at least one", points=len(chosen))
        rows = max(1, self.entries // count)
        total = 0.0
        for start in range(0, len(chosen), rows):
            block = chosen[start : start + rows]
            values, pulls = self._block(centres, block, slope is not None)
            total += float(values.sum())
            if slope is not None:
                scale = len(chosen) * self.width
                slope -= pulls.sum(axis=0) / scale
                slope[block] += pulls.sum(axis=1) / scale
        return total / len(chosen)

    def _block(
        self, centres: NDArray[np.float64], block: NDArray[np.intp], differentiate: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Term of each centre of the block, and its derivatives by d_ij.

        With mean and variance of d_i under w_i: d(log p)/dd_j = -w_j d_j and
        d(Var)/dd_j = w_j [2 (d_j - mean) - d_j ((d_j - mean)^2 - Var)].
        """
        distance = (centres[block, None] - centres) / self.width
        weights = distance * distance
        if self.leave_one_out:
            weights[np.arange(len(block)), block] = math.inf
        nearest = weights.min(axis=1, keepdims=True)  # 0 unless one is left out
        weights -= nearest
        weights *= -0.5
        np.exp(weights, out=weights)
        mass = weights.sum(axis=1, keepdims=True)
        weights /= mass
        counted = len(centres) - self.leave_one_out
        log_p = np.log(mass) - nearest / 2 - math.log(counted) - _log_peak(self.width)
        values = -log_p[:, 0]
        if self.order == 0:
            if differentiate:
                weights *= distance
            return values, weights
        mean = np.einsum("ij,ij->i", weights, distance)[:, None]
        square = distance - mean
        square *= square
        variance = np.einsum("ij,ij->i", weights, square)
        values -= (variance - 1) / 2
        if differentiate:
            # d - (d - mean) + d ((d - mean)^2 - Var)/2, times w
            square -= variance[:, None]
            square *= distance
            square /= 2
            square += mean
            weights *= square
        return values, weights


def quadrature(means: ArrayLike, *, width: float) -> tuple[float, float]:
    """Entropy of the mixture in nats, and an estimate of its error, by the trapezoidal rule.

    The integrand is analytic around the real line, so that the rule converges faster than any power
    of the step; the error is estimated by leaving out every second node, which overstates it, and
    one rounding for each centre and some more are added.

    Args:
        means: centres, shape (N,), N >= 1, finite.
        width: of each component, > 0.

    Returns:
        Entropy and error estimate; not an enclosure.  Time and memory are O(N).
    """
    require(0 < width < math.inf, must="be positive and finite", width=width)
    centres = np.sort(_centres(means)) / width
    cell = _NODES * _STEP
    shifts = np.linspace(-_REACH, _REACH, 4)  # closer together than cells: none is passed over
    reached = [np.floor((centres + shift) / cell) for shift in shifts]
    fine = coarse = size = 0.0
    for index in np.unique(np.concatenate(reached)):
        nodes = index * cell + _STEP * np.arange(_NODES)
        low, high = np.searchsorted(centres, (nodes[0] - _REACH, nodes[-1] + _REACH))
        density = np.zeros(_NODES)
        for start in range(low, high, _ENTRIES // _NODES):
            near = centres[start : min(high, start + _ENTRIES // _NODES)]
            density += np.exp(-((nodes - near[:, None]) ** 2) / 2).sum(axis=0)
        density *= math.exp(-_log_peak(1.0)) / len(centres)
        # where a density underflows to 0 its term is 0
        terms = -density * np.log(density, where=density > 0, out=np.zeros(_NODES))
        fine += float(terms.sum()) * _STEP
        coarse += float(terms[::2].sum()) * 2 * _STEP
        size += float(np.abs(terms).sum()) * _STEP
    rounded = np.finfo(np.float64).eps * (len(centres) + _NODES) * (1 + size)
    return fine + math.log(width), abs(fine - coarse) + float(rounded)


def exact_information(means: ArrayLike, *, width: float) -> Reading:
    """I(X; f(X) + N(0, width^2)) in nats for X uniform on records with f(X_j) = means_j.

    By quadrature: no sampling error, but the numerical error is estimated and not proved, so that
    it is given as no bound.

    Args:
        means: f of each record, shape (N,), N >= 1, finite.
        width: standard deviation of the noise, > 0.
    """
    entropy, error = quadrature(means, width=width)
    value = max(0.0, entropy - _noise_entropy(width))  # below 0 by roundoff alone
    return Reading(
        value=value,
        lower=max(0.0, value - error),
        upper=value + error,
        confidence=1.0,
        method="quadrature of the entropy of a Gaussian mixture, error estimated",
        bound=False,
    )


def _centres(means: ArrayLike) -> NDArray[np.float64]:
    centres = np.asarray(means, dtype=np.float64)
    require(centres.ndim == 1 and len(centres) > 0, must="have shape (N,)", means=centres.shape)
    require(bool(np.all(np.isfinite(centres))), must="be finite", means=centres)
    return centres


def _log_peak(width: float) -> float:
    """log of sqrt(2 pi) width, the reciprocal of a component's peak."""
    return math.log(2 * math.pi) / 2 + math.log(width)


def _noise_entropy(width: float) -> float:
    """Entropy of N(0, width^2)."""
    return _log_peak(width) + 0.5
