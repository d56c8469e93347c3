"""Labels of a private classifier: a public set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.errors import require

if TYPE_CHECKING:
    from numpy.typing import NDArray


def coded(labels: NDArray[Any], classes: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The classes, sorted, and each label as its place among them.

    Args:
        labels: shape (N,).
        classes: the public set; None: the labels that occur.

    Raises:
        ParameterError: a label that is no class.
    """
    known = np.unique(labels if classes is None else np.asarray(classes))
    present = np.unique(labels)
    strange = present[~np.isin(present, known)]
    require(len(strange) == 0, must="be one of the classes", label=strange[:1].tolist())
    return known, np.searchsorted(known, labels).astype(np.int64)
