"""MAP on trees and other classifiers against the enumerated optimum, and against its formula."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from mipriv.attack.bayes.gaussian import means_success
from mipriv.attack.bayes.inversion.answers import Deterministic
from mipriv.attack.bayes.inversion.discrete import DiscreteInversion
from mipriv.attack.inversion.leaves import LeafCounts, ask, leaf_counts
from mipriv.attack.inversion.levels import Adversary, compare
from mipriv.attack.inversion.priors import Hidden, JointPrior
from mipriv.attack.inversion.protocol import Attack, Observation
from mipriv.attack.inversion.tree_map import Evidence, TreeMaximumAPosteriori
from mipriv.learn.mid.tree import MIDTreeClassifier
from mipriv.populations.joint import DiscreteJoint, noisy_rule
from mipriv.rigor.intervals import proportion

# the attack takes the first of scores within 1e-12 of the best, and a score is a sum of at most 12
# masses, each rounded thrice: (1e-12 + 40 * 2^-53) of a mass is lost at most for each observation,
# and the masses of all observations sum to 1
EXACT = fmpq(1, 10**9)
SAMPLE = 600


@pytest.fixture(scope="module")
def rule() -> DiscreteJoint:
    return noisy_rule(arities=(3, 2, 2), correlation="0.6", noise="0.3", seed=4)


@pytest.fixture(scope="module")
def sample(rule: DiscreteJoint) -> tuple[Any, Any]:
    X, y = rule.sample(SAMPLE, np.random.default_rng(5))
    assert len(np.unique(X, axis=0)) == 12  # every record occurs, which full trees need below
    return X, y


@pytest.fixture(scope="module")
def trained(sample: tuple[Any, Any]) -> DiscreteJoint:
    """The law of mode train."""
    return DiscreteJoint.empirical(*sample, arities=(3, 2, 2), classes=2)


def every_record(joint: DiscreteJoint, model: Any, known: tuple[int, ...]) -> Any:
    """All records with labels, as the attacker sees them, and their secrets (attribute 0)."""
    cells = np.repeat(joint.cells(), joint.classes, axis=0)
    labels = np.tile(np.arange(joint.classes), len(cells) // joint.classes)
    side = np.column_stack([cells[:, list(known)], labels]).astype(np.float64)
    answers = ask(model, cells.astype(np.float64))[:, None, :]
    return Observation(answers=answers, side=side), cells[:, 0]


def success(attack: TreeMaximumAPosteriori, joint: DiscreteJoint, model: Any, known: Any) -> fmpq:
    """Of a fitted attack, exact: the masses of the records that it guesses right."""
    seen, secrets = every_record(joint, model, known)
    right = attack.infer(seen) == secrets
    hit = sum(mass for mass, own in zip(joint.numerators, right.tolist(), strict=True) if own)
    return fmpq(hit, joint.denominator)


def drawn(joint: DiscreteJoint, model: Any, known: Any, count: int = 2000) -> Any:
    X, y = joint.sample(count, np.random.default_rng(6))
    side = np.column_stack([X[:, list(known)], y]).astype(np.float64)
    return Observation(answers=ask(model, X.astype(float))[:, None, :], side=side), X[:, 0]


def uniform(column: int, arity: int) -> Hidden:
    return Hidden(
        column=column, values=tuple(map(float, range(arity))), masses=(1 / arity,) * arity
    )


class Hard:
    """Only labels."""

    def __init__(self, model: Any) -> None:
        self.model, self.classes_ = model, model.classes_

    def predict(self, X: Any) -> Any:
        return self.model.predict(X)


MODELS = {
    "ID3": MIDTreeClassifier(lam=0.0),
    "MID": MIDTreeClassifier(lam=0.02),
    "root": MIDTreeClassifier(lam=5.0),
    "sklearn tree": DecisionTreeClassifier(max_depth=2, random_state=0),
    "forest": RandomForestClassifier(n_estimators=5, random_state=0),
    "logistic": LogisticRegression(),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("known", [(1, 2), (2,), ()])
def test_with_the_exact_prior_a_released_answer_is_used_as_well_as_can_be(
    rule: DiscreteJoint, sample: Any, name: str, known: tuple[int, ...]
) -> None:
    """Undefended and defended models, the label known or not, attributes known or summed over."""
    base = MODELS[name].fit(*sample)
    hidden = tuple(uniform(axis, 2) for axis in (1, 2) if axis not in known)
    for model, label in product((base, Hard(base)), (False, True)):
        release = Deterministic.of(ask(model, rule.cells().astype(float)))
        game = DiscreteInversion(joint=rule, sensitive=0, known=known, label=label)
        attack = TreeMaximumAPosteriori(
            evidence="none", released=True, hidden=hidden, prior=JointPrior(rule, label=label)
        )
        reached = success(attack.fit(*drawn(rule, model, known), model=model), rule, model, known)
        optimum = game.success(release)
        assert optimum - EXACT <= reached <= optimum


def test_independence_costs_what_the_attributes_share(rule: DiscreteJoint, sample: Any) -> None:
    """The published prior on correlated attributes, and on independent ones where it is exact."""
    free = noisy_rule(arities=(3, 2, 2), correlation=0, noise="0.3", seed=4)
    for joint, exact in ((rule, False), (free, True)):
        model = MODELS["MID"].fit(*joint.sample(SAMPLE, np.random.default_rng(5)))
        game = DiscreteInversion(joint=joint, sensitive=0, known=(1, 2))
        optimum = game.success(Deterministic.of(model.answer(joint.cells().astype(float))))
        cells, _ = every_record(joint, model, (1, 2))
        # auxiliary records in exact proportions: the marginal of the secret is uniform
        published = TreeMaximumAPosteriori(evidence="none", released=True)
        fitted = published.fit(cells, np.tile([0, 1, 2], 8), model=model)
        reached = success(fitted, joint, model, (1, 2))
        if exact:
            assert optimum - EXACT <= reached <= optimum
        else:  # below what the side information alone tells
            assert reached < game.base() < optimum
        # frequencies of 20,000 records: given a side of mass m a share is known to 2.5/sqrt(20000 m)
        # (five standard errors); of three values the wrong one of two costs twice that at most, in
        # all 5/sqrt(20000) * sum of sqrt(m) <= .0354 * 2, and the smoothing 4/20000
        learned = replace(published, prior="auxiliary")
        fitted = learned.fit(*drawn(joint, model, (1, 2), 20_000), model=model)
        reached = success(fitted, joint, model, (1, 2))
        assert optimum - fmpq(8, 100) <= reached <= optimum


def test_by_label_and_by_confidence_the_optimum_without_an_answer_is_reached(
    rule: DiscreteJoint,
) -> None:
    """A model that answers with Pr[y|x], and one that answers with the rule behind the noise.

    The label is the rule's with probability .85 whatever x is, so that it says of x only what the
    rule's class does: Bayes' factor is Pr[label | class].
    """
    masses = np.array(rule.numerators, dtype=object).reshape(-1, 2)
    shares = np.array([[int(m) / int(sum(row)) for m in row] for row in masses])
    table = {tuple(cell): share for cell, share in zip(rule.cells().tolist(), shares, strict=True)}

    def law(X: Any) -> Any:
        return np.array([table[tuple(row)] for row in X.astype(int).tolist()])

    def ruled(X: Any) -> Any:
        return np.eye(2)[law(X).argmax(axis=1)]

    classes = ruled(rule.cells()).argmax(axis=1)
    confusion = np.zeros((2, 2))
    for own, row in zip(classes, masses, strict=True):
        confusion[:, own] += row.astype(float)
    optimum = DiscreteInversion(joint=rule, sensitive=0, known=(1, 2), label=True).base()
    for evidence, model in ((Evidence.CONFIDENCE, law), (Evidence.CALIBRATED_LABEL, ruled)):
        attack = TreeMaximumAPosteriori(
            evidence=evidence, prior=JointPrior(rule), confusion=confusion
        )
        fitted = attack.fit(*drawn(rule, model, (1, 2)), model=model)
        reached = success(fitted, rule, model, (1, 2))
        assert optimum - EXACT <= reached <= optimum
        naive = replace(attack, prior=None).fit(*drawn(rule, model, (1, 2)), model=model)
        assert success(naive, rule, model, (1, 2)) < optimum - fmpq(1, 100)


@pytest.mark.parametrize("name", ["ID3", "sklearn"])
def test_leaf_counts_of_a_full_tree_are_the_training_set(
    sample: Any, trained: DiscreteJoint, name: str
) -> None:
    """A leaf for every record: counts of the label's class and a uniform prior are Bayes' rule."""
    X, y = sample
    full = LeafCounts(
        apply=lambda rows: np.ravel_multi_index(tuple(np.asarray(rows).astype(int).T), (3, 2, 2)),
        counts=np.array(trained.numerators, dtype=float).reshape(-1, 2),
    )
    if name == "sklearn":  # labels that no split can leave together, to grow the tree whole
        model = DecisionTreeClassifier(random_state=0).fit(X, X @ [4, 2, 1])
        box = leaf_counts(model)
        assert len(np.unique(model.apply(X))) == 12
        node = model.apply(X)
        counts = np.zeros((model.tree_.node_count, 2))
        np.add.at(counts, (node, y), 1)
        assert box.counts[np.unique(node)].sum() == pytest.approx(SAMPLE, rel=1e-12)
        full = LeafCounts(apply=lambda rows: model.apply(rows), counts=counts)
    seen, secrets = every_record(trained, MODELS["ID3"].fit(X, y), (1, 2))
    attack = TreeMaximumAPosteriori(evidence="class-counts")
    fitted = attack.fit(seen, secrets, model=full)  # every secret equally often
    optimum = DiscreteInversion(joint=trained, sensitive=0, known=(1, 2), label=True).base()
    reached = success(fitted, trained, MODELS["ID3"], (1, 2))
    assert optimum - EXACT <= reached <= optimum
    without = replace(attack, evidence=Evidence.COUNTS).fit(seen, secrets, model=full)
    blind = DiscreteInversion(joint=trained, sensitive=0, known=(1, 2)).base()
    reached = success(without, trained, MODELS["ID3"], (1, 2))
    assert blind - EXACT <= reached <= blind


def published(leaves: Any, prior: Any, known: dict[int, float], total: int) -> int:
    """The formula as it is printed, from paths: a leaf counts if its conditions can hold."""

    def can(leaf: Any, value: float) -> bool:
        held = {**known, 0: value}
        for one in leaf.path:
            if one.column in held:
                at = held[one.column]
                if not {"<=": at <= one.value, ">": at > one.value}[one.relation]:
                    return False
        return True

    scores = [
        fmpq(sum(sum(leaf.counts) for leaf in leaves if can(leaf, value)), total) * share
        for value, share in enumerate(prior)
    ]
    return scores.index(max(scores))


@pytest.mark.parametrize("known", [(1, 2), (2,)])
def test_the_white_box_is_the_printed_formula(rule: DiscreteJoint, sample: Any, known: Any) -> None:
    model = MODELS["MID"].fit(*sample)
    seen, _ = every_record(rule, model, known)
    secrets = np.repeat([0, 1, 2], [5, 2, 1])
    some = Observation(answers=seen.answers[:8], side=seen.side[:8])
    hidden = () if 1 in known else (uniform(1, 2),)
    attack = TreeMaximumAPosteriori(evidence="counts", hidden=hidden)
    found = attack.fit(some, secrets, model=model).infer(seen)
    prior = [fmpq(5, 8), fmpq(2, 8), fmpq(1, 8)]
    expected = [
        published(model.leaves_, prior, dict(zip(known, row[:-1].tolist(), strict=True)), SAMPLE)
        for row in seen.side
    ]
    assert found.tolist() == expected
    assert len(set(expected)) > 1
    plain = type("Plain", (), {"apply": staticmethod(model.apply), "leaves_": model.leaves_})()
    assert attack.fit(some, secrets, model=plain).infer(seen).tolist() == expected


def test_noise_on_the_released_answer_is_weighed() -> None:
    """Answers (.2, .8) and (.8, .2) through N(0, .09) each, q = 4: two normal laws in the plane."""

    def model(X: Any) -> Any:
        first = np.where(X[:, 0] > 0, 0.8, 0.2)
        return np.stack([first, 1 - first], axis=1)

    rng = np.random.default_rng(7)
    secrets = np.arange(4000) % 2
    X = np.stack([secrets, rng.normal(size=4000)], axis=1)
    answers = model(X)[:, None] + 0.6 * rng.normal(size=(4000, 4, 2))
    seen = Observation(answers=answers, side=X[:, 1:])
    attack = TreeMaximumAPosteriori(evidence="none", label=None, released=True, scale=0.3)
    hits = int((attack.fit(seen, secrets, model=model).infer(seen) == secrets).sum())
    # along the line through both points they are .6 sqrt 2 apart, squared .72
    optimum = means_success(means=[0, 1], variance=fmpq(9, 100) / fmpq(72, 100))
    assert float(optimum) in proportion(hits=hits, trials=4000, confidence="0.999999")


def test_an_attack_among_others(rule: DiscreteJoint, sample: Any) -> None:
    model = MODELS["MID"].fit(*sample)
    attacks: list[Attack] = [TreeMaximumAPosteriori(evidence=kind) for kind in Evidence]
    attacks.append(
        TreeMaximumAPosteriori(evidence="none", released=True, prior=JointPrior(rule, label=True))
    )
    found = compare(
        [Adversary(attack=attack, model=model) for attack in attacks],
        auxiliary=drawn(rule, model, (1, 2)),
        evaluation=drawn(rule, model, (1, 2), count=3000),
    )
    names = [level.level for level in found.levels]
    assert names[0] == "tree MAP by none, q = 1"
    assert names[-1] == "tree MAP by none, released answer, given prior, q = 1"
    game = DiscreteInversion(joint=rule, sensitive=0, known=(1, 2), label=True)
    optimum = game.success(Deterministic.of(model.answer(rule.cells().astype(float))))
    for level in found.levels:  # intervals that hold together at 95 %; the seed is fixed
        assert level.success.lower <= float(optimum.p) / float(optimum.q)
