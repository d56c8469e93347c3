"""What every Bayes attacker needs of the game: the prior, and data sets with their probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd, lcm
from typing import Any

from flint import arb, fmpq, fmpz, fmpz_poly

from mipriv.errors import require
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import exact, unit
from mipriv.rigor.histograms import histograms
from mipriv.roles import Histogram, Number

TOLERANCE = fmpq(1, 10**12)
GUARD_BITS = 64  # of sums of up to 10^6 terms, and of the difference 2 success - 1
MOST_SUMS = 100_000  # of scores
Weighted = tuple[Histogram, tuple[fmpz, ...]]


def checked_prior(prior: Sequence[Any] | None, secrets: int) -> tuple[fmpq, ...]:
    """Probability of each secret, exact; None: equal."""
    if prior is None:
        return (fmpq(1, secrets),) * secrets
    found = tuple(unit(share, "prior") for share in prior)
    require(len(found) == secrets, must=f"have {secrets} entries", prior=len(found))
    require(sum(found, fmpq(0)) == 1, must="sum to exactly 1", prior=prior)
    return found


def requires_two(family: FiniteFamily) -> None:
    """Raise ParameterError unless there are two secrets."""
    require(family.secrets == 2, must="be 2 for an advantage", secrets=family.secrets)


def as_advantage(value: Number) -> Number:
    """2 success - 1 for equal priors, known to be at least 0."""
    gap = 2 * value - 1
    return gap if isinstance(gap, fmpq) else gap.nonnegative_part()


@dataclass(frozen=True)
class DataSets:
    """Histograms that stand for all data sets, with their probabilities under every secret.

    Attributes:
        scales: D_s, one a secret.
        terms: pairs of a histogram and the whole numbers N_s; its probabilities are N_s/D_s, which
            are not reduced: common divisors of numbers of thousands of digits cost more than all
            the rest.
    """

    scales: tuple[fmpz, ...]
    terms: Iterable[Weighted]

    @classmethod
    def of(cls, learner: object, family: FiniteFamily, *, n: int) -> DataSets:
        """Data sets of n records, as finely as the learner tells them apart.

        A learner with an attribute `scores` (one exact number a value) depends on the data through
        the sum of the records' scores alone.  Then one histogram stands for all of the same sum;
        otherwise each stands for itself.
        """
        scales = [lcm(*(int(mass.q) for mass in row)) for row in family.masses]
        totals = tuple(fmpz(scale) ** n for scale in scales)
        scores = getattr(learner, "scores", None)
        if isinstance(scores, tuple):
            rule = f"be {family.symbols} numbers, one a value of a record"
            require(len(scores) == family.symbols, must=rule, scores=scores)
            return cls(totals, _by_sum(family, n, [exact(x, "scores") for x in scores], scales))
        terms = (
            (counts, tuple((p * top).p for p, top in zip(chances, totals, strict=True)))
            for counts, chances in family.histograms(n)
        )
        return cls(totals, terms)


def _by_sum(
    family: FiniteFamily, n: int, scores: Sequence[fmpq], scales: Sequence[int]
) -> Iterator[Weighted]:
    """One histogram for each sum of scores, the weights as coefficients of (sum of p_v x^score)^n."""
    unit_ = lcm(*(int(score.q) for score in scores))
    whole = [int(score * unit_) for score in scores]
    low = min(whole)
    step = gcd(*(score - low for score in whole)) or 1
    places = [(score - low) // step for score in whole]
    require(n * max(places) < MOST_SUMS, must=f"give at most {MOST_SUMS} sums", n=n, scores=scores)
    powers = []
    for row, scale in zip(family.masses, scales, strict=True):
        base = [0] * (max(places) + 1)
        for mass, place in zip(row, places, strict=True):
            base[place] += int(mass * scale)
        powers.append(fmpz_poly(base) ** n)
    rows = ((k, tuple(power[k] for power in powers)) for k in range(n * max(places) + 1))
    possible = {k: weights for k, weights in rows if any(weights)}
    examples = _examples(n, places, set(possible))
    for k, weights in possible.items():
        yield examples[k], weights


def _examples(n: int, scores: Sequence[int], totals: set[int]) -> dict[int, Histogram]:
    """A histogram of n records for each total.

    Moving records one by one from each score to the next greater one reaches all totals if the
    scores are evenly spaced, and most of them anyway; what is left is found by trying all.
    """
    found: dict[int, Histogram] = {}
    order = sorted(range(len(scores)), key=lambda value: scores[value])
    for low, high in pairwise(order):
        for moved in range(n + 1):
            total = (n - moved) * scores[low] + moved * scores[high]
            if total in totals and total not in found:
                example = [0] * len(scores)
                example[low], example[high] = n - moved, moved
                found[total] = tuple(example)
    missing = totals - set(found)
    for counts in histograms(n, len(scores)) if missing else ():
        total = sum(score * count for score, count in zip(scores, counts, strict=True))
        if total in missing:
            found[total] = counts
            missing.remove(total)
            if not missing:
                break
    return found


def rounded(value: Number) -> Number:
    """A ball rounded outward to the current precision; a rational as it is."""
    return value if isinstance(value, fmpq) else value * arb(1)
