"""What noise on a statistic promises, by its law: one place for every additive mechanism."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from mipriv.accounting import mechanisms
from mipriv.errors import UnsupportedGuarantee, require
from mipriv.game import Adjacency
from mipriv.guarantee import ApproxDP, ConcentratedDP, GaussianDP, LaplaceDP, TradeOffCurve
from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw, LaplaceLaw, Tulap
from mipriv.learn.records import to_float
from mipriv.rigor.decimals import exact
from mipriv.rigor.enclosure import floor

Noise = GaussianLaw | LaplaceLaw | DiscreteLaplace | DiscreteGaussian | Tulap
Claim = ApproxDP | ConcentratedDP | GaussianDP | LaplaceDP | TradeOffCurve
Array = NDArray[np.float64]

_BITS = 128
_ROWS = 96  # of the discrete Gaussian's curve
_LEAST = fmpq(1, 1 << 60)  # rows of a smaller delta are left out


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """How far one neighbour step moves a vector of statistics.

    Attributes:
        l1: upper bound on the sum of the moves of its coordinates, >= 0.
        l2_squared: upper bound on the sum of their squares, >= 0.
        coordinates: >= 1.
        adjacency: which pairs are neighbours.
    """

    l1: fmpq
    l2_squared: fmpq
    coordinates: int
    adjacency: Adjacency

    @property
    def l2(self) -> fmpq:
        """Upper bound on the Euclidean distance, a rational within 2^-60 of the square root."""
        return root_above(self.l2_squared)


def root_above(square: fmpq) -> fmpq:
    """A rational at or above the square root, and exactly it where it is rational."""
    top, bottom = isqrt(int(square.p)), isqrt(int(square.q))
    if top * top == square.p and bottom * bottom == square.q:
        return fmpq(top, bottom)
    scale = 1 << 64
    return fmpq(isqrt(int((square * scale * scale).ceil())) + 1, scale)


def checked_noise(noise: object) -> Noise:
    """The noise, if it is a law whose claim is proved here."""
    known = isinstance(noise, GaussianLaw | LaplaceLaw | DiscreteLaplace | DiscreteGaussian | Tulap)
    require(known, must="be a law of mipriv.laws", noise=type(noise).__name__)
    return noise  # type: ignore[return-value]  # checked in the line above


def claim(noise: Noise, moved: Sensitivity) -> Claim:
    """What independent noise of one law on every coordinate promises of one record.

    Args:
        noise: law of each coordinate's noise.
        moved: how far one neighbour step moves the statistics; whole numbers for lattice noise.

    Returns:
        Gaussian: mu-GDP, exact.  Laplace: the curve of one coordinate moved by `l1`, the worst.
        Discrete Laplace: (epsilon l1, 0)-DP.  Tulap, one coordinate moved by at most 1: its
        (epsilon, delta).  Discrete Gaussian: its exact curve, rounded up, for one coordinate, else
        (l2^2/(2 sigma^2))-zCDP.

    Raises:
        UnsupportedGuarantee: Tulap noise on more than a count.

    Source: Dong, Roth, Su 2022; Ghosh, Roughgarden, Sundararajan 2012; Awan, Slavkovic 2020;
    Canonne, Kamath, Steinke 2020.
    """
    if isinstance(noise, Tulap):
        if moved.coordinates > 1 or moved.l1 > 1:
            raise UnsupportedGuarantee("Tulap noise is proved for one number that moves by <= 1")
        return ApproxDP(epsilon=noise.epsilon, delta=noise.delta, adjacency=moved.adjacency)
    if isinstance(noise, DiscreteGaussian):
        if moved.coordinates == 1:
            return discrete_gaussian_curve(noise, int(moved.l1), moved.adjacency)
        rho = moved.l2_squared / (2 * noise.sigma_squared)
        return ConcentratedDP(rho=rho, adjacency=moved.adjacency)
    return mechanism(noise, moved).guarantee()


def mechanism(
    noise: Noise, moved: Sensitivity
) -> mechanisms.GaussianMechanism | mechanisms.LaplaceMechanism | mechanisms.GeometricMechanism:
    """The mechanism of `mipriv.accounting` that knows the exact loss for k changed records.

    Raises:
        UnsupportedGuarantee: noise for which there is none.
    """
    near = moved.adjacency
    if isinstance(noise, GaussianLaw):
        deviation = noise.standard_deviation
        return mechanisms.GaussianMechanism(
            sensitivity=moved.l2, standard_deviation=deviation, adjacency=near
        )
    if isinstance(noise, LaplaceLaw):
        return mechanisms.LaplaceMechanism(sensitivity=moved.l1, scale=noise.scale, adjacency=near)
    if isinstance(noise, DiscreteLaplace):
        return mechanisms.GeometricMechanism(
            epsilon=noise.epsilon, sensitivity=int(moved.l1), adjacency=near
        )
    raise UnsupportedGuarantee(f"no exact group loss is known for {type(noise).__name__} noise")


def discrete_gaussian_curve(noise: DiscreteGaussian, shift: int, near: Adjacency) -> TradeOffCurve:
    """Trade-off curve between discrete Gaussian noise and its shift, each delta rounded up.

    The ratio of the mass at x - shift to that at x rises with x, so the best tests are
    {noise >= x}, and the curve is the polygon with one row
    epsilon = (2 x shift - shift^2)/(2 sigma^2),
    delta = Pr[noise >= x - shift] - e^epsilon Pr[noise >= x], for every whole x >= shift/2.
    A smaller shift is dominated: it moves every threshold event less.  Of more than 96 rows every
    so many is kept; fewer rows are a weaker claim.

    Args:
        noise: the law.
        shift: whole number >= 0.
        near: which pairs are neighbours.
    """
    if shift == 0:
        return TradeOffCurve(rows=((fmpq(0), fmpq(0)),), adjacency=near)
    first = (shift + 1) // 2
    with ctx.workprec(_BITS):

        def row(x: int) -> tuple[fmpq, fmpq]:
            epsilon = fmpq(2 * x * shift - shift * shift) / (2 * noise.sigma_squared)
            delta = noise.cdf(fmpq(shift - x)) - arb(epsilon).exp() * noise.cdf(fmpq(-x))
            return epsilon, min(delta.nonnegative_part().upper().fmpq(), fmpq(1))

        reach = floor(arb(noise.sigma_squared).sqrt() * 9) + shift + 1  # delta is below 2^-58 there
        step = max(1, (reach - first) // _ROWS)
        rows = [row(first)]
        x = first + step
        while rows[-1][1] > _LEAST and len(rows) < 2 * _ROWS:
            rows.append(row(x))
            x += step
    return TradeOffCurve(rows=tuple(rows), adjacency=near)


def log_density(noise: Noise, x: Array) -> Array:
    """Log density (mass) of one law at each x in doubles, up to a constant of the law.

    -inf off the lattice of lattice noise is not looked for: x is taken to be on it.
    """
    if isinstance(noise, GaussianLaw):
        scaled = x / to_float(noise.standard_deviation)
        return -scaled * scaled / 2
    if isinstance(noise, LaplaceLaw):
        return -np.abs(x) / to_float(noise.scale)
    if isinstance(noise, DiscreteLaplace):
        return -np.abs(x) * to_float(noise.epsilon)
    if isinstance(noise, DiscreteGaussian):
        return -x * x / (2 * to_float(noise.sigma_squared))
    return _one_by_one(noise, x)


def _one_by_one(noise: Tulap, x: Array) -> Array:
    """From the ball of the density at each double, for a law with no short formula in doubles."""
    found = np.empty(x.shape)
    for place, value in np.ndenumerate(x):
        density = noise.density(exact(float(value), "output")).mid()
        found[place] = float(density.log()) if density > 0 else -np.inf
    return found


def exact_sampler(noise: Noise) -> Callable[[], int]:
    """A source of exact draws from the operating system's randomness, for release.

    Raises:
        ParameterError: a continuous law, of which a computer holds no draw: rounding a
            floating-point draw of it can void the claim (Mironov 2012).
    """
    discrete = isinstance(noise, DiscreteLaplace | DiscreteGaussian)
    must = "be DiscreteLaplace or DiscreteGaussian for a release"
    require(discrete, must=must, noise=type(noise).__name__)
    draw: Callable[[], int] = noise.sample_exactly  # type: ignore[union-attr]  # of both of them
    return draw
