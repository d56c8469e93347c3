"""MAP on a linear model as its users have it: a regression of scikit-learn, and a pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mipriv.attack.inversion.naive import Dummies, MaximumAPosteriori
from mipriv.attack.inversion.priors import Frequencies
from mipriv.attack.inversion.protocol import Observation

COLOURS = {"blue": (0.0, 0.0), "green": (1.0, 0.0), "red": (0.0, 1.0)}


@pytest.mark.parametrize(
    "model", [LinearRegression(), make_pipeline(StandardScaler(), Ridge(alpha=0.1))]
)
def test_a_colour_from_the_answers_of_a_regression(model: Any) -> None:
    """The answers have no noise, so that who asks the model about every colour is right."""
    rng = np.random.default_rng(12)
    size, shape = rng.normal(size=600), rng.integers(2, size=600)
    colour = np.where(
        rng.random(600) < 0.3 + 0.4 * shape, "red", rng.choice(["blue", "green"], 600)
    )
    filled = np.array([COLOURS[one] for one in colour.tolist()])
    X = np.column_stack([size, filled, shape])
    y = size + 2 * filled[:, 1] - filled[:, 0] + shape + rng.normal(size=600)
    model.fit(X[:200], y[:200])

    answers = model.predict(X)
    side = np.column_stack([size, shape])
    auxiliary, target = slice(200, 400), slice(400, 600)

    def seen(part: slice) -> Observation:
        return Observation(answers=answers[part, None, None], side=side[part])

    attack = MaximumAPosteriori(
        scale=0.0,
        refit=True,
        records=Dummies(rows=COLOURS, position=1),
        prior=Frequencies.learn(side[auxiliary], colour[auxiliary], columns=[1]),
    )
    fitted = attack.fit(seen(auxiliary), colour[auxiliary], model=model)
    assert (fitted.infer(seen(target)) == colour[target]).all()
    assert fitted.kinds[fitted.scores(seen(target)).argmax(axis=1)].tolist() == (
        colour[target].tolist()
    )
