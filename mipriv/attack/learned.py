"""A learned attacker: a classifier of outputs that knows neither the learner nor its likelihood.

What it reaches is a lower bound on what can be reached; on a cell whose optimum is known it shows
how far below it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flint import arb

from mipriv.attack.bayes._game import checked_prior
from mipriv.attack.guesses import Guesses
from mipriv.attack.plays import plays
from mipriv.errors import MissingExtra, require
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import unit, whole
from mipriv.roles import Number, Simulated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 1 << 17
_SEEDS = 1 << 31


class Classifier(StrEnum):
    """What is fitted to the outputs.

    LOGISTIC: logistic regression on the standardised outputs and their squares and products.
    BOOSTING: gradient-boosted trees.
    """

    LOGISTIC = "logistic"
    BOOSTING = "boosting"


def play(
    learner: Simulated,
    family: FiniteFamily,
    *,
    n: int,
    training: int,
    trials: int,
    rng: np.random.Generator,
    classifier: Classifier | str = Classifier.LOGISTIC,
    prior: Sequence[Any] | None = None,
    shuffled: bool = False,
) -> Guesses:
    """Fit a classifier to some plays of the game, and count its guesses in others.

    Args:
        learner: simulated; its likelihood is not used.
        family: the populations, from which the plays are drawn.
        n: records, >= 0.
        training: plays to learn from, >= 2; every possible secret must be among them.
        trials: plays to guess in, >= 1, independent of those.
        rng: seeded generator.
        classifier: `logistic` or `boosting`.
        prior: probability of each secret, exact, summing to 1; None: equal.
        shuffled: a control: in the plays to guess in, outputs are dealt out without regard to the
            secret.

    Returns:
        Guesses, not marked `optimal`: a lower bound.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    import numpy as np

    n = whole(n, "n", at_least=0)
    training, trials = (
        whole(training, "training", at_least=2),
        whole(trials, "trials", at_least=1),
    )
    odds = checked_prior(prior, family.secrets)
    known = list(
        plays(learner, family, n=n, trials=training, prior=odds, rng=rng, at_once=_AT_ONCE)
    )
    outputs = np.concatenate([part for _, part in known])
    secrets = np.concatenate([np.full(len(part), secret) for secret, part in known])
    seen = len(set(secrets.tolist()))
    possible = sum(share > 0 for share in odds)
    require(seen == possible, must=f"show all {possible} possible secrets", training=training)
    model = _fitted(classifier, outputs, secrets, seed=int(rng.integers(_SEEDS)))
    counts = np.zeros((family.secrets, family.secrets), dtype=np.int64)
    for secret, part in plays(
        learner,
        family,
        n=n,
        trials=trials,
        prior=odds,
        rng=rng,
        at_once=_AT_ONCE,
        shuffled=shuffled,
    ):
        counts[secret] += np.bincount(model.predict(part), minlength=family.secrets)
    return Guesses(counts=tuple(tuple(row) for row in counts.tolist()), optimal=False)


def _fitted(
    classifier: Classifier | str,
    outputs: NDArray[np.float64],
    secrets: NDArray[np.int64],
    *,
    seed: int,
) -> Any:
    names = [member.value for member in Classifier]
    require(classifier in names, must=f"be one of {', '.join(names)}", classifier=classifier)
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler
    except ImportError:
        raise MissingExtra("scikit-learn", "train") from None
    if classifier == Classifier.BOOSTING:
        return HistGradientBoostingClassifier(random_state=seed).fit(outputs, secrets)
    model = make_pipeline(
        StandardScaler(),
        PolynomialFeatures(degree=2, include_bias=False),
        LogisticRegression(max_iter=1000),
    )
    return model.fit(outputs, secrets)


def calibrated(
    guesses: Guesses, *, optimum: Number, share: Any = "0.9", confidence: Any = "0.99"
) -> bool:
    """Whether an attacker is proved to reach a share of the optimal advantage, on a known cell.

    Args:
        guesses: between two secrets.
        optimum: the best advantage, exact or enclosed.
        share: in [0, 1].
        confidence: that a True is right, in (0, 1).
    """
    reached = guesses.advantage(confidence=confidence).lower
    return bool(arb(reached) >= arb(optimum) * unit(share, "share"))
