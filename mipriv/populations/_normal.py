"""Two normal laws of one covariance: distances from the gap between their means."""

from __future__ import annotations

from flint import arb, fmpq

from mipriv.errors import require


def tau_of(gap_squared: fmpq) -> arb:
    """Total variation erf(gap/sqrt 8), gap the Mahalanobis distance of the means."""
    return (arb(gap_squared) / 8).sqrt().erf()


def kl_of(gap_squared: fmpq) -> arb:
    """Kullback-Leibler divergence gap^2/2 in nats, the same in both directions."""
    return arb(gap_squared / 2)


def checked_secret(secret: int, secrets: int) -> int:
    """The secret, if it is one of 0..secrets-1."""
    require(0 <= secret < secrets, must=f"be a secret from 0 to {secrets - 1}", secret=secret)
    return secret
