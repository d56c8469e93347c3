"""A decision tree that pays for the mutual information of its answers and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.errors import ParameterError, require
from mipriv.learn.mid._checks import nonnegative_number
from mipriv.learn.mid._classifier import TreeClassifier
from mipriv.learn.mid._grow import Rule, fitted
from mipriv.learn.mid._readings import log_loss
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class MIDTreeClassifier(TreeClassifier):
    """ID3 with least log loss + lam H(leaf), in nats: H(leaf) >= I(X; answer).

    The answer is the class shares of a leaf, a function of the record, so that on the training
    sample I(X; answer) is the entropy of the answer: at most H(leaf), equal when no two leaves
    answer alike.  Splitting a node of n of the N records on attribute A changes the objective by
    (n/N)(lam w_A SplitInfo(A) - IG(A)), w_A = 1.  Two trees are grown, and the one
    of the lower objective is kept.  One splits each node that holds two classes where
    IG - lam w_A SplitInfo is largest (ties: lowest column, then lowest threshold), and goes on
    where that is negative; the other, ID3, where IG is, taking columns of lam w_A > 1 last, as their
    splits never pay by themselves.  In both, from the leaves up, a split then stays if its subtree,
    itself cut back, does not raise the objective.  No other cutting back of a grown tree is better,
    so that with lam w_A <= 1 the objective is never above ID3's, however it is cut back; another
    tree may be better still.  With lam = 0 the tree is ID3's, and where every lam w_A > 1 it is the
    root alone.

    Records are few against lam if lam log N < H(Y): a leaf for each record then has a lower objective
    than no split at all, and the tree learns by heart; `min_samples_leaf` forbids it.  What is
    penalised is H(leaf): `information_` can rise with lam, since the leaves of a smaller tree are
    less pure and so answer more differently.

    Categories are split into one branch each, so that a path asks for an attribute once; numbers at
    the midpoint of two neighbouring values, as often as it pays.

    The penalty does not know what is secret, and can raise what the leaves tell of an attribute: it
    prefers attributes of few values.  `leakage_` tells it for each.  `sensitive` penalises the
    splits on these columns alone: the sum of (n/N) SplitInfo over them is >= I(X_s; leaf | X_K), as
    a split on X_K is known to who knows X_K, and SplitInfo is the entropy of what a split on X_s
    adds (chain rule).  What the tree tells of X_s through the other columns is not penalised.

    Args:
        lam: weight of a nat of information in nats of log loss, finite, >= 0.
        sensitive: columns whose splits are penalised, the others being free: one or a list, as
            indices or as names of a frame's columns, or "all"; None: all.
        weights: w_A of each column, finite, >= 0; None: 1.  Not together with `sensitive`.
        categorical: columns that hold categories, which may be strings, named as in `sensitive`, or
            None.  The others hold finite numbers.
        max_depth: most decisions on a path, >= 1; None: those of ID3's longest path, and where lam > 0
            no fewer than there are columns of categories.  The time of a fit grows with records
            times depth.
        min_samples_leaf: training records that every branch must hold, >= 1.
        patience: splits in a row on a path that may raise the objective, each by itself, before
            growth stops there, >= 0; None: no limit.  Splits of ID3 count only on columns of
            lam w_A > 1.

    Attributes:
        classes_: the classes, in the order of the answers.
        objective_: log loss + lam times `penalty_`, on the training records.
        log_loss_: mean log loss of the training records, in nats.
        penalty_: what lam weighs, in nats: H(leaf), or the part of `weights` or `sensitive`.
        leaf_entropy_: H(leaf) of the training records, in nats.
        information_: of I(X; answer): `value` is exact for X uniform on the training records, and
            for the population an estimate, commonly too low; `upper` holds for every law of X.
        leakage_: estimates of I(X_a; leaf), one a column (`mipriv.learn.mid._readings.Leakage`).
        leaves_: the leaves with their paths and counts.

    Source: Quinlan 1986 (ID3; categories, information gain); Wang, Zhang, Jia 2021, arXiv
        2009.05241 (the objective; the tree is reconstructed, there is no code).

    >>> model = MIDTreeClassifier(lam=0.25, categorical="all")
    >>> X = [["red", "a"], ["red", "b"], ["blue", "a"], ["blue", "b"]]
    >>> print(model.fit(X, ["no", "no", "yes", "yes"]).export_text(feature_names=["hue", "letter"]))
    MIDTreeClassifier(categorical='all', lam=0.25): 2 leaves, 4 training records
    |-- all
    |   |-- hue = blue: no 0, yes 2
    |   |-- hue = red: no 2, yes 0
    I(X;answer) 0.6931 nats, H(leaf) 0.6931 nats
    attribute  values  I(attribute;leaf)  Miller-Madow
    hue             2             0.6931        0.8181
    letter          2             0.0000       -0.1250
    <BLANKLINE>
    """

    def __init__(
        self,
        *,
        lam: float = 0.01,
        sensitive: Any = None,
        weights: Any = None,
        categorical: Any = None,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        patience: int | None = 8,
    ) -> None:
        self.lam = lam
        self.sensitive = sensitive
        self.weights = weights
        self.categorical = categorical
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.patience = patience

    def fit(self, X: ArrayLike, y: ArrayLike) -> MIDTreeClassifier:
        """Fit to training records.

        Args:
            X: shape (N, p); no value may be missing.
            y: classes, shape (N,).

        Raises:
            ParameterError: a parameter outside its range, a missing value, or a column of numbers
                that holds something else.
        """
        sample = self._read(X, y)
        lam = nonnegative_number(self.lam, "lam")
        weights = self._weights(width=len(sample.columns))
        patience = self.patience
        rule = Rule(
            prices=lam * weights,
            patience=None if patience is None else whole(patience, "patience", at_least=0),
            **self._limits(),
        )
        tree = fitted(sample, rule)
        self._keep(tree, sample)
        inner = ~tree.leaf
        self.penalty_ = float(weights[tree.column[inner]] @ tree.spent[inner]) / len(sample.labels)
        self.log_loss_ = log_loss(tree)
        self.objective_ = self.log_loss_ + lam * self.penalty_
        return self

    def _weights(self, *, width: int) -> NDArray[np.float64]:
        """Factor of each column's split information."""
        if self.sensitive is not None:
            single = self.weights is None
            require(single, must="not be given with weights", sensitive=self.sensitive)
            weights = np.zeros(width)
            weights[list(self._columns(self.sensitive, "sensitive"))] = 1
            return weights
        if self.weights is None:
            return np.ones(width)
        try:
            weights = np.asarray(self.weights, dtype=np.float64)
        except (TypeError, ValueError):
            raise ParameterError("weights: must be numbers") from None
        valid = weights.shape == (width,) and bool((weights >= 0).all())
        valid = valid and bool(np.isfinite(weights).all())
        require(valid, must=f"be {width} finite numbers >= 0", weights=self.weights)
        return weights
