"""Generative model inversion: a record that a network takes for a class and a prior for a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mipriv.attack._ascent import ascended
from mipriv.attack._logits import Logits, logits_of, sought, wanted
from mipriv.attack.inversion.features import fitted
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.priors import Prior, Recipe, prior_of
from mipriv.errors import require
from mipriv.rigor.decimals import exact, nonnegative, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KNOWS = frozenset({"model", "auxiliary"})
_ROWS = 4096  # codes that ascend at once, so that memory does not grow with what is sought


class Identity(StrEnum):
    """Loss of a class, to be small: what the network says of G(z).

    CROSS_ENTROPY: -log softmax of the class, as published.
    LOGIT: minus the class's logit, which the other classes do not enter (Nguyen et al. 2023).
    """

    CROSS_ENTROPY = "cross-entropy"
    LOGIT = "logit"

    def of(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of each row, shape (N,)."""
        if self is Identity.LOGIT:
            return -logits.gather(1, labels[:, None])[:, 0]
        return functional.cross_entropy(logits, labels, reduction="none")


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """What was made of each class, several times over.

    Attributes:
        classes: C class numbers.
        records: shape (C, draws, pixels).
        codes: z of each, shape (C, draws, k).
        losses: identity loss of each, shape (C, draws).
    """

    classes: tuple[int, ...]
    records: NDArray[np.float64]
    codes: NDArray[np.float64]
    losses: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GenerativeInversion:
    """argmin_z -realism(z) + weight * loss(T(G(z)), class), over several restarts.

    Codes stay within the prior's reach, since a critic's score has no maximum.  Restarts begin at
    draws of N(0, I); the one whose identity loss is least is kept, whatever its
    realism, the first of equals.  The white box is the logits T, without the noise of a release.

    Attributes:
        prior: a generator, or how `fit` makes one of public records.
        weight: of the identity loss, finite, > 0.
        identity: `cross-entropy` or `logit`.
        draws: independent reconstructions of a class in `reconstruct`, >= 1; they tell how far the
            prior and the restarts, rather than the class, decide what comes out.
        restarts: of each, >= 1.
        steps: of ascent from each restart, >= 0.
        learning_rate: first step, in the units of z, > 0.
        polish: iterations of L-BFGS after them, >= 0, which take a smooth objective to its optimum.
        seed: whole number >= 0; nothing else is drawn.
        state: what `fit` learned.

    Source: Zhang, Jia, Pei, Wang, Li, Song, CVPR 2020 (weight 100, -D(G(z)) for the realism); the
        logit loss Nguyen et al., CVPR 2023.
    """

    prior: Prior | Recipe
    weight: float = 100.0
    identity: Identity | str = Identity.CROSS_ENTROPY
    draws: int = 20
    restarts: int = 5
    steps: int = 300
    learning_rate: float = 0.05
    polish: int = 50
    seed: int = 0
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [member.value for member in Identity]
        known = self.identity in names
        require(known, must=f"be one of {', '.join(names)}", identity=self.identity)
        object.__setattr__(self, "identity", Identity(self.identity))
        weight = float(nonnegative(self.weight, "weight"))
        require(weight > 0, must="be finite and > 0", weight=self.weight)
        object.__setattr__(self, "weight", weight)
        rate = exact(self.learning_rate, "learning_rate")
        require(rate > 0, must="be finite and > 0", learning_rate=self.learning_rate)
        counts = {"draws": 1, "restarts": 1, "steps": 0, "polish": 0, "seed": 0}
        for name, least in counts.items():
            object.__setattr__(self, name, whole(getattr(self, name), name, at_least=least))

    @property
    def name(self) -> str:
        """For tables."""
        tail = "" if self.identity == Identity.CROSS_ENTROPY else ", logit loss"
        return f"generative inversion{tail}"

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
    ) -> GenerativeInversion:
        """Make the prior, if it is a recipe, and look at the network.

        Args:
            seen: not used: the network is open.
            secrets: public records, shape (N, pixels), of classes that are not attacked; None if
                the prior is made.
            model: T: a torch module, taken in evaluation mode, or any differentiable function of
                tensors that gives logits; a network of this package, one with a noisy code being
                taken at the code's mean; a linear or MLP classifier of scikit-learn.

        Returns:
            A fitted attack; self is left as it was.
        """
        logits, prior = logits_of(model), prior_of(self.prior, secrets)
        with torch.no_grad():
            code = torch.zeros(1, prior.dimension, dtype=torch.float64)
            shape = tuple(logits(prior.generate(code)).shape)
        flat = len(shape) == 2 and shape[0] == 1
        require(flat, must="turn (N, pixels) into logits (N, classes)", model=shape)
        return replace(self, state=_State(prior, logits, shape[1]))

    def infer(self, seen: Observation) -> NDArray[np.float64]:
        """One reconstruction for each row, of the class that its side information names.

        Args:
            seen: side of shape (N, 1), class numbers; answers are not looked at.

        Returns:
            Shape (N, pixels).
        """
        return self._made(sought(seen))[0]

    def reconstruct(self, classes: Sequence[int]) -> Reconstructions:
        """Several independent reconstructions of each class.

        Args:
            classes: columns of the logits, at least one.
        """
        state = fitted(self.state, self.name)
        asked = tuple(wanted(classes, state.classes).tolist())
        require(len(asked) >= 1, must="be at least one", classes=len(asked))
        parts = self._made(np.repeat(np.array(asked), self.draws))
        records, codes, losses = (
            part.reshape(len(asked), self.draws, *part.shape[1:]) for part in parts
        )
        return Reconstructions(asked, records, codes, losses)

    def _made(self, labels: Any) -> tuple[NDArray[np.float64], ...]:
        """Records, codes and identity losses, a row for each label."""
        state = fitted(self.state, self.name)
        numbers = torch.tensor(wanted(labels, state.classes))
        random = torch.Generator().manual_seed(self.seed)
        parts = []
        for piece in torch.split(numbers, max(1, _ROWS // self.restarts)):
            shape = (len(piece) * self.restarts, state.prior.dimension)
            start = torch.randn(*shape, generator=random, dtype=torch.float64)
            parts.append(self._best(state, piece, start))
        return tuple(torch.cat(part).numpy() for part in zip(*parts, strict=True))

    def _best(self, state: _State, labels: Tensor, start: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of each label's restarts, that of least identity loss."""
        repeated = labels.repeat_interleave(self.restarts)
        identity = Identity(self.identity)

        def objective(codes: Tensor) -> Tensor:
            losses = identity.of(state.logits(state.prior.generate(codes)), repeated)
            return state.prior.realism(codes) - self.weight * losses

        codes, _ = ascended(
            objective,
            start,
            steps=self.steps,
            learning_rate=float(self.learning_rate),
            polish=self.polish,
            reach=state.prior.reach,
        )
        with torch.no_grad():
            records = state.prior.generate(codes)
            scores = -identity.of(state.logits(records), repeated)
            # from -infinity: a restart whose score is no number never wins over one that is
            scores = scores.nan_to_num(nan=-torch.inf).reshape(-1, self.restarts)
            chosen = scores.argmax(dim=1) + self.restarts * torch.arange(len(labels))
        return records[chosen], codes[chosen], -scores.max(dim=1).values


@dataclass(frozen=True, eq=False)
class Judgement:
    """What an independent evaluator makes of reconstructions.

    Attributes:
        hits: reconstructions of each class that it takes for that class, shape (C,).
        draws: reconstructions of a class.
        centre_distance: mean Euclidean distance, among features, of a reconstruction from the mean
            of its class's true records.
        nearest_distance: from the nearest of them.
    """

    hits: NDArray[np.int64]
    draws: int
    centre_distance: float
    nearest_distance: float

    @property
    def trials(self) -> int:
        """Reconstructions judged."""
        return len(self.hits) * self.draws

    @property
    def accuracy(self) -> float:
        """Share taken for their class; reconstructions of one class share its luck."""
        return float(self.hits.sum()) / self.trials


def judged(
    found: Reconstructions,
    *,
    evaluator: Callable[[NDArray[np.float64]], NDArray[Any]],
    records: Any,
    labels: Any,
    features: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
) -> Judgement:
    """Judge reconstructions by a classifier that the attack has not seen, and by true records.

    Args:
        found: reconstructions.
        evaluator: records (N, pixels) -> class numbers (N,), trained apart from the attacked model.
        records: true ones of the classes, shape (M, pixels).
        labels: their class numbers, shape (M,), with every class reconstructed among them.
        features: records -> (N, f), in which distances are taken, the evaluator's last layer say;
            None: the pixels.

    Source: Zhang et al. 2020 (attack accuracy, feature distance, nearest-neighbour distance).
    """
    pixels = found.records.shape[2]
    true, own = np.asarray(records, dtype=np.float64), np.asarray(labels)
    fits = true.ndim == 2 and true.shape[1] == pixels and own.shape == true.shape[:1]
    require(fits, must=f"have shape (M, {pixels}), with M labels", records=true.shape)
    seen = features if features is not None else lambda rows: rows
    guesses = np.asarray(evaluator(found.records.reshape(-1, pixels)))
    require(guesses.shape == (found.losses.size,), must="be one a record", evaluator=guesses.shape)
    classes = np.array(found.classes)
    hits = (guesses.reshape(found.losses.shape) == classes[:, None]).sum(axis=1)
    centres, nearest = [], []
    for label, made in zip(found.classes, found.records, strict=True):
        theirs = true[own == label]
        require(len(theirs) >= 1, must=f"show class {label}", labels=own.shape)
        ours, others = seen(made), seen(theirs)
        centres.append(np.linalg.norm(ours - others.mean(axis=0), axis=1).mean())
        between = np.linalg.norm(ours[:, None] - others[None], axis=2)
        nearest.append(between.min(axis=1).mean())
    return Judgement(
        hits.astype(np.int64),
        found.losses.shape[1],
        float(np.mean(centres)),
        float(np.mean(nearest)),
    )


@dataclass(frozen=True, eq=False)
class _State:
    prior: Prior
    logits: Logits
    classes: int
