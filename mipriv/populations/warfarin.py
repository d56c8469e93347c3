"""Synthetic patients whose warfarin dose follows the public dosing model; an exact discrete law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import lcm
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.populations.joint import DiscreteJoint
from mipriv.rigor.decimals import exact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RACES = ("White", "Asian", "Black")
VKORC1 = ("G/G", "A/G", "A/A")  # genotypes at -1639, rs9923231
CYP2C9 = ("*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")
GENES = ("VKORC1", "CYP2C9")

# values of each attribute in the order of a record; of numbers, as they enter the model
VALUES: dict[str, tuple[Any, ...]] = {
    "race": RACES,
    "decade": (2, 3, 4, 5, 6, 7, 8, 9),  # age/10 rounded down; 9: 90 years and more
    "height": (145, 155, 165, 175, 185, 195),  # cm, middles of intervals
    "weight": (40, 60, 80, 100, 120, 140),  # kg, middles of intervals
    "VKORC1": VKORC1,
    "CYP2C9": CYP2C9,
    "inducer": (0, 1),  # carbamazepine, phenytoin or rifampicin
    "amiodarone": (0, 1),
}
ATTRIBUTES = tuple(VALUES)

INTERCEPT = "5.6044"
# of the square root of the weekly dose in mg, a column of the design each
MODEL: dict[str, str] = {
    "decade": "-0.2614",
    "height": "0.0087",
    "weight": "0.0128",
    "VKORC1 A/G": "-0.8677",
    "VKORC1 A/A": "-1.6974",
    "CYP2C9 *1/*2": "-0.5211",
    "CYP2C9 *1/*3": "-0.9357",
    "CYP2C9 *2/*2": "-1.0616",
    "CYP2C9 *2/*3": "-1.9206",
    "CYP2C9 *3/*3": "-2.3312",
    "race Asian": "-0.1092",
    "race Black": "-0.276",
    "inducer": "1.1816",
    "amiodarone": "-0.5503",
}
COLUMNS = tuple(MODEL)

# genotyped patients of each race in the consortium's data, Limdi et al. 2010
_PATIENTS = (3113, 1103, 670)
# allele frequencies in per mille, European, East Asian and African: VKORC1 -1639 A, CYP2C9 *2, *3
_ALLELES = ((388, 124, 73), (885, 1, 34), (54, 8, 2))
# percent; White and Black rounded from normal laws of the means and deviations published in 2015
# (64.1 +- 15.2 and 57.0 +- 15.7 years; 172.5 and 171.2 +- 10.2 cm; 87.5 +- 22.7 and 91.0 +- 23.2 kg,
# the Black height's deviation stylised), Asian stylised (61 +- 14, 161 +- 9, 63 +- 13)
_DECADES = (
    (1, 4, 12, 22, 26, 20, 10, 5),
    (1, 5, 15, 26, 27, 17, 7, 2),
    (4, 10, 19, 25, 22, 13, 5, 2),
)
_HEIGHTS = ((1, 10, 29, 37, 19, 4), (11, 34, 39, 14, 2, 0), (2, 12, 32, 35, 16, 3))
_WEIGHTS = ((5, 17, 32, 30, 13, 3), (16, 54, 28, 2, 0, 0), (4, 14, 30, 31, 16, 5))
_AMIODARONE = (13, 4, 7)  # percent; Asian stylised
_INDUCER = (1, 1, 1)  # percent; stylised
_DRAWN = 1 << 62  # whole numbers below it are drawn exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """The records of which an attacker knows all but a genotype, as far as it matters to him.

    Attributes:
        mass: probability of such a record.
        prior: law of the genotype there, exact.
        means: what each genotype adds to the answer, up to a constant that the attacker knows.
    """

    mass: fmpq
    prior: tuple[fmpq, ...]
    means: tuple[fmpq, ...]


@dataclass(frozen=True, kw_only=True)
class Warfarin:
    """Patients with race, age, size, genotypes and drugs; y is the square root of the weekly dose.

    Given the race all attributes are independent, genotypes in Hardy-Weinberg proportions.  Then
    y = model(x) + N(0, noise^2), y^2 being mg a week.  A record holds codes: places in `VALUES`, in
    the order of `ATTRIBUTES`.

    The coefficients are those of the published pharmacogenetic model (its terms for unknown genotypes
    and mixed race left out), checked against several public implementations, not the paper.
    The marginals imitate those of published cohorts: see the comments at the tables for which
    numbers are published and which are stylised.  No claim about patients should rest on them.

    Attributes:
        noise: standard deviation of y given x, finite, > 0.  With 1.1 the model explains 41, 25 and
            25 % of the variance of y in White, Asian and Black patients; for the dose itself 40, 24
            and 25 % are published (2010, table 2).

    Source: International Warfarin Pharmacogenetics Consortium, NEJM 360, 2009 (model); Shendre,
        Dillon, Limdi, Pharmacogenomics 19, 2018, table 1 (allele frequencies of the 1000 Genomes
        Project); Limdi et al., Blood 115, 2010 (patients a race); Blood 126, 2015, doi
        10.1182/blood-2015-02-627042, table 1 (age, height, weight, amiodarone of European and
        African Americans).
    """

    noise: fmpq = fmpq(11, 10)

    def __post_init__(self) -> None:
        noise = exact(self.noise, "noise")
        require(noise > 0, must="be finite and > 0", noise=self.noise)
        object.__setattr__(self, "noise", noise)

    def races(self) -> tuple[fmpq, ...]:
        """Exact law of the race."""
        total = sum(_PATIENTS)
        return tuple(fmpq(count, total) for count in _PATIENTS)

    def law(self, attribute: str, *, race: int) -> tuple[fmpq, ...]:
        """Exact law of an attribute other than the race, given the race.

        Args:
            attribute: one of `ATTRIBUTES`.
            race: code, 0 to 2.

        >>> Warfarin().law("VKORC1", race=2)
        (223729/250000, 12771/125000, 729/250000)
        """
        others = ATTRIBUTES[1:]
        require(attribute in others, must=f"be one of {', '.join(others)}", attribute=attribute)
        require(race in range(len(RACES)), must=f"lie from 0 to {len(RACES) - 1}", race=race)
        if attribute in GENES:
            return _genotypes(attribute, _ALLELES[race])
        if attribute in ("inducer", "amiodarone"):
            share = fmpq((_INDUCER if attribute == "inducer" else _AMIODARONE)[race], 100)
            return (1 - share, share)
        table = {"decade": _DECADES, "height": _HEIGHTS, "weight": _WEIGHTS}[attribute]
        return tuple(fmpq(percent, 100) for percent in table[race])

    def joint(self, attributes: Sequence[str] = ATTRIBUTES) -> DiscreteJoint:
        """Exact law of some attributes, with a label of one class, since y is not discrete.

        Args:
            attributes: different names of `ATTRIBUTES`; the codes follow this order.
        """
        known = len(set(attributes)) == len(attributes) and set(attributes) <= set(ATTRIBUTES)
        require(known, must=f"be different names of {', '.join(ATTRIBUTES)}", attributes=attributes)
        arities = tuple(len(VALUES[name]) for name in attributes)
        masses = [fmpq(0)] * _cells(arities)
        for race, share in enumerate(self.races()):
            rows = [
                [fmpq(int(code == race)) for code in range(len(RACES))]
                if name == "race"
                else self.law(name, race=race)
                for name in attributes
            ]
            part = [share]
            for row in rows:
                part = [mass * own if own != 0 else own for mass in part for own in row]
            masses = [mass + own for mass, own in zip(masses, part, strict=True)]
        return DiscreteJoint(arities, tuple(masses))

    def sample(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Independent patients: codes, shape (count, 8), drawn exactly, and y, shape (count,)."""
        import numpy as np

        codes = np.zeros((count, len(ATTRIBUTES)), dtype=np.int64)
        codes[:, 0] = _drawn(self.races(), count, rng)
        for column, name in enumerate(ATTRIBUTES[1:], start=1):
            for race in range(len(RACES)):
                own = codes[:, 0] == race
                codes[own, column] = _drawn(self.law(name, race=race), int(own.sum()), rng)
        mean = self.mean(codes)
        return codes, mean + float(arb(self.noise)) * rng.normal(size=count)

    def design(self, codes: Any) -> NDArray[np.float64]:
        """Numbers and dummy columns of records, in the order of `COLUMNS`; shape (N, 14).

        Args:
            codes: shape (N, 8).
        """
        import numpy as np

        table = np.asarray(codes)
        fits = table.ndim == 2 and table.shape[1] == len(ATTRIBUTES)
        require(fits, must=f"have shape (N, {len(ATTRIBUTES)})", codes=table.shape)
        sizes = np.array([len(VALUES[name]) for name in ATTRIBUTES])
        valid = bool(((table >= 0) & (table < sizes)).all())
        require(valid, must="hold codes of VALUES", codes=sizes)
        parts = []
        for column in COLUMNS:
            name, _, value = column.partition(" ")
            own = table[:, ATTRIBUTES.index(name)].astype(np.int64)
            values = VALUES[name]
            parts.append(own == values.index(value) if value else np.array(values)[own])
        return np.stack(parts, axis=1).astype(np.float64)

    def coefficients(self) -> tuple[fmpq, ...]:
        """Exact coefficients of the columns of the design, in the order of `COLUMNS`."""
        return tuple(exact(value, "coefficients") for value in MODEL.values())

    def mean(self, codes: Any) -> NDArray[np.float64]:
        """E[y|x] of records, the square root of mg a week; shape (N,)."""
        import numpy as np

        row = np.array([float(value) for value in MODEL.values()])
        found: NDArray[np.float64] = self.design(codes) @ row + float(INTERCEPT)
        return found

    def dummies(self, gene: str) -> tuple[int, tuple[tuple[int, ...], ...]]:
        """Where a gene's dummy columns begin in the design, and what each genotype has in them.

        >>> Warfarin().dummies("VKORC1")
        (3, ((0, 0), (1, 0), (0, 1)))
        """
        start, kinds = COLUMNS.index(_columns(gene)[0]), len(VALUES[gene])
        rows = tuple(tuple(int(code == k) for k in range(1, kinds)) for code in range(kinds))
        return start, rows

    def strata(self, gene: str, *, effects: Sequence[Any] | None = None) -> tuple[Stratum, ...]:
        """What an attacker who knows all attributes but a gene must still tell apart; one a race.

        Given the race the gene is independent of the rest, so that nothing else he knows matters.
        The best success at the gene, from an answer with normal noise, is the mean over strata of
        that of telling the means apart with this prior; the answer is the model's release, or y
        itself, whose noise is `noise`.

        Args:
            gene: VKORC1 or CYP2C9.
            effects: what each genotype adds to the answer, for a model with other coefficients in
                its dummy columns; None: this model's.
        """
        first = COLUMNS.index(_columns(gene)[0])
        kinds = len(VALUES[gene])
        own = self.coefficients()[first : first + kinds - 1]
        given = (0, *own) if effects is None else tuple(effects)
        require(len(given) == kinds, must=f"be {kinds}, one a genotype", effects=len(given))
        means = tuple(exact(value, "effects") for value in given)
        return tuple(
            Stratum(mass=share, prior=self.law(gene, race=race), means=means)
            for race, share in enumerate(self.races())
        )


