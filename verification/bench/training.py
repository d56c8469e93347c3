"""DP-SGD itself: hundreds of models at once against Opacus, one after another."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mipriv.errors import MissingExtra
from verification.bench.result import listed
from verification.bench.timing import environment, ratio, run_process
from verification.worker import one_thread

if TYPE_CHECKING:
    from torch import Tensor

_FEATURES, _RATE = 4, 0.1
_OURS, _THEIRS = 1000, 10  # models of a measurement: each side takes some tenths of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Logistic regression by DP-SGD with Poisson sampling, on normal records and their signs.

    Attributes:
        records: of a data set, >= 1.
        steps: >= 0.
        noise_multiplier: > 0.
        sampling_probability: in (0, 1].
    """

    records: int = 100
    steps: int = 20
    noise_multiplier: float = 1.0
    sampling_probability: float = 0.1

    def data(self, models: int) -> tuple[Tensor, Tensor]:
        """A data set a model: features (models, records, 4) and targets -1, 1 (models, records)."""
        import torch

        source = torch.Generator().manual_seed(0)
        shape = (models, self.records, _FEATURES)
        x = torch.randn(*shape, generator=source, dtype=torch.float64)
        return x, x[..., 0].sign()

    def together(self, x: Tensor, y: Tensor) -> Tensor:
        """Last iterates of the package's models, all trained at once; shape (models, 5)."""
        from mipriv.learn.sgd.models import LogisticRegression
        from mipriv.learn.sgd.train import DPSGD, Seeded

        learner = DPSGD(
            model=LogisticRegression(features=_FEATURES),
            n=self.records,
            noise_multiplier=self.noise_multiplier,  # type: ignore[arg-type]  # made exact there
            steps=self.steps,
            learning_rate=_RATE,
            sampling_probability=self.sampling_probability,  # type: ignore[arg-type]  # as above
        )
        return learner.fit_many(x, y, randomness=Seeded(0)).iterates[:, -1]

    def in_turn(self, x: Tensor, y: Tensor) -> Tensor:
        """The same by Opacus, one model after another.

        Batches are drawn as a mask, which spares Opacus the time of its data loader.
        """
        import torch

        return torch.stack([self._opacus(*one) for one in zip(x, y, strict=True)])

    def _opacus(self, x: Tensor, y: Tensor) -> Tensor:
        import torch

        opacus, optimizers = import_module("opacus"), import_module("opacus.optimizers")
        line = torch.nn.Linear(_FEATURES, 1).double()
        torch.nn.init.zeros_(line.weight)
        torch.nn.init.zeros_(line.bias)
        model = opacus.GradSampleModule(line)
        optimiser = optimizers.DPOptimizer(
            torch.optim.SGD(model.parameters(), lr=_RATE),
            noise_multiplier=self.noise_multiplier,
            max_grad_norm=1.0,
            expected_batch_size=self.sampling_probability * self.records,
        )
        for _ in range(self.steps):
            joins = torch.rand(self.records) < self.sampling_probability
            optimiser.zero_grad()
            scores = model(x[joins])[:, 0]
            loss = torch.nn.functional.softplus(-y[joins] * scores).mean()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without types
            optimiser.step()
        return torch.cat([line.weight.detach()[0], line.bias.detach()])


def training(repeat: int) -> float:
    """Models a second of the package over those of Opacus, each side on one thread.

    Measured in a process of its own: PyTorch is large, and its threads are set when it starts.

    Raises:
        MissingExtra: Opacus is not installed.
    """
    if find_spec("opacus") is None:
        raise MissingExtra("opacus", "oracles")
    command = [sys.executable, "-m", "verification.bench.training", str(repeat)]
    with one_thread(), environment() as env:
        return float(run_process(command, env))


def training_here(repeat: int) -> float:
    """The same in this process."""
    task = Task()
    ours = partial(task.together, *task.data(_OURS))
    theirs = partial(task.in_turn, *task.data(_THEIRS))
    return ratio(theirs, ours, repeat=repeat) * _OURS / _THEIRS


BENCHMARKS = listed(
    (
        "training",
        ">= 20",
        5,
        training,
        "Opacus: DP-SGD of logistic models, 100 records, 20 steps, one after another",
        "`DPSGD.fit_many`: 1000 at once",
    ),
)

if __name__ == "__main__":
    print(training_here(int(sys.argv[1])))
