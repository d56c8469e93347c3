"""The least epsilon that a claim gives at a delta, rounded up."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.delta import hockey_stick
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.training import Training
from mipriv.errors import PrecisionError, UnsupportedGuarantee, require
from mipriv.game import Adjacency
from mipriv.learn.noise import root_above
from mipriv.rigor.decimals import unit

_BITS = 128
_CLOSE = fmpq(1, 1000)  # relative width of the bracket
_FIRST = fmpq(1, 64)  # tried
_LEAST = fmpq(1, 1 << 40)  # an epsilon below it is given as it
_MOST = fmpq(1 << 14)
_WIDTH = 1e-6  # asked of an account; delta has digits of its own
_DIGITS = 3
_BUDGET = 1e6  # multiplications of one delta: a fraction of a second


def checked_delta(delta: object) -> fmpq:
    """A delta of (0, 1), exactly."""
    value = unit(delta, "delta")
    require(0 < value < 1, must="lie strictly between 0 and 1", delta=delta)
    return value


def gaussian_delta(mu: fmpq, epsilon: fmpq) -> arb:
    """Least delta of mu-GDP at an epsilon: Phi(mu/2 - epsilon/mu) - e^epsilon Phi(-mu/2 - epsilon/mu).

    Args:
        mu: > 0.
        epsilon: nats, >= 0.

    Source: Balle, Wang 2018, theorem 8; Dong, Roth, Su 2022.
    """

    def phi(x: arb) -> arb:
        return (-x / arb(2).sqrt()).erfc() / 2

    here, shift = arb(mu) / 2, arb(epsilon) / mu
    return phi(here - shift) - arb(epsilon).exp() * phi(-here - shift)


def gaussian_mu(*, epsilon: fmpq, delta: fmpq) -> fmpq:
    """A mu, within 0.1 % of the largest, whose mu-GDP surely gives (epsilon, delta)-DP.

    Args:
        epsilon: nats, > 0.
        delta: in (0, 1).
    """

    def fits(mu: fmpq) -> bool:
        with ctx.workprec(_bits(epsilon)):
            return bool(gaussian_delta(mu, epsilon).upper() <= delta)

    low = fmpq(1)
    while not fits(low):
        low /= 2
    high = 2 * low
    while fits(high):
        low, high = high, 2 * high
    while high - low > low * _CLOSE:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def training_epsilon(training: Training, *, delta: fmpq) -> float:
    """An epsilon at which DP-SGD is surely (epsilon, delta)-DP for one replaced record.

    Args:
        training: Poisson sampling, or all records in each batch; records are replaced.
        delta: in (0, 1).

    Returns:
        Within 0.1 % of the least where the account can tell it; else that of as many steps on all
        records, which is no lower: given the schedule, which does not depend on the records, a step
        is at most that.  inf if that of all records is above 16,384.

    Raises:
        UnsupportedGuarantee: batches of a fixed size below n, or records added and removed.
    """
    runs = training.poisson
    if runs is None or training.adjacency is not Adjacency.REPLACE_ONE:
        raise UnsupportedGuarantee("epsilon is known of replaced records, Poisson or full batches")
    squares = sum((run.steps / run.noise_multiplier**2 for run in runs), fmpq(0))
    if squares == 0:
        return 0.0
    mu = 2 * root_above(squares)

    def without_sampling(epsilon: fmpq) -> bool:
        with ctx.workprec(_bits(epsilon)):
            return bool(gaussian_delta(mu, epsilon).upper() <= delta)

    ceiling = least_epsilon(without_sampling)
    if ceiling == math.inf or all(run.sampling_probability == 1 for run in runs):
        return ceiling
    account = replace(training.account(1, _WIDTH), budget=_BUDGET, floats=False)

    def fits(epsilon: fmpq) -> bool | None:
        try:
            found = hockey_stick(account, epsilon, digits=_DIGITS)
        except (PrecisionError, TooExpensive):  # delta is far below or far above
            return None
        with ctx.workprec(_BITS):
            return bool(found.upper() <= delta)

    return min(ceiling, least_epsilon(fits))


def least_epsilon(fits: Callable[[fmpq], bool | None]) -> float:
    """The least epsilon that fits, rounded up.

    Args:
        fits: whether an epsilon surely does, once and for all above the least; None: cannot be told.

    Returns:
        Within 0.1 % of the least (0 or at least 2^-40); inf if none up to 16,384 is found.
    """
    if fits(fmpq(0)):
        return 0.0
    low, high, growth = fmpq(0), _FIRST, fmpq(2)
    while (found := fits(high)) is not True:
        if found is None:  # what is far above the least costs most: back, by a smaller step
            growth = 1 + (growth - 1) / 2
        else:
            low = high
        if low >= _MOST or growth - 1 < _CLOSE or high < _LEAST:
            return math.inf
        high = low * growth if low > 0 else high / 16
    while high - low > high * _CLOSE and high > _LEAST:
        middle = (low + high) / 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return upward(high)


def upward(value: fmpq) -> float:
    """The double nearest to a rational, or the next above where that is below."""
    near = float(value)
    return near if fmpq(*near.as_integer_ratio()) >= value else math.nextafter(near, math.inf)


def _bits(epsilon: fmpq) -> int:
    """Both terms of a delta are about e^epsilon times smaller than what cancels in them."""
    return _BITS + 2 * int(epsilon.ceil())
