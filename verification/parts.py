"""The parts of a point of a trade-off: numbers with their ends, and what each of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import inf, isfinite
from typing import Any

from mipriv.errors import require

INFINITE = "infinite"


class Better(StrEnum):
    """Which end of a utility is the good one."""

    LOW = "low"
    HIGH = "high"


class Role(StrEnum):
    """What a defence is in a comparison.

    MID: what is compared.  BASELINE, DP: what it is compared with.  UNDEFENDED, CONSTANT: the free
    end points, which any defence may be mixed with at random.
    """

    MID = "mid"
    BASELINE = "baseline"
    UNDEFENDED = "undefended"
    CONSTANT = "constant"
    DP = "dp"


class Kind(StrEnum):
    """What is known of the best attack: its success, or only what it cannot exceed."""

    EXACT = "exact"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """A measured number and its interval or enclosure: finite, lower <= value <= upper."""

    value: float
    lower: float
    upper: float

    def __post_init__(self) -> None:
        finite(value=self.value, lower=self.lower, upper=self.upper)
        ordered = self.lower <= self.value <= self.upper
        require(ordered, must="be lower <= value <= upper", lower=self.lower, value=self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """How useful the model is to those who may use it.

    Attributes:
        name: of the measure, as an axis says it.
        value: finite.
        better: which end is the good one.
    """

    name: str
    value: float
    better: Better

    def __post_init__(self) -> None:
        texts(name=self.name)
        finite(value=self.value)
        one_of(Better, better=self.better)
        object.__setattr__(self, "better", Better(self.better))

    def cost(self, value: float) -> float:
        """A value of this measure, turned so that less is better."""
        return value if self.better is Better.LOW else -value


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack(Ends):
    """Success of the strongest adversary, chosen on selection records where there are some.

    The larger, the worse for the defence.

    Attributes:
        name: of the measure, as an axis says it.
        level: the adversary's.
    """

    name: str
    level: str

    def __post_init__(self) -> None:
        Ends.__post_init__(self)
        texts(name=self.name, level=self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """The same attack on the records that the model was trained on.

    Attributes:
        attack: its success there.
        utility: on the training records, in the point's measure.
        metrics: further figures of the attack there, by name.
    """

    attack: Attack
    utility: float
    metrics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        finite(utility=self.utility)
        figures(self.metrics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bayes:
    """The success of the best possible attack.

    Attributes:
        lower, upper: enclosure; of a ceiling only `upper` says something.
        kind: whether the success itself is known.
        method: how it was found.
    """

    lower: float
    upper: float
    kind: Kind
    method: str

    def __post_init__(self) -> None:
        finite(lower=self.lower, upper=self.upper)
        require(self.lower <= self.upper, must="be at most upper", lower=self.lower)
        texts(method=self.method)
        one_of(Kind, kind=self.kind)
        object.__setattr__(self, "kind", Kind(self.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """An upper bound on any attack's success, from the information that an answer carries.

    Source: theory.md, Theorems 10 and 11.
    """

    value: float
    method: str

    def __post_init__(self) -> None:
        finite(value=self.value)
        texts(method=self.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """A reading of I(X; answer) in nats, as `mipriv.estimate.reading.Reading` means it.

    Attributes:
        value, lower, upper: >= 0 but for an estimate's error, may be inf; lower <= value <= upper.
        method: in words.
        bound: whether `upper` bounds the information; otherwise the reading is an estimate.
    """

    value: float
    lower: float
    upper: float
    method: str
    bound: bool

    def __post_init__(self) -> None:
        for name in ("value", "lower", "upper"):
            end = getattr(self, name)
            if end != inf:
                finite(**{name: end})
        ordered = self.lower <= self.value <= self.upper
        require(ordered, must="be lower <= value <= upper", lower=self.lower, value=self.value)
        texts(method=self.method)
        require(type(self.bound) is bool, must="be true or false", bound=self.bound)

    def to_json(self) -> dict[str, Any]:
        """As JSON: an infinite number is null, and `infinite` says so."""
        found = asdict(self)
        endless = [name for name in ("value", "lower", "upper") if found[name] == inf]
        return found | dict.fromkeys(endless) | ({INFINITE: True} if endless else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The same setting on the selection records, which no test measure uses."""

    utility: float
    attack: float

    def __post_init__(self) -> None:
        finite(utility=self.utility, attack=self.attack)


def finite(**named: object) -> None:
    """Raise ParameterError unless these are finite numbers."""
    for name, value in named.items():
        number = isinstance(value, int | float) and type(value) is not bool and isfinite(value)
        require(number, must="be a finite number", **{name: value})


def figures(metrics: object) -> None:
    """Raise ParameterError unless this is a table of finite numbers by name."""
    table = isinstance(metrics, Mapping) and all(isinstance(name, str) for name in metrics)
    require(table, must="be a table of numbers by name", metrics=metrics)
    finite(**dict(metrics))  # type: ignore[call-overload]  # a mapping, as was just seen


def texts(**named: object) -> None:
    """Raise ParameterError unless these are texts, none of them empty."""
    for name, value in named.items():
        require(isinstance(value, str) and bool(value), must="be a text", **{name: value})


def one_of(kinds: type[StrEnum], **named: object) -> None:
    """Raise ParameterError unless these are of the kinds."""
    for name, value in named.items():
        require(value in list(kinds), must=f"be one of {', '.join(kinds)}", **{name: value})
