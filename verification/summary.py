"""`summary.json`: what a finished campaign says, and what it was run with."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flint import fmpq

from verification.campaign import Campaign
from verification.verdict import Judgement, Line

_PACKAGES = ("mipriv", "python-flint", "numpy", "scipy", "torch", "scikit-learn", "distributed")


def as_json(
    campaign: Campaign,
    judgement: Judgement,
    lines: Sequence[Line],
    *,
    seed: int,
    sources: str,
    wall_seconds: float,
) -> str:
    """The text of `summary.json`.

    Args:
        campaign: the campaign.
        judgement: of all its lines.
        lines: one for each of its entries.
        seed: of the run.
        sources: hash of the sources that played the cells.
        wall_seconds: of the run that finished it, from its start.
    """
    cells = [entry.cell for entry in campaign.entries if entry.must is None]
    chance = [entry for entry in campaign.entries if not entry.cell.exact]
    levels = {entry.must is not None: campaign.level(entry) for entry in chance}
    summary: dict[str, Any] = {
        "campaign": campaign.name,
        "title": campaign.title,
        "description": campaign.description.strip(),
        "size": campaign.size,
        "left_out": campaign.left_out,
        "passed": judgement.passed,
        "cells": {
            "exact": sum(cell.exact for cell in cells),
            "monte_carlo": campaign.monte_carlo,
            "controls": len(campaign.entries) - len(cells),
        },
        "significance": {
            "cells": _nearest(campaign.significance),
            "each_cell": levels.get(False),
            "controls": _nearest(campaign.control_level),
            "each_control": levels.get(True),
        },
        "violations": judgement.violations,
        "controls": judgement.controls,
        "unexpected": judgement.unexpected,
        "tightness": judgement.tightness,
        "p_values": judgement.p_values,
        **({"tradeoffs": judgement.tradeoffs} if any(line["measures"] for line in lines) else {}),
        "seed": seed,
        "sources": sources,
        "versions": versions(),
        "cpus": os.cpu_count(),
        "wall_seconds": round(wall_seconds, 3),
        "cell_seconds": round(sum(line["seconds"] for line in lines), 3),
    }
    return json.dumps(summary, indent=2, allow_nan=False) + "\n"


def text(campaign: Campaign, judgement: Judgement) -> str:
    """The same for a reader at a terminal, without what it was run with."""
    rows = [f"{campaign.title}: {counted(campaign)}"]
    for learner, row in judgement.tightness.items():
        (low, high), (least, most) = row["measured"], row["expected"]
        rows.append(f"{learner}: tightness {low:.4f} to {high:.4f}, expected {least:g} to {most:g}")
    rows += [
        f"unexpected: {one['cell']} {one['learner']} tightness {one['tightness']:.4f}"
        for one in judgement.unexpected
    ]
    for one in judgement.controls:
        what = "flagged" if one["flagged"] else "not flagged"
        good = "as it must be" if one["behaved"] else f"MUST BE {one['must'].upper()}"
        note = f" ({one['note']})" if one["note"] else ""
        rows.append(f"control {one['kind']} of {one['learner']}: {what}, {good}{note}")
    rows += [_tradeoff(one) for one in judgement.tradeoffs]
    rows += [f"VIOLATED: {name}" for name in judgement.violations]
    rows.append("passed" if judgement.passed else "failed")
    return "\n".join(rows)


def _tradeoff(row: dict[str, Any]) -> str:
    """A comparison of two defences on a line."""
    found = row.get("difference", {})
    said = [row["reason"]] if row["reason"] else []
    if found.get("mean") is not None:
        said.append(f"mean difference of the attack {found['mean']:+.4f}")
    if found.get("lower") is not None:
        said.append(f"between {found['lower']:+.4f} and {found['upper']:+.4f}")
    if row.get("holm") is not None:
        said.append(f"p {row['p_value']:.4g}, for all comparisons {row['holm']:.4g}")
    rest = f" ({', '.join(said)})" if said else ""
    return f"{row['panel']}: {row['defence']} against {row['rival']}: {row['verdict']}{rest}"


def counted(campaign: Campaign) -> str:
    """Its numbers of cells, in words."""
    controls = sum(entry.must is not None for entry in campaign.entries)
    exact = len(campaign.entries) - controls - campaign.monte_carlo
    return f"{exact} exact cells, {campaign.monte_carlo} Monte Carlo, {controls} controls"


def versions() -> dict[str, str | None]:
    """Of Python and the packages that take part; None where one is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


def _nearest(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
