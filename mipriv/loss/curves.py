"""Theorem 5: claims known as a trade-off curve."""

from __future__ import annotations

from itertools import pairwise

from flint import arb, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.curves import (
    gaussian,
    gaussian_complement,
    gaussian_missed,
    laplace,
    laplace_complement,
    laplace_missed,
    laplace_population,
)
from mipriv.guarantee import (
    Direction,
    GaussianDP,
    Kind,
    LaplaceDP,
    TradeOffCurve,
)
from mipriv.loss._chain import Line, chord, climb, descend, dp_line, fixed_point
from mipriv.loss.group import Group
from mipriv.rigor.enclosure import Number, ball

Point = tuple[fmpq, fmpq]


class GaussianGroup(Group):
    """mu-GDP; the n-fold curve is (n mu)-GDP."""

    method = "exact worst case over all mu-GDP learners"
    max_terms = 60_000

    def __init__(self, claim: GaussianDP) -> None:
        super().__init__(claim.adjacency.edits(1))
        self.mu = claim.mu

    def value(self, steps: int) -> Number:
        return gaussian(ARB, self.mu, steps) if self.mu * steps else fmpq(0)

    def headroom(self, steps: int) -> Number:
        return gaussian_complement(ARB, self.mu, steps) if self.mu * steps else fmpq(1)

    def saturated(self, steps: int) -> bool:  # noqa: ARG002  # two normals always overlap
        return False

    def missed(self, fpr: fmpq, steps: int) -> Number:
        if fpr in (0, 1) or self.mu * steps == 0:
            return 1 - fpr
        missed: Number = gaussian_missed(ARB, self.mu, steps, fpr)
        return missed


class LaplaceGroup(Group):
    """The Laplace mechanism's curve; its n-fold curve is the one of shift n eps."""

    method = "exact worst case over all learners with the Laplace mechanism's trade-off curve"

    def __init__(self, claim: LaplaceDP) -> None:
        super().__init__(claim.adjacency.edits(1))
        self.epsilon = claim.epsilon

    def value(self, steps: int) -> Number:
        return laplace(ARB, self.epsilon, steps) if self.epsilon * steps else fmpq(0)

    def headroom(self, steps: int) -> Number:
        return laplace_complement(ARB, self.epsilon, steps) if self.epsilon * steps else fmpq(1)

    def saturated(self, steps: int) -> bool:  # noqa: ARG002  # two Laplace laws always overlap
        return False

    def missed(self, fpr: fmpq, steps: int) -> Number:
        if fpr in (0, 1) or self.epsilon * steps == 0:
            return 1 - fpr
        missed: Number = laplace_missed(ARB, self.epsilon, steps, fpr)
        return missed

    def expected(self, n: int, tau: fmpq) -> Number:
        rate = self.epsilon * self.steps_per_record
        return laplace_population(ARB, rate, n, tau) if rate else fmpq(0)

    def expected_headroom(self, n: int, tau: fmpq) -> Number:
        return 1 - self.expected(n, tau)


class CurveGroup(Group):
    """A piecewise-linear curve; jumps along its pieces, so the cost does not grow with n."""

    def __init__(self, claim: TradeOffCurve) -> None:
        super().__init__(claim.adjacency.edits(1))
        self.rows = claim.rows
        self.both = claim.direction is Direction.BOTH
        self.kind = Kind.EXACT if self.both else Kind.UPPER_BOUND
        self.method = (
            "exact worst case over all learners with this trade-off curve in both directions"
            if self.both
            else "convex hull of the curve and its inverse, valid whichever direction the rows hold in"
        )

    def value(self, steps: int) -> Number:
        return 1 - self.headroom(steps)

    def headroom(self, steps: int) -> Number:
        rooms = [self._room(lines, steps) for lines in self.line_sets()]
        return rooms[0] if len(rooms) == 1 else ball(rooms[0]).union(ball(rooms[1]))

    def missed(self, fpr: fmpq, steps: int) -> Number:
        missed = [climb(lines, fpr, steps) for lines in self.line_sets()]
        return missed[0] if len(missed) == 1 else ball(missed[0]).union(ball(missed[1]))

    def line_sets(self) -> list[list[Line]]:
        """The lines of h; for one direction those of a polygon below the hull and of one above."""
        if self.both:
            return [[dp_line(epsilon, delta) for epsilon, delta in self.rows]]
        return [_hull_lines(self.rows, outward=outward) for outward in (True, False)]

    @staticmethod
    def _room(lines: list[Line], steps: int) -> Number:
        start = fixed_point(lines) if steps % 2 else fmpq(1, 2)
        return 2 * descend(lines, start, steps // 2)


def _hull_lines(rows: tuple[Point, ...], *, outward: bool) -> list[Line]:
    """Edges of the convex hull of min(f, f^-1), f = max(0, 1 - delta_i - e^epsilon_i alpha).

    e^epsilon is replaced by a rational above it (outward: the curve falls, the loss rises) or
    below it, so that the geometry is exact.
    """
    steep = []
    for epsilon, delta in rows:
        growth = arb(epsilon).exp()
        end = growth.upper() if outward else growth.lower()
        steep.append((end.fmpq(), 1 - delta))
    vertices = _vertices(steep)
    points = vertices + [(y, x) for x, y in vertices]
    hull = _lower_hull(points)
    edges = (chord(first, second) for first, second in pairwise(hull))
    lines = [edge for edge in edges if edge is not None]
    # a curve that touches the origin loses everything in one step: the line is 0
    return lines or [Line(fmpq(0), fmpq(-1), fmpq(1))]


def _vertices(steep: list[Point]) -> list[Point]:
    """Vertices of max(0, max_i(c_i - a_i x)) on [0, 1], from x = 0 to the first zero."""
    here = fmpq(0)
    slope, height = max(steep, key=lambda line: (line[1], -line[0]))
    found = [(here, height)]
    while height - slope * here > 0:
        zero = height / slope
        crossings = [
            ((height - c) / (slope - a), a, c) for a, c in steep if a < slope and c < height
        ]
        after = [item for item in crossings if here <= item[0] < zero]
        if not after:
            found.append((zero, fmpq(0)))
            break
        here, slope, height = min(after, key=lambda item: (item[0], item[1]))
        found.append((here, height - slope * here))
    return found


def _lower_hull(points: list[Point]) -> list[Point]:
    """Lower convex hull from the lowest point on the y axis to the leftmost on the x axis."""
    on_y = min(y for x, y in points if x == 0)
    on_x = min(x for x, y in points if y == 0)
    inside = sorted({(x, y) for x, y in points if x <= on_x and y <= on_y})
    hull: list[Point] = []
    for point in inside:
        if hull and hull[-1][0] == point[0]:
            continue  # same abscissa, higher
        while len(hull) >= 2 and _turn(hull[-2], hull[-1], point) <= 0:
            hull.pop()
        hull.append(point)
    return hull


def _turn(o: Point, a: Point, b: Point) -> fmpq:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])
