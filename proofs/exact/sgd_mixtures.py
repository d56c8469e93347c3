"""Mixtures of unit normals: their hockey-stick divergences, enclosed without quadrature.

Everything is in units of the noise.  A mixture is a list of weights and centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from math import comb

from flint import arb, fmpq

Mixture = Sequence[tuple[fmpq, Sequence[fmpq | arb]]]

_REACH = 9  # the grid ends here; what lies beyond is bounded by its mass
_FINEST = 1 << 8  # cells a unit length in the last refinement
FINE = fmpq(1, 200)


def binomial(k: int, q: fmpq) -> list[fmpq]:
    """Weights of Bin(k, q)."""
    return [comb(k, i) * q**i * (1 - q) ** (k - i) for i in range(k + 1)]


def on_a_line(weights: Sequence[fmpq], spacing: fmpq) -> Mixture:
    """Mixture of normals at 0, s, 2s, ... on the real line; s < 0 points the other way."""
    return [(w, (i * spacing,)) for i, w in enumerate(weights)]


def pair(k: int, q: fmpq, sigma: fmpq) -> tuple[Mixture, Mixture]:
    """The pair that is claimed to dominate one step when k records are replaced."""
    return on_a_line(binomial(k, q), 1 / sigma), on_a_line(binomial(k, q), -1 / sigma)


def below(x: arb) -> arb:
    """Standard normal mass below x."""
    return (1 + (x / arb(2).sqrt()).erf()) / 2


def line_divergence(p: Mixture, q: Mixture, gamma: fmpq) -> arb:
    """Enclosure of H_gamma(P||Q) on the real line, every atom of P right of every atom of Q.

    There the likelihood ratio increases, so that {x > t} is the best event; t is put in a bracket
    [low, high] by signs of p - gamma q, and P(x > t) - gamma Q(x > t) lies between its value at
    any point and P(x > low) - gamma Q(x > high).
    """

    def excess(x: fmpq) -> arb:
        def at(mixture: Mixture) -> arb:
            return sum((w * (c * x - c * c / fmpq(2)).exp() for w, (c,) in balls(mixture)), arb(0))

        return at(p) - gamma * at(q)

    def beyond(mixture: Mixture, x: fmpq) -> arb:
        return sum((w * below(c - x) for w, (c,) in balls(mixture)), arb(0))

    low, high = fmpq(-449, 7), fmpq(64)  # no midpoint is 0, where symmetric pairs cross
    for _ in range(48):
        middle = (low + high) / 2
        sign = excess(middle)
        if sign > 0:
            high = middle
        elif sign < 0:
            low = middle
        else:
            break
    least = beyond(p, high) - gamma * beyond(q, high)
    return least.union(beyond(p, low) - gamma * beyond(q, high)).max(arb(0))


def balls(mixture: Mixture) -> list[tuple[fmpq, list[arb]]]:
    """A mixture with its centres as balls."""
    return [(w, [arb(c) for c in centre]) for w, centre in mixture]


class _Boxes:
    """Masses that two mixtures give to the boxes of a grid in [-REACH, REACH]^d."""

    def __init__(self, p: Mixture, q: Mixture) -> None:
        self.weights = [w for w, _ in p], [w for w, _ in q]
        self.atoms = balls(p), balls(q)
        self.dimension = len(p[0][1])
        self.interval = cache(self._interval)

    def _interval(self, axis: int, low: int, width: int) -> tuple[list[arb], list[arb]]:
        """Mass of [low, low + width] / FINEST along an axis, atom by atom."""
        ends = fmpq(low, _FINEST), fmpq(low + width, _FINEST)
        up, down = (
            [below(ends[1] - c[axis]) - below(ends[0] - c[axis]) for _, c in atoms]
            for atoms in self.atoms
        )
        return up, down

    def masses(self, corner: Sequence[int], width: int) -> tuple[arb, arb]:
        """P and Q of one box."""
        shares = [self.interval(axis, low, width) for axis, low in enumerate(corner)]
        found = []
        for which in (0, 1):
            total = arb(0)
            for weight, *sides in zip(
                self.weights[which], *(share[which] for share in shares), strict=True
            ):
                term = arb(weight)
                for mass in sides:
                    term *= mass
                total += term
            found.append(total)
        return found[0], found[1]


def divergence(
    p: Mixture, q: Mixture, gamma: fmpq, *, tolerance: fmpq = FINE, enough: arb | None = None
) -> arb:
    """Enclosure of H_gamma(P||Q) for unit normals in d dimensions, about `tolerance` wide.

    It may be wider once it lies below `enough`.

    Merging the outcomes of a box cannot raise the divergence, so the sum of (P - gamma Q)_+ over
    boxes is a lower bound.  What it misses in a box is the lesser of the integrals of the two
    signs of p - gamma q.  The gradient of log p/q is a difference of mean centres, at most the
    farthest distance R of a centre of P from one of Q; and P/Q of the box is a value of p/q in it.
    So p/q stays within a factor f = e^(R diameter) of P/Q, and the box misses at most
    min(f P - gamma Q, gamma Q - P/f), or nothing where one of them is negative.
    """
    reach = _REACH
    boxes = _Boxes(p, q)
    farthest = max(
        sum(((a - b) ** 2 for a, b in zip(x, y, strict=True)), arb(0)).sqrt().upper()
        for _, x in boxes.atoms[0]
        for _, y in boxes.atoms[1]
    )
    width = _FINEST
    edge = range(-reach * _FINEST, reach * _FINEST, width)
    open_boxes: list[tuple[int, ...]] = list(product(edge, repeat=boxes.dimension))
    settled = arb(0)
    missed, _ = boxes.masses([-reach * _FINEST] * boxes.dimension, 2 * reach * _FINEST)
    missed = 1 - missed  # all of P outside may count
    worthless = tolerance / 100_000
    while True:
        diameter = fmpq(width, _FINEST) * arb(boxes.dimension).sqrt()
        factor = (arb(farthest) * diameter).exp()
        split, here, loss = [], arb(0), arb(0)
        for corner in open_boxes:
            mass, other = boxes.masses(corner, width)
            other *= gamma
            gain = (mass - other).max(arb(0))
            lost = (factor * mass - other).min(other - mass / factor).max(arb(0)).upper()
            if lost < worthless:
                settled, missed = settled + gain, missed + lost
            else:
                split.append(corner)
                here, loss = here + gain, loss + lost
        least = settled + here
        most = least + missed + loss
        if most - least < tolerance or width == 1 or (enough is not None and most <= enough):
            return least.union(most)
        width //= 2
        open_boxes = [
            tuple(low + width * bit for low, bit in zip(corner, bits, strict=True))
            for corner in split
            for bits in product((0, 1), repeat=boxes.dimension)
        ]
