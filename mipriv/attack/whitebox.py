"""White-box maximum a posteriori: the likeliest record of a class, by enumeration or by ascent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.attack.inversion.features import fitted, leading
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.populations.joint import DiscreteJoint
from mipriv.rigor.decimals import exact, nonnegative, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from mipriv.attack._logits import Logits
    from mipriv.attack.priors import Prior, Recipe

LogLikelihood = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]
_MODEL = frozenset({"model"})
_KNOWS = frozenset({"model", "auxiliary"})
_ROWS = 4096  # codes that ascend at once


@dataclass(frozen=True, eq=False)
class Maxima:
    """The likeliest record of each class, and how likely it is.

    Attributes:
        records: shape (N, p).
        values: log p(y|x) + log p(x) there in nats, the prior's constant left out in an ascent;
            shape (N,).
    """

    records: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class EnumeratedMAP:
    """argmax_x log p(y|x) + log p(x) over finitely many records, exact but for rounding.

    Of records whose values lie within 1e-9 of the largest, relative to it, the first is taken.

    Attributes:
        records: all x that are possible, shape (M, p), M >= 1.
        log_prior: log p(x) in nats up to a constant, shape (M,); -infinity for what cannot be.
        state: what `fit` tabulated.
    """

    records: NDArray[Any]
    log_prior: NDArray[np.float64]
    state: NDArray[np.float64] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        rows, weights = np.asarray(self.records), np.asarray(self.log_prior, dtype=np.float64)
        fits = rows.ndim == 2 and weights.shape == (len(rows),)
        require(fits, must="have shape (M, p), with M log priors", records=rows.shape)
        possible = bool(np.isfinite(weights).any() and (weights < np.inf).all())
        require(possible, must="be below infinity, one of them finite", log_prior=weights.shape)
        object.__setattr__(self, "records", rows)
        object.__setattr__(self, "log_prior", weights)

    @classmethod
    def of_joint(cls, joint: DiscreteJoint) -> EnumeratedMAP:
        """Every x of a discrete joint, under its marginal law."""
        masses = joint.marginal(range(joint.attributes))
        shares = np.array([int(mass.p) / int(mass.q) for mass in masses])
        with np.errstate(divide="ignore"):
            return cls(records=joint.cells(), log_prior=np.log(shares))

    @property
    def name(self) -> str:
        """For tables."""
        return "white-box MAP, enumerated"

    @property
    def knows(self) -> frozenset[str]:
        """The model, and the law of the records."""
        return _MODEL

    def fit(
        self,
        seen: Observation | None = None,  # noqa: ARG002  # the protocol names it
        secrets: NDArray[Any] | None = None,  # noqa: ARG002  # as above
        *,
        model: Any = None,
    ) -> EnumeratedMAP:
        """Ask the model about every record.

        Args:
            seen, secrets: not used: the law is given.
            model: with `answer` or `predict_proba` of shape (M, classes), the probabilities of the
                classes; or a function that gives log p(y|x), shape (M, classes).
        """
        table = np.asarray(_likelihood(model)(self.records), dtype=np.float64)
        fits = table.ndim == 2 and len(table) == len(self.records)
        require(fits, must=f"answer {len(self.records)} rows", model=table.shape)
        valid = not bool(np.isnan(table).any())
        require(valid, must="give log likelihoods", model="not a number")
        return replace(self, state=table + self.log_prior[:, None])

    def maxima(self, classes: Sequence[int]) -> Maxima:
        """The likeliest record of each class: columns of the log likelihood."""
        from mipriv.attack._logits import wanted

        scores = fitted(self.state, self.name)
        numbers = wanted(classes, scores.shape[1])
        # so that a class that no record has gives ties in place of differences of infinities
        lowest = np.finfo(np.float64).min / 4
        chosen = leading(np.maximum(scores[:, numbers].T, lowest))
        return Maxima(self.records[chosen].astype(np.float64), scores[chosen, numbers])

    def infer(self, seen: Observation) -> NDArray[np.float64]:
        """The likeliest record of the class that each row's side names, shape (N, 1); (N, p)."""
        return _inferred(self.maxima, seen)


def _inferred(maxima: Callable[[Any], Maxima], seen: Observation) -> NDArray[np.float64]:
    """The record of each row's class, each class looked for once."""
    from mipriv.attack._logits import sought

    classes, own = np.unique(sought(seen), return_inverse=True)
    return maxima(classes).records[own.ravel()]


def normal_likelihood(predict: Any, *, answers: Sequence[float], scale: float) -> LogLikelihood:
    """Log p(y|x) of a regression with normal noise, up to a constant, for `EnumeratedMAP.fit`.

    Args:
        predict: a model with `answer` or `predict`, or a function; records (M, p) -> (M,).
        answers: the y that are sought, one a column.
        scale: standard deviation of y around the model, > 0.
    """
    spread = float(nonnegative(scale, "scale"))
    require(spread > 0, must="be > 0", scale=scale)
    ask = getattr(predict, "answer", None) or getattr(predict, "predict", None) or predict
    targets = np.asarray(answers, dtype=np.float64)

    def found(records: NDArray[np.float64]) -> NDArray[np.float64]:
        centre = np.asarray(ask(records), dtype=np.float64).reshape(len(records), 1)
        logs: NDArray[np.float64] = -(((targets - centre) / spread) ** 2) / 2
        return logs

    return found


