"""Maximum a posteriori from a model's formula: the value under which the answer is likeliest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import coded, fitted
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PERFECT = 1e-9  # of the answers' spread
_KNOWS = frozenset({"model", "auxiliary"})


@dataclass(frozen=True, kw_only=True)
class Dummies:
    """Records in which the secret fills several columns: one row of numbers for each of its values.

    Attributes:
        rows: value of the secret -> numbers, all of one length.
        position: column where they begin, the side information being the others in order.

    >>> import numpy as np
    >>> Dummies(rows={0: (0, 0), 1: (1, 0), 2: (0, 1)}, position=1)(2, np.array([[5.0, 7.0]]))
    array([[5., 0., 1., 7.]])
    """

    rows: Mapping[Any, Sequence[float]]
    position: int = 0

    def __post_init__(self) -> None:
        lengths = {len(row) for row in self.rows.values()}
        require(len(lengths) == 1, must="be of one length", rows=sorted(lengths))
        object.__setattr__(self, "position", whole(self.position, "position", at_least=0))

    def __call__(self, value: Any, side: NDArray[np.float64]) -> NDArray[np.float64]:
        """Records of one value of the secret and every side information."""
        import numpy as np

        require(value in self.rows, must="be a value with a row", secret=value)
        width = side.shape[1]
        require(self.position <= width, must=f"lie from 0 to {width}", position=self.position)
        own = np.tile(np.asarray(self.rows[value], dtype=np.float64), (len(side), 1))
        return np.hstack([side[:, : self.position], own, side[:, self.position :]])


@dataclass(frozen=True, kw_only=True)
class MaximumAPosteriori:
    """argmax_v log p(v) - (answer - f(v, x_K))^2/(2 scale^2), for the model f that is assumed.

    As published it takes the answers for those of the undefended model f; with `refit` it first
    fits answer = a + b f(x) to the auxiliary records, and the scale to what is left, which no
    affine map of the answer defeats.  Given a model with noise fixed for each input and its key, the
    f that it is asked for is the noisy answer itself: the white box.

    Attributes:
        scale: standard deviation assumed of the answer around f, > 0; with `refit` the least one,
            >= 0.
        position: column of the sensitive attribute in a record, the side information being the
            others in order.
        refit: whether scale, slope and shift are learned.
        records: (value, side of shape (N, p)) -> records to ask the model about, in the place of
            `position`: where the side holds the label, or the secret several columns (`Dummies`).
        prior: (secrets, side of shape (N, p)) -> p(v|x_K), shape (N, secrets), >= 0; None: the same
            p(v) for all records, from the auxiliary ones, as published.  It may be learned
            (`mipriv.attack.inversion.priors.Frequencies`).  With the exact one, the model's own
            answers and their true scale the attack is Bayes' rule.
        state: what `fit` learned.

    Source: Fredrikson et al. 2014 (the answer's likelihood there is that of the label).
    """

    scale: float
    position: int = 0
    refit: bool = False
    records: Callable[[Any, NDArray[np.float64]], NDArray[np.float64]] | None = None
    prior: Callable[[NDArray[Any], NDArray[np.float64]], NDArray[np.float64]] | None = None
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        size = float(nonnegative(self.scale, "scale"))
        require(size > 0 or self.refit, must="be > 0 unless it is refitted", scale=self.scale)
        object.__setattr__(self, "scale", size)
        object.__setattr__(self, "position", whole(self.position, "position", at_least=0))

    @property
    def name(self) -> str:
        """For tables."""
        return "calibrated MAP" if self.refit else "MAP"

    @property
    def knows(self) -> frozenset[str]:
        """The model, and the law of the secret from auxiliary records."""
        return _KNOWS

    def fit(
        self, seen: Observation, secrets: NDArray[Any], *, model: Any = None
    ) -> MaximumAPosteriori:
        """Learn p(v) from the secrets, and with `refit` how the answers follow the model.

        Args:
            seen: of N >= 1 auxiliary records.
            secrets: values of the sensitive attribute, shape (N,).
            model: f, with `answer(X)` or `predict(X)`, one number or row a record.
        """
        import numpy as np

        require(model is not None, must="be given: the attack asks it", model=model)
        values, own = coded(secrets, len(seen.side))
        counts = np.bincount(own)
        state = _State(model, values, np.log(counts / counts.sum()), 0.0, 1.0, self.scale)
        if self.refit:
            own_answers = np.stack(
                [self._asked(state, value, seen.side) for value in values.tolist()]
            )[own, np.arange(len(own))]
            state = _refitted(state, seen.answers.mean(axis=1), own_answers, self.scale)
        return replace(self, state=state)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record, one of the secrets seen; shape (N,)."""
        found: NDArray[Any] = self.kinds[self.scores(seen).argmax(axis=1)]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`: the secrets seen, in rising order; shape (K,)."""
        return fitted(self.state, self.name).values

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """log p(v) - (answer - f(v, x_K))^2/(2 scale^2) of each value v; shape (N, K)."""
        import numpy as np

        state = fitted(self.state, self.name)
        mean = seen.answers.mean(axis=1)
        columns = []
        priors = self._priors(state, seen.side)
        for value, prior in zip(state.values.tolist(), priors, strict=True):
            expected = state.shift + state.slope * self._asked(state, value, seen.side)
            require(expected.shape == mean.shape, must=f"answer {mean.shape}", model=expected.shape)
            distance = ((mean - expected) ** 2).sum(axis=1)
            columns.append(prior - distance / (2 * state.scale**2))
        return np.stack(columns, axis=1)

    def _priors(self, state: _State, side: NDArray[np.float64]) -> NDArray[np.float64]:
        """log p(v|x_K), one row a value; -inf of what cannot be."""
        import numpy as np

        if self.prior is None:
            return np.broadcast_to(state.priors[:, None], (len(state.priors), len(side)))
        shape = (len(side), len(state.values))
        given = np.asarray(self.prior(state.values, side), dtype=np.float64)
        valid = given.shape == shape and bool((given >= 0).all())
        require(valid, must=f"give {shape} numbers >= 0", prior=given.shape)
        with np.errstate(divide="ignore"):
            found: NDArray[np.float64] = np.log(given).T
        return found

    def _asked(self, state: _State, value: Any, side: NDArray[np.float64]) -> NDArray[np.float64]:
        """f(v, x_K) for one value and every record; shape (N, k)."""
        import numpy as np

        if self.records is not None:
            table = self.records(value, side)
        else:
            require(
                self.position <= side.shape[1],
                must=f"lie from 0 to {side.shape[1]}",
                position=self.position,
            )
            table = np.insert(side, self.position, float(value), axis=1)
        ask = getattr(state.model, "answer", None) or state.model.predict
        found = np.asarray(ask(table), dtype=np.float64)
        return found[:, None] if found.ndim == 1 else found.reshape(len(side), -1)


@dataclass(frozen=True, eq=False)
class _State:
    model: Any
    values: NDArray[Any]
    priors: NDArray[np.float64]
    shift: Any
    slope: float
    scale: float


def _refitted(
    state: _State, answers: NDArray[np.float64], modelled: NDArray[np.float64], least: float
) -> _State:
    """One slope for all numbers of the answer, a shift for each, by least squares."""
    import numpy as np

    centre, middle = answers.mean(axis=0), modelled.mean(axis=0)
    apart, own = answers - centre, modelled - middle
    power = float((own**2).sum())
    slope = float((apart * own).sum()) / power if power > 0 else 0.0
    left = float(np.sqrt(((apart - slope * own) ** 2).mean()))
    # a perfect fit leaves rounding alone, which says nothing of the noise
    scale = max(left, _PERFECT * float(apart.std()), least) or 1.0
    return replace(state, shift=centre - slope * middle, slope=slope, scale=scale)
