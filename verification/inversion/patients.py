"""Patients: worlds in which all but one attribute of a record is known, which fills some columns.

Synthetic ones of a known law, and two sets of others' records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from mipriv.attack.bayes.inversion.categorical import CategoricalInversion
from mipriv.attack.bayes.inversion.ceiling import information_ceiling
from mipriv.attack.inversion.naive import Dummies
from mipriv.errors import require
from mipriv.estimate.reading import Reading
from mipriv.game import InversionGame
from mipriv.learn.baselines.answers import answers_of
from mipriv.learn.release import PerInputNoise
from mipriv.populations.warfarin import (
    ATTRIBUTES,
    COLUMNS,
    GENES,
    INTERCEPT,
    VALUES,
    Stratum,
    Warfarin,
)
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import Interval, outward
from verification import data
from verification.inversion.linear import Linear, linear
from verification.inversion.lines import Asked, Line, line, noises, utility
from verification.inversion.records import Records
from verification.inversion.worlds import DataWorld, LawWorld
from verification.outcome import Theory
from verification.parts import Kind

_BITS = 128
_NOISE = "1.1"  # standard deviation of the root of the dose given the record, as `Warfarin` has it
_SEX = 1  # column of the diabetes records


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How a secret sits in a record, for an attacker who puts records together.

    Attributes:
        dummies: value of the secret and all other columns -> a record.
        race: columns of the side information from which the secret's law is learned, all of few
            values; None: all, which may be any numbers.
        label: whether the last column of the side information is y.
    """

    dummies: Dummies
    race: tuple[int, ...] | None = None
    label: bool = False

    def records(self, value: Any, side: NDArray[np.float64]) -> NDArray[np.float64]:
        """Records of one value of the secret and every side information."""
        return self.dummies(value, side[:, :-1] if self.label else side)


@dataclass(frozen=True, kw_only=True)
class WarfarinWorld(LawWorld):
    """Synthetic patients of whom all is known but a gene; the model tells the root of the dose.

    Attributes:
        population: the law.
        gene: VKORC1 or CYP2C9.
        label: whether y is known too.
    """

    population: Warfarin
    gene: str
    label: bool = False
    regression = True

    @property
    def secrets(self) -> int:
        return len(VALUES[self.gene])

    @property
    def filling(self) -> Filling:
        """How the gene sits in a record."""
        return filled(self.gene, label=self.label)

    @cached_property
    def base(self) -> Interval:
        """From the race, and y where it is known, the law being known."""
        with ctx.workprec(_BITS):
            return outward(self._from_label().success() if self.label else self._blind().base())

    def _blind(self) -> CategoricalInversion:
        return CategoricalInversion(strata=self.population.strata(self.gene))

    def _from_label(self) -> CategoricalInversion:
        own = self.population.strata(self.gene)
        return CategoricalInversion(strata=own, variance=self.population.noise**2)

    def records(self, count: int, rng: np.random.Generator) -> Records:
        codes, y = self.population.sample(count, rng)
        X = self.population.design(codes)
        place, rows = self.population.dummies(self.gene)
        known = np.delete(X, slice(place, place + len(rows[0])), axis=1)
        secret = codes[:, ATTRIBUTES.index(self.gene)]
        side = np.column_stack([known, y]) if self.label else known
        return Records(X=X, y=y, secret=secret, side=side)

    def effects(self, found: Linear) -> tuple[fmpq, ...]:
        """What each genotype adds to the answer's mean, exact."""
        place, rows = self.population.dummies(self.gene)
        return (fmpq(0), *found.coefficients[place : place + len(rows[0])])

    def moments(self, row: Sequence[fmpq], offset: fmpq) -> tuple[fmpq, fmpq]:
        """Mean and mean square of <row, columns> + offset over the law, exact.

        Given the race all attributes are independent: their variances add.
        """
        first, second = fmpq(0), fmpq(0)
        for race, share in enumerate(self.population.races()):
            mean, variance = offset, fmpq(0)
            for name in ATTRIBUTES:
                terms = _terms(name, row)
                if name == ATTRIBUTES[0]:
                    mean += terms[race]
                    continue
                law = self.population.law(name, race=race)
                own = sum((p * t for p, t in zip(law, terms, strict=True)), fmpq(0))
                square = sum((p * t * t for p, t in zip(law, terms, strict=True)), fmpq(0))
                mean += own
                variance += square - own * own
            first += share * mean
            second += share * (variance + mean * mean)
        return first, second

    @cached_property
    def variance(self) -> fmpq:
        """Of E[y|x], exact."""
        mean, square = self.moments(self.population.coefficients(), exact(INTERCEPT, "intercept"))
        return square - mean * mean


def filled(gene: str, *, label: bool = False) -> Filling:
    """How a gene sits in records of the columns of the dosing model."""
    place, rows = Warfarin().dummies(gene)
    width = len(rows[0])
    races = [at for at, name in enumerate(COLUMNS) if name.startswith("race")]
    return Filling(
        dummies=Dummies(rows=dict(enumerate(rows)), position=place),
        race=tuple(at - width * (at > place) for at in races),
        label=label,
    )


