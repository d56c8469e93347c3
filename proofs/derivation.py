"""Derivations as checks: each is a py:percent notebook that raises when one of its steps is wrong."""

from __future__ import annotations

import functools
import re
import runpy
import warnings
from pathlib import Path

from proofs.check import Check, Refuted, Unavailable

FOLDER = Path(__file__).parent / "derivations"


def files() -> tuple[Path, ...]:
    """The derivations, in the order of their theorems; those of DP-SGD last."""
    return (*sorted(FOLDER.glob("theorem_*.py")), *sorted(FOLDER.glob("sgd_*.py")))


def title(path: Path) -> str:
    """First heading of a derivation."""
    found = re.search(r"^# # (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise Refuted(f"{path.name} has no title")
    return found[1].strip()


def _plain(text: str) -> str:
    """A title for a terminal, without LaTeX."""
    return text.replace("$", "").replace("\\delta>0", "δ > 0")


def run(path: Path) -> str:
    """Execute a derivation in this process, without showing anything; warnings are failures."""
    try:
        import matplotlib
    except ImportError as error:
        raise Unavailable("derivations: pip install 'mipriv[plot]'") from error
    matplotlib.use("Agg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runpy.run_path(str(path), run_name=path.stem)
    from matplotlib import pyplot

    pyplot.close("all")
    steps = len(re.findall(r"\b(?:same|named|limit|holds)\(", path.read_text(encoding="utf-8")))
    return f"{steps} steps checked by sympy on the package's own formulas"


def checks() -> tuple[Check, ...]:
    """One check a derivation."""
    return tuple(
        Check(f"derivation.{path.stem}", _plain(title(path)), functools.partial(run, path))
        for path in files()
    )
