"""Families of laws on a finite set of records: exact masses, distances and data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd, lcm
from typing import TYPE_CHECKING

from flint import arb, fmpq, fmpz_poly

from mipriv.errors import require
from mipriv.game import FinitePair
from mipriv.rigor.decimals import unit, whole
from mipriv.rigor.histograms import weighted_histograms
from mipriv.roles import Histogram

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TOTALS = 1_000_000  # values of a sum of scores, after division by their common step


@dataclass(frozen=True)
class FiniteFamily:
    """K >= 2 laws on the records 0..m-1, one for each secret.

    Attributes:
        masses: K rows of m exact probabilities, each row summing to 1.
    """

    masses: tuple[tuple[fmpq, ...], ...]

    def __post_init__(self) -> None:
        rows = tuple(tuple(unit(mass, "masses") for mass in row) for row in self.masses)
        require(len(rows) >= 2, must="have at least two rows, one a secret", masses=len(rows))
        for row in rows:
            require(len(row) == len(rows[0]), must="have rows of one length", masses=len(row))
            require(sum(row, fmpq(0)) == 1, must="have rows that sum to exactly 1", masses=row)
        object.__setattr__(self, "masses", rows)

    @property
    def secrets(self) -> int:
        """Number of laws, K."""
        return len(self.masses)

    @property
    def symbols(self) -> int:
        """Number of values of a record, m."""
        return len(self.masses[0])

    def tau(self, i: int = 0, j: int = 1) -> fmpq:
        """Total variation between the laws of secrets i and j, exact."""
        gains = (p - q for p, q in zip(self._law(i), self._law(j), strict=True) if p > q)
        return sum(gains, fmpq(0))

    def kl(self, i: int = 0, j: int = 1) -> arb:
        """Kullback-Leibler divergence of law i from law j in nats: sum of p_i log(p_i/p_j).

        Returns:
            Ball at the current precision; +infinity if i gives a value that j never gives.
        """
        total = arb(0)
        for p, q in zip(self._law(i), self._law(j), strict=True):
            if p > 0 and q == 0:
                return arb.pos_inf()
            if p > 0 and p != q:
                total += p * arb(p / q).log()
        return total

    def pair(self) -> FinitePair:
        """The two laws as the `pair` of a population game; K must be 2."""
        require(self.secrets == 2, must="be 2 for a pair of populations", secrets=self.secrets)
        return FinitePair(*self.masses)

    def histograms(self, n: int) -> Iterator[tuple[Histogram, tuple[fmpq, ...]]]:
        """Histograms of n records, each with its exact probability under every secret.

        Args:
            n: records, >= 0.

        Returns:
            In lexicographic order; those that have no probability under any secret are left out.
        """
        return weighted_histograms(whole(n, "n", at_least=0), self.masses)

    def statistic(self, n: int, scores: Sequence[int]) -> dict[int, tuple[fmpq, ...]]:
        """Exact law of the sum of the scores of n records, under every secret.

        Args:
            n: records, >= 0.
            scores: whole number of each value of a record.

        Returns:
            Probabilities by total, in rising order of the totals that some secret gives.

        Raises:
            ParameterError: not one whole score a value, or more than 1,000,000 totals.
        """
        n = whole(n, "n", at_least=0)
        require(
            len(scores) == self.symbols and all(isinstance(score, int) for score in scores),
            must=f"be {self.symbols} whole numbers, one a value of a record",
            scores=scores,
        )
        low = min(scores)
        step = gcd(*(score - low for score in scores)) or 1
        places = [(score - low) // step for score in scores]
        require(
            n * max(places) < MAX_TOTALS,
            must=f"give at most {MAX_TOTALS} totals",
            n=n,
            scores=scores,
        )
        laws = [_Power(row, places, n) for row in self.masses]
        found = {}
        for k in range(n * max(places) + 1):
            column = tuple(law[k] for law in laws)
            if any(column):
                found[n * low + k * step] = column
        return found

    def sample(
        self, secret: int, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Independent records of one secret.

        The masses are rounded to doubles, which moves each draw by at most m 2^-53 in total
        variation; a value without mass is never drawn.
        """
        import numpy as np

        support, weights = self._weights(secret)
        return np.asarray(support, dtype=np.int64)[
            rng.choice(len(support), size=shape, p=np.asarray(weights))
        ]

    def sample_counts(
        self, secret: int, n: int, trials: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Histograms of independent data sets of n records of one secret.

        Returns:
            Shape (trials, m); the masses are rounded as in `sample`.
        """
        import numpy as np

        support, weights = self._weights(secret)
        counts = np.zeros((trials, self.symbols), dtype=np.int64)
        counts[:, support] = rng.multinomial(n, np.asarray(weights), size=trials)
        return counts

    def _law(self, secret: int) -> tuple[fmpq, ...]:
        inside = 0 <= secret < self.secrets
        require(inside, must=f"be a secret from 0 to {self.secrets - 1}", secret=secret)
        return self.masses[secret]

    def _weights(self, secret: int) -> tuple[list[int], list[float]]:
        """Values that have mass, and their masses as doubles that sum to 1 but for rounding."""
        law = self._law(secret)
        support = [value for value, mass in enumerate(law) if mass > 0]
        weights = [int(law[value].p) / int(law[value].q) for value in support]
        total = sum(weights)
        return support, [weight / total for weight in weights]


class _Power:
    """Coefficients of (sum of p_v x^place_v)^n, exact."""

    def __init__(self, masses: Sequence[fmpq], places: Sequence[int], n: int) -> None:
        scale = lcm(*(int(mass.q) for mass in masses))
        base = [0] * (max(places) + 1)
        for mass, place in zip(masses, places, strict=True):
            base[place] += int(mass * scale)
        self._polynomial = fmpz_poly(base) ** n
        self._total = scale**n

    def __getitem__(self, k: int) -> fmpq:
        return fmpq(self._polynomial[k], self._total)


def bernoulli(*, p0: object, p1: object) -> FiniteFamily:
    """Two secrets; a record is 1 with probability p0 or p1, else 0.

    >>> bernoulli(p0="0.2", p1="0.5").tau()
    3/10
    """
    first, second = unit(p0, "p0"), unit(p1, "p1")
    return FiniteFamily(((1 - first, first), (1 - second, second)))


def categorical(*, tau: object, symbols: int = 3) -> FiniteFamily:
    """Two secrets at total variation tau that share every value, unless tau is 1.

    A share 1 - tau is uniform on all values; the rest falls off linearly from the first value
    for secret 0 and, mirrored, from the last value for secret 1, and reaches to the middle.

    Args:
        tau: in [0, 1].
        symbols: values of a record, >= 2.

    >>> categorical(tau="0.4").masses
    ((3/5, 1/5, 1/5), (1/5, 1/5, 3/5))
    """
    share, m = unit(tau, "tau"), whole(symbols, "symbols", at_least=2)
    half = m // 2
    own = [fmpq(2 * (half - v), half * (half + 1)) if v < half else fmpq(0) for v in range(m)]
    first = tuple((1 - share) / m + share * weight for weight in own)
    return FiniteFamily((first, first[::-1]))


def swap(*, a: object, b: object) -> FiniteFamily:
    """Two secrets that exchange two masses: records 0 (neutral), 1 (x_0) and 2 (x_1).

    Secret 0 gives x_0 the mass a and x_1 the mass b; secret 1 the reverse.

    Args:
        a: in [0, 1].
        b: in [0, 1], with a + b <= 1.

    >>> swap(a="0.5", b="0.3").tau()
    1/5
    """
    high, low = unit(a, "a"), unit(b, "b")
    require(high + low <= 1, must="leave a + b <= 1", a=a, b=b)
    rest = 1 - high - low
    return FiniteFamily(((rest, high, low), (rest, low, high)))


def extremal(*, tau: object) -> FiniteFamily:
    """Two secrets at total variation tau that lose the most: P_b = (1 - tau) Q + tau x_b.

    Records 0 (neutral, Q), 1 (x_0) and 2 (x_1); with tau = 1 two point masses.

    >>> extremal(tau="0.1").masses
    ((9/10, 1/10, 0), (9/10, 0, 1/10))
    """
    return swap(a=tau, b=0)


def identities(*, secrets: int, tau: object) -> FiniteFamily:
    """K secrets, each with a value of its own of mass tau; the rest is neutral.

    Record 0 is neutral and record s + 1 belongs to secret s; any two laws are at total variation
    tau.

    Args:
        secrets: K >= 2.
        tau: in [0, 1].

    >>> identities(secrets=3, tau="0.5").masses[2]
    (1/2, 0, 0, 1/2)
    """
    count, share = whole(secrets, "secrets", at_least=2), unit(tau, "tau")
    return FiniteFamily(
        tuple(
            (1 - share, *(share if value == secret else fmpq(0) for value in range(count)))
            for secret in range(count)
        )
    )
