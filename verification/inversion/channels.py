"""Exact cells: linear releases of a Gaussian record, the best attack against what information allows.

A channel of distortion d = share x v answers with excess mean squared error d, v the variance of
m = E[y|x], by one of these:

mid: c m + N(0, c (1 - c) v), c = 1 - share (theory.md, Theorem 12);
noise: m + N(0, d);
shrunk: c (m + N(0, s)) with the s and then the best c, v/(v + s), that give this distortion;
shrinkage: c m, (1 - c)^2 = share: no noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.attack.bayes.inversion.linear import LinearInversion
from mipriv.errors import ParameterError, require
from mipriv.game import InversionGame
from mipriv.guarantee import Information
from mipriv.loss.information import guess
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import outward
from verification.cell import Cell
from verification.inversion.worlds import GaussianWorld, World
from verification.measures import Point
from verification.outcome import Observed, Outcome, Theory

_BITS = 160
_NAMES = {
    "mid": ("MID, optimal release", "mid"),
    "noise": ("additive noise", "baseline"),
    "shrunk": ("additive noise, optimally shrunk", "baseline"),
    "shrinkage": ("shrinkage without noise", "baseline"),
}


@dataclass(frozen=True, slots=True)
class Gain:
    """A release gain * m + N(0, variance), exact."""

    gain: fmpq
    variance: fmpq

    def distortion(self, v: fmpq) -> fmpq:
        """Its excess mean squared error where m has variance v."""
        return (1 - self.gain) ** 2 * v + self.variance


def channel(kind: str, *, share: fmpq, v: fmpq) -> Gain:
    """The channel of this kind and distortion, each from its own definition.

    Raises:
        ParameterError: an unknown kind, a share outside (0, 1) (noise: > 0), or one that is no
            square of a rational where no noise is added.
    """
    require(kind in _NAMES, must=f"be one of {', '.join(_NAMES)}", kind=kind)
    rule = "be > 0" if kind == "noise" else "lie in (0, 1)"
    require(share > 0 and (kind == "noise" or share < 1), must=rule, share=share)
    if kind == "mid":
        c = 1 - share
        return Gain(c, c * (1 - c) * v)
    if kind == "noise":
        return Gain(fmpq(1), share * v)
    if kind == "shrunk":
        s = share * v / (1 - share)
        c = v / (v + s)
        return Gain(c, c * c * s)
    return Gain(1 - _root(share), fmpq(0))


def _root(share: fmpq) -> fmpq:
    p, q = int(share.p), int(share.q)
    roots = isqrt(p), isqrt(q)
    require(roots[0] ** 2 == p and roots[1] ** 2 == q, must="be a square", share=share)
    return fmpq(*roots)


def play(cell: Cell, place: World) -> Outcome:
    """The best attack against a channel, and what its information allows at most, both enclosed.

    Raises:
        ParameterError: a world that is not Gaussian, or side information: the bound speaks of two
            secrets at even odds.
    """
    if not isinstance(place, GaussianWorld):
        raise ParameterError(f"population={cell.population['name']}: must be gaussian")
    even = not place.known and not place.label
    require(even, must="be none for a channel", side=cell.population.get("side"))
    share = exact(cell.learner["share"], "share")
    v = place.joint.variance
    found = channel(cell.learner["kind"], share=share, v=v)
    row = tuple(found.gain * beta for beta in place.joint.coefficients)
    queries = cell.parameters.get("queries", 1)
    game = place.game(coefficients=row, variance=found.variance, queries=queries)
    with ctx.workprec(_BITS):
        ends = outward(game.success())
    observed = Observed(lower=ends.lower, upper=min(ends.upper, 1.0), exact=True, trials=0)
    allowed = information_bound(game)
    excess = found.distortion(v) / v
    point = _point(cell, observed, allowed, game, excess=excess, base=place.base.upper)
    return Outcome(theory=allowed, observed=observed, measures=point.to_json())


def information_bound(game: LinearInversion) -> Theory:
    """Theorems 10 and 11: success of any attacker at a secret bit, from I(X; answers)."""
    with ctx.workprec(_BITS):
        nats = game.information()
        if not nats.is_finite():
            return Theory(lower=1.0, upper=1.0, method="nothing: the information is infinite")
        bits = (nats / arb(2).log()).upper()
        loss = guess(Information(bits=bits.fmpq()), InversionGame()).success
    upper = outward(exact(loss.value.upper, "bound")).upper
    lower = outward(exact(loss.value.lower, "bound")).lower
    return Theory(lower=min(lower, 1.0), upper=min(upper, 1.0), method="Theorems 10 and 11")


def _point(
    cell: Cell,
    observed: Observed,
    allowed: Theory,
    game: LinearInversion,
    *,
    excess: fmpq,
    base: float,
) -> Point:
    title, role = _NAMES[cell.learner["kind"]]
    with ctx.workprec(_BITS):
        nats = game.information()
        ends = outward(nats) if nats.is_finite() else None
    ball = {"lower": observed.lower, "upper": observed.upper}
    middle = {"value": (observed.lower + observed.upper) / 2, **ball}
    information: Mapping[str, Any] = (
        {"value": None, "lower": None, "upper": None, "infinite": True}
        if ends is None
        else {"value": (ends.lower + ends.upper) / 2, "lower": ends.lower, "upper": ends.upper}
    )
    queries = cell.parameters.get("queries", 1)
    return Point.from_json(
        {
            "panel": f"exact channels, {queries} answer{'s' * (queries > 1)}",
            "defence": title,
            "setting": f"share={cell.learner['share']}",
            "replicate": 0,
            "utility": {
                "name": "excess mean squared error, share of the variance",
                "value": int(excess.p) / int(excess.q),  # correctly rounded
                "better": "low",
            },
            "attack": {"name": "chance of the right sign", "level": "Bayes", **middle},
            "attacks": {"Bayes": middle},
            "base": base,
            "role": role,
            "train": None,
            "bayes": {**ball, "kind": "exact", "method": "correlation with the answer"},
            "bound": {"value": allowed.upper, "method": allowed.method},
            "information": {**information, "method": "exact", "bound": True},
            "epsilon": None,
        }
    )
