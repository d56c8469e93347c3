"""Plays of the population game: secrets, data sets and outputs, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flint import arb, fmpq

from mipriv.errors import require
from mipriv.populations.finite import FiniteFamily
from mipriv.roles import Simulated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def plays(
    learner: Simulated,
    family: FiniteFamily,
    *,
    n: int,
    trials: int,
    prior: Sequence[fmpq],
    rng: np.random.Generator,
    at_once: int,
    shuffled: bool = False,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Draw independent plays, their secrets from the prior, in batches of one secret.

    Args:
        learner: what trains.
        family: the populations.
        n: records of a data set.
        trials: plays in all.
        prior: probability of each secret; rounded to doubles.
        rng: seeded generator; the draws depend on `at_once` too.
        at_once: plays of a batch, at most.
        shuffled: a control: the output of each play is that of another secret, drawn anew.

    Returns:
        Pairs of a secret and outputs of shape (batch, d).
    """
    import numpy as np

    shares = np.array([float(arb(share)) for share in prior])
    table = np.outer(shares, shares) if shuffled else np.diag(shares)
    numbers = rng.multinomial(trials, table.ravel() / table.sum()).reshape(table.shape)
    for secret, row in enumerate(numbers.tolist()):
        for source, wanted in enumerate(row):
            left = wanted
            while left > 0:
                size = min(left, at_once)
                counts = family.sample_counts(source, n, size, rng)
                outputs = np.asarray(learner.simulate(counts, rng), dtype=np.float64)
                right = outputs.ndim == 2 and len(outputs) == size
                require(right, must=f"have shape ({size}, d)", outputs=outputs.shape)
                yield secret, outputs
                left -= size
