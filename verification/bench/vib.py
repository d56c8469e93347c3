"""What a noisy code and its price add to a training step."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn
from torch.nn import functional

from mipriv.learn.mid._network import perceptron
from mipriv.learn.mid._training import Plan, Training
from mipriv.learn.mid.head import Network, PlainHead, VIBHead
from verification.bench.result import listed
from verification.bench.timing import ratio

PIXELS, CLASSES, BATCH = 784, 10, 128
HIDDEN = (512, 256)  # the code has 128 coordinates
_PLAN = Plan(
    lam=1e-3,
    warm_up=0,
    epochs=1,
    batch_size=BATCH,
    learning_rate=1e-3,
    weight_decay=0.0,
    patience=None,
    unit=1.0,
    verbose=False,
)


def training(head: type[VIBHead] | type[PlainHead]) -> Training:
    """The encoder with this head, before its first step."""
    encoder: nn.Module = perceptron(PIXELS, HIDDEN)
    network = Network(encoder, head(HIDDEN[-1], CLASSES))
    return Training(network, loss=functional.cross_entropy, plan=_PLAN, seed=0)


def step(repeat: int, *, calls: int = 5) -> float:
    """A step of the noisy head over one of the plain head: same encoder, batch and optimiser."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(BATCH, PIXELS, generator=generator, dtype=torch.float64)
    y = torch.randint(CLASSES, (BATCH,), generator=generator)
    ours, theirs = (
        partial(training(head).step, x, y, lam=_PLAN.lam) for head in (VIBHead, PlainHead)
    )
    return ratio(ours, theirs, repeat=repeat, calls=calls)


BENCHMARKS = listed(
    (
        "vib-step",
        "<= 1.3",
        40,
        step,
        f"training step of a noisy code of 128 coordinates, encoder {PIXELS}-512-256, batch {BATCH}",
        "the same step with a plain head",
    ),
)
