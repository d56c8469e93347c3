"""What a trade-off cell measures: one setting of one defence, in one replicate.

The contract between whoever plays such a cell and whoever compares and draws it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from math import inf
from typing import Any, TypeVar

from mipriv.errors import ParameterError, require
from verification.parts import (
    INFINITE,
    Attack,
    Bayes,
    Bound,
    Ends,
    Information,
    Role,
    Selection,
    Train,
    Utility,
    figures,
    finite,
    one_of,
    texts,
)

_Part = TypeVar("_Part")


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
        texts(panel=self.panel, defence=self.defence)
        require(isinstance(self.setting, str), must="be a text", setting=self.setting)
        valid = type(self.replicate) is int and self.replicate >= 0
        require(valid, must="be a whole number >= 0", replicate=self.replicate)
        finite(base=self.base)
        figures(self.metrics)
        one_of(Role, role=self.role)
        object.__setattr__(self, "role", Role(self.role))
        strongest, mine = self.attacks.get(self.attack.level), self.attack
        same = strongest == Ends(value=mine.value, lower=mine.lower, upper=mine.upper)
        require(same, must="be one of attacks, with its numbers", level=mine.level)
        if self.epsilon is not None:
            finite(epsilon=self.epsilon)
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
    endless = rest.pop(INFINITE, False) if isinstance(rest, dict) else False
    given = _table(Information, rest, "information")
    missing = [name for name in ("value", "lower", "upper") if given[name] is None]
    rule = "be true just where a number is null"
    require(endless is bool(missing), must=rule, infinite=endless)
    return _built(Information, given | dict.fromkeys(missing, inf), "information")


def _table(part: type[Any], found: object, name: str) -> dict[str, Any]:
    """A mapping with a part's names; those with a default may be left out."""
    need, every = _names(part)  # type: ignore[arg-type]  # a class is hashable
    if isinstance(found, Mapping) and need <= set(found) <= every:
        return dict(found)
    shown = sorted(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
    raise ParameterError(f"{name}={shown}: must be a table of {', '.join(sorted(every))}")


@cache
def _names(part: type[Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Of what a part must have, and of all that it may have."""
    every = fields(part)
    need = (one.name for one in every if one.default is one.default_factory is MISSING)
    return frozenset(need), frozenset(one.name for one in every)


def _part(part: type[_Part], found: object, name: str) -> _Part:
    return _built(part, _table(part, found, name), name)


def _built(part: type[_Part], given: dict[str, Any], name: str) -> _Part:
    try:
        return part(**given)
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None
