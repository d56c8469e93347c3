"""Theorem 12: rate and excess error of linear releases of a Gaussian, from their variances."""

from __future__ import annotations

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.mid import mid_distortion, mid_gain, mid_rate, noise_rate
from proofs.check import Check, demand
from proofs.exact.balls import agree, precise

VARIANCES = (fmpq(1, 3), fmpq(1), fmpq(12))
SHARES = (fmpq(1, 100), fmpq(1, 3), fmpq(9, 10))  # d/v, and c


def rate_of(variance: arb, gain: arb, noise: arb) -> arb:
    """I in nats of c m + N(0, z): half the log of output variance over noise variance."""
    return ((gain * gain * variance + noise) / noise).log() / 2


def error_of(variance: arb, gain: arb, noise: arb) -> arb:
    """E (c m + z - m)^2."""
    return (1 - gain) * (1 - gain) * variance + noise


@precise
def optimal_release_has_its_rate_and_error() -> str:
    """c = 1 - d/v with noise c (1-c) v has error d and rate mid_rate, and the inverses agree."""
    for v in VARIANCES:
        for share in SHARES:
            variance, distortion = arb(v), arb(v * share)
            gain = arb(1 - share)
            noise = gain * (1 - gain) * variance
            rate = rate_of(variance, gain, noise)
            where = f"v = {v}, d = {v * share}"
            agree(error_of(variance, gain, noise), distortion, f"error at {where}")
            agree(mid_rate(ARB, variance, distortion), rate, f"mid_rate at {where}")
            agree(mid_gain(ARB, rate), gain, f"mid_gain at {where}")
            agree(mid_distortion(ARB, variance, rate), distortion, f"mid_distortion at {where}")
            plain = rate_of(variance, arb(1), distortion)
            agree(noise_rate(ARB, variance, distortion), plain, f"noise_rate at {where}")
            rescaled = rate_of(variance, gain * 7, noise * 49)
            agree(rescaled, rate, f"rate after rescaling at {where}")
    return f"{len(VARIANCES) * len(SHARES)} releases, 6 equalities each"


@precise
def no_linear_release_does_better() -> str:
    """Any gain and noise of the same error has at least the rate mid_rate."""
    cases = 0
    for v in VARIANCES:
        for share in SHARES:
            distortion = v * share
            for tenth in range(1, 20):
                gain = fmpq(tenth, 10)
                noise = distortion - (1 - gain) ** 2 * v
                if noise > 0:
                    rate = rate_of(arb(v), arb(gain), arb(noise))
                    least = mid_rate(ARB, arb(v), arb(distortion))
                    best = gain == 1 - share
                    demand(
                        rate.overlaps(least) if best else rate > least,
                        f"gain {gain} at v = {v}, d = {distortion} has rate {rate.str(10)}",
                    )
                    cases += 1
    return f"{cases} releases"


CHECKS = (
    Check(
        "exact.linear-mid",
        "the optimal linear release has the stated rate, gain and error",
        optimal_release_has_its_rate_and_error,
        quick=True,
    ),
    Check(
        "exact.linear-mid-optimal",
        "no other gain and noise of the same error carries less information",
        no_linear_release_does_better,
        quick=True,
    ),
)
