"""Running a campaign: play what is not done, keep each line at once, judge when all are there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from verification import sources
from verification.campaign import Campaign, Entry
from verification.executors import Executor
from verification.progress import Progress
from verification.store import FAILURES, SUMMARY, Store, opened, write
from verification.summary import as_json
from verification.verdict import Judgement, judge, line
from verification.worker import Played, Task


class CellsFailed(RuntimeError):
    """Cells could not be played; what was finished is kept."""


class Interrupted(RuntimeError):
    """The run was interrupted; what was finished is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A campaign to be run, and where.

    Attributes:
        campaign: the campaign.
        folder: where its lines are kept.
        seed: of all draws, >= 0; each cell's own is spawned from it.
        resume: go on with what the folder holds.
        executor: plays the cells.
        stream: progress and notices go there.
    """

    campaign: Campaign
    folder: Path
    seed: int
    resume: bool
    executor: Executor
    stream: TextIO

    def play(self) -> Judgement:
        """Play the cells that are not done and judge all; write `summary.json`.

        Raises:
            CellsFailed: a cell's play raised; the others were played.
            Interrupted: by Ctrl-C.
            WorkersLost: by the executor.
            ParameterError: the folder cannot be used.
        """
        start = time.monotonic()
        tasks = self.tasks()
        with opened(self.folder, wanted=[one.name for one in tasks], resume=self.resume) as store:
            for notice in store.notices:
                self.stream.write(f"{notice}\n")
            self._play(tasks, store)
            lines = [store.lines[one.name] for one in tasks]
            judgement = judge(self.campaign, lines, store.p_values)
            text = as_json(
                self.campaign,
                judgement,
                lines,
                seed=self.seed,
                sources=tasks[0].sources,
                wall_seconds=time.monotonic() - start,
            )
            write(self.folder / SUMMARY, text)
        return judgement

    def tasks(self) -> list[Task]:
        """What has to be played, in the campaign's order."""
        found = sources.digest(self.campaign.play)
        return [self._task(entry, found) for entry in self.campaign.entries]

    def _task(self, entry: Entry, found: str) -> Task:
        level = self.campaign.level(entry)
        return Task(
            name=entry.cell.name(root=self.seed, level=level, sources=found),
            cell=entry.cell,
            play=self.campaign.play,
            seed=entry.cell.seed(self.seed),
            level=level,
            sources=found,
        )

    def _play(self, tasks: Sequence[Task], store: Store) -> None:
        left = {one.name: one for one in tasks if one.name not in store.lines}
        progress = Progress(total=len(tasks), done=len(tasks) - len(left), stream=self.stream)
        failures = []
        try:
            if left:
                with closing(self.executor.play(list(left.values()))) as playing:
                    for played in playing:
                        if _kept(left[played.name], played, store):
                            progress.finished(store.lines[played.name])
                        else:
                            failures.append(played)
        except KeyboardInterrupt:
            text = f"{len(store.lines)} of {len(tasks)} cells are done; --resume goes on with them"
            raise Interrupted(f"interrupted; {text}") from None
        finally:
            progress.close()
        if failures:
            raise _failed(failures, left, self.folder / FAILURES)


def _kept(task: Task, played: Played, store: Store) -> bool:
    """Put a cell's line on the disk; False if its play failed."""
    if played.outcome is None:
        return False
    found = line(task.cell, played.outcome, name=task.name, seed=task.seed, seconds=played.seconds)
    store.add(found, played.outcome.p_value)
    return True


def _failed(failures: Sequence[Played], tasks: dict[str, Task], log: Path) -> CellsFailed:
    """Keep the tracebacks, and say the first one's last line."""
    texts = [f"{tasks[one.name].cell.canonical()}\n{one.failure}\n" for one in failures]
    log.write_text("".join(texts), encoding="utf-8")
    first = failures[0].failure.strip().splitlines()[-1]
    count = "a cell" if len(failures) == 1 else f"{len(failures)} cells"
    return CellsFailed(f"{count} could not be played, see {log.name}; the first: {first}")
