"""Files of a known content: found, checked against their checksum, and split into rows."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from mipriv.datasets.table import Source
from mipriv.errors import ParameterError, require

_GZIP = b"\x1f\x8b"


def read_bytes(path: str | PathLike[str], *, source: Source, checksum: str | None) -> bytes:
    """Content of a file, unpacked if it is a gzip file.

    Args:
        path: of the file.
        source: named where the file is missing.
        checksum: SHA-256 of the file in hexadecimal; None: any version.

    Raises:
        ParameterError: no such file, or another version of it.
    """
    file = Path(path)
    if not file.is_file():
        # the path must be readable whole, and where to get the file too
        raise ParameterError(
            f"path={file}: must be a file of {source}; it is read, never downloaded"
        )
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if checksum is not None and found != checksum:
        raise ParameterError(
            f"path={file}: must have SHA-256 {checksum}, not {found}; "
            "checksum=None reads another version"
        )
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise ParameterError(f"path={file}: must be a whole gzip file ({error})") from None


def read_rows(
    path: str | PathLike[str], *, source: Source, checksum: str | None, encoding: str = "utf-8-sig"
) -> list[list[str]]:
    """Rows of a text file of fields, separated by commas or, if its first line has any, tabs.

    Args:
        path: of the file.
        source: named where the file is missing.
        checksum: as for `read_bytes`.
        encoding: of the text.

    Returns:
        Fields without blanks around them; empty lines are left out.
    """
    content = read_bytes(path, source=source, checksum=checksum)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise ParameterError(
            f"path={path}: must be a text file in {encoding}; export a table as CSV"
        ) from None
    tabs = "\t" in text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",")
    rows = [[field.strip() for field in row] for row in reader]
    return [row for row in rows if any(row)]


def found_columns(header: Sequence[str], wanted: Sequence[Sequence[str]]) -> list[int]:
    """Place of each column in a header, under the first of its names that is there.

    Args:
        header: names of the file, in any case.
        wanted: for each column the names it may have.

    Raises:
        ParameterError: a column that is missing.
    """
    places = {name.casefold(): place for place, name in reversed(list(enumerate(header)))}
    found = []
    for names in wanted:
        there = [places[name.casefold()] for name in names if name.casefold() in places]
        require(bool(there), must=f"have a column {' or '.join(names)}", header=", ".join(header))
        found.append(there[0])
    return found


def same_length(rows: Sequence[Sequence[str]], width: int) -> None:
    """Raise ParameterError unless every row has this many fields."""
    for number, row in enumerate(rows, start=1):
        require(len(row) == width, must=f"have {width} fields", **{f"row {number}": len(row)})
