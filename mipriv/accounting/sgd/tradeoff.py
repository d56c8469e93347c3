"""The trade-off curve of an account: least false negative rate at a false positive rate.

At rate A it is the largest of h(g) = G(g) - g A over g = e^epsilon >= 0, where
G(g) = int min(P, g Q) is concave.  Any g gives a lower bound; above, h stays below its chords
extended, so four values around the best g enclose the largest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.account import Account
from mipriv.accounting.sgd.fourier import Transform
from mipriv.contexts.arb import ARB
from mipriv.errors import PrecisionError
from mipriv.formulas.curves import gaussian_missed

_SPACING = 2.0**-16  # of the four values, relative to g: the width falls with its square
_LARGEST_REACH = 200.0
_DELTA_BITS = 4096  # of a closed form of delta, where 1 - it cancels
_SMALLEST_LOG = -2300.0


def missed(account: Account, fpr: fmpq) -> arb:
    """Enclosure of the least false negative rate at a false positive rate in [0, 1].

    Raises:
        TooExpensive: the budget does not suffice.
        PrecisionError: the best likelihood ratio lies too far out.
    """
    if fpr == 1:
        return arb(0)
    if fpr == 0:  # all that is never seen under Q; both are positive everywhere
        return arb(1)
    distance = account.gaussian_distance()
    if distance is not None:
        return gaussian_missed(ARB, distance, 1, fpr) if distance > 0 else 1 - arb(fpr)
    hidden = account.value.value
    if hidden.upper() < fmpq(1, 2**200):
        # the best test of both errors together errs less than this in each of them
        if hidden.upper() <= fpr:
            return hidden.upper().union(arb(0))
        raise PrecisionError(f"fpr={fpr}: below what the two sides share")
    reach = _reach(hidden, float(fpr))
    while reach <= _LARGEST_REACH:
        transform = account.for_curve(reach)

        def height(g: arb, transform: tuple[Transform, int] | None = transform) -> arb:
            return account.at(g.log(), transform) - g * fpr

        best = _peak(height, reach)
        if abs(best) < reach - 0.5:
            return _enclose(height, math.exp(best))
        reach *= 2
    raise PrecisionError(f"fpr={fpr}: the best likelihood ratio lies beyond e^{_LARGEST_REACH}")


def _reach(hidden: arb, fpr: float) -> float:
    """A log likelihood ratio beyond the best one, for two normals that share as much."""
    share = min(max(float(hidden), 1e-280), 1 - 1e-12)
    mu = -2 * NormalDist().inv_cdf(share / 2)
    normal = NormalDist().inv_cdf(min(max(1 - fpr, 1e-300), 1 - 1e-16))
    return 1.5 * abs(mu * normal - mu * mu / 2) + 2.0


def _peak(height: Callable[[arb], arb], reach: float) -> float:
    """log g near the largest value, by golden section: a choice, not a bound."""
    ratio = (math.sqrt(5) - 1) / 2
    low, high = -reach, reach
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    fa, fb = (height(arb(x).exp()).mid() for x in (a, b))
    while high - low > 2e-6:
        if fa >= fb:
            high, b, fb = b, a, fa
            a = high - ratio * (high - low)
            fa = height(arb(a).exp()).mid()
        else:
            low, a, fa = a, b, fb
            b = low + ratio * (high - low)
            fb = height(arb(b).exp()).mid()
    return (low + high) / 2


def _enclose(height: Callable[[arb], arb], g: float) -> arb:
    """The largest value from four around it, by concavity."""
    for widen in range(12):
        d = fmpq(int(2**40 * _SPACING * 2**widen), 2**40)
        centre = fmpq(*g.as_integer_ratio())
        points = [centre * (1 + d * m) for m in (-3, -1, 1, 3)]
        values = [height(arb(x)) for x in points]
        a, b, c, e = values
        if not (a.lower() < b.upper() and c.upper() > e.lower()):
            continue
        # h rises up to the first point and falls from the last one on, if the chords say so
        rising, falling = b > a, c > e
        if rising and falling:
            step = points[1] - points[0]
            left, middle, right = (b - a) / step, (c - b) / step, (e - c) / step
            upper = b.max(c)
            upper = upper.max(b - step * middle)  # on the first stretch, by the middle chord
            upper = upper.max(c + step * middle)  # on the last stretch
            upper = upper.max((b + step * left).min(c - step * right))
            lower = b.max(c)
            return lower.union(upper).max(arb(0)).min(arb(1))
    raise PrecisionError("the trade-off curve is too flat to be enclosed there")


def hockey_stick(account: Account, epsilon: fmpq, *, digits: int = 8) -> arb:
    """Enclosure of delta(epsilon) = int (P - e^epsilon Q)+, to a relative width of 10^-digits.

    For P against Q as the account orders them; a replacement is symmetric, for adding and removing
    the other order is another account.

    Raises:
        TooExpensive: the budget does not suffice.
        PrecisionError: smaller than about 10^-1000.
    """
    width = 10.0**-digits
    with ctx.workprec(_DELTA_BITS):
        shift = arb(epsilon)
        if account.closed_form:
            return 1 - account.at(shift, None)
    log_goal = math.log(width) - 1
    while log_goal > _SMALLEST_LOG:
        transform, bits = account.transform(
            log_goal - float(epsilon) / 2, reach=abs(float(epsilon)) + 1
        )
        with ctx.workprec(bits + 64):
            delta = 1 - transform.shared(shift)
            if 2 * delta.rad() <= width * delta.lower():
                return delta
            # the error is known to be about e^log_goal; aim at the width of what was found
            size = float(delta.upper().log())
        log_goal = min(size + math.log(width) - 3, log_goal - 8)
    raise PrecisionError(f"delta at epsilon={epsilon} is below e^{_SMALLEST_LOG}")
