"""The inverses: the largest epsilon, delta or n that keeps the loss at a target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from mipriv.calculator.answer import Answer, Json, Row, brief, ends, text
from mipriv.calculator.solve import largest_delta, largest_epsilon, largest_size
from mipriv.calculator.target import Target, Using, read_target
from mipriv.errors import Infeasible
from mipriv.game import Adjacency, PopulationGame
from mipriv.rigor.decimals import nonnegative, unit
from mipriv.rigor.enclosure import DEFAULT_DIGITS, Enclosure, checked_digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse(Answer):
    """Largest value of one parameter at which the loss stays within the target.

    Attributes:
        unknown: `epsilon`, `delta` or `n`.
        value: enclosure (epsilon, delta), whole number (n), or None: every value will do.
        using: the loss it was taken under.
        given: the other inputs, as text.
        target: the loss aimed at, and over what.
        alternatives: what else would do, where the answer is 0.
    """

    unknown: str
    value: Enclosure | int | None
    using: Using
    given: dict[str, str | None]
    target: Target
    alternatives: dict[str, Enclosure | None] = field(default_factory=dict)

    @property
    def statement(self) -> str:
        """The answer in words."""
        return _statement(self.unknown, self.value, self.target, bool(self.alternatives))

    @property
    def unbounded(self) -> bool:
        """Whether every value keeps the loss within the target."""
        return self.value is None

    @property
    def lower(self) -> Any:
        """The value that is safe to use; the loss there is proved to be within the target."""
        return self.value.lower if isinstance(self.value, Enclosure) else self.value

    @property
    def upper(self) -> Any:
        """A value at which the loss is proved to reach or exceed the target."""
        return self.value.upper if isinstance(self.value, Enclosure) else self.value

    def inputs(self) -> dict[str, str | None]:
        return dict(self.given)

    def rows(self) -> list[Row]:
        lines = [Row(f"largest {self.unknown}", _shown(self.value))]
        lines += [Row(name, _shown(value)) for name, value in self.alternatives.items()]
        return lines

    def as_dict(self) -> Json:
        """JSON object; numbers are strings."""
        found: Json = {"inputs": self.inputs(), "using": self.using.value}
        found[self.unknown] = _json(self.value)
        found |= {name.replace(" ", "_"): _json(value) for name, value in self.alternatives.items()}
        return found


def _shown(value: Enclosure | int | None) -> str:
    if value is None:
        return "unbounded"
    if isinstance(value, int):
        return text(value) or ""
    return f"=  {value.lower}" if value.exact else f"{value.lower}   (not {value.upper})"


def _json(value: Enclosure | int | None) -> Any:
    if value is None:
        return "unbounded"
    return text(value) if isinstance(value, int) else ends(value)


def epsilon(
    *,
    n: object,
    loss: object,
    delta: object = 0,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    using: object = Using.WORST_CASE,
    digits: int = DEFAULT_DIGITS,
) -> Inverse:
    """Largest epsilon at which the loss is at most the target; `lower` is safe to use.

    Args:
        n: records that follow the secret, a whole number >= 0.
        loss: target in [0, 1].
        delta: in [0, 1].
        tau: total variation of the populations, or None for the worst case.
        adjacency: `replace` or `add-remove`.
        using: `worst-case` (exact) or `theorem` (the published bound, smaller epsilon).
        digits: significant digits.

    Raises:
        Infeasible: the loss exceeds the target even at epsilon = 0.
        ParameterError: an input outside its range.

    Numerics: the loss is monotone in epsilon, so the signs at the two decimals prove the answer.
    Source: inverse of the exact worst case; at delta = 0 and even n it is -(2/n) log(1 - loss).

    >>> epsilon(n=10, loss="0.1", digits=9).lower
    0.0210721031
    """
    digits = checked_digits(digits)
    target = read_target(loss, tau, adjacency, using)
    size = PopulationGame(n=n).n  # type: ignore[arg-type]  # checked there
    slack = unit(delta, "delta")
    given = {
        "n": text(size),
        "loss": text(target.loss),
        "delta": text(slack),
        "tau": None if tau is None else text(target.tau),
        "adjacency": target.adjacency.value,
    }
    if target.always_met(size):
        return _inverse("epsilon", None, target, given)
    at_zero = target.met(fmpq(0), slack, size)
    if at_zero > 0:
        raise _no_epsilon(target, slack, size, given)
    if at_zero == 0:
        value = Enclosure.of(fmpq(0), digits)
        others = {
            "largest delta": largest_delta(target, fmpq(0), size, digits),
            "epsilon at delta 0": largest_epsilon(target, fmpq(0), size, digits),
        }
        return _inverse("epsilon", value, target, given, others)
    return _inverse("epsilon", largest_epsilon(target, slack, size, digits), target, given)


def _no_epsilon(target: Target, slack: fmpq, size: int, given: dict[str, str | None]) -> Infeasible:
    others = {
        "largest delta": largest_delta(target, fmpq(0), size, DEFAULT_DIGITS),
        "epsilon at delta 0": largest_epsilon(target, fmpq(0), size, DEFAULT_DIGITS),
    }
    most, bare = (_safe(value) for value in others.values())
    return _infeasible(
        f"delta={brief(slack)}: no epsilon keeps the loss at {text(target.loss)} for n={text(size)}: "
        f"it is larger already at epsilon=0; the largest feasible delta is {most}, "
        f"and at delta=0 the largest epsilon is {bare}",
        "epsilon",
        target,
        given,
        others,
    )


def _infeasible(
    reason: str,
    unknown: str,
    target: Target,
    given: dict[str, str | None],
    others: dict[str, Enclosure | None],
) -> Infeasible:
    answer: Json = {"inputs": given, "using": target.using.value, unknown: None, "reason": reason}
    answer |= {name.replace(" ", "_"): _json(value) for name, value in others.items()}
    return Infeasible(reason, answer)


def _safe(value: Enclosure | None) -> str:
    return "unbounded" if value is None else str(value.lower)


def delta(
    *,
    epsilon: object,
    n: object,
    loss: object,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    using: object = Using.WORST_CASE,
    digits: int = DEFAULT_DIGITS,
) -> Inverse:
    """Largest delta at which the loss is at most the target; `lower` is safe to use.

    Args:
        epsilon: nats, finite, >= 0.
        n, loss, tau, adjacency, using, digits: as for `epsilon`.

    Raises:
        Infeasible: the loss exceeds the target even at delta = 0.
        ParameterError: an input outside its range.

    Source: while unsaturated the loss is affine in delta.

    >>> delta(epsilon=0, n=10, loss="0.1").lower
    0.01
    """
    digits = checked_digits(digits)
    target = read_target(loss, tau, adjacency, using)
    size = PopulationGame(n=n).n  # type: ignore[arg-type]  # checked there
    rate = nonnegative(epsilon, "epsilon")
    given = {
        "epsilon": text(rate),
        "n": text(size),
        "loss": text(target.loss),
        "tau": None if tau is None else text(target.tau),
        "adjacency": target.adjacency.value,
    }
    if target.always_met(size):
        return _inverse("delta", None, target, given)
    if target.met(rate, fmpq(0), size) > 0:
        bare = largest_epsilon(target, fmpq(0), size, DEFAULT_DIGITS)
        raise _infeasible(
            f"epsilon={brief(rate)}: no delta keeps the loss at {text(target.loss)} for "
            f"n={text(size)}: it is larger already at delta=0, where the largest epsilon is "
            f"{_safe(bare)}",
            "delta",
            target,
            given,
            {"epsilon at delta 0": bare},
        )
    return _inverse("delta", largest_delta(target, rate, size, digits), target, given)


def size(
    *,
    epsilon: object,
    delta: object = 0,
    loss: object,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    using: object = Using.WORST_CASE,
) -> Inverse:
    """Largest number of records n at which the loss is at most the target.

    Args:
        epsilon: nats, finite, >= 0.
        delta, loss, tau, adjacency, using: as for `epsilon`.

    Returns:
        Inverse with a whole number, or unbounded (loss 1, tau 0, or epsilon = delta = 0).

    Raises:
        ParameterError: an input outside its range.

    >>> size(epsilon="0.001", loss="0.5").value
    1386
    """
    target = read_target(loss, tau, adjacency, using)
    rate, slack = nonnegative(epsilon, "epsilon"), unit(delta, "delta")
    given = {
        "epsilon": text(rate),
        "delta": text(slack),
        "loss": text(target.loss),
        "tau": None if tau is None else text(target.tau),
        "adjacency": target.adjacency.value,
    }
    if target.loss >= 1 or target.tau == 0 or (rate == 0 and slack == 0):
        return _inverse("n", None, target, given)
    return _inverse("n", largest_size(target, rate, slack), target, given)


def _inverse(
    unknown: str,
    value: Enclosure | int | None,
    target: Target,
    given: dict[str, str | None],
    alternatives: dict[str, Enclosure | None] | None = None,
) -> Inverse:
    return Inverse(
        unknown=unknown,
        value=value,
        using=target.using,
        given=given,
        target=target,
        alternatives=alternatives or {},
    )


def _statement(unknown: str, value: Enclosure | int | None, target: Target, zero: bool) -> str:
    under = (
        "the exact worst case over all learners"
        if target.using is Using.WORST_CASE
        else "the published group-privacy bound"
    )
    if target.tau < 1:
        under += f" and populations within total variation {text(target.tau)}"
    goal = f"an attacker's advantage of at most {text(target.loss)} ({under})"
    if value is None:
        return f"Every {unknown} keeps {goal}: the target excludes nothing here."
    chosen = text(value) if isinstance(value, int) else str(value.lower)
    name = f"{unknown} = {chosen}"
    told = f"{name} is the largest that keeps {goal}."
    if not isinstance(value, int) and not value.exact:
        told = f"{name} keeps {goal}; the true largest value is below {value.upper}."
    if zero:
        told += " delta alone uses up the target: a smaller delta leaves room for epsilon."
    per = (
        "one record is replaced"
        if target.adjacency is Adjacency.REPLACE_ONE
        else "one record is added or removed"
    )
    return f"{told} The guarantee is meant for data sets in which {per}."
