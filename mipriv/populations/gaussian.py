"""Two normal populations: a shifted mean, and a linear model with a shifted law of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from flint import acb, arb, ctx, fmpq

from mipriv.errors import require
from mipriv.populations._normal import checked_secret, kl_of, tau_of
from mipriv.rigor.decimals import exact, nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class GaussianShift:
    """Normal vectors of unit covariance; the means lie `shift` apart, on either side of 0.

    Every coordinate of the mean is -shift/(2 sqrt(dimension)) for secret 0 and the opposite for
    secret 1, so that in many dimensions no single coordinate tells much.

    Attributes:
        dimension: >= 1.
        shift: Euclidean distance of the means, finite, >= 0.
    """

    secrets: ClassVar[int] = 2

    dimension: int
    shift: fmpq

    def __post_init__(self) -> None:
        object.__setattr__(self, "dimension", whole(self.dimension, "dimension", at_least=1))
        object.__setattr__(self, "shift", nonnegative(self.shift, "shift"))

    def tau(self, i: int = 0, j: int = 1) -> arb:
        """Total variation erf(shift/sqrt 8) of secrets i and j, a ball."""
        return tau_of(self._gap(i, j) ** 2)

    def kl(self, i: int = 0, j: int = 1) -> arb:
        """Kullback-Leibler divergence shift^2/2 in nats, a ball."""
        return kl_of(self._gap(i, j) ** 2)

    def sample(
        self, secret: int, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Records, of shape (*shape, dimension), as doubles."""
        sign = 2 * checked_secret(secret, 2) - 1
        mean = sign * float(arb(self.shift) / (2 * arb(self.dimension).sqrt()))
        return rng.normal(mean, size=(*shape, self.dimension))

    def _gap(self, i: int, j: int) -> fmpq:
        return self.shift * abs(checked_secret(i, 2) - checked_secret(j, 2))


@dataclass(frozen=True, kw_only=True)
class GaussianLinear:
    """Records (x, y): x standard normal, y = <x, beta_s> + offset_s + noise_s for secret s.

    Attributes:
        coefficients: beta_0 and beta_1, of one length >= 1.
        offsets: mean of the noise for each secret.
        noise: its standard deviation, finite, > 0.
    """

    secrets: ClassVar[int] = 2

    coefficients: tuple[tuple[fmpq, ...], tuple[fmpq, ...]]
    offsets: tuple[fmpq, fmpq] = (fmpq(0), fmpq(0))
    noise: fmpq = fmpq(1)

    def __post_init__(self) -> None:
        rows = tuple(
            tuple(exact(value, "coefficients") for value in row)
            for row in _two(self.coefficients, "coefficients")
        )
        lengths = len(rows[0]), len(rows[1])
        must = "be two vectors of one length >= 1"
        require(lengths[0] == lengths[1] >= 1, must=must, coefficients=lengths)
        offsets = tuple(exact(value, "offsets") for value in _two(self.offsets, "offsets"))
        noise = exact(self.noise, "noise")
        require(noise > 0, must="be finite and > 0", noise=self.noise)
        object.__setattr__(self, "coefficients", rows)
        object.__setattr__(self, "offsets", offsets)
        object.__setattr__(self, "noise", noise)

    @property
    def dimension(self) -> int:
        """Length of x."""
        return len(self.coefficients[0])

    def tau(self, i: int = 0, j: int = 1) -> arb:
        """Total variation of secrets i and j, a ball.

        Given x the answers are normal with means c z + d noise deviations apart, z standard
        normal, so that it is E erf(|c z + d|/sqrt 8): erf(|d|/sqrt 8) for c = 0,
        (2/pi) atan(c/2) for d = 0, and an enclosed integral otherwise.
        """
        slope_squared, offset = self._gaps(i, j)
        if slope_squared == 0:
            return tau_of(offset**2)
        if offset == 0:
            return 2 * (arb(slope_squared).sqrt() / 2).atan() / arb.pi()
        return _mean_erf(slope_squared, abs(offset))

    def kl(self, i: int = 0, j: int = 1) -> arb:
        """Kullback-Leibler divergence (c^2 + d^2)/2 in nats, a ball; c and d as for `tau`."""
        slope_squared, offset = self._gaps(i, j)
        return kl_of(slope_squared + offset**2)

    def sample(
        self, secret: int, shape: tuple[int, ...], rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Records: x of shape (*shape, dimension) and y of shape `shape`, as doubles."""
        import numpy as np

        row = self.coefficients[checked_secret(secret, 2)]
        x = rng.normal(size=(*shape, self.dimension))
        mean = x @ np.array([float(arb(value)) for value in row])
        noise = rng.normal(float(arb(self.offsets[secret])), float(arb(self.noise)), size=shape)
        return x, mean + noise

    def _gaps(self, i: int, j: int) -> tuple[fmpq, fmpq]:
        """c^2 and d: distance of the coefficients squared and of the offsets, in deviations."""
        first = self.coefficients[checked_secret(i, 2)]
        second = self.coefficients[checked_secret(j, 2)]
        squares = sum(((a - b) ** 2 for a, b in zip(first, second, strict=True)), fmpq(0))
        return squares / self.noise**2, (self.offsets[i] - self.offsets[j]) / self.noise


def _two(values: Any, name: str) -> tuple[Any, Any]:
    pair = tuple(values)
    require(len(pair) == 2, must="have two entries, one a secret", **{name: len(pair)})
    return pair


def _mean_erf(slope_squared: fmpq, offset: fmpq) -> arb:
    """E erf(|c z + d|/sqrt 8) over a standard normal z, for c, d > 0.

    The sign of c z + d changes at -d/c, on either side of which the integrand is entire; beyond
    |z| = reach the integral is at most the normal mass there.
    """
    slope = arb(slope_squared).sqrt()
    turn = -offset / slope
    reach = arb(2 * (ctx.prec + 8)).sqrt().upper()
    eight, root = acb(8).sqrt(), acb(2 * arb.pi()).sqrt()

    def integral(low: arb, high: arb) -> arb:
        return acb.integral(
            lambda z, _: ((slope * z + offset) / eight).erf() * (-z * z / 2).exp() / root, low, high
        ).real

    if turn < -reach:
        inside = integral(-reach, reach)
    else:
        reach += 1  # now the turn certainly lies inside
        inside = integral(turn, reach) - integral(-reach, turn)
    return inside + arb(0).union((reach / arb(2).sqrt()).erfc())
