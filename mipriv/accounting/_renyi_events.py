"""What Renyi divergences of both orders allow the two probabilities of one event, along a chain.

With a, b = x, x e^-u, b <= a <= 1/2, D_alpha(a||b) <= epsilon reads, beta = alpha - 1,

    x expm1(beta u) + (1-x) expm1(beta v) <= expm1(beta epsilon),  v = log((1-x)/(1-x e^-u)).

The left side is convex in u, flat at u = 0, and rises: a u with the opposite sign certified is
beyond every allowed one.  D_alpha(b||a) is smaller than D_alpha(a||b) there on every grid tried, so
it is left out; a constraint less can only raise the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import arb, ctx, fmpq

_MOST_NEWTON = 60
_MOST_HALVINGS = 120
_SETTLED = arb(2) ** -44  # relative change that ends an iteration
_MARGINS = tuple(arb(2) ** -k for k in (40, 32, 24, 16, 8, 4, 1))
_FAR = 10**12  # nats times order beyond which an order tells nothing
_LONGEST = 1_000  # nats; a longer step down leaves nothing, and its exponentials have no digits
_RESCAN = 16  # links after which the other orders are tried again


@dataclass(frozen=True, slots=True)
class Order:
    """One constraint: order minus one, and an upper bound on (order - 1) times the divergence."""

    less: arb
    target: arb  # expm1 of that product, rounded up

    @classmethod
    def of(cls, less: arb, product: arb) -> Order | None:
        """The constraint, or None where it cannot bind at any number of use."""
        if not (less > 0 and product.upper() < _FAR):
            return None
        return cls(less, product.expm1().upper())


def single_step(orders: Sequence[Order]) -> arb:
    """Upper bound on the total variation of two laws within all orders, both ways; 1 without any.

    The largest gap has a = 1 - b = 1/(1 + e^-w), and is tanh(w/2).
    """
    w = _opening(orders)
    return arb(1) if w is None else (w / 2).tanh().upper()


def chain(orders: Sequence[Order], links: int) -> arb:
    """Upper bound on the total variation along `links` >= 1 pairs that meet all orders, both ways.

    Downward from the middle of the chain: 1/2 if the number of links is even, else the lower end of
    the single link around 1/2; the other half mirrors it.
    """
    x = arb(fmpq(1, 2))
    if links % 2:
        w = _opening(orders)
        if w is None:
            return arb(1)
        x = (1 / (1 + w.exp())).lower()
    link = _Link(orders)
    for step in range(links // 2):
        rescan = step % _RESCAN == 0 or step & (step - 1) == 0
        u = link.length(x, rescan=rescan)
        if u is None:
            return arb(1)
        x = (x * (-u).exp()).lower()
        if x < arb(2) ** -ctx.prec:
            return arb(1)
    return (1 - 2 * x).upper()


class _Link:
    """The step down of one link, by the order that binds; it remembers where it was."""

    def __init__(self, orders: Sequence[Order]) -> None:
        self.orders = orders
        self.best: Order | None = None
        self.last: arb | None = None

    def length(self, x: arb, *, rescan: bool) -> arb | None:
        """A u beyond every allowed step down from the point x; None if there is none."""
        event = _Event(x)
        u = None if self.best is None else event.root(self.best, self.last)
        if rescan or u is None:
            for order in self.orders:
                # its root lies below u exactly if u violates it
                if order is not self.best and (u is None or event.excess(order, u)[0] > 0):
                    found = event.root(order, u)
                    if found is not None and (u is None or found < u):
                        u, self.best = found, order
        self.last = u
        return u


class _Event:
    """The inequality at one point x."""

    def __init__(self, x: arb) -> None:
        self.x, self.log_rest = x, (-x).log1p()

    def excess(self, order: Order, u: arb) -> tuple[arb, arb]:
        """Left side minus right side, and its derivative in u."""
        low = self.x * (-u).exp()
        v = self.log_rest - (-low).log1p()
        down, up = (order.less * u).expm1(), (order.less * v).expm1()
        value = self.x * down + (1 - self.x) * up - order.target
        slope = self.x * (down + 1) - (1 - self.x) * (up + 1) * low / (1 - low)
        return value, order.less * slope

    def root(self, order: Order, guess: arb | None) -> arb | None:
        """A point where the inequality is certainly violated, close to the first such one.

        Newton's steps on a convex function come down on the root from above after the first.
        """
        u = self._start(order) if guess is None else guess
        if not u < _LONGEST:
            return None
        for _ in range(_MOST_NEWTON):
            value, slope = self.excess(order, u)
            if not slope > 0:
                u = (2 * u).mid()
                continue
            after = (u - value / slope).mid()
            if not after > 0:
                u = (u / 2).mid()
                continue
            settled = abs(after - u) < _SETTLED * u
            u = after
            if settled:
                break
        return _beyond(lambda point: self.excess(order, point)[0], u) if u < _LONGEST else None

    def _start(self, order: Order) -> arb:
        """The less of the quadratic approximation and the root without the second event."""
        ample = ((order.target + 1) / self.x).log() / order.less
        spread = order.less * (order.less + 1) * self.x / (1 - self.x)
        return ample.min((2 * order.target / spread).sqrt()).mid()


def _beyond(excess: Callable[[arb], arb], near: arb) -> arb | None:
    """`near` moved outward until the excess is certainly positive."""
    for margin in _MARGINS:
        point = (near * (1 + margin)).mid()
        if excess(point) > 0:
            return point
    return None


def _opening(orders: Sequence[Order]) -> arb | None:
    """A w beyond every w = log(a/b), b = 1 - a, that all orders allow; None if there is none."""
    best: arb | None = None
    for order in orders:
        if best is not None and not _symmetric(order, best) > 0:
            continue
        found = _symmetric_root(order)
        if found is not None and (best is None or found < best):
            best = found
    return best


def _symmetric(order: Order, w: arb) -> arb:
    """Excess at a = 1 - b = 1/(1 + e^-w): a expm1(beta w) + b expm1(-beta w) - target; rises."""
    b = 1 / (1 + w.exp())
    scaled = order.less * w
    return (1 - b) * scaled.expm1() + b * (-scaled).expm1() - order.target


def _symmetric_root(order: Order) -> arb | None:
    """A w where the excess is certainly positive: bisection on w, from a bracket found by doubling."""
    spread = order.less * (order.less + 1)
    high = (order.target / spread).sqrt().mid()  # half the root where both are small
    low = arb(0)
    for _ in range(_MOST_NEWTON):
        if not high < _LONGEST or _symmetric(order, high) > 0:
            break
        low, high = high, 2 * high
    high = high.min(arb(_LONGEST)).mid()
    for _ in range(_MOST_HALVINGS):
        if high - low < _SETTLED * high:
            break
        middle = ((low + high) / 2).mid()
        if _symmetric(order, middle) > 0:
            high = middle
        else:
            low = middle
    return _beyond(lambda point: _symmetric(order, point), high)
