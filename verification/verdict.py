"""Theory against attacker: the line of one cell, and what all lines of a campaign say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from mipriv.errors import ParameterError, require
from mipriv.rigor.decimals import exact
from mipriv.rigor.intervals import holm, outward
from verification.campaign import Campaign, Entry, Must, Size
from verification.cell import Cell, Control
from verification.measures import checked
from verification.outcome import Observed, Outcome, Theory
from verification.tradeoff import verdicts

KEYS = (
    "cell",
    "campaign",
    "learner",
    "population",
    "n",
    "parameters",
    "theory",
    "observed",
    "measures",
    "tightness",
    "violated",
    "control",
    "seed",
    "seconds",
)
Line = dict[str, Any]


def violated(theory: Theory, observed: Observed) -> bool:
    """Whether the attacker did better than the theory allows.

    For an exact cell this is certain.  Otherwise it happens, where the theory is right, with chance
    at most the level that the cell was played at.
    """
    return observed.lower > theory.upper


def tightness(theory: Theory, observed: Observed) -> float | None:
    """The middle of what was observed, over the theory's bound; None where that is 0.

    The middle of an interval is no bound: of Monte Carlo cells this is an estimate.
    """
    middle = (observed.lower + observed.upper) / 2
    return middle / theory.upper if theory.upper > 0 else None


def judged_theory(cell: Cell, theory: Theory) -> Theory:
    """The theory that a cell is held against: as played, or scaled where the control says so.

    The ends are those of the exact products, rounded outward.
    """
    if cell.control != Control.THEORY_SCALED:
        return theory
    text = cell.parameters["factor"]
    lower, upper = (
        outward(exact(text, "factor") * exact(end, "theory"))
        for end in (theory.lower, theory.upper)
    )
    method = f"{text} x {theory.method}"
    return Theory(lower=lower.lower, upper=upper.upper, method=method)


def line(cell: Cell, outcome: Outcome, *, name: str, seed: int, seconds: float) -> Line:
    """The result line of a played cell."""
    theory, observed = judged_theory(cell, outcome.theory), outcome.observed
    content = cell.content()
    control = content.pop("control")
    return {
        "cell": name,
        **content,
        "theory": {"lower": theory.lower, "upper": theory.upper, "method": theory.method},
        "observed": {
            "lower": observed.lower,
            "upper": observed.upper,
            "exact": observed.exact,
            "trials": observed.trials,
        },
        "measures": dict(outcome.measures),
        "tightness": tightness(theory, observed),
        "violated": violated(theory, observed),
        "control": control,
        "seed": seed,
        "seconds": seconds,
    }


def check(found: object) -> Line:
    """Return a stored value if it is a result line whose verdict follows from its numbers.

    A line from before there were measures has none.

    Raises:
        ParameterError: it is not.
    """
    try:
        require(isinstance(found, dict), must="be one", line=found)
        stored: Line = dict(found)  # type: ignore[call-overload]  # a dict, as was just seen
        stored.setdefault("measures", {})
        require(set(stored) == set(KEYS), must="be one", line=found)
        theory, observed = Theory(**stored["theory"]), Observed(**stored["observed"])
    except (TypeError, ValueError):
        raise ParameterError("line: must be a result with the keys of one") from None
    same = stored["violated"] == violated(theory, observed)
    require(same, must="follow from theory and observed", violated=stored["violated"])
    same = stored["tightness"] == tightness(theory, observed)
    require(same, must="follow from theory and observed", tightness=stored["tightness"])
    checked(stored["measures"])
    return stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the lines of a campaign say together.

    Attributes:
        violations: names of the cells, controls apart, that are violated.
        controls: of each control, what happened and whether it had to.
        unexpected: cells whose tightness lies outside the expected range, whatever chance did.
        tightness: per learner: expected, and the least and greatest measured.
        p_values: of each Monte Carlo cell, controls apart: as measured, and adjusted by Holm's
            method, which holds for all of them together.
        tradeoffs: the comparisons of defences, where cells have measures; they are findings, and
            take no part in whether the campaign passed.
    """

    violations: list[str]
    controls: list[dict[str, Any]]
    unexpected: list[dict[str, Any]]
    tightness: dict[str, dict[str, Any]]
    p_values: dict[str, dict[str, float]]
    tradeoffs: list[dict[str, Any]]

    @property
    def passed(self) -> bool:
        """Whether nothing is violated and every control did what it had to."""
        return not self.violations and all(one["behaved"] for one in self.controls)


def judge(campaign: Campaign, lines: Sequence[Line], p_values: Mapping[str, float]) -> Judgement:
    """Judge a campaign whose cells are all played.

    Args:
        campaign: its entries, in order.
        lines: the result line of each entry, in the same order.
        p_values: by the names of Monte Carlo cells.
    """
    pairs = list(zip(campaign.entries, lines, strict=True))
    cells = [(entry, found) for entry, found in pairs if entry.must is None]
    tested = [found["cell"] for entry, found in cells if not entry.cell.exact]
    raw = [p_values[name] for name in tested]
    return Judgement(
        violations=[found["cell"] for _, found in cells if found["violated"]],
        controls=[_control(entry, found) for entry, found in pairs if entry.must is not None],
        unexpected=[_shown(entry, found) for entry, found in cells if _unexpected(entry, found)],
        tightness=_by_learner(cells),
        p_values={
            name: {"p_value": p, "holm": adjusted}
            for name, p, adjusted in zip(tested, raw, holm(raw), strict=True)
        },
        tradeoffs=[] if campaign.size is Size.SMALL else verdicts(lines),
    )


def _control(entry: Entry, found: Line) -> dict[str, Any]:
    flagged = found["violated"]
    return {
        "cell": found["cell"],
        "kind": entry.cell.control,
        "learner": found["learner"]["name"],
        "must": entry.must,
        "flagged": flagged,
        "behaved": flagged == (entry.must is Must.CAUGHT),
        "note": entry.note,
    }


def _range(found: Line) -> tuple[float, float]:
    """Between which the tightness surely lies, but for the chance that the interval misses."""
    bound = found["theory"]["upper"]
    if bound <= 0:
        return 0.0, inf
    return found["observed"]["lower"] / bound, found["observed"]["upper"] / bound


def _unexpected(entry: Entry, found: Line) -> bool:
    lower, upper = _range(found)
    least, greatest = entry.tightness or (0.0, inf)
    return upper < least or lower > greatest


def _shown(entry: Entry, found: Line) -> dict[str, Any]:
    return {
        "cell": found["cell"],
        "learner": found["learner"]["name"],
        "tightness": found["tightness"],
        "expected": entry.tightness,
    }


def _by_learner(cells: Sequence[tuple[Entry, Line]]) -> dict[str, dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {}
    for entry, found in cells:
        measured, expected = found["tightness"], entry.tightness
        if measured is None or expected is None:
            continue
        row = shown.setdefault(
            found["learner"]["name"],
            {"expected": list(expected), "measured": [measured, measured]},
        )
        for key, (low, high) in {"expected": expected, "measured": (measured,) * 2}.items():
            row[key] = [min(row[key][0], low), max(row[key][1], high)]
    return shown
