"""Other libraries' objects, read and compared with what those libraries compute from them."""

from __future__ import annotations

import builtins
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from mipriv.accounting.interop import from_dp_event, from_opacus, from_pld
from mipriv.accounting.profile import from_function, from_json, from_rows, grid
from mipriv.accounting.sgd.steps import PoissonSteps
from mipriv.errors import MissingExtra, ParameterError, UnsupportedGuarantee
from mipriv.game import PopulationGame
from mipriv.loss.worst_case import worst_case
from tests.strategies import MP, number

dp = pytest.importorskip("dp_accounting")
pld_module = pytest.importorskip("dp_accounting.pld.privacy_loss_distribution")
pld_common = pytest.importorskip("dp_accounting.pld.common")
pld_accountant = pytest.importorskip("dp_accounting.pld.pld_privacy_accountant")


def plain(runs: list[PoissonSteps]) -> list[tuple[Fraction, Fraction, int]]:
    def ratio(x: fmpq) -> Fraction:
        return Fraction(int(x.p), int(x.q))

    return [(ratio(r.noise_multiplier), ratio(r.sampling_probability), r.steps) for r in runs]


def sampled(rate: float, noise: float) -> Any:
    return dp.PoissonSampledDpEvent(rate, dp.GaussianDpEvent(noise))


def event_of(runs: list[PoissonSteps]) -> Any:
    """The steps as an event again."""
    return dp.ComposedDpEvent(
        [
            dp.SelfComposedDpEvent(sampled(float(q), float(sigma)), steps)
            for sigma, q, steps in plain(runs)
        ]
    )


def tree() -> Any:
    inner = dp.ComposedDpEvent([sampled(0.1, 2.0), sampled(0.1, 2.0), dp.GaussianDpEvent(9.0)])
    twice = dp.SelfComposedDpEvent(dp.GaussianDpEvent(9), 2)
    return dp.ComposedDpEvent(
        [
            dp.SelfComposedDpEvent(inner, 3),
            dp.NoOpDpEvent(),
            dp.SelfComposedDpEvent(twice, 2),
        ]
    )


def test_a_tree_of_events_becomes_its_steps() -> None:
    tenth = Fraction(1, 10)
    assert plain(from_dp_event(tree())) == [
        (Fraction(2), tenth, 6),
        (Fraction(9), Fraction(1), 7),
    ]
    assert from_dp_event(dp.NoOpDpEvent()) == []
    assert from_dp_event(dp.SelfComposedDpEvent(sampled(0.5, 1.0), 0)) == []
    assert plain(from_dp_event(sampled(np.float64(0.01), np.float64(1.1)))) == [  # type: ignore[arg-type]
        (Fraction(11, 10), Fraction(1, 100), 1)
    ]


def test_the_steps_lose_what_the_event_does() -> None:
    """dp_accounting on the event and on the steps read from it, turned into an event again."""
    found = []
    for event in (tree(), event_of(from_dp_event(tree()))):
        accountant = pld_accountant.PLDAccountant()
        accountant.compose(event)
        found.append(accountant.get_epsilon(1e-6))
    # every one of 13 steps rounds its loss up by an interval of 1e-4 at most
    assert abs(found[0] - found[1]) <= 13e-4
    assert found[0] > 0.5


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: dp.LaplaceDpEvent(1.0), "LaplaceDpEvent"),
        (lambda: dp.SelfComposedDpEvent(dp.ZCDpEvent(0.1, 0.0), 2), "ZCDpEvent"),
        (lambda: dp.NonPrivateDpEvent(), "NonPrivateDpEvent"),
        (
            lambda: dp.PoissonSampledDpEvent(0.1, dp.LaplaceDpEvent(1.0)),
            "PoissonSampledDpEvent of LaplaceDpEvent",
        ),
        (
            lambda: dp.SampledWithReplacementDpEvent(9, 3, dp.GaussianDpEvent(1.0)),
            "SampledWithReplacementDpEvent of GaussianDpEvent",
        ),
        (lambda: "GaussianDpEvent", "str"),
    ],
)
def test_another_event_is_refused_by_name(make: Any, name: str) -> None:
    with pytest.raises(UnsupportedGuarantee, match=f"^{name} has no exact loss"):
        from_dp_event(make())


def test_an_event_without_noise_is_refused() -> None:
    with pytest.raises(ParameterError, match="noise_multiplier"):
        from_dp_event(dp.GaussianDpEvent(0.0))
    with pytest.raises(ParameterError, match="sampling_probability=3/2"):
        from_dp_event(sampled(1.5, 1.0))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "dp_accounting":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"dp-accounting is not installed.*mipriv\[oracles\]"):
        from_dp_event(None)


