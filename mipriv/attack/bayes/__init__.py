"""The Bayes attacker, who guesses the secret of largest posterior probability: the optimum.

`success` and `advantage` compute it for learners whose law is known; `gaussian` has closed forms,
and `simulated` plays it where there is only a likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from mipriv.attack.bayes import finite, line
from mipriv.attack.bayes._game import TOLERANCE, as_advantage, requires_two
from mipriv.populations.finite import FiniteFamily
from mipriv.roles import FiniteOutput, Number, OnTheLine

__all__ = ["advantage", "success"]


def success(
    learner: FiniteOutput | OnTheLine,
    family: FiniteFamily,
    *,
    n: int,
    prior: Sequence[Any] | None = None,
    tolerance: fmpq = TOLERANCE,
) -> Number:
    """Best success of any attacker: the sum (or integral) over outputs of max_s prior_s p_s.

    Args:
        learner: one of finitely many outcomes, or one that releases a number plus noise.
        family: the populations.
        n: records, >= 0.
        prior: probability of each secret, exact, summing to 1; None: equal.
        tolerance: width allowed where the line has to be cut into cells; in (0, 1).

    Returns:
        Exact where the learner's law is rational, else an enclosure at the current precision.
    """
    if isinstance(learner, FiniteOutput):
        return finite.success(learner, family, n=n, prior=prior)
    return line.success(learner, family, n=n, prior=prior, tolerance=tolerance)


def advantage(
    learner: FiniteOutput | OnTheLine,
    family: FiniteFamily,
    *,
    n: int,
    tolerance: fmpq = TOLERANCE,
) -> Number:
    """Best TPR - FPR between two secrets, the total variation of the outputs: 2 success - 1.

    Args and result as for `success`.

    >>> from mipriv.laws import DiscreteLaplace
    >>> from mipriv.learn import noisy_count
    """
    requires_two(family)
    return as_advantage(success(learner, family, n=n, tolerance=tolerance / 2))
