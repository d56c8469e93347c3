"""The trade-off curve of an account, and that of normals whose distance is random.

At a false positive rate A the least false negative rate is the largest of h(g) = G(g) - g A over
g = e^epsilon >= 0, where G(g) = int min(P, g Q) is concave, rises, and lies below 1 and below g
(Neyman and Pearson).  So any g gives a lower bound.  Above: between neighbouring values G lies
below both neighbouring chords extended, and a weighted mean of these two lines, with the weights
that make its slope A, bounds h there.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from statistics import NormalDist

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd import closed
from mipriv.accounting.sgd.account import Account
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.fourier import Transform
from mipriv.accounting.sgd.line import dyadic
from mipriv.accounting.sgd.pairs import pair
from mipriv.contexts.arb import ARB
from mipriv.errors import PrecisionError
from mipriv.formulas.curves import gaussian_missed

_BITS = 256
_MOST_BITS = 1 << 13
_SEARCH_BITS = 1 << 11  # without a closed form: a smaller rate than 10^-600 is only bounded
_LARGEST_REACH = 1000  # nats, of a transform
_FARTHEST = 10**6  # nats, of a closed form
_VALUES = 100  # of G, from one transform
_EXPONENTIAL = 16  # multiplications, about
_STAGES = 6  # transforms, each for a smaller error
_COARSEST = 0.01  # relative error of a transform that is still of use
_COARSER = 7.0  # more nats of error where one is too expensive
_SHARPER = 1e-8  # that the next transform's error may be of the bracket
_DIGITS = 1e-4  # wanted of the smaller of the two rates
_NOISE = 8  # a bracket of this many times the balls at its ends narrows no more
_UNSEEN = fmpq(1, 2**64)  # of a false negative rate below it no digits are wanted


def missed(account: Account, fpr: fmpq) -> arb:
    """Enclosure of the least false negative rate (under P) at a false positive rate (under Q).

    About as narrow as the account's width, and to four digits of the smaller of this and 1 minus
    it.  Where the series would cost too much it is wider, yet never wider than what the loss says.
    It assumes of the machine what the account's `value` does.  To subtract it from 1, work at
    `precision(fpr)` bits.

    Args:
        account: P against Q as it orders them; the other order is another account.
        fpr: in [0, 1].

    Raises:
        TooExpensive: not even the loss can be enclosed within the budget.
        PrecisionError: nor the best threshold of a single step.

    Source: Neyman and Pearson (1933); trade-off functions, Dong, Roth and Su (2022).
    """
    if fpr == 1:
        return arb(0)
    if fpr == 0:  # all that is never seen under Q; both are positive everywhere
        return arb(1)
    with ctx.workprec(precision(fpr)):
        distance = account.gaussian_distance()
        if distance is not None:
            return gaussian_missed(ARB, distance, 1, fpr) if distance > 0 else 1 - arb(fpr)
    return _Search(account, fpr).run()


def caught(account: Account, fpr: fmpq) -> arb:
    """Enclosure of the largest true positive rate at a false positive rate, 1 - missed.

    Args:
        account: P against Q as it orders them; the other order is another account.
        fpr: in [0, 1].

    Raises:
        TooExpensive: not even the loss can be enclosed within the budget.
        PrecisionError: nor the best threshold of a single step.
    """
    with ctx.workprec(precision(fpr)):
        return (1 - missed(account, fpr)).max(arb(fpr)).min(arb(1))


def precision(fpr: fmpq) -> int:
    """Bits that leave some hundred for the rate, 1 minus it, and their like; at most 8192."""
    small = min(fpr, 1 - fpr)
    if small == 0:
        return _BITS
    size = max(int(small.q).bit_length() - int(small.p).bit_length(), 0)
    return min(_BITS + 2 * size, _MOST_BITS)


@dataclass(frozen=True)
class _Bracket:
    """Bounds on the largest h, and the stretch on which the upper one is taken.

    Attributes:
        lower: bound.
        upper: bound.
        place: known values below the stretch.
        corner: g at which its two lines meet.
    """

    lower: arb
    upper: arb
    place: int
    corner: arb

    @property
    def gap(self) -> arb:
        """Width."""
        return (self.upper - self.lower).upper()

    @property
    def scale(self) -> arb:
        """The smaller of the rate and 1 minus it, as far as known; not below `_UNSEEN` for the rate."""
        return self.lower.max(arb(_UNSEEN)).min(1 - self.upper).lower()


class _Search:
    """Values of G at chosen epsilons, and the bracket they give for the largest h."""

    def __init__(self, account: Account, fpr: fmpq) -> None:
        self.account, self.fpr = account, fpr
        self.bits = min(precision(fpr), _SEARCH_BITS)
        self.transform: tuple[Transform, int] | None = None
        self.reach, self.unit = fmpq(0), fmpq(1)
        self.log_error, self.spent = 0.0, 0
        self.values: dict[fmpq, arb] = {fmpq(0): account.value.value}
        with ctx.workprec(self.bits):
            self.best = self.last = self._bracket()

    def run(self) -> arb:
        """The enclosure."""
        with contextlib.suppress(TooExpensive, PrecisionError):
            for attempt in range(_STAGES):
                with ctx.workprec(self.bits):
                    if self._good():
                        break
                    known = self._open() if attempt == 0 else self._sharpen()
                with ctx.workprec(self.bits):
                    for epsilon in known:
                        self._add(epsilon)
                    self._narrow()
        with ctx.workprec(self.bits):
            return self.best.lower.union(self.best.upper)

    def _good(self) -> bool:
        gap = self.best.gap
        if self.best.upper < _UNSEEN:
            return True
        return bool(gap <= self.account.width and gap <= _DIGITS * self.best.scale)

    def _open(self) -> list[fmpq]:
        """A transform, or none for a closed form, and where to begin: as if P, Q were normals.

        Raises:
            TooExpensive: there is none.
        """
        hidden = self.account.value.value
        share = min(max(float(hidden), 1e-280), 1 - 1e-15)
        distance = -2 * NormalDist().inv_cdf(share / 2)
        start = -distance * _quantile(self.fpr) - distance * distance / 2
        self.unit = dyadic(min(distance, 1.0))
        middle = dyadic(start)
        if self.account.closed_form:
            self._step(self.bits)
        else:
            size = float(hidden.upper().log())
            reach = min(abs(middle) * 5 / 4 + 2 * self.unit, fmpq(_LARGEST_REACH))
            finest, coarsest = (size + math.log(x) for x in (self.account.width / 16, _COARSEST))
            try:
                self._series(reach, finest, coarsest)
            except TooExpensive:
                self._series(reach / 4, coarsest, coarsest)
        places = (middle - self.unit, middle, middle + self.unit)
        return [epsilon for epsilon in places if abs(epsilon) <= self.reach]

    def _sharpen(self) -> list[fmpq]:
        """Higher precision, or a transform for a smaller error; and the values to know better.

        Raises:
            TooExpensive: there is none.
        """
        if self.transform is None:
            if 2 * self.bits > _SEARCH_BITS:
                raise TooExpensive
            self._step(2 * self.bits)
            return list(self.values)
        # by steps: how small the rates are is known no better than the bracket is wide
        error = (self.best.scale * self.account.width / 64).max(self.best.gap * _SHARPER)
        around = sorted(self.values)[max(self.last.place - 2, 0) : self.last.place + 2]
        reach = max(abs(epsilon) for epsilon in around) + self.unit
        self._series(reach, float(error.log()), self.log_error - 1)
        return [epsilon for epsilon in self.values if abs(epsilon) <= self.reach]

    def _series(self, reach: fmpq, finest: float, coarsest: float) -> None:
        """A transform for the smallest error of G that is affordable, where |epsilon| <= reach.

        Raises:
            TooExpensive: there is none for an error of e^coarsest.
        """
        log_error = finest
        while self.spent <= self.account.budget / 8:
            with contextlib.suppress(TooExpensive):
                self.transform = self.account.transform(log_error - float(reach) / 2, float(reach))
                series, bits = self.transform
                self.reach, self.log_error = reach, log_error
                self.bits = max(self.bits, bits + 64)
                nodes = sum(len(run.line.nodes) for run in series.runs)
                self.spent += len(series.powers) * nodes
                return
            if log_error >= coarsest:
                break
            log_error = min(log_error + _COARSER, coarsest)
        raise TooExpensive

    def _step(self, bits: int) -> None:
        """The pair of the only step, where normals are ruled out."""
        account, self.bits, self.reach = self.account, bits, fmpq(_FARTHEST)
        (one,) = (run for run in account.runs if run.steps and run.sampling_probability)
        with ctx.workprec(bits):
            self._pair = pair(
                one.sampling_probability,
                one.noise_multiplier,
                account.inserted,
                account.deleted,
                bits,
            )

    def _add(self, epsilon: fmpq) -> None:
        """The value at an epsilon, and the bracket with it; the ends never move apart."""
        if self.transform is None:
            value = closed.one_step_shared(self._pair, arb(epsilon))
        else:
            value = self.account.at(arb(epsilon), self.transform)
            self.spent += _EXPONENTIAL * len(self.transform[0].powers)
        known = self.values.get(epsilon)
        self.values[epsilon] = value if known is None else value.intersection(known)
        self.last = self._bracket()
        lower, upper = (
            self.best.lower.max(self.last.lower),
            self.best.upper.min(self.last.upper),
        )
        self.best = _Bracket(lower.lower(), upper.upper(), self.last.place, self.last.corner)

    def _narrow(self) -> None:
        """Add values where the bound is largest, as long as that can narrow the bracket.

        Raises:
            TooExpensive: that would be beyond what a transform reaches.
        """
        step = 2 * self.unit
        for _ in range(_VALUES):
            narrow = self.best.gap <= self.account.width * self.best.scale
            if narrow or self.spent > self.account.budget:
                return
            known, place = sorted(self.values), self.last.place
            if 0 < place < len(known):
                left, right = known[place - 1], known[place]
                noise = 2 * (self.values[left].rad() + self.values[right].rad())
                if self.last.gap <= _NOISE * noise:
                    return
                self._add(_between(left, right, self.last.corner))
            else:
                self._add(self._beyond(known[-1] if place else known[0], step, 1 if place else -1))
                step *= 2

    def _beyond(self, last: fmpq, step: fmpq, side: int) -> fmpq:
        """An epsilon further out, within reach of a transform; a new one is made if need be."""
        room = self.reach - side * last
        if room < self.unit / 2:
            if 2 * self.reach > _LARGEST_REACH:
                raise TooExpensive
            self._series(2 * self.reach, self.log_error, self.log_error)
            room = step
        return last + side * min(step, room)

    def _bracket(self) -> _Bracket:
        """What concavity makes of the values.

        Point 0 is G(0) = 0, where the slope is at most 1; beyond the last one G <= 1.
        """
        rate = arb(self.fpr)
        known = sorted(self.values)
        x = [arb(0), *(arb(epsilon).exp() for epsilon in known)]
        low, high = (
            [arb(0), *(end(self.values[epsilon]) for epsilon in known)]
            for end in (arb.lower, arb.upper)
        )
        last = len(known)
        lower = rate * 0
        worst = _Bracket(lower, arb(-1), 0, arb(1))
        for i in range(last + 1):
            lower = lower.max(low[i] - x[i] * rate)
            # above point i no steeper than the chord before it, below point i + 1 no flatter than
            # the one behind it; not flatter or steeper than the rate, which moves neither peak
            steep = _slope(high[i] - low[i - 1], x[i] - x[i - 1]) if i else arb(1)
            steep = steep.min(arb(1)).max(rate).upper()
            flat = arb(0)
            if i + 1 < last:
                flat = -_slope(high[i + 1] - low[i + 2], x[i + 2] - x[i + 1])
            flat = flat.max(arb(0)).min(rate).lower()
            left = high[i] - steep * x[i]
            right = high[i + 1] - flat * x[i + 1] if i < last else arb(1)
            upper, corner = left.upper(), arb(0)
            if steep > flat:  # else both are the rate
                share = (rate - flat) / (steep - flat)
                upper = (share * left + (1 - share) * right).upper()
                corner = (right - left) / (steep - flat)
            if upper > worst.upper:
                worst = _Bracket(lower, upper, i, corner)
        upper = worst.upper.min(1 - rate)
        return _Bracket(lower.lower().max(arb(0)), upper.upper(), worst.place, worst.corner)


def _slope(rise: arb, run: arb) -> arb:
    """Upper bound on rise / run; 1 where the run is lost in rounding: no slope of G is larger."""
    return (rise / run).upper() if run > 0 else arb(1)


def _between(left: fmpq, right: fmpq, corner: arb) -> fmpq:
    """An epsilon to add between two others: near the corner's, but not close to an end."""
    share = fmpq(1, 2)
    gap = right - left
    if gap <= 1 and corner > 0 and corner.is_finite():
        place = float(((corner.log() - left) / gap).mid())
        share = fmpq(round(32 * min(max(place, 0.25), 0.75)), 32)
    return left + share * gap


def _quantile(rate: fmpq) -> float:
    """Quantile of the unit normal, near enough to begin a search; finite."""
    small = min(rate, 1 - rate)
    value = NormalDist().inv_cdf(max(float(small), 1e-300)) if small > 0 else -37.0
    return value if rate <= fmpq(1, 2) else -value
