"""The command `agree`: two studies of other seeds, setting by setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import click
import numpy as np
from numpy.typing import NDArray

from mipriv.errors import require
from mipriv.rigor.intervals import holm
from verification.measures import Point
from verification.report.words import counted
from verification.study.results import Study
from verification.tradeoff import LEAST, LEVEL

Key = tuple[str, str, str, str]  # panel, defence, setting, what is measured
Array = NDArray[np.float64]

_DEALS = 99_999  # of the replicates to two runs; hundreds of p-values can pass Holm's rule
_BLOCK = 5_000  # deals held at once
_SLACK = 1e-9  # of the values' size: means that roundings could have parted count as equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of one setting, in two runs.

    Attributes:
        key: panel, defence, setting and figure.
        first, second: means over the replicates of each run.
        p_value: of the two-sample permutation test: the share of ways to deal the replicates of
            both runs to two runs whose means lie as far apart, the seen one counted among them.
        holm: the same for all figures together.
    """

    key: Key
    first: float
    second: float
    p_value: float
    holm: float


def differences(first: Study, second: Study) -> list[Difference]:
    """Of attack and utility, wherever both runs have replicates enough.

    Under the hypothesis that both runs draw from the same law, all replicates of a setting could
    have changed places.  The deals are drawn at random, the same for all figures; with the seen one
    among them each p-value is valid whatever the number of deals.

    Raises:
        ParameterError: they share no such setting, or have the same seed.

    Source: Fisher 1935; Phipson and Smyth 2010 (drawn permutations).
    """
    for name, seed in first.seeds.items():
        same = seed is not None and second.seeds.get(name) == seed
        require(not same, must=f"differ between the studies, of {name}", seed=seed)
    ours, theirs = dict(_figures(first)), dict(_figures(second))
    keys = [key for key in ours if key in theirs]
    require(bool(keys), must=f"share settings of {LEAST} replicates or more", settings=len(keys))
    raw = [0.0] * len(keys)
    for sizes in {(len(ours[key]), len(theirs[key])) for key in keys}:
        of = [i for i, key in enumerate(keys) if (len(ours[key]), len(theirs[key])) == sizes]
        pooled = np.array([ours[keys[i]] + theirs[keys[i]] for i in of])
        for i, p in zip(of, _p_values(pooled, sizes[0]), strict=True):
            raw[i] = float(p)
    return [
        Difference(
            key=key, first=fmean(ours[key]), second=fmean(theirs[key]), p_value=p, holm=together
        )
        for key, p, together in zip(keys, raw, holm(raw), strict=True)
    ]


def _p_values(pooled: Array, ours: int) -> Array:
    """Two-sided, one for each row of replicates, the first `ours` of which are of the first run."""
    number = pooled.shape[1]
    rng = np.random.default_rng(0)
    centred = pooled - pooled.mean(axis=1, keepdims=True)
    slack = _SLACK * np.abs(pooled).max(axis=1)
    # of centred values the sum of the first run's says how far apart the means are
    seen = np.abs(centred[:, :ours].sum(axis=1)) - slack
    far = np.ones(len(pooled))
    for start in range(0, _DEALS, _BLOCK):
        size = min(_BLOCK, _DEALS - start)
        deals = rng.permuted(np.tile(np.arange(number) < ours, (size, 1)), axis=1)
        far += (np.abs(centred @ deals.T) >= seen[:, None]).sum(axis=1)
    return far / (_DEALS + 1)


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
    studies = Study.of(first), Study.of(second)
    found = differences(*studies)
    alone = len(set.symmetric_difference(*(set(dict(_figures(one))) for one in studies)))
    apart = [one for one in found if one.holm <= float(LEVEL)]
    small = sum(one.p_value <= float(LEVEL) for one in found)
    click.echo(
        f"{counted(len(found), 'figure')}: {counted(len(apart), 'is', 'are')} shown to differ; "
        f"alone, without regard to the others, {small} would be, where chance makes at most "
        f"{float(LEVEL) * len(found):.0f} on average; {alone} are in one of them alone, or have too "
        "few replicates there"
    )
    for one in apart:
        click.echo(f"{', '.join(one.key)}: {one.first:.4f} and {one.second:.4f}, {one.holm:.3g}")
    return 1 if apart else 0
