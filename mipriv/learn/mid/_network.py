"""What every network learner does, defended or not: read records, train, answer, be kept."""

from __future__ import annotations

import math
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from mipriv.errors import ParameterError, require, shorten
from mipriv.estimate.reading import Reading
from mipriv.learn.mid import _checkpoint
from mipriv.learn.mid._checkpoint import Place, Stored, refused
from mipriv.learn.mid._checks import moderate, nonnegative_number
from mipriv.learn.mid._keep import fingerprint, kept_model, noise_of, restored_model
from mipriv.learn.mid._training import (
    KIND,
    Loss,
    Plan,
    Records,
    Seeds,
    Training,
    private_randomness,
)
from mipriv.learn.mid.head import Network, PlainHead, VIBHead
from mipriv.learn.release import ReleaseNoise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_CHUNK = 4096  # records answered at once, so that memory does not grow with their number
_LARGEST_SEED = 2**62

Self = TypeVar("Self", bound="NetworkEstimator")


class NetworkEstimator(BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]  # sklearn is untyped
    """An encoder with a head, trained by gradients; base of the classifiers and regressors.

    Subclasses have a constructor that stores its arguments, and say what the targets, the loss,
    the head and the noise of the release are.
    """

    network_: Network
    noise_: ReleaseNoise | None
    n_features_in_: int

    def fit(self: Self, X: ArrayLike, y: ArrayLike, *, checkpoint: Place | None = None) -> Self:
        """Train on records.

        Args:
            X: shape (N, p), at most 1e100 in size.
            y: targets, shape (N,), those of a regressor at most 1e100 in size.
            checkpoint: file of the state after each epoch, replaced in one move.  If it exists the
                fit goes on from it and ends as if it had not been interrupted, to the last bit on
                the same machine, threads and versions; `epochs` may have been raised.  It holds
                the key of the noise: keep it as secret as the model.

        Raises:
            ParameterError: a parameter outside its range; a training that diverges; a checkpoint
                of other records or parameters.
            ValueError: X or y is not such an array.
        """
        X, y = self._validated(X, y)
        moderate(X, "X")
        self._check()
        targets = self._targets(y)
        identity = fingerprint(self, X, targets)
        stored = self._stored(checkpoint, identity)
        source = self._source()
        seeds = Seeds(**stored.values["seeds"]) if stored else _seeds(source)
        trained, held = self._split(targets, seeds.split)
        self.selection_indices_ = held
        self._scale(X[trained], targets[trained])
        self.noise_ = noise_of(stored) if stored else self._noise(X[trained], source)
        with private_randomness(seeds.start):
            network = self._built()
            training = Training(network, loss=self._loss(), plan=self._plan(), seed=seeds.order)
            if stored and checkpoint is not None:
                self._resume(training, stored, checkpoint)

            def keep() -> None:
                if checkpoint is not None:
                    values = {"of": identity, "seeds": asdict(seeds)}
                    _checkpoint.write(checkpoint, training.stored(values, self.noise_))

            training.run(
                self._records(X[trained], targets[trained]),
                self._records(X[held], targets[held]) if len(held) else None,
                after_epoch=keep,
            )
        self.network_ = network
        self.n_iter_, self.best_epoch_ = training.epoch, training.best_epoch
        self.history_ = np.array(training.history)
        self.divergences_ = self._divergences(X[held] if len(held) else X)
        self.__dict__.pop("information_", None)  # of an earlier fit
        return self

    @cached_property
    def information_(self) -> Reading:
        """Reading of I(X; answer) from `divergences_`, made when it is first asked for."""
        check_is_fitted(self, "network_")
        return self._reading(self.divergences_)

    def mean(self, X: ArrayLike) -> NDArray[np.float64]:
        """Answers at the mean of the code: the release without its noise, to who sees inside.

        Args:
            X: shape (N, p).

        Returns:
            Shape (N, classes) of a classifier, (N,) of a regressor.
        """
        return self._finished(self._outputs(self._asked(X), noisy=False))

    def answer(self, X: ArrayLike) -> NDArray[np.float64]:
        """The release for each record, under the noise of the model; shapes as of `mean`."""
        return self._finished(self._outputs(self._asked(X), noisy=True))

    def information(self, X: ArrayLike) -> Reading:
        """Reading of I(X; answer) at records of its population that took no part in the fit."""
        return self._reading(self._divergences(self._asked(X)))

    def save(self, path: Place) -> None:
        """Write the fitted model to a safetensors file, without pickled code.

        The file holds the secret key of the noise, so that a reload answers as the model does: it
        is as secret as the model, and its owner alone may read it.  An encoder of one's own is not
        kept, only its weights; nor is a `random_state` that is a generator.

        Args:
            path: replaced, in one move, if it exists.

        Raises:
            ParameterError: class labels that are not numbers, booleans or strings.
        """
        check_is_fitted(self, "network_")
        _checkpoint.write(path, kept_model(self))

    @classmethod
    def load(
        cls: type[Self], path: Place, *, encoder: Callable[[int], nn.Module] | None = None
    ) -> Self:
        """Read what `save` wrote; the model answers as it did, with the same noise.

        Args:
            path: to read.
            encoder: what the constructor was given.

        Raises:
            ParameterError: another file, a damaged one, or another encoder.
        """
        stored = _checkpoint.read(path, kind=cls.__name__)
        own = bool(stored.values.get("encoder"))
        require(own == (encoder is not None), must=_rule_of_encoder(own), encoder=encoder)
        try:
            found: Self = restored_model(cls, stored, encoder)
            with private_randomness(0):  # what is drawn is replaced at once
                found.network_ = found._built()
            found.network_.load_state_dict(stored.part("network"))
            found.network_.eval()
        except (KeyError, TypeError, ValueError, RuntimeError):
            raise refused(path, "hold a model that this version and this encoder fit") from None
        return found

    @abstractmethod
    def _validated(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """The training records as arrays."""

    @abstractmethod
    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        """What the loss compares outputs with; remembers what answers need to know of y."""

    @abstractmethod
    def _strata(self, targets: NDArray[Any]) -> NDArray[np.int64]:
        """Groups of records that the selection takes equal shares of."""

    @abstractmethod
    def _outputs_count(self) -> int:
        """Outputs of the network."""

    @abstractmethod
    def _loss(self) -> Loss:
        """Of outputs and targets."""

    @abstractmethod
    def _finished(self, outputs: Tensor) -> NDArray[np.float64]:
        """Answers from outputs."""

    @abstractmethod
    def _head(self, features: int) -> VIBHead | PlainHead:
        """The head on an encoder of so many features."""

    @abstractmethod
    def _noise(self, X: NDArray[np.float64], source: Any) -> ReleaseNoise | None:
        """The noise of answers."""

    @abstractmethod
    def _divergences(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the codes of records from N(0, I), in nats, shape (N,)."""

    @abstractmethod
    def _reading(self, divergences: NDArray[np.float64]) -> Reading:
        """Reading of I(X; answer) from the divergences of records."""

    @abstractmethod
    def _penalty(self) -> tuple[float, int]:
        """Weight of the divergence in units of the objective, and epochs in which it rises."""

    def _describe(self) -> dict[str, Any]:
        """What answers need to know besides the network, for JSON."""
        return {}

    def _remember(self, values: Any) -> None:
        """The inverse of `_describe`."""

    def _unit(self) -> float:
        """Objective a unit of the loss."""
        return 1.0

    def _scale(self, X: NDArray[np.float64], targets: NDArray[Any]) -> None:  # noqa: ARG002  # for regressors
        """Remember centre and scale of the inputs."""
        if self.standardise:
            self.centre_, self.scale_ = centred(X)
        else:
            self.centre_, self.scale_ = np.zeros(X.shape[1]), np.ones(X.shape[1])

    def _check(self) -> None:
        """Refuse parameters outside their ranges."""
        for name in ("epochs", "batch_size", "bottleneck", "patience"):
            value = getattr(self, name)
            free = name in ("bottleneck", "patience") and value is None
            require(free or _counts(value), must="be a whole number >= 1", **{name: value})
        units = isinstance(self.hidden, tuple | list) and all(map(_counts, self.hidden))
        require(units, must="be a tuple of whole numbers >= 1", hidden=self.hidden)
        for name in ("learning_rate", "weight_decay", "selection_fraction"):
            nonnegative_number(getattr(self, name), name)
        require(self.learning_rate > 0, must="be > 0", learning_rate=self.learning_rate)
        below = self.selection_fraction < 1
        require(below, must="be < 1", selection_fraction=self.selection_fraction)
        usable = self.encoder is None or callable(self.encoder)
        require(usable, must="be None or make a module of a number", encoder=self.encoder)

    def _stored(self, checkpoint: Place | None, identity: str) -> Stored | None:
        """The state to go on from."""
        if checkpoint is None or not Path(checkpoint).exists():
            return None
        stored = _checkpoint.read(checkpoint, kind=KIND)
        if stored.values.get("of") != identity:
            raise refused(checkpoint, "be of a fit to these records with these parameters")
        if stored.values["epoch"] > self.epochs:
            raise refused(checkpoint, f"be of a fit that has not gone beyond epoch {self.epochs}")
        return stored

    def _resume(self, training: Training, stored: Stored, checkpoint: Place) -> None:
        try:
            training.resume(stored)
        except (KeyError, RuntimeError):
            raise refused(checkpoint, "be of a fit with this encoder") from None

    def _source(self) -> Any:
        """Randomness of the fit; without a seed it is the system's, not NumPy's global one."""
        if self.random_state is None:
            return np.random.RandomState(np.random.MT19937(np.random.SeedSequence()))
        return check_random_state(self.random_state)

    def _split(
        self, targets: NDArray[Any], seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of the records trained on and of those that select, disjoint."""
        count = len(targets)
        held = max(2, math.ceil(self.selection_fraction * count)) if self.selection_fraction else 0
        # the reading of the information needs two
        rule = f"leave a record to train on: {held} of n_samples={count} select"
        require(count > held, must=rule, selection_fraction=self.selection_fraction)
        require(count >= 2, must="be >= 2", n_samples=count)
        order = np.random.default_rng(seed).permutation(count)
        strata = self._strata(targets)[order]
        # rank of each record in its stratum, as a share of it: the smallest shares select
        share = np.empty(count)
        for stratum in np.unique(strata):
            members = np.flatnonzero(strata == stratum)
            share[members] = (np.arange(len(members)) + 0.5) / len(members)
        chosen = order[np.argsort(share, kind="stable")]
        return np.sort(chosen[held:]), np.sort(chosen[:held])

    def _built(self) -> Network:
        """The network before training, drawn from torch's generator."""
        if self.encoder is None:
            encoder = perceptron(self.n_features_in_, self.hidden)
        else:
            found: Any = self.encoder(self.n_features_in_)
            require(isinstance(found, nn.Module), must="make a torch module", encoder=self.encoder)
            encoder = found.to(torch.float64)
        was = encoder.training
        try:
            with torch.no_grad():
                made = encoder.eval()(torch.zeros(2, self.n_features_in_, dtype=torch.float64))
        except (RuntimeError, ValueError) as error:
            rule = f"turn (N, {self.n_features_in_}) into features (N, f)"
            why = str(error).splitlines()[0]
            raise ParameterError(f"encoder={shorten(self.encoder)}: must {rule} ({why})") from error
        encoder.train(was)
        flat = isinstance(made, Tensor) and made.ndim == 2 and len(made) == 2
        require(flat, must="turn (N, p) into features (N, f)", encoder=self.encoder)
        return Network(encoder, self._head(made.shape[1]))

    def _plan(self) -> Plan:
        lam, warm_up = self._penalty()
        return Plan(
            lam=lam / self._unit(),
            warm_up=warm_up,
            epochs=int(self.epochs),
            batch_size=int(self.batch_size),
            learning_rate=float(self.learning_rate),
            weight_decay=float(self.weight_decay),
            patience=self.patience,
            unit=self._unit(),
            verbose=bool(self.verbose),
        )

    def _inputs(self, X: NDArray[np.float64]) -> Tensor:
        # torch's own memory: products of matrices round by how theirs is aligned
        return torch.tensor((X - self.centre_) / self.scale_)

    def _records(self, X: NDArray[np.float64], targets: NDArray[Any]) -> Records:
        return Records(self._inputs(X), torch.tensor(targets))

    def _asked(self, X: ArrayLike) -> NDArray[np.float64]:
        """Records that a fitted model is asked about."""
        check_is_fitted(self, "network_")
        rows = np.asarray(validate_data(self, X, reset=False, dtype=np.float64))
        moderate(rows, "X")
        return rows

    def _outputs(self, X: NDArray[np.float64], *, noisy: bool) -> Tensor:
        """Outputs of the network, with the noise of the release or without."""
        draws = None
        if noisy and self.noise_ is not None:
            draws = torch.from_numpy(self.noise_.normals(X, self.network_.head.bottleneck))
        parts = []
        with torch.no_grad():
            for piece in pieces(len(X)):
                noise = None if draws is None else draws[piece]
                parts.append(self.network_(self._inputs(X[piece]), noise)[0])
        return torch.cat(parts)


def perceptron(features: int, hidden: tuple[int, ...]) -> nn.Sequential:
    """Affine layers of these widths, each with a rectifier after it."""
    layers: list[nn.Module] = []
    for units in hidden:
        layers += [nn.Linear(features, int(units), dtype=torch.float64), nn.ReLU()]
        features = int(units)
    return nn.Sequential(*layers)


def centred(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation along the first axis; 1 where all are equal."""
    # the standard deviation of equal numbers is often not 0 but roundoff
    constant = values.min(axis=0) == values.max(axis=0)
    spread = np.where(constant, 1.0, values.std(axis=0))
    return values.mean(axis=0), np.where(spread > 0, spread, 1.0)


def pieces(count: int) -> list[slice]:
    """Records 0..count-1 in parts that are answered at once."""
    return [slice(start, start + _CHUNK) for start in range(0, count, _CHUNK)]


def _counts(value: Any) -> bool:
    return isinstance(value, Integral) and int(value) >= 1


def _seeds(source: Any) -> Seeds:
    drawn = source.randint(_LARGEST_SEED, size=3, dtype=np.int64)
    return Seeds(*(int(seed) for seed in drawn))


def _rule_of_encoder(own: bool) -> str:
    return "be given, as it was to the saved model" if own else "be None, as of the saved model"
