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
from mipriv.populations.images import ImageClasses, cosine_images
from mipriv.populations.joint import DiscreteJoint, GaussianJoint, equicorrelated, noisy_rule
from mipriv.populations.warfarin import Warfarin

__all__ = [
    "DiscreteJoint",
    "FactorModel",
    "FiniteFamily",
    "GaussianJoint",
    "GaussianLinear",
    "GaussianShift",
    "ImageClasses",
    "Warfarin",
    "bernoulli",
    "categorical",
    "cosine_images",
    "equicorrelated",
    "extremal",
    "identities",
    "noisy_rule",
    "swap",
    "walsh_factors",
]
