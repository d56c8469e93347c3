"""What follows from a claim for a game: an enclosed number and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mipriv.rigor.decimals import Endpoint
from mipriv.rigor.enclosure import Enclosure


class Kind(StrEnum):
    """What an enclosed number is."""

    EXACT = "exact"  # the supremum itself
    UPPER_BOUND = "upper bound"
    CONJECTURED = "upper bound, tightness conjectured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """An enclosed probability or advantage, with what it is and where it comes from.

    Attributes:
        value: enclosure; for an upper bound it encloses the bound, not the leak.
        complement: enclosure of 1 - value, to its own relative accuracy.
        kind: exact supremum, upper bound, or upper bound whose tightness is conjectured.
        method: the theorem used.
        vacuous: whether the exact value is at least 1, decided exactly.
        wide: whether the enclosure is wider than the digits asked for.
    """

    value: Enclosure
    complement: Enclosure | None = None
    kind: Kind
    method: str
    vacuous: bool
    wide: bool = False

    @property
    def lower(self) -> Endpoint:
        """Certainly not above the value."""
        return self.value.lower

    @property
    def upper(self) -> Endpoint:
        """Certainly not below the value: what is safe to quote."""
        return self.value.upper
