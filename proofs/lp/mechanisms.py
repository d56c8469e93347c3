"""Data sets, who is whose neighbour, and the rows of (eps, delta)-DP.

Nothing is assumed of a learner but its definition: for all neighbours D, D' and every event S of
its answers, Pr[A(D) in S] <= E Pr[A(D') in S] + delta, E = e^eps.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, combinations, product

from flint import fmpq

from mipriv.loss.optimal import histograms
from proofs.datasets import one_more, replaced
from proofs.exact.definitions import Claim
from proofs.lp.program import Draft, collect

Data = tuple[int, ...]
Naming = Callable[[Data, int], Hashable]  # the unknown Pr[A(D) = o]


def words(n: int, symbols: int) -> list[Data]:
    """All data sets of n records in order."""
    return list(product(range(symbols), repeat=n))


def replaced_letter(word: Data, symbols: int) -> Iterator[Data]:
    """Every word that differs in one record."""
    for place, old in enumerate(word):
        for new in range(symbols):
            if new != old:
                yield (*word[:place], new, *word[place + 1 :])


def word_pairs(n: int, symbols: int) -> list[tuple[Data, Data]]:
    """Ordered neighbours among the words; replace-one."""
    return [(w, other) for w in words(n, symbols) for other in replaced_letter(w, symbols)]


def histogram_pairs(n: int, symbols: int) -> list[tuple[Data, Data]]:
    """Ordered neighbours among the histograms; replace-one."""
    return [(h, other) for h in histograms(n, symbols) for other in replaced(h)]


def multiset_pairs(most: int, symbols: int) -> list[tuple[Data, Data]]:
    """Ordered neighbours among the multisets of at most so many records; add-remove."""
    small = chain.from_iterable(histograms(size, symbols) for size in range(most))
    return [pair for h in small for more in one_more(h) for pair in ((h, more), (more, h))]


def event_rows(draft: Draft, claim: Claim, pairs: Iterable[tuple[Hashable, Hashable]]) -> None:
    """Rows of one event: the unknown is Pr[event | D], named by D; the complement counts too."""
    growth, delta = claim
    for one, other in pairs:
        draft.at_most({one: 1}, 1)
        draft.at_most({one: 1, other: -growth}, delta)
        draft.at_most({one: -1, other: growth}, delta + growth - 1)


def learner_rows(
    draft: Draft,
    claim: Claim,
    pairs: Iterable[tuple[Data, Data]],
    answers: int,
    name: Naming = lambda data, answer: (data, answer),
) -> None:
    """Rows of a learner: Pr[A(D) = o] sum to 1, and every event of the answers is private."""
    growth, delta = claim
    for one, other in pairs:
        for data in (one, other):
            draft.equal(collect(*((name(data, o), 1) for o in range(answers))), 1)
        for event in events(answers, claim):
            near = [(name(one, o), fmpq(1)) for o in event]
            far = [(name(other, o), -growth) for o in event]
            draft.at_most(collect(*near, *far), delta)


def events(answers: int, claim: Claim) -> Iterator[tuple[int, ...]]:
    """All events but the empty and the sure one; at delta = 0 single answers imply the rest."""
    largest = 1 if claim[1] == 0 else answers - 1
    for size in range(1, largest + 1):
        yield from combinations(range(answers), size)


def orbit(data: Data, answer: int) -> Hashable:
    """Name of Pr[A(D) = o] for a learner that treats all symbols alike.

    D is a histogram over the symbols, and the answers are symbols.  Renaming symbols and answers
    together turns a private learner into a private learner of the same mean success, and so does
    the mean over all renamings, whose probabilities depend on the count of o and the counts of the
    others in any order.  So no success is lost by giving these one unknown.
    """
    others = sorted(count for symbol, count in enumerate(data) if symbol != answer)
    return data[answer], tuple(others)
