"""Renyi differential privacy at finitely many orders, and the loss it allows a group of records."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flint import arb, ctx, fmpq

from mipriv.accounting._renyi_events import Order, chain, single_step
from mipriv.errors import require
from mipriv.game import Adjacency, adjacency
from mipriv.guarantee import TradeOffCurve
from mipriv.rigor.decimals import exact, nonnegative, whole

MOST_ORDERS = 1_000
MOST_STEPS = 2_000  # links of one chain
_PARTS = (1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 256, 512, 1024, 2000)  # links tried for one group
_SMALL = (1, 16, 128)
_HOLDER_RECORDS = 512  # of one link bounded by a sum of as many Renyi divergences
_MOST_CONSTRAINTS = 128  # of one link; the others would bind a little more
_MOST_SUMS = 32
_GUARD_BITS = 128
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenyiDP:
    """Renyi divergence of order alpha_i at most epsilon_i, for every i and ordered neighbour pair.

    Attributes:
        orders: at least one pair (alpha, epsilon), alpha > 1, epsilon >= 0, both finite; redundant
            ones are harmless.  Kept by rising alpha.
        adjacency: which pairs are neighbours; accountants usually report add-remove.

    Source: Mironov 2017.

    >>> RenyiDP(orders=((2, "0.5"),)).orders
    ((2, 1/2),)
    """

    orders: tuple[tuple[fmpq, fmpq], ...]
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        orders = sorted(_order(alpha, epsilon) for alpha, epsilon in _pairs(self.orders))
        require(len(orders) > 0, must="have at least one (alpha, epsilon)", orders="")
        require(
            len(orders) <= MOST_ORDERS, must=f"be at most {MOST_ORDERS} pairs", orders=len(orders)
        )
        object.__setattr__(self, "orders", tuple(orders))
        object.__setattr__(self, "adjacency", adjacency(self.adjacency))


def renyi_loss(claim: RenyiDP, *, k: object) -> arb:
    """Upper bound on the loss when k records are replaced, from every order at once.

    One link: the two probabilities a, b of an event satisfy D_alpha(a||b) <= epsilon and
    D_alpha(b||a) <= epsilon at all orders; those (a, b) form a convex set that is symmetric in a, b
    and in 1-a, 1-b, so the largest gap along j links starts in the middle (Theorem 5).  A link may
    span m records: D_a(P_0||P_m) <= sum over i of epsilon(a_i)/prod over l > i of (1 - 1/a_l), with
    1 - 1/a = prod over all l of (1 - 1/a_l).  The least bound over several m is returned.

    Args:
        claim: orders and bounds.
        k: records replaced, >= 0; each is two neighbour steps under add-remove.

    Returns:
        A point, in [0, 1] and not below the loss; 1 where nothing is known.

    Raises:
        ParameterError: k is no whole number >= 0.

    Numerics: which orders and which m are used is a choice, each gives a valid bound.  The map of a
    link is monotone; every value of it is moved outward to a point where Arb certifies that an
    order is violated.  A chain has at most 2,000 links; losses of several chains add up.
    Source: data processing and convexity, van Erven, Harremoes 2014; the sum is Hoelder's inequality
    (Mironov 2017, for two links).

    >>> gauss = RenyiDP(orders=tuple((a, a) for a in range(2, 30)))  # mu = sqrt 2
    >>> bound = renyi_loss(gauss, k=2)
    >>> bool(arb(1).erf() <= bound <= 0.95)
    True
    """
    steps = claim.adjacency.edits(whole(k, "k", at_least=0))
    orders = _tidy(claim.orders)
    least = orders[0][1]
    if steps == 0 or least == 0:  # D_alpha = 0 says that the two laws are equal
        return arb(0)
    with ctx.workprec(_bits(least)):
        best = arb(1)
        for size in _sizes(steps):
            best = best.min(_bound(orders, steps, size))
        return best.upper()


def renyi_curve(claim: RenyiDP, *, epsilons: Iterable[object]) -> TradeOffCurve:
    """Rows (epsilon, delta) that the orders imply, in both directions; delta rounded up.

    delta = min over orders of e^((a-1)(eps_a - epsilon)) (1 - 1/a)^a/(a - 1).  A claim that every
    question can be asked of; `renyi_loss` uses the orders themselves and is usually tighter.

    Args:
        claim: orders and bounds.
        epsilons: nats, each finite and >= 0.

    Returns:
        TradeOffCurve with the claim's adjacency.

    Raises:
        ParameterError: no epsilons, or one outside its range.

    Source: Canonne, Kamath, Steinke 2020.

    >>> curve = renyi_curve(RenyiDP(orders=((2, 0),)), epsilons=[0])  # delta = 1/4, rounded up
    >>> bool(fmpq(1, 4) <= curve.rows[0][1] < fmpq(1, 4) + fmpq(1, 2**48))
    True
    """
    orders = _tidy(claim.orders)
    rows = []
    for value in epsilons:
        epsilon = nonnegative(value, "epsilons")
        delta = arb(1)
        for alpha, bound in orders:
            less = alpha - 1
            power = less * arb(bound - epsilon) + alpha * arb(less / alpha).log()
            delta = delta.min((power.exp() / less).upper())
        rows.append((epsilon, delta.upper().fmpq()))
    require(len(rows) > 0, must="have at least one value", epsilons="")
    return TradeOffCurve(rows=tuple(rows), adjacency=claim.adjacency)


def _pairs(orders: Any) -> Iterable[tuple[Any, Any]]:
    for pair in orders:
        require(len(pair) == 2, must="be a pair (alpha, epsilon)", orders=pair)
        yield pair[0], pair[1]


def _order(alpha: object, epsilon: object) -> tuple[fmpq, fmpq]:
    order = exact(alpha, "alpha")
    require(order > 1, must="be finite and > 1", alpha=alpha)
    return order, nonnegative(epsilon, "epsilon")


def _tidy(orders: Sequence[tuple[fmpq, fmpq]]) -> list[tuple[fmpq, fmpq]]:
    """Each order once, with the least bound at it or above: the divergence rises with the order."""
    kept: list[tuple[fmpq, fmpq]] = []
    for alpha, epsilon in reversed(orders):
        least = min(epsilon, kept[-1][1]) if kept else epsilon
        if kept and kept[-1][0] == alpha:
            kept.pop()
        kept.append((alpha, least))
    return kept[::-1]


def _bits(least: fmpq) -> int:
    """Precision that outlasts the cancellation of a link: a step is about sqrt(epsilon) long."""
    small = least.q.bit_length() - least.p.bit_length()
    return _GUARD_BITS + max(int(small), 0)


def _sizes(steps: int) -> list[int]:
    """Records to a link: what cuts the group into a few equal links, and a few small numbers."""
    return sorted({-(-steps // part) for part in _PARTS} | {s for s in _SMALL if s < steps})


def _bound(orders: Sequence[tuple[fmpq, fmpq]], steps: int, size: int) -> arb:
    """Upper bound on the loss of `steps` neighbours by links of at most `size` of them."""
    group = _group(orders, size)
    links = -(-steps // size)
    if links == 1:
        return single_step(group)
    pieces = -(-links // MOST_STEPS)
    loss = (pieces * chain(group, min(links, MOST_STEPS))).upper()
    return loss.min((links * single_step(group)).upper())


def _group(orders: Sequence[tuple[fmpq, fmpq]], size: int) -> list[Order]:
    """What holds of a pair `size` neighbour steps apart, by Hoelder's inequality.

    One order a throughout: 1 - 1/order = y = (1 - 1/a)^size, the bound epsilon(a) (a-1) (1-y)/y.
    Orders s - size + i, i = 1..size: order s/size, the bound the sum of s/(s - size + i)
    epsilon(s - size + i), which is what Gaussian noise has.
    """
    found = []
    for alpha, epsilon in _thin(orders, _MOST_CONSTRAINTS):
        y = (size * arb((alpha - 1) / alpha).log()).exp()
        found.append(Order.of(y / (1 - y), arb(epsilon * (alpha - 1))))
    if 1 < size <= _HOLDER_RECORDS:
        curve = _Curve(orders)
        tops = [alpha for alpha, _ in orders if alpha > size]
        for top in _thin(tops, _MOST_SUMS):
            first = top - size
            total = sum(
                (top * curve.at(first + i) / (first + i) for i in range(1, size + 1)), arb(0)
            )
            found.append(Order.of(arb(first) / size, total * first / size))
    return [order for order in found if order is not None]


def _thin(items: Sequence[T], most: int) -> Sequence[T]:
    """At most `most` of the items, evenly spread, the last one among them."""
    stride = -(-len(items) // most) or 1
    return items[::-1][::stride][::-1]


class _Curve:
    """Upper bounds between the orders: (a-1) D_a is convex in a, and D_a rises."""

    def __init__(self, orders: Sequence[tuple[fmpq, fmpq]]) -> None:
        self.alphas = [alpha for alpha, _ in orders]
        self.epsilons = [epsilon for _, epsilon in orders]

    def at(self, alpha: fmpq) -> arb:
        """Bound at an order between 1 and the largest one."""
        i = bisect_left(self.alphas, alpha)
        if i == 0 or self.alphas[i] == alpha:
            return arb(self.epsilons[i])
        left, right = self.alphas[i - 1], self.alphas[i]
        before, after = self.epsilons[i - 1] * (left - 1), self.epsilons[i] * (right - 1)
        chord = before + (after - before) * (alpha - left) / (right - left)
        return arb(min(chord / (alpha - 1), self.epsilons[i]))
