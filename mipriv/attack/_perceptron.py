"""A small network from features to numbers or to shares, trained by Adam with early stopping."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mipriv.errors import require
from mipriv.rigor.decimals import exact, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

_RIDGES = tuple(10.0**power for power in range(-8, 2))  # of a standardised column's variance, 1
_MEAN, _SQUARE, _SMALL = 0.9, 0.999, 1e-8  # of Adam


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a network is trained.

    Attributes:
        hidden: widths of the hidden layers, each >= 1; none: an affine map.
        epochs: passes over the records, >= 0; 0 leaves the starting map.
        patience: passes without a better held-out loss after which training ends, >= 1.
        batch: records a step, >= 1.
        learning_rate: of Adam, finite, > 0.
        straight: whether an affine map of the features is added to the network's output.  It starts
            at ridge regression and the network at zero, so that training starts from the best
            linear guess.
        seed: of first weights, held-out records and order, >= 0.
    """

    hidden: tuple[int, ...]
    epochs: int
    patience: int
    batch: int
    learning_rate: float
    straight: bool
    seed: int

    def __post_init__(self) -> None:
        widths = tuple(whole(width, "hidden", at_least=1) for width in self.hidden)
        object.__setattr__(self, "hidden", widths)
        require(bool(widths) or self.straight, must="be some if not straight", hidden=widths)
        rate = exact(self.learning_rate, "learning_rate")
        require(rate > 0, must="be finite and > 0", learning_rate=self.learning_rate)
        whole(self.epochs, "epochs", at_least=0)
        whole(self.patience, "patience", at_least=1)
        whole(self.batch, "batch", at_least=1)
        whole(self.seed, "seed", at_least=0)

    @classmethod
    def of(cls, attack: Any) -> Plan:
        """The plan of an attack that has its parameters among its own, under the same names."""
        return cls(**{one.name: getattr(attack, one.name) for one in fields(cls)})


@dataclass(frozen=True, eq=False)
class Perceptron:
    """A trained network: relu layers and an affine map beside them, of standardised features.

    Attributes:
        centre, scale: of the features; a column that is constant has scale 0.
        layers: matrix and shift of each layer.
        straight: matrix of the affine map beside them, and its shift.
        shares: whether the outputs are log-shares, to go through softmax.
        middle, unit: what the outputs are rescaled by.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    layers: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    straight: tuple[NDArray[np.float64], NDArray[np.float64]]
    shares: bool
    middle: NDArray[np.float64]
    unit: float

    @classmethod
    def of(
        cls,
        features: NDArray[np.float64],
        targets: NDArray[np.float64],
        *,
        shares: bool,
        plan: Plan,
    ) -> Perceptron:
        """Train on N >= 2 records; every eighth of a random order is held out to choose the pass.

        Args:
            features: shape (N, p), finite.
            targets: shape (N, m), finite; rows of shares that sum to one where `shares`.
            shares: whether the loss is the cross-entropy; otherwise the mean squared error.
            plan: how.
        """
        import numpy as np

        centre, spread = features.mean(axis=0), features.std(axis=0)
        # below that, what a column varies by is the rounding of its mean
        least = 16 * np.finfo(np.float64).eps * np.abs(features).max(axis=0, initial=0.0)
        scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > least)
        middle = np.zeros(targets.shape[1]) if shares else targets.mean(axis=0)
        unit = 1.0 if shares else float(targets.std()) or 1.0
        order = np.random.default_rng(plan.seed).permutation(len(features))
        apart, wanted = (features - centre) * scale, (targets - middle) / unit
        held = max(1, len(order) // 8)
        rows = (order[held:], order[:held])
        kept, chosen = ((apart[part], wanted[part]) for part in rows)
        start = None if shares or not plan.straight else _ridge(kept, chosen)
        weights = _trained(kept, chosen, start, shares, plan)
        return cls(centre, scale, weights[:-1], weights[-1], shares, middle, unit)

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Outputs of records, shape (N, m)."""
        import numpy as np

        table = (features - self.centre) * self.scale
        outputs = table @ self.straight[0] + self.straight[1]
        for place, (matrix, shift) in enumerate(self.layers):
            table = table @ matrix + shift
            if place + 1 < len(self.layers):
                table = np.maximum(table, 0.0)
        outputs = outputs + table if self.layers else outputs
        if self.shares:
            raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            return np.asarray(raised / raised.sum(axis=1, keepdims=True))
        return np.asarray(outputs * self.unit + self.middle)


