"""Who attacks in a cell: the adversaries by the name of their kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mipriv.attack.inversion.levels import Adversary
from mipriv.errors import require
from verification.inversion.lines import Asked
from verification.inversion.records import Split
from verification.inversion.worlds import World

ADAPTIVE = "adaptive"
_KINDS = {
    ADAPTIVE: "adaptive",
    "map-linear": "map_linear",
    "map-tree": "map_tree",
    "knowledge-alignment": "alignment",
}
# how the panels of an attack of the paper begin
TITLES = {
    "map-linear": "MAP linear: ",
    "map-tree": "MAP tree: ",
    "knowledge-alignment": "Knowledge Alignment: ",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the attackers of a cell may build on.

    Attributes:
        place: where the records come from.
        model: as it was claimed to be; of a control, the honest one.
        how: how the attackers ask.
        split: of its parts attackers may use the auxiliary records.
        seed: of what they draw.
    """

    place: World
    model: Any
    how: Asked
    split: Split
    seed: int

    @property
    def queries(self) -> int:
        """Answers seen of every record."""
        return self.how.queries


def adversaries(kind: str, scene: Scene) -> list[Adversary]:
    """The adversaries of this kind, not yet fitted, each level in words.

    Raises:
        ParameterError: an unknown kind, or one that does not attack such models.
    """
    require(kind in _KINDS, must=f"be one of {', '.join(_KINDS)}", attack=kind)
    module = import_module(f"{__name__}.{_KINDS[kind]}")
    found: Callable[[Scene], list[Adversary]] = module.adversaries
    return found(scene)
