"""Generative inversion: the optimum where it is known, the best restart, a prior that is learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression
from torch import nn

from mipriv.attack._ascent import ascended
from mipriv.attack.gan import GanPrior, Layers, WassersteinGan
from mipriv.attack.gmi import GenerativeInversion, Reconstructions, judged
from mipriv.attack.inversion.protocol import Observation
from mipriv.attack.priors import LinearPrior, PrincipalComponents
from mipriv.errors import ParameterError
from mipriv.populations.images import cosine_images

RANDOM = np.random.default_rng(5)
PRIOR = LinearPrior(RANDOM.normal(size=6), RANDOM.normal(size=(6, 4)))
SLOPES, SHIFTS = RANDOM.normal(size=(3, 6)), RANDOM.normal(size=3)
IMAGES = cosine_images(private=4, public=40, side=4, patterns=5, deformations=1, seed=2)
TINY: dict[str, Any] = {"latent": 6, "hidden": (32,), "batch_size": 32, "seed": 0}


def affine(records: torch.Tensor) -> torch.Tensor:
    return records @ torch.tensor(SLOPES).T + torch.tensor(SHIFTS)


def public(each: int = 20, seed: int = 0) -> np.ndarray:
    labels = np.tile(np.array(IMAGES.public), each)
    return IMAGES.draw(labels, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def trained() -> GanPrior:
    return WassersteinGan(iterations=400, critic_steps=3, **TINY).fit(public())


@pytest.mark.parametrize(("weight", "steps", "polish"), [(1.0, 1500, 0), (100.0, 300, 50)])
def test_affine_logits_and_a_normal_prior_have_their_optimum_in_closed_form(
    weight: float, steps: int, polish: int
) -> None:
    """-|z|^2/2 + weight (<a, mean + W z> + b) is largest at z = weight W'a."""
    attack = GenerativeInversion(
        prior=PRIOR, weight=weight, identity="logit", steps=steps, polish=polish, draws=3
    ).fit(None, None, model=affine)
    found = attack.reconstruct([0, 1, 2])
    for label in range(3):
        best = weight * PRIOR.weights.T @ SLOPES[label]
        assert np.linalg.norm(best) > weight  # far from the starts' own scale
        gap = np.linalg.norm(found.codes[label] - best, axis=1)
        assert gap.max() < 1e-3
        # the objective has Hessian -I: it falls short by gap^2/2
        value = -(found.codes[label] ** 2).sum(axis=1) / 2 - weight * found.losses[label]
        top = best @ best / 2 + weight * (SLOPES[label] @ PRIOR.mean + SHIFTS[label])
        # values of size 1e6 at most, from a dozen terms
        np.testing.assert_allclose(value, top, atol=1e-6 / 2 + 12e6 * 2**-52)


def test_two_classes_and_cross_entropy_leave_one_equation() -> None:
    """z = t W'(a_1 - a_0) with t = weight sigmoid(-(margin at t))."""
    weight, slope = 20.0, SLOPES[1] - SLOPES[0]
    along = PRIOR.weights.T @ slope
    start = slope @ PRIOR.mean + SHIFTS[1] - SHIFTS[0]

    def short(t: float) -> float:
        return float(t - weight / (1 + np.exp(start + t * along @ along)))

    root = brentq(short, 0, weight, xtol=1e-13)
    attack = GenerativeInversion(prior=PRIOR, weight=weight, draws=2)
    found = attack.fit(None, None, model=lambda x: affine(x)[:, :2]).reconstruct([1])
    assert np.abs(found.codes - root * along).max() < 1e-3
    assert np.linalg.norm(root * along) > 0.1  # the prior alone would say 0


def test_the_restart_of_least_identity_loss_is_kept() -> None:
    """Without steps restarts are their starts, which come in one order whatever their grouping."""
    losses = []
    for draws, restarts in ((12, 1), (3, 4)):
        attack = GenerativeInversion(
            prior=PRIOR, draws=draws, restarts=restarts, steps=0, polish=0, seed=7
        )
        losses.append(attack.fit(None, None, model=affine).reconstruct([0, 2]).losses)
    alone, best = losses
    assert (alone > 0).all()  # all scores lie below 0
    np.testing.assert_array_equal(best, alone.reshape(2, 3, 4).min(axis=2))
    assert best.std() > 0


def test_a_restart_without_a_number_never_wins() -> None:
    def broken(records: torch.Tensor) -> torch.Tensor:
        return torch.where(records[:, :1] > PRIOR.mean[0], torch.nan, affine(records))

    attack = GenerativeInversion(prior=PRIOR, restarts=8, steps=3, polish=2)
    found = attack.fit(None, None, model=broken).reconstruct([0])
    assert np.isfinite(found.losses).all()
    assert (found.records[..., 0] <= PRIOR.mean[0]).all()


