"""What playing one cell gives: the theory's bound beside the best attacker's measured success."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from mipriv.errors import require
from verification.measures import checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Theory:
    """The theory's bound on the measured quantity: an enclosure, its ends rounded outward.

    Attributes:
        lower: float; a lower bound on what the theory says.
        upper: float; what no attacker may exceed.
        method: the theorem that binds, in words.
    """

    lower: float
    upper: float
    method: str

    def __post_init__(self) -> None:
        ordered = isfinite(self.lower) and isfinite(self.upper) and self.lower <= self.upper
        require(ordered, must="be finite, lower <= upper", lower=self.lower, upper=self.upper)
        require(bool(self.method), must="name a theorem", method=self.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The attacker's success: an enclosure, or a confidence interval; ends rounded outward.

    Attributes:
        lower, upper: floats.
        exact: whether the interval encloses for certain; otherwise it does so but for the level
            that the cell was played at.
        trials: number of plays the interval rests on; 0 if exact.
    """

    lower: float
    upper: float
    exact: bool
    trials: int

    def __post_init__(self) -> None:
        ordered = isfinite(self.lower) and isfinite(self.upper) and self.lower <= self.upper
        require(ordered, must="be finite, lower <= upper", lower=self.lower, upper=self.upper)
        rule = "be 0 if exact and >= 1 otherwise"
        require(
            self.exact == (self.trials == 0) and self.trials >= 0, must=rule, trials=self.trials
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One played cell.

    Attributes:
        theory: what the attacker may reach at most.
        observed: what it reached.
        p_value: upper bound in [0, 1] on the chance of trials at least this much above the theory
            were the theory right; None if exact.
        measures: what else was measured, as JSON with finite numbers; with a panel it is a point
            of a trade-off, see `verification.measures`.
    """

    theory: Theory
    observed: Observed
    p_value: float | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked(self.measures)
        if self.observed.exact:
            require(self.p_value is None, must="be None if exact", p_value=self.p_value)
        else:
            valid = self.p_value is not None and 0 <= self.p_value <= 1
            require(valid, must="lie in [0, 1]", p_value=self.p_value)
