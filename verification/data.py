"""Where data sets of others lie that do not come with the package, and which of them are there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mipriv.datasets import adult, gss, iwpc, mnist, steak
from mipriv.errors import ParameterError, require

VARIABLE = "MIPRIV_DATA"
_BESIDE = Path(__file__).parents[2] / "shared" / "data"  # next to the checkout
STEAK = "fivethirtyeight_steak-risk-survey.csv"
ADULT = "adult.test"
MNIST = ("mnist_t10k-images-idx3-ubyte.gz", "mnist_t10k-labels-idx1-ubyte.gz")
IWPC = "iwpc.csv"  # a user's own
GSS = "gss.csv"  # a user's own
_SOURCES = {
    STEAK: steak.SOURCE,
    ADULT: adult.SOURCE,
    **dict.fromkeys(MNIST, mnist.SOURCE),
    IWPC: iwpc.SOURCE,
    GSS: gss.SOURCE,
}


def folder() -> Path:
    """The folder of the data: that which MIPRIV_DATA names, else ../shared/data of the checkout."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else _BESIDE


def path(name: str) -> Path:
    """The file of this name.

    Raises:
        ParameterError: it is not there.
    """
    found = missing(name)
    if found:
        raise ParameterError(f"data={name}: must be there: {found[0]}")
    return folder() / name


def missing(needs: Any) -> list[str]:
    """A line for each file that is needed and not there: what it is, and how it would be found.

    Args:
        needs: name of a file, a list of them, or None.
    """
    names = [needs] if isinstance(needs, str) else [] if needs is None else needs
    require(isinstance(names, list), must="be a name or a list of names", needs=needs)
    for name in names:
        require(
            isinstance(name, str) and name in _SOURCES,
            must=f"be one of {', '.join(_SOURCES)}",
            needs=name,
        )
    where = f"not in the folder that {VARIABLE} names, by default ../shared/data"
    return [f"{one}, {_SOURCES[one]}: {where}" for one in names if not (folder() / one).is_file()]
