"""How far a sum of log likelihood ratios can stray: the wrap-around error of the Fourier series.

For measures P, Q with L = log p/q and r > 0, theta > 0,

    int over |L| > r of sqrt(p q)  <=  e^(-theta r) (rho(theta) + rho(-theta)),
    rho(theta) = int p^(1/2+theta) q^(1/2-theta),

and rho of a product is the product.  rho(1/2) <= 1.  Beyond, rho is summed by the trapezoidal rule
with a proved error; what lies beyond the last node is bounded by tangents of L.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.line import Line, dyadic, weight
from mipriv.accounting.sgd.pairs import Pair

_SLACK = 2.0  # log of what a quadrature error may grow by in exchange for a wider strip
_MAX_NODES = 20_000
_MAX_COST = 4e6  # multiplications of one moment: some tenths of a second
_TRIES = 4  # at a bound for what lies beyond the last node


@dataclass(frozen=True)
class Chernoff:
    """Order theta >= 1/2 of the moments."""

    theta: fmpq


@dataclass(frozen=True)
class Bennett:
    """Order of the moments of a sum whose terms are cut: heavy tails have no large moments.

    Attributes:
        theta: order, > 0.
        cuts: for each run, the x > 0 beyond which a step is counted as lost.
    """

    theta: fmpq
    cuts: tuple[fmpq, ...]


Order = Chernoff | Bennett


def affinity_beyond(runs: list[tuple[Line, int]], r: fmpq, order: Order, *, mirrored: bool) -> arb:
    """Upper bound on int over L > r of (psi - e^(-|L|/2)) sqrt(p q) for the composition.

    psi is the series' periodic function.  Where L exceeds r by d, the difference is at most
    min(1, d) <= kappa e^(theta d) with kappa = min(1, r/2) once theta r >= 1, else 1
    (proofs/derivations/sgd_fourier.py, step 3).

    Args:
        runs: one step's pair on its line and the number of steps, for each run.
        r: half the period, less the shift asked for; > 0.
        order: of the moments used.
        mirrored: bound L < -r instead.
    """
    theta = order.theta
    small = min(fmpq(1), r / 2) if theta * r >= 1 else fmpq(1)
    log = arb(small).log() - theta * r
    if isinstance(order, Chernoff):
        for line, steps in runs:
            log += steps * _moment_of(line, theta, steps, float(theta * r), mirrored).log()
        return log.exp().upper()
    lost, whole = arb(0), arb(0)
    for (line, steps), cut in zip(runs, order.cuts, strict=True):
        log += steps * cut_moment(line, theta, cut, mirrored=mirrored).log()
        lost += steps * affinity_above(line, cut, mirrored=mirrored) / line.affinity
        whole += steps * line.affinity.log()
    return (log.exp() + lost * whole.exp()).upper()


def _moment_of(line: Line, theta: fmpq, steps: int, useless: float, mirrored: bool) -> arb:
    """The moment of a line's pair; a finite one is kept, as choices are checked and then used."""
    key = (theta, steps, mirrored)
    found = line.moments.get(key)
    if found is None:
        pair = line.pair.swapped() if mirrored else line.pair
        found = moment(pair, theta, steps, useless=useless)
        if found.is_finite():
            line.moments[key] = found
    return found


def cut_moment(line: Line, theta: fmpq, cut: fmpq, *, mirrored: bool) -> arb:
    """Upper bound on int over x <= cut of sqrt(p q) e^(theta L), where L(cut) = c >= 0.

    e^t <= 1 + t + t^2 (e^c - 1 - c)/c^2 for t <= c (Bennett 1962); the cut takes only positive
    terms off the mean.
    """
    pair = line.pair.swapped() if mirrored else line.pair
    ratio, _ = likelihood_ratio(pair, cut)
    mean, square = line.ratio_moments
    top = theta * ratio
    if not top > 0:
        return arb("inf")
    curve = (top.expm1() - top) / (top * top)
    mean = -mean if mirrored else mean
    return (line.affinity + theta * mean + theta * theta * square * curve).upper()


def affinity_above(line: Line, cut: fmpq, *, mirrored: bool) -> arb:
    """Upper bound on int over x > cut of sqrt(p q), cut >= 0."""
    return tail(line.pair.swapped() if mirrored else line.pair, fmpq(1, 2), cut, fmpq(0))


def likelihood_ratio(pair: Pair, x: fmpq) -> tuple[arb, arb]:
    """L(x), and the mean atom of Q given x (as a distance from 0)."""
    log_a, _ = pair.up.log_factor(arb(x))
    log_b, down = pair.down.log_factor(arb(-x))
    return log_a - log_b, down


