"""The optimum against learners that release a number of the data plus independent noise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.attack.bayes import _cells, _thresholds
from mipriv.attack.bayes._game import (
    GUARD_BITS,
    TOLERANCE,
    DataSets,
    as_advantage,
    checked_prior,
    requires_two,
)
from mipriv.attack.bayes._mixture import Mixture
from mipriv.errors import require
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import whole
from mipriv.roles import OnTheLine


def success(
    learner: OnTheLine,
    family: FiniteFamily,
    *,
    n: int,
    prior: Sequence[Any] | None = None,
    tolerance: fmpq = TOLERANCE,
) -> arb:
    """Best success of any attacker: the integral (sum, on a lattice) of max_s prior_s f_s.

    f_s is the mixture of the noise shifted to the centre of every data set, weighted by P_s^n.
    Where the likelihood ratios of the secrets rise the attacker compares the output with
    thresholds, and the value has nearly the working precision.  Elsewhere a lattice is summed up,
    and the line is cut into cells until they are decided.

    Args:
        learner: its noise's `density` and `cdf` must enclose all their values on a ball.
        family: the populations.
        n: records, >= 0; all histograms of n records are gone through, or all sums of the
            learner's `scores` if it has any.
        prior: probability of each secret, exact, summing to 1; None: equal.
        tolerance: width allowed where cells are cut, in (0, 1).

    Returns:
        An enclosure at the current precision, known to lie in [0, 1].

    Raises:
        ParameterError: a centre that is not whole though the noise is.
        PrecisionError: lattice noise so wide that more than 2,000,000 outputs matter.
    """
    n = whole(n, "n", at_least=0)
    require(0 < tolerance < 1, must="lie strictly between 0 and 1", tolerance=tolerance)
    odds = checked_prior(prior, family.secrets)
    possible = [s for s, share in enumerate(odds) if share > 0]
    if len(possible) == 1:
        return arb(1)
    with ctx.extraprec(GUARD_BITS):
        sets = DataSets.of(learner, family, n=n)
        mixture = Mixture.of(
            learner.noise,
            [odds[s] / sets.scales[s] for s in possible],
            (
                (partial(learner.centre, counts), [weights[s] for s in possible])
                for counts, weights in sets.terms
            ),
        )
        mixture.require_lattice()
        value = _optimum(mixture, tolerance).intersection(arb(0).union(arb(1)))
    return value * arb(1)


def _optimum(mixture: Mixture, tolerance: fmpq) -> arb:
    order = _thresholds.ordered(mixture)
    if order is not None:
        value = _thresholds.success(mixture, order)
        if 2 * value.rad() <= tolerance:
            return value
    if mixture.law.lattice:
        return _cells.lattice_success(mixture)
    return _cells.line_success(mixture, tolerance)


def advantage(
    learner: OnTheLine, family: FiniteFamily, *, n: int, tolerance: fmpq = TOLERANCE
) -> arb:
    """Best TPR - FPR between two secrets, the total variation of the outputs.

    Args and result as for `success`.
    """
    requires_two(family)
    with ctx.extraprec(GUARD_BITS):
        value = as_advantage(success(learner, family, n=n, tolerance=tolerance / 2))
    return arb(value) * 1
