"""Dominating pairs of one step: two mixtures of unit normals whose atoms point in opposite ways.

In units of the noise, P = sum_i w_i N(+i s, 1) and Q = sum_j v_j N(-j s, 1) with s = 1/sigma; the
weights are binomial.  Replacing k records under Poisson sampling has both sides Bin(k, q); adding
or removing k records has one side without atoms (only 0).

Source: adding, Ganesh (arXiv 2401.10294); inserting and deleting, Schuchardt et al. (arXiv
2403.04867); replacing, proofs/derivations/sgd_replace_pair.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from flint import acb, acb_poly, arb, arb_poly, ctx, fmpq

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.rigor.binomial import pmf

MAX_ATOMS = 60_000


@dataclass(frozen=True)
class Side:
    """One mixture, seen along its own direction: density n(z) sum_i w_i e^(-i^2 s^2/2 + i s z).

    Atoms below `first` and beyond the last are left out, so the measure is a little below the
    mixture; `dropped` bounds what that can add to an affinity with a mixture on the other side.

    Attributes:
        spacing: s, distance of neighbouring atoms in units of the noise.
        first: index of the first atom kept.
        coefficients: w_i e^(-i^2 s^2/2).
        dropped: upper bound on the sum over the dropped parts D of int sqrt(D Q), for every
            mixture Q of normals N(-a, 1), a >= 0.
    """

    spacing: fmpq
    first: int
    coefficients: tuple[arb, ...]
    dropped: arb

    @property
    def last(self) -> int:
        """Index of the last atom kept."""
        return self.first + len(self.coefficients) - 1

    @property
    def spread(self) -> fmpq:
        """Distance of the outermost atoms kept."""
        return self.spacing * (len(self.coefficients) - 1)

    @cached_property
    def _real(self) -> arb_poly:
        return arb_poly(list(self.coefficients))

    @cached_property
    def _slope(self) -> arb_poly:
        return self._real.derivative()

    @cached_property
    def _complex(self) -> acb_poly:
        return acb_poly(list(self.coefficients))

    @cached_property
    def weights(self) -> list[arb]:
        """w_i of the atoms kept."""
        half = arb(self.spacing) ** 2 / 2
        return [
            coefficient * (half * (self.first + m) ** 2).exp()
            for m, coefficient in enumerate(self.coefficients)
        ]

    def below(self, x: arb) -> arb:
        """Mass of the kept atoms' normals, seen along the side's direction, below x."""
        root = arb(2).sqrt()
        total = arb(0)
        for m, weight in enumerate(self.weights):
            total += weight * ((self.spacing * (self.first + m) - x) / root).erfc()
        return total / 2

    def log_factor(self, x: arb) -> tuple[arb, arb]:
        """log of the sum at a real point, and its derivative: the mean atom given x."""
        y = (self.spacing * x).exp()
        total = self._real(y)
        mean = self.spacing * (self.first + y * self._slope(y) / total)
        return self.first * self.spacing * x + total.log(), mean

    def log_factor_complex(self, z: acb) -> acb:
        """log of the sum at z, continued from the real line.

        The terms' phases, counted from that of the first atom, lie in [0, spread * Im z]; the
        callers keep this below pi, where the principal logarithm is the continuation.
        """
        total: acb = self._complex((self.spacing * z).exp())
        return self.first * self.spacing * z + total.log()


@dataclass(frozen=True)
class Pair:
    """P (atoms at +i s, weights `up`) against Q (atoms at -j s, weights `down`)."""

    up: Side
    down: Side

    @property
    def symmetric(self) -> bool:
        """Whether Q is the mirror image of P."""
        return self.up is self.down

    def swapped(self) -> Pair:
        """The mirror image: Q against P."""
        return self if self.symmetric else Pair(self.down, self.up)

    @property
    def spread(self) -> fmpq:
        """The larger of the two sides' spreads."""
        return max(self.up.spread, self.down.spread)


def pair(rate: fmpq, sigma: fmpq, inserted: int, deleted: int, bits: int) -> Pair:
    """Dominating pair of one step, atoms worth less than 2^-bits left out.

    Args:
        rate: sampling probability, in (0, 1].
        sigma: noise multiplier, > 0.
        inserted: records on P's side only.
        deleted: records on Q's side only; both k for replacing k.
        bits: of accuracy of an affinity.

    Raises:
        TooExpensive: more than 60,000 atoms matter.
    """
    up = side(rate, sigma, inserted, bits)
    return Pair(up, up if inserted == deleted else side(rate, sigma, deleted, bits))


