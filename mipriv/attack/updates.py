"""Updates of a model, one at a time or many at once, and its answers to probes before and after."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import exact, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Update = Callable[[Any, "NDArray[Any]", "NDArray[Any]"], Any]
Ask = Callable[[Any, "NDArray[Any]"], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """Answers to M probes around N updates that all start from one model.

    Attributes:
        before: shape (1, q, M, k), or (N, q, M, k) where they were asked afresh for each update.
        after: shape (N, q, M, k).
    """

    before: NDArray[np.float64]
    after: NDArray[np.float64]

    def differences(self, release: Callable[[Any], Any] | None = None) -> Observation:
        """What the attacker sees of each update: after - before, q rows of M k numbers.

        Args:
            release: what a defence makes of answers, of shape (..., k), before they are told
                (rounding, added noise); None: nothing.
        """
        import numpy as np

        before, after = (
            np.asarray(part if release is None else release(part), dtype=np.float64)
            for part in (self.before, self.after)
        )
        count, queries = after.shape[:2]
        return Observation(
            answers=(after - before).reshape(count, queries, -1), side=np.zeros((count, 0))
        )


@dataclass(frozen=True, kw_only=True)
class LoopedUpdates:
    """Updates of any model, one at a time, each on a deep copy.

    Attributes:
        model: fitted; it is left as it was.
        update: (model, X, y) -> the model updated on a batch, which may be the one given, changed.
        ask: (model, probes) -> answers (M,) or (M, k); None: `answer`, `predict_proba` or
            `predict`, the first that the model has.
        afresh: whether the answers before are asked anew for each update: where the noise of
            answers is fresh, so that updates are independent plays.
    """

    model: Any
    update: Update
    ask: Ask | None = None
    afresh: bool = False

    def probed(self, X: Any, y: Any, *, probes: Any, queries: int = 1) -> Probed:
        """Answers before and after each of N updates.

        Args:
            X: batches of records, shape (N, b, p).
            y: their labels, shape (N, b).
            probes: shape (M, p), M >= 1.
            queries: q, times each probe is asked, >= 1.
        """
        import numpy as np

        records, labels, asked = _batches(X, y, probes)
        times = whole(queries, "queries", at_least=1)
        before: list[Any] = []
        after: list[Any] = []
        for batch, own in zip(records, labels, strict=True):
            if self.afresh or not before:
                before.append(self._answers(self.model, asked, times))
            changed = self.update(copy.deepcopy(self.model), batch, own)
            after.append(self._answers(changed, asked, times))
        return Probed(before=np.stack(before), after=np.stack(after))

    def _answers(self, model: Any, probes: NDArray[Any], queries: int) -> NDArray[np.float64]:
        import numpy as np

        ask = self.ask or _asked
        rows = [np.asarray(ask(model, probes), dtype=np.float64) for _ in range(queries)]
        return np.stack(rows).reshape(queries, len(probes), -1)


@dataclass(frozen=True, kw_only=True)
class VmappedUpdates:
    """Updates of a torch module by gradient descent, many at once.

    Each update takes `steps` steps of gradient descent on its own batch, all from the module's
    present parameters; frozen parameters and buffers stay as they are, so that a module with batch
    normalisation must be in evaluation mode.  A module with a noisy code is called with the noise
    beside the records: fresh in every step, and in every query unless `key` fixes it.

    Attributes:
        module: called with records (b, p), or with records and normal draws (b, noise); it is left
            as it was.
        objective: (what the module returns, labels (b,)) -> number to descend; None: the mean
            cross-entropy of it.
        release: what the module returns -> answers (M, k); None: softmax of it.
        learning_rate: finite, > 0.
        steps: >= 1.
        noise: standard normal draws that the module takes with each record, >= 0.
        key: draws of the probes, shape (M, noise): noise fixed for each input; None: fresh, also
            before and after each update.
        seed: of the draws, >= 0.
        at_once: updates held in memory at a time, >= 1; the draws depend on it.
    """

    module: Any
    learning_rate: float
    steps: int = 1
    objective: Callable[[Any, Any], Any] | None = None
    release: Callable[[Any], Any] | None = None
    noise: int = 0
    key: NDArray[np.float64] | None = None
    seed: int = 0
    at_once: int = 256

    def __post_init__(self) -> None:
        rate = exact(self.learning_rate, "learning_rate")
        require(rate > 0, must="be finite and > 0", learning_rate=self.learning_rate)
        for name, least in (("steps", 1), ("noise", 0), ("seed", 0), ("at_once", 1)):
            whole(getattr(self, name), name, at_least=least)

    def probed(self, X: Any, y: Any, *, probes: Any, queries: int = 1) -> Probed:
        """Answers before and after each of N updates; args as for `LoopedUpdates.probed`."""
        from mipriv.attack._vmapped import answers

        records, labels, asked = _batches(X, y, probes)
        times = whole(queries, "queries", at_least=1)
        if self.key is not None:
            wanted = (len(asked), self.noise)
            require(self.key.shape == wanted, must=f"have shape {wanted}", key=self.key.shape)
        before, after = answers(self, records, labels, asked, times)
        return Probed(before=before, after=after)


def joined(*seen: Observation) -> Observation:
    """Records of several observations in a row: shadow updates of several shadow models."""
    import numpy as np

    require(len(seen) >= 1, must="be at least one", observations=len(seen))
    return Observation(
        answers=np.concatenate([one.answers for one in seen]),
        side=np.concatenate([one.side for one in seen]),
    )


def _asked(model: Any, probes: NDArray[Any]) -> Any:
    for name in ("answer", "predict_proba", "predict"):
        if hasattr(model, name):
            return getattr(model, name)(probes)
    require(False, must="have answer, predict_proba or predict", model=type(model).__name__)
    return None


def _batches(X: Any, y: Any, probes: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    import numpy as np

    records, labels, asked = np.asarray(X), np.asarray(y), np.asarray(probes)
    fits = records.ndim >= 3 and len(records) >= 1 and labels.shape == records.shape[:2]
    require(fits, must=f"have shape (N, b, ...) for labels {labels.shape}", X=records.shape)
    same = asked.shape[1:] == records.shape[2:] and len(asked) >= 1
    require(same, must=f"be records of shape {records.shape[2:]}", probes=asked.shape)
    return records, labels, asked
