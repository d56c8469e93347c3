"""Laws of a record that an attacker who tries records may assume."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mipriv.errors import require
from mipriv.populations.joint import DiscreteJoint
from mipriv.rigor.decimals import whole

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
        found: NDArray[np.float64] = table[tuple(codes.T.astype(np.int64))]
        return found
