"""Figures of an attack against closed forms, other definitions, and examples by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from scipy.stats import beta, binom
from sklearn.metrics import f1_score, roc_auc_score, roc_curve

from mipriv.attack.inversion.discriminant import Discriminant
from mipriv.attack.inversion.naive import MaximumAPosteriori
from mipriv.attack.inversion.protocol import Graded, Observation
from mipriv.attack.inversion.regression import Regression
from mipriv.errors import ParameterError
from verification.inversion.metrics import Beliefs, Curve, Metric, measured

NORMAL = NormalDist()
CHANCE = 1e-6  # that an interval of a test misses; the seeds are fixed
MANY = 50_000  # records of either secret
RANKED = (Metric.AUC, Metric.TPR_1, Metric.TPR_10)


@dataclass(frozen=True)
class Given:
    """An attack whose scores are the answers; with a bias for one value the guesses change alone."""

    values: tuple[Any, ...] = (0, 1)
    bias: tuple[float, ...] | None = None

    name = "given"
    knows = frozenset[str]()

    def fit(self, seen: Observation, secrets: Any, *, model: Any = None) -> Given:
        return self

    @property
    def kinds(self) -> Any:
        return np.array(self.values)

    def scores(self, seen: Observation) -> Any:
        return seen.answers[:, 0]

    def infer(self, seen: Observation) -> Any:
        scores = self.scores(seen) + (0 if self.bias is None else np.array(self.bias))
        return self.kinds[scores.argmax(axis=1)]


@dataclass(frozen=True)
class Silent:
    """An attack that guesses the first answer, and believes nothing."""

    name = "silent"
    knows = frozenset[str]()

    def fit(self, seen: Observation, secrets: Any, *, model: Any = None) -> Silent:
        return self

    def infer(self, seen: Observation) -> Any:
        return seen.answers[:, 0, 0].astype(int)


def scored(rows: Any) -> Observation:
    table = np.asarray(rows, dtype=np.float64)
    return Observation(answers=table[:, None], side=np.zeros((len(table), 0)))


def beliefs(numbers: Any) -> Observation:
    """Of two secrets, with the numbers as log odds of secret 1."""
    return scored(np.column_stack([np.zeros(len(numbers)), numbers]))


def normals(apart: float, count: int = MANY) -> tuple[Any, Any]:
    rng = np.random.default_rng(round(100 * apart))
    own = np.repeat([0, 1], count)
    return rng.normal(size=2 * count) + apart * own, own


@pytest.mark.parametrize("apart", [0.0, 0.5, 2.0])
def test_two_normal_laws(apart: float) -> None:
    """N(0, 1) against N(apart, 1): AUC Phi(apart/sqrt 2), TPR Phi(apart + Phi^-1(FPR)).

    The AUC is a mean over pairs, of which `MANY` share no record: Hoeffding's inequality holds for
    it as for that many independent ones (Hoeffding 1963, section 5).  With FPR n a whole number, the
    threshold is negative number FPR n + 1 from above, at which the true FPR has the law
    Beta(FPR n + 1, n - FPR n); given it the positives above are binomial.
    """
    answers, own = normals(apart)
    found = measured(Given(), beliefs(answers), own, base=0.5)
    reach = math.sqrt(math.log(2 / CHANCE) / (2 * MANY))
    assert found[Metric.AUC] == pytest.approx(NORMAL.cdf(apart / math.sqrt(2)), abs=reach)
    for name, fpr in ((Metric.TPR_1, 0.01), (Metric.TPR_10, 0.1)):
        above = round(fpr * MANY)
        ends = beta(above + 1, MANY - above).ppf([CHANCE / 4, 1 - CHANCE / 4])
        low, high = (NORMAL.cdf(apart + NORMAL.inv_cdf(float(end))) for end in ends)
        assert low < NORMAL.cdf(apart + NORMAL.inv_cdf(fpr)) < high
        least, most = binom(MANY, low).ppf(CHANCE / 4), binom(MANY, high).isf(CHANCE / 4)
        assert least <= round(found[name] * MANY) <= most


def test_an_attacker_who_learns_ranks_as_the_answers_do() -> None:
    """Of one number and two secrets, linear attackers' beliefs rise with it: the AUC is known."""
    learned_on, known = normals(1.0, 2000)
    answers, own = normals(1.01, 10_000)
    reach = math.sqrt(math.log(2 / CHANCE) / (2 * 10_000))
    for attack in (Discriminant(), Regression(), Regression(output="sign")):
        signs = 2 if getattr(attack, "output", "") == "sign" else 1
        train, asked = (scored(part[:, None]) for part in (learned_on, answers))
        fitted = attack.fit(train, signs * known - (signs - 1))
        assert isinstance(fitted, Graded)
        found = measured(fitted, asked, signs * own - (signs - 1), base=0.5)
        assert found[Metric.AUC] == pytest.approx(NORMAL.cdf(1.01 / math.sqrt(2)), abs=reach)
        assert found[Metric.TPR_1] < found[Metric.TPR_10] < found[Metric.AUC]


