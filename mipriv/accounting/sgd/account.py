"""The composition of DP-SGD runs when given numbers of records change: loss and trade-off curve."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd import closed
from mipriv.accounting.sgd.errors import TooExpensive
from mipriv.accounting.sgd.fourier import Run, Transform
from mipriv.accounting.sgd.line import Line
from mipriv.accounting.sgd.pairs import pair
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.errors import require

BUDGET = 3e7  # multiplications: some seconds
ARITHMETIC = "Arb balls"
_BITS = 72
_LATTICE_POINTS = 1 << 18
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
        lattice: whether a lattice may be tried where that does not suffice; some seconds.
    """

    runs: tuple[PoissonSteps, ...]
    inserted: int
    deleted: int
    width: float = 1e-9
    budget: float = BUDGET
    lattice: bool = True
    _cache: dict[int, list[Run]] = field(default_factory=dict, compare=False, repr=False)

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
            TooExpensive: the budget does not suffice.
        """
        with ctx.workprec(_BITS + 64):
            closed_form = self._closed(arb(0)) or self._certain(closed.SATURATED)
        if closed_form is not None:
            return closed_form
        try:
            return self._fourier()
        except TooExpensive:
            return self._fallback()

    def _fallback(self) -> Shared:
        """A cheaper enclosure where the series costs too much.

        Raises:
            TooExpensive: none is to be had.
        """
        with ctx.workprec(_BITS + 64):
            crude = self._certain(fmpq(*self.width.as_integer_ratio()))
            if crude is not None:
                return crude
            if not self.lattice:
                raise TooExpensive
            from mipriv.accounting.sgd import lattice  # loads NumPy and SciPy

            pairs = [(pair(*self._pair_inputs(run), _BITS), run.steps) for run in self._runs]
            found = lattice.enclose_to(pairs, width=self.width, max_points=_LATTICE_POINTS)
            value = found.max(arb(0)).min(arb(1))
            return Shared(value, "lattice of the dominating pair", lattice.ARITHMETIC)

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
        """The Fourier series, refined until it is as narrow as wanted.

        First relative to the smaller of loss and 1 - loss; if that costs more than the budget,
        absolutely on the loss and relative to 1 - loss.
        """
        hopeless = self._without_overlap()
        if hopeless is not None:
            return hopeless
        hidden, loss = self._estimate()
        best: arb | None = None
        sharp, attempts = True, 0
        while attempts < 6:
            attempts += 1
            scale = hidden.min(loss) if sharp else hidden
            try:
                transform, bits = self.transform(float((scale * self.width / 16).log()))
            except TooExpensive:
                if not sharp:
                    break
                sharp = False
                continue
            with ctx.workprec(bits + 64):
                value = transform.shared()
                best = value if best is None else best.intersection(value)
                scale = best.min(1 - best) if sharp else best
                if 2 * best.rad() <= self.width * scale.lower():
                    break
                hidden = best.lower().max(hidden / 2**40)
                loss = (1 - best).lower().max(loss / 2**40)
        if best is None:
            raise TooExpensive
        return Shared(best, "Fourier series of the dominating pair")

    def _without_overlap(self) -> Shared | None:
        """The loss is 1 for all that matters: affinity^2/2 <= int min(P, Q) <= affinity (Le Cam)."""
        with ctx.workprec(self._base_bits + 64):
            log = self._log_affinity(self._base_bits)
            lost = arb(0)
            for run in self._lines(self._base_bits):
                missing = run.line.pair.up.dropped + run.line.pair.down.dropped
                lost += run.steps * (missing / run.line.affinity).log1p()
            upper = (log + lost).exp().upper()
            if not upper < closed.SATURATED:
                return None
            lower = ((2 * log).exp() / 2).lower().max(arb(0))
            return Shared(lower.union(upper), "affinity of the dominating pair")

    def _lines(self, bits: int) -> list[Run]:
        if bits not in self._cache:
            self._cache[bits] = [
                Run(Line(pair(*self._pair_inputs(run), bits), bits), run.steps)
                for run in self._runs
            ]
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
        """1 - loss and loss of two normals of the same affinity: a scale, not a bound."""
        with ctx.workprec(self._base_bits + 64):
            root = (-self._log_affinity(self._base_bits).mid()).sqrt()
            return root.erfc(), root.erf()

    def transform(self, log_goal: float, reach: float = 0.0) -> tuple[Transform, int]:
        """A transform for an absolute error of about e^log_goal, and the bits of its lines.

        Raises:
            TooExpensive: more multiplications than the budget, or too many atoms or nodes.
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
        with ctx.workprec(bits + 64):
            lines = self._lines(bits)
            return Transform(lines, log_tolerance=log_goal, reach=reach, budget=self.budget), bits