Table = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def _ridge(kept: Table, chosen: Table) -> Table:
    """Ridge regression; the penalty is that of the least held-out error."""
    import numpy as np

    (x, y), (other, wanted) = kept, chosen
    mean, target = x.mean(axis=0), y.mean(axis=0)
    values, vectors = np.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    turned = vectors.T @ ((x - mean).T @ (y - target)) / len(x)
    best: tuple[float, Any] = (math.inf, None)
    for ridge in _RIDGES:
        slope = vectors @ (turned / (np.maximum(values, 0.0) + ridge)[:, None])
        error = float((((other - mean) @ slope + target - wanted) ** 2).mean())
        best = min(best, (error, slope), key=lambda one: one[0])
    slope = best[1]
    return slope, target - mean @ slope


def _trained(
    kept: Table, chosen: Table, start: Table | None, shares: bool, plan: Plan
) -> tuple[Table, ...]:
    """Weights of the layers, and last those of the affine map beside them."""
    import torch

    generator = torch.Generator().manual_seed(plan.seed)
    (x, y), (other, wanted) = (tuple(map(torch.from_numpy, part)) for part in (kept, chosen))
    vector, shapes = _first(x.shape[1], y.shape[1], start, plan, generator)
    fixed = torch.ones_like(vector)
    if not plan.straight:  # nothing moves the affine map: it stays zero
        fixed[-(x.shape[1] + 1) * y.shape[1] :] = 0.0
    first, second = torch.zeros_like(vector), torch.zeros_like(vector)
    with torch.no_grad():
        best, best_loss, waited = (
            vector.clone(),
            float(_loss(vector, shapes, other, wanted, shares)),
            0,
        )
    steps = 0
    for _ in range(plan.epochs):
        order = torch.randperm(len(x), generator=generator)
        for start_row in range(0, len(x), plan.batch):
            rows = order[start_row : start_row + plan.batch]
            vector.requires_grad_(True)
            loss = _loss(vector, shapes, x[rows], y[rows], shares)
            (gradient,) = torch.autograd.grad(loss, vector)
            steps += 1
            with torch.no_grad():
                first.lerp_(gradient, 1 - _MEAN)
                second.mul_(_SQUARE).addcmul_(gradient, gradient, value=1 - _SQUARE)
                root = (second / (1 - _SQUARE**steps)).sqrt_().add_(_SMALL)
                move = plan.learning_rate / (1 - _MEAN**steps) * first / root
                vector = vector.detach() - move * fixed
        with torch.no_grad():
            found = float(_loss(vector, shapes, other, wanted, shares))
        best, best_loss, waited = (
            (vector.clone(), found, 0) if found < best_loss else (best, best_loss, waited + 1)
        )
        if waited >= plan.patience:
            break
    pieces = [piece.numpy() for piece in _pieces(best.detach(), shapes)]
    return tuple(zip(pieces[::2], pieces[1::2], strict=True))


def _first(
    inputs: int, outputs: int, start: Table | None, plan: Plan, generator: Any
) -> tuple[Tensor, list[tuple[int, ...]]]:
    """Weights to start from as one vector, and the shapes of its pieces."""
    import torch

    pieces: list[Tensor] = []
    widths = [inputs, *plan.hidden, outputs] if plan.hidden else []
    for before, after in pairwise(widths):
        matrix = torch.randn(before, after, generator=generator, dtype=torch.float64)
        pieces += [matrix * math.sqrt(2 / max(before, 1)), torch.zeros(after, dtype=torch.float64)]
    if pieces and plan.straight:
        pieces[-2] = torch.zeros_like(pieces[-2])
    beside = (
        [torch.zeros(inputs, outputs), torch.zeros(outputs)]
        if start is None
        else [torch.from_numpy(part) for part in start]
    )
    pieces += [part.to(torch.float64) for part in beside]
    shapes = [tuple(piece.shape) for piece in pieces]
    return torch.cat([piece.reshape(-1) for piece in pieces]), shapes


def _pieces(vector: Tensor, shapes: list[tuple[int, ...]]) -> Iterator[Tensor]:
    import torch

    sizes = [math.prod(shape) for shape in shapes]
    for piece, shape in zip(torch.split_with_sizes(vector, sizes), shapes, strict=True):
        yield piece.view(shape)


def _loss(
    vector: Tensor, shapes: list[tuple[int, ...]], x: Tensor, y: Tensor, shares: bool
) -> Tensor:
    import torch

    pieces = list(_pieces(vector, shapes))
    outputs = torch.addmm(pieces[-1], x, pieces[-2])
    hidden = x
    for place in range(0, len(pieces) - 2, 2):
        hidden = torch.addmm(pieces[place + 1], hidden, pieces[place])
        if place + 4 < len(pieces):
            hidden = hidden.relu()
    if len(pieces) > 2:
        outputs = outputs + hidden
    if shares:
        return -(y * outputs.log_softmax(dim=1)).sum(dim=1).mean()
    return (outputs - y).square().mean()
