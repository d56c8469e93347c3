"""The best attacker, computed and played, against the loops that one would write without it."""

from __future__ import annotations

import math
from functools import partial
from itertools import product

import numpy as np
from flint import fmpq

from mipriv.attack import bayes
from mipriv.attack.bayes.simulated import play
from mipriv.laws import GaussianLaw
from mipriv.learn.extremal import ExtremalCount
from mipriv.learn.noisy_sum import NoisySum
from mipriv.learn.records import to_float
from mipriv.populations.finite import bernoulli, extremal
from mipriv.roles import Histogram, Number
from verification.bench.result import listed
from verification.bench.timing import peak_memory, ratio

RECORDS = 12
COUNT = ExtremalCount(epsilon=fmpq(1, 10), delta=fmpq(1, 100), symbols=3)
TYPES = extremal(tau="0.5")
SUM = NoisySum(scores=(fmpq(0), fmpq(1)), noise=GaussianLaw(standard_deviation=fmpq(8)))
COIN = bernoulli(p0="0.25", p1="0.75")
_LOOPED, _PLAYED = 300, 10**6  # trials of a measurement: each side takes some tenths of a second
_MEMORY = """
import numpy as np
from mipriv.attack.bayes.simulated import play
from verification.bench.attackers import COUNT, RECORDS, TYPES
play(COUNT, TYPES, n=RECORDS, trials={trials}, rng=np.random.default_rng(0))
"""


def computed(n: int) -> Number:
    """Best TPR - FPR against the count at n records, enclosed."""
    return bayes.advantage(COUNT, TYPES, n=n)


def enumerated(n: int) -> Number:
    """The same by going through all 3^n data sets; the law of each histogram is kept.

    Most of the loop's time would go to the learner's law otherwise, which is not the loop's fault.
    """
    laws: dict[Histogram, list[Number]] = {}
    joint: list[list[Number]] = [[fmpq(0), fmpq(0)] for _ in TYPES.masses]
    for records in product(range(TYPES.symbols), repeat=n):
        counts = tuple(records.count(value) for value in range(TYPES.symbols))
        if counts not in laws:
            laws[counts] = list(COUNT.probabilities(counts))
        for row, masses in zip(joint, TYPES.masses, strict=True):
            chance = math.prod(map(masses.__getitem__, records), start=fmpq(1))
            if chance > 0:
                for outcome, mass in enumerate(laws[counts]):
                    row[outcome] += chance * mass
    return sum((abs(p - q) for p, q in zip(*joint, strict=True)), fmpq(0)) / 2


def enumeration(repeat: int) -> float:
    """The plain loop over all data sets of 12 records over the attacker of the package."""
    return ratio(partial(enumerated, RECORDS), partial(computed, RECORDS), repeat=repeat)


def looped(trials: int, rng: np.random.Generator) -> int:
    """Hits of the best attacker on the sum, the learner called for one data set at a time.

    Each trial draws a secret and its records, trains once, weighs the likelihood of every histogram
    by its probability under each secret, and guesses.
    """
    sets = [
        (counts, [to_float(p) for p in chances]) for counts, chances in COIN.histograms(RECORDS)
    ]
    hits = 0
    for _ in range(trials):
        secret = int(rng.integers(2))
        records = COIN.sample(secret, (RECORDS,), rng)
        output = SUM.simulate(np.bincount(records, minlength=2)[None], rng)
        posterior = [0.0, 0.0]
        for counts, chances in sets:
            likelihood = math.exp(SUM.log_likelihood(output, counts)[0])
            posterior = [p + q * likelihood for p, q in zip(posterior, chances, strict=True)]
        hits += int(posterior[1] > posterior[0]) == secret
    return hits


def played(trials: int, rng: np.random.Generator) -> int:
    """The same by the package, all at once."""
    return sum(play(SUM, COIN, n=RECORDS, trials=trials, rng=rng).hits)


def monte_carlo(repeat: int) -> float:
    """Trials a second of the package over those of the plain loop."""
    draws = np.random.default_rng(0)
    slower = ratio(partial(looped, _LOOPED, draws), partial(played, _PLAYED, draws), repeat=repeat)
    return slower * _PLAYED / _LOOPED


def memory(repeat: int, *, trials: int = 10**7) -> float:
    """Peak memory in MB of many trials against the count.

    One process tells its own peak, so that `repeat` changes nothing.
    """
    del repeat
    return peak_memory(_MEMORY.format(trials=trials))


BENCHMARKS = listed(
    (
        "attacker-enumeration",
        ">= 100",
        1,
        enumeration,
        "plain loop over all 3^12 data sets, exact masses",
        "`attack.bayes.advantage`, same learner",
    ),
    (
        "attacker-trials",
        ">= 100",
        5,
        monte_carlo,
        "plain loop of trials: one data set drawn, trained on and guessed at a time",
        "`attack.bayes.simulated.play`, same learner",
    ),
    (
        "attacker-memory",
        "<= 1000",
        1,
        memory,
        "peak memory in MB, 10^7 trials against the extremal learner",
        "one MB",
    ),
)
