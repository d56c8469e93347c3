"""The command `agree`: two studies of other seeds, setting by setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import click

from mipriv.errors import require
from mipriv.rigor.intervals import holm
from verification import signflip
from verification.measures import Point
from verification.report.words import counted
from verification.study.results import Study
from verification.tradeoff import LEAST, LEVEL

Key = tuple[str, str, str, str]  # panel, defence, setting, what is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of one setting, in two runs.

    Attributes:
        key: panel, defence, setting and figure.
        first, second: means over the replicates of each run.
        p_value: of the sign-flip test, replicate against replicate: of independent runs any pairing
            is right.
        holm: the same for all figures together.
    """

    key: Key
    first: float
    second: float
    p_value: float
    holm: float


def differences(first: Study, second: Study) -> list[Difference]:
    """Of attack and utility, wherever both runs have replicates enough.

    Raises:
        ParameterError: they share no such setting.
    """
    ours, theirs = dict(_figures(first)), dict(_figures(second))
    keys = [key for key in ours if key in theirs]
    require(bool(keys), must=f"share settings of {LEAST} replicates or more", settings=len(keys))
    pairs = [list(zip(ours[key], theirs[key], strict=False)) for key in keys]
    raw = [signflip.p_value([a - b for a, b in each]) for each in pairs]
    return [
        Difference(
            key=key,
            first=fmean(a for a, _ in each),
            second=fmean(b for _, b in each),
            p_value=p,
            holm=together,
        )
        for key, each, p, together in zip(keys, pairs, raw, holm(raw), strict=True)
    ]


def _figures(study: Study) -> Iterator[tuple[Key, list[float]]]:
    for played in study.played:
        for panel in played.panels:
            for one in panel.settings:
                points: list[Point] = sorted(one.points, key=lambda point: point.replicate)
                if len(points) >= LEAST:
                    name = (panel.name, one.defence, one.name)
                    yield (*name, "attack"), [point.attack.value for point in points]
                    yield (*name, "utility"), [point.utility.value for point in points]


@click.command("agree")
@click.argument("first", type=click.Path(file_okay=False, path_type=Path))
@click.argument("second", type=click.Path(file_okay=False, path_type=Path))
def agree(first: Path, second: Path) -> int:
    """Whether two full studies, of other seeds, agree within chance.

    Exit code 0 if no figure of any setting is shown to differ, 1 if some are; the chance of a false
    alarm is at most one in twenty for all of them together.
    """
    found = differences(Study.of(first), Study.of(second))
    apart = [one for one in found if one.holm <= float(LEVEL)]
    small = sum(one.p_value <= float(LEVEL) for one in found)
    click.echo(
        f"{counted(len(found), 'figure')}: {counted(len(apart), 'is', 'are')} shown to differ; "
        f"alone, without regard to the others, {small} would be, {float(LEVEL) * len(found):.0f} "
        "being what chance makes at most"
    )
    for one in apart:
        click.echo(f"{', '.join(one.key)}: {one.first:.4f} and {one.second:.4f}, {one.holm:.3g}")
    return 1 if apart else 0
