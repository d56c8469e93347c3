"""The General Social Survey: a user's own extract."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from mipriv.datasets.files import found_columns, read_rows, same_length
from mipriv.datasets.table import Column, Source, Table, coded
from mipriv.errors import require

SOURCE = Source(
    name="General Social Survey extract (CSV)",
    origin="NORC at the University of Chicago, gssdataexplorer.norc.org",
    licence="NORC's terms of use, citation asked for",
)
# answers that the survey codes as missing, in any case
MISSING = frozenset(
    {"", "na", "n/a", "nan", "iap", "dk", "inapplicable", "don't know", "no answer", "refused"}
)


def load_gss(
    path: str | PathLike[str],
    *,
    attributes: Sequence[str],
    label: str = "hapmar",
    checksum: str | None = None,
) -> Table:
    """Chosen variables of an extract as categories, and one of them as the label.

    The codes follow the answers that occur: in numerical order if all are numbers, else in
    alphabetical order.  Records with a missing answer are left out; answers that begin with a full
    stop (.i, .d, .n) are missing too.  The 2015 study's label is happiness in marriage, hapmar, and
    its secret xmovie.

    Args:
        path: of the extract, with variable names in the first line.
        attributes: at least one variable, in the order of the columns; case does not matter.
        label: another variable.
        checksum: SHA-256 of the file; None: any.

    Raises:
        ParameterError: no such file, another version, a variable that is missing, or no whole record.
    """
    wanted = [*attributes, label]
    different = len({name.casefold() for name in wanted}) == len(wanted) >= 2
    require(
        different, must="be different variables, one at least beside the label", attributes=wanted
    )
    rows = read_rows(path, source=SOURCE, checksum=checksum)
    require(len(rows) >= 2, must="have a header and rows", path=path)
    same_length(rows, len(rows[0]))
    places = found_columns(rows[0], [(name,) for name in wanted])
    kept = [[row[place] for place in places] for row in rows[1:]]
    kept = [row for row in kept if not any(_missing(text) for text in row)]
    require(len(kept) >= 1, must="hold a record without gaps", path=path)
    columns = tuple(
        Column(name=name, values=_ordered({row[place] for row in kept}))
        for place, name in enumerate(wanted)
    )
    table = coded(kept, columns, first=1)
    return Table(
        X=table[:, :-1],
        y=table[:, -1].astype(int),
        columns=columns[:-1],
        label=columns[-1],
        source=SOURCE,
    )


def _missing(text: str) -> bool:
    return text.casefold() in MISSING or text.startswith(".")


def _ordered(values: set[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(values, key=lambda text: (float(text), text)))
    except ValueError:
        return tuple(sorted(values))
