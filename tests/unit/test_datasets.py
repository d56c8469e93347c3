"""Loaders of real data, on small made-up files and, where they are, on the real ones."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mipriv.datasets import load_adult, load_gss, load_iwpc, load_mnist, load_steak
from mipriv.errors import ParameterError
from mipriv.populations.warfarin import ATTRIBUTES, VALUES

STEAK = "fivethirtyeight_steak-risk-survey.csv"
ADULT = "adult.test"
IMAGES, LABELS = "mnist_t10k-images-idx3-ubyte.gz", "mnist_t10k-labels-idx1-ubyte.gz"

HEADER = (
    'RespondentID,"Consider the following, and choose",Do you ever smoke cigarettes?,'
    "Do you ever drink alcohol?,Do you ever gamble?,Have you ever been skydiving?,"
    "Do you ever drive above the speed limit?,Have you ever cheated on your significant other?,"
    "Do you eat steak?,How do you like your steak prepared?,Gender,Age,Household Income,Education,"
    "Location (Census Region)\n"
    ",Response,Response,Response,Response,Response,Response,Response,Response,Response,Response,"
    "Response,Response,Response,Response\n"
)
PERSON = (
    "Lottery A,No,Yes,No,No,Yes,{cheat},{eats},{how},Female,> 60,{income},Graduate degree,Pacific\n"
)


def survey(tmp_path: Path, *people: dict[str, str]) -> Path:
    first = {"cheat": "Yes", "eats": "Yes", "how": "Well", "income": '"$150,000+"'}
    rows = [f"{i + 1}," + PERSON.format(**{**first, **person}) for i, person in enumerate(people)]
    file = tmp_path / "steak.csv"
    file.write_text(HEADER + "".join(rows))
    return file


def test_steak(tmp_path: Path) -> None:
    file = survey(
        tmp_path,
        {},
        {"how": "Medium rare", "cheat": "No"},
        {"eats": "No", "how": "Rare"},
        {"income": ""},
        {"how": ""},
    )
    table = load_steak(file, checksum=None)
    assert table.y.tolist() == [4, 1]
    assert table.X.tolist() == [
        [0, 0, 1, 0, 0, 1, 1, 0, 3, 4, 4, 8],
        [0, 0, 1, 0, 0, 1, 0, 0, 3, 4, 4, 8],
    ]
    assert table.names[table.index("cheat")] == "cheat"
    assert table.columns[table.index("income")].values[4] == "$150,000+"
    kept = load_steak(file, checksum=None, missing="keep")
    assert kept.y.tolist() == [4, 1, 4]
    assert kept.X[2, kept.index("income")] == 5
    assert kept.columns[kept.index("income")].values[5] == "(no answer)"
    assert kept.label.values == table.label.values
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (load_steak(file, checksum=digest).X == table.X).all()


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    with pytest.raises(ParameterError) as said:
        load_steak(missing)
    for part in (
        str(missing),
        "steak survey",
        "CC BY 4.0",
        "fivethirtyeight/data",
        "never downloaded",
    ):
        assert part in str(said.value)
    file = survey(tmp_path, {})
    with pytest.raises(ParameterError, match=r"must have SHA-256 cc25080b.*checksum=None reads"):
        load_steak(file)
    with pytest.raises(ParameterError, match=r"cheat=Sometimes \(row 2\): must be one of No, Yes"):
        load_steak(survey(tmp_path, {}, {"cheat": "Sometimes"}), checksum=None)
    with pytest.raises(ParameterError, match="missing=mean: must be drop or keep"):
        load_steak(file, checksum=None, missing="mean")
    file.write_text(HEADER.replace("Do you eat steak?", "Do you eat tofu?"))
    with pytest.raises(ParameterError, match=r"tofu\?: must begin with 'Do you eat steak'"):
        load_steak(file, checksum=None)
    file.write_text(HEADER + "1,Lottery A\n")
    with pytest.raises(ParameterError, match="row 3=2: must have 15 fields"):
        load_steak(file, checksum=None)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParameterError, match="must be a text file in utf-8"):
        load_steak(file, checksum=None)


CENSUS = (
    "25, Private, 226802, 11th, 7, Never-married, Machine-op-inspct, Own-child, Black, Male, 0, 0,"
    " 40, United-States, <=50K.\n"
    "38, ?, 89814, HS-grad, 9, Married-civ-spouse, ?, Husband, White, Male, 0, 0, 50, ?, >50K.\n"
)
NAMES = (
    "age, workclass, fnlwgt, education, education-num, marital-status, occupation, relationship,"
    " race, sex, capital-gain, capital-loss, hours-per-week, native-country, Y\n"
)


@pytest.mark.parametrize("head", ["", NAMES, "|1x3 Cross validator\n"])
def test_adult(tmp_path: Path, head: str) -> None:
    file = tmp_path / ADULT
    file.write_text(head + CENSUS)
    table = load_adult(file, checksum=None)
    assert table.y.tolist() == [0, 1]
    assert table.label.values[1] == ">50K"
    assert table.X[:, table.index("age")].tolist() == [25, 38]
    level = table.columns[table.index("education")]
    assert [level.values[int(code)] for code in table.X[:, table.index("education")]] == [
        "11th",
        "HS-grad",
    ]
    # the levels stand in the order that the census numbers them, from 1
    numbers = table.X[:, table.index("education-num")]
    assert (table.X[:, table.index("education")] + 1 == numbers).all()
    assert table.columns[table.index("occupation")].values[-1] == "?"
    assert len(load_adult(file, checksum=None, missing="drop").y) == 1


def test_adult_with_other_columns_or_values(tmp_path: Path) -> None:
    file = tmp_path / ADULT
    file.write_text(NAMES.replace("fnlwgt", "weight") + CENSUS)
    with pytest.raises(ParameterError, match="must be age, workclass, fnlwgt"):
        load_adult(file, checksum=None)
    file.write_text(CENSUS.replace("226802", "many"))
    with pytest.raises(ParameterError, match=r"fnlwgt=many \(row 1\): must be a finite number"):
        load_adult(file, checksum=None)
    file.write_text("")
    with pytest.raises(ParameterError, match="must have records"):
        load_adult(file, checksum=None)


def idx(values: Any) -> bytes:
    array = np.asarray(values, dtype=np.uint8)
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def test_mnist(tmp_path: Path) -> None:
    pixels = np.arange(24).reshape(2, 3, 4)
    images, labels = tmp_path / "images.gz", tmp_path / "labels"
    images.write_bytes(gzip.compress(idx(pixels)))
    labels.write_bytes(idx([7, 2]))
    anything = {"images_checksum": None, "labels_checksum": None}
    found = load_mnist(images, labels, **anything)
    assert (found.images == pixels).all()
    assert found.images.dtype == np.uint8
    assert found.labels.tolist() == [7, 2]
    with pytest.raises(ParameterError, match="must have SHA-256 16731000"):
        load_mnist(images, labels)
    with pytest.raises(ParameterError, match="must be an IDX file of unsigned bytes with 3 axes"):
        load_mnist(labels, images, **anything)
    labels.write_bytes(idx([7]))
    with pytest.raises(ParameterError, match="labels=1: must hold 2 labels"):
        load_mnist(images, labels, **anything)
    labels.write_bytes(idx([7, 12]))
    with pytest.raises(ParameterError, match="labels=12: must hold digits"):
        load_mnist(images, labels, **anything)
    labels.write_bytes(idx([7, 2])[:-1])
    with pytest.raises(ParameterError, match="values=1: must hold 2 values"):
        load_mnist(images, labels, **anything)
    images.write_bytes(gzip.compress(idx(pixels))[:-9])
    with pytest.raises(ParameterError, match="must be a whole gzip file"):
        load_mnist(images, labels, **anything)


PATIENTS = (
    "Race\tAge\tHeight (cm)\tWeight (kg)\tCyp2C9 genotypes\tAmiodarone (Cordarone)\t"
    "VKORC1 genotype: -1639 G>A (3673); chr16:31015190; rs9923231; C/T\t"
    "Carbamazepine (Tegretol)\tPhenytoin (Dilantin)\tRifampin or Rifampicin\t"
    "Therapeutic Dose of Warfarin\n"
    "White\t60 - 69\t175.5\t80\t*1/*2\t1\tA/G\t0\t\tNA\t36\n"
    "Asian\t90+\t160\t50\t*1/*1\t\tA/A\t0\t1\t0\t16\n"
    "Unknown\t60 - 69\t175\t80\t*1/*2\t1\tA/G\t0\t0\t0\t36\n"
    "White\tNA\t175\t80\t*1/*2\t1\tA/G\t0\t0\t0\t36\n"
    "White\t60 - 69\t175\t80\t*1/*5\t1\tA/G\t0\t0\t0\t36\n"
    "White\t60 - 69\t175\t80\t*1/*2\t1\tA/G\t0\t0\t0\t\n"
)


def test_iwpc(tmp_path: Path) -> None:
    file = tmp_path / "iwpc.txt"
    file.write_text(PATIENTS)
    table = load_iwpc(file)
    assert table.X.tolist() == [
        [0, 6, 175.5, 80, 1, 1, 0, 1],
        [1, 9, 160, 50, 2, 0, 1, 0],
    ]
    assert table.y.tolist() == [6, 4]
    # the codes are those of the synthetic patients
    assert table.names == ATTRIBUTES
    for column in table.columns:
        if column.values and column.name in ("race", "VKORC1", "CYP2C9"):
            assert column.values == VALUES[column.name]
    file.write_text(PATIENTS.replace("Weight (kg)", "Mass"))
    with pytest.raises(ParameterError, match=r"must have a column Weight \(kg\)"):
        load_iwpc(file)
    file.write_text("\n".join(PATIENTS.split("\n")[0:1] + PATIENTS.split("\n")[3:]))
    with pytest.raises(ParameterError, match="must hold a record without gaps"):
        load_iwpc(file)
    with pytest.raises(ParameterError, match=r"IWPC warfarin data.*PharmGKB"):
        load_iwpc(tmp_path / "none")


def test_gss(tmp_path: Path) -> None:
    file = tmp_path / "gss.csv"
    file.write_text(
        "YEAR,HAPMAR,XMOVIE,CHILDS\n"
        "2012,VERY HAPPY,NO,10\n2012,PRETTY HAPPY,YES,2\n2012,VERY HAPPY,IAP,2\n2012,.i,NO,0\n"
    )
    table = load_gss(file, attributes=("xmovie", "childs"))
    assert table.names == ("xmovie", "childs")
    assert table.columns[0].values == ("NO", "YES")
    assert table.columns[1].values == ("2", "10")
    assert table.label.values == ("PRETTY HAPPY", "VERY HAPPY")
    assert table.X.tolist() == [[0, 1], [1, 0]]
    assert table.y.tolist() == [1, 0]
    assert table.arities == (2, 2)
    with pytest.raises(ParameterError, match="must have a column degree"):
        load_gss(file, attributes=("degree",))
    with pytest.raises(ParameterError, match="must be different variables"):
        load_gss(file, attributes=("hapmar",))


def real(*names: str) -> list[Path]:
    """Files of the folder MIPRIV_DATA; the test is skipped where it has not all of them."""
    folder = os.environ.get("MIPRIV_DATA")
    if not folder or not all((Path(folder) / name).is_file() for name in names):
        pytest.skip(f"needs {', '.join(names)}: export MIPRIV_DATA=FOLDER, the one that holds them")
    return [Path(folder) / name for name in names]


def test_the_real_steak_survey() -> None:
    (file,) = real(STEAK)
    table, kept = load_steak(file), load_steak(file, missing="keep")
    assert table.X.shape == (331, 12)
    assert kept.X.shape == (430, 12)
    with file.open(encoding="utf-8", newline="") as text:
        rows = [row for row in csv.reader(text) if row[8] == "Yes"]
    likings = [row[9] for row in rows]
    expected = [likings.count(value) for value in kept.label.values]
    assert np.bincount(kept.y, minlength=5).tolist() == expected
    whole = [row[7] for row in rows if all(row)]
    assert table.X[:, table.index("cheat")].sum() == whole.count("Yes")


def test_the_real_census() -> None:
    (file,) = real(ADULT)
    table = load_adult(file)
    assert table.X.shape == (16281, 14)
    assert int(table.y.sum()) == 3846
    numbers = table.X[:, table.index("education-num")]
    assert (table.X[:, table.index("education")] + 1 == numbers).all()


def test_the_real_digits() -> None:
    images, labels = real(IMAGES, LABELS)
    found = load_mnist(images, labels)
    assert found.images.shape == (10000, 28, 28)
    assert found.labels[:3].tolist() == [7, 2, 1]