def test_a_row_without_a_number_does_not_stop_the_others() -> None:
    def broken(codes: torch.Tensor) -> torch.Tensor:
        good = torch.tensor([1, torch.nan, 1], dtype=torch.float64)
        return -good * (codes - 2).square().sum(dim=1)

    start = torch.zeros(3, 2, dtype=torch.float64)
    points, values = ascended(broken, start, steps=0, learning_rate=0.1, polish=20)
    assert values[1] == -torch.inf
    assert torch.equal(points[1], start[1])
    # L-BFGS ends a quadratic at a slope of 1e-10
    torch.testing.assert_close(points[[0, 2]], start[[0, 2]] + 2, rtol=0, atol=1e-10)


def test_codes_stay_within_reach() -> None:
    start = torch.tensor([[0.0, 5.0]], dtype=torch.float64)
    for steps, polish in ((50, 0), (0, 50)):
        points, values = ascended(
            lambda codes: codes.sum(dim=1) - (codes[:, 0] - 1).square(),
            start,
            steps=steps,
            learning_rate=0.5,
            polish=polish,
            reach=1.25,
        )
        # without the bound the second coordinate would grow for ever, and the first end at 1.5
        torch.testing.assert_close(points, torch.full((1, 2), 1.25).double(), rtol=0, atol=0)
        assert float(values) == 2.5 - 0.0625


def test_the_seed_decides_all_and_nothing_global_is_drawn() -> None:
    torch_state, numpy_state = torch.get_rng_state(), str(np.random.get_state())
    made = []
    for seed in (0, 0, 1):
        prior = WassersteinGan(iterations=3, **{**TINY, "seed": seed})
        attack = GenerativeInversion(prior=prior, draws=2, restarts=2, steps=3, seed=seed)
        found = attack.fit(None, public(2), model=affine_of(16)).reconstruct([0, 1])
        made.append(found.records)
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()
    assert torch.equal(torch_state, torch.get_rng_state())
    assert numpy_state == str(np.random.get_state())


def affine_of(pixels: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Linear(pixels, 4)


def test_a_network_is_inverted_with_a_learned_and_a_perfect_prior(trained: GanPrior) -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 60)
    records = IMAGES.draw(labels, rng)
    model = LogisticRegression(max_iter=2000).fit(records[::2], labels[::2])
    perfect = LinearPrior.of_moments(*IMAGES.moments(), rank=6)
    for prior in (trained, perfect, PrincipalComponents(rank=6)):
        attack = GenerativeInversion(prior=prior, restarts=3, steps=60)
        found = attack.fit(None, public(), model=model).reconstruct(range(4))
        assert found.losses.shape == (4, 20)
        assert np.abs(found.codes).max() <= getattr(prior, "reach", np.inf)
        result = judged(
            found,
            evaluator=lambda rows: IMAGES.posterior(rows).argmax(axis=1),
            records=records[1::2],
            labels=labels[1::2],
        )
        # guesses without an image are right in a quarter of 80 trials; a mean of 20 and a standard
        # deviation below 4 put 60 ten deviations above
        assert result.trials == 80
        assert result.hits.sum() >= 60
    one = attack.fit(None, public(), model=model)
    side = np.array([[2.0], [0.0], [2.0]])
    made = one.infer(Observation(answers=np.zeros((3, 1, 0)), side=side))
    assert made.shape == (3, 16)
    assert (made[0] != made[2]).any()  # each row has its own starts


