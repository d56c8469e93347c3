"""What no attack on a fitted model can exceed, and how useful the model is, as exactly as is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from mipriv.attack.bayes.inversion.answers import Channel, Deterministic
from mipriv.attack.bayes.inversion.ceiling import ceiling, information_ceiling
from mipriv.attack.bayes.inversion.factor import FactorInversion
from mipriv.errors import ParameterError, require
from mipriv.estimate.reading import Reading
from mipriv.game import InversionGame
from mipriv.learn.baselines.answers import answers_of
from mipriv.learn.baselines.constant import ConstantClassifier
from mipriv.learn.baselines.flip import FlippedLabel
from mipriv.learn.release import FreshNoise, PerInputNoise
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import Interval, outward
from verification.inversion.linear import linear
from verification.inversion.raw import NoisyRecords
from verification.inversion.records import Records
from verification.inversion.worlds import DataWorld, FactorWorld, GaussianWorld, RuleWorld, World
from verification.outcome import Theory
from verification.parts import Kind

_BITS = 128
_RECORD_RISK = "1e-9"  # chance that the interval of the best guess from the record itself misses
_PLAYS = 200_000
# of a mean of divergences, sums of at most some 10^4 terms >= 0; and absolutely, since a term near 0
# is what is left where numbers up to 1 cancel
_ROUNDING = 2.0**-40


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the theory says of attacks on one fitted model.

    It speaks of attackers who ask as `Asked` says, about the records that they are counted on and
    about other records, in other cells of the noise's grid.  Noise that is fixed for each input is a
    table: who may ask about records that share a cell with the drawn one (every value of the secret
    beside known attributes, or all images of a finite set) finds its answer there, and exceeds the
    line.  Only where all records are enumerated does the line know the table.

    Attributes:
        allowed: no such attack exceeds its upper end (a ceiling but for a chance of 1e-9).
        kind: whether that is the best such attack's own success.
        information: success that the information allows, and in what words; None: not bounded.
        limits: how many upper limits, each right for its own reason, the upper end is the least of.
            One of them may depend on the records: whoever tests the least tests all.
    """

    allowed: Theory
    kind: Kind
    information: tuple[float, str] | None = None
    limits: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the attacker asks.

    Attributes:
        queries: answers he sees of every record.
        independent: those among them whose noise is independent.
        white: whether he sees what the model computes before its noise.
        divergences: mean KL in nats of the code at what he asks about, summed over his questions;
            None if the model has none.
    """

    queries: int
    independent: int
    white: bool = False
    divergences: float | None = None


def noises(model: Any) -> list[Any]:
    """The noise of a fitted model and of those inside it, from the outside in."""
    found = [model.noise_] if getattr(model, "noise_", None) is not None else []
    return found + (noises(model.estimator_) if hasattr(model, "estimator_") else [])


@singledispatch
def line(place: World, model: Any, asked: Asked, seen: Records, seed: int) -> Line:  # noqa: ARG001  # as all lines
    """The line of a fitted model.  Worlds of other modules register their own.

    Args:
        place: where the records come from.
        model: fitted.
        asked: how the attacker asks.
        seen: the records that the attack is counted on.
        seed: of the plays that tell what the record itself gives away.

    Raises:
        ParameterError: a model of which nothing is known here.
    """
    raise ParameterError(f"population={type(place).__name__}: must be a known one")


@line.register
def _data(place: DataWorld, model: Any, asked: Asked, seen: Records, seed: int) -> Line:  # noqa: ARG001  # as all lines
    """Nothing is known of the record; of the secret alone the information of the answers."""
    if place.side.shape[1]:
        allowed = Theory(lower=1.0, upper=1.0, method="ceiling: nothing is known below certainty")
        return Line(allowed=allowed, kind=Kind.CEILING)
    return _silent(place, model) or _information(model, asked, seen, None)


def _silent(place: World, model: Any) -> Line | None:
    """Of a model that answers all alike: what is had without it."""
    if place.base is None or not isinstance(model, ConstantClassifier):
        return None
    method = "a constant answer says nothing"
    allowed = Theory(lower=place.base.lower, upper=place.base.upper, method=method)
    return Line(allowed=allowed, kind=Kind.EXACT)


def _alone(model: Any) -> str:
    """What must be said of a line that noise from a table holds up."""
    table = any(isinstance(one, PerInputNoise) for one in noises(model))
    return ", for who asks about no record that shares its noise" if table else ""


@line.register
def _gaussian(place: GaussianWorld, model: Any, asked: Asked, seen: Records, seed: int) -> Line:  # noqa: ARG001  # as all lines
    """Exact for who asks as `Asked` says, where all is known but the secret too.

    There a table of noise has no more cells than one attribute: who asks about each of them exceeds
    the line, which says in words that it is not about him.
    """
    found = linear(model, place.joint.attributes)
    variance = fmpq(0) if asked.white or not found.exact else found.variance
    game = place.game(
        coefficients=found.coefficients,
        offset=found.offset,
        variance=variance,
        queries=asked.independent,
    )
    with ctx.workprec(_BITS):
        ends = outward(game.success())
        nats = game.information()
        upper = outward(nats).upper if nats.is_finite() else math.inf
    method = "correlation of the answer with the secret"
    if not found.exact:
        method = "answers before they are noised, rounded or cut"
    elif variance > 0:
        method += _alone(model)
    allowed = Theory(lower=max(ends.lower, 0.0), upper=min(ends.upper, 1.0), method=method)
    information = None
    if math.isfinite(upper):
        reading = Reading.computed(upper, method="exact for the fitted model", bound=True)
        side = bool(place.known) or place.label
        told = information_ceiling(
            reading, InversionGame(), base=place.base.upper if side else None
        )
        information = told.success, "Theorems 10 and 11, with the exact information"
    kind = Kind.EXACT if found.exact else Kind.CEILING
    return Line(allowed=allowed, kind=kind, information=information)


@line.register
def _rule(place: RuleWorld, model: Any, asked: Asked, seen: Records, seed: int) -> Line:  # noqa: ARG001  # as all lines
    """Noise fixed for each input is a table to who may ask about every record of a finite set.

    Raises:
        ParameterError: fresh noise that is not a flip of the label, or questions beside the records,
            whose answers no table of the records holds.
    """
    cells = place.game.joint.cells()
    release: Deterministic | Channel
    fresh = [isinstance(one, FreshNoise) for one in noises(model)]
    if fresh == [True] and isinstance(model, FlippedLabel):
        table = model.inner(cells)
        kept = exact(model.keep_, "keep")
        release = Channel.of(table.argmax(axis=1).tolist(), keep=kept, answers=table.shape[1])
    else:
        name = type(model).__name__
        require(not any(fresh), must="have no fresh noise but a flip", learner=name)
        require(asked.independent == 1, must="be asked about records alone", learner=name)
        release = Deterministic.of(answers_of(model, cells))
    found = outward(place.game.success(release, queries=asked.independent))
    allowed = Theory(lower=found.lower, upper=found.upper, method="enumeration of all records")
    return Line(allowed=allowed, kind=Kind.EXACT)


@line.register
def _factor(place: FactorWorld, model: Any, asked: Asked, seen: Records, seed: int) -> Line:
    silent = _silent(place, model)
    if silent is not None:
        return silent
    if isinstance(model, NoisyRecords):
        claimed = exact(repr(model.scale), "scale") ** 2
        game = FactorInversion(model=place.model, variance=claimed, queries=asked.independent)
        if place.secrets == 2:
            with ctx.workprec(_BITS):
                ends = outward(game.success())
            method = "distance of the two identities"
            allowed = Theory(lower=ends.lower, upper=ends.upper, method=method)
            return Line(allowed=allowed, kind=Kind.EXACT)
    else:
        game = FactorInversion(model=place.model)
    plays = game.play(trials=_PLAYS, rng=np.random.default_rng([seed, 7]))
    record = plays.success(confidence=1 - exact(_RECORD_RISK, "risk"))
    return _information(model, asked, seen, record)


def _information(model: Any, asked: Asked, seen: Records, record: Interval | None) -> Line:
    """The smaller of what the record tells and what the information allows.

    Theorem 10 is about the records that are asked about, drawn uniformly: of those the mean
    divergence is known, and the best guess without a model is the most frequent secret.  The hits
    are a sum of independent trials whose mean chance it bounds, for these records; what the record
    tells is a bound for records of the law.  Which of the two is the smaller depends on the records.

    Source: Hoeffding 1956 (independent trials of one mean chance: the binomial tail beyond the mean
    is the heaviest).
    """
    counts = np.bincount(seen.secret)
    base = fmpq(int(counts.max()), int(counts.sum()))
    reading = None
    if asked.divergences is not None and not asked.white:
        nats = asked.divergences * (1 + _ROUNDING) + _ROUNDING * asked.independent
        reading = Reading.computed(nats, method="mean KL at the questions", bound=True)
    game = InversionGame(secrets=len(counts))
    if reading is None and record is None:
        allowed = Theory(lower=1.0, upper=1.0, method="ceiling: nothing is known below certainty")
        return Line(allowed=allowed, kind=Kind.CEILING)
    found = ceiling(
        game=game,
        reading=reading,
        record=record,
        record_confidence=1 - exact(_RECORD_RISK, "risk"),
        base=base,
    )
    told = None
    if reading is not None:
        alone = information_ceiling(reading, game, base=base)
        told = alone.success, "Theorems 10 and 11, with the mean KL at the questions"
    method = f"ceiling from the {found.binds}" if found.binds != "nothing" else "ceiling: certainty"
    if found.binds == "information":
        method += _alone(model)
    allowed = Theory(lower=min(float(base), found.success), upper=found.success, method=method)
    limits = (reading is not None) + (record is not None)
    return Line(allowed=allowed, kind=Kind.CEILING, information=told, limits=limits)


@singledispatch
def utility(place: World, model: Any, seen: Records) -> dict[str, Any]:
    """How useful the model is: over the law where that is known, else on the records seen."""
    if place.regression:
        miss_by = answers_of(model, seen.X) - seen.y
        value = float(np.mean(miss_by**2) / np.var(seen.y))
        return {
            "name": "mean squared error, share of the variance",
            "value": value,
            "better": "low",
        }
    if isinstance(model, NoisyRecords):
        return {"name": "accuracy", "value": 1 / 2, "better": "high"}
    right = answers_of(model, seen.X).argmax(axis=1) == _numbers(model, seen.y)
    return {"name": "accuracy", "value": float(right.mean()), "better": "high"}


@utility.register
def _of_gaussian(place: GaussianWorld, model: Any, seen: Records) -> dict[str, Any]:
    name = "excess mean squared error, share of the variance"
    return {"name": name, "value": _excess(place, model, seen), "better": "low"}


@utility.register
def _of_rule(place: RuleWorld, model: Any, seen: Records) -> dict[str, Any]:  # noqa: ARG001  # as all utilities
    return {"name": "accuracy", "value": _accuracy(place, model), "better": "high"}


def _numbers(model: Any, y: NDArray[Any]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.searchsorted(np.asarray(model.classes_), y)
    return found


def _excess(place: GaussianWorld, model: Any, seen: Records) -> float:
    found = linear(model, place.joint.attributes)
    v = float(arb(place.joint.variance))
    if not found.exact:
        miss_by = answers_of(model, seen.X) - seen.X @ place.weights
        return float(np.mean(miss_by**2)) / v
    miss = tuple(a - b for a, b in zip(found.coefficients, place.joint.coefficients, strict=True))
    excess = place.joint.covariance_of(miss, miss) + found.offset**2 + found.variance
    return float(arb(excess / place.joint.variance))


def _accuracy(place: RuleWorld, model: Any) -> float:
    """Chance of the right label, over the law of the records and fresh noise."""
    joint = place.game.joint
    fresh = isinstance(model, FlippedLabel) and isinstance(model.noise_, FreshNoise)
    table = model.inner(joint.cells()) if fresh else answers_of(model, joint.cells())
    chosen = np.asarray(model.classes_)[table.argmax(axis=1)]
    masses = np.array([float(arb(mass)) for mass in joint.masses]).reshape(len(chosen), -1)
    right = float(masses[np.arange(len(chosen)), chosen].sum())
    keep = float(model.keep_) if fresh else 1.0
    return keep * right + (1 - keep) / len(model.classes_)
