"""Second moments of the number of changed records in a batch, for the revealed-schedule bound.

An attacker who is shown the schedule sees normals whose means move by D A_t in step t, A_t changed
records in the batch and D the largest change of one record's gradient; averaging over the schedule,
TV <= erf(D sqrt(sum_t E A_t^2) / (sigma sqrt 8)), as erf of a root is concave.
"""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def revealed(k: Context, distance: Any, squares: Any, sigma: Any) -> Any:
    """Bound on the loss: erf(D sqrt(S) / (sigma sqrt 8)), S the sum over steps of E[A^2]."""
    return k.erf(distance * k.sqrt(squares) / (sigma * k.sqrt(8)))


def binomial_square(count: Any, rate: Any) -> Any:
    """E[A^2] of A ~ Bin(count, rate): mean squared plus variance.

    k changed records under Poisson sampling (k, q); b distinct records, each changed with
    probability tau (b, tau); both (n, q tau).
    """
    return (count * rate) ** 2 + count * rate * (1 - rate)


def batch_square(group: Any, n: Any, batch: Any) -> Any:
    """E[A^2] of a uniformly random batch of b distinct records of n, k of them changed (n >= 2).

    Hypergeometric: mean b k/n, variance b (k/n)(1 - k/n)(n - b)/(n - 1).
    """
    share = group / n
    return (batch * share) ** 2 + batch * share * (1 - share) * (n - batch) / (n - 1)
