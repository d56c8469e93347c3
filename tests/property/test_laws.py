"""Laws that hold for every input; each compares ends of enclosures, never middles."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

import mipriv
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP, Loss
from mipriv.loss.population import population
from mipriv.loss.prior import bayes_success
from mipriv.loss.secrets import secrets_success
from mipriv.loss.theorem import theorem
from mipriv.loss.tpr import true_positive_rate
from mipriv.loss.worst_case import worst_case
from tests.strategies import (
    adjacencies,
    approx_dp,
    deltas,
    epsilons,
    priors,
    rates,
    sizes,
    small_sizes,
    taus,
)

RATIO = Fraction(12072, 10000)  # above (1 + sqrt 2)/2


def game(n: int, **more: object) -> PopulationGame:
    return PopulationGame(n=n, **more)  # type: ignore[arg-type]


def not_above(left: Loss, right: Loss) -> bool:
    """Consistent with left <= right."""
    return left.lower <= right.upper


@given(claim=approx_dp, n=sizes)
def test_an_enclosure_is_ordered_tight_and_within_zero_and_one(claim: ApproxDP, n: int) -> None:
    loss = worst_case(claim, game(n))
    assert 0 <= loss.lower <= loss.upper <= 1
    assert loss.complement is not None
    assert loss.upper - loss.lower <= loss.upper * Fraction(1, 10**16)
    # value and complement add up to one
    assert loss.lower + loss.complement.lower <= 1 <= loss.upper + loss.complement.upper
    assert loss.vacuous == (loss.lower == 1)


@given(claim=approx_dp, n=sizes, more=epsilons)
def test_monotone_in_epsilon(claim: ApproxDP, n: int, more: str) -> None:
    larger = ApproxDP(
        epsilon=claim.epsilon + ApproxDP(epsilon=more).epsilon,  # type: ignore[arg-type]
        delta=claim.delta,
        adjacency=claim.adjacency,
    )
    assert not_above(worst_case(claim, game(n)), worst_case(larger, game(n)))
    assert min(theorem(claim, game(n)).lower, 1) <= theorem(larger, game(n)).upper


@given(epsilon=epsilons, pair=st.tuples(deltas, deltas), n=sizes, adjacency=adjacencies)
def test_monotone_in_delta(
    epsilon: str, pair: tuple[str, str], n: int, adjacency: Adjacency
) -> None:
    small, large = (
        ApproxDP(epsilon=epsilon, delta=delta, adjacency=adjacency)  # type: ignore[arg-type]
        for delta in sorted(pair, key=Fraction)
    )
    assert not_above(worst_case(small, game(n)), worst_case(large, game(n)))
    assert not_above(theorem(small, game(n)), theorem(large, game(n)))


@given(claim=approx_dp, m=sizes, n=sizes)
def test_more_changed_records_never_lose_less(claim: ApproxDP, m: int, n: int) -> None:
    assert not_above(worst_case(claim, game(n)), worst_case(claim, game(m + n)))
    assert min(theorem(claim, game(n)).lower, 1) <= theorem(claim, game(m + n)).upper


@given(claim=approx_dp, m=small_sizes, n=small_sizes)
def test_a_group_of_groups_is_within_group_privacy(claim: ApproxDP, m: int, n: int) -> None:
    """The loss of m + n steps is at most the sum of both losses (triangle inequality)."""
    whole = worst_case(claim, game(m + n))
    assert whole.lower <= worst_case(claim, game(m)).upper + worst_case(claim, game(n)).upper


@given(claim=approx_dp, n=st.integers(1, 10**6))
def test_concave_in_n(claim: ApproxDP, n: int) -> None:
    before, here, after = (worst_case(claim, game(k), digits=40) for k in (n - 1, n, n + 1))
    assert before.lower + after.lower <= 2 * here.upper


@given(claim=approx_dp, n=sizes)
def test_theorem_lies_between_the_worst_case_and_its_multiple(claim: ApproxDP, n: int) -> None:
    exact, published = worst_case(claim, game(n)), theorem(claim, game(n))
    assert exact.lower <= published.upper
    if not exact.vacuous:
        assert published.lower <= RATIO * exact.upper


@given(
    n=st.integers(2, 10**6),
    spread=st.fractions(Fraction(1, 100), 8, max_denominator=1000),
    share=st.fractions(0, Fraction(9, 10), max_denominator=100),
)
def test_the_theorem_is_strictly_looser_from_two_steps_on(
    n: int, spread: Fraction, share: Fraction
) -> None:
    """At n eps between 1/100 and 8, and a delta that does not saturate."""
    epsilon = spread / n
    room = mipriv.delta(epsilon=epsilon, n=n, loss=1 - Fraction(1, 10**6), digits=6)
    claim = ApproxDP(epsilon=epsilon, delta=share * room.lower)  # type: ignore[arg-type]
    exact = worst_case(claim, game(n), digits=40)
    assert theorem(claim, game(n), digits=40).lower > exact.upper


@given(epsilon=epsilons, delta=deltas, n=sizes)
def test_add_remove_is_replace_at_twice_the_records(epsilon: str, delta: str, n: int) -> None:
    one = ApproxDP(epsilon=epsilon, delta=delta, adjacency=Adjacency.ADD_REMOVE)  # type: ignore[arg-type]
    two = ApproxDP(epsilon=epsilon, delta=delta)  # type: ignore[arg-type]
    for loss in (worst_case, theorem):
        assert loss(one, game(n)).value == loss(two, game(2 * n)).value  # type: ignore[operator]
    # every secret is n steps from the empty data set, which beats 2n steps from secret to secret
    assert (
        secrets_success(one, game(n, secrets=5)).lower
        <= secrets_success(two, game(2 * n, secrets=5)).upper
    )
    assert (
        bayes_success(one, game(n, prior="0.2")).value
        == bayes_success(two, game(2 * n, prior="0.2")).value
    )


@given(claim=approx_dp, n=sizes)
def test_tau_at_its_ends(claim: ApproxDP, n: int) -> None:
    assert population(claim, game(n, tau=1)).value == worst_case(claim, game(n)).value
    nothing = population(claim, game(n, tau=0))
    assert nothing.lower == nothing.upper == 0


@given(claim=approx_dp, n=st.integers(0, 10**5), tau=taus)
@settings(max_examples=60)
def test_tau_lies_between_nothing_and_the_worst_case(claim: ApproxDP, n: int, tau: str) -> None:
    near = population(claim, game(n, tau=tau))
    assert near.lower <= worst_case(claim, game(n)).upper
    touched = 1 - (1 - Fraction(tau)) ** min(n, 400)  # chance that a record differs at all
    assert n > 400 or near.lower <= touched
    assert not near.wide


@given(claim=approx_dp, n=sizes)
def test_even_odds_recover_the_advantage(claim: ApproxDP, n: int) -> None:
    loss = worst_case(claim, game(n))
    for success in (
        bayes_success(claim, game(n, prior="0.5")),
        secrets_success(claim, game(n, secrets=2)),
    ):
        assert success.lower <= (1 + loss.upper) / 2
        assert (1 + loss.lower) / 2 <= success.upper


@given(claim=approx_dp, n=sizes, prior=priors)
def test_prior_is_symmetric_and_at_least_blind(claim: ApproxDP, n: int, prior: str) -> None:
    pi = Fraction(prior)
    success = bayes_success(claim, game(n, prior=pi))
    mirrored = bayes_success(claim, game(n, prior=1 - pi))
    assert success.lower <= mirrored.upper
    assert mirrored.lower <= success.upper
    assert success.upper >= max(pi, 1 - pi)


@given(claim=approx_dp, n=sizes, count=st.integers(3, 10**12))
def test_more_secrets_are_harder(claim: ApproxDP, n: int, count: int) -> None:
    some = secrets_success(claim, game(n, secrets=count))
    more = secrets_success(claim, game(n, secrets=count + 1))
    assert more.lower <= some.upper
    assert some.upper >= Fraction(1, count)


@given(claim=approx_dp, n=st.integers(0, 30), fpr=rates)
def test_no_rate_beats_the_loss(claim: ApproxDP, n: int, fpr: str) -> None:
    rate = true_positive_rate(claim, game(n), fpr=fpr)
    assert rate.lower - Fraction(fpr) <= worst_case(claim, game(n)).upper


@given(claim=approx_dp, n=st.integers(1, 30))
def test_the_largest_difference_of_rates_is_the_loss(claim: ApproxDP, n: int) -> None:
    """At the false positive rate (1 - TV)/2, and its neighbours, the difference is TV."""
    loss = worst_case(claim, game(n), digits=40)
    assert loss.complement is not None
    rate = loss.complement.upper / 2
    reached = true_positive_rate(claim, game(n), fpr=rate, digits=40)
    assert reached.upper - rate >= loss.lower - Fraction(1, 10**35)


@given(
    n=st.integers(1, 10**9),
    loss=st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000),
    share=st.fractions(0, Fraction(9, 10), max_denominator=10),
    adjacency=adjacencies,
    using=st.sampled_from(["worst-case", "theorem"]),
)
@settings(max_examples=100)
def test_epsilon_inverts_the_loss(
    n: int, loss: Fraction, share: Fraction, adjacency: Adjacency, using: str
) -> None:
    delta = share * loss / adjacency.edits(n)
    found = mipriv.epsilon(n=n, loss=loss, delta=delta, adjacency=adjacency, using=using)
    evaluate = worst_case if using == "worst-case" else theorem
    for epsilon, above in ((found.lower, False), (found.upper, True)):
        claim = ApproxDP(epsilon=epsilon, delta=delta, adjacency=adjacency)  # type: ignore[arg-type]
        value = evaluate(claim, game(n), digits=40)  # type: ignore[operator]
        assert value.upper > loss if above else value.lower <= loss
    again = mipriv.delta(
        epsilon=found.lower, n=n, loss=loss, adjacency=adjacency, using=using, digits=12
    )
    assert again.upper >= delta
    assert (
        mipriv.size(
            epsilon=found.lower, delta=delta, loss=loss, adjacency=adjacency, using=using
        ).value
        >= n
    )


@given(
    epsilon=epsilons,
    delta=deltas,
    loss=st.fractions(0, Fraction(999, 1000), max_denominator=1000),
    adjacency=adjacencies,
)
def test_size_is_the_last_that_fits(
    epsilon: str, delta: str, loss: Fraction, adjacency: Adjacency
) -> None:
    found = mipriv.size(epsilon=epsilon, delta=delta, loss=loss, adjacency=adjacency)
    if found.unbounded:
        assert Fraction(epsilon) == Fraction(delta) == 0
        return
    claim = ApproxDP(epsilon=epsilon, delta=delta, adjacency=adjacency)  # type: ignore[arg-type]
    assert worst_case(claim, game(found.value)).lower <= loss
    assert worst_case(claim, game(found.value + 1)).upper > loss


@given(bits=st.fractions(0, 3, max_denominator=100), queries=st.integers(1, 5))
def test_more_answers_never_reveal_less(bits: Fraction, queries: int) -> None:
    one = mipriv.information(bits=bits, queries=queries, secrets=7)
    two = mipriv.information(bits=bits, queries=queries + 1, secrets=7)
    assert one.success.lower <= two.success.upper
    assert one.success.upper >= Fraction(1, 7)
