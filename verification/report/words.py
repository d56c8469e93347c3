"""Numbers, settings and verdicts in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from statistics import median
from typing import Any

from verification.campaign import Must
from verification.certified import Certain
from verification.report.record import Record, Row
from verification.tradeoff import Verdict

_DIGITS = 6
_OUTCOMES = (
    ((Verdict.DOMINATES, Certain.BELOW, Certain.NOT_ABOVE), "the attack on it is less in {count}"),
    ((Verdict.TIE, Certain.EQUAL), "no difference was shown in {count}"),
    ((Certain.CROSSES,), "the curves cross in {count}"),
    ((Verdict.DOMINATED, Certain.ABOVE, Certain.NOT_BELOW), "the attack on it is more in {count}"),
    ((Verdict.TOO_FEW, Verdict.NOT_COMPARABLE), "{count} could not be judged"),
)
_OPTIMAL = {"bayes", "last-iterate"}  # attackers that no other surpasses
_DOWN = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
_UP = Context(prec=_DIGITS, rounding=ROUND_CEILING)


def number(value: float) -> str:
    """A number to six digits, the nearest."""
    return f"{value:.{_DIGITS}g}"


def rounded_up(value: float) -> str:
    """An upper bound to six digits, never below it."""
    return f"{float(_UP.create_decimal_from_float(value)):.{_DIGITS}g}"


def rounded_down(value: float) -> str:
    """A lower bound to six digits, never above it."""
    return f"{float(_DOWN.create_decimal_from_float(value)):.{_DIGITS}g}"


def signed(value: float) -> str:
    """A difference to six digits, with its sign."""
    return f"{value:+.{_DIGITS}g}"


def percent(share: float) -> str:
    """A share in percent, to four digits."""
    return f"{100 * share:.4g}%"


def counted(count: int, one: str, many: str = "") -> str:
    """A number of things: "1 cell", "2 cells"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: "a, b and c"."""
    found = list(names)
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def settings(table: Mapping[str, Any], *, without: Sequence[str] = ("name",)) -> str:
    """A table's entries but those left out: "epsilon 0.1, noise: law laplace, scale 10"."""
    said = [_said(key, value) for key, value in table.items() if key not in without]
    return ", ".join(said)


def _said(key: str, value: Any) -> str:
    name = key.replace("_", " ")
    if isinstance(value, Mapping):
        return f"{name} ({settings(value, without=())})"
    return f"{name} {_flat(value)}"


def _flat(value: Any) -> str:
    return f"[{', '.join(map(_flat, value))}]" if isinstance(value, list) else str(value)


