"""The warfarin cohort of the International Warfarin Pharmacogenetics Consortium: a user's own file."""

from __future__ import annotations

from os import PathLike

from mipriv.datasets.files import found_columns, read_rows
from mipriv.datasets.table import Column, Source, Table, coded
from mipriv.errors import require

SOURCE = Source(
    name="IWPC warfarin data (a CSV or tab-separated export of iwpc_data)",
    origin="PharmGKB, data of PubMed 19228618",
    licence="PharmGKB's data usage policy",
)
_LONG = "VKORC1 genotype: -1639 G>A (3673); chr16:31015190; rs9923231; C/T"
_WANTED: tuple[tuple[str, ...], ...] = (
    ("Race (OMB)", "Race"),
    ("Age",),
    ("Height (cm)",),
    ("Weight (kg)",),
    ("VKORC1 -1639 consensus", _LONG),
    ("CYP2C9 consensus", "Cyp2C9 genotypes"),
    ("Amiodarone (Cordarone)",),
    ("Therapeutic Dose of Warfarin",),
    ("Carbamazepine (Tegretol)",),
    ("Phenytoin (Dilantin)",),
    ("Rifampin or Rifampicin",),
)
_RACES = {"White": "White", "Asian": "Asian", "Black or African American": "Black"}
COLUMNS: tuple[Column, ...] = (
    Column(name="race", values=("White", "Asian", "Black")),
    Column(name="decade", unit="age/10 rounded down"),
    Column(name="height", unit="cm"),
    Column(name="weight", unit="kg"),
    Column(name="VKORC1", values=("G/G", "A/G", "A/A")),
    Column(name="CYP2C9", values=("*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")),
    Column(name="inducer", values=("0", "1")),
    Column(name="amiodarone", values=("0", "1")),
)
LABEL = Column(name="root dose", unit="square root of mg a week")
_NONE = ("", "NA", "N/A", "nan")


def load_iwpc(path: str | PathLike[str], *, checksum: str | None = None) -> Table:
    """Attributes in the order of `mipriv.populations.warfarin`, and the root of the weekly dose.

    Records without race, age, size, both genotypes (one of six of CYP2C9) or dose are left out.  A
    drug that is not mentioned counts as not taken.

    Args:
        path: of the user's export; the spreadsheet itself is not read.
        checksum: SHA-256 of the file; None: any.

    Raises:
        ParameterError: no such file, another version, a column that is missing, or no whole record.
    """
    import numpy as np

    rows = read_rows(path, source=SOURCE, checksum=checksum)
    require(len(rows) >= 2, must="have a header and rows", path=path)
    places = found_columns(rows[0], _WANTED)
    records, doses = [], []
    for row in rows[1:]:
        fields = [row[place] if place < len(row) else "" for place in places]
        race, age, height, weight, first, second, amiodarone, dose = fields[:8]
        decade = age[:1] if age[:1].isdigit() else ""
        texts = [_RACES.get(race, ""), decade, height, weight, first, second]
        known = first in COLUMNS[4].values and second in COLUMNS[5].values
        if not known or any(text in _NONE for text in (*texts, dose)):
            continue
        taken = any(_taken(text) for text in fields[8:])
        records.append([*texts, str(int(taken)), str(int(_taken(amiodarone)))])
        doses.append([dose])
    require(len(records) >= 1, must="hold a record without gaps", path=path)
    weekly = coded(doses, (Column(name="Therapeutic Dose of Warfarin"),), first=1)[:, 0]
    require(bool((weekly >= 0).all()), must="be >= 0", dose=float(weekly.min()))
    return Table(
        X=coded(records, COLUMNS, first=1),
        y=np.sqrt(weekly),
        columns=COLUMNS,
        label=LABEL,
        source=SOURCE,
    )


def _taken(text: str) -> bool:
    require(text in (*_NONE, "0", "1", "0.0", "1.0"), must="be 0 or 1", drug=text)
    return text in ("1", "1.0")