def test_the_gan_learns_the_law_of_public_records(trained: GanPrior) -> None:
    rows = public()
    codes = torch.randn(4000, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    errors = []
    for prior in (trained, WassersteinGan(iterations=1, **TINY).fit(rows)):
        made = prior.generate(codes).numpy()
        exact = np.cov(rows.T)
        errors.append(np.linalg.norm(np.cov(made.T) - exact) / np.linalg.norm(exact))
    assert 2 * errors[0] < errors[1]  # much of the law has been learned
    assert len(trained.distances) == 400
    # a trained critic has slope near 1 and tells records from noise of the same spread
    scored = trained.critic(torch.tensor((rows - rows.mean(axis=0)) / rows.std(axis=0)))
    noise = trained.critic(torch.tensor(np.random.default_rng(0).normal(size=rows.shape)))
    assert float(scored.mean()) > float(noise.mean())


def test_slopes_are_those_of_automatic_differentiation() -> None:
    random = torch.Generator().manual_seed(0)
    layers = Layers.drawn((5, 7, 6, 1), random)
    rows = torch.randn(9, 5, generator=random).requires_grad_(True)
    (expected,) = torch.autograd.grad(layers(rows).sum(), rows, create_graph=True)
    found = layers.slopes(rows.detach())
    # single precision, sums of at most seven terms of size below ten, in three layers
    room = 3 * 7 * 10 * 2**-23
    torch.testing.assert_close(found, expected, rtol=0, atol=room)
    ours, theirs = (
        torch.autograd.grad(value.square().sum(), layers.weights) for value in (found, expected)
    )
    for own, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(own, other, rtol=room, atol=9 * 10 * room)


def test_a_training_goes_on_from_its_file(tmp_path: Path) -> None:
    rows, place = public(2), tmp_path / "gan.npz"
    whole = WassersteinGan(iterations=8, **TINY)
    first = replace(whole, iterations=5, checkpoint=place).fit(rows)
    assert len(first.distances) == 5
    resumed = replace(whole, checkpoint=place).fit(rows)
    straight = whole.fit(rows)
    np.testing.assert_array_equal(resumed.distances, straight.distances)
    for own, other in zip(resumed.generator.tensors, straight.generator.tensors, strict=True):
        assert torch.equal(own, other)
    assert [path.name for path in tmp_path.iterdir()] == ["gan.npz"]
    with pytest.raises(ParameterError, match="these records and parameters"):
        replace(whole, seed=1, checkpoint=place).fit(rows)
    with pytest.raises(ParameterError, match="these records and parameters"):
        replace(whole, checkpoint=place).fit(rows + 1)
    with pytest.raises(ParameterError, match="iterations=5: must be no less"):
        replace(whole, iterations=5, checkpoint=place).fit(rows)
    place.write_bytes(place.read_bytes()[:300])
    with pytest.raises(ParameterError, match=r"gan.npz: must be a whole checkpoint"):
        replace(whole, checkpoint=place).fit(rows)


def test_progress_and_divergence_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    WassersteinGan(iterations=2, verbose=True, **TINY).fit(public(1))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["step 1/2", "step 2/2"]
    with pytest.raises(ParameterError, match="learning_rate=1e\\+30: must be smaller"):
        WassersteinGan(iterations=3, learning_rate=1e30, **TINY).fit(public(1))


def test_a_pixel_that_never_changes_comes_out_as_it_is() -> None:
    rows = np.concatenate([public(1), np.full((40, 1), 0.3)], axis=1)
    prior = WassersteinGan(iterations=1, **TINY).fit(rows)
    assert float(prior.scale[-1]) == 1
    # a mean of 40 equal numbers: an ulp
    np.testing.assert_allclose(float(prior.centre[-1]), 0.3, rtol=40 * 2**-52)


def test_judgement_of_made_up_reconstructions() -> None:
    records = np.array([[[0.0, 0.0], [3.0, 4.0]], [[1.0, 0.0], [1.0, 2.0]]])
    found = Reconstructions((0, 1), records, records, np.zeros((2, 2)))
    true = np.array([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0]])
    result = judged(
        found, evaluator=lambda rows: (rows[:, 0] > 0).astype(int), records=true, labels=[0, 0, 1]
    )
    assert result.hits.tolist() == [1, 2]
    assert result.accuracy == 0.75
    assert result.centre_distance == (0 + 5 + 0 + 2) / 4
    expected = (1 + np.hypot(3, 3) + 0 + 2) / 4
    np.testing.assert_allclose(result.nearest_distance, expected, rtol=4 * 2**-52)
    doubled = judged(
        found,
        evaluator=lambda rows: np.zeros(len(rows)),
        records=true,
        labels=[0, 0, 1],
        features=lambda rows: 2 * rows,
    )
    assert doubled.centre_distance == 2 * result.centre_distance
    assert doubled.hits.tolist() == [2, 0]
    with pytest.raises(ParameterError, match="show class 1"):
        judged(found, evaluator=lambda rows: rows[:, 0], records=true, labels=[0, 0, 0])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"weight": 0}, "weight=0"),
        ({"identity": "margin"}, "be one of cross-entropy, logit"),
        ({"restarts": 0}, "restarts=0"),
        ({"draws": 1.5}, "draws=1.5"),
        ({"learning_rate": -1}, "learning_rate=-1"),
    ],
)
def test_wrong_parameters_are_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        GenerativeInversion(prior=PRIOR, **change)


def test_wrong_input_is_refused() -> None:
    attack = GenerativeInversion(prior=PRIOR, steps=1)
    with pytest.raises(ParameterError, match="must be fitted"):
        attack.reconstruct([0])
    with pytest.raises(ParameterError, match="class numbers from 0 to 2"):
        attack.fit(None, None, model=affine).reconstruct([-1])
    with pytest.raises(ParameterError, match="class numbers from 0 to 2"):
        attack.fit(None, None, model=affine).reconstruct([0.5])  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="classes=0"):
        attack.fit(None, None, model=affine).reconstruct([])
    with pytest.raises(ParameterError, match="logits"):
        attack.fit(None, None, model=lambda x: x.sum())
    with pytest.raises(ParameterError, match="records"):
        GenerativeInversion(prior=PrincipalComponents()).fit(None, np.zeros(3), model=affine)
    with pytest.raises(ParameterError, match="generate records or have fit"):
        GenerativeInversion(prior=3).fit(None, None, model=affine)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="latent=0"):
        WassersteinGan(latent=0)
    with pytest.raises(ParameterError, match="rank=9"):
        LinearPrior.of_moments(np.zeros(2), np.eye(2), rank=9)
    with pytest.raises(ParameterError, match="row a pixel"):
        LinearPrior(np.zeros(2), np.zeros((3, 1)))
