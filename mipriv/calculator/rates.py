"""Largest true positive rates at a false positive rate: of mechanisms, and of any bounded loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flint import arb, fmpq

from mipriv.accounting.mechanisms import (
    MOST_RECORDS,
    ExponentialMechanism,
    GaussianMechanism,
    GeometricMechanism,
    LaplaceMechanism,
    Mechanism,
    RandomisedResponse,
)
from mipriv.game import PopulationGame
from mipriv.guarantee import ApproxDP, GaussianDP, Kind, LaplaceDP, Loss
from mipriv.loss.tpr import true_positive_rate
from mipriv.rigor.enclosure import Enclosure, Number, refine_or_widen

Rates = tuple[Number, Number]  # true positives, and what they lack of 1


def own_claim(learner: Mechanism) -> tuple[GaussianDP | LaplaceDP | ApproxDP, int] | None:
    """A claim whose k-fold trade-off curve is the mechanism's own, and its k for a neighbour step.

    Geometric noise plus a uniform number in (-1/2, 1/2) attains the m-fold (epsilon, 0)-DP curve at
    distance m, and rounds to geometric noise: neither tells more than the other.

    Source: canonical noise, Awan, Vadhan 2023.
    """
    if isinstance(learner, GaussianMechanism | LaplaceMechanism):
        return learner.guarantee(), 1
    if isinstance(learner, GeometricMechanism):
        return ApproxDP(epsilon=learner.epsilon, adjacency=learner.adjacency), learner.sensitivity
    return None


def mechanism_rate(learner: Mechanism, *, records: int, loss: Loss, fpr: fmpq, digits: int) -> Loss:
    """Largest true positive rate at this false positive rate when so many records are replaced.

    Exact, except where randomised response has more than two symbols or 100,000 records: there the
    lesser of its claim's rate and fpr + loss.

    Args:
        learner: a mechanism of this package.
        records: replaced records, >= 0.
        loss: the mechanism's loss for them.
        fpr: in [0, 1].
        digits: significant digits of the rate and of the false negative rate.

    Returns:
        Enclosure of the rate, with its kind.
    """
    claim = own_claim(learner)
    if claim is not None:
        game = PopulationGame(n=records * claim[1])
        return true_positive_rate(claim[0], game, fpr=fpr, digits=digits)
    if records == 0 or fpr in (0, 1):  # every output is possible of every data set
        return _exact(lambda: (fpr, 1 - fpr), digits)
    if isinstance(learner, ExponentialMechanism):
        reach = learner.adjacency.edits(records) * learner.epsilon
        return _exact(lambda: _two_outputs(reach, fpr), digits)
    if isinstance(learner, RandomisedResponse):
        if learner.epsilon == 0:
            return _exact(lambda: (fpr, 1 - fpr), digits)
        if learner.symbols == 2 and records <= MOST_RECORDS:
            return _exact(lambda: _coins(learner.epsilon, records, fpr), digits)
    return _limited(learner, records, loss, fpr, digits)


def _exact(rates: Callable[[], Rates], digits: int) -> Loss:
    value, wide = refine_or_widen(lambda: rates()[0], digits=digits)
    room, vague = refine_or_widen(lambda: rates()[1], digits=digits)
    return Loss(
        value=Enclosure.of(value, digits).within(0, 1),
        complement=Enclosure.of(room, digits).within(0, 1),
        kind=Kind.EXACT,
        method="most powerful test between two data sets",
        vacuous=bool(room == 0),
        wide=wide or vague,
    )


def _two_outputs(reach: fmpq, fpr: fmpq) -> Rates:
    """Rates of the exponential mechanism at range r: e^r A/(1 + A (e^r - 1)).

    A likelihood ratio within [v, v e^r] gives an event of probability A at most v e^r A, and its
    complement at least v (1-A); the two limits meet there, and two outputs attain it.
    """
    lost = (-arb(reach)).exp()
    whole = fpr + (1 - fpr) * lost
    return fpr / whole, (1 - fpr) * lost / whole


def _coins(epsilon: fmpq, k: int, fpr: fmpq) -> Rates:
    """Rates of k answers of two symbols: the most ones first, the last count by a share (Neyman,
    Pearson).  No digits where the precision does not tell at which count the alarms reach A.
    """
    odds = arb(epsilon).exp()
    ones, none = (odds / (1 + odds)) ** k, (1 / (1 + odds)) ** k
    alarms, hits, missed, full = arb(0), arb(0), arb(0), False
    for count in range(k, -1, -1):
        if full:
            missed += ones
        elif alarms + none < fpr:
            alarms, hits = alarms + none, hits + ones
        elif alarms + none > fpr:
            share = (fpr - alarms) / none
            hits, missed, full = hits + share * ones, (1 - share) * ones, True
        else:
            return arb.nan(), arb.nan()
        step = arb(count) / (k - count + 1)
        ones, none = ones * step / odds, none * step * odds
    return hits, missed


def _limited(learner: Mechanism, records: int, loss: Loss, fpr: fmpq, digits: int) -> Loss:
    """The lesser of the rate that the claim allows and the sum of false positives and loss."""
    claimed = true_positive_rate(
        learner.guarantee(), PopulationGame(n=records), fpr=fpr, digits=digits
    )
    return at_most(claimed, loss, fpr, digits)


def at_most(rate: Loss, loss: Loss, fpr: fmpq, digits: int) -> Loss:
    """The lesser of a bound on the true positive rate and the sum of false positives and loss.

    Args:
        rate: a bound on the rate, or a rate that a wider class attains.
        loss: the loss or a bound on it.
        fpr: false positive rate.
        digits: significant digits.

    Returns:
        An upper bound on the rate.
    """
    limit = min(fmpq(1), fpr + fmpq(loss.upper.numerator, loss.upper.denominator))
    if limit >= fmpq(rate.upper.numerator, rate.upper.denominator):
        return replace(rate, kind=Kind.UPPER_BOUND)
    return Loss(
        value=Enclosure.of(limit, digits).within(0, 1),
        complement=Enclosure.of(1 - limit, digits).within(0, 1),
        kind=Kind.UPPER_BOUND,
        method="false positive rate plus loss",
        vacuous=False,
    )
