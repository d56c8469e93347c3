"""The Bayes attacker where likelihood ratios rise: he guesses by where the output lies."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, ctx, fmpq

from mipriv.attack.bayes._mixture import Mixture
from mipriv.roles import Law

_STEPS = 1_000
_SPARE_BITS = 32  # of the working precision, which the search for a crossing does not reach


@dataclass(frozen=True)
class _Cell:
    """Outputs of (start, end] and the secret guessed there.

    Attributes:
        first, last: points between which every output of the cell lies, where ratios are known.
    """

    start: fmpq
    end: fmpq
    first: fmpq
    last: fmpq
    guess: int


@dataclass(frozen=True)
class _Cut:
    """A place before which one secret is guessed and after which another; (low, high] is neither's.

    Attributes:
        low, high: the same point; neighbours of a lattice; or the ends of a short stretch.
        before, after: places of the secrets in their order.
    """

    low: fmpq
    high: fmpq
    before: int
    after: int


def ordered(mixture: Mixture) -> list[int] | None:
    """Secrets in an order in which every later g_u/g_s is known to rise; None: no such order.

    It rises if w_u(c)/w_s(c) does and the noise at c' > c has a rising ratio to that at c: both
    kernels are then totally positive of order 2, and so is their product (basic composition
    formula).  A secret's ratio is looked at where one of the two has weight.

    Source: Karlin, Total Positivity, 1968, chapter 3.
    """
    steps = {b - a for a, b in zip(mixture.centres, mixture.centres[1:], strict=False)}
    if not all(_rises(mixture.law, step) for step in steps):
        return None
    centred = list(zip(mixture.centres, mixture.weights, strict=True))
    means = [
        sum((centre * row[s] for centre, row in centred), arb(0)) / total
        for s, total in enumerate(mixture.totals)
    ]
    order = sorted(range(mixture.secrets), key=lambda s: float(means[s]))
    pairs = ((s, u) for i, s in enumerate(order) for u in order[i + 1 :])
    return order if all(_ratio_rises(mixture, s, u) for s, u in pairs) else None


def _rises(law: Law, shift: fmpq) -> bool:
    """Whether law(x - shift)/law(x) rises with x: for log-concave laws, and where a law says so.

    A law says so of shifts whose sums it also says it of.
    """
    if law.log_concave:
        return True
    rises = getattr(law, "rises", None)
    return rises is not None and bool(rises(shift))


def _ratio_rises(mixture: Mixture, s: int, u: int) -> bool:
    """Whether w_u/w_s rises over the centres: decided by balls, or exactly where they meet."""
    last = None
    for place, row in enumerate(mixture.numerators):
        if row[s] == 0 and row[u] == 0:
            continue
        if last is not None:
            before, now = mixture.weights[last], mixture.weights[place]
            low, high = before[u] * now[s], now[u] * before[s]
            if low > high:
                return False
            if not low <= high:
                exact = mixture.numerators[last]
                if exact[u] * row[s] > row[u] * exact[s]:
                    return False
        last = place
    return True


def success(mixture: Mixture, order: list[int]) -> arb:
    """Enclosure of the integral of max_s g_s, for secrets in an order of rising ratios.

    The best guess then rises with the output.  Whatever the cuts, they prove their own error: on a
    cell where s is guessed, g_u - g_s for a later u is at most g_s times what g_u/g_s exceeds 1 by
    at the cell's right end, and for an earlier u at its left end.  The search for the cuts is
    heuristic and need not be trusted.

    Returns:
        A ball; as narrow as the working precision less some 40 bits, save for laws whose density
        jumps where several secrets have none.
    """
    left, right = mixture.reach()
    cuts = _cuts(mixture, order, left, right)
    lattice = mixture.law.lattice
    ends = [left, *(cut.low for cut in cuts), right]
    starts = [left, *(cut.low if lattice else cut.high for cut in cuts)]
    firsts = [left + 1 if lattice else left, *(cut.high for cut in cuts)]
    guesses = [
        cuts[0].before if cuts else _leader(mixture, order, left, 0, len(order) - 1),
        *(cut.after for cut in cuts),
    ]
    lower, upper = arb(0), arb(0)
    for start, end, first, guess in zip(starts, ends[1:], firsts, guesses, strict=True):
        cell = _Cell(start, end, first, end, guess)
        low, high = _bounds(mixture, order, cell)
        lower, upper = lower + low, upper + high
    gaps = [(cut.low, cut.high) for cut in cuts if not lattice and cut.low < cut.high]
    loose = [(mixture.masses(low), mixture.masses(high)) for low, high in gaps]
    loose += [([arb(0)] * mixture.secrets, mixture.masses(left))]
    loose += [(mixture.masses(right), mixture.totals)]
    for before, after in loose:
        upper += sum((b - a for a, b in zip(before, after, strict=True)), arb(0))
    return lower.union(upper + mixture.dropped)


def _bounds(mixture: Mixture, order: list[int], cell: _Cell) -> tuple[arb, arb]:
    """Bounds on the integral of max_s g_s over a cell."""
    before, after = mixture.masses(cell.start), mixture.masses(cell.end)
    inside = [b - a for a, b in zip(before, after, strict=True)]
    own = inside[order[cell.guess]]
    upper = own
    ends = mixture.densities(cell.first), mixture.densities(cell.last)
    for place, secret in enumerate(order):
        if place == cell.guess:
            continue
        at = ends[place > cell.guess]
        excess = inside[secret]
        if at[order[cell.guess]] > 0:
            ratio = at[secret] / at[order[cell.guess]]
            excess = excess.min((ratio - 1).max(arb(0)) * own)
        upper += excess.max(arb(0)).upper()
    return own, upper


def _leader(mixture: Mixture, order: list[int], x: fmpq, low: int, high: int) -> int:
    """Place from `low` to `high` of the secret with the largest g at x; the earliest of several."""
    found = mixture.densities(x)
    return max(range(low, high + 1), key=lambda place: found[order[place]].mid())


def _cuts(mixture: Mixture, order: list[int], left: fmpq, right: fmpq) -> list[_Cut]:
    last = len(order) - 1
    low = _leader(mixture, order, left, 0, last)
    high = _leader(mixture, order, right, low, last)
    return _between(mixture, order, (left, low), (right, high))


def _between(
    mixture: Mixture, order: list[int], start: tuple[fmpq, int], end: tuple[fmpq, int]
) -> list[_Cut]:
    """Cuts between two points at which the leaders are known."""
    (x, before), (y, after) = start, end
    if before == after:
        return []
    if mixture.law.lattice and y - x == 1:
        return [_Cut(x, y, before, after)]
    low, high = _crossing(mixture, order[before], order[after], x, y)
    if low == high:
        found = mixture.densities(low)
        best = _leader(mixture, order, low, before, after)
        ahead = min(found[order[best]] - found[order[end]] for end in (before, after))
        if before < best < after and ahead > 0:
            middle = low, best
            return [
                *_between(mixture, order, start, middle),
                *_between(mixture, order, middle, end),
            ]
        return [_Cut(low, high, before, after)]
    here = low, _leader(mixture, order, low, before, after - 1)
    there = high, _leader(mixture, order, high, max(here[1], before + 1), after)
    cut = [] if here[1] == there[1] else [_Cut(low, high, here[1], there[1])]
    return [
        *_between(mixture, order, start, here),
        *cut,
        *_between(mixture, order, there, end),
    ]


def _crossing(mixture: Mixture, s: int, u: int, low: fmpq, high: fmpq) -> tuple[fmpq, fmpq]:
    """Where the rising log(g_u/g_s) changes sign: one point, or a short stretch around a jump.

    Secant steps (Illinois), every third one a bisection; neighbours for a lattice.
    """
    near = arb(2) ** (_SPARE_BITS - ctx.prec)
    lattice, width = mixture.law.lattice, (near * (high - low)).mid().fmpq()
    below, above = (_advance(mixture, s, u, x).mid() for x in (low, high))
    side = 0
    for step in range(_STEPS):
        if high - low <= (1 if lattice else width):
            break
        x = (low + high) / 2
        if lattice:
            x = fmpq(x.floor())
        elif not mixture.law.log_concave:
            x = _jump(low, high, mixture.centres[0])
        elif step % 3 and (below - above).is_finite():
            secant = (low + (high - low) * (below / (below - above))).mid().fmpq()
            x = secant if low < secant < high else x
        here = _advance(mixture, s, u, x)
        if not lattice and here.abs_upper() < near:
            return x, x
        if not lattice and here.contains(0):  # at a jump, whose two sides are looked at
            reach = min(width, high - x, x - low) / 2
            if not _advance(mixture, s, u, x + reach) > 0:
                here = arb(-1)
            elif _advance(mixture, s, u, x - reach) < 0:
                return x - reach, x + reach
        here = here.mid()
        if here > 0:
            below = below / 2 if side > 0 else below  # else one end would stay where it is
            high, above, side = x, here, 1
        else:
            above = above / 2 if side < 0 else above
            low, below, side = x, here, -1
    return low, high


def _jump(low: fmpq, high: fmpq, centre: fmpq) -> fmpq:
    """The middle, moved to a half-integer from a centre if one lies inside: there laws may jump."""
    middle = (low + high) / 2
    place = centre + (middle - centre).floor() + fmpq(1, 2)
    return place if low < place < high else middle


def _advance(mixture: Mixture, s: int, u: int, x: fmpq) -> arb:
    """log(g_u/g_s) at x; negative where perhaps neither is positive, infinite where perhaps one is."""
    found = mixture.densities(x)
    first, second = found[s], found[u]
    if first > 0 and second > 0:
        return (second / first).log()
    return arb.pos_inf() if second > 0 else arb.neg_inf()
