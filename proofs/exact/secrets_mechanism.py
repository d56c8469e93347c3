"""Mechanisms that attain the bounds for K equiprobable secrets, in exact arithmetic.

A data set is given by its votes: votes[o] records carry symbol o; secret k makes all n records
carry symbol k.  E = e^eps.

**Replace-one, delta = 0.**  With j the least minimiser above n/2 of E^j + (K-1) E^(n-j), t = 2j - n
and W = E^t + K - 1:

* `far`: where one symbol k has j votes or more, every other answer has probability
  E^-(votes[k] - j)/W and k has the rest.
* `near`: elsewhere, keep the t highest of n votes (a symbol's i-th vote has height i; ties go to the
  earlier symbol).  Replacing one record replaces at most one of the kept.  Then draw a subset A of
  the kept votes with weight (E-1)^|A|, which sums to E^t, and one weight K - 1 more for "no vote":
  A empty or "no vote": any symbol alike; A all of one symbol: that symbol; A of two symbols: one of
  the other K - 2 alike; A of three or more: any symbol alike.

The two agree where both apply: there the kept votes are t votes for k.

**Add-remove, any delta >= 0.**  The answer depends on the leader alone: with a lead of i votes over
the second symbol, at most n, it is right with probability g^i(1/K) and any other answer alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from proofs.exact.definitions import Claim, grown


def threshold(growth: fmpq, secrets: int, n: int) -> int:
    """Largest j that minimises E^j + (K-1) E^(n-j); at least n/2, as K - 1 >= 1."""
    return min(range(n + 1), key=lambda j: (growth**j + (secrets - 1) * growth ** (n - j), -j))


def kept(votes: Sequence[int], most: int) -> tuple[int, ...]:
    """How many of each symbol's votes are among the `most` highest."""
    heights = ((-height, o) for o, count in enumerate(votes) for height in range(1, count + 1))
    chosen = sorted(heights)[:most]
    return tuple(sum(1 for _, owner in chosen if owner == o) for o in range(len(votes)))


def near(growth: fmpq, votes: Sequence[int]) -> tuple[fmpq, ...]:
    """Law of the answer that subsets of these votes give, K >= 3."""
    secrets = len(votes)
    one = [growth**count - 1 for count in votes]  # weight of the subsets of one symbol
    single = sum(one, fmpq(0))
    pairs = (single * single - sum((w * w for w in one), fmpq(0))) / 2
    spread = growth ** sum(votes) - 1 - single - pairs  # three symbols or more
    law = []
    for own in one:
        rest = single - own
        squares = sum((w * w for w in one), fmpq(0)) - own * own
        elsewhere = (rest * rest - squares) / 2  # pairs of two other symbols
        law.append(1 + own + elsewhere / (secrets - 2) + spread / secrets)
    total = growth ** sum(votes) + secrets - 1
    return tuple(weight / total for weight in law)


def far(growth: fmpq, votes: Sequence[int], least: int, kept_votes: int) -> tuple[fmpq, ...]:
    """Law of the answer where one symbol has at least `least` votes."""
    leader = max(range(len(votes)), key=votes.__getitem__)
    excess = votes[leader] - least
    other = 1 / (growth**excess * (growth**kept_votes + len(votes) - 1))
    right = 1 - (len(votes) - 1) * other
    return tuple(right if o == leader else other for o in range(len(votes)))


def replace_one(growth: fmpq, votes: Sequence[int]) -> tuple[fmpq, ...]:
    """Law of the optimal answer under (log E, 0)-DP for replacing one record, K >= 3."""
    n = sum(votes)
    least = threshold(growth, len(votes), n)
    most = 2 * least - n
    if max(votes) >= least:
        return far(growth, votes, least, most)
    return near(growth, kept(votes, most))


def add_remove(claim: Claim, n: int, votes: Sequence[int]) -> tuple[fmpq, ...]:
    """Law of the optimal answer under (log E, delta)-DP for adding or removing one record."""
    secrets = len(votes)
    order = sorted(range(secrets), key=lambda o: -votes[o])
    lead = min(n, votes[order[0]] - votes[order[1]])
    right = grown(claim, fmpq(1, secrets), lead)
    other = (1 - right) / (secrets - 1)
    return tuple(right if o == order[0] else other for o in range(secrets))
