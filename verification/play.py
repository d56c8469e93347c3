"""Playing one cell: the theory's bound beside what the best attacker reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import ctx, fmpq

from mipriv.attack import bayes
from mipriv.errors import ParameterError, require
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import exact
from mipriv.rigor.enclosure import Number
from mipriv.rigor.intervals import outward
from mipriv.roles import FiniteOutput, OnTheLine, Simulated
from verification import registry
from verification.cell import Cell, Control
from verification.outcome import Observed, Outcome, Theory
from verification.registry import Setting
from verification.theory import Question, prior_of, published, theory
from verification.trials import measured

_BITS = 160  # of exact cells: far more than the doubles they end in
_PARAMETERS = {"attacker", "trials", "training", "prior", "theorem", "factor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """A cell made real.

    Attributes:
        question: what is guessed.
        learner: what is attacked.
        claim: what it says of itself.
        shuffled: whether its outputs say nothing of the secret.
    """

    question: Question
    learner: Any
    claim: Any
    shuffled: bool = False


def play(cell: Cell, seed: int, level: float) -> Outcome:
    """Play a cell.

    Args:
        cell: what is played.
        seed: of its draws.
        level: chance that a Monte Carlo interval misses.

    Raises:
        ParameterError: a table that names what does not exist, or an attacker that does not fit.
    """
    game = _game(cell)
    allowed = _allowed(cell, game)
    if cell.exact:
        return Outcome(theory=allowed, observed=_computed(cell, game))
    require(isinstance(game.learner, Simulated), must="be playable", learner=cell.learner["name"])
    found, p_value = measured(
        game.learner,
        game.question,
        cell,
        allowed=allowed,
        shuffled=game.shuffled,
        seed=seed,
        level=level,
    )
    return Outcome(theory=allowed, observed=found, p_value=p_value)


def _game(cell: Cell) -> Game:
    unknown = set(cell.parameters) - _PARAMETERS
    rule = f"be one of {', '.join(sorted(_PARAMETERS))}"
    require(not unknown, must=rule, parameters=", ".join(sorted(unknown)))
    wrong = cell.control in (Control.NOISE_TOO_SMALL, Control.THEORY_SCALED)
    require(
        wrong == ("factor" in cell.parameters), must="be that of a control", factor=cell.control
    )
    trained = cell.parameters.get("attacker") == "learned" or "training" not in cell.parameters
    require(trained, must="be left out unless the attacker is learned", training="given")
    family = registry.populations(cell.population)
    honest = registry.learner(cell.learner, Setting(n=cell.n, family=family))
    learner, shuffled = honest, cell.control == Control.SHUFFLED
    if cell.control == Control.NOISE_TOO_SMALL:
        factor = exact(cell.parameters["factor"], "factor")
        learner = registry.learner(cell.learner, Setting(n=cell.n, family=family, factor=factor))
    prior = prior_of(cell.parameters.get("prior"), family.secrets)
    question = Question(family=family, n=cell.n, prior=prior)
    claim = _claim(honest, family)
    return Game(question=question, learner=learner, claim=claim, shuffled=shuffled)


def _claim(learner: Any, family: FiniteFamily) -> Any:
    """The learner's claim; a training's is about populations as close as these."""
    from mipriv.accounting.sgd.training import Training

    claim = learner.guarantee()
    return learner.guarantee(tau=family.tau()) if isinstance(claim, Training) else claim


def _allowed(cell: Cell, game: Game) -> Theory:
    if game.shuffled:
        blind = outward(fmpq(0) if game.question.even else max(game.question.odds))
        return Theory(lower=blind.lower, upper=blind.upper, method="answers without the secret")
    wanted = cell.parameters.get("theorem")
    require(wanted in (None, "published"), must="be left out, or published", theorem=wanted)
    if wanted is None:
        return theory(game.claim, game.question)
    even = game.question.even
    require(even, must="be left out with the published bound", prior=cell.parameters.get("prior"))
    return published(game.claim, cell.n)


def _computed(cell: Cell, game: Game) -> Observed:
    """The optimum, enclosed."""
    attacker = cell.parameters.get("attacker", "bayes")
    if attacker == "last-iterate":
        return _last_iterate(game)
    require(attacker == "bayes", must="be bayes or last-iterate", attacker=attacker)
    question = game.question
    known = isinstance(game.learner, FiniteOutput | OnTheLine)
    require(known, must="have a law that is known, or trials", learner=cell.learner["name"])
    with ctx.workprec(_BITS):
        family = _blind(question.family, question.odds) if game.shuffled else question.family
        value: Number
        if question.even:
            value = bayes.advantage(game.learner, family, n=cell.n)
        else:
            value = bayes.success(game.learner, family, n=cell.n, prior=question.odds)
        ends = outward(value)
    low, high = max(ends.lower, 0.0), min(ends.upper, 1.0)
    return Observed(lower=low, upper=high, exact=True, trials=0)


def _blind(family: FiniteFamily, odds: tuple[fmpq, ...]) -> FiniteFamily:
    """The populations mixed: the same records whatever the secret."""
    columns = zip(*family.masses, strict=True)
    mixed = tuple(
        sum((o * p for o, p in zip(odds, column, strict=True)), fmpq(0)) for column in columns
    )
    return FiniteFamily((mixed,) * family.secrets)


def _last_iterate(game: Game) -> Observed:
    import numpy as np

    from mipriv.attack.bayes.propagation import last_iterate

    question = game.question
    if not question.even:
        raise ParameterError("prior: must be left out with the attacker last-iterate")
    odds = question.odds
    family = _blind(question.family, odds) if game.shuffled else question.family
    sets = list(family.histograms(question.n))
    weights = np.array([[float(chances[s]) for _, chances in sets] for s in range(2)])
    found = last_iterate(game.learner, [counts for counts, _ in sets], weights)
    return Observed(lower=found.lower, upper=found.upper, exact=True, trials=0)
