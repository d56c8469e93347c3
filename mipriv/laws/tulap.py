"""Tulap noise: the canonical noise of (epsilon, delta)-DP for a count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.laws._values import distance_ends, double, over
from mipriv.rigor.decimals import nonnegative, unit
from mipriv.roles import Number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HALF = fmpq(1, 2)


@dataclass(frozen=True, kw_only=True)
class Tulap:
    """Noise N such that N + 1 against N has exactly the trade-off curve of (epsilon, delta)-DP.

    For every threshold t that N can pass, Pr[N + 1 > t] = g(Pr[N > t]), where E = e^epsilon and
    g(a) = min(1, E a + delta, 1 - (1 - delta - a)/E); beyond, it is at most g(0) = delta.  With
    c = (1 - delta)/(1 + E),

        F(x) = 1/2 + (1 - 2c) x               on [-1/2, 1/2],
        F(x - 1) = max(0, (F(x) - delta)/E)   for x <= 1/2,     F(x) = 1 - F(-x),

    so that j steps left of y in [-1/2, 1/2], F(y - j) = max(0, E^-j (F(y) - delta R_j)), where
    R_j = 1 + E + ... + E^(j-1).  At delta = 0 it is the sum of discrete Laplace noise and a
    uniform number of [-1/2, 1/2]; at epsilon = 0 it is uniform on [-1/(2 delta), 1/(2 delta)].

    The density is (1 - 2c) E^-j at distance j - 1/2 to j + 1/2 from 0, cut off where F reaches 0:
    a staircase, hence log-concave only if it has one step (epsilon = 0 or delta = 1).  Yet its
    shifts by whole numbers always have rising likelihood ratios (`rises`).

    Attributes:
        epsilon: in nats, finite, >= 0.
        delta: in [0, 1]; not 0 when epsilon is 0.

    Source:
        Awan and Slavkovic, J. Privacy and Confidentiality 10 (2020): Tulap(m, b, q) with m = 0,
        b = 1/E and q = 2 delta b/(1 - b + 2 delta b); Awan and Vadhan, Ann. Statist. 51 (2023):
        canonical noise distributions and their recursion.
    """

    lattice: ClassVar[bool] = False

    epsilon: fmpq
    delta: fmpq = fmpq(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", nonnegative(self.epsilon, "epsilon"))
        object.__setattr__(self, "delta", unit(self.delta, "delta"))
        require(
            self.epsilon > 0 or self.delta > 0,
            must="be > 0 where delta is 0: no noise hides a count",
            epsilon=self.epsilon,
        )

    @property
    def log_concave(self) -> bool:
        """Whether the density is one step, uniform on an interval."""
        return self.epsilon == 0 or self.delta == 1

    def cdf(self, x: Number) -> arb:
        """Pr[N <= x], a ball."""
        return over(self._cdf, x)

    def _cdf(self, x: fmpq) -> arb:
        tail = self._below(-abs(x)).nonnegative_part()
        return tail if x < 0 else 1 - tail

    def density(self, x: Number) -> arb:
        """Density at x; at a jump, and at an end of the support that rounding leaves open, a ball
        that holds the values on both sides.
        """
        if isinstance(x, arb) and not x.is_finite():
            return arb(0).union(self._slope())
        near, far = distance_ends(x)
        return self._at_distance(near, outer=False).union(self._at_distance(far, outer=True))

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        """Doubles near draws, by inversion of the lower half; for experiments, not for release."""
        import numpy as np

        epsilon = double(self.epsilon, "epsilon") if self.epsilon else 0.0
        delta = double(self.delta, "delta") if self.delta else 0.0
        level = (1 - rng.random(shape)) / 2  # F at minus the size of the noise, never 0
        centre = (1 - delta) * np.exp(-epsilon) / (1 + np.exp(-epsilon))
        slope = np.tanh(epsilon / 2) + 2 * delta * np.exp(-epsilon) / (1 + np.exp(-epsilon))
        if self.log_concave:
            below = (level - 0.5) / slope
        else:
            atom = delta * np.exp(-epsilon) / -np.expm1(-epsilon)  # delta/(E - 1)
            steps = np.ceil(np.log1p(np.maximum(centre - level, 0) / (level + atom)) / epsilon)
            height = level * np.exp(steps * epsilon) + atom * np.expm1(steps * epsilon)
            below = np.clip((height - 0.5) / slope, -0.5, 0.5) - steps
        found: NDArray[np.float64] = np.where(rng.random(shape) < 0.5, below, -below)
        return found

    def rises(self, shift: fmpq) -> bool:
        """Whether density(x - shift)/density(x) is known to rise with x, for a shift >= 0.

        For a whole shift k it is E^(|j| - |j - k|), j the whole number nearest to x, within both
        supports; before them it is 0, and after them infinite.

        Returns:
            True where it is proved; False says nothing.
        """
        return bool(shift >= 0 and (self.log_concave or shift.q == 1))

    def _slope(self) -> arb:
        """1 - 2c = (E - 1 + 2 delta)/(E + 1), the density at 0."""
        shrink = arb(-self.epsilon).exp()
        return (arb(self.epsilon) / 2).tanh() + 2 * self.delta * shrink / (1 + shrink)

    def _below(self, x: fmpq) -> arb:
        """E^-j (F(y) - delta R_j) for x = y - j <= 0, y in (-1/2, 1/2]: F(x) unless negative."""
        if self.epsilon == 0:
            return arb(_HALF + self.delta * x)
        steps = int((_HALF - x).floor())
        shrink, fall = arb(-self.epsilon).exp(), arb(-steps * self.epsilon)
        # F(y) = c + (1 - 2c)(y + 1/2) has no cancellation
        inner = (1 - self.delta) * shrink / (1 + shrink) + self._slope() * (x + steps + _HALF)
        taken = shrink * fall.expm1() / arb(-self.epsilon).expm1()  # E^-j R_j
        return inner * fall.exp() - self.delta * taken

    def _at_distance(self, size: fmpq, *, outer: bool) -> arb:
        """Density at a distance from 0; at a jump, on its outer or its inner side."""
        steps = int((size + _HALF).floor())
        if not outer and steps > 0 and size + _HALF == steps:
            steps -= 1
        value = self._slope() * arb(-steps * self.epsilon).exp()
        left = self._below(-size)
        if left > 0:
            return value
        return arb(0) if left < 0 else arb(0).union(value)
