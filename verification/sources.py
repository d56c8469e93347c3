"""Which sources a result was computed from: one hash of all files that could change it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import mipriv
from mipriv.errors import require

_HERE = Path(__file__).parent
_PACKAGE = Path(mipriv.__file__).parent
_APART = ("bench", "report", "study")  # they play no cell


@cache
def digest(play: str) -> str:
    """Hash, in hexadecimal, of the package, this folder, and the module that plays the cells.

    It is taken once a process: a file changed later is not what this process runs.

    Args:
        play: "module:function".

    Raises:
        ParameterError: the module is not found.
    """
    found = sha256()
    for name, path in _files(play):
        content = path.read_bytes()
        found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def _files(play: str) -> Iterator[tuple[str, Path]]:
    for folder in (_PACKAGE, _HERE):
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(folder.parent)
            if folder != _HERE or relative.parts[1] not in _APART:
                yield relative.as_posix(), path
    module = play.partition(":")[0]
    if module.partition(".")[0] not in (_PACKAGE.name, _HERE.name):
        yield module, _origin(module)


def _origin(module: str) -> Path:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        spec = None
    origin = spec.origin if spec is not None else None
    require(origin is not None, must="be a module that Python finds", play=module)
    return Path(origin or "")