def _genotypes(gene: str, alleles: tuple[int, int, int]) -> tuple[fmpq, ...]:
    """Hardy-Weinberg proportions in the order of the gene's genotypes."""
    rare, two, three = (fmpq(count, 1000) for count in alleles)
    if gene == "VKORC1":
        return ((1 - rare) ** 2, 2 * rare * (1 - rare), rare**2)
    shares = (1 - two - three, two, three)
    pairs = [(i, j) for i, j in product(range(3), repeat=2) if i <= j]
    laws = {(i, j): shares[i] * shares[j] * (1 if i == j else 2) for i, j in pairs}
    return tuple(laws[pair] for pair in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))


def _columns(gene: str) -> list[str]:
    require(gene in GENES, must=f"be one of {', '.join(GENES)}", gene=gene)
    return [name for name in COLUMNS if name.startswith(gene)]


def _cells(arities: Sequence[int]) -> int:
    found = 1
    for arity in arities:
        found *= arity
    return found


def _drawn(law: Sequence[fmpq], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Independent draws from an exact law."""
    import numpy as np

    scale = lcm(*(int(mass.q) for mass in law))
    require(scale < _DRAWN, must="be < 2^62", denominator=scale)
    reached = np.cumsum([int(mass * scale) for mass in law])
    return np.searchsorted(reached, rng.integers(scale, size=count), "right").astype(np.int64)
