"""What a trade-off cell measures: one setting of one defence, in one replicate.

The contract between whoever plays such a cell and whoever compares and draws it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from enum import StrEnum
from math import inf, isfinite
from typing import Any, TypeVar

from mipriv.errors import ParameterError, require

_Part = TypeVar("_Part")
_INFINITE = "infinite"


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
        _finite(value=self.value, lower=self.lower, upper=self.upper)
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
        _texts(name=self.name)
        _finite(value=self.value)
        _one_of(Better, better=self.better)
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
        _texts(name=self.name, level=self.level)


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
        _finite(utility=self.utility)
        _figures(self.metrics)


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
        _finite(lower=self.lower, upper=self.upper)
        require(self.lower <= self.upper, must="be at most upper", lower=self.lower)
        _texts(method=self.method)
        _one_of(Kind, kind=self.kind)
        object.__setattr__(self, "kind", Kind(self.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """An upper bound on any attack's success, from the information that an answer carries.

    Source: theory.md, Theorems 10 and 11.
    """

    value: float
    method: str

    def __post_init__(self) -> None:
        _finite(value=self.value)
        _texts(method=self.method)


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
                _finite(**{name: end})
        ordered = self.lower <= self.value <= self.upper
        require(ordered, must="be lower <= value <= upper", lower=self.lower, value=self.value)
        _texts(method=self.method)
        require(type(self.bound) is bool, must="be true or false", bound=self.bound)

    def to_json(self) -> dict[str, Any]:
        """As JSON: an infinite number is null, and `infinite` says so."""
        found = asdict(self)
        endless = [name for name in ("value", "lower", "upper") if found[name] == inf]
        return found | dict.fromkeys(endless) | ({_INFINITE: True} if endless else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The same setting on the selection records, which no test measure uses."""

    utility: float
    attack: float

    def __post_init__(self) -> None:
        _finite(utility=self.utility, attack=self.attack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One setting of one defence in one replicate of a panel.

    Attributes:
        panel: what is compared, one name for all that can be compared.
        defence: its name.
        setting: of the defence, in words; the same in every replicate.
        replicate: >= 0; all defences of one replicate have the same split of the data.
        utility: on test records.
        attack: of the strongest level, on records of the population.
        attacks: of every level.
        base: the best success without any model.
        role: of the defence.
        train: on the training records; None if not measured.
        bayes: the best possible attack; None if nothing is known of it.
        bound: from the information; None if there is none.
        information: of an answer; None if it was not read.
        epsilon: of differential privacy, as accounted; None without.
        selection: on the selection records; None if not measured.  Where a panel has it, the
            settings that a defence would use are chosen by it.
        metrics: further figures of the strongest level, or of the model, by name.
    """

    panel: str
    defence: str
    setting: str
    replicate: int
    utility: Utility
    attack: Attack
    attacks: Mapping[str, Ends]
    base: float
    role: Role
    train: Train | None = None
    bayes: Bayes | None = None
    bound: Bound | None = None
    information: Information | None = None
    epsilon: float | None = None
    selection: Selection | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _texts(panel=self.panel, defence=self.defence)
        require(isinstance(self.setting, str), must="be a text", setting=self.setting)
        valid = type(self.replicate) is int and self.replicate >= 0
        require(valid, must="be a whole number >= 0", replicate=self.replicate)
        _finite(base=self.base)
        _figures(self.metrics)
        _one_of(Role, role=self.role)
        object.__setattr__(self, "role", Role(self.role))
        strongest, mine = self.attacks.get(self.attack.level), self.attack
        same = strongest == Ends(value=mine.value, lower=mine.lower, upper=mine.upper)
        require(same, must="be one of attacks, with its numbers", level=mine.level)
        if self.epsilon is not None:
            _finite(epsilon=self.epsilon)
            require(self.epsilon >= 0, must="be >= 0", epsilon=self.epsilon)

    @property
    def cost(self) -> float:
        """The utility, turned so that less is better."""
        return self.utility.cost(self.utility.value)

    @property
    def selected(self) -> tuple[float, float] | None:
        """Cost and attack on the selection records; None if not measured."""
        found = self.selection
        return None if found is None else (self.utility.cost(found.utility), found.attack)

    @property
    def gain(self) -> float:
        """(success - base)/(1 - base); 0 if nothing is left to gain.

        Source: theory.md, section 1, the inversion game.
        """
        return gain(self.attack.value, self.base)

    def to_json(self) -> dict[str, Any]:
        """The point as a JSON object, which `from_json` reads back."""
        found = asdict(self)
        if self.information is not None:
            found["information"] = self.information.to_json()
        for part, name in ((found, "selection"), (found, "metrics"), (found["train"], "metrics")):
            if part is not None and not part[name]:
                del part[name]
        # through JSON: enumerations become the texts they are
        plain: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
        return plain

    @classmethod
    def from_json(cls, found: object) -> Point:
        """Read a point.

        Raises:
            ParameterError: it is none; the message says why.
        """
        given = _table(cls, found, "measures")
        given["utility"] = _part(Utility, given["utility"], "utility")
        given["attack"] = _part(Attack, given["attack"], "attack")
        levels = given["attacks"]
        require(isinstance(levels, Mapping), must="be a table by level", attacks=levels)
        given["attacks"] = {name: _part(Ends, one, name) for name, one in levels.items()}
        for name, part in (("bayes", Bayes), ("bound", Bound), ("selection", Selection)):
            if given.get(name) is not None:
                given[name] = _part(part, given[name], name)
        if given.get("train") is not None:
            train = _table(Train, given["train"], "train")
            attack = _part(Attack, train["attack"], "train attack")
            given["train"] = Train(**(train | {"attack": attack}))
        if given.get("information") is not None:
            given["information"] = _information(given["information"])
        return cls(**given)


def gain(success: float, base: float) -> float:
    """What a success is above the best guess without a model, as a share of all that could be."""
    return (success - base) / (1 - base) if base != 1 else 0.0


def checked(found: object) -> dict[str, Any]:
    """Return the measures of a cell if they are a JSON object with finite numbers.

    Those with a panel are a point of a trade-off, and must be a whole one.

    Raises:
        ParameterError: they are not.
    """
    if not isinstance(found, Mapping):
        raise ParameterError(f"measures={type(found).__name__}: must be a table")
    given = dict(found)
    try:
        same = json.loads(json.dumps(given, allow_nan=False)) == given
    except (TypeError, ValueError, RecursionError):
        same = False
    require(same, must="hold nothing but JSON with finite numbers", measures=given)
    if "panel" in given:
        Point.from_json(given)
    return given


def _information(found: object) -> Information:
    rest = dict(found) if isinstance(found, Mapping) else found
    endless = rest.pop(_INFINITE, False) if isinstance(rest, dict) else False
    given = _table(Information, rest, "information")
    missing = [name for name in ("value", "lower", "upper") if given[name] is None]
    rule = "be true just where a number is null"
    require(endless is bool(missing), must=rule, infinite=endless)
    return _built(Information, given | dict.fromkeys(missing, inf), "information")


def _table(part: type[Any], found: object, name: str) -> dict[str, Any]:
    """A mapping with a part's names; those with a default may be left out."""
    need = {one.name for one in fields(part) if one.default is one.default_factory is MISSING}
    every = {one.name for one in fields(part)}
    if isinstance(found, Mapping) and need <= set(found) <= every:
        return dict(found)
    shown = sorted(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
    raise ParameterError(f"{name}={shown}: must be a table of {', '.join(sorted(every))}")


def _part(part: type[_Part], found: object, name: str) -> _Part:
    return _built(part, _table(part, found, name), name)


def _built(part: type[_Part], given: dict[str, Any], name: str) -> _Part:
    try:
        return part(**given)
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None


def _finite(**named: object) -> None:
    for name, value in named.items():
        number = isinstance(value, int | float) and type(value) is not bool and isfinite(value)
        require(number, must="be a finite number", **{name: value})


def _figures(metrics: object) -> None:
    table = isinstance(metrics, Mapping) and all(isinstance(name, str) for name in metrics)
    require(table, must="be a table of numbers by name", metrics=metrics)
    _finite(**dict(metrics))  # type: ignore[call-overload]  # a mapping, as was just seen


def _texts(**named: object) -> None:
    for name, value in named.items():
        require(isinstance(value, str) and bool(value), must="be a text", **{name: value})


def _one_of(kinds: type[StrEnum], **named: object) -> None:
    for name, value in named.items():
        require(value in list(kinds), must=f"be one of {', '.join(kinds)}", **{name: value})
