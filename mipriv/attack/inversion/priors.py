"""Laws of a record that an attacker who tries records may assume, or learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mipriv.attack.inversion.features import coded
from mipriv.errors import require
from mipriv.populations.joint import DiscreteJoint
from mipriv.rigor.decimals import nonnegative, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """An attribute that the attacker neither seeks nor knows: he sums over its values.

    Attributes:
        column: in a record.
        values: all of them.
        masses: the marginal probability of each, for the independent prior.
    """

    column: int
    values: tuple[float, ...]
    masses: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", whole(self.column, "column", at_least=0))
        fits = len(self.values) == len(self.masses) >= 1
        require(fits, must="be one mass a value", masses=len(self.masses))
        require(all(mass >= 0 for mass in self.masses), must="be >= 0", masses=self.masses)


@dataclass(frozen=True, eq=False)
class JointPrior:
    """Exact masses of records in place of the independence that the published attack assumes.

    Attributes:
        joint: law of the record, whose codes are the numbers that the side information holds.
        label: whether the mass of x' together with the label is meant, instead of that of x'.
    """

    joint: DiscreteJoint
    label: bool = False

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        import numpy as np

        shape = (*self.joint.arities, self.joint.classes)
        masses = np.array([mass / self.joint.denominator for mass in self.joint.numerators])
        table: NDArray[np.float64] = masses.reshape(shape)
        return table if self.label else table.sum(axis=-1)

    def __call__(
        self, records: NDArray[np.float64], labels: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """Mass of each record, as a double."""
        import numpy as np

        seen = labels is not None or not self.label
        require(seen, must="see the label", JointPrior="label=True")
        table = self._table
        codes = np.column_stack([records, labels]) if self.label and labels is not None else records
        fits = codes.shape[1] == table.ndim
        require(fits, must=f"have {table.ndim} columns with the label", records=codes.shape)
        places = codes.astype(np.int64)
        valid = bool(((places == codes) & (places >= 0) & (places < np.array(table.shape))).all())
        require(valid, must="hold codes within the arities and classes", records=table.shape)
        found: NDArray[np.float64] = table[tuple(places.T)]
        return found


@dataclass(frozen=True, eq=False)
class Frequencies:
    """p(v | side information) as auxiliary records show it, for side information of few values.

    Attributes:
        values: secrets seen, in rising order.
        marginal: share of each; what is assumed of side information never seen.
        rows: side information as bytes -> share of each secret.
        columns: of the side information that count; None: all.
    """

    values: NDArray[Any]
    marginal: NDArray[np.float64]
    rows: dict[bytes, NDArray[np.float64]]
    columns: tuple[int, ...] | None = None

    @classmethod
    def learn(
        cls,
        side: NDArray[np.float64],
        secrets: Any,
        *,
        columns: Sequence[int] | None = None,
        smoothing: float = 1.0,
    ) -> Frequencies:
        """Count, leaning on the marginal as if `smoothing` records of it had been seen too.

        Args:
            side: shape (N, p), N >= 1.
            secrets: shape (N,).
            columns: as the attribute.
            smoothing: finite, > 0.
        """
        import numpy as np

        strength = float(nonnegative(smoothing, "smoothing"))
        require(strength > 0, must="be > 0", smoothing=smoothing)
        values, own = coded(secrets, len(side))
        marginal = np.bincount(own) / len(own)
        kept = None if columns is None else tuple(columns)
        counts: dict[bytes, NDArray[np.float64]] = {}
        for key, kind in zip(_keys(side, kept), own.tolist(), strict=True):
            counts.setdefault(key, strength * marginal)[kind] += 1
        rows = {key: row / row.sum() for key, row in counts.items()}
        return cls(values, marginal, rows, kept)

    def __call__(self, values: NDArray[Any], side: NDArray[np.float64]) -> NDArray[np.float64]:
        """p(v | side), shape (N, values); 0 for a value never seen."""
        import numpy as np

        shares = np.array([self.rows.get(key, self.marginal) for key in _keys(side, self.columns)])
        found = np.zeros((len(side), len(values)))
        for place, value in enumerate(values.tolist()):
            at = np.flatnonzero(self.values == value)
            if len(at) and len(side):
                found[:, place] = shares[:, at[0]]
        return found


def _keys(side: NDArray[np.float64], columns: tuple[int, ...] | None) -> list[bytes]:
    """Each record's side information; + 0.0 makes the two zeros one."""
    kept = side if columns is None else side[:, list(columns)]
    return [row.tobytes() for row in kept + 0.0]
