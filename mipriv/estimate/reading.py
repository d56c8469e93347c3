"""What a method says of an information: a value, an interval, and whether it bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mipriv.errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reading of I(X;Y), in nats.

    Attributes:
        value: the reading, >= 0 unless the method can fall below; inf where the information is.
        lower, upper: interval around it at `confidence`; both equal `value` where it is computed.
        confidence: chance that the interval holds what the method reads, in (0, 1]; 1 if computed.
        method: in words.
        bound: True: `upper` is an upper bound on the information, but for 1 - confidence; False: an
            estimate, which may lie on either side.
    """

    value: float
    lower: float
    upper: float
    confidence: float
    method: str
    bound: bool

    def __post_init__(self) -> None:
        ordered = self.lower <= self.value <= self.upper
        require(ordered, must="be lower <= value <= upper", value=self.value)
        require(0 < self.confidence <= 1, must="lie in (0, 1]", confidence=self.confidence)
        require(bool(self.method), must="name a method", method=self.method)

    @property
    def bits(self) -> float:
        """The value in bits."""
        return self.value / math.log(2)

    @classmethod
    def computed(cls, value: float, *, method: str, bound: bool) -> Reading:
        """A reading without sampling error."""
        return cls(
            value=value, lower=value, upper=value, confidence=1.0, method=method, bound=bound
        )
