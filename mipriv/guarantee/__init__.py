"""Claims: what is promised of one record (or one answer), and what follows for a game.

Each is a frozen value, checked once, at birth.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mipriv.guarantee.approx import ApproxDP
    from mipriv.guarantee.curves import (
        ConcentratedDP,
        Direction,
        GaussianDP,
        LaplaceDP,
        TradeOffCurve,
        curve_row,
    )
    from mipriv.guarantee.information import Information
    from mipriv.guarantee.loss import Kind, Loss

__all__ = [
    "ApproxDP",
    "ConcentratedDP",
    "Direction",
    "GaussianDP",
    "Information",
    "Kind",
    "LaplaceDP",
    "Loss",
    "TradeOffCurve",
    "curve_row",
]

_HOME = {"ApproxDP": "approx", "Information": "information", "Kind": "loss", "Loss": "loss"}


def __getattr__(name: str) -> Any:
    """Import a claim on first use: `mipriv bound` needs one of them."""
    if name not in __all__:
        raise AttributeError(f"module 'mipriv.guarantee' has no attribute {name!r}")
    return getattr(import_module(f"mipriv.guarantee.{_HOME.get(name, 'curves')}"), name)
