"""The privacy profile of a DP-SGD account."""

from __future__ import annotations

from typing import Any

from flint import arb, ctx, fmpq

from mipriv.accounting.sgd.account import Account
from mipriv.accounting.sgd.delta import hockey_stick
from mipriv.accounting.sgd.steps import BatchSteps, PoissonSteps, Sampling
from mipriv.accounting.sgd.training import Training, least


def run(sigma: Any, q: Any, steps: int) -> PoissonSteps:
    return PoissonSteps(noise_multiplier=sigma, sampling_probability=q, steps=steps)


def test_delta_is_decreasing_and_ordered() -> None:
    """delta of the two orders at -eps: delta'(eps) = 1 - e^eps + e^eps delta(-eps)."""
    add, remove = Account((run(1, "0.05", 40),), 1, 0), Account((run(1, "0.05", 40),), 0, 1)
    here, there = hockey_stick(add, fmpq(1)), hockey_stick(remove, fmpq(-1))
    turned = 1 - arb(-1).exp() + arb(-1).exp() * here
    assert there.overlaps(turned)
    assert hockey_stick(add, fmpq(2)) < here


def test_no_delta_where_the_ratio_is_bounded() -> None:
    """Removing a record never shows with more than e^epsilon, epsilon = -T log(1-q)."""
    removed = Account((run(1, "0.5", 3),), 0, 1)
    with ctx.workprec(80):
        edge = 3 * arb(2).log()
        assert hockey_stick(removed, fmpq(21, 10)) == 0  # 3 log 2 = 2.079...
        assert hockey_stick(removed, fmpq(3, 2), digits=2) > 0
        assert 0 < hockey_stick(removed, fmpq(1), digits=6) < (1 - (fmpq(1) - edge).exp())
    assert hockey_stick(Account((run(1, "0.5", 3),), 1, 0), fmpq(21, 10), digits=6) > 0


def test_a_batch_of_all_records_is_no_sampling() -> None:
    """For fixed and any order: under tau the mean over changed records, exact for a group."""
    given = {"noise_multiplier": 20, "steps": 20}
    everyone = PoissonSteps(sampling_probability=fmpq(1), **given)  # type: ignore[arg-type]
    for sampling in ("fixed", "any"):
        batches = BatchSteps(batch_size=16, sampling=Sampling(sampling), **given)  # type: ignore[arg-type]
        for changes in ({"tau": fmpq(1, 2)}, {"group": 3}):
            ours, known = (
                least(Training(runs=(one,), n=16, **changes))  # type: ignore[arg-type]
                for one in (batches, everyone)
            )
            assert ours.loss.overlaps(known.loss)
            assert ours.kind == known.kind
    assert Training(runs=(BatchSteps(batch_size=15, **given),), n=16).poisson is None  # type: ignore[arg-type]
