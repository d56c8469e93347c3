"""Figures of an attack beside its success: how well it ranks records, and how well it finds a secret.

Each is an estimate from the records given, without an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.attack.inversion.protocol import Attack, Graded, Observation
from mipriv.errors import require
from verification.measures import gain

# How far apart numbers of size 1 may round that are one number: some 30 roundings of 2^-53 each in
# either.  Far below what any number of records can tell, unless an attack hardly believes anything.
_ROUNDING = 2.0**-47


class Metric(StrEnum):
    """Names of the further figures of a point, as tables and panels show them.

    AUC: chance that the attack believes more in a secret at a record that has it than at one that
        has not, equal beliefs counting half: the area under the ROC curve.
    TPR_1, TPR_10: share found of the records that have a secret, at the threshold of belief that
        flags one in 100, or one in 10, of those that have not.
    F1: harmonic mean of precision and recall of the attack's guesses.
    MODEL_F1: the same of the model's answers.
    ERROR: of reconstructed numbers or pixels.
    DISTANCE: of a reconstruction from what it should show, in the features of another model.
    EVALUATOR: share of reconstructions that another model takes for what they should show.
    ADVANTAGE: (success - base)/(1 - base), of the guesses.
    DIVERGENCE: of guessed from true label distributions.
    MEAN_RECORD: the same as ERROR, of the mean record: what is had without a model.
    NEAREST_TRAIN, NEAREST_NEW: distance of a reconstruction from the nearest record that the model
        was trained on, and that it was not; if the first is smaller, the model has memorised.
    TRUE_RECORDS: as EVALUATOR, of true records in the place of reconstructions.
    WHOLE_RECORD: chance that the whole record is guessed.
    LEAKAGE: I(secret; leaf) of a tree in nats, the Miller-Madow estimate on the training records.

    Source: Hanley and McNeil 1982 (AUC); Carlini, Chien, Nasr, Song, Terzis, Tramer, Membership
        inference attacks from first principles, S&P 2022 (TPR at a low FPR: means over all records
        hide an attack that is sure of few); van Rijsbergen 1979 (F1).
    """

    AUC = "AUC"
    TPR_1 = "TPR at FPR 0.01"
    TPR_10 = "TPR at FPR 0.1"
    F1 = "F1 of the attack"
    MODEL_F1 = "F1 of the model"
    ERROR = "reconstruction error"
    DISTANCE = "feature distance"
    EVALUATOR = "evaluator accuracy"
    ADVANTAGE = "advantage over no model"
    DIVERGENCE = "label distribution divergence"
    MEAN_RECORD = "reconstruction error of the mean record"
    NEAREST_TRAIN = "distance to the nearest training record"
    NEAREST_NEW = "distance to the nearest new record"
    TRUE_RECORDS = "evaluator accuracy on true records"
    WHOLE_RECORD = "chance of the whole record"
    LEAKAGE = "leakage of the secret, nats"


def measured(
    attack: Attack, seen: Observation, secrets: NDArray[Any], *, base: float
) -> dict[str, float]:
    """AUC, TPR_1, TPR_10 (of a graded attack), F1 and ADVANTAGE of a fitted attack.

    With two secrets, among those seen, guessed and weighed by the attack, the figures are those of
    the larger one (1 of 0 and 1).  With more they are means over the secrets, each against the
    rest; one that no record has, or all have, is left out, and with none left the figure is.  A
    secret that the attack does not weigh is one in which it believes alike at all records.

    Args:
        attack: fitted, guessing one value a record.
        seen: of N records.
        secrets: of each record, shape (N,).
        base: best success without a model, in [0, 1].

    Returns:
        Finite figures by the name of their `Metric`; all but ADVANTAGE are exact and rounded once.
    """
    own = np.asarray(secrets)
    count = len(seen.side)
    require(own.shape == (count,), must=f"be {count}, one a record", secrets=own.shape)
    require(0 <= base <= 1, must="lie in [0, 1]", base=base)
    if count == 0:
        return {}
    guesses = np.asarray(attack.infer(seen))
    require(guesses.shape == (count,), must=f"give {count} guesses", attack=guesses.shape)
    found = {str(Metric.ADVANTAGE): gain(float((guesses == own).mean()), base)}
    kinds = np.asarray(attack.kinds) if isinstance(attack, Graded) else own[:0]
    values = np.unique(np.concatenate([own, guesses, kinds] if len(kinds) else [own, guesses]))
    against_rest = values if len(values) > 2 else values[-1:]
    told = [value for value in against_rest if 0 < (own == value).sum() < count]
    if not told:
        return found
    found[str(Metric.F1)] = float(mean(_f1(guesses == value, own == value) for value in told))
    if isinstance(attack, Graded) and len(kinds):
        beliefs = Beliefs.of(attack.scores(seen))
        places = {value: place for place, value in enumerate(kinds.tolist())}
        curves = [
            Curve.of(*beliefs.of_value(places.get(one)), own == one)
            for one in np.asarray(told).tolist()
        ]
        found[str(Metric.AUC)] = float(mean(curve.area() for curve in curves))
        found[str(Metric.TPR_1)] = float(mean(curve.tpr(one_in=100) for curve in curves))
        found[str(Metric.TPR_10)] = float(mean(curve.tpr(one_in=10) for curve in curves))
    return found


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What ranks records, whatever the term of each: log odds of each value against all others.

    Shares of belief would rank alike, but round to 1 where an attack is sure.

    Attributes:
        odds: shape (N, K); infinite where a value is alone possible or impossible, and 0 in a row
            where all are impossible.
        blur: what rounding makes of odds that are equal, at most; 0 of infinite ones.
    """

    odds: NDArray[np.float64]
    blur: NDArray[np.float64]

    @classmethod
    def of(cls, scores: Any) -> Beliefs:
        """From log posteriors up to a term of the row, shape (N, K), K >= 1; -inf is impossible."""
        table = np.asarray(scores, dtype=np.float64)
        known = not np.isnan(table).any() and bool((table < np.inf).all())
        require(known, must="be numbers below infinity", scores="not all are")
        rows, first = np.arange(len(table)), table.argmax(axis=1)
        top = table[rows, first]
        others = table.copy()
        others[rows, first] = -np.inf
        rest = np.logaddexp.reduce(others, axis=1, initial=-np.inf)
        with np.errstate(invalid="ignore"):  # -inf against -inf, which is put right below
            # without the row's largest value nothing cancels: the rest of any other holds that value
            left = np.exp(rest - top)[:, None] - np.exp(table - top[:, None])
            against = top[:, None] + np.log1p(np.maximum(left, 0.0))
            against[rows, first] = rest
            odds: NDArray[np.float64] = table - against
        odds[top == -np.inf] = 0.0
        size = np.where(np.isfinite(table) & np.isfinite(against), abs(table) + abs(against), -1.0)
        return cls(odds, _ROUNDING * (1.0 + size))

    def of_value(self, place: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Odds and blur in one column; the same for all records if there is none."""
        if place is None:
            return np.zeros(len(self.odds)), np.zeros(len(self.odds))
        return self.odds[:, place], self.blur[:, place]


@dataclass(frozen=True, eq=False)
class Curve:
    """The ROC curve of one secret against the rest, by counts.

    Attributes:
        false: records without the secret believed in at least as much as each threshold, from the
            highest, with a 0 before; the last is all of them.
        true: the same of records with it.
    """

    false: NDArray[np.int64]
    true: NDArray[np.int64]

    @classmethod
    def of(
        cls, odds: NDArray[np.float64], blur: NDArray[np.float64], own: NDArray[np.bool_]
    ) -> Curve:
        """From the odds at each record, which may be infinite, and whether it has the secret.

        Odds no further from the next ones than the blur of both are equal to them.
        """
        require(0 < own.sum() < len(own), must="be true of some and false of some", own=own.shape)
        order = np.argsort(-odds)
        falling, wide = odds[order], blur[order]
        with np.errstate(invalid="ignore"):  # infinite odds are no distance apart
            last = falling[:-1] - falling[1:] > wide[:-1] + wide[1:]
        ends = np.flatnonzero(np.append(last, True)) + 1
        true = np.concatenate([[0], own[order].cumsum()[ends - 1]])
        return cls(np.concatenate([[0], ends]) - true, true)

    def area(self) -> Fraction:
        """Area under the curve, exact: equal beliefs count half."""
        twice = int((np.diff(self.false) * (self.true[1:] + self.true[:-1])).sum())
        return Fraction(twice, 2 * int(self.false[-1]) * int(self.true[-1]))

    def tpr(self, *, one_in: int) -> Fraction:
        """TPR at FPR 1/one_in, exact.

        Between two thresholds it is that of a coin between them, on the line through their points
        (Fawcett 2006); at a threshold with just this FPR, the largest.

        Args:
            one_in: >= 2.
        """
        negatives, positives = int(self.false[-1]), int(self.true[-1])
        # the last threshold that flags no more; there is a next one, as the last of all flags all
        at = int(np.flatnonzero(self.false * one_in <= negatives)[-1])
        low, high = int(self.false[at]), int(self.false[at + 1])
        found, more = int(self.true[at]), int(self.true[at + 1])
        share = Fraction(negatives - one_in * low, one_in * (high - low))
        return (found + (more - found) * share) / positives


def _f1(guessed: NDArray[np.bool_], own: NDArray[np.bool_]) -> Fraction:
    """2 right/(guessed + own); some record has the secret."""
    return Fraction(2 * int((guessed & own).sum()), int(guessed.sum() + own.sum()))
