"""What a claim about one record says of k changed records, as balls.

A group is the one place where a claim meets its formulas; the loss functions ask it for the value
and the headroom at k neighbour steps, and for the expectation when k is binomial.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

from flint import arb, fmpq

from mipriv.contexts.arb import ARB, power
from mipriv.errors import PrecisionError
from mipriv.formulas.population import (
    mixture_weights,
    population,
    population_add_remove,
    population_add_remove_complement,
    population_complement,
)
from mipriv.formulas.worst_case import headroom, unclamped
from mipriv.guarantee import ApproxDP, Kind
from mipriv.loss._binomial import expectation, partial_sum
from mipriv.loss._chain import climb, dp_line
from mipriv.rigor.enclosure import Number, ball, floor, sign
from mipriv.rigor.search import largest_whole

_EXACT_TERMS = 400  # up to here a rational expectation is summed exactly


class Group(ABC):
    """The loss of a claim as a function of the number of neighbour steps between two data sets."""

    kind: Kind = Kind.EXACT
    method: str
    max_terms = 4_000  # of an expectation: about a second's worth

    def __init__(self, steps_per_record: int) -> None:
        self.steps_per_record = steps_per_record

    @abstractmethod
    def value(self, steps: int) -> Number:
        """Loss at `steps` neighbour steps, before clamping at 1."""

    @abstractmethod
    def headroom(self, steps: int) -> Number:
        """1 - value to its own relative accuracy; <= 0 once saturated."""

    @abstractmethod
    def missed(self, fpr: fmpq, steps: int) -> Number:
        """Least false negative rate at a false positive rate, 1 - g^steps(fpr)."""

    def saturated(self, steps: int) -> bool:
        """Whether the loss at `steps` is exactly 1, decided exactly."""
        return sign(lambda: self.headroom(steps), what="whether the loss is 1") <= 0

    def expected(self, n: int, tau: fmpq) -> Number:
        """E[loss], K ~ Bin(n, tau) records changed, 0 < tau < 1."""
        return expectation(n, tau, self._clamped_value, max_terms=self.max_terms)

    def expected_headroom(self, n: int, tau: fmpq) -> Number:
        """1 - E[loss]."""
        return expectation(n, tau, self._clamped_headroom, max_terms=self.max_terms)

    def _clamped_value(self, records: int) -> Number:
        value = self.value(self.steps_per_record * records)
        return value if value < 1 else ball(value).min(arb(1))

    def _clamped_headroom(self, records: int) -> Number:
        room = self.headroom(self.steps_per_record * records)
        return room if room > 0 else ball(room).max(arb(0))


class ApproxDPGroup(Group):
    """Theorems 2, 6 and 7: (epsilon, delta)-DP."""

    method = "exact worst case over all (epsilon, delta)-DP learners"

    def __init__(self, claim: ApproxDP) -> None:
        super().__init__(claim.adjacency.edits(1))
        self.epsilon, self.delta = claim.epsilon, claim.delta

    def value(self, steps: int) -> Number:
        value: Number = unclamped(ARB, self.epsilon, self.delta, steps)
        return value

    def headroom(self, steps: int) -> Number:
        # For rational eps > 0 and delta the headroom is a polynomial in the transcendental e^eps
        # that vanishes identically only here and at one step with delta = 1, where it is 0 as
        # computed; so every other sign is decided by enough precision.
        if steps == 2 and self.delta == fmpq(1, 2):
            return fmpq(0)
        room: Number = headroom(ARB, self.epsilon, self.delta, steps)
        return room

    def missed(self, fpr: fmpq, steps: int) -> Number:
        return climb([dp_line(self.epsilon, self.delta)], fpr, steps)

    @cached_property
    def _threshold(self) -> int | None:
        """Least number of records at which the loss is exactly 1; None: never."""
        if self.delta == 0:
            return None
        if self.epsilon == 0:
            return int((1 / (self.delta * self.steps_per_record)).ceil())
        steps = arb(self.epsilon).expm1() / (2 * self.delta)
        guess = (2 * steps.log1p() / self.epsilon).mid() / self.steps_per_record
        start = floor(guess) if guess.is_finite() else 1
        return 1 + largest_whole(
            lambda records: not self.saturated(self.steps_per_record * records), guess=start
        )

    def _clamps(self, n: int) -> bool:
        """Whether t1 S_K exceeds 1 for some K up to n, so that the closed form overshoots."""
        if self.delta == 0 or n == 0:
            return False
        steps = self.steps_per_record * n
        return sign(lambda: self.headroom(steps), what="whether the loss is clamped") < 0

    def expected(self, n: int, tau: fmpq) -> Number:
        if self._clamps(n):
            return 1 - self.expected_headroom(n, tau)
        formula = population if self.steps_per_record == 1 else population_add_remove
        value: Number = formula(ARB, self.epsilon, self.delta, n, tau)
        return value

    def expected_headroom(self, n: int, tau: fmpq) -> Number:
        if not self._clamps(n):
            formula = (
                population_complement
                if self.steps_per_record == 1
                else population_add_remove_complement
            )
            closed: Number = formula(ARB, self.epsilon, self.delta, n, tau)
            return closed
        if self.epsilon == 0 and n <= _EXACT_TERMS:
            return self._rational_headroom(n, tau)
        if self._threshold == 1:  # any record that differs reveals the secret
            return (1 - tau) ** n if n <= _EXACT_TERMS else power(1 - arb(tau), n)
        room: arb = arb(0) + self._summed_headroom(n, tau)
        if room.is_finite() and room.rad() < arb(2) ** -40:
            return room
        return self._wide_headroom(n, tau)

    def _rational_headroom(self, n: int, tau: fmpq) -> fmpq:
        mass, total = (1 - tau) ** n, fmpq(0)
        for k in range(n + 1):
            total += mass * max(fmpq(0), 1 - k * self.steps_per_record * self.delta)
            mass *= tau / (1 - tau) * fmpq(n - k, k + 1)
        return total

    def _summed_headroom(self, n: int, tau: fmpq) -> arb:
        """Sum over K below the threshold of Pr[K] (1 - TV*_K), by incomplete beta functions."""
        below = self._threshold
        if below is None:
            raise PrecisionError("no threshold for delta = 0")
        stay = 1 - tau
        plain = partial_sum(n, below, tau, stay)
        if self.epsilon == 0:
            slope = self.steps_per_record * self.delta * n * tau
            return plain - slope * partial_sum(n - 1, below - 1, tau, stay)
        excess = 2 * self.delta / arb(self.epsilon).expm1()  # c - 1
        if self.steps_per_record == 2:
            kept = partial_sum(n, below, tau * (-arb(self.epsilon)).exp(), stay)
        else:
            s = (-arb(self.epsilon) / 2).exp()
            even, odd = mixture_weights(s, -(-arb(self.epsilon) / 2).expm1())
            kept = even * partial_sum(n, below, tau * s, stay)
            kept += odd * partial_sum(n, below, -tau * s, stay)
        return (1 + excess) * kept - excess * plain

    def _wide_headroom(self, n: int, tau: fmpq) -> arb:
        """Proved enclosure where the incomplete beta function has no digits (very large n).

        E[TV*_K] is at most the unclamped expectation U.  The overshoot U - E[TV*_K] is at most
        step * E[(K - a)+], since the increments of t1 S_K do not grow; Scarf's inequality
        E[(K-a)+] <= (sqrt(var + (a-mean)^2) - (a-mean))/2 bounds it.  The window enclosure of
        `expectation` holds as well; the two are intersected.
        """
        window: arb = ball(super().expected_headroom(n, tau))
        edge = (self._threshold or 1) - 1
        formula = population if self.steps_per_record == 1 else population_add_remove
        above: arb = ball(formula(ARB, self.epsilon, self.delta, n, tau))
        step = ball(self.value(self.steps_per_record * (edge + 1))) - ball(
            self.value(self.steps_per_record * edge)
        )
        distance = arb(edge - n * tau)
        spread = (arb(n * tau * (1 - tau)) + distance * distance).sqrt() - distance
        scarf = (1 - above).union(1 - above + step * spread / 2)
        return window.intersection(scarf) if scarf.is_finite() else window
