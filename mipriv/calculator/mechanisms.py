"""`mechanism`: the loss of a learner that is known by its noise, not by a claim about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from flint import fmpq

from mipriv.accounting.mechanisms import (
    MOST_RECORDS,
    ExponentialMechanism,
    GaussianMechanism,
    GeometricMechanism,
    LaplaceMechanism,
    Mechanism,
    RandomisedResponse,
)
from mipriv.calculator import statement as say
from mipriv.calculator.answer import Json, Row, brief, loss_json, percent, shown, text
from mipriv.calculator.curves import CurveLoss
from mipriv.calculator.phrases import counted, gains
from mipriv.calculator.rates import mechanism_rate, own_claim
from mipriv.errors import ParameterError, require
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import Kind, Loss
from mipriv.loss._binomial import expectation
from mipriv.loss.population import population
from mipriv.loss.worst_case import worst_case
from mipriv.rigor.decimals import exact, unit
from mipriv.rigor.enclosure import (
    DEFAULT_DIGITS,
    Enclosure,
    Number,
    checked_digits,
    refine_or_widen,
)

_METHOD = "total variation between the mechanism's own outputs"
_SIZES = 4_000  # group sizes that a mean may look at
_FEW_SIZES = 16
_WORK = 2_000_000  # terms of all sums, where each size takes one
_NAMES = {
    GaussianMechanism: "gaussian",
    LaplaceMechanism: "laplace",
    GeometricMechanism: "geometric",
    ExponentialMechanism: "exponential",
    RandomisedResponse: "randomised response",
}
_DOES = {
    GaussianMechanism: (
        "adds Gaussian noise of standard deviation {standard_deviation} to each coordinate of a "
        "query that one record moves by at most {sensitivity} (Euclidean distance)"
    ),
    LaplaceMechanism: (
        "adds Laplace noise of scale {scale} to each coordinate of a query that one record moves by "
        "at most {sensitivity} (sum over the coordinates)"
    ),
    GeometricMechanism: (
        "adds discrete Laplace noise, {epsilon} nats a unit, to each coordinate of a whole-valued "
        "query that one record moves by at most {sensitivity} (sum over the coordinates)"
    ),
    ExponentialMechanism: (
        "picks an output with probability proportional to e^(epsilon utility/(2 sensitivity)), "
        "epsilon = {epsilon}"
    ),
    RandomisedResponse: (
        "releases every record as one of {symbols} symbols, the true one with odds e^epsilon to "
        "each other, epsilon = {epsilon}"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismLoss(CurveLoss):
    """Loss of a mechanism: the supremum over all its queries of that sensitivity.

    Attributes:
        claim: the claim about one record that the mechanism satisfies.
        mechanism: the noise.
        claim_alone: worst case over all learners with that claim, never below the loss.
    """

    mechanism: Mechanism
    claim_alone: Loss

    @property
    def statement(self) -> str:
        """The answer in words."""
        return _statement(self)

    def rows(self) -> list[Row]:
        lines = CurveLoss.rows(self)
        if self.claim_alone.lower > self.worst_case.upper:
            found = shown(self.claim_alone.value, self.claim_alone.kind)
            lines.append(Row("by its claim alone", found, "any learner with that claim"))
        return lines

    def as_dict(self) -> Json:
        """JSON object; every number is a string."""
        found = CurveLoss.as_dict(self)
        said = found.pop("statement")
        return found | {"claim_alone": loss_json(self.claim_alone), "statement": said}


def mechanism(
    *,
    learner: Mechanism,
    n: object,
    tau: object = None,
    fpr: object = None,
    digits: int = DEFAULT_DIGITS,
) -> MechanismLoss:
    """Exact loss of a learner given by its noise: the largest total variation of its outputs.

    With tau it is the mean over the number of records that differ, an upper bound; attained, so
    exact, where one query has a best test for every such number: records drawn from x_0, x_1 or a
    third value move a sum by -1/2, 1/2 or 0 sensitivities, which whole-valued noise allows only if
    replacing a record moves it by an even number, and randomised response not at all.

    Args:
        learner: GaussianMechanism, LaplaceMechanism, GeometricMechanism, ExponentialMechanism or
            RandomisedResponse; its adjacency says which data sets the sensitivity compares.
        n: records that follow the secret, >= 0; for randomised response with more than two
            symbols at most 100,000.
        tau, fpr, digits: as for `bound`.

    Returns:
        MechanismLoss; beside it the worst case over all learners with the same claim.

    Raises:
        ParameterError: an input outside its range.

    Source: see the mechanisms.

    >>> found = mechanism(learner=RandomisedResponse(epsilon="0.1"), n=100, digits=6)
    >>> found.loss.upper, found.claim_alone.upper
    (0.381973, 0.993263)
    """
    digits = checked_digits(digits)
    known = type(learner) in _NAMES
    require(known, must="be a mechanism of mipriv", learner=type(learner).__name__)
    game = PopulationGame(n=n, tau=tau)  # type: ignore[arg-type]  # checked there
    if isinstance(learner, RandomisedResponse) and learner.symbols > 2:
        rule = f"be at most {MOST_RECORDS} for more than two symbols: the sum has n terms"
        require(game.n <= MOST_RECORDS, must=rule, n=game.n)
    rate = None if fpr is None else unit(fpr, "fpr")
    loss = _loss(
        lambda: learner.group_loss(k=game.n), lambda: learner.group_headroom(k=game.n), digits
    )
    claim = learner.guarantee()
    return MechanismLoss(
        claim=claim,
        mechanism=learner,
        parameters=_parameters(learner),
        game=game,
        fpr=rate,
        worst_case=loss,
        population=None if game.tau is None else _near(learner, game, game.tau, loss, digits),
        claim_alone=worst_case(claim, game, digits=digits),
        tpr=None
        if rate is None
        else mechanism_rate(learner, records=game.n, loss=loss, fpr=rate, digits=digits),
    )


def geometric(
    *,
    epsilon: object = None,
    scale: object = None,
    sensitivity: object = 1,
    adjacency: object = Adjacency.REPLACE_ONE,
) -> GeometricMechanism:
    """Discrete Laplace noise from its scale or from its nats for each unit of distance.

    Args:
        epsilon: nats for each unit, finite, >= 0.
        scale: instead, mass proportional to e^(-|x|/scale); finite, > 0.
        sensitivity: largest L1 distance one record moves the whole-valued query.
        adjacency: which data sets the sensitivity compares.

    Raises:
        ParameterError: not one of epsilon and scale, or an input outside its range.

    >>> geometric(scale=4).epsilon
    1/4
    """
    if scale is None and epsilon is None:
        raise ParameterError("epsilon: must be given, or scale")
    if scale is not None:
        require(epsilon is None, must="not both be given", epsilon=epsilon, scale=scale)
        width = exact(scale, "scale")
        require(width > 0, must="be finite and > 0", scale=scale)
        epsilon = 1 / width
    return GeometricMechanism(
        epsilon=epsilon,  # type: ignore[arg-type]  # checked there
        sensitivity=sensitivity,  # type: ignore[arg-type]
        adjacency=adjacency,  # type: ignore[arg-type]
    )


def _loss(value: Callable[[], Number], room: Callable[[], Number] | None, digits: int) -> Loss:
    """The loss, and 1 - loss to its own relative accuracy where `room` is given."""
    found, wide = refine_or_widen(value, digits=digits)
    left, vague = (1 - found, False) if room is None else refine_or_widen(room, digits=digits)
    return Loss(
        value=Enclosure.of(found, digits).within(0, 1),
        complement=Enclosure.of(left, digits).within(0, 1),
        kind=Kind.EXACT,
        method=_METHOD,
        vacuous=False,  # every output is possible of every data set
        wide=wide or vague,
    )


def _near(learner: Mechanism, game: PopulationGame, tau: fmpq, worst: Loss, digits: int) -> Loss:
    """Mean of the loss over the records that differ, K ~ Bin(n, tau)."""
    if tau == 1 or game.n == 0:
        return worst
    claim = own_claim(learner)
    if tau == 0:
        found = _loss(lambda: fmpq(0), lambda: fmpq(1), digits)
    elif claim is not None and claim[1] == 1:
        found = population(claim[0], game, digits=digits)
    else:
        found = _mean(learner, game.n, tau, digits)
    attained = tau == 0 or _centred(learner)
    return replace(found, kind=Kind.EXACT if attained else Kind.UPPER_BOUND)


def _mean(learner: Mechanism, n: int, tau: fmpq, digits: int) -> Loss:
    """E[L(K)], K ~ Bin(n, tau), by the sum over K or over bins of it."""
    response = isinstance(learner, RandomisedResponse)
    # a loss of randomised response is itself a sum, and what it lacks of 1 a much longer one
    most = max(_FEW_SIZES, min(_SIZES, _WORK // n)) if response else _SIZES

    def mean(of: Callable[[int], Number]) -> Callable[[], Number]:
        return lambda: expectation(n, tau, of, max_terms=most)

    loss = mean(lambda k: learner.group_loss(k=k))
    if response:
        return _loss(loss, None, digits)
    return _loss(loss, mean(lambda k: learner.group_headroom(k=k)), digits)


def _centred(learner: Mechanism) -> bool:
    """Whether one query and one test attain the loss for every number of records that differ."""
    if isinstance(learner, GeometricMechanism):
        return learner.adjacency.edits(1) * learner.sensitivity % 2 == 0
    return not isinstance(learner, RandomisedResponse)


def _parameters(learner: Mechanism) -> dict[str, str]:
    names = [field.name for field in fields(learner) if field.name != "adjacency"]
    values = {name: text(getattr(learner, name)) or "" for name in names}
    return {"mechanism": _NAMES[type(learner)]} | values


def _statement(answer: MechanismLoss) -> str:
    learner, game, loss = answer.mechanism, answer.game, answer.loss
    pair = "any two populations"
    if game.tau is not None:
        pair = f"two populations within total variation {text(game.tau)}"
    secret = f"from which of {pair} the {counted(game.n, 'training record')} came"
    reached = " This is an upper bound; the leak may be smaller."
    if loss.upper == 0:
        reached = ""
    elif loss.kind is Kind.EXACT:
        reached = (
            f" Some such learner, on some such populations, leaks {_amount(loss)}; yours may leak "
            "less."
        )
    verdict = (
        " A loss of .99 or more is practically no protection of the population."
        if loss.lower >= say.NO_PROTECTION
        else ""
    )
    parts = [
        f"{gains(secret, loss.value, loss.complement)}{reached}{verdict}",
        f"This assumes a learner that {_DOES[type(learner)].format(**answer.parameters)}, for "
        f"{say.neighbours(learner.adjacency, game.n)}, records drawn independently, and an attacker "
        "who sees everything the learner releases.",
    ]
    if answer.fpr is not None and answer.tpr is not None:
        parts.append(
            f"At a false positive rate of {percent(answer.fpr)} the true positive rate is at most "
            f"{percent(answer.tpr.upper)}, whatever the populations."
        )
    return "\n".join(parts)


def _amount(loss: Loss) -> str:
    return f"at least {brief(loss.lower, upward=False)}" if loss.wide else "exactly that much"