def tabled(model: Any, found: Linear) -> bool:
    """Whether answers hold noise that is fixed for each input.

    Args:
        model: fitted.
        found: what was read off it.
    """
    fixed = any(isinstance(one, PerInputNoise) for one in noises(model))
    return fixed and not (found.exact and found.variance == 0)


def _looked_up(model: Any, found: Linear) -> bool:
    """Whether the table of answers surely tells every genotype.

    It does if the noise of each genotype's record is one of its own: normal, neither rounded nor cut
    nor under fresh noise, and drawn for records with all their columns.
    """
    own = [
        isinstance(one, PerInputNoise) and len(one.cells) == len(COLUMNS) for one in noises(model)
    ]
    return found.exact and all(own)


def _terms(name: str, row: Sequence[fmpq]) -> list[fmpq]:
    """What each value of an attribute adds to the sum."""
    values = VALUES[name]
    terms = [fmpq(0)] * len(values)
    for coefficient, column in zip(row, COLUMNS, strict=True):
        own, _, kind = column.partition(" ")
        if own == name:
            for code, value in enumerate(values):
                terms[code] += coefficient * (int(value == kind) if kind else value)
    return terms


@line.register
def _warfarin(place: WarfarinWorld, model: Any, asked: Asked, seen: Records, seed: int) -> Line:  # noqa: ARG001  # as all lines
    """From the model's own coefficients: exact but where answers are rounded, cut or Laplace's.

    The records are few enough to repeat, so that noise fixed for each input is a table: who asks
    about every genotype beside the rest that he knows finds the answer, and no other under it where
    the answer is a number of a continuous law for each genotype.  Else nothing is known below
    certainty.  With the label a noisy answer has an upper limit: see `_both`.
    """
    found = linear(model, len(COLUMNS))
    if tabled(model, found) and not asked.white:
        alone = _looked_up(model, found)
        method = "noise fixed for each input, found by asking about every genotype"
        if not alone:
            method = "ceiling: noise fixed for each input, asked about every genotype"
        allowed = Theory(lower=1.0, upper=1.0, method=method)
        return Line(allowed=allowed, kind=Kind.EXACT if alone else Kind.CEILING)
    noise = fmpq(0) if asked.white or not found.exact else found.variance / asked.independent
    effects = place.effects(found)
    with ctx.workprec(_BITS):
        success, miss = _best(place, effects, noise)
        lower, upper = outward(success - miss).lower, outward(success + miss).upper
    method = "distances of the genotypes' answers"
    if not found.exact:
        method = "answers before they are noised, rounded or cut"
    allowed = Theory(lower=max(lower, 0.0), upper=min(upper, 1.0), method=method)
    known = found.exact and miss == 0
    return Line(
        allowed=allowed,
        kind=Kind.EXACT if known else Kind.CEILING,
        information=_information(place, found, noise),
    )


def _best(place: WarfarinWorld, effects: tuple[fmpq, ...], noise: fmpq) -> tuple[arb, arb]:
    """The best success, and by how much the truth may differ from it."""
    strata = place.population.strata(place.gene, effects=effects)
    if not place.label:
        return CategoricalInversion(strata=strata, variance=noise).success(), arb(0)
    if noise > 0:
        return _both(place, strata, noise)
    own = place.population.strata(place.gene)
    apart = [one for pair in zip(strata, own, strict=True) for one in _told(*pair)]
    game = CategoricalInversion(strata=tuple(apart), variance=place.population.noise**2)
    return game.success(), arb(0)


def _told(answer: Stratum, label: Stratum) -> list[Stratum]:
    """What an answer without noise makes of a stratum: one for each of its values."""
    found = []
    for value in sorted(set(answer.means)):
        own = [i for i, mean in enumerate(answer.means) if mean == value]
        mass = sum((answer.prior[i] for i in own), fmpq(0))
        if mass > 0:
            prior = tuple(answer.prior[i] / mass for i in own)
            means = tuple(label.means[i] for i in own)
            found.append(Stratum(mass=answer.mass * mass, prior=prior, means=means))
    return found


def _both(place: WarfarinWorld, strata: tuple[Stratum, ...], noise: fmpq) -> tuple[arb, arb]:
    """From y and a noisy answer, by an answer whose effects are c times those of y, and the miss.

    Of such an answer a weighted sum with y is sufficient, and is normal with the effects of y and
    variance 1/(1/s^2 + c^2/t^2).  The law of the answer given a genotype is another's moved by r, at
    a total variation of at most r/(t sqrt(2 pi)), by which the success of any guess is changed at most.
    """
    own = place.population.strata(place.gene)
    effects, true = strata[0].means, own[0].means
    weights = [sum((row.mass * row.prior[i] for row in own), fmpq(0)) for i in range(len(effects))]
    centre_e, centre = (
        sum((w * v for w, v in zip(weights, row, strict=True)), fmpq(0)) for row in (effects, true)
    )
    shared = sum(
        (w * (e - centre_e) * b for w, e, b in zip(weights, effects, true, strict=True)), fmpq(0)
    )
    slope = shared / sum(
        (w * (b - centre) * b for w, b in zip(weights, true, strict=True)), fmpq(0)
    )
    moved = [abs(e - centre_e - slope * (b - centre)) for e, b in zip(effects, true, strict=True)]
    miss = sum((w * r for w, r in zip(weights, moved, strict=True)), fmpq(0))
    precision = 1 / place.population.noise**2 + slope * slope / noise
    game = CategoricalInversion(strata=own, variance=1 / precision)
    return game.success(), arb(miss) / (2 * arb.pi() * arb(noise)).sqrt()


