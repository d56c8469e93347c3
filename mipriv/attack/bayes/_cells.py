"""The Bayes attacker on any mixture: sums over a lattice, or cells of the line cut until decided."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from flint import arb, arb_poly, fmpq

from mipriv.attack.bayes._mixture import Mixture
from mipriv.errors import PrecisionError

MOST_POINTS = 2_000_000  # of a lattice
MOST_CELLS = 20_000


def lattice_success(mixture: Mixture) -> arb:
    """Enclosure of the sum of max_s g_s over the whole numbers; tails below 2^-precision are bounded.

    Raises:
        PrecisionError: more than 2,000,000 outputs matter.
    """
    left, right = (int(end.p) for end in mixture.reach())
    first, last = (int(mixture.centres[i].p) for i in (0, -1))
    if right - left > MOST_POINTS:
        raise PrecisionError(f"more than {MOST_POINTS} outputs have to be told apart")
    # g_s is a product of polynomials: weights by centre, and noise by its value
    start = left - last
    noise = arb_poly([mixture.law.density(fmpq(k)) for k in range(start, right - first + 1)])
    sums: list[arb_poly] = []
    for s in range(mixture.secrets):
        weights = [arb(0)] * (last - first + 1)
        for centre, row in zip(mixture.centres, mixture.weights, strict=True):
            weights[int(centre.p) - first] = row[s]
        sums.append(arb_poly(weights) * noise)
    total = arb(0)
    for x in range(left + 1, right + 1):
        best = sums[0][x - first - start]
        for other in sums[1:]:
            best = best.max(other[x - first - start])
        total += best
    before, after = mixture.masses(fmpq(left)), mixture.masses(fmpq(right))
    rest = sum(before, mixture.dropped) + sum(mixture.totals, arb(0)) - sum(after, arb(0))
    return total + arb(0).union(rest)


@dataclass(frozen=True)
class _Cell:
    """(start, end], the masses up to both, and bounds on the integral of max_s g_s over it."""

    start: fmpq
    end: fmpq
    before: list[arb]
    after: list[arb]
    lower: arb
    upper: arb


def line_success(mixture: Mixture, tolerance: fmpq) -> arb:
    """Enclosure of the integral of max_s g_s over the line, by cells that are cut until decided.

    On a cell of width b with masses G_s the integral is at least G = max_s G_s, and at most
    G_s + b max_u sup(g_u - g_s)+ for any s: nothing is lost where one secret is certain to lead.
    The cell of the greatest gap is halved until all gaps together are below the tolerance.

    Args:
        mixture: on the line.
        tolerance: of the width, > 0.

    Returns:
        A ball; wider than the tolerance only if 20,000 cells did not suffice.
    """
    left, right = mixture.reach(arb(tolerance) / (8 * mixture.secrets))
    before, after = mixture.masses(left), mixture.masses(right)
    outside = sum(before, mixture.dropped) + sum(mixture.totals, arb(0)) - sum(after, arb(0))
    heap: list[tuple[float, int, _Cell]] = []
    count, gap, allowed = 0, 0.0, float(arb(tolerance)) / 2

    def add(cell: _Cell) -> None:
        nonlocal count, gap
        size = float((cell.upper - cell.lower).upper())
        heappush(heap, (-size, count, cell))
        count, gap = count + 1, gap + size

    add(_cell(mixture, left, right, before, after))
    while gap > allowed and count < MOST_CELLS:
        size, _, cell = heappop(heap)
        gap += size
        middle = arb((cell.start + cell.end) / 2).mid().fmpq()
        inside = mixture.masses(middle)
        add(_cell(mixture, cell.start, middle, cell.before, inside))
        add(_cell(mixture, middle, cell.end, inside, cell.after))
    lower = sum((cell.lower for _, _, cell in heap), arb(0))
    upper = sum((cell.upper for _, _, cell in heap), arb(0))
    return lower.union(upper + outside)


def _cell(mixture: Mixture, start: fmpq, end: fmpq, before: list[arb], after: list[arb]) -> _Cell:
    inside = [b - a for a, b in zip(before, after, strict=True)]
    best = max(range(len(inside)), key=lambda s: inside[s].mid())
    stretch = arb(start).union(arb(end))
    excess = arb(0)
    for s, gain in enumerate(mixture.mixed_differences(stretch, best)):
        if s != best:
            excess = excess.max(gain.upper())
    others = sum((mass for s, mass in enumerate(inside) if s != best), arb(0))
    room = (excess * (end - start)).min(others.max(arb(0)))
    return _Cell(start, end, before, after, inside[best], inside[best] + room.upper())
