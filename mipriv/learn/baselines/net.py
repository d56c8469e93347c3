"""Undefended networks: the same encoders and training as those that pay for information."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mipriv.estimate.reading import Reading
from mipriv.learn.mid._network import NetworkEstimator
from mipriv.learn.mid._tasks import NetworkClassifier, NetworkRegressor
from mipriv.learn.mid.head import PlainHead

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn


class _Net(NetworkEstimator):
    """A linear bottleneck without noise."""

    def __init__(
        self,
        *,
        hidden: tuple[int, ...] = (64,),
        bottleneck: int | None = None,
        encoder: Callable[[int], nn.Module] | None = None,
        epochs: int = 100,
        batch_size: int = 128,
        learning_rate: float = 5e-3,
        weight_decay: float = 0.0,
        selection_fraction: float = 0.1,
        patience: int | None = 30,
        standardise: bool = True,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden = hidden
        self.bottleneck = bottleneck
        self.encoder = encoder
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.selection_fraction = selection_fraction
        self.patience = patience
        self.standardise = standardise
        self.random_state = random_state
        self.verbose = verbose

    def _head(self, features: int) -> PlainHead:
        return PlainHead(features, self._outputs_count(), bottleneck=self.bottleneck)

    def _noise(self, X: NDArray[np.float64], source: Any) -> None:  # noqa: ARG002  # there is none
        return None

    def _penalty(self) -> tuple[float, int]:
        return 0.0, 0

    def _divergences(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(X), np.inf)

    def _reading(self, divergences: NDArray[np.float64]) -> Reading:  # noqa: ARG002  # whatever they are
        return Reading.computed(math.inf, method="answer without noise", bound=True)


class NetClassifier(NetworkClassifier, _Net):
    """Classifier with least log loss, undefended: its answers are a function of the input.

    Its parameters are those of `mipriv.learn.mid.vib.VIBClassifier`, and with one seed it is the
    same network as that one with lam=0, std=0 and the same `epochs`.  There is no noise, so that
    the information of a continuous input is infinite.

    Args: as of `VIBClassifier`: hidden, bottleneck, encoder, epochs, batch_size, learning_rate,
        weight_decay, selection_fraction, patience, standardise, random_state, verbose.

    Attributes:
        classes_: labels, in the order of the answers' columns.
        network_, history_, best_epoch_, n_iter_, selection_indices_: as of `VIBClassifier`.
        noise_: None.
        information_: infinite.
    """


class NetRegressor(NetworkRegressor, _Net):
    """Regressor with least mean squared error, undefended: its answers are a function of the input.

    Args: as of `NetClassifier`.

    Attributes:
        network_, history_, best_epoch_, n_iter_, selection_indices_: as of `NetClassifier`.
        noise_: None.
        information_: infinite.
    """
