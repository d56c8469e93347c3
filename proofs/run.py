"""Running checks one after the other, and the table of what they showed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from proofs.check import Check, Refuted, Unavailable


class Verdict(Enum):
    """How a check ended."""

    SHOWN = "shown"
    FAILED = "FAILED"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check that was run.

    Attributes:
        check: which.
        verdict: how it ended.
        evidence: what it showed it by, or why it failed or did not run.
        seconds: how long it took.
    """

    check: Check
    verdict: Verdict
    evidence: str
    seconds: float


def examine(check: Check) -> Outcome:
    """Run one check; whatever it raises is a failure, a missing program is `NOT_RUN`."""
    began = time.perf_counter()
    try:
        verdict, evidence = Verdict.SHOWN, check.run()
    except Unavailable as error:
        verdict, evidence = Verdict.NOT_RUN, str(error)
    except Refuted as error:
        verdict, evidence = Verdict.FAILED, str(error)
    except Exception as error:  # a crash of a proof is a failed proof
        verdict, evidence = Verdict.FAILED, f"{type(error).__name__}: {error}"
    return Outcome(check, verdict, " ".join(evidence.split()), time.perf_counter() - began)


def examine_all(checks: Sequence[Check], report: Callable[[str], None]) -> list[Outcome]:
    """Run checks in order, reporting each as it begins and ends."""
    outcomes = []
    for position, check in enumerate(checks, start=1):
        report(f"[{position}/{len(checks)}] {check.slug} ...")
        outcome = examine(check)
        report(f"[{position}/{len(checks)}] {check.slug} {outcome.verdict.value}")
        outcomes.append(outcome)
    return outcomes


def table(outcomes: Iterable[Outcome]) -> str:
    """What was shown, by what, in how long."""
    rows = [("what", "by", "evidence", "seconds")]
    for outcome in outcomes:
        mark = "" if outcome.verdict is Verdict.SHOWN else f"{outcome.verdict.value}: "
        rows.append(
            (
                outcome.check.shows,
                outcome.check.slug,
                _clipped(mark + outcome.evidence),
                f"{outcome.seconds:.1f}",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        f"{what:<{widths[0]}}  {by:<{widths[1]}}  {evidence:<{widths[2]}}  {seconds:>{widths[3]}}"
        for what, by, evidence, seconds in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


def _clipped(text: str, width: int = 70) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def failures(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Slug and reason of each check that failed."""
    return {o.check.slug: o.evidence for o in outcomes if o.verdict is Verdict.FAILED}
