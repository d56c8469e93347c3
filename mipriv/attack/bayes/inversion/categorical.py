"""The best guess of a categorical attribute from a linear answer with normal noise."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from mipriv.attack.bayes.gaussian import means_success
from mipriv.attack.bayes.inversion.answers import FRESH, independent
from mipriv.errors import require
from mipriv.populations.warfarin import Stratum
from mipriv.rigor.decimals import nonnegative


@dataclass(frozen=True, kw_only=True)
class CategoricalInversion:
    """The inversion game on an attribute of finitely many values, all others being known.

    An answer is what the known attributes contribute, which the attacker subtracts, plus the mean of
    the secret's value, plus N(0, variance).  The strata are the values of the side information as
    far as they change the secret's law or means.

    Attributes:
        strata: their masses sum to exactly 1.
        variance: v >= 0 of the noise of one answer; 0: deterministic.
        queries: q, answers seen to the record, >= 1.
        noise: `fresh`: independent in each answer; `per-input`: the same in all.
    """

    strata: tuple[Stratum, ...]
    variance: fmpq = fmpq(0)
    queries: int = 1
    noise: str = FRESH

    def __post_init__(self) -> None:
        strata = tuple(self.strata)
        total = sum((stratum.mass for stratum in strata), fmpq(0))
        require(total == 1, must="have masses that sum to exactly 1", strata=total)
        for stratum in strata:
            sizes = (len(stratum.prior), len(stratum.means), sum(stratum.prior, fmpq(0)))
            valid = sizes[0] == sizes[1] and sizes[2] == 1
            require(valid, must="have a mean a value and a prior that sums to 1", stratum=sizes)
        independent(self.queries, self.noise)
        object.__setattr__(self, "strata", strata)
        object.__setattr__(self, "variance", nonnegative(self.variance, "variance"))

    def base(self) -> fmpq:
        """Best success without an answer, exact: the likeliest value of each stratum."""
        return sum((row.mass * max(row.prior) for row in self.strata), fmpq(0))

    def success(self) -> arb:
        """Best success of any attacker, an enclosure; without noise the exact one.

        >>> from mipriv.populations.warfarin import Warfarin
        >>> print(CategoricalInversion(strata=Warfarin().strata("VKORC1")).success())
        1.00000000000000
        """
        spread = self.variance / independent(self.queries, self.noise)
        if spread > 0:
            parts = (
                row.mass * means_success(means=row.means, variance=spread, prior=row.prior)
                for row in self.strata
            )
            return sum(parts, arb(0))
        return arb(sum((row.mass * _told_apart(row) for row in self.strata), fmpq(0)))

    def gain(self) -> arb:
        """(success - base)/(1 - base), an enclosure; 0 where the base is 1."""
        base = self.base()
        return arb(0) if base == 1 else (self.success() - base) / (1 - base)


def _told_apart(row: Stratum) -> fmpq:
    """Of equal means the likeliest value is guessed."""
    led: dict[fmpq, fmpq] = {}
    for mean, share in zip(row.means, row.prior, strict=True):
        led[mean] = max(share, led.get(mean, fmpq(0)))
    return sum(led.values(), fmpq(0))
