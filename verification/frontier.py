"""Attack success against utility: the frontier of a defence, and two of them at matched utility.

Two settings may be mixed at random, and the free end points (no defence, a constant answer) are
anybody's.  Mixing is exact for a utility and an attack that are means over records; for others, F1
say, it is an interpolation.

No choice is made on the data that it is judged by.  The settings that a frontier uses, and their
order, are those of the lower convex envelope of the *selection* records: neighbours on it are mixed.
On the records that judge, their costs may come in another order; who has to reach a utility then
takes the mixture furthest along, which promised the least attack: joined by cost, a setting that had
been improved upon would come back where two hardly differ in cost.  Where costs are as noisy as
settings are apart, it favours who has more settings by a little (`verification.ties` measures it).
Where a panel has no such measures nothing is chosen: every setting counts, in the order of utility.
An envelope of the test measures themselves would pick what noise has favoured, and so favour the
defence with more settings by much: see `verification.ties` again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from mipriv.errors import require
from mipriv.rigor.intervals import Interval
from verification import signflip
from verification.measures import Point

CONFIDENCE = "0.95"  # of the interval of one mean difference
GRID = 25  # utilities at which frontiers are compared: more than they have corners
BY_SELECTION, BY_NOTHING = "selection records", "nothing, every setting counts"
Place = tuple[float, float]
Points = Mapping[int, Sequence[Point]]


@dataclass(frozen=True, slots=True)
class Frontier:
    """Attack success at a cost, in one replicate.

    Attributes:
        places: (cost, attack) of the settings used, in the order in which neighbours are mixed.
            Costs need not rise along it; each place promised less attack than the one before.
        last: the largest cost of any setting.  What a user bears of cost beyond the last place is
            not needed there.
    """

    places: tuple[Place, ...]
    last: float

    @property
    def first(self) -> float:
        """The least cost there is."""
        return min(cost for cost, _ in self.places)

    def at(self, cost: float) -> float:
        """Attack success of the last mixture of neighbours that costs no more than this.

        Args:
            cost: at least `first`.
        """
        right = len(self.places)
        while right and self.places[right - 1][0] > cost:
            right -= 1
        require(right > 0, must=f"be at least {self.first}", cost=cost)
        low, attack = self.places[right - 1]
        if right == len(self.places):
            return attack
        high, other = self.places[right]
        share = (cost - low) / (high - low)
        return (1 - share) * attack + share * other


def frontier(own: Sequence[Point], free: Sequence[Point] = (), *, by: str) -> Frontier:
    """A defence's frontier in one replicate.

    Args:
        own: its settings; none for what mixing the end points alone gives.
        free: the end points.  Where nothing is chosen they go on where the own settings end.
        by: by what the settings are chosen, BY_SELECTION or BY_NOTHING.

    Raises:
        ParameterError: there are no points, or some lack the measures that are to choose.
    """
    every = [*own, *free]
    require(bool(every), must="hold at least one", points=len(every))
    if by == BY_SELECTION:
        chosen = envelope([_selected(one) for one in every])
        places = [(every[i].cost, every[i].attack.value) for i in chosen]
    else:
        costs = [one.cost for one in own]
        outside = [one for one in free if not costs or not min(costs) <= one.cost <= max(costs)]
        at: dict[float, list[float]] = {}
        for one in (*own, *outside):
            at.setdefault(one.cost, []).append(one.attack.value)
        # of several at one cost none is chosen: they count alike
        places = sorted((cost, fmean(attacks)) for cost, attacks in at.items())
    return Frontier(tuple(places), max(one.cost for one in every))


def envelope(places: Sequence[tuple[Any, Any]]) -> list[int]:
    """Positions of those on the lower envelope that is convex and falls as the cost rises.

    Args:
        places: cost and attack of each, floats or fractions.
    """
    kept: list[int] = []
    for i in sorted(range(len(places)), key=lambda i: places[i]):
        cost, attack = places[i]
        if kept and attack >= places[kept[-1]][1]:
            continue
        while len(kept) > 1:
            (c0, a0), (c1, a1) = places[kept[-2]], places[kept[-1]]
            if (c1 - c0) * (attack - a0) > (a1 - a0) * (cost - c0):
                break
            kept.pop()
        kept.append(i)
    return kept


def _selected(point: Point) -> Place:
    found = point.selected
    rule = "be measured where it chooses"
    require(found is not None, must=rule, selection=f"{point.defence} {point.setting}")
    return found or (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two defences at matched utility.

    Attributes:
        replicates: number of pairs.
        grid: costs at which they are compared, rising, mean over the replicates; empty if in some
            replicate they share none.
        differences: of each replicate: attack on the first less attack on the second, mean over
            the grid.
        profile: at each cost: the same, mean over the replicates.
        by: by what the settings were chosen.
    """

    replicates: int
    grid: tuple[float, ...]
    differences: tuple[float, ...]
    profile: tuple[float, ...]
    by: str

    @property
    def mean(self) -> float | None:
        """Mean difference; None if nothing could be compared."""
        return fmean(self.differences) if self.differences else None

    @property
    def p_value(self) -> float | None:
        """Of the sign-flip test, two-sided; None if nothing could be compared."""
        return signflip.p_value(self.differences) if self.differences else None

    @property
    def interval(self) -> Interval | None:
        """Of the centre of the differences; None if there are too few replicates for one."""
        if not self.differences:
            return None
        return signflip.interval(self.differences, confidence=CONFIDENCE)

    @property
    def below(self) -> float | None:
        """Share of the grid at which the first defence's mean attack is the lower."""
        return fmean(one < 0 for one in self.profile) if self.profile else None


