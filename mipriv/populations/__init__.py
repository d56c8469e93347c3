"""Populations whose distances are known, and laws of records with a sensitive part."""

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
from mipriv.populations.joint import DiscreteJoint, GaussianJoint, equicorrelated, noisy_rule

__all__ = [
    "DiscreteJoint",
    "FactorModel",
    "FiniteFamily",
    "GaussianJoint",
    "GaussianLinear",
    "GaussianShift",
    "bernoulli",
    "categorical",
    "equicorrelated",
    "extremal",
    "identities",
    "noisy_rule",
    "swap",
    "walsh_factors",
]
