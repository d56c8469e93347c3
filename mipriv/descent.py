"""Adam on a list of tensors: no part of torch's optimisers, whose first use takes seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

_SMALL = 1e-8  # added to the root of the average square


class Adam:
    """Steps down gradients, with averages that are corrected for their start at 0.

    Args:
        values: changed in place by `step`.
        decays: of the averages of gradients and of their squares, in [0, 1).

    Attributes:
        taken: steps.
        means, squares: the averages.

    Source: Kingma and Ba 2015.
    """

    def __init__(self, values: Sequence[Tensor], *, decays: tuple[float, float]) -> None:
        self.values = list(values)
        self.decays = decays
        self.taken = 0
        self.means = [torch.zeros_like(value) for value in self.values]
        self.squares = [torch.zeros_like(value) for value in self.values]

    def state(self) -> dict[str, Tensor]:
        """What a step depends on besides the values; "means0", "squares0" and so on."""
        found = {"steps": torch.tensor(self.taken)}
        for place, (mean, square) in enumerate(zip(self.means, self.squares, strict=True)):
            found |= {f"means{place}": mean, f"squares{place}": square}
        return found

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a `state`."""
        self.taken = int(state["steps"])
        for place, (mean, square) in enumerate(zip(self.means, self.squares, strict=True)):
            mean.copy_(state[f"means{place}"])
            square.copy_(state[f"squares{place}"])

    def step(self, gradients: Sequence[Tensor], rate: float) -> None:
        """One step of length about `rate` in each coordinate."""
        self.taken += 1
        first, second = self.decays
        length = rate / (1 - first**self.taken)
        root = math.sqrt(1 - second**self.taken)
        with torch.no_grad():
            parts = zip(self.values, gradients, self.means, self.squares, strict=True)
            for value, gradient, mean, square in parts:
                mean.lerp_(gradient, 1 - first)
                square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
                value.addcdiv_(mean, square.sqrt().div_(root).add_(_SMALL), value=-length)
