"""Our DP-SGD beside Opacus (its steps and its accountants) and dp_accounting, same parameters."""

from __future__ import annotations

import warnings

import pytest
import torch
from flint import fmpq

from mipriv.accounting.sgd.account import Account
from mipriv.accounting.sgd.delta import hockey_stick
from mipriv.learn.sgd.models import LinearRegression, LogisticRegression
from mipriv.learn.sgd.train import DPSGD, Seeded

opacus = pytest.importorskip("opacus")
dp_accounting = pytest.importorskip("dp_accounting")
rdp = pytest.importorskip("dp_accounting.rdp")
pld = pytest.importorskip("dp_accounting.pld.pld_privacy_accountant")

RUNS = [("1", "0.01", 1000), ("2", "0.1", 100), ("0.8", "0.02", 50)]


def training(sigma: str, rate: str, steps: int) -> DPSGD:
    return DPSGD(
        model=LinearRegression(features=1),
        n=1000,
        noise_multiplier=sigma,
        steps=steps,
        learning_rate=0.1,
        sampling_probability=rate,
    )


def one_record_added(learner: DPSGD) -> list[Account]:
    """The accounts of the learner's own guarantee when one record is added, and removed."""
    runs = learner.guarantee(group=1).poisson
    assert runs is not None
    return [Account(runs, inserted, 1 - inserted) for inserted in (0, 1)]


def delta(learner: DPSGD, epsilon: float) -> tuple[float, float]:
    found = [
        hockey_stick(one, fmpq(*epsilon.as_integer_ratio())) for one in one_record_added(learner)
    ]
    return max(float(d.lower()) for d in found), max(float(d.upper()) for d in found)


@pytest.mark.parametrize(("sigma", "rate", "steps"), RUNS)
def test_dp_accounting_agrees_with_the_learners_guarantee(
    sigma: str, rate: str, steps: int
) -> None:
    """Its delta is pessimistic on a grid of 1e-4, so that it is above ours by a little."""
    accountant = pld.PLDAccountant(dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE)
    event = dp_accounting.PoissonSampledDpEvent(
        float(rate), dp_accounting.GaussianDpEvent(float(sigma))
    )
    accountant.compose(event, steps)
    learner = training(sigma, rate, steps)
    for epsilon in (0.1, 0.4, 2.0):
        lower, upper = delta(learner, epsilon)
        theirs = accountant.get_delta(epsilon)
        assert lower <= theirs  # a pessimistic estimate is not below the truth
        # steps roundings of one grid step each move epsilon by at most so much
        assert theirs <= delta(learner, epsilon - steps * 1e-4)[1] + 1e-12
        assert upper <= lower * (1 + 1e-6)


@pytest.mark.parametrize(("sigma", "rate", "steps"), RUNS)
def test_opacus_agrees_with_the_learners_guarantee(sigma: str, rate: str, steps: int) -> None:
    """Its PRV accountant within its stated errors, its RDP accountant as an upper bound."""
    learner = training(sigma, rate, steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Opacus warns of its own defaults
        precise = opacus.accountants.PRVAccountant()
        loose = opacus.accountants.RDPAccountant()
        for accountant in (precise, loose):
            accountant.history = [(float(sigma), float(rate), steps)]
        error = 0.01
        estimate = precise.get_epsilon(1e-5, eps_error=error, delta_error=1e-8)
        bound = loose.get_epsilon(1e-5)
    # their estimate is an upper end: the true epsilon lies at most two errors below
    assert delta(learner, estimate)[0] <= 1e-5 + 1e-8
    assert delta(learner, max(estimate - 2 * error, 1e-9))[1] >= 1e-5 - 1e-8
    assert delta(learner, bound)[1] <= 1e-5


@pytest.mark.parametrize("model", [LinearRegression(features=3), LogisticRegression(features=3)])
def test_a_step_is_the_one_of_opacus(model: LinearRegression | LogisticRegression) -> None:
    """Same parameters, same batch, noise of 1e-12: the same clipped step, to rounding."""
    source = torch.Generator().manual_seed(7)
    x = torch.randn(5, 3, generator=source, dtype=torch.float64)
    y = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0], dtype=torch.float64)
    start = torch.tensor([0.1, -0.2, 0.3, 0.05], dtype=torch.float64)
    clip, rate = 0.7, 0.5
    line = torch.nn.Linear(3, 1).double()
    with torch.no_grad():
        line.weight.copy_(start[:3].unsqueeze(0))
        line.bias.copy_(start[3:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapped = opacus.GradSampleModule(line)
        optimiser = opacus.optimizers.DPOptimizer(
            torch.optim.SGD(wrapped.parameters(), lr=rate),
            noise_multiplier=0.0,
            max_grad_norm=clip,
            expected_batch_size=5,
        )
        scores = wrapped(x)[:, 0]
        if isinstance(model, LinearRegression):
            loss = ((scores - y) ** 2 / 2).mean()
        else:
            loss = torch.nn.functional.softplus(-y * scores).mean()
        loss.backward()
        optimiser.step()
    theirs = torch.cat([line.weight.detach()[0], line.bias.detach()])
    ours = DPSGD(
        model=model,
        n=5,
        noise_multiplier="1e-12",
        steps=1,
        learning_rate=rate,
        sampling_probability="1",
        clip=clip,
    ).fit_many(x[None], y[None], randomness=Seeded(1), start=start)
    # Opacus divides by a norm + 1e-6 and not by the norm: a relative change of 1e-6/clip at most
    assert torch.allclose(ours.iterates[0, -1], theirs, atol=rate * 1e-6 / clip + 1e-11, rtol=0)
    assert not torch.allclose(start, theirs, atol=1e-3)
