"""What is kept of a full study: its report, its figures and its results, packed."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

from mipriv.errors import require
from verification.campaign import Size
from verification.report.record import PACKED
from verification.store import RESULTS, SUMMARY
from verification.study.results import Study

GALLERY = Path(__file__).parents[1] / "gallery"
_FIGURES = ("six-panels", "paper", "information-attack")


def keep(folder: Path, report: str, gallery: Path = GALLERY) -> None:
    """Put a study into the gallery, in the place of what it held.

    `python -m verification study --only-report --out GALLERY` makes the single reports of it again.

    Args:
        folder: of a full study that passed, reported.
        report: name of its page.
        gallery: where it goes.

    Raises:
        ParameterError: it is small, or did not pass.
    """
    found = Study.of(folder)
    require(found.size is Size.FULL, must="be full to be kept", size=found.size)
    require(found.passed, must="hold a study that passed, to be kept", out=folder)
    if gallery.exists():
        shutil.rmtree(gallery)
    gallery.mkdir(parents=True)
    for name in (report, *(f"{one}.{kind}" for one in _FIGURES for kind in ("svg", "png"))):
        shutil.copyfile(folder / name, gallery / name)
    for one in found.played:
        place = gallery / one.part.campaign
        place.mkdir()
        content = (folder / one.part.campaign / RESULTS).read_bytes()
        # no time in the header: the same results are the same file
        (place / f"{RESULTS}{PACKED}").write_bytes(gzip.compress(content, mtime=0))
        summary = json.loads((folder / one.part.campaign / SUMMARY).read_text(encoding="utf-8"))
        # defences are compared anew by who reads it: one table, that of the report
        summary.pop("tradeoffs", None)
        text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
        (place / SUMMARY).write_text(text, encoding="utf-8")
