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
        """The symbol."""
        return solver().Real("delta")

    @property
    def known(self) -> list[Any]:
        """What holds of E, delta and K."""
        growth = self.k.q > 1 if self.epsilon else self.k.q == 1
        many = [] if isinstance(self.count, int) else [self.count >= 4]
        return [growth, self.delta >= 0, *many]

    @property
    def growth(self) -> Any:
        """E."""
        return self.k.exp(self.epsilon)

    @property
    def numbers(self) -> tuple[Any, Any, Any]:
        """E, delta and K."""
        return self.growth, self.delta, self.count

    def leads(self, leader: Counts) -> list[Any]:
        """x(T) is the largest for this T."""
        most = forced(*self.numbers, leader)
        others = (votes for votes in triples(self.n) if votes != leader)
        return [most >= forced(*self.numbers, votes) for votes in others]

    def rule(self, leader: Counts) -> list[Any]:
        """The mechanism of this T is to be used."""
        top, bottom = saturation(self.growth, self.count, self.n)
        return [*self.known, self.delta * bottom <= top, *self.leads(leader)]

    def line(self, j: int, floor: Any) -> Any:
        """The code's bound on the chance of a wrong guess."""
        return secrets_sharper(self.k, self.epsilon, self.delta, self.n, self.count, j, floor)


def settings(n: int) -> Iterator[Setting]:
    """All that are told apart."""
    k = Symbolic()
    for epsilon in (k.epsilon, 0):
        for count in (3, solver().Real("K")):
            yield Setting(k, epsilon, count, n)


@dataclass(frozen=True, slots=True)
class Step:
    """Pr - E Pr' for a data set and a neighbour.

    Attributes:
        before: row of the data set.
        after: row of the neighbour.
        lost: of the symbol that loses a vote.
        unvoted: of one symbol without votes in both; None if its two chances are the same term.
        spare: how many of those there are.
        others: of the symbols left, by their votes before and after, unless the chances are the same.
    """

    before: Counts
    after: Counts
    lost: Any
    unvoted: Any
    spare: Any
    others: dict[tuple[int, int], Any]

    @property
    def together(self) -> Any:
        """Of the event of the loser and all symbols without votes."""
        return self.lost if self.unvoted is None else self.lost + self.spare * self.unvoted


def steps(setting: Setting, table: Table) -> Iterator[Step]:
    """All pairs of neighbours, once for each kind."""
    for move in moves(setting, table):
        before, after = (order(votes) for votes in zip(*move, strict=True))
        rises = {
            (old, new): table[before][old] - setting.growth * table[after][new]
            for old, new in (*move, (0, 0))
            if not table[before][old].eq(table[after][new])
        }
        (loser,) = ((old, new) for old, new in move if old > new)
        lost, unvoted = rises.pop(loser), rises.pop((0, 0), None)
        yield Step(before, after, lost, unvoted, setting.count - len(move), rises)


def moves(setting: Setting, table: Table) -> list[tuple[tuple[int, int], ...]]:
    """Votes before and after of the symbols that have any."""
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


def order(votes: Counts) -> Counts:
    """The row of a table for these votes."""
    return tuple(sorted((held for held in votes if held), reverse=True))


def law(setting: Setting, table: Table) -> Iterator[tuple[str, Any]]:
    """Chances are not negative and add up to 1 on each row."""
    for row, chances in table.items():
        rest = (setting.count - len(row)) * chances[0]
        yield f"{row} adds up", sum((chances[held] for held in row), start=rest) == 1
        for held, chance in chances.items():
            yield f"{row}: {held} votes", chance >= 0


def private(setting: Setting, leader: Counts, table: Table) -> Iterator[tuple[str, Any]]:
    """With `law` and `events`: Pr - E Pr' is at most delta, for all events and neighbours."""
    for step in steps(setting, table):
        where = f"{step.before} to {step.after}"
        yield f"{where}: the loser", step.lost <= setting.delta
        if (leader, step.before, step.after) in RISING:
            yield f"{where}: no votes", step.spare * step.unvoted <= setting.delta
            yield f"{where}: no votes and the loser", step.together <= setting.delta
        elif step.unvoted is not None:
            yield f"{where}: no votes", step.unvoted <= 0
        for (old, new), rise in step.others.items():
            yield f"{where}: from {old} to {new} votes", rise <= 0


def some_events(setting: Setting, table: Table, allowed: Any) -> Any:
    """Two events of each pair of neighbours have Pr - E Pr' <= `allowed`."""
    each = [(step.lost, step.together) for step in steps(setting, table)]
    return solver().And(*(event <= allowed for both in each for event in both))


