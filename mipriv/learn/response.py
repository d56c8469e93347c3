"""Randomised response: every record answers for itself, with noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from mipriv.accounting import mechanisms
from mipriv.errors import require
from mipriv.guarantee import ApproxDP
from mipriv.learn.drawing import draw_exactly
from mipriv.learn.finite import FiniteLearner
from mipriv.learn.records import histogram
from mipriv.rigor.decimals import whole
from mipriv.rigor.histograms import histograms
from mipriv.roles import Histogram, Number

MAX_OUTCOMES = 20_000  # histograms of n answers


@dataclass(frozen=True, kw_only=True)
class RandomisedResponse(FiniteLearner):
    """All n records, each replaced by itself with odds e^epsilon to each of the other symbols.

    The outcomes are the histograms of the n answers, in lexicographic order (`outcomes`): whoever
    does not know which record is whose learns no more from the answers themselves.

    Privacy: one answer depends on one record, and the masses of an answer under two records have
    ratio at most e^epsilon.

    Attributes:
        epsilon: nats, finite, >= 0.
        symbols: K >= 2, values of a record and of an answer.
        n: records, >= 1; as many as give at most 20,000 histograms.

    Source: Warner 1965; Kairouz, Oh, Viswanath 2016 (K symbols).

    >>> learner = RandomisedResponse(epsilon=1, n=1)
    >>> learner.outcomes, learner.probabilities((0, 1))[0].overlaps(arb(1).exp() / (1 + arb(1).exp()))
    (((0, 1), (1, 0)), True)
    """

    epsilon: fmpq
    symbols: int = 2
    n: int

    def __post_init__(self) -> None:
        put = object.__setattr__
        inner = mechanisms.RandomisedResponse(epsilon=self.epsilon, symbols=self.symbols)
        put(self, "epsilon", inner.epsilon)
        put(self, "symbols", inner.symbols)
        put(self, "n", whole(self.n, "n", at_least=1))
        outcomes = 1
        for symbol in range(1, self.symbols):
            outcomes = outcomes * (self.n + symbol) // symbol
        must = f"give at most {MAX_OUTCOMES} histograms of {self.symbols} symbols"
        require(outcomes <= MAX_OUTCOMES, must=must, n=self.n)

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return self.symbols

    @property
    def size(self) -> int:
        """Records of a data set."""
        return self.n

    @cached_property
    def outcomes(self) -> tuple[Histogram, ...]:
        """The histogram of answers that each outcome stands for."""
        return tuple(histograms(self.n, self.symbols))

    @property
    def mechanism(self) -> mechanisms.RandomisedResponse:
        """The same with its exact loss for any number of changed records."""
        return mechanisms.RandomisedResponse(epsilon=self.epsilon, symbols=self.symbols)

    def guarantee(self) -> ApproxDP:
        """(epsilon, 0)-DP."""
        return ApproxDP(epsilon=self.epsilon)

    def answer(self, value: int) -> list[Number]:
        """Masses of the answers of one record of this value, at the current precision."""
        odds = arb(self.epsilon).exp() if self.epsilon else fmpq(1)
        total = odds + (self.symbols - 1)
        return [(odds if symbol == value else fmpq(1)) / total for symbol in range(self.symbols)]

    def _law(self, counts: Histogram) -> Sequence[Number]:
        law: dict[Histogram, Number] = {(0,) * self.symbols: fmpq(1)}
        for value, count in enumerate(counts):
            masses = self.answer(value)
            for _ in range(count):
                law = _one_more(law, masses)
        return [law[outcome] for outcome in self.outcomes]

    def release(self, records: Iterable[int]) -> NDArray[np.int64]:
        """The n answers in the order of the records, each drawn exactly from its law.

        Args:
            records: n values 0..symbols-1; any other is refused.

        Returns:
            Shape (n,); `outcomes` holds their histogram.
        """
        given = list(records)
        histogram(given, values=self.symbols, n=self.n)
        laws = [lambda value=value: self.answer(value) for value in range(self.symbols)]
        return np.array([draw_exactly(laws[int(value)]) for value in given], dtype=np.int64)


def _one_more(law: dict[Histogram, Number], masses: Sequence[Number]) -> dict[Histogram, Number]:
    """Law of the histogram with one more answer."""
    found: dict[Histogram, Number] = {}
    for answers, weight in law.items():
        for symbol, mass in enumerate(masses):
            key = (*answers[:symbol], answers[symbol] + 1, *answers[symbol + 1 :])
            term = weight * mass
            found[key] = found[key] + term if key in found else term
    return found
