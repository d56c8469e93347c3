"""Binomial weights as balls, for any number of records."""

from __future__ import annotations

from flint import arb, ctx, fmpq


def pmf(n: int, k: int, tau: fmpq) -> arb:
    """Pr[Bin(n, tau) = k] for 0 < tau < 1 and 0 <= k <= n, by Arb's log-gamma."""
    with ctx.extraprec(n.bit_length() + 16):  # the logarithms are as large as n log n
        logs = arb(n + 1).lgamma() - arb(k + 1).lgamma() - arb(n - k + 1).lgamma()
        return (logs + k * arb(tau).log() + (n - k) * arb(1 - tau).log()).exp()
