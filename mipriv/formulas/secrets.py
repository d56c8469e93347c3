"""K equiprobable secrets under (eps, delta)-DP for replacing one record."""

from __future__ import annotations

from typing import Any

from mipriv.contexts import Context


def allowance(k: Context, epsilon: Any, steps: Any) -> Any:
    """R_m = (E^m - 1)/(E - 1): how often m steps let delta in; exact at m = 0 and 1, m at eps = 0."""

    def many() -> Any:
        return k.select(
            k.is_zero(epsilon), lambda: steps, lambda: k.expm1(steps * epsilon) / k.expm1(epsilon)
        )

    return k.select(k.is_zero(steps * (1 - steps)), lambda: steps, many)


def spared(k: Context, epsilon: Any, delta: Any, votes: tuple[Any, ...]) -> Any:
    """1 - delta times the allowances of several groups of records: what delta leaves to be guessed."""

    def part() -> Any:
        return 1 - delta * sum(allowance(k, epsilon, count) for count in votes)

    return k.select(k.is_zero(delta), lambda: 1, part)


def wrong_guess(
    k: Context, epsilon: Any, delta: Any, count: Any, first: Any, second: Any, third: Any
) -> Any:
    """Chance of one particular wrong guess that a data set of three symbols forces.

    With T_1 >= T_2 >= T_3 >= 0 records of three symbols, n in all, the mean over secrets is at least
    (1 - delta (R_T1 + R_T2 + R_T3)) / ((K-1) E^(n-T1) + E^(n-T2)).  Written with negative exponents.
    """
    kept = spared(k, epsilon, delta, (first, second, third))
    shrunk = kept * k.exp(-(first + third) * epsilon)
    return shrunk / (1 + (count - 1) * k.exp((second - first) * epsilon))


def secrets_complement(k: Context, epsilon: Any, delta: Any, n: Any, count: Any, j: Any) -> Any:
    """Least chance of a wrong guess that j records of one secret and n - j of another force.

    (K-1)(1 - delta (R_j + R_(n-j)))/(E^j + (K-1) E^(n-j)), for any 0 <= j <= n.  The largest of
    them is attained at delta = 0.
    """
    return (count - 1) * wrong_guess(k, epsilon, delta, count, j, n - j, 0)


def secrets(k: Context, epsilon: Any, delta: Any, n: Any, count: Any, j: Any) -> Any:
    """Upper bound 1 - `secrets_complement` on the success, for any 0 <= j <= n.

    At delta = 0 it is 1 - (K-1)/(E^j + (K-1) E^(n-j)), least where E^j is nearest to
    (K-1) E^(n-j).
    """
    return 1 - secrets_complement(k, epsilon, delta, n, count, j)


def secrets_sharper(
    k: Context, epsilon: Any, delta: Any, n: Any, count: Any, j: Any, floor: Any
) -> Any:
    """Least chance of a wrong guess, given that of another data set, for n/2 <= j <= n.

    (1 - delta (R_j + R_(n-j)) + (K-2) E^j x)/(E^j + E^(n-j)), x any value of `wrong_guess`: a mixture
    of the line j and of x that is above the line where x is.
    """
    kept = spared(k, epsilon, delta, (j, n - j))
    mixed = kept * k.exp(-j * epsilon) + (count - 2) * floor
    return mixed / (1 + k.exp((n - 2 * j) * epsilon))
