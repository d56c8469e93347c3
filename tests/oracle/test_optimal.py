"""The exact optimum of a given pair, against the theorems, by rational certificates."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction
from math import comb

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import mipriv
from mipriv.contexts.rational import RATIONAL, log_of
from mipriv.errors import ParameterError, UnsupportedGuarantee
from mipriv.formulas.worst_case import worst_case
from mipriv.game import Adjacency, FinitePair, PopulationGame
from mipriv.guarantee import ApproxDP, GaussianDP
from mipriv.loss.optimal import (
    MAX_HISTOGRAMS,
    Certificate,
    histograms,
    merged,
    optimal,
    optimal_rational,
)
from mipriv.loss.population import swap

POINTS = FinitePair([1, 0], [0, 1])
growths = st.builds(fmpq, st.integers(100, 400), st.just(100))
deltas = st.builds(fmpq, st.integers(0, 300), st.just(1000))
adjacencies = st.sampled_from(list(Adjacency))


def chain(growth: fmpq, delta: fmpq, steps: int) -> fmpq:
    value = worst_case(RATIONAL, log_of(growth), delta, steps)
    assert isinstance(value, fmpq)
    return value


@given(growth=growths, delta=deltas, n=st.integers(0, 7), adjacency=adjacencies)
@settings(max_examples=120)
def test_point_masses_reach_the_worst_case_exactly(
    growth: fmpq, delta: fmpq, n: int, adjacency: Adjacency
) -> None:
    found = optimal_rational(growth, delta, n, POINTS, adjacency=adjacency)
    assert found.lower == found.upper == chain(growth, delta, adjacency.edits(n))
    assert found.verify()


@given(
    growth=growths,
    delta=deltas,
    n=st.integers(1, 6),
    parts=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    adjacency=adjacencies,
)
@settings(max_examples=60)
def test_the_extremal_pair_of_a_total_variation(
    growth: fmpq, delta: fmpq, n: int, parts: tuple[int, int], adjacency: Adjacency
) -> None:
    """P_b = (1-tau) Q + tau (point mass at x_b): the mean over Bin(n, tau), exactly."""
    tau = fmpq(parts[0], sum(parts))
    pair = FinitePair([tau, 0, 1 - tau], [0, tau, 1 - tau])
    found = optimal_rational(growth, delta, n, pair, adjacency=adjacency)
    mean = sum(
        (
            comb(n, k) * tau**k * (1 - tau) ** (n - k) * chain(growth, delta, adjacency.edits(k))
            for k in range(n + 1)
        ),
        fmpq(0),
    )
    assert found.lower == found.upper == mean
    assert found.verify()


@given(
    growth=growths,
    delta=deltas,
    n=st.integers(1, 6),
    masses=st.tuples(*[st.integers(1, 9)] * 3).filter(lambda m: m[0] > m[1]),
)
@settings(max_examples=60)
def test_swap_pairs(growth: fmpq, delta: fmpq, n: int, masses: tuple[int, int, int]) -> None:
    """E over P_1^n of sgn(D) TV*_|D|, by enumerating the counts."""
    high, low, rest = (fmpq(m, sum(masses)) for m in masses)
    found = optimal_rational(growth, delta, n, FinitePair([high, low, rest], [low, high, rest]))
    value = fmpq(0)
    for up, down in itertools.product(range(n + 1), repeat=2):
        if up + down <= n:
            ways = comb(n, up) * comb(n - up, down)
            mass = ways * high**up * low**down * rest ** (n - up - down)
            gain = chain(growth, delta, abs(up - down))
            value += mass * (gain if up > down else -gain if up < down else 0)
    assert found.lower == found.upper == value


pairs = (
    st.integers(2, 4)
    .flatmap(
        lambda size: st.tuples(*[st.lists(st.integers(0, 9), min_size=size, max_size=size)] * 2)
    )
    .filter(lambda lists: all(sum(values) > 0 for values in lists))
)


def pair_of(lists: tuple[list[int], list[int]]) -> FinitePair:
    return FinitePair(*([fmpq(v, sum(values)) for v in values] for values in lists))


@given(growth=growths, delta=deltas, n=st.integers(0, 5), lists=pairs, adjacency=adjacencies)
@settings(max_examples=80)
def test_any_pair_lies_within_the_hierarchy(
    growth: fmpq, delta: fmpq, n: int, lists: tuple[list[int], list[int]], adjacency: Adjacency
) -> None:
    """optimum <= min(TV of the n-fold populations, mean over Bin(n, tau)); monotone in n."""
    pair = pair_of(lists)
    found = optimal_rational(growth, delta, n, pair, adjacency=adjacency)
    assert found.lower == found.upper
    assert found.verify()
    tau = pair.tau
    mean = sum(
        (
            comb(n, k) * tau**k * (1 - tau) ** (n - k) * chain(growth, delta, adjacency.edits(k))
            for k in range(n + 1)
        ),
        fmpq(0),
    )
    assert 0 <= found.upper <= mean
    # without privacy (delta = 1) nothing limits the learner: the n-fold total variation
    assert found.upper <= optimal_rational(growth, fmpq(1), n, pair).upper
    # a learner of n records may ignore one more
    assert found.upper <= optimal_rational(growth, delta, n + 1, pair, adjacency=adjacency).upper


def test_without_privacy_it_is_the_total_variation_of_the_populations() -> None:
    pair = FinitePair(["0.5", "0.3", "0.2"], ["0.3", "0.5", "0.2"])
    for n in range(4):
        total = fmpq(0)
        for word in itertools.product(range(3), repeat=n):
            p, q = fmpq(1), fmpq(1)
            for symbol in word:
                p, q = p * pair.first[symbol], q * pair.second[symbol]
            total += max(q - p, fmpq(0))
        assert optimal_rational(fmpq(2), fmpq(1), n, pair).upper == total


def test_merging_symbols_of_one_ratio_changes_nothing() -> None:
    fine = FinitePair(["0.2", "0.3", "0.5", "0"], ["0.1", "0.15", "0.75", "0"])
    coarse = FinitePair(["0.5", "0.5"], ["0.25", "0.75"])
    assert merged(fine) == merged(coarse)
    one, two = (optimal_rational(fmpq(3, 2), fmpq(1, 50), 3, p) for p in (fine, coarse))
    assert one.upper == two.upper


def broken(certificate: Certificate, **change: object) -> bool:
    return not dataclasses.replace(certificate, **change).verify()  # type: ignore[arg-type]


def test_a_forged_certificate_does_not_verify() -> None:
    pair = FinitePair(["0.5", "0.3", "0.2"], ["0.2", "0.3", "0.5"])
    true = optimal_rational(fmpq(3, 2), fmpq(1, 50), 3, pair)
    assert true.verify()
    tiny = fmpq(1, 10**9)
    assert broken(true, lower=true.lower + tiny)
    assert broken(true, upper=true.upper - tiny)
    assert broken(true, growth=true.growth - tiny)
    assert broken(true, delta=true.delta - tiny)
    best = max(range(len(true.primal)), key=lambda i: true.primal[i])
    worse = (*true.primal[:best], true.primal[best] + tiny, *true.primal[best + 1 :])
    assert broken(true, primal=worse)
    used = next(i for i, weight in enumerate(true.dual) if weight > 0)
    for weight in (true.dual[used] - tiny, fmpq(-1)):
        assert broken(true, dual=(*true.dual[:used], weight, *true.dual[used + 1 :]))


@pytest.mark.parametrize("epsilon", ["0", "1e-12", "0.1", "1", "30", "2000"])
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("adjacency", ["replace", "add-remove"])
def test_an_irrational_growth_is_bracketed(epsilon: str, n: int, adjacency: str) -> None:
    claim = ApproxDP(epsilon=epsilon, delta="0.001", adjacency=adjacency)  # type: ignore[arg-type]
    loss = optimal(claim, PopulationGame(n=n, pair=POINTS), digits=20)
    exact = mipriv.bound(epsilon=epsilon, delta="0.001", n=n, adjacency=adjacency, digits=30)
    assert loss.lower <= exact.worst_case.upper
    assert exact.worst_case.lower <= loss.upper
    assert loss.vacuous == exact.worst_case.vacuous
    assert loss.wide or loss.upper - loss.lower <= loss.upper * Fraction(1, 10**19)


def test_it_agrees_with_the_closed_form_of_swap_pairs() -> None:
    pair = FinitePair(["0.5", "0.3", "0.2"], ["0.3", "0.5", "0.2"])
    claim = ApproxDP(epsilon="0.7", delta="0.01")  # type: ignore[arg-type]
    program = optimal(claim, PopulationGame(n=6, pair=pair))
    closed = swap(claim, PopulationGame(n=6, pair=pair))
    assert program.lower <= closed.upper
    assert closed.lower <= program.upper


def test_what_it_does_not_answer_is_refused() -> None:
    claim = ApproxDP(epsilon=1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="pair=None: must be given"):
        optimal(claim, PopulationGame(n=2))
    with pytest.raises(ParameterError, match=f"<= {MAX_HISTOGRAMS} histograms"):
        optimal(claim, PopulationGame(n=MAX_HISTOGRAMS, pair=POINTS))
    with pytest.raises(UnsupportedGuarantee, match="two equiprobable secrets"):
        optimal(claim, PopulationGame(n=2, pair=POINTS, prior="0.2"))  # type: ignore[arg-type]
    with pytest.raises(UnsupportedGuarantee, match="claims"):
        optimal(GaussianDP(mu=1), PopulationGame(n=2, pair=POINTS))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="growth=1/2: must be >= 1"):
        optimal_rational(fmpq(1, 2), fmpq(0), 2, POINTS)


def test_histograms_are_all_of_them() -> None:
    assert len(list(histograms(5, 3))) == comb(7, 2)
    assert all(sum(h) == 5 for h in histograms(5, 3))
