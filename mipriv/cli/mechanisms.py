"""`mechanism`: learners known by their noise."""

from __future__ import annotations

from typing import Any

import click

from mipriv.cli.options import ADJACENCY, EPS, GAME, need_command, option, options, places, show

_MOVES = option("--sensitivity", required=True, help="most that one record moves the query, >= 0")


@click.group(invoke_without_command=True)
@click.pass_context
def mechanism(context: click.Context) -> None:
    """Exact loss of a mechanism on n records, from its noise: often far below that of its claim."""
    need_command(context)


def _show(learner: Any, digits: str, as_json: bool, **inputs: Any) -> None:
    from mipriv.calculator.mechanisms import mechanism as answer

    show(answer(learner=learner, digits=places(digits), **inputs), as_json)


@mechanism.command()
@_MOVES
@option("--standard-deviation", required=True, help="of the noise, in the query's units, > 0")
@options(ADJACENCY, GAME)
def gaussian(sensitivity: Any, standard_deviation: Any, adjacency: Any, **inputs: Any) -> None:
    """A query plus Gaussian noise on every coordinate; sensitivity in Euclidean distance.

    \b
    Example:
      mipriv mechanism gaussian --sensitivity 1 --standard-deviation 50 --n 100
    """
    from mipriv.accounting.mechanisms import GaussianMechanism

    learner = GaussianMechanism(
        sensitivity=sensitivity, standard_deviation=standard_deviation, adjacency=adjacency
    )
    _show(learner, **inputs)


@mechanism.command()
@_MOVES
@option("--scale", required=True, help="of the noise, in the query's units, > 0")
@options(ADJACENCY, GAME)
def laplace(sensitivity: Any, scale: Any, adjacency: Any, **inputs: Any) -> None:
    """A query plus Laplace noise on every coordinate; sensitivity in L1 distance.

    \b
    Example:
      mipriv mechanism laplace --sensitivity 1 --scale 50 --n 100
    """
    from mipriv.accounting.mechanisms import LaplaceMechanism

    learner = LaplaceMechanism(sensitivity=sensitivity, scale=scale, adjacency=adjacency)
    _show(learner, **inputs)


@mechanism.command()
@option(
    "--sensitivity", default="1", show_default=True, help="most that one record moves the query"
)
@option("--scale", help="of the noise: mass e^(-|x|/scale), > 0")
@option("--eps", "epsilon", help="instead: nats for each unit, >= 0")
@options(ADJACENCY, GAME)
def geometric(sensitivity: Any, scale: Any, epsilon: Any, adjacency: Any, **inputs: Any) -> None:
    """A whole-valued query plus discrete Laplace noise; sensitivity in L1 distance.

    \b
    Example:
      mipriv mechanism geometric --scale 50 --n 100
    """
    from mipriv.calculator.mechanisms import geometric as learner

    given = {"sensitivity": sensitivity, "scale": scale, "epsilon": epsilon, "adjacency": adjacency}
    _show(learner(**given), **inputs)


@mechanism.command()
@options(EPS, ADJACENCY, GAME)
def exponential(epsilon: Any, adjacency: Any, **inputs: Any) -> None:
    """One of a set of outputs, with mass e^(eps utility/(2 sensitivity)).

    \b
    Example:
      mipriv mechanism exponential --eps 0.02 --n 100
    """
    from mipriv.accounting.mechanisms import ExponentialMechanism

    _show(ExponentialMechanism(epsilon=epsilon, adjacency=adjacency), **inputs)


@mechanism.command()
@EPS
@option("--symbols", default="2", show_default=True, help="possible answers of a record, >= 2")
@GAME
def response(epsilon: Any, symbols: Any, **inputs: Any) -> None:
    """Randomised response: every record answers, the truth with odds e^eps to each other symbol.

    \b
    Example:
      mipriv mechanism response --eps 0.02 --n 100
    """
    from mipriv.accounting.mechanisms import RandomisedResponse

    _show(RandomisedResponse(epsilon=epsilon, symbols=symbols), **inputs)
