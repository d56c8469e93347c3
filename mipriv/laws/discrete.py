"""Discrete Laplace and discrete Gaussian noise: laws on the whole numbers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from flint import acb, arb, ctx, fmpq

from mipriv.errors import require
from mipriv.laws import _exact
from mipriv.laws._values import double, mass_over, over
from mipriv.rigor.decimals import exact
from mipriv.roles import Number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_VARIANCE = fmpq(1, 10**6)
MAX_VARIANCE = 10**10  # of the discrete Gaussian: a sum has some 10 standard deviations of terms


@dataclass(frozen=True, kw_only=True)
class DiscreteLaplace:
    """Mass (1 - r)/(1 + r) r^|k| on the whole numbers, r = e^-epsilon.

    Attributes:
        epsilon: finite, > 0; added to a count it gives epsilon-DP.

    Source: Ghosh, Roughgarden and Sundararajan, SIAM J. Comput. 41 (2012), the geometric mechanism.
    """

    lattice: ClassVar[bool] = True
    log_concave: ClassVar[bool] = True

    epsilon: fmpq

    def __post_init__(self) -> None:
        value = exact(self.epsilon, "epsilon")
        require(value > 0, must="be finite and > 0", epsilon=self.epsilon)
        object.__setattr__(self, "epsilon", value)

    def cdf(self, x: Number) -> arb:
        """Pr[noise <= x], a ball; of small relative error below 0."""
        return over(lambda point: self._cdf(int(point.floor())), x)

    def _cdf(self, k: int) -> arb:
        if k >= 0:
            return 1 - self._cdf(-k - 1)
        return arb(k * self.epsilon).exp() / (1 + arb(-self.epsilon).exp())

    def density(self, x: Number) -> arb:
        """Mass at x, a ball; 0 where x is not whole."""
        return mass_over(self._mass, x)

    def _mass(self, k: int) -> arb:
        return (arb(self.epsilon) / 2).tanh() * arb(-abs(k) * self.epsilon).exp()

    def rises(self, shift: fmpq) -> bool:
        """Whether mass(x - shift)/mass(x) is known to rise with x: for whole shifts >= 0."""
        return bool(shift >= 0 and shift.q == 1)

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        """Whole doubles, differences of two geometric draws; for experiments, not for release."""
        rate = double(self.epsilon, "epsilon")
        return _geometric(rate, shape, rng) - _geometric(rate, shape, rng)

    def sample_exactly(self, *, below: Callable[[int], int] = secrets.randbelow) -> int:
        """One draw of exactly this law.

        Args:
            below: source of independent uniform whole numbers of [0, argument).
        """
        return _exact.discrete_laplace(self.epsilon, below)


@dataclass(frozen=True, kw_only=True)
class DiscreteGaussian:
    """Mass e^(-k^2/(2 v))/Z on the whole numbers, Z the sum over all of them.

    Attributes:
        sigma_squared: v, from 1e-6 to 1e10; added to a count it gives (1/(2 v))-zCDP.

    Source: Canonne, Kamath and Steinke, NeurIPS 2020, arXiv 2004.00010.
    """

    lattice: ClassVar[bool] = True
    log_concave: ClassVar[bool] = True

    sigma_squared: fmpq

    def __post_init__(self) -> None:
        value = exact(self.sigma_squared, "sigma_squared")
        require(
            MIN_VARIANCE <= value <= MAX_VARIANCE,
            must="lie within 1e-6 and 1e10",
            sigma_squared=self.sigma_squared,
        )
        object.__setattr__(self, "sigma_squared", value)

    def cdf(self, x: Number) -> arb:
        """Pr[noise <= x], a ball; of small relative error below 0."""
        return over(lambda point: self._cdf(int(point.floor())), x)

    def _cdf(self, k: int) -> arb:
        if k >= 0:
            return 1 - self._cdf(-k - 1)
        return _tail(self.sigma_squared, -k, ctx.prec) / _norm(self.sigma_squared, ctx.prec)

    def density(self, x: Number) -> arb:
        """Mass at x, a ball; 0 where x is not whole."""
        return mass_over(self._mass, x)

    def _mass(self, k: int) -> arb:
        return arb(-k * k / (2 * self.sigma_squared)).exp() / _norm(self.sigma_squared, ctx.prec)

    def rises(self, shift: fmpq) -> bool:
        """Whether mass(x - shift)/mass(x) is known to rise with x: for whole shifts >= 0."""
        return bool(shift >= 0 and shift.q == 1)

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        """Whole doubles by rejection from discrete Laplace; for experiments, not for release."""
        import numpy as np

        variance = double(self.sigma_squared, "sigma_squared")
        width = np.floor(np.sqrt(variance)) + 1
        found: list[NDArray[np.float64]] = []
        missing = int(np.prod(shape))
        while missing > 0:
            size = (2 * missing + 16,)  # at least about half are accepted
            trial = _geometric(1 / width, size, rng) - _geometric(1 / width, size, rng)
            excess = np.abs(trial) - variance / width
            kept = trial[rng.random(size) < np.exp(-excess * excess / (2 * variance))][:missing]
            found.append(kept)
            missing -= len(kept)
        return np.concatenate([*found, np.empty(0)]).reshape(shape)

    def sample_exactly(self, *, below: Callable[[int], int] = secrets.randbelow) -> int:
        """One draw of exactly this law.

        Args:
            below: source of independent uniform whole numbers of [0, argument).
        """
        return _exact.discrete_gaussian(self.sigma_squared, below)


def _geometric(
    rate: float, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draws that are >= k with probability e^(-rate k)."""
    import numpy as np

    return np.floor(rng.exponential(size=shape) / rate)


@lru_cache(maxsize=64)
def _norm(variance: fmpq, bits: int) -> arb:
    """Sum of e^(-k^2/(2 v)) over all whole k: the theta function at tau = i/(2 pi v)."""
    with ctx.workprec(bits + 32):
        tau = acb(0, 1 / (2 * arb.pi() * variance))
        return acb.modular_theta(acb(0), tau)[2].real


@lru_cache(maxsize=4096)
def _tail(variance: fmpq, start: int, bits: int) -> arb:
    """Sum of e^(-k^2/(2 v)) over whole k >= start, start >= 1."""
    # the m-th term carries m^2 roundings; m^2 is some 1.4 v times the bits
    with ctx.workprec(bits + 48 + int(variance.ceil()).bit_length()):
        first = term = arb(-start * start / (2 * variance)).exp()
        ratio, fall = arb(-(2 * start + 1) / (2 * variance)).exp(), arb(-1 / variance).exp()
        least = first * arb(2) ** -(bits + 32)
        total = arb(0)
        while not term < least * (1 - ratio):
            total += term
            term, ratio = term * ratio, ratio * fall
        # ratios only fall from here on, so the rest is below a geometric series
        return total + arb(0).union(term / (1 - ratio))
