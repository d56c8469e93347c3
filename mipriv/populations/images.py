"""Small images of classes, some private and some public, whose law is known in closed form."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.populations._normal import checked_secret
from mipriv.populations.factor import FactorModel
from mipriv.rigor.decimals import exact, nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEVELS = range(-4, 5)  # values of a class's code
_GRAINS = 1 << 10  # patterns are rounded to multiples of its inverse, so that all is rational


@dataclass(frozen=True, kw_only=True)
class ImageClasses:
    """Images of side x side pixels: x = brightness + W (u_c + w z) + noise for class c.

    W u_c is the template of the class less its brightness, W w z a normal deformation of low rank, z
    standard normal.  The first classes are private, the others public; no two have one template.
    Pixels are not cut off to [0, 1]: the law is exactly normal.

    Attributes:
        side: pixels of a side, >= 2; a record is the rows of the image one after the other.
        factors: law of the records less the brightness, one identity a class.
        private: number of private classes, >= 2 and at most all.
        brightness: of every pixel, finite.
    """

    side: int
    factors: FactorModel
    private: int
    brightness: fmpq = fmpq(1, 2)

    def __post_init__(self) -> None:
        side = whole(self.side, "side", at_least=2)
        pixels = self.factors.dimension
        require(pixels == side * side, must=f"have {side * side} coordinates", factors=pixels)
        private = whole(self.private, "private", at_least=2)
        require(
            private <= self.factors.secrets, must=f"be <= {self.factors.secrets}", private=private
        )
        templates = {self.factors.mean(label) for label in range(self.factors.secrets)}
        apart = len(templates) == self.factors.secrets
        require(apart, must="have different templates", factors=self.factors.secrets)
        object.__setattr__(self, "side", side)
        object.__setattr__(self, "private", private)
        object.__setattr__(self, "brightness", exact(self.brightness, "brightness"))

    @property
    def secrets(self) -> int:
        """Number of private classes, 0..secrets-1."""
        return self.private

    @property
    def public(self) -> range:
        """Numbers of the public classes."""
        return range(self.private, self.factors.secrets)

    @property
    def dimension(self) -> int:
        """Pixels."""
        return self.side**2

    def template(self, label: int) -> tuple[fmpq, ...]:
        """Mean image of a class, private or public, exact."""
        return tuple(self.brightness + value for value in self.factors.mean(label))

    def tau(self, i: int = 0, j: int = 1) -> arb:
        """Total variation of one image of private classes i and j, a ball."""
        return self.factors.tau(checked_secret(i, self.private), checked_secret(j, self.private))

    def kl(self, i: int = 0, j: int = 1) -> arb:
        """Kullback-Leibler divergence of private classes i and j in nats, a ball."""
        return self.factors.kl(checked_secret(i, self.private), checked_secret(j, self.private))

    def sample(
        self, secret: int, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Images of a private class, of shape (*shape, pixels), as doubles."""
        import numpy as np

        label = checked_secret(secret, self.private)
        found = self.draw(np.full(math.prod(shape), label), rng)
        return found.reshape(*shape, self.dimension)

    def draw(self, labels: Any, rng: np.random.Generator) -> NDArray[np.float64]:
        """One image of each class named, private or public.

        Args:
            labels: class numbers, shape (N,).
            rng: seeded generator.

        Returns:
            Shape (N, pixels), as doubles.
        """
        import numpy as np

        chosen = np.asarray(labels)
        count = self.factors.secrets
        valid = chosen.ndim == 1 and bool(((chosen >= 0) & (chosen < count)).all())
        require(valid, must=f"be classes from 0 to {count - 1}, shape (N,)", labels=chosen.shape)
        tables = _tables(self)
        latent = rng.normal(size=(len(chosen), len(tables.spread)))
        noise = rng.normal(scale=tables.noise, size=(len(chosen), self.dimension))
        found: NDArray[np.float64] = (
            tables.templates[chosen.astype(np.int64)]
            + (latent * tables.spread) @ tables.axes.T
            + noise
        )
        return found

    def log_density(self, images: Any, classes: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Log density of images under each class, in nats a pixel's unit.

        log N(x; template_c, noise^2 I + w^2 W W'), by the axes of W: within them the variances are
        noise^2 + w^2 s^2, outside noise^2.  In doubles: the error is a few ulps of the sum of the
        absolute terms, pixels (1 + (x - template)^2/noise^2).

        Args:
            images: shape (N, pixels), finite.
            classes: class numbers; None: the private ones.

        Returns:
            Shape (N, classes).
        """
        import numpy as np

        rows = np.asarray(images, dtype=np.float64)
        fits = rows.ndim == 2 and rows.shape[1] == self.dimension and bool(np.isfinite(rows).all())
        require(fits, must=f"be finite, shape (N, {self.dimension})", images=rows.shape)
        tables = _tables(self)
        asked = range(self.private) if classes is None else classes
        noise = tables.noise**2
        variances = noise + tables.spread**2
        constant = (
            self.dimension * np.log(2 * np.pi * noise) + np.log(variances / noise).sum()
        ) / 2
        columns = []
        for label in asked:
            apart = rows - tables.templates[checked_secret(label, self.factors.secrets)]
            inside = apart @ tables.axes
            outside = apart - inside @ tables.axes.T
            lengths = (outside**2).sum(axis=1) / noise + (inside**2 / variances).sum(axis=1)
            columns.append(-constant - lengths / 2)
        return np.stack(columns, axis=1)

    def posterior(self, images: Any, classes: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Probability of each of some equiprobable classes given the image; shape (N, classes).

        The best guess of the class from the image is its largest entry.  Arguments as of
        `log_density`, whose error it shares.
        """
        import numpy as np

        logs = self.log_density(images, classes)
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        found: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
        return found

    def moments(
        self, classes: Sequence[int] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and covariance of an image of a class drawn uniformly; None: the public ones.

        Returns:
            Shapes (pixels,) and (pixels, pixels), as doubles.
        """
        import numpy as np

        asked = list(self.public if classes is None else classes)
        require(len(asked) >= 1, must="be at least one", classes=len(asked))
        for label in asked:
            checked_secret(label, self.factors.secrets)
        tables = _tables(self)
        means = tables.templates[asked]
        centre = means.mean(axis=0)
        between = (means - centre).T @ (means - centre) / len(asked)
        within = (tables.axes * tables.spread**2) @ tables.axes.T
        return centre, between + within + tables.noise**2 * np.eye(self.dimension)


def cosine_images(
    *,
    private: int,
    public: int,
    side: int = 8,
    patterns: int = 8,
    deformations: int = 2,
    contrast: object = "0.05",
    within: object = 1,
    noise: object = "0.05",
    seed: int = 0,
) -> ImageClasses:
    """Smooth images: templates and deformations are sums of slow cosine waves.

    Pattern (i, j) is contrast cos(pi i (row + 1/2)/side) cos(pi j (column + 1/2)/side)/(i + j),
    rounded to multiples of contrast/1024.  They are taken in rising order of i^2 + j^2, without
    (0, 0); the first make up the templates and deform them, those after deform alone.  A class has
    a whole weight from -4 to 4 of each template pattern; private and public ones are drawn alike,
    all different.

    Args:
        private: classes, >= 2.
        public: classes, >= 0.
        side: pixels of a side, >= 2.
        patterns: of the templates, >= 1; private + public <= 9^patterns.
        deformations: patterns that deform alone, >= 0; with `patterns` fewer than pixels.
        contrast: scale of the patterns, in units of a pixel, > 0.
        within: standard deviation of a pattern's weight within a class, >= 0.
        noise: standard deviation of the noise of a pixel, > 0.
        seed: whole number, from which the classes are drawn.

    >>> images = cosine_images(private=3, public=5)
    >>> images.secrets, images.public, images.dimension
    (3, range(3, 8), 64)
    """
    size = whole(side, "side", at_least=2)
    shaping, bending = (
        whole(patterns, "patterns", at_least=1),
        whole(deformations, "deformations", at_least=0),
    )
    require(shaping + bending < size**2, must=f"be below {size**2}", patterns=shaping + bending)
    scale = exact(contrast, "contrast")
    require(scale > 0, must="be finite and > 0", contrast=contrast)
    own = whole(private, "private", at_least=2)
    count = own + whole(public, "public", at_least=0)
    require(count <= len(_LEVELS) ** shaping, must="be at most 9^patterns classes", private=count)
    waves = sorted(
        ((i, j) for i in range(size) for j in range(size) if i + j > 0),
        key=lambda wave: (wave[0] ** 2 + wave[1] ** 2, wave),
    )[: shaping + bending]
    pixels = [(row, column) for row in range(size) for column in range(size)]
    loadings = tuple(tuple(scale * _wave(size, *at, *wave) for wave in waves) for at in pixels)
    factors = FactorModel(
        loadings=loadings,
        identities=_codes(count, shaping, bending, seed),
        within=nonnegative(within, "within"),
        noise=exact(noise, "noise"),
    )
    return ImageClasses(side=size, factors=factors, private=own)


def _codes(count: int, shaping: int, bending: int, seed: int) -> tuple[tuple[fmpq, ...], ...]:
    """Weights of the patterns for each class, all different; 0 of those that deform alone."""
    draw = random.Random(seed)
    codes: dict[tuple[int, ...], None] = {}
    while len(codes) < count:
        codes[tuple(draw.choice(_LEVELS) for _ in range(shaping))] = None
    return tuple(tuple(fmpq(v) for v in code) + (fmpq(0),) * bending for code in codes)


def _wave(side: int, row: int, column: int, i: int, j: int) -> fmpq:
    """Value of pattern (i, j) at a pixel, in units of the contrast."""
    down = math.cos(math.pi * i * (row + 0.5) / side)
    across = math.cos(math.pi * j * (column + 0.5) / side)
    return fmpq(round(_GRAINS * down * across / (i + j)), _GRAINS)


@dataclass(frozen=True, eq=False)
class _Tables:
    templates: NDArray[np.float64]  # (classes, pixels)
    axes: NDArray[np.float64]  # (pixels, rank), orthonormal
    spread: NDArray[np.float64]  # (rank,), standard deviation along each axis within a class
    noise: float


@lru_cache(maxsize=8)
def _tables(images: ImageClasses) -> _Tables:
    """The law in doubles."""
    import numpy as np

    factors = images.factors
    weights = np.array([[float(arb(value)) for value in row] for row in factors.loadings])
    axes, sizes, _ = np.linalg.svd(weights, full_matrices=False)
    templates = np.array(
        [[float(arb(v)) for v in images.template(label)] for label in range(factors.secrets)]
    )
    return _Tables(templates, axes, sizes * float(arb(factors.within)), float(arb(factors.noise)))
