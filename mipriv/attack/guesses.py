"""What an attacker guessed in many independent plays, and what that proves about his success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mipriv.errors import require
from mipriv.rigor.decimals import unit
from mipriv.rigor.intervals import Interval, difference, p_value, proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """Counts of guesses, from independent plays each of whose secrets was drawn from the prior.

    So the hits among all plays are binomial with the attacker's success, and, given how often each
    secret was drawn, the hits of each are binomial with its own rate.  Whatever attacker guessed,
    the intervals are exact for him; what he reaches the best one reaches too.

    Attributes:
        counts: row of each secret, how often each secret was guessed.
        optimal: whether the attacker is the best there is, but for rounding and what his posterior
            leaves out; if not, the intervals' lower ends bound the optimum, the upper ends do not.
    """

    counts: tuple[tuple[int, ...], ...]
    optimal: bool

    @property
    def trials(self) -> tuple[int, ...]:
        """Plays of each secret."""
        return tuple(sum(row) for row in self.counts)

    @property
    def hits(self) -> tuple[int, ...]:
        """Right guesses of each secret."""
        return tuple(row[secret] for secret, row in enumerate(self.counts))

    def success(self, *, confidence: Any) -> Interval:
        """Interval of Pr[guess = secret] under the prior that the secrets were drawn from.

        Args:
            confidence: in (0, 1).
        """
        return proportion(hits=sum(self.hits), trials=sum(self.trials), confidence=confidence)

    def advantage(self, *, confidence: Any) -> Interval:
        """Interval of TPR - FPR = Pr[guess 1 | secret 1] - Pr[guess 1 | secret 0].

        Each rate has an exact interval at 1 - (1 - confidence)/2 (union bound), so that it holds
        at any prior.

        Args:
            confidence: in (0, 1).
        """
        require(len(self.counts) == 2, must="be of two secrets", counts=self.counts)
        each = (1 + unit(confidence, "confidence")) / 2
        false, true = (
            proportion(hits=row[1], trials=sum(row), confidence=each) for row in self.counts
        )
        return difference(true, false)

    def p_value(self, *, success: Any) -> float:
        """Chance of at least as many hits if no attacker's success exceeds a bound; rounded up.

        Args:
            success: the bound, in [0, 1]; (1 + a)/2 for an advantage a at equal priors.
        """
        return p_value(hits=sum(self.hits), trials=sum(self.trials), probability=success)
