"""Every reference case lies in its enclosure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mipriv
from mipriv.game import InversionGame, PopulationGame
from mipriv.guarantee import ApproxDP, Information
from mipriv.loss.information import guess
from mipriv.loss.population import population
from mipriv.loss.prior import bayes_success
from mipriv.loss.theorem import theorem
from mipriv.loss.worst_case import worst_case
from tests.strategies import MP, number

DATA = json.loads((Path(__file__).parent / "theory.json").read_text())
DIGITS = 45


def encloses(value: Any, reference: str) -> bool:
    """Whether the enclosure meets the reference, itself rounded to 40 digits (half a unit off)."""
    middle = number(reference)
    slack = abs(middle) * MP.mpf(10) ** -39 / 2
    return bool(number(value.lower) - slack <= middle <= number(value.upper) + slack)


def tight(value: Any) -> bool:
    low, high = number(value.lower), number(value.upper)
    return bool(high - low <= abs(high) * MP.mpf(10) ** (1 - DIGITS))


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda c: f"{c['eps']}-{c['delta']}-{c['n']}")
def test_theorem_and_worst_case(case: dict[str, Any]) -> None:
    claim = ApproxDP(epsilon=case["eps"], delta=case["delta"])
    game = PopulationGame(n=case["n"])
    published = theorem(claim, game, digits=DIGITS)
    exact = worst_case(claim, game, digits=DIGITS)
    assert encloses(published, case["B"])
    assert tight(published)
    assert encloses(exact, case["TV"])
    assert tight(exact)
    assert exact.complement is not None
    assert encloses(exact.complement, case["one_minus_TV"])
    assert tight(exact.complement)
    assert exact.vacuous == case["saturated"]


@pytest.mark.parametrize("case", DATA["population"], ids=lambda c: "-".join(list(c.values())[:5]))
def test_population(case: dict[str, str]) -> None:
    adjacency = {"replace": "replace", "addremove": "add-remove"}[case["adjacency"]]
    claim = ApproxDP(epsilon=case["eps"], delta=case["delta"], adjacency=adjacency)  # type: ignore[arg-type]
    loss = population(claim, PopulationGame(n=case["n"], tau=case["tau"]), digits=DIGITS)  # type: ignore[arg-type]
    assert encloses(loss, case["E_TV"])
    assert tight(loss)
    assert not loss.wide


@pytest.mark.parametrize("case", DATA["inversion"], ids=lambda c: f"{c['L']}-{c['delta']}-{c['n']}")
@pytest.mark.parametrize(
    ("using", "key"), [("worst-case", "eps_max_exact"), ("theorem", "eps_max_B")]
)
def test_inversion(case: dict[str, str], using: str, key: str) -> None:
    found = mipriv.epsilon(
        n=case["n"], loss=case["L"], delta=case["delta"], using=using, digits=DIGITS
    )
    assert encloses(found, case[key])
    assert tight(found)


@pytest.mark.parametrize("case", DATA["mutual_information"], ids=lambda c: c["I_bits"])
def test_information(case: dict[str, Any]) -> None:
    claim = Information(bits=case["I_bits"])
    for count, reference in case["success_max_by_K"].items():
        found = guess(claim, InversionGame(secrets=count), digits=DIGITS)
        assert encloses(found.success, reference)
        assert tight(found.success)
    two = guess(claim, InversionGame(), digits=DIGITS)
    assert two.advantage is not None
    assert encloses(two.advantage, case["TV_max"])
    assert tight(two.advantage)


@pytest.mark.parametrize("case", DATA["bayes_prior"], ids=lambda c: "-".join(list(c.values())[:4]))
def test_prior(case: dict[str, str]) -> None:
    claim = ApproxDP(epsilon=case["eps"], delta=case["delta"])  # type: ignore[arg-type]
    found = bayes_success(claim, PopulationGame(n=case["n"], prior=case["pi"]), digits=DIGITS)  # type: ignore[arg-type]
    assert encloses(found, case["success_max"])
    assert tight(found)
    assert found.complement is not None
    assert encloses(found.complement, case["bayes_error_min"])