def _information(place: WarfarinWorld, found: Linear, noise: fmpq) -> tuple[float, str] | None:
    """What the information allows: a normal mean of this variance would tell the most."""
    mean, square = place.moments(found.coefficients, found.offset)
    signal = square - mean * mean
    if place.label or (noise == 0 and signal > 0):
        return None
    with ctx.workprec(_BITS):
        nats = arb(0) if signal == 0 else arb(1 + signal / noise).log() / 2
        upper = outward(nats).upper
    require(isfinite(upper), must="be finite", information=upper)
    reading = Reading.computed(upper, method="largest for this variance of the mean", bound=True)
    game = InversionGame(secrets=place.secrets)
    told = information_ceiling(reading, game, base=place.base.upper)
    return told.success, "Theorems 10 and 11, with the most information at this signal and noise"


@utility.register
def _of_warfarin(place: WarfarinWorld, model: Any, seen: Records) -> dict[str, Any]:
    """Exact over the law; on the records where the release is not all of its formula."""
    found = linear(model, len(COLUMNS))
    own, offset = place.population.coefficients(), exact(INTERCEPT, "intercept")
    if found.exact:
        miss = [a - b for a, b in zip(found.coefficients, own, strict=True)]
        excess = place.moments(miss, found.offset - offset)[1] + found.variance
        value = float(arb(excess / place.variance))
    else:
        mean = seen.X @ np.array([float(arb(b)) for b in own]) + float(INTERCEPT)
        miss_by = answers_of(model, seen.X) - mean
        value = float(np.mean(miss_by**2)) / float(arb(place.variance))
    name = "excess mean squared error, share of the variance"
    return {"name": name, "value": value, "better": "low"}


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientRecords(DataWorld):
    """Records of others, of which all is known but one attribute.

    Attributes:
        filling: how the secret sits in a record.
    """

    filling: Filling
    regression: bool = True


def warfarin(
    *, secret: str, side: str = "rest", label: bool = False, noise: object = _NOISE
) -> WarfarinWorld:
    """Synthetic patients.

    Args:
        secret: the gene, VKORC1 or CYP2C9.
        side: rest.
        label: whether y is known too.
        noise: standard deviation of y given x.
    """
    _checked(secret, side)
    population = Warfarin(noise=exact(noise, "noise"))
    return WarfarinWorld(population=population, gene=secret, label=label)


def diabetes(*, side: str = "rest") -> PatientRecords:
    """scikit-learn's 442 patients: the model tells the disease's progress; the sex is secret.

    As it comes: attributes centred, each with a sum of squares of 1.
    """
    from sklearn.datasets import load_diabetes

    require(side == "rest", must="be rest", side=side)
    X, y = load_diabetes(return_X_y=True)
    kinds, secret = np.unique(X[:, _SEX], return_inverse=True)
    rows = {code: (float(kind),) for code, kind in enumerate(kinds.tolist())}
    return PatientRecords(
        X=X,
        y=y,
        secret=secret.astype(np.int64),
        side=np.delete(X, _SEX, axis=1),
        filling=Filling(dummies=Dummies(rows=rows, position=_SEX)),
    )


def iwpc(*, secret: str, side: str = "rest") -> PatientRecords:
    """The consortium's patients, from a user's own file, in the columns of the dosing model.

    Args:
        secret: the gene, VKORC1 or CYP2C9.
        side: rest.

    Raises:
        ParameterError: the file is not in the data folder.
    """
    from mipriv.datasets.iwpc import load_iwpc

    _checked(secret, side)
    table = load_iwpc(data.path(data.IWPC))
    parts = []
    for column in COLUMNS:
        name, _, value = column.partition(" ")
        own = table.X[:, ATTRIBUTES.index(name)]
        parts.append(own == VALUES[name].index(value) if value else own)
    X = np.stack(parts, axis=1).astype(np.float64)
    place, rows = Warfarin().dummies(secret)
    return PatientRecords(
        X=X,
        y=table.y,
        secret=table.X[:, ATTRIBUTES.index(secret)].astype(np.int64),
        side=np.delete(X, slice(place, place + len(rows[0])), axis=1),
        filling=filled(secret),
    )


def _checked(secret: str, side: str) -> None:
    require(secret in GENES, must=f"be one of {', '.join(GENES)}", secret=secret)
    require(side == "rest", must="be rest", side=side)
