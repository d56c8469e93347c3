"""The Bayes attacker played: posteriors in floating point, hits counted, intervals exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import arb, ctx

from mipriv.attack.bayes._game import DataSets, checked_prior
from mipriv.attack.guesses import Guesses
from mipriv.attack.plays import plays
from mipriv.errors import require
from mipriv.populations.finite import FiniteFamily
from mipriv.rigor.decimals import whole
from mipriv.roles import Histogram, ManyLikelihoods, Simulated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEMORY = 1 << 26  # bytes
_BLOCK = 32  # histograms at once
_BITS = 80
_BYTES = 8


def play(
    learner: Simulated,
    family: FiniteFamily,
    *,
    n: int,
    trials: int,
    rng: np.random.Generator,
    prior: Sequence[Any] | None = None,
    shuffled: bool = False,
    left_out: float = 1e-9,
    memory: int = MEMORY,
) -> Guesses:
    """Play the game many times against the attacker who guesses the likeliest secret.

    He knows the learner's likelihood for every histogram, weighs it by the histogram's probability
    under each secret times the prior, and breaks ties by chance.  His arithmetic is float64, which
    can only make him worse: the counts are those of whoever guessed.

    Args:
        learner: simulated, with its likelihood; a tuple `scores` of one exact number a value says
            that it depends on the sum of the records' scores alone.
        family: the populations.
        n: records, >= 0.
        trials: plays, >= 1.
        rng: seeded generator; the draws depend on `memory` too.
        prior: probability of each secret, exact, summing to 1; None: equal.
        shuffled: a control: outputs are dealt out without regard to the secret.
        left_out: histograms of at most this probability together are left out of the posterior,
            which costs the attacker no more success than that; in [0, 1).
        memory: bytes of the arrays, roughly.

    Returns:
        Guesses marked `optimal`.
    """
    import numpy as np

    n, trials = whole(n, "n", at_least=0), whole(trials, "trials", at_least=1)
    require(0 <= left_out < 1, must="lie in [0, 1)", left_out=left_out)
    odds = checked_prior(prior, family.secrets)
    posterior = _Posterior.of(learner, family, n=n, odds=odds, left_out=left_out)
    width = learner.simulate(family.sample_counts(0, n, 1, np.random.default_rng(0)), rng).shape[1]
    columns = 4 * (family.symbols + width + 2 * family.secrets) + 2 * _BLOCK
    at_once = max(1, memory // (_BYTES * columns))
    counts = np.zeros((family.secrets, family.secrets), dtype=np.int64)
    for secret, outputs in plays(
        learner, family, n=n, trials=trials, prior=odds, rng=rng, at_once=at_once, shuffled=shuffled
    ):
        guessed = posterior.guess(outputs, rng)
        counts[secret] += np.bincount(guessed, minlength=family.secrets)
    return Guesses(counts=tuple(tuple(row) for row in counts.tolist()), optimal=True)


@dataclass(frozen=True)
class _Posterior:
    """Histograms and their probabilities together with each secret.

    Attributes:
        learner: the likelihood.
        histograms: those that matter.
        tops: log of the largest of the probabilities of each histogram.
        shares: of each secret, its probabilities over the largest; shape (secrets, histograms).
    """

    learner: Simulated
    histograms: list[Histogram]
    tops: NDArray[np.float64]
    shares: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        learner: Simulated,
        family: FiniteFamily,
        *,
        n: int,
        odds: Sequence[Any],
        left_out: float,
    ) -> _Posterior:
        import numpy as np

        histograms, logs = [], []
        with ctx.workprec(_BITS):
            sets = DataSets.of(learner, family, n=n)
            units = [arb(share / top) for share, top in zip(odds, sets.scales, strict=True)]
            for counts, row in sets.terms:
                masses = [weight * unit for weight, unit in zip(row, units, strict=True)]
                if any(mass > 0 for mass in masses):
                    histograms.append(counts)
                    logs.append([float(m.log()) if m > 0 else -np.inf for m in masses])
        table = np.array(logs)
        totals = np.exp(table).sum(axis=1)
        rising = np.argsort(totals)
        kept = np.sort(rising[np.cumsum(totals[rising]) > left_out])
        table = table[kept]
        tops = table.max(axis=1)
        shares = np.ascontiguousarray(np.exp(table - tops[:, None]).T)
        return cls(learner, [histograms[i] for i in kept], tops, shares)

    def guess(self, outputs: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
        """The likeliest secret for each output; among equally likely ones by chance."""
        import numpy as np

        rows, place = outputs, None
        if outputs.shape[1] == 1:  # where outputs repeat, each is worked out once
            values, places = np.unique(outputs[:, 0], return_inverse=True)
            if 2 * len(values) < len(outputs):
                rows, place = values[:, None], places
        masses = self._masses(rows)
        best = masses == masses.max(axis=0)
        if place is not None:
            best = best[:, place]
        lots = rng.random(best.shape)
        guessed: NDArray[np.intp] = np.where(best, lots, -1.0).argmax(axis=0)
        return guessed

    def _masses(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of each secret with each output, up to a factor for each output.

        The factor makes the largest term of the leading secret 1, so that nothing overflows and
        only what cannot lead becomes 0.
        """
        import numpy as np

        highest = np.full(len(outputs), -np.inf)
        sums = np.zeros((len(self.shares), len(outputs)))
        for start in range(0, len(self.histograms), _BLOCK):
            block = self.histograms[start : start + _BLOCK]
            logs = self._logs(outputs, block)
            logs += self.tops[start : start + _BLOCK, None]
            risen = np.maximum(highest, logs.max(axis=0))
            base = np.where(np.isfinite(risen), risen, 0.0)  # where no histogram gives the output
            sums *= np.exp(highest - base)
            sums += self.shares[:, start : start + _BLOCK] @ np.exp(logs - base)
            highest = risen
        return sums

    def _logs(
        self, outputs: NDArray[np.float64], block: Sequence[Histogram]
    ) -> NDArray[np.float64]:
        """Log densities, shape (histograms, trials)."""
        import numpy as np

        if isinstance(self.learner, ManyLikelihoods):
            return np.ascontiguousarray(self.learner.log_likelihoods(outputs, block).T)
        return np.array([self.learner.log_likelihood(outputs, counts) for counts in block])
