"""Mixtures of shifts of one noise law: what a statistic plus noise looks like under each secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat, ctx, fmpq, fmpz

from mipriv.errors import PrecisionError, require
from mipriv.roles import Law

Row = Sequence[fmpz]
_DOUBLINGS = 400
_ROUNDING_BITS = 16  # which a tail 1 - cdf loses of the precision, and more


@dataclass(frozen=True)
class Mixture:
    """g_s(x) = sum over centres c of w_s(c) law(x - c), one s a secret, prior times likelihood.

    Attributes:
        law: of the noise.
        centres: in rising order.
        numerators: of each centre, one whole number a secret.
        weights: w_s(c) as balls, proportional to the numerators.
        dropped: what the weights miss of the total 1: at most this, >= 0.
    """

    law: Law
    centres: tuple[fmpq, ...]
    numerators: tuple[tuple[fmpz, ...], ...]
    weights: tuple[tuple[arb, ...], ...]
    dropped: arb

    @classmethod
    def of(
        cls, law: Law, units: Sequence[fmpq], terms: Iterable[tuple[Callable[[], fmpq], Row]]
    ) -> Mixture:
        """Collect terms and leave out those of next to no weight.

        The integral of max_s g_s falls by the weights left out, at most; each is below
        2^-(precision + 32).

        Args:
            law: of the noise.
            units: what a numerator counts, one a secret.
            terms: pairs of a centre, worked out only where it matters, and its numerators.
        """
        sizes, least = [arb(unit) for unit in units], arb(2) ** -(ctx.prec + 32)
        found: dict[fmpq, Row] = {}
        dropped = arb(0)
        for centre, row in terms:
            total = sum((top * size for top, size in zip(row, sizes, strict=True)), arb(0))
            if total < least:
                dropped += total
                continue
            place = centre()
            before = found.get(place)
            found[place] = (
                row if before is None else [a + b for a, b in zip(before, row, strict=True)]
            )
        centres = tuple(sorted(found))
        rows = tuple(tuple(found[centre]) for centre in centres)
        weights = tuple(
            tuple(top * size for top, size in zip(row, sizes, strict=True)) for row in rows
        )
        return cls(law, centres, rows, weights, dropped)

    @property
    def secrets(self) -> int:
        """Number of secrets."""
        return len(self.weights[0])

    @cached_property
    def totals(self) -> list[arb]:
        """Integral of each g_s."""
        return [sum((row[s] for row in self.weights), arb(0)) for s in range(self.secrets)]

    def densities(self, x: fmpq | arb) -> list[arb]:
        """Every g_s at x, or an enclosure of all its values on a ball x."""
        return self._mixed([self.law.density(x - centre) for centre in self.centres])

    def masses(self, x: fmpq) -> list[arb]:
        """Integral (sum) of every g_s up to and with x."""
        return self._mixed([self.law.cdf(x - centre) for centre in self.centres])

    def mixed_differences(self, x: arb, reference: int) -> list[arb]:
        """Every g_s - g_reference on a ball x: differences of weights come before the noise."""
        values = arb_mat([[self.law.density(x - centre) for centre in self.centres]])
        return _row(values * self._differences[reference])

    @cached_property
    def _matrix(self) -> arb_mat:
        return arb_mat(self.weights)

    @cached_property
    def _differences(self) -> list[arb_mat]:
        return [
            arb_mat([[weight - row[s] for weight in row] for row in self.weights])
            for s in range(self.secrets)
        ]

    def _mixed(self, values: list[arb]) -> list[arb]:
        return _row(arb_mat([values]) * self._matrix)

    def reach(self, most: arb | None = None) -> tuple[fmpq, fmpq]:
        """Points left and right of which each shift of the noise has at most some mass.

        Args:
            most: that mass; None: some 2^-precision.

        Returns:
            Whole numbers for a lattice.
        """
        if most is None:
            most = arb(2) ** (_ROUNDING_BITS - ctx.prec)
        first, last = self.centres[0], self.centres[-1]
        left = self._far(most, lambda step: self.law.cdf(-step), -1)
        right = self._far(most, lambda step: 1 - self.law.cdf(step), 1)
        return first - left, last + right

    def _far(self, most: arb, tail: Callable[[fmpq], arb], side: int) -> fmpq:
        """A distance from 0 with no more noise than that beyond, but some there if there can be."""
        near, far = fmpq(0), None
        step = fmpq(1)
        for _ in range(_DOUBLINGS):
            if not tail(step) <= most:
                near = step
            elif self.law.density(side * step) > 0:
                return step
            else:
                far = step
            step = 2 * step if far is None else (near + far) / 2
            if self.law.lattice and step.q != 1:
                break
        if far is None:
            raise PrecisionError("the tails of the noise are not enclosed at this precision")
        return far

    def require_lattice(self) -> None:
        """Raise ParameterError unless centres are whole wherever the noise is."""
        whole = not self.law.lattice or all(centre.q == 1 for centre in self.centres)
        require(whole, must="be whole where the noise is", centre=self.centres)


def _row(matrix: arb_mat) -> list[arb]:
    return [matrix[0, j] for j in range(matrix.ncols())]
