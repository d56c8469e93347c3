"""A low-rank factor model: K identities, each a normal law around its own latent point."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq, fmpq_mat

from mipriv.errors import require
from mipriv.populations._normal import checked_secret, kl_of, tau_of
from mipriv.rigor.decimals import exact, nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEVELS = range(-4, 5)  # values of a coordinate of a latent point


@dataclass(frozen=True, kw_only=True)
class FactorModel:
    """Records W (u_s + w z) + noise: identity s has the latent point u_s, z standard normal.

    Attributes:
        loadings: W, one row for each coordinate of a record, one column for each factor.
        identities: u_s, K >= 2 rows, one entry a factor.
        within: w, standard deviation of a factor within an identity, finite, >= 0.
        noise: standard deviation of the noise of a coordinate, finite, > 0.
    """

    loadings: tuple[tuple[fmpq, ...], ...]
    identities: tuple[tuple[fmpq, ...], ...]
    within: fmpq
    noise: fmpq

    def __post_init__(self) -> None:
        loadings, identities = (
            _rows(self.loadings, "loadings"),
            _rows(self.identities, "identities"),
        )
        require(len(loadings) >= 1, must="have a row for each coordinate", loadings=len(loadings))
        require(len(identities) >= 2, must="have at least two rows", identities=len(identities))
        rank = len(loadings[0])
        for name, rows in (("loadings", loadings), ("identities", identities)):
            lengths = sorted({len(row) for row in rows})
            require(
                lengths == [rank] and rank >= 1, must="have one entry a factor", **{name: lengths}
            )
        noise = exact(self.noise, "noise")
        require(noise > 0, must="be finite and > 0", noise=self.noise)
        object.__setattr__(self, "loadings", loadings)
        object.__setattr__(self, "identities", identities)
        object.__setattr__(self, "within", nonnegative(self.within, "within"))
        object.__setattr__(self, "noise", noise)

    @property
    def secrets(self) -> int:
        """Number of identities, K."""
        return len(self.identities)

    @property
    def dimension(self) -> int:
        """Coordinates of a record."""
        return len(self.loadings)

    def mean(self, secret: int) -> tuple[fmpq, ...]:
        """Mean record of an identity, W u_s, exact."""
        latent = self.identities[checked_secret(secret, self.secrets)]
        return tuple(
            sum((a * b for a, b in zip(row, latent, strict=True)), fmpq(0)) for row in self.loadings
        )

    def gap_squared(self, i: int = 0, j: int = 1) -> fmpq:
        """Squared Mahalanobis distance of two mean records, exact.

        With G = W'W and v = u_i - u_j it is v' G (noise^2 I + within^2 G)^-1 v, by the identity
        W' (noise^2 I + within^2 W W')^-1 = (noise^2 I + within^2 G)^-1 W'.
        """
        first = self.identities[checked_secret(i, self.secrets)]
        second = self.identities[checked_secret(j, self.secrets)]
        gap = fmpq_mat(len(first), 1, [a - b for a, b in zip(first, second, strict=True)])
        value = gap.transpose() * _precision(self) * gap
        return value[0, 0]

    def tau(self, i: int = 0, j: int = 1) -> arb:
        """Total variation erf(gap/sqrt 8) of identities i and j, a ball."""
        return tau_of(self.gap_squared(i, j))

    def kl(self, i: int = 0, j: int = 1) -> arb:
        """Kullback-Leibler divergence gap^2/2 in nats, a ball."""
        return kl_of(self.gap_squared(i, j))

    def sample(
        self, secret: int, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Records, of shape (*shape, dimension), as doubles."""
        import numpy as np

        weights = np.array([[float(arb(value)) for value in row] for row in self.loadings])
        mean = np.array([float(arb(value)) for value in self.mean(secret)])
        latent = rng.normal(scale=float(arb(self.within)), size=(*shape, weights.shape[1]))
        noise = rng.normal(scale=float(arb(self.noise)), size=(*shape, self.dimension))
        found: NDArray[np.float64] = mean + latent @ weights.T + noise
        return found


def walsh_factors(
    *, secrets: int, rank: int, dimension: int, within: object, noise: object, seed: int = 0
) -> FactorModel:
    """A factor model with orthogonal patterns of +1 and -1, and identities drawn from a seed.

    Args:
        secrets: K, 2 to 9^rank.
        rank: factors, 1 to dimension - 1.
        dimension: coordinates of a record, a power of two.
        within: standard deviation of a factor within an identity, >= 0; the coordinates of the
            latent points are whole numbers from -4 to 4.
        noise: standard deviation of the noise of a coordinate, > 0.
        seed: whole number, from which the identities are drawn, all different.

    >>> model = walsh_factors(secrets=3, rank=2, dimension=16, within=1, noise=1)
    >>> model.secrets, model.dimension, model.gap_squared() > 0
    (3, 16, True)
    """
    count = whole(secrets, "secrets", at_least=2)
    factors, size = whole(rank, "rank", at_least=1), whole(dimension, "dimension", at_least=2)
    require(size & (size - 1) == 0, must="be a power of two", dimension=dimension)
    require(factors < size, must="be below the dimension", rank=rank)
    require(count <= len(_LEVELS) ** factors, must="be at most 9^rank", secrets=secrets)
    patterns = tuple(
        tuple(fmpq((-1) ** (row & column).bit_count()) for column in range(1, factors + 1))
        for row in range(size)
    )
    draw = random.Random(seed)
    points: dict[tuple[int, ...], None] = {}
    while len(points) < count:
        points[tuple(draw.choice(_LEVELS) for _ in range(factors))] = None
    return FactorModel(
        loadings=patterns,
        identities=tuple(tuple(fmpq(value) for value in point) for point in points),
        within=nonnegative(within, "within"),
        noise=exact(noise, "noise"),
    )


def _rows(values: Any, name: str) -> tuple[tuple[fmpq, ...], ...]:
    return tuple(tuple(exact(value, name) for value in row) for row in values)


@lru_cache(maxsize=16)
def _precision(model: FactorModel) -> fmpq_mat:
    """G (noise^2 I + within^2 G)^-1, G = W'W."""
    rank = len(model.loadings[0])
    weights = fmpq_mat(model.dimension, rank, [value for row in model.loadings for value in row])
    gram = weights.transpose() * weights
    unit = fmpq_mat(rank, rank, [fmpq(int(i == j)) for i in range(rank) for j in range(rank)])
    return gram * (model.noise**2 * unit + model.within**2 * gram).inv()
