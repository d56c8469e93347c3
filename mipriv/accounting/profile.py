"""A trade-off curve from any privacy profile: rows, a function delta(epsilon), or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from flint import arb, fmpq

from mipriv.errors import ParameterError, require, shorten
from mipriv.game import Adjacency
from mipriv.guarantee import Direction, TradeOffCurve
from mipriv.rigor.decimals import exact, nonnegative, whole


def from_rows(
    rows: Iterable[tuple[Any, Any]],
    *,
    allowance: object = 0,
    direction: Direction | None = None,
    adjacency: Adjacency = Adjacency.REPLACE_ONE,
) -> TradeOffCurve:
    """Trade-off curve of rows (epsilon, delta), each delta raised by the allowance.

    Args:
        rows: pairs in nats and probability; a ball counts as its upper end.
        allowance: what every delta may be too small by, finite, >= 0; the sum is cut at 1, which
            always holds.
        direction: for which ordered pairs the rows hold; None: both, unless an epsilon is negative.
        adjacency: which pairs are neighbours.

    Returns:
        The claim; a row between two others is never guessed.

    Raises:
        ParameterError: no rows, or one outside its range.

    >>> from_rows([(0, "0.1"), (1, 0)], allowance="1e-3").rows
    ((0, 101/1000), (1, 1/1000))
    """
    extra = nonnegative(allowance, "allowance")
    raised = tuple((epsilon, _raised(delta, extra)) for epsilon, delta in rows)
    return TradeOffCurve(rows=raised, direction=direction, adjacency=adjacency)


def from_function(
    delta: Callable[[Any], Any],
    *,
    epsilons: Iterable[object],
    allowance: object = 0,
    direction: Direction | None = None,
    adjacency: Adjacency = Adjacency.REPLACE_ONE,
) -> TradeOffCurve:
    """Trade-off curve of a function delta(epsilon), sampled; valid on any grid, tighter on a finer one.

    Args:
        delta: takes each epsilon as it is given, returns an upper bound on delta: a number, text or
            a ball; a float is taken as the double it is.
        epsilons: nats; `grid` makes some.
        allowance, direction, adjacency: as for `from_rows`; for a function in floating point the
            allowance is what it may err by.

    Returns:
        The claim, one row an epsilon.

    Raises:
        ParameterError: no epsilons, or a value outside its range, NaN among them.

    >>> curve = from_function(lambda e: (-arb(e)).exp() / 4, epsilons=grid(high=2, count=3))
    >>> [epsilon for epsilon, _ in curve.rows]
    [0, 1, 2]
    """
    sampled = [(epsilon, delta(epsilon)) for epsilon in epsilons]
    return from_rows(sampled, allowance=allowance, direction=direction, adjacency=adjacency)


def grid(*, low: object = 0, high: object, count: object) -> list[fmpq]:
    """`count` evenly spaced rationals from low to high, both among them.

    Args:
        low, high: finite, low < high.
        count: >= 2.

    Returns:
        Exact epsilons for `from_function`.

    Raises:
        ParameterError: an argument outside its range.

    >>> grid(low=-1, high=1, count=5)
    [-1, -1/2, 0, 1/2, 1]
    """
    first, last = exact(low, "low"), exact(high, "high")
    number = whole(count, "count", at_least=2)
    require(first < last, must="be more than low", high=high, low=low)
    return [first + (last - first) * i / (number - 1) for i in range(number)]


def from_json(
    text: str,
    *,
    allowance: object = 0,
    direction: Direction | None = None,
    adjacency: Adjacency = Adjacency.REPLACE_ONE,
) -> TradeOffCurve:
    """Trade-off curve of a JSON text: [[epsilon, delta], ...] or {"epsilon": [...], "delta": [...]}.

    Args:
        text: JSON; a number means the decimal that is written, not the nearest double, and may be
            given as a string.  Other keys of the object are ignored.
        allowance, direction, adjacency: as for `from_rows`.

    Returns:
        The claim.

    Raises:
        ParameterError: no JSON, another shape, lists of different lengths, or a row outside its
            range.

    >>> from_json('{"epsilon": [0.1, 1], "delta": ["1e-2", 0]}').rows
    ((1/10, 1/100), (1, 0))
    """
    try:
        # numbers stay text, so that no digit is lost; Infinity and NaN fail as text does
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, ValueError) else "nested too deep"
        raise ParameterError(f"json={shorten(text)}: must be JSON ({reason})") from None
    return from_rows(
        _json_rows(found), allowance=allowance, direction=direction, adjacency=adjacency
    )


def _json_rows(found: Any) -> list[tuple[Any, Any]]:
    shape = 'be [[epsilon, delta], ...] or {"epsilon": [...], "delta": [...]}'
    if isinstance(found, dict):
        columns = found.get("epsilon"), found.get("delta")
        for name, column in zip(("epsilon", "delta"), columns, strict=True):
            require(
                isinstance(column, list), must=f"be a list: the JSON must {shape}", **{name: column}
            )
        epsilons, deltas = columns[0] or [], columns[1] or []
        require(
            len(epsilons) == len(deltas),
            must="have as many values as delta",
            epsilon=len(epsilons),
            delta=len(deltas),
        )
        return list(zip(epsilons, deltas, strict=True))
    require(isinstance(found, list), must=shape, json=found)
    for row in found:
        require(isinstance(row, list) and len(row) == 2, must="be a pair [epsilon, delta]", row=row)
    return [(row[0], row[1]) for row in found]


def _raised(delta: object, extra: fmpq) -> fmpq:
    if isinstance(delta, arb):
        require(delta.is_finite(), must="be finite", delta=delta)
        value = delta.upper().fmpq()
    else:
        value = exact(delta, "delta")
    require(value >= 0, must="be >= 0", delta=delta)
    return min(value + extra, fmpq(1)) if extra or isinstance(delta, arb) else value
