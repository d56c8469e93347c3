"""The privacy profile of an account: delta at each epsilon."""

from __future__ import annotations

import math

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.account import Account
from mipriv.errors import PrecisionError
from mipriv.rigor.enclosure import bits_for, checked_digits

_BITS = 256
_CLOSED_BITS = 1 << 15
_SMALLEST_LOG = -2300.0


def hockey_stick(account: Account, epsilon: fmpq, *, digits: int = 8) -> arb:
    """Enclosure of delta(epsilon) = int (P - e^epsilon Q)+, to a relative width of 10^-digits.

    For P against Q as the account orders them; a replacement is symmetric, for adding and removing
    the other order is another account.

    Args:
        account: the composition.
        epsilon: nats, any sign.
        digits: significant decimal digits, 1 to 10,000.

    Raises:
        TooExpensive: the budget does not suffice.
        PrecisionError: not known to the digits: smaller than about 10^-1000, or of a closed form
            that 32768 bits do not tell from 0.
    """
    width = fmpq(1, 10 ** checked_digits(digits))
    if _never(account, epsilon):
        return arb(0)
    if account.closed_form:
        return _closed_delta(account, epsilon, width)
    log_width = -digits * math.log(10)
    log_goal = log_width - 1
    while log_goal > _SMALLEST_LOG:
        transform, bits = account.transform(
            log_goal - float(epsilon) / 2, reach=abs(float(epsilon)) + 1
        )
        with ctx.workprec(bits + 64):
            delta = 1 - transform.shared(arb(epsilon))
            if 2 * delta.rad() <= width * delta.lower():
                return delta
            # the error is known to be about e^log_goal; aim at the width of what was found
            size = float(delta.upper().log())
        log_goal = min(size + log_width - 3, log_goal - 8)
    raise PrecisionError(f"delta at epsilon={epsilon} is below e^{_SMALLEST_LOG}")


def _never(account: Account, epsilon: fmpq) -> bool:
    """Whether P <= e^epsilon Q everywhere: P is not sampled, Q is left unsampled often enough.

    Then Q = (1-q)^k P + the rest, in every step.
    """
    if account.inserted:
        return False
    with ctx.workprec(_BITS):
        largest = arb(0)
        for run in account.runs:
            if run.steps and run.sampling_probability == 1:
                return account.deleted == 0 and epsilon >= 0
            largest -= run.steps * account.deleted * (-arb(run.sampling_probability)).log1p()
        return bool(largest <= epsilon)


def _closed_delta(account: Account, epsilon: fmpq, width: fmpq) -> arb:
    bits = bits_for(_BITS // 4)
    while bits <= _CLOSED_BITS:
        with ctx.workprec(bits):
            delta = 1 - account.at(arb(epsilon), None)
            if 2 * delta.rad() <= width * delta.lower():
                return delta
        bits *= 2
    raise PrecisionError(f"delta at epsilon={epsilon}: not known to {width} at {bits // 2} bits")
