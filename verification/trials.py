"""Monte Carlo cells: the game is played, guesses are counted, intervals are exact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mipriv.attack import learned
from mipriv.attack.bayes import simulated
from mipriv.errors import require
from mipriv.rigor.decimals import exact
from verification.cell import Cell
from verification.outcome import Observed, Theory
from verification.theory import Question


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
