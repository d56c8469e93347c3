"""Laws that the best attacker of the inversion game obeys whatever the record and the model."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from mipriv.attack.bayes.inversion.answers import Channel, Deterministic
from mipriv.attack.bayes.inversion.ceiling import information_ceiling
from mipriv.attack.bayes.inversion.discrete import DiscreteInversion
from mipriv.attack.bayes.inversion.factor import FactorInversion
from mipriv.attack.bayes.inversion.linear import LinearInversion
from mipriv.attack.bayes.inversion.training import training_success
from mipriv.estimate.reading import Reading
from mipriv.game import InversionGame
from mipriv.populations.factor import FactorModel
from mipriv.populations.joint import DiscreteJoint, GaussianJoint
from mipriv.rigor.intervals import outward

ARITIES = (2, 3, 2)
CELLS = prod(ARITIES)


def laws(size: int) -> st.SearchStrategy[tuple[fmpq, ...]]:
    """Exact laws, zeros among them."""
    weights = st.lists(st.integers(0, 5), min_size=size, max_size=size).filter(any)
    return weights.map(lambda found: tuple(fmpq(w, sum(found)) for w in found))


joints = laws(2 * CELLS).map(lambda masses: DiscreteJoint(ARITIES, masses))
tables = st.lists(st.integers(0, 3), min_size=CELLS, max_size=CELLS)
channels = st.lists(laws(3), min_size=CELLS, max_size=CELLS).map(lambda rows: Channel(tuple(rows)))
sides = st.sampled_from([(), (1,), (2,), (1, 2)])
few = settings(max_examples=25)


def game(joint: DiscreteJoint, known: tuple[int, ...] = (), label: bool = False) -> Any:
    return DiscreteInversion(joint=joint, sensitive=0, known=known, label=label)


@few
@given(joint=joints, known=sides, label=st.booleans(), noisy=channels, table=tables)
def test_coarser_answers_tell_no_more(
    joint: DiscreteJoint, known: tuple[int, ...], label: bool, noisy: Channel, table: list[int]
) -> None:
    play = game(joint, known, label)
    merged = Channel(tuple((row[0] + row[1], row[2]) for row in noisy.rows))
    assert play.base() <= play.success(merged) <= play.success(noisy)
    halves = Deterministic(tuple(answer // 2 for answer in table))
    assert play.base() <= play.success(halves) <= play.success(Deterministic(tuple(table)))
    itself = play.success(Deterministic(tuple(range(CELLS))))
    assert play.success(noisy, queries=3) <= itself
    assert play.success(Deterministic((0,) * CELLS), queries=4) == play.base()
    assert play.gain(noisy) >= 0


@few
@given(joint=joints, noisy=channels, queries=st.integers(1, 3))
def test_side_information_never_hurts(joint: DiscreteJoint, noisy: Channel, queries: int) -> None:
    reached = [
        game(joint, known, label).success(noisy, queries=queries)
        for known, label in (((), False), ((1,), False), ((1, 2), False), ((1, 2), True))
    ]
    assert reached == sorted(reached)
    posteriors = [game(joint, known).posterior(noisy) for known in ((), (1,), (1, 2))]
    means = [found.expected_posterior() for found in posteriors]
    assert means == sorted(means)
    assert all(a.expected_posterior() <= a.success() for a in posteriors)


@few
@given(joint=joints, known=sides, table=tables, keep=st.integers(1, 9))
def test_more_queries_tell_no_less_and_lead_to_the_table(
    joint: DiscreteJoint, known: tuple[int, ...], table: list[int], keep: int
) -> None:
    """Up to the table without noise, which the most frequent answer tells in the end."""
    play = game(joint, known)
    noisy = Channel.of(table, keep=fmpq(keep, 10), answers=4)
    reached = [play.success(noisy, queries=q) for q in (1, 2, 4, 6)]
    limit = play.success(Deterministic(tuple(table)))
    assert reached == sorted(reached)
    assert reached[-1] <= limit
    assert play.success(noisy, queries=6, noise="per-input") == reached[0]
    # the true answer leads each of three others by `keep` on average in each query; by Hoeffding for
    # differences in [-1, 1] it fails to lead all of them after 12 with chance <= 3 exp(-12 keep^2/2)
    missed = 3 * (arb(-12 * fmpq(keep, 10) ** 2 / 2)).exp()
    assert arb(play.success(noisy, queries=12)) + missed >= limit


@few
@given(joint=joints, noisy=channels, order=st.permutations(range(CELLS)))
def test_names_do_not_matter(joint: DiscreteJoint, noisy: Channel, order: list[int]) -> None:
    """Cells of x renamed together with their answers; the secret is x as a whole."""
    masses = np.array(joint.masses, dtype=object).reshape(CELLS, 2)[list(order)].ravel()
    renamed = DiscreteJoint(ARITIES, tuple(masses))
    moved = Channel(tuple(noisy.rows[cell] for cell in order))
    whole = [
        DiscreteInversion(joint=law, sensitive=(0, 1, 2)).success(answers, queries=2)
        for law, answers in ((joint, noisy), (renamed, moved))
    ]
    assert whole[0] == whole[1]


def information(joint: DiscreteJoint, noisy: Channel) -> float:
    """I(X; answer) in nats by its definition, rounded up."""
    cells = joint.marginal(range(len(ARITIES)))
    answers = [
        sum((mass * row[a] for mass, row in zip(cells, noisy.rows, strict=True)), fmpq(0))
        for a in range(noisy.answers)
    ]
    total = arb(0)
    for mass, row in zip(cells, noisy.rows, strict=True):
        for chance, own in zip(row, answers, strict=True):
            if mass * chance > 0 and chance != own:
                total += mass * chance * arb(chance / own).log()
    return max(outward(total).upper, 0.0)


@few
@given(joint=joints, known=sides, label=st.booleans(), noisy=channels, queries=st.integers(1, 3))
def test_the_information_bounds_the_exact_success(
    joint: DiscreteJoint, known: tuple[int, ...], label: bool, noisy: Channel, queries: int
) -> None:
    """Theorems 10 and 11, with side information too; fixed noise is worth one answer."""
    reading = Reading.computed(information(joint, noisy), method="definition", bound=True)
    asked, single = InversionGame(queries=queries), InversionGame()
    play = game(joint, known, label)
    found = information_ceiling(reading, asked, base=play.base())
    assert arb(play.success(noisy, queries=queries)) <= arb(found.success)
    fixed = information_ceiling(reading, asked, noise="per-input", base=play.base())
    assert fixed == information_ceiling(reading, single, base=play.base())
    assert arb(play.success(noisy, queries=queries, noise="per-input")) <= arb(fixed.success)
    bare = game(joint)
    prior = InversionGame(queries=queries, prior=joint.marginal([0])[1])
    if 0 < joint.marginal([0])[1] < 1:
        allowed = information_ceiling(reading, prior)
        assert arb(bare.success(noisy, queries=queries)) <= arb(allowed.success)


entries = st.integers(-3, 3)


@st.composite
def linear(draw: Any) -> dict[str, Any]:
    """A covariance B B' + diag, so that attribute 0 has variance, and linear answers."""
    rows = draw(st.lists(st.lists(entries, min_size=3, max_size=3), min_size=3, max_size=3))
    sigma = tuple(
        tuple(
            fmpq(sum(a * b for a, b in zip(rows[i], rows[j], strict=True)) + int(i == j == 0))
            for j in range(3)
        )
        for i in range(3)
    )
    joint = GaussianJoint(
        covariance=sigma, coefficients=tuple(draw(st.tuples(entries, entries, entries))), noise=1
    )
    return {
        "joint": joint,
        "sensitive": 0,
        "coefficients": draw(st.tuples(entries, entries, entries)),
        "known": draw(st.sampled_from([(), (1,), (1, 2)])),
        "label": draw(st.booleans()),
    }


