"""Enclosures of 1 - loss that cost next to nothing, whatever the group, the steps and the noise.

With s = 1/sigma, P^T = prod of sum_i w_i N(i s, 1) and Q^T = prod of sum_j v_j N(-j s, 1), w and v
binomial, a step's releases being x:

* loss from below, by a test: "some step has x > c".  With a <= P(x > c) and b >= Q(x > c) the loss
  is at least prod (1-b)^T - prod (1-a)^T.
* loss from above, nothing sampled: both sides hold the product of the atoms at 0, so that
  int min(P^T, Q^T) >= prod min(w_0, v_0)^T.
* loss from above, the atoms revealed: by joint convexity the loss is at most the mean over
  independent atoms of the loss of two normals at distance s sqrt(sum (i+j)^2), which is concave in
  the square: at most erf(s sqrt(E sum (i+j)^2)/sqrt 8) (Jensen).
* loss from above, step by step: couplings of the steps multiply,
  int min(P^T, Q^T) >= prod (int min(P, Q))^T.
* both, by the affinity rho = int sqrt(P^T Q^T), a product: 1 - rho <= loss <= sqrt(1 - rho^2)
  (Le Cam).

Where a sampled record is sure to be seen and T q is small, all of them meet at T q.
"""

from __future__ import annotations

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.closed import one_step_shared
from mipriv.accounting.sgd.pairs import Pair
from mipriv.accounting.sgd.steps import PoissonSteps

_PLACES = tuple(fmpq(i, 8) for i in range(-2, 13))  # of thresholds tried
_LARGEST = fmpq(10) ** 6  # above it a normal's tail is 0 for all that matters, and exp slow
_BITS = 128
_MOST_BITS = 1 << 14


def bracket(runs: tuple[PoissonSteps, ...], inserted: int, deleted: int) -> arb:
    """Enclosure of int min(P, Q) = 1 - loss of the composition, from each run's parameters alone.

    Args:
        runs: with sampling probability in (0, 1].
        inserted: records on P's side only.
        deleted: records on Q's side only.

    Returns:
        A ball within [0, 1], often a wide one.
    """
    if not runs or not inserted + deleted:
        return arb(1)
    with ctx.workprec(_bits(runs, inserted + deleted)):
        most = 1 - _seen(runs, inserted).max(_seen(runs, deleted))
        least = _unsampled(runs, max(inserted, deleted)).max(_revealed(runs, inserted, deleted))
        least = least.lower().max(arb(0))
        return least.union(most.upper().min(arb(1)).max(least))


def stepwise(steps: list[tuple[Pair, int]]) -> arb:
    """Lower bound on int min(P, Q) of a composition: the product of every step's own."""
    log = arb(0)
    for pair, count in steps:
        log += count * one_step_shared(pair, arb(0)).log()
    return log.exp().lower() if log.is_finite() else arb(0)


def by_affinity(log: arb) -> arb:
    """Enclosure of int min(P, Q) from (an enclosure of) the log of the affinity."""
    upper = log.exp().upper().min(arb(1))
    root = (-(2 * log.lower()).expm1()).max(arb(0)).sqrt()
    lower = (1 - root).lower().max((2 * log).exp().lower() / 2)  # the same, but for small rho
    return lower.max(arb(0)).union(upper)


def _bits(runs: tuple[PoissonSteps, ...], changed: int) -> int:
    """Enough for every power, every 1 - q and 1 - loss to keep some thirty digits."""
    powers = max(run.steps.bit_length() for run in runs) + changed.bit_length()
    rates = max(int(run.sampling_probability.q).bit_length() for run in runs)
    noise = max(int(run.noise_multiplier.p).bit_length() for run in runs)
    return _BITS + powers + min(rates + noise, _MOST_BITS)


def _unsampled(runs: tuple[PoissonSteps, ...], k: int) -> arb:
    """Chance that none of k records is ever sampled."""
    log = arb(0)
    for run in runs:
        if run.sampling_probability == 1:
            return arb(0)
        log += run.steps * k * (-arb(run.sampling_probability)).log1p()
    return log.exp()


def _revealed(runs: tuple[PoissonSteps, ...], inserted: int, deleted: int) -> arb:
    square = arb(0)
    for run in runs:
        q = arb(run.sampling_probability)
        mean = (inserted + deleted) * q
        step = mean * mean + mean * (1 - q)
        square += run.steps * step / arb(run.noise_multiplier) ** 2
    return (square / 8).sqrt().erfc()


def _seen(runs: tuple[PoissonSteps, ...], k: int) -> arb:
    """Lower bound on the loss from the test of one side's k records, at the best threshold."""
    best = arb(0)
    if k:
        for place in _PLACES:
            best = best.max(_test(runs, k, place))
    return best.lower().max(arb(0))


def _test(runs: tuple[PoissonSteps, ...], k: int, place: fmpq) -> arb:
    """prod (1-b)^T - prod (1-a)^T with thresholds some way from s/2 to where P and Q are even."""
    short = missed = arb(0)  # logs of the two products
    for run in runs:
        s = 1 / run.noise_multiplier
        q = arb(run.sampling_probability)
        absent = (k * (-q).log1p()).exp() if run.sampling_probability < 1 else arb(0)
        rare = -(k * q).min(arb(1)).log()
        c = (arb(s) / 2 + place * rare / arb(s)).mid()
        if not c < _LARGEST:
            c = arb(_LARGEST)
        false = _tail(c)
        found = (1 - absent) * _tail(c - s) + absent * false
        short += run.steps * (-false).log1p()
        missed += run.steps * (-found).log1p()
    gap = missed - short
    value = short.exp() * -gap.expm1()
    return value if value.is_finite() else arb(0)


def _tail(x: arb) -> arb:
    """Pr[N(0, 1) > x]; for x below -10^6, which costs too much, at least 1 - 2^-1000."""
    if x < -_LARGEST:
        return (1 - arb(2) ** -1000).union(arb(1))
    return (x / arb(2).sqrt()).erfc() / 2
