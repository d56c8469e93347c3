"""Maximum a posteriori on a classifier or decision tree: by label, by confidence, by leaf counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import prod
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import coded, fitted
from mipriv.attack.inversion.leaves import LeafCounts, ask, leaf_counts
from mipriv.attack.inversion.priors import Frequencies, Hidden
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import require
from mipriv.rigor.decimals import nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KNOWS = frozenset({"model", "auxiliary"})
_AT_ONCE = 1 << 20  # records that the model is asked about at once
_SAME = 1e-9  # answers this near are equal: far above rounding, far below shares of few records
_AUXILIARY = "auxiliary"
_TIE = 1e-12  # scores this near, relative to the best, are equal


class Evidence(StrEnum):
    """What the model is taken to say of a record x' that is tried, beside the prior.

    NONE: nothing; with `released`, only whether x' gives the answer that was seen.
    LABEL: Pr[answer's class | label] from the confusion matrix, as published in 2015.
    CALIBRATED_LABEL: Pr[label | answer's class] from it, the factor that Bayes' rule asks for.
    CONFIDENCE: the answer's share of the label.
    COUNTS: training records in the leaf of x' (white box, as published in 2015).
    CLASS_COUNTS: those of the label's class.
    """

    NONE = "none"
    LABEL = "label"
    CALIBRATED_LABEL = "calibrated-label"
    CONFIDENCE = "confidence"
    COUNTS = "counts"
    CLASS_COUNTS = "class-counts"

    @property
    def of_label(self) -> bool:
        """Whether it needs the label."""
        return self not in (Evidence.NONE, Evidence.COUNTS)

    @property
    def white(self) -> bool:
        """Whether it needs the leaves."""
        return self in (Evidence.COUNTS, Evidence.CLASS_COUNTS)


@dataclass(frozen=True, kw_only=True)
class TreeMaximumAPosteriori:
    """argmax_v sum over records x' with x_s = v of prior(x') evidence(x').

    x' agrees with the side information and takes every value of the hidden attributes.  The prior is
    the product of the marginals, as published, which on correlated attributes may guess worse than
    the side information alone; or what auxiliary records show of the secret given the known
    attributes; or the exact law.  As published the attacker knows the
    label and may ask the model about any x', but has not seen its answer to the record; with
    `released` he has, and x' counts only if it gives that answer.

    Published white box: argmax_v (1/sum_j phi_j p_j) sum_i p_i phi_i(v) p(v), phi_i(v) telling
    whether leaf i can be reached with x_s = v and the side information, p_i its share of the training
    records.  The first factor does not depend on v.  A leaf counts once however many values of the
    hidden attributes lead to it; with a given prior each x' counts.  p_i already holds p(v) in part, so
    that it is not Bayes' rule: on a tree with a leaf for every record class counts with a uniform
    prior are, for the empirical law of the training set.

    Where no x' is possible the prior alone decides.

    Attributes:
        evidence: see `Evidence`.
        position: column of the secret in a record.
        label: column of the label in the side information (negative: from the end); None: not seen.
            The other columns of the side information fill the record's columns in order.
        released: whether the answers seen are those to the record.
        scale: with `released`, standard deviation of each number of the mean answer about the
            model's, normal; 0: equal up to 1e-9.
        hidden: attributes to sum over.
        prior: (records, labels or None) -> weights >= 0; `auxiliary`: frequencies given the known
            attributes; None: independent marginals.
        confusion: [label, class answered], counts or shares; None: from the auxiliary answers.
        encode: records -> what the model takes (dummy columns, strings); None: as they are.
        state: what `fit` learned.

    Source: Fredrikson, Jha, Ristenpart, Model inversion attacks that exploit confidence information,
        CCS 2015; Fredrikson et al. 2014 (records consistent with the answer).
    """

    evidence: Evidence | str = Evidence.CONFIDENCE
    position: int = 0
    label: int | None = -1
    released: bool = False
    scale: float = 0.0
    hidden: tuple[Hidden, ...] = ()
    prior: Callable[[Any, Any], NDArray[np.float64]] | str | None = None
    confusion: Any = None
    encode: Callable[[NDArray[np.float64]], Any] | None = None
    state: _State | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        kinds = [kind.value for kind in Evidence]
        must = f"be one of {', '.join(kinds)}"
        require(self.evidence in kinds, must=must, evidence=self.evidence)
        object.__setattr__(self, "evidence", Evidence(self.evidence))
        object.__setattr__(self, "position", whole(self.position, "position", at_least=0))
        object.__setattr__(self, "scale", float(nonnegative(self.scale, "scale")))
        text = isinstance(self.prior, str) and self.prior != _AUXILIARY
        require(not text, must="be a function, auxiliary or None", prior=self.prior)
        needs = not self._kind.of_label or self.label is not None
        require(needs, must=f"be seen for evidence {self.evidence}", label=self.label)
        taken = [self.position, *(one.column for one in self.hidden)]
        require(len(set(taken)) == len(taken), must="be other columns", hidden=taken[1:])

    @property
    def name(self) -> str:
        """For tables."""
        heard = ", released answer" if self.released else ""
        law = ", given prior" if callable(self.prior) else ", learned prior" if self.prior else ""
        return f"tree MAP by {self.evidence}{heard}{law}"

    @property
    def knows(self) -> frozenset[str]:
        """The model, and the law of the secret from auxiliary records."""
        return _KNOWS

    @property
    def _kind(self) -> Evidence:
        return Evidence(self.evidence)

    def fit(
        self, seen: Observation, secrets: NDArray[Any], *, model: Any = None
    ) -> TreeMaximumAPosteriori:
        """Learn the secret's marginal and, where it is needed and not given, the confusion matrix.

        Args:
            seen: of N >= 1 auxiliary records; the answers are used for the confusion matrix alone.
            secrets: values of the sensitive attribute, shape (N,), numbers.
            model: with `answer`, `predict_proba` or `predict` and `classes_`, or a function from
                records to answers; a tree for counts.
        """
        import numpy as np

        require(model is not None, must="be given: the attack asks it", model=model)
        values, own = coded(secrets, len(seen.side))
        counts = np.bincount(own).astype(np.float64)
        box = leaf_counts(model) if self._kind.white else None
        state = _State(model, values, counts / counts.sum(), box, None, None)
        if self.prior == _AUXILIARY:
            given = Frequencies.learn(self._split(seen.side)[0], secrets)
            state = replace(state, given=given)
        if self._kind in (Evidence.LABEL, Evidence.CALIBRATED_LABEL):
            state = replace(state, confusion=self._shares(state, seen))
        return replace(self, state=state)

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record, one of the secrets seen; shape (N,)."""
        import numpy as np

        # the best score of a record is 0
        found: NDArray[Any] = self.kinds[(self.scores(seen) >= np.log1p(-_TIE)).argmax(axis=1)]
        return found

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`: the secrets seen, in rising order; shape (K,)."""
        return fitted(self.state, self.name).values

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log of each value's sum, as a share of the record's largest; shape (N, K)."""
        import numpy as np

        state = fitted(self.state, self.name)
        each = len(state.values) * prod(len(one.values) for one in self.hidden)
        block = max(1, _AT_ONCE // each)
        parts = [
            self._belief(state, Observation(answers=seen.answers[at], side=seen.side[at]))
            for at in _blocks(len(seen.side), block)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(state.values)))

    def _belief(self, state: _State, seen: Observation) -> NDArray[np.float64]:
        import numpy as np

        side, labels = self._split(seen.side)
        records, marginal = self._tried(state, side)
        count, kinds, fills, width = records.shape
        flat = records.reshape(-1, width)
        spread = None if labels is None else np.repeat(labels, kinds * fills)
        weights = marginal
        if callable(self.prior):
            found = np.asarray(self.prior(flat, spread), dtype=np.float64)
            weights = found.reshape(count, kinds, fills)
        rows = flat if self.encode is None else self.encode(flat)
        heard = self._heard(state, rows, seen, weights.shape)
        if self._kind is Evidence.COUNTS and not callable(self.prior):
            scores = self._leaves_once(state, rows, heard) * weights.sum(axis=2)
        else:
            told = self._told(state, rows, spread).reshape(heard.shape)
            scores = (weights * told * heard).sum(axis=2)
        base = weights.sum(axis=2)
        scores = np.where(scores.max(axis=1, keepdims=True) > 0, scores, base)
        best = scores.max(axis=1, keepdims=True)
        # where the prior leaves nothing possible, all are alike
        shares = np.divide(scores, best, out=np.ones_like(scores), where=best > 0)
        with np.errstate(divide="ignore"):
            beliefs: NDArray[np.float64] = np.log(shares)
        return beliefs

    def _split(
        self, side: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Known attributes, and the labels if they are seen."""
        import numpy as np

        if self.label is None:
            return side, None
        width = side.shape[1]
        inside = -width <= self.label < width
        require(inside, must=f"be one of {width} columns of the side", label=self.label)
        return np.delete(side, self.label, axis=1), side[:, self.label]

    def _tried(
        self, state: _State, known: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Every x', shape (N, secrets, fills, d), and the prior that is not given, up to a constant."""
        import numpy as np

        width = known.shape[1] + 1 + len(self.hidden)
        taken = [self.position, *(one.column for one in self.hidden)]
        inside = max(taken) < width
        require(inside, must=f"lie from 0 to {width - 1}", columns=taken)
        axes = [np.asarray(one.values, dtype=np.float64) for one in self.hidden]
        shares = [np.asarray(one.masses, dtype=np.float64) for one in self.hidden]
        fills = (
            np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], 1)
            if axes
            else None
        )
        masses = np.ones(1)
        for share in shares:
            masses = np.multiply.outer(masses, share).ravel()
        records = np.empty((len(known), len(state.values), len(masses), width))
        others = [column for column in range(width) if column not in taken]
        records[..., others] = known[:, None, None, :]
        records[..., self.position] = np.asarray(state.values, dtype=np.float64)[:, None]
        if fills is not None:
            records[..., taken[1:]] = fills
        priors = state.priors[None] if state.given is None else state.given(state.values, known)
        return records, np.broadcast_to(np.multiply.outer(priors, masses), records.shape[:3])

    def _heard(
        self, state: _State, rows: Any, seen: Observation, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        """Likelihood of the released answer under each x', up to a constant for each record."""
        import numpy as np

        if not self.released:
            return np.ones(shape)
        mean = seen.answers.mean(axis=1)
        answers = ask(state.model, rows)
        fits = answers.shape[1] == mean.shape[1]
        require(fits, must=f"have {answers.shape[1]} numbers, as the model", answers=mean.shape)
        apart = answers.reshape(*shape, -1) - mean[:, None, None, :]
        if self.scale == 0:
            return np.asarray(np.abs(apart).max(axis=3) <= _SAME, dtype=np.float64)
        distance = (apart**2).sum(axis=3) / (2 * self.scale**2)
        found: NDArray[np.float64] = np.exp(distance.min(axis=(1, 2), keepdims=True) - distance)
        return found

    def _told(
        self, state: _State, rows: Any, labels: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """The evidence of each x'."""
        import numpy as np

        if self._kind is Evidence.NONE:
            return np.ones(len(rows))
        if state.box is not None and self._kind is Evidence.COUNTS:
            held: NDArray[np.float64] = state.box.counts[state.box.apply(rows)].sum(axis=1)
            return held
        box = state.box
        table = ask(state.model, rows) if box is None else box.counts[box.apply(rows)]
        if state.confusion is not None:
            table = state.confusion[:, table.argmax(axis=1)].T
        codes = _codes(state.model, labels, table.shape[1])
        own: NDArray[np.float64] = np.where(codes >= 0, table[np.arange(len(table)), codes], 0.0)
        return own

    def _leaves_once(
        self, state: _State, rows: Any, heard: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sum of N p_i phi_i(v) over the leaves that some fill of the hidden attributes reaches."""
        import numpy as np

        box = state.box or leaf_counts(state.model)
        node = np.asarray(box.apply(rows)).reshape(heard.shape)
        held = box.counts.sum(axis=1)[node] * heard
        order = np.argsort(node, axis=2, kind="stable")
        node, held = (np.take_along_axis(part, order, axis=2) for part in (node, held))
        again = np.concatenate([np.zeros_like(node[..., :1]), node[..., 1:] == node[..., :-1]], 2)
        found: NDArray[np.float64] = np.where(again.astype(bool), 0.0, held).sum(axis=2)
        return found

    def _shares(self, state: _State, seen: Observation) -> NDArray[np.float64]:
        """The confusion matrix in shares: of each label (as published), or of each class answered."""
        import numpy as np

        table = np.asarray(self.confusion if self.confusion is not None else (), dtype=np.float64)
        if self.confusion is None:
            labels = self._split(seen.side)[1]
            mean = seen.answers.mean(axis=1)
            kinds = mean.shape[1]
            require(kinds >= 2, must="have a number for each class", answers=mean.shape)
            codes = _codes(state.model, labels, kinds)
            table = np.zeros((kinds, kinds))
            np.add.at(table, (codes[codes >= 0], mean.argmax(axis=1)[codes >= 0]), 1)
        valid = table.ndim == 2 and table.shape[0] == table.shape[1] and bool((table >= 0).all())
        require(valid, must="be a square table of numbers >= 0", confusion=table.shape)
        total = table.sum(axis=1 if self._kind is Evidence.LABEL else 0, keepdims=True)
        found: NDArray[np.float64] = table / np.where(total > 0, total, 1.0)
        return found


@dataclass(frozen=True, eq=False)
class _State:
    model: Any
    values: NDArray[Any]
    priors: NDArray[np.float64]
    box: LeafCounts | None
    confusion: NDArray[np.float64] | None
    given: Frequencies | None


def _codes(model: Any, labels: Any, kinds: int) -> NDArray[np.intp]:
    """Column of each label: its place in `classes_` if these are numbers, else itself; -1: none."""
    import numpy as np

    classes = np.asarray(getattr(model, "classes_", np.arange(kinds)))
    if classes.dtype.kind not in "biuf":
        classes = np.arange(kinds)
    same = np.asarray(labels)[:, None] == classes[None, :].astype(np.float64)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)


def _blocks(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))
