"""Histograms of n independent records on a finite set, and their exact probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import comb, lcm

from flint import fmpq


def histograms(n: int, symbols: int) -> Iterator[tuple[int, ...]]:
    """Counts of each symbol among n records, in lexicographic order."""
    if symbols == 1:
        yield (n,)
        return
    for count in range(n + 1):
        for rest in histograms(n - count, symbols - 1):
            yield (count, *rest)


def multinomial(histogram: Sequence[int], masses: Sequence[fmpq]) -> fmpq:
    """Probability of a histogram of independent records with these masses, exact."""
    total, left = fmpq(1), sum(histogram)
    for count, mass in zip(histogram, masses, strict=True):
        total *= comb(left, count) * mass**count
        left -= count
    return total


def weighted_histograms(
    n: int, laws: Sequence[Sequence[fmpq]]
) -> Iterator[tuple[tuple[int, ...], tuple[fmpq, ...]]]:
    """Histograms that some law gives, with their exact probability under every law.

    Args:
        n: records, >= 0.
        laws: masses of the same symbols, each law's summing to 1.

    Returns:
        Pairs (histogram, probabilities) in lexicographic order of the histogram; those that no law
        gives are left out.
    """
    scales = [lcm(*(int(mass.q) for mass in law)) for law in laws]
    # powers of whole numbers: no fraction is reduced before the last product
    powers = [
        [[int(mass * scale) ** count for count in range(n + 1)] for mass in law]
        for law, scale in zip(laws, scales, strict=True)
    ]
    totals = [scale**n for scale in scales]
    last = len(laws[0]) - 1

    def walk(
        symbol: int, left: int, weights: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        for count in (left,) if symbol == last else range(left + 1):
            ways = comb(left, count)
            found = tuple(
                ways * weight * powers[law][symbol][count] for law, weight in enumerate(weights)
            )
            if not any(found):
                continue
            if symbol == last:
                yield (count,), found
                continue
            for rest, product in walk(symbol + 1, left - count, found):
                yield (count, *rest), product

    for histogram, products in walk(0, n, (1,) * len(laws)):
        yield (
            histogram,
            tuple(fmpq(top, bottom) for top, bottom in zip(products, totals, strict=True)),
        )
