"""Hypothesis runs the same cases everywhere, and no test is skipped where all must run."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# the workers share the cores among them, so that linear algebra gets one in each
os.environ.setdefault("OMP_NUM_THREADS", "1")

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
