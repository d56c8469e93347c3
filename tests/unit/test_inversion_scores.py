"""Graded beliefs of the attackers of the inversion game: guesses follow from them, and they are right."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from scipy.special import ndtr
from sklearn.tree import DecisionTreeClassifier

from mipriv.attack.inversion.alignment import KnowledgeAlignment
from mipriv.attack.inversion.candidates import Candidates
from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.leaves import ask
from mipriv.attack.inversion.naive import MaximumAPosteriori
from mipriv.attack.inversion.neighbour import Neighbours
from mipriv.attack.inversion.priors import JointPrior
from mipriv.attack.inversion.protocol import Attack, Graded, Observation
from mipriv.attack.inversion.regression import Regression
from mipriv.attack.inversion.table import Table
from mipriv.attack.inversion.tree_map import Evidence, TreeMaximumAPosteriori
from mipriv.errors import ParameterError
from mipriv.populations.joint import noisy_rule

RECORDS = 400
NEAR = 1e-6  # far above every rule for ties (1e-9 and less), far below what the data tell apart


class Linear:
    """f(x) = x_0 + 2 x_1."""

    def predict(self, X: Any) -> Any:
        return X @ np.array([1.0, 2.0])


def tried(scale: float = 1.0, values: int = 200, slope: float = 0.25) -> Candidates:
    return Candidates(
        law=lambda side: (slope * side[:, 0], np.ones(len(side))),
        ask=Linear().predict,
        attributes=2,
        scale=scale,
        values=values,
    )


ATTACKS: tuple[Attack, ...] = (
    Regression(),
    Regression(output="sign"),
    Discriminant(),
    Discriminant(kind="quadratic"),
    Neighbours(neighbours=6),
    Table(),
    MaximumAPosteriori(scale=1.0),
    MaximumAPosteriori(scale=0.0, refit=True),
    tried(),
    tried(scale=0.0, values=6),
    *(TreeMaximumAPosteriori(evidence=one, label=None) for one in ("none", "counts")),
    TreeMaximumAPosteriori(evidence="none", label=None, released=True, scale=1.0),
)


def named(attack: Any) -> str:
    return f"{attack.name} {getattr(attack, 'output', '')}".strip()


def observed(answers: Any, side: Any = None) -> Observation:
    column = np.asarray(answers, dtype=np.float64).reshape(len(answers), 1, 1)
    return Observation(answers=column, side=np.zeros((len(answers), 0)) if side is None else side)


def fit(attack: Attack, seen: Observation, secrets: Any) -> Graded:
    model: Any = Linear()
    if "counts" in attack.name:
        records = np.column_stack([secrets, seen.side])
        model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(records, secrets % 2)
    found = attack.fit(seen, secrets, model=model)
    assert isinstance(found, Graded)
    return found


def check_guesses(attack: Graded, seen: Observation, *, last: bool = False) -> Any:
    """Guesses are of the largest score; of the equal ones the first, or the last."""
    scores, guesses, kinds = attack.scores(seen), attack.infer(seen), attack.kinds
    assert scores.shape == (len(seen.side), len(kinds))
    assert scores.dtype == np.float64
    assert not np.isnan(scores).any()
    assert (scores < np.inf).all()
    assert (np.diff(kinds) > 0).all()
    best = scores.max(axis=1, keepdims=True)
    near = (scores >= best - NEAR * (1 + np.abs(best))) | (best == -np.inf)
    at = np.searchsorted(kinds, guesses)
    assert (kinds[at] == guesses).all()
    assert near[np.arange(len(at)), at].all()
    ends = len(kinds) - 1 - (scores == best)[:, ::-1].argmax(axis=1)
    first = ends if last else (scores == best).argmax(axis=1)
    # where others come near the best, a rule for rounding may take one before it
    clear = near.sum(axis=1) == (scores == best).sum(axis=1)
    assert (at == first)[clear].all()
    return clear.mean()


@pytest.mark.parametrize("attack", ATTACKS, ids=named)
@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_guesses_are_those_of_the_scores(attack: Attack, kinds: int) -> None:
    """Continuous answers, rounded ones that give ties, and constant ones."""
    rng = np.random.default_rng(kinds)
    secrets = rng.integers(kinds, size=RECORDS)
    side = rng.integers(-1, 2, size=(RECORDS, 1)).astype(float)
    smooth = secrets + 2 * side[:, 0] + rng.normal(size=RECORDS)
    sign = getattr(attack, "output", "") == "sign"
    for answers in (smooth, np.round(smooth), np.zeros(RECORDS)):
        fitted = fit(attack, observed(answers, side), secrets - 1 if sign else secrets)
        asked = observed(np.concatenate([answers, [1e3, -1e3]]), np.pad(side, ((0, 2), (0, 0))))
        assert check_guesses(fitted, asked, last=sign) > 0.5
        none = observed(np.zeros((0, 1)), np.zeros((0, 1)))
        assert fitted.scores(none).shape == (0, len(fitted.kinds))
        assert fitted.infer(none).shape == (0,)


def test_a_tie_goes_where_it_went() -> None:
    """Two secrets, and an answer just between: the first value, of signs and of x_s >= 0 the last."""
    seen, secrets = observed([-1.0, 1.0, -1.0, 1.0]), np.array([0, 1, 0, 1])
    middle = observed([0.0])
    for attack in (Regression(), Discriminant(), Neighbours(neighbours=4), Table()):
        fitted = fit(attack, seen, secrets)
        assert np.diff(fitted.scores(middle)) == 0
        assert fitted.infer(middle) == 0
    signs = fit(Regression(output="sign"), seen, 2 * secrets - 1)
    assert np.diff(signs.scores(middle)) == 0
    assert signs.infer(middle) == 1
    # within 1e-9 of the numbers' spread 0 counts as positive, further off it does not
    assert signs.infer(observed([-0.9e-9, -1.1e-9])).tolist() == [1, -1]
    # halves of answers from secrets 0 and 1 of spread 1/2, both 1 spread away: 2e-9 of it is a tie
    assert fit(Regression(), seen, secrets).infer(observed([0.9e-9, 1.1e-9])).tolist() == [0, 1]
    even = tried(slope=0.0, values=2)
    blank = observed([0.0], np.zeros((1, 1)))
    assert np.diff(even.scores(blank)) == 0
    assert even.infer(blank) == 0


def test_regression_believes_in_a_normal_number() -> None:
    """Answers 0, 1, 2, 3 of numbers -1, 0, 2, 3: the line -1.1 + 1.4 t leaves variance .05.

    Some twenty operations on numbers below 100: within 1e-12.
    """
    seen, numbers = observed([0.0, 1, 2, 3]), np.array([-1.0, 0, 2, 3])
    asked = observed([0.5, 4.0])
    fitted = -1.1 + 1.4 * np.array([0.5, 4.0])
    nearest = fit(Regression(), seen, numbers)
    assert nearest.kinds.tolist() == [-1, 0, 2, 3]
    expected = -((fitted[:, None] - numbers) ** 2) / (2 * 0.05)
    assert nearest.scores(asked) == pytest.approx(expected, rel=1e-12)
    sign = fit(Regression(output="sign"), seen, numbers)
    assert sign.kinds.tolist() == [-1, 1]
    # the further the other sign is, the smaller the chance, and no less for being beyond a double
    assert sign.scores(asked)[0] == pytest.approx(
        np.log(ndtr(np.array([1, -1]) * 0.4 / 0.05**0.5)), rel=1e-12
    )
    assert -260 < sign.scores(asked)[1, 0] < -(4.5**2) / 0.1 < sign.scores(asked)[1, 1] <= 0
    number = fit(Regression(output="number"), seen, numbers)
    assert number.scores(asked).shape == (2, 0)
    assert len(number.kinds) == 0


def test_a_perfect_fit_is_sure_but_finite() -> None:
    seen = observed([0.0, 1.0, 2.0])
    for attack, secrets in ((Regression(), [0, 1, 2]), (Regression(output="sign"), [-1, 0, 1])):
        found = fit(attack, seen, np.array(secrets)).scores(seen)
        assert np.isfinite(found).all()
        assert found.min() < -1e16  # 1e-9 of the spread is the least that a fit may leave
    constant = fit(Regression(), seen, np.full(3, 7))
    assert constant.scores(seen).tolist() == [[0.0]] * 3


def test_tables_and_votes_by_hand() -> None:
    """Answer 0 of secrets a, a, b; answer 9 of b: logs are rounded once, exp once more."""
    seen, secrets = observed([0.0, 0.0, 0.0, 9.0]), np.array(["a", "a", "b", "b"])
    table = fit(Table(smoothing=2), seen, secrets)
    # the marginal is 1/2 each; the side leaves it; of answer 0 (2 + 1)/5 and (1 + 1)/5
    shares = np.exp(table.scores(observed([0.0, 9.0, 5.0])))
    assert shares == pytest.approx(np.array([[3 / 5, 2 / 5], [1 / 3, 2 / 3], [1 / 2] * 2]))
    votes = fit(Neighbours(neighbours=3), seen, secrets).scores(observed([0.0, 9.0]))
    # the three at 0; from 9 the nearest, and all of the equally far
    assert votes[0].tolist() == [math.log(2), 0.0]
    assert votes[1].tolist() == [math.log(2), math.log(2)]
    nearest = fit(Neighbours(neighbours=1), seen, secrets).scores(observed([9.0]))
    assert nearest.tolist() == [[-math.inf, 0.0]]


def test_inversion_by_formula_gives_the_posterior() -> None:
    """p(0) = .9, f = v + 2 t, scale .5: log odds of 1 are (y - 2 t - 1/2)/.25 - log 9."""
    aux = observed(np.zeros(10), np.zeros((10, 1)))
    secrets = np.array([0] * 9 + [1])
    asked = observed([1.0, 3.0, -7.0], np.array([[0.0], [1.0], [1.0]]))
    expected = (np.array([1.0, 1.0, -9.0]) - 0.5) / 0.25 - math.log(9)
    tree = TreeMaximumAPosteriori(evidence="none", label=None, released=True, scale=0.5, position=0)
    for attack in (MaximumAPosteriori(scale=0.5), tree):
        found = np.diff(fit(attack, aux, secrets).scores(asked))[:, 0]
        # some ten operations on numbers below 200
        assert found == pytest.approx(expected, abs=1e-12)
    impossible = MaximumAPosteriori(scale=0.5, prior=lambda values, side: np.array([[1.0, 0]] * 3))
    assert fit(impossible, aux, secrets).scores(asked)[:, 1].tolist() == [-math.inf] * 3


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_candidates_give_the_normal_posterior(noise: float) -> None:
    """x_s ~ N(t/4, 1), answer x_s + 2 t + noise: the sign's chance is that of a normal law.

    N values of equal mass are a midpoint rule on the unit interval.  There the posterior has a
    density of one mode and largest value at most M, which varies by 2 M, on either side of the sign
    too: both integrals are off by M/N at most, and their quotient by 2 M/(N - M) < 3 M/N.
    """
    rng = np.random.default_rng(5)
    side = rng.normal(size=(50, 1))
    answers = side[:, 0] / 4 + 2 * side[:, 0] + rng.normal(size=50)
    weight = 1 / (1 + noise**2)
    means = side[:, 0] / 4 + weight * (answers - 2.25 * side[:, 0])
    chance = ndtr(means / math.sqrt(noise**2 * weight))
    values = 20_000
    scores = tried(scale=noise, values=values).scores(observed(answers, side))
    found = 1 / (1 + np.exp(scores[:, 0] - scores[:, 1]))
    # the largest likelihood over the marginal one
    drift = (answers - 2.25 * side[:, 0]) ** 2 / (2 * (1 + noise**2))
    density = np.exp(drift) * math.sqrt(1 + noise**2) / noise
    assert density.max() < values / 3
    assert (np.abs(found - chance) <= 3 * density / values).all()


def test_a_sure_answer_still_grades() -> None:
    """Without noise either side keeps the misfit of its best value: no logarithm of a lost number."""
    seen = observed([1.0, 2.0, -1.0], np.zeros((3, 1)))
    found = np.diff(tried(scale=1e-3).scores(seen))[:, 0]
    assert np.isfinite(found).all()
    assert found[1] > found[0] > 1e5
    assert found[2] < -1e5


def test_trees_with_the_exact_prior_give_the_posterior() -> None:
    """Against the enumerated masses of the records that give the answer: sums of 12, within 1e-12."""
    joint = noisy_rule(arities=(3, 2, 2), correlation="0.6", noise="0.3", seed=4)
    X, y = joint.sample(600, np.random.default_rng(5))
    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    cells = joint.cells()
    masses = np.array([float(arb(fmpq(mass, joint.denominator))) for mass in joint.numerators])
    masses = masses.reshape(len(cells), 2).sum(axis=1)
    answers = ask(model, cells.astype(float))
    seen = Observation(answers=answers[:, None], side=cells[:, 1:].astype(float))
    attack = TreeMaximumAPosteriori(
        evidence="none", label=None, released=True, prior=JointPrior(joint)
    )
    fitted = attack.fit(seen, cells[:, 0], model=model)
    shares = np.exp(fitted.scores(seen))
    assert (shares.max(axis=1) == 1).all()
    several = 0
    for row, cell, answer in zip(shares, cells, answers, strict=True):
        alike = (cells[:, 1:] == cell[1:]).all(axis=1) & (
            np.abs(answers - answer).max(axis=1) < 1e-9
        )
        expected = np.bincount(cells[alike, 0], weights=masses[alike], minlength=3)
        several += (expected > 0).sum() > 1
        assert row / row.sum() == pytest.approx(expected / expected.sum(), abs=1e-12)
    assert several


def test_who_is_graded() -> None:
    assert not isinstance(KnowledgeAlignment(), Graded)
    assert set(Evidence) == {
        "none",
        "label",
        "calibrated-label",
        "confidence",
        "counts",
        "class-counts",
    }
    for attack in ATTACKS:
        assert hasattr(type(attack), "scores")
        if not isinstance(attack, Candidates):
            with pytest.raises(ParameterError, match="must be fitted before it infers"):
                _ = attack.kinds  # type: ignore[attr-defined]
