"""The steak survey: how 550 people take risks and their steak."""

from __future__ import annotations

from os import PathLike

from mipriv.datasets.files import read_rows, same_length
from mipriv.datasets.table import KEEP, Column, Source, Table, checked_missing, coded
from mipriv.errors import require

SOURCE = Source(
    name="steak survey (steak-risk-survey.csv)",
    origin="github.com/fivethirtyeight/data, steak-survey, at fcf572c4fba05a42f1f34f415bd5e6dc389efd68",
    licence="FiveThirtyEight / ABC News, CC BY 4.0",
)
CHECKSUM = "cc25080bf53209ba5034d738e857bd6106314f8e49ac7c203dbca9ff35474a1a"
ANSWER = "(no answer)"

_YES = ("No", "Yes")
# how each column's question begins, and the values in order
_QUESTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Consider the following", "lottery", ("Lottery A", "Lottery B")),
    ("Do you ever smoke", "smoke", _YES),
    ("Do you ever drink", "drink", _YES),
    ("Do you ever gamble", "gamble", _YES),
    ("Have you ever been skydiving", "skydive", _YES),
    ("Do you ever drive above", "speed", _YES),
    ("Have you ever cheated", "cheat", _YES),
    ("Do you eat steak", "steak", _YES),
    ("How do you like", "preparation", ("Rare", "Medium rare", "Medium", "Medium Well", "Well")),
    ("Gender", "gender", ("Female", "Male")),
    ("Age", "age", ("18-29", "30-44", "45-60", "> 60")),
    (
        "Household Income",
        "income",
        (
            "$0 - $24,999",
            "$25,000 - $49,999",
            "$50,000 - $99,999",
            "$100,000 - $149,999",
            "$150,000+",
        ),
    ),
    (
        "Education",
        "education",
        (
            "Less than high school degree",
            "High school degree",
            "Some college or Associate degree",
            "Bachelor degree",
            "Graduate degree",
        ),
    ),
    (
        "Location",
        "region",
        (
            "New England",
            "Middle Atlantic",
            "East North Central",
            "West North Central",
            "South Atlantic",
            "East South Central",
            "West South Central",
            "Mountain",
            "Pacific",
        ),
    ),
)
_STEAK, _LABEL = 7, 8  # places in _QUESTIONS


def load_steak(
    path: str | PathLike[str], *, checksum: str | None = CHECKSUM, missing: str = "drop"
) -> Table:
    """Those who eat steak: 12 answers each, and as the label how they like it, 0 rare to 4 well done.

    Args:
        path: of steak-risk-survey.csv.
        checksum: SHA-256 of the file; None: any version of the same columns.
        missing: `drop`: those who answered all (331 of 430); `keep`: those who answered the label,
            with (no answer) as the last value of every column.

    Returns:
        Columns lottery, smoke, drink, gamble, skydive, speed, cheat (what is secret in studies of
        inversion), gender, age, income, education, region.

    Raises:
        ParameterError: no such file, another version, or answers that the survey does not have.
    """
    keep = checked_missing(missing) == KEEP
    rows = read_rows(path, source=SOURCE, checksum=checksum)
    width = len(_QUESTIONS) + 1  # the respondent's number first
    require(len(rows) >= 2, must="have a header and rows", path=path)
    same_length(rows, width)
    for (begins, _, _), name in zip(_QUESTIONS, rows[0][1:], strict=True):
        require(name.startswith(begins), must=f"begin with '{begins}'", column=name)
    body = [row for row in rows[1:] if row[0]]  # the second line of the header has no number
    kept = [row[1:] for row in body if row[1 + _STEAK] == "Yes" and row[1 + _LABEL]]
    if not keep:
        kept = [row for row in kept if all(row)]
    extra = (ANSWER,) if keep else ()
    columns = tuple(Column(name=name, values=values + extra) for _, name, values in _QUESTIONS)
    filled = [[text or ANSWER for text in row] for row in kept]
    table = coded(filled, columns, first=1)
    used = [place for place in range(len(columns)) if place not in (_STEAK, _LABEL)]
    return Table(
        X=table[:, used],
        y=table[:, _LABEL].astype(int),
        columns=tuple(columns[place] for place in used),
        label=Column(name="preparation", values=_QUESTIONS[_LABEL][2]),
        source=SOURCE,
    )