@pytest.mark.filterwarnings("ignore")  # what torch and opacus warn of when imported is theirs
@pytest.mark.parametrize("name", ["RDPAccountant", "PRVAccountant"])
def test_an_opacus_accountant_is_read(name: str) -> None:
    accountants = pytest.importorskip("opacus.accountants")
    accountant = getattr(accountants, name)()
    for noise, rate, steps in ((1.1, 0.01, 3), (1.1, 0.02, 2), (0.7, 0.02, 1)):
        for _ in range(steps):
            accountant.step(noise_multiplier=noise, sample_rate=rate)
    truth = [
        (Fraction(11, 10), Fraction(1, 100), 3),
        (Fraction(11, 10), Fraction(1, 50), 2),
        (Fraction(7, 10), Fraction(1, 50), 1),
    ]
    assert plain(from_opacus(accountant)) == truth
    assert plain(from_opacus(accountant.history)) == truth


@pytest.mark.filterwarnings("ignore")  # what torch and opacus warn of when imported is theirs
def test_opacus_means_a_poisson_rate_and_noise_per_clip_norm() -> None:
    """Its own epsilon agrees with dp_accounting's on the event made from the steps read here."""
    accountants = pytest.importorskip("opacus.accountants")
    accountant = accountants.PRVAccountant()
    accountant.history = [(1.0, 0.1, 50)]
    opacus_epsilon = accountant.get_epsilon(1e-5)
    other = pld_accountant.PLDAccountant()
    other.compose(event_of(from_opacus(accountant)))
    # Opacus' default error in epsilon is 0.01; dp_accounting rounds up by 50 intervals at most
    assert abs(other.get_epsilon(1e-5) - opacus_epsilon) <= 0.01 + 50e-4


@pytest.mark.parametrize("history", [5, "abc", [(1, 2)], [1]])
def test_another_history_is_refused(history: Any) -> None:
    with pytest.raises(ParameterError, match="history="):
        from_opacus(history)
    assert from_opacus([]) == []
    assert from_opacus([(1, "0.5", 0)]) == []


def test_a_gaussian_distribution_bounds_the_gaussian_loss() -> None:
    """mu = 1/2: between the exact loss and that of the same rows from the closed form, raised."""
    claim = from_pld(pld_module.from_gaussian_mechanism(2.0), adjacency="replace")  # type: ignore[arg-type]
    assert len(claim.rows) == 200
    mu = MP.mpf("0.5")
    raised = []
    for epsilon, delta in claim.rows:
        e = number(epsilon)
        exact = normal(mu / 2 - e / mu) - MP.exp(e) * normal(-mu / 2 - e / mu)
        assert exact <= number(delta)
        # losses are rounded up to multiples of 1e-4: a delta grows by e^1e-4 - 1 at most
        raised.append((epsilon, MP.nstr(exact + MP.mpf("1.001e-4"), 30)))
    for n in (1, 2, 5):
        exact = MP.erf(n * mu / MP.sqrt(8))
        upper = worst_case(claim, PopulationGame(n=n)).upper
        assert exact <= number(upper)
        assert upper <= worst_case(from_rows(raised), PopulationGame(n=n)).upper


def normal(x: Any) -> Any:
    return MP.ncdf(x)


def test_an_asymmetric_distribution_holds_in_both_directions() -> None:
    """One Poisson step, q = 0.1, sigma = 0.7: delta of both orders by the threshold test."""
    pld = pld_module.from_gaussian_mechanism(0.7, sampling_prob=0.1)
    claim = from_pld(pld, epsilons=[0, 0.25, 0.5, 1, 2])
    assert claim.direction == "both"
    assert claim.adjacency == "add-remove"
    q, sigma = MP.mpf("0.1"), MP.mpf("0.7")
    for epsilon, delta in claim.rows:
        ratio = MP.exp(number(epsilon))
        cut = sigma**2 * MP.log((ratio - 1 + q) / q) + MP.mpf(1) / 2
        p = (1 - q) * normal(-cut / sigma) + q * normal((1 - cut) / sigma)
        remove = p - ratio * normal(-cut / sigma)
        add = MP.mpf(0)
        if 1 / ratio > 1 - q:
            cut = sigma**2 * MP.log((1 / ratio - 1 + q) / q) + MP.mpf(1) / 2
            p = (1 - q) * normal(cut / sigma) + q * normal((cut - 1) / sigma)
            add = normal(cut / sigma) - ratio * p
        assert max(remove, add) <= number(delta)
        # the interval of 1e-4 moves a loss, and so a delta, by 1e-4 at most
        assert number(delta) <= max(remove, add) + MP.mpf("1.1e-4")
    loss = worst_case(claim, PopulationGame(n=1)).upper  # two steps: a removal and an addition
    assert number(loss) > number(claim.rows[0][1])


