"""A model that is a function of the data, given out as it is: no randomness, no claim."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb

from flint import fmpq

from mipriv.errors import require
from mipriv.guarantee import ApproxDP
from mipriv.learn.finite import FiniteLearner
from mipriv.rigor.decimals import whole
from mipriv.rigor.histograms import histograms
from mipriv.roles import Histogram, Number

MAX_DATA = 100_000  # histograms, each of which is trained on once


@dataclass(frozen=True, kw_only=True)
class PublishedModel(FiniteLearner):
    """Train on n records of a finite set and publish the model.

    The outcomes are the different models that the histograms of n records give, in the order in
    which the histograms first give them.

    Attributes:
        train: from a histogram to the model: anything hashable, equal for models that are alike.
        symbols: values of a record, >= 1.
        n: records, >= 1; at most 100,000 histograms.

    >>> majority = PublishedModel(train=lambda counts: counts[1] > counts[0], symbols=2, n=3)
    >>> majority.models, [int(p) for p in majority.probabilities((1, 2))]
    ((True, False), [1, 0])
    """

    train: Callable[[Histogram], Hashable]
    symbols: int
    n: int

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "symbols", whole(self.symbols, "symbols", at_least=1))
        put(self, "n", whole(self.n, "n", at_least=1))
        count = comb(self.n + self.symbols - 1, self.n)
        require(count <= MAX_DATA, must=f"give at most {MAX_DATA} histograms", n=self.n)

    @property
    def values(self) -> int:
        """Number of values a record may have."""
        return self.symbols

    @property
    def size(self) -> int:
        """Records of a data set."""
        return self.n

    @cached_property
    def _trained(self) -> dict[Histogram, Hashable]:
        return {counts: self.train(counts) for counts in histograms(self.n, self.symbols)}

    @cached_property
    def models(self) -> tuple[Hashable, ...]:
        """The outcomes."""
        return tuple(dict.fromkeys(self._trained.values()))

    @cached_property
    def _place(self) -> dict[Hashable, int]:
        return {model: place for place, model in enumerate(self.models)}

    def guarantee(self) -> ApproxDP:
        """(0, 1)-DP, which everything satisfies: it promises nothing."""
        return ApproxDP(epsilon=fmpq(0), delta=fmpq(1))

    def _law(self, counts: Histogram) -> Sequence[Number]:
        certain = self._place[self._trained[counts]]
        return [fmpq(int(place == certain)) for place in range(len(self.models))]
