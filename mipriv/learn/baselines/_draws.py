"""Randomness of a private learner: seeded for experiments, exact from the system for release."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from flint import arb, fmpq
from sklearn.utils import check_random_state

from mipriv.laws import DiscreteLaplace
from mipriv.learn.drawing import draw_exactly
from mipriv.learn.records import to_float

if TYPE_CHECKING:
    from numpy.typing import NDArray


def generator(random_state: Any) -> np.random.Generator:
    """NumPy generator for experiments.

    Args:
        random_state: None: seeded with 256 bits of the operating system; else as everywhere in
            scikit-learn (a generator given advances).  The draws are doubles of a generator that is
            not cryptographic, either way: for study, not for release.
    """
    if random_state is None:
        return np.random.default_rng(secrets.randbits(256))
    state = check_random_state(random_state)
    return np.random.default_rng(state.randint(0, 2**32, size=8, dtype=np.uint64))


class Draws(Protocol):
    """What a tree draws."""

    def among(self, count: int) -> int:
        """One of 0..count-1, all alike."""
        ...

    def vote(self, utilities: Sequence[int], epsilon: fmpq) -> int:
        """One of the options, with chance proportional to e^(epsilon utility)."""
        ...

    def noisy(self, counts: NDArray[np.int64], epsilon: fmpq) -> NDArray[np.int64]:
        """The counts, each with discrete Laplace noise of mass falling as e^(-epsilon |k|)."""
        ...


class Seeded:
    """In doubles from a seeded generator: reproducible, for experiments, not for release."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def among(self, count: int) -> int:
        return int(self.rng.integers(count))

    def vote(self, utilities: Sequence[int], epsilon: fmpq) -> int:
        # the largest of the logarithms of the weights plus Gumbel noise
        weights = to_float(epsilon) * np.asarray(utilities, dtype=np.float64)
        return int(np.argmax(weights + self.rng.gumbel(size=len(weights))))

    def noisy(self, counts: NDArray[np.int64], epsilon: fmpq) -> NDArray[np.int64]:
        noise = DiscreteLaplace(epsilon=epsilon).sample(counts.shape, self.rng)
        return counts + noise.astype(np.int64)


class System:
    """Exactly from the laws, by whole numbers from the operating system's randomness."""

    def among(self, count: int) -> int:
        return secrets.randbelow(count)

    def vote(self, utilities: Sequence[int], epsilon: fmpq) -> int:
        best = max(utilities)

        def law() -> list[arb]:
            weights = [(arb(u - best) * epsilon).exp() for u in utilities]
            whole = sum(weights, arb(0))
            return [weight / whole for weight in weights]

        return draw_exactly(law)

    def noisy(self, counts: NDArray[np.int64], epsilon: fmpq) -> NDArray[np.int64]:
        draw = DiscreteLaplace(epsilon=epsilon).sample_exactly
        found = [count + draw() for count in counts.ravel().tolist()]
        return np.array(found, dtype=np.int64).reshape(counts.shape)


def draws(random_state: Any) -> Draws:
    """Exact draws without a random state, seeded ones with it."""
    return System() if random_state is None else Seeded(generator(random_state))
