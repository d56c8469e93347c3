"""Images of known law: what is drawn has it, and the guess from an image is the best there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from scipy.stats import chi2, multivariate_normal, norm

from mipriv.errors import ParameterError
from mipriv.populations.images import ImageClasses, cosine_images
from mipriv.rigor.intervals import proportion

SMALL = cosine_images(private=3, public=4, side=4, patterns=4, deformations=2, within="0.5", seed=3)
RISK = 1e-6  # that a check on draws fails though all is right


def dense(images: ImageClasses) -> tuple[np.ndarray, np.ndarray]:
    """Templates of all classes and the covariance within one, from the exact numbers."""
    factors = images.factors
    weights = np.array([[float(arb(v)) for v in row] for row in factors.loadings])
    codes = np.array([[float(arb(v)) for v in row] for row in factors.identities])
    within, noise = float(arb(factors.within)), float(arb(factors.noise))
    covariance = within**2 * weights @ weights.T + noise**2 * np.eye(images.dimension)
    return codes @ weights.T + float(arb(images.brightness)), covariance


def test_the_log_density_is_that_of_the_covariance_written_out() -> None:
    rng = np.random.default_rng(0)
    images = SMALL.draw(rng.integers(7, size=20), rng)
    templates, covariance = dense(SMALL)
    classes = [0, 2, 5]
    expected = np.stack(
        [multivariate_normal(templates[c], covariance).logpdf(images) for c in classes], axis=1
    )
    found = SMALL.log_density(images, classes)
    # 16 terms, a condition number below 100 and lengths that add without cancelling: 2^-52 times
    # 1600, and the same again for the eigenvectors of the oracle
    condition = np.linalg.cond(covariance)
    assert condition < 100
    np.testing.assert_allclose(found, expected, rtol=2 * 1600 * 2**-52 * 16, atol=1e-11)


def test_what_is_drawn_has_the_density() -> None:
    count, label = 4000, 4
    images = SMALL.draw(np.full(count, label), np.random.default_rng(1))
    templates, covariance = dense(SMALL)
    # means of the pixels are normal; the quantile is shared among them
    far = norm.isf(RISK / 2 / SMALL.dimension)
    apart = (images.mean(axis=0) - templates[label]) / np.sqrt(np.diag(covariance) / count)
    assert np.abs(apart).max() < far
    # twice the log density below its peak is chi-squared, one degree a pixel
    peak = SMALL.log_density(templates[[label]], [label])[0, 0]
    lengths = 2 * (peak - SMALL.log_density(images, [label])[:, 0])
    low, high = chi2.interval(1 - RISK, SMALL.dimension * count)
    assert low < lengths.sum() < high


def test_the_best_guess_errs_as_often_as_the_total_variation_says() -> None:
    pair = cosine_images(private=2, public=0, side=4, patterns=2, within=3, noise="0.2", seed=1)
    rng = np.random.default_rng(2)
    secrets = rng.integers(2, size=4000)
    posterior = pair.posterior(pair.draw(secrets, rng))
    # eight divisions and additions of numbers below 1
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=8 * 2**-52)
    hits = int((posterior.argmax(axis=1) == secrets).sum())
    best = (1 + float(pair.tau(0, 1))) / 2
    assert 0.55 < best < 0.95  # neither blind nor certain
    assert best in proportion(hits=hits, trials=len(secrets), confidence=1 - RISK)


def test_public_classes_are_others_of_the_same_law() -> None:
    images = cosine_images(private=5, public=20, seed=4)
    assert list(images.public) == list(range(5, 25))
    templates = {images.template(label) for label in range(25)}
    assert len(templates) == 25
    centre, covariance = SMALL.moments()
    means, within = dense(SMALL)
    own = means[list(SMALL.public)]
    # sums of at most 16 terms of size below 2
    np.testing.assert_allclose(centre, own.mean(axis=0), atol=32 * 2**-52)
    expected = np.cov(own.T, bias=True) + within
    np.testing.assert_allclose(covariance, expected, atol=32 * 2**-52)


def test_samples_have_the_shape_asked_for_and_follow_the_seed() -> None:
    first = SMALL.sample(1, (2, 3), np.random.default_rng(0))
    assert first.shape == (2, 3, 16)
    np.testing.assert_array_equal(first, SMALL.sample(1, (2, 3), np.random.default_rng(0)))
    assert (first != SMALL.sample(2, (2, 3), np.random.default_rng(0))).all()
    assert (
        cosine_images(private=3, public=4, side=4, patterns=4, deformations=2, within="0.5", seed=3)
        == SMALL
    )
    assert SMALL.kl(0, 1) > 0
    assert SMALL.tau(0, 0) == 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"side": 3}, "factors=16: must have 9 coordinates"),
        ({"private": 8}, "private=8: must be <= 7"),
        ({"private": 1}, "private=1: must be a whole number >= 2"),
        ({"brightness": "nan"}, "brightness=nan"),
    ],
)
def test_a_wrong_description_is_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        replace(SMALL, **change)


def test_twins_are_refused() -> None:
    codes = SMALL.factors.identities
    factors = replace(SMALL.factors, identities=(codes[0], *codes[:-1]))
    with pytest.raises(ParameterError, match="different templates"):
        replace(SMALL, factors=factors)


def test_wrong_questions_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ParameterError, match="secret from 0 to 2"):
        SMALL.sample(3, (1,), rng)
    with pytest.raises(ParameterError, match="classes from 0 to 6"):
        SMALL.draw([7], rng)
    with pytest.raises(ParameterError, match="shape \\(N, 16\\)"):
        SMALL.log_density(np.zeros((2, 9)))
    with pytest.raises(ParameterError, match="classes=0"):
        cosine_images(private=2, public=0).moments()
    with pytest.raises(ParameterError, match="at most 9"):
        cosine_images(private=5, public=5, patterns=1)
    with pytest.raises(ParameterError, match="patterns=4: must be below 4"):
        cosine_images(private=2, public=0, side=2, patterns=4, deformations=0)


def test_patterns_are_cosines_to_a_thousandth() -> None:
    images = cosine_images(private=2, public=0, side=8, patterns=3, deformations=0, contrast=1)
    weights = np.array([[float(arb(v)) for v in row] for row in images.factors.loadings])
    at = np.pi * (np.arange(8) + 0.5) / 8
    down, across = np.meshgrid(np.cos(at), np.cos(at), indexing="ij")
    expected = np.stack([across, down, down * across / 2], axis=-1).reshape(64, 3)
    # rounding to multiples of 1/1024, and the cosines' own
    assert np.abs(weights - expected).max() <= 1 / 2048 + 1e-15
    assert all(v * 1024 == fmpq(int((v * 1024).p)) for row in images.factors.loadings for v in row)