@pytest.mark.parametrize("counts", [(1, 1), (7, 3), (30, 300, 77), (1, 2, 3, 4, 5, 6)])
def test_a_blind_attack_is_a_coin(counts: tuple[int, ...]) -> None:
    """All beliefs are ties, and the figures are those of chance to the last bit."""
    own = np.repeat(np.arange(len(counts)), counts)
    prior = np.log(np.array(counts) / sum(counts))
    seen = scored(np.tile(prior, (len(own), 1)))
    found = measured(Given(tuple(range(len(counts)))), seen, own, base=max(counts) / sum(counts))
    assert [found[name] for name in RANKED] == [0.5, 0.01, 0.1]
    assert found[Metric.ADVANTAGE] == 0
    # impossible is what a value may be too, and nothing said of all is one more tie
    for nothing in (np.full_like(prior, -np.inf), np.where(prior < prior.max(), -np.inf, prior)):
        again = measured(
            Given(tuple(range(len(counts)))), scored(np.tile(nothing, (len(own), 1))), own, base=0.1
        )
        assert [again[name] for name in RANKED] == [0.5, 0.01, 0.1]


def test_what_rounding_makes_of_equal_beliefs_is_a_tie() -> None:
    """A model that ignores the secret: each record's misfit is in both scores, and rounds them."""
    rng = np.random.default_rng(2)
    own, side = rng.integers(2, size=3000), 30 * rng.normal(size=(3000, 1))
    answers = side[:, None] + rng.normal(size=(3000, 1, 1))
    attack = MaximumAPosteriori(scale=0.3)

    class Model:
        def predict(self, X: Any) -> Any:
            return X[:, 1]

    seen = Observation(answers=answers, side=side)
    fitted = attack.fit(seen, own, model=Model())
    assert len(np.unique(np.diff(fitted.scores(seen)))) > 1  # or there would be nothing to see
    found = measured(fitted, seen, own, base=0.5)
    assert [found[name] for name in RANKED] == [0.5, 0.01, 0.1]


def test_an_attack_that_knows() -> None:
    own = np.repeat([0, 1, 2], 20)
    sure = np.where(np.eye(3)[own] == 1, 0.0, -np.inf)
    for rows in (sure, np.maximum(sure, -1e300)):
        found = measured(Given((0, 1, 2)), scored(rows), own, base=0.25)
        assert found == dict.fromkeys([*RANKED, Metric.F1, Metric.ADVANTAGE], 1.0)
    wrong = measured(Given((0, 1, 2)), scored(-np.eye(3)[own]), own, base=0.25)
    assert [wrong[name] for name in (*RANKED, Metric.F1)] == [0.0] * 4
    assert wrong[Metric.ADVANTAGE] == pytest.approx(-1 / 3, rel=2**-50)  # three roundings


def test_curves_by_hand() -> None:
    """Ten negatives; where the FPR is that of a threshold its own TPR counts, else a coin's."""
    negative, positive = np.arange(10.0), np.array([9.5, 8.5, 8.5, 8.0, -1.0])
    exact = np.zeros(15)
    curve = Curve.of(np.concatenate([negative, positive]), exact, np.arange(15) >= 10)
    # above 9: 1 of 5; 9: 1 of 10 and none; above 8: 3 of 5 still at FPR .1; 8 ties with a negative
    assert curve.tpr(one_in=10) == Fraction(3, 5)
    assert curve.tpr(one_in=100) == Fraction(1, 5)  # from (0, 1/5) to (1/10, 1/5)
    assert curve.tpr(one_in=5) == Fraction(4, 5)  # the tie as a whole: FPR .2
    assert curve.tpr(one_in=8) == Fraction(3, 5) + Fraction(1, 4) * Fraction(1, 5)  # FPR .125
    # of 10 negatives 10, 9, 9, 8.5 (one tie) and 0 are beaten
    assert curve.area() == Fraction(2 * (10 + 9 + 9) + 2 * 8 + 1, 100)
    with pytest.raises(ParameterError, match="true of some and false of some"):
        Curve.of(negative, exact[:10], np.ones(10, dtype=bool))


