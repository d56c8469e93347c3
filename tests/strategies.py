"""Shared Hypothesis strategies and a reading of numbers at 60 digits."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
from hypothesis import strategies as st

from mipriv.game import Adjacency
from mipriv.guarantee import ApproxDP

MP = mpmath.MPContext()
MP.dps = 60


def number(value: Any) -> Any:
    """A decimal text, a rational or an endpoint as a 60-digit number."""
    if hasattr(value, "p"):
        return MP.mpf(int(value.p)) / int(value.q)
    if isinstance(value, Fraction):
        text = str(value)
        return MP.mpf(text) if "/" not in text else MP.mpf(value.numerator) / value.denominator
    return MP.mpf(value)


def decimals(low: float, high: float, digits: int = 6) -> st.SearchStrategy[str]:
    """Decimal strings spread evenly over the exponents between two positive numbers."""
    exponents = st.integers(math.floor(math.log10(low)), math.ceil(math.log10(high)) - 1)
    mantissas = st.integers(10 ** (digits - 1), 10**digits - 1)
    return st.builds(lambda m, e: f"{m}e{e - digits + 1}", mantissas, exponents).filter(
        lambda text: low <= float(text) <= high
    )


epsilons = st.one_of(st.just("0"), decimals(1e-12, 30))
deltas = st.one_of(st.just("0"), st.sampled_from(["0.5", "1"]), decimals(1e-15, 0.9))
sizes = st.one_of(st.integers(0, 12), st.integers(0, 10**6), st.integers(0, 10**24))
small_sizes = st.integers(0, 40)
taus = st.one_of(st.sampled_from(["0", "1", "0.5"]), decimals(1e-9, 0.999))
priors = st.one_of(st.sampled_from(["0", "1", "0.5"]), decimals(1e-9, 0.999))
rates = st.one_of(st.sampled_from(["0", "1"]), decimals(1e-9, 0.999))
adjacencies = st.sampled_from(list(Adjacency))
approx_dp = st.builds(ApproxDP, epsilon=epsilons, delta=deltas, adjacency=adjacencies)
