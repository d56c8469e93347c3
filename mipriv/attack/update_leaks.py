"""Update-Leaks: from a model's answers to probes before and after an update to the update's labels."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack._perceptron import Perceptron, Plan
from mipriv.attack.inversion.features import AUXILIARY, averaged, coded, fitted
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.errors import require
from mipriv.rigor.decimals import exact, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST = 1e-12  # share below which a guess counts as that, so that no divergence is infinite

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
        before, after = [], []
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
    present parameters; frozen parameters and buffers stay as they are, so that a module with batch normalisation must be
    in evaluation mode.  A module with a noisy code is called with the noise beside the records:
    fresh in every step, and in every query unless `key` fixes it.

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


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """An attack on the leading principal components of the answers.

    M probes of k numbers are more than a few thousand shadow updates can weigh one by one; what an
    update does to them lies near few directions.  The directions are those of the averaged shadow
    answers of largest variance; after them any invertible affine map is left to the attack inside.

    Attributes:
        attack: on the components, not yet fitted.
        components: at most so many, >= 1; no more than there are directions of spread.
        state: what `fit` learned.
    """

    attack: Attack
    components: int = 32
    state: _Directions | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole(self.components, "components", at_least=1)

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.attack.name}, {self.components} components"

    @property
    def knows(self) -> frozenset[str]:
        """What the attack inside knows."""
        return self.attack.knows

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Encoded:
        """Learn the directions, and let the attack learn on the components.

        Args:
            seen: of N >= 1 shadow updates.
            secrets: as the attack takes them.
            model: for the attack.
        """
        import numpy as np

        table = averaged(seen)[:, : seen.answers.shape[2]]
        centre = table.mean(axis=0)
        _, sizes, rows = np.linalg.svd(table - centre, full_matrices=False)
        unit = np.finfo(np.float64).eps * max(table.shape) * np.abs(table).max(initial=0.0)
        kept = min(self.components, int((sizes > unit * table.size**0.5).sum()))
        directions = _Directions(centre, rows[:kept].T)
        learned = self.attack.fit(directions(seen), secrets, model=model)
        return replace(self, attack=learned, state=directions)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of the attack inside for each update."""
        return self.attack.infer(fitted(self.state, self.name)(seen))


@dataclass(frozen=True, eq=False)
class _Directions:
    centre: NDArray[np.float64]
    basis: NDArray[np.float64]

    def __call__(self, seen: Observation) -> Observation:
        return Observation(answers=(seen.answers - self.centre) @ self.basis, side=seen.side)


