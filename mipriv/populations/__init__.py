"""Populations whose distances are known: what the secrets of a game are drawn as."""

from __future__ import annotations

from mipriv.populations.factor import FactorModel, walsh_factors
from mipriv.populations.finite import (
    FiniteFamily,
    bernoulli,
    categorical,
    extremal,
    identities,
    swap,
)
from mipriv.populations.gaussian import GaussianLinear, GaussianShift

__all__ = [
    "FactorModel",
    "FiniteFamily",
    "GaussianLinear",
    "GaussianShift",
    "bernoulli",
    "categorical",
    "extremal",
    "identities",
    "swap",
    "walsh_factors",
]
