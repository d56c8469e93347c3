"""The trade-off section of the page: verdicts, and every setting's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor
from statistics import fmean
from typing import Any

from verification.certified import Certain
from verification.parts import Kind
from verification.report import words
from verification.report.curves import Setting, Spread, panels
from verification.report.markup import Markup, element
from verification.report.record import Record
from verification.report.tables import number, table, verdict
from verification.tradeoff import LEAST, LEVEL, Verdict

_SIGNS: dict[str, str] = {
    Verdict.DOMINATES: "✓",
    Certain.BELOW: "✓",
    Certain.NOT_ABOVE: "✓",
    Verdict.TIE: "=",
    Certain.EQUAL: "=",
    Certain.CROSSES: "≷",
    Certain.NOT_BELOW: "✗",
    Certain.ABOVE: "✗",
    Verdict.DOMINATED: "✗",
    Verdict.TOO_FEW: "?",
    Verdict.NOT_COMPARABLE: "?",
}
_STEPS = 10**6  # in a chance: an interval's ends are rounded outward to these
_RANKS = {sign: rank for rank, sign in enumerate("✓=≷✗?")}
TERMS = {
    "Defence, setting": "a way to train a model or to answer so that less can be guessed; its "
    "settings trade usefulness for safety.",
    "Attack": "someone guesses the hidden part of a person's record from a model's answers. Of all "
    "levels (an attacker who knows the defence, who may ask often, who sees the model) the "
    "strongest is shown. Population: the person's record was not used for training.",
    "Gain": "the attack's success above the best guess without a model, as a share of all that is "
    "left: 0, the model helps nobody; 1, the guess is always right.",
    "Memorised": "gain on training records less gain on others.",
    "Dominates, tie, dominated": "at the same utility the attack on the first defence is less, not "
    "shown to differ, or more, on average over the utilities that both reach. A tie is no proof "
    "that the two are equal.",
    "Ceiling, bound": "a success that no attack exceeds; the truth may be far below.",
}


def verdict_table(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Every comparison (`verification.tradeoff.verdicts`), with what it means."""
    if not rows:
        return element("p", "No defence could be compared with another.")
    exact = any(one["verdict"] in list(Certain) for one in rows)
    return element(
        "div",
        element("p", _lead(rows, exact=exact)),
        table("tradeoff-verdicts", _HEADS, [_row(one) for one in rows], "Defences compared"),
    )


_HEADS = ["Verdict", "Panel", "Defence", "Against", "Difference of the attack", "95% interval"]
_HEADS += ["Utilities with less", "p", "p after Holm", "Replicates"]
_HEADS += ["Utilities compared", "Settings chosen by", "Note"]


def _lead(rows: Sequence[Mapping[str, Any]], *, exact: bool) -> str:
    text = (
        "Each defence's settings make a curve of attack against utility, in each replicate; two "
        "settings may be mixed by tossing a coin, also with the model without a defence and with a "
        "constant answer. The difference is the attack on the first defence less the attack on the "
        "second at the same utility, averaged over the utilities compared: below 0 the first is "
        "better. Signs of the differences are flipped in all ways, which gives the exact chance of "
        "so large a mean if the two were alike; by Holm's method any wrong verdict at all has a "
        f"chance of at most {words.percent(float(LEVEL))} for all comparisons together. At least "
        f"{LEAST} replicates are needed. No setting is chosen by the records that judge it."
    )
    if exact:
        text += (
            " Where everything was computed exactly, certified numbers are compared at each "
            "utility, and nothing is left to chance."
        )
    chosen = {one.get("chosen_by") for one in rows} - {None}
    if any(str(one).startswith("nothing") for one in chosen):
        text += (
            " Where nothing chose the settings a needless one counts against its defence: marks "
            "are joined in the order of utility."
        )
    return text


