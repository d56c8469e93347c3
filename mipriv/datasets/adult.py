"""UCI Adult: census records, and whether the income exceeds 50,000 dollars."""

from __future__ import annotations

from os import PathLike

from mipriv.datasets.files import read_rows, same_length
from mipriv.datasets.table import DROP, Column, Source, Table, checked_missing, coded
from mipriv.errors import require

SOURCE = Source(
    name="UCI Adult (adult.test)",
    origin="UCI Machine Learning Repository, doi 10.24432/C5XW20; with a header line "
    "github.com/YuzhongHuangCS/fairness at 10dcbc38734e5f95a574c44de972b8e084229d38",
    licence="B. Becker and R. Kohavi, CC BY 4.0",
)
CHECKSUM = "0543912af15c52ba12336b042c8f9f96541d6134d9b3d48dba647281fb2b39d1"
UNKNOWN = "?"

_LEVELS = (
    "Preschool 1st-4th 5th-6th 7th-8th 9th 10th 11th 12th HS-grad Some-college Assoc-voc Assoc-acdm "
    "Bachelors Masters Prof-school Doctorate"
)
_COUNTRIES = (
    "Cambodia Canada China Columbia Cuba Dominican-Republic Ecuador El-Salvador England France Germany "
    "Greece Guatemala Haiti Holand-Netherlands Honduras Hong Hungary India Iran Ireland Italy Jamaica "
    "Japan Laos Mexico Nicaragua Outlying-US(Guam-USVI-etc) Peru Philippines Poland Portugal "
    "Puerto-Rico Scotland South Taiwan Thailand Trinadad&Tobago United-States Vietnam Yugoslavia"
)
_WORK = (
    "Private Self-emp-not-inc Self-emp-inc Federal-gov Local-gov State-gov Without-pay Never-worked"
)
_STATUS = (
    "Married-civ-spouse Divorced Never-married Separated Widowed Married-spouse-absent "
    "Married-AF-spouse"
)
_JOBS = (
    "Tech-support Craft-repair Other-service Sales Exec-managerial Prof-specialty Handlers-cleaners "
    "Machine-op-inspct Adm-clerical Farming-fishing Transport-moving Priv-house-serv Protective-serv "
    "Armed-Forces"
)
COLUMNS: tuple[Column, ...] = (
    Column(name="age", unit="years"),
    Column(name="workclass", values=(*_WORK.split(), UNKNOWN)),
    Column(name="fnlwgt", unit="persons the record stands for"),
    Column(name="education", values=tuple(_LEVELS.split())),
    Column(name="education-num", unit="place of the education, from 1"),
    Column(name="marital-status", values=tuple(_STATUS.split())),
    Column(name="occupation", values=(*_JOBS.split(), UNKNOWN)),
    Column(
        name="relationship",
        values=("Wife", "Own-child", "Husband", "Not-in-family", "Other-relative", "Unmarried"),
    ),
    Column(
        name="race",
        values=("White", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other", "Black"),
    ),
    Column(name="sex", values=("Female", "Male")),
    Column(name="capital-gain", unit="dollars"),
    Column(name="capital-loss", unit="dollars"),
    Column(name="hours-per-week", unit="hours"),
    Column(name="native-country", values=(*_COUNTRIES.split(), UNKNOWN)),
)
LABEL = Column(name="income", values=("<=50K", ">50K"))


def load_adult(
    path: str | PathLike[str], *, checksum: str | None = CHECKSUM, missing: str = "keep"
) -> Table:
    """14 attributes of each person, and as the label whether the income exceeds 50,000 dollars.

    Args:
        path: of adult.test, or with checksum=None of adult.data; with or without a header line.
        checksum: SHA-256 of the file; None: any version of the same columns.
        missing: `keep`: "?" is a value of its own, the last; `drop`: only records without it.

    Returns:
        Columns as the repository names them; attributes may be left out by `Table.index`.

    Raises:
        ParameterError: no such file, another version, or a value that the census does not have.
    """
    drop = checked_missing(missing) == DROP
    rows = read_rows(path, source=SOURCE, checksum=checksum)
    rows = [row for row in rows if not row[0].startswith("|")]  # first line of UCI's adult.test
    if rows and rows[0][0] == COLUMNS[0].name:
        wanted = [column.name for column in COLUMNS]
        require(rows[0][:-1] == wanted, must=f"be {', '.join(wanted)}", header=", ".join(rows[0]))
        rows = rows[1:]
    require(len(rows) >= 1, must="have records", path=path)
    same_length(rows, len(COLUMNS) + 1)
    # adult.test ends the label with a full stop
    kept = [[*row[:-1], row[-1].rstrip(".")] for row in rows if not (drop and UNKNOWN in row)]
    table = coded(kept, (*COLUMNS, LABEL), first=1)
    return Table(
        X=table[:, :-1], y=table[:, -1].astype(int), columns=COLUMNS, label=LABEL, source=SOURCE
    )
