"""Mechanisms whose loss is known exactly for any number of changed records.

A mechanism knows more than the claim it satisfies: `group_loss` is the total variation between its
own outputs, `guarantee` the claim that the rest of the library can work with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from flint import arb, fmpq

from mipriv.accounting import _majority
from mipriv.contexts.arb import ARB
from mipriv.errors import require
from mipriv.formulas.curves import (
    gaussian,
    gaussian_complement,
    laplace,
    laplace_complement,
)
from mipriv.formulas.worst_case import headroom, unclamped
from mipriv.game import Adjacency, adjacency
from mipriv.guarantee import ApproxDP, GaussianDP, Kind, LaplaceDP, TradeOffCurve
from mipriv.rigor.decimals import exact, nonnegative, whole
from mipriv.rigor.enclosure import Number

MOST_RECORDS = 100_000  # of randomised response with more than two symbols: a sum over k
_ROWS = 64  # of the exponential mechanism's curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism(ABC):
    """A learner given by its noise.

    Attributes:
        kind: what `group_loss` is; the supremum over all queries of that sensitivity.
        adjacency: which pairs of data sets the sensitivity compares.
    """

    kind: ClassVar[Kind] = Kind.EXACT
    adjacency: Adjacency = Adjacency.REPLACE_ONE

    def __post_init__(self) -> None:
        object.__setattr__(self, "adjacency", adjacency(self.adjacency))

    @abstractmethod
    def guarantee(self) -> GaussianDP | LaplaceDP | ApproxDP | TradeOffCurve:
        """The claim about one record that the mechanism satisfies."""

    def group_loss(self, *, k: object) -> Number:
        """Exact loss when k records are replaced: the largest total variation of the outputs.

        Args:
            k: records replaced, >= 0; each is two neighbour steps under add-remove.

        Returns:
            Enclosure at the current precision, or an exact rational.

        Raises:
            ParameterError: k is no whole number >= 0, or beyond what the mechanism's sum allows.
        """
        steps = self.adjacency.edits(whole(k, "k", at_least=0))
        return self._value(steps) if steps else fmpq(0)

    def group_headroom(self, *, k: object) -> Number:
        """1 - group_loss to its own relative accuracy.

        Args:
            k: as for `group_loss`.

        Returns:
            Enclosure at the current precision, or an exact rational.

        Raises:
            ParameterError: as for `group_loss`.
        """
        steps = self.adjacency.edits(whole(k, "k", at_least=0))
        return self._hidden(steps) if steps else fmpq(1)

    @abstractmethod
    def _value(self, steps: int) -> Number:
        """Loss at `steps` >= 1 neighbour steps."""

    @abstractmethod
    def _hidden(self, steps: int) -> Number:
        """1 - loss at `steps` >= 1 neighbour steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianMechanism(Mechanism):
    """A query plus N(0, standard_deviation^2) on every coordinate: exact loss erf(k mu/sqrt 8).

    mu = sensitivity/standard_deviation.  k records move the query by k sensitivities at most, and a
    sum does; total variation grows with the Euclidean distance alone.

    Attributes:
        sensitivity: largest Euclidean distance one record moves the query, finite, >= 0.
        standard_deviation: of the noise, in the query's units, finite, > 0.

    Source: Dong, Roth, Su 2022.

    >>> GaussianMechanism(sensitivity=1, standard_deviation=2).guarantee().mu
    1/2
    """

    sensitivity: fmpq
    standard_deviation: fmpq

    def __post_init__(self) -> None:
        Mechanism.__post_init__(self)
        object.__setattr__(self, "sensitivity", nonnegative(self.sensitivity, "sensitivity"))
        deviation = _positive(self.standard_deviation, "standard_deviation")
        object.__setattr__(self, "standard_deviation", deviation)

    @property
    def mu(self) -> fmpq:
        """Distance one record moves the query, in standard deviations."""
        return self.sensitivity / self.standard_deviation

    def guarantee(self) -> GaussianDP:
        """mu-GDP; its worst case is the mechanism's own loss for every k."""
        return GaussianDP(mu=self.mu, adjacency=self.adjacency)

    def _value(self, steps: int) -> Number:
        return gaussian(ARB, self.mu, steps) if self.mu else fmpq(0)

    def _hidden(self, steps: int) -> Number:
        return gaussian_complement(ARB, self.mu, steps) if self.mu else fmpq(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaplaceMechanism(Mechanism):
    """A query plus Laplace noise of that scale on every coordinate: exact loss 1 - e^(-k eps/2).

    eps = sensitivity/scale.  One coordinate is the worst: the shifts of a log-concave law compose,
    so a path that moves coordinate by coordinate leaks no more than one move of the same length.

    Attributes:
        sensitivity: largest L1 distance one record moves the query, finite, >= 0.
        scale: of the noise, in the query's units, finite, > 0.

    >>> LaplaceMechanism(sensitivity=1, scale=4).guarantee().epsilon
    1/4
    """

    sensitivity: fmpq
    scale: fmpq

    def __post_init__(self) -> None:
        Mechanism.__post_init__(self)
        object.__setattr__(self, "sensitivity", nonnegative(self.sensitivity, "sensitivity"))
        object.__setattr__(self, "scale", _positive(self.scale, "scale"))

    @property
    def epsilon(self) -> fmpq:
        """Distance one record moves the query, in scales of the noise."""
        return self.sensitivity / self.scale

    def guarantee(self) -> LaplaceDP:
        """The Laplace mechanism's curve; its worst case is the mechanism's loss for every k."""
        return LaplaceDP(epsilon=self.epsilon, adjacency=self.adjacency)

    def _value(self, steps: int) -> Number:
        return laplace(ARB, self.epsilon, steps) if self.epsilon else fmpq(0)

    def _hidden(self, steps: int) -> Number:
        return laplace_complement(ARB, self.epsilon, steps) if self.epsilon else fmpq(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometricMechanism(Mechanism):
    """A whole-valued query plus discrete Laplace noise, mass (1-r)/(1+r) r^|x|, r = e^-epsilon.

    At distance m = k sensitivity the loss is the mass of the m whole numbers nearest to 0:
    1 - e^(-m eps/2) for even m, 1 - e^(-m eps/2)/cosh(eps/2) for odd m.  At sensitivity 1 that is
    the worst case over all (epsilon, 0)-DP learners, for every k.

    Attributes:
        epsilon: nats for each unit of distance, finite, >= 0.
        sensitivity: largest L1 distance one record moves the query, a whole number >= 0.

    Source: the likelihood ratio of a log-concave law rises, so thresholds are best tests (Neyman,
    Pearson); in more coordinates a path of m unit steps leaks no more (Theorem 2).  Mechanism:
    Ghosh, Roughgarden, Sundararajan 2012.

    >>> GeometricMechanism(epsilon="0.5", sensitivity=3).guarantee().epsilon
    3/2
    """

    epsilon: fmpq
    sensitivity: int = 1

    def __post_init__(self) -> None:
        Mechanism.__post_init__(self)
        object.__setattr__(self, "epsilon", nonnegative(self.epsilon, "epsilon"))
        object.__setattr__(self, "sensitivity", whole(self.sensitivity, "sensitivity", at_least=0))

    def guarantee(self) -> ApproxDP:
        """(epsilon sensitivity, 0)-DP; its worst case is looser only for odd k and sensitivity > 1."""
        return ApproxDP(epsilon=self.epsilon * self.sensitivity, adjacency=self.adjacency)

    def _value(self, steps: int) -> Number:
        distance = steps * self.sensitivity
        if distance == 0 or self.epsilon == 0:
            return fmpq(0)
        value: Number = unclamped(ARB, self.epsilon, fmpq(0), distance)
        return value

    def _hidden(self, steps: int) -> Number:
        distance = steps * self.sensitivity
        if distance == 0 or self.epsilon == 0:
            return fmpq(1)
        room: Number = headroom(ARB, self.epsilon, fmpq(0), distance)
        return room


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialMechanism(Mechanism):
    """One of a set of outputs, with mass proportional to e^(epsilon u/(2 sensitivity of u)).

    Exact loss over all utilities u: tanh(k epsilon/4).  k records keep the log likelihood ratio of
    two data sets within a range r = k epsilon.  With a ratio h in [v, v e^r] of mean 1 the total
    variation E(h-1)+ is convex in h, so largest if h takes the two ends alone, and there it is
    (e^r + 1 - v e^r - 1/v)/(e^r - 1), largest at v = e^(-r/2).  Two outputs whose utilities move in
    opposite directions attain it.

    Attributes:
        epsilon: nats, finite, >= 0: the bounded range of one neighbour step.

    Source: bounded range, Dong, Durfee, Rogers 2020.

    >>> mechanism = ExponentialMechanism(epsilon=1)
    >>> mechanism.group_loss(k=4).overlaps(arb(1).tanh())
    True
    """

    epsilon: fmpq

    def __post_init__(self) -> None:
        Mechanism.__post_init__(self)
        object.__setattr__(self, "epsilon", nonnegative(self.epsilon, "epsilon"))

    def guarantee(self) -> TradeOffCurve:
        """Rows (e, (e^(eps/2) - e^(e/2))^2/(e^eps - 1)) of the bounded-range curve, rounded up.

        Tighter than (epsilon, 0)-DP, which is its last row; looser than `group_loss` for k > 1.
        """
        if self.epsilon == 0:
            return TradeOffCurve(rows=((fmpq(0), fmpq(0)),), adjacency=self.adjacency)
        grid = [self.epsilon * i / _ROWS for i in range(_ROWS)]
        rows = [(e, self._delta(e)) for e in grid]
        return TradeOffCurve(rows=(*rows, (self.epsilon, fmpq(0))), adjacency=self.adjacency)

    def _delta(self, e: fmpq) -> fmpq:
        """Largest P(E) - e^e Q(E), rounded up: the same two-valued ratio, v = e^((e-eps)/2)."""
        gap = -(arb(e - self.epsilon) / 2).expm1()
        delta = gap * gap / -(-arb(self.epsilon)).expm1()
        return min(delta.upper().fmpq(), fmpq(1))

    def _value(self, steps: int) -> Number:
        return (arb(steps * self.epsilon) / 4).tanh() if self.epsilon else fmpq(0)

    def _hidden(self, steps: int) -> Number:
        if self.epsilon == 0:
            return fmpq(1)
        lost = (-arb(steps * self.epsilon) / 2).exp()
        return 2 * lost / (1 + lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomisedResponse(Mechanism):
    """Every record is released as itself with odds e^epsilon to each of the other symbols.

    Exact loss at k replaced records: with M of k released symbols among the two that matter,
    M ~ Bin(k, (e^eps + 1)/(e^eps + K - 1)), the majority of M coins of bias tanh(eps/2) decides:
    E tanh(eps/2) sum over j < M/2 of C(2j, j) (4 cosh^2(eps/2))^-j.  For K = 2, M = k.

    Attributes:
        epsilon: nats, finite, >= 0.
        symbols: K >= 2.
        adjacency: replace; the number of records is public.

    Source: Warner 1965, Kairouz, Oh, Viswanath 2016 (mechanism).  The ratio of two data sets is
    e^(eps (N_a - N_b)); the drift of a biased walk's sign between steps 2j and 2j+1 is its chance of
    being at 0 times its bias, and between 2j+1 and 2j+2 it is 0.

    >>> from mipriv.rigor.enclosure import Enclosure
    >>> mechanism = RandomisedResponse(epsilon=1, symbols=3)
    >>> Enclosure.of(mechanism.group_loss(k=1), 9).upper
    0.364175328
    """

    epsilon: fmpq
    symbols: int = 2

    def __post_init__(self) -> None:
        Mechanism.__post_init__(self)
        object.__setattr__(self, "epsilon", nonnegative(self.epsilon, "epsilon"))
        object.__setattr__(self, "symbols", whole(self.symbols, "symbols", at_least=2))
        replaced = self.adjacency is Adjacency.REPLACE_ONE
        require(
            replaced,
            must="be replace: every record answers, so their number is known",
            adjacency=self.adjacency.value,
        )

    def guarantee(self) -> ApproxDP:
        """(epsilon, 0)-DP; its worst case grows like k epsilon, the mechanism's own like sqrt k."""
        return ApproxDP(epsilon=self.epsilon, adjacency=self.adjacency)

    def _value(self, steps: int) -> Number:
        if self.epsilon == 0:
            return fmpq(0)
        if self.symbols == 2:
            return _majority.advantage(self.epsilon, steps)
        self._check(steps)
        return _majority.mixed_advantage(self.epsilon, self.symbols, steps)

    def _hidden(self, steps: int) -> Number:
        if self.epsilon == 0:
            return fmpq(1)
        if self.symbols == 2:
            return _majority.headroom(self.epsilon, steps)
        self._check(steps)
        return _majority.mixed_headroom(self.epsilon, self.symbols, steps)

    def _check(self, steps: int) -> None:
        rule = f"be at most {MOST_RECORDS} for more than two symbols: the sum has k terms"
        require(steps <= MOST_RECORDS, must=rule, k=steps)


def _positive(value: object, name: str) -> fmpq:
    ratio = exact(value, name)
    require(ratio > 0, must="be finite and > 0", **{name: value})
    return ratio