def by_learner(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Cells that have a tightness, by their learner's name."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.line["tightness"] is not None:
            found.setdefault(row.learner, []).append(row)
    return found


def status(record: Record) -> str:
    """The run in a word: "incomplete", "failed" or "passed"."""
    if record.violations or not all(row.behaved for row in record.controls):
        return "failed"
    return "passed" if record.complete else "incomplete"


def headline(record: Record) -> list[str]:
    """What the run says, a sentence or two an entry."""
    said = [_progress(record), _games(record), _attacked(record), tradeoffs(record.tradeoffs)]
    said += [_verdict(record), _controls(record), _tightness(record), _findings(record)]
    return [one for one in said if one]


def _progress(record: Record) -> str:
    if record.complete:
        return ""
    of = "" if record.total is None else f" of {record.total:,}"
    why = "Some cells could not be played: failures.log says why. " if record.failed else ""
    return (
        f"This run is not complete: {record.played:,}{of} cells were played. {why}"
        "What follows is about those alone."
    )


def _games(record: Record) -> str:
    if not record.cells:
        return "No game was played yet."
    rows = [row for row in record.cells if row.point is None]
    if not rows:
        return ""
    attackers = {row.line["parameters"].get("attacker", "bayes") for row in rows}
    attacker = "The best possible attacker" if attackers <= _OPTIMAL else "A strong attacker"
    names = sorted({row.line["learner"]["name"] for row in rows})
    return (
        f"{attacker} played {counted(len(rows), 'game')} ({_how(rows)}) against "
        f"{counted(len(names), 'learner')} ({listed(names)}): from what a learner gives out, it "
        "guesses which population the training records came from."
    )


def _attacked(record: Record) -> str:
    points = record.points
    if not points:
        return ""
    settings_of = {(one.panel, one.defence, one.setting) for one in points}
    defences = {one.defence for one in points}
    panels = list(dict.fromkeys(one.panel for one in points))
    return (
        f"Attackers guessed what a record hides from the answers of models: "
        f"{counted(len(settings_of), 'setting')} of {counted(len(defences), 'defence')} in "
        f"{counted(len(panels), 'panel')} ({listed(panels)}), the strongest attack counts."
    )


def tradeoffs(rows: Sequence[Mapping[str, Any]]) -> str:
    """How the comparisons of MID came out (`verification.tradeoff.verdicts`); empty without any."""
    found = [one["verdict"] for one in rows]
    if not found:
        return ""
    said = []
    for kinds, text in _OUTCOMES:
        count = sum(one in kinds for one in found)
        if count:
            said.append(text.format(count=count))
    return (
        f"MID was compared with other defences at the same utility, "
        f"{counted(len(found), 'comparison')}: {listed(said)}."
    )


def _how(rows: Sequence[Row]) -> str:
    exact = sum(map(_exact, rows))
    trials = len(rows) - exact
    if exact and trials:
        return f"{exact:,} computed exactly, {trials:,} measured by trials"
    return "computed exactly" if exact else "measured by trials"


def _verdict(record: Record) -> str:
    if not record.cells:
        return ""
    level = record.significance
    if record.violations:
        luck = ""
        if level is not None and not any(map(_exact, record.violations)):
            luck = f", but for a chance of at most {percent(level)} that it was luck"
        return (
            f"In {counted(len(record.violations), 'game')} the attacker did better than the theory "
            f"allows. The theory, its computation or a learner is wrong there{luck}."
        )
    text = "In none of them did the attacker do better than the theory allows."
    if level is not None and not all(map(_exact, record.cells)):
        text += (
            " With a theory that is right, trials would raise any false alarm at all with a chance "
            f"of at most {percent(level)}."
        )
    return text


def _exact(row: Row) -> bool:
    return bool(row.line["observed"]["exact"])


def _controls(record: Record) -> str:
    wrong = [row for row in record.controls if not row.behaved]
    if wrong:
        return (
            f"{len(wrong)} of {counted(len(record.controls), 'control')} did not come out as "
            "they must, so that the other verdicts cannot be relied on."
        )
    if not record.controls:
        return "No control was played yet."
    caught = sum(row.must is Must.CAUGHT for row in record.controls)
    left = len(record.controls) - caught
    parts = []
    if caught:
        parts.append(f"{counted(caught, 'error')} put in on purpose {_were(caught)} caught")
    if left:
        parts.append(f"{counted(left, 'control')} that must raise no alarm raised none")
    return f"The check itself works: {listed(parts)}."


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _tightness(record: Record) -> str:
    groups = by_learner(row for row in record.cells if row.least)
    if not groups:
        return ""
    order = sorted(groups, key=lambda name: _rank(groups[name]), reverse=True)
    first, last = order[0], order[-1]
    if len(order) == 1:
        return f"Against {first} the attacker reaches {_reached(groups[first])}."
    if _reached(groups[first]) == _reached(groups[last]):
        return f"Against every learner alike the attacker reaches {_reached(groups[first])}."
    return (
        f"The theory is tightest for {first}, where the attacker reaches {_reached(groups[first])}, "
        f"and loosest for {last}, where it reaches {_reached(groups[last], short=True)}."
    )


def _rank(rows: Sequence[Row]) -> tuple[float, float]:
    """The middle cell decides, the loosest between equals; what is shown alike is alike."""
    found = _measured(rows)
    return round(median(found), 6), round(min(found), 6)


def _measured(rows: Sequence[Row]) -> list[float]:
    return [float(row.line["tightness"]) for row in rows]


def _reached(rows: Sequence[Row], *, short: bool = False) -> str:
    """What share of the bound; that of trials is an estimate, which may come out below 0."""
    bound = "" if short else " of the theory's bound"
    found = [max(one, 0.0) for one in _measured(rows)]
    low, high, half = (percent(one) for one in (min(found), max(found), median(found)))
    about = "" if all(map(_exact, rows)) else "about "
    if low == high:
        return f"{about}{low}{bound}"
    return f"{about}{low} to {high}{bound} (median {half})"


def _findings(record: Record) -> str:
    if record.findings:
        return f"{counted(len(record.findings), 'finding')} to explain: see below."
    if record.violations:
        return ""
    planned = any(row.expected is not None for row in record.cells) or record.complete
    return "Every cell's tightness lies where it was expected." if planned and record.cells else ""
