"""Shadow updates of one network, many at once, against one deep copy after the other."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from mipriv.attack.updates import LoopedUpdates, Probed, VmappedUpdates
from mipriv.learn.mid.head import Network, VIBHead
from verification.bench.result import listed
from verification.bench.timing import ratio

PIXELS, HIDDEN, CLASSES, PROBES = 64, 32, 10, 20
_VMAPPED, _LOOPED = (
    2000,
    100,
)  # updates of a measurement: each side takes some hundredths of a second
_RATE = 0.1
_LAM = 1e-2


def network() -> nn.Module:
    """A network of one hidden layer, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))


def noisy() -> Network:
    """The same encoder under a head with a noisy code."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        encoder = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU())
        return Network(encoder, VIBHead(HIDDEN, CLASSES, dtype=torch.float32))


def batches(count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """One record and its label for each update."""
    rng = np.random.default_rng(0)
    return rng.random((count, 1, PIXELS)), rng.integers(CLASSES, size=(count, 1))


def probes() -> NDArray[np.float64]:
    """What the attacker asks."""
    return np.random.default_rng(1).random((PROBES, PIXELS))


def stepped(model: nn.Module, X: NDArray[np.float64], y: NDArray[np.int64]) -> nn.Module:
    """One step of plain gradient descent, as one would write it."""
    optimiser = torch.optim.SGD(model.parameters(), lr=_RATE)
    optimiser.zero_grad()
    loss = cross_entropy(model(torch.as_tensor(X, dtype=torch.float32)), torch.as_tensor(y))
    loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    optimiser.step()
    return model


def told(model: nn.Module, X: NDArray[np.float64]) -> NDArray[np.float32]:
    """Answers of a network."""
    with torch.no_grad():
        found: NDArray[np.float32] = (
            model(torch.as_tensor(X, dtype=torch.float32)).softmax(dim=1).numpy()
        )
    return found


def vmapped(count: int) -> Probed:
    """Answers around many updates by the package."""
    updates = VmappedUpdates(module=network(), learning_rate=_RATE)
    return updates.probed(*batches(count), probes=probes())


def looped(count: int) -> Probed:
    """The same, one deep copy after the other."""
    updates = LoopedUpdates(model=network(), update=stepped, ask=told)
    return updates.probed(*batches(count), probes=probes())


def vmapped_noisy(count: int) -> Probed:
    """Answers around many updates of a network with a noisy code."""
    module = noisy()
    updates = VmappedUpdates(
        module=module,
        learning_rate=_RATE,
        objective=lambda result, y: cross_entropy(result[0], y) + _LAM * result[1].mean(),
        release=lambda result: result[0].softmax(dim=-1),
        noise=module.head.bottleneck,
    )
    return updates.probed(*batches(count), probes=probes())


def plain(repeat: int) -> float:
    """Updates a second of the package over those of the loop."""
    slower = ratio(partial(looped, _LOOPED), partial(vmapped, _VMAPPED), repeat=repeat)
    return slower * _VMAPPED / _LOOPED


def code(repeat: int) -> float:
    """Time of an update of the noisy network, asked afresh, over that of the plain one."""
    return ratio(partial(vmapped_noisy, _VMAPPED), partial(vmapped, _VMAPPED), repeat=repeat)


BENCHMARKS = listed(
    (
        "update-leaks",
        ">= 20",
        10,
        plain,
        f"loop of deep copies: one step, {PROBES} probes, network {PIXELS}-{HIDDEN}-{CLASSES}",
        "`VmappedUpdates` on the same updates",
    ),
    (
        "update-leaks-noisy",
        "<= 8",
        10,
        code,
        f"updates of a network {PIXELS}-{HIDDEN} with a noisy code, fresh noise before and after",
        f"updates of the plain network {PIXELS}-{HIDDEN}-{CLASSES}",
    ),
)
