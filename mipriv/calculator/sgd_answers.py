"""Results of `sgd` and `noise`: how they print, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from mipriv.accounting.sgd.calibrate import Bracket
from mipriv.accounting.sgd.closed import SATURATED
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.accounting.sgd.training import SgdBound, Training
from mipriv.calculator import sgd_statement as say
from mipriv.calculator.answer import Answer, Json, Row, ends, shown, text
from mipriv.calculator.sgd_rates import DIGITS
from mipriv.guarantee import Kind
from mipriv.rigor.decimals import round_rational
from mipriv.rigor.enclosure import Enclosure

_CERTAIN = Fraction(int(SATURATED.p), int(SATURATED.q))
_WIDE = "wider than asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class SgdLoss(Answer):
    """Loss of a DP-SGD training whose every step is released.

    Attributes:
        training: what was run and what changes.
        best: the bound with the least upper end.
        others: the other proved bounds.
        fpr: false positive rate asked for; None if not.
        tpr: largest true positive rate at it, and what that number is; None without fpr.
    """

    training: Training
    best: SgdBound
    others: tuple[SgdBound, ...]
    fpr: fmpq | None
    tpr: tuple[Enclosure, Kind] | None

    @property
    def loss(self) -> Enclosure:
        """Enclosure of the bound: of the loss itself where `best.kind` is exact."""
        found = _enclosure(self.best.loss)
        least = min(_enclosure(other.loss).upper for other in (self.best, *self.others))
        return Enclosure(min(found.lower, least), min(found.upper, least))

    @property
    def complement(self) -> Enclosure:
        """Enclosure of 1 - loss, to its own relative accuracy."""
        found = _enclosure(self.best.shared)
        most = max(_enclosure(other.shared).lower for other in (self.best, *self.others))
        return Enclosure(max(found.lower, most), max(found.upper, most))

    @property
    def wide(self) -> bool:
        """Whether the width asked for was missed; a loss that is certain has a bound alone."""
        return self.best.wide and self.complement.upper >= _CERTAIN

    @property
    def statement(self) -> str:
        """The answer in words."""
        return say.of_loss(self.training, self.best, self.loss, self.complement, self.fpr, self.tpr)

    def inputs(self) -> dict[str, str | None]:
        return training_inputs(self.training) | (
            {} if self.fpr is None else {"fpr": text(self.fpr)}
        )

    def rows(self) -> list[Row]:
        notes = [] if self.best.kind is Kind.EXACT else [self.best.kind.value]
        if self.wide:
            notes.append(_WIDE)
        room = self.complement
        exact_ = self.best.kind is Kind.EXACT
        lines = [
            Row("loss", shown(self.loss, self.best.kind), "; ".join(notes)),
            Row("  1 - loss", shown(room, Kind.EXACT) if exact_ else f">= {room.lower}"),
            Row("  by", self.best.method),
        ]
        lines += [
            Row("also proved", f"<= {_enclosure(other.loss).upper}", other.method)
            for other in self.others
        ]
        if self.tpr is not None:
            lines.append(Row(f"true positive rate at FPR {text(self.fpr)}", shown(*self.tpr)))
        return lines

    def as_dict(self) -> Json:
        """JSON object; every number is a string."""
        found: Json = {
            "inputs": self.inputs(),
            "loss": ends(self.loss) | {"kind": self.best.kind.value},
            "complement": ends(self.complement),
            "method": self.best.method,
            "arithmetic": self.best.arithmetic,
            "others": {
                other.method: ends(_enclosure(other.loss)) | {"kind": other.kind.value}
                for other in self.others
            },
            "tpr": None if self.tpr is None else ends(self.tpr[0]) | {"kind": self.tpr[1].value},
            "statement": self.statement,
        }
        if self.wide:
            found["loss"]["wide"] = True
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseMultiplier(Answer):
    """Least noise multiplier for a target loss.

    Attributes:
        training: what is run, with a placeholder for the noise.
        target: loss to keep.
        bracket: at `upper` the loss is certainly at most the target, at `lower` it is above;
            `wide` where the tolerance was not reached.
    """

    training: Training
    target: fmpq
    bracket: Bracket

    @property
    def lower(self) -> Any:
        """A noise multiplier at which the target is missed; 0 if none is needed or none is known."""
        return round_rational(self.bracket.lower, DIGITS, upward=False)

    @property
    def upper(self) -> Any:
        """A noise multiplier at which the loss certainly meets the target."""
        return round_rational(self.bracket.upper, DIGITS, upward=True)

    @property
    def statement(self) -> str:
        """The answer in words."""
        return say.of_noise(self.training, self.target, self.bracket.upper)

    def inputs(self) -> dict[str, str | None]:
        given = training_inputs(self.training)
        given.pop("noise_multiplier", None)
        return {"loss": text(self.target)} | given

    def rows(self) -> list[Row]:
        if self.upper == 0:
            return [Row("least noise multiplier", "0", "(no noise is needed)")]
        missed = f"not {self.lower}" if self.lower else "how much less would do is not known"
        wide = f"; {_WIDE}" if self.bracket.wide else ""
        return [Row("least noise multiplier", f"<= {self.upper}", f"({missed}{wide})")]

    def as_dict(self) -> Json:
        """JSON object; every number is a string."""
        ends_: Json = {"lower": str(self.lower), "upper": str(self.upper)}
        if self.bracket.wide:
            ends_["wide"] = True
        return {"inputs": self.inputs(), "noise_multiplier": ends_, "statement": self.statement}


def training_inputs(training: Training) -> dict[str, str | None]:
    """The inputs of a training as text."""
    first, *rest = training.runs
    given: dict[str, str | None] = {"noise_multiplier": text(first.noise_multiplier)}
    if isinstance(first, PoissonSteps):
        given |= {"sampling": "poisson", "sampling_probability": text(first.sampling_probability)}
    else:
        given |= {"sampling": first.sampling.value, "batch_size": text(first.batch_size)}
    given |= {"steps": text(first.steps), "n": text(training.n)}
    if training.tau is None:
        given["group"] = text(training.changed)
    given |= {"tau": text(training.tau), "adjacency": training.adjacency.value}
    if training.distance is not None:
        given["distance"] = text(training.distance)
    if rest:
        given["further_runs"] = str(len(rest))
    return given


def _enclosure(value: arb) -> Enclosure:
    return Enclosure.of(value, DIGITS).within(0, 1)
