"""Networks that pay for the information which a noisy code holds about the input."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mipriv.errors import require
from mipriv.estimate.reading import Reading
from mipriv.estimate.variational import normal_divergences, upper_bound
from mipriv.learn.mid._checks import nonnegative_number, positive_number
from mipriv.learn.mid._network import NetworkEstimator, pieces
from mipriv.learn.mid._tasks import NetworkClassifier, NetworkRegressor
from mipriv.learn.mid.head import VIBHead
from mipriv.learn.release import KINDS, ReleaseNoise, release_noise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import nn


class _VIB(NetworkEstimator):
    """The code, its noise and the reading of its information."""

    def __init__(
        self,
        *,
        lam: float = 1e-3,
        hidden: tuple[int, ...] = (64,),
        bottleneck: int | None = None,
        encoder: Callable[[int], nn.Module] | None = None,
        std: float | None = None,
        warm_up: int = 10,
        epochs: int = 100,
        batch_size: int = 128,
        learning_rate: float = 5e-3,
        weight_decay: float = 0.0,
        selection_fraction: float = 0.1,
        patience: int | None = 30,
        standardise: bool = True,
        noise: str = "per-input",
        grid: float = 1e-3,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.lam = lam
        self.hidden = hidden
        self.bottleneck = bottleneck
        self.encoder = encoder
        self.std = std
        self.warm_up = warm_up
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.selection_fraction = selection_fraction
        self.patience = patience
        self.standardise = standardise
        self.noise = noise
        self.grid = grid
        self.random_state = random_state
        self.verbose = verbose

    def encode(self, X: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of the code, what who sees inside can read.

        Args:
            X: shape (N, p).

        Returns:
            Two arrays of shape (N, bottleneck); the second is 0 where `std` is.
        """
        return self._codes(self._asked(X))

    def _codes(self, X: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        head = self.network_.head
        if not isinstance(head, VIBHead):
            raise TypeError("the network has no code to read")
        with torch.no_grad():
            parts = [
                head.encode(self.network_.encoder(self._inputs(X[piece])))
                for piece in pieces(len(X))
            ]
        mean, std = (torch.cat(found).numpy() for found in zip(*parts, strict=True))
        return mean, std

    def _check(self) -> None:
        super()._check()
        nonnegative_number(self.lam, "lam")
        require(self.std is None or self.std == 0, must="be None (learned) or 0", std=self.std)
        finite = self.std is None or self.lam == 0
        require(finite, must="be 0 where std is 0: the divergence is infinite", lam=self.lam)
        counts = isinstance(self.warm_up, Integral) and 0 <= self.warm_up < self.epochs
        rule = f"be a whole number >= 0 and below epochs={self.epochs}"
        require(counts, must=rule, warm_up=self.warm_up)
        known = isinstance(self.noise, str) and self.noise in KINDS
        require(known, must=f"be one of {', '.join(KINDS)}", noise=self.noise)
        positive_number(self.grid, "grid")

    def _head(self, features: int) -> VIBHead:
        return VIBHead(features, self._outputs_count(), bottleneck=self.bottleneck, std=self.std)

    def _noise(self, X: NDArray[np.float64], source: Any) -> ReleaseNoise | None:
        if self.std is not None:
            return None
        secret = None if self.random_state is None else source
        return release_noise(self.noise, X=X, grid=self.grid, random_state=secret)

    def _penalty(self) -> tuple[float, int]:
        # with nothing to warm up, patience runs from the start
        return float(self.lam), int(self.warm_up) if self.lam > 0 else 0

    def _divergences(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.std is not None:
            return np.full(len(X), np.inf)
        mean, std = self._codes(X)
        return normal_divergences(mean=mean, deviation=std)

    def _reading(self, divergences: NDArray[np.float64]) -> Reading:
        if self.std is not None:
            return Reading.computed(math.inf, method="code without noise", bound=True)
        return upper_bound(divergences=divergences)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.std is None and self.noise == "fresh"
        return tags


class VIBClassifier(NetworkClassifier, _VIB):
    """Classifier with least log loss + lam mean KL(q(z|x)||N(0,I)), in nats.

    The encoder's features give a code z ~ q(z|x) = N(mean, diag std^2), and z alone the answer.
    E KL(q(z|x)||N(0,I)) >= I(X;Z) >= I(X; answer), and the bound is loose: the divergence of a
    useful code can exceed the entropy of what it tells.  z is drawn at query time too.

    The bound is about one answer to who does not have the key of the noise.  Noise drawn afresh is
    undone by averaging answers.  Noise fixed for each input is a deterministic function to who has
    the key, and gives a fresh draw in every cell of the grid to who may choose his inputs; see
    `mipriv.learn.release.PerInputNoise`.  Who sees inside reads `mean` and `encode`.

    Args:
        lam: weight of a nat of the divergence in units of the loss, >= 0 and finite.  A training of
            too few steps leaves the divergence high however large lam is: see `history_`.
        hidden: widths of the rectifier layers of the encoder; () for none.  Not used with `encoder`.
        bottleneck: coordinates of z, >= 1; None: half of the encoder's features, at least 1.
        encoder: a picklable callable that turns the number p of features into a module from (N, p)
            to (N, f), in double precision; None: layers of `hidden`.
        std: None: learned, softplus(raw - 5) + 1e-6; 0: z is its mean, with lam=0 only, and the
            information is infinite.
        warm_up: epochs over which lam rises linearly from 0, >= 0 and below `epochs`, which has to
            be lowered with them.
        epochs: largest number of passes, >= 1.
        batch_size: >= 1; batches differ by at most one record.
        learning_rate: of AdamW, > 0.
        weight_decay: of AdamW, >= 0.
        selection_fraction: share of the records (two at least) that are not trained on and choose
            the epoch by the objective, in equal shares of the classes; 0: the last epoch is kept.
        patience: epochs without a better objective, after the warm-up, that end the training; None:
            never.  Not used without selection.  Few records are few steps an epoch: as the price
            sets in, the objective can then rise for many epochs before it falls further.
        standardise: whether inputs are centred and divided by their training standard deviation
            inside.
        noise: "per-input" (fixed for each cell of inputs, by a secret key) or "fresh".
        grid: cells of the per-input noise, in units of each feature's standard deviation, > 0.
        random_state: seed of all randomness, that of the noise included; without it the noise is
            the operating system's.  Torch's and NumPy's global generators are left as they were.
        verbose: whether to report the training on stderr.

    Attributes:
        classes_: labels, in the order of the answers' columns.
        network_: encoder and head (`mipriv.learn.mid.head.Network`), in evaluation mode.
        noise_: of the release, with its secret `key`; None where std is 0.
        divergences_: KL(q(z|x)||N(0,I)) of the selection records, nats, which chose the epoch; of
            all records where none select.
        information_: their mean, with a bootstrap interval: no less than the information, but for
            what the records happen to be.  `information(X)` reads records that chose nothing.
        history_, best_epoch_, n_iter_: objective after each epoch, the epoch kept, epochs run.
        selection_indices_: records that were not trained on.

    Source: Alemi, Fischer, Dillon, Murphy 2017; as a defence Wang, Zhang, Jia 2021, arXiv
        2009.05241.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = VIBClassifier(lam=10.0, learning_rate=0.02, random_state=0).fit(X, y)
    >>> bool(model.information_.value < 0.1)  # so dear that nothing is told
    True
    """


class VIBRegressor(NetworkRegressor, _VIB):
    """Regressor with least mean squared error + lam mean KL(q(z|x)||N(0,I)), lam in y^2 a nat.

    Code, noise and what the bound does not promise are those of `VIBClassifier`.

    Args: as of `VIBClassifier`; `standardise` centres and scales y too, which changes neither the
        objective nor the units of lam and of the answers.

    Attributes:
        network_, noise_, divergences_, information_, history_, best_epoch_, n_iter_,
            selection_indices_: as of `VIBClassifier`.

    Source: Alemi, Fischer, Dillon, Murphy 2017; as a defence Wang, Zhang, Jia 2021, arXiv
        2009.05241.
    """
