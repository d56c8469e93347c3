"""Identities with other libraries, each in a process of its own (their imports warn)."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

import mipriv

RISKCAL = """
import json, sys, warnings
warnings.simplefilter("ignore")
import riskcal
from riskcal.analysis import get_advantage_from_adp
print(json.dumps([get_advantage_from_adp(e, d) for e, d in json.load(sys.stdin)]))
"""


ZCDP = RISKCAL.replace(
    "get_advantage_from_adp(e, d) for e, d", "get_advantage_from_zcdp(r) for r"
).replace("import get_advantage_from_adp", "import get_advantage_from_zcdp")


def run(program: str, data: object) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip("needs a peer: pip install 'mipriv[oracles]'")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_riskcal_agrees_on_the_group_guarantee() -> None:
    """B(eps, delta, n) is riskcal's advantage of (n eps, delta (e^(n eps)-1)/(e^eps-1))."""
    cases = [(0.001, 1e-5, 100), (0.1, 1e-3, 10), (1.0, 1e-9, 3), (0.5, 0.0, 7), (2.0, 1e-4, 1)]
    group = [(e * n, d * math.expm1(e * n) / math.expm1(e)) for e, d, n in cases]
    for (e, d, n), peer in zip(cases, run(RISKCAL, group), strict=True):
        ours = mipriv.bound(epsilon=e, delta=d, n=n).theorem
        # a dozen float64 operations on the peer's side
        assert float(ours.lower) * (1 - 4e-15) <= peer <= float(ours.upper) * (1 + 4e-15)


def test_riskcal_finds_no_better_order_for_zcdp() -> None:
    """riskcal searches a grid of Renyi orders above 1; the limit of order 1, ours, is the best."""
    budgets = [0.01, 0.1, 1.0, 5.0]
    for rho, peer in zip(budgets, run(ZCDP, budgets), strict=True):
        ours = float(mipriv.zcdp(rho=rho, n=1).loss.upper)
        # its grid stops short of order 1, hence 1e-7 apart and never above by more than rounding
        assert ours * (1 - 1e-7) <= peer <= ours * (1 + 1e-7)