@few
@given(setting=linear(), variance=st.integers(0, 5), queries=st.integers(1, 6))
def test_linear_laws(setting: dict[str, Any], variance: int, queries: int) -> None:
    one = LinearInversion(**setting, variance=fmpq(variance))
    many = LinearInversion(**setting, variance=fmpq(variance), queries=queries)
    clear = LinearInversion(**setting)
    fixed = LinearInversion(**setting, variance=fmpq(variance), queries=queries, noise="per-input")
    squares = [play.correlation_squared() for play in (one, many, clear)]
    assert 0 <= one.base_correlation_squared() <= squares[0] <= squares[1] <= squares[2] <= 1
    assert fixed.correlation_squared() == squares[0]
    more = LinearInversion(**{**setting, "known": (1, 2), "label": True}, variance=fmpq(variance))
    assert more.correlation_squared() >= squares[0]
    # an attacker who rescales: the same channel at any scale
    scaled = {**setting, "coefficients": tuple(-7 * fmpq(a) for a in setting["coefficients"])}
    same = LinearInversion(**scaled, variance=fmpq(49 * variance), offset=3)
    assert same.correlation_squared() == squares[0]
    assert not one.conditional_information() > one.information().upper()
    silent = LinearInversion(**{**setting, "coefficients": (0, 0, 0)}, variance=fmpq(1))
    assert silent.correlation_squared() == one.base_correlation_squared()


