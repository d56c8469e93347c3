"""MAP on trees by hand: small models, other kinds of records, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mipriv.attack.inversion.leaves import LeafCounts, ask
from mipriv.attack.inversion.priors import Frequencies, Hidden
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.inversion.tree_map import TreeMaximumAPosteriori
from mipriv.errors import ParameterError
from mipriv.learn.mid.tree import MIDTreeClassifier

HALVES = Hidden(column=1, values=(0.0, 1.0), masses=(0.5, 0.5))


def test_a_network_of_torch_and_strings_of_categories() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Linear(2, 2)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[3.0, 0.0], [-3.0, 0.0]]))
        net.bias.zero_()

    def network(X: Any) -> Any:
        with torch.no_grad():
            return torch.softmax(net(torch.as_tensor(X, dtype=torch.float32)), dim=1).numpy()

    X = np.array([[1.0, 5.0], [-1.0, 5.0], [1.0, 6.0], [-1.0, 6.0]])
    seen = Observation(answers=network(X)[:, None, :], side=X[:, 1:])
    secrets = X[:, 0]
    attack = TreeMaximumAPosteriori(evidence="none", label=None, released=True)
    assert attack.fit(seen, secrets, model=network).infer(seen).tolist() == secrets.tolist()

    hues = np.array(["red", "blue"], dtype=object)
    tree = MIDTreeClassifier(lam=0.0, categorical="all")
    rows = [["red", "a"], ["red", "b"], ["blue", "a"], ["blue", "b"]]
    tree.fit(rows, ["no", "no", "yes", "yes"])

    def encode(records: Any) -> Any:
        letters = np.array(["a", "b"], dtype=object)
        return np.stack([hues[records[:, 0].astype(int)], letters[records[:, 1].astype(int)]], 1)

    side = np.array([[0.0, 0], [1, 1], [0, 1], [1, 0]])  # the label by its place: no 0, yes 1
    seen = Observation(answers=np.zeros((4, 1, 2)), side=side)
    for evidence in ("confidence", "class-counts"):
        worded = TreeMaximumAPosteriori(evidence=evidence, encode=encode)
        fitted = worded.fit(seen, np.array([0, 1, 0, 1]), model=tree)
        assert hues[fitted.infer(seen)].tolist() == ["red", "blue", "blue", "red"]


def test_the_confusion_matrix_is_learned_from_the_answers() -> None:
    """Label 0 answered as 0 thrice and as 1 once, label 1 as 1 four times; x_s is the answer."""
    answers = np.eye(2)[[0, 0, 0, 1, 1, 1, 1, 1]][:, None, :]
    side = np.array([[0.0, y] for y in (0, 0, 0, 0, 1, 1, 1, 1)])
    seen = Observation(answers=answers, side=side)
    secrets = np.array([0, 0, 0, 1, 1, 1, 1, 1])  # p(0) = 3/8

    def model(X: Any) -> Any:
        return np.eye(2)[X[:, 0].astype(int)]

    # label 0: published 3/8 * 3/4 against 5/8 * 1/4; calibrated 3/8 * 1 against 5/8 * 1/5.
    # label 1: published 0 against 5/8 * 1
    for evidence in ("label", "calibrated-label"):
        fitted = TreeMaximumAPosteriori(evidence=evidence).fit(seen, secrets, model=model)
        assert fitted.infer(seen).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    # given the matrix, label 0: published 3/8 * 3/6 against 5/8 * 3/6, calibrated 3/8 * 3/5 against
    # 5/8 * 3/15
    given = np.array([[3.0, 3.0], [2.0, 12.0]])
    for evidence, guess in (("label", 1), ("calibrated-label", 0)):
        attack = TreeMaximumAPosteriori(evidence=evidence, confusion=given)
        assert attack.fit(seen, secrets, model=model).infer(seen)[0] == guess


def test_a_leaf_counts_once_and_the_prior_weighs() -> None:
    """Secret 0 leads to a leaf of 30 whatever is hidden, secret 1 to leaves of 20 each: 30 to 40."""
    box = LeafCounts(
        apply=lambda X: np.where(X[:, 0] == 0, 0, 1 + X[:, 1]).astype(int),
        counts=np.array([[10.0, 20.0], [15.0, 5.0], [20.0, 0.0]]),
    )
    seen = Observation(answers=np.zeros((3, 1, 2)), side=np.zeros((3, 0)))
    attack = TreeMaximumAPosteriori(evidence="counts", label=None, hidden=(HALVES,))
    some = Observation(answers=np.zeros((2, 1, 2)), side=np.zeros((2, 0)))
    assert attack.fit(some, np.array([0, 1]), model=box).infer(some)[0] == 1
    # 30 * 2/3 to 40 * 1/3
    assert attack.fit(seen, np.array([0, 0, 1]), model=box).infer(some)[0] == 0


def test_the_scale_of_the_noise_weighs_against_the_prior() -> None:
    """p(0) = .9, f = 3 v, scale 2: value 1 leads beyond 1.5 + 4 log(9)/3 = 4.430."""
    aux = Observation(answers=np.zeros((10, 1, 1)), side=np.zeros((10, 0)))
    attack = TreeMaximumAPosteriori(evidence="none", label=None, released=True, scale=2)
    fitted = attack.fit(aux, np.array([0] * 9 + [1]), model=lambda X: 3 * X[:, 0])
    asked = Observation(answers=np.array([[[4.42]], [[4.44]]]), side=np.zeros((2, 0)))
    assert fitted.infer(asked).tolist() == [0, 1]


def test_the_secret_may_stand_in_another_column() -> None:
    """f = 10 x_0 + x_1 with x_1 secret: 51 is 5 and 1, which no order but this gives."""
    seen = Observation(answers=np.array([[[51.0]], [[60.0]]]), side=np.array([[5.0], [6.0]]))
    attack = TreeMaximumAPosteriori(evidence="none", label=None, released=True, position=1)
    fitted = attack.fit(seen, np.array([0, 1]), model=lambda X: X @ np.array([10.0, 1.0]))
    assert fitted.infer(seen).tolist() == [1, 0]


def test_the_prior_decides_where_no_record_is_possible() -> None:
    def model(X: Any) -> Any:
        return np.eye(2)[X[:, 0].astype(int)]

    seen = Observation(answers=np.full((3, 1, 2), 0.5), side=np.zeros((3, 1)))
    attack = TreeMaximumAPosteriori(evidence="none", label=None, released=True)
    assert attack.fit(seen, np.array([0, 1, 1]), model=model).infer(seen).tolist() == [1, 1, 1]
    empty = Observation(answers=np.zeros((0, 1, 2)), side=np.zeros((0, 1)))
    assert attack.fit(seen, np.array([0, 1, 1]), model=model).infer(empty).shape == (0,)


def test_frequencies() -> None:
    """Side 0: secrets 0, 0, 1; side 1: 1.  The marginal, one half each, counts as two records."""
    side = np.array([[0.0, 7], [-0.0, 8], [0, 9], [1, 7]])
    found = Frequencies.learn(side, [0, 0, 1, 1], columns=(0,), smoothing=2)
    asked = found(np.array([0, 1, 5]), np.array([[0.0, 1], [1, 1], [2, 1]]))
    # (2 + 1)/5, (1 + 1)/5; (0 + 1)/3, (1 + 1)/3; unseen: the marginal; 5 was never a secret
    assert asked.tolist() == [[3 / 5, 2 / 5, 0], [1 / 3, 2 / 3, 0], [1 / 2, 1 / 2, 0]]
    with pytest.raises(ParameterError, match="smoothing=0: must be > 0"):
        Frequencies.learn(side, [0, 0, 1, 1], smoothing=0)


def test_bad_input() -> None:
    seen = Observation(answers=np.zeros((2, 1, 2)), side=np.zeros((2, 1)))
    secrets = np.array([0, 1])
    with pytest.raises(ParameterError, match="evidence=guess: must be one of none, label"):
        TreeMaximumAPosteriori(evidence="guess")
    with pytest.raises(ParameterError, match="prior=exact: must be a function, auxiliary or None"):
        TreeMaximumAPosteriori(prior="exact")
    with pytest.raises(ParameterError, match="label=None: must be seen for evidence confidence"):
        TreeMaximumAPosteriori(label=None)
    with pytest.raises(ParameterError, match="must be other columns"):
        TreeMaximumAPosteriori(position=1, hidden=(HALVES,))
    with pytest.raises(ParameterError, match="must be one mass a value"):
        Hidden(column=0, values=(0.0,), masses=())
    with pytest.raises(ParameterError, match="model=None: must be given"):
        TreeMaximumAPosteriori().fit(seen, secrets)
    with pytest.raises(ParameterError, match="must be fitted before it infers"):
        TreeMaximumAPosteriori().infer(seen)
    with pytest.raises(ParameterError, match="LogisticRegression: must be a tree, with apply"):
        TreeMaximumAPosteriori(evidence="counts").fit(seen, secrets, model=LogisticRegression())
    fitted = TreeMaximumAPosteriori(label=3).fit(seen, secrets, model=np.zeros_like)
    with pytest.raises(ParameterError, match="label=3: must be one of 1 columns"):
        fitted.infer(seen)
    with pytest.raises(ParameterError, match="object: must have answer or predict"):
        ask(object(), seen.side)
