"""Where the records come from: their law, what is secret in them, and what the attacker sees."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from mipriv.attack.bayes.inversion.discrete import DiscreteInversion
from mipriv.attack.bayes.inversion.linear import LinearInversion
from mipriv.errors import ParameterError, require
from mipriv.populations.factor import FactorModel, walsh_factors
from mipriv.populations.joint import DiscreteJoint, GaussianJoint, equicorrelated, noisy_rule
from mipriv.rigor.decimals import exact, whole
from mipriv.rigor.intervals import Interval, outward
from verification.cell import canonical
from verification.inversion.records import Records, Split

_BITS = 128


class World(ABC):
    """A law of records with a secret."""

    regression: bool = False  # what the model is for; otherwise it classifies

    @property
    @abstractmethod
    def secrets(self) -> int:
        """Values of the secret."""

    @property
    @abstractmethod
    def base(self) -> Interval | None:
        """Best success without a model, an enclosure: the no-model line; None: it is not known."""

    @property
    def arities(self) -> tuple[int, ...] | None:
        """Values of each attribute, where all are codes from 0; None otherwise."""
        return None

    @property
    def classes(self) -> int | None:
        """Labels, where they are codes from 0; None otherwise."""
        return None

    @abstractmethod
    def records(self, count: int, rng: np.random.Generator) -> Records:
        """Records in random order; independent where the law is known."""

    def split(self, sizes: tuple[int, int, int, int], rng: np.random.Generator) -> Split:
        """Disjoint parts of these sizes, as `Split.of`; the training records stand first."""
        return Split.of(self.records(sum(sizes), rng), sizes)


class LawWorld(World):
    """A world whose records are independent draws of a known law."""

    def split(self, sizes: tuple[int, int, int, int], rng: np.random.Generator) -> Split:
        """Parts of these sizes, drawn one after the other: none depends on the size of a later one."""
        train, auxiliary, selection, evaluation = (self.records(size, rng) for size in sizes)
        return Split(train=train, auxiliary=auxiliary, selection=selection, evaluation=evaluation)


@dataclass(frozen=True, kw_only=True)
class GaussianWorld(LawWorld):
    """A Gaussian record whose first attribute's sign is secret.

    Attributes:
        joint: its law.
        known: attributes that the attacker sees.
        label: whether he sees y too.
    """

    joint: GaussianJoint
    known: tuple[int, ...] = ()
    label: bool = False
    regression = True

    @property
    def secrets(self) -> int:
        return 2

    @cached_property
    def base(self) -> Interval:
        with ctx.workprec(_BITS):
            return outward(self.game(coefficients=(fmpq(0),) * self.joint.attributes).base())

    def game(self, **release: Any) -> LinearInversion:
        """The inversion game against a linear release, as `LinearInversion` takes it."""
        return LinearInversion(
            joint=self.joint, sensitive=0, known=self.known, label=self.label, **release
        )

    def records(self, count: int, rng: np.random.Generator) -> Records:
        X, y = self.joint.sample(count, rng)
        seen = [X[:, list(self.known)], *([y[:, None]] if self.label else [])]
        secret = (X[:, 0] > 0).astype(np.int64)
        return Records(X=X, y=y, secret=secret, side=np.hstack(seen))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Coefficients of E[y|x], as doubles."""
        return np.array([float(arb(v)) for v in self.joint.coefficients])

    def secret_law(
        self, side: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of the secret attribute given what the attacker sees."""
        found = self.game(coefficients=(fmpq(0),) * self.joint.attributes).posterior()
        row = np.array([float(arb(value)) for value in found.coefficients[1:]])
        deviation = float(arb(found.variance)) ** 0.5
        return side @ row, np.full(len(side), deviation)


@dataclass(frozen=True, kw_only=True)
class RuleWorld(LawWorld):
    """A discrete record whose first attribute is secret.

    Attributes:
        game: its law, and what the attacker sees.
    """

    game: DiscreteInversion

    @property
    def secrets(self) -> int:
        return self.game.secrets

    @cached_property
    def base(self) -> Interval:
        return outward(self.game.base())

    @property
    def arities(self) -> tuple[int, ...]:
        return self.game.joint.arities

    @property
    def classes(self) -> int:
        return self.game.joint.classes

    def records(self, count: int, rng: np.random.Generator) -> Records:
        X, y = self.game.joint.sample(count, rng)
        return self.of(X, y)

    def of(self, X: NDArray[np.int64], y: NDArray[np.int64]) -> Records:
        """Records of these attributes and labels."""
        seen = [X[:, list(self.game.known)], *([y[:, None]] if self.game.label else [])]
        side = np.hstack(seen).astype(np.float64)
        return Records(X=X, y=y, secret=X[:, 0], side=side)


@dataclass(frozen=True, kw_only=True)
class FactorWorld(LawWorld):
    """A vector of one of K identities, which is secret; the model tells to which group it belongs.

    Attributes:
        model: the law.
        groups: identity s is in the group s mod `groups`.
    """

    model: FactorModel
    groups: int

    @property
    def secrets(self) -> int:
        return self.model.secrets

    @cached_property
    def base(self) -> Interval:
        return outward(fmpq(1, self.secrets))

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        weights = np.array([[float(arb(v)) for v in row] for row in self.model.loadings])
        latent = np.array([[float(arb(v)) for v in row] for row in self.model.identities])
        return weights, latent

    def records(self, count: int, rng: np.random.Generator) -> Records:
        weights, latent = self._arrays
        secret = rng.integers(self.secrets, size=count)
        within, noise = (float(arb(v)) for v in (self.model.within, self.model.noise))
        points = latent[secret] + within * rng.normal(size=(count, latent.shape[1]))
        X = points @ weights.T + noise * rng.normal(size=(count, len(weights)))
        side = np.empty((count, 0))
        return Records(X=X, y=secret % self.groups, secret=secret, side=side)


@dataclass(frozen=True, kw_only=True, eq=False)
class DataWorld(World):
    """Records of a data set; a split deals them out in random order, without repetition.

    Attributes:
        X: what the model reads, shape (N, p).
        y: what it is to answer, shape (N,).
        secret: whole numbers from 0, shape (N,).
        side: what the attacker sees besides the answers, shape (N, s).
        regression: what the model is for.
        coded: whether all attributes and labels are codes from 0.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    secret: NDArray[np.int64]
    side: NDArray[np.float64]
    regression: bool = False
    coded: bool = False

    @property
    def secrets(self) -> int:
        return int(self.secret.max()) + 1

    @property
    def base(self) -> Interval | None:
        """Without side information the most frequent secret of the data set."""
        if self.side.shape[1]:
            return None
        counts = np.bincount(self.secret)
        return outward(fmpq(int(counts.max()), int(counts.sum())))

    @property
    def arities(self) -> tuple[int, ...] | None:
        return tuple((self.X.max(axis=0).astype(int) + 1).tolist()) if self.coded else None

    @property
    def classes(self) -> int | None:
        return int(self.y.max()) + 1 if self.coded else None

    def records(self, count: int, rng: np.random.Generator) -> Records:
        total = len(self.y)
        require(count <= total, must=f"be at most {total}", count=count)
        chosen = rng.permutation(total)[:count]
        parts = (self.X[chosen], self.y[chosen], self.secret[chosen], self.side[chosen])
        return Records(X=parts[0], y=parts[1], secret=parts[2], side=parts[3])


def _digits(*, aside: int = 0) -> DataWorld:
    """scikit-learn's 1,797 images: the model tells whether a digit is 5 or more; which is secret.

    Args:
        aside: images that are not dealt out but train an evaluator; 0: no evaluator.
    """
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    secret = np.asarray(digits, dtype=np.int64)
    X = np.asarray(images, dtype=np.float64) / 16
    side = np.empty((len(X), 0))
    found = DataWorld(X=X, y=(secret >= 5).astype(np.int64), secret=secret, side=side)
    if not aside:
        return found
    judged: Callable[..., DataWorld] = import_module("verification.inversion.mnist").judged
    return judged(found, aside)


def world(spec: Mapping[str, Any]) -> World:
    """The world of a campaign's table of a population; the same one for the same table.

    See `_world` for the tables.
    """
    return _world(canonical(dict(spec)))


@lru_cache(maxsize=8)
def _world(text: str) -> World:
    """The world of a campaign's table of a population.

    gaussian: dimension, correlation, noise, coefficients; rule: arities, correlation, noise, seed;
    both with side (none, or rest: all other attributes) and label (whether y is seen).  factors:
    identities, groups, rank, dimension, within, noise.  digits: aside.  Others are described where
    they are made.

    Raises:
        ParameterError: an unknown name, or parameters it does not take.
    """
    given = json.loads(text)
    name = given.pop("name")
    kinds: dict[str, Callable[..., World] | str] = {
        "gaussian": _gaussian,
        "rule": _rule,
        "factors": _factors,
        "digits": _digits,
        "warfarin": "patients:warfarin",
        "iwpc": "patients:iwpc",
        "diabetes": "patients:diabetes",
        "steak": "surveys:steak",
        "adult": "surveys:adult",
        "gss": "surveys:gss",
        "mnist": "mnist:mnist",
    }
    require(name in kinds, must=f"be one of {', '.join(kinds)}", population=name)
    made = kinds[name]
    if isinstance(made, str):
        module, _, function = made.partition(":")
        made = getattr(import_module(f"verification.inversion.{module}"), function)
    try:
        found: World = made(**given)
    except TypeError as error:
        raise ParameterError(f"population={name}: {error}") from None
    return found


def _side(side: str, attributes: int) -> tuple[int, ...]:
    require(side in ("none", "rest"), must="be none or rest", side=side)
    return tuple(range(1, attributes)) if side == "rest" else ()


def _gaussian(
    *,
    dimension: int,
    correlation: object,
    noise: object,
    coefficients: Any = None,
    side: str = "none",
    label: bool = False,
) -> GaussianWorld:
    joint = equicorrelated(
        dimension=dimension, correlation=correlation, noise=noise, coefficients=coefficients
    )
    return GaussianWorld(joint=joint, known=_side(side, dimension), label=label)


def _rule(
    *,
    arities: Any,
    correlation: object,
    noise: object,
    seed: int = 0,
    side: str = "none",
    label: bool = False,
) -> RuleWorld:
    joint: DiscreteJoint = noisy_rule(
        arities=tuple(arities), correlation=correlation, noise=noise, seed=seed
    )
    known = _side(side, len(arities))
    return RuleWorld(game=DiscreteInversion(joint=joint, sensitive=0, known=known, label=label))


def _factors(
    *,
    identities: int,
    groups: int,
    rank: int,
    dimension: int,
    within: object,
    noise: object,
) -> FactorWorld:
    count = whole(groups, "groups", at_least=2)
    require(count <= identities, must="be at most the identities", groups=groups)
    model = walsh_factors(
        secrets=identities,
        rank=rank,
        dimension=dimension,
        within=exact(within, "within"),
        noise=exact(noise, "noise"),
    )
    return FactorWorld(model=model, groups=count)
