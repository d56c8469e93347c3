"""The fast selection of proofs, one test each, and the runner that reports them."""

from __future__ import annotations

import functools

import pytest

from proofs import catalogue
from proofs.check import Check, Refuted, Unavailable, demand
from proofs.run import Verdict, examine, examine_all, failures, table

QUICK = [check for check in catalogue.checks() if check.quick]


@pytest.mark.parametrize("check", QUICK, ids=lambda check: check.slug)
def test_a_quick_proof_goes_through(check: Check) -> None:
    assert check.run()


def _raise(error: Exception) -> str:
    raise error


def test_how_a_check_may_end() -> None:
    endings = {
        Verdict.SHOWN: lambda: "3 cases",
        Verdict.FAILED: functools.partial(_raise, Refuted("x is 2,\n  not 3")),
        Verdict.NOT_RUN: functools.partial(_raise, Unavailable("coq: apt-get install coq")),
    }
    said: list[str] = []
    checks = [Check(f"exact.{v.name}", f"claim {v.name}", run) for v, run in endings.items()]
    crash = functools.partial(_raise, ZeroDivisionError("1/0"))
    outcomes = examine_all([*checks, Check("lp.crash", "claim", crash)], said.append)
    assert [o.verdict for o in outcomes] == [*endings, Verdict.FAILED]
    assert failures(outcomes) == {
        "exact.FAILED": "x is 2, not 3",
        "lp.crash": "ZeroDivisionError: 1/0",
    }
    assert said[:2] == ["[1/4] exact.SHOWN ...", "[1/4] exact.SHOWN shown"]
    lines = table(outcomes).splitlines()
    assert len(lines) == 6
    assert "claim SHOWN" in lines[2]
    assert "3 cases" in lines[2]
    assert "FAILED: x is 2, not 3" in lines[3]
    assert "not run: coq" in lines[4]


def test_demand_refutes() -> None:
    demand(True, "unseen")
    with pytest.raises(Refuted, match="seen"):
        demand(0, "seen")


def test_an_interrupt_is_not_a_verdict() -> None:
    def stop() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(Check("exact.stop", "claim", stop))
