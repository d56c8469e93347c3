"""Trying every value of the secret on the model itself: the attack of who knows all the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST = 1e-9  # of the answers' spread: the scale of answers without noise
_AT_ONCE = 1 << 20  # records times values that the model is asked about at once


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Sign of a number x_s of which the law given the side information is normal and known.

    Values of x_s that cut that law into equal parts are tried: the model, without its noise, is asked
    about each together with the other attributes, and the sign of the larger posterior mass is the
    guess.  It is the best attack on a deterministic model as the number of values grows, and for
    normal noise of a known scale; it needs no line through the records, as a regression does.

    Attributes:
        law: side information (N, p) -> mean and standard deviation of x_s, each (N,).
        ask: records (M, d) -> answers without noise, (M,).
        scale: standard deviation of the noise of the mean answer, >= 0.
        attributes: d, with x_s the first attribute and the others the first columns of the side.
        values: tried, >= 2.

    Source: Fredrikson et al. 2014, with the released model in the place of an undefended one.
    """

    law: Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
    ask: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    scale: float
    attributes: int
    values: int = 200

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", float(nonnegative(self.scale, "scale")))
        whole(self.values, "values", at_least=2)
        whole(self.attributes, "attributes", at_least=1)

    @property
    def name(self) -> str:
        """For tables."""
        return "candidates"

    @property
    def knows(self) -> frozenset[str]:
        """The model's formula and the law of the records."""
        return frozenset({"model"})

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Candidates:  # noqa: ARG002  # the protocol names them
        """Nothing is learned."""
        return self

    def infer(self, seen: Observation) -> NDArray[Any]:
        """1 where x_s > 0 is the likelier guess, else 0; shape (N,)."""
        found: NDArray[Any] = self.kinds[self.scores(seen).argmax(axis=1)]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """0 for x_s <= 0, and 1."""
        import numpy as np

        return np.array([0, 1])

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log of the mass of the values tried on either side of 0; shape (N, 2)."""
        import numpy as np

        width = self.attributes - 1
        must = f"hold {width} attributes first"
        require(seen.side.shape[1] >= width, must=must, side=seen.side.shape)
        require(seen.answers.shape[2] == 1, must="be one number", answers=seen.answers.shape)
        if len(seen.side) == 0:
            return np.empty((0, 2))
        heard = seen.answers.mean(axis=(1, 2))
        scale = max(self.scale, _LEAST * float(heard.std()), np.finfo(np.float64).tiny)
        block = max(1, _AT_ONCE // self.values)
        parts = [
            self._masses(heard[start : start + block], seen.side[start : start + block], scale)
            for start in range(0, len(heard), block)
        ]
        return np.concatenate(parts)

    def _masses(
        self, heard: NDArray[np.float64], side: NDArray[np.float64], scale: float
    ) -> NDArray[np.float64]:
        import numpy as np
        from scipy.special import logsumexp, ndtri

        mean, deviation = self.law(side)
        steps = ndtri((np.arange(self.values) + 0.5) / self.values)
        tried = mean[:, None] + deviation[:, None] * steps
        records = np.empty((len(heard), self.values, self.attributes))
        records[:, :, 0] = tried
        records[:, :, 1:] = side[:, None, : self.attributes - 1]
        answers = self.ask(records.reshape(-1, self.attributes)).reshape(tried.shape)
        misses = ((answers - heard[:, None]) / scale) ** 2 / 2
        sides = [np.where(tried <= 0, -misses, -np.inf), np.where(tried > 0, -misses, -np.inf)]
        return np.stack([logsumexp(side, axis=1) for side in sides], axis=1)