def tail(pair: Pair, alpha: fmpq, start: fmpq, step: fmpq) -> arb:
    """Bound on the sum of h p^alpha q^(1-alpha) over nodes beyond start >= 0; the integral for h = 0.

    There B <= 1; L'(x) is a mean atom of P, which rises with x, plus one of Q, which falls.  So on
    a stretch [a, b] L <= L(a) + (x - a) slope with P's mean taken at b and Q's at a.
    """
    total, a = arb(0), start
    for _ in range(200):
        ratio, down = likelihood_ratio(pair, a)
        steepest = alpha * (pair.up.spacing * pair.up.last + down)
        if a > steepest + 1:  # from here on the bound falls: its integral is above the sum
            log = alpha * ratio - steepest * a + steepest * steepest / 2
            far = ((a - steepest) / arb(2).sqrt()).erfc() / 2
            return (total + log.exp() * far).upper()
        b = a + max(fmpq(1, 4), a / 8)
        _, up = pair.up.log_factor(arb(b))
        slope = alpha * (up + down)
        top = slope.max(arb(a)).min(arb(b))
        log = alpha * ratio + slope * (top - a) - top * top / 2
        total += ((b - a) + step) * log.exp() / (2 * arb.pi()).sqrt()
        a = b
    return arb("inf")


def moment(pair: Pair, theta: fmpq, steps: int, *, useless: float = math.inf) -> arb:
    """Upper bound on rho(theta), theta >= 1/2, sharp enough for a power of `steps`.

    Infinite where it would take too many nodes, or once `steps` times its log exceeds `useless`.
    """
    if theta == fmpq(1, 2):
        return arb(1)
    return _Tilted(pair, theta, steps, useless).bound()


class _Tilted:
    """The integrand p^alpha q^(1 - alpha), alpha = theta + 1/2 > 1, on nodes m h."""

    def __init__(self, pair: Pair, theta: fmpq, steps: int, useless: float) -> None:
        self.pair = pair
        self.alpha = theta + fmpq(1, 2)
        self.most = arb(min(useless / max(steps, 1), 1e6)).exp()
        self.need = math.log(40.0 * max(steps, 1)) + 2
        spread, excess = float(pair.down.spread), float(self.alpha - 1)
        half = math.sqrt(2 * self.need)
        if spread:
            half = min(half, math.sqrt(8 * _SLACK / excess) / spread)
        if self.pair.spread:  # neither A nor B may vanish: alpha is not a whole number
            half = min(half, 0.9 * math.pi / float(self.pair.spread))
        self.half = dyadic(half)
        self.step = dyadic(2 * math.pi * half / (self.need + half * half / 2 + _SLACK + 2))

    def bound(self) -> arb:
        """Upper bound on the integral.

        Along the lines d above and below, |n| grows by e^(d^2/2), |A| does not grow, and |B| is at
        least B cos(r d/2); so the error is at most a share of the integral itself.
        """
        if self._cost() > _MAX_COST:
            return arb("inf")
        d = arb(self.half)
        turn = (self.pair.down.spread * d / 2).cos()
        growth = (d * d / 2).exp() * (-(self.alpha - 1) * turn.log()).exp()
        share = 2 * growth / ((2 * arb.pi() * d / self.step).exp() - 1)
        total = self._upward() + self._downward()
        rest = 1 - share
        return (total / rest).upper() if rest > 0 and total.is_finite() else arb("inf")

    def _cost(self) -> float:
        """Least number of multiplications, of some 128 bits, of the nodes."""
        nodes = (math.sqrt(2 * self.need) + math.sqrt(4 * self.need + 20)) / float(self.step)
        atoms = len(self.pair.up.coefficients) + len(self.pair.down.coefficients)
        return nodes * (100 + 2 * atoms) * weight(ctx.prec)

    def _term(self, x: fmpq) -> tuple[arb, arb]:
        """h p^alpha q^(1-alpha) and L at a node."""
        point = arb(x)
        log_a, _ = self.pair.up.log_factor(point)
        log_b, _ = self.pair.down.log_factor(-point)
        ratio = log_a - log_b
        value = (log_b + self.alpha * ratio - point * point / 2).exp()
        return self.step * value / (2 * arb.pi()).sqrt(), ratio

    def _upward(self) -> arb:
        """Nodes x >= 0, and a bound for those beyond the last one summed."""
        total, m, edge, tries = arb(0), 0, math.sqrt(2 * self.need), 0
        tiny = fmpq(1, 2 ** int(2 * self.need + 20))
        while m < _MAX_NODES and tries < _TRIES:
            x = m * self.step
            value, _ = self._term(x)
            total += value
            if total > self.most:
                break
            if float(x) > edge and value < tiny * total:
                rest = tail(self.pair, self.alpha, x, self.step)
                if rest < 2 * tiny * total:
                    return total + rest
                tries, edge = tries + 1, 1.25 * edge
            m += 1
        return arb("inf")

    def _downward(self) -> arb:
        """Nodes x < 0, and those left out: there p and L rise, so their sum is below
        e^((alpha-1) L(x)) times the integral of p up to the last node x."""
        total, m = arb(0), 0
        edge = math.sqrt(4 * self.need + 20)
        while True:
            m += 1
            x = -m * self.step
            value, ratio = self._term(x)
            total += value
            if -float(x) > edge or m > _MAX_NODES:
                far = ((-x + self.pair.up.first * self.pair.up.spacing) / arb(2).sqrt()).erfc() / 2
                return total + far * ((self.alpha - 1) * ratio).exp()