def events(proof: Proof) -> None:
    """What `private` lists is enough: any event has a share of the unvoted, and some who fall."""
    z3 = solver()
    growth, delta, chance, lost, unvoted, share, fall = z3.Reals(
        "q delta p lost unvoted share fall"
    )
    proof.show("the same chance", [growth >= 1, chance >= 0], chance - growth * chance <= 0)
    ends = [delta >= 0, lost <= delta, lost + unvoted <= delta, unvoted <= delta]
    part = [share >= 0, share <= 1, fall <= 0]
    for name, first in (("with the loser", lost), ("without", 0)):
        proof.show(f"events {name}", [*ends, *part], first + share * unvoted + fall <= delta)
    proof.refute("events, one left out", [*ends[:2], *part], lost + share * unvoted + fall <= delta)


def floors(proof: Proof, setting: Setting) -> None:
    """x(T) is the code's `wrong_guess`, and delta = 0 is no exception there."""
    k, epsilon, delta, count = setting.k, setting.epsilon, setting.delta, setting.count
    none, floor = [*setting.known, delta == 0], solver().Real("floor")
    for votes in triples(setting.n):
        value, own = wrong_guess(k, epsilon, delta, count, *votes), forced(*setting.numbers, votes)
        proof.show(f"x{votes}", setting.known, value == own)
        proof.show(f"x{votes}, pure", none, wrong_guess(k, epsilon, 0, count, *votes) == value)
        more = wrong_guess(k, epsilon, delta, count + 1, *votes)
        proof.refute(f"x{votes} of K + 1", setting.known, more >= own)
    for j in splits(setting.n):
        pure = secrets_sharper(k, epsilon, 0, setting.n, count, j, floor)
        proof.show(f"line {j}, pure", none, pure == setting.line(j, floor))


def bound(proof: Proof, setting: Setting, leader: Counts, missed: Any) -> None:
    """What the mechanism misses is the largest of the code's lines."""
    z3, given, floor = solver(), setting.rule(leader), forced(*setting.numbers, leader)
    lines = splits(setting.n)
    best = max(leader[0], lines[0])
    for j in lines:
        proof.show(f"{leader} leads, line {j}", given, setting.line(j, floor) <= missed)
    proof.show(f"{leader} leads, best line", given, setting.line(best, floor) == missed)
    proof.refute(f"{leader} leads, strict", given, setting.line(best, floor) < missed)
    if leader[2] and setting.epsilon:
        names = (setting.k, setting.epsilon, setting.delta, setting.n, setting.count)
        pairs = z3.Or(*(missed <= secrets_complement(*names, j) for j in lines))
        proof.refute(f"{leader} leads, two symbols alone", given, pairs)


def saturated(proof: Proof, setting: Setting, found: dict[Counts, Table]) -> None:
    """At saturation the last mechanism rules and misses nothing; from there on the bound is 0."""
    z3 = solver()
    top, bottom = saturation(setting.growth, setting.count, setting.n)
    share, last = setting.delta * bottom, list(found)[-1]
    there, beyond = [*setting.known, share == top], [*setting.known, share >= top]
    proof.show("leads at saturation", there, z3.And(*setting.leads(last), True))
    proof.show("nothing missed", there, found[last][(setting.n,)][setting.n] == 1)

    def nothing(leader: Counts, j: int) -> Any:
        floor = forced(*setting.numbers, leader)
        return z3.Or(*map(z3.Not, setting.leads(leader)), setting.line(j, floor) <= 0)

    for leader in found:
        for j in splits(setting.n):
            proof.show(f"line {j} beyond, {leader} leads", beyond, nothing(leader, j))
    before = [*setting.known, 10 * share >= 9 * top]
    proof.refute("a tenth before", before, nothing(last, splits(setting.n)[0]))


def attained(*sizes: int) -> str:
    """Each mechanism is a law, is private and misses what the bound says, where its T leads."""
    proof = Proof()
    events(proof)
    for setting in (setting for n in sizes for setting in settings(n)):
        found = mechanisms(*setting.numbers, setting.n)
        floors(proof, setting)
        saturated(proof, setting, found)
        for leader, table in found.items():
            given = setting.rule(leader)
            for name, claim in (*law(setting, table), *private(setting, leader, table)):
                proof.show(f"{leader} leads, {name}", given, claim)
            bound(proof, setting, leader, 1 - table[(setting.n,)][setting.n])
            less = some_events(setting, table, setting.delta * 9 / 10)
            proof.refute(f"{leader} leads, less delta", given, less)
            wrong = some_events(setting, table, setting.delta)
            for other in found if setting.epsilon else ():  # at E = 1 all mechanisms are the same
                if other != leader:
                    proof.refute(f"{other} leads, not {leader}", setting.rule(other), wrong)
    return proof.report()


CHECKS: tuple[Check, ...] = (
    Check(
        "smt.secrets-two-records",
        "At n <= 2 the sharper bound for K secrets is attained, for every eps, delta and K >= 3",
        partial(attained, 1, 2),
    ),
    Check(
        "smt.secrets-three-records",
        "At n = 3 the sharper bound for K secrets is attained, for every eps, delta and K >= 3",
        partial(attained, 3),
    ),
)
