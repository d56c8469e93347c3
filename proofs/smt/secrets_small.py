"""K secrets at delta > 0 and n <= 3: the sharper bound is attained, for all E, delta and K >= 3.

The mechanisms are those of `proofs.exact.secrets_small`, with terms for numbers; K is 3 or any real
from 4 on, as only the number of symbols without votes depends on it.  Between neighbours one symbol
loses a vote.  No other symbol with votes before or after has Pr > E Pr', so that Pr - E Pr' is
largest for an event of the loser, or not, and some of the symbols without votes, which are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from mipriv.formulas.secrets import secrets_complement, secrets_sharper, wrong_guess
from mipriv.loss._votes import splits, triples
from proofs.check import Check
from proofs.datasets import Counts, replaced
from proofs.exact.secrets_small import Table, forced, mechanisms, saturation
from proofs.smt.context import Reals, solver
from proofs.smt.prover import Proof

# (leader, from, to) where a symbol without votes may have Pr > E Pr'
RISING = {((3, 0, 0), (1, 1, 1), (2, 1)), ((1, 1, 1), (2, 1), (3,))}


class Symbolic(Reals):
    """delta is a term and taken for positive; that 0 makes no difference is a step of the proof."""

    def is_zero(self, x: Any) -> bool:
        return False if solver().is_expr(x) else super().is_zero(x)


@dataclass(frozen=True, slots=True)
class Setting:
    """n records, E > 1 or E = 1, and K = 3 or K >= 4."""

    k: Symbolic
    epsilon: Any
    count: Any
    n: int

    @property
    def delta(self) -> Any:
        return solver().Real("delta")

    @property
    def known(self) -> list[Any]:
        """What holds of E, delta and K."""
        growth = self.k.q > 1 if self.epsilon else self.k.q == 1
        many = [] if isinstance(self.count, int) else [self.count >= 4]
        return [growth, self.delta >= 0, *many]

    @property
    def numbers(self) -> tuple[Any, Any, Any]:
        """E, delta and K."""
        return self.k.exp(self.epsilon), self.delta, self.count

    def leads(self, leader: Counts) -> list[Any]:
        """x(T) is the largest for this T."""
        most = forced(*self.numbers, leader)
        others = (votes for votes in triples(self.n) if votes != leader)
        return [most >= forced(*self.numbers, votes) for votes in others]

    def saturated(self) -> tuple[Any, Any, Any]:
        """delta is below, at and above that of saturation, ends included."""
        top, bottom = saturation(self.numbers[0], self.count, self.n)
        share = self.delta * bottom
        return share <= top, share == top, share >= top

    def line(self, j: int, floor: Any) -> Any:
        """The code's bound on the chance of a wrong guess."""
        return secrets_sharper(self.k, self.epsilon, self.delta, self.n, self.count, j, floor)


def settings(n: int) -> Iterator[Setting]:
    """All that are told apart."""
    k = Symbolic()
    for epsilon in (k.epsilon, 0):
        for count in (3, solver().Real("K")):
            yield Setting(k, epsilon, count, n)


def order(votes: Counts) -> Counts:
    """The row of a table for these votes."""
    return tuple(sorted((held for held in votes if held), reverse=True))


def moves(table: Table, setting: Setting) -> list[tuple[tuple[int, int], ...]]:
    """Votes before and after of the symbols that have any, once for each kind of neighbours."""
    found = []
    for row in table:
        before = row + (0,) * (setting.n + 1 - len(row))
        for after in replaced(before):
            pairs = sorted(zip(before, after, strict=True), reverse=True)
            found.append(tuple(pair for pair in pairs if any(pair)))
    kinds = list(dict.fromkeys(found))
    if isinstance(setting.count, int):
        return [move for move in kinds if len(move) <= setting.count]
    return kinds


def law(setting: Setting, table: Table) -> Iterator[tuple[str, Any]]:
    """Chances are not negative and add up to 1 on each row."""
    for row, chances in table.items():
        rest = (setting.count - len(row)) * chances[0]
        yield f"{row} adds up", sum((chances[held] for held in row), start=rest) == 1
        for held, chance in chances.items():
            yield f"{row}: {held} votes", chance >= 0


def private(setting: Setting, leader: Counts, table: Table) -> Iterator[tuple[str, Any]]:
    """No event has Pr - E Pr' above delta, for all neighbours; with `law` and `events`."""
    growth, delta, count = setting.numbers
    for move in moves(table, setting):
        before, after = order(tuple(old for old, _ in move)), order(tuple(new for _, new in move))
        where = f"{before} to {after}"
        rises = {pair: table[before][pair[0]] - growth * table[after][pair[1]] for pair in move}
        (loser,) = {pair for pair in move if pair[0] > pair[1]}
        yield f"{where}: the loser", rises.pop(loser) <= delta
