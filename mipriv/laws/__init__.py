"""Laws of real and whole-valued noise, with distribution functions as balls.

Continuous laws are those of ideal real arithmetic: a double is not a draw from them, so a release
that must keep its guarantee uses the discrete laws and `sample_exactly`.
"""

from __future__ import annotations

from mipriv.laws.continuous import GaussianLaw, LaplaceLaw
from mipriv.laws.discrete import DiscreteGaussian, DiscreteLaplace
from mipriv.laws.tulap import Tulap

__all__ = ["DiscreteGaussian", "DiscreteLaplace", "GaussianLaw", "LaplaceLaw", "Tulap"]
