"""Single certified answers: what certainty costs over a bare evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from typing import Any

from flint import arb, ctx, fmpq

import mipriv
from mipriv.calculator.target import Target
from mipriv.game import PopulationGame
from mipriv.guarantee import ApproxDP, Loss
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.enclosure import Number, bits_for
from verification.bench.result import listed
from verification.bench.timing import ratio

_DIGITS = 50
_CALLS = 20  # per measurement: far above the clock's grain, below a time slice of the scheduler

Question = Callable[[], mipriv.Inverse]


def certified(epsilon: str, delta: str, n: int) -> Loss:
    """The library's worst case from text to two certified decimals of value and complement."""
    claim = ApproxDP(epsilon=epsilon, delta=delta)  # type: ignore[arg-type]  # text is read there
    return worst_case(claim, PopulationGame(n=n), digits=_DIGITS)


def bare(epsilon: str, delta: str, n: int) -> tuple[str, str]:
    """The same two numbers as one would write them by hand for even n, in five lines of Arb.

    The text is parsed straight into balls, each exponential is taken once, value and complement are
    printed to 50 digits by Arb's own decimal conversion.  No input is checked, saturation is not
    decided, eps = 0, odd n and a loss of accuracy are not handled, the decimals are not rounded
    outward.
    """
    with ctx.workprec(bits_for(_DIGITS)):
        eps, slack, steps = arb(epsilon), arb(delta), n // 2
        shrink, d = (-eps).exp(), -(-eps).expm1()
        kept, growth = (-steps * eps).exp(), -(-steps * eps).expm1() / d
        value = (d + 2 * slack * shrink) * growth
        room = kept - 2 * slack * shrink * growth
        return value.str(_DIGITS), room.str(_DIGITS)


def fifty_digits(repeat: int) -> float:
    """`worst_case` at 50 digits over the bare Arb expression, both from text to decimals."""
    inputs = ("0.1", "0.01", 10)
    return ratio(lambda: certified(*inputs), lambda: bare(*inputs), repeat=repeat, calls=_CALLS)


def cost_in_n(repeat: int) -> float:
    """`mipriv.bound` at n = 10^18 over n = 10, at the same n epsilon = 1 and n delta = 0.001."""
    large = partial(mipriv.bound, epsilon="1e-18", delta="1e-21", n=10**18)
    small = partial(mipriv.bound, epsilon="0.1", delta="1e-4", n=10)
    return ratio(large, small, repeat=repeat, calls=_CALLS)


@contextmanager
def counted_evaluations() -> Iterator[list[int]]:
    """Count the evaluations of the loss that the inverses make; one at each precision."""
    plain, count = Target.excess, [0]

    def excess(self: Target, epsilon: fmpq, delta: fmpq, n: int) -> Number:
        count[0] += 1
        return plain(self, epsilon, delta, n)

    Target.excess = excess  # type: ignore[method-assign]  # put back below
    try:
        yield count
    finally:
        Target.excess = plain  # type: ignore[method-assign]


def questions() -> Iterator[Question]:
    """Inverses over n, target, adjacency, tau and loss, all feasible.

    An epsilon or delta that is given is 0 or a tenth of the target's share per record.  Left out for
    their time, not their count: `size` with both tau and delta (seconds), and `delta` at epsilon = 0
    with tau beyond n = 10^4 (half a minute at 10^6, over a minute at 10^8: the root can be so close
    to a decimal that tens of thousands of bits are needed).  An infeasible question is none of
    these: its message answers two feasible ones and costs their sum.
    """
    grid = [
        (n, loss, adjacency, using, tau)
        for n in (3, 10, 101, 10**4, 10**6, 10**8)
        for loss in ("0.001", "0.1", "0.5", "0.99")
        for adjacency in ("replace", "add-remove")
        for using, tau in (("worst-case", None), ("worst-case", "0.1"), ("theorem", None))
    ]
    for n, loss, adjacency, using, tau in grid:
        share = Fraction(loss) / (10 * n)
        shared: dict[str, Any] = {"loss": loss, "adjacency": adjacency, "using": using, "tau": tau}
        for delta in (0, share):
            yield partial(mipriv.epsilon, n=n, delta=delta, **shared)
        for epsilon in (0, share) if tau is None or n <= 10**4 else (share,):
            yield partial(mipriv.delta, n=n, epsilon=epsilon, **shared)
        for delta in (0, share) if tau is None else (0,):
            yield partial(mipriv.size, epsilon=share, delta=delta, **shared)


def inverse_evaluations(repeat: int) -> float:
    """Most evaluations of the loss that one certified inverse at 17 digits takes; a count.

    The count is the same in every run, so that `repeat` changes nothing.
    """
    del repeat
    most = 0
    with counted_evaluations() as count:
        for question in questions():
            count[0] = 0
            question()
            most = max(most, count[0])
    return float(most)


BENCHMARKS = listed(
    (
        "api-50-digits",
        "<= 10",
        300,
        fifty_digits,
        "`worst_case` at 50 digits",
        "bare Arb expression",
    ),
    (
        "inverse-evaluations",
        "<= 100",
        1,
        inverse_evaluations,
        "certified inverse at 17 digits, most evaluations of any",
        "one evaluation",
    ),
    (
        "cost-in-n",
        "<= 3",
        300,
        cost_in_n,
        "`bound` at n = 10^18",
        "`bound` at n = 10, same n epsilon",
    ),
)
