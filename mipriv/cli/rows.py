"""Reading the two columns of a CSV file: (epsilon, delta) or (alpha, rdp)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable

from flint import fmpq

from mipriv.accounting.renyi import RenyiDP
from mipriv.errors import ParameterError, require, shorten
from mipriv.guarantee import curve_row
from mipriv.rigor.decimals import nonnegative

Pair = tuple[fmpq, fmpq]
Check = Callable[[str, str], Pair]


def read_rows(path: str) -> list[Pair]:
    """Read and check a CSV file with the columns epsilon and delta.

    Args:
        path: UTF-8 text, a header line, one row a line; other columns and empty lines are ignored.

    Raises:
        ParameterError: unreadable, empty, no such columns, or a row outside the ranges (its line
            number is named).
    """
    return _read(path, ("epsilon", "delta"), curve_row)


def read_orders(path: str) -> list[Pair]:
    """Read and check a CSV file with the columns alpha (order) and rdp (Renyi divergence in nats).

    Args:
        path: as for `read_rows`.

    Raises:
        ParameterError: as for `read_rows`.
    """
    return _read(path, ("alpha", "rdp"), _order)


def _order(alpha: str, rdp: str) -> Pair:
    ((order, divergence),) = RenyiDP(orders=((alpha, nonnegative(rdp, "rdp")),)).orders  # type: ignore[arg-type]  # checked there
    return order, divergence


def _read(path: str, columns: tuple[str, str], check: Check) -> list[Pair]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as handle:
            return _parse(handle, path, columns, check)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ParameterError(f"file={shorten(path)}: must be readable ({reason})") from None
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(f"file={shorten(path)}: must be CSV text in UTF-8 ({error})") from None


def _parse(handle: Iterable[str], path: str, columns: tuple[str, str], check: Check) -> list[Pair]:
    reader = csv.reader(handle)
    header = [name.strip().lower() for name in next(reader, [])]
    require(
        all(column in header for column in columns),
        must=f"start with a header line naming the columns {','.join(columns)}",
        file=path,
    )
    first, second = (header.index(column) for column in columns)
    rows = []
    for fields in reader:
        if not any(field.strip() for field in fields):
            continue
        where = f"file={shorten(path)} line {reader.line_num}"
        if len(fields) <= max(first, second):
            raise ParameterError(f"{where}: must have the columns {' and '.join(columns)}")
        try:
            rows.append(check(fields[first].strip(), fields[second].strip()))
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None
    require(len(rows) > 0, must="have at least one row", file=path)
    return rows
