"""Worlds of images: private classes that a model tells apart, and public ones that anybody knows.

What was made of a class is judged by an evaluator that neither the model nor the attacker has seen:
the best guess under the exact law where that is known, else a network trained on records of its own.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from mipriv.attack.priors import LinearPrior, PrincipalComponents, Prior
from mipriv.errors import ParameterError, require
from mipriv.populations.images import ImageClasses, cosine_images
from mipriv.rigor.decimals import whole
from mipriv.rigor.intervals import Interval, outward
from verification import data
from verification.cell import canonical
from verification.inversion.records import Records
from verification.inversion.worlds import World

Rows: TypeAlias = NDArray[np.float64]
_EPOCHS = 40  # of an evaluator
_HALVES = 2  # MNIST's images are taken at half their sides, means of 2 x 2 pixels
_KEPT = 4  # replicates whose records and priors a process keeps


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Numbers of records.

    Attributes:
        train: of private classes, which the model is trained on.
        held: of private classes, for the choice of settings, and as many for the utility.
        public: of the other classes, which the attacker learns from.
    """

    train: int
    held: int
    public: int

    def __post_init__(self) -> None:
        for name, least in (("train", 1), ("held", 1), ("public", 2)):
            whole(getattr(self, name), name, at_least=least)


@dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """Records of one replicate, and who judges reconstructions.

    Attributes:
        train, selection, evaluation: disjoint, of private classes; the secret is the class.
        public: of the other classes, shape (N, pixels).
        evaluator: images (N, pixels) -> private classes (N,).
        features: images -> (N, f), in which distances are taken.
        centres: mean image of each private class, shape (classes, pixels): of the law, or of the
            evaluation records.
    """

    train: Records
    selection: Records
    evaluation: Records
    public: Rows
    evaluator: Callable[[Rows], NDArray[np.int64]]
    features: Callable[[Rows], Rows]
    centres: Rows


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureWorld(World):
    """Images of private and of public classes.

    Attributes:
        title: in the names of panels.
        private: number of private classes.
        axes: of the principal components that an attacker takes for his prior.
        iterations: of the generator, in the training of a GAN.
    """

    title: str
    private: int
    axes: int
    iterations: int

    @property
    def secrets(self) -> int:
        return self.private

    @property
    def base(self) -> Interval:
        """Of a reconstruction without the model, whose class is any of them."""
        return outward(fmpq(1, self.private))

    @property
    def law(self) -> LinearPrior | None:
        """Exact moments of a public record, as a prior; None: the law is not known."""
        return None

    @abstractmethod
    def deal(self, sizes: Sizes, rng: np.random.Generator) -> Gallery:
        """Disjoint parts of these sizes, and an evaluator of their own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WavesWorld(PictureWorld):
    """Images whose law is known.

    Attributes:
        images: the law, of `private` classes and others.
    """

    images: ImageClasses

    @property
    def law(self) -> LinearPrior:
        return LinearPrior.of_moments(*self.images.moments())

    def records(self, count: int, rng: np.random.Generator) -> Records:
        labels = rng.integers(self.private, size=count)
        return _records(self.images.draw(labels, rng), labels)

    def deal(self, sizes: Sizes, rng: np.random.Generator) -> Gallery:
        parts = [self.records(n, rng) for n in (sizes.train, sizes.held, sizes.held)]
        drawn = rng.choice(np.array(self.images.public), size=sizes.public)
        templates = [self.images.template(label) for label in range(self.private)]
        return Gallery(
            train=parts[0],
            selection=parts[1],
            evaluation=parts[2],
            public=self.images.draw(drawn, rng),
            evaluator=lambda rows: self.images.posterior(rows).argmax(axis=1),
            features=lambda rows: rows,
            centres=np.array([[int(v.p) / int(v.q) for v in row] for row in templates]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class StockWorld(PictureWorld):
    """A set of images; which classes are private is dealt out anew in each replicate.

    Attributes:
        X: shape (N, pixels).
        y: class of each, whole numbers from 0, shape (N,).
        evaluator: records of private classes that the evaluator is trained on.
    """

    X: Rows
    y: NDArray[np.int64]
    evaluator: int

    def records(self, count: int, rng: np.random.Generator) -> Records:
        return self._dealt(count, rng)[0]

    def deal(self, sizes: Sizes, rng: np.random.Generator) -> Gallery:
        ends = np.cumsum((0, sizes.train, sizes.held, sizes.held, self.evaluator)).tolist()
        dealt, public = self._dealt(ends[-1], rng)
        train, selection, evaluation, own = (dealt.part(*pair) for pair in pairwise(ends))
        shown = rng.permutation(len(public))[: sizes.public]
        seen = set(evaluation.y.tolist())
        require(len(seen) == self.private, must="show every class", held=sizes.held)
        judge = _Judge.trained(own, self.private, seed=int(rng.integers(2**31)))
        means = [evaluation.X[evaluation.y == c].mean(axis=0) for c in range(self.private)]
        return Gallery(
            train=train,
            selection=selection,
            evaluation=evaluation,
            public=public[shown],
            evaluator=judge.guess,
            features=judge.features,
            centres=np.array(means),
        )

    def _dealt(self, count: int, rng: np.random.Generator) -> tuple[Records, Rows]:
        """Records of classes drawn to be private, in random order, and all of the others."""
        classes = rng.permutation(int(self.y.max()) + 1)
        number = np.full(len(classes), -1)
        number[classes[: self.private]] = np.arange(self.private)
        own = number[self.y]
        places = rng.permutation(np.flatnonzero(own >= 0))
        require(count <= len(places), must=f"be at most {len(places)} in all", records=count)
        chosen = places[:count]
        return _records(self.X[chosen], own[chosen]), self.X[own < 0]


@dataclass(frozen=True, eq=False)
class _Judge:
    """A network trained apart, and its last layer but the code."""

    model: Any

    @classmethod
    def trained(cls, own: Records, classes: int, *, seed: int) -> _Judge:
        from mipriv.learn.baselines.net import NetClassifier

        seen = len(np.unique(own.y))
        require(seen == classes, must="show the evaluator every class", evaluator=len(own))
        return cls(NetClassifier(epochs=_EPOCHS, random_state=seed).fit(own.X, own.y))

    def guess(self, rows: Rows) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self.model.answer(rows).argmax(axis=1)
        return found

    def features(self, rows: Rows) -> Rows:
        import torch

        scaled = (np.asarray(rows) - self.model.centre_) / self.model.scale_
        with torch.no_grad():
            found: Rows = self.model.network_.encoder(torch.tensor(scaled)).numpy()
        return found


def _records(X: Rows, labels: NDArray[np.int64]) -> Records:
    return Records(X=X, y=labels, secret=labels, side=np.empty((len(X), 0)))


def world(spec: Mapping[str, Any]) -> PictureWorld:
    """The world of a campaign's table of a population; the same one for the same table.

    wave-classes: private, public, side, patterns, deformations, contrast, within, noise, seed (as
    `cosine_images`) and iterations; digit-classes (of scikit-learn) and mnist-classes: private,
    axes, evaluator and iterations.

    Raises:
        ParameterError: an unknown name, or parameters it does not take.
    """
    return _world(canonical(dict(spec)))


@lru_cache(maxsize=8)
def _world(text: str) -> PictureWorld:
    given = json.loads(text)
    name = given.pop("name")
    require(name in _KINDS, must=f"be one of {', '.join(_KINDS)}", population=name)
    try:
        return _KINDS[name](**given)
    except TypeError as error:
        raise ParameterError(f"population={name}: {error}") from None


def _waves(*, patterns: int, deformations: int = 2, iterations: int, **given: Any) -> WavesWorld:
    images = cosine_images(patterns=patterns, deformations=deformations, **given)
    return WavesWorld(
        title="waves",
        private=images.secrets,
        axes=patterns + deformations,
        iterations=whole(iterations, "iterations", at_least=1),
        images=images,
    )


def _digits(**given: Any) -> StockWorld:
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    X, y = np.asarray(images, dtype=np.float64) / 16, np.asarray(digits, dtype=np.int64)
    return _stock("scikit-learn's digits", X, y, **given)


def _mnist(**given: Any) -> StockWorld:
    from mipriv.datasets.mnist import load_mnist

    found = load_mnist(*(data.path(name) for name in data.MNIST))
    side = found.images.shape[1] // _HALVES
    tiles = found.images.reshape(-1, side, _HALVES, side, _HALVES).astype(np.float64)
    X = tiles.mean(axis=(2, 4)).reshape(-1, side * side) / 255
    return _stock("MNIST", X, found.labels, **given)


def _stock(
    title: str,
    X: Rows,
    y: NDArray[np.int64],
    *,
    private: int,
    axes: int,
    evaluator: int,
    iterations: int,
) -> StockWorld:
    classes = int(y.max()) + 1
    count = whole(private, "private", at_least=2)
    require(count < classes, must=f"be below {classes}", private=private)
    return StockWorld(
        title=title,
        private=count,
        axes=whole(axes, "axes", at_least=1),
        iterations=whole(iterations, "iterations", at_least=1),
        X=X,
        y=y,
        evaluator=whole(evaluator, "evaluator", at_least=1),
    )


_KINDS: dict[str, Callable[..., PictureWorld]] = {
    "wave-classes": _waves,
    "digit-classes": _digits,
    "mnist-classes": _mnist,
}
PRIORS = ("normal", "PCA", "GAN", "perfect")


def gallery(spec: Mapping[str, Any], sizes: Sizes, seed: int) -> Gallery:
    """The records of one replicate; the same ones for the same arguments."""
    return _gallery(canonical(dict(spec)), sizes, seed)


@lru_cache(maxsize=_KEPT)
def _gallery(text: str, sizes: Sizes, seed: int) -> Gallery:
    return _world(text).deal(sizes, np.random.default_rng([seed, 0]))


def prior(kind: str, spec: Mapping[str, Any], sizes: Sizes, seed: int) -> Prior:
    """What an attacker takes an image for before he looks at the model; the same for the same arguments.

    Args:
        kind: normal (mean and covariance of the public records), PCA (along the leading axes), GAN
            (trained on them), or perfect (mean and covariance of the law).
        spec, sizes, seed: of the replicate.

    Raises:
        ParameterError: an unknown kind, or perfect where the law is not known.
    """
    require(kind in PRIORS, must=f"be one of {', '.join(PRIORS)}", prior=kind)
    return _prior(kind, canonical(dict(spec)), sizes, seed)


@lru_cache(maxsize=_KEPT * len(PRIORS))
def _prior(kind: str, text: str, sizes: Sizes, seed: int) -> Prior:
    place = _world(text)
    if kind == "perfect":
        law = place.law
        if law is None:
            raise ParameterError(f"prior=perfect: the law of {place.title} is not known")
        return law
    public = _gallery(text, sizes, seed).public
    if kind == "GAN":
        from mipriv.attack.gan import WassersteinGan

        number = int(np.random.default_rng([seed, 1]).integers(2**31))
        plan = WassersteinGan(iterations=place.iterations, critic_steps=3, seed=number)
        return plan.fit(public)
    return PrincipalComponents(rank=place.axes if kind == "PCA" else None).fit(public)
