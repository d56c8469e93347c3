"""What one answer of a model says about a record, in bits."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

from mipriv.rigor.decimals import nonnegative


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """Mutual information between a record and one answer of a model, in bits.

    Attributes:
        bits: I(X; Y) of one answer, finite, >= 0; for queries chosen adaptively or of another law
            than the one it was measured at, the channel's capacity instead.
    """

    bits: fmpq

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", nonnegative(self.bits, "bits"))
