"""Files of tensors and JSON: whole or not there, checked when read, and without pickled code."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mipriv.errors import ParameterError

Place: TypeAlias = "str | os.PathLike[str]"
_VALUES, _DIGEST = "mipriv", "digest"  # keys of the file's metadata


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file holds.

    Attributes:
        kind: what the file is for.
        values: anything JSON can say.
        tensors: by name.
    """

    kind: str
    values: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names start with `name` and a dot, without that."""
        start = f"{name}."
        return {k.removeprefix(start): v for k, v in self.tensors.items() if k.startswith(start)}


def named(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of the tensors under names that start with `name` and a dot."""
    # copies, because the file format refuses tensors that share memory
    return {f"{name}.{k}": v.detach().clone().contiguous() for k, v in tensors.items()}


def write(path: Place, stored: Stored) -> None:
    """Write a file that its owner alone may read; at every moment the path holds a whole file.

    Args:
        path: replaced if it exists.
        stored: what to write.

    Raises:
        OSError: the folder does not exist, or the file cannot be written.
    """
    place = Path(path)
    if not place.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(place.parent))
    values = json.dumps({"kind": stored.kind, **stored.values}, sort_keys=True)
    content = save(
        dict(stored.tensors),
        metadata={_VALUES: values, _DIGEST: _digest(values, stored.tensors)},
    )
    # a temporary file is made for its owner alone, and the rename keeps that
    handle, partial = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(place)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def read(path: Place, *, kind: str) -> Stored:
    """Read a file that `write` wrote.

    Args:
        path: to read.
        kind: what the file must be for.

    Raises:
        ParameterError: it is something else, or damaged.
        OSError: it cannot be read.
    """
    with Path(path).open("rb"):
        pass  # a file that is missing or forbidden is told by the system's own error
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
    except (SafetensorError, OSError, ValueError):
        raise refused(path, "be a safetensors file, whole") from None
    if _VALUES not in metadata:
        raise refused(path, "be a file written by mipriv")
    if metadata.get(_DIGEST) != _digest(metadata[_VALUES], tensors):
        raise refused(path, "be undamaged; its digest differs")
    values = json.loads(metadata[_VALUES])
    if values.get("kind") != kind:
        raise refused(path, f"hold a {kind}, not a {values.get('kind')}")
    return Stored(kind=kind, values=values, tensors=tensors)


def refused(path: Place, must: str) -> ParameterError:
    """The error that names a file and what it must be."""
    return ParameterError(f"{Path(path).name}: must {must}")


def _digest(values: str, tensors: Mapping[str, Tensor]) -> str:
    """Of all that a file holds; it tells damage, not a forgery."""
    found = hashlib.blake2b(values.encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name].detach().contiguous()
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
