"""`bound`, `information` and the other claims about one record: what they say of n."""

from __future__ import annotations

from typing import Any

import click

from mipriv.cli.options import (
    ADJACENCY,
    CLAIM,
    DELTA,
    DIGITS,
    EPS,
    FPR,
    JSON,
    TAU,
    N,
    option,
    options,
    places,
    show,
)


@click.command()
@options(EPS, DELTA, N, TAU)
@option("--prior", help="probability of secret 1 of two, in [0, 1]")
@option("--secrets", help="number of equiprobable secrets, >= 2")
@options(ADJACENCY, FPR, DIGITS, JSON)
def bound(digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of any (eps, delta)-DP learner on n records: published bound and exact worst case.

    \b
    Example:
      mipriv bound --eps 0.1 --delta 0.01 --n 10 --tau 0.3
    """
    from mipriv.calculator.bound import bound as answer

    show(answer(digits=places(digits), **inputs), as_json)


@click.command()
@option("--bits", required=True, help="mutual information of record and one answer, in bits")
@option("--queries", default="1", show_default=True, help="answers the attacker sees")
@option("--secrets", default="2", show_default=True, help="number of equiprobable secrets")
@option("--prior", help="probability of value 1 of two, in [0, 1]")
@options(DIGITS, JSON)
def information(digits: str, as_json: bool, **inputs: Any) -> None:
    """What an attacker can guess from answers of limited mutual information.

    \b
    Example:
      mipriv information --bits 0.1 --queries 8
    """
    from mipriv.calculator.information import information as answer

    show(answer(digits=places(digits), **inputs), as_json)


@click.command()
@option("--mu", required=True, help="GDP parameter: sensitivity over noise, >= 0")
@CLAIM
def gaussian(digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of a mu-GDP learner on n records.

    \b
    Example:
      mipriv gaussian --mu 0.01 --n 100 --adjacency add-remove
    """
    from mipriv.calculator.curves import gaussian as answer

    show(answer(digits=places(digits), **inputs), as_json)


@click.command()
@options(EPS, CLAIM)
def laplace(digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of a learner with the Laplace mechanism's trade-off curve on n records.

    \b
    Example:
      mipriv laplace --eps 0.01 --n 100
    """
    from mipriv.calculator.curves import laplace as answer

    show(answer(digits=places(digits), **inputs), as_json)


@click.command()
@option("--rho", required=True, help="zCDP parameter, >= 0")
@CLAIM
def zcdp(digits: str, as_json: bool, **inputs: Any) -> None:
    """Upper bound on the loss of a rho-zCDP learner on n records.

    \b
    Example:
      mipriv zcdp --rho 1e-6 --n 100
    """
    from mipriv.calculator.curves import zcdp as answer

    show(answer(digits=places(digits), **inputs), as_json)


@click.command()
@click.argument("file", type=str)
@CLAIM
def rdp(file: str, digits: str, as_json: bool, **inputs: Any) -> None:
    """Upper bound on the loss of a learner with the Renyi divergences of a CSV file.

    The file has the header line alpha,rdp: the order, > 1, and the divergence in nats of any two
    neighbours, in both directions.  Accountants usually report those of --adjacency add-remove.

    \b
    Example:
      mipriv rdp orders.csv --n 100
    """
    from mipriv.calculator.renyi import rdp as answer
    from mipriv.cli.rows import read_orders

    show(answer(orders=read_orders(file), digits=places(digits), **inputs), as_json)


@click.command()
@click.argument("file", type=str)
@option("--direction", help="both or one (default: both, or one if an epsilon is negative)")
@CLAIM
def curve(file: str, digits: str, as_json: bool, **inputs: Any) -> None:
    """Loss of a learner for which every row (epsilon, delta) of a CSV file holds.

    The file has the header line epsilon,delta.  Rows with epsilon >= 0 are (epsilon, delta)-DP
    claims, which hold for both orders of two neighbours.  With --direction one they hold in one
    order only, unknown which; that is the default for a privacy profile with negative epsilon.

    \b
    Example:
      mipriv curve accountant.csv --n 100
    """
    from mipriv.calculator.curves import curve as answer
    from mipriv.cli.rows import read_rows

    show(answer(rows=read_rows(file), digits=places(digits), **inputs), as_json)
