"""Update-Leaks: from a model's answers to probes before and after an update to the update's labels.

`mipriv.attack.updates` makes the shadow updates, and shows what they do to the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mipriv.attack._perceptron import Perceptron, Plan
from mipriv.attack.inversion.features import AUXILIARY, averaged, coded, fitted
from mipriv.attack.inversion.protocol import Attack, Graded, Observation
from mipriv.errors import ParameterError, require
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST = 1e-12  # share below which a guess counts as that, so that no divergence is infinite


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """An attack on the leading principal components of the answers.

    M probes of k numbers are more than a few thousand shadow updates can weigh one by one; what an
    update does to them lies near few directions.  The directions are those of the averaged shadow
    answers of largest variance; after them any invertible affine map is left to the attack inside.

    Attributes:
        attack: on the components, not yet fitted.
        components: at most so many, >= 1; no more than there are directions of spread.
        direction: whether the average of each update is first brought to length one.  How far an
            update moves a model tells how wrong the model was, and little of the label.
        state: what `fit` learned.
    """

    attack: Attack
    components: int = 16
    direction: bool = False
    state: _Directions | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole(self.components, "components", at_least=1)

    @property
    def name(self) -> str:
        """For tables."""
        scaled = " of the direction" if self.direction else ""
        return f"{self.attack.name}, {self.components} components{scaled}"

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

        table = _scaled(seen, self.direction).mean(axis=1)
        centre = table.mean(axis=0)
        _, sizes, rows = np.linalg.svd(table - centre, full_matrices=False)
        unit = np.finfo(np.float64).eps * max(table.shape) * np.abs(table).max(initial=0.0)
        kept = min(self.components, int((sizes > unit * table.size**0.5).sum()))
        directions = _Directions(centre, rows[:kept].T, self.direction)
        learned = self.attack.fit(directions(seen), secrets, model=model)
        return replace(self, attack=learned, state=directions)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of the attack inside for each update."""
        return self.attack.infer(fitted(self.state, self.name)(seen))

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`; none where the attack inside does not tell its beliefs."""
        import numpy as np

        inside = self.attack
        return inside.kinds if isinstance(inside, Graded) else np.empty(0)

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log posterior of each value, up to a term of the update, of the attack inside; (N, K)."""
        inside = self.attack
        if not isinstance(inside, Graded):
            raise ParameterError(f"attack={inside.name}: must say what it believes")
        return inside.scores(fitted(self.state, self.name)(seen))


@dataclass(frozen=True, eq=False)
class _Directions:
    centre: NDArray[np.float64]
    basis: NDArray[np.float64]
    direction: bool

    def __call__(self, seen: Observation) -> Observation:
        answers = (_scaled(seen, self.direction) - self.centre) @ self.basis
        return Observation(answers=answers, side=seen.side)


def _scaled(seen: Observation, direction: bool) -> NDArray[np.float64]:
    """Answers, or answers over the length of their average; of length 0 they stay."""
    import numpy as np

    averaged(seen)  # refuses what is not finite
    answers = np.asarray(seen.answers, dtype=np.float64)
    if not direction:
        return answers
    length = np.linalg.norm(answers.mean(axis=1), axis=1)
    return np.asarray(answers / np.where(length > 0, length, 1.0)[:, None, None])


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
        return Plan.of(self)

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

    @property
    def kinds(self) -> NDArray[Any]:
        """Label of each column of `scores`; none where distributions are guessed."""
        import numpy as np

        values = fitted(self.state, self.name).values
        return np.empty(0) if values is None else values

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log share of each label; shape (N, K)."""
        import numpy as np

        shares = fitted(self.state, self.name).network(averaged(seen))
        with np.errstate(divide="ignore"):  # a share may be rounded to 0
            return np.asarray(np.log(shares))


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
