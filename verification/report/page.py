"""The page: verdict in words, pictures, tables.  One file, and no address outside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from mipriv.plot.canvas import COLOURS
from verification.campaign import Must
from verification.progress import duration
from verification.report import comparisons, words
from verification.report.canvas import Picture
from verification.report.markup import Markup, element, joined, printable
from verification.report.players import LEARNERS, POPULATIONS
from verification.report.record import Record, Row
from verification.report.tables import number, table, verdict

Drawn = tuple[Picture, Markup]
_HERE = Path(__file__).parent
_SIGNS = {"passed": "✓ Passed", "failed": "✗ Failed", "incomplete": "… Incomplete"}
_TERMS = {
    "Learner": "a program that computes something from n training records and adds randomness, so "
    "that it can promise privacy.",
    "Game": "the records come from one of two (or more) populations; which one is the secret. The "
    "attacker sees what the learner gives out and guesses.",
    "Loss": "how much better than blind guessing the attacker does: 0, it learns nothing; 1, it is "
    "always right. With uneven odds or more than two secrets the chance of a right guess stands in "
    "its place.",
    "Theory's bound": "what the learner's promise allows any attacker at most, as proved.",
    "Tightness": "what the attacker reached over the theory's bound. 1 is a bound that cannot be "
    "better; for games by trials it is an estimate.",
    "Exact, by trials": "exact: the attacker's success is computed, and a verdict is certain. By "
    "trials: the game was played many times, and an interval holds its success but for a small "
    "chance.",
    "Control": "a game in which something is wrong on purpose and must be found, or in which there "
    "is nothing to find and no alarm may be raised.",
}


def page(record: Record, pictures: Sequence[Drawn], tradeoffs: Sequence[Drawn] = ()) -> str:
    """The HTML of a run.

    Args:
        record: the run.
        pictures: of the games, each with its SVG.
        tradeoffs: the same of the trade-offs.
    """
    return document(
        f"{record.title}: {words.status(record)}",
        _headline(record),
        _findings(record),
        _tradeoffs(record, tradeoffs),
        _gallery(pictures),
        _cells(record),
        _controls(record),
        _terms(record),
        _players(record),
        _run(record),
    )


def document(title: str, *content: Markup) -> str:
    """The HTML of a page: one file, and no address outside it."""
    script, style = _asset("page.js"), Markup(_palette() + _asset("page.css"))
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("title", title),
        element("style", style),
    )
    body = element("body", element("main", *content), element("script", script))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _asset(name: str) -> Markup:
    return Markup((_HERE / name).read_text(encoding="utf-8"))


def _palette() -> str:
    colours = "".join(f"--c{place}:{colour};" for place, colour in enumerate(COLOURS[:-1]))
    return f":root{{{colours}}}\n"


def _headline(record: Record) -> Markup:
    status = words.status(record)
    sign = _SIGNS[status]
    if status == "failed" and not record.complete:
        sign += ", incomplete"
    return element(
        "header",
        element("p", sign, class_=f"status {status}"),
        element("h1", record.title),
        element("ul", *(element("li", one) for one in words.headline(record)), class_="headline"),
        element("p", record.description, class_="description") if record.description else "",
    )


def _findings(record: Record) -> Markup:
    above = [_named(row, _excess(row)) for row in record.violations]
    others = [_named(row, _surprise(row)) for row in record.findings]
    if not above and not others:
        return Markup("")
    lead = (
        "Cells whose tightness lies outside the range that the campaign expected. That is no "
        "violation: either the bound is looser or tighter here than was thought, or the attacker "
        "is weaker than it could be."
    )
    return element(
        "section",
        element("h2", "Findings to explain"),
        element("ul", *above, class_="violations") if above else "",
        joined(element("p", lead), element("ul", *others)) if others else "",
        id="findings",
    )


def _named(row: Row, what: str) -> Markup:
    line = row.line
    rest = words.settings(line["learner"])
    other = words.settings(line["population"])
    name = f"{row.learner}{f' ({rest})' if rest else ''} on {line['population']['name']}"
    text = f"{name}{f' ({other})' if other else ''}, n = {line['n']}: {what} "
    return element("li", text, element("code", line["cell"]))


def _excess(row: Row) -> str:
    """All digits: a computed violation may be a small one."""
    seen, bound = row.line["observed"], row.line["theory"]["upper"]
    return f"the attacker reaches at least {seen['lower']!r}, the theory allows {bound!r}"


def _surprise(row: Row) -> str:
    text = f"tightness {words.number(row.line['tightness'])}"
    if row.expected is None:
        return f"{text}, not as expected"
    low, high = row.expected
    return f"{text}, expected {words.number(low)} to {words.number(high)}"


def _gallery(pictures: Sequence[Drawn]) -> Markup:
    return element("div", *(figure(*one) for one in pictures), class_="pictures")


def _tradeoffs(record: Record, pictures: Sequence[Drawn]) -> Markup:
    if not record.points:
        return Markup("")
    return element(
        "section",
        element("h2", "Attack against utility"),
        comparisons.verdict_table(record.tradeoffs),
        _gallery(pictures),
        comparisons.settings_table(record),
        id="tradeoffs",
    )


def figure(picture: Picture, drawn: Markup) -> Markup:
    """A picture with its title, its caption and links to its files."""
    files = (
        element("a", suffix.upper(), href=f"{picture.name}.{suffix}") for suffix in ("png", "svg")
    )
    return element(
        "figure",
        element("h2", picture.title, id=f"{picture.name}-title"),
        element("div", drawn, class_="drawing" if picture.panels == (1, 1) else "drawing sheet"),
        element("figcaption", picture.caption, " ", next(files), " ", next(files)),
    )


def _cells(record: Record) -> Markup:
    tested = bool(record.holm)
    names = ["Verdict", "Learner", "Settings", "Populations", "n", "Game", "Theory's bound"]
    names += ["Attacker", "Tightness", "Measured", "Bound used"]
    names += ["Chance if the theory holds"] if tested else []
    rows = [_row(row, record.holm if tested else None) for row in record.cells]
    note = (
        "A heading sorts by its column, and once more the other way round. Numbers are rounded to "
        "the nearest six digits, intervals of trials outward; pointing at one shows all digits."
    )
    if tested:
        note += (
            " The last column bounds the chance of such trials were the theory right, adjusted by "
            "Holm's method for all games together."
        )
    return element(
        "section",
        element("h2", "Every game"),
        element("p", note),
        table("cells", names, rows, "Every game and its verdict"),
    )


def _row(row: Row, holm: Mapping[str, float] | None) -> Markup:
    line = row.line
    last = [] if holm is None else [_p_value(holm.get(line["cell"]))]
    return element(
        "tr",
        verdict("✗ above the theory" if row.violated else "✓ within", 1 - row.violated),
        element("td", row.learner),
        element("td", words.settings(line["learner"]), class_="wide"),
        element("td", _population(line["population"]), class_="wide"),
        number(line["n"], str(line["n"])),
        element("td", words.settings(line["parameters"], without=("theorem", "trials"))),
        *_measured(row),
        element("td", line["theory"]["method"], class_="long"),
        *last,
        class_="alarm" if row.violated else None,
        id=f"cell-{line['cell']}",
    )


def _population(table: Mapping[str, Any]) -> str:
    rest = words.settings(table)
    return f"{table['name']}{f', {rest}' if rest else ''}"


def _measured(row: Row) -> list[Markup]:
    """Bound, attacker's success, tightness, and how it was measured."""
    theory, seen, tight = (row.line[key] for key in ("theory", "observed", "tightness"))
    ends = f"{seen['lower']!r} to {seen['upper']!r}"
    low, high = words.rounded_down(seen["lower"]), words.rounded_up(seen["upper"])
    text = words.number(row.middle) if seen["exact"] else f"{low} to {high}"
    how = "exact" if seen["exact"] else words.counted(seen["trials"], "trial")
    kind = "chance of a right guess" if row.success else "loss"
    return [
        number(theory["upper"], words.number(theory["upper"]), repr(theory["upper"])),
        number(row.middle, text, ends),
        element("td", "", class_="number")
        if tight is None
        else number(tight, words.number(tight), repr(tight)),
        element("td", f"{kind}, {how}"),
    ]