def _likelihood(model: Any) -> LogLikelihood:
    ask = getattr(model, "answer", None) or getattr(model, "predict_proba", None)
    if ask is None:
        require(callable(model), must="have answer or predict_proba, or be a function", model=model)
        found: LogLikelihood = model
        return found

    def logs(records: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = np.asarray(ask(records), dtype=np.float64)
        valid = bool((shares >= 0).all())  # NaN fails
        require(valid, must="answer probabilities", model=type(model).__name__)
        with np.errstate(divide="ignore"):
            return np.log(shares)

    return logs


@dataclass(frozen=True, kw_only=True)
class AscentMAP:
    """argmax_z log p(y|G(z)) + log p(z) by gradients from several starts: a lower bound on it.

    With a linear prior of full rank it is the likeliest record itself; with fewer axes, the
    likeliest on their plane; with a GAN, the likeliest code.  The network is read from inside, one
    with a noisy code at the code's mean.

    Attributes:
        prior: a generator, or how `fit` makes one of public records.
        restarts: starts a class, drawn from N(0, I), >= 1; one at 0, the prior's own maximum, is
            added.
        steps: of ascent, >= 0.
        learning_rate: first step, in the units of z, > 0.
        polish: iterations of L-BFGS after them, >= 0.
        seed: whole number >= 0; nothing else is drawn.
        state: what `fit` learned.

    Source: Wang, Zhang, Jia 2021, arXiv 2009.05241, where the attack is named.
    """

    prior: Prior | Recipe
    restarts: int = 15
    steps: int = 100
    learning_rate: float = 0.1
    polish: int = 100
    seed: int = 0
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        rate = exact(self.learning_rate, "learning_rate")
        require(rate > 0, must="be finite and > 0", learning_rate=self.learning_rate)
        for name, least in {"restarts": 1, "steps": 0, "polish": 0, "seed": 0}.items():
            object.__setattr__(self, name, whole(getattr(self, name), name, at_least=least))

    @property
    def name(self) -> str:
        """For tables."""
        return "white-box MAP, ascent"

    @property
    def knows(self) -> frozenset[str]:
        """The network from inside, and public records."""
        return _KNOWS

    def fit(
        self,
        seen: Observation | None,  # noqa: ARG002  # the protocol names it
        secrets: NDArray[Any] | None,
        *,
        model: Any = None,
    ) -> AscentMAP:
        """Make the prior, if it is a recipe, and look at the network.

        Args:
            seen: not used.
            secrets: public records, shape (N, p); None if the prior is made.
            model: as for `mipriv.attack.gmi.GenerativeInversion.fit`: what gives logits.
        """
        import torch

        from mipriv.attack._logits import logits_of
        from mipriv.attack.priors import prior_of

        logits, prior = logits_of(model), prior_of(self.prior, secrets)
        with torch.no_grad():
            code = torch.zeros(1, prior.dimension, dtype=torch.float64)
            shape = tuple(logits(prior.generate(code)).shape)
        flat = len(shape) == 2 and shape[0] == 1
        require(flat, must="turn (N, p) into logits (N, classes)", model=shape)
        return replace(self, state=_State(prior, logits, shape[1]))

    def maxima(self, classes: Sequence[int]) -> Maxima:
        """The best record that was found for each class: columns of the logits."""
        import torch

        from mipriv.attack._logits import wanted

        state = fitted(self.state, self.name)
        numbers = torch.tensor(wanted(classes, state.classes))
        random = torch.Generator().manual_seed(self.seed)
        size = (self.restarts, state.prior.dimension)
        parts = []
        for piece in torch.split(numbers, max(1, _ROWS // (self.restarts + 1))):
            start = torch.zeros(len(piece), self.restarts + 1, size[1], dtype=torch.float64)
            start[:, 1:] = torch.randn(len(piece), *size, generator=random, dtype=torch.float64)
            parts.append(self._best(state, piece, start.reshape(-1, size[1])))
        records, values = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
        return Maxima(records, values)

    def infer(self, seen: Observation) -> NDArray[np.float64]:
        """The best record of the class that each row's side names, shape (N, 1); (N, p)."""
        return _inferred(self.maxima, seen)

    def _best(self, state: _State, labels: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        import torch

        from mipriv.attack._ascent import ascended
        from mipriv.attack.priors import log_normal

        starts = self.restarts + 1
        repeated = labels.repeat_interleave(starts)

        def objective(codes: Tensor) -> Tensor:
            logs = torch.log_softmax(state.logits(state.prior.generate(codes)), dim=1)
            return logs.gather(1, repeated[:, None])[:, 0] + log_normal(codes)

        codes, values = ascended(
            objective,
            start,
            steps=self.steps,
            learning_rate=float(self.learning_rate),
            polish=self.polish,
        )
        best = values.reshape(-1, starts).argmax(dim=1) + starts * torch.arange(len(labels))
        with torch.no_grad():
            return state.prior.generate(codes[best]), values[best]


@dataclass(frozen=True, eq=False)
class _State:
    prior: Prior
    logits: Logits
    classes: int