@dataclass(frozen=True, kw_only=True)
class LabelNetwork:
    """A network from averaged answers to shares of the labels, trained by cross-entropy.

    Secrets of shape (N,) are labels, of which it guesses the likeliest; secrets of shape (N, C) are
    label distributions, of which it guesses the whole row.  Its loss is then the divergence of the
    guess from the truth, up to a term that no guess changes.

    Attributes:
        hidden: widths of the hidden layers.
        epochs, patience, batch, learning_rate, straight, seed: as in `KnowledgeAlignment`.
        state: what `fit` learned.

    Source: Salem, Bhattacharya, Backes, Fritz, Zhang, USENIX Security 2020.
    """

    hidden: tuple[int, ...] = (64,)
    epochs: int = 100
    patience: int = 10
    batch: int = 64
    learning_rate: float = 2e-3
    straight: bool = True
    seed: int = 0
    state: _Shares | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _ = self.plan

    @property
    def plan(self) -> Plan:
        """How the network is trained."""
        return Plan(
            hidden=tuple(self.hidden),
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch,
            learning_rate=self.learning_rate,
            straight=self.straight,
            seed=self.seed,
        )

    @property
    def name(self) -> str:
        """For tables."""
        return "label network"

    @property
    def knows(self) -> frozenset[str]:
        """Shadow updates alone."""
        return AUXILIARY

    def fit(
        self,
        seen: Observation,
        secrets: NDArray[Any],
        *,
        model: Any = None,  # noqa: ARG002  # the protocol names it
    ) -> LabelNetwork:
        """Train on shadow updates.

        Args:
            seen: of N >= 2 shadow updates.
            secrets: labels (N,), or label distributions (N, C), rows >= 0 that sum to one.
            model: not used.
        """
        import numpy as np

        table, known = averaged(seen), np.asarray(secrets)
        require(len(table) >= 2, must="be of two updates or more", seen=len(table))
        values: NDArray[Any] | None = None
        if known.ndim == 2:
            targets = np.asarray(known, dtype=np.float64)
            right = len(targets) == len(table) and bool((targets >= 0).all())
            # float64 sums of C shares, each rounded once: far within 1e-9
            right = right and bool((np.abs(targets.sum(axis=1) - 1) <= 1e-9).all())
            require(right, must=f"be {len(table)} rows that sum to one", secrets=targets.shape)
        else:
            values, own = coded(known, len(table))
            targets = np.eye(len(values))[own]
        network = Perceptron.of(table, targets, shares=True, plan=self.plan)
        return replace(self, state=_Shares(network, values))

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Labels, shape (N,), or label distributions, shape (N, C)."""
        state = fitted(self.state, self.name)
        found: NDArray[Any] = state.network(averaged(seen))
        return found if state.values is None else state.values[found.argmax(axis=1)]


@dataclass(frozen=True, eq=False)
class _Shares:
    network: Perceptron
    values: NDArray[Any] | None


def label_shares(labels: Any, classes: Sequence[Any]) -> NDArray[np.float64]:
    """Share of each class among the labels of each update, shape (N, C).

    Args:
        labels: shape (N, b), b >= 1, each one of the classes.
        classes: C distinct labels.
    """
    import numpy as np

    table = np.asarray(labels)
    require(table.ndim == 2 and table.shape[1] >= 1, must="have shape (N, b)", labels=table.shape)
    counts = np.stack([(table == one).sum(axis=1) for one in classes], axis=1)
    known = bool((counts.sum(axis=1) == table.shape[1]).all())
    require(known, must=f"be among {len(classes)} distinct classes", labels=table.shape)
    return np.asarray(counts / table.shape[1], dtype=np.float64)


def onto_shares(rows: Any) -> NDArray[np.float64]:
    """Nearest label distributions to rows of numbers: no squared error grows by it.

    Source: Euclidean projection on the simplex, Duchi et al. 2008.
    """
    import numpy as np

    table = np.asarray(rows, dtype=np.float64)
    require(table.ndim == 2 and table.shape[1] >= 1, must="have shape (N, C)", rows=table.shape)
    falling = -np.sort(-table, axis=1)
    places = np.arange(1, table.shape[1] + 1)
    levels = (falling.cumsum(axis=1) - 1) / places
    last = ((falling > levels) * places).max(axis=1) - 1
    return np.asarray(np.maximum(table - levels[np.arange(len(table)), last][:, None], 0.0))


def divergences(truth: Any, guesses: Any) -> NDArray[np.float64]:
    """Kullback-Leibler divergence of guessed from true label distributions in nats, shape (N,).

    Args:
        truth: shape (N, C), rows >= 0 that sum to one.
        guesses: shape (N, C), or (C,) for the same guess of all; below 1e-12 they count as that.
    """
    import numpy as np

    p, q = np.asarray(truth, dtype=np.float64), np.asarray(guesses, dtype=np.float64)
    fits = p.ndim == 2 and q.shape in (p.shape, p.shape[1:])
    require(fits, must=f"have shape {p.shape}", guesses=q.shape)
    ratio = np.log(np.maximum(p, _LEAST)) - np.log(np.maximum(q, _LEAST))
    return np.asarray(np.where(p > 0, p * ratio, 0.0).sum(axis=1))


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
