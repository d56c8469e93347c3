"""The warfarin-like population, the Bayes line for a genotype, and MAP on linear regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from scipy.special import ndtr
from sklearn.linear_model import LinearRegression

from mipriv.attack.bayes.inversion.categorical import CategoricalInversion
from mipriv.attack.bayes.inversion.training import training_success
from mipriv.attack.inversion.naive import Dummies, MaximumAPosteriori
from mipriv.attack.inversion.protocol import Observation
from mipriv.errors import ParameterError
from mipriv.populations.warfarin import (
    ATTRIBUTES,
    COLUMNS,
    GENES,
    MODEL,
    RACES,
    VALUES,
    Stratum,
    Warfarin,
)
from mipriv.rigor.intervals import outward, proportion

POPULATION = Warfarin()
SURE = "0.999999"  # one test in a million by chance; the seeds are fixed


def test_a_dose_by_hand() -> None:
    """65 years, 175 cm, 80 kg, G/G, *1/*1, White, no drug; then A/A, *3/*3, Asian, amiodarone."""
    codes = np.array([[0, 4, 3, 2, 0, 0, 0, 0], [1, 4, 3, 2, 2, 5, 0, 1]])
    # 5.6044 - .2614 * 6 + .0087 * 175 + .0128 * 80 = 6.5825; a few roundings of numbers below 8
    first = 6.5825
    second = first - 1.6974 - 2.3312 - 0.1092 - 0.5503
    assert POPULATION.mean(codes) == pytest.approx([first, second], abs=1e-13)
    assert POPULATION.design(codes)[1].tolist() == [6, 175, 80, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("attribute", "effects"),
    [
        ("race", (0, -0.1092, -0.276)),
        ("VKORC1", (0, -0.8677, -1.6974)),
        ("CYP2C9", (0, -0.5211, -0.9357, -1.0616, -1.9206, -2.3312)),
        ("inducer", (0, 1.1816)),
        ("amiodarone", (0, -0.5503)),
    ],
)
def test_what_each_value_adds(attribute: str, effects: tuple[float, ...]) -> None:
    """As published, to the dose by hand above; a few roundings of numbers below 8."""
    codes = np.repeat([[0, 4, 3, 2, 0, 0, 0, 0]], len(effects), axis=0)
    codes[:, ATTRIBUTES.index(attribute)] = range(len(effects))
    assert POPULATION.mean(codes) == pytest.approx(6.5825 + np.array(effects), abs=1e-13)


def test_the_joint_law_is_that_of_its_parts() -> None:
    """Marginals of the joint are mixtures over the race, and of the race itself its law."""
    joint = POPULATION.joint(("race", "VKORC1", "amiodarone"))
    assert joint.marginal([0]) == POPULATION.races()
    for code in range(3):
        mixed = sum(
            (
                share * POPULATION.law("VKORC1", race=race)[code]
                for race, share in enumerate(POPULATION.races())
            ),
            fmpq(0),
        )
        assert joint.marginal([1])[code] == mixed
    # given the race the gene and the drug are independent
    race, gene, drug = 1, 2, 1
    expected = POPULATION.races()[race]
    expected *= (
        POPULATION.law("VKORC1", race=race)[gene] * POPULATION.law("amiodarone", race=race)[drug]
    )
    assert joint.masses[race * 6 + gene * 2 + drug] == expected
    assert len(POPULATION.joint().masses) == 3 * 8 * 6 * 6 * 3 * 6 * 2 * 2


def test_frequencies_of_drawn_patients() -> None:
    count = 20_000
    codes, y = POPULATION.sample(count, np.random.default_rng(1))
    joint = POPULATION.joint(("race", "VKORC1"))
    table = np.bincount(codes[:, 0] * 3 + codes[:, 4], minlength=9)
    for hits, mass in zip(table.tolist(), joint.masses, strict=True):
        found = proportion(hits=hits, trials=count, confidence=SURE)
        assert found.lower <= float(arb(mass)) <= found.upper
    left = (y - POPULATION.mean(codes)) / 1.1
    # mean and variance of standard normal numbers, five standard errors: 3e-7 each side
    assert abs(left.mean()) < 5 / count**0.5
    assert abs(left.var() - 1) < 5 * (2 / count) ** 0.5
    again, _ = POPULATION.sample(count, np.random.default_rng(1))
    assert (again == codes).all()


def test_least_squares_finds_the_model() -> None:
    codes, y = POPULATION.sample(20_000, np.random.default_rng(2))
    X = POPULATION.design(codes)
    found = LinearRegression().fit(X, y)
    centred = X - X.mean(axis=0)
    errors = 1.1 * np.sqrt(np.diag(np.linalg.inv(centred.T @ centred)))
    published = np.array([float(value) for value in MODEL.values()])
    # 14 coefficients, five standard errors of normal estimates each: 14 * 6e-7 of failing
    assert (np.abs(found.coef_ - published) < 5 * errors).all()


@pytest.mark.parametrize("gene", GENES)
def test_the_line_is_that_of_a_training_set_of_the_same_shares(gene: str) -> None:
    """Races 2 : 1 : 1 and genotypes in eighths, so that 32 records have the law exactly."""
    kinds = len(VALUES[gene])
    shares = [(4, 2, 1, 1, 0, 0), (1, 6, 1, 0, 0, 0), (2, 2, 2, 1, 1, 0)]
    own = POPULATION.strata(gene)[0].means
    strata = tuple(
        Stratum(mass=fmpq(size, 4), prior=tuple(_eighths(row, kinds)), means=own)
        for size, row in zip((2, 1, 1), shares, strict=True)
    )
    game = CategoricalInversion(strata=strata, variance=fmpq(1, 4))
    rows = [
        (race, code, float(arb(own[code])))
        for race, (size, row) in enumerate(zip((2, 1, 1), strata, strict=True))
        for code in range(kinds)
        for _ in range(int(size * 8 * row.prior[code]))
    ]
    race, code, mean = (np.array(column) for column in zip(*rows, strict=True))
    found = training_success(answers=mean, secrets=code, side=race, variance="0.25")
    ends = outward(game.success())
    # the means are rounded to doubles there, which moves a success by less than 2^-50
    assert found.lower - 2**-50 <= ends.upper
    assert ends.lower <= found.upper + 2**-50
    assert found.upper - found.lower < 1e-8


def _eighths(row: tuple[int, ...], kinds: int) -> list[fmpq]:
    """The first masses, the others added to the last one."""
    kept = [fmpq(value, 8) for value in row[:kinds]]
    kept[-1] += fmpq(sum(row[kinds:]), 8)
    return kept


def prior_of(gene: str) -> Any:
    """p(gene | race), read off the race's dummy columns of the side information."""
    width = len(VALUES[gene]) - 1
    laws = np.array(
        [[float(arb(m)) for m in POPULATION.law(gene, race=race)] for race in range(len(RACES))]
    )

    def prior(values: Any, side: Any) -> Any:
        start = COLUMNS.index("race Asian") - width
        race = (side[:, start] + 2 * side[:, start + 1]).astype(int)
        return laws[race][:, values.astype(int)]

    return prior


def attack_on(gene: str, *, scale: float, model: Any, exact: bool) -> Any:
    start, rows = POPULATION.dummies(gene)
    attack = MaximumAPosteriori(
        scale=scale,
        records=Dummies(rows=dict(enumerate(rows)), position=start),
        prior=prior_of(gene) if exact else None,
    )
    codes, y = POPULATION.sample(3000, np.random.default_rng(3))
    column = ATTRIBUTES.index(gene)
    kinds = len(VALUES[gene])
    codes[:kinds, column] = range(kinds)  # every genotype is met
    return attack.fit(seen_by(codes, gene, y), codes[:, column], model=model)


def seen_by(codes: Any, gene: str, answers: Any) -> Observation:
    start, rows = POPULATION.dummies(gene)
    side = np.delete(POPULATION.design(codes), slice(start, start + len(rows[0])), axis=1)
    return Observation(answers=np.asarray(answers)[:, None, None], side=side)


class Model:
    def predict(self, X: Any) -> Any:
        return X @ np.array([float(value) for value in MODEL.values()])


@pytest.mark.parametrize("gene", GENES)
@pytest.mark.parametrize("scale", [1.1, 0.3])
def test_map_on_linear_regression_is_the_bayes_attack(gene: str, scale: float) -> None:
    """Its success by its own decision regions: an interval for each genotype, as the scores of two
    differ by a linear function of the answer; the ends are found by bisection to 1e-12, which moves
    the success by 6 * 3 * .4/.3 * 1e-12 at most, and the float sums by less than 1e-13."""
    attack = attack_on(gene, scale=scale, model=Model(), exact=True)
    squared = fmpq(round(10 * scale) ** 2, 100)
    game = CategoricalInversion(strata=POPULATION.strata(gene), variance=squared)
    column, total = ATTRIBUTES.index(gene), 0.0
    for race, stratum in enumerate(game.strata):
        patient = np.array([[race, 4, 3, 2, 0, 0, 1, 1]])
        patient[0, column] = 0
        at = float(Model().predict(POPULATION.design(patient))[0])

        def guess(shifts: Any, patient: Any = patient, at: float = at) -> Any:
            codes = np.repeat(patient, len(shifts), axis=0)
            return attack.infer(seen_by(codes, gene, at + shifts))

        means = np.array([float(arb(mean)) for mean in stratum.means])
        for low, high, led in regions(guess, means.min() - 20, means.max() + 20):
            won = ndtr((high - means[led]) / scale) - ndtr((low - means[led]) / scale)
            total += float(arb(stratum.mass * stratum.prior[led])) * won
    ends = outward(game.success())
    assert ends.lower - 1e-10 <= total <= ends.upper + 1e-10


def regions(guess: Any, low: float, high: float) -> list[tuple[float, float, int]]:
    """Intervals of one guess each; finer ones than the grid of .01 would be missed, and noticed."""
    grid = np.arange(low, high, 0.01)
    said = guess(grid)
    changes = np.flatnonzero(said[1:] != said[:-1])
    left, right = grid[changes], grid[changes + 1]
    for _ in range(40):  # .01 * 2^-40 < 1e-13, then rounding of numbers below 64
        middle = (left + right) / 2
        before = guess(middle) == said[changes] if len(middle) else np.zeros(0, dtype=bool)
        left, right = np.where(before, middle, left), np.where(before, right, middle)
    ends = [-np.inf, *right.tolist(), np.inf]
    kinds = [int(said[0]), *said[changes + 1].tolist()]
    return list(zip(ends[:-1], ends[1:], kinds, strict=True))


def test_what_the_published_prior_loses_and_what_is_known_exactly() -> None:
    """p(v) for all races alike, against p(v|race); an answer without noise tells the genotype."""
    codes, y = POPULATION.sample(4000, np.random.default_rng(4))
    secrets = codes[:, ATTRIBUTES.index("VKORC1")]
    hits = {}
    for exact in (True, False):
        attack = attack_on("VKORC1", scale=1.1, model=Model(), exact=exact)
        hits[exact] = (attack.infer(seen_by(codes, "VKORC1", y - 5.6044)) == secrets).sum()
    game = CategoricalInversion(strata=POPULATION.strata("VKORC1"), variance=fmpq(121, 100))
    found = proportion(hits=int(hits[True]), trials=4000, confidence=SURE)
    assert float(game.success().mid()) in found
    assert hits[True] > hits[False] + 100
    sharp = attack_on("VKORC1", scale=1e-3, model=Model(), exact=False)
    answers = POPULATION.mean(codes) - 5.6044
    assert (sharp.infer(seen_by(codes, "VKORC1", answers)) == secrets).all()


def test_lines_at_their_ends() -> None:
    strata = POPULATION.strata("VKORC1")
    assert CategoricalInversion(strata=strata).success() == 1
    blind = CategoricalInversion(strata=POPULATION.strata("VKORC1", effects=(0, 0, 0)))
    assert blind.success().contains(blind.base())
    assert blind.gain().contains(0)
    one = CategoricalInversion(strata=strata, variance=fmpq(1))
    four = CategoricalInversion(strata=strata, variance=fmpq(4), queries=4)
    assert one.success().overlaps(four.success())
    kept = CategoricalInversion(strata=strata, variance=fmpq(1), queries=4, noise="per-input")
    assert kept.success().overlaps(one.success())
    assert one.success() > one.base()


def test_bad_input() -> None:
    with pytest.raises(ParameterError, match="noise=0: must be finite and > 0"):
        Warfarin(noise=fmpq(0))
    with pytest.raises(ParameterError, match="attribute=race: must be one of decade"):
        POPULATION.law("race", race=0)
    with pytest.raises(ParameterError, match="gene=age: must be one of VKORC1, CYP2C9"):
        POPULATION.strata("age")
    with pytest.raises(ParameterError, match="effects=2: must be 3"):
        POPULATION.strata("VKORC1", effects=(0, 1))
    with pytest.raises(ParameterError, match="must hold codes of VALUES"):
        POPULATION.design([[3, 0, 0, 0, 0, 0, 0, 0]])
    with pytest.raises(ParameterError, match="must be different names"):
        POPULATION.joint(("race", "race"))
    with pytest.raises(ParameterError, match="must have masses that sum to exactly 1"):
        CategoricalInversion(strata=POPULATION.strata("VKORC1")[:1])
    with pytest.raises(ParameterError, match="must be of one length"):
        Dummies(rows={0: (0,), 1: (1, 2)})
    with pytest.raises(ParameterError, match="secret=7: must be a value with a row"):
        Dummies(rows={0: (0,)})(7, np.zeros((1, 1)))
