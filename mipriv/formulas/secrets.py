"""K equiprobable secrets under pure DP."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def secrets(k: Context, epsilon: Any, n: Any, count: Any, j: Any) -> Any:
    """Upper bound 1 - (K-1)/(E^j + (K-1) E^(n-j)) on the success at delta = 0, E = e^eps.

    Any 0 <= j <= n gives a valid line through the trade-off curve; the bound is the least of them,
    where E^j is nearest to (K-1) E^(n-j).  Written with negative exponents so that it cannot
    overflow.
    """
    return 1 - secrets_complement(k, epsilon, n, count, j)


def secrets_complement(k: Context, epsilon: Any, n: Any, count: Any, j: Any) -> Any:
    """(K-1)/(E^j + (K-1) E^(n-j)): the least chance of a wrong guess."""
    others = count - 1
    return others * k.exp(-j * epsilon) / (1 + others * k.exp((n - 2 * j) * epsilon))