def test_other_implementations_agree() -> None:
    """scikit-learn's AUC, ROC and F1, with ties; doubles of some 300 additions: within 1e-12."""
    rng = np.random.default_rng(0)
    for kinds in (2, 3, 5):
        own = np.concatenate([np.arange(kinds), rng.integers(kinds, size=300)])
        rows = rng.integers(-3, 4, size=(len(own), kinds)) + 2 * np.eye(kinds)[own]
        attack = Given(tuple(range(kinds)), bias=tuple(rng.normal(size=kinds)))
        found = measured(attack, scored(rows), own, base=0.5)
        shares = np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True)
        told = [1] if kinds == 2 else range(kinds)
        curves = []
        for one in told:
            # equal shares may round apart
            ranks = np.round(shares[:, one], 12)
            negatives = int((own != one).sum())
            assert negatives % 10  # so that no threshold has just the FPR asked for
            false, true, _ = roc_curve(own == one, ranks, drop_intermediate=False)
            curves.append(
                [roc_auc_score(own == one, ranks), *np.interp([0.01, 0.1], false, true).tolist()]
            )
        for name, value in zip(RANKED, np.mean(curves, axis=0), strict=True):
            assert found[name] == pytest.approx(value, abs=1e-12)
        guesses = attack.infer(scored(rows))
        average = "binary" if kinds == 2 else "macro"
        assert found[Metric.F1] == pytest.approx(f1_score(own, guesses, average=average), abs=1e-12)
        hit = float((guesses == own).mean())
        assert found[Metric.ADVANTAGE] == pytest.approx(2 * hit - 1, abs=1e-12)


def test_rising_maps_of_the_belief_change_no_rank() -> None:
    """Multiples of 1/8 up to 4, which all these maps keep apart as doubles; and records' own terms."""
    rng = np.random.default_rng(3)
    own = rng.integers(2, size=500)
    numbers = rng.integers(-16, 17, size=500) / 8 + own
    first = measured(Given(), beliefs(numbers), own, base=0.5)
    for rising in (np.exp, np.arctan, lambda x: x**3, lambda x: 1e-9 * x - 7, lambda x: 2**60 * x):
        again = measured(Given(), beliefs(rising(numbers)), own, base=0.5)
        assert [again[name] for name in RANKED] == [first[name] for name in RANKED]
    falling = measured(Given(), beliefs(-numbers), own, base=0.5)
    # 1 - AUC is rounded twice
    assert falling[Metric.AUC] == pytest.approx(1 - first[Metric.AUC], rel=2**-50)
    terms = rng.integers(-100, 100, size=(500, 1))  # whole: nothing is rounded
    moved = scored(beliefs(numbers).answers[:, 0] + terms)
    assert measured(Given(), moved, own, base=0.5) == first


def test_log_odds() -> None:
    """Against Arb: with K <= 5 at most some 20 roundings of numbers of size 1 + |odds|."""
    rng = np.random.default_rng(1)
    for kinds in (2, 3, 5):
        rows = rng.integers(-400, 401, size=(60, kinds)) / 8
        found = Beliefs.of(rows).odds
        with ctx.workprec(256):
            for row, values in zip(rows.tolist(), found.tolist(), strict=True):
                powers = [arb(fmpq(round(8 * score), 8)).exp() for score in row]
                for place, value in enumerate(values):
                    others = sum(powers[:place] + powers[place + 1 :])
                    exact = float((powers[place] / others).log())
                    assert value == pytest.approx(exact, abs=20 * 2**-53 * (1 + abs(exact)))

    def odds(rows: Any) -> Any:
        return Beliefs.of(rows).odds

    assert odds([[0.0, -1e4]]).tolist() == [[1e4, -1e4]]  # a share would have rounded to 1
    inf = math.inf
    assert odds([[-inf, 3.0, -inf]]).tolist() == [[-inf, inf, -inf]]
    assert odds([[-inf, -inf]]).tolist() == [[0.0, 0.0]]
    assert odds([[5.0, 5.0, -inf]]).tolist() == [[0.0, 0.0, -inf]]
    assert odds([[4.0]]).tolist() == [[inf]]
    for bad in (math.nan, inf):
        with pytest.raises(ParameterError, match="must be numbers below infinity"):
            odds([[0.0, bad]])


