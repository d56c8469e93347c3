"""Changed records in the batches of DP-SGD: moments by enumeration, and the bound they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations, product
from math import comb

from flint import arb, ctx, fmpq

from mipriv.contexts.arb import ARB
from mipriv.formulas.schedule import batch_square, binomial_square, revealed
from proofs.check import Check, demand
from proofs.exact.sgd_mixtures import Mixture, binomial, divergence, line_divergence, pair

_BITS = 96


def _mean_square(outcomes: Iterator[tuple[Fraction, int]]) -> Fraction:
    total, mean = Fraction(0), Fraction(0)
    for chance, count in outcomes:
        total, mean = total + chance, mean + chance * count**2
    demand(total == 1, f"the chances sum to {total}")
    return mean


def coins(chances: Sequence[Fraction]) -> Iterator[tuple[Fraction, int]]:
    """Chance and number of heads of every throw of coins."""
    for throw in product((0, 1), repeat=len(chances)):
        chance = Fraction(1)
        for head, c in zip(throw, chances, strict=True):
            chance *= c if head else 1 - c
        yield chance, sum(throw)


def batches(n: int, k: int, b: int) -> Iterator[tuple[Fraction, int]]:
    """Every batch of b of n records; the first k are changed."""
    for chosen in combinations(range(n), b):
        yield Fraction(1, comb(n, b)), sum(record < k for record in chosen)


def shuffled(n: int, k: int, b: int) -> Iterator[list[int]]:
    """Changed records in the batches of every order of n records, the last batch maybe smaller."""
    for order in permutations(range(n)):
        yield [sum(record < k for record in order[i : i + b]) for i in range(0, n, b)]


def _batch(k: int, n: int, b: int) -> Fraction:
    found = batch_square(Fraction(k), Fraction(n), Fraction(b))
    return Fraction(found)


def moments_are_right() -> str:
    """The package's formulas of E A^2: Poisson batches, populations, random and shuffled batches."""
    shown, rates = 0, (Fraction(1, 5), Fraction(3, 4), Fraction(1))
    for k in range(6):
        for q in rates:
            found = _mean_square(coins([q] * k))
            demand(binomial_square(k, q) == found, f"binomial_square({k}, {q}) is not {found}")
            for tau in rates:
                found = _mean_square(
                    (a * c, sum(1 for x, y in zip(s, t, strict=True) if x and y))
                    for a, s in _throws([q] * min(k, 4))
                    for c, t in _throws([tau] * min(k, 4))
                )
                where = f"drawn with {q}, changed with {tau}"
                demand(binomial_square(min(k, 4), q * tau) == found, where)
            shown += 1 + len(rates)
    for n in range(2, 7):
        for k in range(n + 1):
            for b in range(1, n + 1):
                found, where = _mean_square(batches(n, k, b)), f"batch_square({k}, {n}, {b})"
                demand(_batch(k, n, b) == found, f"{where} is not {found}")
                shown += 1
    for n, k, b in ((5, 2, 2), (5, 3, 3), (4, 2, 2), (6, 4, 4)):
        epochs = list(shuffled(n, k, b))
        for i in range(-(-n // b)):
            mean = Fraction(sum(counts[i] ** 2 for counts in epochs), len(epochs))
            demand(mean == _batch(k, n, min(b, n - i * b)), f"batch {i} of {n}, {k}, {b}")
            shown += 1
    return f"{shown} moments, as fractions"


def _throws(chances: Sequence[Fraction]) -> Iterator[tuple[Fraction, tuple[int, ...]]]:
    for throw in product((0, 1), repeat=len(chances)):
        chance = Fraction(1)
        for head, c in zip(throw, chances, strict=True):
            chance *= c if head else 1 - c
        yield chance, throw


def fixed_orders_are_bounded() -> str:
    """Any order, any place of the group: sum of A_t^2 over an epoch is at most k min(k, b)."""
    shown = 0
    for n in range(1, 9):
        for b in range(1, n + 1):
            for k in range(1, n + 1):
                worst = 0
                for group in combinations(range(n), k):
                    counts = [sum(i <= r < i + b for r in group) for i in range(0, n, b)]
                    worst = max(worst, sum(a * a for a in counts))
                demand(worst <= k * min(k, b), f"{worst} at n = {n}, b = {b}, k = {k}")
                if k <= b or (k % b == 0):
                    demand(worst == k * min(k, b), f"{worst} is attained at {n}, {b}, {k}")
                shown += 1
    return f"{shown} epochs"


def bound(squares: Fraction, change: Fraction, sigma: Fraction) -> arb:
    """The package's bound for a sum of E A_t^2 and a largest change of one gradient."""
    found: arb = revealed(ARB, arb(_exact(change)), arb(_exact(squares)), arb(_exact(sigma)))
    return found


def _exact(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def _counted(chances: Sequence[tuple[fmpq, Sequence[int]]], sigma: fmpq, sign: int) -> Mixture:
    return [(w, [sign * a / sigma for a in counts]) for w, counts in chances]


def samplers_stay_below() -> str:
    """Gradients +-1 in the changed records and 0 elsewhere: one step, and a shuffled epoch of two."""
    shown = 0
    with ctx.workprec(_BITS):
        for sigma in (Fraction(1, 2), Fraction(1), Fraction(4)):
            noise = _exact(sigma)
            for q in (Fraction(1, 10), Fraction(2, 3)):
                found = line_divergence(*pair(3, _exact(q), noise), fmpq(1))
                most = bound(binomial_square(3, q), Fraction(2), sigma)
                demand(found <= most, f"{found.str(5)} is above {most.str(5)}: Poisson {q}")
            for n, k, b in ((6, 2, 3), (7, 5, 2)):
                law = [(w, [a]) for w, a in ((_exact(w), a) for w, a in batches(n, k, b))]
                sides = _counted(law, noise, 1), _counted(law, noise, -1)
                found = line_divergence(*sides, fmpq(1))
                most = bound(_batch(k, n, b), Fraction(2), sigma)
                demand(found <= most, f"{found.str(5)} is above {most.str(5)}: {n}, {k}, {b}")
            shown += 4
        orders = [(fmpq(1, 24), counts) for counts in shuffled(4, 1, 2)]
        halves = [(fmpq(1, 2), (1, 0)), (fmpq(1, 2), (0, 1))]
        demand(sum(c[0] for _, c in orders) == 12, "half of the orders put the record first")
        most = bound(2 * _batch(1, 4, 2), Fraction(2), Fraction(1))
        sides = _counted(halves, fmpq(1), 1), _counted(halves, fmpq(1), -1)
        found = divergence(*sides, fmpq(1), enough=most)
        demand(found <= most, f"{found.str(5)} is above {most.str(5)}: shuffled")
    return f"{shown + 1} samplers"


def whole_batches_attain() -> str:
    """All records changed: every batch of b holds b of them, and gradients +-1 attain the bound."""
    shown = 0
    with ctx.workprec(_BITS):
        for b, steps, sigma in ((1, 1, fmpq(1)), (3, 4, fmpq(5)), (2, 9, fmpq(7, 2))):
            # steps releases of N(+-b, sigma^2) tell as much as their mean, N(+-b, sigma^2/steps)
            spacing = b * fmpq(round(steps**0.5)) / sigma
            sides = [(fmpq(1), (spacing,))], [(fmpq(1), (-spacing,))]
            found = line_divergence(*sides, fmpq(1))
            squares = Fraction(steps * b * b)
            most = bound(squares, Fraction(2), Fraction(int(sigma.p), int(sigma.q)))
            # the bracket of line_divergence is wider than the rounding at 96 bits
            demand(found.overlaps(most), f"{found.str(9)} is not {most.str(9)} at b = {b}")
            demand(found.rad() < arb("1e-9"), "the divergence is enclosed to nine digits")
            shown += 1
    return f"{shown} runs attain it"


def pair_fails_for_fixed_batches() -> str:
    """One of n = 2 records in each batch, one changed, gradients -1 but for the changed record's 1.

    The release is centred at -1, or at 1 where the changed record was drawn: moved by 1, it is
    N(2) or N(0) against N(0).  The replace pair at q = 1/2 is exceeded.
    """
    half, gamma = fmpq(1, 2), fmpq(2)
    with ctx.workprec(_BITS):
        p, q = [(half, (fmpq(2),)), (half, (fmpq(0),))], [(fmpq(1), (fmpq(0),))]
        found = line_divergence(p, q, gamma)
        bound = line_divergence(*pair(1, half, fmpq(1)), gamma)
        demand(found > bound, f"{found.str(5)} is not above {bound.str(5)}")
        demand(sum(binomial(1, half)) == 1, "weights sum to 1")
        return f"{found.str(5, radius=False)} against {bound.str(5, radius=False)}"


CHECKS = (
    Check(
        "exact.sgd-moments",
        "E A^2 of Poisson, random and shuffled batches, and of populations",
        moments_are_right,
        quick=True,
    ),
    Check(
        "exact.sgd-fixed-order",
        "an epoch in a fixed order has sum A_t^2 <= k min(k, b)",
        fixed_orders_are_bounded,
        quick=True,
    ),
    Check(
        "exact.sgd-revealed",
        "the revealed-schedule bound holds for one step and a shuffled epoch",
        samplers_stay_below,
        quick=True,
    ),
    Check(
        "exact.sgd-whole-batches",
        "and is attained when all records change",
        whole_batches_attain,
        quick=True,
    ),
    Check(
        "exact.sgd-fixed-batches",
        "the replace pair does not dominate batches of a fixed size",
        pair_fails_for_fixed_batches,
        quick=True,
    ),
)
