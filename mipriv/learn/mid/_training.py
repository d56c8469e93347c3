"""Training of a network, with or without a noisy code: the one loop of all of them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mipriv.errors import require
from mipriv.learn.mid._adam import Adam
from mipriv.learn.mid._checkpoint import Stored, named
from mipriv.learn.mid._keep import kept_noise
from mipriv.learn.mid.head import Network
from mipriv.learn.release import ReleaseNoise

Loss = Callable[[Tensor, Tensor], Tensor]
KIND = "training"
_LINES = 20  # of progress, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to train.

    Attributes:
        lam: weight of the mean divergence, in units of the loss a nat, >= 0.
        warm_up: epochs over which the weight rises from 0, >= 0.
        epochs, batch_size: >= 1.
        learning_rate: > 0.
        weight_decay: >= 0.
        patience: epochs without a better selection objective, after the warm-up, that end the
            training; None: never.
        unit: of the objectives reported: theirs a unit of the loss.
        verbose: whether to report on stderr.
    """

    lam: float
    warm_up: int
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int | None
    unit: float
    verbose: bool


@dataclass(frozen=True, slots=True)
class Seeds:
    """Where the randomness of a fit starts from; the noise of the release has its own."""

    split: int
    start: int
    order: int


@dataclass(frozen=True, slots=True)
class Records:
    """Inputs (N, p) and targets (N,)."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)


@contextmanager
def private_randomness(seed: int) -> Iterator[None]:
    """Torch's own generator starts from a seed inside, and is as before outside.

    Encoders draw from it: their first parameters, and dropout.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


