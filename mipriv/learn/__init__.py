"""Learners: with a proved claim about one record, and what an optimal attacker needs of them; and MID.

The learners of MID (`mipriv.learn.mid`) and what they are compared with (`mipriv.learn.baselines`)
are scikit-learn estimators; they pay for the information in their answers, and claim nothing about
what the model itself tells of its training records.

Of the others every record is public in kind: what a value means, bounds and sizes are constructor
arguments and never read from data.  `simulate` draws for experiments, from a seeded generator;
`release` runs the learner on real records, from the operating system's randomness, and refuses
records outside the bounds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mipriv.learn.exponential import ExponentialMechanism
    from mipriv.learn.extremal import ExtremalCount
    from mipriv.learn.logistic import LogisticProblem
    from mipriv.learn.mid.linear import MIDLinearRegression
    from mipriv.learn.mid.tree import MIDTreeClassifier
    from mipriv.learn.mid.vib import VIBClassifier, VIBRegressor
    from mipriv.learn.naive_bayes import HistogramNaiveBayes, NaiveBayes
    from mipriv.learn.noisy_sum import NoisySum, noisy_count
    from mipriv.learn.objective import ObjectivePerturbedLogistic
    from mipriv.learn.output import OutputPerturbedLogistic
    from mipriv.learn.posterior import BetaBernoulli
    from mipriv.learn.published import PublishedModel
    from mipriv.learn.response import RandomisedResponse
    from mipriv.learn.spherical import SphericalLaplace
    from mipriv.learn.statistics import PerturbedStatistics

__all__ = [
    "BetaBernoulli",
    "ExponentialMechanism",
    "ExtremalCount",
    "HistogramNaiveBayes",
    "LogisticProblem",
    "MIDLinearRegression",
    "MIDTreeClassifier",
    "NaiveBayes",
    "NoisySum",
    "ObjectivePerturbedLogistic",
    "OutputPerturbedLogistic",
    "PerturbedStatistics",
    "PublishedModel",
    "RandomisedResponse",
    "SphericalLaplace",
    "VIBClassifier",
    "VIBRegressor",
    "noisy_count",
]

_HOME = {
    "BetaBernoulli": "posterior",
    "ExponentialMechanism": "exponential",
    "ExtremalCount": "extremal",
    "HistogramNaiveBayes": "naive_bayes",
    "LogisticProblem": "logistic",
    "MIDLinearRegression": "mid.linear",
    "MIDTreeClassifier": "mid.tree",
    "NaiveBayes": "naive_bayes",
    "NoisySum": "noisy_sum",
    "ObjectivePerturbedLogistic": "objective",
    "OutputPerturbedLogistic": "output",
    "PerturbedStatistics": "statistics",
    "PublishedModel": "published",
    "RandomisedResponse": "response",
    "SphericalLaplace": "spherical",
    "VIBClassifier": "mid.vib",
    "VIBRegressor": "mid.vib",
    "noisy_count": "noisy_sum",
}


def __getattr__(name: str) -> Any:
    """Import a learner on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'mipriv.learn' has no attribute {name!r}")
    return getattr(import_module(f"mipriv.learn.{_HOME[name]}"), name)
