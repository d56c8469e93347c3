"""Attackers without a model, who learn from auxiliary records what the side information tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.levels import Adversary
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.inversion.regression import Regression
from mipriv.attack.inversion.table import Table
from verification.inversion.attackers import Scene
from verification.inversion.patients import PatientRecords, WarfarinWorld
from verification.inversion.worlds import GaussianWorld

Learner: TypeAlias = Table | Discriminant | Regression

NO_MODEL = "no model"  # how the names of their levels begin


@dataclass(frozen=True, kw_only=True)
class Blind:
    """An attack that hears no answer, whatever is said.

    Attributes:
        attack: what learns from the side information.
        columns: of the side information that it sees; None: all.
    """

    attack: Learner
    columns: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """For tables."""
        return f"{NO_MODEL}, {self.attack.name}"

    @property
    def knows(self) -> frozenset[str]:
        """As the attack does."""
        return self.attack.knows

    def fit(self, seen: Observation, secrets: NDArray[Any], *, model: Any = None) -> Blind:  # noqa: ARG002  # the protocol names it
        """Learn from the side information of auxiliary records.

        Args:
            seen: whose answers are not looked at.
            secrets: of each.
            model: not used.
        """
        return replace(self, attack=self.attack.fit(self._deaf(seen), secrets))

    def infer(self, seen: Observation) -> NDArray[Any]:
        """Guess of each record; shape (N,)."""
        return self.attack.infer(self._deaf(seen))

    @property
    def kinds(self) -> NDArray[Any]:
        """Value of each column of `scores`."""
        return self.attack.kinds

    def scores(self, seen: Observation) -> NDArray[np.float64]:
        """Log posterior up to a term of the record; shape (N, K)."""
        return self.attack.scores(self._deaf(seen))

    def _deaf(self, seen: Observation) -> Observation:
        side = seen.side if self.columns is None else seen.side[:, list(self.columns)]
        return Observation(answers=np.zeros((len(side), 1, 1)), side=side)


def blind(scene: Scene) -> list[Adversary]:
    """Those that suit the side information; none where there is none.

    Where the law is not known the best of them stands for the best guess without a model, and who
    guesses the most frequent secret is one of them.
    """
    place = scene.place
    if not scene.split.auxiliary.side.shape[1]:
        return []
    attacks: list[Learner]
    if isinstance(place, GaussianWorld):
        attacks = [Regression()]
    elif place.arities is not None:
        attacks = [Table(), Discriminant()]
    else:
        attacks = [Discriminant(), Discriminant(kind="quadratic")]
    found = [_level(Blind(attack=one)) for one in attacks]
    if isinstance(place, PatientRecords | WarfarinWorld) and place.filling.race is not None:
        by_race = Blind(attack=Table(), columns=place.filling.race)
        found.append(_level(by_race, f"{NO_MODEL}, by race"))
    if place.base is None:
        constant = Blind(attack=Table(), columns=())
        found.append(_level(constant, f"{NO_MODEL}, most frequent secret"))
    return found


def _level(attack: Blind, level: str = "") -> Adversary:
    return Adversary(attack=attack, queries=1, level=level or attack.name)
