"""The Bayes attacker, who guesses the secret of largest posterior probability: the optimum.

`success` and `advantage` compute it for learners whose law is known; `gaussian` has closed forms,
and `simulated` plays it where there is only a likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from mipriv.attack.bayes import finite as _finite
from mipriv.attack.bayes import line as _line
from mipriv.attack.bayes._game import TOLERANCE
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
        return _finite.success(learner, family, n=n, prior=prior)
    return _line.success(learner, family, n=n, prior=prior, tolerance=tolerance)


def advantage(
    learner: FiniteOutput | OnTheLine,
    family: FiniteFamily,
    *,
    n: int,
    tolerance: fmpq = TOLERANCE,
) -> Number:
    """Best TPR - FPR between two secrets, the total variation of the outputs: 2 success - 1.

    Args and result as for `success`.

    >>> from flint import arb
    >>> from mipriv.laws import LaplaceLaw
    >>> from mipriv.populations.finite import bernoulli
    >>> class Count:
    ...     scores, noise = (0, 1), LaplaceLaw(scale=2)
    ...     def guarantee(self): ...
    ...     def centre(self, counts): return fmpq(counts[1])
    >>> advantage(Count(), bernoulli(p0=0, p1=1), n=4).overlaps(-arb(-1).expm1())
    True
    """
    if isinstance(learner, FiniteOutput):
        return _finite.advantage(learner, family, n=n)
    return _line.advantage(learner, family, n=n, tolerance=tolerance)