def _row(one: Mapping[str, Any]) -> Markup:
    sign = _SIGNS[one["verdict"]]
    gap, along = one.get("difference", {}), one.get("utilities")
    mean, ends = gap.get("mean"), (gap.get("lower"), gap.get("upper"))
    return element(
        "tr",
        verdict(f"{sign} {one['verdict']}", _RANKS[sign]),
        element("td", one["panel"]),
        element("td", one["defence"]),
        element("td", one["rival"], class_="wide"),
        _maybe(mean, _millionths),
        element("td", _between(*ends), class_="number"),
        _maybe(one.get("below"), words.percent),
        _maybe(one.get("p_value"), words.rounded_up),
        _maybe(one.get("holm"), words.rounded_up),
        _maybe(one.get("replicates"), str),
        element("td", _along(along) if along else "", class_="wide"),
        element("td", one.get("chosen_by", "")),
        element("td", one["reason"]),
        class_="alarm" if sign == "✗" else None,
    )


def _millionths(value: float) -> str:
    return words.signed(round(value, 6))


def _between(lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return ""
    return f"{floor(lower * _STEPS) / _STEPS:+g} to {ceil(upper * _STEPS) / _STEPS:+g}"


def _along(utilities: Mapping[str, Any]) -> str:
    ends = " to ".join(words.number(utilities[end]) for end in ("from", "to"))
    return f"{utilities['name']} {ends}, {words.counted(utilities['number'], 'place')}"


def settings_table(record: Record) -> Markup:
    """Every setting with its numbers: what the pictures show, and more."""
    heads = ["Panel", "Defence", "Setting", "Replicates", "Utility", "Attack", "By level"]
    heads += ["Without a model", "Gain", "On training records", "Memorised"]
    heads += [
        "Best possible attack",
        "Ceiling",
        "Information bound",
        "Information, nats",
        "Epsilon",
        "Further figures",
        "CPU seconds",
    ]
    spent = _seconds(record)
    rows = [
        _setting(panel.name, one, spent[panel.name, one.defence, one.name])
        for panel in panels(record)
        for one in panel.settings
    ]
    note = (
        "Means over the replicates, to six digits; in brackets where the mean lies, as the bars of "
        "the pictures. Information: an estimate unless it says at most."
    )
    found = table("tradeoff-settings", heads, rows, "Every setting and its numbers")
    return element("div", element("h3", "Every setting"), element("p", note), found)


def _seconds(record: Record) -> dict[tuple[str, str, str], float]:
    """Mean time of a setting's cells, by panel, defence and setting."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in record.cells:
        point = row.point
        if point is not None:
            key = (point.panel, point.defence, point.setting)
            found.setdefault(key, []).append(float(row.line["seconds"]))
    return {key: fmean(each) for key, each in found.items()}


def _setting(panel: str, one: Setting, seconds: float) -> Markup:
    figures = ", ".join(f"{name} {words.number(value)}" for name, value in one.metrics.items())
    levels = ", ".join(f"{name} {words.number(value)}" for name, value in one.levels.items())
    return element(
        "tr",
        element("th", panel, scope="row"),
        element("td", one.defence),
        element("td", one.name),
        number(len(one.points), str(len(one.points))),
        _spread(one.utility),
        _spread(one.attack),
        element("td", levels, class_="wide"),
        number(one.base, words.number(one.base)),
        number(one.gain, words.number(one.gain)),
        _spread(one.train),
        _maybe(one.memorised, words.number),
        _maybe(one.best(Kind.EXACT), words.number),
        _maybe(one.best(Kind.CEILING), words.rounded_up),
        _maybe(one.bound, words.rounded_up),
        _spread(one.information, "at most " if one.bounded else ""),
        _maybe(one.epsilon, words.rounded_up),
        element("td", figures, class_="long"),
        number(seconds, f"{seconds:.2g}"),
    )


def _spread(found: Spread | None, before: str = "") -> Markup:
    if found is None:
        return element("td", "", class_="number")
    ends = f"{words.number(found.lower)} to {words.number(found.upper)}"
    return number(found.mean, f"{before}{words.number(found.mean)} ({ends})", repr(found.mean))


def _maybe(value: float | None, said: Any) -> Markup:
    if value is None:
        return element("td", "", class_="number")
    return number(value, said(value), repr(value))
