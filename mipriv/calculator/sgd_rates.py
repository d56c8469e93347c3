"""The largest true positive rate of an attack on a DP-SGD training at a false positive rate."""

from __future__ import annotations

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.tradeoff import missed
from mipriv.accounting.sgd.training import SgdBound, Training
from mipriv.errors import PrecisionError
from mipriv.guarantee import Kind
from mipriv.rigor.enclosure import Enclosure

DIGITS = 17


def true_positive_rate(training: Training, best: SgdBound, fpr: fmpq) -> tuple[Enclosure, Kind]:
    """Largest true positive rate: off the trade-off curve where there is one, else fpr + loss."""
    limit = _within((best.loss + fpr).min(arb(1)) if fpr < 1 else arb(1))
    if training.near or training.poisson is None:
        return limit, Kind.UPPER_BOUND
    try:
        account = training.account(training.records, training.wanted())
        with ctx.workprec(256):
            found = _within(1 - missed(account, fpr))
    except (TooExpensive, PrecisionError):
        return limit, Kind.UPPER_BOUND
    if best.kind is not Kind.EXACT and limit.upper < found.upper:
        return limit, Kind.UPPER_BOUND
    ends_ = (min(end, limit.upper) for end in (found.lower, found.upper))
    return Enclosure(*ends_), best.kind


def _within(value: arb) -> Enclosure:
    return Enclosure.of(value, DIGITS).within(0, 1)
