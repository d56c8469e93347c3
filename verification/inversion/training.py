"""The population game on published models: what the model itself tells of its population.

The theory and the attacker are those of every campaign of the population game.  Beside them stands
what the models are good for, and the information I(X;Y^) that their answers hold about the question:
it says nothing about a secret that the model itself gives away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from mipriv.errors import ParameterError
from mipriv.game import InversionGame
from mipriv.guarantee import Information
from mipriv.learn.exponential import ExponentialMechanism
from mipriv.learn.published import PublishedModel
from mipriv.loss.information import guess
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import exact
from mipriv.roles import FiniteOutput
from verification import registry
from verification.cell import Cell, Control
from verification.inversion.models import BITS
from verification.measures import Point
from verification.outcome import Outcome
from verification.play import play as play_population
from verification.registry import Setting

_BITS = 128
Rights = tuple[Fraction, ...]  # for each record, the chance that the model's label is right


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """Play a cell of the population game, and measure what the models are good for.

    Raises:
        ParameterError: a learner whose models do not answer, or what `verification.play` refuses.
    """
    outcome = play_population(cell, seed, level)
    family = registry.populations(cell.population)
    factor = fmpq(1)
    if cell.control == Control.NOISE_TOO_SMALL:
        factor = exact(cell.parameters["factor"], "factor")
    learner = registry.learner(cell.learner, Setting(n=cell.n, family=family, factor=factor))
    rights, informed = _models(learner)
    chances = outcome_chances(learner, family, cell.n)
    accuracy = sum(
        float(chance) * _accuracy(family, secret, right)
        for secret, row in enumerate(chances)
        for chance, right in zip(row, rights, strict=True)
    )
    nats = sum(float(c) * i for row in chances for c, i in zip(row, informed, strict=True))
    point = _point(cell, outcome, accuracy=accuracy / family.secrets, nats=nats / family.secrets)
    return replace(outcome, measures=point.to_json())


def outcome_chances(learner: FiniteOutput, family: FiniteFamily, n: int) -> list[list[arb | fmpq]]:
    """Probability of each outcome under each secret, over the data and the learner's draws."""
    rows: list[list[arb | fmpq]] = [[] for _ in range(family.secrets)]
    with ctx.workprec(_BITS):
        for counts, chances in family.histograms(n):
            law = learner.probabilities(counts)
            for row, chance in zip(rows, chances, strict=True):
                row.extend([fmpq(0)] * (len(law) - len(row)))
                for place, mass in enumerate(law):
                    row[place] = row[place] + chance * mass
    return rows


def _models(learner: Any) -> tuple[Sequence[Rights], Sequence[float]]:
    """Of every outcome: where its label is right, and I(X;Y^) in nats, x a fair coin."""
    if isinstance(learner, PublishedModel):
        answers: list[Any] = list(learner.models)
        rights = [_rights(one) for one in answers]
    elif isinstance(learner, ExponentialMechanism):
        # an option is a rule from x to a label, and its utility counts the records it gets right
        rights = [tuple(Fraction(int(u.p), int(u.q)) for u in row) for row in learner.utilities]
        answers = [(row[1], row[3]) for row in rights]
    else:
        raise ParameterError(f"learner={type(learner).__name__}: must give out a model")
    return rights, [math.log(2) * (zero != one) for zero, one in answers]


def _rights(answers: Sequence[Fraction]) -> Rights:
    """A label that is a tie is a fair coin."""
    half = Fraction(1, 2)
    one = [half if answer == half else Fraction(int(answer > half)) for answer in answers]
    return tuple(one[x] if y else 1 - one[x] for x, y in BITS)


def _accuracy(family: FiniteFamily, secret: int, rights: Rights) -> float:
    return float(
        sum(
            (Fraction(int(p.p), int(p.q)) * right)
            for p, right in zip(family.masses[secret], rights, strict=True)
        )
    )


_DEFENCES = {
    "tree": ("MID tree", "mid"),
    "labels": ("MID tree, labels only", "mid"),
    "majority": ("constant label", "constant"),
    "rate": ("constant rate", "constant"),
    "exponential": ("exponential mechanism", "dp"),
}


def _point(cell: Cell, outcome: Outcome, *, accuracy: float, nats: float) -> Point:
    table = dict(cell.learner)
    kind = str(table.get("model", table["name"]))
    title, role = _DEFENCES[kind]
    observed = outcome.observed
    ends = {"lower": observed.lower, "upper": observed.upper}
    middle = {"value": (observed.lower + observed.upper) / 2, **ends}
    read = {"value": nats, "lower": nats, "upper": nats}
    return Point.from_json(
        {
            "panel": f"population game, n = {cell.n}, tau = {cell.population['tau']}",
            "defence": title,
            "setting": ", ".join(f"{k}={table[k]}" for k in ("lam", "epsilon") if k in table),
            "replicate": 0,
            "role": role,
            "utility": {"name": "accuracy", "value": accuracy, "better": "high"},
            "attack": {"name": "advantage on the population", "level": "Bayes", **middle},
            "attacks": {"Bayes": middle},
            "base": 0.0,
            "bayes": {**ends, "kind": "exact", "method": "total variation of what is published"},
            "bound": {
                "value": _claimed(nats),
                "method": "what I(X;Y^) allows of a secret of the question: this one is another's",
            },
            "information": {**read, "bound": False, "method": "exact, over all data sets"},
            "epsilon": float(table["epsilon"]) if role == "dp" else None,
            "train": None,
        }
    )


def _claimed(nats: float) -> float:
    """Theorem 10's advantage at this information, which does not speak of the model's secret."""
    bits = exact(nats, "information") / exact(math.log(2), "nats")
    allowed = guess(Information(bits=bits), InversionGame()).advantage
    return 1.0 if allowed is None else float(allowed.value.upper)
