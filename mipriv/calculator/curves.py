"""`gaussian`, `laplace`, `curve` and `zcdp`: the same question for other claims about one record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import fmpq

from mipriv.calculator import statement as say
from mipriv.calculator.answer import (
    Answer,
    Json,
    Row,
    complement_row,
    loss_json,
    loss_row,
    percent,
    text,
)
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import (
    ConcentratedDP,
    GaussianDP,
    LaplaceDP,
    Loss,
    TradeOffCurve,
)
from mipriv.loss.population import population
from mipriv.loss.tpr import true_positive_rate
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.decimals import unit
from mipriv.rigor.enclosure import DEFAULT_DIGITS, checked_digits

if TYPE_CHECKING:
    from mipriv.loss._claims import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLoss(Answer):
    """Loss of a claim that is not a single (epsilon, delta).

    Attributes:
        claim: what is promised of one record.
        game: n and tau.
        loss: the answer to the question asked: with tau if it is given.
        worst_case: over all populations.
        population: over populations within tau; None without tau.
        tpr: largest true positive rate at `fpr`; None without fpr.
    """

    claim: Claim
    parameters: dict[str, str]
    game: PopulationGame
    fpr: fmpq | None
    worst_case: Loss
    population: Loss | None
    tpr: Loss | None

    @property
    def statement(self) -> str:
        """The answer in words."""
        return _statement(self.claim, self.parameters, self.game, self.loss, self.fpr, self.tpr)

    @property
    def loss(self) -> Loss:
        """The answer to the question asked."""
        return self.worst_case if self.population is None else self.population

    def inputs(self) -> dict[str, str | None]:
        given: dict[str, str | None] = dict(self.parameters)
        given |= {
            "n": text(self.game.n),
            "adjacency": self.claim.adjacency.value,
            "tau": text(self.game.tau),
        }
        return given if self.fpr is None else given | {"fpr": text(self.fpr)}

    def rows(self) -> list[Row]:
        lines = [
            loss_row("loss, any populations", self.worst_case),
            *complement_row("  1 - loss", self.worst_case),
        ]
        if self.population is not None:
            lines.append(loss_row(f"loss within tau = {text(self.game.tau)}", self.population))
        if self.tpr is not None:
            lines.append(loss_row(f"true positive rate at FPR {text(self.fpr)}", self.tpr))
        return lines

    def as_dict(self) -> Json:
        """JSON object; every number is a string."""
        return {
            "inputs": self.inputs(),
            "loss": loss_json(self.loss),
            "worst_case": loss_json(self.worst_case),
            "population": None if self.population is None else loss_json(self.population),
            "tpr": None
            if self.tpr is None
            else loss_json(self.tpr, complement=False, vacuous=False),
            "statement": self.statement,
        }


def gaussian(
    *,
    mu: object,
    n: object,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    fpr: object = None,
    digits: int = DEFAULT_DIGITS,
) -> CurveLoss:
    """Exact worst case of a mu-GDP learner: 2 Phi(n mu/2) - 1 (2n under add-remove).

    Args:
        mu: sensitivity over noise, finite, >= 0.
        n, tau, adjacency, fpr, digits: as for `bound`.

    >>> gaussian(mu=1, n=1, digits=12).loss.upper
    0.382924922549
    """
    claim = GaussianDP(mu=mu, adjacency=adjacency)  # type: ignore[arg-type]  # checked there
    return _answer(claim, {"mu": text(claim.mu) or ""}, n, tau, fpr, digits)


def laplace(
    *,
    epsilon: object,
    n: object,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    fpr: object = None,
    digits: int = DEFAULT_DIGITS,
) -> CurveLoss:
    """Exact worst case for the Laplace mechanism's curve, scale 1/epsilon: 1 - e^(-n epsilon/2).

    Args:
        epsilon: sensitivity over noise scale, finite, >= 0.
        n, tau, adjacency, fpr, digits: as for `bound`.

    >>> laplace(epsilon=1, n=2, digits=9).loss.upper
    0.632120559
    """
    claim = LaplaceDP(epsilon=epsilon, adjacency=adjacency)  # type: ignore[arg-type]  # checked there
    return _answer(claim, {"epsilon": text(claim.epsilon) or ""}, n, tau, fpr, digits)


def zcdp(
    *,
    rho: object,
    n: object,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    fpr: object = None,
    digits: int = DEFAULT_DIGITS,
) -> CurveLoss:
    """Upper bound for a rho-zCDP learner: t with 2 t atanh(t) = n^2 rho.

    Args:
        rho: finite, >= 0.
        n, tau, adjacency, fpr, digits: as for `bound`.

    >>> zcdp(rho="0.5", n=1, digits=9).loss.upper
    0.479098424
    """
    claim = ConcentratedDP(rho=rho, adjacency=adjacency)  # type: ignore[arg-type]  # checked there
    return _answer(claim, {"rho": text(claim.rho) or ""}, n, tau, fpr, digits)


def curve(
    *,
    rows: Iterable[tuple[Any, Any]],
    n: object,
    direction: object = None,
    tau: object = None,
    adjacency: object = Adjacency.REPLACE_ONE,
    fpr: object = None,
    digits: int = DEFAULT_DIGITS,
) -> CurveLoss:
    """Loss of a learner for which every row (epsilon, delta) holds.

    Args:
        rows: pairs; redundant ones are harmless.
        n, tau, adjacency, fpr, digits: as for `bound`.
        direction: `both` (rows hold for every ordered pair of neighbours), `one` (in one order
            only, unknown which), or None: `both` unless an epsilon is negative.

    >>> curve(rows=[(1, 0), ("0.5", "0.01")], n=2, digits=9).loss.upper
    0.405599954
    """
    claim = TradeOffCurve(rows=tuple(rows), direction=direction, adjacency=adjacency)  # type: ignore[arg-type]  # checked there
    parameters = {"rows": str(len(claim.rows)), "direction": str(claim.direction)}
    return _answer(claim, parameters, n, tau, fpr, digits)


def _answer(
    claim: Claim,
    parameters: dict[str, str],
    n: object,
    tau: object,
    fpr: object,
    digits: int,
) -> CurveLoss:
    digits = checked_digits(digits)
    game = PopulationGame(n=n, tau=tau)  # type: ignore[arg-type]  # checked there
    rate = None if fpr is None else unit(fpr, "fpr")
    worst = worst_case(claim, game, digits=digits)
    near = None if game.tau is None else population(claim, game, digits=digits)
    tpr = None if rate is None else true_positive_rate(claim, game, fpr=rate, digits=digits)
    return CurveLoss(
        claim=claim,
        parameters=parameters,
        game=game,
        fpr=rate,
        worst_case=worst,
        population=near,
        tpr=tpr,
    )


_NAMES = {
    GaussianDP: "mu-GDP",
    LaplaceDP: "no more revealing than the Laplace mechanism",
    ConcentratedDP: "rho-zCDP",
    TradeOffCurve: "(epsilon, delta)-DP at every row of the curve",
}


def _statement(
    claim: Claim,
    parameters: dict[str, str],
    game: PopulationGame,
    loss: Loss,
    fpr: fmpq | None,
    tpr: Loss | None,
) -> str:
    shown = ", ".join(f"{name} = {value}" for name, value in parameters.items())
    assumed = claim.adjacency.value
    warning = "; many accountants report add-remove" if assumed == "replace" else ""
    parts = [
        say.what(loss, game.n, game.tau is not None, game.tau),
        f"This assumes a learner that is {_NAMES[type(claim)]} ({shown}) for "
        f"{say.neighbours(claim.adjacency, game.n)} (the adjacency `{assumed}` was "
        f"assumed{warning}), records drawn independently, and an attacker who sees everything the "
        "learner releases.",
    ]
    if fpr is not None and tpr is not None:
        parts.append(
            f"At a false positive rate of {percent(fpr)} the true positive rate is at most "
            f"{percent(tpr.upper)}, whatever the populations."
        )
    return "\n".join(parts)
