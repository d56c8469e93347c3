"""How far a run is: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TextIO

from verification.verdict import Line


@dataclass(slots=True)
class Progress:
    """Cells finished, their rate and the time left.

    Attributes:
        total: cells of the campaign.
        done: those finished, in this run or before.
        stream: where it is shown.
    """

    total: int
    done: int
    stream: TextIO
    _before: int = field(init=False)
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._before, self._start = self.done, time.monotonic()
        if self.stream.isatty():
            self._show(f"{self.done}/{self.total} cells")

    def finished(self, line: Line) -> None:
        """Take in a finished cell."""
        self.done += 1
        if self.stream.isatty():
            rate = (self.done - self._before) / max(time.monotonic() - self._start, 1e-9)
            left = duration((self.total - self.done) / rate)
            self._show(f"{self.done}/{self.total} cells  {rate:.3g}/s  {left} left")
        else:
            self.stream.write(f"{self.done}/{self.total} {described(line)}\n")
            self.stream.flush()

    def close(self) -> None:
        """Leave the line that changes."""
        if self.stream.isatty():
            self.stream.write("\n")
            self.stream.flush()

    def _show(self, text: str) -> None:
        self.stream.write(f"\r\x1b[K{text}")  # to the start of the line, and clear it
        self.stream.flush()


def described(line: Line) -> str:
    """A result in one line."""
    size = "" if line["tightness"] is None else f" tightness {line['tightness']:.4f}"
    control = f" control {line['control']}" if line["control"] else ""
    names = f"{line['learner']['name']} on {line['population']['name']} n={line['n']}"
    verdict = "above the theory" if line["violated"] else "within the theory"
    return f"{line['cell']} {names}{control}:{size} {verdict}"


def duration(seconds: float) -> str:
    """A time in words, to two units."""
    whole = round(seconds)
    for unit, name, part, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= unit:
            return f"{whole // unit} {name} {whole % unit // part} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
