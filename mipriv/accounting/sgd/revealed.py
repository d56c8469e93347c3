"""The revealed-schedule bound: what is left of the loss when the attacker is shown the schedule.

It holds for every sampler that does not look at the data and costs nothing; under Poisson
sampling it gives away what amplification would save.  Exact where every batch is sure to hold the
same number of changed records.  Source: proofs/derivations/sgd_revealed_schedule.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, fmpq

from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps, Sampling, Steps
from mipriv.contexts.arb import ARB
from mipriv.formulas.curves import gaussian_complement
from mipriv.formulas.schedule import batch_square, binomial_square, revealed


def square_sum(runs: Sequence[Steps], *, n: int, group: int, tau: fmpq | None) -> fmpq:
    """Sum over steps of E[A^2]/sigma^2, A the changed records in the step's batch.

    For `any` order, the largest value over the orders: the same records may fill every batch.

    Args:
        runs: all steps.
        n: records.
        group: records changed; not used with tau.
        tau: each record is changed with this probability, on its own.
    """
    total = fmpq(0)
    for run in runs:
        if isinstance(run, PoissonSteps):
            rate = run.sampling_probability
            square = (
                binomial_square(fmpq(group), rate)
                if tau is None
                else binomial_square(fmpq(n), rate * tau)
            )
        elif tau is not None:
            square = binomial_square(fmpq(run.batch_size), tau)
        elif run.sampling is Sampling.ANY:
            square = fmpq(min(group, run.batch_size) ** 2)
        else:
            square = _random_batch(group, n, run.batch_size)
        total += run.steps * square / run.noise_multiplier**2
    return total


def _random_batch(group: int, n: int, batch: int) -> fmpq:
    if n == 1 or group == n:
        return fmpq(min(group, batch) ** 2)
    square: fmpq = batch_square(fmpq(group), fmpq(n), fmpq(batch))
    return square


def sure(runs: Sequence[Steps], *, n: int, group: int, tau: fmpq | None) -> bool:
    """Whether some schedule of the sampler makes A the same number in every run of it.

    Then the schedule tells nothing and the bound is attained, by gradients at distance D.
    """
    if tau is not None and tau != 1:
        return False
    changed = n if tau == 1 else group
    return all(_sure(run, n, changed) for run in runs)


def _sure(run: Steps, n: int, changed: int) -> bool:
    if isinstance(run, BatchSteps):
        return run.sampling is Sampling.ANY or changed in (0, n) or run.batch_size == n
    return run.sampling_probability in (0, 1) or changed == 0


def shared(squares: fmpq, distance: fmpq) -> arb:
    """Lower bound on 1 - loss (its exact value where `sure`): erfc(D sqrt(S)/sqrt 8)."""
    value: arb = gaussian_complement(ARB, distance * arb(squares).sqrt(), 1)
    return value


def loss(squares: fmpq, distance: fmpq) -> arb:
    """Upper bound on the loss, to its own relative accuracy."""
    value: arb = revealed(ARB, distance, arb(squares), fmpq(1))
    return value
