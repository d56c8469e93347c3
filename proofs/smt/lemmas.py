"""What is known of q^j and of R_j = 1 + q + ... + q^(j-1), each by induction over j.

The sequences are given by their recursion alone: q^0 = 1, q^(j+1) = q q^j; R_0 = 0,
R_(j+1) = R_j + q^j.  A lemma is a claim about (j, q^j, R_j), for one base or for two side by side;
its proof is two questions to z3, the first term and the step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from proofs.smt.context import Reals, Size, solver


class Term(NamedTuple):
    """The j-th term of the sequences of one base."""

    base: Any
    index: Any
    power: Any
    sum: Any

    def next(self) -> Term:
        """The recursion."""
        return Term(self.base, self.index + 1, self.base * self.power, self.sum + self.power)


Claim = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Lemma:
    """`claim` holds of every term from the `first` one on, for all bases that obey `bases`."""

    name: str
    bases: Callable[..., Sequence[Any]]
    claim: Claim
    first: int = 0
    width: int = 1

    def obligations(self) -> dict[str, tuple[list[Any], Any]]:
        """The two questions: (what is given, what is to be shown)."""
        z3 = solver()
        bases = [z3.Real(f"base{i}") for i in range(self.width)]
        start = [Term(base, z3.RealVal(0), z3.RealVal(1), z3.RealVal(0)) for base in bases]
        for _ in range(self.first):
            start = [term.next() for term in start]
        index = z3.Real("index")
        some = [
            Term(base, index, z3.Real(f"power{i}"), z3.Real(f"sum{i}"))
            for i, base in enumerate(bases)
        ]
        given = list(self.bases(*bases))
        return {
            "first term": (given, self.claim(*start)),
            "step": ([*given, self.claim(*some)], self.claim(*(term.next() for term in some))),
        }

    def at(self, count: Size, *numbers: Reals) -> Any:
        """The claim at j = count, for the powers and sums that these contexts name."""
        z3 = solver()
        terms = [Term(k.root, count.real, power_of(k, count), series_of(k, count)) for k in numbers]
        return z3.And(*self.bases(*(k.root for k in numbers)), self.claim(*terms))


def power_of(k: Reals, count: Size) -> Any:
    """The named real for root^count."""
    (name,) = count.parts
    return k.power(name)


def series_of(k: Reals, count: Size) -> Any:
    """The named real for the sum of root^i over i < count."""
    (name,) = count.parts
    return solver().Real(f"{k.base}+{name}")


def _above_one(base: Any) -> list[Any]:
    return [base > 1]


def _ordered(low: Any, high: Any) -> list[Any]:
    return [low > 1, low <= high]


def _everywhere_larger(low: Term, high: Term) -> Any:
    z3 = solver()
    return z3.And(low.power > 0, low.power <= high.power, low.sum <= high.sum)


AT_LEAST_ONE = Lemma("q^j >= 1", _above_one, lambda t: t.power >= 1)

AT_LEAST_BASE = Lemma("q^j >= q from j = 1 on", _above_one, lambda t: t.power >= t.base, first=1)

BERNOULLI = Lemma(
    "q^j >= 1 + j (q-1)",
    _above_one,
    lambda t: solver().And(t.index >= 0, t.power >= 1 + t.index * (t.base - 1)),
)

GEOMETRIC = Lemma("(q-1) R_j = q^j - 1", _above_one, lambda t: (t.base - 1) * t.sum == t.power - 1)

LARGER_BASE = Lemma("q^j and R_j grow with q", _ordered, _everywhere_larger, width=2)