def compare(pairs: Sequence[tuple[Frontier, Frontier]], *, by: str) -> Comparison:
    """Compare two defences' frontiers, a pair for each replicate.

    In each replicate the grid runs evenly from the least cost that both reach there to the greatest:
    what is hard in one replicate and easy in another is compared where it is.
    """
    ends = [(max(a.first, b.first), min(a.last, b.last)) for a, b in pairs]
    if any(low > high for low, high in ends):
        return Comparison(replicates=len(pairs), grid=(), differences=(), profile=(), by=by)
    steps = [step / (GRID - 1) for step in range(GRID)]
    # the last place is the end itself, which roundings of a sum might miss
    grids = [[low + (high - low) * step for step in steps[:-1]] + [high] for low, high in ends]
    gaps = [
        [a.at(cost) - b.at(cost) for cost in grid]
        for (a, b), grid in zip(pairs, grids, strict=True)
    ]
    return Comparison(
        replicates=len(pairs),
        grid=tuple(map(fmean, zip(*grids, strict=True))),
        differences=tuple(map(fmean, gaps)),
        profile=tuple(map(fmean, zip(*gaps, strict=True))),
        by=by,
    )


def paired(first: Points, second: Points, free: Points) -> Comparison | None:
    """Compare two defences from their points by replicate; None if no replicate has all of them.

    A replicate counts where both have every setting, and there is every end point, that they have
    anywhere.

    Args:
        first, second: settings of the defences; empty for mixing the end points alone.
        free: the end points.
    """
    sides = (first, second, free)
    wanted = [_settings(one for points in side.values() for one in points) for side in sides]
    whole = [
        replicate
        for replicate in sorted({one for side in sides for one in side})
        if [_settings(side.get(replicate, ())) for side in sides] == wanted
    ]
    if not whole or not (wanted[0] or wanted[2]) or not (wanted[1] or wanted[2]):
        return None
    used = [one for replicate in whole for side in sides for one in side.get(replicate, ())]
    by = BY_SELECTION if all(one.selection is not None for one in used) else BY_NOTHING
    pairs = []
    for replicate in whole:
        ends = free.get(replicate, ())
        a, b = (frontier(side.get(replicate, ()), ends, by=by) for side in (first, second))
        pairs.append((a, b))
    return compare(pairs, by=by)


def _settings(points: Iterable[Point]) -> set[tuple[str, str]]:
    return {(one.defence, one.setting) for one in points}
