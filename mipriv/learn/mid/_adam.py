"""Adam with decoupled weight decay, on all parameters of a module as one vector.

For small networks a step costs a third of `torch.optim.AdamW`, whose first use also imports torch's
compiler, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mipriv import descent

_DECAYS = 0.9, 0.999  # of the averages


class Adam:
    """The optimiser of a module; its trained parameters must have one dtype.

    Until `release` the parameters and their gradients are views of two vectors.

    Args:
        module: whose parameters that require a gradient are trained.
        learning_rate: > 0.
        weight_decay: >= 0, a step multiplies parameters by 1 - learning_rate weight_decay.

    Source: Kingma and Ba 2015; Loshchilov and Hutter 2019.
    """

    def __init__(self, module: nn.Module, *, learning_rate: float, weight_decay: float) -> None:
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self._values = torch.cat([p.detach().reshape(-1) for p in self._parameters])
        self._gradients = torch.zeros_like(self._values)
        start = 0
        for parameter in self._parameters:
            piece = slice(start, start + parameter.numel())
            parameter.data = self._values[piece].view(parameter.shape)
            parameter.grad = self._gradients[piece].view(parameter.shape)
            start += parameter.numel()
        self._averages = descent.Adam([self._values], decays=_DECAYS)

    def step(self, objective: Tensor) -> None:
        """One step down the gradient of an objective."""
        self._gradients.zero_()
        objective.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        if self.weight_decay:
            self._values.mul_(1 - self.learning_rate * self.weight_decay)
        self._averages.step([self._gradients], self.learning_rate)

    def state(self) -> dict[str, Tensor]:
        """What a step depends on besides the parameters."""
        return self._averages.state()

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a `state`."""
        self._averages.resume(state)

    def release(self) -> None:
        """Give each parameter its own memory, without gradient."""
        for parameter in self._parameters:
            parameter.data = parameter.detach().clone()
            parameter.grad = None
