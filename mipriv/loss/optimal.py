"""The exact optimum for two given finite populations: a linear program over histograms.

Four reductions, none of which loses anything, make the question finite:

* The loss is the largest Pr[event | P_1^n] - Pr[event | P_0^n], so a learner of one bit suffices;
  for it (epsilon, delta)-DP is q <= g(q') for every ordered pair of neighbours, with
  g(a) = min(1, E a + delta, 1 - (1 - delta - a)/E) and E = e^epsilon.
* P^n does not see the order of records, so the learner may be averaged over all orders: its bit
  depends on the histogram alone.
* Symbols of one likelihood ratio P_1/P_0 may be merged.  A learner on merged symbols is one on the
  original symbols; the converse draws each original record from its class, record by record,
  which keeps neighbours neighbours, and the law within a class is the same under P_0 and P_1.
  A symbol of mass 0 under both may be read as any other, so it is dropped.
* A learner must answer on data sets outside those of the game (other sizes, when neighbours differ
  by an added record).  If q <= g^d(q') holds on the game's data sets, d the distance between two
  of them in the graph of all data sets, then q(S) = min over S' of the game of g^d(S,S')(q(S'))
  extends it to every data set: it agrees on the game's by hypothesis, and moving S by one step
  moves every d by at most one, so q <= g(q') across every edge, as g is nondecreasing.
  For replace-one, d counts replacements and the steps with d = 1 imply all others.  For add-remove
  the game's data sets have n records each and d is twice the replacements, so q <= g(g(q')) across
  one replacement is all there is; g(g(.)) is again a minimum of affine maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from math import comb

from flint import arb, ctx, fmpq

from mipriv.errors import UnsupportedGuarantee, require
from mipriv.game import Adjacency, FinitePair, PopulationGame, adjacency as read_adjacency
from mipriv.guarantee import ApproxDP, Kind, Loss
from mipriv.loss._linear_program import Program, Row, Vertex, ranking, solve
from mipriv.loss.group import ApproxDPGroup
from mipriv.rigor.decimals import exact, unit, whole
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, bits_for, checked_digits

MAX_HISTOGRAMS = 250
_MAX_BITS = 4_096
_MAX_PIVOTS = 1000
_TAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    growth: fmpq
    delta: fmpq
    n: int
    pair: FinitePair
    adjacency: Adjacency
    lower: fmpq
    upper: fmpq
    primal: tuple[fmpq, ...]
    dual: tuple[fmpq, ...]

    def verify(self) -> bool:
        program = _program(self.growth, self.delta, self.n, self.pair, self.adjacency)
        return (
            program.feasible(self.primal)
            and program.value(self.primal) == self.lower
            and len(self.dual) == len(program.links)
            and all(weight >= 0 for weight in self.dual)
            and program.ceiling(self.dual) == self.upper
        )


def merged(pair: FinitePair) -> FinitePair:
    classes: dict[fmpq, tuple[fmpq, fmpq]] = {}
    for p, q in zip(pair.first, pair.second, strict=True):
        if p + q > 0:
            before = classes.get(q / (p + q), (fmpq(0), fmpq(0)))
            classes[q / (p + q)] = (before[0] + p, before[1] + q)
    ordered = [classes[ratio] for ratio in sorted(classes)]
    return FinitePair([p for p, _ in ordered], [q for _, q in ordered])


def histograms(n: int, symbols: int) -> Iterator[tuple[int, ...]]:
    if symbols == 1:
        yield (n,)
        return
    for count in range(n + 1):
        for rest in histograms(n - count, symbols - 1):
            yield (count, *rest)


def _mass(histogram: Sequence[int], masses: Sequence[fmpq]) -> fmpq:
    total, left = fmpq(1), sum(histogram)
    for count, mass in zip(histogram, masses, strict=True):
        total *= comb(left, count) * mass**count
        left -= count
    return total


def _slopes(growth: fmpq, delta: fmpq, adjacency: Adjacency) -> list[tuple[fmpq, fmpq]]:
    steep = (growth, delta)
    flat = (1 / growth, 1 - (1 - delta) / growth)
    if adjacency is Adjacency.REPLACE_ONE:
        return [steep, flat]
    def compose(f, g):
        return (f[0]*g[0], f[0]*g[1]+f[1])
    return [compose(steep, steep), compose(flat, steep), compose(flat, flat)]


def _program(growth, delta, n, pair, adjacency) -> Program:
    table = list(histograms(n, len(pair.first)))
    place = {h: k for k, h in enumerate(table)}
    objective = tuple(_mass(h, pair.second) - _mass(h, pair.first) for h in table)
    slopes = _slopes(growth, delta, adjacency)
    links = []
    for h, k in place.items():
        for i, count in enumerate(h):
            if count == 0: continue
            for j in range(len(h)):
                if i == j: continue
                moved = list(h); moved[i] -= 1; moved[j] += 1
                other = place[tuple(moved)]
                for slope, offset in slopes:
                    links.append(Row(k, fmpq(1), other, -slope, offset))
    return Program(objective, tuple(links))