def test_secrets_that_cannot_be_told() -> None:
    """Left out where no record has them or all do; blind where the attack has no belief in them."""
    rows = np.array([[3.0, 1, 0], [2, 1, 0], [0, 1, 0], [0, 2, 1]])
    three = measured(Given((0, 1, 2)), scored(rows), np.array([0, 0, 1, 1]), base=0.5)
    # 2 is in no record; 0 and 1 are told without error
    assert [three[name] for name in (*RANKED, Metric.F1)] == [1.0] * 4
    # 0 is guessed once and right, 1 thrice and twice right
    some = measured(Given((0, 1, 2)), scored(rows[[0, 2, 2, 3]]), np.array([0, 0, 1, 1]), base=0.5)
    assert some[Metric.F1] == float((Fraction(2, 3) + Fraction(4, 5)) / 2)
    two = measured(Given(), scored(rows[[0, 2, 2, 3], :2]), np.array([0, 0, 1, 1]), base=0.5)
    assert two[Metric.F1] == 0.8
    alone = measured(Given((0, 1, 2)), scored(rows), np.zeros(4, dtype=int), base=0.5)
    assert alone == {Metric.ADVANTAGE: 0.0}
    # secrets 3 and 4 were never learned: AUC 1/2 of each, F1 0
    more = measured(Given((0, 1, 2)), scored(rows), np.array([0, 0, 3, 4]), base=0.5)
    assert more[Metric.AUC] == float(Fraction(1 + Fraction(1, 2) + Fraction(1, 2), 3))
    assert more[Metric.F1] == float(Fraction(1, 3))
    assert measured(Given(), scored(np.zeros((0, 2))), np.zeros(0), base=0.5) == {}


def test_attacks_without_belief_and_other_values() -> None:
    guesses, own = np.array([[1], [0], [1], [1]]), np.array([1, 1, 0, 1])
    found = measured(Silent(), scored(guesses), own, base=0.25)
    # 2 right of 4; 3 guessed and 3 there
    assert found == {Metric.F1: float(Fraction(4, 6)), Metric.ADVANTAGE: (0.5 - 0.25) / 0.75}
    numbers = np.arange(8.0)
    rebuilt = Regression(output="number").fit(scored(numbers[:, None]), numbers % 2)
    assert isinstance(rebuilt, Graded)
    assert Metric.AUC not in measured(rebuilt, scored(numbers[:, None]), numbers % 2, base=0.5)
    words = measured(
        Given(("ash", "oak")), beliefs([1.0, -1.0, 2.0]), np.array(["oak", "ash", "oak"]), base=1
    )
    assert words == dict.fromkeys([*RANKED, Metric.F1], 1.0) | {Metric.ADVANTAGE: 0.0}


def test_bad_input_is_refused() -> None:
    with pytest.raises(ParameterError, match="must be 2, one a record"):
        measured(Given(), beliefs([0.0, 1.0]), np.zeros(3), base=0.5)
    with pytest.raises(ParameterError, match=r"base=1\.5: must lie in"):
        measured(Given(), beliefs([0.0, 1.0]), np.zeros(2), base=1.5)
    several = Regression(output="number").fit(scored(np.eye(2)), np.eye(2))
    with pytest.raises(ParameterError, match="must give 2 guesses"):
        measured(several, scored(np.eye(2)), np.zeros(2), base=0.5)


def test_names_differ_and_are_texts() -> None:
    found = measured(Given(), beliefs([0.0, 1.0]), np.array([0, 1]), base=0.5)
    assert {type(name) for name in found} == {str}
    assert set(found) < {name.value for name in Metric}
