"""From a claim to its group."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mipriv.errors import UnsupportedGuarantee
from mipriv.guarantee import ApproxDP

if TYPE_CHECKING:
    from mipriv.guarantee import ConcentratedDP, GaussianDP, LaplaceDP, TradeOffCurve
    from mipriv.loss.group import Group

    Claim = ApproxDP | GaussianDP | LaplaceDP | ConcentratedDP | TradeOffCurve

# by name, so that one claim does not load the others and their mathematics
_GROUPS = {
    "ApproxDP": ("group", "ApproxDPGroup"),
    "GaussianDP": ("curves", "GaussianGroup"),
    "LaplaceDP": ("curves", "LaplaceGroup"),
    "ConcentratedDP": ("concentrated", "ConcentratedGroup"),
    "TradeOffCurve": ("curves", "CurveGroup"),
}


def group(claim: Claim) -> Group:
    """Return the group loss of a claim about one record.

    Raises:
        UnsupportedGuarantee: not a claim about one record of the training set.
    """
    home = _GROUPS.get(type(claim).__name__)
    if home is None:
        raise UnsupportedGuarantee(
            f"{type(claim).__name__} says nothing of one record of the training set"
        )
    made: Group = getattr(import_module(f"mipriv.loss.{home[0]}"), home[1])(claim)
    return made


def approximate(claim: object, theorem: str) -> ApproxDP:
    """Return the claim if it is (epsilon, delta)-DP, which is all that the theorem covers."""
    if not isinstance(claim, ApproxDP):
        raise UnsupportedGuarantee(
            f"{theorem} is proved for (epsilon, delta)-DP, not for {type(claim).__name__}"
        )
    return claim