def side(rate: fmpq, sigma: fmpq, k: int, bits: int) -> Side:
    """Mixture of Bin(k, rate) atoms, those worth less than 2^-bits left out."""
    spacing = 1 / sigma
    if k == 0 or rate == 1:
        factor = (-((arb(spacing) * k) ** 2) / 2).exp()
        return Side(spacing, k, (factor,), arb(0))
    try:
        first, last = _window(rate, float(spacing), k, bits)
    except (OverflowError, ValueError):  # beyond what doubles can plan
        raise TooExpensive from None
    if last - first >= MAX_ATOMS:
        raise TooExpensive
    weights = _binomial(k, rate, first, last)
    dropped = _dropped(k, rate, spacing, first, last, weights)
    half = arb(spacing) ** 2 / 2
    return Side(
        spacing,
        first,
        tuple(w * (-half * (first + m) ** 2).exp() for m, w in enumerate(weights)),
        dropped,
    )


def _window(rate: fmpq, spacing: float, k: int, bits: int) -> tuple[int, int]:
    """Atoms that matter; only a choice, what it leaves out is bounded afterwards."""
    goal = -(bits + 4) * math.log(2)
    present, absent = float(arb(rate).log()), float(arb(1 - rate).log())
    every = math.lgamma(k + 1)

    def log_weight(i: int) -> float:
        chosen = every - math.lgamma(i + 1) - math.lgamma(k - i + 1)
        return chosen + i * present + (k - i) * absent

    def above(i: int) -> float:  # concave: what the atoms from i on are worth
        return log_weight(i) / 2 - (i * spacing) ** 2 / 8

    peak = _least(lambda i: above(i + 1) <= above(i), 0, k)
    last = _least(lambda i: above(i + 1) < goal, peak, k)
    mode = min(int((k + 1) * rate), k)
    first = _least(lambda i: log_weight(i) / 2 > goal, 0, mode)
    return min(first, last), last


def _least(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Least i in [low, high) for which a predicate that turns true holds; high if none does."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _binomial(k: int, rate: fmpq, first: int, last: int) -> list[arb]:
    """Bin(k, rate) weights of first..last, by the ratio of neighbours from the largest one."""
    anchor = min(max(int((k + 1) * rate), first), last)
    with ctx.extraprec(2 * k.bit_length() + 8):
        top = pmf(k, anchor, rate)
        odds = arb(rate / (1 - rate))
        upward, downward = [top], []
        for i in range(anchor, last):
            upward.append(upward[-1] * odds * fmpq(k - i, i + 1))
        here = top
        for i in range(anchor, first, -1):
            here = here / odds * fmpq(i, k - i + 1)
            downward.append(here)
    return downward[::-1] + upward


def _dropped(k: int, rate: fmpq, spacing: fmpq, first: int, last: int, weights: list[arb]) -> arb:
    """Bound on the affinity of what is left out with any mixture on the other side.

    Beyond the window the ratio of neighbouring weights keeps falling, so a geometric series bounds
    the mass m.  int sqrt(D Q) <= sqrt(m) (Cauchy, Schwarz), and, with all atoms of D at distance
    at least a from those of Q, <= sqrt(m) e^(-a^2/8): affinity falls as atoms move apart.
    """
    odds, total = arb(rate / (1 - rate)), arb(0)
    if last < k:
        ratio = odds * fmpq(k - last, last + 1)
        mass = _geometric(weights[-1], ratio)
        total += mass.sqrt() * (-((arb(spacing) * (last + 1)) ** 2) / 8).exp()
    if first > 0:
        ratio = fmpq(first, k - first + 1) / odds
        total += _geometric(weights[0], ratio).sqrt()
    return total


def _geometric(edge: arb, ratio: arb) -> arb:
    """edge (ratio + ratio^2 + ...), or the whole mass where the ratio is not below 1."""
    return (edge * ratio / (1 - ratio)).min(arb(1)) if ratio < 1 else arb(1)
