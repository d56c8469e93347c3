"""Heads that answer from a narrow code of an encoder's features: a noisy one, and a plain one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mipriv.errors import require
from mipriv.rigor.decimals import whole

NARROWEST = 1e-6  # least standard deviation of a code
SHIFT = 5.0  # softplus(-5) = .0067: a new head is all but deterministic, and learns the rest first


class VIBHead(nn.Module):
    """Answers from a noisy code z of the features, with the divergence that bounds I(X;Z).

    q(z|x) = N(mean, diag std^2) with std = softplus(raw - 5) + 1e-6; mean, raw and the outputs are
    affine in the features and in z.  E KL(q(z|x)||N(0,I)) >= I(X;Z) >= I(X; outputs).

    With `std=0` the code is its mean; the divergence is infinite and so is the bound.  The
    parameters are drawn from torch's generator in the order mean, outputs, raw, so that a plain
    head of the same widths starts from the same mean and outputs at the same seed.

    Args:
        features: of the encoder, >= 1.
        outputs: >= 1.
        bottleneck: coordinates of z, >= 1; None: half of the features, at least 1.
        std: None: learned; 0: the code is its mean.
        dtype: of the parameters, and of features and noise; torch.float32 on an encoder in torch's
            own precision.

    Attributes:
        bottleneck: coordinates of z.
        noisy: whether z depends on the noise.

    Raises:
        ParameterError: a number of features, outputs or coordinates that is not whole and >= 1, or
            another std.

    Source: Alemi, Fischer, Dillon, Murphy 2017.

    A step of one's own loop, on a batch x, y:

    >>> encoder = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    >>> head = VIBHead(8, 3, dtype=torch.float32)
    >>> parameters = [*encoder.parameters(), *head.parameters()]
    >>> optimiser = torch.optim.SGD(parameters, lr=0.1)
    >>> x, y = torch.zeros(5, 4), torch.zeros(5, dtype=torch.long)
    >>> outputs, divergences = head(encoder(x), torch.randn(5, head.bottleneck))
    >>> objective = functional.cross_entropy(outputs, y) + 0.01 * divergences.mean()
    >>> objective.backward()
    >>> optimiser.step()

    `mipriv.estimate.variational.upper_bound` reads the divergences of records afterwards, and
    `mipriv.learn.release.release_noise` gives draws that are the same whenever a record is asked
    about again.
    """

    def __init__(
        self,
        features: int,
        outputs: int,
        *,
        bottleneck: int | None = None,
        std: float | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        require(std is None or std == 0, must="be None (learned) or 0", std=std)
        self.bottleneck = width(features, bottleneck)
        whole(outputs, "outputs", at_least=1)
        self.mean = nn.Linear(features, self.bottleneck, dtype=dtype)
        self.outputs = nn.Linear(self.bottleneck, outputs, dtype=dtype)
        self.noisy = std is None
        self.raw = nn.Linear(features, self.bottleneck, dtype=dtype) if std is None else None

    def encode(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the code, each of shape (N, bottleneck)."""
        mean: Tensor = self.mean(features)
        if self.raw is None:
            return mean, torch.zeros_like(mean)
        return mean, functional.softplus(self.raw(features) - SHIFT) + NARROWEST

    def forward(self, features: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Outputs at z = mean + std * noise, and the divergence of each record.

        The bound holds for outputs under noise alone, drawn anew for each record and step, when
        the head is trained and when it answers.

        Args:
            features: shape (N, features).
            noise: standard normal draws, shape (N, bottleneck); None: z is the mean, for who sees
                inside.

        Returns:
            Outputs, shape (N, outputs), and KL(q(z|x)||N(0,I)) in nats, shape (N,).
        """
        mean, std = self.encode(features)
        code = mean if noise is None or not self.noisy else torch.addcmul(mean, std, noise)
        return self.outputs(code), divergence(mean, std)


class PlainHead(nn.Module):
    """Answers from a deterministic code that is affine in the features: no defence.

    Args:
        features: of the encoder, >= 1.
        outputs: >= 1.
        bottleneck: coordinates of the code, >= 1; None: half of the features, at least 1.
        dtype: of the parameters.

    Attributes:
        bottleneck: coordinates of the code.
        noisy: False.
    """

    noisy = False

    def __init__(
        self,
        features: int,
        outputs: int,
        *,
        bottleneck: int | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        self.bottleneck = width(features, bottleneck)
        self.code = nn.Linear(features, self.bottleneck, dtype=dtype)
        self.outputs = nn.Linear(self.bottleneck, outputs, dtype=dtype)

    def forward(self, features: Tensor, noise: Tensor | None = None) -> tuple[Tensor, None]:  # noqa: ARG002  # as VIBHead
        """Outputs, shape (N, outputs), and None: there is no finite divergence."""
        return self.outputs(self.code(features)), None


class Network(nn.Module):
    """An encoder and the head on it.

    Args:
        encoder: from inputs (N, p) to features (N, f).
        head: from features and noise to outputs and divergences.
    """

    def __init__(self, encoder: nn.Module, head: VIBHead | PlainHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Outputs and divergences of the head at the encoder's features."""
        found: tuple[Tensor, Tensor | None] = self.head(self.encoder(inputs), noise)
        return found


def divergence(mean: Tensor, std: Tensor) -> Tensor:
    """KL(N(mean, diag std^2)||N(0,I)) of each record, in nats; infinite where a std is 0.

    Sum over coordinates of (mean^2 + std^2 - 1)/2 - log std; rounding may leave it below 0 by
    2^-50 a coordinate when std is near 1.

    Args:
        mean, std: shape (N, k).

    Returns:
        Shape (N,).
    """
    squares = torch.addcmul(mean.square(), std, std)
    return (squares.sum(dim=1) - mean.shape[1]) / 2 - std.log().sum(dim=1)


def width(features: int, bottleneck: int | None) -> int:
    """Coordinates of the code: as asked, or half of the features, at least 1."""
    half = max(1, whole(features, "features", at_least=1) // 2)
    return half if bottleneck is None else whole(bottleneck, "bottleneck", at_least=1)
