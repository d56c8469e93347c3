"""How often a defence against its own copy comes out a tie, as it must 95 times in 100.

A copy has the same truth and other noise: the two could be exchanged in each replicate, so that the
test's level is proved, and the measured rate has to agree.  A copy with fewer settings is compared
too: its frontier is the same straight line, so that nothing but noise tells the two apart.  Only the
measures are drawn here; frontiers, test and level are those of every campaign.  The control chooses
settings on the measures that it then judges, and must be caught at calling more settings better.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mipriv.errors import ParameterError
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import proportion
from verification.frontier import paired
from verification.measures import Point
from verification.parts import Attack, Better, Ends, Role, Selection, Utility
from verification.tradeoff import LEVEL

if TYPE_CHECKING:
    from numpy.random import Generator

STORE = Path(__file__).with_suffix(".json")
CLAIMED = 1 - float(LEVEL)  # least share of ties
COPY, FEWER = "its own copy", "its own curve with fewer settings"
SELECTION, NOTHING, TEST = "selection records", "nothing", "the test records"
_CONFIDENCE = "0.99"  # of the measured rates
_BEST, _WORST = (0.0, 0.6), (1.0, 0.2)  # cost and attack at the ends of the straight line


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is simulated.

    Attributes:
        repeats: comparisons of each kind.
        replicates: in a comparison.
        settings: of the defence, the end points apart.
        fewer: of the copy that has fewer.
        attack_noise, utility_noise: standard deviations of a measure about its truth.
        rough_noise: of the utility in rough cases: near the distance of neighbours.
        spread: standard deviation of what all measures of a replicate have in common.
        seed: of all draws.
    """

    repeats: int = 4000
    replicates: int = 10
    settings: int = 7
    fewer: int = 1
    attack_noise: float = 0.02
    utility_noise: float = 0.01
    rough_noise: float = 0.1
    spread: float = 0.03
    seed: int = 0


DESIGN = Design()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is compared.

    Attributes:
        rival: COPY or FEWER.
        chosen_on: what chooses the settings: SELECTION, NOTHING, or TEST.
        rough: whether utilities are so noisy that neighbours change places.
    """

    rival: str
    chosen_on: str
    rough: bool = False

    @property
    def control(self) -> bool:
        """Whether it goes wrong on purpose."""
        return self.chosen_on == TEST


CASES = (
    Case(rival=COPY, chosen_on=SELECTION),
    Case(rival=COPY, chosen_on=NOTHING),
    Case(rival=FEWER, chosen_on=SELECTION),
    Case(rival=FEWER, chosen_on=NOTHING),
    Case(rival=COPY, chosen_on=SELECTION, rough=True),
    Case(rival=FEWER, chosen_on=SELECTION, rough=True),
    Case(rival=FEWER, chosen_on=TEST),
)


def proved(replicates: int) -> float:
    """The chance of a tie with a copy whose measures have a continuous law.

    All 2^R patterns of signs are then equally likely and no two sums alike but for the sign, so the
    p-value is at most k/2^(R-1) with exactly that chance.
    """
    patterns = 1 << (replicates - 1)
    refused = int((exact(LEVEL, "level") * patterns).floor())
    return 1 - refused / patterns


def ties(design: Design) -> list[dict[str, Any]]:
    """How many comparisons of each case are ties, and where the rate lies."""
    import numpy as np

    rows = []
    for place, case in enumerate(CASES):
        rng = np.random.default_rng([design.seed, place])
        count = sum(_tied(design, case, rng) for _ in range(design.repeats))
        ends = proportion(hits=count, trials=design.repeats, confidence=_CONFIDENCE)
        rows.append(
            {
                "rival": case.rival,
                "chosen_on": case.chosen_on,
                "rough": case.rough,
                "control": case.control,
                "repeats": design.repeats,
                "ties": count,
                "proved": proved(design.replicates) if case.rival == COPY else None,
                "rate": {"lower": ends.lower, "upper": ends.upper},
            }
        )
    return rows


def _tied(design: Design, case: Case, rng: Generator) -> bool:
    """One comparison: whether it is a tie."""
    fewer = design.fewer if case.rival == FEWER else design.settings
    sides: tuple[dict[int, list[Point]], ...] = ({}, {}, {})
    for replicate in range(design.replicates):
        common = design.spread * rng.standard_normal(2)
        for side, name, count in ((0, "mid", design.settings), (1, "copy", fewer)):
            share = [(i + 1) / (count + 1) for i in range(count)]
            sides[side][replicate] = _points(name, share, replicate, common, design, case, rng)
        sides[2][replicate] = _points("free", [0.0, 1.0], replicate, common, design, case, rng)
    found = paired(*sides)
    p_value = None if found is None else found.p_value
    return p_value is None or exact(p_value, "p_value") > exact(LEVEL, "level")


def _points(
    name: str,
    shares: list[float],
    replicate: int,
    common: Any,
    design: Design,
    case: Case,
    rng: Generator,
) -> list[Point]:
    """Settings at these shares of the way from the best utility to the worst."""
    found = []
    for share in shares:
        truth = [(1 - share) * a + share * b for a, b in zip(_BEST, _WORST, strict=True)]
        sizes = (design.rough_noise if case.rough else design.utility_noise, design.attack_noise)
        noise = [size * rng.standard_normal(2) for size in sizes]
        (cost, attack), chosen = (
            [float(t + c + n[turn]) for t, c, n in zip(truth, common, noise, strict=True)]
            for turn in (0, 1)
        )
        if case.chosen_on == TEST:
            chosen = [cost, attack]
        found.append(
            Point(
                panel="study",
                defence=name,
                setting=str(share),
                replicate=replicate,
                utility=Utility(name="cost", value=cost, better=Better.LOW),
                attack=Attack(name="a", value=attack, lower=attack, upper=attack, level="one"),
                attacks={"one": Ends(value=attack, lower=attack, upper=attack)},
                base=_WORST[1],
                role=Role.MID,
                selection=None
                if case.chosen_on == NOTHING
                else Selection(utility=chosen[0], attack=chosen[1]),
            )
        )
    return found


@click.command("ties")
@click.option("--repeats", type=click.IntRange(min=1), default=DESIGN.repeats, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=DESIGN.seed, show_default=True)
@click.option("--store", is_flag=True, help=f"write the results to {STORE.name}")
def command(repeats: int, seed: int, store: bool) -> int:
    """Measure how often a defence against its own copy is a tie.

    Exit code 1 if a measured rate proves that it is below what is stated, or the control is not
    caught.
    """
    design = Design(repeats=repeats, seed=seed)
    rows = ties(design)
    for line in _said(rows):
        click.echo(line)
    if store:
        found = {"design": asdict(design), "claimed": CLAIMED, "cases": rows}
        STORE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    # below what is stated: a fault, but for the control, which must be there
    return 1 if any((row["rate"]["upper"] < CLAIMED) != row["control"] for row in rows) else 0


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


def _said(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        low, high = row["rate"]["lower"], row["rate"]["upper"]
        stated = "must be caught" if row["control"] else f"stated at least {CLAIMED}"
        rough = ", utilities rough" if row["rough"] else ""
        yield (
            f"{row['ties']} of {row['repeats']} comparisons with {row['rival']}, settings chosen on"
            f" {row['chosen_on']}{rough}, are ties: a rate in [{low:.4f}, {high:.4f}] at confidence"
            f" {_CONFIDENCE}, {stated}"
        )
