"""Images of digits, some of them set aside for an evaluator that judges reconstructions.

The images set aside are the same in all replicates and never dealt out: neither the attacked model
nor the attacker sees one, and the attacker does not see the evaluator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mipriv.errors import require
from mipriv.rigor.decimals import whole
from verification import data
from verification.inversion.worlds import DataWorld

_HALVES = 2  # images are taken at half their sides: means of 2 x 2 pixels
_STEPS = 300  # of the evaluator's optimiser
_PENALTY = 0.1  # inverse strength of its ridge, on pixels between 0 and 1


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedWorld(DataWorld):
    """Images, and who judges what was reconstructed of them.

    Attributes:
        aside: images that are not dealt out, shape (M, p).
        labels: their secrets, shape (M,); every secret is among them.
    """

    aside: NDArray[np.float64]
    labels: NDArray[np.int64]

    @cached_property
    def _evaluator(self) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=_PENALTY, max_iter=_STEPS).fit(self.aside, self.labels)

    def evaluate(self, images: NDArray[np.float64]) -> NDArray[np.int64]:
        """Secret that the evaluator, logistic regression on the images aside, sees; shape (N,)."""
        found: NDArray[np.int64] = self._evaluator.predict(images)
        return found

    def features(self, images: NDArray[np.float64]) -> NDArray[np.float64]:
        """The evaluator's score of each secret, shape (N, K): what distances are taken in."""
        found: NDArray[np.float64] = self._evaluator.decision_function(images)
        return found


def judged(place: DataWorld, aside: int) -> JudgedWorld:
    """The same world, with this many of its images set aside.

    Args:
        place: records without side information.
        aside: >= 1, with every secret among them.
    """
    count = whole(aside, "aside", at_least=1)
    require(count < len(place.y), must=f"be below {len(place.y)}", aside=aside)
    order = np.random.default_rng(0).permutation(len(place.y))
    own, rest = order[:count], order[count:]
    shown = len(np.unique(place.secret[own])) == place.secrets
    require(shown, must="hold every secret", aside=aside)
    return JudgedWorld(
        X=place.X[rest],
        y=place.y[rest],
        secret=place.secret[rest],
        side=place.side[rest],
        regression=place.regression,
        coded=place.coded,
        aside=place.X[own],
        labels=place.secret[own],
    )


def mnist(*, aside: int) -> JudgedWorld:
    """MNIST's 10,000 test images at 14 x 14: whether a digit is 5 or more; which is secret.

    Args:
        aside: images for the evaluator.

    Raises:
        ParameterError: the files are not in the data folder.
    """
    from mipriv.datasets.mnist import load_mnist

    found = load_mnist(*(data.path(name) for name in data.MNIST))
    side = found.images.shape[1] // _HALVES
    tiles = found.images.reshape(-1, side, _HALVES, side, _HALVES).astype(np.float64)
    X = tiles.mean(axis=(2, 4)).reshape(-1, side * side) / 255
    secret = found.labels
    place = DataWorld(
        X=X, y=(secret >= 5).astype(np.int64), secret=secret, side=np.empty((len(X), 0))
    )
    return judged(place, aside)
