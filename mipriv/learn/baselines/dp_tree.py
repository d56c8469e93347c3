"""Private decision tree on public domains: ID3 whose splits are votes and whose counts are noisy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.errors import require
from mipriv.estimate.reading import Reading
from mipriv.guarantee import ApproxDP
from mipriv.learn.baselines._classes import coded
from mipriv.learn.baselines._draws import Draws, draws
from mipriv.learn.baselines._epsilon import upward
from mipriv.learn.baselines._readings import log_above
from mipriv.rigor.decimals import exact, unit, whole

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    Whole = NDArray[np.int64]

SPLITS = ("exponential", "random")
MOST_LEAVES = 1 << 16
_LEAF = -1


class DPTreeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Decision tree of a fixed depth on attributes with public domains: (epsilon, 0)-DP.

    Every node splits on all values of an attribute that its path has not used: one drawn blindly
    (`random`), or by the exponential mechanism on how many of the node's records the majorities of
    the children would label rightly.  Every leaf then counts its labels with discrete Laplace
    noise; counts below 0 are taken as 0, `smoothing` is added to each, and the shares are the
    answer.

    Privacy, for one replaced record, N public.  A record is in one node of a level, so replacing it
    removes one from a node and adds one to a node.  Either moves the difference of two utilities by
    at most 1, so that a vote with weights e^(b utility) is b-DP for it, and a level 2 b-DP.  It moves
    two counts by 1, so that noise of mass falling as e^(-c |k|) is 2 c-DP.  Together
    2 b depth + 2 c = epsilon: `split_share` of epsilon goes to the splits, in equal parts to the
    levels, the rest to the leaves.

    Without a random state every draw is exact, from the operating system: the tree may then be
    released.  With one, draws are doubles from a seeded generator, for experiments.

    Args:
        domains: public values of the attributes: numbers for all of them alike, or one sequence of
            numbers for each; two or more different ones.  A record counts as the nearest value, the
            lower of two: none is refused.
        classes: public labels; others are refused.  None: those of y, whose set is then taken to be
            public.
        depth: splits on a path, >= 0; at most the number of attributes.  Trees of more than 65,536
            leaves are refused.
        splits: "exponential" or "random".
        epsilon: nats, > 0.
        split_share: of epsilon for the splits, in (0, 1); all goes to the leaves if they are random.
        smoothing: added to each count, finite, > 0.
        random_state: None: exact draws; else a seed.

    Attributes:
        classes_: labels.
        leaves_: answers, shape (leaves, classes).
        guarantee_: `ApproxDP`, for replaced records.
        epsilon_: the same epsilon as a double, rounded up.
        information_: of I(X; answer), in nats: at most the log of the number of different leaves,
            which holds for every law of X and tells nothing of the training records.

    Source: Friedman, Schuster 2010 (a vote on the majorities); Jagannathan, Pillaipakkamnatt, Wright
        2009 (random splits); McSherry, Talwar 2007.
    """

    def __init__(
        self,
        *,
        domains: Any = (-1.0, 0.0, 1.0),
        classes: Any = None,
        depth: int = 3,
        splits: str = "exponential",
        epsilon: Any = 1.0,
        split_share: Any = 0.5,
        smoothing: float = 1.0,
        random_state: Any = None,
    ) -> None:
        self.domains = domains
        self.classes = classes
        self.depth = depth
        self.splits = splits
        self.epsilon = epsilon
        self.split_share = split_share
        self.smoothing = smoothing
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Grow the tree.

        Args:
            X: records, shape (N, p), finite.
            y: labels, shape (N,).

        Raises:
            ParameterError: a parameter outside its range, or a label that is no class.
        """
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self._domains = _checked_domains(self.domains, rows.shape[1])
        self._check(rows.shape[1])
        self.classes_, targets = coded(labels, self.classes)
        depth = min(int(self.depth), rows.shape[1])
        vote, count = self._budget(depth)
        self.guarantee_ = ApproxDP(epsilon=2 * (vote * depth + count))
        self.epsilon_ = upward(self.guarantee_.epsilon)
        source = draws(self.random_state)
        codes = self._codes(rows)
        blind = self.splits == "random"
        self._grow(codes, targets, depth, source, None if blind else vote)
        counts = np.zeros((int(self._leaf.max()) + 1, len(self.classes_)), dtype=np.int64)
        np.add.at(counts, (self._reached(codes), targets), 1)
        kept = np.maximum(source.noisy(counts, count), 0) + float(self.smoothing)
        self.leaves_ = kept / kept.sum(axis=1, keepdims=True)
        different = len(np.unique(self.leaves_, axis=0))
        method = "log of the number of different leaves"
        most = log_above(different)
        self.information_ = Reading.computed(most, method=method, bound=True)
        return self

    def answer(self, X: ArrayLike) -> NDArray[np.float64]:
        """The shares of the labels in each record's leaf; shape (N, classes)."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        return np.asarray(self.leaves_[self._reached(self._codes(rows))])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """As `answer`."""
        return self.answer(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of the largest share, the first of equal ones."""
        found = self.answer(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def _budget(self, depth: int) -> tuple[fmpq, fmpq]:
        """For one record added or removed: b of each vote, c of the counts."""
        whole_budget = exact(self.epsilon, "epsilon") / 2
        if self.splits == "random" or depth == 0:
            return fmpq(0), whole_budget
        share = unit(self.split_share, "split_share")
        return share * whole_budget / depth, (1 - share) * whole_budget

    def _grow(
        self, codes: Whole, targets: Whole, depth: int, source: Draws, vote: fmpq | None
    ) -> None:
        """The nodes, level by level: attribute, first child and leaf of each."""
        attributes, children = [_LEAF], [0]
        level = [(0, np.arange(len(codes)), tuple(range(codes.shape[1])))]
        for _ in range(depth):
            below = []
            for node, records, unused in level:
                if vote is None:
                    chosen = unused[source.among(len(unused))]
                else:
                    held, named = codes[records], targets[records]
                    utilities = [self._rightly(held[:, a], named, a) for a in unused]
                    chosen = unused[source.vote(utilities, vote)]
                attributes[node], children[node] = chosen, len(attributes)
                left = tuple(a for a in unused if a != chosen)
                for value in range(len(self._domains[chosen])):
                    below.append((len(attributes), records[codes[records, chosen] == value], left))
                    attributes.append(_LEAF)
                    children.append(0)
            level = below
        leaves = np.full(len(attributes), _LEAF, dtype=np.int64)
        leaves[[node for node, _, _ in level]] = np.arange(len(level))
        self._attribute = np.array(attributes, dtype=np.int64)
        self._child = np.array(children, dtype=np.int64)
        self._leaf = leaves

    def _rightly(self, column: Whole, targets: Whole, attribute: int) -> int:
        """Records that the majorities of the children would label rightly."""
        values, classes = len(self._domains[attribute]), len(self.classes_)
        pairs = np.bincount(column * classes + targets, minlength=values * classes)
        return int(pairs.reshape(values, classes).max(axis=1).sum())

    def _reached(self, codes: Whole) -> Whole:
        """The leaf of each record."""
        node = np.zeros(len(codes), dtype=np.int64)
        rows = np.arange(len(codes))
        while (self._attribute[node] != _LEAF).any():  # all leaves are equally deep
            node = self._child[node] + codes[rows, self._attribute[node]]
        return np.asarray(self._leaf[node])

    def _codes(self, rows: NDArray[np.float64]) -> Whole:
        """Places of the nearest values in the domains."""
        columns = [
            np.searchsorted((values[:-1] + values[1:]) / 2, rows[:, place])
            for place, values in enumerate(self._domains)
        ]
        return np.column_stack(columns).astype(np.int64)

    def _check(self, features: int) -> None:
        require(self.splits in SPLITS, must=f"be one of {', '.join(SPLITS)}", splits=self.splits)
        require(exact(self.epsilon, "epsilon") > 0, must="be > 0", epsilon=self.epsilon)
        share = unit(self.split_share, "split_share")
        require(0 < share < 1, must="lie strictly between 0 and 1", split_share=self.split_share)
        require(
            exact(self.smoothing, "smoothing") > 0,
            must="be finite and > 0",
            smoothing=self.smoothing,
        )
        depth = min(whole(self.depth, "depth", at_least=0), features)
        sizes = sorted((len(values) for values in self._domains), reverse=True)
        most = math.prod(sizes[:depth])
        require(most <= MOST_LEAVES, must=f"leave at most {MOST_LEAVES} leaves", depth=depth)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # the noise is for many records
        return tags


def _checked_domains(domains: Any, features: int) -> tuple[NDArray[np.float64], ...]:
    """One sorted domain of each attribute."""
    listed = isinstance(domains, Sequence | np.ndarray) and len(domains) > 0
    require(listed, must="be a sequence of numbers or of sequences", domains=domains)
    alike = not isinstance(domains[0], Sequence | np.ndarray)
    each = [domains] * features if alike else list(domains)
    must = f"be one domain for all, or one of each of {features} attributes"
    require(len(each) == features, must=must, domains=len(each))
    found = []
    for values in each:
        array = np.unique(np.asarray(values, dtype=np.float64))
        good = array.ndim == 1 and len(array) >= 2 and bool(np.isfinite(array).all())
        require(good, must="hold two or more finite values", domains=values)
        found.append(array)
    return tuple(found)
