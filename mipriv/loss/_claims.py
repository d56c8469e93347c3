"""From a claim to its group."""

from __future__ import annotations

from typing import Any

from mipriv.errors import UnsupportedGuarantee
from mipriv.guarantee import (
    ApproxDP,
    ConcentratedDP,
    GaussianDP,
    LaplaceDP,
    TradeOffCurve,
)
from mipriv.loss.concentrated import ConcentratedGroup
from mipriv.loss.curves import CurveGroup, GaussianGroup, LaplaceGroup
from mipriv.loss.group import ApproxDPGroup, Group

Claim = ApproxDP | GaussianDP | LaplaceDP | ConcentratedDP | TradeOffCurve

_GROUPS: dict[type, Any] = {
    ApproxDP: ApproxDPGroup,
    GaussianDP: GaussianGroup,
    LaplaceDP: LaplaceGroup,
    ConcentratedDP: ConcentratedGroup,
    TradeOffCurve: CurveGroup,
}


def group(claim: Claim) -> Group:
    """Return the group loss of a claim about one record.

    Raises:
        UnsupportedGuarantee: not a claim about one record of the training set.
    """
    make = _GROUPS.get(type(claim))
    if make is None:
        raise UnsupportedGuarantee(
            f"{type(claim).__name__} says nothing of one record of the training set"
        )
    made: Group = make(claim)
    return made


def approximate(claim: object, theorem: str) -> ApproxDP:
    """Return the claim if it is (epsilon, delta)-DP, which is all that the theorem covers."""
    if not isinstance(claim, ApproxDP):
        raise UnsupportedGuarantee(
            f"{theorem} is proved for (epsilon, delta)-DP, not for {type(claim).__name__}"
        )
    return claim
