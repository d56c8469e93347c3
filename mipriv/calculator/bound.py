"""`bound`: what (epsilon, delta) and n say about the population, in one answer."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

from mipriv.calculator import statement as say
from mipriv.calculator.answer import (
    Answer,
    Json,
    Row,
    complement_row,
    loss_json,
    loss_row,
    text,
)
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP, Loss
from mipriv.loss.population import population
from mipriv.loss.prior import bayes_success
from mipriv.loss.secrets import secrets_success
from mipriv.loss.theorem import theorem
from mipriv.loss.tpr import true_positive_rate
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.decimals import unit
from mipriv.rigor.enclosure import DEFAULT_DIGITS, checked_digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound(Answer):
    """Everything the theory says of one (epsilon, delta)-DP learner and n records.

    Attributes:
        claim: what is promised of one record.
        game: the population game asked about.
        theorem: the published bound, raw: it may exceed 1.
        worst_case: the exact worst case over learners and populations.
        population: the same over populations within tau; None without tau.
        bayes_success: best chance of guessing the secret; None without prior or secrets.
        tpr: largest true positive rate at `fpr`; None without fpr.
    """

    claim: ApproxDP
    game: PopulationGame
    fpr: fmpq | None
    asked_secrets: bool
    theorem: Loss
    worst_case: Loss
    population: Loss | None
    bayes_success: Loss | None
    tpr: Loss | None

    @property
    def statement(self) -> str:
        """The answer in words, composed when asked for."""
        return say.of_bound(self)

    def inputs(self) -> dict[str, str | None]:
        given = {
            "epsilon": text(self.claim.epsilon),
            "delta": text(self.claim.delta),
            "n": text(self.game.n),
            "adjacency": self.claim.adjacency.value,
            "tau": text(self.game.tau),
            "prior": text(self.game.prior),
            "secrets": text(self.game.secrets) if self.asked_secrets else None,
        }
        return given if self.fpr is None else given | {"fpr": text(self.fpr)}

    def rows(self) -> list[Row]:
        lines = [
            loss_row("theorem (published bound)", self.theorem),
            loss_row("worst case (exact)", self.worst_case),
            *complement_row("  1 - worst case", self.worst_case),
        ]
        if self.population is not None:
            lines.append(
                loss_row(f"populations within tau = {text(self.game.tau)}", self.population)
            )
            lines += complement_row("  1 - that", self.population)
        if self.bayes_success is not None:
            lines.append(loss_row(f"success, {say.secret_phrase(self.game)}", self.bayes_success))
        if self.tpr is not None:
            lines.append(loss_row(f"true positive rate at FPR {text(self.fpr)}", self.tpr))
        return lines

    def as_dict(self) -> Json:
        """JSON object; every number is a string, so that no reader rounds it."""
        found: Json = {
            "inputs": self.inputs(),
            "theorem": loss_json(self.theorem),
            "worst_case": loss_json(self.worst_case),
            "population": None if self.population is None else loss_json(self.population),
            "bayes_success": None
            if self.bayes_success is None
            else loss_json(self.bayes_success, complement=False, vacuous=False),
            "tpr": None
            if self.tpr is None
            else loss_json(self.tpr, complement=False, vacuous=False),
            "statement": self.statement,
        }
        return found


def bound(
    *,
    epsilon: object,
    delta: object = 0,
    n: object,
    tau: object = None,
    prior: object = None,
    secrets: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    fpr: object = None,
    digits: int = DEFAULT_DIGITS,
) -> Bound:
    """Largest advantage of an attacker who guesses which population the training data came from.

    Args:
        epsilon: nats, finite, >= 0 (decimal string, int, Fraction: exact; float: its double).
        delta: probability, in [0, 1].
        n: records that follow the secret, a whole number >= 0.
        tau: total variation between the two populations, in [0, 1]; None: any populations.
        prior: probability of secret 1 of two, in [0, 1].
        secrets: number of equiprobable secrets, >= 2; more than 2 excludes tau and prior.
        adjacency: `replace` (same size, one record differs) or `add-remove` (2n steps for n).
        fpr: also give the largest true positive rate at this false positive rate.
        digits: significant digits, 1 to 10,000.

    Returns:
        Bound: enclosures, each with its kind, and a statement; `upper` is what is safe to quote.

    Raises:
        ParameterError: an input outside its range.
        PrecisionError: the digits need more than 2^18 bits.

    Source: theorems 1, 2, 6, 7, 8 and 9 of the derivations; see the loss functions.

    >>> answer = bound(epsilon="0.001", delta="1e-5", n=10_000)
    >>> answer.theorem.upper, answer.worst_case.upper
    (1.0198973909223198, 1)
    """
    digits = checked_digits(digits)
    claim = ApproxDP(epsilon=epsilon, delta=delta, adjacency=adjacency)  # type: ignore[arg-type]  # checked there
    game = PopulationGame(
        n=n,  # type: ignore[arg-type]  # checked there
        tau=tau,  # type: ignore[arg-type]
        prior=prior,  # type: ignore[arg-type]
        secrets=2 if secrets is None else secrets,  # type: ignore[arg-type]
    )
    rate = None if fpr is None else unit(fpr, "fpr")
    published = theorem(claim, game, digits=digits)
    worst = worst_case(claim, game, digits=digits)
    near = None if game.tau is None else population(claim, game, digits=digits)
    success = None
    if game.secrets > 2:
        success = secrets_success(claim, game, digits=digits)
    elif prior is not None or secrets is not None:
        success = bayes_success(claim, game, digits=digits)
    tpr = None if rate is None else true_positive_rate(claim, game, fpr=rate, digits=digits)
    return Bound(
        claim=claim,
        game=game,
        fpr=rate,
        asked_secrets=secrets is not None,
        theorem=published,
        worst_case=worst,
        population=near,
        bayes_success=success,
        tpr=tpr,
    )
