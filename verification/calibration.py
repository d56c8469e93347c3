"""How often the verdict is wrong: false alarms over null campaigns, and power against effect size.

A null campaign is the hardest there is: in every cell the attacker reaches exactly what the theory
allows.  Only the trials are drawn here; intervals and verdicts are those of every campaign.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import inf, nextafter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flint import fmpq

from mipriv.errors import ParameterError
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import outward, proportion
from verification.outcome import Observed, Theory
from verification.verdict import violated

if TYPE_CHECKING:
    from numpy.random import Generator

STORE = Path(__file__).with_suffix(".json")
SIGNIFICANCE = "0.05"  # of a campaign: large, so that alarms can be counted
POWER_LEVEL = "0.0005"  # of a cell: 0.01 shared among twenty
BOUNDS = ("0.1", "0.5", "0.9")
KINDS = ("success", "advantage")
EFFECTS = ("1", "1.01", "1.02", "1.05", "1.1")
_CONFIDENCE = "0.99"  # of the measured rates
_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is simulated.

    Attributes:
        campaigns: null campaigns.
        copies: cells of each bound and kind in a campaign.
        trials: of a cell in a campaign.
        repeats: cells simulated for each point of the power curves.
        power_trials: of those cells.
        seed: of all draws.
    """

    campaigns: int = 2000
    copies: int = 4
    trials: int = 1000
    repeats: int = 400
    power_trials: tuple[int, ...] = (1_000, 10_000, 100_000)
    seed: int = 0


DESIGN = Design()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Cells that are alike.

    Attributes:
        kind: what is measured: the chance of success, or the advantage at even odds.
        bound: what the theory allows.
        effect: what the attacker reaches over that; 1 where the theory is right.
        trials: of a cell.
        level: chance that its interval misses.
    """

    kind: str
    bound: str
    effect: str
    trials: int
    level: fmpq

    def flags(self, repeats: int, rng: Generator) -> list[bool]:
        """Whether each of some simulated cells is flagged."""
        truth = exact(self.bound, "bound") * exact(self.effect, "effect")
        chance = (1 + truth) / 2 if self.kind == "advantage" else truth
        counts = rng.binomial(self.trials, int(chance.p) / int(chance.q), repeats)
        return [_flagged(replace(self, effect="1"), int(hits)) for hits in counts]


@cache
def _flagged(null: Point, hits: int) -> bool:
    """The verdict on a cell with so many right guesses, as `verification.trials` measures it."""
    found = proportion(hits=hits, trials=null.trials, confidence=1 - null.level)
    lower, upper = found.lower, found.upper
    if null.kind == "advantage":
        lower, upper = nextafter(2 * lower - 1, -inf), nextafter(2 * upper - 1, inf)
    allowed = outward(exact(null.bound, "bound"))
    theory = Theory(lower=allowed.lower, upper=allowed.upper, method="what is true")
    return violated(theory, Observed(lower=lower, upper=upper, exact=False, trials=null.trials))


def false_alarms(design: Design, *, shared: bool = True) -> dict[str, Any]:
    """Null campaigns with any cell flagged; the true rate is at most the significance.

    Args:
        design: what is simulated.
        shared: whether the cells share the significance, as they must; False shows that the count
            notices where they do not.
    """
    import numpy as np

    rng = np.random.default_rng(design.seed)
    kinds = [(kind, bound) for kind in KINDS for bound in BOUNDS] * design.copies
    level = exact(SIGNIFICANCE, "significance") / (len(kinds) if shared else 1)
    flagged = np.zeros(design.campaigns, dtype=bool)
    for kind, bound in kinds:
        cell = Point(kind=kind, bound=bound, effect="1", trials=design.trials, level=level)
        flagged |= np.array(cell.flags(design.campaigns, rng))
    return {
        "campaigns": design.campaigns,
        "cells": len(kinds),
        "trials": design.trials,
        "significance": float(SIGNIFICANCE),
        **_rate("alarms", int(flagged.sum()), design.campaigns),
    }


def power(design: Design) -> list[dict[str, Any]]:
    """How often a cell is flagged whose attacker exceeds the theory by a factor, over trials."""
    import numpy as np

    rng = np.random.default_rng(design.seed + 1)
    level = exact(POWER_LEVEL, "level")
    rows = []
    for kind in KINDS:
        for bound in BOUNDS:
            for trials in design.power_trials:
                for effect in EFFECTS:
                    cell = Point(kind=kind, bound=bound, effect=effect, trials=trials, level=level)
                    caught = sum(cell.flags(design.repeats, rng))
                    rows.append(
                        {
                            "kind": kind,
                            "bound": float(bound),
                            "trials": trials,
                            "effect": float(effect),
                            "level": float(POWER_LEVEL),
                            "repeats": design.repeats,
                            **_rate("caught", caught, design.repeats),
                        }
                    )
    return rows


@click.command("false-alarms")
@click.option(
    "--campaigns", type=click.IntRange(min=1), default=DESIGN.campaigns, show_default=True
)
@click.option("--seed", type=click.IntRange(min=0), default=DESIGN.seed, show_default=True)
@click.option("--power/--no-power", "with_power", default=True, help="power curves, too: minutes")
@click.option("--store", is_flag=True, help=f"write the results to {STORE.name}")
def command(campaigns: int, seed: int, with_power: bool, store: bool) -> int:
    """Measure the verdict's false alarms, and its power against effect size.

    Exit code 1 if the measured rate proves that it is above the stated significance.
    """
    if store and not with_power:
        raise click.UsageError("--store takes no --no-power: all stored results come from one run")
    design = Design(campaigns=campaigns, seed=seed)
    alarms = false_alarms(design)
    click.echo(_said(alarms))
    rows = power(design) if with_power else []
    for line in _table(rows):
        click.echo(line)
    if store:
        found = {"design": asdict(design), "false_alarms": alarms, "power": rows}
        STORE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 1 if alarms["rate"]["lower"] > alarms["significance"] else 0


def stored() -> dict[str, Any]:
    """The stored results.

    Raises:
        ParameterError: there are none.
    """
    try:
        found: dict[str, Any] = json.loads(STORE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ParameterError(f"{STORE.name}: must be a file that --store wrote") from None
    return found


def _said(alarms: dict[str, Any]) -> str:
    low, high = alarms["rate"]["lower"], alarms["rate"]["upper"]
    return (
        f"{alarms['alarms']} of {alarms['campaigns']} null campaigns of {alarms['cells']} cells raise"
        f" an alarm: a rate in [{low:.4f}, {high:.4f}] at confidence {_CONFIDENCE},"
        f" stated at most {alarms['significance']}"
    )


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Share of cells that are caught: a row for each kind, bound and number of trials."""
    if not rows:
        return
    yield "kind       bound   trials " + "".join(f"{f'x {effect}':>8}" for effect in EFFECTS)
    for start in range(0, len(rows), len(EFFECTS)):
        group = rows[start : start + len(EFFECTS)]
        shares = "".join(f"{row['caught'] / row['repeats']:8.3f}" for row in group)
        first = group[0]
        yield f"{first['kind']:10} {first['bound']:5} {first['trials']:8} {shares}"


def _rate(name: str, count: int, of: int) -> dict[str, Any]:
    ends = proportion(hits=count, trials=of, confidence=_CONFIDENCE)
    return {name: count, "rate": {"lower": ends.lower, "upper": ends.upper}}
