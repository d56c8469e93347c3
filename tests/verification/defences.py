"""A campaign of defences whose curves are known: points of a trade-off, drawn in no time.

`play` is what a campaign imports; the rest is what tests build points from.
"""

from __future__ import annotations

from random import Random
from typing import Any

from verification.cell import Cell, Control
from verification.measures import Point
from verification.outcome import Observed, Outcome, Theory
from verification.parts import Attack, Better, Ends, Role, Selection, Utility

PLAY = "tests.verification.defences:play"
BASE, WHOLE = 0.2, 0.6  # attack without a model, and on the model without a defence
_ROLES = {
    "MID": Role.MID,
    "DP": Role.DP,
    "rounding": Role.BASELINE,
    "none": Role.UNDEFENDED,
    "constant": Role.CONSTANT,
}

CAMPAIGN = f"""
title = "Defences"
description = "Curves that are known"
significance = 0.01
control_level = 0.01
play = "{PLAY}"

[tightness]
MID = [0, 1]
DP = [0, 1]
rounding = [0, 1]
none = [0, 1]
constant = [0, 1]

[[cells]]
learner = [
  {{name = "MID", share = [0.2, 0.4, 0.6, 0.8]}},
  {{name = "DP", share = [0.25, 0.5, 0.75]}},
  {{name = "rounding", share = [0.3, 0.7]}},
  {{name = "none", share = 0}},
  {{name = "constant", share = 1}},
]
population = {{name = "line"}}
n = 1
panel = ["regression", "tree"]
replicate = [0, 1, 2, 3, 4, 5, 6, 7]

[[controls]]
kind = ["noise-too-small", "theory-scaled"]
must = "caught"
learner = {{name = "MID", share = 0}}
population = {{name = "line"}}
n = 1
panel = "regression"
replicate = 0

[[controls]]
kind = "shuffled"
must = "not flagged"
learner = {{name = "MID", share = 0}}
population = {{name = "line"}}
n = 1
panel = "regression"
replicate = 0
"""
CELLS = 2 * 8 * 11


def point(
    cost: float,
    attack: float,
    *,
    defence: str = "mid",
    role: Role = Role.MID,
    half: float = 0.0,
    selection: tuple[float, float] | None = None,
    **changed: Any,
) -> Point:
    """A point with one level of attack, whose interval is `half` to each side."""
    ends = {"value": attack, "lower": attack - half, "upper": attack + half}
    given: dict[str, Any] = {
        "panel": "panel",
        "defence": defence,
        "setting": f"cost={cost}",
        "replicate": 0,
        "utility": Utility(name="error", value=cost, better=Better.LOW),
        "attack": Attack(name="success", level="naive", **ends),
        "attacks": {"naive": Ends(**ends)},
        "base": 0.1,
        "role": role,
    }
    if selection is not None:
        given["selection"] = Selection(utility=selection[0], attack=selection[1])
    return Point(**given | changed)


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """A setting on the curve of its defence: MID's is below the straight line, DP's is the line.

    The regression panel has all that a point may have, the tree panel the least.
    """
    theory = Theory(lower=WHOLE, upper=WHOLE, method="no defence")
    if cell.control is not None:
        seen = WHOLE * (1.1 if cell.control == Control.NOISE_TOO_SMALL else 1.0)
        seen = BASE if cell.control == Control.SHUFFLED else seen
        found = Observed(lower=seen, upper=seen, exact=True, trials=0)
        return Outcome(theory=theory, observed=found)
    measured = _measured(cell, Random(f"{seed} {cell.canonical()}"))
    success = measured["attack"]
    observed = Observed(
        lower=min(success["lower"], WHOLE), upper=success["upper"], exact=True, trials=0
    )
    return Outcome(theory=theory, observed=observed, measures=measured)


def _measured(cell: Cell, noise: Random) -> dict[str, Any]:
    name = cell.learner["name"]
    share = float(cell.learner["share"])
    low = 0.12 * share * (1 - share) if name == "MID" else 0.0
    replicate = cell.parameters["replicate"]
    common = Random(replicate)  # what all defences of a replicate share
    shift = [0.01 * common.gauss() for _ in range(2)]
    success = (1 - share) * WHOLE + share * BASE - low + shift[0] + 0.002 * noise.gauss()
    accuracy = 0.9 - 0.4 * share + shift[1] + 0.002 * noise.gauss()
    attack = {"value": success, "lower": success - 0.01, "upper": success + 0.01}
    trained = success + 0.05
    endless = share == 0
    whole = cell.parameters["panel"] == "regression"
    information = {
        "value": None if endless else 1 - share,
        "lower": 1 - share,
        "upper": None if endless else 1.2 - share,
        "method": "closed form",
        "bound": name == "DP",
        **({"infinite": True} if endless else {}),
    }
    training = {
        "name": "share of right guesses",
        "level": "adaptive",
        "value": trained,
        "lower": trained,
        "upper": trained,
    }
    return {
        "panel": cell.parameters["panel"],
        "defence": name,
        "setting": f"share={cell.learner['share']}",
        "replicate": replicate,
        "utility": {"name": "accuracy", "value": accuracy, "better": "high"},
        "attack": {"name": "share of right guesses", "level": "adaptive", **attack},
        "attacks": {"adaptive": attack, "naive": {"value": BASE, "lower": 0.1, "upper": 0.3}},
        "train": {"attack": training, "utility": accuracy + 0.01} if whole else None,
        "base": BASE,
        "bayes": {
            "lower": BASE,
            "upper": success + 0.02,
            "kind": "exact" if whole else "ceiling",
            "method": "known curve",
        },
        "bound": {"value": success + 0.05 + share, "method": "Thm 10"},
        "information": information if whole else None,
        "epsilon": 1 / share if name == "DP" else None,
        "role": _ROLES[name],
    }
