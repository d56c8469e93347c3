"""What the tree classifiers share: reading records, answering, and telling what the tree holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mipriv.errors import ParameterError, require
from mipriv.learn.mid._checks import columns_named
from mipriv.learn.mid._encode import encode_rows, learn_columns, training_rows
from mipriv.learn.mid._grow import Sample
from mipriv.learn.mid._nodes import Leaf
from mipriv.learn.mid._readings import (
    answer_information,
    confidences,
    leaf_entropy,
    leakages,
)
from mipriv.learn.mid._text import information_text, leakage_text, tree_text
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from mipriv.learn.mid._nodes import Tree


class TreeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Base of classifiers that answer with the class shares of a leaf's training records.

    A subclass has the parameters `categorical`, `max_depth` and `min_samples_leaf`, and fits with
    `_read` and `_keep`.
    """

    categorical: Any
    max_depth: int | None
    min_samples_leaf: int
    tree_: Tree
    classes_: NDArray[Any]
    n_features_in_: int

    def answer(self, X: ArrayLike) -> NDArray[np.float64]:
        """The release: class shares of the training records of the leaf that each record reaches.

        Args:
            X: records, shape (N, p).  Where a node has no branch for a record's category, the
                shares of that node are the answer.

        Returns:
            Shape (N, classes), in the order of `classes_`; a function of the record, without noise.
        """
        node = self.apply(X)
        answers: NDArray[np.float64] = confidences(self.tree_)[node]
        return answers

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The same as `answer`."""
        return self.answer(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of the largest share; the first of those that tie."""
        answers = self.answer(X)
        labels: NDArray[Any] = self.classes_[answers.argmax(axis=1)]
        return labels

    def apply(self, X: ArrayLike) -> NDArray[np.int64]:
        """Index of the node where each record stops.

        Args:
            X: records, shape (N, p).

        Returns:
            Shape (N,): a leaf's index; an inner node's where it has no branch for a category.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, **self._checks(X))
        return self.tree_.descend(encode_rows(rows, self.tree_.columns))

    @property
    def leaves_(self) -> tuple[Leaf, ...]:
        """The leaves with the decisions that lead to them and their training records."""
        check_is_fitted(self)
        return self.tree_.leaves()

    def leaf_counts(self) -> NDArray[np.int64]:
        """Training records of each class in every leaf, shape (leaves, classes), as `leaves_`."""
        check_is_fitted(self)
        counts: NDArray[np.int64] = self.tree_.counts[self.tree_.leaf]
        return counts

    def get_depth(self) -> int:
        """Most decisions on a path."""
        check_is_fitted(self)
        return int(self.tree_.depth.max())

    def get_n_leaves(self) -> int:
        """Number of leaves."""
        check_is_fitted(self)
        return int(self.tree_.leaf.sum())

    def export_text(self, *, feature_names: Sequence[str] | None = None) -> str:
        """The tree, the records of its leaves, and what the leaves tell of each attribute.

        Args:
            feature_names: one a column; None: those seen in fit, else x0, x1, ...

        Raises:
            ParameterError: not one name a column.
        """
        check_is_fitted(self)
        seen = getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)])
        names = [str(name) for name in (seen if feature_names is None else feature_names)]
        fits = len(names) == self.n_features_in_
        require(fits, must=f"be {self.n_features_in_} names", feature_names=names)
        lines = [
            self._title(),
            *tree_text(self.tree_, names=names, classes=self.classes_.tolist()),
            information_text(self.information_, self.leaf_entropy_),
            *leakage_text(self.leakage_, names=names),
        ]
        return "\n".join(lines) + "\n"

    def _title(self) -> str:
        leaves, records = self.get_n_leaves(), int(self.tree_.counts[0].sum())
        return f"{self!r}: {leaves} leaves, {records} training records"

    def _checks(self, X: Any) -> dict[str, Any]:
        """How records are checked: as numbers, unless some columns hold categories."""
        if self.categorical is None:
            return {"dtype": np.float64}
        # a frame's columns have types of their own, which may have none in common but this
        return {"dtype": object if hasattr(X, "iloc") else None}

    def _read(self, X: ArrayLike, y: ArrayLike) -> Sample:
        """Check training records and put them into whole numbers."""
        try:
            rows, labels = validate_data(self, X, y, **self._checks(X))
        except ValueError as error:
            if "convert string" not in str(error):
                raise
            must = "must hold numbers, or its columns of categories be listed in categorical"
            raise ParameterError(f"X: {must} ({error})") from None
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        chosen = self._columns(self.categorical, "categorical")
        columns, ranks = learn_columns(rows, chosen)
        return Sample(columns=columns, codes=ranks, labels=codes, classes=len(self.classes_))

    def _columns(self, chosen: Any, name: str) -> tuple[int, ...]:
        """Indices of columns given by index or name."""
        names = getattr(self, "feature_names_in_", ())
        return columns_named(chosen, name, width=self.n_features_in_, names=names)

    def _limits(self) -> dict[str, Any]:
        """The limits of growth that all trees have."""
        depth = self.max_depth
        return {
            "max_depth": None if depth is None else whole(depth, "max_depth", at_least=1),
            "min_samples_leaf": whole(self.min_samples_leaf, "min_samples_leaf", at_least=1),
        }

    def _keep(self, tree: Tree, sample: Sample) -> None:
        """Store a tree and what it tells of the training sample."""
        self.tree_ = tree
        self.leaf_entropy_ = leaf_entropy(tree)
        self.information_ = answer_information(tree)
        leaf = tree.descend(training_rows(sample.columns, sample.codes))
        self.leakage_ = leakages(sample.columns, sample.codes, leaf)
