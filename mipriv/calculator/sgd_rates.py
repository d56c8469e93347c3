"""The largest true positive rate of an attack on a DP-SGD training at a false positive rate.

Three bounds on it, A the false positive rate:

* A + loss, as the loss is the total variation;
* the trade-off curve of the dominating pair (Poisson sampling, a given number of records);
* normals, once the attacker is shown the schedule, and for populations which places differ.  Given
  these, the releases are dominated by two normals at a distance mu (proofs/derivations/
  sgd_revealed_schedule.py, step 2).  Divergences are jointly convex, so that for every epsilon

      TPR <= e^epsilon A + E H(mu^2),   H = int (N(mu, 1) - e^epsilon N(0, 1))+ .

  The law of v = mu^2 is known by its range and its mean m alone.  H rises in v, and the logarithm
  of its slope changes at the rate (epsilon^2/v - v/4 - 1)/(2 v) (step 3 there): H is convex up to
  v = 2 (sqrt(1 + epsilon^2) - 1) and concave beyond.  A line that is above H on the range has a
  value at m above E H.  Two such lines:
  - a tangent in the concave part that is above H at the least v: between the least v and the
    concave part H is convex, so below the chord, so below the line;
  - the chord between both ends, if H is no flatter at the upper end than the chord: then the
    tangent there is below the chord, so H is below it in the concave part, and by convexity
    before.
  Where v takes one value this is the trade-off curve of two normals itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd import revealed
from mipriv.accounting.sgd.account import Account
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.steps import PoissonSteps, Sampling, Steps
from mipriv.accounting.sgd.tradeoff import caught, precision
from mipriv.accounting.sgd.training import SgdBound, Training
from mipriv.contexts.arb import ARB
from mipriv.errors import PrecisionError
from mipriv.formulas.curves import gaussian_missed
from mipriv.game import Adjacency
from mipriv.guarantee import Kind
from mipriv.rigor.enclosure import Enclosure
from mipriv.rigor.golden import valley

DIGITS = 17
_COARSE = 1e-3  # relative width of the exact rate beyond which another bound is asked
_ROUNDS = 40  # of the search for epsilon
_HALVINGS = 16  # of the search for a tangent; what is left counts by its square
_LEAST_EPSILON = -60.0  # tried; a choice, as any epsilon gives a bound


def true_positive_rate(training: Training, best: SgdBound, fpr: fmpq) -> tuple[Enclosure, Kind]:
    """Enclosure of the largest true positive rate if that is known, else of a bound on it.

    Exact where a dominating pair is attained: under Poisson sampling with gradients that may
    change by 2 clip norms, or records added or removed; and where every batch is sure to hold the
    same number of changed records.  For adding and removing it is the larger rate of both
    directions, that of an attacker who wants to catch the presence of the records and that of one
    who wants to catch their absence; replacing is symmetric.  A rate of 0 catches nothing, as
    noise is positive everywhere; ends outside [fpr, 1] are cut, as a blind guess reaches fpr.

    Args:
        training: what was run and what changes.
        best: the bound with the least upper end on its loss.
        fpr: false positive rate, in [0, 1].

    Returns:
        Two decimals, rounded outward, and whether they enclose the rate itself or a bound on it.
    """
    if fpr in (0, 1) or best.loss.is_zero():
        return Enclosure.of(fpr, DIGITS), Kind.EXACT
    with ctx.workprec(precision(fpr)):
        squares = Squares.of(training)
        bounds = [best.loss + fpr]
        exact, found = False, None
        if squares.least == squares.most:
            exact, found = not training.near, 1 - _normals_missed(squares.most, fpr)
        elif training.poisson is not None and not training.near:
            exact = training.reach == 2 or training.adjacency is Adjacency.ADD_REMOVE
            found = _of_the_pair(training, fpr)
        if found is None or not exact or found.rad() > _COARSE * found.lower():
            bounds.append(shown_the_schedule(squares, fpr))
        if found is not None and not exact:
            bounds.append(found)
        limit = min((_decimals(bound, fpr) for bound in bounds), key=lambda end: end.upper)
        if found is None or not exact:
            return limit, Kind.UPPER_BOUND
        value = _decimals(found, fpr)
        upper = min(value.upper, limit.upper)
        return Enclosure(min(value.lower, upper), upper), Kind.EXACT


def _of_the_pair(training: Training, fpr: fmpq) -> arb | None:
    """Enclosure of the largest rate against the dominating pair, both directions; None: too dear."""
    given = training.account(training.records, training.wanted())
    orders = {(given.inserted, given.deleted), (given.deleted, given.inserted)}
    accounts = [
        Account(given.runs, here, there, given.width, given.budget, floats=False)
        for here, there in sorted(orders)
    ]
    found = arb(0)
    try:
        for account in accounts:
            found = found.max(caught(account, fpr))
    except (TooExpensive, PrecisionError):
        return None
    return found


def _decimals(value: arb, fpr: fmpq) -> Enclosure:
    found = Enclosure.of(value, DIGITS).within(0, 1)
    blind = Enclosure.of(fpr, DIGITS)
    return Enclosure(max(found.lower, blind.lower), max(found.upper, blind.upper))


def _normals_missed(square: fmpq, fpr: fmpq) -> arb:
    missed: arb = gaussian_missed(ARB, arb(square).sqrt(), 1, fpr)
    return missed


@dataclass(frozen=True)
class Squares:
    """What is known of mu^2, mu the distance of the normals, given the schedule.

    Attributes:
        least: the lower end of its range.
        mean: its mean, or what bounds it over all orders.
        most: the upper end of its range.
    """

    least: fmpq
    mean: fmpq
    most: fmpq

    @classmethod
    def of(cls, training: Training) -> Squares:
        """Over the sampler, and over which records differ between two populations."""
        tau = training.tau if training.near else None
        n, k = training.n, training.records
        least = most = fmpq(0)
        for run in training.runs:
            few, many = _counts(run, n, k) if tau is None else (0, _batch(run, n))
            weight = run.steps / run.noise_multiplier**2
            least, most = least + weight * few**2, most + weight * many**2
        mean = revealed.square_sum(training.runs, n=n, group=k, tau=tau)
        scale = training.reach**2
        return cls(scale * least, scale * mean, scale * most)


def _batch(run: Steps, n: int) -> int:
    """Most records in a batch."""
    if isinstance(run, PoissonSteps):
        return n if run.sampling_probability else 0
    return run.batch_size


def _counts(run: Steps, n: int, k: int) -> tuple[int, int]:
    """Fewest and most changed records in a batch; for any order the most of all orders, twice."""
    if isinstance(run, PoissonSteps):
        rate = run.sampling_probability
        return (k if rate == 1 else 0), (k if rate else 0)
    most = min(k, run.batch_size)
    if run.sampling is Sampling.ANY:
        return most, most
    return max(0, k + run.batch_size - n), most


def shown_the_schedule(squares: Squares, fpr: fmpq) -> arb:
    """Upper bound on the true positive rate of an attacker who is shown the schedule.

    Args:
        squares: range and mean of the squared distance of the normals.
        fpr: false positive rate, in (0, 1).

    Source: Jensen's inequality, as derived at the head of this file.
    """

    def bound(epsilon: float) -> arb:
        shift = arb(epsilon)
        return (shift.exp() * fpr + _mean_divergence(squares, shift)).upper()

    # a bound that is convex in e^epsilon; two normals at mu have the best one at mu z - mu^2/2
    z = -NormalDist().inv_cdf(min(max(float(fpr), 1e-300), 1 - 1e-16))
    far, near = (math.sqrt(min(float(square), 1e6)) for square in (squares.most, squares.mean))
    low = max(min(0.0, *(mu * z - mu * mu / 2 for mu in (far, near))), _LEAST_EPSILON) - 2
    high = max(z, 0.0) ** 2 / 2 + 2
    return valley(bound, low, high, steps=_ROUNDS)[1].min(arb(1))


def _divergence(square: arb, epsilon: arb) -> tuple[arb, arb]:
    """H of two normals at squared distance v > 0, int (N(mu,1) - e^epsilon N(0,1))+, and dH/dv."""
    mu, root = square.sqrt(), arb(2).sqrt()
    half, tilt = mu / 2, epsilon / mu
    value = (((tilt - half) / root).erfc() - epsilon.exp() * ((tilt + half) / root).erfc()) / 2
    slope = (-((half - tilt) ** 2) / 2).exp() / (2 * mu * (2 * arb.pi()).sqrt())
    return value, slope


def _mean_divergence(squares: Squares, epsilon: arb) -> arb:
    """Upper bound on E H(v): a line above H on the range of v, at the mean of v."""
    least, mean, most = arb(squares.least), arb(squares.mean), arb(squares.most)
    lowest = _divergence(least, epsilon)[0] if squares.least else (1 - epsilon.exp()).max(arb(0))
    highest, steepest = _divergence(most, epsilon)

    def tangent(square: arb) -> arb | None:
        """Value at the mean of a tangent that is above H, if this one is."""
        value, slope = _divergence(square, epsilon)
        concave = epsilon * epsilon <= square + square * square / 4
        if concave and value + slope * (least - square) >= lowest:
            return value + slope * (mean - square)
        return None

    turn = 2 * ((1 + epsilon * epsilon).sqrt() - 1)
    chord = (highest - lowest) / (most - least)
    if most <= turn or steepest >= chord:
        return lowest + chord * (mean - least)
    low, high = mean.max(turn * (1 + arb(2) ** -20)).mid(), most.mid()
    found = tangent(low)
    if found is not None:
        return found
    # the point of contact of the tangent through the lower end lies between
    for _ in range(_HALVINGS):
        middle = (low * high).sqrt().mid()
        here = tangent(middle)
        if here is None:
            low = middle
        else:
            high, found = middle, here
    return highest if found is None else found
