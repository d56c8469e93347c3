"""Laws that the best attacker obeys whatever the populations and the learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from mipriv.attack.bayes import finite, line, success
from mipriv.laws import DiscreteGaussian, DiscreteLaplace, GaussianLaw, LaplaceLaw, Tulap
from mipriv.learn.noisy_sum import NoisySum
from mipriv.populations.finite import FiniteFamily
from mipriv.roles import Histogram


def masses(symbols: int) -> st.SearchStrategy[tuple[fmpq, ...]]:
    """Exact laws on some symbols, zeros among them."""
    weights = st.lists(st.integers(0, 6), min_size=symbols, max_size=symbols).filter(any)
    return weights.map(lambda found: tuple(fmpq(w, sum(found)) for w in found))


def families(secrets: int, symbols: int) -> st.SearchStrategy[FiniteFamily]:
    rows = st.lists(masses(symbols), min_size=secrets, max_size=secrets)
    return rows.map(lambda found: FiniteFamily(tuple(found)))


scales = st.sampled_from(["0.3", "1", "2.5"])
noises = st.one_of(
    st.builds(GaussianLaw, standard_deviation=scales),
    st.builds(LaplaceLaw, scale=scales),
    st.builds(DiscreteLaplace, epsilon=scales),
    st.builds(DiscreteGaussian, sigma_squared=scales),
    st.builds(Tulap, epsilon=scales, delta=st.sampled_from(["0", "0.02"])),
)
lattice = st.builds(DiscreteLaplace, epsilon=scales)


def count(noise: Any, symbols: int = 2) -> NoisySum:
    return NoisySum(scores=(0,) * (symbols - 1) + (1,), noise=noise)


@dataclass
class Cut:
    """A noisy sum, told only by the stretch between thresholds in which it lies."""

    inner: NoisySum
    at: tuple[fmpq, ...]

    def guarantee(self) -> None: ...

    def probabilities(self, counts: Histogram) -> Sequence[arb]:
        centre = self.inner.centre(counts)
        reached = [arb(0), *(self.inner.noise.cdf(x - centre) for x in self.at), arb(1)]
        return [b - a for a, b in pairwise(reached)]


few = settings(max_examples=25)


@few
@given(family=families(2, 3), noise=noises, n=st.integers(0, 6))
def test_an_advantage_lies_below_that_of_the_data(family: FiniteFamily, noise: Any, n: int) -> None:
    """0 <= TV of the outputs <= TV of the counts <= 1 - (1 - tau)^n."""
    found = line.advantage(count(noise, 3), family, n=n)
    counted = finite.advantage(Counted(), family, n=n)
    assert isinstance(counted, fmpq)
    assert found.upper() >= 0
    assert found.lower() <= counted
    assert counted <= 1 - (1 - family.tau()) ** n


class Counted:
    """The number of records of the last value, without noise."""

    def guarantee(self) -> None: ...

    def probabilities(self, counts: Histogram) -> Sequence[fmpq]:
        return [fmpq(int(k == counts[-1])) for k in range(sum(counts) + 1)]


@few
@given(
    family=families(3, 2),
    noise=noises,
    n=st.integers(1, 6),
    cuts=st.lists(st.integers(-6, 12), min_size=1, max_size=4, unique=True),
)
def test_coarser_outputs_tell_no_more(
    family: FiniteFamily, noise: Any, n: int, cuts: list[int]
) -> None:
    at = tuple(fmpq(2 * cut + 1, 2) for cut in sorted(cuts))
    fine = line.success(count(noise), family, n=n)
    coarse = finite.success(Cut(count(noise), at), family, n=n)
    coarsest = finite.success(Cut(count(noise), at[:1]), family, n=n)
    assert coarse.lower() <= fine.upper()
    assert coarsest.lower() <= coarse.upper()


@few
@given(family=families(3, 2), noise=lattice, n=st.integers(1, 6))
def test_every_outcome_told_tells_all(family: FiniteFamily, noise: Any, n: int) -> None:
    """Lattice noise cut between all whole numbers that matter: two ways to one value."""
    at = tuple(fmpq(2 * k + 1, 2) for k in range(-150, 150))  # beyond, less than e^(-0.3 144)
    fine = line.success(count(noise), family, n=n)
    coarse = finite.success(Cut(count(noise), at), family, n=n)
    assert fine.overlaps(arb(coarse) + arb(0, 1e-17))


@few
@given(
    family=families(3, 2),
    noise=noises,
    n=st.integers(0, 5),
    weights=st.lists(st.integers(0, 5), min_size=3, max_size=3).filter(any),
    order=st.permutations(range(3)),
)
def test_names_of_secrets_do_not_matter(
    family: FiniteFamily, noise: Any, n: int, weights: list[int], order: list[int]
) -> None:
    """Renaming secrets changes nothing; the success is at least the largest prior."""
    prior = [fmpq(w, sum(weights)) for w in weights]
    renamed = FiniteFamily(tuple(family.masses[s] for s in order))
    found = success(count(noise), family, n=n, prior=prior)
    other = success(count(noise), renamed, n=n, prior=[prior[s] for s in order])
    assert isinstance(found, arb)
    assert found.overlaps(arb(other))
    assert found.upper() >= max(prior)
    assert found.rad() < 1e-12  # the default tolerance


@few
@given(family=families(2, 2), noise=noises, n=st.integers(1, 6), a=st.integers(0, 10))
def test_success_is_convex_in_the_prior(family: FiniteFamily, noise: Any, n: int, a: int) -> None:
    """It is the largest of many linear functions: no chord lies below it."""
    share = fmpq(a, 10)
    ends = [success(count(noise), family, n=n, prior=(p, 1 - p)) for p in (fmpq(0), share)]
    middle = success(count(noise), family, n=n, prior=(share / 2, 1 - share / 2))
    assert arb(middle).lower() <= ((arb(ends[0]) + ends[1]) / 2).upper()


@few
@given(family=families(2, 2), n=st.integers(0, 8))
def test_more_records_tell_no_less(family: FiniteFamily, n: int) -> None:
    """The counts of n records are a random part of those of n + 1."""
    assert finite.advantage(Counted(), family, n=n) <= finite.advantage(Counted(), family, n=n + 1)
