"""Noise of a release, drawn once for each input or afresh at each call.

The draws are doubles.  What is proved of normal noise is proved of ideal real numbers: who knows of
two answers that one of them is under the noise can tell from the last bits of the sum which it was,
where only one leaves a number that a draw can be (Mironov 2012).  For study, not for release.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from scipy.special import ndtri

from mipriv.errors import require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

KINDS = ("per-input", "fresh")
KEY_BYTES = 32
_WORDS = 8  # 64-bit words of one BLAKE2b digest, the columns of a block
_PERSON = b"mipriv release"
_FINEST = 2.0**-40  # narrowest cell, of a feature's largest value: far above its last bits


@runtime_checkable
class ReleaseNoise(Protocol):
    """Standard normal noise of the answers to inputs.

    Attributes:
        key: the secret it is drawn from, for an attacker who knows all; None if there is none.
    """

    @property
    def key(self) -> bytes | None: ...

    def normals(self, X: ArrayLike, columns: int) -> NDArray[np.float64]:
        """Standard normal draws for inputs.

        Args:
            X: inputs, shape (N, p), finite.
            columns: draws for each input, >= 0.

        Returns:
            Shape (N, columns).
        """
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class PerInputNoise:
    """Noise that is a function of a secret key and of the input's cell.

    Asking again, with the same input or with one that differs in its last bits, tells no more than
    asking once.  The draws of an input do not depend on what else is asked in the same call, and
    the first of more columns are those of fewer.  To who does not know the key, the draws of
    different cells are independent, as far as BLAKE2b is a pseudorandom function.

    It hides no more than that: two inputs of one cell have the same noise, so that the difference
    of their answers has none; who may ask about inputs of his choice can average over the cells
    around one, or list the answers of all inputs of a small set and look an answer up.  Small is
    what a known record leaves open: with all attributes known but one, that one's cells.  Learners
    fitted with one seed as `random_state` may have one key, and then one noise: two answers then
    tell what lies under both.

    Attributes:
        cells: width of a feature's cells, in the feature's unit, shape (p,); cells are centred at
            whole multiples of it.
        key: the secret, 32 bytes.
    """

    cells: NDArray[np.float64]
    key: bytes = field(repr=False)

    def normals(self, X: ArrayLike, columns: int) -> NDArray[np.float64]:
        """Standard normal draws, shape (N, columns); |draw| < 8.3 (uniforms on 53 bits)."""
        rows = np.asarray(X, dtype=np.float64)
        matches = rows.ndim == 2 and rows.shape[1] == len(self.cells)
        require(matches, must=f"have the shape (N, {len(self.cells)})", X=rows.shape)
        require(columns >= 0, must="be >= 0", columns=columns)
        # whole numbers as floats: they cannot overflow; adding zero makes -0.0 and 0.0 one cell
        with np.errstate(over="ignore"):  # beyond the largest float all is one cell
            rounded = np.ascontiguousarray(np.rint(rows / self.cells) + 0.0, dtype="<f8")
        blocks = -(-columns // _WORDS)
        words = np.frombuffer(self._digests(rounded, blocks), dtype="<u8")
        words = words.reshape(len(rows), blocks * _WORDS)[:, :columns]
        # 2^53 equally likely midpoints: neither 0 nor 1, whose normal quantiles are infinite
        uniforms = ((words >> np.uint64(11)) + 0.5) * 2.0**-53
        return np.asarray(ndtri(uniforms), dtype=np.float64)

    def _digests(self, rounded: NDArray[np.float64], blocks: int) -> bytes:
        """The digests of all inputs; a block of columns has its own, told apart by the salt."""
        keyed = [
            hashlib.blake2b(key=self.key, person=_PERSON, salt=block.to_bytes(16, "little"))
            for block in range(blocks)
        ]
        parts = []
        for row in rounded:
            for base in keyed:
                digest = base.copy()
                digest.update(row.data)
                parts.append(digest.digest())
        return b"".join(parts)


@dataclass(frozen=True, eq=False, kw_only=True)
class FreshNoise:
    """Noise drawn anew at every call: who asks about one input often enough averages it out.

    NumPy's generator is for experiments; its draws can be told from random by who tries.

    Attributes:
        generator: its state advances at each call.
        key: None.
    """

    generator: np.random.Generator
    key: None = None

    def normals(self, X: ArrayLike, columns: int) -> NDArray[np.float64]:
        """Standard normal draws, shape (N, columns), new at each call."""
        require(columns >= 0, must="be >= 0", columns=columns)
        return self.generator.standard_normal((len(np.asarray(X)), columns))


def release_noise(kind: str, *, X: ArrayLike, grid: float, random_state: Any) -> ReleaseNoise:
    """The noise of a learner, built at its fit; it can be pickled, with its secret.

    Args:
        kind: "per-input" (one draw for each cell of inputs) or "fresh" (new at each call).
        X: training inputs, shape (N, p), N >= 1, finite: the grid follows their spread.
        grid: width of a cell in units of each feature's training standard deviation, > 0.  A cell
            is at least 2^-40 of the feature's largest absolute value wide, above roundoff; for a
            feature that does not vary the unit is its absolute value (1 if that is 0).
        random_state: None (the operating system's randomness), a seed >= 0, or a generator of
            NumPy, of either kind, which advances.

    Raises:
        ParameterError: unknown kind, X without rows, grid not positive and finite.
    """
    require(kind in KINDS, must=f"be one of {', '.join(KINDS)}", noise=kind)
    require(0 < grid < float("inf"), must="be positive and finite", grid=grid)
    secret = _secret(random_state)
    if kind == "fresh":
        return FreshNoise(generator=np.random.default_rng(int.from_bytes(secret, "little")))
    return PerInputNoise(cells=_cells(np.asarray(X, dtype=np.float64), grid), key=secret)


def _cells(rows: NDArray[np.float64], grid: float) -> NDArray[np.float64]:
    """Width of each feature's cells."""
    require(rows.ndim == 2 and len(rows) > 0, must="have the shape (N, p), N >= 1", X=rows.shape)
    largest = np.abs(rows).max(axis=0)
    # the standard deviation of equal numbers is often not 0 but roundoff
    constant = rows.min(axis=0) == rows.max(axis=0)
    unit = np.where(constant, np.where(largest > 0, largest, 1.0), rows.std(axis=0))
    cells = np.maximum(grid * unit, _FINEST * largest)
    require(bool(np.all(cells > 0)), must="leave cells wider than 0", grid=grid)
    return np.asarray(cells, dtype=np.float64)


def _secret(random_state: Any) -> bytes:
    """32 secret bytes.

    They are hashed with the purpose, so that they are not the numbers that the learner itself
    draws from the same seed.
    """
    if random_state is None:
        return secrets.token_bytes(KEY_BYTES)
    if isinstance(random_state, int | np.integer):
        seed = int(random_state)
        require(seed >= 0, must="be >= 0", random_state=seed)
        source: Any = np.random.default_rng(seed)
    else:
        source = random_state
    known = isinstance(source, np.random.Generator | np.random.RandomState)
    require(known, must="be None, a seed or a NumPy generator", random_state=random_state)
    drawn = source.bytes(KEY_BYTES)
    return hashlib.blake2b(drawn, digest_size=KEY_BYTES, person=_PERSON).digest()
