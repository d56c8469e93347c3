"""The search over data sets of three symbols finds what trying all of them finds."""

from __future__ import annotations

import random
from itertools import pairwise

from flint import arb, ctx, fmpq

import mipriv
from mipriv.contexts.arb import ARB
from mipriv.formulas.secrets import wrong_guess
from mipriv.loss._votes import ENUMERATED, best_split, best_triple, splits, triples


def test_triples_and_splits_are_all_of_them() -> None:
    assert list(triples(4)) == [(4, 0, 0), (3, 1, 0), (2, 2, 0), (2, 1, 1)]
    assert list(triples(0)) == [(0, 0, 0)]
    assert all(sum(votes) == 30 for votes in triples(30))
    assert len(set(triples(30))) == len(list(triples(30))) == 91
    assert list(splits(5)) == [3, 4, 5]
    assert list(splits(4)) == [2, 3, 4]


def test_the_search_finds_the_best() -> None:
    draw = random.Random(5)
    with ctx.workprec(128):
        for _ in range(60):
            n = draw.randint(4, ENUMERATED)
            epsilon = fmpq(draw.randint(1, 300), draw.choice([50, 100, 1000]))
            delta = fmpq(1, draw.randint(3, 10 ** draw.randint(1, 6)))
            count = draw.choice([3, 4, 7, 50, 1000])

            def value(votes: tuple[int, int, int], data=(epsilon, delta, count)) -> arb:  # type: ignore[no-untyped-def]  # binds the case
                return arb(wrong_guess(ARB, *data, *votes))

            best = max(value(votes).mid() for votes in triples(n))
            assert value(best_triple(n, value)).mid() == best
            two = max(value((j, n - j, 0)).mid() for j in splits(n))
            found = best_split(n, lambda j, n=n, value=value: value((j, n - j, 0)))  # type: ignore[misc]  # binds the case
            assert value((found, n - found, 0)).mid() == two


def test_more_records_never_hide_more_across_the_two_ways() -> None:
    """Up to 60 records all data sets are tried, beyond that the best that is found."""
    successes = [
        mipriv.bound(epsilon="0.02", delta="0.004", n=n, secrets=5).bayes_success
        for n in range(ENUMERATED - 3, ENUMERATED + 4)
    ]
    for less, more in pairwise(successes):
        assert less is not None
        assert more is not None
        assert less.lower <= more.upper


def test_a_data_set_of_three_symbols_can_force_more_than_two() -> None:
    """K = n = 3, e^eps = 2, delta = 1/5: 17/18 where the best line gives 19/20."""
    found = mipriv.bound(epsilon="0.69314718055994530942", delta="0.2", n=3, secrets=3)
    assert found.bayes_success is not None
    assert abs(found.bayes_success.upper - 17 / 18) < 1e-15