def test_optimistic_and_foreign_objects_are_refused() -> None:
    low = pld_module.from_gaussian_mechanism(1.0, pessimistic_estimate=False)
    with pytest.raises(ParameterError, match="must be a pessimistic estimate"):
        from_pld(low)
    with pytest.raises(ParameterError, match="pld=int"):
        from_pld(3)
    with pytest.raises(ParameterError, match="epsilons=-1"):
        from_pld(pld_module.from_gaussian_mechanism(1.0), epsilons=[-1.0])
    with pytest.raises(ParameterError, match="epsilons=nan"):
        from_pld(pld_module.from_gaussian_mechanism(1.0), epsilons=[math.nan])


def test_mass_at_infinity_and_identical_laws() -> None:
    parameters = pld_module.from_privacy_parameters(
        pld_common.DifferentialPrivacyParameters(0.5, 0.01)
    )
    rows = from_pld(parameters).rows
    assert all(delta >= fmpq(1, 100) for _, delta in rows)
    assert rows[-1][0] > fmpq(49, 100)
    assert from_pld(pld_module.identity()).rows == ((fmpq(0), fmpq(1, 10**10)),)


def test_rows_functions_and_json_agree() -> None:
    def profile(epsilon: fmpq) -> float:
        e = float(epsilon)
        cdf = [0.5 * math.erfc(-x / math.sqrt(2)) for x in (0.5 - e, -0.5 - e)]
        return cdf[0] - math.exp(e) * cdf[1]

    points = grid(high=4, count=41)
    # two erfc and an exp of relative error 2^-50 each, times e^4 < 64: below 1e-12
    sampled_rows = from_function(profile, epsilons=points, allowance="1e-12")
    exact = MP.erf(1 / MP.sqrt(8))
    loss = worst_case(sampled_rows, PopulationGame(n=1))
    assert exact <= number(loss.upper) <= exact + MP.mpf("2e-12")
    assert from_rows([(e, profile(e)) for e in points], allowance="1e-12") == sampled_rows
    text = '{"delta": [0.3, 1e-9], "epsilon": [0.1, "1"], "note": [1]}'
    pairs = from_json("[[0.1, 0.3], [1, 1e-9]]")
    assert from_json(text) == pairs
    assert pairs.rows == ((fmpq(1, 10), fmpq(3, 10)), (fmpq(1), fmpq(1, 10**9)))
    assert from_rows([(1, 1)], allowance=3).rows == ((1, 1),)
    assert from_json("[[-0.5, 0.5]]").direction == "one"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("[]", "at least one"),
        ("3", "json=3: must be"),
        ("[[1]]", "must be a pair"),
        ("[1]", "must be a pair"),
        ('["ab"]', "must be a pair"),
        ("[[1, NaN]]", "delta=NaN"),
        ("[[Infinity, 0.5]]", "epsilon=Infinity"),
        ("[[1, 2]]", r"delta=2: must lie in \[0, 1\]"),
        ("[[1, -1]]", "delta=-1"),
        ("[[1, null]]", "delta=None"),
        ("[[1, true]]", "delta=True"),
        ("[[-1, 0.1]]", "must satisfy delta"),
        ('{"epsilon": [1]}', "delta=None: must be a list"),
        ('{"epsilon": [1], "delta": [0, 0]}', "epsilon=1, delta=2: must have as many"),
    ],
)
def test_bad_json_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says) as caught:
        from_json(text)
    assert "\n" not in str(caught.value)


def test_bad_profiles_are_refused() -> None:
    with pytest.raises(ParameterError, match="delta=nan"):
        from_function(lambda e: math.nan, epsilons=[1])
    with pytest.raises(ParameterError, match="allowance=-1"):
        from_rows([(1, 0)], allowance=-1)
    with pytest.raises(ParameterError, match="high=0"):
        grid(high=0, count=3)
    with pytest.raises(ParameterError, match="count=1"):
        grid(high=1, count=1)