@few
@given(setting=linear(), variance=st.integers(1, 9))
def test_the_information_bounds_the_linear_success(setting: dict[str, Any], variance: int) -> None:
    play = LinearInversion(**setting, variance=fmpq(variance))
    nats = max(outward(play.information()).upper, 0.0)
    reading = Reading.computed(nats, method="closed form", bound=True)
    found = information_ceiling(reading, InversionGame(), base=play.base())
    # a tie at the base, where the information is 0, leaves two enclosures of one number
    assert not play.success() > arb(found.success)


@few
@given(
    answers=st.lists(st.integers(-8, 8), min_size=1, max_size=8),
    variance=st.sampled_from(["0.01", "0.3", "2"]),
    data=st.data(),
)
def test_training_sets(answers: list[int], variance: str, data: Any) -> None:
    """More noise, fewer queries and less side information tell no more; no noise is the limit."""
    count = len(answers)
    codes = st.lists(st.integers(0, 2), min_size=count, max_size=count)
    secrets, side = data.draw(codes), data.draw(codes)

    def reach(**more: Any) -> Any:
        chosen: dict[str, Any] = {"variance": variance, "tolerance": 1e-6, **more}
        return training_success(answers=answers, secrets=secrets, **chosen)

    once, base = reach(), max(secrets.count(s) for s in secrets) / count
    # base is a double within 2^-54 of a ratio
    assert once.upper >= base - 2.0**-53
    for larger in (reach(queries=3), reach(side=side), reach(variance=0)):
        assert larger.upper >= once.lower
    assert reach(variance=0, side=side).upper >= reach(side=side).lower
    assert reach(queries=3, noise="per-input") == once


@few
@given(
    rows=st.lists(st.tuples(entries, entries), min_size=3, max_size=3),
    matrix=st.lists(st.tuples(entries, entries, entries), min_size=1, max_size=2),
    variance=st.integers(1, 4),
)
def test_factor_laws(rows: Any, matrix: Any, variance: int) -> None:
    """Answers tell no more than the record, more answers no less, and the errors are ordered."""
    model = FactorModel(loadings=rows, identities=((0, 0), (2, 1)), within=1, noise=1)
    itself = FactorInversion(model=model)
    assert itself.gap_squared() == model.gap_squared()
    plays = [
        FactorInversion(model=model, matrix=tuple(matrix), variance=fmpq(variance), queries=q)
        for q in (1, 3)
    ]
    once, thrice = plays
    assert 0 <= once.gap_squared() <= thrice.gap_squared() <= model.gap_squared()
    for play in plays:
        low, high = play.error_bounds()
        assert 0 <= low <= high
    assert thrice.error_bounds()[1] <= once.error_bounds()[1]
    assert itself.error_bounds() == (0, 0)
