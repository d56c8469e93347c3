"""Real data from files that the user has: checked, coded and described; nothing is ever downloaded.

`load_steak`, `load_adult`, `load_mnist`, `load_iwpc` and `load_gss` each take a path.
"""

from __future__ import annotations

from mipriv.datasets.adult import load_adult
from mipriv.datasets.gss import load_gss
from mipriv.datasets.iwpc import load_iwpc
from mipriv.datasets.mnist import load_mnist
from mipriv.datasets.steak import load_steak
from mipriv.datasets.table import Column, Images, Source, Table

__all__ = [
    "Column",
    "Images",
    "Source",
    "Table",
    "load_adult",
    "load_gss",
    "load_iwpc",
    "load_mnist",
    "load_steak",
]
