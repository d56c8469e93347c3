"""The composition of DP-SGD runs when given numbers of records change: loss and trade-off curve."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field, replace
from functools import cached_property

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd import bracket, closed
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.fourier import ARITHMETIC, Run, Transform, choose, cost, float_cost
from mipriv.accounting.sgd.line import Line, weight
from mipriv.accounting.sgd.pairs import pair
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.errors import PrecisionError, require

BUDGET = 3e7  # multiplications: some seconds
_BITS = 72
_LEAST_BUDGET = 2.5e7  # of the nodes of the lines, which every series needs
_CHOICES = 1e5  # what it takes to choose a series, at least
_FLOAT_GOAL = -37.0  # log of an error that is out of reach of float64
_SLOW = 0.8  # share of its radius that a ball keeps once refinement is at an end
_WIDEST = 0.1  # relative width at which a series is not worth its cost
_TELLING = 16  # an enclosure tells how large a loss is if its ends are no further apart
_FEW_NODES = 4_000
_SERIES = "Fourier series of the dominating pair"
_BRACKET = "bracket by tests and couplings of single steps"
_MAX_BITS = 1 << 14


@dataclass(frozen=True)
class Shared:
    """Enclosure of int min(P, e^epsilon Q): 1 - loss at epsilon = 0.

    Attributes:
        value: ball.
        method: how it was computed.
        arithmetic: what the enclosure assumes of the machine.
    """

    value: arb
    method: str
    arithmetic: str = ARITHMETIC


@dataclass(frozen=True)
class Account:
    """Runs on the same data, all steps released, when `inserted` and `deleted` records change.

    `inserted = deleted = k` is the replacement of k records; one of them 0 is adding or removing.

    Attributes:
        runs: what was run, in any order (composition does not depend on it).
        inserted: records on one side only.
        deleted: records on the other side only.
        width: wanted width of the enclosure: of the loss, and relative to 1 - loss.
        budget: multiplications a Fourier series may cost.
        floats: whether float64 may be tried where that does not suffice; some seconds.
    """

    runs: tuple[PoissonSteps, ...]
    inserted: int
    deleted: int
    width: float = 1e-9
    budget: float = BUDGET
    floats: bool = True
    _cache: dict[int, list[Run]] = field(default_factory=dict, compare=False, repr=False)
    _spent: list[float] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        require(self.width > 0, must="be > 0", width=self.width)

    @cached_property
    def _runs(self) -> tuple[PoissonSteps, ...]:
        """Runs that release something of the changed records, equal ones joined."""
        steps: dict[tuple[fmpq, fmpq], int] = {}
        for run in self.runs:
            if run.steps and run.sampling_probability and self.inserted + self.deleted:
                key = (run.sampling_probability, run.noise_multiplier)
                steps[key] = steps.get(key, 0) + run.steps
        return tuple(
            PoissonSteps(sampling_probability=rate, noise_multiplier=sigma, steps=count)
            for (rate, sigma), count in steps.items()
        )

    @cached_property
    def value(self) -> Shared:
        """Enclosure of 1 - loss.

        Raises:
            TooExpensive: the budget does not suffice for anything that would say how large it is.
        """
        rough = self._rough
        with ctx.workprec(_BITS + 64):
            closed_form = self._closed(arb(0)) or self._certain(closed.SATURATED)
        if closed_form is not None:
            if rough.rad() < closed_form.value.rad():  # a loss below the digits of a closed form
                return replace(closed_form, value=_both(closed_form.value, rough))
            return closed_form
        if self._narrow(rough):
            return Shared(rough, _BRACKET)
        try:
            found = self._fourier()
        except TooExpensive:
            found = self._fallback()
        return replace(found, value=_both(found.value, rough))

    @cached_property
    def _rough(self) -> arb:
        """Enclosure of 1 - loss that costs nothing."""
        return bracket.bracket(self._runs, self.inserted, self.deleted)

    def _narrow(self, value: arb, share: float = 1.0) -> bool:
        """Whether an enclosure of 1 - loss is as narrow as wanted, relative to the smaller end."""
        scale = value.lower().min(complement(value).lower())
        return bool(2 * value.rad() <= share * self.width * scale)

    def _fallback(self) -> Shared:
        """A cheaper enclosure where the series costs too much.

        Raises:
            TooExpensive: none is to be had that tells how large the loss is.
        """
        with ctx.workprec(_BITS + 64):
            crude = self._certain(fmpq(*self.width.as_integer_ratio()))
            if crude is not None:
                return crude
            value, method, arithmetic = self._stepwise(), _BRACKET, ARITHMETIC
            if self.floats:
                from mipriv.accounting.sgd import lattice  # loads NumPy and SciPy

                with contextlib.suppress(TooExpensive):
                    pairs = [
                        (pair(*self._pair_inputs(run), _BITS), run.steps) for run in self._runs
                    ]
                    self._spent.append(self.budget)
                    found = lattice.enclose_to(pairs, width=self.width, budget=self.budget)
                    method, arithmetic = "lattice of the dominating pair", lattice.ARITHMETIC
                    value = _both(found.max(arb(0)).min(arb(1)), value)
            loss = complement(value)
            if not (
                loss.lower() * _TELLING > loss.upper()
                or 2 * loss.rad() <= self.width * value.lower()
            ):
                raise TooExpensive
            return Shared(value, method, arithmetic)

    def _stepwise(self) -> arb:
        """The enclosure of `_rough`, sharpened by one step's loss and by the affinity."""
        value = self._rough
        with contextlib.suppress(TooExpensive, PrecisionError):
            base = self._base_bits
            with ctx.workprec(base + 64):
                lines = self._lines(base)
                lost = sum((run.steps * _lost(run) for run in lines), arb(0))
                log = self._log_affinity(base)
                value = _both(bracket.by_affinity(log.union(log + lost)), value)
                if all(run.line.count < _FEW_NODES for run in lines):
                    steps = [(run.line.pair, run.steps) for run in lines]
                    value = _both(bracket.stepwise(steps).union(arb(1)), value)
        return value

    @property
    def cost(self) -> float:
        """Multiplications that the series and lattices computed so far have taken, about."""
        return math.fsum(self._spent)

    def gaussian_distance(self) -> arb | None:
        """mu, where the composition is two normals at that distance; else None."""
        runs = self._runs
        if not all(run.sampling_probability == 1 for run in runs):
            return None
        with ctx.workprec(max(_BITS + 64, ctx.prec)):
            return closed.gaussian_distance(list(runs), self.inserted + self.deleted)

    def _closed(self, epsilon: arb) -> Shared | None:
        """int min(P, e^epsilon Q) where it has a closed form."""
        runs = self._runs
        if not runs:
            return Shared(epsilon.exp().min(arb(1)), "nothing is released")
        if all(run.sampling_probability == 1 for run in runs):
            mu = closed.gaussian_distance(list(runs), self.inserted + self.deleted)
            return Shared(closed.gaussian_shared(mu, epsilon), "closed form without sampling")
        if len(runs) == 1 and runs[0].steps == 1 and self._certain(closed.SATURATED) is None:
            one = pair(*self._pair_inputs(runs[0]), max(3 * _BITS, ctx.prec))
            return Shared(closed.one_step_shared(one, epsilon), "closed form of one step")
        return None

    @property
    def closed_form(self) -> bool:
        """Whether int min(P, e^epsilon Q) has a closed form here."""
        with ctx.workprec(_BITS + 64):
            return self._closed(arb(0)) is not None

    def at(self, epsilon: arb, transform: tuple[Transform, int] | None) -> arb:
        """Enclosure of int min(P, e^epsilon Q); `transform` where there is no closed form."""
        if transform is None:
            with ctx.workprec(max(_BITS + 64, ctx.prec)):
                found = self._closed(epsilon)
            if found is None:
                raise TooExpensive
            return found.value
        with ctx.workprec(transform[1] + 64):
            return transform[0].shared(epsilon)

    def for_curve(self, reach: float) -> tuple[Transform, int] | None:
        """A transform for all |epsilon| <= reach; None where a closed form serves."""
        if self.closed_form:
            return None
        with ctx.workprec(_BITS + 64):
            goal = float((self._estimate()[0] * self.width / 16).log()) - reach / 2
        return self.transform(goal, reach)

    def _pair_inputs(self, run: PoissonSteps) -> tuple[fmpq, fmpq, int, int]:
        return run.sampling_probability, run.noise_multiplier, self.inserted, self.deleted

    def _certain(self, negligible: fmpq) -> Shared | None:
        """The loss is 1 for all that matters: bounds instead of a value."""
        upper = arb(1)
        for run in self._runs:
            upper = upper.min(closed.certain(run, self.inserted, self.deleted))
        if not upper < negligible:
            return None
        log = sum(
            (closed.least_affinity(run, self.inserted, self.deleted) for run in self._runs), arb(0)
        )
        lower = (2 * log).exp() / 2  # int min(P, Q) >= affinity^2 / 2 (Le Cam)
        return Shared(lower.min(upper).union(upper), "a test of each step's count")

    def _fourier(self) -> Shared:
        """The Fourier series, refined until it is as narrow as wanted or as the budget allows.

        Relative to the smaller of loss and 1 - loss.

        Raises:
            TooExpensive: no series within the budget would tell how large the loss is.
        """
        hopeless = self._without_overlap()
        if hopeless is not None:
            return hopeless
        hidden, loss = self._estimate()
        best: Shared | None = None
        share, tight = 1.0, 16.0  # of the width asked for, and of that what one error may take
        while share == 1 or share * self.width < _WIDEST:
            with ctx.workprec(_BITS + 64):
                goal = float((hidden.min(loss) * self.width * share / tight).log())
            try:
                series, bits = self._series(goal)
                with ctx.workprec(bits + 64):
                    value = series.shared()
            except TooExpensive:
                if best is not None:
                    break
                usual = 1e-9 / self.width
                share = 32 * share if share >= usual else min(1e9 * share, usual)
                continue
            with ctx.workprec(bits + 64):
                before = arb(1) if best is None else best.value.rad()
                value = value if best is None else _both(best.value, value)
                best = Shared(value, _SERIES, series.arithmetic)
                if self._narrow(best.value, share) or best.value.rad() > before * _SLOW:
                    break
                hidden = best.value.lower().max(hidden / 2**40)
                loss = complement(best.value).lower().max(loss / 2**40)
                tight *= 16
        if best is None:
            raise TooExpensive
        return best

    def _series(self, log_goal: float) -> tuple[Transform, int]:
        """A series for an absolute error of about e^log_goal, in float64 if it costs too much.

        Raises:
            TooExpensive: as `transform`, though more is affordable in float64.
        """
        if not self.floats:
            return self.transform(log_goal)
        bits = self._bits_for(log_goal)
        with ctx.workprec(bits + 64):
            lines = self._lines(bits)
            nodes = max(2 * run.line.count + 1 for run in lines)
            each = float_cost(lines)
            farther = self.budget * max(1.0, nodes / each) * weight(bits)
            chosen = choose(lines, log_tolerance=log_goal, budget=farther)
            price = cost(lines, chosen)
            if price <= self.budget:
                self._spent.append(price)
                return Transform(
                    lines, log_tolerance=log_goal, budget=self.budget, chosen=chosen
                ), bits
            if log_goal < _FLOAT_GOAL:
                raise TooExpensive
            from mipriv.accounting.sgd import fourier_floats  # loads NumPy

            self._spent.append(each * chosen.last)
            return fourier_floats.RoundedTransform(lines, chosen), bits

    def _without_overlap(self) -> Shared | None:
        """The loss is 1 for all that matters: affinity^2/2 <= int min(P, Q) <= affinity (Le Cam)."""
        with ctx.workprec(self._base_bits + 64):
            log = self._log_affinity(self._base_bits)
            lost = sum((run.steps * _lost(run) for run in self._lines(self._base_bits)), arb(0))
            upper = (log + lost).exp().upper()
            if not upper < closed.SATURATED:
                return None
            lower = ((2 * log).exp() / 2).lower().max(arb(0))
            return Shared(lower.union(upper), "affinity of the dominating pair")

    def _lines(self, bits: int) -> list[Run]:
        if bits not in self._cache:
            lines = [
                Run(Line(pair(*self._pair_inputs(run), bits), bits), run.steps)
                for run in self._runs
            ]
            price = math.fsum(run.line.cost for run in lines)
            if price > max(8 * self.budget, _LEAST_BUDGET):
                raise TooExpensive
            self._spent.append(price)
            self._cache[bits] = lines
        return self._cache[bits]

    def _log_affinity(self, bits: int) -> arb:
        return sum((run.steps * run.line.affinity.log() for run in self._lines(bits)), arb(0))

    @cached_property
    def _base_bits(self) -> int:
        """Bits at which the affinity is told from 1.

        Raises:
            TooExpensive: it is closer than 2^-8192 to 1.
        """
        bits = _BITS
        while bits <= _MAX_BITS // 2:
            with ctx.workprec(bits + 64):
                if self._log_affinity(bits) < 0:
                    return bits
            bits *= 2
        raise TooExpensive

    def _estimate(self) -> tuple[arb, arb]:
        """1 - loss and loss of two normals of the same affinity, if possible: a scale, not a bound."""
        with ctx.workprec(self._base_bits + 64):
            root = (-self._log_affinity(self._base_bits).mid()).sqrt()
            rough = self._rough
            hidden = root.erfc().max(rough.lower()).min(rough.upper())
            loss = root.erf().max(complement(rough).lower()).min(complement(rough).upper())
            return hidden, loss

    def _bits_for(self, log_goal: float) -> int:
        """Bits of lines for an absolute error of e^log_goal.

        Raises:
            TooExpensive: more than 2^14.
        """
        steps = sum(run.steps for run in self._runs)
        base = self._base_bits
        with ctx.workprec(base + 64):
            excess = float(self._log_affinity(base)) - log_goal
        if not math.isfinite(excess):
            raise TooExpensive
        bits = max(base, 32 * math.ceil((excess / math.log(2) + math.log2(steps) + 8) / 32))
        if bits > _MAX_BITS:
            raise TooExpensive
        return bits

    def transform(self, log_goal: float, reach: float = 0.0) -> tuple[Transform, int]:
        """A transform for an absolute error of about e^log_goal, and the bits of its lines.

        Raises:
            TooExpensive: more multiplications than the budget, or too many atoms or nodes.
        """
        bits = self._bits_for(log_goal)
        with ctx.workprec(bits + 64):
            lines = self._lines(bits)
            return Transform(lines, log_tolerance=log_goal, reach=reach, budget=self.budget), bits


def complement(shared: arb) -> arb:
    """The loss 1 - shared, at a precision that keeps it however small it is."""
    with ctx.workprec(4 * _BITS + max(shared.mid().bits(), 0)):
        return 1 - shared


def _lost(run: Run) -> arb:
    """Upper bound on what atoms left out of a pair could add to the log of one step's affinity."""
    missing = run.line.pair.up.dropped + run.line.pair.down.dropped
    lost: arb = (missing / run.line.affinity).log1p()
    return lost


def _both(one: arb, other: arb) -> arb:
    """A number that lies in two balls."""
    with ctx.workprec(4 * _BITS + max(one.mid().bits(), other.mid().bits(), 0)):
        low, high = one.lower().max(other.lower()), one.upper().min(other.upper())
        return low.union(high) if low <= high else one.intersection(other)
