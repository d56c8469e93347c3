"""The answer in words a non-specialist can act on."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from flint import fmpq

from mipriv.calculator.answer import brief, percent, text
from mipriv.calculator.phrases import counted
from mipriv.calculator.solve import largest_epsilon, largest_size
from mipriv.calculator.target import Target, Using
from mipriv.game import Adjacency, PopulationGame
from mipriv.guarantee import ApproxDP, Kind, Loss

NO_PROTECTION = Fraction(99, 100)
_GOAL = fmpq(1, 2)  # the loss that a better choice is named for


def secret_phrase(game: PopulationGame) -> str:
    """The secret of the game in a few words."""
    if game.secrets > 2:
        return f"one of {text(game.secrets)} equiprobable secrets"
    prior = fmpq(1, 2) if game.prior is None else game.prior
    return f"two secrets, prior {text(prior)}"


def neighbours(adjacency: Adjacency, n: int) -> str:
    """What the guarantee is about, and how many steps that makes."""
    if adjacency is Adjacency.REPLACE_ONE:
        return "data sets in which one record is replaced"
    all_of_them = "the record" if n == 1 else f"all {text(n)} records"
    return (
        "data sets in which one record is added or removed, so that replacing "
        f"{all_of_them} takes {text(2 * n)} steps"
    )


class Bounded(Protocol):
    """What a statement is made of: the fields of `Bound`."""

    @property
    def claim(self) -> ApproxDP: ...
    @property
    def game(self) -> PopulationGame: ...
    @property
    def fpr(self) -> fmpq | None: ...
    @property
    def theorem(self) -> Loss: ...
    @property
    def worst_case(self) -> Loss: ...
    @property
    def population(self) -> Loss | None: ...
    @property
    def bayes_success(self) -> Loss | None: ...
    @property
    def tpr(self) -> Loss | None: ...


def of_bound(answer: Bounded) -> str:
    """Statement of `bound`: what the adversary can do, under which assumptions, and what helps."""
    claim, game, near = answer.claim, answer.game, answer.population
    loss = answer.worst_case if near is None else near
    parts = [
        what(loss, game.n, near is not None, game.tau),
        _success(answer.bayes_success, game) + _rate(answer.fpr, answer.tpr),
        f"This assumes a learner that is ({text(claim.epsilon)}, {text(claim.delta)})-DP for "
        f"{neighbours(claim.adjacency, game.n)}, records drawn independently, and an attacker who "
        "sees everything the learner releases.",
    ]
    published = answer.theorem
    if published.vacuous:
        figure = brief(published.upper, digits=7)
        parts.append(
            f"The published bound, {figure}, is at least 1: it says nothing here, and the exact "
            "worst case confirms that nothing can be said of arbitrary populations."
            if answer.worst_case.vacuous
            else f"The published bound is {figure} here, at least 1, and says nothing; the exact "
            "value does."
        )
    if loss.lower >= NO_PROTECTION:
        parts.append(remedy(claim, game))
    return "\n".join(part for part in parts if part)


def what(loss: Loss, n: int, near: bool, tau: fmpq | None) -> str:
    """The main sentence: who can learn what, and whether that is much."""
    pair = f"two populations within total variation {text(tau)}" if near else "any two populations"
    intro = (
        f"Someone who wants to know from which of {pair} the {counted(n, 'training record')} came"
    )
    if loss.vacuous:
        reach = (
            "some learner with this guarantee tells them with certainty"
            if loss.kind is Kind.EXACT
            else "no limit follows from this claim"
        )
        return (
            f"{intro} may succeed every time: the loss is 1 ({reach}). "
            "This guarantee gives practically no protection of the population."
        )
    odds = fmpq(loss.upper.numerator, loss.upper.denominator)
    most = brief(loss.upper)
    if most == "1" and loss.complement is not None:
        most = f"1 (less than 1 by only {brief(loss.complement.upper)})"
    limit = (
        f"{intro} gains an advantage (true positive rate minus false positive rate) of at most "
        f"{most}: at even odds a guess is right at most {percent((1 + odds) / 2)} of the "
        "time, where a blind guess is right 50%."
    )
    reached = (
        " Some learner with this guarantee, on some such populations, leaks exactly that much; "
        "a given learner may leak less."
        if loss.kind is Kind.EXACT
        else " This is an upper bound; the leak may be smaller."
    )
    return limit + reached + _verdict(loss)


def _verdict(loss: Loss) -> str:
    if loss.lower >= NO_PROTECTION:
        return " A loss of .99 or more is practically no protection of the population."
    if loss.upper >= Fraction(1, 2):
        return " The limit is informative, but weak."
    return " The limit is informative."


def _success(success: Loss | None, game: PopulationGame) -> str:
    if success is None:
        return ""
    prior = fmpq(1, 2) if game.prior is None else game.prior
    blind = max(prior, 1 - prior) if game.secrets == 2 else fmpq(1, game.secrets)
    return (
        f"With {secret_phrase(game)}, the best guess is right at most {percent(success.upper)} of "
        f"the time, where a guess without the model is right {percent(blind, upward=False)}. "
    )


def _rate(fpr: fmpq | None, tpr: Loss | None) -> str:
    if fpr is None or tpr is None:
        return ""
    return (
        f"An attacker who raises a false alarm at most {percent(fpr)} of the time detects the "
        f"secret at most {percent(tpr.upper)} of the time, whatever the populations."
    )


def remedy(claim: ApproxDP, game: PopulationGame) -> str:
    """What would bring the loss down to 1/2 for any populations; a known tau allows more."""
    target = Target(loss=_GOAL, tau=fmpq(1), adjacency=claim.adjacency, using=Using.WORST_CASE)
    ways = []
    if target.met(fmpq(0), claim.delta, game.n) > 0:
        edge = _GOAL / claim.adjacency.edits(game.n)
        ways.append(
            "a smaller delta, as at this one no epsilon is small enough "
            f"(delta has to be below {brief(edge, upward=False)})"
        )
    else:
        most = largest_epsilon(target, claim.delta, game.n, 6)
        if most is not None:
            ways.append(f"epsilon <= {brief(most.lower, upward=False)} at this delta and n")
    records = largest_size(target, claim.epsilon, claim.delta)
    ways.append(f"at most {text(records)} records at this epsilon and delta")
    ways.append("populations known to be close (a small tau)")
    return "To keep the advantage within 0.5 it would take " + ", or ".join(ways) + "."
