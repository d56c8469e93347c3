"""The ends of every range."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from flint import arb, ctx, fmpq

import mipriv
from mipriv.contexts.arb import ARB
from mipriv.errors import Infeasible, ParameterError, PrecisionError, UnsupportedGuarantee
from mipriv.game import Adjacency, FinitePair, InversionGame, PopulationGame
from mipriv.guarantee import ApproxDP, GaussianDP
from mipriv.loss.population import population, swap
from mipriv.loss.prior import bayes_success

HUGE = 10**18


@pytest.mark.parametrize("epsilon", ["0", "1e-300", "1e-9", "1", "709", "710", "800", "1e6"])
@pytest.mark.parametrize("delta", ["0", "1e-300", "1e-9", "0.5", "1"])
@pytest.mark.parametrize("n", [0, 1, 2, 3, HUGE, 10**1000])
def test_every_corner_has_an_answer(epsilon: str, delta: str, n: int) -> None:
    answer = mipriv.bound(epsilon=epsilon, delta=delta, n=n, tau="0.5", prior="0.3", fpr="1e-9")
    for loss in (answer.worst_case, answer.population, answer.bayes_success, answer.tpr):
        assert loss is not None
        assert 0 <= loss.lower <= loss.upper <= 1
    json.dumps(answer.as_dict())
    assert "Traceback" not in str(answer)


@pytest.mark.parametrize(
    ("epsilon", "delta", "n", "expected"),
    [
        ("0", "0.1", 10, 1),
        ("0", "0.01", 10, Fraction(1, 10)),
        ("1", "0.5", 2, 1),
        ("1e6", "0.5", 2, 1),
        ("1", "1", 1, 1),
        ("0", "0", HUGE, 0),
        ("3", "0.2", 0, 0),
    ],
)
def test_exact_ties_come_out_exact(
    epsilon: str, delta: str, n: int, expected: Fraction | int
) -> None:
    loss = mipriv.bound(epsilon=epsilon, delta=delta, n=n).worst_case
    assert loss.lower == loss.upper == expected
    assert loss.complement is not None
    assert loss.complement.lower == loss.complement.upper == 1 - expected
    assert loss.vacuous == (expected == 1)


@pytest.mark.parametrize("x", [3, 30, 10**6, 2**21, 10**9 + 1, 3 * 10**14])
def test_erfc_of_an_inexact_number_keeps_its_digits(x: int) -> None:
    """However far out: the loss of a Gaussian learner on 10^18 records never saturates."""
    with ctx.workprec(256):
        third = ARB.erfc(arb(x) + fmpq(1, 3))
        assert third.overlaps((arb(x) + fmpq(1, 3)).lower().erfc())
        assert third.rel_accuracy_bits() > 256 - (x * x).bit_length() - 8
    for answer in (mipriv.gaussian(mu="0.001", n=HUGE), mipriv.laplace(epsilon="0.001", n=HUGE)):
        assert not answer.loss.vacuous
        assert answer.loss.complement is not None
        assert "e-" in str(answer.loss.complement.lower)


def test_vacuous_is_decided_and_not_rounded() -> None:
    """One part in 10^200 below saturation is not vacuous, although its digits read 1."""
    near = mipriv.bound(epsilon=0, delta=Fraction(10**200 - 1, 10**201), n=10)
    assert str(near.worst_case.upper) == "1"
    assert not near.worst_case.vacuous
    assert not near.theorem.vacuous
    pure = mipriv.bound(epsilon=5, n=HUGE)
    assert str(pure.theorem.upper) == "1"
    assert not pure.theorem.vacuous


def test_the_kinds() -> None:
    assert mipriv.bound(epsilon=1, n=1).theorem.kind == "exact"
    assert mipriv.bound(epsilon=0, delta="0.1", n=5).theorem.kind == "exact"
    assert mipriv.bound(epsilon=1, n=2).theorem.kind == "upper bound"
    assert mipriv.bound(epsilon=1, n=1, adjacency="add-remove").theorem.kind == "upper bound"
    assert mipriv.bound(epsilon=1, n=2, tau="0.1").population.kind == "exact"  # type: ignore[union-attr]

    def success(**more: object) -> str:
        found = mipriv.bound(epsilon=1, n=3, **more).bayes_success  # type: ignore[arg-type]
        assert found is not None
        return str(found.kind)

    assert success(prior="0.2") == "exact"
    assert success(prior="0.2", tau="0.5") == "upper bound"
    assert success(prior="0.5", tau="0.5") == "exact"
    assert success(secrets=2) == "exact"
    assert success(secrets=3) == "exact"
    assert success(secrets=3, adjacency="add-remove", delta="0.01") == "exact"
    assert success(secrets=3, delta="0.01") == "exact"
    four = mipriv.bound(epsilon=1, delta="0.01", n=4, secrets=3).bayes_success
    assert four is not None
    assert four.kind == "upper bound, tightness conjectured"
    for size, count in ((4, 4), (61, 3)):
        more = mipriv.bound(epsilon=1, delta="0.01", n=size, secrets=count).bayes_success
        assert more is not None
        assert more.kind == "upper bound"
    one = mipriv.bound(epsilon=1, n=1, secrets=3).bayes_success
    assert one is not None
    assert one.kind == "exact"


def test_one_record_is_k_ary_randomised_response() -> None:
    from tests.strategies import MP, number

    success = mipriv.bound(epsilon=1, n=1, secrets=7).bayes_success
    assert success is not None
    response = MP.e / (MP.e + 6)
    assert number(success.lower) <= response <= number(success.upper)


def test_unbounded_inverses() -> None:
    assert mipriv.epsilon(n=10, loss=1).unbounded
    assert mipriv.epsilon(n=0, loss="0.1").unbounded
    assert mipriv.epsilon(n=10, loss="0.1", tau=0).unbounded
    # tau caps the loss at 1 - (1-tau)^n = 0.75 whatever the learner does
    assert mipriv.epsilon(n=2, loss="0.75", tau="0.5").unbounded
    assert not mipriv.epsilon(n=2, loss="0.7499", tau="0.5").unbounded
    assert mipriv.delta(epsilon=1, n=0, loss="0.1").unbounded
    assert mipriv.size(epsilon=0, delta=0, loss="0.1").unbounded
    assert mipriv.size(epsilon=1, loss=1).unbounded
    assert mipriv.size(epsilon=1, loss="0.5", tau=0).as_dict()["n"] == "unbounded"


def test_infeasible_targets_say_what_would_do() -> None:
    with pytest.raises(Infeasible, match=r"largest feasible delta is 0\.0001"):
        mipriv.epsilon(n=1000, loss="0.1", delta="0.01")
    with pytest.raises(Infeasible, match="largest epsilon is"):
        mipriv.delta(epsilon=1, n=1000, loss="0.1")
    with pytest.raises(Infeasible):
        mipriv.epsilon(n=1000, loss="0.1", delta="0.01", using="theorem")


def test_an_epsilon_of_zero_offers_alternatives() -> None:
    found = mipriv.epsilon(n=10, loss="0.1", delta="0.01")
    assert found.lower == found.upper == 0
    assert found.alternatives["largest delta"].lower == Fraction(1, 100)  # type: ignore[union-attr]
    assert found.alternatives["epsilon at delta 0"].lower > 0  # type: ignore[union-attr]


def test_an_exact_delta_under_tau_is_found_exactly() -> None:
    """E min(1, K d) = d/2 + 1/4 beyond d = 1/2 for n = 2, tau = 1/2."""
    found = mipriv.delta(epsilon=0, n=2, tau="0.5", loss="0.6")
    assert found.lower == found.upper == Fraction(7, 10)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: mipriv.bound(epsilon=-1, n=1), "epsilon=-1: must be finite and >= 0"),
        (lambda: mipriv.bound(epsilon=1, delta=2, n=1), "delta=2: must lie in [0, 1]"),
        (lambda: mipriv.bound(epsilon=1, n=1.5), "n=1.5: must be a whole number >= 0"),
        (lambda: mipriv.bound(epsilon=1, n=1, tau=2), "tau=2: must lie in [0, 1]"),
        (lambda: mipriv.bound(epsilon=1, n=1, prior=-1), "prior=-1: must lie in [0, 1]"),
        (lambda: mipriv.bound(epsilon=1, n=1, fpr="2"), "fpr=2: must lie in [0, 1]"),
        (lambda: mipriv.bound(epsilon=1, n=1, secrets=1), "secrets=1: must be a whole number >= 2"),
        (
            lambda: mipriv.bound(epsilon=1, n=1, adjacency="x"),
            "adjacency=x: must be one of replace, add-remove",
        ),
        (
            lambda: mipriv.bound(epsilon=1, n=1, digits=0),
            "digits=0: must be a whole number from 1 to 10000",
        ),
        (lambda: mipriv.bound(epsilon=True, n=1), "epsilon=True: must be a number"),
        (lambda: mipriv.epsilon(n=1, loss="1.1"), "loss=1.1: must lie in [0, 1]"),
        (
            lambda: mipriv.epsilon(n=1, loss="0.1", using="magic"),
            "using=magic: must be one of worst-case, theorem",
        ),
        (lambda: mipriv.gaussian(mu="-1", n=1), "mu=-1: must be finite and >= 0"),
        (lambda: mipriv.zcdp(rho="nan", n=1), "rho=nan: must be a decimal number"),
        (lambda: mipriv.information(bits="-1"), "bits=-1: must be finite and >= 0"),
        (
            lambda: mipriv.information(bits=1, queries=0),
            "queries=0: must be a whole number >= 1",
        ),
    ],
)
def test_bad_input_is_one_line(call: object, line: str) -> None:
    with pytest.raises(ParameterError) as caught:
        call()  # type: ignore[operator]
    assert str(caught.value) == line


@pytest.mark.parametrize("more", [{"tau": "0.5"}, {"prior": "0.5"}])
def test_many_secrets_with_tau_or_prior_are_refused(more: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match=r"secrets=3: must be 2 when"):
        mipriv.bound(epsilon=1, n=1, secrets=3, **more)  # type: ignore[arg-type]


def test_a_theorem_is_not_stretched_to_other_claims() -> None:
    with pytest.raises(UnsupportedGuarantee, match="not for GaussianDP"):
        bayes_success(GaussianDP(mu=1), PopulationGame(n=1, prior="0.2"))  # type: ignore[arg-type]


def test_swap_pairs_are_checked() -> None:
    claim = ApproxDP(epsilon=1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="must exchange exactly two masses"):
        swap(claim, PopulationGame(n=2, pair=FinitePair(["0.5", "0.5"], ["0.2", "0.8"])))
    with pytest.raises(ParameterError, match="sum to exactly 1"):
        FinitePair(["0.5", "0.4"], ["0.5", "0.5"])
    with pytest.raises(ParameterError, match="pair=None"):
        swap(claim, PopulationGame(n=2))
    assert FinitePair(["0.5", "0.5"], ["0.2", "0.8"]).tau == ApproxDP(epsilon=0, delta="0.3").delta  # type: ignore[arg-type]


def test_games_check_themselves() -> None:
    with pytest.raises(ParameterError, match="mode=test: must be one of population, train"):
        InversionGame(mode="test")
    assert Adjacency.ADD_REMOVE.edits(3) == 6


def test_very_many_records_stay_proved_even_where_digits_run_out() -> None:
    """Saturation near the mode of a law of 10^18 records: a wider enclosure, marked so."""
    loss = population(
        ApproxDP(epsilon="1e-18", delta="1.4e-18"),  # type: ignore[arg-type]
        PopulationGame(n=HUGE, tau="0.5475"),  # type: ignore[arg-type]
    )
    assert 0 < loss.lower <= loss.upper <= 1
    if loss.wide:
        assert loss.upper - loss.lower < Fraction(1, 10**6)


def test_digits_out_of_reach_are_an_error() -> None:
    from flint import arb

    from mipriv.rigor.enclosure import enclose

    with pytest.raises(PrecisionError, match="5 digits need more than"):
        enclose(lambda: arb(0, 1), digits=5)


def test_ten_thousand_digits() -> None:
    loss = mipriv.bound(epsilon="0.1", delta="0.01", n=10, digits=10_000).worst_case
    assert len(str(loss.upper)) >= 10_000
    assert str(loss.upper).startswith("0.468294082238245216841186281159")


@pytest.mark.parametrize(
    ("epsilon", "delta", "n", "fpr"),
    [("0", "0.1", 10, "0"), ("0", "0.1", 9, "0.1"), ("1", "0.5", 2, "0"), ("1", "0.01", 99, "0")],
)
def test_a_certain_detection_is_exactly_one(epsilon: str, delta: str, n: int, fpr: str) -> None:
    rate = mipriv.bound(epsilon=epsilon, delta=delta, n=n, fpr=fpr).tpr
    assert rate is not None
    assert rate.lower == rate.upper == 1
    assert rate.vacuous


def test_a_saturated_curve_is_exactly_one() -> None:
    for rows, n in (([(0, "0.1")], 10), ([(1, "0.5"), (2, "0.4")], 99), ([("0.1", "1e-9")], HUGE)):
        loss = mipriv.curve(rows=rows, n=n).loss
        assert loss.lower == loss.upper == 1
        assert loss.vacuous
    almost = mipriv.curve(rows=[(0, "0.1")], n=9).loss
    assert almost.upper == Fraction(9, 10)
    assert not almost.vacuous


@pytest.mark.parametrize("prior", ["0", "1"])
def test_a_certain_prior_leaves_nothing_to_guess(prior: str) -> None:
    success = mipriv.bound(epsilon=1, n=3, prior=prior, tau="0.5").bayes_success
    assert success is not None
    assert success.lower == success.upper == 1
    assert success.vacuous
