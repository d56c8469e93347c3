"""The two games, as values.  Their docstrings are the definitions every number refers to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flint import fmpq

from mipriv.errors import require
from mipriv.rigor.decimals import exact, unit, whole


class Adjacency(StrEnum):
    """Which two data sets a guarantee about one record compares."""

    REPLACE_ONE = "replace"  # same size, one record differs
    ADD_REMOVE = "add-remove"  # one has a record more than the other

    def edits(self, records: int) -> int:
        """Neighbour steps that change `records` records: a replacement is a removal and an addition."""
        return records if self is Adjacency.REPLACE_ONE else 2 * records


def adjacency(value: object) -> Adjacency:
    """Read an adjacency from its name or itself."""
    names = [member.value for member in Adjacency]
    require(value in names, must=f"be one of {', '.join(names)}", adjacency=value)
    return Adjacency(str(value))


@dataclass(frozen=True, slots=True)
class FinitePair:
    """Two populations on the same finite set: masses P_0 and P_1, exact, each summing to 1."""

    first: tuple[fmpq, ...]
    second: tuple[fmpq, ...]

    def __init__(self, first: Sequence[Any], second: Sequence[Any]) -> None:
        object.__setattr__(self, "first", _masses(first, "first"))
        object.__setattr__(self, "second", _masses(second, "second"))
        require(
            len(self.first) == len(self.second),
            must="have as many masses as first",
            second=len(self.second),
        )

    @property
    def tau(self) -> fmpq:
        """Total variation between the two."""
        return sum((p - q for p, q in zip(self.first, self.second, strict=True) if p > q), fmpq(0))


def _masses(values: Sequence[Any], name: str) -> tuple[fmpq, ...]:
    masses = tuple(unit(value, name) for value in values)
    require(sum(masses, fmpq(0)) == 1, must="have masses that sum to exactly 1", **{name: values})
    return masses


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationGame:
    """The population game G(A; P, prior, n).

    1. A secret s is drawn from the prior over 1..K; it picks one of K candidate populations.
    2. S = n records are drawn independently from that population, and the learner A trains on S.
    3. The adversary knows A, all K populations and the prior, sees the whole output of A (the
       model, every iterate that is released), and guesses s.

    For two equiprobable secrets the **MI privacy loss** is the adversary's advantage
    Pr[guess 1 | 1] - Pr[guess 1 | 0]; its best value is the total variation between A's outputs
    under the two populations.  In general the best success is that of the Bayes adversary, who
    guesses the secret of largest posterior probability.

    Attributes:
        n: records drawn, all of which follow the secret; a whole number >= 0.
        tau: largest total variation between the two populations, in [0, 1]; None: not known, 1.
        prior: probability of secret 1 of two, in [0, 1]; None: equiprobable.
        secrets: K >= 2.
        pair: the two populations themselves, where they are known and finite.
    """

    n: int
    tau: fmpq | None = None
    prior: fmpq | None = None
    secrets: int = 2
    pair: FinitePair | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "n", whole(self.n, "n", at_least=0))
        put(self, "secrets", whole(self.secrets, "secrets", at_least=2))
        if self.tau is not None:
            put(self, "tau", unit(self.tau, "tau"))
        if self.prior is not None:
            put(self, "prior", unit(self.prior, "prior"))
        many = self.secrets > 2
        require(
            not (many and self.tau is not None),
            must="be 2 when tau is given: no theorem covers more secrets at a known tau",
            secrets=self.secrets,
        )
        require(
            not (many and self.prior is not None),
            must="be 2 when prior is given: the prior is the probability of secret 1 of two",
            secrets=self.secrets,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InversionGame:
    """The inversion game I(f; D, phi, q).

    A record z = (x_s, x_K, y) is drawn from the distribution D (mode `population`) or uniformly
    from the training set (mode `train`).  The adversary sees side information phi(z) and q answers
    of the model on this record, and guesses the sensitive part x_s.  With `base` the best success
    from phi(z) and D alone, gain = (success - base)/(1 - base), 0 if base is 1; memorisation is
    the gain in mode `train` less that in mode `population`.

    Attributes:
        secrets: number of values of x_s, >= 2.
        prior: probability of value 1 of two; None: all values equiprobable.
        queries: answers seen, >= 1, each through fresh noise.
        mode: `population` or `train`.
    """

    secrets: int = 2
    prior: fmpq | None = None
    queries: int = 1
    mode: str = "population"

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "secrets", whole(self.secrets, "secrets", at_least=2))
        put(self, "queries", whole(self.queries, "queries", at_least=1))
        if self.prior is not None:
            put(self, "prior", exact(self.prior, "prior"))
            require(0 <= self.prior <= 1, must="lie in [0, 1]", prior=self.prior)
        require(
            self.secrets == 2 or self.prior is None,
            must="be 2 when prior is given: the prior is the probability of value 1 of two",
            secrets=self.secrets,
        )
        modes = ("population", "train")
        require(self.mode in modes, must=f"be one of {', '.join(modes)}", mode=self.mode)
