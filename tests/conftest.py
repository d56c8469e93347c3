"""How all tests run: the same cases everywhere, none skipped where all must run, on every core."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# the workers share the cores among them, so that linear algebra gets one in each
os.environ.setdefault("OMP_NUM_THREADS", "1")
# files whose tests share what takes long to make: one worker runs them all
TOGETHER = ("tests/proofs/test_gate.py",)

settings.register_profile(
    "fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fixed")


def _failed_if_skipped(report: Any) -> Any:
    """The report; with MIPRIV_REQUIRE_ALL=1 one of failure in place of a skip."""
    if report.skipped and os.environ.get("MIPRIV_REQUIRE_ALL") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped where every test must run: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """A test that skips itself."""
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """A file that is skipped as a whole, where what it imports is missing."""
    return _failed_if_skipped((yield))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One test at a time to whichever worker is free, but a file of `TOGETHER` as a whole, and first.

    The mark `xdist_group` would say the same, but pytest-xdist 3.8 does not see it under pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # the package has no types here
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file in TOGETHER else nodeid

    return Scheduling(config, log)
