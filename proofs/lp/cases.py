"""Claims to try: the edges, where something saturates or ties, and seeded random ones."""

from __future__ import annotations

from random import Random

from flint import fmpq

from proofs.exact.definitions import Claim

# TV*_n first reaches 1 at exactly: n = 1; 2; 4; 6; 3 and delta as given; n delta = 1 for E = 1
TIES: tuple[Claim, ...] = (
    (fmpq(3, 2), fmpq(1)),
    (fmpq(5, 3), fmpq(1, 2)),
    (fmpq(2), fmpq(1, 6)),
    (fmpq(2), fmpq(1, 14)),
    (fmpq(2), fmpq(1, 4)),
    (fmpq(1), fmpq(1, 3)),
)
EDGES: tuple[Claim, ...] = (
    *TIES,
    (fmpq(1), fmpq(0)),
    (fmpq(1), fmpq(1)),
    (fmpq(7, 4), fmpq(0)),
    (fmpq(1_000), fmpq(0)),
    (fmpq(1_001, 1_000), fmpq(1, 100_000)),
)


def claims(seed: int, count: int) -> list[Claim]:
    """The edges, and `count` random claims; delta is 0, small, moderate or 1/1000."""
    draw = Random(seed)
    return [*EDGES, *(_claim(draw) for _ in range(count))]


def squares(seed: int, count: int) -> list[Claim]:
    """Claims whose E is the square of a rational, so that e^(eps/2) is rational too."""
    return [(growth * growth, delta) for growth, delta in claims(seed, count)]


def pure(seed: int, count: int) -> list[Claim]:
    """Random claims with delta = 0."""
    draw = Random(seed)
    return [(_claim(draw)[0], fmpq(0)) for _ in range(count)]


def several(draw: Random, count: int) -> list[Claim]:
    """Claims of one learner, of which none implies another: as E grows, delta falls."""
    growths = draw.sample(range(100, 300), count)
    deltas = draw.sample(range(150), count)
    steps = zip(sorted(growths), sorted(deltas, reverse=True), strict=True)
    return [(fmpq(growth, 100), fmpq(delta, 1_000)) for growth, delta in steps]


def masses(draw: Random, symbols: int) -> list[fmpq]:
    """A random population, some of whose masses may be 0."""
    while True:
        weights = [draw.choice((0, 1, 2, 3, 5, 8)) for _ in range(symbols)]
        if sum(weights):
            return [fmpq(w, sum(weights)) for w in weights]


def _claim(draw: Random) -> Claim:
    growth = 1 + fmpq(draw.randint(1, 300), 100)
    delta = fmpq(draw.choice((0, draw.randint(1, 40), draw.randint(1, 300), 1)), 1_000)
    return growth, delta
