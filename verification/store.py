"""The folder of a run: lines that survive a kill at any moment, and one run at a time.

`results.jsonl` holds a line per finished cell, on the disk before the next is taken in; the only
harm that a kill does is a torn last line, which is dropped.  `p_values.jsonl` holds, for Monte Carlo
cells, what the lines have no key for; it is written first.  `aside.jsonl` holds lines of other
parameters, seeds or sources; they come back when those do.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mipriv.errors import ParameterError, require
from verification.verdict import Line, check

RESULTS, P_VALUES, ASIDE = "results.jsonl", "p_values.jsonl", "aside.jsonl"
SUMMARY, FAILURES = "summary.json", "failures.log"
_LOCK = ".lock"


@dataclass(slots=True)
class Store:
    """What a run has finished so far.

    Attributes:
        folder: where it lies.
        lines: finished cells that this run asks for, by name.
        p_values: of the Monte Carlo cells among them.
        notices: what was found and is not used, one sentence each.
    """

    folder: Path
    lines: dict[str, Line] = field(default_factory=dict)
    p_values: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def add(self, line: Line, p_value: float | None) -> None:
        """Put a finished cell on the disk, and return when it is there."""
        if p_value is not None:
            entry = {"cell": line["cell"], "p_value": p_value}
            _append(self.folder / P_VALUES, entry)
            self.p_values[line["cell"]] = p_value
        _append(self.folder / RESULTS, line)
        self.lines[line["cell"]] = line


@contextmanager
def opened(folder: Path, *, wanted: Iterable[str], resume: bool) -> Iterator[Store]:
    """Hold a run's folder, which is made where it is missing, until the run ends.

    Args:
        folder: where the run lies.
        wanted: names of the cells that are asked for.
        resume: take up what the folder holds; without it a folder that holds results is refused.

    Raises:
        ParameterError: it holds results and is not to be resumed, it is held by another run, it
            cannot be written, or a line that is not the last is no result.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w")
    except OSError as error:
        raise ParameterError(f"out={folder}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ParameterError(f"out={folder}: must not be in use by another run") from None
        used = any(_size(folder / name) > 0 for name in (RESULTS, ASIDE))
        require(resume or not used, must="hold no results, or come with --resume", out=folder)
        for name in (SUMMARY, FAILURES):  # of what the folder held before
            (folder / name).unlink(missing_ok=True)
        yield _read(folder, set(wanted))


def write(path: Path, text: str) -> None:
    """Replace a file's content at once: a kill leaves the old or the new."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync_folder(path.parent)


def _read(folder: Path, wanted: set[str]) -> Store:
    store = Store(folder)
    for found in _whole_lines(folder / P_VALUES, store.notices):
        require(set(found) == {"cell", "p_value"}, must="have a cell and a p_value", line=found)
        store.p_values[found["cell"]] = found["p_value"]
    kept = _checked(folder / RESULTS, store.notices)
    aside = _checked(folder / ASIDE, store.notices)
    others: dict[str, Line] = {}
    for line in (*kept, *aside):
        if line["cell"] not in wanted:
            others.setdefault(line["cell"], line)
        elif line["observed"]["exact"] or line["cell"] in store.p_values:
            store.lines.setdefault(line["cell"], line)
    if list(store.lines.values()) != kept or list(others.values()) != aside:
        _sort_out(store, others, moved=sum(line["cell"] in others for line in kept))
    return store


def _checked(path: Path, notices: list[str]) -> list[Line]:
    lines = []
    for position, found in enumerate(_whole_lines(path, notices), start=1):
        try:
            lines.append(check(found))
        except ParameterError as error:
            raise ParameterError(f"{path.name} line {position}: {error}") from None
    return lines


def _sort_out(store: Store, others: dict[str, Line], *, moved: int) -> None:
    """Rewrite both files.  A kill in between leaves lines in both, and they are then read once."""
    if moved:
        store.notices.append(
            f"{moved} finished cells are of other parameters, seed or sources; kept in {ASIDE}"
        )
    for name, lines in ((ASIDE, others), (RESULTS, store.lines)):
        write(store.folder / name, "".join(map(_text, lines.values())))


def _whole_lines(path: Path, notices: list[str]) -> list[dict[str, Any]]:
    """Objects of a file's lines; a torn last line is cut off."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    *lines, rest = content.split(b"\n")
    found = []
    for position, text in enumerate(lines, start=1):
        try:
            found.append(json.loads(text))
        except ValueError:
            last = position == len(lines) and not rest
            require(last, must="be JSON", **{f"{path.name} line {position}": text.decode("latin1")})
            rest = text + b"\n"
    if rest:
        notices.append(f"{path.name}: the last line was torn; dropped")
        with path.open("r+b") as file:
            file.truncate(len(content) - len(rest))
            os.fsync(file.fileno())
    return found


def _append(path: Path, entry: dict[str, Any]) -> None:
    fresh = not path.exists()
    with path.open("ab") as file:
        file.write(_text(entry).encode())
        file.flush()
        os.fsync(file.fileno())
    if fresh:
        _sync_folder(path.parent)


def _text(entry: dict[str, Any]) -> str:
    return json.dumps(entry, allow_nan=False) + "\n"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sync_folder(folder: Path) -> None:
    """Put the folder's own entries on the disk: a new file's name is one of them."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
