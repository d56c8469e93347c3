"""Reading (epsilon, delta) rows from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from flint import fmpq

from mipriv.errors import ParameterError, require, shorten
from mipriv.guarantee import curve_row

COLUMNS = ("epsilon", "delta")


def read_rows(path: str) -> list[tuple[fmpq, fmpq]]:
    """Read and check a CSV file with the columns epsilon and delta.

    Args:
        path: UTF-8 text, a header line, one row a line; other columns and empty lines are ignored.

    Raises:
        ParameterError: unreadable, empty, no such columns, or a row outside the ranges (its line
            number is named).
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as handle:
            return _parse(handle, path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ParameterError(f"file={shorten(path)}: must be readable ({reason})") from None
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(f"file={shorten(path)}: must be CSV text in UTF-8 ({error})") from None


def _parse(handle: Iterable[str], path: str) -> list[tuple[fmpq, fmpq]]:
    reader = csv.reader(handle)
    header = [name.strip().lower() for name in next(reader, [])]
    require(
        all(column in header for column in COLUMNS),
        must="start with a header line naming the columns epsilon,delta",
        file=path,
    )
    places = [header.index(column) for column in COLUMNS]
    rows = []
    for fields in reader:
        if not any(field.strip() for field in fields):
            continue
        where = f"file={shorten(path)} line {reader.line_num}"
        if len(fields) <= max(places):
            raise ParameterError(f"{where}: must have the columns epsilon and delta")
        try:
            rows.append(curve_row(*(fields[place].strip() for place in places)))
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None
    require(len(rows) > 0, must="have at least one row", file=path)
    return rows