class Training:
    """A network under training.

    Args:
        network: it is changed in place.
        loss: of outputs and targets, a mean over records.
        plan: how to train.
        seed: of the order of records, the noise of the codes and that of the selection.

    Attributes:
        epoch: epochs done.
        history: objective after each epoch: of the selection records, with the full weight of the
            divergence; without selection records, of the training records as they passed.
        best_epoch: epoch whose parameters are kept, from 1.
    """

    def __init__(self, network: Network, *, loss: Loss, plan: Plan, seed: int) -> None:
        self.network, self.loss, self.plan, self.seed = network, loss, plan, seed
        self.optimiser = Adam(
            network, learning_rate=plan.learning_rate, weight_decay=plan.weight_decay
        )
        self.order = torch.Generator().manual_seed(seed)
        self.noise = torch.Generator().manual_seed(seed ^ 1)
        self.epoch = 0
        self.best_epoch = 0
        self.history: list[float] = []
        self._best: dict[str, Tensor] = {}

    def step(self, x: Tensor, y: Tensor, *, lam: float) -> Tensor:
        """One step on one batch; returns the objective before it."""
        objective = self._objective(x, y, self._draw(len(x), self.noise), lam)
        self.optimiser.step(objective)
        return objective.detach()

    def run(
        self,
        training: Records,
        selection: Records | None,
        *,
        after_epoch: Callable[[], None] | None = None,
    ) -> None:
        """Train from the epoch reached to the end; leave the best parameters in the network.

        Args:
            training: records to train on.
            selection: records that choose the epoch; None: the last is kept.
            after_epoch: called after each epoch.

        Raises:
            ParameterError: no objective was finite.
        """
        while self.epoch < self.plan.epochs and not self._stalled(selection):
            objective = self._pass(training)
            if selection is not None:
                objective = self._judged(selection)
            self.epoch += 1
            self.history.append(objective * self.plan.unit)
            if selection is None or self._better():
                self.best_epoch = self.epoch
                self._best = _copied(self.network.state_dict())
            if after_epoch is not None:
                after_epoch()
            self._report()
        finite = all(bool(tensor.isfinite().all()) for tensor in self._best.values())
        require(
            self.best_epoch > 0 and finite,
            must="be smaller: the training diverged",
            learning_rate=self.plan.learning_rate,
        )
        self.network.load_state_dict(self._best)
        self.optimiser.release()
        self.network.eval()
        self._say(f"kept epoch {self.best_epoch} of {self.epoch}")

    def stored(self, values: Mapping[str, Any], noise: ReleaseNoise | None) -> Stored:
        """All that is needed to go on, with more values and the noise of the release."""
        generators = {
            "torch": torch.get_rng_state(),
            "order": self.order.get_state(),
            "noise": self.noise.get_state(),
        }
        tensors = {
            **named("network", self.network.state_dict()),
            **named("best", self._best),
            **named("optimiser", self.optimiser.state()),
            **named("generator", generators),
        }
        release, cells = kept_noise(noise)
        progress = {"epoch": self.epoch, "best_epoch": self.best_epoch, "history": self.history}
        all_values = {**values, **progress, **release}
        return Stored(kind=KIND, values=all_values, tensors={**tensors, **cells})

    def resume(self, stored: Stored) -> None:
        """Go on from a file of `stored`, inside `private_randomness`."""
        self.network.load_state_dict(stored.part("network"))
        self._best = stored.part("best")
        self.optimiser.resume(stored.part("optimiser"))
        generators = stored.part("generator")
        torch.set_rng_state(generators["torch"])
        self.order.set_state(generators["order"])
        self.noise.set_state(generators["noise"])
        self.epoch = stored.values["epoch"]
        self.best_epoch = stored.values["best_epoch"]
        self.history = list(stored.values["history"])

    def _pass(self, training: Records) -> float:
        """One epoch; returns the mean objective of its batches."""
        self.network.train()
        order = torch.randperm(len(training), generator=self.order)
        # parts of nearly equal size: a last batch of one record would upset batch norms
        batches = torch.tensor_split(order, math.ceil(len(order) / self.plan.batch_size))
        total = torch.zeros((), dtype=training.x.dtype)
        for place, batch in enumerate(batches):
            lam = self._weight(self.epoch + place / len(batches))
            total += len(batch) * self.step(training.x[batch], training.y[batch], lam=lam)
        return float(total) / len(training)

    def _weight(self, time: float) -> float:
        """Weight of the divergence after this many epochs."""
        if time >= self.plan.warm_up:
            return self.plan.lam
        return self.plan.lam * time / self.plan.warm_up

    def _judged(self, selection: Records) -> float:
        """Objective on the selection records, under noise that is the same at every epoch."""
        generator = torch.Generator().manual_seed(self.seed ^ 2)
        self.network.eval()
        with torch.no_grad():
            noise = self._draw(len(selection), generator)
            return float(self._objective(selection.x, selection.y, noise, self.plan.lam))

    def _objective(self, x: Tensor, y: Tensor, noise: Tensor | None, lam: float) -> Tensor:
        outputs, divergence = self.network(x, noise)
        loss = self.loss(outputs, y)
        # without weight it is left out: of a deterministic code it is infinite
        return loss if divergence is None or lam == 0 else loss + lam * divergence.mean()

    def _draw(self, count: int, generator: torch.Generator) -> Tensor | None:
        if not self.network.head.noisy:
            return None
        # single precision is drawn in a third of the time, and gradients need no more
        draws = torch.randn(count, self.network.head.bottleneck, generator=generator)
        return draws.to(torch.float64)

    def _stalled(self, selection: Records | None) -> bool:
        if selection is None or self.plan.patience is None:
            return False
        return self.epoch - max(self.best_epoch, self.plan.warm_up) >= self.plan.patience

    def _better(self) -> bool:
        """Whether the last objective is the best; one that is not finite never is."""
        last = self.history[-1]
        first = self.best_epoch == 0
        return math.isfinite(last) and (first or last < self.history[self.best_epoch - 1])

    def _report(self) -> None:
        every = math.ceil(self.plan.epochs / _LINES)
        if self.epoch % every == 0:
            self._say(f"epoch {self.epoch}/{self.plan.epochs}: objective {self.history[-1]:.6g}")

    def _say(self, line: str) -> None:
        if self.plan.verbose:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _copied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}
