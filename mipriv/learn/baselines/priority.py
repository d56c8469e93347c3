"""A decision tree whose sensitive attribute is asked for at a chosen depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.errors import require
from mipriv.learn.mid._classifier import TreeClassifier
from mipriv.learn.mid._grow import Rule, grow
from mipriv.rigor.decimals import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class PriorityTreeClassifier(TreeClassifier):
    """ID3 that splits on the sensitive attribute at one depth, and nowhere else.

    A node at that depth that holds two classes and two values of the attribute is split on it,
    whatever it gains; every other split is the one of highest information gain on the other
    columns.  Nothing is cut back.  A path that ends before that depth does not ask for the
    attribute, so that a depth beyond the tree's drops it.  What the depth does to the leakage is
    not proved: read `leakage_`.

    Args:
        sensitive: the sensitive column, as an index or as a name of a frame's column.
        depth: decisions before it is asked for, >= 0: 0 is the root.
        categorical, max_depth, min_samples_leaf: as in `mipriv.learn.mid.tree.MIDTreeClassifier`;
            a column of numbers is split at its best threshold.

    Attributes:
        classes_: the classes, in the order of the answers.
        leaf_entropy_, information_, leakage_, leaves_: as in `MIDTreeClassifier`.

    Source: Fredrikson, Jha, Ristenpart 2015 (countermeasures: decision trees, depth of the sensitive
        feature).

    >>> model = PriorityTreeClassifier(sensitive=1, depth=0, categorical="all")
    >>> X = [["red", "a"], ["red", "b"], ["blue", "a"], ["blue", "b"]]
    >>> model.fit(X, ["no", "no", "yes", "yes"]).leaves_[0].path[0].column
    1
    """

    def __init__(
        self,
        *,
        sensitive: int | str = 0,
        depth: int = 0,
        categorical: Any = None,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
    ) -> None:
        self.sensitive = sensitive
        self.depth = depth
        self.categorical = categorical
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf

    def fit(self, X: ArrayLike, y: ArrayLike) -> PriorityTreeClassifier:
        """Fit to training records.

        Args:
            X: shape (N, p); no value may be missing.
            y: classes, shape (N,).

        Raises:
            ParameterError: a parameter outside its range, a missing value, or a column of numbers
                that holds something else.
        """
        sample = self._read(X, y)
        width = len(sample.columns)
        chosen = self._columns(self.sensitive, "sensitive")
        require(len(chosen) == 1, must="be one column", sensitive=self.sensitive)
        (column,) = chosen
        placed = (column, whole(self.depth, "depth", at_least=0))
        rule = Rule(prices=np.zeros(width), placed=placed, **self._limits())
        self._keep(grow(sample, rule), sample)
        return self
