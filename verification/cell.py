"""A cell of a campaign: one learner, population, number of records and attacker, and its names.

A cell is JSON.  Decimals are kept as strings, which say exactly what was written; the learners
read them so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from mipriv.errors import ParameterError, require

_SEED_BITS = 52  # a whole number that any reader of JSON keeps
_HASH_DIGITS = 20  # 80 bits: among 10^6 cells two share a name with chance below 10^-12


class Control(StrEnum):
    """What is wrong on purpose in a control cell, by `parameters["factor"]` where it has one.

    NOISE_TOO_SMALL: the learner adds `factor` times the noise that its claim is computed from.
    THEORY_SCALED: the cell is played as it stands; the runner multiplies the theory by `factor`.
    SHUFFLED: the learner's outputs are dealt out again without regard to the secret, and the
        theory is what an attacker reaches that sees nothing (0 for an advantage, the largest prior
        for a success): it is then met with equality, and a flag is a false alarm.
    """

    NOISE_TOO_SMALL = "noise-too-small"
    THEORY_SCALED = "theory-scaled"
    SHUFFLED = "shuffled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One learner x population x n x attacker.

    Attributes:
        campaign: the campaign's name.
        learner: its parameters; has "name".
        population: its parameters; has "name".
        n: records that change with the secret, or that a model is trained on, >= 1.
        parameters: of the game and the attacker; "trials" (whole, >= 1) makes it Monte Carlo.
        control: None, or what is wrong on purpose.
    """

    campaign: str
    learner: Mapping[str, Any]
    population: Mapping[str, Any]
    n: int
    parameters: Mapping[str, Any]
    control: str | None = None

    def __post_init__(self) -> None:
        for side in ("learner", "population"):
            found = getattr(self, side)
            named = isinstance(found, Mapping) and isinstance(found.get("name"), str)
            require(named, must="be a table with a name", **{side: found})
        require(type(self.n) is int and self.n >= 1, must="be a whole number >= 1", n=self.n)
        trials = self.parameters.get("trials", 0)
        rule = "be a whole number >= 0"
        require(type(trials) is int and trials >= 0, must=rule, trials=trials)
        kinds = [None, *Control]
        require(self.control in kinds, must=f"be one of {', '.join(Control)}", control=self.control)
        self.canonical()

    @property
    def exact(self) -> bool:
        """Whether the attacker's success is computed rather than measured by trials."""
        return "trials" not in self.parameters or bool(self.parameters["trials"] == 0)

    def content(self) -> dict[str, Any]:
        """The cell as a JSON object."""
        return {
            "campaign": self.campaign,
            "learner": dict(self.learner),
            "population": dict(self.population),
            "n": self.n,
            "parameters": dict(self.parameters),
            "control": self.control,
        }

    def canonical(self) -> str:
        """The cell as JSON text, one for each content.

        Raises:
            ParameterError: it holds something that JSON does not.
        """
        return canonical(self.content())

    def seed(self, root: int) -> int:
        """Seed of this cell's draws: spawned from the campaign's, whatever else is in it.

        It depends neither on the level nor on the sources, so that a change of either is compared
        on the same draws.  Cells with a `replicate` share the seed of their replicate, whatever
        their learner: they are compared on the same records.
        """
        content = self.content()
        if "replicate" in self.parameters:
            content = {key: content[key] for key in ("campaign", "population", "n")}
            content["replicate"] = self.parameters["replicate"]
        digest = sha256(canonical([root, content]).encode()).digest()
        return int.from_bytes(digest[:8], "big") >> (64 - _SEED_BITS)

    def name(self, *, root: int, level: float, sources: str) -> str:
        """Content hash, in hexadecimal, of all that the cell's result depends on.

        Args:
            root: the campaign's seed.
            level: chance that the interval misses, as the cell is played at.
            sources: hash of the source files.
        """
        text = canonical([self.content(), root, level, sources])
        return sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def canonical(value: object) -> str:
    """JSON text of a value, one for each content: keys sorted, no spaces.

    Raises:
        ParameterError: it holds something that JSON does not.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"cell: must be JSON: {error}") from None
    return text
