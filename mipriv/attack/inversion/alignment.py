"""Knowledge Alignment: a decoder from a model's answers back to the records, and how near it comes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack._perceptron import Perceptron, Plan
from mipriv.attack.inversion.features import AUXILIARY, fitted
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import exact, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Encoder = Callable[[NDArray[np.float64]], Any]

_LEAST = 1e-12  # below it an answer's logarithm is cut off
_AT_ONCE = 1 << 22  # distances at once


@dataclass(frozen=True, kw_only=True)
class KnowledgeAlignment:
    """The record, decoded from its answers by a network that learned on other records.

    Each of the q answers is first cut to its largest numbers and, where it holds probabilities,
    brought to logarithms; what comes out is averaged over the queries, and joined by the side
    information.  The network is trained by mean squared error, whose optimum is the posterior mean.

    Attributes:
        keep: m, largest numbers of an answer that are kept, the others count as none; None: all.
            What an attacker sees of a model that tells its m best classes.
        temperature: T > 0: the numbers are log(max(p, 1e-12))/T, above log(1e-12)/T for those that
            were cut; None: as answered.
        hidden: widths of the hidden layers.
        epochs: passes over the auxiliary records, at most.
        patience: passes without a better error on the eighth held out, before training ends.
        batch: records a step.
        learning_rate: of Adam.
        straight: whether training starts from ridge regression, which the network then corrects; as
            published it does not.
        seed: of all that is drawn, >= 0.
        state: what `fit` learned.

    Source: Yang, Zhang, Chang, Liang, CCS 2019.
    """

    keep: int | None = None
    temperature: float | None = None
    hidden: tuple[int, ...] = (64,)
    epochs: int = 200
    patience: int = 20
    batch: int = 64
    learning_rate: float = 2e-3
    straight: bool = True
    seed: int = 0
    state: Perceptron | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.keep is not None:
            whole(self.keep, "keep", at_least=1)
        if self.temperature is not None:
            value = exact(self.temperature, "temperature")
            require(value > 0, must="be finite and > 0", temperature=self.temperature)
        _ = self.plan

    @property
    def plan(self) -> Plan:
        """How the network is trained."""
        return Plan.of(self)

    @property
    def name(self) -> str:
        """For tables."""
        cut = f", top {self.keep}" if self.keep is not None else ""
        return f"Knowledge Alignment{cut}{'' if self.temperature is None else ', logarithms'}"

    @property
    def knows(self) -> frozenset[str]:
        """Auxiliary records alone."""
        return AUXILIARY

    def fit(
        self,
        seen: Observation,
        secrets: NDArray[Any],
        *,
        model: Any = None,  # noqa: ARG002  # the protocol names it
    ) -> KnowledgeAlignment:
        """Train the decoder.

        Args:
            seen: of N >= 2 auxiliary records, disjoint from those to be reconstructed.
            secrets: the records, finite, shape (N, d).
            model: not used.
        """
        import numpy as np

        targets = np.asarray(secrets, dtype=np.float64)
        fits = targets.ndim == 2 and len(targets) == len(seen.side) >= 2 and targets.shape[1] >= 1
        require(fits, must=f"have a row for each of {len(seen.side)} >= 2", secrets=targets.shape)
        require(bool(np.isfinite(targets).all()), must="be finite", secrets="not all finite")
        state = Perceptron.of(self.features(seen), targets, shares=False, plan=self.plan)
        return replace(self, state=state)

    def infer(self, seen: Observation) -> NDArray[np.float64]:
        """Reconstructed records, shape (N, d)."""
        return fitted(self.state, self.name)(self.features(seen))

    def features(self, seen: Observation) -> NDArray[np.float64]:
        """What the decoder reads of each record, shape (N, k + p).

        Args:
            seen: finite answers; >= 0 where a temperature is given.
        """
        import numpy as np

        answers, side = (np.asarray(part, dtype=np.float64) for part in (seen.answers, seen.side))
        finite = np.isfinite(answers).all() and np.isfinite(side).all()
        require(bool(finite), must="be finite", answers="not all finite")
        numbers = answers
        if self.temperature is not None:
            require(bool((answers >= 0).all()), must="be >= 0 for logarithms", answers="not all")
            floor = math.log(_LEAST)
            numbers = (np.log(np.maximum(answers, _LEAST)) - floor) / self.temperature
        width = answers.shape[2]
        if self.keep is not None and self.keep < width:
            # a stable order: of equal numbers the first are kept, on every machine
            places = np.argsort(-answers, axis=2, kind="stable")[:, :, : self.keep]
            cut = np.zeros_like(numbers)
            np.put_along_axis(cut, places, np.take_along_axis(numbers, places, 2), 2)
            numbers = cut
        return np.concatenate([numbers.mean(axis=1), side], axis=1)


def squared_errors(records: Any, guesses: Any) -> NDArray[np.float64]:
    """Mean squared error over the coordinates of each record, shape (N,).

    Args:
        records: the true ones, shape (N, d).
        guesses: reconstructions, shape (N, d), or (d,) for the same guess of all.
    """
    truth, found = _tables(records, guesses)
    errors: NDArray[np.float64] = ((truth - found) ** 2).mean(axis=1)
    return errors


def share_closed(*, error: float, without: float, best: float) -> float:
    """Share of the gap between the error without a model and the least error that an attack closes.

    Args:
        error: mean squared error of the attack.
        without: of the mean record, the best guess without a model.
        best: of the posterior mean, < without.

    Returns:
        1 at the least error, 0 at that without a model, < 0 above it.
    """
    require(best < without, must="lie below that without a model", best=best)
    return (without - error) / (without - best)


def feature_distances(records: Any, guesses: Any, *, encoder: Encoder) -> NDArray[np.float64]:
    """Euclidean distance of each record's features from those of its reconstruction, shape (N,).

    Args:
        records: the true ones, shape (N, d).
        guesses: reconstructions, shape (N, d).
        encoder: from records to features (N, f); independent of the attacked model and of the
            attack, or the distance says nothing.
    """
    import numpy as np

    truth, found = (
        np.asarray(encoder(table), dtype=np.float64) for table in _tables(records, guesses)
    )
    fits = truth.shape == found.shape and truth.ndim == 2
    require(fits, must="give a row of features a record", encoder=truth.shape)
    return np.asarray(np.sqrt(((truth - found) ** 2).sum(axis=1)))


def recognised(guesses: Any, labels: Any, *, evaluator: Encoder) -> NDArray[np.bool_]:
    """Whether an independent classifier gives each reconstruction its record's label, shape (N,).

    Args:
        guesses: reconstructions, shape (N, d).
        labels: of the true records, shape (N,).
        evaluator: from records to labels (N,), trained on records that neither the attacked model
            nor the attack has seen.
    """
    import numpy as np

    truth = np.asarray(labels)
    told = np.asarray(evaluator(np.asarray(guesses, dtype=np.float64)))
    require(told.shape == truth.shape, must=f"give {truth.shape} labels", evaluator=told.shape)
    return np.asarray(told == truth, dtype=np.bool_)


def nearest_identity(guesses: Any, means: Any) -> NDArray[np.intp]:
    """Identity whose mean record is nearest to each reconstruction, the first of several; (N,).

    Args:
        guesses: reconstructions, finite, shape (N, d).
        means: mean record of each identity, shape (K, d), K >= 1.
    """
    import numpy as np

    found, centres = (np.asarray(table, dtype=np.float64) for table in (guesses, means))
    fits = centres.ndim == 2 and len(centres) >= 1 and found.shape[1:] == centres.shape[1:]
    require(fits, must=f"be rows of {found.shape[1:]}", means=centres.shape)
    halves = (centres**2).sum(axis=1) / 2
    block = max(1, _AT_ONCE // len(centres))
    parts = [
        (found[start : start + block] @ centres.T - halves).argmax(axis=1)
        for start in range(0, len(found), block)
    ]
    return np.concatenate([np.zeros(0, dtype=np.intp), *parts])


def _tables(records: Any, guesses: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    truth, found = (np.asarray(table, dtype=np.float64) for table in (records, guesses))
    require(truth.ndim == 2, must="have shape (N, d)", records=truth.shape)
    if found.ndim == 1 and found.shape == truth.shape[1:]:
        found = np.broadcast_to(found, truth.shape)
    require(found.shape == truth.shape, must=f"have shape {truth.shape}", guesses=found.shape)
    return truth, found
