"""Reading further DP-SGD runs from a JSON file."""

from __future__ import annotations

import json
from typing import Any

from mipriv.accounting.sgd.steps import Steps
from mipriv.calculator.sgd import one_run
from mipriv.errors import ParameterError, require, shorten

FIELDS = ("noise_multiplier", "steps", "sampling_probability", "batch_size", "sampling")


def read_runs(path: str) -> list[Steps]:
    """Read a JSON list of runs, or one run: objects with the fields of `mipriv.sgd`.

    Numbers are taken as the decimals that are written.

    Raises:
        ParameterError: unreadable, not such a list, or a value outside its range (the run's place
            in the list is named).
    """
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle, parse_float=str)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ParameterError(f"also={shorten(path)}: must be readable ({reason})") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise ParameterError(f"also={shorten(path)}: must be JSON ({error})") from None
    runs = found if isinstance(found, list) else [found]
    require(len(runs) > 0, must="hold at least one run", also=path)
    return [_run(run, path, place) for place, run in enumerate(runs, start=1)]


def _run(run: Any, path: str, place: int) -> Steps:
    where = f"also={shorten(path)} run {place}"
    if not isinstance(run, dict):
        raise ParameterError(f"{where}: must be an object")
    unknown = [name for name in run if name not in FIELDS]
    if unknown:
        raise ParameterError(f"{where}: {shorten(unknown[0])}: must be one of {', '.join(FIELDS)}")
    for name in ("noise_multiplier", "steps"):
        if name not in run:
            raise ParameterError(f"{where}: {name}: must be given")
    try:
        return one_run(*(run.get(name) for name in FIELDS))
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None
