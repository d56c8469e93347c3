"""A fitted defence whose model is updated: what it answers before and after, and how well."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from mipriv.attack.updates import Probed, VmappedUpdates
from mipriv.errors import ParameterError, require
from mipriv.learn.baselines.answers import answers_of
from mipriv.learn.baselines.constant import ConstantClassifier
from mipriv.learn.baselines.net import NetClassifier
from mipriv.learn.mid.vib import VIBClassifier
from mipriv.learn.release import FreshNoise
from verification.inversion.records import Records
from verification.inversion.updates.private import Privacy, PrivateUpdates

Batches = tuple[NDArray[Any], NDArray[Any]]  # records (N, b, p) and their labels (N, b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How a model is updated on a batch: by gradient descent of what it was trained with.

    A MID's step pays for the divergence of its code too, with fresh noise in the code.

    Attributes:
        rate: > 0.
        steps: >= 1.
        privacy: of the steps; None: plain ones.
    """

    rate: float
    steps: int
    privacy: Privacy | None = None


@dataclass(frozen=True, kw_only=True)
class Updated:
    """A fitted defence and its updates.

    Noise fixed for each input stays the same before and after an update: the key is the release's,
    and an update changes the model alone.

    Attributes:
        model: a network, a MID network, a constant, or a defence around one of them.
        step: how it is updated.
        labels: K; the model has learned 0..K-1.
    """

    model: Any
    step: Step
    labels: int

    def __post_init__(self) -> None:
        inner, name = self.inner, type(self.model).__name__
        known = isinstance(inner, NetClassifier | VIBClassifier | ConstantClassifier)
        require(known, must="be a network, a constant, or a defence around one", learner=name)
        seen = np.asarray(inner.classes_)
        every = seen.shape == (self.labels,) and bool((seen == np.arange(self.labels)).all())
        require(every, must=f"be trained on all of {self.labels} labels", learner=name)
        plain = self.step.privacy is None or isinstance(inner, NetClassifier)
        require(plain, must="be a plain network, to be updated privately", learner=name)

    @property
    def inner(self) -> Any:
        """The model inside the defence."""
        return getattr(self.model, "estimator_", self.model)

    def probed(
        self, batches: Batches, *, probes: NDArray[Any], queries: int = 1, seed: int
    ) -> Probed:
        """What is released to each of q questions about M probes, before and after each update.

        Args:
            batches: of N updates, each from the model as it is.
            probes: shape (M, p).
            queries: q, >= 1.
            seed: of what the updates draw.
        """
        inner = self.inner
        if isinstance(inner, ConstantClassifier):
            told = answers_of(inner, probes)
            shape = (len(batches[1]), queries, *told.shape)
            clean = Probed(
                before=np.broadcast_to(told, (1, *shape[1:])), after=np.broadcast_to(told, shape)
            )
        else:
            X = _standardised(inner, batches[0])
            asked = _standardised(inner, probes)
            clean = self._updates(inner, probes, seed).probed(
                X, batches[1], probes=asked, queries=queries
            )
        if self.model is inner:
            return clean
        before = clean.before
        if isinstance(getattr(self.model, "noise_", None), FreshNoise):
            before = np.broadcast_to(before, clean.after.shape)  # asked afresh for each update
        return Probed(
            before=self._released(before, probes), after=self._released(clean.after, probes)
        )

    def accuracy(self, batches: Batches, seen: Records, *, seed: int) -> float:
        """Share of records that the largest answer is right about, after an update; a mean."""
        after = self.probed(batches, probes=seen.X, seed=seed).after[:, 0]
        return float((after.argmax(axis=2) == seen.y).mean())

    def _updates(self, inner: Any, probes: NDArray[Any], seed: int) -> Any:
        step = self.step
        if step.privacy is not None:
            return PrivateUpdates(
                module=inner.network_,
                privacy=step.privacy,
                learning_rate=step.rate,
                steps=step.steps,
                seed=seed,
            )
        noise = inner.noise_
        width = 0 if noise is None else inner.network_.head.bottleneck
        fixed = noise is not None and not isinstance(noise, FreshNoise)
        return VmappedUpdates(
            module=inner.network_,
            learning_rate=step.rate,
            steps=step.steps,
            objective=_objective(float(getattr(inner, "lam", 0))),
            release=_shares,
            noise=width,
            key=noise.normals(probes, width) if fixed else None,
            seed=seed,
        )

    def _released(self, answers: NDArray[np.float64], probes: NDArray[Any]) -> NDArray[np.float64]:
        """What the defence makes of the answers of the model inside, shape (N, q, M, k)."""
        outside = copy.copy(self.model)
        outside.estimator_ = _Told(answers.reshape(-1, answers.shape[-1]))
        count = answers.shape[0] * answers.shape[1]
        found = answers_of(outside, np.tile(probes, (count, 1)))
        return np.asarray(found).reshape(answers.shape)


def fitted(made: Any, records: Records, *, step: Step, labels: int) -> Updated:
    """Fit a defence to records.

    Raises:
        ParameterError: a learner that cannot be updated.
    """
    if not hasattr(made, "fit"):
        raise ParameterError(f"learner={type(made).__name__}: must be fitted to records")
    return Updated(model=made.fit(records.X, records.y), step=step, labels=labels)


def quiet(probed: Probed, centre: NDArray[np.float64]) -> Probed:
    """What who knows the model sees: answers after an update less those before, without noise.

    Args:
        probed: what was released.
        centre: answers before, shape (M, k), averaged over as many questions as were asked.
    """
    return replace(probed, before=centre[None, None])


@dataclass(frozen=True)
class _Told:
    """In place of a model: answers that are known, whatever is asked."""

    answers: NDArray[np.float64]

    def answer(self, X: Any) -> NDArray[np.float64]:  # noqa: ARG002  # as all models
        return self.answers


def _objective(lam: float) -> Any:
    def objective(found: tuple[Tensor, Tensor | None], y: Tensor) -> Tensor:
        loss = cross_entropy(found[0], y)
        return loss if lam == 0 or found[1] is None else loss + lam * found[1].mean()

    return objective


def _shares(found: tuple[Tensor, Tensor | None]) -> Tensor:
    return found[0].softmax(dim=-1)


def _standardised(inner: Any, X: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray((X - inner.centre_) / inner.scale_, dtype=np.float64)
