"""One step's pair on the real line and on a line above it: affinities by the trapezoidal rule.

With p = n A and q = n B, where n is the unit normal density and A, B are sums of exponentials, the
log likelihood ratio L = log A - log B is analytic where A and B have no zero.  For z = x + iy and
r the larger spread of the two sides' atoms, the phases of the terms of A lie within r|y| of each
other, so that with r|y| < pi

    |A(z)| <= A(x),  |A(z)| >= A(x) cos(r y/2),  |n(z)| = n(x) e^(y^2/2),
    Im L(z) >= y L'(x) sin(r y)/(r y),           Re L'(z) >= L'(x) cos(r y)  for r|y| <= pi/2.

The trapezoidal rule with step h errs by at most (N+ + N-)/(e^(2 pi d/h) - 1), where N+ and N- are
the integrals of |f| along the lines d above and below (f analytic between them).
Source: Trefethen and Weideman, SIAM Review 2014, Theorem 5.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from flint import acb, arb, fmpq

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.pairs import Pair

_REACH = fmpq(98, 100)  # of the strip in which p and q have no zero
MAX_NODES = 40_000


@dataclass(frozen=True)
class Node:
    """Values at one node x of the real line.

    Attributes:
        affinity: h sqrt(p q).
        ratio: L(x).
        slope: L'(x) > 0.
    """

    affinity: arb
    ratio: arb
    slope: arb


class Line:
    """Nodes m h, |m| <= count, for one pair; errors at most about 2^-bits of the affinity.

    All measures are those of the pair's kept atoms.
    """

    def __init__(self, pair: Pair, bits: int) -> None:
        self.pair, self.bits = pair, bits
        self.moments: dict[tuple[fmpq, int, bool], arb] = {}  # kept by wrap
        need = bits * math.log(2) + 2
        spread = float(pair.spread)
        height = math.pi / (2 * math.pi / math.sqrt(2 * need))  # pi/(2h) for h = pi/sqrt(2 need)
        if spread:
            height = min(height, 0.49 * math.pi / spread)
        step = 2 * math.pi * height / (need + 2 * height * height)
        reach = math.sqrt(4 * need + _square_distance(pair) / 2)
        self.step = dyadic(step)
        self.height = dyadic(height)
        count = math.ceil(reach / step)
        if count > MAX_NODES:
            raise TooExpensive
        self.count = count

    @property
    def cost(self) -> float:
        """Multiplications, of some 128 bits, that the nodes on the two lines take."""
        sides = {id(side): len(side.coefficients) for side in (self.pair.up, self.pair.down)}
        return 32.0 * self.count * (50 + sum(sides.values())) * weight(self.bits)

    @cached_property
    def nodes(self) -> list[Node]:
        """Values at x = -count h, ..., count h."""
        return [self._node(m * self.step) for m in range(-self.count, self.count + 1)]

    def _node(self, x: fmpq) -> Node:
        point = arb(x)
        log_a, up = self.pair.up.log_factor(point)
        log_b, down = self.pair.down.log_factor(-point)
        density = ((log_a + log_b - point * point) / 2).exp() / (2 * arb.pi()).sqrt()
        return Node(self.step * density, log_a - log_b, up + down)

    @cached_property
    def beyond(self) -> arb:
        """Bound on the sum of h sqrt(p q) over all nodes that are left out.

        By Cauchy and Schwarz; to the right the atoms of q lie at or left of 0, so its terms fall
        and their sum is below the integral from the last node on; the sum of h p over any nodes
        is at most 1 + h/sqrt(2 pi), an atom being unimodal.  To the left the roles change.
        """
        edge = self.count * self.step
        far = (arb(edge) / arb(2).sqrt()).erfc() / 2
        return 2 * ((1 + self.step) * far).sqrt()

    @cached_property
    def affinity(self) -> arb:
        """Enclosure of int sqrt(p q)."""
        total = arb(0)
        for node in self.nodes:
            total += node.affinity
        total += arb(0).union(self.beyond)
        share = self._error_share(self._half_width)
        # |affinity - total| <= share * affinity
        return total.union(total / (1 + share)).union(total / (1 - share))

    @cached_property
    def ratio_moments(self) -> tuple[arb, arb]:
        """Enclosure of int sqrt(p q) L, and upper bound on int sqrt(p q) L^2.

        On the strip |L(z) - L(x)| <= b = d W / cos(r d/2), W the sum of the farthest atoms; so the
        second integral grows to at most 2 (it + b^2 affinity) there, and the first, by Cauchy and
        Schwarz, to sqrt(second * affinity) + b affinity.  Beyond the last node X > 1, where
        |L| <= (|L(0)| + W) |x|, the terms of x^2 n(x) and x^4 n(x) fall.
        """
        mean = square = arb(0)
        for node in self.nodes:
            mean += node.affinity * node.ratio
            square += node.affinity * node.ratio * node.ratio
        d, edge = self._half_width, arb(self.count * self.step)
        widest = (self.pair.up.last + self.pair.down.last) * self.pair.up.spacing
        drift = d * widest / (self.pair.spread * d / 2).cos()
        share = self._error_share(d)
        density = (-edge * edge / 2).exp() / (2 * arb.pi()).sqrt()
        far = (edge**3 + 3 * edge) * density + 3 * (edge / arb(2).sqrt()).erfc() / 2
        reach = abs(self.nodes[self.count].ratio) + widest
        left_out = 2 * reach * ((1 + self.step) * far).sqrt()
        square = (square + reach * left_out + 2 * share * drift * drift * self.affinity) / (
            1 - 2 * share
        )
        blur = share * ((square * self.affinity).sqrt() + drift * self.affinity) + left_out
        return mean + blur.union(-blur), square.upper()

    @property
    def _half_width(self) -> arb:
        """Half width d of a strip around the real line in which Re L' > 0 and p, q have no zero."""
        return arb(self.height)  # spread * height <= 0.49 pi < pi/2

    def _error_share(self, d: arb) -> arb:
        """Trapezoidal error on the real line, as a share of int sqrt(p q), with damped |f|."""
        growth = (2 * arb.pi() * d / self.step).exp() - 1
        return 2 * (d * d / 2).exp() / growth

    def damped(self, damping: arb) -> arb:
        """Upper bound on int sqrt(p q) e^(-damping L'), damping >= 0.

        On the strip |e^(-damping L'(z))| <= 1, as Re L' > 0 there.
        """
        total = arb(0)
        for node in self.nodes:
            total += node.affinity * (-damping * node.slope).exp()
        return (total + self.beyond + self._error_share(self._half_width) * self.affinity).upper()

    def decay(self, u: arb, y: arb) -> arb:
        """Upper bound on |phi(v)| for every v >= u: the integral moved up to Im z = y.

        |phi(v)| <= e^(y^2/2) int sqrt(p q) e^(-v y L' sin(ry)/(ry)), and it falls with v.

        Args:
            u: frequency, > 0.
            y: height, > 0, with spread * y < pi.
        """
        return ((y * y / 2).exp() * self.damped(u * y * self.shrink(y))).upper()

    def shrink(self, y: arb) -> arb:
        """sin(r y)/(r y) for the pair's spread r."""
        turn = self.pair.spread * y
        return (turn.sin() / turn) if self.pair.spread else arb(1)

    @cached_property
    def lifted(self) -> tuple[list[tuple[acb, acb]], arb]:
        """Nodes (h sqrt(p q), L) on the line Im z = height, and a bound for every phi(u), u >= 0.

        phi(u) = sum of weight * e^(i u L), up to the bound: below is the real line, where the
        integrand is sqrt(p q) in size; as far above, Im L >= 0 damps and n grows by e^(2 height^2).
        For a symmetric pair only m >= 0 is returned, with the weight of m = 0 halved; phi is then
        twice the real part of the sum.
        """
        start = 0 if self.pair.symmetric else -self.count
        found = []
        for m in range(start, self.count + 1):
            z = acb(arb(m * self.step), arb(self.height))
            log_a = self.pair.up.log_factor_complex(z)
            log_b = self.pair.down.log_factor_complex(-z)
            weight = self.step * ((log_a + log_b - z * z) / 2).exp() / (2 * arb.pi()).sqrt()
            half = self.pair.symmetric and m == 0
            found.append((weight / 2 if half else weight, log_a - log_b))
        height = arb(self.height)
        growth = (2 * arb.pi() * height / self.step).exp() - 1
        share = (1 + (2 * height * height).exp()) / growth
        error = share * self.affinity + (height * height / 2).exp() * self.beyond
        return found, error.upper()


def weight(bits: int) -> float:
    """Cost of a multiplication of balls of so many bits, in those of 128."""
    return math.pow(max(1.0, bits / 128), 1.5)


def dyadic(value: float) -> fmpq:
    """A nearby fraction with a short denominator, so that nodes are exact balls."""
    shift = max(0, 24 - math.frexp(value)[1])
    return fmpq(math.floor(math.ldexp(value, shift)), 2**shift)  # value * 2^shift may overflow


def _square_distance(pair: Pair) -> float:
    """E[(a + b)^2] s^2 over independent atoms: affinity >= e^(-this/8), by Jensen."""
    moments = []
    for side in (pair.up, pair.down):
        half = float(side.spacing) ** 2 / 2
        total = mean = square = 0.0
        for m, coefficient in enumerate(side.coefficients):
            i = side.first + m
            weight = float((coefficient.log() + half * i * i).exp())
            total, mean, square = total + weight, mean + weight * i, square + weight * i * i
        moments.append((mean / total, square / total) if total else (0.0, 0.0))
    (m1, s1), (m2, s2) = moments
    return (s1 + s2 + 2 * m1 * m2) * float(pair.up.spacing) ** 2
