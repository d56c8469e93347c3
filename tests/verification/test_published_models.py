"""What a published model tells of its population: MID promises nothing, and a constant shows it."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from flint import fmpq

from mipriv.errors import ParameterError
from mipriv.guarantee import ApproxDP
from mipriv.learn.published import PublishedModel
from verification.cell import Cell
from verification.inversion.models import BITS, published
from verification.inversion.training import play
from verification.measures import Point
from verification.registry import populations

POPULATION = {"name": "labelled", "tau": "0.2", "agreement": "0.8"}


def point(learner: Any, n: int = 5, **population: Any) -> Point:
    cell = Cell(
        campaign="test",
        learner=learner,
        population={**POPULATION, **population},
        n=n,
        parameters={},
    )
    return Point.from_json(play(cell, 0, 0.5).measures)


def model(kind: str, **given: Any) -> dict[str, Any]:
    return {"name": "published", "model": kind, **given}


def enumerated(kind: str, n: int, **given: Any) -> tuple[fmpq, Fraction]:
    """Total variation and accuracy by all data sets in order, from the definition."""
    learner = published(model(kind, **given), symbols=4, n=n)
    family = populations(POPULATION)
    chances: list[dict[Any, fmpq]] = [{}, {}]
    right = Fraction(0)
    for records in product(range(4), repeat=n):
        counts = tuple(records.count(v) for v in range(4))
        answers = learner.train(counts)
        for chance, masses in zip(chances, family.masses, strict=True):
            mass = fmpq(1)
            for v in records:
                mass *= masses[v]
            chance[answers] = chance.get(answers, fmpq(0)) + mass
            for v, p in enumerate(masses):
                x, y = BITS[v]
                sure = 2 * answers[x] - 1  # type: ignore[index]  # a pair
                hit = Fraction(1, 2) if sure == 0 else Fraction(int((sure > 0) == (y == 1)))
                right += Fraction(int(mass.p), int(mass.q)) * Fraction(int(p.p), int(p.q)) * hit / 2
    keys = {*chances[0], *chances[1]}
    gap = sum((abs(chances[0].get(k, fmpq(0)) - chances[1].get(k, fmpq(0))) for k in keys), fmpq(0))
    return gap / 2, right


@pytest.mark.parametrize(
    ("kind", "given"),
    [("majority", {}), ("rate", {}), ("tree", {"lam": "0.1"}), ("labels", {"lam": 0})],
)
def test_loss_and_accuracy_are_those_of_the_definition(kind: str, given: dict[str, Any]) -> None:
    found, (gap, right) = point(model(kind, **given), n=3), enumerated(kind, 3, **given)
    exact = int(gap.p) / int(gap.q)
    assert found.attack.lower <= exact <= found.attack.upper
    assert found.utility.value == pytest.approx(float(right), abs=1e-14)  # some ten sums of doubles


def test_a_constant_has_no_information_and_tells_the_population() -> None:
    for kind in ("majority", "rate"):
        found = point(model(kind))
        assert found.information is not None
        assert found.information.value == 0
        assert found.bound is not None
        assert found.bound.value == 0 < found.attack.lower


def test_more_mid_can_tell_more_of_the_population() -> None:
    """Labels of a tree: as lam falls to the constant's, the answers say less and the model more."""
    free, dear = (point(model("labels", lam=lam), n=10) for lam in (0, 1))
    assert free.information is not None
    assert dear.information is not None
    assert dear.information.value < free.information.value / 4
    assert dear.attack.lower > 2 * free.attack.upper


def test_at_lam_0_the_tree_splits_wherever_that_pays() -> None:
    tree = published(model("tree", lam=0), symbols=4, n=4)
    for counts, answers in ((c, tree.train(c)) for c in [(1, 1, 0, 2), (2, 0, 0, 2), (0, 3, 1, 0)]):
        shares = tuple(
            Fraction(counts[2 * x + 1], counts[2 * x] + counts[2 * x + 1]) for x in (0, 1)
        )
        assert answers == shares


def test_private_rules_keep_their_claim() -> None:
    rules = [[1, 0, 1, 0], [0, 1, 0, 1]]
    found = point(
        {"name": "exponential", "epsilon": "0.3", "utilities": rules}, tau=1, agreement="0.5"
    )
    assert found.role == "dp"
    assert found.epsilon == 0.3


def test_a_published_model_promises_nothing_and_bad_ones_are_refused() -> None:
    learner = PublishedModel(train=max, symbols=2, n=3)
    assert learner.guarantee() == ApproxDP(epsilon=fmpq(0), delta=fmpq(1))
    assert learner.models == (3, 2)
    with pytest.raises(ParameterError):
        learner.probabilities((1, 1))
    with pytest.raises(ParameterError):
        PublishedModel(train=max, symbols=30, n=30)
    for bad in (model("oracle"), {"name": "extremal", "epsilon": 1}):
        with pytest.raises(ParameterError):
            point(bad)
    with pytest.raises(ParameterError):
        populations({**POPULATION, "tau": "0.5"})