def _p_value(value: float | None) -> Markup:
    if value is None:
        return element("td", "certain", class_="number")
    return number(value, words.rounded_up(value), repr(value))


def _controls(record: Record) -> Markup:
    lead = (
        "Games with something wrong on purpose, which must be caught, and games with nothing to "
        "find, which must not be flagged. They count in no verdict or picture above."
    )
    names = [
        "Verdict",
        "What was done",
        "Must be",
        "Was",
        "Learner",
        "Settings",
        "Populations",
        "n",
    ]
    names += ["Theory's bound", "Attacker", "Tightness", "Measured", "Note"]
    found = table("controls", names, [_control(row) for row in record.controls], "The controls")
    none = element("p", "None was played yet.")
    return element(
        "section", element("h2", "Controls"), element("p", lead), found if record.controls else none
    )


def _control(row: Row) -> Markup:
    line = row.line
    factor = line["parameters"].get("factor")
    kind = str(line["control"]).replace("-", " ")
    was = Must.CAUGHT if row.violated else Must.NOT_FLAGGED
    return element(
        "tr",
        verdict("✓ as it must" if row.behaved else "✗ not as it must", int(row.behaved)),
        element("td", kind if factor is None else f"{kind}, factor {factor}"),
        element("td", row.must),
        element("td", was),
        element("td", row.learner),
        element("td", words.settings(line["learner"]), class_="wide"),
        element("td", _population(line["population"]), class_="wide"),
        number(line["n"], str(line["n"])),
        *_measured(row),
        element("td", row.note),
        class_=None if row.behaved else "alarm",
    )


def _terms(record: Record) -> Markup:
    terms = _TERMS | (comparisons.TERMS if record.points else {})
    pairs = [joined(element("dt", term), element("dd", said)) for term, said in terms.items()]
    return element("section", element("h2", "What the words mean"), element("dl", *pairs))


def _players(record: Record) -> Markup:
    """Those of the run that have a description; a campaign of other players has none."""
    said: list[Markup] = []
    for side, sentences in (("learner", LEARNERS), ("population", POPULATIONS)):
        names = sorted({row.line[side]["name"] for row in (*record.cells, *record.controls)})
        for name in names:
            if record.known and name in sentences:
                term = element("dt", f"{name} ({side})")
                said.append(joined(term, element("dd", sentences[name])))
    if not said:
        return Markup("")
    return element("section", element("h2", "Who played"), element("dl", *said))


def _run(record: Record) -> Markup:
    if not record.run:
        return Markup("")
    versions = ", ".join(f"{name} {one}" for name, one in record.run["versions"].items() if one)
    said = {
        "Campaign": record.name,
        "Seed": record.run["seed"],
        "Time": duration(float(record.run["wall_seconds"])),
        "Sources (SHA-256)": record.run["sources"],
        "Versions": versions,
    }
    pairs = [
        joined(element("dt", term), element("dd", printable(one))) for term, one in said.items()
    ]
    return element("footer", element("h2", "How it was run"), element("dl", *pairs))
