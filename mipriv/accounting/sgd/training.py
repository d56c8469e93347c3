"""A training run and what may change in its data: every bound on the loss that is proved for it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd import revealed
from mipriv.accounting.sgd.account import BUDGET, Account, Shared, complement
from mipriv.accounting.sgd.closed import SATURATED
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.fourier import ARITHMETIC
from mipriv.accounting.sgd.population import mean_shared
from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps, Steps
from mipriv.contexts.arb import power
from mipriv.errors import PrecisionError, require
from mipriv.game import Adjacency, adjacency
from mipriv.guarantee import Kind
from mipriv.rigor.decimals import exact, unit, whole

GROUP_WIDTH = 1e-9
_NARROWEST = fmpq(1, 10**300)
MEAN_WIDTH = 1e-6
_BITS = 128
_TOGETHER = 2.0  # budgets that all group sizes may take
_PART = 8  # of a budget for one of them
_MOST = 300  # group sizes that cost nothing but their start
_FEW = 1_000  # changed records on average up to which every group size is affordable
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class SgdBound:
    """One proved bound on the loss of a training run.

    Attributes:
        shared: enclosure of 1 - bound.
        loss: enclosure of the bound.
        kind: exact supremum over learners with these parameters, or an upper bound.
        method: where it comes from.
        arithmetic: what the enclosure assumes of the machine.
        wide: whether the width asked for was not reached.
        cost: multiplications of series spent on it, about.
    """

    shared: arb
    loss: arb
    kind: Kind
    method: str
    arithmetic: str = ARITHMETIC
    wide: bool = False
    cost: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Training:
    """DP-SGD runs on the same n records, every step released, and what changes in the data.

    Attributes:
        runs: at least one.
        n: records, >= 1.
        group: records that change, 1..n; None: all n, or with tau as many as differ.
        tau: total variation between two populations, in [0, 1]; not together with group.
        distance: largest change of one record's clipped gradient, in clip norms, in [0, 2].
        adjacency: `replace` (n is public), or `add-remove`: `group` records inserted or deleted.
        width: wanted width, of the loss and relative to 1 - loss, in [1e-300, 1); any exact
            number, kept as a double; None: 1e-9, with tau 1e-6.
        budget: multiplications one Fourier series may cost.
    """

    runs: tuple[Steps, ...]
    n: int
    group: int | None = None
    tau: fmpq | None = None
    distance: fmpq | None = None
    adjacency: Adjacency = Adjacency.REPLACE_ONE
    width: float | None = None
    budget: float = BUDGET

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "n", whole(self.n, "n", at_least=1))
        set_(self, "adjacency", adjacency(self.adjacency))
        require(len(self.runs) > 0, must="have at least one run", runs="")
        for run in self.runs:
            if isinstance(run, BatchSteps):
                require(
                    run.batch_size <= self.n,
                    must=f"lie in 1..n, n={self.n}",
                    batch_size=run.batch_size,
                )
        if self.group is not None:
            set_(self, "group", whole(self.group, "group", at_least=0))
            require(self.group <= self.n, must=f"be at most n={self.n}", group=self.group)
        if self.tau is not None:
            require(self.group is None, must="be left out with group", tau=self.tau)
            set_(self, "tau", unit(self.tau, "tau"))
        if self.distance is not None:
            given = self.distance
            set_(self, "distance", exact(given, "distance"))
            require(0 <= self.distance <= 2, must="lie in [0, 2]", distance=given)
        if self.adjacency is Adjacency.ADD_REMOVE:
            self._check_add_remove()
        if self.width is not None:
            close = exact(self.width, "width")
            require(_NARROWEST <= close < 1, must="lie in [1e-300, 1)", width=self.width)
            set_(self, "width", float(close))
        require(self.budget >= 1, must="be >= 1", budget=self.budget)

    def _check_add_remove(self) -> None:
        name = Adjacency.ADD_REMOVE.value
        require(self.tau is None, must="be replace with tau", adjacency=name)
        require(self.group is not None, must="be given with adjacency add-remove", group="none")
        require(self.distance is None, must="be replace with distance", adjacency=name)
        require(
            all(isinstance(run, PoissonSteps) for run in self.runs),
            must="be replace unless sampling is poisson (a batch of fixed size needs n fixed)",
            adjacency=name,
        )

    @property
    def changed(self) -> int:
        """Records that change, where that is a number."""
        return self.n if self.group is None else self.group

    @property
    def near(self) -> bool:
        """Whether the number of changed records is random."""
        return self.tau is not None and self.tau not in (0, 1)

    @property
    def records(self) -> int:
        """Records that change when it is not random: none at tau = 0."""
        return 0 if self.tau == 0 else self.changed

    @property
    def reach(self) -> fmpq:
        """How far one changed record moves the sum of clipped gradients."""
        if self.adjacency is Adjacency.ADD_REMOVE:
            return fmpq(1)
        return fmpq(2) if self.distance is None else self.distance

    @property
    def poisson(self) -> tuple[PoissonSteps, ...] | None:
        """The runs, if all of them draw records independently of each other: by Poisson, or all n."""
        found = []
        for run in self.runs:
            if isinstance(run, BatchSteps):
                if run.batch_size < self.n:
                    return None
                run = PoissonSteps(  # every record joins every batch
                    noise_multiplier=run.noise_multiplier,
                    sampling_probability=fmpq(1),
                    steps=run.steps,
                )
            found.append(run)
        return tuple(found)

    def wanted(self) -> float:
        """Width to aim for."""
        if self.width is not None:
            return self.width
        return MEAN_WIDTH if self.near else GROUP_WIDTH

    def account(self, records: int, width: float) -> Account:
        """The composition when a given number of records change."""
        if self.poisson is None:
            raise TooExpensive
        deleted = 0 if self.adjacency is Adjacency.ADD_REMOVE else records
        return Account(self.poisson, records, deleted, width, self.budget)

    def with_noise(self, sigma: fmpq) -> Training:
        """The same training with another noise multiplier in every run."""
        runs = tuple(replace(run, noise_multiplier=sigma) for run in self.runs)
        return replace(self, runs=runs)


def bounds(training: Training, *, progress: Progress | None = None) -> list[SgdBound]:
    """Every proved bound, the least upper end first.

    Raises:
        PrecisionError: never for a missing budget alone: the revealed-schedule bound costs nothing.
    """
    if training.reach == 0:  # every gradient is what it was
        return [SgdBound(arb(1), arb(0), Kind.EXACT, "nothing changes")]
    found = [_revealed(training)]
    if training.near:
        found.append(_samples_alone(training))
    if training.poisson is not None:
        found.append(_sampled(training))
        with contextlib.suppress(TooExpensive):
            found.append(_coupled(training, progress) if training.near else _dominating(training))
    found = [bound for bound in found if bound.loss.is_finite() and bound.shared.is_finite()]
    exact_, rest = _split(found)
    rest.sort(key=lambda bound: float(bound.loss.upper()))
    if exact_ is None:
        return rest
    exact_ = _cut(exact_, rest)
    # where bounds agree, up to the 30 bits of a ball's radius, the exact one is named
    slack = exact_.loss.rad() / 2**20
    ahead = [bound for bound in rest if bound.loss.upper() + slack < exact_.loss.upper()]
    return [*ahead, exact_, *rest[len(ahead) :]]


def _split(found: list[SgdBound]) -> tuple[SgdBound | None, list[SgdBound]]:
    """The exact loss, if one was enclosed, and the others."""
    for place, bound in enumerate(found):
        if bound.kind is Kind.EXACT:
            return bound, found[:place] + found[place + 1 :]
    return None, found


def _cut(exact_: SgdBound, rest: list[SgdBound]) -> SgdBound:
    """An exact loss is below every other bound: its enclosure ends there at the latest."""
    loss, shared = exact_.loss, exact_.shared
    with ctx.workprec(4 * _BITS):
        for other in rest:
            if other.loss.upper() < loss.upper():
                ceiling = other.loss.upper()
                loss = loss.lower().min(ceiling).union(ceiling)
                floor = other.shared.lower()
                shared = floor.union(shared.upper().max(floor))
    return replace(exact_, loss=loss, shared=shared)


def least(training: Training, *, progress: Progress | None = None) -> SgdBound:
    """The bound with the least upper end."""
    return bounds(training, progress=progress)[0]


def _revealed(training: Training) -> SgdBound:
    tau = training.tau if training.near else None
    group = training.records
    squares = revealed.square_sum(training.runs, n=training.n, group=group, tau=tau)
    sure = revealed.sure(training.runs, n=training.n, group=group, tau=tau)
    with ctx.workprec(_BITS):
        shared = revealed.shared(squares, training.reach)
        loss = revealed.loss(squares, training.reach)
    kind = Kind.EXACT if sure else Kind.UPPER_BOUND
    return SgdBound(shared, loss, kind, "revealed schedule")


def _samples_alone(training: Training) -> SgdBound:
    """1 - (1 - tau)^n: what the records themselves would tell."""
    tau = training.tau or fmpq(0)
    with ctx.workprec(_BITS + training.n.bit_length()):
        log = training.n * (-arb(tau)).log1p()
        return SgdBound(
            power(1 - arb(tau), training.n),
            -log.expm1(),
            Kind.UPPER_BOUND,
            "the records themselves",
        )


def _sampled(training: Training) -> SgdBound:
    """Where no changed record is sampled at all, nothing can be told."""
    with ctx.workprec(4 * _BITS):
        log = _log_saturation(training)
        shared, loss = (log.exp(), -log.expm1()) if log.is_finite() else (arb(0), arb(1))
        return SgdBound(shared, loss, Kind.UPPER_BOUND, "no changed record sampled")


def _dominating(training: Training) -> SgdBound:
    width = training.wanted()
    account = training.account(training.records, width)
    found: Shared = account.value
    loss = complement(found.value)
    exact_pair = training.reach == 2 or training.adjacency is Adjacency.ADD_REMOVE
    # a loss that is certain has a tail bound instead of a value
    wide = bool(2 * found.value.rad() > width * found.value.lower().max(arb(SATURATED)))
    return SgdBound(
        found.value,
        loss,
        Kind.EXACT if exact_pair or training.records == 0 else Kind.UPPER_BOUND,
        f"dominating pair: {found.method}",
        found.arithmetic,
        wide,
        account.cost,
    )


def _coupled(training: Training, progress: Progress | None) -> SgdBound:
    n, tau = training.n, training.tau or fmpq(0)
    width = training.wanted()
    spent: list[float] = []

    def shared(k: int) -> arb:
        account = training.account(k, width / 8)
        account = replace(account, budget=max(1.0, training.budget / _PART))
        try:
            return account.value.value
        finally:
            spent.append(account.cost + training.budget / _MOST)

    mean = mean_shared(
        n,
        tau,
        shared,
        width=width,
        most=600 if n * tau <= _FEW else 100,
        more=lambda: math.fsum(spent) < _TOGETHER * training.budget,
        progress=progress,
    )
    once = sum(run.steps for run in training.runs) <= 1
    return SgdBound(
        mean.value,
        complement(mean.value),
        Kind.EXACT if once and training.reach == 2 else Kind.UPPER_BOUND,
        f"coupling: mean of the dominating pairs over Bin(n, tau), {mean.evaluations} group sizes",
        wide=not mean.complete,
        cost=math.fsum(spent),
    )


def saturation(training: Training) -> arb:
    """Limit of 1 - loss as the noise vanishes: the batches that hold no changed record.

    Raises:
        PrecisionError: not for a Poisson run.
    """
    return _log_saturation(training).exp()


def _log_saturation(training: Training) -> arb:
    runs = training.poisson
    if runs is None:
        raise PrecisionError("the limit is known for Poisson sampling only")
    log = arb(0)  # of the chance that a given record is never sampled
    for run in runs:
        if run.steps == 0:
            continue
        if run.sampling_probability == 1:
            log = arb("-inf")
            break
        log += run.steps * (-arb(run.sampling_probability)).log1p()
    if training.near and training.tau is not None:
        return (training.tau * log.expm1()).log1p() * training.n
    return training.records * log if training.records else arb(0)
