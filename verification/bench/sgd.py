"""DP-SGD accounting against the field's libraries on the same work."""

from __future__ import annotations

import sys
import time
from functools import partial
from math import inf

import mipriv
from verification.bench.result import listed
from verification.bench.timing import environment, finished, peak_memory, ratio

# sampling probability .01, 1000 steps; records added, as the peers do
_ADDED = {
    "sampling_probability": "0.01",
    "steps": 1000,
    "n": 10**6,
    "adjacency": "add-remove",
}
_BOTH_SIDES = "`mipriv.sgd`: both sides, 1e-9 apart"
LIMIT = 60.0  # seconds a peer is given for a group it does not finish
_PEER_GROUP = """
import math, sys
from dp_accounting.pld import privacy_loss_distribution as pld
k, sigma, q = int(sys.argv[1]), float(sys.argv[2]), .01
reach = 12 * math.sqrt(k * q) + 12  # its tails pruned by hand: it has no way to do so itself
atoms = range(max(0, int(k * q - reach)), min(k, int(k * q + reach)) + 1)
weights = [math.exp(math.lgamma(k + 1) - math.lgamma(i + 1) - math.lgamma(k - i + 1)
           + i * math.log(q) + (k - i) * math.log1p(-q)) for i in atoms]
total = sum(weights)
one = pld.from_mixture_gaussian_mechanism(sigma, list(atoms), [w / total for w in weights])
print(one.self_compose(1000).get_delta_for_epsilon(0.0))
"""
_MEMORY = """
import mipriv
mipriv.sgd(noise_multiplier="1e7", sampling_probability="0.1", steps=100000, n=10**6)
"""


def _ours(group: int, sigma: int = 1) -> object:
    return mipriv.sgd(noise_multiplier=sigma, group=group, **_ADDED)  # type: ignore[arg-type]  # mixed


def _peer_one_record() -> float:
    from dp_accounting.pld import privacy_loss_distribution as pld

    single = pld.from_gaussian_mechanism(1.0, sampling_prob=0.01)
    return float(single.self_compose(1000).get_delta_for_epsilon(0.0))


def _peer_two_records() -> float:
    from dp_accounting.pld import privacy_loss_distribution as pld

    q = 0.01
    weights = [(1 - q) ** 2, 2 * q * (1 - q), q * q]
    single = pld.from_mixture_gaussian_mechanism(1.0, [0, 1, 2], weights)
    return float(single.self_compose(1000).get_delta_for_epsilon(0.0))


def _peer_two_sided() -> tuple[float, float, float]:
    from prv_accountant import PoissonSubsampledGaussianMechanism, PRVAccountant

    accountant = PRVAccountant(
        prvs=PoissonSubsampledGaussianMechanism(noise_multiplier=1.0, sampling_probability=0.01),
        max_self_compositions=1000,
        eps_error=0.01,
        delta_error=1e-6,
    )
    low, middle, high = accountant.compute_delta(0.0, num_self_compositions=1000)
    return float(low), float(middle), float(high)


def _peer_calibration() -> float:
    from riskcal.calibration import find_noise_multiplier_for_advantage_dpsgd

    return float(
        find_noise_multiplier_for_advantage_dpsgd(
            advantage=0.1,
            sample_rate=0.01,
            num_steps=1000,
            advantage_tol=1e-3,
        )
    )


def one_record(repeat: int) -> float:
    """dp_accounting's upper estimate over our two sides at width 1e-9."""
    return ratio(_peer_one_record, partial(_ours, 1), repeat=repeat)


def two_records(repeat: int) -> float:
    """dp_accounting's mixture of Gaussians over ours."""
    return ratio(_peer_two_records, partial(_ours, 2), repeat=repeat)


def two_sided(repeat: int) -> float:
    """prv_accountant's lower and upper estimates over ours."""
    return ratio(_peer_two_sided, partial(_ours, 1), repeat=repeat)


def calibration(repeat: int) -> float:
    """riskcal's noise for advantage .1 at tolerance 1e-3 over ours at 1e-6, one record added."""
    given = {"sampling_probability": "0.01", "steps": 1000, "n": 1, "group": 1}
    ours = partial(mipriv.noise, loss="0.1", adjacency="add-remove", **given)  # type: ignore[arg-type]
    return ratio(_peer_calibration, ours, repeat=repeat)


def unfinished(group: int, sigma: int, repeat: int) -> float:
    """A lower bound on the ratio: the limit at which dp_accounting was stopped, over our time.

    If it finishes within the limit its time is taken; if it gives up for lack of memory, the limit.
    """
    best = inf
    for _ in range(max(repeat, 2)):
        start = time.perf_counter()
        _ours(group, sigma)
        best = min(best, time.perf_counter() - start)
    start = time.perf_counter()
    with environment() as env:
        done = finished([sys.executable, "-c", _PEER_GROUP, str(group), str(sigma)], env, LIMIT)
    return (time.perf_counter() - start if done else LIMIT) / best


def cost_in_steps(repeat: int) -> float:
    """10^6 steps over 10^3, the noise growing with the root so that the loss stays the same."""
    few = partial(
        mipriv.sgd, noise_multiplier=1, sampling_probability="0.01", steps=1000, n=100, group=1
    )
    many = partial(
        mipriv.sgd, noise_multiplier=20, sampling_probability="0.01", steps=10**6, n=100, group=1
    )
    return ratio(many, few, repeat=repeat)


def memory(repeat: int) -> float:  # noqa: ARG001  # one process tells its own peak
    """Peak resident memory of the largest reference case, n = 10^6 and 10^5 steps, in MB."""
    return peak_memory(_MEMORY)


BENCHMARKS = listed(
    (
        "sgd-one-record",
        ">= 20",
        3,
        one_record,
        "dp-accounting: one added record, one side, 5e-6 above",
        _BOTH_SIDES,
    ),
    (
        "sgd-two-records",
        ">= 500",
        1,
        two_records,
        "dp-accounting: two added records, one side, 4e-7 above",
        _BOTH_SIDES,
    ),
    (
        "sgd-ten-records",
        ">= 200",
        3,
        partial(unfinished, 10, 1),
        "dp-accounting: ten added records, 60 s if unfinished",
        _BOTH_SIDES,
    ),
    (
        "sgd-hundred-records",
        ">= 200",
        3,
        partial(unfinished, 100, 10),
        "dp-accounting: 100 added records, 60 s if unfinished",
        _BOTH_SIDES,
    ),
    (
        "sgd-million-records",
        ">= 20",
        3,
        partial(unfinished, 10**6, 10**6),
        "dp-accounting: 10^6 added records, its tails pruned by hand, noise 10^6",
        _BOTH_SIDES,
    ),
    (
        "sgd-two-sided",
        ">= 3",
        3,
        two_sided,
        "prv-accountant: one added record, both sides, 8e-3 apart",
        _BOTH_SIDES,
    ),
    (
        "sgd-calibration",
        ">= 20",
        1,
        calibration,
        "riskcal: noise for advantage .1, tolerance 1e-3",
        "`mipriv.noise`: certified, 1e-6",
    ),
    (
        "sgd-steps",
        "<= 2",
        10,
        cost_in_steps,
        "`mipriv.sgd` at 10^6 steps",
        "`mipriv.sgd` at 10^3 steps, same loss",
    ),
    (
        "sgd-memory",
        "<= 300",
        1,
        memory,
        "peak memory in MB, all of 10^6 records, 10^5 steps",
        "one MB",
    ),
)
