"""Update-Leaks where the best guess is known: one gradient step of a linear model on Gaussian classes.

The world `gaussian-labels`: labels K, equally likely, dimension p > K, apart and noise.  A record of
label y is N(e_0 + apart e_{1+y}, noise^2 I).  The model x -> W x has the loss -<code_y, W x>: of two
labels the codes are 1 and -1, of more they are unit vectors.  The defence `linear-update` adds fresh
noise of standard deviation `noise` to every number it answers.  The probes are the unit vectors.
An update moves every model of this kind alike, whatever its weights, so that outsiders learn from
updates of the attacked model itself: shadow models would show them the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from mipriv.attack.bayes.inversion.update import LinearUpdate
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.features import AUXILIARY
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.updates import Probed, VmappedUpdates
from mipriv.errors import require
from mipriv.rigor.decimals import exact, whole
from mipriv.rigor.intervals import outward
from verification.cell import Cell, Control
from verification.inversion.updates.levels import INSIDER, Attacker, Seen, attackers
from verification.inversion.updates.stage import Numbers, Stage, both, judged
from verification.outcome import Outcome
from verification.parts import Bayes, Kind, Role

WORLD = "gaussian-labels"
OUTSIDER = "updates of the model"
_BITS = 128
_PLAYS = 100_000
_RISK = fmpq(1, 10**9)  # chance that the interval of the best guess misses, where it is played


@dataclass(frozen=True, kw_only=True)
class Classes:
    """The world.

    Attributes:
        labels: K >= 2.
        dimension: p > K.
        apart: distance of a label's mean from the common point.
        noise: standard deviation within a label, in every coordinate, > 0.
    """

    labels: int
    dimension: int
    apart: fmpq
    noise: fmpq

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Classes:
        """From a campaign's table of a population.

        Raises:
            ParameterError: other names, or a number outside its range.
        """
        names = {"name", "labels", "dimension", "apart", "noise"}
        require(set(spec) == names, must=f"be a table of {sorted(names)}", population=sorted(spec))
        labels = whole(spec["labels"], "labels", at_least=2)
        dimension = whole(spec["dimension"], "dimension", at_least=labels + 1)
        noise = exact(spec["noise"], "noise")
        require(noise > 0, must="be > 0", noise=spec["noise"])
        apart = exact(spec["apart"], "apart")
        return cls(labels=labels, dimension=dimension, apart=apart, noise=noise)

    @property
    def codes(self) -> tuple[tuple[int, ...], ...]:
        """Of each label."""
        if self.labels == 2:
            return (1,), (-1,)
        return tuple(tuple(int(a == b) for b in range(self.labels)) for a in range(self.labels))

    def game(self, *, rate: fmpq, variance: fmpq, queries: int) -> LinearUpdate:
        """The game of one who knows the model before."""
        unit = [[fmpq(int(i == j)) for j in range(self.dimension)] for i in range(self.dimension)]
        means = [
            tuple(a + self.apart * b for a, b in zip(unit[0], unit[1 + label], strict=True))
            for label in range(self.labels)
        ]
        rows = tuple(map(tuple, unit))
        return LinearUpdate(
            means=tuple(means),
            covariance=tuple(tuple(self.noise**2 * value for value in row) for row in rows),
            codes=tuple(tuple(map(fmpq, row)) for row in self.codes),
            probes=rows,
            rate=rate,
            variance=variance,
            queries=queries,
        )


@dataclass(frozen=True, kw_only=True)
class _BestGuess:
    """The likeliest label, by who knows the law and the model."""

    game: LinearUpdate
    name: str = "likeliest label"

    @property
    def knows(self) -> frozenset[str]:
        return AUXILIARY

    def fit(self, seen: Observation, secrets: Any, *, model: Any = None) -> _BestGuess:  # noqa: ARG002  # nothing to learn
        return self

    def infer(self, seen: Observation) -> NDArray[Any]:
        return self.game.guess(seen.answers.mean(axis=1))


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """Play a cell; args as of `verification.inversion.updates.play.play`.

    Raises:
        ParameterError: another learner, or more than one record an update.
    """
    return judged(cell, _stage(cell, seed), seed=seed, level=level)


def _stage(cell: Cell, seed: int) -> Stage:
    numbers = Numbers.of(cell, known=("rate",))
    require(numbers.batch == 1, must=f"be 1 with {WORLD}", batch=numbers.batch)
    place = Classes.of(cell.population)
    rate, noise, factor = _numbers(cell)
    game = place.game(rate=rate, variance=noise**2, queries=numbers.queries)
    own = _Model.trained(place, cell.n, game, rate=rate, noise=noise * factor, seed=seed)
    counts = {"shadow": numbers.auxiliary, "evaluation": numbers.trials}
    if numbers.selection:
        counts["selection"] = numbers.selection
    views: dict[str, dict[str, Seen]] = {}
    records = {}
    for name, count in counts.items():
        X, labels = records[name] = game.records(count, own.rng)
        views[name] = both(*own.seen(X, labels, numbers.queries), labels, outsider=OUTSIDER)
    levels = attackers(batch=1, queries=numbers.queries, seed=seed % 2**32, outsider=OUTSIDER)
    normal = Discriminant(kind="quadratic")
    levels += [
        Attacker(attack=normal, view=view, queries=numbers.queries) for view in (OUTSIDER, INSIDER)
    ]
    best = _BestGuess(game=replace(game, variance=(noise * factor) ** 2))
    levels.append(Attacker(attack=best, view=INSIDER, queries=numbers.queries))
    first = tuple(part[:32] for part in records["shadow"])
    return Stage(
        name=f"linear model, {place.labels} labels",
        defence="output noise",
        setting=f"noise={cell.learner['noise']}",
        role=Role.BASELINE,
        numbers=numbers,
        attackers=levels,
        shadows=views["shadow"],
        evaluation=views["evaluation"],
        selection=views.get("selection"),
        train=None,
        useful={
            name: own.accuracy(first[0], first[1], *records[name])
            for name in counts
            if name != "shadow"
        },
        law=(fmpq(1, place.labels),) * place.labels,
        line=_line(place, game, seed),
    )


def _numbers(cell: Cell) -> tuple[fmpq, fmpq, fmpq]:
    """Rate, noise as it is claimed, and the share of it that is added."""
    spec = cell.learner
    right = spec["name"] == "linear-update" and set(spec) == {"name", "noise"}
    require(right, must="be linear-update with noise", learner=spec["name"])
    factor = fmpq(1)
    if cell.control == Control.NOISE_TOO_SMALL:
        factor = exact(cell.parameters["factor"], "factor")
    found = []
    for name, given in (("rate", cell.parameters.get("rate")), ("noise", spec["noise"])):
        value = exact(given, name)
        require(value > 0, must="be > 0", **{name: given})
        found.append(value)
    return found[0], found[1], factor


def _line(place: Classes, game: LinearUpdate, seed: int) -> Bayes:
    if place.labels == 2:
        with ctx.workprec(_BITS):
            ends = outward(game.success())
        method = "distance of two normal laws"
    else:
        rng = np.random.default_rng([seed, 7])
        ends = game.play(trials=_PLAYS, rng=rng).success(confidence=1 - _RISK)
        method = "the likeliest label, played"
    return Bayes(lower=ends.lower, upper=min(ends.upper, 1.0), kind=Kind.EXACT, method=method)


@dataclass(frozen=True, kw_only=True)
class _Model:
    """A linear model that answers under noise."""

    module: Any
    codes: NDArray[np.float64]
    rate: float
    noise: float
    rng: np.random.Generator

    @classmethod
    def trained(
        cls, place: Classes, n: int, game: LinearUpdate, *, rate: fmpq, noise: fmpq, seed: int
    ) -> _Model:
        """Least squares of the codes on n records."""
        rng = np.random.default_rng([seed, 0])
        codes = np.array(place.codes, dtype=np.float64)
        X, labels = game.records(n, rng)
        weights = np.linalg.lstsq(X, codes[labels], rcond=None)[0].T
        outer, inner = weights.shape
        module = torch.nn.Linear(inner, outer, bias=False, dtype=torch.float64)
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(weights))
        doubles = (float(arb(value)) for value in (rate, noise))
        return cls(module=module, codes=codes, rate=next(doubles), noise=next(doubles), rng=rng)

    def seen(
        self, X: NDArray[Any], labels: NDArray[Any], queries: int
    ) -> tuple[Observation, Observation]:
        """Changes of noisy answers, and noisy answers less those before without noise."""
        codes = torch.from_numpy(self.codes)

        def objective(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return -(scores * codes[y]).sum(dim=1).mean()

        updates = VmappedUpdates(
            module=self.module,
            learning_rate=self.rate,
            objective=objective,
            release=lambda scores: scores,
        )
        probes = np.eye(X.shape[1])
        clean = updates.probed(X[:, None], labels[:, None], probes=probes, queries=queries)
        after = self._noisy(clean.after)
        before = self._noisy(np.broadcast_to(clean.before, after.shape))
        return (
            Probed(before=before, after=after).differences(),
            Probed(before=clean.before, after=after).differences(),
        )

    def accuracy(
        self, X: NDArray[Any], labels: NDArray[Any], test: NDArray[Any], own: NDArray[Any]
    ) -> float:
        """Share of records whose label has the code of the largest product with a noisy answer."""
        weights = self.module.weight.detach().numpy()
        right = []
        for record, label in zip(X, labels, strict=True):
            moved = weights + self.rate * np.outer(self.codes[label], record)
            answers = self._noisy(test @ moved.T)
            right.append(((answers @ self.codes.T).argmax(axis=1) == own).mean())
        return float(np.mean(right))

    def _noisy(self, answers: NDArray[np.float64]) -> NDArray[np.float64]:
        return answers + self.rng.normal(scale=self.noise, size=answers.shape)
