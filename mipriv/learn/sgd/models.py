"""Models for DP-SGD: a loss of flat parameters on one record, in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mipriv.rigor.decimals import whole


class Model(Protocol):
    """A loss of one record.

    Attributes:
        parameters: how many.
        constant_gradient: whether the gradient does not depend on the parameters.
    """

    @property
    def constant_gradient(self) -> bool: ...
    @property
    def parameters(self) -> int: ...

    def loss(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Loss of parameters (parameters,) on features (p,) and target (); a scalar."""
        ...

    def start(self, generator: torch.Generator) -> Tensor:
        """Parameters to start from, independent of the data; shape (parameters,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flat:
    features: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", whole(self.features, "features", at_least=1))

    @property
    def constant_gradient(self) -> bool:
        return False

    @property
    def parameters(self) -> int:
        return self.features

    def start(self, generator: torch.Generator) -> Tensor:  # noqa: ARG002  # the same for all
        return torch.zeros(self.parameters, dtype=torch.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearLoss(_Flat):
    """-<theta, x>: every gradient is -x wherever the model is; it leaks the most DP-SGD can.

    Attributes:
        features: p, >= 1; the targets are not used.
    """

    @property
    def constant_gradient(self) -> bool:
        return True

    def loss(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:  # noqa: ARG002  # no target
        return -(theta * x).sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanLoss(_Flat):
    """|theta - x|^2/2: the mean of the records; contractive, so earlier steps are forgotten.

    Attributes:
        features: p, >= 1; the targets are not used.
    """

    def loss(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:  # noqa: ARG002  # no target
        return (theta - x).square().sum() / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Affine(_Flat):
    """One coefficient a feature, and a constant, the last."""

    @property
    def parameters(self) -> int:
        return self.features + 1

    def _score(self, theta: Tensor, x: Tensor) -> Tensor:
        return (theta[:-1] * x).sum() + theta[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearRegression(_Affine):
    """(<theta, (x, 1)> - y)^2/2.

    Attributes:
        features: p, >= 1, without the constant.
    """

    def loss(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return (self._score(theta, x) - y).square() / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticRegression(_Affine):
    """log(1 + e^(-y <theta, (x, 1)>)) for targets -1 and 1.

    Attributes:
        features: p, >= 1, without the constant.
    """

    def loss(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        margin = y * self._score(theta, x)
        loss: Tensor = torch.nn.functional.softplus(-margin)
        return loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Perceptron(_Flat):
    """One hidden layer of tanh units and a softmax, cross-entropy on whole targets 0..classes-1.

    Attributes:
        features: p, >= 1.
        hidden: units, >= 1.
        classes: >= 2.
    """

    hidden: int = 8
    classes: int = 2

    def __post_init__(self) -> None:
        _Flat.__post_init__(self)
        object.__setattr__(self, "hidden", whole(self.hidden, "hidden", at_least=1))
        object.__setattr__(self, "classes", whole(self.classes, "classes", at_least=2))

    @property
    def parameters(self) -> int:
        return self.hidden * (self.features + 1) + self.classes * (self.hidden + 1)

    def start(self, generator: torch.Generator) -> Tensor:
        scale = self.features**-0.5
        first: Tensor = torch.randn(self.parameters, generator=generator, dtype=torch.float64)
        first *= scale
        return first

    def scores(self, theta: Tensor, x: Tensor) -> Tensor:
        """Logits of one record; shape (classes,)."""
        edge = self.hidden * self.features
        middle = edge + self.hidden
        last = middle + self.classes * self.hidden
        inner = torch.tanh(theta[:edge].view(self.hidden, self.features) @ x + theta[edge:middle])
        return theta[middle:last].view(self.classes, self.hidden) @ inner + theta[last:]

    def loss(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        scores = self.scores(theta, x)
        picked = (torch.arange(self.classes) == y).to(scores.dtype)
        loss: Tensor = torch.logsumexp(scores, 0) - (scores * picked).sum()
        return loss
