"""Mutual information of jointly Gaussian vectors: closed form, and estimate from a sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpq_mat
from numpy.typing import NDArray
from scipy.special import chdtri, psi

from mipriv.errors import require
from mipriv.estimate._enclosed import enclosed
from mipriv.estimate._inputs import Columns, columns, level, paired
from mipriv.estimate.bootstrap import Counts, bootstrap
from mipriv.estimate.reading import Reading
from mipriv.rigor.decimals import exact, nonnegative, whole
from mipriv.rigor.enclosure import Number

MAX_COORDINATES = 64
_SINGULAR = 1e-12  # eigenvalue of a correlation matrix that rounding can leave of 0


def covariance_information(
    *, covariance: Any, x: Sequence[int], y: Sequence[int], given: Sequence[int] = ()
) -> Reading:
    """Enclosure of I(X;Y|Z), in nats, of coordinates of a Gaussian vector; I(X;Y) without Z.

    log(det S_xz det S_yz / (det S_z det S_xyz))/2, of exact determinants.

    Args:
        covariance: symmetric positive semidefinite, at most 64 x 64, of anything that
            `decimals.exact` reads (a float is the double it is).
        x, y, given: disjoint lists of coordinates, 0-based; x and y not empty.

    Returns:
        Computed reading; inf where X and Y determine a common linear combination given Z.

    Raises:
        ParameterError: not a covariance, or singular on (x, given) or (y, given) already.

    Source: Cover, Thomas 2006, section 8.4 (entropy of a Gaussian vector).

    >>> reading = covariance_information(covariance=[[1, "0.6"], ["0.6", 1]], x=[0], y=[1])
    >>> round(reading.value, 12)
    0.223143551314
    """
    matrix = _covariance(covariance)
    first, second, third = _blocks(len(matrix), x, y, given)
    tops = [_determinant(matrix, first + third), _determinant(matrix, second + third)]
    require(
        all(top > 0 for top in tops),
        must="be positive definite on (x, given) and on (y, given)",
        covariance=covariance,
    )
    bottom = _determinant(matrix, third) * _determinant(matrix, first + second + third)
    method = "closed form of jointly Gaussian vectors"
    if bottom == 0:
        return Reading.computed(math.inf, method=method, bound=True)
    ratio = tops[0] * tops[1] / bottom
    return enclosed(lambda: fmpq(0) if ratio == 1 else arb(ratio).log() / 2, method=method)


def _covariance(covariance: Any) -> list[list[fmpq]]:
    listed = covariance.tolist() if isinstance(covariance, np.ndarray) else covariance
    array = np.array(listed, dtype=object)
    square = array.ndim == 2 and len(set(array.shape)) == 1 and array.size > 0
    require(square, must="be a square matrix", covariance=array.shape)
    size = len(array)
    fits = size <= MAX_COORDINATES
    require(fits, must=f"have at most {MAX_COORDINATES} rows", covariance=array.shape)
    rows = [[exact(entry, "covariance") for entry in row] for row in array]
    symmetric = all(rows[i][j] == rows[j][i] for i in range(size) for j in range(i))
    require(symmetric, must="be symmetric", covariance=covariance)
    # all roots of det(t - S) are real; none is negative iff the coefficients alternate (Descartes)
    alternating = fmpq_mat(rows).charpoly().coeffs()
    semidefinite = all(c * (-1) ** (size - i) >= 0 for i, c in enumerate(alternating))
    require(semidefinite, must="be positive semidefinite", covariance=covariance)
    return rows


def _blocks(
    size: int, x: Sequence[int], y: Sequence[int], given: Sequence[int]
) -> tuple[list[int], list[int], list[int]]:
    blocks = [
        [whole(i, name, at_least=0) for i in block]
        for name, block in (("x", x), ("y", y), ("given", given))
    ]
    require(bool(blocks[0]) and bool(blocks[1]), must="not be empty", x=x, y=y)
    flat = [i for block in blocks for i in block]
    distinct = len(set(flat)) == len(flat) and max(flat) < size
    require(distinct, must=f"be distinct coordinates below {size}", x=x, y=y, given=given)
    return blocks[0], blocks[1], blocks[2]


def _determinant(matrix: list[list[fmpq]], rows: list[int]) -> fmpq:
    if not rows:
        return fmpq(1)
    return fmpq_mat([[matrix[i][j] for j in rows] for i in rows]).det()


def channel_information(*, gain: Any, variance: Any, noise_variance: Any) -> Reading:
    """Enclosure of I(m; c m + N(0, v)), in nats, for a Gaussian m; an upper bound for any other.

    log(1 + c^2 Var(m)/v)/2.  Of all laws of m with this variance the Gaussian gives the most, so
    that the reading bounds the information of a release whatever m is.

    Args:
        gain: c.
        variance: Var(m), >= 0.
        noise_variance: v, >= 0; for v = 0 the reading is inf, or 0 where c m is constant.

    Source: Cover, Thomas 2006, theorem 8.6.5 and section 9.1.

    >>> channel_information(gain=1, variance=3, noise_variance=1).bits
    1.0
    """
    scale, noise = exact(gain, "gain"), nonnegative(noise_variance, "noise_variance")
    signal = scale**2 * nonnegative(variance, "variance")
    method = "closed form of a Gaussian channel"
    if noise == 0 and signal > 0:
        return Reading.computed(math.inf, method=method, bound=True)
    ratio = signal / noise if signal > 0 else fmpq(0)

    def evaluate() -> Number:
        return arb(ratio).log1p() / 2 if ratio > 0 else fmpq(0)

    return enclosed(evaluate, method=method)


def sample_information(
    *,
    x: Any,
    y: Any,
    given: Any = None,
    bias_corrected: bool = True,
    confidence: Any = 0.95,
    resamples: int = 999,
    random_state: Any = 0,
) -> Reading:
    """Estimate of I(X;Y|Z) of jointly Gaussian vectors, in nats, from N independent rows.

    The closed form at the sample's covariance.  If the rows are Gaussian, (N-1) S is Wishart and
    E log det S = log det Sigma + sum_{i<d} psi((N-1-i)/2) + d log(2/(N-1)), so that the bias is
    known whatever Sigma is: (b(d_xz) + b(d_yz) - b(d_z) - b(d_xyz))/2 with b(d) the sum of the psi,
    about d_x d_y/(2N) upward.  It is taken off, which leaves no bias, and may leave a number below
    0.  Of rows that are not Gaussian the reading is of the Gaussian of their covariance.

    The interval is a centred bootstrap, right for many rows; it holds 0 where the likelihood-ratio
    test of independence (Bartlett's chi square) does not reject at (1 - confidence)/2, as there the
    bootstrap is not valid.  A correlation within 1e-12 of 1 is taken for 1: inf.

    Args:
        x, y: samples of shape (N,) or (N, d).
        given: Z, sample of shape (N,) or (N, d), or None.
        bias_corrected: whether to take the bias off.
        confidence: in (0, 1).
        resamples: of the bootstrap.
        random_state: seed >= 0 or NumPy generator.

    Raises:
        ParameterError: fewer than 5 (d_x + d_y + d_z + 1) rows, or columns of (x, given) or of
            (y, given) that depend on each other linearly.

    Source: Anderson 2003, sections 7.5 (log determinant of a Wishart matrix) and 9.5 (Bartlett);
    Misra, Singh, Demchuk 2005 (entropy of a Gaussian).
    """
    sample = _Sample.of(columns(x, "x"), columns(y, "y"), given)
    sure = level(confidence)
    bias = sample.bias if bias_corrected else 0.0
    reading = bootstrap(
        statistic=lambda counts: sample.statistic(counts) - bias,
        counts=np.ones(sample.rows, dtype=np.int64),
        method=f"Gaussian plug-in{', bias taken off,' if bias_corrected else ''} "
        f"of {sample.rows} rows",
        confidence=confidence,
        resamples=resamples,
        random_state=random_state,
    )
    lower, upper = reading.lower, max(reading.upper, 0.0)
    statistic = 2 * (reading.value + bias) * sample.bartlett
    if lower > 0 and statistic <= float(chdtri(sample.links, (1 - sure) / 2)):
        lower = 0.0
    return replace(reading, lower=lower, upper=upper)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Standardised rows (x, y, given), and their products, of which covariances are sums."""

    values: Columns
    products: NDArray[np.float64]  # (N, D^2)
    sizes: tuple[int, int, int]

    @classmethod
    def of(cls, x: Columns, y: Columns, given: Any) -> _Sample:
        z = np.empty((len(x), 0)) if given is None else columns(given, "given")
        n = paired(x=x, y=y, given=z)
        values = np.hstack([x, y, z])
        size = values.shape[1]
        require(size <= MAX_COORDINATES, must=f"have at most {MAX_COORDINATES} columns", x=size)
        require(n >= 5 * (size + 1), must=f"have at least {5 * (size + 1)} rows", x=n)
        spread = values.std(axis=0)
        require(bool((spread > 0).all()), must="have no constant column", x_y_given=spread)
        values = (values - values.mean(axis=0)) / spread
        products = (values[:, :, None] * values[:, None, :]).reshape(n, -1)
        sample = cls(values, products, (x.shape[1], y.shape[1], z.shape[1]))
        logs = sample._log_determinants(np.ones((1, n), dtype=np.int64))
        regular = all(np.isfinite(log).all() for log in logs[:2])
        require(regular, must="have no linear relation within (x, given) or (y, given)", x=x.shape)
        return sample

    @property
    def rows(self) -> int:
        return len(self.values)

    @property
    def links(self) -> int:
        """Degrees of freedom of dependence, d_x d_y."""
        return self.sizes[0] * self.sizes[1]

    @property
    def bartlett(self) -> float:
        """Factor that makes 2 I chi square at independence, to order 1/N^2."""
        dx, dy, dz = self.sizes
        return self.rows - 1 - dz - (dx + dy + 1) / 2

    @property
    def bias(self) -> float:
        """E of the plug-in less I, for Gaussian rows."""
        dx, dy, dz = self.sizes

        def digammas(size: int) -> float:
            return math.fsum(psi((self.rows - 1 - np.arange(size)) / 2))

        parts = digammas(dx + dz) + digammas(dy + dz) - digammas(dz) - digammas(dx + dy + dz)
        return parts / 2

    def statistic(self, counts: Counts) -> NDArray[np.float64]:
        """Plug-in of each resample (B, N); 0 where x or y shows no spread in it."""
        xz, yz, z, xyz = self._log_determinants(counts)
        flat = np.isinf(xz) | np.isinf(yz)
        with np.errstate(invalid="ignore"):
            nats = (xz + yz - z - xyz) / 2
        return np.where(flat, 0.0, nats)

    def _log_determinants(self, counts: Counts) -> list[NDArray[np.float64]]:
        """Of the covariances of (x, z), (y, z), z and (x, y, z), each (B,); -inf if singular."""
        size = self.values.shape[1]
        shares = counts / self.rows
        means = shares @ self.values
        second = (shares @ self.products).reshape(-1, size, size)
        covariances = second - means[:, :, None] * means[:, None, :]
        dx, dy, _ = self.sizes
        x, y, z = np.split(np.arange(size), [dx, dx + dy])
        blocks = (np.r_[x, z], np.r_[y, z], z, np.arange(size))
        return [_log_determinant(covariances[:, b[:, None], b]) for b in blocks]


def _log_determinant(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    if matrices.shape[1] == 0:
        return np.zeros(len(matrices))
    roots = np.linalg.eigvalsh(matrices)
    regular = roots[:, 0] > _SINGULAR
    return np.where(regular, np.log(np.where(regular[:, None], roots, 1.0)).sum(axis=1), -np.inf)
