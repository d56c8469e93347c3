"""Monte Carlo cells: the game is played, guesses are counted, intervals are exact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import ctx, fmpq

from mipriv.attack import bayes, learned
from mipriv.attack.bayes import simulated
from mipriv.errors import PrecisionError, require
from mipriv.laws import LaplaceLaw
from mipriv.learn.noisy_sum import NoisySum
from mipriv.populations.finite import bernoulli
from mipriv.rigor.decimals import exact
from verification.cell import Cell
from verification.outcome import Observed, Theory
from verification.theory import Question

_PROOF = 200_000  # plays in which a learned attacker shows itself
_BITS = 96


def measured(
    learner: Any,
    question: Question,
    cell: Cell,
    *,
    allowed: Theory,
    shuffled: bool,
    seed: int,
    level: float,
) -> tuple[Observed, float]:
    """Play the cell's trials, and say what they prove.

    The secrets are drawn, so the hits are binomial with the attacker's success, (1 + a)/2 for an
    advantage a at even odds; nothing is chosen on the data that are counted.

    Args:
        learner: simulated, with its likelihood for the Bayes attacker.
        question: what is guessed.
        cell: its trials and attacker.
        allowed: the theory.
        shuffled: whether the outputs are dealt out without regard to the secret.
        seed: of all draws.
        level: chance that the interval misses.

    Returns:
        The interval, and the chance of as many hits were the theory right.
    """
    attacker = cell.parameters.get("attacker", "bayes")
    require(attacker in ("bayes", "learned"), must="be bayes or learned", attacker=attacker)
    common: dict[str, Any] = {
        "n": cell.n,
        "trials": cell.parameters["trials"],
        "rng": np.random.default_rng(seed),
        "prior": question.odds,
        "shuffled": shuffled,
    }
    if attacker == "bayes":
        found = simulated.play(learner, question.family, **common)
    else:
        training = cell.parameters.get("training", cell.parameters["trials"])
        _prove(training, np.random.default_rng([seed, 1]))
        found = learned.play(learner, question.family, training=training, **common)
    interval = found.success(confidence=1 - exact(level, "level"))
    bound = exact(allowed.upper, "theory")
    lower, upper = interval.lower, interval.upper
    if question.even:
        lower = math.nextafter(2 * lower - 1, -math.inf)
        upper = math.nextafter(2 * upper - 1, math.inf)
        bound = (1 + bound) / 2
    observed = Observed(lower=lower, upper=upper, exact=False, trials=sum(found.trials))
    return observed, found.p_value(success=bound)


def _prove(training: int, rng: np.random.Generator) -> None:
    """Let the learned attacker show itself where the optimum is known, before it is believed.

    A count of 3 records with Laplace noise of scale 5: advantage 1 - e^(-3/10).

    Raises:
        PrecisionError: it is not proved to reach 90 % of the optimum there.
    """
    known = NoisySum(scores=(fmpq(0), fmpq(1)), noise=LaplaceLaw(scale=fmpq(5)))
    family = bernoulli(p0=0, p1=1)
    found = learned.play(
        known, family, n=3, training=training, trials=max(training, _PROOF), rng=rng
    )
    with ctx.workprec(_BITS):
        good = learned.calibrated(found, optimum=bayes.advantage(known, family, n=3))
    if not good:
        raise PrecisionError(
            f"training={training}: a learned attacker trained on so few plays is not proved to "
            "reach 90 % of the optimum where that is known"
        )
