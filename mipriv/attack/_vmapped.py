"""Gradient steps of one torch module on many batches at once, and its answers after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mipriv.attack.updates import VmappedUpdates

Parameters = dict[str, Tensor]


def answers(
    updates: VmappedUpdates,
    X: NDArray[Any],
    y: NDArray[Any],
    probes: NDArray[Any],
    queries: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Answers before, of shape (1 or N, q, M, k), and after each update, (N, q, M, k)."""
    import numpy as np

    work = _Work(updates, probes, queries)
    records, labels = torch.as_tensor(X, dtype=work.dtype), torch.as_tensor(y)
    before: list[Tensor] = []
    after: list[Tensor] = []
    with torch.no_grad():
        for start in range(0, len(records), updates.at_once):
            rows = slice(start, start + updates.at_once)
            count = len(labels[rows])
            draws = work.draw(count, updates.steps, records.shape[1])
            if work.fresh or not before:
                before.append(work.before(count))
            after.append(work.after(records[rows], labels[rows], draws))
    found = [torch.cat(part).to(torch.float64).numpy() for part in (before, after)]
    # without fresh noise every query is answered alike
    shapes = [(len(part), queries, *part.shape[2:]) for part in found]
    first, second = (
        np.array(np.broadcast_to(part, shape)) for part, shape in zip(found, shapes, strict=True)
    )
    return first, second


class _Work:
    """The module as a function of its parameters, with its draws."""

    def __init__(self, updates: VmappedUpdates, probes: NDArray[Any], queries: int) -> None:
        self.updates = updates
        everything = dict(updates.module.named_parameters())
        self.parameters = {name: p.detach() for name, p in everything.items() if p.requires_grad}
        require(len(self.parameters) >= 1, must="have parameters to update", module=updates.module)
        frozen = {name: p for name, p in everything.items() if not p.requires_grad}
        self.fixed = {**frozen, **dict(updates.module.named_buffers())}
        self.dtype = next(iter(self.parameters.values())).dtype
        self.fresh = updates.noise > 0 and updates.key is None
        self.queries = queries if self.fresh else 1
        self.probes = torch.as_tensor(probes, dtype=self.dtype)
        self.generator = torch.Generator().manual_seed(updates.seed)

    def draw(self, *shape: int) -> Tensor:
        """Normal draws of the module's records, shape (*shape, noise)."""
        size = (*shape, self.updates.noise)
        return torch.randn(size, generator=self.generator, dtype=self.dtype)

    def before(self, count: int) -> Tensor:
        """Answers of the module as it is, (1 or count, q, M, k)."""
        draws = self._probe_draws(count)
        return vmap(lambda own: self._asked(self.parameters, own))(
            draws if self.fresh else draws[:1]
        )

    def after(self, x: Tensor, y: Tensor, draws: Tensor) -> Tensor:
        """Answers after each update, (N, q, M, k)."""

        def one(batch: Tensor, labels: Tensor, noise: Tensor, own: Tensor) -> Tensor:
            parameters = self.parameters
            for step in range(self.updates.steps):
                slope = grad(self._objective)(parameters, batch, labels, noise[step])
                parameters = {
                    name: value - self.updates.learning_rate * slope[name]
                    for name, value in parameters.items()
                }
            return self._asked(parameters, own)

        probe_draws = self._probe_draws(len(x))
        return vmap(one, in_dims=(0, 0, 0, 0))(x, y, draws, probe_draws)

    def _probe_draws(self, count: int) -> Tensor:
        """Draws of each probe in each query for each update, (count, q, M, noise)."""
        if self.fresh:
            return self.draw(count, self.queries, len(self.probes))
        key = self.updates.key
        fixed = (
            torch.zeros(len(self.probes), self.updates.noise, dtype=self.dtype)
            if key is None
            else torch.as_tensor(key, dtype=self.dtype)
        )
        return fixed.expand(count, 1, *fixed.shape)

    def _call(self, parameters: Parameters, x: Tensor, noise: Tensor) -> Any:
        given = (x, noise) if self.updates.noise > 0 else (x,)
        return functional_call(self.updates.module, (parameters, self.fixed), given)

    def _objective(self, parameters: Parameters, x: Tensor, y: Tensor, noise: Tensor) -> Tensor:
        result = self._call(parameters, x, noise)
        rule = self.updates.objective
        found: Tensor = cross_entropy(result, y) if rule is None else rule(result, y)
        return found

    def _asked(self, parameters: Parameters, draws: Tensor) -> Tensor:
        """Answers to the probes with draws (q, M, noise), shape (q, M, k)."""
        count = len(self.probes)
        asked = self.probes.repeat(self.queries, *(1,) * (self.probes.ndim - 1))
        result = self._call(parameters, asked, draws.reshape(len(asked), self.updates.noise))
        rule = self.updates.release
        found: Tensor = result.softmax(dim=-1) if rule is None else rule(result)
        return found.reshape(self.queries, count, -1)
